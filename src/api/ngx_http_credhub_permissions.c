
/* /api/v2/permissions: one permission is an actor, a path and operations. */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "ngx_credhub_permission.h"
#include "ngx_credhub_system.h"
#include "credhub_bind.h"
#include "credhub_json.h"
#include "credhub_name.h"


#define NGX_HTTP_CREDHUB_STALE_MAX 3 /* retries */


typedef struct {
    /* as asked */
    credhub_str_t path;
    credhub_str_t actor;
    credhub_str_t operations; /* JSON */

    u_char                          id[CREDHUB_UUID_LEN];
    unsigned                        mask;
    ngx_uint_t                      retries;
    ngx_credhub_guard_t             guard;
    credhub_str_t                   caller; /* empty: configuration allows */
    ngx_credhub_permission_t        existing;
    ngx_credhub_permission_change_t change;
} ngx_http_credhub_permission_t;


static ngx_credhub_rc_e ngx_http_credhub_perm_create_parse(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_create_check(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_create_commit(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_create_answer(
    ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_perm_find_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_find_answer(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_perm_get_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_get_answer(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_perm_replace_parse(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_patch_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_delete_parse(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_load(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_change(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_perm_changed(ngx_credhub_op_t *op);

static credhub_error_e ngx_http_credhub_perm_bind(
    ngx_credhub_op_t *op, const credhub_bind_t *fields);
static credhub_error_e  ngx_http_credhub_perm_body(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_perm_id(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_perm_loaded(ngx_credhub_op_t *op,
     unsigned operation, credhub_error_e missing, credhub_error_e hidden);
static ngx_credhub_rc_e ngx_http_credhub_perm_answer(ngx_credhub_op_t *op,
    ngx_uint_t status, const ngx_credhub_permission_t *permission);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }
#define FIELD(name)  offsetof(ngx_http_credhub_permission_t, name)

static const credhub_bind_t  ngx_http_credhub_perm_fields[] = {
    { "path", CREDHUB_BIND_STRING, FIELD(path), 1 },
    { "actor", CREDHUB_BIND_STRING, FIELD(actor), 0 },
    { "operations", CREDHUB_BIND_RAW, FIELD(operations), 1 },
    credhub_bind_end
};

static const credhub_bind_t  ngx_http_credhub_perm_patch_fields[] = {
    { "operations", CREDHUB_BIND_RAW, FIELD(operations), 1 },
    credhub_bind_end
};


const ngx_credhub_operation_t  ngx_http_credhub_permission_create = {
    "ADD_PERMISSIONS",
    steps(ngx_http_credhub_perm_create_parse,
          ngx_http_credhub_perm_create_check,
          ngx_http_credhub_perm_create_commit,
          ngx_http_credhub_perm_create_answer),
    sizeof(ngx_http_credhub_permission_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permission_find = {
    "GET_PERMISSIONS",
    steps(ngx_http_credhub_perm_find_read, ngx_http_credhub_perm_find_answer),
    sizeof(ngx_http_credhub_permission_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permission_get = {
    "GET_PERMISSIONS",
    steps(ngx_http_credhub_perm_get_read, ngx_http_credhub_perm_get_answer),
    sizeof(ngx_http_credhub_permission_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permission_replace = {
    "PUT_PERMISSIONS",
    steps(ngx_http_credhub_perm_replace_parse,
          ngx_http_credhub_perm_load,
          ngx_http_credhub_perm_change,
          ngx_http_credhub_perm_changed),
    sizeof(ngx_http_credhub_permission_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permission_patch = {
    "PATCH_PERMISSIONS",
    steps(ngx_http_credhub_perm_patch_parse,
          ngx_http_credhub_perm_load,
          ngx_http_credhub_perm_change,
          ngx_http_credhub_perm_changed),
    sizeof(ngx_http_credhub_permission_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permission_delete = {
    "DELETE_PERMISSIONS",
    steps(ngx_http_credhub_perm_delete_parse,
          ngx_http_credhub_perm_load,
          ngx_http_credhub_perm_change,
          ngx_http_credhub_perm_changed),
    sizeof(ngx_http_credhub_permission_t)
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_perm_create_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_str_t   folded;
    credhub_error_e error;

    error = ngx_http_credhub_perm_body(op);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_name(op, ctx->path, &folded);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE_ACL, folded, &ctx->guard);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


/* A body with all of path, actor and operations. */

static credhub_error_e
ngx_http_credhub_perm_body(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_perm_bind(op, ngx_http_credhub_perm_fields);

    ngx_credhub_audit_permission(op, ctx->path, ctx->actor, ctx->mask);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->path.len == 0) {
        return CREDHUB_E_PERM_PATH;
    }

    ctx->path = credhub_name_slash(op->arena, ctx->path);

    if (ctx->path.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = credhub_permission_path_error(ctx->path);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->actor.len == 0) {
        return CREDHUB_E_PERM_ACTOR;
    }

    if (ctx->actor.len > CREDHUB_ACTOR_MAX) {
        return CREDHUB_E_BAD_REQUEST;
    }

    if (ctx->operations.data != NULL
        && credhub_json_kind(ctx->operations) == CREDHUB_JSON_NULL)
    {
        return CREDHUB_E_BAD_REQUEST;
    }

    return ctx->mask == 0 ? CREDHUB_E_PERM_OPS : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_perm_bind(ngx_credhub_op_t *op, const credhub_bind_t *fields)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;
    ngx_http_credhub_input_t      *input = op->input;

    credhub_error_e error;

    error =
        credhub_bind_document(op->arena, fields, input->body, ctx, &op->detail);

    return error == CREDHUB_OK
               ? credhub_operations_json(op->arena, ctx->operations, &ctx->mask)
               : error;
}


/* The new grants are shown to the store only when the caller may make them. */

static ngx_credhub_rc_e
ngx_http_credhub_perm_create_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 2);

    if (call != NULL) {
        ngx_credhub_read_only_check(call, op->hub->store);
        ngx_credhub_grants_read(call, op->hub->store, &ctx->guard);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_create_commit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    if (ngx_credhub_read_only_checked(op->call, 0)) {
        return ngx_credhub_op_error(op, CREDHUB_E_READ_ONLY);
    }

    if (!ngx_credhub_access_checked(op, &ctx->guard, CREDHUB_OP_WRITE_ACL, 1)) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    if (ngx_credhub_permission_self(op, ctx->actor)) {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_SELF);
    }

    ctx->change.permission.path = ctx->path;
    ctx->change.permission.actor = ctx->actor;
    ctx->change.permission.operations = ctx->mask;

    error = ngx_credhub_permission_make(op, &ctx->change);

    return error == CREDHUB_OK
               ? ngx_credhub_permission_commit(op, &ctx->change, 1, &ctx->guard)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_create_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    return ngx_credhub_permissions_written(op->call, &error) == NGX_OK
               ? ngx_http_credhub_perm_answer(
                   op, NGX_HTTP_CREATED, &ctx->change.permission)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_find_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;
    ngx_http_credhub_input_t      *input = op->input;

    credhub_error_e      error;
    ngx_credhub_call_t  *call;
    const credhub_str_t *path, *actor;

    path = credhub_query_get(&input->query, "path");
    actor = credhub_query_get(&input->query, "actor");

    if (path == NULL || path->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("path"));
    }

    if (actor == NULL || actor->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("actor"));
    }

    error = ngx_credhub_access_name(op, *path, &ctx->path);

    if (error != CREDHUB_OK || actor->len > CREDHUB_ACTOR_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_ACCESS);
    }

    ctx->actor = credhub_name_fold(op->arena, *actor);
    ctx->caller = ngx_credhub_access_caller(op, CREDHUB_OP_READ_ACL, ctx->path);

    call = ctx->actor.data == NULL
               ? NULL
               : ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_permission_read(call, op->hub->store, credhub_null_str,
            ctx->actor, ctx->path, ctx->caller, CREDHUB_OP_READ_ACL);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_find_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    ngx_int_t            rc;
    credhub_error_e      error;
    ngx_credhub_grants_t grants;

    rc = ngx_credhub_permission_result(
        op->call, &ctx->existing, &grants, &error);

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->caller.len != 0
        && !ngx_credhub_access_granted(
            op, ctx->caller, CREDHUB_OP_READ_ACL, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_ACCESS_HIDDEN);
    }

    if (rc == NGX_DECLINED
        || !ngx_credhub_permission_genuine(
            op, &ctx->existing, ctx->actor, ctx->path))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_ACCESS);
    }

    return ngx_http_credhub_perm_answer(op, NGX_HTTP_OK, &ctx->existing);
}


static credhub_error_e
ngx_http_credhub_perm_id(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;
    ngx_http_credhub_input_t      *input = op->input;

    if (credhub_uuid_parse(input->params[0], ctx->id) != 0) {
        return CREDHUB_E_PERM_NONE;
    }

    op->resource_id.len = CREDHUB_UUID_LEN;
    op->resource_id.data = ctx->id;

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_get_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    if (ngx_http_credhub_perm_id(op) != CREDHUB_OK) {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_ACCESS);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_permission_read(call, op->hub->store,
            (credhub_str_t){ CREDHUB_UUID_LEN, ctx->id }, credhub_null_str,
            credhub_null_str, op->caller, CREDHUB_OP_READ_ACL);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_get_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_perm_loaded(
        op, CREDHUB_OP_READ_ACL, CREDHUB_E_CRED, CREDHUB_E_CRED_HIDDEN);

    return error == CREDHUB_OK
               ? ngx_http_credhub_perm_answer(op, NGX_HTTP_OK, &ctx->existing)
               : ngx_credhub_op_error(op, error);
}


/*
 * A permission that was read by its id: CREDHUB_OK when it is there, genuine,
 * and the caller may do `operation` on its path; else `missing` or `hidden`, or
 * what the store failed with.
 */

static credhub_error_e
ngx_http_credhub_perm_loaded(ngx_credhub_op_t *op, unsigned operation,
    credhub_error_e missing, credhub_error_e hidden)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    ngx_int_t            rc;
    credhub_str_t        path, folded;
    credhub_error_e      error;
    ngx_credhub_grants_t grants;

    rc = ngx_credhub_permission_result(
        op->call, &ctx->existing, &grants, &error);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? error : missing;
    }

    path = ngx_credhub_op_copy(op, ctx->existing.path);

    if (ngx_credhub_access_name(op, path, &folded) != CREDHUB_OK
        || !ngx_credhub_permission_genuine(
            op, &ctx->existing, credhub_null_str, credhub_null_str))
    {
        return missing;
    }

    return ngx_credhub_access_allowed(op, operation, folded, &grants)
               ? CREDHUB_OK
               : hidden;
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_replace_parse(ngx_credhub_op_t *op)
{
    credhub_error_e error;

    error = ngx_http_credhub_perm_body(op);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_perm_id(op);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_patch_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_perm_bind(op, ngx_http_credhub_perm_patch_fields);

    ngx_credhub_audit_permission(
        op, credhub_null_str, credhub_null_str, ctx->mask);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_perm_id(op);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_delete_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    ngx_credhub_audit_permission(
        op, credhub_null_str, credhub_null_str, ctx->mask);

    ctx->change.remove = 1;
    error = ngx_http_credhub_perm_id(op);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_load(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_permission_read(call, op->hub->store,
            (credhub_str_t){ CREDHUB_UUID_LEN, ctx->id }, credhub_null_str,
            credhub_null_str, op->caller, CREDHUB_OP_WRITE_ACL);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_change(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_str_t                    folded;
    credhub_error_e                  error;
    ngx_credhub_permission_change_t *change;

    change = &ctx->change;
    error = ngx_http_credhub_perm_loaded(op, CREDHUB_OP_WRITE_ACL,
        CREDHUB_E_PERM_NONE, CREDHUB_E_PERM_NONE_HIDDEN);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_audit_permission(op, op->resource,
        ngx_credhub_op_copy(op, ctx->existing.actor), ctx->mask);

    if (ngx_credhub_permission_self(op, ctx->existing.actor)) {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_SELF);
    }

    if (ctx->path.len != 0
        && (!credhub_str_caseeq(ctx->path, ctx->existing.path)
            || !credhub_str_caseeq(ctx->actor, ctx->existing.actor)))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_PERM_MISMATCH);
    }

    change->permission = ctx->existing;
    change->expect = ctx->existing.mac;

    if (!change->remove) {
        change->permission.operations = ctx->mask;
    }

    error = ngx_credhub_permission_make(op, change);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_name(op, ctx->existing.path, &folded);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE_ACL, folded, &ctx->guard);
    }

    return error == CREDHUB_OK
               ? ngx_credhub_permission_commit(op, change, 1, &ctx->guard)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_changed(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permission_t *ctx = op->ctx;

    credhub_error_e error;

    switch (ngx_credhub_permissions_written(op->call, &error)) {
    case NGX_OK:
        return ngx_http_credhub_perm_answer(
            op, NGX_HTTP_OK, &ctx->change.permission);

    case NGX_DECLINED:
        return ctx->retries++ < NGX_HTTP_CREDHUB_STALE_MAX
                   ? ngx_credhub_op_goto(op, ngx_http_credhub_perm_load)
                   : ngx_credhub_op_error(op, CREDHUB_E_BUSY);

    default:
        return ngx_credhub_op_error(op, error == CREDHUB_E_CRED_HIDDEN
                                            ? CREDHUB_E_PERM_NONE_HIDDEN
                                            : error);
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_perm_answer(ngx_credhub_op_t *op, ngx_uint_t status,
    const ngx_credhub_permission_t *permission)
{
    credhub_buf_t body;

    op->resource_id = ngx_credhub_op_copy(op, permission->id);

    credhub_buf_init(
        &body, op->arena, permission->path.len + permission->actor.len + 256);

    credhub_buf_lit(&body, "{\"path\":");
    credhub_json_add_string(&body, permission->path);
    credhub_buf_lit(&body, ",\"operations\":");
    credhub_operations_add(&body, permission->operations);
    credhub_buf_lit(&body, ",\"actor\":");
    credhub_json_add_string(&body, permission->actor);
    credhub_buf_lit(&body, ",\"uuid\":\"");
    credhub_buf_add_str(&body, permission->id);
    credhub_buf_lit(&body, "\"}");

    return ngx_credhub_op_answer(op, status, &body);
}
