
/*
 * A client certificate counts only when the TLS context that verified it is
 * the one of the server that handles the request: with two servers on one
 * address a certificate verified against the other's CA names nobody here.
 *
 * What a certificate says is found out once a connection and hangs on its SSL
 * object; dates are compared with every request.
 */

#include "ngx_http_credhub_actor.h"
#include "credhub_identity.h"


typedef struct {
    SSL_CTX        *ctx; /* that verified the certificate */
    credhub_error_e error;
    long            verify; /* X509_V_*, for CREDHUB_E_INVALID_... */
    time_t          from;
    time_t          until;
    u_char          actor[CREDHUB_MTLS_ACTOR_LEN];
} ngx_http_credhub_peer_t;


static ngx_http_credhub_peer_t *ngx_http_credhub_peer(
    ngx_connection_t *c, X509 *certificate);
static long      ngx_http_credhub_peer_verify(SSL *ssl, X509 *certificate);
static ngx_int_t ngx_http_credhub_time(const ASN1_TIME *asn1, time_t *out);
static credhub_error_e ngx_http_credhub_invalid(
    long verify, credhub_str_t *detail);


static int ngx_http_credhub_peer_index = -1;


ngx_int_t
ngx_http_credhub_actor_init(ngx_conf_t *cf)
{
    if (ngx_http_credhub_peer_index != -1) {
        return NGX_OK;
    }

    ngx_http_credhub_peer_index =
        SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);

    if (ngx_http_credhub_peer_index == -1) {
        ngx_ssl_error(
            NGX_LOG_EMERG, cf->log, 0, "SSL_get_ex_new_index() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


credhub_error_e
ngx_http_credhub_actor(ngx_http_request_t *r, credhub_str_t *actor,
    credhub_str_t *user, credhub_str_t *detail)
{
    X509                        *certificate;
    credhub_error_e              error;
    ngx_http_credhub_peer_t     *peer;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    if (!lcf->mtls || r->connection->ssl == NULL) {
        return CREDHUB_E_UNAUTHENTICATED;
    }

    certificate = SSL_get0_peer_certificate(r->connection->ssl->connection);

    if (certificate == NULL) {
        return CREDHUB_E_UNAUTHENTICATED;
    }

    peer = ngx_http_credhub_peer(r->connection, certificate);
    if (peer == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_ssl_module);

    if (peer->ctx != sscf->ssl.ctx) {
        return CREDHUB_E_MISDIRECTED;
    }

    if (peer->error != CREDHUB_OK) {
        return peer->error == CREDHUB_E_INVALID_CLIENT_CERTIFICATE
                   ? ngx_http_credhub_invalid(peer->verify, detail)
                   : peer->error;
    }

    error = ngx_http_credhub_actor_dates(r->connection, detail);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ngx_http_credhub_actor_replayable(r)) {
        return CREDHUB_E_TOO_EARLY;
    }

    actor->data = peer->actor;
    actor->len = CREDHUB_MTLS_ACTOR_LEN;

    user->data = actor->data + sizeof("mtls-") - 1;
    user->len = actor->len - (sizeof("mtls-") - 1);

    return CREDHUB_OK;
}


credhub_error_e
ngx_http_credhub_actor_dates(ngx_connection_t *c, credhub_str_t *detail)
{
    ngx_http_credhub_peer_t *peer;

    peer = SSL_get_ex_data(c->ssl->connection, ngx_http_credhub_peer_index);

    if (ngx_time() > peer->until) {
        return ngx_http_credhub_invalid(X509_V_ERR_CERT_HAS_EXPIRED, detail);
    }

    if (ngx_time() < peer->from) {
        return ngx_http_credhub_invalid(X509_V_ERR_CERT_NOT_YET_VALID, detail);
    }

    return CREDHUB_OK;
}


ngx_uint_t
ngx_http_credhub_actor_replayable(ngx_http_request_t *r)
{
    return r->connection->ssl != NULL
           && !SSL_is_init_finished(r->connection->ssl->connection)
           && !(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD));
}


static ngx_http_credhub_peer_t *
ngx_http_credhub_peer(ngx_connection_t *c, X509 *certificate)
{
    SSL                     *ssl;
    ngx_http_credhub_peer_t *peer;

    ssl = c->ssl->connection;

    peer = SSL_get_ex_data(ssl, ngx_http_credhub_peer_index);

    if (peer != NULL) {
        return peer;
    }

    peer = ngx_pcalloc(c->pool, sizeof(ngx_http_credhub_peer_t));
    if (peer == NULL) {
        return NULL;
    }

    peer->ctx = SSL_get_SSL_CTX(ssl);
    peer->verify = ngx_http_credhub_peer_verify(ssl, certificate);

    if (peer->verify != X509_V_OK) {
        peer->error = CREDHUB_E_INVALID_CLIENT_CERTIFICATE;

    } else if (ngx_http_credhub_time(
                   X509_get0_notBefore(certificate), &peer->from)
                   != NGX_OK
               || ngx_http_credhub_time(
                      X509_get0_notAfter(certificate), &peer->until)
                      != NGX_OK)
    {
        peer->error = CREDHUB_E_MTLS_ID;

    } else {
        peer->error = credhub_identity(certificate, peer->actor);
    }

    if (SSL_set_ex_data(ssl, ngx_http_credhub_peer_index, peer) == 0) {
        return NULL;
    }

    return peer;
}


/*
 * A full handshake has verified the chain. A resumed session carries the result
 * of an earlier one, and only the leaf: it is verified again, with the trusted
 * certificates and revocation lists of now.
 */

static long
ngx_http_credhub_peer_verify(SSL *ssl, X509 *certificate)
{
    long            result;
    X509_STORE_CTX *ctx;

    result = SSL_get_verify_result(ssl);

    if (result != X509_V_OK || !SSL_session_reused(ssl)) {
        return result;
    }

    ERR_set_mark();

    result = X509_V_ERR_OUT_OF_MEM;
    ctx = X509_STORE_CTX_new();

    if (ctx != NULL
        && X509_STORE_CTX_init(ctx,
            SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), certificate, NULL)
        && X509_STORE_CTX_set_default(ctx, "ssl_client"))
    {
        (void) X509_verify_cert(ctx);
        result = X509_STORE_CTX_get_error(ctx);
    }

    X509_STORE_CTX_free(ctx);
    ERR_pop_to_mark();

    return result;
}


static ngx_int_t
ngx_http_credhub_time(const ASN1_TIME *asn1, time_t *out)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(asn1, &tm) != 1) {
        return NGX_ERROR;
    }

    *out = timegm(&tm);

    return NGX_OK;
}


static credhub_error_e
ngx_http_credhub_invalid(long verify, credhub_str_t *detail)
{
    detail->data = (u_char *) X509_verify_cert_error_string(verify);
    detail->len = ngx_strlen(detail->data);

    return CREDHUB_E_INVALID_CLIENT_CERTIFICATE;
}


credhub_error_e
ngx_http_credhub_actor_refused(ngx_http_request_t *r, credhub_str_t *detail)
{
    SSL                     *ssl;
    long                     verify;
    ngx_http_ssl_srv_conf_t *sscf;

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_ssl_module);

    if (r->err_status != NGX_HTTP_BAD_REQUEST || r->connection->ssl == NULL
        || (sscf->verify != 1 && sscf->verify != 2))
    {
        return CREDHUB_OK;
    }

    ssl = r->connection->ssl->connection;

    if (SSL_get0_peer_certificate(ssl) == NULL) {
        return sscf->verify == 1 ? CREDHUB_E_UNAUTHENTICATED : CREDHUB_OK;
    }

    verify = SSL_get_verify_result(ssl);

    return verify == X509_V_OK ? CREDHUB_OK
                               : ngx_http_credhub_invalid(verify, detail);
}


ngx_uint_t
ngx_http_credhub_actor_local(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_sockaddr_t    peer;
    socklen_t         len;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    ngx_connection_t *c;

    c = r->connection;

    if (c->proxy_protocol != NULL) {
        return 0;
    }

    len = sizeof(ngx_sockaddr_t);

    if (getpeername(c->fd, &peer.sockaddr, &len) == -1
        || (peer.sockaddr.sa_family != AF_INET
            && peer.sockaddr.sa_family != AF_INET6)
        || ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK
        || ngx_cmp_sockaddr(
               &peer.sockaddr, len, c->local_sockaddr, c->local_socklen, 0)
               != NGX_OK)
    {
        return 0;
    }

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                return 1;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (ngx_strncasecmp(h[i].key.data, (u_char *) "X-Forwarded-", 12) == 0
            || ngx_strcasecmp(h[i].key.data, (u_char *) "X-Real-IP") == 0
            || ngx_strcasecmp(h[i].key.data, (u_char *) "Via") == 0
            || ngx_strcasecmp(h[i].key.data, (u_char *) "Forwarded") == 0)
        {
            return 0;
        }
    }
}
