
/*
 * PUT /api/v1/data: a client gives the value. A certificate goes its own way
 * from where its value has been checked, since it may name a CA.
 */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_certificate.h"
#include "ngx_credhub_produce.h"
#include "credhub_bind.h"


typedef struct {
    credhub_str_t name;
    credhub_str_t type;
    credhub_str_t value;
    credhub_str_t metadata;

    credhub_str_t         folded;
    ngx_credhub_guard_t   guard;
    ngx_credhub_produce_t produce;
    credhub_version_t     version;

    /* certificate */
    ngx_credhub_given_t              given;
    ngx_credhub_lookup_t             lookup;
    ngx_credhub_certificate_commit_t commit;
    ngx_uint_t                       retries;
} ngx_http_credhub_set_t;


static ngx_credhub_rc_e ngx_http_credhub_set_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_set_check(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_set_value(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_produce(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_commit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_lookup(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_certificate(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_set_certified(ngx_credhub_op_t *op);


/* clang-format off */

static const credhub_bind_t  ngx_http_credhub_set_fields[] = {
    { "name", CREDHUB_BIND_STRING,
      offsetof(ngx_http_credhub_set_t, name), 1 },
    { "type", CREDHUB_BIND_STRING,
      offsetof(ngx_http_credhub_set_t, type), 1 },
    { "value", CREDHUB_BIND_RAW,
      offsetof(ngx_http_credhub_set_t, value), 1 },
    { "metadata", CREDHUB_BIND_RAW,
      offsetof(ngx_http_credhub_set_t, metadata), 1 },
    credhub_bind_end
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_http_credhub_set_steps[] = {
    ngx_http_credhub_set_parse,
    ngx_http_credhub_set_produce,
    ngx_credhub_ready,
    ngx_http_credhub_set_commit,
    ngx_http_credhub_set_answer,

    ngx_http_credhub_set_lookup, /* certificate */
    ngx_http_credhub_set_certificate,
    ngx_http_credhub_set_certified,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_set = {
    "SET",
    ngx_http_credhub_set_steps,
    sizeof(ngx_http_credhub_set_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_set_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t   *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(
        op->arena, ngx_http_credhub_set_fields, input->body, ctx, &op->detail);

    ngx_credhub_audit_typed(op, ctx->name, ctx->type);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_set_check(op);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    return ctx->produce.type->own
               ? ngx_credhub_op_goto(op, ngx_http_credhub_set_lookup)
               : NGX_CREDHUB_NEXT;
}


static credhub_error_e
ngx_http_credhub_set_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_set_value(op);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_name_check(op, &ctx->name);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->produce.type == NULL) {
        return CREDHUB_E_TYPE_SET;
    }

    error = ngx_credhub_metadata(op, &ctx->metadata);

    if (error != CREDHUB_OK) {
        return error;
    }

    error = ngx_credhub_access_name(op, ctx->name, &ctx->folded);

    if (error != CREDHUB_OK) {
        return error;
    }

    return ngx_credhub_access_guard(
        op, CREDHUB_OP_WRITE, ctx->folded, &ctx->guard);
}


/*
 * A bad value is told before a missing right. So what is fast is produced here
 * already, what is slow is only checked.
 */

static credhub_error_e
ngx_http_credhub_set_value(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    const credhub_type_t *type;

    if (ctx->value.data == NULL
        || credhub_json_kind(ctx->value) == CREDHUB_JSON_NULL)
    {
        return CREDHUB_E_NO_VALUE;
    }

    type = credhub_type(ctx->type);

    if (type == NULL) {
        return CREDHUB_OK;
    }

    if (credhub_type_value_size(type, ctx->value) > CREDHUB_VALUE_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    ctx->produce.type = type;
    ctx->produce.value = ctx->value;

    if (type->own) {
        return ngx_credhub_given(op, ctx->value, &ctx->given);
    }

    if (type->slow_set) {
        return type->check_value(op->arena, ctx->value, &op->detail);
    }

    return type->set(
        op->arena, ctx->value, NULL, &ctx->produce.content, &op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_set_produce(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    return ctx->produce.type->slow_set ? ngx_credhub_produce(op, &ctx->produce)
                                       : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_set_commit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    ngx_credhub_produced(op, &ctx->produce);

    ctx->version.name = ctx->name;
    ctx->version.folded = ctx->folded;
    ctx->version.type = ctx->produce.type->name;
    ctx->version.metadata = ctx->metadata;

    return ngx_credhub_version_commit(op, &ctx->produce.content, &ctx->version,
        credhub_null_str, &ctx->guard);
}


static ngx_credhub_rc_e
ngx_http_credhub_set_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_credential_written(op->call, &ctx->version, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return ngx_credhub_version_answer(op, &ctx->version);
}


static ngx_credhub_rc_e
ngx_http_credhub_set_lookup(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    ctx->lookup.name = ctx->name;
    ctx->lookup.folded = ctx->folded;
    ctx->lookup.operation = CREDHUB_OP_WRITE;
    ctx->lookup.ca_name = ctx->given.certificate.ca_name;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_set_certificate(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        ctx->commit.version.metadata = ctx->metadata;
        ctx->commit.guard = &ctx->guard;

        error = ngx_credhub_given_commit(
            op, &ctx->given, &ctx->lookup, &ctx->commit);
    }

    return error == CREDHUB_OK
               ? ngx_credhub_certificate_commit(op, &ctx->commit)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_set_certified(ngx_credhub_op_t *op)
{
    ngx_http_credhub_set_t *ctx = op->ctx;

    credhub_error_e error;

    switch (
        ngx_credhub_certificate_written(op->call, &ctx->commit.version, &error))
    {
    case NGX_OK:
        return ngx_credhub_version_answer(op, &ctx->commit.version);

    case NGX_DECLINED:
        if (ctx->retries++ < NGX_CREDHUB_STALE_MAX) {
            return ngx_credhub_op_goto(op, ngx_http_credhub_set_lookup);
        }

        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);

    default:
        return ngx_credhub_op_error(op, error);
    }
}
