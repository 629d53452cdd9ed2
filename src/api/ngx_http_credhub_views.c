
/* Answers that show several versions. A page of a history is freed before the
 * next one is read. */

#include "ngx_http_credhub_views.h"
#include "ngx_credhub_chain.h"


static ngx_credhub_rc_e ngx_http_credhub_history_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_history_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_history_add(ngx_credhub_op_t *op);
static void             ngx_http_credhub_history_audit(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_history_steps[] = {
    ngx_http_credhub_history_read,
    ngx_http_credhub_history_take,
    ngx_http_credhub_history_add,
    NULL,
};


credhub_error_e
ngx_http_credhub_views_add(ngx_credhub_op_t *op, credhub_buf_t *body,
    const credhub_version_t *versions, ngx_uint_t n)
{
    ngx_uint_t      i;
    credhub_error_e error;

    for (i = 0; i < n; i++) {
        if (body->len != 0 && body->data[body->len - 1] != '[') {
            credhub_buf_lit(body, ",");
        }

        error = ngx_credhub_version_append(op, body, &versions[i]);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


ngx_uint_t
ngx_http_credhub_views_pair(const ngx_credhub_certificate_t *certificate,
    credhub_version_t pair[NGX_HTTP_CREDHUB_PAIR])
{
    ngx_uint_t n;

    n = 0;

    if (certificate->active != NULL) {
        pair[n++] = *certificate->active;
    }

    if (certificate->transitional != NULL) {
        pair[n++] = *certificate->transitional;
    }

    return n;
}


ngx_credhub_rc_e
ngx_http_credhub_views_show(ngx_credhub_op_t *op, credhub_version_t *versions,
    ngx_uint_t n, ngx_uint_t chain)
{
    ngx_uint_t i;

    for (i = 0; i < n; i++) {
        ngx_credhub_certificate_show(op, &versions[i]);
    }

    return chain ? ngx_credhub_chains(op, versions, n) : NGX_CREDHUB_NEXT;
}


ngx_credhub_rc_e
ngx_http_credhub_history(
    ngx_credhub_op_t *op, ngx_http_credhub_history_t *history)
{
    return ngx_credhub_op_enter(op, ngx_http_credhub_history_steps, history);
}


static ngx_credhub_rc_e
ngx_http_credhub_history_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_history_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_versions_read(call, op->hub->store, ctx->name,
            (ngx_uint_t) ngx_min(ctx->wanted, NGX_CREDHUB_PAGE_ROWS),
            ctx->cursor, ctx->actor);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_history_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_history_t *ctx = op->ctx;

    ngx_int_t            rc;
    credhub_str_t        cursor;
    credhub_error_e      error;
    ngx_credhub_grants_t grants;

    error = CREDHUB_E_CRED;
    rc = ngx_credhub_versions_result(
        op->call, &ctx->versions, &ctx->n, &cursor, &grants, &error);

    if (rc != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->actor.len != 0
        && !ngx_credhub_access_granted(
            op, ctx->actor, CREDHUB_OP_READ, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    if (ctx->credential.len != 0 && ctx->n != 0
        && !credhub_str_eq(ctx->versions[0].credential, ctx->credential))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    ctx->wanted -= ctx->n;
    ctx->cursor = ngx_credhub_op_copy(op, cursor);

    if (!ctx->begun) {
        ctx->begun = 1;
        ngx_http_credhub_history_audit(op);
    }

    return ngx_http_credhub_views_show(op, ctx->versions, ctx->n, ctx->chain);
}


/* The first page says which credential it is, and which version when there is
 * only one. */

static void
ngx_http_credhub_history_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_history_t *ctx = op->ctx;

    if (ctx->n != 0) {
        ngx_credhub_audit_version(op, &ctx->versions[0]);
    }

    if (ctx->n != 1 || ctx->cursor.len != 0) {
        op->version_id = credhub_null_str;
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_history_add(ngx_credhub_op_t *op)
{
    ngx_http_credhub_history_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_views_add(op, ctx->body, ctx->versions, ctx->n);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->cursor.len == 0 || ctx->wanted <= 0) {
        return NGX_CREDHUB_NEXT;
    }

    ngx_credhub_op_release(op);

    return ngx_credhub_op_goto(op, ngx_http_credhub_history_read);
}
