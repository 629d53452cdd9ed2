
/*
 * One object: created, shown, changed, tested, deleted. A write is decided
 * against what was read, and names its version: when somebody else wrote in
 * between it is decided again. Setup tests run when the write stands; how they
 * went is a write of its own.
 */

#include "ngx_http_credhub_object_private.h"
#include "ngx_credhub_credential.h"


static void             ngx_http_credhub_object_init(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_parse_create(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_parse_get(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_parse_patch(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_parse_test(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_parse_delete(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_object_named(
    ngx_credhub_op_t *op, unsigned operation);
static ngx_credhub_rc_e ngx_http_credhub_object_parsed(
    ngx_credhub_op_t *op, credhub_error_e error);
static ngx_credhub_rc_e ngx_http_credhub_object_loaded(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_found(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_got(ngx_credhub_op_t *op);


const ngx_credhub_step_pt ngx_http_credhub_object_create[] = {
    ngx_http_credhub_object_parse_create,
    ngx_http_credhub_object_load,
    ngx_http_credhub_object_loaded,
    ngx_http_credhub_object_commit,
    ngx_http_credhub_object_committed,
    ngx_http_credhub_object_begin,
    ngx_http_credhub_object_tested,
    ngx_http_credhub_object_answer,
    NULL,
};

const ngx_credhub_step_pt ngx_http_credhub_object_get[] = {
    ngx_http_credhub_object_parse_get,
    ngx_http_credhub_object_load,
    ngx_http_credhub_object_found,
    ngx_http_credhub_object_got,
    ngx_http_credhub_object_answer,
    NULL,
};

const ngx_credhub_step_pt ngx_http_credhub_object_patch[] = {
    ngx_http_credhub_object_parse_patch,
    ngx_http_credhub_object_load,
    ngx_http_credhub_object_loaded,
    ngx_http_credhub_object_commit,
    ngx_http_credhub_object_committed,
    ngx_http_credhub_object_begin,
    ngx_http_credhub_object_tested,
    ngx_http_credhub_object_answer,
    NULL,
};

const ngx_credhub_step_pt ngx_http_credhub_object_test[] = {
    ngx_http_credhub_object_parse_test,
    ngx_http_credhub_object_load,
    ngx_http_credhub_object_loaded,
    ngx_http_credhub_object_again,
    ngx_http_credhub_object_tested,
    ngx_http_credhub_object_commit,
    ngx_http_credhub_object_committed,
    ngx_http_credhub_object_answer,
    NULL,
};

const ngx_credhub_step_pt ngx_http_credhub_object_delete[] = {
    ngx_http_credhub_object_parse_delete,
    ngx_credhub_ready,
    ngx_http_credhub_object_remove,
    ngx_http_credhub_object_removed,
    NULL,
};

const ngx_credhub_step_pt ngx_http_credhub_object_destroy[] = {
    ngx_http_credhub_object_parse_delete,
    ngx_http_credhub_object_load,
    ngx_http_credhub_object_found,
    ngx_http_credhub_object_destroyed,
    ngx_http_credhub_object_removed,
    NULL,
};


static void
ngx_http_credhub_object_init(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ctx->resource = ((const ngx_http_credhub_way_t *) op->operation)->resource;
    ctx->status = NGX_HTTP_OK;
}


/* Everything that is created gets an id first, so that rules can use it. */

static ngx_credhub_rc_e
ngx_http_credhub_object_parse_create(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    ngx_http_credhub_object_init(op);

    ctx->creating = 1;
    ctx->nasks = 1;
    ctx->status = NGX_HTTP_CREATED;
    ctx->message = ctx->resource->created;

    error = ngx_credhub_object_ask(op, ctx->resource->kind, credhub_str("*"),
        CREDHUB_OP_WRITE, &ctx->asks[0]);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_guard(
            op, CREDHUB_OP_WRITE, ctx->asks[0].path, &ctx->guard);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_body(op, 0, &ctx->body);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_control(op, 0);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_random(op, &ctx->id);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_decide(op);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_name(
            op, ctx->resource->kind, ctx->id, &ctx->key, &ctx->path);
    }

    return ngx_http_credhub_object_parsed(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_parse_get(ngx_credhub_op_t *op)
{
    return ngx_http_credhub_object_parsed(
        op, ngx_http_credhub_object_named(op, CREDHUB_OP_READ));
}


static ngx_credhub_rc_e
ngx_http_credhub_object_parse_patch(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_object_named(op, CREDHUB_OP_WRITE);

    ctx->patching = 1;
    ctx->message = ctx->resource->updated;

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_body(op, 0, &ctx->body);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_control(op, 0);
    }

    return ngx_http_credhub_object_parsed(op, error);
}


/* A test changes nothing but how the tests went. */

static ngx_credhub_rc_e
ngx_http_credhub_object_parse_test(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_object_named(op, CREDHUB_OP_WRITE);

    ctx->message = "Setup tests have been completed";

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_body(op, 1, &ctx->body);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_object_control(op, 1);
    }

    ctx->body = credhub_str("{}");

    return ngx_http_credhub_object_parsed(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_parse_delete(ngx_credhub_op_t *op)
{
    return ngx_http_credhub_object_parsed(
        op, ngx_http_credhub_object_named(op, CREDHUB_OP_DELETE));
}


/* The object that the path names, and what is wanted with it. */

static credhub_error_e
ngx_http_credhub_object_named(ngx_credhub_op_t *op, unsigned operation)
{
    ngx_http_credhub_object_t *ctx = op->ctx;
    ngx_http_credhub_input_t  *input = op->input;

    credhub_error_e error;

    ngx_http_credhub_object_init(op);

    ctx->id = input->params[0];
    ctx->nasks = 1;

    error = ngx_credhub_object_name(
        op, ctx->resource->kind, ctx->id, &ctx->key, &ctx->path);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_guard(op, operation, ctx->path, &ctx->guard);
    }

    return error == CREDHUB_OK ? ngx_credhub_object_ask(
               op, ctx->resource->kind, ctx->id, operation, &ctx->asks[0])
                               : error;
}


static ngx_credhub_rc_e
ngx_http_credhub_object_parsed(ngx_credhub_op_t *op, credhub_error_e error)
{
    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


/* What was not read yet. */

ngx_credhub_rc_e
ngx_http_credhub_object_load(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_objects_read(call, op->hub->store, ctx->asks + ctx->nread,
            ctx->nasks - ctx->nread);
    }

    return ngx_credhub_op_send(op, call);
}


/* An object that is changed tells what it refers to only now. */

static ngx_credhub_rc_e
ngx_http_credhub_object_loaded(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t      first;
    credhub_error_e error;

    first = ctx->nread == 0;

    if (ngx_credhub_objects_result(
            op->call, ctx->asks + ctx->nread, ctx->nasks - ctx->nread, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    ctx->nread = ctx->nasks;

    if (first && ctx->creating
        && !ngx_credhub_object_granted(op, &ctx->asks[0])) {
        return ngx_credhub_op_error(op, CREDHUB_E_FORBIDDEN);
    }

    if (first && !ctx->creating) {
        error =
            ngx_credhub_object_asked(op, ctx->resource->kind, &ctx->asks[0]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_fail(op, error, ctx->id);
        }

        ctx->current = &ctx->asks[0].object;
        error = ngx_http_credhub_object_decide(op);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_fail(op, error, op->detail);
        }

        if (ctx->nasks > ctx->nread) {
            return ngx_credhub_op_goto(op, ngx_http_credhub_object_load);
        }
    }

    error = ngx_http_credhub_object_attached(op);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    if (ngx_credhub_objects_result(op->call, ctx->asks, 1, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    error = ngx_credhub_object_asked(op, ctx->resource->kind, &ctx->asks[0]);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, ctx->id);
    }

    ctx->current = &ctx->asks[0].object;

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_object_got(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    if (!ctx->resource->config) {
        return NGX_CREDHUB_NEXT;
    }

    error = ngx_credhub_object_open(op, ctx->current, &ctx->config);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


ngx_credhub_rc_e
ngx_http_credhub_object_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_buf_t data;

    credhub_buf_init(&data, op->arena,
        ctx->current->attributes.len + ctx->config.len + 1024);

    credhub_buf_lit(&data, "{");
    ngx_http_credhub_object_members(
        op, &data, ctx->resource, ctx->current, ctx->config, 0);

    if (ctx->tested) {
        credhub_buf_lit(&data, ",\"setup_tests\":");
        ngx_credhub_setup_show(&data, &ctx->setup);
    }

    credhub_buf_lit(&data, "}");

    return data.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                       : ngx_http_credhub_envelope(op, ctx->status,
                           ngx_http_credhub_message(op, ctx->message, ctx->id),
                           credhub_buf_str(&data));
}
