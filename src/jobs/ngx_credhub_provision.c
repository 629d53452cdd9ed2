
/*
 * A node takes a lease on the link that has waited longest, looks whether its
 * endpoint can be reached, and writes what it has found. Only the write that
 * brings the lease counts: when a node dies, or is so slow that its lease ends,
 * another one begins anew and the result of the first is dropped.
 */

#include "ngx_credhub_provision.h"
#include "ngx_credhub_private_link.h"
#include "ngx_credhub_probe_task.h"
#include "ngx_credhub_sweep.h"


#define NGX_CREDHUB_PROVISION_RUN 64 /* links, in the memory of one operation */


typedef struct {
    ngx_credhub_object_t        link;
    credhub_str_t               config; /* in clear */
    credhub_endpoint_t          endpoint;
    ngx_credhub_resolve_t       resolve;
    const char                 *reason; /* NULL: the endpoint was reached */
    ngx_credhub_object_change_t change;
    ngx_uint_t                  n; /* links of this run */
} ngx_credhub_provision_t;


static ngx_credhub_rc_e ngx_credhub_provision_claim(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_claimed(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_probe(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_probed(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_written(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_provision_sweep(ngx_credhub_op_t *op);

static credhub_error_e ngx_credhub_provision_reach(ngx_credhub_task_t *task);
static credhub_str_t   ngx_credhub_provision_summary(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_credhub_provision_steps[] = {
    ngx_credhub_provision_claim,
    ngx_credhub_provision_claimed,
    ngx_credhub_provision_probe,
    ngx_credhub_provision_probed,
    ngx_credhub_provision_write,
    ngx_credhub_provision_written,
    ngx_credhub_provision_sweep,
    NULL,
};

const ngx_credhub_operation_t ngx_credhub_provision_operation = {
    "provision",
    ngx_credhub_provision_steps,
    sizeof(ngx_credhub_provision_t),
};


static ngx_credhub_rc_e
ngx_credhub_provision_claim(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_link_claim(call, op->hub->store, credhub_null_str,
            NGX_CREDHUB_PROVISION_LEASE, NULL);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_provision_claimed(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    ngx_int_t            rc;
    ngx_uint_t           n;
    credhub_error_e      error;
    ngx_credhub_object_t link;

    rc = ngx_credhub_link_claimed(op->call, &link, &error);

    if (rc == NGX_DECLINED) {
        return ngx_credhub_op_goto(op, ngx_credhub_provision_sweep);
    }

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, error);
    }

    n = ctx->n;
    ngx_memzero(ctx, sizeof(ngx_credhub_provision_t));

    ctx->n = n + 1;
    ctx->link = link;

    error = ngx_credhub_object_open(op, &ctx->link, &ctx->config);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    rc = ngx_credhub_private_link_endpoint(op, ctx->config, &ctx->endpoint);

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (rc == NGX_DECLINED) {
        ctx->reason = "The config names no endpoint";
        return ngx_credhub_op_goto(op, ngx_credhub_provision_write);
    }

    ctx->resolve.host = ctx->endpoint.host;
    ctx->resolve.port = ctx->endpoint.port;

    return ngx_credhub_resolve(op, &ctx->resolve);
}


static ngx_credhub_rc_e
ngx_credhub_provision_probe(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    ngx_credhub_task_t      *task;
    ngx_credhub_probe_tls_t *probe;

    ctx->reason = ctx->resolve.reason;

    if (ctx->reason != NULL) {
        return ngx_credhub_op_goto(op, ngx_credhub_provision_write);
    }

    task = ngx_credhub_probe_task(
        sizeof(ngx_credhub_probe_tls_t), ngx_credhub_provision_reach);

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    probe = task->data;
    probe->reach = 1;
    probe->result = NGX_CREDHUB_PROBE_UNREACHED;
    probe->reason = NGX_CREDHUB_DIAL_LATE;

    ngx_credhub_probe_target(task, &ctx->resolve, &probe->target);

    if (probe->target.name.data == NULL) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


/* On the thread. */

static credhub_error_e
ngx_credhub_provision_reach(ngx_credhub_task_t *task)
{
    ngx_credhub_probe_tls(task->arena, task->data);

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_provision_probed(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    ngx_credhub_probe_tls_t *probe = op->task->data;

    if (probe->result != NGX_CREDHUB_PROBE_OK) {
        ctx->reason = probe->reason;
    }

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_provision_write(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    credhub_error_e              error;
    ngx_credhub_call_t          *call;
    ngx_credhub_object_t        *object;
    ngx_credhub_object_change_t *change;

    static const ngx_credhub_guard_t nobody;

    change = &ctx->change;
    change->object = ctx->link;
    change->expect = ctx->link.version;
    change->lease = ctx->link.lease;

    object = &change->object;
    object->version.len = CREDHUB_OBJECT_ID_LEN;
    object->version.data =
        credhub_arena_bytes(op->arena, CREDHUB_OBJECT_ID_LEN);

    if (object->version.data == NULL
        || credhub_object_id(object->version.data) != 0)
    {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = ngx_credhub_private_link_change(op, change,
        ctx->reason == NULL ? NGX_CREDHUB_LINK_OK : NGX_CREDHUB_LINK_FAIL,
        ngx_credhub_provision_summary(op),
        ctx->reason == NULL ? ctx->endpoint.host : credhub_null_str);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_object_write(call, op->hub->store, change, &nobody);
    }

    return ngx_credhub_op_send(op, call);
}


/* What it says to clients: where, and what went wrong and can be done. */

static credhub_str_t
ngx_credhub_provision_summary(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    credhub_buf_t text;

    credhub_buf_init(&text, op->arena, ctx->endpoint.host.len + 256);

    if (ctx->endpoint.host.len != 0) {
        credhub_buf_add_str(&text, ctx->endpoint.host);
        credhub_buf_printf(&text, " port %u: ", ctx->endpoint.port);
    }

    if (ctx->reason == NULL) {
        credhub_buf_lit(&text, "reached");

    } else {
        credhub_buf_printf(&text,
            "%s. A PATCH of its config makes the hub try again.", ctx->reason);
    }

    return credhub_buf_str(&text);
}


/* A write that is refused is too late: the link was changed, deleted, or is
 * somebody else's by now. */

static ngx_credhub_rc_e
ngx_credhub_provision_written(ngx_credhub_op_t *op)
{
    ngx_credhub_provision_t *ctx = op->ctx;

    credhub_error_e             error;
    ngx_credhub_object_rc_e     rc;
    ngx_credhub_object_result_t result;

    rc = ngx_credhub_object_result(op->call, &result, &error);

    if (rc == NGX_CREDHUB_OBJECT_FAILED) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "credhub: \"%*s\" %s",
        ctx->link.key.len, ctx->link.key.data,
        rc != NGX_CREDHUB_OBJECT_WRITTEN ? "was changed by somebody else"
        : ctx->reason == NULL            ? "was provisioned"
                                         : ctx->reason);

    return ctx->n < NGX_CREDHUB_PROVISION_RUN && !ngx_exiting
               ? ngx_credhub_op_goto(op, ngx_credhub_provision_claim)
               : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_provision_sweep(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_enter(op, ngx_credhub_sweep_objects_steps, NULL);
}
