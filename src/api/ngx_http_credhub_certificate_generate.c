
/*
 * POST /api/v1/data for a certificate. Between look-up and write it is looked up
 * and decided again whenever the certificate or its CA has changed.
 */

#include "ngx_http_credhub_post.h"
#include "ngx_credhub_renew.h"
#include "credhub_name.h"


typedef struct {
    ngx_http_credhub_post_t post;
    credhub_x509_profile_t  asked;
    ngx_credhub_lookup_t    lookup;
    ngx_credhub_renewal_t   renewal;
} ngx_http_credhub_certificate_t;


static ngx_credhub_rc_e ngx_http_credhub_certificate_parse(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_certificate_parameters(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certificate_lookup(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certificate_decide(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_certificate_ca(ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_certificate_keeps(
    ngx_credhub_op_t *op, ngx_uint_t *keeps);
static credhub_error_e ngx_http_credhub_certificate_same(
    ngx_credhub_op_t *op, ngx_uint_t *same);
static ngx_credhub_rc_e ngx_http_credhub_certificate_kept(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certificate_make(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certificate_again(
    ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_certificate_steps[] = {
    ngx_http_credhub_certificate_parse,
    ngx_http_credhub_certificate_lookup,
    ngx_http_credhub_certificate_decide,
    ngx_http_credhub_certificate_again,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificate_generate = {
    "GENERATE",
    ngx_http_credhub_certificate_steps,
    sizeof(ngx_http_credhub_certificate_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_certificate_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_post_bind(op, &ctx->post);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_post_check(
            op, &ctx->post, ngx_http_credhub_certificate_parameters);
    }

    ctx->lookup.name = ctx->post.name;
    ctx->lookup.folded = ctx->post.folded;
    ctx->lookup.operation = CREDHUB_OP_WRITE;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_certificate_parameters(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    credhub_str_t           ca;
    credhub_error_e         error;
    credhub_x509_profile_t *asked;

    if (ctx->post.value.data != NULL
        && credhub_json_kind(ctx->post.value) != CREDHUB_JSON_NULL)
    {
        op->detail = credhub_str("value");
        return CREDHUB_E_UNKNOWN_KEY;
    }

    asked = &ctx->asked;

    error = credhub_certificate_parameters(
        op->arena, ctx->post.parameters, asked, &ca, &op->detail);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ca.len != 0) {
        ctx->lookup.ca_name = credhub_name_slash(op->arena, ca);

        if (ctx->lookup.ca_name.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    if (op->hub->default_ca_key_usages && asked->is_ca && asked->self_signed
        && asked->key_usage.len == 0)
    {
        error = credhub_certificate_ca_usages(op->arena, asked);
    }

    return error;
}


static ngx_credhub_rc_e
ngx_http_credhub_certificate_lookup(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_certificate_decide(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    ngx_uint_t      keeps;
    credhub_error_e error;

    keeps = 0;
    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_certificate_ca(op);
    }

    if (error == CREDHUB_OK && ctx->lookup.found.active != NULL) {
        error = ngx_http_credhub_certificate_keeps(op, &keeps);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return keeps ? ngx_http_credhub_certificate_kept(op)
                 : ngx_http_credhub_certificate_make(op);
}


/* Errors of a CA are told also where the existing version would stay. */

static credhub_error_e
ngx_http_credhub_certificate_ca(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    credhub_x509_t        x509;
    credhub_error_e       error;
    credhub_certificate_t certificate;

    if (ctx->lookup.ca_name.len == 0) {
        return CREDHUB_OK;
    }

    ctx->renewal.signer = ctx->lookup.ca.active;

    if (ctx->renewal.signer == NULL) {
        return CREDHUB_E_CA;
    }

    error = ngx_credhub_certificate_open(op, ctx->renewal.signer, &certificate);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, certificate.certificate, &x509);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (!x509.profile.is_ca) {
        return CREDHUB_E_NOT_CA;
    }

    if (ctx->renewal.signer->secret.len == 0) {
        return CREDHUB_E_CA_NO_KEY;
    }

    return ngx_time() > x509.not_after ? CREDHUB_E_CA_EXPIRED : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_certificate_keeps(ngx_credhub_op_t *op, ngx_uint_t *keeps)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    switch (ngx_http_credhub_post_mode(&ctx->post)) {
    case NGX_HTTP_CREDHUB_KEEP:
        *keeps = 1;
        return CREDHUB_OK;

    case NGX_HTTP_CREDHUB_REPLACE:
        return CREDHUB_OK;

    default:
        return ngx_http_credhub_certificate_same(op, keeps);
    }
}


/* Is the active version what is asked for, and signed by what its CA is now?
 * Where one of the two names no CA that does not count. */

static credhub_error_e
ngx_http_credhub_certificate_same(ngx_credhub_op_t *op, ngx_uint_t *same)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    credhub_x509_t           x509;
    credhub_error_e          error;
    credhub_certificate_t    existing, ca;
    const credhub_version_t *active;

    active = ctx->lookup.found.active;
    error = ngx_credhub_certificate_open(op, active, &existing);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, existing.certificate, &x509);
    }

    if (error != CREDHUB_OK || !credhub_x509_same(&ctx->asked, &x509.profile)) {
        return error;
    }

    if (ctx->renewal.signer == NULL || active->signer.len == 0) {
        *same = 1;
        return CREDHUB_OK;
    }

    error = ngx_credhub_certificate_open(op, ctx->renewal.signer, &ca);

    *same = error == CREDHUB_OK && credhub_str_eq(existing.ca, ca.certificate)
            && credhub_str_caseeq(active->signer, ctx->lookup.ca_name);

    return error;
}


static ngx_credhub_rc_e
ngx_http_credhub_certificate_kept(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    credhub_x509_t        x509;
    credhub_error_e       error;
    credhub_version_t    *version;
    credhub_certificate_t certificate;

    version = ctx->lookup.found.active;
    error = ngx_credhub_certificate_open(op, version, &certificate);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, certificate.certificate, &x509);
    }

    if (error == CREDHUB_OK) {
        error = credhub_certificate_extra(
            op->arena, 0, 0, &x509.profile.key, &version->extra);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_certificate_show(op, version);

    return ngx_credhub_version_answer(op, version);
}


/* What is replaced whatever it is needs no stamp. */

static ngx_credhub_rc_e
ngx_http_credhub_certificate_make(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certificate_t *ctx = op->ctx;

    ngx_credhub_renewal_t *renewal = &ctx->renewal;

    renewal->lookup = &ctx->lookup;
    renewal->profile = ctx->asked;
    renewal->metadata = ctx->post.metadata;
    renewal->guard = &ctx->post.guard;

    if (ngx_http_credhub_post_mode(&ctx->post) == NGX_HTTP_CREDHUB_REPLACE) {
        renewal->expect = credhub_null_str;

    } else if (ctx->lookup.found.credential.len != 0) {
        renewal->expect = ctx->lookup.found.stamp;

    } else {
        renewal->expect = credhub_str("");
    }

    return ngx_credhub_renew(op, renewal);
}


static ngx_credhub_rc_e
ngx_http_credhub_certificate_again(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_goto(op, ngx_http_credhub_certificate_lookup);
}
