
/*
 * What the module keeps of a request: one context for each pass through the
 * phases. An internal redirect begins another pass; the earlier contexts live on
 * until the request's pool is destroyed.
 */

#ifndef _NGX_HTTP_CREDHUB_CTX_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CTX_H_INCLUDED_


#include "ngx_http_credhub_auth.h"
#include "ngx_http_credhub_route.h"


/* An operation that a phase, or a handler that is no API, waits for. */

typedef struct {
    ngx_http_request_t *request;
    ngx_credhub_op_t   *op; /* NULL: not begun */
    unsigned            running:1;
    unsigned            ended:1;
    unsigned            waiting:1;
} ngx_http_credhub_phase_t;


/* Lives in r->pool. */

typedef struct ngx_http_credhub_ctx_s     ngx_http_credhub_ctx_t;
typedef struct ngx_http_credhub_recheck_s ngx_http_credhub_recheck_t;

struct ngx_http_credhub_ctx_s {
    ngx_http_request_t     *request;
    ngx_http_credhub_auth_t auth; /* of every operation of this pass */

    /* edge */
    ngx_http_credhub_phase_t access;
    ngx_http_credhub_phase_t trust;
    ngx_http_credhub_phase_t inject;
    ngx_http_credhub_phase_t scrape;
    unsigned                 gone:1; /* the request has ended */

    ngx_http_credhub_recheck_t *recheck; /* NULL: it is not asked again */

    /* API */
    ngx_credhub_op_t               *op;
    const ngx_http_credhub_route_t *route;
    credhub_buf_t                   body; /* while it is read */
    void (*body_done)(ngx_http_credhub_ctx_t *ctx);

    ngx_buf_t *page; /* instead of nginx's own */
};


/* The context of this pass, made when there is none; NULL without memory. */
ngx_http_credhub_ctx_t *ngx_http_credhub_ctx(ngx_http_request_t *r);

/*
 * Who asks, into `op`: NGX_OK, NGX_AGAIN, or with op->error NGX_DECLINED (no
 * identity was offered) and NGX_ERROR. `scope` as in ngx_http_credhub_auth().
 * The first operation of a pass outlives its identity.
 */
ngx_int_t ngx_http_credhub_ctx_identify(
    ngx_http_credhub_ctx_t *ctx, ngx_credhub_op_t *op, unsigned scope);

/* The first context of the main request in which something was decided, and the
 * operation that did; NULL when there was none. */
ngx_http_credhub_ctx_t *ngx_http_credhub_first_ctx(
    ngx_http_request_t *r, const ngx_credhub_op_t **op);

/* The one of this very request or subrequest that was made last before `ctx`
 * (NULL: the last one); NULL when there was none. */
ngx_http_credhub_ctx_t *ngx_http_credhub_last_ctx(
    ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx);


#endif /* _NGX_HTTP_CREDHUB_CTX_H_INCLUDED_ */
