
/* Permission rows: scripts and how their answers are read. */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_permissions.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"
#include "credhub_grant.h"
#include "credhub_text.h"


#define NGX_CREDHUB_CHANGE_ARGS 10 /* before the grants of a change */


static ngx_int_t ngx_credhub_permission_row(
    ngx_credhub_reply_t *const *fields, ngx_credhub_permission_t *permission);
static ngx_int_t ngx_credhub_permission_mask(
    const ngx_credhub_reply_t *reply, unsigned *operations);
static ngx_int_t      ngx_credhub_permission_damaged(credhub_error_e *error);
static credhub_str_t *ngx_credhub_permission_args(ngx_credhub_call_t *call,
    credhub_str_t *arg, const ngx_credhub_permission_change_t *change);


void
ngx_credhub_permission_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t id, credhub_str_t actor,
    credhub_str_t path, credhub_str_t caller, unsigned operation)
{
    u_char        letter;
    credhub_str_t argv[5];

    letter = credhub_grant_letter(operation);

    argv[0] = id;
    argv[1] = actor;
    argv[2] = path;
    argv[3] = caller;
    argv[4].data = &letter;
    argv[4].len = 1;

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_PERMISSION, 5, argv);
}


ngx_int_t
ngx_credhub_permission_result(ngx_credhub_call_t *call,
    ngx_credhub_permission_t *permission, ngx_credhub_grants_t *grants,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        if (reply->n != 2
            || ngx_credhub_grants_take(call, reply->elements[1], grants)
                   != NGX_OK)
        {
            return ngx_credhub_permission_damaged(error);
        }

        return NGX_DECLINED;
    }

    if (reply->n != 7
        || ngx_credhub_permission_row(&reply->elements[1], permission) != NGX_OK
        || ngx_credhub_grants_take(call, reply->elements[6], grants) != NGX_OK)
    {
        return ngx_credhub_permission_damaged(error);
    }

    return NGX_OK;
}


/* id, path, actor, operations, MAC */

static ngx_int_t
ngx_credhub_permission_row(
    ngx_credhub_reply_t *const *fields, ngx_credhub_permission_t *permission)
{
    permission->id = fields[0]->str;
    permission->path = fields[1]->str;
    permission->actor = fields[2]->str;
    permission->mac = fields[4]->str;

    return ngx_credhub_permission_mask(fields[3], &permission->operations);
}


static ngx_int_t
ngx_credhub_permission_mask(
    const ngx_credhub_reply_t *reply, unsigned *operations)
{
    int64_t mask;

    if (reply->type != NGX_CREDHUB_REPLY_STRING
        || credhub_int64(reply->str, &mask) != 0 || mask < 0
        || mask > CREDHUB_OP_ALL)
    {
        return NGX_ERROR;
    }

    *operations = (unsigned) mask;

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_permission_damaged(credhub_error_e *error)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
        "credhub: the store holds a damaged permission");

    *error = CREDHUB_E_INTERNAL;

    return NGX_ERROR;
}


void
ngx_credhub_permissions_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t path, credhub_str_t cursor,
    credhub_str_t caller)
{
    credhub_str_t argv[3];

    argv[0] = path;
    argv[1] = cursor;
    argv[2] = caller;

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_PERMISSIONS, 3, argv);
}


ngx_int_t
ngx_credhub_permissions_result(ngx_credhub_call_t *call,
    ngx_credhub_permissions_t *page, credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply, *row;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (reply->n < 4
        || ngx_credhub_grants_take(call, reply->elements[3], &page->grants)
               != NGX_OK)
    {
        return ngx_credhub_permission_damaged(error);
    }

    page->name = reply->elements[1]->str;
    page->cursor = reply->elements[2]->str;
    page->n = reply->n - 4;
    page->permissions = credhub_arena_alloc(
        call->arena, (page->n + 1) * sizeof(ngx_credhub_permission_t));

    if (page->permissions == NULL) {
        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        row = reply->elements[4 + i];

        if (row->type != NGX_CREDHUB_REPLY_ARRAY || row->n != 5
            || ngx_credhub_permission_row(row->elements, &page->permissions[i])
                   != NGX_OK)
        {
            return ngx_credhub_permission_damaged(error);
        }
    }

    return NGX_OK;
}


void
ngx_credhub_holders_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t path, credhub_str_t caller, const credhub_str_t *actors,
    ngx_uint_t n)
{
    credhub_str_t argv[2 + NGX_CREDHUB_PERMISSIONS_MAX];

    argv[0] = path;
    argv[1] = caller;
    ngx_memcpy(&argv[2], actors, n * sizeof(credhub_str_t));

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_PERMISSIONS_LOAD, 2 + n, argv);
}


ngx_int_t
ngx_credhub_holders_result(ngx_credhub_call_t *call,
    ngx_credhub_holder_t **holders, ngx_credhub_grants_t *grants,
    credhub_error_e *error)
{
    ngx_int_t             rc;
    ngx_uint_t            i, n;
    credhub_str_t         word;
    ngx_credhub_reply_t  *reply, *row;
    ngx_credhub_holder_t *holder;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (reply->n < 2
        || ngx_credhub_grants_take(call, reply->elements[1], grants) != NGX_OK)
    {
        return ngx_credhub_permission_damaged(error);
    }

    n = reply->n - 2;
    *holders = credhub_arena_alloc(
        call->arena, (n + 1) * sizeof(ngx_credhub_holder_t));

    if (*holders == NULL) {
        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        row = reply->elements[2 + i];
        holder = &(*holders)[i];

        if (row->type != NGX_CREDHUB_REPLY_ARRAY || row->n != 6
            || ngx_credhub_permission_row(row->elements, &holder->permission)
                   != NGX_OK
            || ngx_credhub_grants_take(call, row->elements[5], &holder->grants)
                   != NGX_OK)
        {
            return ngx_credhub_permission_damaged(error);
        }
    }

    return NGX_OK;
}


void
ngx_credhub_permissions_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_permission_change_t *changes,
    ngx_uint_t n, const ngx_credhub_guard_t *guard)
{
    ngx_uint_t     i, argc;
    credhub_str_t *argv, *arg;

    argc = 1;

    for (i = 0; i < n; i++) {
        argc += NGX_CREDHUB_CHANGE_ARGS + 2 * changes[i].grants.n;
    }

    argv = credhub_arena_alloc(call->arena, argc * sizeof(credhub_str_t));

    if (argv == NULL) {
        call->request.failed = 1;
        return;
    }

    argv[0] = ngx_credhub_call_decimal(call, n);

    arg = &argv[1];

    for (i = 0; i < n; i++) {
        arg = ngx_credhub_permission_args(call, arg, &changes[i]);
    }

    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_PERMISSIONS_WRITE, argc, argv, guard);
}


static credhub_str_t *
ngx_credhub_permission_args(ngx_credhub_call_t *call, credhub_str_t *arg,
    const ngx_credhub_permission_change_t *change)
{
    ngx_uint_t i;

    *arg++ = change->remove ? credhub_str("delete") : credhub_str("put");
    *arg++ = change->permission.id;
    *arg++ = change->permission.path;
    *arg++ = change->path;
    *arg++ = change->permission.actor;
    *arg++ = change->actor;
    *arg++ = ngx_credhub_call_decimal(call, change->permission.operations);
    *arg++ = change->permission.mac;
    *arg++ = change->expect;
    *arg++ = ngx_credhub_call_decimal(call, change->grants.n);

    for (i = 0; i < change->grants.n; i++) {
        *arg++ = change->grants.list[i].field;
        *arg++ = change->grants.list[i].value;
    }

    return arg;
}


ngx_int_t
ngx_credhub_permissions_written(
    ngx_credhub_call_t *call, credhub_error_e *error)
{
    ngx_int_t            rc;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (credhub_str_eq(word, credhub_str("stale"))) {
        return NGX_DECLINED;
    }

    *error = ngx_credhub_guard_refused(reply) ? CREDHUB_E_CRED_HIDDEN
                                              : CREDHUB_E_PERM_EXISTS;

    return NGX_ERROR;
}
