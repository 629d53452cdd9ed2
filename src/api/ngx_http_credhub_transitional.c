
/*
 * PUT /api/v1/certificates/{id}/update_transitional_version: which version of a
 * certificate is the transitional one, if any. The write is refused when the
 * certificate has changed since it was looked up; then all is decided again.
 */

#include "ngx_http_credhub_views.h"
#include "ngx_credhub_batch.h"


typedef struct {
    credhub_str_t version; /* as asked; data NULL: none */
    u_char        id[CREDHUB_UUID_LEN];

    ngx_credhub_lookup_t lookup;
    ngx_credhub_guard_t  guard;
    ngx_uint_t           retries;

    /* what its children are to trust, if that changes */
    unsigned                 retrust:1;
    const credhub_version_t *active;
    const credhub_version_t *transitional;
    credhub_version_t        other;
    ngx_credhub_batch_t     *batch;
} ngx_http_credhub_trans_t;


static ngx_credhub_rc_e ngx_http_credhub_trans_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_trans_audit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_found(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_trans_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_decide(
    ngx_credhub_op_t *op, credhub_str_t id);
static ngx_credhub_rc_e ngx_http_credhub_trans_other(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_retrust(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_written(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trans_answer(ngx_credhub_op_t *op);

static ngx_uint_t ngx_http_credhub_trans_latest(
    const ngx_http_credhub_trans_t *ctx);
static ngx_uint_t ngx_http_credhub_trans_is(
    const credhub_version_t *version, credhub_str_t id);
static ngx_credhub_rc_e ngx_http_credhub_trans_again(ngx_credhub_op_t *op);


/* clang-format off */

static const credhub_bind_t  ngx_http_credhub_trans_fields[] = {
    { "version", CREDHUB_BIND_STRING,
      offsetof(ngx_http_credhub_trans_t, version), 1 },
    credhub_bind_end
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_http_credhub_trans_steps[] = {
    ngx_http_credhub_trans_parse,
    ngx_http_credhub_trans_find,
    ngx_http_credhub_trans_found,
    ngx_http_credhub_trans_other,
    ngx_http_credhub_trans_retrust,
    ngx_http_credhub_trans_write,
    ngx_http_credhub_trans_written,
    ngx_http_credhub_trans_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_transitional_update = {
    "UPDATE_TRANSITIONAL_VERSION",
    ngx_http_credhub_trans_steps,
    sizeof(ngx_http_credhub_trans_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_trans_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(op->arena, ngx_http_credhub_trans_fields,
        input->body, ctx, &op->detail);

    ngx_http_credhub_trans_audit(op);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_lookup_id(op, &ctx->lookup, input->params[0]);
    }

    ctx->lookup.operation = CREDHUB_OP_WRITE;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static void
ngx_http_credhub_trans_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    const ngx_credhub_detail_t details[] = {
        { "version", NGX_CREDHUB_DETAIL_STRING, ctx->version },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_str_t              id;
    credhub_error_e            error;
    ngx_credhub_certificate_t *found = &ctx->lookup.found;

    error = ngx_http_credhub_trans_check(op);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    id = ngx_http_credhub_trans_latest(ctx) ? found->newest->id : ctx->version;

    ctx->retrust = op->hub->concatenate_cas
                   && !(id.data == NULL ? found->transitional == NULL
                                        : ngx_http_credhub_trans_is(
                                            found->transitional, id));

    return ctx->retrust ? ngx_http_credhub_trans_decide(op, id)
                        : ngx_credhub_op_goto(op, ngx_http_credhub_trans_write);
}


/* A text that is no id cannot be one of a version. */

static credhub_error_e
ngx_http_credhub_trans_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE, ctx->lookup.folded, &ctx->guard);
    }

    if (error != CREDHUB_OK || ctx->version.data == NULL
        || ngx_http_credhub_trans_latest(ctx))
    {
        return error;
    }

    if (credhub_uuid_parse(ctx->version, ctx->id) != 0) {
        return CREDHUB_E_MISMATCHED_VERSION;
    }

    ctx->version.data = ctx->id;

    return CREDHUB_OK;
}


/*
 * What the versions in force will be. Of the look-up the newest one is known,
 * and the two in force; which of the others will be active when the newest one
 * no longer is, or what another one says, has to be read.
 */

static ngx_credhub_rc_e
ngx_http_credhub_trans_decide(ngx_credhub_op_t *op, credhub_str_t id)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    ngx_credhub_call_t        *call;
    ngx_credhub_certificate_t *found = &ctx->lookup.found;

    ctx->active = found->newest;
    ctx->transitional = NULL;

    if (id.data == NULL) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_trans_retrust);
    }

    if (!ngx_http_credhub_trans_is(found->newest, id)
        && ngx_http_credhub_trans_is(found->active, id))
    {
        ctx->transitional = found->active;
        return ngx_credhub_op_goto(op, ngx_http_credhub_trans_retrust);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (ngx_http_credhub_trans_is(found->newest, id)) {
        ctx->transitional = found->newest;
        ngx_credhub_versions_read(call, op->hub->store, found->folded, 2,
            credhub_null_str, credhub_null_str);

    } else {
        ngx_credhub_version_read(call, op->hub->store, id, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_other(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    ngx_int_t            rc;
    ngx_uint_t           n;
    credhub_str_t        cursor;
    credhub_error_e      error;
    credhub_version_t   *versions;
    ngx_credhub_grants_t grants;

    if (ctx->transitional == NULL) {
        error = CREDHUB_E_MISMATCHED_VERSION;
        rc = ngx_credhub_version_result(op->call, &ctx->other, &grants, &error);

        if (rc != NGX_OK) {
            return ngx_credhub_op_error(op, error);
        }

        ctx->transitional = &ctx->other;

        /* the id is not proved, the name is */

        return credhub_str_eq(
                   ctx->other.credential, ctx->lookup.found.credential)
                       && credhub_str_eq(ctx->other.folded, ctx->lookup.folded)
                   ? NGX_CREDHUB_NEXT
                   : ngx_credhub_op_error(op, CREDHUB_E_MISMATCHED_VERSION);
    }

    rc = ngx_credhub_versions_result(
        op->call, &versions, &n, &cursor, &grants, &error);

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, error);
    }

    if (rc == NGX_DECLINED || n == 0
        || !credhub_str_eq(versions[0].id, ctx->transitional->id))
    {
        return ngx_http_credhub_trans_again(op);
    }

    ctx->active = n == 2 ? &versions[1] : NULL;

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_retrust(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_str_t   transitional;
    credhub_error_e error;

    error = CREDHUB_OK;
    transitional = credhub_null_str;

    if (ctx->transitional != NULL) {
        error =
            ngx_credhub_certificate_text(op, ctx->transitional, &transitional);
    }

    return error == CREDHUB_OK ? ngx_credhub_batch_retrust(
               op, &ctx->batch, &ctx->lookup.found, ctx->active, transitional)
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_str_t       batch;
    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    batch = ctx->retrust ? ngx_credhub_batch_id(ctx->batch) : credhub_null_str;
    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_transitional_write(call, op->hub->store, &ctx->lookup.found,
            ctx->version, batch, &full);
    }

    return ngx_credhub_op_send(op, call);
}


/* The answer is what is in force now. Nobody is asked again whether this may be
 * read: it is the answer to the write. */

static ngx_credhub_rc_e
ngx_http_credhub_trans_written(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    switch (ngx_credhub_transitional_written(op->call, &error)) {
    case NGX_OK:
        return ngx_credhub_lookup_ca(op, &ctx->lookup, ctx->lookup.name);

    case NGX_DECLINED:
        return ngx_http_credhub_trans_again(op);

    default:
        return ngx_credhub_batch_refused(op, ctx->batch, error);
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    ngx_uint_t        n;
    credhub_buf_t     body;
    credhub_error_e   error;
    credhub_version_t pair[NGX_HTTP_CREDHUB_PAIR];

    error = ngx_credhub_looked_up_ca(op, &ctx->lookup, 0);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(
            op, error == CREDHUB_E_CA ? CREDHUB_E_CRED : error);
    }

    if (ctx->lookup.ca.transitional != NULL) {
        op->version_id = ctx->lookup.ca.transitional->id;
    }

    n = ngx_http_credhub_views_pair(&ctx->lookup.ca, pair);

    credhub_buf_init(&body, op->arena, 4096);
    credhub_buf_lit(&body, "[");
    error = ngx_http_credhub_views_add(op, &body, pair, n);
    credhub_buf_lit(&body, "]");

    if (error != CREDHUB_OK || body.failed) {
        return ngx_credhub_op_error(
            op, error != CREDHUB_OK ? error : CREDHUB_E_INTERNAL);
    }

    (void) ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
    op->settled = 1;

    return ctx->retrust ? ngx_credhub_batch_fold(op, ctx->batch)
                        : NGX_CREDHUB_DONE;
}


static ngx_uint_t
ngx_http_credhub_trans_latest(const ngx_http_credhub_trans_t *ctx)
{
    return credhub_str_eq(ctx->version, credhub_str("latest"));
}


static ngx_uint_t
ngx_http_credhub_trans_is(const credhub_version_t *version, credhub_str_t id)
{
    return version != NULL && credhub_str_eq(version->id, id);
}


static ngx_credhub_rc_e
ngx_http_credhub_trans_again(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trans_t *ctx = op->ctx;

    credhub_error_e error;

    error =
        ctx->retries++ < NGX_CREDHUB_STALE_MAX ? CREDHUB_OK : CREDHUB_E_BUSY;

    (void) ngx_credhub_op_goto(op, ngx_http_credhub_trans_find);

    return ngx_credhub_batch_refused(op, ctx->batch, error);
}
