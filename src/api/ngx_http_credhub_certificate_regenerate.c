
/*
 * A certificate is regenerated: by name, from its newest version, once the
 * generic operation has found that the name is a certificate; and by POST
 * /api/v1/certificates/{id}/regenerate, from its active version. When it or its
 * CA changes meanwhile it is looked up and decided again.
 */

#include "ngx_http_credhub_post.h"
#include "ngx_credhub_renew.h"
#include "credhub_name.h"


#define NGX_HTTP_CREDHUB_REGENERATE_DAYS_MAX  36500
#define NGX_HTTP_CREDHUB_REGENERATE_DAYS_TEXT "36500"


typedef struct {
    ngx_http_credhub_post_t post; /* by id: metadata and guard */

    /* by id */
    credhub_flag_t transitional;
    credhub_flag_t transitional_parent;
    credhub_int_t  key_length;
    credhub_int_t  duration;

    ngx_credhub_lookup_t  lookup;
    ngx_credhub_renewal_t renewal;
} ngx_http_credhub_regenerate_t;


static ngx_credhub_rc_e ngx_http_credhub_regenerate_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_regenerate_name(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_parse_id(
    ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_regenerate_body(ngx_credhub_op_t *op);
static void             ngx_http_credhub_regenerate_audit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_lookup(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_newest(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_active(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_base(
    ngx_credhub_op_t *op, credhub_version_t *base);
static credhub_error_e ngx_http_credhub_regenerate_changes(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_ca(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_regenerate_again(ngx_credhub_op_t *op);


/* clang-format off */

#define FIELD(name)  offsetof(ngx_http_credhub_regenerate_t, name)

static const credhub_bind_t  ngx_http_credhub_regenerate_fields[] = {
    { "set_as_transitional", CREDHUB_BIND_BOOL, FIELD(transitional), 0 },
    { "allow_transitional_parent_to_sign", CREDHUB_BIND_BOOL,
      FIELD(transitional_parent), 0 },
    { "key_length", CREDHUB_BIND_INT, FIELD(key_length), 1 },
    { "duration", CREDHUB_BIND_INT, FIELD(duration), 1 },
    { "metadata", CREDHUB_BIND_RAW, FIELD(post.metadata), 1 },
    credhub_bind_end
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_http_credhub_regenerate_steps[] = {
    ngx_http_credhub_regenerate_parse,
    ngx_http_credhub_regenerate_lookup,
    ngx_http_credhub_regenerate_newest,
    ngx_http_credhub_regenerate_ca,
    ngx_http_credhub_regenerate_again,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_regenerate = {
    "REGENERATE",
    ngx_http_credhub_regenerate_steps,
    sizeof(ngx_http_credhub_regenerate_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_regenerate_id_steps[] = {
    ngx_http_credhub_regenerate_parse_id,
    ngx_http_credhub_regenerate_lookup,
    ngx_http_credhub_regenerate_active,
    ngx_http_credhub_regenerate_ca,
    ngx_http_credhub_regenerate_again,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_regenerate_by_id = {
    "REGENERATE_CERTIFICATE",
    ngx_http_credhub_regenerate_id_steps,
    sizeof(ngx_http_credhub_regenerate_t),
};


/* The body was checked before it was known that the name is a certificate. */

static ngx_credhub_rc_e
ngx_http_credhub_regenerate_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_regenerate_name(op);

    ctx->lookup.name = ctx->post.name;
    ctx->lookup.folded = ctx->post.folded;
    ctx->lookup.operation = CREDHUB_OP_WRITE;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static credhub_error_e
ngx_http_credhub_regenerate_name(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_post_bind(op, &ctx->post);
    op->action = op->operation->name;

    if (error == CREDHUB_OK) {
        error = ngx_credhub_metadata(op, &ctx->post.metadata);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    ctx->post.name = credhub_name_slash(op->arena, ctx->post.name);

    return ctx->post.name.data != NULL
               ? ngx_http_credhub_post_guard(op, &ctx->post)
               : CREDHUB_E_INTERNAL;
}


static ngx_credhub_rc_e
ngx_http_credhub_regenerate_parse_id(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;
    ngx_http_credhub_input_t      *input = op->input;

    credhub_error_e error;

    error = ngx_http_credhub_regenerate_body(op);
    ngx_http_credhub_regenerate_audit(op);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_lookup_id(op, &ctx->lookup, input->params[0]);
    }

    ctx->lookup.operation = CREDHUB_OP_WRITE;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_regenerate_body(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;
    ngx_http_credhub_input_t      *input = op->input;

    credhub_error_e error;

    if (input->body.len == 0) {
        return CREDHUB_OK;
    }

    error = credhub_bind_document(op->arena, ngx_http_credhub_regenerate_fields,
        input->body, ctx, &op->detail);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_metadata(op, &ctx->post.metadata);
    }

    if (error == CREDHUB_E_METADATA_LONG) {
        return CREDHUB_E_TOO_LARGE;
    }

    if (error == CREDHUB_OK && ctx->duration.set
        && (ctx->duration.value < 1
            || ctx->duration.value > NGX_HTTP_CREDHUB_REGENERATE_DAYS_MAX))
    {
        op->detail = credhub_str(NGX_HTTP_CREDHUB_REGENERATE_DAYS_TEXT);
        return CREDHUB_E_DURATION;
    }

    return error;
}


static void
ngx_http_credhub_regenerate_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    const ngx_credhub_detail_t details[] = {
        { "transitional", NGX_CREDHUB_DETAIL_FLAG,
            ctx->transitional.value ? credhub_str("true")
                                    : credhub_str("false") },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);
}


static ngx_credhub_rc_e
ngx_http_credhub_regenerate_lookup(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    ctx->lookup.ca_name = credhub_null_str; /* of an earlier try */

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_regenerate_newest(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK && ctx->lookup.found.credential.len == 0) {
        error = CREDHUB_E_CRED;
    }

    return error == CREDHUB_OK
               ? ngx_http_credhub_regenerate_base(op, ctx->lookup.found.newest)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_regenerate_active(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e            error;
    ngx_credhub_certificate_t *found;

    found = &ctx->lookup.found;
    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE, ctx->lookup.folded, &ctx->post.guard);
    }

    if (error == CREDHUB_OK && found->active == NULL) {
        error = CREDHUB_E_CRED;
    }

    if (error == CREDHUB_OK && ctx->transitional.value
        && found->transitional != NULL)
    {
        error = CREDHUB_E_TOO_MANY_TRANSITIONAL;
    }

    return error == CREDHUB_OK
               ? ngx_http_credhub_regenerate_base(op, found->active)
               : ngx_credhub_op_error(op, error);
}


/* What the version is becomes what is asked for; its CA is looked up. */

static ngx_credhub_rc_e
ngx_http_credhub_regenerate_base(ngx_credhub_op_t *op, credhub_version_t *base)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e        error;
    ngx_credhub_renewal_t *renewal;

    renewal = &ctx->renewal;
    error = ngx_credhub_certificate_profile(op, base, &renewal->profile);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_regenerate_changes(op);
    }

    if (error == CREDHUB_OK && !renewal->profile.self_signed
        && base->signer.len == 0)
    {
        error = CREDHUB_E_NOT_REGENERABLE_CERT;
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    renewal->lookup = &ctx->lookup;
    renewal->expect = ctx->lookup.found.stamp;
    renewal->guard = &ctx->post.guard;
    renewal->transitional = ctx->transitional.value;
    renewal->metadata =
        ctx->post.metadata.data != NULL ? ctx->post.metadata : base->metadata;

    return renewal->profile.self_signed
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_lookup_ca(op, &ctx->lookup, base->signer);
}


/* By id a request may ask for another duration and key length. */

static credhub_error_e
ngx_http_credhub_regenerate_changes(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_key_kind_t *key;

    key = &ctx->renewal.profile.key;

    if (ctx->duration.set) {
        ctx->renewal.profile.duration = ctx->duration.value;
    }

    if (!ctx->key_length.set) {
        return CREDHUB_OK;
    }

    if (key->type != CREDHUB_KEY_RSA) {
        return ctx->key_length.value == key->bits ? CREDHUB_OK
                                                  : CREDHUB_E_KEY_LENGTH;
    }

    if (!credhub_key_length_valid(ctx->key_length.value)) {
        return CREDHUB_E_KEY_LENGTH;
    }

    key->bits = (unsigned) ctx->key_length.value;

    return CREDHUB_OK;
}


/* By name its CA has to be readable, as the certificate has to be writable. */

static ngx_credhub_rc_e
ngx_http_credhub_regenerate_ca(ngx_credhub_op_t *op)
{
    ngx_http_credhub_regenerate_t *ctx = op->ctx;

    credhub_error_e            error;
    ngx_credhub_renewal_t     *renewal = &ctx->renewal;
    ngx_credhub_certificate_t *ca = &ctx->lookup.ca;

    if (renewal->profile.self_signed) {
        renewal->signer = NULL;
        return ngx_credhub_renew(op, renewal);
    }

    error = ngx_credhub_looked_up_ca(op, &ctx->lookup, ctx->lookup.id.len == 0);

    if (error == CREDHUB_E_CA_HIDDEN) {
        error = CREDHUB_E_CRED_HIDDEN;
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    renewal->signer = ca->active;

    if (ctx->transitional_parent.value && ca->transitional != NULL
        && credhub_str_eq(ca->transitional->id, ca->newest->id))
    {
        renewal->signer = ca->transitional;
    }

    return renewal->signer != NULL ? ngx_credhub_renew(op, renewal)
                                   : ngx_credhub_op_error(op, CREDHUB_E_CA);
}


static ngx_credhub_rc_e
ngx_http_credhub_regenerate_again(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_goto(op, ngx_http_credhub_regenerate_lookup);
}
