
/*
 * Clients with a certificate that a connection or destination approves. nginx
 * need not have verified it: the handshake has proved that the client holds the
 * key, and credhub_trusted() decides about the rest.
 */

#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_recheck.h"
#include "ngx_http_credhub_shown.h"
#include "credhub_text.h"


typedef struct {
    ngx_credhub_peer_t peer;
    ngx_connection_t  *c; /* of the client */
} ngx_http_credhub_trust_t;


typedef credhub_str_t (*ngx_http_credhub_trust_field_pt)(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);


static credhub_error_e ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf);
static credhub_error_e ngx_http_credhub_trust_shown(
    ngx_http_credhub_trust_t *trust, ngx_connection_t *c);
static ngx_credhub_rc_e ngx_http_credhub_trust_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_trust_found(ngx_credhub_op_t *op);
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
    (const ngx_credhub_step_pt[]){
        ngx_http_credhub_trust_check, ngx_http_credhub_trust_found, NULL },
    sizeof(ngx_http_credhub_trust_t),
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
    ngx_int_t                     rc;
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

    rc = ngx_http_credhub_edge_result(r, ctx->trust.op, conf->trust_dry_run);

    if (rc == NGX_OK) {
        rc = ngx_http_credhub_recheck(ctx, NGX_HTTP_CREDHUB_RECHECK_TRUST);
    }

    return rc;
}


static credhub_error_e
ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_http_request_t *r = ctx->request;

    credhub_error_e           error;
    ngx_http_credhub_trust_t *trust;

    trust = ctx->trust.op->ctx;

    if (ngx_http_credhub_edge_text(r, conf->trust_id, &trust->peer.id)
        != NGX_OK) {
        return CREDHUB_E_INTERNAL;
    }

    trust->peer.kind = conf->trust;
    trust->peer.purpose = CREDHUB_TRUST_CLIENT;

    error = ngx_http_credhub_trust_shown(trust, r->connection);

    return error == CREDHUB_OK && ngx_http_credhub_actor_replayable(r)
               ? CREDHUB_E_TOO_EARLY
               : error;
}


credhub_error_e
ngx_http_credhub_trust_again(
    const ngx_credhub_op_t *granted, ngx_credhub_op_t *op)
{
    ngx_http_credhub_trust_t       *trust = op->ctx;
    const ngx_http_credhub_trust_t *before = granted->ctx;

    trust->peer.kind = before->peer.kind;
    trust->peer.id = before->peer.id;
    trust->peer.purpose = before->peer.purpose;

    return ngx_http_credhub_trust_shown(trust, before->c);
}


static credhub_error_e
ngx_http_credhub_trust_shown(
    ngx_http_credhub_trust_t *trust, ngx_connection_t *c)
{
    trust->c = c;

    switch (ngx_http_credhub_shown(c, &trust->peer)) {
    case NGX_OK:
        return CREDHUB_OK;

    case NGX_DECLINED:
        return CREDHUB_E_UNAUTHENTICATED;

    default:
        return CREDHUB_E_INTERNAL;
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_trust_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trust_t *trust = op->ctx;

    return ngx_credhub_peer_enter(op, &trust->peer);
}


static ngx_credhub_rc_e
ngx_http_credhub_trust_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_trust_t *trust = op->ctx;

    ngx_http_credhub_shown_remember(trust->c, &trust->peer);

    return NGX_CREDHUB_NEXT;
}


/* The approval by which a request's client is trusted, and the id of who
 * approved; NULL when it is not. */

static const credhub_approval_t *
ngx_http_credhub_trusted(ngx_http_request_t *r, credhub_str_t *id)
{
    ngx_http_credhub_ctx_t   *ctx;
    ngx_http_credhub_trust_t *trust;

    for (ctx = ngx_http_credhub_last_ctx(r->main, NULL); ctx != NULL;
         ctx = ngx_http_credhub_last_ctx(r->main, ctx))
    {
        if (ctx->trust.ended && ctx->trust.op->error == CREDHUB_OK) {
            trust = ctx->trust.op->ctx;
            *id = trust->peer.id;

            return &trust->peer.approval;
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
