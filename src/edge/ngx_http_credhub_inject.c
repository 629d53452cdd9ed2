
/*
 * Secrets for what is proxied. They are read after every decision of the access
 * phase and before the content is made, in one round trip; without all of them
 * the request goes no further. A value lives in the operation's memory, which is
 * wiped with the request, and is shown to the request it was read for and to no
 * other, until that request ends: a log that names the variable has none.
 */

#include "ngx_http_credhub_client.h"
#include "ngx_http_credhub_recheck.h"
#include "ngx_credhub_fetch.h"
#include "ngx_credhub_rights.h"
#include "credhub_metrics.h"


static ngx_int_t ngx_http_credhub_inject_ask(ngx_http_credhub_ctx_t *ctx,
    ngx_credhub_op_t *op, ngx_http_credhub_edge_conf_t *conf);
static ngx_int_t ngx_http_credhub_inject_identify(ngx_http_credhub_ctx_t *ctx,
    ngx_credhub_op_t *op, ngx_http_credhub_edge_conf_t *conf);
static ngx_credhub_rc_e ngx_http_credhub_inject_fetch(ngx_credhub_op_t *op);
static ngx_int_t        ngx_http_credhub_inject_result(
           ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf);
static ngx_int_t ngx_http_credhub_inject_use(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf);
static ngx_int_t ngx_http_credhub_inject_watch(ngx_http_credhub_ctx_t *ctx);
static ngx_http_credhub_inject_status_e ngx_http_credhub_inject_status(
    credhub_error_e error);
static void ngx_http_credhub_inject_gone(void *data);


/* What an operation has read, and for which variables. */

typedef struct {
    ngx_credhub_fetch_t fetch;
    const ngx_array_t  *injections;
} ngx_http_credhub_inject_t;


static const ngx_credhub_operation_t ngx_http_credhub_inject_operation = {
    "inject",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_inject_fetch, NULL },
    sizeof(ngx_http_credhub_inject_t),
};


ngx_int_t
ngx_http_credhub_inject_handler(ngx_http_request_t *r)
{
    ngx_credhub_op_t             *op;
    ngx_http_credhub_ctx_t       *ctx;
    ngx_http_credhub_edge_conf_t *conf;

    conf = ngx_http_credhub_edge_conf(r);

    if (conf->injections == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    op = ngx_http_credhub_phase_begin(
        &ctx->inject, r, &ngx_http_credhub_inject_operation);

    if (ctx->inject.op == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (op != NULL && ngx_http_credhub_inject_ask(ctx, op, conf) != NGX_AGAIN) {
        ngx_http_credhub_phase_run(&ctx->inject);
    }

    return ctx->inject.ended ? ngx_http_credhub_inject_result(ctx, conf)
                             : ngx_http_credhub_phase_wait(&ctx->inject);
}


static ngx_int_t
ngx_http_credhub_inject_ask(ngx_http_credhub_ctx_t *ctx, ngx_credhub_op_t *op,
    ngx_http_credhub_edge_conf_t *conf)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_credhub_fetched_t        *fetched;
    ngx_http_credhub_inject_t    *inject;
    ngx_http_credhub_injection_t *injection;

    rc = ngx_http_credhub_inject_identify(ctx, op, conf);

    if (rc != NGX_OK) {
        return rc;
    }

    inject = op->ctx;
    injection = conf->injections->elts;
    fetched = credhub_arena_alloc(
        op->arena, conf->injections->nelts * sizeof(ngx_credhub_fetched_t));

    inject->injections = conf->injections;
    inject->fetch.list = fetched;
    inject->fetch.n = conf->injections->nelts;

    for (i = 0; fetched != NULL && i < inject->fetch.n; i++) {
        fetched[i].field = injection[i].field;

        if (ngx_http_credhub_edge_text(
                ctx->request, &injection[i].name, &fetched[i].name)
            != NGX_OK)
        {
            fetched = NULL;
        }
    }

    if (fetched == NULL) {
        op->error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_inject_identify(ngx_http_credhub_ctx_t *ctx,
    ngx_credhub_op_t *op, ngx_http_credhub_edge_conf_t *conf)
{
    if (conf->identity.len == 0) {
        return ngx_http_credhub_ctx_identify(ctx, op, CREDHUB_SCOPE_READ);
    }

    return ngx_credhub_access_actor(
        op, (credhub_str_t){ conf->identity.len, conf->identity.data });
}


static ngx_credhub_rc_e
ngx_http_credhub_inject_fetch(ngx_credhub_op_t *op)
{
    ngx_http_credhub_inject_t *inject = op->ctx;

    return ngx_credhub_fetch_enter(op, &inject->fetch);
}


static ngx_int_t
ngx_http_credhub_inject_result(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_credhub_op_t *op = ctx->inject.op;

    ngx_int_t  rc;
    ngx_uint_t status;

    rc = op->error == CREDHUB_OK ? ngx_http_credhub_inject_use(ctx, conf)
                                 : NGX_ERROR;

    if (rc == NGX_ABORT) {
        op->error = CREDHUB_E_KEY_MISMATCH;
    }

    credhub_metrics_decision(op->operation->name, op->error);

    if (op->error == CREDHUB_OK) {
        return rc;
    }

    status = conf->statuses[ngx_http_credhub_inject_status(op->error)];

    ngx_http_credhub_edge_log(ctx->request, op, status, "");

    return status;
}


static ngx_http_credhub_inject_status_e
ngx_http_credhub_inject_status(credhub_error_e error)
{
    ngx_uint_t status;

    if (error == CREDHUB_E_CRED) {
        return NGX_HTTP_CREDHUB_INJECT_MISSING;
    }

    status = credhub_error_status(error);

    return error == CREDHUB_E_CRED_HIDDEN || status == NGX_HTTP_UNAUTHORIZED
                   || status == NGX_HTTP_FORBIDDEN
               ? NGX_HTTP_CREDHUB_INJECT_DENIED
               : NGX_HTTP_CREDHUB_INJECT_UNAVAILABLE;
}


/* NGX_DECLINED: the request goes on; NGX_ABORT: nginx could not use what was
 * read; or a status. */

static ngx_int_t
ngx_http_credhub_inject_use(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf)
{
    unsigned granted;

    if (ngx_http_credhub_inject_watch(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_credhub_client_check(ctx->request, conf) != NGX_OK) {
        return NGX_ABORT;
    }

    granted = NGX_HTTP_CREDHUB_RECHECK_INJECT;

    if (conf->identity.len == 0) {
        granted |= NGX_HTTP_CREDHUB_RECHECK_IDENTITY;
    }

    return ngx_http_credhub_recheck(ctx, granted) == NGX_OK
               ? NGX_DECLINED
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Cleanups run before the log is written. */

static ngx_int_t
ngx_http_credhub_inject_watch(ngx_http_credhub_ctx_t *ctx)
{
    ngx_http_cleanup_t *gone;

    gone = ngx_http_cleanup_add(ctx->request, 0);
    if (gone == NULL) {
        return NGX_ERROR;
    }

    gone->handler = ngx_http_credhub_inject_gone;
    gone->data = ctx;

    return NGX_OK;
}


/*
 * The first buffer of a request to an upstream is the one that nginx has made
 * for its header, or for parameters; a body follows in others, which may belong
 * to the client's connection.
 */

static void
ngx_http_credhub_inject_gone(void *data)
{
    ngx_http_credhub_ctx_t *ctx = data;
    ngx_http_request_t     *r = ctx->request;

    ngx_buf_t                    *b;
    ngx_uint_t                    i;
    ngx_http_credhub_inject_t    *inject;
    ngx_http_credhub_injection_t *injection;

    inject = ctx->inject.op->ctx;
    injection = inject->injections->elts;

    for (i = 0; i < inject->injections->nelts; i++) {
        ngx_memzero(&r->variables[injection[i].variable],
            sizeof(ngx_http_variable_value_t));
    }

    if (r->upstream != NULL && r->upstream->request_bufs != NULL) {
        b = r->upstream->request_bufs->buf;

        if (b->temporary) {
            ngx_explicit_memzero(b->start, b->end - b->start);
        }
    }
}


ngx_int_t
ngx_http_credhub_inject_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t                    i;
    ngx_http_credhub_ctx_t       *ctx;
    ngx_http_credhub_inject_t    *inject;
    ngx_http_credhub_injection_t *injection;

    v->no_cacheable = 1;
    v->not_found = 1;

    for (ctx = ngx_http_credhub_last_ctx(r, NULL); ctx != NULL && !ctx->gone;
         ctx = ngx_http_credhub_last_ctx(r, ctx))
    {
        if (!ctx->inject.ended || ctx->inject.op->error != CREDHUB_OK) {
            continue;
        }

        inject = ctx->inject.op->ctx;
        injection = inject->injections->elts;

        for (i = 0; i < inject->injections->nelts; i++) {
            if (injection[i].variable == (ngx_int_t) data) {
                v->data = inject->fetch.list[i].value.data;
                v->len = inject->fetch.list[i].value.len;
                v->valid = 1;
                v->not_found = 0;

                return NGX_OK;
            }
        }
    }

    return NGX_OK;
}


credhub_error_e
ngx_http_credhub_inject_again(
    const ngx_credhub_op_t *granted, ngx_credhub_op_t *op)
{
    ngx_uint_t                       i;
    ngx_credhub_right_t             *right;
    ngx_credhub_rights_t            *rights;
    const ngx_http_credhub_inject_t *inject;

    inject = granted->ctx;
    right = credhub_arena_alloc(
        op->arena, inject->fetch.n * sizeof(ngx_credhub_right_t));

    if (right == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < inject->fetch.n; i++) {
        right[i].operations = CREDHUB_OP_READ;
        right[i].path = inject->fetch.list[i].folded;
    }

    rights = op->ctx;
    rights->list = right;
    rights->n = inject->fetch.n;

    return CREDHUB_OK;
}
