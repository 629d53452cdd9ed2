
/*
 * A TLS handshake that accepts everything and sends nothing. OpenSSL reads and
 * writes through functions of this file, which wait, look at the clock and
 * count what a server sends; so a call of OpenSSL ends when the probe does.
 */

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "ngx_credhub_probe_start.h"


#define NGX_CREDHUB_TLS_CHAIN_MAX (128 * 1024) /* bytes of certificates */
#define NGX_CREDHUB_TLS_BYTES_MAX (512 * 1024) /* bytes of a handshake */
#define NGX_CREDHUB_TLS_DH_MAX    8192         /* bits of a server's group */

#define NGX_CREDHUB_TLS_CIPHERS   "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"


typedef struct {
    ngx_credhub_probe_tls_t *probe;
    credhub_arena_t         *arena;
    int                      fd;
    size_t                   received;
    unsigned                 asked:1; /* for a certificate of ours */
    BIO_METHOD              *method;
    SSL_CTX                 *ctx;
    SSL                     *ssl;
} ngx_credhub_tls_t;


static void        ngx_credhub_tls_handshake(ngx_credhub_tls_t *tls);
static int         ngx_credhub_tls_prepare(ngx_credhub_tls_t *tls);
static int         ngx_credhub_tls_socket(ngx_credhub_tls_t *tls);
static int         ngx_credhub_tls_name(ngx_credhub_tls_t *tls);
static int         ngx_credhub_tls_shown(ngx_credhub_tls_t *tls);
static const char *ngx_credhub_tls_reason(void);
static int         ngx_credhub_tls_read(BIO *bio, char *data, int len);
static int         ngx_credhub_tls_write(BIO *bio, const char *data, int len);
static long        ngx_credhub_tls_ctrl(BIO *bio, int cmd, long num, void *ptr);
static int         ngx_credhub_tls_chain(X509_STORE_CTX *store, void *data);
static int ngx_credhub_tls_asked(SSL *ssl, X509 **x509, EVP_PKEY **pkey);
static int ngx_credhub_tls_security(const SSL *ssl, const SSL_CTX *ctx, int op,
    int bits, int nid, void *other, void *data);


/* What went wrong, where it helps whoever set up the server. */

typedef struct {
    int         code;
    const char *text;
} ngx_credhub_tls_reason_t;

static const ngx_credhub_tls_reason_t ngx_credhub_tls_reasons[] = {
    { SSL_R_WRONG_VERSION_NUMBER, "The server does not answer as TLS does" },
    { SSL_R_EXCESSIVE_MESSAGE_SIZE, "The server sent too large a message" },
    { SSL_R_DH_KEY_TOO_SMALL, "The server's key exchange takes too long" },
    { SSL_R_UNSUPPORTED_PROTOCOL,
        "The server speaks only versions of TLS that are too old" },
    { SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
        "The server speaks none of the versions of TLS that are known here" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
        "The server refused the TLS handshake" },
    { SSL_R_TLSV1_UNRECOGNIZED_NAME,
        "The server does not know the name of the host" },
};


void
ngx_credhub_probe_tls(credhub_arena_t *arena, ngx_credhub_probe_tls_t *probe)
{
    ngx_credhub_tls_t tls = { .probe = probe, .arena = arena };

    probe->no_tls = 0;
    probe->nsent = 0;

    tls.fd = ngx_credhub_dial(&probe->target, &probe->reason);

    if (tls.fd == -1) {
        probe->result = NGX_CREDHUB_PROBE_UNREACHED;
        return;
    }

    if (probe->reach) {
        probe->result = NGX_CREDHUB_PROBE_OK;

    } else {
        probe->result = NGX_CREDHUB_PROBE_FAILED;

        if (ngx_credhub_probe_start(probe, tls.fd) == 0) {
            ngx_credhub_tls_handshake(&tls);
        }
    }

    if (probe->result == NGX_CREDHUB_PROBE_OK) {
        probe->reason = NULL;

    } else {
        probe->nsent = 0;
    }

    (void) close(tls.fd);
}


static void
ngx_credhub_tls_handshake(ngx_credhub_tls_t *tls)
{
    ngx_credhub_probe_tls_t *probe;

    probe = tls->probe;
    probe->reason = NULL;

    ERR_clear_error();

    if (ngx_credhub_tls_prepare(tls) == -1) {
        probe->reason = "TLS could not be prepared";

    } else if (SSL_connect(tls->ssl) == 1) {
        probe->result = NGX_CREDHUB_PROBE_OK;
        (void) SSL_shutdown(tls->ssl);

    } else if (ngx_credhub_tls_shown(tls)) {
        probe->result = NGX_CREDHUB_PROBE_OK;

    } else if (probe->reason == NULL) {
        probe->reason = ngx_credhub_tls_reason();
    }

    ERR_clear_error();

    SSL_free(tls->ssl);
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->method);
}


static int
ngx_credhub_tls_prepare(ngx_credhub_tls_t *tls)
{
    SSL_CTX *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL) {
        return -1;
    }

    tls->ctx = ctx;

    /* an old server is to be shown, too, and nothing is confided to it */

    SSL_CTX_set_security_callback(ctx, ngx_credhub_tls_security);
    SSL_CTX_set_options(
        ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);

    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION)
        || !SSL_CTX_set_max_proto_version(ctx, 0)
        || !SSL_CTX_set_cipher_list(ctx, NGX_CREDHUB_TLS_CIPHERS))
    {
        return -1;
    }

    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, NGX_CREDHUB_TLS_CHAIN_MAX);
    SSL_CTX_set_client_cert_cb(ctx, ngx_credhub_tls_asked);

    /* instead of the verification, which would cost a signature each */

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, ngx_credhub_tls_chain, tls);

    tls->ssl = SSL_new(ctx);

    if (tls->ssl == NULL || ngx_credhub_tls_socket(tls) == -1) {
        return -1;
    }

    SSL_set_app_data(tls->ssl, tls);

    return ngx_credhub_tls_name(tls);
}


static int
ngx_credhub_tls_socket(ngx_credhub_tls_t *tls)
{
    BIO *bio;

    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "credhub probe");

    if (tls->method == NULL
        || !BIO_meth_set_read(tls->method, ngx_credhub_tls_read)
        || !BIO_meth_set_write(tls->method, ngx_credhub_tls_write)
        || !BIO_meth_set_ctrl(tls->method, ngx_credhub_tls_ctrl))
    {
        return -1;
    }

    bio = BIO_new(tls->method);

    if (bio == NULL) {
        return -1;
    }

    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);

    return 0;
}


/* SNI, for a name; an address has none (RFC 6066, section 3). */

static int
ngx_credhub_tls_name(ngx_credhub_tls_t *tls)
{
    credhub_str_t  name;
    struct in_addr inet;

    name = tls->probe->target.name;

    while (name.len > 0 && name.data[name.len - 1] == '.') {
        name.len--;
    }

    if (name.len == 0 || name.len > TLSEXT_MAXLEN_host_name
        || memchr(name.data, ':', name.len) != NULL
        || memchr(name.data, '\0', name.len) != NULL)
    {
        return 0;
    }

    name = credhub_arena_copy(tls->arena, name.data, name.len);

    if (name.data == NULL) {
        return -1;
    }

    if (inet_pton(AF_INET, (char *) name.data, &inet) == 1) {
        return 0;
    }

    return SSL_set_tlsext_host_name(tls->ssl, (char *) name.data) ? 0 : -1;
}


/*
 * Did the handshake fail only because the server wants a certificate of ours?
 * Before TLS 1.3 it says so in the middle; what it has shown counts when it has
 * signed for it, which it has not when the client's secret is encrypted to it.
 */

static int
ngx_credhub_tls_shown(ngx_credhub_tls_t *tls)
{
    const SSL_CIPHER *cipher;

    if (!tls->asked || tls->probe->nsent == 0) {
        return 0;
    }

    cipher = SSL_get_pending_cipher(tls->ssl);

    if (cipher == NULL || SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa) {
        tls->probe->reason = "The server demands a client certificate";
        return 0;
    }

    return 1;
}


static const char *
ngx_credhub_tls_reason(void)
{
    size_t        i, n;
    unsigned long err;

    err = ERR_peek_error();
    n = sizeof(ngx_credhub_tls_reasons) / sizeof(ngx_credhub_tls_reasons[0]);

    if (ERR_GET_LIB(err) == ERR_LIB_SSL) {
        for (i = 0; i < n; i++) {
            if (ngx_credhub_tls_reasons[i].code == ERR_GET_REASON(err)) {
                return ngx_credhub_tls_reasons[i].text;
            }
        }
    }

    return "The TLS handshake failed";
}


static int
ngx_credhub_tls_read(BIO *bio, char *data, int len)
{
    ssize_t            n;
    ngx_credhub_tls_t *tls;

    tls = BIO_get_data(bio);

    if (tls->received > NGX_CREDHUB_TLS_BYTES_MAX) {
        tls->probe->reason = "The server sent too many bytes";
        return -1;
    }

    n = ngx_credhub_dial_some(
        &tls->probe->target, tls->fd, data, len, &tls->probe->reason);

    if (n == -1) {
        return -1;
    }

    tls->received += n;

    return (int) n;
}


static int
ngx_credhub_tls_write(BIO *bio, const char *data, int len)
{
    ngx_credhub_tls_t *tls;

    tls = BIO_get_data(bio);

    if (ngx_credhub_dial_write(
            &tls->probe->target, tls->fd, data, len, &tls->probe->reason)
        == -1)
    {
        return -1;
    }

    return len;
}


static long
ngx_credhub_tls_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    return cmd == BIO_CTRL_FLUSH;
}


/* Takes the chain; 0 ends the handshake. */

static int
ngx_credhub_tls_chain(X509_STORE_CTX *store, void *data)
{
    int                      i, n, len;
    X509                    *x509;
    u_char                  *p;
    ngx_credhub_tls_t       *tls;
    ngx_credhub_probe_tls_t *probe;

    tls = data;
    probe = tls->probe;
    n = sk_X509_num(X509_STORE_CTX_get0_untrusted(store));

    if (n > CREDHUB_TRUST_SENT_MAX) {
        probe->reason = "The server sent too many certificates";
        return 0;
    }

    for (i = 0; i < n; i++) {
        x509 = sk_X509_value(X509_STORE_CTX_get0_untrusted(store), i);
        len = i2d_X509(x509, NULL);
        p = len > 0 ? credhub_arena_bytes(tls->arena, len) : NULL;

        if (p == NULL) {
            probe->reason = "The server's certificates could not be read";
            return 0;
        }

        probe->sent[i].data = p;
        probe->sent[i].len = len;
        (void) i2d_X509(x509, &p);
    }

    probe->nsent = n;

    return 1;
}


static int
ngx_credhub_tls_asked(SSL *ssl, X509 **x509, EVP_PKEY **pkey)
{
    ngx_credhub_tls_t *tls;

    tls = SSL_get_app_data(ssl);
    tls->asked = 1;

    return 0;
}


/*
 * Everything is good enough to be shown. A group of the server's choice can be
 * so large that the thread would not come back in time; RSA, DSA and curves are
 * bounded by OpenSSL itself.
 */

static int
ngx_credhub_tls_security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
    int nid, void *other, void *data)
{
    return op != SSL_SECOP_TMP_DH || other == NULL
           || EVP_PKEY_get_bits(other) <= NGX_CREDHUB_TLS_DH_MAX;
}
