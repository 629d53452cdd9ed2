
/* GET /api/v1/data by name and by id. */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"


typedef struct {
    ngx_credhub_guard_t guard;
    credhub_str_t       name;   /* folded */
    int64_t             wanted; /* versions still to come */
    credhub_str_t       cursor;
    credhub_buf_t       body;
} ngx_http_credhub_get_t;


static ngx_credhub_rc_e ngx_http_credhub_get_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_get_audit(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_get_query(
     ngx_credhub_op_t *op, ngx_uint_t *current);
static ngx_credhub_rc_e ngx_http_credhub_get_current(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_versions(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_take(ngx_credhub_op_t *op);
static void             ngx_http_credhub_get_history(ngx_credhub_op_t *op,
                const credhub_version_t *versions, ngx_uint_t n, credhub_str_t cursor);
static ngx_credhub_rc_e ngx_http_credhub_get_id(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_get_id_answer(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_http_credhub_get_steps[] = {
    ngx_http_credhub_get_parse,
    ngx_http_credhub_get_current,
    ngx_http_credhub_get_answer,
    ngx_http_credhub_get_versions,
    ngx_http_credhub_get_take,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_get = {
    "GET",
    ngx_http_credhub_get_steps,
    sizeof(ngx_http_credhub_get_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_get_id_steps[] = {
    ngx_http_credhub_get_id,
    ngx_http_credhub_get_id_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_get_by_id = {
    "GET",
    ngx_http_credhub_get_id_steps,
    0,
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

    const credhub_str_t *flag, *versions;

    flag = credhub_query_get(&input->query, "current");
    versions = credhub_query_get(&input->query, "versions");

    *current = 0;
    ctx->wanted = NGX_MAX_INT_T_VALUE;

    if (flag != NULL && flag->len != 0) {
        *current = credhub_str_caseeq(*flag, credhub_str("true"));

        if (!*current && !credhub_str_caseeq(*flag, credhub_str("false"))) {
            op->detail = credhub_str("current");
            return CREDHUB_E_BAD_QUERY;
        }
    }

    if (versions == NULL || versions->len == 0) {
        return CREDHUB_OK;
    }

    if (credhub_int64(*versions, &ctx->wanted) != 0 || ctx->wanted < 0) {
        op->detail = credhub_str("versions");
        return CREDHUB_E_BAD_QUERY;
    }

    if (*current) {
        return CREDHUB_E_VERSIONS_AND_CURRENT;
    }

    return ctx->wanted == 0 ? CREDHUB_E_CRED : CREDHUB_OK;
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

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    credhub_error_e   error;
    credhub_version_t version;

    if (!ngx_credhub_access_checked(op, &ctx->guard, CREDHUB_OP_READ, 1)) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    switch (ngx_credhub_current_result(op->call, 0, ctx->name, &version)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);

    default:
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ngx_credhub_audit_version(op, &version);

    credhub_buf_init(&ctx->body, op->arena,
        credhub_version_view_size(&version) + sizeof("{\"data\":[]}"));

    credhub_buf_lit(&ctx->body, "{\"data\":[");
    error = ngx_credhub_version_append(op, &ctx->body, &version);
    credhub_buf_lit(&ctx->body, "]}");

    return error == CREDHUB_OK ? ngx_credhub_op_answer(op, 200, &ctx->body)
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_versions(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_versions_read(call, op->hub->store, ctx->name,
            (ngx_uint_t) ngx_min(ctx->wanted, NGX_CREDHUB_PAGE_ROWS),
            ctx->cursor, ctx->guard.actor);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_get_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_get_t *ctx = op->ctx;

    ngx_int_t            rc;
    ngx_uint_t           i, n;
    credhub_str_t        cursor;
    credhub_error_e      error;
    credhub_version_t   *versions;
    ngx_credhub_grants_t grants;

    error = CREDHUB_E_CRED;
    rc = ngx_credhub_versions_result(
        op->call, &versions, &n, &cursor, &grants, &error);

    if (rc != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->guard.actor.len != 0
        && !ngx_credhub_access_granted(
            op, ctx->guard.actor, CREDHUB_OP_READ, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    if (ctx->body.arena == NULL) {
        credhub_buf_init(&ctx->body, op->arena, 4096);
        credhub_buf_lit(&ctx->body, "{\"data\":[");
        ngx_http_credhub_get_history(op, versions, n, cursor);
    }

    for (i = 0; i < n; i++) {
        if (ctx->body.len != sizeof("{\"data\":[") - 1) {
            credhub_buf_lit(&ctx->body, ",");
        }

        error = ngx_credhub_version_append(op, &ctx->body, &versions[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->wanted -= n;
    ctx->cursor = ngx_credhub_op_copy(op, cursor);

    if (cursor.len != 0 && ctx->wanted > 0) {
        ngx_credhub_op_release(op);
        return ngx_credhub_op_goto(op, ngx_http_credhub_get_versions);
    }

    credhub_buf_lit(&ctx->body, "]}");

    return ngx_credhub_op_answer(op, 200, &ctx->body);
}


/* The first page says which credential it is, and which version when there is
 * only one. */

static void
ngx_http_credhub_get_history(ngx_credhub_op_t *op,
    const credhub_version_t *versions, ngx_uint_t n, credhub_str_t cursor)
{
    if (n != 0) {
        ngx_credhub_audit_version(op, &versions[0]);
    }

    if (n != 1 || cursor.len != 0) {
        op->version_id = credhub_null_str;
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_get_id(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    u_char                    *id;
    ngx_credhub_call_t        *call;
    const ngx_credhub_detail_t details[] = {
        { "uuid", NGX_CREDHUB_DETAIL_STRING, input->params[0] },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);

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
ngx_http_credhub_get_id_answer(ngx_credhub_op_t *op)
{
    credhub_error_e      error;
    credhub_version_t    version;
    ngx_credhub_grants_t grants;

    error = CREDHUB_E_CRED;

    if (ngx_credhub_version_result(op->call, &version, &grants, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_audit_version(op, &version);

    if (!ngx_credhub_hub_allows(
            op->hub, op->actor, CREDHUB_OP_READ, version.folded)
        && !ngx_credhub_access_granted(
            op, op->caller, CREDHUB_OP_READ, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    return ngx_credhub_version_answer(op, &version);
}
