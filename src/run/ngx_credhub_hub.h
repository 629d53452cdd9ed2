
/*
 * What an operation needs to know of its server: configuration, read-only
 * after it was merged.
 */

#ifndef _NGX_CREDHUB_HUB_H_INCLUDED_
#define _NGX_CREDHUB_HUB_H_INCLUDED_


#include "ngx_credhub_store.h"
#include "credhub_keyring.h"
#include "credhub_permission.h"


typedef struct {
    ngx_credhub_store_t *store;
    credhub_keyring_t   *keyring;
    ngx_array_t         *permissions; /* credhub_permission_t, or NULL */
    ngx_int_t            max_name_length;
    ngx_int_t            max_versions;
    ngx_int_t            ca_min_duration; /* days */
    ngx_int_t            leaf_min_duration;
    ngx_flag_t           concatenate_cas;
    ngx_flag_t           default_ca_key_usages;
    ngx_msec_t           long_timeout;

    /* what may leave the hub */
    ngx_array_t    *probe_allow; /* ngx_cidr_t, or NULL: nothing */
    ngx_resolver_t *resolver;    /* of the server */
    ngx_msec_t      resolver_timeout;
    credhub_str_t   external_ca; /* PEM, or empty */
} ngx_credhub_hub_t;


/* All operations that the configuration gives the actor on a folded name. */
unsigned ngx_credhub_hub_operations(
    ngx_credhub_hub_t *hub, credhub_str_t actor, credhub_str_t name);

/* Does the configuration give the actor this operation on a folded name? */
ngx_uint_t ngx_credhub_hub_allows(ngx_credhub_hub_t *hub, credhub_str_t actor,
    unsigned operation, credhub_str_t name);


#endif /* _NGX_CREDHUB_HUB_H_INCLUDED_ */
