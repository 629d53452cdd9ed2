
/*
 * /api/v1/certificates/{id}/versions: the versions of a certificate, one more
 * that a client gives, and deleting one. A write is refused when the
 * certificate has changed since it was looked up; then all is decided again.
 */

#include "ngx_http_credhub_query.h"
#include "ngx_http_credhub_views.h"
#include "ngx_credhub_batch.h"


typedef struct {
    ngx_uint_t                 current;
    ngx_uint_t                 chain;
    ngx_credhub_lookup_t       lookup;
    credhub_version_t          pair[NGX_HTTP_CREDHUB_PAIR]; /* current */
    ngx_uint_t                 n;
    ngx_http_credhub_history_t history;
    credhub_buf_t              body;
} ngx_http_credhub_vers_t;


typedef struct {
    credhub_str_t  value;
    credhub_flag_t transitional;

    ngx_credhub_given_t              given;
    ngx_credhub_lookup_t             lookup;
    ngx_credhub_guard_t              guard;
    ngx_credhub_certificate_commit_t commit;
    ngx_credhub_batch_t             *batch;
    ngx_uint_t                       retries;
} ngx_http_credhub_vers_add_t;


typedef struct {
    u_char               id[CREDHUB_UUID_LEN];
    ngx_credhub_lookup_t lookup;
    ngx_credhub_guard_t  guard;
    credhub_buf_t        body;
    ngx_credhub_batch_t *batch;
    unsigned             retrust:1; /* the transitional version goes */
    ngx_uint_t           retries;
} ngx_http_credhub_vers_del_t;


static ngx_credhub_rc_e ngx_http_credhub_vers_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_found(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_pair(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_history(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_end(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_vers_add_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_vers_add_audit(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_vers_add_value(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_add_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_add_found(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_vers_add_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_add_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_add_answer(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_vers_del_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_del_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_del_found(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_del_view(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_del_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_vers_del_answer(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_vers_settle(
    ngx_credhub_op_t *op, ngx_credhub_rc_e rc, ngx_credhub_batch_t *batch);
static ngx_credhub_rc_e ngx_http_credhub_vers_again(ngx_credhub_op_t *op,
    ngx_uint_t *retries, ngx_credhub_step_pt step, ngx_credhub_batch_t *batch);


/* clang-format off */

static const credhub_bind_t  ngx_http_credhub_vers_add_fields[] = {
    { "value", CREDHUB_BIND_RAW,
      offsetof(ngx_http_credhub_vers_add_t, value), 1 },
    { "transitional", CREDHUB_BIND_BOOL,
      offsetof(ngx_http_credhub_vers_add_t, transitional), 0 },
    credhub_bind_end
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_http_credhub_vers_steps[] = {
    ngx_http_credhub_vers_parse,
    ngx_http_credhub_vers_found,
    ngx_http_credhub_vers_pair, /* current=true */
    ngx_http_credhub_vers_history,
    ngx_http_credhub_vers_end,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_versions = {
    "GET_CERTIFICATE_VERSIONS",
    ngx_http_credhub_vers_steps,
    sizeof(ngx_http_credhub_vers_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_vers_add_steps[] = {
    ngx_http_credhub_vers_add_parse,
    ngx_http_credhub_vers_add_find,
    ngx_http_credhub_vers_add_found,
    ngx_http_credhub_vers_add_write,
    ngx_http_credhub_vers_add_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_version_add = {
    "ADD_CERTIFICATE_VERSION",
    ngx_http_credhub_vers_add_steps,
    sizeof(ngx_http_credhub_vers_add_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_vers_del_steps[] = {
    ngx_http_credhub_vers_del_parse,
    ngx_http_credhub_vers_del_find,
    ngx_http_credhub_vers_del_found,
    ngx_http_credhub_vers_del_view,
    ngx_http_credhub_vers_del_write,
    ngx_http_credhub_vers_del_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_version_delete = {
    "DELETE_CERTIFICATE_VERSION",
    ngx_http_credhub_vers_del_steps,
    sizeof(ngx_http_credhub_vers_del_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_vers_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_t  *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e            error;
    const ngx_credhub_detail_t details[] = {
        { "uuid", NGX_CREDHUB_DETAIL_STRING, input->params[0] },
        { "current", NGX_CREDHUB_DETAIL_FLAG,
            credhub_query_value(&input->query, "current") },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);

    error = ngx_http_credhub_query_flag(op, "current", &ctx->current);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_query_flag(op, "chain", &ctx->chain);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_lookup_id(op, &ctx->lookup, input->params[0]);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    ctx->lookup.operation = CREDHUB_OP_READ;

    credhub_buf_init(&ctx->body, op->arena, 4096);
    credhub_buf_lit(&ctx->body, "[");

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (!ctx->current) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_vers_history);
    }

    ctx->n = ngx_http_credhub_views_pair(&ctx->lookup.found, ctx->pair);

    return ngx_http_credhub_views_show(op, ctx->pair, ctx->n, ctx->chain);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_pair(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_views_add(op, &ctx->body, ctx->pair, ctx->n);

    return error == CREDHUB_OK
               ? ngx_credhub_op_goto(op, ngx_http_credhub_vers_end)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_history(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_t *ctx = op->ctx;

    ctx->history.name = ctx->lookup.folded;
    ctx->history.credential = ctx->lookup.id;
    ctx->history.wanted = NGX_MAX_INT_T_VALUE;
    ctx->history.chain = ctx->chain;
    ctx->history.body = &ctx->body;

    return ngx_http_credhub_history(op, &ctx->history);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_end(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_t *ctx = op->ctx;

    credhub_buf_lit(&ctx->body, "]");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &ctx->body);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_add_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;
    ngx_http_credhub_input_t    *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(op->arena, ngx_http_credhub_vers_add_fields,
        input->body, ctx, &op->detail);

    ngx_http_credhub_vers_add_audit(op);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_vers_add_value(op);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_lookup_id(op, &ctx->lookup, input->params[0]);
    }

    ctx->lookup.operation = CREDHUB_OP_WRITE;
    ctx->lookup.ca_name = ctx->given.certificate.ca_name;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static void
ngx_http_credhub_vers_add_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;
    ngx_http_credhub_input_t    *input = op->input;

    const ngx_credhub_detail_t details[] = {
        { "uuid", NGX_CREDHUB_DETAIL_STRING, input->params[0] },
        { "transitional", NGX_CREDHUB_DETAIL_FLAG,
            ctx->transitional.value ? credhub_str("true")
                                    : credhub_str("false") },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);
}


static credhub_error_e
ngx_http_credhub_vers_add_value(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    const credhub_type_t *type;

    if (ctx->value.data == NULL
        || credhub_json_kind(ctx->value) == CREDHUB_JSON_NULL)
    {
        return CREDHUB_E_NO_VALUE;
    }

    type = credhub_type(credhub_str("certificate"));

    return credhub_type_value_size(type, ctx->value) > CREDHUB_VALUE_MAX
               ? CREDHUB_E_TOO_LARGE
               : ngx_credhub_given(op, ctx->value, &ctx->given);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_add_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


/* A new transitional version of a CA is trusted by its children at once. */

static ngx_credhub_rc_e
ngx_http_credhub_vers_add_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    credhub_error_e            error;
    ngx_credhub_certificate_t *found = &ctx->lookup.found;

    error = ngx_http_credhub_vers_add_check(op);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return ctx->transitional.value && op->hub->concatenate_cas
               ? ngx_credhub_batch_retrust(op, &ctx->batch, found,
                   found->active, ctx->given.certificate.certificate)
               : NGX_CREDHUB_NEXT;
}


static credhub_error_e
ngx_http_credhub_vers_add_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    credhub_error_e            error;
    ngx_credhub_certificate_t *found = &ctx->lookup.found;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE, ctx->lookup.folded, &ctx->guard);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_given_commit(
            op, &ctx->given, &ctx->lookup, &ctx->commit);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    ctx->commit.guard = &ctx->guard;
    ctx->commit.write.expect = found->stamp;
    ctx->commit.write.transitional = ctx->transitional.value;
    ctx->commit.write.signed_count = found->signed_count;

    return ctx->transitional.value && found->transitional != NULL
               ? CREDHUB_E_TOO_MANY_TRANSITIONAL
               : CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_add_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    ngx_credhub_certificate_write_t *write = &ctx->commit.write;

    write->batch_id = ngx_credhub_batch_id(ctx->batch);
    write->batch = write->batch_id.data != NULL ? NGX_CREDHUB_BATCH_COMMIT
                                                : NGX_CREDHUB_BATCH_NONE;

    return ngx_credhub_certificate_commit(op, &ctx->commit);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_add_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_add_t *ctx = op->ctx;

    ngx_int_t          rc;
    credhub_error_e    error;
    credhub_version_t *version = &ctx->commit.version;

    error = CREDHUB_E_INTERNAL;
    rc = ngx_credhub_certificate_written(op->call, version, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_credhub_vers_again(
            op, &ctx->retries, ngx_http_credhub_vers_add_find, ctx->batch);
    }

    return rc == NGX_OK ? ngx_http_credhub_vers_settle(
               op, ngx_credhub_version_answer(op, version), ctx->batch)
                        : ngx_credhub_batch_refused(op, ctx->batch, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_del_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;
    ngx_http_credhub_input_t    *input = op->input;

    credhub_error_e            error;
    const ngx_credhub_detail_t details[] = {
        { "uuid", NGX_CREDHUB_DETAIL_STRING, input->params[0] },
        { "version", NGX_CREDHUB_DETAIL_STRING, input->params[1] },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);

    error = ngx_credhub_lookup_id(op, &ctx->lookup, input->params[0]);

    if (error == CREDHUB_OK
        && credhub_uuid_parse(input->params[1], ctx->id) != 0) {
        error = CREDHUB_E_CRED;
    }

    ctx->lookup.operation = CREDHUB_OP_DELETE;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_del_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_del_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_DELETE, ctx->lookup.folded, &ctx->guard);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_version_read(call, op->hub->store,
            (credhub_str_t){ CREDHUB_UUID_LEN, ctx->id }, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


/* The answer is there before anything is deleted: what cannot be shown stays.
 * The children of a CA that loses its transitional version trust it no more. */

static ngx_credhub_rc_e
ngx_http_credhub_vers_del_view(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;

    credhub_error_e            error;
    credhub_version_t          version;
    ngx_credhub_grants_t       grants;
    ngx_credhub_certificate_t *found = &ctx->lookup.found;

    error = CREDHUB_E_CRED;

    if (ngx_credhub_version_result(op->call, &version, &grants, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    /* the id is not proved, the name is */

    if (!credhub_str_eq(version.credential, ctx->lookup.id)
        || !credhub_str_eq(version.folded, ctx->lookup.folded))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    ngx_credhub_audit_version(op, &version);

    credhub_buf_init(
        &ctx->body, op->arena, credhub_version_view_size(&version));
    error = ngx_credhub_version_append(op, &ctx->body, &version);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ctx->retrust = op->hub->concatenate_cas && found->active != NULL
                   && found->transitional != NULL
                   && credhub_str_eq(found->transitional->id, version.id);

    return ctx->retrust ? ngx_credhub_batch_retrust(
               op, &ctx->batch, found, found->active, credhub_null_str)
                        : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_del_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;

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
        ngx_credhub_version_delete(call, op->hub->store, &ctx->lookup.found,
            (credhub_str_t){ CREDHUB_UUID_LEN, ctx->id }, batch, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_del_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_vers_del_t *ctx = op->ctx;

    ngx_int_t       rc;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;
    rc = ngx_credhub_version_deleted(op->call, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_credhub_vers_again(
            op, &ctx->retries, ngx_http_credhub_vers_del_find, ctx->batch);
    }

    return rc == NGX_OK ? ngx_http_credhub_vers_settle(op,
               ngx_credhub_op_answer(op, NGX_HTTP_OK, &ctx->body),
               ctx->retrust ? ctx->batch : NULL)
                        : ngx_credhub_batch_refused(op, ctx->batch, error);
}


/* What was written has been answered; the versions of its children follow. */

static ngx_credhub_rc_e
ngx_http_credhub_vers_settle(
    ngx_credhub_op_t *op, ngx_credhub_rc_e rc, ngx_credhub_batch_t *batch)
{
    if (rc != NGX_CREDHUB_DONE) {
        return rc;
    }

    op->settled = 1;

    return ngx_credhub_batch_fold(op, batch);
}


static ngx_credhub_rc_e
ngx_http_credhub_vers_again(ngx_credhub_op_t *op, ngx_uint_t *retries,
    ngx_credhub_step_pt step, ngx_credhub_batch_t *batch)
{
    credhub_error_e error;

    error = (*retries)++ < NGX_CREDHUB_STALE_MAX ? CREDHUB_OK : CREDHUB_E_BUSY;

    (void) ngx_credhub_op_goto(op, step);

    return ngx_credhub_batch_refused(op, batch, error);
}
