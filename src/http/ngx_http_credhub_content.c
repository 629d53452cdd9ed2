
/*
 * The way of a request: route, actor, body, steps, answer. The request holds
 * one reference for the operation; the operation knows the request only through
 * its host data, which the request's cleanup takes away.
 *
 * The operation is destroyed with the request's pool, since the answer that is
 * being sent lies in its arena.
 */

#include "ngx_http_credhub_content.h"
#include "ngx_http_credhub_accept.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_answer.h"
#include "ngx_http_credhub_api.h"


static ngx_int_t ngx_http_credhub_content_start(ngx_http_credhub_ctx_t *ctx);
static void      ngx_http_credhub_content_again(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_content_begin(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match);
static credhub_error_e ngx_http_credhub_content_match(ngx_http_request_t *r,
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match);
static ngx_int_t ngx_http_credhub_content_identify(ngx_http_credhub_ctx_t *ctx);
static unsigned  ngx_http_credhub_content_scope(ngx_http_credhub_ctx_t *ctx);
static ngx_uint_t ngx_http_credhub_content_guarded(ngx_http_credhub_ctx_t *ctx);
static credhub_error_e ngx_http_credhub_content_routed(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match);
static credhub_error_e ngx_http_credhub_content_management(
    ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx);
static credhub_error_e ngx_http_credhub_content_input(ngx_http_request_t *r,
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match);
static ngx_uint_t      ngx_http_credhub_content_untyped(
         ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx);
static ngx_int_t ngx_http_credhub_content_refuse(
    ngx_http_credhub_ctx_t *ctx, ngx_uint_t allow);
static ngx_http_credhub_ctx_t *ngx_http_credhub_content_ctx(
    ngx_http_request_t *r);
static void ngx_http_credhub_content_run(ngx_http_credhub_ctx_t *ctx);
static void ngx_http_credhub_content_finished(ngx_credhub_op_t *op);
static void ngx_http_credhub_content_refused(ngx_credhub_op_t *op);


static const ngx_credhub_operation_t ngx_http_credhub_nothing = { "none",
    (const ngx_credhub_step_pt[]){ NULL }, 0 };


static const ngx_credhub_host_t ngx_http_credhub_content_host = {
    ngx_http_credhub_content_finished
};


ngx_int_t
ngx_http_credhub_content_handler(ngx_http_request_t *r)
{
    ngx_http_credhub_ctx_t *ctx;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx = ngx_http_credhub_content_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_credhub_content_start(ctx);
}


/* Returns what a content handler returns. */

static ngx_int_t
ngx_http_credhub_content_start(ngx_http_credhub_ctx_t *ctx)
{
    ngx_http_request_t *r = ctx->request;

    ngx_int_t                rc;
    ngx_http_credhub_match_t match;

    rc = ngx_http_credhub_content_begin(ctx, &match);

    if (rc == NGX_AGAIN) {
        r->write_event_handler = ngx_http_credhub_content_again;
        r->main->count++;

        return NGX_DONE;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (rc != NGX_OK) {
        return ngx_http_credhub_content_refuse(
            ctx, ctx->op->error == CREDHUB_E_METHOD ? match.allow : 0);
    }

    if (ctx->route != NULL && (ctx->route->flags & NGX_HTTP_CREDHUB_BODY)) {
        return ngx_http_credhub_body_read(r, ctx, ngx_http_credhub_content_run);
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_credhub_answer(
            r, NGX_HTTP_OK, credhub_str("{}"), match.allow);
    }

    r->main->count++;
    ngx_http_credhub_content_run(ctx);

    return NGX_DONE;
}


/* Token keys or an API key have come, or not; any write event may end here too.
 */

static void
ngx_http_credhub_content_again(ngx_http_request_t *r)
{
    ngx_http_credhub_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_credhub_module);

    ngx_http_finalize_request(r, ngx_http_credhub_content_start(ctx));
}


/*
 * Everything that is decided before the body is read. NGX_OK, NGX_ERROR with
 * op->error, or NGX_AGAIN.
 */

static ngx_int_t
ngx_http_credhub_content_begin(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match)
{
    ngx_http_request_t *r = ctx->request;

    ngx_int_t rc;

    ctx->op->error = ngx_http_credhub_content_match(r, ctx, match);

    if (ctx->op->error != CREDHUB_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_credhub_content_identify(ctx);

    if (rc == NGX_OK) {
        ctx->op->error = ngx_http_credhub_content_routed(ctx, match);
        rc = ctx->op->error == CREDHUB_OK ? NGX_OK : NGX_ERROR;
    }

    return rc;
}


/*
 * Below /v1 paths carry what a normalized path loses, so there the target as it
 * was sent is matched; nginx chose the location by the normalized one.
 */

static credhub_error_e
ngx_http_credhub_content_match(ngx_http_request_t *r,
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match)
{
    ngx_uint_t                   exact;
    credhub_str_t                path, raw;
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    path.len = r->uri.len;
    path.data = r->uri.data;

    raw.len = r->unparsed_uri.len;
    raw.data = r->unparsed_uri.data;

    exact = r->valid_unparsed_uri && raw.len > sizeof("/v1/") - 1
            && ngx_strncmp(raw.data, "/v1/", sizeof("/v1/") - 1) == 0;

    if (exact) {
        path = ngx_http_credhub_path(ctx->op->arena, raw);

        if (path.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    ngx_http_credhub_route(match, lcf->groups, r->method, path);

    if ((exact || !r->internal)
        && ngx_http_credhub_path_plain(raw, path, exact ? match->rest : 0)
               != NGX_OK)
    {
        return CREDHUB_E_BAD_REQUEST;
    }

    ctx->route = match->route;

    return CREDHUB_OK;
}


static ngx_int_t
ngx_http_credhub_content_identify(ngx_http_credhub_ctx_t *ctx)
{
    ngx_credhub_op_t        *op = ctx->op;
    ngx_http_credhub_auth_t *auth = &ctx->auth;

    ngx_int_t rc;

    auth->open =
        ctx->route != NULL && (ctx->route->flags & NGX_HTTP_CREDHUB_OPEN) != 0;

    rc = ngx_http_credhub_ctx_identify(
        ctx, op, ngx_http_credhub_content_scope(ctx));

    if (rc == NGX_DECLINED && auth->open) {
        op->error = CREDHUB_OK;
        op->detail = credhub_null_str;

        return NGX_OK;
    }

    return rc == NGX_DECLINED ? NGX_ERROR : rc;
}


/* By method, whatever the path: who may not write learns no paths. What is
 * open to anybody needs none. */

static unsigned
ngx_http_credhub_content_scope(ngx_http_credhub_ctx_t *ctx)
{
    ngx_uint_t flags;

    flags = ctx->route != NULL ? ctx->route->flags : 0;

    if ((flags & NGX_HTTP_CREDHUB_OPEN)
        && !ngx_http_credhub_content_guarded(ctx)) {
        return 0;
    }

    if ((flags & NGX_HTTP_CREDHUB_READ)
        || (ctx->request->method
            & (NGX_HTTP_GET | NGX_HTTP_HEAD | NGX_HTTP_OPTIONS)))
    {
        return CREDHUB_SCOPE_READ;
    }

    return CREDHUB_SCOPE_WRITE;
}


/* Is it /management, and does it ask who somebody is? */

static ngx_uint_t
ngx_http_credhub_content_guarded(ngx_http_credhub_ctx_t *ctx)
{
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_credhub_module);

    return ctx->route->group == NGX_HTTP_CREDHUB_MANAGEMENT
           && lcf->management != NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL;
}


static credhub_error_e
ngx_http_credhub_content_routed(
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match)
{
    ngx_http_request_t *r = ctx->request;

    credhub_error_e error;

    if (match->allow == 0) {
        return CREDHUB_E_NOT_FOUND;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return CREDHUB_OK;
    }

    if (ctx->route == NULL) {
        return CREDHUB_E_METHOD;
    }

    if (ctx->route->group == NGX_HTTP_CREDHUB_TRUST
        && !ngx_http_credhub_accept_json(r))
    {
        return CREDHUB_E_NOT_ACCEPTABLE;
    }

    error = ngx_http_credhub_content_management(r, ctx);

    if (error != CREDHUB_OK) {
        return error;
    }

    ctx->op->operation = ctx->route->operation;

    return ngx_http_credhub_content_input(r, ctx, match);
}


/* Permission for /management is a matter of its operations; who cannot have it
 * is not asked for a body. */

static credhub_error_e
ngx_http_credhub_content_management(
    ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx)
{
    ngx_http_credhub_loc_conf_t *lcf;

    if (ctx->route->group != NGX_HTTP_CREDHUB_MANAGEMENT) {
        return CREDHUB_OK;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    if (lcf->management == NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL) {
        return ngx_http_credhub_actor_local(r) ? CREDHUB_OK
                                               : CREDHUB_E_REMOTE_ADDRESS;
    }

    return ctx->op->actor.len == 0 ? CREDHUB_E_UNAUTHENTICATED : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_content_input(ngx_http_request_t *r,
    ngx_http_credhub_ctx_t *ctx, ngx_http_credhub_match_t *match)
{
    credhub_str_t                args;
    ngx_http_credhub_input_t    *input;
    ngx_http_credhub_loc_conf_t *lcf;
    ngx_http_credhub_srv_conf_t *scf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    input =
        credhub_arena_alloc(ctx->op->arena, sizeof(ngx_http_credhub_input_t));
    if (input == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    ctx->op->input = input;

    ngx_memcpy(input->params, match->params, sizeof(input->params));
    input->auth_server.len = scf->auth_server.len;
    input->auth_server.data = scf->auth_server.data;

    input->management = lcf->management;
    input->api_keys = scf->api_keys;
    input->method = ctx->auth.method;
    input->user = ctx->auth.user;
    input->remote.len = r->connection->addr_text.len;
    input->remote.data = r->connection->addr_text.data;
    input->token = ctx->auth.token;

    if ((ctx->route->flags & NGX_HTTP_CREDHUB_BODY)
        && !ngx_http_credhub_body_json(r)
        && !ngx_http_credhub_content_untyped(r, ctx))
    {
        return ctx->route->group == NGX_HTTP_CREDHUB_TRUST
                   ? CREDHUB_E_MEDIA_TYPE
                   : CREDHUB_E_CONTENT_TYPE;
    }

    args.len = r->args.len;
    args.data = r->args.data;

    return credhub_query_parse(ctx->op->arena, args, &input->query);
}


/* May the type of the body be another, or none? In the trust API it may when
 * there is no body. */

static ngx_uint_t
ngx_http_credhub_content_untyped(
    ngx_http_request_t *r, ngx_http_credhub_ctx_t *ctx)
{
    if (ctx->route->group == NGX_HTTP_CREDHUB_TRUST) {
        return !ngx_http_credhub_body_sent(r);
    }

    return (ctx->route->flags & NGX_HTTP_CREDHUB_EMPTY)
           && r->headers_in.content_type == NULL;
}


/*
 * A failure before the body is read. A write is refused with 503 in read-only
 * mode, whatever else is wrong with it; so it asks the store first.
 */

static ngx_int_t
ngx_http_credhub_content_refuse(ngx_http_credhub_ctx_t *ctx, ngx_uint_t allow)
{
    ngx_http_request_t *r = ctx->request;

    ngx_int_t rc;

    if (r->headers_in.expect != NULL) {
        /* no 100-continue; whether the body still comes is unknown then */

        r->expect_tested = 1;
        r->keepalive = 0;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->op->input != NULL) {
        /* authenticated and routed */

        r->main->count++;
        ngx_http_credhub_content_finished(ctx->op);

        return NGX_DONE;
    }

    return ngx_http_credhub_answer_error(
        r, ctx->op->arena, ctx->op->error, ctx->op->detail, allow);
}


static ngx_http_credhub_ctx_t *
ngx_http_credhub_content_ctx(ngx_http_request_t *r)
{
    ngx_http_credhub_ctx_t      *ctx;
    ngx_http_credhub_srv_conf_t *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->op = ngx_credhub_op_create(&ngx_http_credhub_nothing, &scf->hub);

    if (ctx->op == NULL) {
        return NULL;
    }

    ctx->op->host = &ngx_http_credhub_content_host;
    ctx->op->host_data = ctx;

    return ctx;
}


static void
ngx_http_credhub_content_run(ngx_http_credhub_ctx_t *ctx)
{
    ngx_credhub_op_t         *op = ctx->op;
    ngx_http_credhub_input_t *input = op->input;

    input->body = credhub_buf_str(&ctx->body);

    /* without this a client that leaves goes unnoticed */

    ctx->request->read_event_handler = ngx_http_test_reading;

    (void) ngx_credhub_op_become(op, op->operation);

    ngx_credhub_op_run(op);
}


static void
ngx_http_credhub_content_finished(ngx_credhub_op_t *op)
{
    ngx_int_t               rc;
    ngx_uint_t              resumed;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_credhub_ctx_t *ctx;

    ctx = op->host_data;
    r = ctx->request;

    if (op->error != CREDHUB_OK && !op->stored
        && (ctx->route->flags & NGX_HTTP_CREDHUB_WRITE))
    {
        ngx_http_credhub_content_refused(op);
        return;
    }

    c = r->connection;
    resumed = op->resumed;

    rc = op->error == CREDHUB_OK
             ? ngx_http_credhub_answer(r, op->status, op->body, 0)
             : ngx_http_credhub_answer_error(
                 r, op->arena, op->error, op->detail, 0);

    ngx_http_finalize_request(r, rc);

    /* r, ctx and op may be gone */

    if (resumed) {
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_credhub_content_refused(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    input->refused = op->error;
    input->refused_detail = op->detail;

    op->error = CREDHUB_OK;
    op->finished = 0;
    op->stored = 1;

    (void) ngx_credhub_op_become(op, &ngx_http_credhub_refused);

    ngx_credhub_op_run(op);
}
