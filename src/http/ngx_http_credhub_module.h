
/* Configuration and per-request state of the module. */

#ifndef _NGX_HTTP_CREDHUB_MODULE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_credhub_op.h"
#include "ngx_http_credhub_keys.h"
#include "credhub_jwt.h"
#include "credhub_token.h"
#include "credhub_text.h"


/* Clients switch features on it: never below 2.12.0. */

#define NGX_HTTP_CREDHUB_VERSION "2.16.0"


/* Groups of endpoints that a location may serve. */

#define NGX_HTTP_CREDHUB_MANAGEMENT   0x0001 /* of "system", unless it is off */
#define NGX_HTTP_CREDHUB_CREDENTIALS  0x0002
#define NGX_HTTP_CREDHUB_CERTIFICATES 0x0004
#define NGX_HTTP_CREDHUB_PERMISSIONS  0x0008
#define NGX_HTTP_CREDHUB_SYSTEM       0x0010
#define NGX_HTTP_CREDHUB_TRUST        0x0020
#define NGX_HTTP_CREDHUB_SSH          0x0040
#define NGX_HTTP_CREDHUB_ALL          0x007e


/* Who may use /management. */

#define NGX_HTTP_CREDHUB_MANAGEMENT_OFF        0
#define NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL      1
#define NGX_HTTP_CREDHUB_MANAGEMENT_PERMISSION 2


typedef struct {
    ngx_array_t          stores;   /* ngx_credhub_store_t * */
    ngx_array_t          keyrings; /* credhub_keyring_t * */
    ngx_array_t          jobs;     /* ngx_credhub_job_t *, per process */
    ngx_array_t          reaching; /* ngx_credhub_hub_t *: those that may
                                             reach something, one of equals */
    ngx_str_t            pools[NGX_CREDHUB_POOLS]; /* names; empty: our own */
    ngx_credhub_cache_t *cache;                    /* NULL: none */
    ngx_shm_zone_t      *metrics; /* NULL: nothing is counted */

    unsigned demands:1; /* some location has a right */
    unsigned injects:1; /* or a secret */
    unsigned warned:1;  /* of a debug log, for one */
} ngx_http_credhub_main_conf_t;


typedef struct ngx_http_credhub_upstream_conf_s
    ngx_http_credhub_upstream_conf_t;


typedef struct {
    ngx_credhub_hub_t hub;
    ngx_str_t         auth_server;
    credhub_str_t api_keys; /* folded path of "user" credentials, or empty */

    struct ngx_http_credhub_certificate_s *certificate; /* NULL: none */

    ngx_flag_t serves; /* a location says "credhub" */
    ngx_uint_t role;   /* NGX_HTTP_CREDHUB_ROLE_* */

    /* the first directive that needs a store and keys */
    ngx_str_t  needed_by;
    u_char    *needed_file;
    ngx_uint_t needed_line;

    ngx_http_credhub_upstream_conf_t *upstream; /* of an upstream{}, or NULL */
} ngx_http_credhub_srv_conf_t;


/* Statuses of credhub_set_error. */

typedef enum {
    NGX_HTTP_CREDHUB_INJECT_MISSING = 0,
    NGX_HTTP_CREDHUB_INJECT_DENIED,
    NGX_HTTP_CREDHUB_INJECT_UNAVAILABLE,
    NGX_HTTP_CREDHUB_INJECT_STATUSES
} ngx_http_credhub_inject_status_e;


/* What a server is. */

#define NGX_HTTP_CREDHUB_ROLE_HUB  0
#define NGX_HTTP_CREDHUB_ROLE_EDGE 1 /* never writes */


#define NGX_HTTP_CREDHUB_TRUST_OFF 0xff


/* What a location uses the hub for; see ngx_http_credhub_edge.h. */

typedef struct {
    ngx_array_t *access;    /* ngx_http_credhub_demand_t; NULL: unset */
    ngx_array_t *authorize; /* the same */
    ngx_flag_t   access_dry_run;
    ngx_array_t *injections;   /* ngx_http_credhub_injection_t, or NULL */
    ngx_str_t    identity;     /* that reads them; empty: who asks */
    ngx_array_t *client_pairs; /* ngx_http_upstream_conf_t *: those that show a
                                  certificate out of them, or NULL */
    ngx_uint_t   statuses[NGX_HTTP_CREDHUB_INJECT_STATUSES];

    ngx_uint_t                trust; /* ngx_credhub_object_kind_e, or OFF */
    ngx_http_complex_value_t *trust_id;
    ngx_flag_t                trust_dry_run;

    ngx_msec_t recheck; /* 0: off */
} ngx_http_credhub_edge_conf_t;


typedef struct {
    ngx_uint_t groups; /* bits; 0: no hub here */
    ngx_flag_t mtls;
    ngx_uint_t management;

    ngx_http_credhub_keys_t *keys; /* NULL: no bearer tokens */
    ngx_str_t                issuer;
    ngx_str_t                audience;
    ngx_str_t                actor_claim;
    ngx_str_t                actor_prefix;
    credhub_jwt_rules_t      jwt; /* of these */

    ngx_uint_t metrics_names; /* are names of certificates shown? */

    ngx_http_credhub_edge_conf_t edge;
} ngx_http_credhub_loc_conf_t;


/* What an operation is asked over HTTP: op->input. */

#define NGX_HTTP_CREDHUB_PARAMS_MAX 2

typedef struct {
    credhub_query_t query;
    credhub_str_t   body;
    credhub_str_t   params[NGX_HTTP_CREDHUB_PARAMS_MAX]; /* of the path */
    credhub_str_t   auth_server;
    ngx_uint_t      management; /* NGX_HTTP_CREDHUB_MANAGEMENT_* */
    credhub_str_t   api_keys;   /* folded path, or empty */
    credhub_str_t   method;     /* how who asks is known: $credhub_auth */
    credhub_str_t   user;       /* and its principal */
    credhub_str_t   remote;     /* address of the client */

    const credhub_token_t *token; /* that came along, or NULL */

    credhub_error_e refused; /* see ngx_http_credhub_refused */
    credhub_str_t   refused_detail;
} ngx_http_credhub_input_t;


extern ngx_module_t ngx_http_credhub_module;


#endif /* _NGX_HTTP_CREDHUB_MODULE_H_INCLUDED_ */
