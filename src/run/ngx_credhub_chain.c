
/*
 * Chains. A certificate says who its CA is in its own row, under its MAC, so
 * only what is above that CA has to be looked up; versions of a list that have
 * the same CA share that.
 */

#include "ngx_credhub_chain.h"


typedef struct {
    credhub_version_t       *version; /* the next one */
    credhub_version_t       *last;    /* behind the last one */
    const credhub_version_t *known;   /* whose chain was looked up */
    credhub_str_t            ca;
    size_t                   bytes;
    ngx_credhub_call_t      *call; /* of who entered */
} ngx_credhub_chain_t;


static ngx_credhub_rc_e ngx_credhub_chain_next(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_chain_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_chain_end(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_chain_send(
    ngx_credhub_op_t *op, const credhub_version_t *version);
static credhub_str_t   ngx_credhub_chain_known(ngx_credhub_chain_t *ctx,
      const credhub_version_t *version, const credhub_certificate_t *certificate);
static credhub_str_t   ngx_credhub_chain_text(ngx_credhub_op_t *op,
      credhub_str_t ca, const credhub_version_t *rows, ngx_uint_t n);
static credhub_error_e ngx_credhub_chain_set(
    ngx_credhub_chain_t *ctx, credhub_str_t chain);


static const ngx_credhub_step_pt ngx_credhub_chain_steps[] = {
    ngx_credhub_chain_next,
    ngx_credhub_chain_take,
    ngx_credhub_chain_end,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_chains(
    ngx_credhub_op_t *op, credhub_version_t *versions, ngx_uint_t n)
{
    ngx_credhub_chain_t *ctx;

    ctx = credhub_arena_alloc(op->arena, sizeof(ngx_credhub_chain_t));

    if (ctx == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ctx->version = versions;
    ctx->last = versions + n;
    ctx->call = op->call;

    return ngx_credhub_op_enter(op, ngx_credhub_chain_steps, ctx);
}


static ngx_credhub_rc_e
ngx_credhub_chain_next(ngx_credhub_op_t *op)
{
    ngx_credhub_chain_t *ctx = op->ctx;

    credhub_str_t         chain;
    credhub_error_e       error;
    credhub_version_t    *version;
    credhub_certificate_t certificate;

    while (ctx->version < ctx->last) {
        version = ctx->version;

        if (!credhub_str_eq(version->type, credhub_str("certificate"))) {
            ctx->version++;
            continue;
        }

        error = ngx_credhub_certificate_open(op, version, &certificate);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }

        chain = ngx_credhub_chain_known(ctx, version, &certificate);

        if (chain.data == NULL) {
            ctx->ca = certificate.ca;
            return ngx_credhub_chain_send(op, version);
        }

        error = ngx_credhub_chain_set(ctx, chain);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    return ngx_credhub_op_goto(op, ngx_credhub_chain_end);
}


/* A chain that needs no look-up; .data == NULL when it does. */

static credhub_str_t
ngx_credhub_chain_known(ngx_credhub_chain_t *ctx,
    const credhub_version_t *version, const credhub_certificate_t *certificate)
{
    const credhub_version_t *known = ctx->known;

    if (version->signer.len != 0
        && credhub_str_caseeq(version->signer, version->name)
        && (certificate->ca.len == 0
            || credhub_str_eq(certificate->ca, certificate->certificate)))
    {
        return certificate->certificate;
    }

    if (certificate->ca.len == 0) {
        return credhub_str("");
    }

    if (version->signer.len == 0) {
        return certificate->ca;
    }

    return known != NULL && credhub_str_eq(ctx->ca, certificate->ca)
                   && credhub_str_caseeq(known->signer, version->signer)
                   && credhub_str_eq(known->issuer, version->issuer)
               ? known->chain
               : credhub_null_str;
}


static ngx_credhub_rc_e
ngx_credhub_chain_send(ngx_credhub_op_t *op, const credhub_version_t *version)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_chain_read(
            call, op->hub->store, version->signer, version->issuer);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_chain_take(ngx_credhub_op_t *op)
{
    ngx_credhub_chain_t *ctx = op->ctx;

    ngx_uint_t         n;
    credhub_str_t      chain;
    credhub_error_e    error;
    credhub_version_t *rows;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_chain_result(op->call, &rows, &n, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    chain = ngx_credhub_chain_text(op, ctx->ca, rows, n);
    ngx_credhub_op_release(op);

    if (chain.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ctx->known = ctx->version;
    error = ngx_credhub_chain_set(ctx, chain);

    return error == CREDHUB_OK ? ngx_credhub_op_goto(op, ngx_credhub_chain_next)
                               : ngx_credhub_op_error(op, error);
}


/*
 * Each row is the version whose certificate signed the one below; its own CA is
 * the next. The first that is not what it should be ends the chain. `ca` comes
 * as it is shown elsewhere, to the byte.
 */

static credhub_str_t
ngx_credhub_chain_text(ngx_credhub_op_t *op, credhub_str_t ca,
    const credhub_version_t *rows, ngx_uint_t n)
{
    ngx_uint_t            i;
    credhub_buf_t         chain;
    credhub_str_t         below;
    credhub_certificate_t certificate;

    credhub_buf_init(&chain, op->arena, ca.len + 1);
    credhub_buf_add_str(&chain, ca);

    below = ca;

    for (i = 0; i < n && i < NGX_CREDHUB_CHAIN_MAX - 1; i++) {
        if (ngx_credhub_certificate_open(op, &rows[i], &certificate)
                != CREDHUB_OK
            || !credhub_str_eq(certificate.certificate, below)
            || certificate.ca.len == 0 || credhub_str_eq(certificate.ca, below))
        {
            break;
        }

        if (below.data[below.len - 1] != '\n') {
            credhub_buf_lit(&chain, "\n");
        }

        credhub_buf_add_str(&chain, certificate.ca);
        below = certificate.ca;
    }

    return chain.failed ? credhub_null_str : credhub_buf_str(&chain);
}


static credhub_error_e
ngx_credhub_chain_set(ngx_credhub_chain_t *ctx, credhub_str_t chain)
{
    ctx->bytes += chain.len;

    if (ctx->bytes > NGX_CREDHUB_ANSWER_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    ctx->version->chain = chain;
    ctx->version++;

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_chain_end(ngx_credhub_op_t *op)
{
    ngx_credhub_chain_t *ctx = op->ctx;

    op->call = ctx->call;

    return NGX_CREDHUB_NEXT;
}
