
/*
 * Rights that a location demands. nginx runs the handlers of a phase from the
 * last one to the first, and ours stands first: whoever is refused by the
 * address, a password or a limit costs no look at the store, and with "satisfy
 * any" nobody does whom another one lets in.
 */

#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_recheck.h"
#include "ngx_credhub_rights.h"


static ngx_int_t ngx_http_credhub_access_rights(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_access_decide(ngx_http_request_t *r,
    const ngx_array_t *demands, const ngx_credhub_operation_t *operation,
    ngx_http_credhub_ctx_t **made);
static ngx_int_t ngx_http_credhub_access_ask(ngx_http_credhub_ctx_t *ctx,
    ngx_credhub_op_t *op, const ngx_array_t *demands);
static unsigned  ngx_http_credhub_access_scope(const ngx_array_t *demands);
static void      ngx_http_credhub_authorize_again(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_authorize(ngx_http_request_t *r);
static ngx_credhub_rc_e ngx_http_credhub_access_check(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_access_steps[] = {
    ngx_http_credhub_access_check,
    NULL,
};


static const ngx_credhub_operation_t ngx_http_credhub_access_operation = {
    "access",
    ngx_http_credhub_access_steps,
    sizeof(ngx_credhub_rights_t),
};


static const ngx_credhub_operation_t ngx_http_credhub_authorize_operation = {
    "authorize",
    ngx_http_credhub_access_steps,
    sizeof(ngx_credhub_rights_t),
};


/* NGX_DECLINED: nothing is demanded, or only tried. */

ngx_int_t
ngx_http_credhub_access_handler(ngx_http_request_t *r)
{
    ngx_int_t rights, trust;

    rights = ngx_http_credhub_access_rights(r);

    if (rights != NGX_OK && rights != NGX_DECLINED) {
        return rights;
    }

    trust = ngx_http_credhub_trust(r);

    return trust == NGX_DECLINED ? rights : trust;
}


static ngx_int_t
ngx_http_credhub_access_rights(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_credhub_ctx_t       *ctx;
    ngx_http_credhub_edge_conf_t *conf;

    conf = ngx_http_credhub_edge_conf(r);

    if (conf->access == NULL || conf->access->nelts == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_http_credhub_access_decide(
        r, conf->access, &ngx_http_credhub_access_operation, &ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_credhub_edge_result(
            r, ctx->access.op, conf->access_dry_run);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_credhub_recheck(
            ctx, NGX_HTTP_CREDHUB_RECHECK_IDENTITY
                     | NGX_HTTP_CREDHUB_RECHECK_ACCESS);
    }

    return rc;
}


ngx_int_t
ngx_http_credhub_authorize_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_credhub_authorize(r);

    if (rc == NGX_AGAIN) {
        r->write_event_handler = ngx_http_credhub_authorize_again;
        r->main->count++;

        return NGX_DONE;
    }

    return rc;
}


static void
ngx_http_credhub_authorize_again(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_credhub_authorize(r);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_credhub_authorize(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_credhub_ctx_t       *ctx;
    ngx_http_credhub_edge_conf_t *conf;

    conf = ngx_http_credhub_edge_conf(r);

    rc = ngx_http_credhub_access_decide(
        r, conf->authorize, &ngx_http_credhub_authorize_operation, &ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_credhub_edge_result(r, ctx->access.op, 0);
    }

    return rc == NGX_OK ? NGX_HTTP_NO_CONTENT : rc;
}


/* NGX_OK: the outcome is in ctx->access.op; NGX_AGAIN; or a status. */

static ngx_int_t
ngx_http_credhub_access_decide(ngx_http_request_t *r,
    const ngx_array_t *demands, const ngx_credhub_operation_t *operation,
    ngx_http_credhub_ctx_t **made)
{
    ngx_credhub_op_t         *op;
    ngx_http_credhub_ctx_t   *ctx;
    ngx_http_credhub_phase_t *phase;

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *made = ctx;
    phase = &ctx->access;

    op = ngx_http_credhub_phase_begin(phase, r, operation);

    if (phase->op == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (op != NULL
        && ngx_http_credhub_access_ask(ctx, op, demands) != NGX_AGAIN) {
        ngx_http_credhub_phase_run(phase);
    }

    return phase->ended ? NGX_OK : ngx_http_credhub_phase_wait(phase);
}


static ngx_int_t
ngx_http_credhub_access_ask(ngx_http_credhub_ctx_t *ctx, ngx_credhub_op_t *op,
    const ngx_array_t *demands)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_credhub_right_t       *right;
    ngx_credhub_rights_t      *rights;
    ngx_http_credhub_demand_t *demand;

    rc = ngx_http_credhub_ctx_identify(
        ctx, op, ngx_http_credhub_access_scope(demands));

    if (rc != NGX_OK) {
        return rc;
    }

    rights = op->ctx;
    right = credhub_arena_alloc(
        op->arena, demands->nelts * sizeof(ngx_credhub_right_t));

    rights->list = right;
    rights->n = demands->nelts;
    demand = demands->elts;

    for (i = 0; right != NULL && i < rights->n; i++) {
        right[i].operations = demand[i].operations;

        if (ngx_http_credhub_edge_text(
                ctx->request, &demand[i].path, &right[i].path)
            != NGX_OK)
        {
            right = NULL;
        }
    }

    if (right == NULL) {
        op->error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* What a token of UAA must have been given for it. */

static unsigned
ngx_http_credhub_access_scope(const ngx_array_t *demands)
{
    ngx_uint_t                       i;
    const ngx_http_credhub_demand_t *demand;

    demand = demands->elts;

    for (i = 0; i < demands->nelts; i++) {
        if (demand[i].operations & ~(CREDHUB_OP_READ | CREDHUB_OP_READ_ACL)) {
            return CREDHUB_SCOPE_WRITE;
        }
    }

    return CREDHUB_SCOPE_READ;
}


static ngx_credhub_rc_e
ngx_http_credhub_access_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_rights_enter(op, op->ctx);
}
