
/*
 * The answer is taken in the filters, whatever its size and whoever makes it.
 * It is collected in memory of the request's pool, as is the state of the
 * fetch; a request that ends early takes the fetch along.
 */

#include "ngx_http_credhub_key_request.h"
#include "ngx_http_credhub_module.h"


#define NGX_HTTP_CREDHUB_KEY_REQUEST_ROOM 8192 /* first, for an answer */


typedef struct {
    ngx_http_credhub_keys_t    *keys;
    ngx_http_credhub_keys_why_e why;
    ngx_uint_t                  status;
    u_char                     *data;
    size_t                      len;
    size_t                      size;
    unsigned                    unusable:1;
    unsigned                    done:1;

    /* what the subrequest has in the place of the client's */
    ngx_list_t                 headers;
    ngx_http_request_body_t    body;
    ngx_http_variable_value_t *variables;
} ngx_http_credhub_key_request_t;


static ngx_int_t ngx_http_credhub_key_request_init(
    ngx_http_request_t *r, ngx_http_credhub_key_request_t *fetch);
static void ngx_http_credhub_key_request_strip(
    ngx_http_request_t *sr, ngx_http_credhub_key_request_t *fetch);
static ngx_int_t ngx_http_credhub_key_request_done(
    ngx_http_request_t *r, void *data, ngx_int_t rc);
static ngx_uint_t ngx_http_credhub_key_request_page(ngx_int_t rc);
static ngx_uint_t ngx_http_credhub_key_request_cut(
    ngx_http_request_t *r, ngx_int_t rc);
static const char *ngx_http_credhub_key_request_take(
    ngx_http_credhub_key_request_t *fetch, ngx_int_t rc);
static void ngx_http_credhub_key_request_lost(void *data);
static ngx_http_credhub_key_request_t *ngx_http_credhub_key_request_of(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_key_request_append(
    ngx_http_request_t *r, ngx_http_credhub_key_request_t *fetch, ngx_buf_t *b);


ngx_int_t
ngx_http_credhub_key_request(ngx_http_request_t *r,
    ngx_http_credhub_keys_t *keys, ngx_http_credhub_keys_why_e why,
    ngx_uint_t flags)
{
    ngx_http_request_t             *sr;
    ngx_pool_cleanup_t             *cln;
    ngx_http_post_subrequest_t     *ps;
    ngx_http_credhub_key_request_t *fetch;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_credhub_key_request_t));

    if (cln == NULL) {
        ngx_http_credhub_keys_land(keys, why, 1);
        return NGX_ERROR;
    }

    fetch = cln->data;
    ngx_memzero(fetch, sizeof(ngx_http_credhub_key_request_t));

    fetch->keys = keys;
    fetch->why = why;

    cln->handler = ngx_http_credhub_key_request_lost;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (ps == NULL || ngx_http_credhub_key_request_init(r, fetch) != NGX_OK) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_credhub_key_request_done;
    ps->data = fetch;

    if (ngx_http_subrequest(
            r, ngx_http_credhub_keys_uri(keys), NULL, &sr, ps, flags)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_credhub_key_request_strip(sr, fetch);

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_key_request_init(
    ngx_http_request_t *r, ngx_http_credhub_key_request_t *fetch)
{
    ngx_http_core_main_conf_t *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    fetch->variables = ngx_pcalloc(
        r->pool, cmcf->variables.nelts * sizeof(ngx_http_variable_value_t));

    if (fetch->variables == NULL) {
        return NGX_ERROR;
    }

    return ngx_list_init(&fetch->headers, r->pool, 4, sizeof(ngx_table_elt_t));
}


/* No token, no body, no header field, and no variable that has one in it. */

static void
ngx_http_credhub_key_request_strip(
    ngx_http_request_t *sr, ngx_http_credhub_key_request_t *fetch)
{
    ngx_str_t server;

    server = sr->headers_in.server;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;
    sr->headers_in.headers = fetch->headers;
    sr->headers_in.headers.last = &sr->headers_in.headers.part;

    sr->request_body = &fetch->body;
    sr->variables = fetch->variables;
}


/*
 * May be called more than once: before nginx makes a page of an error, and
 * after it has. An answer that breaks off is no error of the client's request.
 */

static ngx_int_t
ngx_http_credhub_key_request_done(
    ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_credhub_key_request_t *fetch = data;

    const char *reason;

    if (ngx_http_credhub_key_request_cut(r, rc)
        || ngx_http_credhub_key_request_page(rc))
    {
        return rc;
    }

    if (!fetch->done) {
        fetch->done = 1;
        reason = ngx_http_credhub_key_request_take(fetch, rc);

        if (reason != NULL) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                "credhub: no token keys from \"%V\": %s, status %ui",
                ngx_http_credhub_keys_uri(fetch->keys), reason, fetch->status);
        }

        ngx_http_credhub_keys_land(fetch->keys, fetch->why, 0);
    }

    return rc == NGX_ERROR ? NGX_OK : rc;
}


/* Does the whole request end with it? */

static ngx_uint_t
ngx_http_credhub_key_request_cut(ngx_http_request_t *r, ngx_int_t rc)
{
    return rc == NGX_HTTP_CLOSE || rc == NGX_HTTP_REQUEST_TIME_OUT
           || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || r->connection->error;
}


static ngx_uint_t
ngx_http_credhub_key_request_page(ngx_int_t rc)
{
    return rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_HTTP_CREATED
           || rc == NGX_HTTP_NO_CONTENT;
}


/* NULL, or why the answer is of no use. */

static const char *
ngx_http_credhub_key_request_take(
    ngx_http_credhub_key_request_t *fetch, ngx_int_t rc)
{
    credhub_str_t text;

    if (rc != NGX_OK || fetch->status != NGX_HTTP_OK) {
        return "the request for them failed";
    }

    if (fetch->unusable || fetch->data == NULL) {
        return "the answer is empty, encoded, or larger than 1 MiB";
    }

    text.data = fetch->data;
    text.len = fetch->len;

    return ngx_http_credhub_keys_take(fetch->keys, text);
}


/* The client's request ends; if it was not done yet, it never will be. */

static void
ngx_http_credhub_key_request_lost(void *data)
{
    ngx_http_credhub_key_request_t *fetch = data;

    if (!fetch->done) {
        ngx_http_credhub_keys_land(fetch->keys, fetch->why, 1);
    }
}


static ngx_http_credhub_key_request_t *
ngx_http_credhub_key_request_of(ngx_http_request_t *r)
{
    return r->post_subrequest != NULL
                   && r->post_subrequest->handler
                          == ngx_http_credhub_key_request_done
               ? r->post_subrequest->data
               : NULL;
}


ngx_int_t
ngx_http_credhub_key_request_header(ngx_http_request_t *r)
{
    ngx_http_credhub_key_request_t *fetch;

    fetch = ngx_http_credhub_key_request_of(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    fetch->status = r->err_status ? r->err_status : r->headers_out.status;

    if (r->headers_out.content_encoding != NULL
        && r->headers_out.content_encoding->value.len != 0)
    {
        fetch->unusable = 1;
    }

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_credhub_key_request_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                    *cl;
    ngx_http_credhub_key_request_t *fetch;

    fetch = ngx_http_credhub_key_request_of(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    for (cl = in; cl != NULL; cl = cl->next) {
        if (!fetch->unusable
            && ngx_http_credhub_key_request_append(r, fetch, cl->buf) != NGX_OK)
        {
            fetch->unusable = 1;
        }

        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_key_request_append(
    ngx_http_request_t *r, ngx_http_credhub_key_request_t *fetch, ngx_buf_t *b)
{
    size_t  len, size;
    u_char *data;

    if (!ngx_buf_in_memory(b)) {
        return ngx_buf_special(b) ? NGX_OK : NGX_DECLINED;
    }

    len = b->last - b->pos;

    if (len > CREDHUB_JWKS_MAX - fetch->len) {
        return NGX_DECLINED;
    }

    if (len > fetch->size - fetch->len) {
        size = ngx_max(2 * fetch->size, NGX_HTTP_CREDHUB_KEY_REQUEST_ROOM);
        size = ngx_max(size, fetch->len + len);

        data = ngx_palloc(r->pool, size);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (fetch->data != NULL) {
            ngx_memcpy(data, fetch->data, fetch->len);
            (void) ngx_pfree(r->pool, fetch->data);
        }

        fetch->data = data;
        fetch->size = size;
    }

    ngx_memcpy(fetch->data + fetch->len, b->pos, len);
    fetch->len += len;

    return NGX_OK;
}
