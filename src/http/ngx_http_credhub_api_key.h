
/*
 * API keys: Basic authentication (RFC 7617) against credentials of type "user".
 * Costs one read of the store.
 */

#ifndef _NGX_HTTP_CREDHUB_API_KEY_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_API_KEY_H_INCLUDED_


#include "ngx_http_credhub_module.h"


typedef struct {
    /* the result; strings live in the arena */
    credhub_error_e error;
    credhub_str_t   actor;
    credhub_str_t   user;
    credhub_str_t   display; /* name for people, or empty */

    /* private */
    ngx_http_request_t *request;
    credhub_arena_t    *arena;
    ngx_credhub_op_t   *op; /* while the store is asked */
    unsigned            waiting:1;
    unsigned            ended:1;
} ngx_http_credhub_api_key_t;


/*
 * What stands behind "Basic". NGX_OK; NGX_ERROR with key->error, which is
 * CREDHUB_E_UNAUTHENTICATED whatever is wrong with key and secret; NGX_AGAIN:
 * r->write_event_handler is called when it should be asked again, perhaps more
 * than once.
 */
ngx_int_t ngx_http_credhub_api_key(ngx_http_credhub_api_key_t *key,
    ngx_http_request_t *r, credhub_arena_t *arena, credhub_str_t credentials);

/* The request ends while it may be waiting. */
void ngx_http_credhub_api_key_stop(ngx_http_credhub_api_key_t *key);


#endif /* _NGX_HTTP_CREDHUB_API_KEY_H_INCLUDED_ */
