
/* The content handler: the host of API operations. */

#ifndef _NGX_HTTP_CREDHUB_CONTENT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CONTENT_H_INCLUDED_


#include "ngx_http_credhub_auth.h"
#include "ngx_http_credhub_route.h"


/* Per request; lives in r->pool. */

typedef struct ngx_http_credhub_ctx_s ngx_http_credhub_ctx_t;

struct ngx_http_credhub_ctx_s {
    ngx_http_request_t             *request;
    ngx_credhub_op_t               *op;
    const ngx_http_credhub_route_t *route;
    ngx_http_credhub_auth_t         auth;
    credhub_buf_t                   body; /* while it is read */
    void (*body_done)(ngx_http_credhub_ctx_t *ctx);
    ngx_buf_t *page; /* instead of nginx's own */
};


ngx_int_t ngx_http_credhub_content_handler(ngx_http_request_t *r);

/* The context of the main request, of its first location that was ours whatever
 * internal redirects came then; NULL when there was none. */
ngx_http_credhub_ctx_t *ngx_http_credhub_first_ctx(ngx_http_request_t *r);


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
