
/*
 * Fetches a key set by a subrequest to the operator's location, stripped of
 * everything that came from the client. What it answers never reaches the
 * client, and whatever becomes of it the client's request goes on.
 */

#ifndef _NGX_HTTP_CREDHUB_KEY_REQUEST_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_KEY_REQUEST_H_INCLUDED_


#include "ngx_http_credhub_keys.h"


/* Starts one; it ends with ngx_http_credhub_keys_land() in any case. `flags`
 * are of ngx_http_subrequest(). */
ngx_int_t ngx_http_credhub_key_request(ngx_http_request_t *r,
    ngx_http_credhub_keys_t *keys, ngx_http_credhub_keys_why_e why,
    ngx_uint_t flags);

/* For the filters: takes what a key request answers. NGX_DECLINED when the
 * request is not one. */
ngx_int_t ngx_http_credhub_key_request_header(ngx_http_request_t *r);
ngx_int_t ngx_http_credhub_key_request_body(
    ngx_http_request_t *r, ngx_chain_t *in);


#endif /* _NGX_HTTP_CREDHUB_KEY_REQUEST_H_INCLUDED_ */
