
/*
 * What was sent is copied once for a TLS connection, together with the approval
 * that it was trusted by: that one is asked for first in the next request, so a
 * revocation counts at once, and an open connection costs one look at the store
 * for each request.
 *
 * A resumed session has no chain: its leaf, or who has issued it, must be
 * approved.
 */

#include "ngx_http_credhub_shown.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>


#define NGX_HTTP_CREDHUB_SHOWN_ID_MAX   255 /* bytes that are remembered */
#define NGX_HTTP_CREDHUB_SHOWN_HASH_MAX 64


typedef struct {
    credhub_str_t sent[CREDHUB_TRUST_SENT_MAX]; /* DER, leaf first */
    ngx_uint_t    n;

    /* who trusted it last, and by which approval */
    ngx_uint_t kind;
    u_char     id[NGX_HTTP_CREDHUB_SHOWN_ID_MAX];
    size_t     id_len;
    u_char     hash[NGX_HTTP_CREDHUB_SHOWN_HASH_MAX];
    size_t     hash_len; /* 0: nobody so far */
} ngx_http_credhub_shown_t;


static ngx_http_credhub_shown_t *ngx_http_credhub_shown_copy(
    ngx_connection_t *c, SSL *ssl);
static ngx_int_t ngx_http_credhub_shown_add(
    ngx_connection_t *c, ngx_http_credhub_shown_t *shown, X509 *x509);


static int ngx_http_credhub_shown_index = -1;


ngx_int_t
ngx_http_credhub_shown_init(void)
{
    if (ngx_http_credhub_shown_index == -1) {
        ngx_http_credhub_shown_index =
            SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    return ngx_http_credhub_shown_index == -1 ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_credhub_shown(ngx_connection_t *c, ngx_credhub_peer_t *peer)
{
    SSL                      *ssl;
    ngx_http_credhub_shown_t *shown;

    if (c->ssl == NULL || SSL_get0_peer_certificate(c->ssl->connection) == NULL)
    {
        return NGX_DECLINED;
    }

    ssl = c->ssl->connection;
    shown = SSL_get_ex_data(ssl, ngx_http_credhub_shown_index);

    if (shown == NULL) {
        shown = ngx_http_credhub_shown_copy(c, ssl);
    }

    if (shown == NULL) {
        return NGX_ERROR;
    }

    peer->sent = shown->sent;
    peer->nsent = shown->n;

    if (shown->kind == peer->kind && shown->id_len == peer->id.len
        && ngx_memcmp(shown->id, peer->id.data, peer->id.len) == 0)
    {
        peer->known.len = shown->hash_len;
        peer->known.data = shown->hash;
    }

    return NGX_OK;
}


/* What has no room is looked for again. */

void
ngx_http_credhub_shown_remember(
    ngx_connection_t *c, const ngx_credhub_peer_t *peer)
{
    ngx_http_credhub_shown_t *shown;

    shown = SSL_get_ex_data(c->ssl->connection, ngx_http_credhub_shown_index);

    if (peer->id.len > NGX_HTTP_CREDHUB_SHOWN_ID_MAX
        || peer->approval.hash.len > NGX_HTTP_CREDHUB_SHOWN_HASH_MAX)
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
ngx_http_credhub_shown_copy(ngx_connection_t *c, SSL *ssl)
{
    int i;
    STACK_OF(X509) * chain;
    ngx_http_credhub_shown_t *shown;

    shown = ngx_pcalloc(c->pool, sizeof(ngx_http_credhub_shown_t));

    if (shown == NULL
        || ngx_http_credhub_shown_add(c, shown, SSL_get0_peer_certificate(ssl))
               != NGX_OK)
    {
        return NULL;
    }

    chain = SSL_session_reused(ssl) ? NULL : SSL_get_peer_cert_chain(ssl);

    /* that of a server begins with its leaf, that of a client behind it */

    for (i = SSL_is_server(ssl) ? 0 : 1;
         i < sk_X509_num(chain) && shown->n < CREDHUB_TRUST_SENT_MAX; i++)
    {
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
