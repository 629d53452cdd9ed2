
/*
 * One timer for each pass of a request through the phases. When it fires, what
 * was granted in that pass is asked again, one operation after the other, with
 * the paths and ids of then; only when all have ended the timer is set again.
 * The operations that granted it belong to the context and live on for logs.
 *
 * Everything here lives in r->pool and ends with the cleanup of the request,
 * which nginx calls before its log is written. The timer is cancelable: a worker
 * that has nothing else to wait for quits.
 */

#include "ngx_http_credhub_recheck.h"
#include "ngx_http_credhub_edge.h"
#include "ngx_credhub_rights.h"
#include "ngx_credhub_user.h"


struct ngx_http_credhub_recheck_s {
    ngx_http_credhub_ctx_t *ctx;
    ngx_msec_t              interval;
    ngx_event_t             timer;
    ngx_credhub_op_t       *op; /* while it runs */
    ngx_uint_t              part;
    unsigned                granted:4; /* NGX_HTTP_CREDHUB_RECHECK_* */
    unsigned                missed:1;  /* last time the store did not answer */
};


/* The operation that asks for one of them; NULL without memory. */

typedef ngx_credhub_op_t *(*ngx_http_credhub_recheck_pt)(
    ngx_http_credhub_recheck_t *recheck);


static ngx_http_credhub_recheck_t *ngx_http_credhub_recheck_create(
    ngx_http_credhub_ctx_t *ctx, ngx_msec_t interval);
static void ngx_http_credhub_recheck_gone(void *data);
static void ngx_http_credhub_recheck_begin(ngx_event_t *ev);
static void ngx_http_credhub_recheck_next(ngx_http_credhub_recheck_t *recheck);
static void ngx_http_credhub_recheck_wait(ngx_http_credhub_recheck_t *recheck);
static void ngx_http_credhub_recheck_finished(ngx_credhub_op_t *op);
static void ngx_http_credhub_recheck_close(ngx_http_credhub_recheck_t *recheck);
static ngx_credhub_op_t *ngx_http_credhub_recheck_op(
    ngx_http_credhub_recheck_t    *recheck,
    const ngx_credhub_operation_t *operation, const ngx_credhub_op_t *granted);
static ngx_credhub_op_t *ngx_http_credhub_recheck_identity(
    ngx_http_credhub_recheck_t *recheck);
static ngx_credhub_rc_e  ngx_http_credhub_recheck_user(ngx_credhub_op_t *op);
static ngx_credhub_op_t *ngx_http_credhub_recheck_access(
    ngx_http_credhub_recheck_t *recheck);
static ngx_credhub_op_t *ngx_http_credhub_recheck_trust(
    ngx_http_credhub_recheck_t *recheck);
static ngx_credhub_op_t *ngx_http_credhub_recheck_inject(
    ngx_http_credhub_recheck_t *recheck);
static ngx_credhub_rc_e ngx_http_credhub_recheck_rights(ngx_credhub_op_t *op);


/* By bit. */

static const ngx_http_credhub_recheck_pt ngx_http_credhub_recheck_parts[] = {
    ngx_http_credhub_recheck_identity,
    ngx_http_credhub_recheck_access,
    ngx_http_credhub_recheck_trust,
    ngx_http_credhub_recheck_inject,
};

#define NGX_HTTP_CREDHUB_RECHECK_PARTS                                         \
    (sizeof(ngx_http_credhub_recheck_parts)                                    \
        / sizeof(ngx_http_credhub_recheck_parts[0]))


static const ngx_credhub_operation_t ngx_http_credhub_recheck_identity_op = {
    "identity",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_recheck_user, NULL },
    sizeof(ngx_credhub_user_t),
};


static const ngx_credhub_operation_t ngx_http_credhub_recheck_inject_op = {
    "inject",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_recheck_rights, NULL },
    sizeof(ngx_credhub_rights_t),
};


static const ngx_credhub_host_t ngx_http_credhub_recheck_host = {
    ngx_http_credhub_recheck_finished
};


ngx_int_t
ngx_http_credhub_recheck(ngx_http_credhub_ctx_t *ctx, unsigned granted)
{
    ngx_http_request_t *r = ctx->request;

    ngx_http_credhub_edge_conf_t *conf;

    conf = ngx_http_credhub_edge_conf(r);

    if (conf->recheck == 0 || r != r->main) {
        return NGX_OK;
    }

    if (ctx->recheck == NULL) {
        ctx->recheck = ngx_http_credhub_recheck_create(ctx, conf->recheck);

        if (ctx->recheck == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ctx->recheck->granted |= granted;

    return NGX_OK;
}


static ngx_http_credhub_recheck_t *
ngx_http_credhub_recheck_create(
    ngx_http_credhub_ctx_t *ctx, ngx_msec_t interval)
{
    ngx_http_request_t *r = ctx->request;

    ngx_http_cleanup_t         *gone;
    ngx_http_credhub_recheck_t *recheck;

    recheck = ngx_pcalloc(r->pool, sizeof(ngx_http_credhub_recheck_t));
    gone = ngx_http_cleanup_add(r, 0);

    if (recheck == NULL || gone == NULL) {
        return NULL;
    }

    gone->handler = ngx_http_credhub_recheck_gone;
    gone->data = recheck;

    recheck->ctx = ctx;
    recheck->interval = interval;

    recheck->timer.handler = ngx_http_credhub_recheck_begin;
    recheck->timer.data = r->connection;
    recheck->timer.log = r->connection->log;
    recheck->timer.cancelable = 1;

    ngx_add_timer(&recheck->timer, interval);

    return recheck;
}


static void
ngx_http_credhub_recheck_gone(void *data)
{
    ngx_http_credhub_recheck_t *recheck = data;

    if (recheck->timer.timer_set) {
        ngx_del_timer(&recheck->timer);
    }

    if (recheck->op != NULL) {
        ngx_credhub_op_destroy(recheck->op);
        recheck->op = NULL;
    }
}


static void
ngx_http_credhub_recheck_begin(ngx_event_t *ev)
{
    ngx_http_credhub_recheck_t *recheck;

    recheck = ngx_queue_data(ev, ngx_http_credhub_recheck_t, timer);
    recheck->part = 0;

    ngx_http_credhub_recheck_next(recheck);
}


/* The request, and `recheck` with it, may be gone when it returns. */

static void
ngx_http_credhub_recheck_next(ngx_http_credhub_recheck_t *recheck)
{
    while (recheck->part < NGX_HTTP_CREDHUB_RECHECK_PARTS
           && (recheck->granted & (1u << recheck->part)) == 0)
    {
        recheck->part++;
    }

    if (recheck->part == NGX_HTTP_CREDHUB_RECHECK_PARTS) {
        recheck->missed = 0;
        ngx_http_credhub_recheck_wait(recheck);
        return;
    }

    recheck->op = ngx_http_credhub_recheck_parts[recheck->part++](recheck);

    if (recheck->op == NULL) {
        ngx_log_error(NGX_LOG_ERR, recheck->timer.log, 0,
            "credhub: no memory for a recheck, the exchange is closed");
        ngx_http_credhub_recheck_close(recheck);
        return;
    }

    ngx_credhub_op_run(recheck->op);
}


static void
ngx_http_credhub_recheck_wait(ngx_http_credhub_recheck_t *recheck)
{
    ngx_add_timer(&recheck->timer, recheck->interval);
}


/* A store that cannot be asked has one more interval to come back. */

static void
ngx_http_credhub_recheck_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_recheck_t *recheck = op->host_data;

    ngx_uint_t      status, lost;
    credhub_error_e error;

    error = op->error;
    status = credhub_error_status(error);
    lost = error != CREDHUB_OK
           && (status < NGX_HTTP_INTERNAL_SERVER_ERROR || recheck->missed);

    if (lost) {
        ngx_http_credhub_edge_log(
            recheck->ctx->request, op, status, ", the exchange is closed");
    }

    recheck->op = NULL;
    ngx_credhub_op_destroy(op);

    if (lost) {
        ngx_http_credhub_recheck_close(recheck);

    } else if (error == CREDHUB_OK) {
        ngx_http_credhub_recheck_next(recheck);

    } else {
        recheck->missed = 1;
        ngx_http_credhub_recheck_wait(recheck);
    }
}


/*
 * NGX_HTTP_CLOSE ends a request in any state, without "post_action" and, on
 * TLS, without a close_notify: what was cut looks cut. The cleanup of an
 * upstream takes one reference of the request with it. Of an HTTP/2 connection
 * only the stream is reset, and nothing else would send that frame while others
 * are quiet.
 */

static void
ngx_http_credhub_recheck_close(ngx_http_credhub_recheck_t *recheck)
{
    ngx_http_request_t *r = recheck->ctx->request;
    ngx_connection_t   *c = r->connection;

#if (NGX_HTTP_V2)

    if (r->stream != NULL) {
        ngx_post_event(
            r->stream->connection->connection->write, &ngx_posted_events);
    }

#endif

    r->count++;

    ngx_http_finalize_request(r, NGX_HTTP_CLOSE);
    ngx_http_run_posted_requests(c);
}


/* For who was granted it before. */

static ngx_credhub_op_t *
ngx_http_credhub_recheck_op(ngx_http_credhub_recheck_t *recheck,
    const ngx_credhub_operation_t *operation, const ngx_credhub_op_t *granted)
{
    ngx_credhub_op_t *op;

    op = ngx_credhub_op_create(operation, granted->hub);

    if (op == NULL) {
        return NULL;
    }

    if (op->error != CREDHUB_OK) {
        ngx_credhub_op_destroy(op);
        return NULL;
    }

    op->actor = granted->actor;
    op->caller = granted->caller;

    op->host = &ngx_http_credhub_recheck_host;
    op->host_data = recheck;

    return op;
}


/* Tokens and certificates have an end of their own; an API key can be changed
 * or deleted. */

static ngx_credhub_op_t *
ngx_http_credhub_recheck_identity(ngx_http_credhub_recheck_t *recheck)
{
    ngx_http_credhub_ctx_t *ctx = recheck->ctx;

    ngx_credhub_op_t *op, *granted;

    granted = recheck->granted & NGX_HTTP_CREDHUB_RECHECK_ACCESS
                  ? ctx->access.op
                  : ctx->inject.op;

    op = ngx_http_credhub_recheck_op(
        recheck, &ngx_http_credhub_recheck_identity_op, granted);

    if (op != NULL) {
        op->error = ngx_http_credhub_auth_again(&ctx->auth, op, &op->detail);
    }

    return op;
}


static ngx_credhub_rc_e
ngx_http_credhub_recheck_user(ngx_credhub_op_t *op)
{
    ngx_credhub_user_t *user = op->ctx;

    return user->name.data != NULL ? ngx_credhub_user_enter(op, user)
                                   : NGX_CREDHUB_NEXT;
}


static ngx_credhub_op_t *
ngx_http_credhub_recheck_access(ngx_http_credhub_recheck_t *recheck)
{
    ngx_credhub_op_t *granted = recheck->ctx->access.op;

    ngx_credhub_op_t           *op;
    ngx_credhub_rights_t       *rights;
    const ngx_credhub_rights_t *before;

    op = ngx_http_credhub_recheck_op(recheck, granted->operation, granted);

    if (op != NULL) {
        before = granted->ctx;
        rights = op->ctx;
        rights->list = before->list;
        rights->n = before->n;
    }

    return op;
}


static ngx_credhub_op_t *
ngx_http_credhub_recheck_trust(ngx_http_credhub_recheck_t *recheck)
{
    ngx_credhub_op_t *granted = recheck->ctx->trust.op;

    ngx_credhub_op_t *op;

    op = ngx_http_credhub_recheck_op(recheck, granted->operation, granted);

    if (op != NULL) {
        op->error = ngx_http_credhub_trust_again(granted, op);
    }

    return op;
}


static ngx_credhub_op_t *
ngx_http_credhub_recheck_inject(ngx_http_credhub_recheck_t *recheck)
{
    ngx_credhub_op_t *granted = recheck->ctx->inject.op;

    ngx_credhub_op_t *op;

    op = ngx_http_credhub_recheck_op(
        recheck, &ngx_http_credhub_recheck_inject_op, granted);

    if (op != NULL) {
        op->error = ngx_http_credhub_inject_again(granted, op);
    }

    return op;
}


static ngx_credhub_rc_e
ngx_http_credhub_recheck_rights(ngx_credhub_op_t *op)
{
    return ngx_credhub_rights_enter(op, op->ctx);
}


char *
ngx_http_credhub_conf_recheck(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_int_t  interval;
    ngx_str_t *value;

    if (lcf->edge.recheck != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->edge.recheck = 0;
        return NGX_CONF_OK;
    }

    interval = ngx_parse_time(&value[1], 0);

    if (interval == NGX_ERROR || interval == 0) {
        return "invalid value";
    }

    lcf->edge.recheck = interval;

    return NGX_CONF_OK;
}
