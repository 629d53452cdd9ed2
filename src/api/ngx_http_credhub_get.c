
/* GET /api/v1/data by name and by id. */

#include "ngx_http_credhub_query.h"
#include "ngx_http_credhub_views.h"


typedef struct {
    ngx_credhub_guard_t        guard;
    credhub_str_t              name; /* folded */
    ngx_uint_t                 chain;
    credhub_version_t          versions[NGX_HTTP_CREDHUB_PAIR]; /* current */
    ngx_uint_t                 n;
    ngx_credhub_lookup_t       lookup;
    ngx_http_credhub_history_t history;
    credhub_buf_t              body;
} ngx_http_credhub_get_t;


typedef struct {
    ngx_uint_t        chain;
    credhub_version_t version;
} ngx_http_credhub_get_id_t;


static ngx_credhub_rc_e ngx_http_credhub_get_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_get_audit(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_get_query(
     ngx_credhub_op_t *op, ngx_uint_t *current);
static ngx_credhub_rc_e ngx_http_credhub_get_current(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_pair(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_show(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_versions(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_end(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_get_id(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_id_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_id_answer(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_get_steps[] = {
    ngx_http_credhub_get_parse,

    ngx_http_credhub_get_current, /* current=true */
    ngx_http_credhub_get_take,
    ngx_http_credhub_get_pair,
    ngx_http_credhub_get_show,
    ngx_http_credhub_get_answer,

    ngx_http_credhub_get_versions,
    ngx_http_credhub_get_end,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_get = {
    "GET",
    ngx_http_credhub_get_steps,
    sizeof(ngx_http_credhub_get_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_get_id_steps[] = {
    ngx_http_credhub_get_id,
    ngx_http_credhub_get_id_take,
    ngx_http_credhub_get_id_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_get_by_id = {
    "GET",
    ngx_http_credhub_get_id_steps,
    sizeof(ngx_http_credhub_get_id_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_get_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t   *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    ngx_uint_t           current;
    credhub_error_e      error;
    const credhub_str_t *name;

    if (credhub_query_get(&input->query, "path") != NULL
        || credhub_query_get(&input->query, "name-like") != NULL)
    {
        return ngx_credhub_op_become(op, &ngx_http_credhub_data_find);
    }

    name = credhub_query_get(&input->query, "name");

    if (name == NULL || name->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("name"));
    }

    ngx_credhub_audit_name(op, *name);
    ngx_http_credhub_get_audit(op);

    error = ngx_http_credhub_get_query(op, &current);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_name(op, *name, &ctx->name);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_READ, ctx->name, &ctx->guard);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    return current ? NGX_CREDHUB_NEXT
                   : ngx_credhub_op_goto(op, ngx_http_credhub_get_versions);
}


static void
ngx_http_credhub_get_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    ngx_credhub_detail_t details[] = {
        { "current", NGX_CREDHUB_DETAIL_FLAG,
            credhub_query_value(&input->query, "current") },
        { "name", NGX_CREDHUB_DETAIL_STRING, op->resource },
        { "versions", NGX_CREDHUB_DETAIL_NUMBER,
            credhub_query_value(&input->query, "versions") },
        ngx_credhub_detail_end,
    };

    if (details[0].value.len == 0) {
        details[0].value = credhub_str("false");
    }

    ngx_credhub_audit_details(op, details);
}


static credhub_error_e
ngx_http_credhub_get_query(ngx_credhub_op_t *op, ngx_uint_t *current)
{
    ngx_http_credhub_get_t   *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    int64_t              wanted;
    credhub_error_e      error;
    const credhub_str_t *versions;

    error = ngx_http_credhub_query_flag(op, "current", current);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_query_flag(op, "chain", &ctx->chain);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    versions = credhub_query_get(&input->query, "versions");
    ctx->history.wanted = NGX_MAX_INT_T_VALUE;

    if (versions == NULL || versions->len == 0) {
        return CREDHUB_OK;
    }

    if (credhub_int64(*versions, &wanted) != 0 || wanted < 0) {
        op->detail = credhub_str("versions");
        return CREDHUB_E_BAD_QUERY;
    }

    if (*current) {
        return CREDHUB_E_VERSIONS_AND_CURRENT;
    }

    ctx->history.wanted = wanted;

    return wanted == 0 ? CREDHUB_E_CRED : CREDHUB_OK;
}


/* The hot path: one round trip, no script. */

static ngx_credhub_rc_e
ngx_http_credhub_get_current(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 2);

    if (call != NULL) {
        ngx_credhub_current_read(call, op->hub->store, ctx->name, 0);
        ngx_credhub_grants_read(call, op->hub->store, &ctx->guard);
    }

    return ngx_credhub_op_ask(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    ngx_uint_t more;

    if (!ngx_credhub_access_checked(op, &ctx->guard, CREDHUB_OP_READ, 1)) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    switch (ngx_credhub_current_result(
        op->call, 0, ctx->name, &ctx->versions[0], &more))
    {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);

    default:
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (!more) {
        ctx->n = 1;
        return ngx_credhub_op_goto(op, ngx_http_credhub_get_show);
    }

    ctx->lookup.name = ctx->name;
    ctx->lookup.folded = ctx->name;
    ctx->lookup.operation = CREDHUB_OP_READ;

    return ngx_credhub_lookup(op, &ctx->lookup);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_pair(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_looked_up(op, &ctx->lookup);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ctx->n = ngx_http_credhub_views_pair(&ctx->lookup.found, ctx->versions);

    return ctx->n != 0 ? NGX_CREDHUB_NEXT
                       : ngx_credhub_op_error(op, CREDHUB_E_CRED);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_show(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    return ngx_http_credhub_views_show(op, ctx->versions, ctx->n, ctx->chain);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    size_t          size;
    ngx_uint_t      i;
    credhub_error_e error;

    ngx_credhub_audit_version(op, &ctx->versions[0]);

    size = sizeof("{\"data\":[,]}");

    for (i = 0; i < ctx->n; i++) {
        size += credhub_version_view_size(&ctx->versions[i]);
    }

    credhub_buf_init(&ctx->body, op->arena, size);
    credhub_buf_lit(&ctx->body, "{\"data\":[");

    error = ngx_http_credhub_views_add(op, &ctx->body, ctx->versions, ctx->n);

    return error == CREDHUB_OK
               ? ngx_credhub_op_goto(op, ngx_http_credhub_get_end)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_versions(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    ctx->history.name = ctx->name;
    ctx->history.actor = ctx->guard.actor;
    ctx->history.chain = ctx->chain;
    ctx->history.body = &ctx->body;

    credhub_buf_init(&ctx->body, op->arena, 4096);
    credhub_buf_lit(&ctx->body, "{\"data\":[");

    return ngx_http_credhub_history(op, &ctx->history);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_end(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    credhub_buf_lit(&ctx->body, "]}");

    return ngx_credhub_op_answer(op, 200, &ctx->body);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_id(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_id_t *ctx = op->ctx;
    ngx_http_credhub_input_t  *input = op->input;

    u_char                    *id;
    credhub_error_e            error;
    ngx_credhub_call_t        *call;
    const ngx_credhub_detail_t details[] = {
        { "uuid", NGX_CREDHUB_DETAIL_STRING, input->params[0] },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);

    error = ngx_http_credhub_query_flag(op, "chain", &ctx->chain);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    id = credhub_arena_bytes(op->arena, CREDHUB_UUID_LEN);

    if (id == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (credhub_uuid_parse(input->params[0], id) != 0) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_version_read(call, op->hub->store,
            (credhub_str_t){ CREDHUB_UUID_LEN, id }, op->caller);
    }

    return ngx_credhub_op_send(op, call);
}


/* Which name to ask permission for is known only now. */

static ngx_credhub_rc_e
ngx_http_credhub_get_id_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_id_t *ctx = op->ctx;

    credhub_error_e      error;
    ngx_credhub_grants_t grants;

    error = CREDHUB_E_CRED;

    if (ngx_credhub_version_result(op->call, &ctx->version, &grants, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_audit_version(op, &ctx->version);

    if (!ngx_credhub_access_allowed(
            op, CREDHUB_OP_READ, ctx->version.folded, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    return ngx_http_credhub_views_show(op, &ctx->version, 1, ctx->chain);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_id_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_id_t *ctx = op->ctx;

    return ngx_credhub_version_answer(op, &ctx->version);
}
