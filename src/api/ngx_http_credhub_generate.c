
/*
 * POST /api/v1/data and POST /api/v1/regenerate: the hub makes the value.
 *
 * Between load and commit another node may write the same name. The commit
 * carries the version it was decided against, unless it replaces any; when that
 * is no longer the current one the operation loads and decides again, with the
 * value that it has already made where the same one is still wanted.
 */

#include "ngx_http_credhub_post.h"
#include "ngx_credhub_produce.h"
#include "ngx_credhub_system.h"


typedef struct {
    ngx_http_credhub_post_t post;
    ngx_credhub_produce_t   produce;
    credhub_version_t       existing;
    credhub_version_t       version;
    ngx_uint_t              retries;
    unsigned                exists:1;
    unsigned                produced:1;
    unsigned                replaces:1; /* whatever stands */
} ngx_http_credhub_generate_t;


static ngx_credhub_rc_e ngx_http_credhub_post_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_generate_parameters(
     ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_generate_load(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_generate_decide(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_http_credhub_generate_keeps(
          ngx_credhub_op_t *op, credhub_error_e *error);
static credhub_error_e ngx_http_credhub_regenerate_decide(ngx_credhub_op_t *op);
static ngx_uint_t      ngx_http_credhub_regenerate_same(
         const credhub_parameters_t *one, const credhub_parameters_t *two);
static ngx_credhub_rc_e ngx_http_credhub_generate_commit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_generate_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define FIELD(name)  offsetof(ngx_http_credhub_generate_t, post.name)

static const credhub_bind_t  ngx_http_credhub_regenerate_fields[] = {
    { "name", CREDHUB_BIND_STRING, FIELD(name), 1 },
    { "metadata", CREDHUB_BIND_RAW, FIELD(metadata), 1 },
    credhub_bind_end
};

/* "value" of a user that is generated */

static const credhub_bind_t  ngx_http_credhub_username_fields[] = {
    { "username", CREDHUB_BIND_STRING, 0, 1 },
    credhub_bind_end
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_http_credhub_post_steps[] = {
    ngx_http_credhub_post_parse,
    ngx_http_credhub_generate_load,
    ngx_http_credhub_generate_decide,
    ngx_http_credhub_generate_commit,
    ngx_http_credhub_generate_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_post = {
    "GENERATE",
    ngx_http_credhub_post_steps,
    sizeof(ngx_http_credhub_generate_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_regenerate_steps[] = {
    ngx_http_credhub_regenerate_parse,
    ngx_http_credhub_generate_load,
    ngx_http_credhub_generate_decide,
    ngx_http_credhub_generate_commit,
    ngx_http_credhub_generate_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_regenerate = {
    "REGENERATE",
    ngx_http_credhub_regenerate_steps,
    sizeof(ngx_http_credhub_generate_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_post_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_error_e       error;
    const credhub_type_t *type;

    error = ngx_http_credhub_post_bind(op, &ctx->post);

    type = credhub_type(ctx->post.type);

    if (type != NULL && type->own && !ctx->post.regenerate.value) {
        return ngx_credhub_op_become(
            op, &ngx_http_credhub_certificate_generate);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_post_check(
            op, &ctx->post, ngx_http_credhub_generate_parameters);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


/* Here a name is taken as it stands: without a slash there is none. */

static ngx_credhub_rc_e
ngx_http_credhub_regenerate_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;
    ngx_http_credhub_input_t    *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(op->arena, ngx_http_credhub_regenerate_fields,
        input->body, ctx, &op->detail);

    ctx->post.regenerate.value = 1;
    ngx_credhub_audit_named(op, ctx->post.name);

    if (error == CREDHUB_OK && ctx->post.name.len == 0) {
        error = CREDHUB_E_NO_NAME;
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_metadata(op, &ctx->post.metadata);
    }

    if (error == CREDHUB_E_METADATA_LONG) {
        error = CREDHUB_E_TOO_LARGE;
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_post_guard(op, &ctx->post);
    }

    if (error == CREDHUB_OK && ctx->post.name.data[0] != '/') {
        error = CREDHUB_E_CRED;
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_generate_parameters(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_str_t         username;
    credhub_error_e       error;
    credhub_parameters_t *parameters;

    ctx->produce.type = ctx->post.kind;
    parameters = &ctx->produce.parameters;

    if (ctx->post.parameters.data != NULL
        && credhub_json_kind(ctx->post.parameters) != CREDHUB_JSON_NULL)
    {
        error = credhub_bind(op->arena, ctx->produce.type->parameters,
            ctx->post.parameters, parameters, &op->detail);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    if (ctx->post.value.data != NULL
        && credhub_json_kind(ctx->post.value) != CREDHUB_JSON_NULL)
    {
        if (!credhub_str_eq(ctx->produce.type->name, credhub_str("user"))) {
            op->detail = credhub_str("value");
            return CREDHUB_E_UNKNOWN_KEY;
        }

        username = credhub_null_str;
        error = credhub_bind(op->arena, ngx_http_credhub_username_fields,
            ctx->post.value, &username, &op->detail);

        if (error != CREDHUB_OK) {
            return error;
        }

        if (username.len != 0) {
            parameters->username = username;
        }
    }

    return ctx->produce.type->check(parameters);
}


static ngx_credhub_rc_e
ngx_http_credhub_generate_load(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 3);

    if (call != NULL) {
        ngx_credhub_current_read(call, op->hub->store, ctx->post.folded, 1);
        ngx_credhub_read_only_check(call, op->hub->store);
        ngx_credhub_grants_read(call, op->hub->store, &ctx->post.guard);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_generate_decide(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    ngx_int_t             rc;
    credhub_error_e       error;
    const credhub_type_t *type;

    if (ngx_credhub_read_only_checked(op->call, 1)) {
        return ngx_credhub_op_error(op, CREDHUB_E_READ_ONLY);
    }

    if (!ngx_credhub_access_checked(op, &ctx->post.guard, CREDHUB_OP_WRITE, 2))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_DENIED);
    }

    rc = ngx_credhub_current_result(
        op->call, 0, ctx->post.folded, &ctx->existing, NULL);

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ctx->exists = (rc == NGX_OK);
    ctx->version.metadata = ctx->post.metadata;
    error = CREDHUB_OK;

    if (ctx->post.regenerate.value) {
        type = ctx->exists ? credhub_type(ctx->existing.type) : NULL;

        if (type != NULL && type->own) {
            return ngx_credhub_op_become(
                op, &ngx_http_credhub_certificate_regenerate);
        }

        error = ngx_http_credhub_regenerate_decide(op);

    } else if (ctx->exists && ngx_http_credhub_generate_keeps(op, &error)) {
        return ngx_credhub_version_answer(op, &ctx->existing);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->produced) {
        return NGX_CREDHUB_NEXT;
    }

    ctx->produced = 1;

    return ngx_credhub_produce(op, &ctx->produce);
}


/* Does the existing version stay? */

static ngx_uint_t
ngx_http_credhub_generate_keeps(ngx_credhub_op_t *op, credhub_error_e *error)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_content_t content;

    if (!credhub_str_eq(ctx->existing.type, ctx->produce.type->name)) {
        *error = ngx_credhub_version_unfit(
            op, &ctx->existing, CREDHUB_E_TYPE_MISMATCH);
        return 0;
    }

    switch (ngx_http_credhub_post_mode(&ctx->post)) {
    case NGX_HTTP_CREDHUB_KEEP:
        return 1;

    case NGX_HTTP_CREDHUB_REPLACE:
        ctx->replaces = 1;
        return 0;

    default:
        break;
    }

    *error = ngx_credhub_version_open(op, &ctx->existing, &content);

    return *error == CREDHUB_OK
           && !ctx->produce.type->differs(
               op->arena, &ctx->produce.parameters, &content);
}


/* The parameters of the existing version; metadata is kept unless given. */

static credhub_error_e
ngx_http_credhub_regenerate_decide(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_error_e       error;
    credhub_content_t     content;
    credhub_parameters_t  parameters;
    const credhub_type_t *type;

    if (!ctx->exists) {
        return CREDHUB_E_CRED;
    }

    type = credhub_type(ctx->existing.type);

    if (type == NULL || type->regenerate == NULL) {
        return ngx_credhub_version_unfit(
            op, &ctx->existing, CREDHUB_E_TYPE_REGENERATE);
    }

    if (ctx->post.metadata.data == NULL) {
        ctx->version.metadata = ctx->existing.metadata;
    }

    error = ngx_credhub_version_open(op, &ctx->existing, &content);

    if (error != CREDHUB_OK) {
        return error;
    }

    error = type->regenerate(op->arena, &content, &parameters);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (type != ctx->produce.type
        || !ngx_http_credhub_regenerate_same(
            &parameters, &ctx->produce.parameters))
    {
        ctx->produce.type = type;
        ctx->produce.parameters = parameters;
        ctx->produced = 0;
    }

    return CREDHUB_OK;
}


static ngx_uint_t
ngx_http_credhub_regenerate_same(
    const credhub_parameters_t *one, const credhub_parameters_t *two)
{
    return one->length.value == two->length.value
           && one->exclude_lower.value == two->exclude_lower.value
           && one->exclude_upper.value == two->exclude_upper.value
           && one->exclude_number.value == two->exclude_number.value
           && one->include_special.value == two->include_special.value
           && one->key_length.value == two->key_length.value
           && credhub_str_eq(one->key_type, two->key_type)
           && credhub_str_eq(one->key_curve, two->key_curve)
           && credhub_str_eq(one->username, two->username)
           && credhub_str_eq(one->ssh_comment, two->ssh_comment);
}


static ngx_credhub_rc_e
ngx_http_credhub_generate_commit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_str_t expect;

    ngx_credhub_produced(op, &ctx->produce);

    ctx->version.name = ctx->post.name;
    ctx->version.folded = ctx->post.folded;
    ctx->version.type = ctx->produce.type->name;

    if (ctx->replaces) {
        expect = credhub_null_str;

    } else {
        expect = ctx->exists ? ctx->existing.id : credhub_str("");
    }

    return ngx_credhub_version_commit(
        op, &ctx->produce.content, &ctx->version, expect, &ctx->post.guard);
}


static ngx_credhub_rc_e
ngx_http_credhub_generate_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_generate_t *ctx = op->ctx;

    credhub_error_e error;

    switch (ngx_credhub_credential_written(op->call, &ctx->version, &error)) {
    case NGX_OK:
        return ngx_credhub_version_answer(op, &ctx->version);

    case NGX_DECLINED:
        if (ctx->retries++ < NGX_CREDHUB_STALE_MAX) {
            return ngx_credhub_op_goto(op, ngx_http_credhub_generate_load);
        }

        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);

    default:
        return ngx_credhub_op_error(op, error);
    }
}
