
/*
 * POST /api/v1/bulk-regenerate: every certificate below a CA anew, or none. The
 * answer stands once they are there for everybody.
 */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_batch.h"


typedef struct {
    credhub_str_t        signed_by;
    credhub_str_t        folded;
    ngx_credhub_batch_t *batch;
} ngx_http_credhub_bulk_t;


static ngx_credhub_rc_e ngx_http_credhub_bulk_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_bulk_audit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_bulk_start(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_bulk_answer(ngx_credhub_op_t *op);


static const credhub_bind_t ngx_http_credhub_bulk_fields[] = {
    { "signed_by", CREDHUB_BIND_STRING,
        offsetof(ngx_http_credhub_bulk_t, signed_by), 1 },
    credhub_bind_end
};


static const ngx_credhub_step_pt ngx_http_credhub_bulk_steps[] = {
    ngx_http_credhub_bulk_parse,
    ngx_http_credhub_bulk_start,
    ngx_http_credhub_bulk_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_bulk_regenerate = {
    "BULK_REGENERATE",
    ngx_http_credhub_bulk_steps,
    sizeof(ngx_http_credhub_bulk_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_bulk_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_bulk_t  *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(
        op->arena, ngx_http_credhub_bulk_fields, input->body, ctx, &op->detail);

    ngx_http_credhub_bulk_audit(op);

    if (error == CREDHUB_OK && ctx->signed_by.len == 0) {
        error = CREDHUB_E_NO_SIGNED_BY;
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_name(op, ctx->signed_by, &ctx->folded);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static void
ngx_http_credhub_bulk_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_bulk_t *ctx = op->ctx;

    ngx_credhub_detail_t details[] = {
        { "signedBy", NGX_CREDHUB_DETAIL_STRING, { 0, NULL } },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_name(op, ctx->signed_by);
    details[0].value = op->resource;
    ngx_credhub_audit_details(op, details);
}


static ngx_credhub_rc_e
ngx_http_credhub_bulk_start(ngx_credhub_op_t *op)
{
    ngx_http_credhub_bulk_t *ctx = op->ctx;

    return ngx_credhub_batch_regenerate(op, &ctx->batch, ctx->folded);
}


static ngx_credhub_rc_e
ngx_http_credhub_bulk_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_bulk_t *ctx = op->ctx;

    ngx_uint_t           i, n;
    credhub_buf_t        body;
    ngx_credhub_rc_e     rc;
    const credhub_str_t *names;

    names = ngx_credhub_batch_names(ctx->batch, &n);

    credhub_buf_init(&body, op->arena, 64 + n * 64);
    credhub_buf_lit(&body, "{\"regenerated_credentials\":[");

    for (i = 0; i < n; i++) {
        if (i != 0) {
            credhub_buf_lit(&body, ",");
        }

        credhub_json_add_string(&body, names[i]);
    }

    credhub_buf_lit(&body, "]}");

    rc = ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);

    if (rc != NGX_CREDHUB_DONE) {
        return rc;
    }

    op->settled = 1;

    return ngx_credhub_batch_fold(op, ctx->batch);
}
