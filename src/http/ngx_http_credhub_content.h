
/* The content handler: the host of API operations. */

#ifndef _NGX_HTTP_CREDHUB_CONTENT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CONTENT_H_INCLUDED_


#include "ngx_http_credhub_ctx.h"


ngx_int_t ngx_http_credhub_content_handler(ngx_http_request_t *r);

/*
 * Reads the body into ctx->body, never into a file, and calls `done` when it is
 * complete. Returns what a content handler returns.
 */
ngx_int_t ngx_http_credhub_body_read(ngx_http_request_t *r,
    ngx_http_credhub_ctx_t *ctx, void (*done)(ngx_http_credhub_ctx_t *ctx));

/* Is there a body, or may one still come? */
ngx_uint_t ngx_http_credhub_body_sent(ngx_http_request_t *r);

/* Is the request's body declared as JSON? */
ngx_uint_t ngx_http_credhub_body_json(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CREDHUB_CONTENT_H_INCLUDED_ */
