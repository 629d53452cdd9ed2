
/*
 * One HTTPS request by libcurl. It is told everything and finds out nothing: no
 * environment, no proxy, no file of a user. Sockets come from our own dial, so
 * a connection can only lead to an address of the target; a name that had to be
 * resolved ends the request. Memory of libcurl is wiped when it is freed
 * (ngx_credhub_manager_init()).
 */

#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include "credhub_endpoint.h"
#include "ngx_credhub_manager_request.h"


#define NGX_CREDHUB_MANAGER_HEAD_MAX  65536 /* bytes of headers */
#define NGX_CREDHUB_MANAGER_BODY_SIZE 4096  /* to begin with */

#define NGX_CREDHUB_MANAGER_LARGE     "The answer is too large"


/* A request under way. */

typedef struct {
    const ngx_credhub_target_t *target;
    credhub_str_t               ca;
    credhub_buf_t               body;
    size_t                      head; /* bytes of headers */
    const char                 *reason;
} ngx_credhub_manager_transfer_t;


typedef struct {
    CURLoption option;
    long       value;
} ngx_credhub_manager_option_t;


typedef struct {
    CURLcode    code;
    const char *reason;
} ngx_credhub_manager_error_t;


static CURLcode ngx_credhub_manager_setup(
    CURL *curl, ngx_credhub_manager_transfer_t *transfer);
static CURLcode           ngx_credhub_manager_aim(CURL *curl,
              ngx_credhub_manager_request_t *request, credhub_str_t url,
              struct curl_slist *headers, struct curl_slist *resolved);
static credhub_str_t      ngx_credhub_manager_url(credhub_arena_t *arena,
         const ngx_credhub_manager_endpoint_t *endpoint, credhub_str_t path);
static struct curl_slist *ngx_credhub_manager_headers(
    credhub_arena_t *arena, const ngx_credhub_manager_request_t *request);
static struct curl_slist *ngx_credhub_manager_resolved(
    credhub_arena_t *arena, credhub_str_t url);
static int ngx_credhub_manager_answered(ngx_credhub_manager_session_t *session,
    CURLcode code, const ngx_credhub_manager_transfer_t *transfer);
static const char *ngx_credhub_manager_untrusted(CURL *curl);

static curl_socket_t ngx_credhub_manager_on_open(
    void *data, curlsocktype purpose, struct curl_sockaddr *address);
static int ngx_credhub_manager_on_socket(
    void *data, curl_socket_t fd, curlsocktype purpose);
static int ngx_credhub_manager_on_resolve(
    void *resolver, void *reserved, void *data);
static CURLcode ngx_credhub_manager_on_tls(CURL *curl, void *ctx, void *data);
static int      ngx_credhub_manager_trust(SSL_CTX *ctx, credhub_str_t ca);
static int      ngx_credhub_manager_on_progress(void *data, curl_off_t dltotal,
         curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);
static size_t   ngx_credhub_manager_on_head(
      char *text, size_t size, size_t n, void *data);
static size_t ngx_credhub_manager_on_body(
    char *text, size_t size, size_t n, void *data);


static const ngx_credhub_manager_option_t ngx_credhub_manager_options[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_NOPROGRESS, 0 },
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_SSL_SESSIONID_CACHE, 0 },
    { CURLOPT_CA_CACHE_TIMEOUT, 0 },
};


static const ngx_credhub_manager_error_t ngx_credhub_manager_errors[] = {
    { CURLE_COULDNT_CONNECT, "The connection failed" },
    { CURLE_OPERATION_TIMEDOUT, NGX_CREDHUB_DIAL_LATE },
    { CURLE_ABORTED_BY_CALLBACK, NGX_CREDHUB_DIAL_LATE },
    { CURLE_SSL_CONNECT_ERROR, "The TLS handshake failed" },
    { CURLE_GOT_NOTHING, NGX_CREDHUB_DIAL_CLOSED },
    { CURLE_PARTIAL_FILE, NGX_CREDHUB_DIAL_CLOSED },
    { CURLE_RECV_ERROR, NGX_CREDHUB_DIAL_CLOSED },
    { CURLE_SEND_ERROR, NGX_CREDHUB_DIAL_CLOSED },
    { CURLE_OUT_OF_MEMORY, NGX_CREDHUB_MANAGER_MEMORY },
    { CURLE_OK, NGX_CREDHUB_MANAGER_UNREAD },
};


void
ngx_credhub_manager_header(ngx_credhub_manager_request_t *request,
    const char *name, credhub_str_t value)
{
    request->headers[request->nheaders].name = name;
    request->headers[request->nheaders++].value = value;
}


int
ngx_credhub_manager_send(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const ngx_credhub_manager_endpoint_t *endpoint,
    ngx_credhub_manager_request_t *request)
{
    int                            rc;
    CURLcode                       code;
    credhub_str_t                  url;
    struct curl_slist             *headers, *resolved;
    ngx_credhub_manager_transfer_t transfer;

    memset(&transfer, 0, sizeof(transfer));
    transfer.target = &endpoint->target;
    transfer.ca = session->read->ca;
    credhub_buf_init(&transfer.body, arena, NGX_CREDHUB_MANAGER_BODY_SIZE);

    url = ngx_credhub_manager_url(arena, endpoint, request->path);
    headers = ngx_credhub_manager_headers(arena, request);
    resolved = ngx_credhub_manager_resolved(arena, endpoint->url);
    code = CURLE_OUT_OF_MEMORY;

    if (url.data != NULL && headers != NULL && resolved != NULL) {
        curl_easy_reset(session->curl);
        code = ngx_credhub_manager_setup(session->curl, &transfer);
    }

    if (code == CURLE_OK) {
        code = ngx_credhub_manager_aim(
            session->curl, request, url, headers, resolved);
    }

    if (code == CURLE_OK) {
        code = curl_easy_perform(session->curl);
    }

    rc = ngx_credhub_manager_answered(session, code, &transfer);
    request->answer = credhub_buf_str(&transfer.body);

    curl_easy_reset(session->curl);
    curl_slist_free_all(headers);
    curl_slist_free_all(resolved);

    return rc;
}


/* What is the same for every request. */

static CURLcode
ngx_credhub_manager_setup(CURL *curl, ngx_credhub_manager_transfer_t *transfer)
{
    int      left;
    size_t   i;
    CURLcode rc;

    left = ngx_credhub_dial_left(transfer->target);

    if (left == 0) {
        return CURLE_OPERATION_TIMEDOUT;
    }

    rc = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) left);

    for (i = 0; i < sizeof(ngx_credhub_manager_options)
                        / sizeof(ngx_credhub_manager_options[0]);
         i++)
    {
        rc |= curl_easy_setopt(curl, ngx_credhub_manager_options[i].option,
            ngx_credhub_manager_options[i].value);
    }

    rc |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    rc |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    rc |= curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    rc |= curl_easy_setopt(curl, CURLOPT_USERAGENT, "credhub");

    /* who is trusted is said by ngx_credhub_manager_on_tls() */
    rc |= curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    rc |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    rc |= curl_easy_setopt(
        curl, CURLOPT_SSL_CTX_FUNCTION, ngx_credhub_manager_on_tls);
    rc |= curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer);

    rc |= curl_easy_setopt(
        curl, CURLOPT_RESOLVER_START_FUNCTION, ngx_credhub_manager_on_resolve);
    rc |= curl_easy_setopt(
        curl, CURLOPT_OPENSOCKETFUNCTION, ngx_credhub_manager_on_open);
    rc |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    rc |= curl_easy_setopt(
        curl, CURLOPT_SOCKOPTFUNCTION, ngx_credhub_manager_on_socket);

    rc |= curl_easy_setopt(
        curl, CURLOPT_XFERINFOFUNCTION, ngx_credhub_manager_on_progress);
    rc |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    rc |= curl_easy_setopt(
        curl, CURLOPT_HEADERFUNCTION, ngx_credhub_manager_on_head);
    rc |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    rc |= curl_easy_setopt(
        curl, CURLOPT_WRITEFUNCTION, ngx_credhub_manager_on_body);
    rc |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);

    return rc == CURLE_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}


static CURLcode
ngx_credhub_manager_aim(CURL *curl, ngx_credhub_manager_request_t *request,
    credhub_str_t url, struct curl_slist *headers, struct curl_slist *resolved)
{
    CURLcode rc;

    rc = curl_easy_setopt(curl, CURLOPT_URL, url.data);
    rc |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    rc |= curl_easy_setopt(curl, CURLOPT_RESOLVE, resolved);

    if (request->post) {
        rc |= curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body.len);
        rc |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
            request->body.len != 0 ? (char *) request->body.data : "");
    }

    return rc == CURLE_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}


static credhub_str_t
ngx_credhub_manager_url(credhub_arena_t  *arena,
    const ngx_credhub_manager_endpoint_t *endpoint, credhub_str_t path)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, endpoint->url.len + path.len + 1);
    credhub_buf_add_str(&buf, endpoint->url);
    credhub_buf_add_str(&buf, path);
    credhub_buf_add(&buf, "", 1);

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


/* NULL when memory is exhausted; each request has one header at least. */

static struct curl_slist *
ngx_credhub_manager_headers(
    credhub_arena_t *arena, const ngx_credhub_manager_request_t *request)
{
    unsigned           i;
    credhub_buf_t      buf;
    struct curl_slist *list, *longer;

    list = NULL;

    for (i = 0; i < request->nheaders; i++) {
        credhub_buf_init(&buf, arena, 0);
        credhub_buf_printf(&buf, "%s: ", request->headers[i].name);
        credhub_buf_add_str(&buf, request->headers[i].value);
        credhub_buf_add(&buf, "", 1);

        longer = buf.failed ? NULL : curl_slist_append(list, (char *) buf.data);

        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }

        list = longer;
    }

    return list;
}


/* An address for every name, or libcurl would ask for one. It is never used,
 * since ngx_credhub_manager_on_open() connects. */

static struct curl_slist *
ngx_credhub_manager_resolved(credhub_arena_t *arena, credhub_str_t url)
{
    credhub_buf_t      buf;
    credhub_endpoint_t endpoint;

    if (credhub_endpoint(url, &endpoint) != 0) {
        return NULL;
    }

    credhub_buf_init(&buf, arena, 32);
    credhub_buf_printf(&buf, "*:%u:127.0.0.1%c", endpoint.port, '\0');

    return buf.failed ? NULL : curl_slist_append(NULL, (char *) buf.data);
}


static int
ngx_credhub_manager_answered(ngx_credhub_manager_session_t *session,
    CURLcode code, const ngx_credhub_manager_transfer_t *transfer)
{
    const ngx_credhub_manager_error_t *row;

    session->status = 0;

    if (code == CURLE_OK) {
        (void) curl_easy_getinfo(
            session->curl, CURLINFO_RESPONSE_CODE, &session->status);

        return session->status == 200 ? 0 : -1;
    }

    if (transfer->reason != NULL) {
        return ngx_credhub_manager_fail(session, transfer->reason);
    }

    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return ngx_credhub_manager_fail(
            session, ngx_credhub_manager_untrusted(session->curl));
    }

    for (row = ngx_credhub_manager_errors; row->code != CURLE_OK; row++) {
        if (row->code == code) {
            break;
        }
    }

    return ngx_credhub_manager_fail(session, row->reason);
}


/* libcurl compares the names itself, and before it asks for OpenSSL's result. */

static const char *
ngx_credhub_manager_untrusted(CURL *curl)
{
    long result;

    if (curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &result) == CURLE_OK
        && (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED))
    {
        return "The certificate is of another host";
    }

    return "The certificate is not trusted";
}


static curl_socket_t
ngx_credhub_manager_on_open(
    void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    int                             fd;
    const char                     *reason;
    ngx_credhub_manager_transfer_t *transfer;

    transfer = data;

    fd = ngx_credhub_dial(transfer->target, &reason);

    if (fd == -1) {
        transfer->reason = reason;
        return CURL_SOCKET_BAD;
    }

    return fd;
}


static int
ngx_credhub_manager_on_socket(
    void *data, curl_socket_t fd, curlsocktype purpose)
{
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}


static int
ngx_credhub_manager_on_resolve(void *resolver, void *reserved, void *data)
{
    return 1;
}


static CURLcode
ngx_credhub_manager_on_tls(CURL *curl, void *ctx, void *data)
{
    ngx_credhub_manager_transfer_t *transfer;

    transfer = data;

    if (!ngx_credhub_manager_trust(ctx, transfer->ca)) {
        transfer->reason = "The certificates to trust cannot be read";
        return CURLE_SSL_CACERT_BADFILE;
    }

    (void) SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT);

    return CURLE_OK;
}


/* The system's certificates, looked up one by one as they are needed, and the
 * operator's. */

static int
ngx_credhub_manager_trust(SSL_CTX *ctx, credhub_str_t ca)
{
    int         n;
    BIO        *bio;
    X509       *x509;
    X509_STORE *store;

    store = SSL_CTX_get_cert_store(ctx);

    if (X509_STORE_load_path(store, X509_get_default_cert_dir()) != 1) {
        return 0;
    }

    if (ca.len == 0) {
        return 1;
    }

    bio = BIO_new_mem_buf(ca.data, (int) ca.len);
    if (bio == NULL) {
        return 0;
    }

    for (n = 0; (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; n++)
    {
        (void) X509_STORE_add_cert(store, x509);
        X509_free(x509);
    }

    BIO_free(bio);

    return n != 0
           && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}


static int
ngx_credhub_manager_on_progress(void *data, curl_off_t dltotal,
    curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
    const ngx_credhub_manager_transfer_t *transfer;

    transfer = data;

    return ngx_credhub_dial_left(transfer->target) == 0;
}


static size_t
ngx_credhub_manager_on_head(char *text, size_t size, size_t n, void *data)
{
    ngx_credhub_manager_transfer_t *transfer;

    transfer = data;
    transfer->head += size * n;

    if (transfer->head > NGX_CREDHUB_MANAGER_HEAD_MAX) {
        transfer->reason = NGX_CREDHUB_MANAGER_LARGE;
        return 0;
    }

    return size * n;
}


static size_t
ngx_credhub_manager_on_body(char *text, size_t size, size_t n, void *data)
{
    ngx_credhub_manager_transfer_t *transfer;

    transfer = data;

    if (size * n > NGX_CREDHUB_MANAGER_ANSWER_MAX - transfer->body.len) {
        transfer->reason = NGX_CREDHUB_MANAGER_LARGE;
        return 0;
    }

    credhub_buf_add(&transfer->body, text, size * n);

    if (transfer->body.failed) {
        transfer->reason = NGX_CREDHUB_MANAGER_MEMORY;
        return 0;
    }

    return size * n;
}
