
/*
 * nginx answers errors of its own with HTML: a bad request line, a body that is
 * too large, a certificate that does not verify, an upstream that is down. On
 * servers with a hub location clients of an API read them, so the page is
 * replaced by JSON. A page chosen by the operator with error_page stays.
 */

#include "ngx_http_credhub_error_filter.h"
#include "ngx_http_credhub_content.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_answer.h"
#include "ngx_http_credhub_key_request.h"
#include "credhub_error_style.h"


#define NGX_HTTP_CREDHUB_ERROR_ARENA 1024


static ngx_int_t ngx_http_credhub_error_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_error_body_filter(
    ngx_http_request_t *r, ngx_chain_t *in);
static ngx_buf_t *ngx_http_credhub_error_page(ngx_http_request_t *r);
static void       ngx_http_credhub_error_write(
          ngx_http_request_t *r, credhub_buf_t *buf);


static ngx_http_output_header_filter_pt ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt   ngx_http_next_body_filter;


void
ngx_http_credhub_error_filter_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_credhub_error_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_credhub_error_body_filter;
}


static ngx_int_t
ngx_http_credhub_error_header_filter(ngx_http_request_t *r)
{
    ngx_http_credhub_ctx_t      *ctx;
    ngx_http_credhub_srv_conf_t *scf;

    if (ngx_http_credhub_key_request_header(r) == NGX_OK) {
        return NGX_OK;
    }

    /* err_status is set where nginx makes the page, and nowhere else */

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    if (r != r->main || !scf->serves || r->err_status < NGX_HTTP_BAD_REQUEST
        || (r->error_page && r->internal))
    {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->page = ngx_http_credhub_error_page(r);
    if (ctx->page == NULL) {
        return NGX_ERROR;
    }

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = ngx_buf_size(ctx->page);

    if (ngx_http_credhub_answer_headers(r, r->err_status) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_credhub_error_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t             out, *cl;
    ngx_http_credhub_ctx_t *ctx;

    if (ngx_http_credhub_key_request_body(r, in) == NGX_OK) {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_credhub_module);

    if (in == NULL || ctx == NULL || ctx->page == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl != NULL; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    out.buf = ctx->page;
    out.next = NULL;

    ctx->page = NULL;

    return ngx_http_next_body_filter(r, &out);
}


static ngx_buf_t *
ngx_http_credhub_error_page(ngx_http_request_t *r)
{
    ngx_buf_t       *b;
    credhub_buf_t    text;
    credhub_arena_t *arena;

    arena = credhub_arena_create(NGX_HTTP_CREDHUB_ERROR_ARENA);
    if (arena == NULL) {
        return NULL;
    }

    credhub_buf_init(&text, arena, NGX_HTTP_CREDHUB_ERROR_ARENA / 2);
    ngx_http_credhub_error_write(r, &text);

    b = text.failed ? NULL : ngx_create_temp_buf(r->pool, text.len);

    if (b != NULL) {
        b->last = ngx_cpymem(b->pos, text.data, text.len);
        b->last_buf = 1;
        b->last_in_chain = 1;
    }

    credhub_arena_destroy(arena);

    return b;
}


static void
ngx_http_credhub_error_write(ngx_http_request_t *r, credhub_buf_t *buf)
{
    credhub_str_t detail, target;

    target = ngx_http_credhub_target(r);

    if (ngx_http_credhub_actor_refused(r, &detail)
        == CREDHUB_E_INVALID_CLIENT_CERTIFICATE)
    {
        credhub_error_body(
            buf, target, CREDHUB_E_INVALID_CLIENT_CERTIFICATE, detail);
        return;
    }

    credhub_error_style_status(buf, target, r->err_status);
}
