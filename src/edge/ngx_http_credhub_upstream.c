
/*
 * A request to an upstream is held back between nginx, which has chosen a
 * connection and made its handshake, and whatever would write the first byte of
 * it: there the certificate is known, whoever has chosen the upstream, and the
 * store and a thread can be waited for. Kept-alive connections pass the same
 * place. Meanwhile nobody reads from the connection, so what a server says that
 * was not asked goes to no client.
 *
 * An operation belongs to one connection of one request. It ends with free(),
 * which nginx calls before it closes or keeps that connection.
 */

#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_shown.h"
#include "ngx_http_credhub_upstream.h"
#include "credhub_metrics.h"

#include <openssl/ssl.h>


/* Of an upstream{}. */

struct ngx_http_credhub_upstream_conf_s {
    ngx_uint_t               kind; /* ngx_credhub_object_kind_e */
    ngx_http_complex_value_t id;

    /* of the balancer */
    ngx_http_upstream_init_pt      init_upstream;
    ngx_http_upstream_init_peer_pt init_peer;
};


/* Of a request; lives in its pool. */

typedef struct {
    ngx_http_request_t               *request;
    ngx_http_credhub_upstream_conf_t *conf;
    credhub_str_t                     id;

    /* what stands behind ours */
    void                      *balancer;
    ngx_event_get_peer_pt      get;
    ngx_event_free_peer_pt     free;
    ngx_output_chain_filter_pt write;
    void                      *write_ctx;

    ngx_http_event_handler_pt client_read; /* until nothing was sent */

    /* of the connection */
    ngx_credhub_op_t            *op; /* NULL: not begun */
    ngx_credhub_peer_t          *peer;
    ngx_chain_t                 *held;
    ngx_http_upstream_handler_pt read;      /* while it waits */
    unsigned                     trusted:1; /* nothing is held any more */
    unsigned                     refused:1; /* until there is another one */
} ngx_http_credhub_guarded_t;


static ngx_int_t ngx_http_credhub_upstream_init(
    ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us);
static ngx_uint_t ngx_http_credhub_upstream_stores(ngx_conf_t *cf);
static ngx_int_t  ngx_http_credhub_upstream_init_peer(
     ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us);
static void ngx_http_credhub_upstream_wrap(
    ngx_http_credhub_guarded_t *guarded, ngx_http_upstream_t *u);
static void      ngx_http_credhub_upstream_gone(void *data);
static ngx_int_t ngx_http_credhub_upstream_get(
    ngx_peer_connection_t *pc, void *data);
static void ngx_http_credhub_upstream_close(ngx_peer_connection_t *pc);
static void ngx_http_credhub_upstream_free(
    ngx_peer_connection_t *pc, void *data, ngx_uint_t state);
static ngx_int_t ngx_http_credhub_upstream_set_session(
    ngx_peer_connection_t *pc, void *data);
static void ngx_http_credhub_upstream_save_session(
    ngx_peer_connection_t *pc, void *data);

static ngx_int_t ngx_http_credhub_upstream_write(void *data, ngx_chain_t *in);
static ngx_int_t ngx_http_credhub_upstream_begin(
    ngx_http_credhub_guarded_t *guarded);
static credhub_error_e ngx_http_credhub_upstream_ask(
    ngx_http_credhub_guarded_t *guarded);
static credhub_error_e ngx_http_credhub_upstream_fail(
    ngx_credhub_op_t *op, credhub_error_e error, const char *detail);
static ngx_credhub_rc_e ngx_http_credhub_upstream_trust(ngx_credhub_op_t *op);
static void      ngx_http_credhub_upstream_finished(ngx_credhub_op_t *op);
static ngx_int_t ngx_http_credhub_upstream_wait(
    ngx_http_credhub_guarded_t *guarded);
static void ngx_http_credhub_upstream_block(
    ngx_http_request_t *r, ngx_http_upstream_t *u);
static ngx_int_t ngx_http_credhub_upstream_pass(
    ngx_http_credhub_guarded_t *guarded);
static ngx_int_t ngx_http_credhub_upstream_refuse(
    ngx_http_credhub_guarded_t *guarded);


static const ngx_credhub_operation_t ngx_http_credhub_upstream_operation = {
    "upstream_trust",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_upstream_trust, NULL },
    sizeof(ngx_credhub_peer_t),
};


static const ngx_credhub_host_t ngx_http_credhub_upstream_host = {
    ngx_http_credhub_upstream_finished
};


char *
ngx_http_credhub_conf_upstream_trust(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_str_t                        *value;
    ngx_http_upstream_srv_conf_t     *uscf;
    ngx_http_credhub_upstream_conf_t *ucf;

    value = cf->args->elts;

    if (scf->upstream != NULL) {
        return "is duplicate";
    }

    ucf = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_upstream_conf_t));

    if (ucf == NULL
        || ngx_http_credhub_edge_kind(cf, &value[1], &ucf->kind) != NGX_OK
        || ngx_http_credhub_edge_compile(cf, &value[2], &ucf->id) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    uscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module);

    ucf->init_upstream = uscf->peer.init_upstream != NULL
                             ? uscf->peer.init_upstream
                             : ngx_http_upstream_init_round_robin;

    uscf->peer.init_upstream = ngx_http_credhub_upstream_init;
    scf->upstream = ucf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_credhub_upstream_init(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us)
{
    ngx_http_credhub_srv_conf_t      *scf;
    ngx_http_credhub_upstream_conf_t *ucf;

    scf = ngx_http_conf_upstream_srv_conf(us, ngx_http_credhub_module);
    ucf = scf->upstream;

    if (ucf->init_upstream(cf, us) != NGX_OK) {
        return NGX_ERROR;
    }

    ucf->init_peer = us->peer.init;
    us->peer.init = ngx_http_credhub_upstream_init_peer;

    return NGX_OK;
}


/* A method of balancing below the directive would replace it silently, and
 * "keepalive" would stand before it. */

ngx_int_t
ngx_http_credhub_upstream_check(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    const char                    *wrong;
    ngx_http_credhub_srv_conf_t   *scf;
    ngx_http_upstream_srv_conf_t **uscfp;
    ngx_http_upstream_main_conf_t *umcf;

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);
    uscfp = umcf->upstreams.elts;

    for (i = 0; i < umcf->upstreams.nelts; i++) {
        scf = uscfp[i]->srv_conf == NULL ? NULL
                                         : ngx_http_conf_upstream_srv_conf(
                                             uscfp[i], ngx_http_credhub_module);

        if (scf == NULL || scf->upstream == NULL) {
            continue;
        }

        wrong = uscfp[i]->peer.init != ngx_http_credhub_upstream_init_peer
                    ? "must be below all that chooses or keeps connections"
                : ngx_http_credhub_upstream_stores(cf) == 0
                    ? "needs a server with \"credhub_redis\" and "
                      "\"credhub_encryption_key\""
                    : NULL;

        if (wrong != NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                "\"credhub_upstream_trust\" %s, in upstream \"%V\" in %s:%ui",
                wrong, &uscfp[i]->host, uscfp[i]->file_name, uscfp[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* How many servers have a store and keys. */

static ngx_uint_t
ngx_http_credhub_upstream_stores(ngx_conf_t *cf)
{
    ngx_uint_t                   i, n;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_credhub_srv_conf_t *scf;

    n = 0;
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        scf = cscfp[i]->ctx->srv_conf[ngx_http_credhub_module.ctx_index];
        n += scf->hub.store != NULL && scf->hub.keyring != NULL;
    }

    return n;
}


static ngx_int_t
ngx_http_credhub_upstream_init_peer(
    ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_credhub_srv_conf_t *scf;
    ngx_http_credhub_guarded_t  *guarded;

    scf = ngx_http_conf_upstream_srv_conf(us, ngx_http_credhub_module);
    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_credhub_guarded_t));

    if (cln == NULL) {
        return NGX_ERROR;
    }

    guarded = cln->data;
    ngx_memzero(guarded, sizeof(ngx_http_credhub_guarded_t));

    guarded->request = r;
    guarded->conf = scf->upstream;

    if (guarded->conf->init_peer(r, us) != NGX_OK
        || ngx_http_credhub_edge_text(r, &guarded->conf->id, &guarded->id)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_credhub_upstream_gone;

    ngx_http_credhub_upstream_wrap(guarded, r->upstream);

    return NGX_OK;
}


static void
ngx_http_credhub_upstream_wrap(
    ngx_http_credhub_guarded_t *guarded, ngx_http_upstream_t *u)
{
    guarded->balancer = u->peer.data;
    guarded->get = u->peer.get;
    guarded->free = u->peer.free;
    guarded->write = u->output.output_filter;
    guarded->write_ctx = u->output.filter_ctx;
    guarded->client_read = guarded->request->read_event_handler;

    u->peer.data = guarded;
    u->peer.get = ngx_http_credhub_upstream_get;
    u->peer.free = ngx_http_credhub_upstream_free;
    u->peer.set_session = ngx_http_credhub_upstream_set_session;
    u->peer.save_session = ngx_http_credhub_upstream_save_session;
    u->output.output_filter = ngx_http_credhub_upstream_write;
    u->output.filter_ctx = guarded;
}


static void
ngx_http_credhub_upstream_gone(void *data)
{
    ngx_http_credhub_guarded_t *guarded = data;

    if (guarded->op != NULL) {
        ngx_credhub_op_destroy(guarded->op);
        guarded->op = NULL;
    }
}


/*
 * After a refusal nothing was sent, but nginx has begun with the request: so
 * that it begins anew, it has to believe that there was more. Another connection
 * that was kept alive has most likely the same certificate; a request must not
 * close all of them one by one.
 */

static ngx_int_t
ngx_http_credhub_upstream_get(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_credhub_guarded_t *guarded = data;

    ngx_int_t rc;

    rc = guarded->get(pc, guarded->balancer);

    if (!guarded->refused) {
        return rc;
    }

    guarded->refused = 0;
    guarded->request->upstream->request_sent = 1;

    if (rc == NGX_DONE) {
        ngx_http_credhub_upstream_close(pc);
        return NGX_OK;
    }

    return rc;
}


/* As nginx closes a connection to an upstream that it gives up. */

static void
ngx_http_credhub_upstream_close(ngx_peer_connection_t *pc)
{
    ngx_connection_t *c = pc->connection;

    pc->connection = NULL;
    pc->cached = 0;

    if (c->ssl != NULL) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

    ngx_destroy_pool(c->pool);
    ngx_close_connection(c);
}


/* A refusal is no failure of a server: an id may come from a client, and must
 * not make servers unavailable for others. */

static void
ngx_http_credhub_upstream_free(
    ngx_peer_connection_t *pc, void *data, ngx_uint_t state)
{
    ngx_http_credhub_guarded_t *guarded = data;

    ngx_http_credhub_upstream_gone(guarded);

    guarded->held = NULL;
    guarded->read = NULL;
    guarded->trusted = 0;

    if (guarded->refused) {
        state &= ~NGX_PEER_FAILED;
    }

    guarded->free(pc, guarded->balancer, state);
}


/* A resumed session would have no chain to judge. */

static ngx_int_t
ngx_http_credhub_upstream_set_session(ngx_peer_connection_t *pc, void *data)
{
    return NGX_OK;
}


static void
ngx_http_credhub_upstream_save_session(ngx_peer_connection_t *pc, void *data)
{
    /* void */
}


/* Whatever nginx sends to the upstream comes here. */

static ngx_int_t
ngx_http_credhub_upstream_write(void *data, ngx_chain_t *in)
{
    ngx_http_credhub_guarded_t *guarded = data;

    if (guarded->trusted) {
        return guarded->write(guarded->write_ctx, in);
    }

    /* the links of a body that is not buffered are used again */

    if (ngx_chain_add_copy(guarded->request->pool, &guarded->held, in) != NGX_OK
        || (guarded->op == NULL
            && ngx_http_credhub_upstream_begin(guarded) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return !guarded->op->finished ? ngx_http_credhub_upstream_wait(guarded)
           : guarded->op->error == CREDHUB_OK
               ? ngx_http_credhub_upstream_pass(guarded)
               : ngx_http_credhub_upstream_refuse(guarded);
}


static ngx_int_t
ngx_http_credhub_upstream_begin(ngx_http_credhub_guarded_t *guarded)
{
    ngx_credhub_op_t            *op;
    ngx_http_credhub_srv_conf_t *scf;

    scf =
        ngx_http_get_module_srv_conf(guarded->request, ngx_http_credhub_module);

    op = ngx_credhub_op_create(&ngx_http_credhub_upstream_operation, &scf->hub);

    if (op == NULL) {
        return NGX_ERROR;
    }

    op->host = &ngx_http_credhub_upstream_host;
    op->host_data = guarded;

    guarded->op = op;
    guarded->peer = op->ctx;

    if (op->error == CREDHUB_OK) {
        op->error = ngx_http_credhub_upstream_ask(guarded);
    }

    ngx_credhub_op_run(op);

    return NGX_OK;
}


static credhub_error_e
ngx_http_credhub_upstream_ask(ngx_http_credhub_guarded_t *guarded)
{
    ngx_credhub_op_t *op = guarded->op;

    ngx_connection_t *c;

    if (op->hub->store == NULL || op->hub->keyring == NULL) {
        return ngx_http_credhub_upstream_fail(op, CREDHUB_E_INTERNAL,
            "The server has no credhub_redis or no credhub_encryption_key");
    }

    c = guarded->request->upstream->peer.connection;

    guarded->peer->kind = guarded->conf->kind;
    guarded->peer->id = guarded->id;
    guarded->peer->purpose = CREDHUB_TRUST_SERVER;

    switch (ngx_http_credhub_shown(c, guarded->peer)) {
    case NGX_OK:
        /* what was shown stays what it is */
        SSL_set_options(c->ssl->connection, SSL_OP_NO_RENEGOTIATION);
        return CREDHUB_OK;

    case NGX_DECLINED:
        return ngx_http_credhub_upstream_fail(
            op, CREDHUB_E_CRED_DENIED, "The upstream has no certificate");

    default:
        return CREDHUB_E_INTERNAL;
    }
}


static credhub_error_e
ngx_http_credhub_upstream_fail(
    ngx_credhub_op_t *op, credhub_error_e error, const char *detail)
{
    op->detail.len = ngx_strlen(detail);
    op->detail.data = (u_char *) detail;

    return error;
}


static ngx_credhub_rc_e
ngx_http_credhub_upstream_trust(ngx_credhub_op_t *op)
{
    return ngx_credhub_peer_enter(op, op->ctx);
}


/* nginx goes on writing where it was. */

static void
ngx_http_credhub_upstream_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_guarded_t *guarded = op->host_data;

    credhub_metrics_decision(op->operation->name, op->error);

    if (guarded->read != NULL) {
        ngx_post_event(guarded->request->upstream->peer.connection->write,
            &ngx_posted_events);
    }
}


static ngx_int_t
ngx_http_credhub_upstream_wait(ngx_http_credhub_guarded_t *guarded)
{
    ngx_http_upstream_t *u = guarded->request->upstream;

    if (guarded->read == NULL) {
        guarded->read = u->read_event_handler;
        u->read_event_handler = ngx_http_credhub_upstream_block;
    }

    return NGX_AGAIN;
}


/* With level-triggered events it must not be told again and again. */

static void
ngx_http_credhub_upstream_block(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    (void) ngx_handle_read_event(u->peer.connection->read, 0);
}


static ngx_int_t
ngx_http_credhub_upstream_pass(ngx_http_credhub_guarded_t *guarded)
{
    ngx_chain_t         *held;
    ngx_http_upstream_t *u = guarded->request->upstream;

    ngx_http_credhub_shown_remember(u->peer.connection, guarded->peer);

    if (guarded->read != NULL) {
        u->read_event_handler = guarded->read;
    }

    held = guarded->held;

    guarded->held = NULL;
    guarded->trusted = 1;

    return guarded->write(guarded->write_ctx, held);
}


/*
 * nginx closes the connection and tries another one, with a POST as well, since
 * nothing was sent. Where no decision was possible another server would change
 * nothing.
 */

static ngx_int_t
ngx_http_credhub_upstream_refuse(ngx_http_credhub_guarded_t *guarded)
{
    ngx_http_request_t  *r = guarded->request;
    ngx_http_upstream_t *u = r->upstream;

    ngx_http_credhub_edge_log(r, guarded->op, NGX_HTTP_BAD_GATEWAY, "");

    guarded->refused = 1;
    u->request_sent = 0;

    if (r->request_body_no_buffering) {
        u->request_bufs = guarded->held;
        r->read_event_handler = guarded->client_read;
    }

    if (guarded->op->error != CREDHUB_E_CRED_DENIED) {
        u->peer.tries = 0;
        u->peer.cached = 0;
    }

    return NGX_ERROR;
}
