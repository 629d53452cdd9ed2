
/*
 * Clients with a certificate that a connection or destination approves. nginx
 * need not have verified it: the handshake has proved that the client holds the
 * key, and credhub_trusted() decides about the rest.
 */

#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_shown.h"
#include "credhub_text.h"


typedef credhub_str_t (*ngx_http_credhub_trust_field_pt)(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);


static credhub_error_e ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf);
static ngx_credhub_rc_e ngx_http_credhub_trust_check(ngx_credhub_op_t *op);
static const credhub_approval_t *ngx_http_credhub_trusted(
    ngx_http_request_t *r, credhub_str_t *id);
static ngx_int_t ngx_http_credhub_trust_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static credhub_str_t ngx_http_credhub_trust_id(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);
static credhub_str_t ngx_http_credhub_trust_hash(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);
static credhub_str_t ngx_http_credhub_trust_by(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);
static credhub_str_t ngx_http_credhub_trust_date(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);


static const ngx_credhub_operation_t ngx_http_credhub_trust_operation = {
    "trust",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_trust_check, NULL },
    sizeof(ngx_credhub_peer_t),
};


/* clang-format off */

static const struct {
    ngx_str_t                        name;
    ngx_http_credhub_trust_field_pt  field;
} ngx_http_credhub_trust_variables[] = {
    { ngx_string("credhub_trust_id"), ngx_http_credhub_trust_id },
    { ngx_string("credhub_trust_hash"), ngx_http_credhub_trust_hash },
    { ngx_string("credhub_trust_by"), ngx_http_credhub_trust_by },
    { ngx_string("credhub_trust_date"), ngx_http_credhub_trust_date },
    { ngx_null_string, NULL }
};

/* clang-format on */


ngx_int_t
ngx_http_credhub_trust_add(ngx_conf_t *cf)
{
    ngx_str_t            name;
    ngx_uint_t           i;
    ngx_http_variable_t *variable;

    for (i = 0; ngx_http_credhub_trust_variables[i].name.len != 0; i++) {
        name = ngx_http_credhub_trust_variables[i].name;
        variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);

        if (variable == NULL) {
            return NGX_ERROR;
        }

        variable->get_handler = ngx_http_credhub_trust_variable;
        variable->data = i;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_credhub_trust(ngx_http_request_t *r)
{
    ngx_credhub_op_t             *op;
    ngx_http_credhub_ctx_t       *ctx;
    ngx_http_credhub_edge_conf_t *conf;

    conf = ngx_http_credhub_edge_conf(r);

    if (conf->trust == NGX_HTTP_CREDHUB_TRUST_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    op = ngx_http_credhub_phase_begin(
        &ctx->trust, r, &ngx_http_credhub_trust_operation);

    if (ctx->trust.op == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (op != NULL) {
        op->error = ngx_http_credhub_trust_ask(ctx, conf);
        ngx_http_credhub_phase_run(&ctx->trust);
    }

    if (!ctx->trust.ended) {
        return ngx_http_credhub_phase_wait(&ctx->trust);
    }

    if (ctx->trust.op->error == CREDHUB_OK) {
        ngx_http_credhub_shown_remember(r->connection, ctx->trust.op->ctx);
    }

    return ngx_http_credhub_edge_result(r, ctx->trust.op, conf->trust_dry_run);
}


static credhub_error_e
ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_http_request_t *r = ctx->request;

    ngx_credhub_peer_t *peer = ctx->trust.op->ctx;

    if (ngx_http_credhub_edge_text(r, conf->trust_id, &peer->id) != NGX_OK) {
        return CREDHUB_E_INTERNAL;
    }

    peer->kind = conf->trust;
    peer->purpose = CREDHUB_TRUST_CLIENT;

    switch (ngx_http_credhub_shown(r->connection, peer)) {
    case NGX_OK:
        return ngx_http_credhub_actor_replayable(r) ? CREDHUB_E_TOO_EARLY
                                                    : CREDHUB_OK;

    case NGX_DECLINED:
        return CREDHUB_E_UNAUTHENTICATED;

    default:
        return CREDHUB_E_INTERNAL;
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_trust_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_peer_enter(op, op->ctx);
}


/* The approval by which a request's client is trusted, and the id of who
 * approved; NULL when it is not. */

static const credhub_approval_t *
ngx_http_credhub_trusted(ngx_http_request_t *r, credhub_str_t *id)
{
    ngx_credhub_peer_t     *peer;
    ngx_http_credhub_ctx_t *ctx;

    for (ctx = ngx_http_credhub_last_ctx(r->main, NULL); ctx != NULL;
         ctx = ngx_http_credhub_last_ctx(r->main, ctx))
    {
        if (ctx->trust.ended && ctx->trust.op->error == CREDHUB_OK) {
            peer = ctx->trust.op->ctx;
            *id = peer->id;

            return &peer->approval;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_credhub_trust_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    credhub_str_t             id, value;
    const credhub_approval_t *approval;

    approval = ngx_http_credhub_trusted(r, &id);
    value = credhub_null_str;

    if (approval != NULL) {
        value = ngx_http_credhub_trust_variables[data].field(r, approval, id);
    }

    v->len = value.len;
    v->data = value.data;
    v->valid = (value.data != NULL);
    v->not_found = (value.data == NULL);
    v->no_cacheable = 0;

    return NGX_OK;
}


static credhub_str_t
ngx_http_credhub_trust_id(
    ngx_http_request_t *r, const credhub_approval_t *approval, credhub_str_t id)
{
    return id;
}


static credhub_str_t
ngx_http_credhub_trust_hash(
    ngx_http_request_t *r, const credhub_approval_t *approval, credhub_str_t id)
{
    return approval->hash;
}


static credhub_str_t
ngx_http_credhub_trust_by(
    ngx_http_request_t *r, const credhub_approval_t *approval, credhub_str_t id)
{
    return approval->by;
}


static credhub_str_t
ngx_http_credhub_trust_date(
    ngx_http_request_t *r, const credhub_approval_t *approval, credhub_str_t id)
{
    credhub_str_t date;

    date.len = CREDHUB_DATE_US_LEN;
    date.data = ngx_pnalloc(r->pool, date.len);

    if (date.data == NULL) {
        return credhub_null_str;
    }

    credhub_date_us(approval->date, date.data);

    return date;
}
