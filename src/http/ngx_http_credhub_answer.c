
/* Every answer of the hub leaves through here, errors of nginx included. */

#include "ngx_http_credhub_answer.h"
#include "ngx_http_credhub_content.h"


#define NGX_HTTP_CREDHUB_RETRY_AFTER "1" /* seconds, with 429 and 503 */


typedef struct {
    ngx_str_t  key;
    ngx_str_t  value;
    ngx_uint_t status; /* only with this status; 0: always */
    ngx_uint_t tls;    /* only over TLS */
} ngx_http_credhub_header_t;


static ngx_int_t ngx_http_credhub_answer_header(
    ngx_http_request_t *r, const ngx_str_t *key, const ngx_str_t *value);
static ngx_int_t ngx_http_credhub_answer_challenge(ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_error_e error, credhub_str_t detail);
static ngx_int_t ngx_http_credhub_answer_allow(
    ngx_http_request_t *r, ngx_uint_t methods);


/* clang-format off */

static const ngx_http_credhub_header_t  ngx_http_credhub_headers[] = {

    { ngx_string("Cache-Control"),
      ngx_string("no-cache, no-store, max-age=0, must-revalidate"), 0, 0 },
    { ngx_string("Pragma"), ngx_string("no-cache"), 0, 0 },
    { ngx_string("Expires"), ngx_string("0"), 0, 0 },
    { ngx_string("X-Content-Type-Options"), ngx_string("nosniff"), 0, 0 },
    { ngx_string("X-Frame-Options"), ngx_string("DENY"), 0, 0 },
    { ngx_string("X-XSS-Protection"), ngx_string("0"), 0, 0 },
    { ngx_string("Strict-Transport-Security"),
      ngx_string("max-age=31536000 ; includeSubDomains"), 0, 1 },
    { ngx_string("Retry-After"),
      ngx_string(NGX_HTTP_CREDHUB_RETRY_AFTER),
      NGX_HTTP_SERVICE_UNAVAILABLE, 0 },
    { ngx_string("Retry-After"),
      ngx_string(NGX_HTTP_CREDHUB_RETRY_AFTER),
      NGX_HTTP_TOO_MANY_REQUESTS, 0 },

    { ngx_null_string, ngx_null_string, 0, 0 }
};


static const struct {
    ngx_uint_t  method;
    ngx_str_t   names;
} ngx_http_credhub_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET, HEAD") },
    { NGX_HTTP_POST, ngx_string("POST") },
    { NGX_HTTP_PUT, ngx_string("PUT") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { NGX_HTTP_OPTIONS, ngx_string("OPTIONS") },
    { 0, ngx_null_string }
};

/* clang-format on */


static const ngx_str_t ngx_http_credhub_www_authenticate =
    ngx_string("WWW-Authenticate");


/*
 * A response header field that is never sent: body filters that compress leave
 * an answer alone that seems to have an encoding.
 */

static ngx_table_elt_t ngx_http_credhub_identity = {
    .key = ngx_string("Content-Encoding"), .value = ngx_string("identity")
};


ngx_int_t
ngx_http_credhub_answer(ngx_http_request_t *r, ngx_uint_t status,
    credhub_str_t body, ngx_uint_t allow)
{
    ngx_http_credhub_ctx_t *ctx;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body.len;

    if (ngx_http_credhub_answer_headers(r, status) != NGX_OK
        || (allow != 0 && ngx_http_credhub_answer_allow(r, allow) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_credhub_module);

    if (status == NGX_HTTP_OK && ctx->route != NULL
        && (ctx->route->flags & NGX_HTTP_CREDHUB_BARE))
    {
        r->headers_out.content_type.len = r->headers_out.content_type_len;
    }

    if (ctx->op->media.len != 0 && ctx->op->error == CREDHUB_OK) {
        r->headers_out.content_type.len = ctx->op->media.len;
        r->headers_out.content_type.data = ctx->op->media.data;
        r->headers_out.content_type_len = ctx->op->media.len;
    }

    if (body.len == 0) {
        ngx_str_null(&r->headers_out.content_type);
    }

    return ngx_http_credhub_answer_send(r, body);
}


ngx_int_t
ngx_http_credhub_answer_send(ngx_http_request_t *r, credhub_str_t body)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;
    ngx_chain_t out;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body.data;
    b->last = body.data + body.len;
    b->memory = (body.len != 0);
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_credhub_answer_error(ngx_http_request_t *r, credhub_arena_t *arena,
    credhub_error_e error, credhub_str_t detail, ngx_uint_t allow)
{
    credhub_buf_t body;

    credhub_buf_init(&body, arena, CREDHUB_DETAIL_MAX * 2);
    credhub_error_body(&body, ngx_http_credhub_target(r), error, detail);

    if (body.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_credhub_answer_challenge(r, arena, error, detail) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_credhub_answer(
        r, credhub_error_status(error), credhub_buf_str(&body), allow);
}


ngx_int_t
ngx_http_credhub_answer_hints(ngx_http_request_t *r, credhub_arena_t *arena,
    credhub_error_e error, credhub_str_t detail)
{
    ngx_uint_t                       status;
    ngx_http_credhub_srv_conf_t     *scf;
    const ngx_http_credhub_header_t *header;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);
    status = credhub_error_status(error);

    /* where the page becomes one of ours it gets them all */

    for (header = ngx_http_credhub_headers; header->key.len != 0; header++) {
        if (!scf->serves && header->status == status
            && ngx_http_credhub_answer_header(r, &header->key, &header->value)
                   != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_credhub_answer_challenge(r, arena, error, detail);
}


/* A client is told with what it may come, and what is wrong with a token. */

static ngx_int_t
ngx_http_credhub_answer_challenge(ngx_http_request_t *r, credhub_arena_t *arena,
    credhub_error_e error, credhub_str_t detail)
{
    ngx_str_t                    value;
    ngx_uint_t                   unauthorized;
    credhub_buf_t                challenge;
    ngx_http_credhub_loc_conf_t *lcf;
    ngx_http_credhub_srv_conf_t *scf;
    const ngx_str_t             *key = &ngx_http_credhub_www_authenticate;
    static const ngx_str_t       basic = ngx_string("Basic realm=\"credhub\"");

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    unauthorized = (credhub_error_status(error) == NGX_HTTP_UNAUTHORIZED);

    if (lcf->keys != NULL && (unauthorized || error == CREDHUB_E_SCOPE)) {
        credhub_buf_init(&challenge, arena, CREDHUB_DETAIL_MAX);
        credhub_error_challenge(&challenge, error, detail);

        value.len = challenge.len;
        value.data = challenge.data;

        if (challenge.failed
            || ngx_http_credhub_answer_header(r, key, &value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return unauthorized && scf->api_keys.len != 0
               ? ngx_http_credhub_answer_header(r, key, &basic)
               : NGX_OK;
}


ngx_int_t
ngx_http_credhub_answer_headers(ngx_http_request_t *r, ngx_uint_t status)
{
    const ngx_http_credhub_header_t *header;

    ngx_str_set(&r->headers_out.content_type, "application/json;charset=UTF-8");
    r->headers_out.content_type_len = sizeof("application/json") - 1;
    r->headers_out.content_type_lowcase = NULL;

    r->headers_out.content_encoding = &ngx_http_credhub_identity;
    r->gzip_tested = 1;
    r->gzip_ok = 0;

    /* what was done cannot be answered with a failed precondition */
    r->disable_not_modified = 1;

    for (header = ngx_http_credhub_headers; header->key.len != 0; header++) {
        if ((header->status != 0 && header->status != status)
            || (header->tls && r->connection->ssl == NULL))
        {
            continue;
        }

        if (ngx_http_credhub_answer_header(r, &header->key, &header->value)
            != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_answer_header(
    ngx_http_request_t *r, const ngx_str_t *key, const ngx_str_t *value)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = *key;
    h->value = *value;

    if (key == &ngx_http_credhub_www_authenticate) {
        r->headers_out.www_authenticate = h; /* for auth_request, satisfy any */
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_answer_allow(ngx_http_request_t *r, ngx_uint_t methods)
{
    u_char                *p;
    ngx_str_t              value;
    ngx_uint_t             i;
    static const ngx_str_t key = ngx_string("Allow");

    methods |= NGX_HTTP_OPTIONS;

    value.data = ngx_pnalloc(
        r->pool, sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = value.data;

    for (i = 0; ngx_http_credhub_methods[i].method != 0; i++) {
        if ((methods & ngx_http_credhub_methods[i].method) == 0) {
            continue;
        }

        if (p != value.data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, ngx_http_credhub_methods[i].names.data,
            ngx_http_credhub_methods[i].names.len);
    }

    value.len = p - value.data;

    return ngx_http_credhub_answer_header(r, &key, &value);
}


credhub_str_t
ngx_http_credhub_target(ngx_http_request_t *r)
{
    u_char       *last;
    credhub_str_t target;

    target.len = r->unparsed_uri.len;
    target.data = r->unparsed_uri.data;

    if (target.len != 0 || r->uri_start == NULL) {
        return target;
    }

    target.data = r->uri_start;
    last = (r->http_version == NGX_HTTP_VERSION_20) ? r->uri_end
                                                    : r->header_in->last;

    while (target.data + target.len < last && target.data[target.len] > ' ') {
        target.len++;
    }

    return target;
}
