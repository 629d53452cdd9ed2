
/* Attributes that connections and destinations share: how they are reached, and
 * where their secrets are. */

#ifndef _NGX_HTTP_CREDHUB_NETWORKING_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_NETWORKING_H_INCLUDED_


#include "ngx_http_credhub_object.h"


/* Values of "networking_method". */
extern const char *const ngx_http_credhub_networking_methods[];

/* Rows of "networking_method" and what goes with it, and of the manager. */

#define ngx_http_credhub_networking_rows(flags)                                \
    { "networking_method", CREDHUB_ATTRIBUTE_STRING, flags, NULL,              \
        ngx_http_credhub_networking_methods },                                 \
        { "private_link_id", CREDHUB_ATTRIBUTE_STRING, flags, NULL, NULL },    \
        { "proxy_agent_id", CREDHUB_ATTRIBUTE_STRING, flags, NULL, NULL },     \
        { "hybrid_deployment_agent_id", CREDHUB_ATTRIBUTE_STRING, flags, NULL, \
            NULL },                                                            \
        { "external_secrets_manager_id", CREDHUB_ATTRIBUTE_STRING,             \
            (flags) | CREDHUB_ATTRIBUTE_OPTIONAL, NULL, NULL },                \
    {                                                                          \
        "external_secrets_keys_config", CREDHUB_ATTRIBUTE_OBJECT,              \
            (flags) | CREDHUB_ATTRIBUTE_OPTIONAL, NULL, NULL                   \
    }


/* The rules for these rows, a part of check(). */
credhub_error_e ngx_http_credhub_networking(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);


/* Is a string attribute of ctx->attributes this one? */
ngx_uint_t ngx_http_credhub_attribute_is(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, const char *name, const char *value);

/* Sets an attribute of ctx->attributes; empty: null. */
credhub_error_e ngx_http_credhub_attribute_set(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, const char *name, credhub_str_t plain);

/* CREDHUB_E_FIELD_INVALID for that field. */
credhub_error_e ngx_http_credhub_invalid(
    ngx_credhub_op_t *op, const char *field);


/* Where destinations and private links can be, ends with NULL. */
extern const char *const ngx_http_credhub_regions[];


#endif /* _NGX_HTTP_CREDHUB_NETWORKING_H_INCLUDED_ */
