
/*
 * Request bodies are pulled from nginx piece by piece ("unbuffered"), the only
 * way in which it never writes them to a file, and collected in the arena of
 * the operation. The pieces are wiped behind us.
 */

#include "ngx_http_credhub_content.h"


/* client_max_body_size 0 means no limit to nginx; it does not to us. */
#define NGX_HTTP_CREDHUB_BODY_MAX  (64 * 1024 * 1024)

#define NGX_HTTP_CREDHUB_BODY_SIZE 1024 /* first room for a chunked body */


static void ngx_http_credhub_body_ready(ngx_http_request_t *r);
static void ngx_http_credhub_body_failed(ngx_http_request_t *r, ngx_int_t rc);
static ngx_int_t ngx_http_credhub_body_take(
    ngx_http_request_t *r, credhub_buf_t *body);


ngx_int_t
ngx_http_credhub_body_read(ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx,
    void (*done)(ngx_http_credhub_ctx_t *ctx))
{
    size_t    size;
    ngx_int_t rc;

    if (r->headers_in.content_length_n > NGX_HTTP_CREDHUB_BODY_MAX) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    size = r->headers_in.content_length_n > 0
               ? (size_t) r->headers_in.content_length_n
               : NGX_HTTP_CREDHUB_BODY_SIZE;

    credhub_buf_init(&ctx->body, ctx->op->arena, size);
    ctx->body_done = done;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_credhub_body_ready);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* Called with the first piece, and then for every read event. */

static void
ngx_http_credhub_body_ready(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_credhub_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_credhub_module);

    for (;;) {
        rc = ngx_http_credhub_body_take(r, &ctx->body);

        if (rc != NGX_OK) {
            ngx_http_credhub_body_failed(r, rc);
            return;
        }

        if (!r->reading_body) {
            ctx->body_done(ctx);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_credhub_body_failed(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            r->read_event_handler = ngx_http_credhub_body_ready;
            return;
        }
    }
}


/* A page of the operator's may follow, without our context. */

static void
ngx_http_credhub_body_failed(ngx_http_request_t *r, ngx_int_t rc)
{
    r->read_event_handler = ngx_http_block_reading;

    if (rc == NGX_HTTP_REQUEST_TIME_OUT) {
        /* nginx itself would close the connection without an answer */

        r->keepalive = 0;
        rc = ngx_http_special_response_handler(r, rc);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_credhub_body_take(ngx_http_request_t *r, credhub_buf_t *body)
{
    ngx_buf_t   *b;
    ngx_chain_t *cl, *next;

    if (r->request_body == NULL) {
        /* another module has thrown it away */
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl != NULL; cl = next) {
        b = cl->buf;
        next = cl->next;

        if (b->in_file) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                "a request body for credhub was written to a file before "
                "it was read");

            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (body->len + (b->last - b->pos) > NGX_HTTP_CREDHUB_BODY_MAX) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        credhub_buf_add(body, b->pos, b->last - b->pos);
        ngx_explicit_memzero(b->pos, b->last - b->pos);

        b->pos = b->last;
        ngx_free_chain(r->pool, cl);
    }

    r->request_body->bufs = NULL;

    return body->failed ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_OK;
}


ngx_uint_t
ngx_http_credhub_body_sent(ngx_http_request_t *r)
{
#if (NGX_HTTP_V2)

    /* its length need not be declared there */

    if (r->stream != NULL && r->headers_in.content_length_n == -1) {
        return !r->stream->in_closed;
    }

#endif

    return r->headers_in.content_length_n > 0 || r->headers_in.chunked;
}


ngx_uint_t
ngx_http_credhub_body_json(ngx_http_request_t *r)
{
    u_char   *end;
    ngx_str_t type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = r->headers_in.content_type->value;

    end = ngx_strlchr(type.data, type.data + type.len, ';');
    if (end != NULL) {
        type.len = end - type.data;
    }

    while (type.len != 0 && type.data[type.len - 1] == ' ') {
        type.len--;
    }

    if (type.len < sizeof("application/json") - 1
        || ngx_strncasecmp(type.data, (u_char *) "application/", 12) != 0)
    {
        return 0;
    }

    type.data += 12;
    type.len -= 12;

    return (type.len == 4
               && ngx_strncasecmp(type.data, (u_char *) "json", 4) == 0)
           || (type.len > 5
               && ngx_strncasecmp(
                      type.data + type.len - 5, (u_char *) "+json", 5)
                      == 0);
}
