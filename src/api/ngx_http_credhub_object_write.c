
/*
 * Writes. Each names the version that it was decided against; when another one
 * stands the object is read and decided again.
 */

#include "ngx_http_credhub_object_private.h"


#define NGX_HTTP_CREDHUB_STALE_MAX 3 /* retries */


static credhub_error_e  ngx_http_credhub_object_make(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_refused(ngx_credhub_op_t *op,
    ngx_credhub_object_rc_e rc, const ngx_credhub_object_result_t *result,
    credhub_error_e error);
static ngx_credhub_rc_e ngx_http_credhub_object_stale(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_object_taken(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_object_used(
     ngx_credhub_op_t *op, const ngx_credhub_object_result_t *result);


/* How the tests went changes nothing when it is what stands. */

ngx_credhub_rc_e
ngx_http_credhub_object_commit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    const char     *state;
    credhub_error_e error;

    if (ctx->tested) {
        state = ngx_http_credhub_object_state(op);

        if (state == NULL) {
            return ngx_credhub_op_goto(op, ngx_http_credhub_object_answer);
        }

        ctx->attributes = credhub_object_set_string(op->arena, ctx->attributes,
            ctx->resource->state,
            (credhub_str_t){ ngx_strlen(state), (u_char *) state });
    }

    error = ngx_http_credhub_object_make(op);

    return error == CREDHUB_OK ? ngx_http_credhub_object_send(op)
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_send(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_object_write(call, op->hub->store, &ctx->change, &full);
    }

    return ngx_credhub_op_send(op, call);
}


/* A config that stays is not sealed again. */

static credhub_error_e
ngx_http_credhub_object_make(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e       error;
    ngx_credhub_object_t *object;

    object = &ctx->change.object;
    object->key = ctx->key;
    object->attributes = ctx->attributes;

    if (object->attributes.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = ngx_credhub_object_random(op, &object->version);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->creating) {
        object->creator = op->actor;
        ctx->change.expect = credhub_null_str;
        error = ngx_credhub_object_random(op, &object->uid);

    } else {
        object->uid = ctx->current->uid;
        object->creator = ctx->current->creator;
        object->config = ctx->current->config;
        ctx->change.expect = ctx->current->version;
    }

    if (error != CREDHUB_OK || ctx->config.data == ctx->standing.data) {
        return error;
    }

    return ngx_credhub_object_seal(op, object, ctx->config, &object->config);
}


/* What was written is what stands; whatever follows asks for no more. */

ngx_credhub_rc_e
ngx_http_credhub_object_committed(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e             error;
    ngx_credhub_object_rc_e     rc;
    ngx_credhub_object_result_t result;

    error = CREDHUB_E_INTERNAL;
    rc = ngx_credhub_object_result(op->call, &result, &error);

    if (rc != NGX_CREDHUB_OBJECT_WRITTEN) {
        return ngx_http_credhub_object_refused(op, rc, &result, error);
    }

    ctx->written = ctx->change.object;
    ctx->written.sequence = result.sequence;
    ctx->written.created = result.created;
    ctx->written.updated = result.updated;

    ctx->current = &ctx->written;
    ctx->standing = ctx->config;
    ctx->body = credhub_str("{}");
    ctx->creating = 0;
    ctx->patching = 0;

    error = ngx_credhub_object_ask(
        op, ctx->resource->kind, ctx->id, CREDHUB_OP_WRITE, &ctx->asks[0]);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_refused(ngx_credhub_op_t *op,
    ngx_credhub_object_rc_e rc, const ngx_credhub_object_result_t *result,
    credhub_error_e error)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    const char *text;

    switch (rc) {
    case NGX_CREDHUB_OBJECT_STALE:
        return ngx_http_credhub_object_stale(op);

    case NGX_CREDHUB_OBJECT_TAKEN:
        return ngx_http_credhub_object_taken(op);

    case NGX_CREDHUB_OBJECT_EXISTS:
        text = ctx->resource->exists;

        return text != NULL ? ngx_credhub_op_fail(op, CREDHUB_E_CONFLICT,
                   (credhub_str_t){ ngx_strlen(text), (u_char *) text })
                            : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);

    case NGX_CREDHUB_OBJECT_REF:
        return result->which + 1 < ctx->nasks
                   ? ngx_credhub_op_fail(op,
                       ngx_http_credhub_object_ref_missing(
                           ctx->refs[result->which]),
                       ngx_http_credhub_object_ref_id(op, result->which))
                   : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);

    case NGX_CREDHUB_OBJECT_LEASE:
        return ngx_credhub_op_error(op, CREDHUB_E_LEASED);

    case NGX_CREDHUB_OBJECT_USED:
        return ngx_credhub_op_fail(
            op, ngx_http_credhub_object_used(op, result), op->detail);

    case NGX_CREDHUB_OBJECT_MISSING:
        return ngx_credhub_op_fail(
            op, ngx_credhub_object_kinds[ctx->resource->kind].missing, ctx->id);

    case NGX_CREDHUB_OBJECT_DENIED:
        return ngx_credhub_op_error(op, CREDHUB_E_FORBIDDEN);

    default:
        return ngx_credhub_op_error(op, error);
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_object_stale(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    if (ctx->creating || ctx->tries++ == NGX_HTTP_CREDHUB_STALE_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);
    }

    ctx->nread = 0;
    ctx->nasks = 1;

    return ngx_credhub_op_goto(op, ngx_http_credhub_object_load);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_taken(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    if (ctx->resource->taken == NULL
        || ctx->tries++ == NGX_HTTP_CREDHUB_STALE_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);
    }

    error = ctx->resource->taken(op, ctx);

    return error == CREDHUB_OK
               ? ngx_credhub_op_goto(op, ngx_http_credhub_object_commit)
               : ngx_credhub_op_fail(op, error, op->detail);
}


ngx_credhub_rc_e
ngx_http_credhub_object_remove(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_object_delete(call, op->hub->store, ctx->key, &full);
    }

    return ngx_credhub_op_send(op, call);
}


/* What is to be removed later is attached by nobody any more. */

ngx_credhub_rc_e
ngx_http_credhub_object_destroyed(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e error;

    ctx->change.object = *ctx->current;
    ctx->change.expect = ctx->current->version;
    ctx->change.unused = 1;

    error = ctx->resource->destroy(op, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_random(op, &ctx->change.object.version);
    }

    return error == CREDHUB_OK ? ngx_http_credhub_object_send(op)
                               : ngx_credhub_op_error(op, error);
}


ngx_credhub_rc_e
ngx_http_credhub_object_removed(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_error_e             error;
    ngx_credhub_object_rc_e     rc;
    ngx_credhub_object_result_t result;

    error = CREDHUB_E_INTERNAL;
    rc = ngx_credhub_object_result(op->call, &result, &error);

    return rc == NGX_CREDHUB_OBJECT_WRITTEN ? ngx_http_credhub_envelope(op,
               NGX_HTTP_OK,
               ngx_http_credhub_message(op, ctx->resource->deleted, ctx->id),
               credhub_null_str)
                                            : ngx_http_credhub_object_refused(
                                                op, rc, &result, error);
}


static credhub_error_e
ngx_http_credhub_object_used(
    ngx_credhub_op_t *op, const ngx_credhub_object_result_t *result)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t    i;
    credhub_buf_t text;

    if (ctx->resource->used != NULL) {
        return ctx->resource->used(op, result, ctx->id);
    }

    credhub_buf_init(&text, op->arena, 256);
    credhub_buf_lit(&text, "It is used by ");

    for (i = 0; i < result->nusers; i++) {
        credhub_buf_add(&text, ", ", i == 0 ? 0 : 2);
        credhub_buf_add_str(&text, result->users[i]);
    }

    if (result->connections + result->destinations > result->nusers) {
        credhub_buf_lit(&text, " and others");
    }

    op->detail = credhub_buf_str(&text);

    return text.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_CONFLICT;
}
