
/* /api/v1/permissions: the permissions of one credential name, deprecated. */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "ngx_credhub_permission.h"
#include "credhub_bind.h"
#include "credhub_json.h"
#include "credhub_name.h"


#define NGX_HTTP_CREDHUB_STALE_MAX 3 /* retries */


typedef struct {
    credhub_str_t actor;
    credhub_str_t operations; /* JSON */
    unsigned      mask;
    ngx_uint_t    holder; /* which one of the actors */
} ngx_http_credhub_entry_t;


typedef struct {
    /* as asked */
    credhub_str_t name;
    credhub_str_t permissions; /* JSON */

    credhub_str_t             folded;
    credhub_str_t             caller; /* empty: configuration allows */
    ngx_credhub_guard_t       guard;
    ngx_http_credhub_entry_t *entries;
    ngx_uint_t                n;
    credhub_str_t            *actors; /* of the entries, folded, each once */
    ngx_uint_t                holders;
    ngx_uint_t                retries;
    credhub_str_t             cursor;
    credhub_buf_t             body;
    unsigned                  remove:1;
} ngx_http_credhub_permissions_t;


static ngx_credhub_rc_e ngx_http_credhub_list_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_list_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_list_take(ngx_credhub_op_t *op);
static void             ngx_http_credhub_list_add(
                credhub_buf_t *body, const ngx_credhub_permission_t *permission);

static ngx_credhub_rc_e ngx_http_credhub_add_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_remove_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_add_entries(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_add_entry(
     ngx_credhub_op_t *op, ngx_http_credhub_entry_t *entry);
static credhub_error_e ngx_http_credhub_names_path(
    ngx_credhub_op_t *op, credhub_str_t name, unsigned operation);
static ngx_credhub_rc_e ngx_http_credhub_change_load(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_change_decide(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_change_check(ngx_credhub_op_t *op,
     const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder);
static void             ngx_http_credhub_change_add(ngx_credhub_op_t *op,
                const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder,
                ngx_credhub_permission_change_t *change);
static unsigned         ngx_http_credhub_change_held(ngx_credhub_op_t *op,
            const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder);
static ngx_credhub_rc_e ngx_http_credhub_change_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

static const credhub_bind_t  ngx_http_credhub_add_fields[] = {
    { "credential_name", CREDHUB_BIND_STRING,
      offsetof(ngx_http_credhub_permissions_t, name), 1 },
    { "permissions", CREDHUB_BIND_RAW,
      offsetof(ngx_http_credhub_permissions_t, permissions), 1 },
    credhub_bind_end
};

/* the path of an entry is ignored: it is the credential's name */

static const credhub_bind_t  ngx_http_credhub_entry_fields[] = {
    { "actor", CREDHUB_BIND_STRING,
      offsetof(ngx_http_credhub_entry_t, actor), 1 },
    { "operations", CREDHUB_BIND_RAW,
      offsetof(ngx_http_credhub_entry_t, operations), 1 },
    { "path", CREDHUB_BIND_IGNORE, 0, 1 },
    credhub_bind_end
};


const ngx_credhub_operation_t  ngx_http_credhub_permissions_list = {
    "GET_PERMISSIONS",
    steps(ngx_http_credhub_list_parse,
          ngx_http_credhub_list_read,
          ngx_http_credhub_list_take),
    sizeof(ngx_http_credhub_permissions_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permissions_add = {
    "ADD_PERMISSIONS",
    steps(ngx_http_credhub_add_parse,
          ngx_http_credhub_change_load,
          ngx_http_credhub_change_decide,
          ngx_http_credhub_change_answer),
    sizeof(ngx_http_credhub_permissions_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_permissions_remove = {
    "DELETE_PERMISSIONS",
    steps(ngx_http_credhub_remove_parse,
          ngx_http_credhub_change_load,
          ngx_http_credhub_change_decide,
          ngx_http_credhub_change_answer),
    sizeof(ngx_http_credhub_permissions_t)
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_list_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e      error;
    const credhub_str_t *name;

    name = credhub_query_get(&input->query, "credential_name");

    if (name == NULL || name->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("credential_name"));
    }

    ngx_credhub_audit_bare(op, *name);
    error = ngx_http_credhub_names_path(op, *name, CREDHUB_OP_READ_ACL);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


/* The path that the permissions are for, and who asks the store about it. */

static credhub_error_e
ngx_http_credhub_names_path(
    ngx_credhub_op_t *op, credhub_str_t name, unsigned operation)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_credhub_access_name(op, name, &ctx->folded);

    if (error != CREDHUB_OK) {
        return error;
    }

    ctx->name = op->resource;
    ctx->caller = ngx_credhub_access_caller(op, operation, ctx->folded);

    return ngx_credhub_access_guard(op, operation, ctx->folded, &ctx->guard);
}


static ngx_credhub_rc_e
ngx_http_credhub_list_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_permissions_read(
            call, op->hub->store, ctx->folded, ctx->cursor, ctx->caller);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_list_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_uint_t                i;
    credhub_error_e           error;
    ngx_credhub_permissions_t page;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_permissions_result(op->call, &page, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->caller.len != 0
        && !ngx_credhub_access_granted(
            op, ctx->caller, CREDHUB_OP_READ_ACL, &page.grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    if (page.name.len == 0) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    if (ctx->body.arena == NULL) {
        credhub_buf_init(&ctx->body, op->arena, 256 * (page.n + 1));
        credhub_buf_lit(&ctx->body, "{\"credential_name\":");
        credhub_json_add_string(&ctx->body, page.name);
        credhub_buf_lit(&ctx->body, ",\"permissions\":[");
    }

    for (i = 0; i < page.n; i++) {
        if (ngx_credhub_permission_genuine(
                op, &page.permissions[i], credhub_null_str, ctx->folded))
        {
            ngx_http_credhub_list_add(&ctx->body, &page.permissions[i]);
        }
    }

    if (ctx->body.len > NGX_CREDHUB_ANSWER_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_TOO_LARGE);
    }

    ctx->cursor = ngx_credhub_op_copy(op, page.cursor);
    ngx_credhub_op_release(op);

    if (ctx->cursor.len != 0) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_list_read);
    }

    credhub_buf_lit(&ctx->body, "]}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &ctx->body);
}


static void
ngx_http_credhub_list_add(
    credhub_buf_t *body, const ngx_credhub_permission_t *permission)
{
    if (body->len != 0 && body->data[body->len - 1] == '}') {
        credhub_buf_lit(body, ",");
    }

    credhub_buf_lit(body, "{\"actor\":");
    credhub_json_add_string(body, permission->actor);
    credhub_buf_lit(body, ",\"path\":");
    credhub_json_add_string(body, permission->path);
    credhub_buf_lit(body, ",\"operations\":");
    credhub_operations_add(body, permission->operations);
    credhub_buf_lit(body, "}");
}


static ngx_credhub_rc_e
ngx_http_credhub_add_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;
    ngx_http_credhub_input_t       *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(
        op->arena, ngx_http_credhub_add_fields, input->body, ctx, &op->detail);

    ngx_credhub_audit_bare(op, ctx->name);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_add_entries(op);
    }

    if (error == CREDHUB_OK && ctx->name.len == 0) {
        error = CREDHUB_E_NO_NAME;
    }

    if (error == CREDHUB_OK) {
        error =
            ngx_http_credhub_names_path(op, ctx->name, CREDHUB_OP_WRITE_ACL);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_add_entries(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    credhub_str_t            element;
    credhub_error_e          error;
    credhub_json_iter_t      iter;
    ngx_http_credhub_entry_t entry;

    if (ctx->permissions.data == NULL
        || credhub_json_kind(ctx->permissions) == CREDHUB_JSON_NULL)
    {
        return CREDHUB_E_PERM_NO_ENTRIES;
    }

    if (credhub_json_kind(ctx->permissions) != CREDHUB_JSON_ARRAY) {
        return CREDHUB_E_BAD_REQUEST;
    }

    ctx->entries = credhub_arena_alloc(op->arena,
        NGX_CREDHUB_PERMISSIONS_MAX * sizeof(ngx_http_credhub_entry_t));
    ctx->actors = credhub_arena_alloc(
        op->arena, NGX_CREDHUB_PERMISSIONS_MAX * sizeof(credhub_str_t));

    if (ctx->entries == NULL || ctx->actors == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, ctx->permissions);

    while (credhub_json_element(&iter, &element)) {
        ngx_memzero(&entry, sizeof(ngx_http_credhub_entry_t));

        error = credhub_bind(op->arena, ngx_http_credhub_entry_fields, element,
            &entry, &op->detail);

        if (error == CREDHUB_OK) {
            error = credhub_operations_json(
                op->arena, entry.operations, &entry.mask);
        }

        if (error == CREDHUB_OK) {
            error = ngx_http_credhub_add_entry(op, &entry);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return ctx->n == 0 ? CREDHUB_E_PERM_NO_ENTRIES : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_add_entry(
    ngx_credhub_op_t *op, ngx_http_credhub_entry_t *entry)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_uint_t i;

    if (entry->actor.len == 0) {
        return CREDHUB_E_PERM_ACTOR;
    }

    if (entry->actor.len > CREDHUB_ACTOR_MAX) {
        return CREDHUB_E_BAD_REQUEST;
    }

    if (entry->mask == 0) {
        return CREDHUB_E_PERM_OPS;
    }

    if (ctx->n == NGX_CREDHUB_PERMISSIONS_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    for (i = 0; i < ctx->holders; i++) {
        if (credhub_str_caseeq(ctx->actors[i], entry->actor)) {
            break;
        }
    }

    entry->holder = i;
    ctx->entries[ctx->n++] = *entry;

    if (i == ctx->holders) {
        ctx->actors[ctx->holders++] =
            credhub_name_fold(op->arena, entry->actor);
    }

    return ctx->actors[i].data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static ngx_credhub_rc_e
ngx_http_credhub_remove_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;
    ngx_http_credhub_input_t       *input = op->input;

    credhub_error_e      error;
    const credhub_str_t *name, *actor;

    name = credhub_query_get(&input->query, "credential_name");
    actor = credhub_query_get(&input->query, "actor");

    if (name == NULL || name->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("credential_name"));
    }

    if (actor == NULL || actor->len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("actor"));
    }

    ngx_credhub_audit_bare(op, *name);

    if (actor->len > CREDHUB_ACTOR_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    ctx->remove = 1;
    ctx->n = 1;
    ctx->holders = 1;
    ctx->entries =
        credhub_arena_alloc(op->arena, sizeof(ngx_http_credhub_entry_t));
    ctx->actors = credhub_arena_alloc(op->arena, sizeof(credhub_str_t));

    if (ctx->entries == NULL || ctx->actors == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ctx->entries[0].actor = *actor;
    ctx->actors[0] = credhub_name_fold(op->arena, *actor);

    error = ngx_http_credhub_names_path(op, *name, CREDHUB_OP_WRITE_ACL);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_change_load(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_holders_read(call, op->hub->store, ctx->folded, ctx->caller,
            ctx->actors, ctx->holders);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_change_decide(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_uint_t                       i;
    credhub_error_e                  error;
    ngx_credhub_holder_t            *holder, *holders;
    ngx_credhub_grants_t             grants;
    ngx_http_credhub_entry_t        *entry;
    ngx_credhub_permission_change_t *changes;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_holders_result(op->call, &holders, &grants, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (ctx->caller.len != 0
        && !ngx_credhub_access_granted(
            op, ctx->caller, CREDHUB_OP_WRITE_ACL, &grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    changes = credhub_arena_alloc(
        op->arena, ctx->holders * sizeof(ngx_credhub_permission_change_t));

    if (changes == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    for (i = 0; i < ctx->n; i++) {
        entry = &ctx->entries[i];
        holder = &holders[entry->holder];
        error = ngx_http_credhub_change_check(op, entry, holder);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }

        ngx_http_credhub_change_add(op, entry, holder, &changes[entry->holder]);
    }

    for (i = 0; i < ctx->holders; i++) {
        error = ngx_credhub_permission_make(op, &changes[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    return ngx_credhub_permission_commit(
        op, changes, ctx->holders, &ctx->guard);
}


static credhub_error_e
ngx_http_credhub_change_check(ngx_credhub_op_t *op,
    const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    ngx_uint_t exists;

    exists = (holder->permission.id.len != 0);

    if (ngx_credhub_permission_self(op, entry->actor)) {
        return CREDHUB_E_PERM_SELF;
    }

    if (exists
        && !ngx_credhub_permission_genuine(
            op, &holder->permission, ctx->actors[entry->holder], ctx->folded))
    {
        return CREDHUB_E_INTERNAL;
    }

    if (ctx->remove) {
        return exists ? CREDHUB_OK : CREDHUB_E_CRED;
    }

    return (ngx_http_credhub_change_held(op, entry, holder) & entry->mask)
                   == entry->mask
               ? CREDHUB_E_PERM_EXISTS
               : CREDHUB_OK;
}


/* Entries of one actor are one change. */

static void
ngx_http_credhub_change_add(ngx_credhub_op_t *op,
    const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder,
    ngx_credhub_permission_change_t *change)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    if (change->permission.actor.len == 0) {
        change->permission = holder->permission;
        change->expect = holder->permission.mac;
        change->remove = ctx->remove;
    }

    if (change->permission.actor.len == 0) {
        change->permission.path = ctx->name;
        change->permission.actor = entry->actor;
    }

    change->permission.operations |= entry->mask;
}


/* All that the actor of an entry may do there, by whatever path. */

static unsigned
ngx_http_credhub_change_held(ngx_credhub_op_t *op,
    const ngx_http_credhub_entry_t *entry, const ngx_credhub_holder_t *holder)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    unsigned      held, operation;
    credhub_str_t folded;

    held = ngx_credhub_hub_operations(op->hub, entry->actor, ctx->folded);
    folded = ctx->actors[entry->holder];

    for (operation = 1; operation <= CREDHUB_OP_ALL; operation <<= 1) {
        if (ngx_credhub_access_granted(op, folded, operation, &holder->grants))
        {
            held |= operation;
        }
    }

    return held;
}


static ngx_credhub_rc_e
ngx_http_credhub_change_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_permissions_t *ctx = op->ctx;

    credhub_error_e error;

    switch (ngx_credhub_permissions_written(op->call, &error)) {
    case NGX_OK:
        op->status = ctx->remove ? NGX_HTTP_NO_CONTENT : NGX_HTTP_CREATED;
        return NGX_CREDHUB_DONE;

    case NGX_DECLINED:
        break;

    default:
        if (error != CREDHUB_E_PERM_EXISTS) {
            return ngx_credhub_op_error(op, error);
        }
    }

    /* another node was faster: decide again on what stands now */

    return ctx->retries++ < NGX_HTTP_CREDHUB_STALE_MAX
               ? ngx_credhub_op_goto(op, ngx_http_credhub_change_load)
               : ngx_credhub_op_error(op, CREDHUB_E_BUSY);
}
