
/*
 * What the resources of the trust API share: an object is created, shown,
 * listed, changed and deleted in one way, and a resource says in a table and a
 * few functions what is its own. Answers are envelopes:
 * {"code":"Success","message":...,"data":...}.
 */

#ifndef _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_setup.h"


#define NGX_HTTP_CREDHUB_LIMIT     100 /* elements of a page, unless asked */
#define NGX_HTTP_CREDHUB_LIMIT_MAX 1000


typedef struct ngx_http_credhub_object_s ngx_http_credhub_object_t;


/* A resource: what is its own. Functions may be NULL. */

typedef struct {
    ngx_credhub_object_kind_e  kind;
    const credhub_attribute_t *attributes;
    const char                *created; /* messages; %s: the id */
    const char                *updated;
    const char                *deleted;
    const char                *listed; /* NULL: none */
    credhub_port_e             ports;
    unsigned                   config:1;        /* has one */
    unsigned                   config_listed:1; /* shown in lists */
    unsigned                   masked:1;        /* its secrets are */

    /* Whose it is: id and key of what is created. NULL: a random id. */
    credhub_error_e (*name)(ngx_credhub_op_t *op,
        ngx_http_credhub_object_t *ctx, credhub_str_t *id);

    /* The references of ctx->change, from ctx->attributes: kind and id of each;
     * read rights on new ones are checked by the caller. */
    credhub_error_e (*refs)(
        ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);

    /* Rules between fields, when everything was loaded: may change
     * ctx->attributes and ctx->config, sets ctx->change.unique, .state, .due. */
    credhub_error_e (*check)(
        ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);

    /* Appends members that are computed, each behind a comma. `listed`: in a
     * list. */
    void (*show)(ngx_credhub_op_t *op, credhub_buf_t *buf,
        const ngx_credhub_object_t *object, ngx_uint_t listed);

    /* The error of a deletion that is refused because others refer to it. */
    credhub_error_e (*used)(ngx_credhub_op_t *op,
        const ngx_credhub_object_result_t *result, credhub_str_t id);
} ngx_http_credhub_resource_t;


typedef struct {
    ngx_credhub_object_kind_e kind;
    credhub_str_t             id; /* empty: none */
} ngx_http_credhub_ref_t;


/* The context of every operation here. */

struct ngx_http_credhub_object_s {
    const ngx_http_credhub_resource_t *resource;

    /* the object as it stands; key empty: it is being created */
    ngx_credhub_object_ask_t asks[NGX_CREDHUB_ASKS_MAX]; /* [0]: itself */
    ngx_uint_t               nasks;
    ngx_credhub_guard_t      guard; /* without values */
    credhub_str_t            id;
    credhub_str_t            path;

    /* as it shall be */
    credhub_str_t               body; /* checked JSON */
    credhub_str_t               attributes;
    credhub_str_t               config; /* in clear */
    ngx_http_credhub_ref_t      refs[NGX_CREDHUB_REFS_MAX];
    ngx_credhub_object_change_t change;
    ngx_uint_t                  tries;

    /* connections and destinations */
    ngx_credhub_setup_t setup;
    unsigned            tests:1; /* run setup tests */
    unsigned            tested:1;
};


/* Answers the envelope: `data` is JSON, empty: none. `message` empty: none. */
ngx_credhub_rc_e ngx_http_credhub_envelope(ngx_credhub_op_t *op,
    ngx_uint_t status, credhub_str_t message, credhub_str_t data);


#endif /* _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_ */
