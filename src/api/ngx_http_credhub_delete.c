
/* DELETE /api/v1/data?name= */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "ngx_credhub_sweep.h"


typedef struct {
    credhub_str_t       folded;
    ngx_credhub_guard_t guard;
} ngx_http_credhub_delete_t;


static ngx_credhub_rc_e ngx_http_credhub_delete_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_delete_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_delete_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_delete_sweep(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_delete_steps[] = {
    ngx_http_credhub_delete_parse,
    ngx_credhub_ready,
    ngx_http_credhub_delete_send,
    ngx_http_credhub_delete_check,
    ngx_http_credhub_delete_sweep,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_delete = {
    "DELETE",
    ngx_http_credhub_delete_steps,
    sizeof(ngx_http_credhub_delete_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_delete_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_delete_t *ctx = op->ctx;
    ngx_http_credhub_input_t  *input = op->input;

    credhub_error_e      error;
    const credhub_str_t *name;

    name = credhub_query_get(&input->query, "name");

    if (name == NULL || name->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("name"));
    }

    ngx_credhub_audit_named(op, *name);
    error = ngx_credhub_access_name(op, *name, &ctx->folded);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_DELETE, ctx->folded, &ctx->guard);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_delete_send(ngx_credhub_op_t *op)
{
    ngx_http_credhub_delete_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_credential_delete(call, op->hub->store, ctx->folded, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_delete_check(ngx_credhub_op_t *op)
{
    ngx_uint_t      rest;
    credhub_error_e error;

    error = CREDHUB_E_CRED;

    if (ngx_credhub_credential_deleted(op->call, &rest, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    op->status = NGX_HTTP_NO_CONTENT;
    op->settled = 1;

    return rest ? NGX_CREDHUB_NEXT : NGX_CREDHUB_DONE;
}


/*
 * The credential is gone for everybody; a long history is removed in further
 * steps. If they fail, the background sweep does it.
 */

static ngx_credhub_rc_e
ngx_http_credhub_delete_sweep(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_enter(op, ngx_credhub_sweep_steps, NULL);
}
