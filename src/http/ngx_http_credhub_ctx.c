
/*
 * Contexts are found again by their cleanups, since an internal redirect
 * forgets those of modules.
 */

#include "ngx_http_credhub_ctx.h"
#include "ngx_credhub_access.h"


static void              ngx_http_credhub_ctx_gone(void *data);
static void              ngx_http_credhub_ctx_abort(ngx_credhub_op_t *op);
static void              ngx_http_credhub_ctx_free(void *data);
static void              ngx_http_credhub_ctx_destroy(ngx_credhub_op_t *op);
static ngx_credhub_op_t *ngx_http_credhub_ctx_op(ngx_http_credhub_ctx_t *ctx);


ngx_http_credhub_ctx_t *
ngx_http_credhub_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *freed;
    ngx_http_cleanup_t     *gone;
    ngx_http_credhub_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_credhub_module);

    if (ctx != NULL) {
        return ctx;
    }

    freed = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_credhub_ctx_t));
    gone = ngx_http_cleanup_add(r, 0);

    if (freed == NULL || gone == NULL) {
        return NULL;
    }

    ctx = freed->data;
    ngx_memzero(ctx, sizeof(ngx_http_credhub_ctx_t));

    ctx->request = r;
    ctx->auth.request = r;

    freed->handler = ngx_http_credhub_ctx_free;

    gone->handler = ngx_http_credhub_ctx_gone;
    gone->data = ctx;

    ngx_http_set_ctx(r, ctx, ngx_http_credhub_module);

    return ctx;
}


ngx_int_t
ngx_http_credhub_ctx_identify(
    ngx_http_credhub_ctx_t *ctx, ngx_credhub_op_t *op, unsigned scope)
{
    ngx_http_credhub_auth_t *auth = &ctx->auth;

    ngx_int_t rc;

    if (auth->arena == NULL) {
        auth->arena = op->arena;
    }

    rc = ngx_http_credhub_auth(auth, scope);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    op->display = auth->display;

    if (rc != NGX_OK) {
        op->actor = auth->actor;
        op->error = auth->error;
        op->detail = auth->detail;

        return rc;
    }

    return ngx_credhub_access_actor(op, auth->actor);
}


/* The request ends, perhaps before its operations; its log is written later. */

static void
ngx_http_credhub_ctx_gone(void *data)
{
    ngx_http_credhub_ctx_t *ctx = data;

    ctx->gone = 1;

    ngx_http_credhub_auth_stop(&ctx->auth);

    ngx_http_credhub_ctx_abort(ctx->access.op);
    ngx_http_credhub_ctx_abort(ctx->trust.op);
    ngx_http_credhub_ctx_abort(ctx->inject.op);
    ngx_http_credhub_ctx_abort(ctx->scrape.op);
    ngx_http_credhub_ctx_abort(ctx->op);
}


static void
ngx_http_credhub_ctx_abort(ngx_credhub_op_t *op)
{
    if (op != NULL && !op->finished) {
        ngx_credhub_op_abort(op);
    }
}


static void
ngx_http_credhub_ctx_free(void *data)
{
    ngx_http_credhub_ctx_t *ctx = data;

    ngx_http_credhub_ctx_destroy(ctx->access.op);
    ngx_http_credhub_ctx_destroy(ctx->trust.op);
    ngx_http_credhub_ctx_destroy(ctx->inject.op);
    ngx_http_credhub_ctx_destroy(ctx->scrape.op);
    ngx_http_credhub_ctx_destroy(ctx->op);
}


static void
ngx_http_credhub_ctx_destroy(ngx_credhub_op_t *op)
{
    if (op != NULL) {
        ngx_credhub_op_destroy(op);
    }
}


/* Cleanups are called, and listed, the last one first. */

ngx_http_credhub_ctx_t *
ngx_http_credhub_first_ctx(ngx_http_request_t *r, const ngx_credhub_op_t **op)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_credhub_ctx_t *first;

    first = NULL;
    *op = NULL;

    for (cln = r->main->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_credhub_ctx_free
            && ngx_http_credhub_ctx_op(cln->data) != NULL)
        {
            first = cln->data;
            *op = ngx_http_credhub_ctx_op(first);
        }
    }

    return first;
}


static ngx_credhub_op_t *
ngx_http_credhub_ctx_op(ngx_http_credhub_ctx_t *ctx)
{
    return ctx->access.op != NULL   ? ctx->access.op
           : ctx->trust.op != NULL  ? ctx->trust.op
           : ctx->inject.op != NULL ? ctx->inject.op
                                    : ctx->op;
}


ngx_http_credhub_ctx_t *
ngx_http_credhub_last_ctx(ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx)
{
    ngx_uint_t              before;
    ngx_pool_cleanup_t     *cln;
    ngx_http_credhub_ctx_t *last;

    before = (ctx == NULL);

    for (cln = r->main->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler != ngx_http_credhub_ctx_free) {
            continue;
        }

        last = cln->data;

        if (before && last->request == r) {
            return last;
        }

        before |= (last == ctx);
    }

    return NULL;
}
