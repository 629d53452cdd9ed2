
/*
 * OpenSSL asks for a certificate in the middle of a handshake, and Debian's nginx
 * lets the answer wait: the callback says -1, and the handshake goes on when the
 * connection gets an event. The store is asked in each full handshake, which a
 * cache answers without it; so rights and new versions count at once, and only
 * what has changed is opened and parsed again.
 *
 * Whatever goes wrong, the certificate of the configuration is served.
 */

#include "ngx_http_credhub_certificate.h"
#include "ngx_http_credhub_conf.h"
#include "ngx_credhub_pairs.h"
#include "credhub_permission.h"
#include "credhub_name.h"
#include "credhub_metrics.h"

#include <ngx_http_ssl_module.h>


#define NGX_HTTP_CREDHUB_HOST_MAX   253 /* bytes of a DNS name */
#define NGX_HTTP_CREDHUB_LABEL_MAX  63
#define NGX_HTTP_CREDHUB_COLD_RATE  100 /* questions to the store a second */
#define NGX_HTTP_CREDHUB_COLD_BURST 200
#define NGX_HTTP_CREDHUB_PAIRS      2

#define NGX_HTTP_CREDHUB_SNI        "$ssl_server_name"


/* A name, or what stands before and behind that of the client. */

typedef struct {
    ngx_str_t before;
    ngx_str_t behind;
    unsigned  sni:1;
} ngx_http_credhub_pair_name_t;


typedef struct ngx_http_credhub_certificate_s ngx_http_credhub_certificate_t;

struct ngx_http_credhub_certificate_s {
    ngx_http_credhub_pair_name_t names[NGX_HTTP_CREDHUB_PAIRS];
    ngx_uint_t                   n;
    credhub_str_t                actor;
};


/* One handshake; in the pool of its connection. */

typedef struct {
    ngx_connection_t            *connection;
    ngx_http_credhub_srv_conf_t *conf;
    ngx_credhub_op_t            *ops[NGX_HTTP_CREDHUB_PAIRS];
    ngx_uint_t                   left; /* operations that run */
    unsigned                     waiting:1;
} ngx_http_credhub_handshake_t;


static char *ngx_http_credhub_certificate_name(
    ngx_conf_t *cf, ngx_str_t *value, ngx_http_credhub_pair_name_t *name);
static int ngx_http_credhub_certificate_callback(SSL *ssl, void *data);
static ngx_http_credhub_handshake_t *ngx_http_credhub_handshake_begin(
    ngx_connection_t *c, SSL *ssl, ngx_http_credhub_srv_conf_t *conf);
static void ngx_http_credhub_handshake_ask(
    ngx_http_credhub_handshake_t *handshake, SSL *ssl, ngx_uint_t i);
static ngx_int_t ngx_http_credhub_handshake_names(
    ngx_credhub_op_t *op, const ngx_http_credhub_pair_name_t *name, SSL *ssl);
static credhub_str_t ngx_http_credhub_handshake_host(
    credhub_arena_t *arena, const char *host);
static credhub_str_t    ngx_http_credhub_handshake_name(credhub_arena_t *arena,
       const ngx_http_credhub_pair_name_t *name, const char *first,
       credhub_str_t host);
static ngx_credhub_rc_e ngx_http_credhub_handshake_read(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_http_credhub_handshake_admit(void);
static void ngx_http_credhub_handshake_finished(ngx_credhub_op_t *op);
static void ngx_http_credhub_handshake_use(
    ngx_http_credhub_handshake_t *handshake, SSL *ssl);
static void ngx_http_credhub_handshake_log(
    ngx_http_credhub_handshake_t *handshake, ngx_credhub_op_t *op);
static void ngx_http_credhub_handshake_gone(void *data);


static const ngx_credhub_operation_t ngx_http_credhub_handshake_operation = {
    "handshake",
    (const ngx_credhub_step_pt[]){ ngx_http_credhub_handshake_read, NULL },
    sizeof(ngx_credhub_pair_t),
};

static const ngx_credhub_host_t ngx_http_credhub_handshake_host_of = {
    ngx_http_credhub_handshake_finished
};

static int ngx_http_credhub_handshake_index = -1;


char *
ngx_http_credhub_conf_certificate(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    char                           *error;
    ngx_str_t                      *value, actor;
    ngx_uint_t                      i, last;
    ngx_http_credhub_certificate_t *certificate;

    if (scf->certificate != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    last = cf->args->nelts - 1;

    certificate = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_certificate_t));
    if (certificate == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value[last].data, "identity=", 9) != 0) {
        return "needs \"identity=\" at its end";
    }

    actor.data = value[last].data + 9;
    actor.len = value[last].len - 9;

    if (actor.len == 0 || actor.len > CREDHUB_ACTOR_MAX) {
        return "has no valid actor";
    }

    certificate->actor.len = actor.len;
    certificate->actor.data = actor.data;

    for (i = 1; i < last; i++) {
        error = ngx_http_credhub_certificate_name(
            cf, &value[i], &certificate->names[certificate->n++]);

        if (error != NGX_CONF_OK) {
            return error;
        }
    }

    scf->certificate = certificate;

    ngx_http_credhub_conf_needs(cf);

    return NGX_CONF_OK;
}


static char *
ngx_http_credhub_certificate_name(
    ngx_conf_t *cf, ngx_str_t *value, ngx_http_credhub_pair_name_t *name)
{
    u_char       *p;
    credhub_str_t sample;

    p = ngx_strnstr(value->data, NGX_HTTP_CREDHUB_SNI, value->len);

    name->before = *value;

    if (p != NULL) {
        name->sni = 1;
        name->before.len = p - value->data;
        name->behind.data = p + sizeof(NGX_HTTP_CREDHUB_SNI) - 1;
        name->behind.len = value->data + value->len - name->behind.data;
    }

    sample.len = name->before.len;
    sample.data = name->before.data;

    if (sample.len == 0 || sample.data[0] != '/'
        || ngx_strlchr(value->data, value->data + name->before.len, '$')
        || ngx_strlchr(
            name->behind.data, name->behind.data + name->behind.len, '$')
        || (!name->sni
            && credhub_name_check(sample, CREDHUB_NAME_MAX) != CREDHUB_OK))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"%V\" is no name of a certificate; \"" NGX_HTTP_CREDHUB_SNI
            "\" is the only variable",
            value);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_credhub_certificate_init(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscf;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_credhub_srv_conf_t *scf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        scf = cscf[i]->ctx->srv_conf[ngx_http_credhub_module.ctx_index];
        sscf = cscf[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (scf->certificate == NULL) {
            continue;
        }

        if (sscf->ssl.ctx == NULL || sscf->certificate_values != NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                "\"credhub_certificate\" needs \"ssl_certificate\" with a file "
                "to fall back to, in %s:%ui",
                cscf[i]->file_name, cscf[i]->line);
            return NGX_ERROR;
        }

        SSL_CTX_set_cert_cb(
            sscf->ssl.ctx, ngx_http_credhub_certificate_callback, scf);
    }

    if (ngx_http_credhub_handshake_index == -1) {
        ngx_http_credhub_handshake_index =
            SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    return ngx_http_credhub_handshake_index == -1 ? NGX_ERROR : NGX_OK;
}


/* 1: the handshake goes on; -1: it waits. OpenSSL asks again then. */

static int
ngx_http_credhub_certificate_callback(SSL *ssl, void *data)
{
    ngx_connection_t             *c;
    ngx_http_credhub_handshake_t *handshake;

    handshake = SSL_get_ex_data(ssl, ngx_http_credhub_handshake_index);

    if (handshake == NULL) {
        c = ngx_ssl_get_connection(ssl);
        handshake = ngx_http_credhub_handshake_begin(c, ssl, data);
    }

    if (handshake == NULL) {
        return 1;
    }

    if (handshake->left != 0) {
        handshake->waiting = 1;
        return -1;
    }

    ngx_http_credhub_handshake_use(handshake, ssl);

    return 1;
}


static ngx_http_credhub_handshake_t *
ngx_http_credhub_handshake_begin(
    ngx_connection_t *c, SSL *ssl, ngx_http_credhub_srv_conf_t *conf)
{
    ngx_uint_t                    i;
    ngx_pool_cleanup_t           *cln;
    ngx_http_credhub_handshake_t *handshake;

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_credhub_handshake_t));
    if (cln == NULL) {
        return NULL;
    }

    handshake = cln->data;
    ngx_memzero(handshake, sizeof(ngx_http_credhub_handshake_t));

    handshake->connection = c;
    handshake->conf = conf;

    cln->handler = ngx_http_credhub_handshake_gone;

    if (SSL_set_ex_data(ssl, ngx_http_credhub_handshake_index, handshake) == 0)
    {
        return NULL;
    }

    for (i = 0; i < conf->certificate->n; i++) {
        ngx_http_credhub_handshake_ask(handshake, ssl, i);
    }

    return handshake;
}


static void
ngx_http_credhub_handshake_ask(
    ngx_http_credhub_handshake_t *handshake, SSL *ssl, ngx_uint_t i)
{
    ngx_credhub_op_t               *op;
    ngx_http_credhub_certificate_t *certificate;

    certificate = handshake->conf->certificate;

    op = ngx_credhub_op_create(
        &ngx_http_credhub_handshake_operation, &handshake->conf->hub);

    if (op == NULL) {
        return;
    }

    op->host = &ngx_http_credhub_handshake_host_of;
    op->host_data = handshake;

    if (op->ctx == NULL
        || ngx_credhub_access_actor(op, certificate->actor) != NGX_OK
        || ngx_http_credhub_handshake_names(op, &certificate->names[i], ssl)
               != NGX_OK)
    {
        ngx_credhub_op_destroy(op);
        return;
    }

    handshake->ops[i] = op;
    handshake->left++;

    ngx_credhub_op_run(op);
}


/* NGX_DECLINED: the client has named no host. */

static ngx_int_t
ngx_http_credhub_handshake_names(
    ngx_credhub_op_t *op, const ngx_http_credhub_pair_name_t *name, SSL *ssl)
{
    ngx_credhub_pair_t *pair = op->ctx;

    u_char       *dot;
    credhub_str_t host;

    pair->admit = ngx_http_credhub_handshake_admit;
    pair->known = ngx_credhub_pairs_known;

    if (!name->sni) {
        pair->n = 1;
        pair->names[0].len = name->before.len;
        pair->names[0].data = name->before.data;

        return NGX_OK;
    }

    host = ngx_http_credhub_handshake_host(
        op->arena, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));

    if (host.len == 0) {
        return NGX_DECLINED;
    }

    pair->names[pair->n++] =
        ngx_http_credhub_handshake_name(op->arena, name, "", host);

    dot = ngx_strlchr(host.data, host.data + host.len, '.');

    if (dot != NULL) {
        host.len -= dot - host.data;
        host.data = dot;

        pair->names[pair->n++] =
            ngx_http_credhub_handshake_name(op->arena, name, "_", host);
    }

    return NGX_OK;
}


/* A DNS host name (RFC 1123, 2.1) in lower case; empty for anything else. */

static credhub_str_t
ngx_http_credhub_handshake_host(credhub_arena_t *arena, const char *host)
{
    size_t        i, label;
    u_char        c;
    credhub_str_t text;

    if (host == NULL || ngx_strlen(host) > NGX_HTTP_CREDHUB_HOST_MAX) {
        return credhub_null_str;
    }

    text = credhub_arena_copy(arena, host, ngx_strlen(host));
    label = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i] = credhub_lower(text.data[i]);

        if (c == '.' && label != 0 && text.data[i - 1] != '-') {
            label = 0;

        } else if (((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                       || (c == '-' && label != 0))
                   && label < NGX_HTTP_CREDHUB_LABEL_MAX)
        {
            label++;

        } else {
            return credhub_null_str;
        }
    }

    return label != 0 && text.data[text.len - 1] != '-' ? text
                                                        : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_handshake_name(credhub_arena_t *arena,
    const ngx_http_credhub_pair_name_t *name, const char *first,
    credhub_str_t host)
{
    credhub_buf_t buf;

    credhub_buf_init(
        &buf, arena, name->before.len + 1 + host.len + name->behind.len);
    credhub_buf_add(&buf, name->before.data, name->before.len);
    credhub_buf_add(&buf, first, ngx_strlen(first));
    credhub_buf_add_str(&buf, host);
    credhub_buf_add(&buf, name->behind.data, name->behind.len);

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


static ngx_credhub_rc_e
ngx_http_credhub_handshake_read(ngx_credhub_op_t *op)
{
    return ngx_credhub_pair_enter(op, op->ctx);
}


/* A bucket of a worker: strangers choose the names. */

static ngx_uint_t
ngx_http_credhub_handshake_admit(void)
{
    ngx_msec_t        passed;
    static ngx_uint_t left = NGX_HTTP_CREDHUB_COLD_BURST * 1000;
    static ngx_msec_t then;

    passed = ngx_min(ngx_current_msec - then,
        1000 * NGX_HTTP_CREDHUB_COLD_BURST / NGX_HTTP_CREDHUB_COLD_RATE);
    then = ngx_current_msec;
    left = ngx_min(left + passed * NGX_HTTP_CREDHUB_COLD_RATE,
        NGX_HTTP_CREDHUB_COLD_BURST * 1000);

    if (left < 1000) {
        return 0;
    }

    left -= 1000;

    return 1;
}


static void
ngx_http_credhub_handshake_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_handshake_t *handshake = op->host_data;

    credhub_metrics_decision(op->operation->name, op->error);

    if (--handshake->left == 0 && handshake->waiting) {
        ngx_post_event(handshake->connection->write, &ngx_posted_events);
    }
}


/* With one of ours the configured ones go: which is served must not depend on
 * what the client prefers. */

static void
ngx_http_credhub_handshake_use(
    ngx_http_credhub_handshake_t *handshake, SSL *ssl)
{
    ngx_uint_t        i;
    ngx_credhub_op_t *op;
    const ngx_uint_t  n = handshake->conf->certificate->n;

    for (i = 0; i < n; i++) {
        op = handshake->ops[i];

        if (op != NULL && op->error == CREDHUB_OK
            && ngx_credhub_pairs_load(op->ctx) != NGX_OK)
        {
            op->error = CREDHUB_E_INTERNAL;
        }

        if (op != NULL && op->error == CREDHUB_OK) {
            SSL_certs_clear(ssl);
        }
    }

    for (i = 0; i < n; i++) {
        op = handshake->ops[i];
        handshake->ops[i] = NULL;

        if (op == NULL) {
            continue;
        }

        if (op->error == CREDHUB_OK) {
            ngx_credhub_pairs_use(ssl, op->ctx);

        } else {
            ngx_http_credhub_handshake_log(handshake, op);
        }

        ngx_credhub_op_destroy(op);
    }
}


/* One line a second: strangers choose the names. */

static void
ngx_http_credhub_handshake_log(
    ngx_http_credhub_handshake_t *handshake, ngx_credhub_op_t *op)
{
    ngx_uint_t    level;
    static time_t logged;

    if (logged == ngx_time()) {
        return;
    }

    logged = ngx_time();

    level = op->error == CREDHUB_E_CRED ? NGX_LOG_INFO : NGX_LOG_ERR;

    ngx_log_error(level, handshake->connection->log, 0,
        "credhub: no certificate \"%*s\" from the hub (%s), the configured one "
        "is served",
        op->resource.len, op->resource.data, credhub_error_name(op->error));
}


static void
ngx_http_credhub_handshake_gone(void *data)
{
    ngx_http_credhub_handshake_t *handshake = data;

    ngx_uint_t i;

    for (i = 0; i < NGX_HTTP_CREDHUB_PAIRS; i++) {
        if (handshake->ops[i] != NULL) {
            ngx_credhub_op_destroy(handshake->ops[i]);
        }
    }
}
