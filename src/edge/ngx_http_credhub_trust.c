
/*
 * Clients with a certificate that a connection or destination approves. nginx
 * need not have verified it: the handshake has proved that the client holds the
 * key, and credhub_trusted() decides about the rest. What was sent is copied
 * once for a TLS connection, together with the approval that it was trusted by:
 * that one is asked for first in the next request, so a revocation counts at
 * once, and an open connection costs one look at the store for each request.
 *
 * A resumed session has no chain: its leaf, or who has issued it, must be
 * approved.
 */

#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_credhub_peer.h"
#include "credhub_text.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>


#define NGX_HTTP_CREDHUB_TRUST_ID_MAX   255 /* bytes that are remembered */
#define NGX_HTTP_CREDHUB_TRUST_HASH_MAX 64


/* Of a TLS connection; lives in its pool. */

typedef struct {
    credhub_str_t sent[CREDHUB_TRUST_SENT_MAX]; /* DER, leaf first */
    ngx_uint_t    n;

    /* who trusted it last, and by which approval */
    ngx_uint_t kind;
    u_char     id[NGX_HTTP_CREDHUB_TRUST_ID_MAX];
    size_t     id_len;
    u_char     hash[NGX_HTTP_CREDHUB_TRUST_HASH_MAX];
    size_t     hash_len; /* 0: nobody so far */
} ngx_http_credhub_shown_t;


typedef credhub_str_t (*ngx_http_credhub_trust_field_pt)(ngx_http_request_t *r,
    const credhub_approval_t *approval, credhub_str_t id);


static credhub_error_e ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf);
static ngx_credhub_rc_e ngx_http_credhub_trust_check(ngx_credhub_op_t *op);
static void ngx_http_credhub_trust_remember(ngx_http_credhub_ctx_t *ctx);
static ngx_http_credhub_shown_t *ngx_http_credhub_shown(ngx_connection_t *c);
static ngx_int_t                 ngx_http_credhub_shown_add(
                    ngx_connection_t *c, ngx_http_credhub_shown_t *shown, X509 *x509);
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


static int ngx_http_credhub_shown_index = -1;


ngx_int_t
ngx_http_credhub_trust_init(ngx_conf_t *cf)
{
    if (ngx_http_credhub_shown_index == -1) {
        ngx_http_credhub_shown_index =
            SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    return ngx_http_credhub_shown_index == -1 ? NGX_ERROR : NGX_OK;
}


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
        ngx_http_credhub_trust_remember(ctx);
    }

    return ngx_http_credhub_edge_result(r, ctx->trust.op, conf->trust_dry_run);
}


static credhub_error_e
ngx_http_credhub_trust_ask(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_http_request_t *r = ctx->request;

    ngx_credhub_peer_t       *peer;
    ngx_http_credhub_shown_t *shown;

    if (r->connection->ssl == NULL
        || SSL_get0_peer_certificate(r->connection->ssl->connection) == NULL)
    {
        return CREDHUB_E_UNAUTHENTICATED;
    }

    if (ngx_http_credhub_actor_replayable(r)) {
        return CREDHUB_E_TOO_EARLY;
    }

    shown = ngx_http_credhub_shown(r->connection);
    peer = ctx->trust.op->ctx;

    if (shown == NULL
        || ngx_http_credhub_edge_text(r, conf->trust_id, &peer->id) != NGX_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    peer->kind = conf->trust;
    peer->purpose = CREDHUB_TRUST_CLIENT;
    peer->sent = shown->sent;
    peer->nsent = shown->n;

    if (shown->kind == conf->trust && shown->id_len == peer->id.len
        && ngx_memcmp(shown->id, peer->id.data, peer->id.len) == 0)
    {
        peer->known.len = shown->hash_len;
        peer->known.data = shown->hash;
    }

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_trust_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_peer_enter(op, op->ctx);
}


/* What has no room is looked for again. */

static void
ngx_http_credhub_trust_remember(ngx_http_credhub_ctx_t *ctx)
{
    ngx_credhub_peer_t       *peer;
    ngx_http_credhub_shown_t *shown;

    peer = ctx->trust.op->ctx;
    shown = ngx_http_credhub_shown(ctx->request->connection);

    if (shown == NULL || peer->id.len > NGX_HTTP_CREDHUB_TRUST_ID_MAX
        || peer->approval.hash.len > NGX_HTTP_CREDHUB_TRUST_HASH_MAX)
    {
        return;
    }

    shown->kind = peer->kind;
    shown->id_len = peer->id.len;
    shown->hash_len = peer->approval.hash.len;

    ngx_memcpy(shown->id, peer->id.data, peer->id.len);
    ngx_memcpy(shown->hash, peer->approval.hash.data, peer->approval.hash.len);
}


static ngx_http_credhub_shown_t *
ngx_http_credhub_shown(ngx_connection_t *c)
{
    int  i;
    SSL *ssl;
    STACK_OF(X509) * chain;
    ngx_http_credhub_shown_t *shown;

    ssl = c->ssl->connection;
    shown = SSL_get_ex_data(ssl, ngx_http_credhub_shown_index);

    if (shown != NULL) {
        return shown;
    }

    shown = ngx_pcalloc(c->pool, sizeof(ngx_http_credhub_shown_t));

    if (shown == NULL
        || ngx_http_credhub_shown_add(c, shown, SSL_get0_peer_certificate(ssl))
               != NGX_OK)
    {
        return NULL;
    }

    /* on a server the chain is without the leaf */

    chain = SSL_session_reused(ssl) ? NULL : SSL_get_peer_cert_chain(ssl);

    for (i = 0; i < sk_X509_num(chain) && shown->n < CREDHUB_TRUST_SENT_MAX;
         i++) {
        if (ngx_http_credhub_shown_add(c, shown, sk_X509_value(chain, i))
            != NGX_OK) {
            return NULL;
        }
    }

    return SSL_set_ex_data(ssl, ngx_http_credhub_shown_index, shown) == 0
               ? NULL
               : shown;
}


static ngx_int_t
ngx_http_credhub_shown_add(
    ngx_connection_t *c, ngx_http_credhub_shown_t *shown, X509 *x509)
{
    int            len;
    u_char        *p;
    credhub_str_t *der;

    len = i2d_X509(x509, NULL);

    if (len <= 0) {
        return NGX_ERROR;
    }

    der = &shown->sent[shown->n];
    der->len = len;
    der->data = ngx_pnalloc(c->pool, len);

    if (der->data == NULL) {
        return NGX_ERROR;
    }

    p = der->data;
    (void) i2d_X509(x509, &p);

    shown->n++;

    return NGX_OK;
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
