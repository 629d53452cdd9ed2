
/* Credentials: commands and scripts, and how their answers are read. */

#include "ngx_credhub_cache.h"
#include "ngx_credhub_rows.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


static ngx_int_t ngx_credhub_found(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_found_t *found);


/* In front of a current row stand what the name has beyond the version. */

enum {
    NGX_CREDHUB_CURRENT_TRANSITIONAL = 0,
    NGX_CREDHUB_CURRENT_PENDING,
    NGX_CREDHUB_CURRENT
};


void
ngx_credhub_current_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t name, ngx_uint_t params)
{
    ngx_uint_t    n;
    credhub_str_t argv[2 + NGX_CREDHUB_CURRENT + NGX_CREDHUB_ROW];

    n = params ? NGX_CREDHUB_ROW : NGX_CREDHUB_ROW_SHORT;

    argv[0] = credhub_str("HMGET");
    argv[1] = ngx_credhub_call_key(call, store, "credential:", name);
    argv[2 + NGX_CREDHUB_CURRENT_TRANSITIONAL] = credhub_str("transitional");
    argv[2 + NGX_CREDHUB_CURRENT_PENDING] = credhub_str("pending");
    ngx_credhub_row_names(&argv[2 + NGX_CREDHUB_CURRENT], n);

    ngx_credhub_call_command(call, 2 + NGX_CREDHUB_CURRENT + n, argv);
    ngx_credhub_call_tag(call, NGX_CREDHUB_TAG_CREDENTIAL, name);
}


ngx_int_t
ngx_credhub_current_result(ngx_credhub_call_t *call, ngx_uint_t i,
    credhub_str_t name, credhub_version_t *version, ngx_uint_t *more)
{
    ngx_uint_t                 n;
    const ngx_credhub_reply_t *reply, *transitional, *pending;

    if (call->error != CREDHUB_OK) {
        return NGX_ERROR;
    }

    reply = call->replies[i];
    n = NGX_CREDHUB_CURRENT + NGX_CREDHUB_ROW;

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY
        || (reply->n != n && reply->n != n - 1))
    {
        return ngx_credhub_row_damaged(name);
    }

    /* neither a date nor a credential's id */

    if (reply->elements[NGX_CREDHUB_CURRENT]->type == NGX_CREDHUB_REPLY_NIL
        && reply->elements[NGX_CREDHUB_CURRENT + 1]->type
               == NGX_CREDHUB_REPLY_NIL)
    {
        return NGX_DECLINED;
    }

    if (ngx_credhub_row(
            reply, NGX_CREDHUB_CURRENT, reply->n - NGX_CREDHUB_CURRENT, version)
        != NGX_OK)
    {
        return ngx_credhub_row_damaged(name);
    }

    transitional = reply->elements[NGX_CREDHUB_CURRENT_TRANSITIONAL];
    pending = reply->elements[NGX_CREDHUB_CURRENT_PENDING];

    version->folded = name;
    version->transitional = credhub_str_eq(transitional->str, version->id);

    if (more != NULL) {
        *more = pending->type == NGX_CREDHUB_REPLY_STRING
                || (transitional->type == NGX_CREDHUB_REPLY_STRING
                    && !version->transitional);
    }

    return NGX_OK;
}


void
ngx_credhub_version_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t id, credhub_str_t actor)
{
    credhub_str_t argv[2 + NGX_CREDHUB_ROW];

    argv[0] = id;
    argv[1] = actor;
    ngx_credhub_row_names(&argv[2], NGX_CREDHUB_ROW);

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_VERSION, 2 + NGX_CREDHUB_ROW, argv);
}


ngx_int_t
ngx_credhub_version_result(ngx_credhub_call_t *call, credhub_version_t *version,
    ngx_credhub_grants_t *grants, credhub_error_e *error)
{
    ngx_int_t            rc;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->n != 5
        || ngx_credhub_row(reply->elements[2], 0, NGX_CREDHUB_ROW, version)
               != NGX_OK
        || ngx_credhub_grants_take(call, reply->elements[3], grants) != NGX_OK)
    {
        *error = CREDHUB_E_INTERNAL;
        return ngx_credhub_row_damaged(credhub_str("a version"));
    }

    version->folded = reply->elements[1]->str;
    version->transitional =
        credhub_str_eq(reply->elements[4]->str, version->id);

    return NGX_OK;
}


void
ngx_credhub_versions_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t name, ngx_uint_t limit, credhub_str_t cursor,
    credhub_str_t actor)
{
    credhub_str_t argv[5 + NGX_CREDHUB_ROW_SHORT];

    argv[0] = name;
    argv[1] = ngx_credhub_call_decimal(call, limit);
    argv[2] = ngx_credhub_call_decimal(call, NGX_CREDHUB_PAGE_BYTES);
    argv[3] = cursor;
    argv[4] = actor;
    ngx_credhub_row_names(&argv[5], NGX_CREDHUB_ROW_SHORT);

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_VERSIONS,
        5 + NGX_CREDHUB_ROW_SHORT, argv);
}


ngx_int_t
ngx_credhub_versions_result(ngx_credhub_call_t *call,
    credhub_version_t **versions, ngx_uint_t *n, credhub_str_t *cursor,
    ngx_credhub_grants_t *grants, credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    credhub_version_t   *version;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_step_result(call, 5, &reply, cursor, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_credhub_grants_take(call, reply->elements[3], grants) != NGX_OK) {
        *error = CREDHUB_E_INTERNAL;
        return ngx_credhub_row_damaged(credhub_str("versions"));
    }

    *n = reply->n - 5;
    *versions =
        credhub_arena_alloc(call->arena, *n * sizeof(credhub_version_t));

    if (*versions == NULL) {
        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    for (i = 0; i < *n; i++) {
        version = &(*versions)[i];

        if (ngx_credhub_row(
                reply->elements[5 + i], 0, NGX_CREDHUB_ROW_SHORT, version)
            != NGX_OK)
        {
            *error = CREDHUB_E_INTERNAL;
            return ngx_credhub_row_damaged(reply->elements[2]->str);
        }

        version->folded = reply->elements[2]->str;
        version->transitional =
            credhub_str_eq(reply->elements[4]->str, version->id);
    }

    return NGX_OK;
}


void
ngx_credhub_find(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t prefix, credhub_str_t like, const int64_t *within,
    credhub_str_t cursor, credhub_str_t actor)
{
    credhub_str_t argv[6];

    argv[0] = prefix;
    argv[1] = like;
    argv[2] = cursor;
    argv[3] = within ? credhub_str("certificates") : credhub_str("names");
    argv[4] =
        within ? ngx_credhub_call_decimal(call, *within) : credhub_null_str;
    argv[5] = actor;

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_FIND, 6, argv);
}


ngx_int_t
ngx_credhub_find_result(ngx_credhub_call_t *call, ngx_credhub_found_t **found,
    ngx_uint_t *n, credhub_str_t *cursor, credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_step_result(call, 2, &reply, cursor, error);

    if (rc != NGX_OK) {
        return rc;
    }

    *n = reply->n - 2;
    *found = credhub_arena_alloc(call->arena, *n * sizeof(ngx_credhub_found_t));

    if (*found == NULL) {
        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    for (i = 0; i < *n; i++) {
        if (ngx_credhub_found(call, reply->elements[2 + i], *found + i)
            != NGX_OK) {
            *error = CREDHUB_E_INTERNAL;
            return ngx_credhub_row_damaged((*found)[i].folded);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_found(ngx_credhub_call_t *call, const ngx_credhub_reply_t *reply,
    ngx_credhub_found_t *found)
{
    ngx_memzero(found, sizeof(ngx_credhub_found_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 6) {
        return NGX_ERROR;
    }

    found->folded = reply->elements[1]->str;
    found->name = reply->elements[0]->str;

    if (found->name.len == 0
        || ngx_credhub_row_number(reply->elements[2], &found->created) != NGX_OK
        || ngx_credhub_row_number(reply->elements[3], &found->sequence)
               != NGX_OK
        || ngx_credhub_row_expiry(reply->elements[4], &found->expires)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_credhub_grants_take(call, reply->elements[5], &found->grants);
}


void
ngx_credhub_credential_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_version_t *version,
    credhub_str_t expect, ngx_uint_t max_versions,
    const ngx_credhub_guard_t *guard)
{
    credhub_str_t argv[] = { version->name, version->folded, version->type,
        version->id, version->credential,
        (expect.data == NULL) ? credhub_str("*") : expect,
        ngx_credhub_call_decimal(call, max_versions), version->metadata,
        version->head, version->tail, version->secret, version->params,
        version->mac };

    ngx_credhub_call_guarded(call, store, NGX_CREDHUB_SCRIPT_PUT,
        sizeof(argv) / sizeof(argv[0]), argv, guard);
}


ngx_int_t
ngx_credhub_credential_written(ngx_credhub_call_t *call,
    credhub_version_t *version, credhub_error_e *error)
{
    ngx_int_t            rc;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc == NGX_DECLINED && credhub_str_eq(word, credhub_str("type"))) {
        *error = CREDHUB_E_TYPE_MISMATCH;
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED && credhub_str_eq(word, credhub_str("transitional")))
    {
        *error = CREDHUB_E_TOO_MANY_TRANSITIONAL;
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED && ngx_credhub_guard_refused(reply)) {
        *error = CREDHUB_E_CRED_DENIED;
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->n != 5
        || ngx_credhub_row_number(reply->elements[3], &version->created)
               != NGX_OK)
    {
        *error = CREDHUB_E_INTERNAL;
        return ngx_credhub_row_damaged(version->folded);
    }

    version->name = reply->elements[1]->str;
    version->credential = reply->elements[2]->str;

    ngx_credhub_row_seals(reply->elements[4],
        (version->secret.len != 0) + (version->params.len != 0),
        version->folded);

    return NGX_OK;
}


void
ngx_credhub_credential_delete(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t name,
    const ngx_credhub_guard_t *guard)
{
    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_DELETE, 1, &name, guard);
}


ngx_int_t
ngx_credhub_credential_deleted(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error)
{
    return ngx_credhub_guarded_flag(call, rest, CREDHUB_E_CRED_HIDDEN, error);
}


void
ngx_credhub_sweep(ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_SWEEP, 0, NULL);
}


ngx_int_t
ngx_credhub_swept(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error)
{
    return ngx_credhub_guarded_flag(call, rest, CREDHUB_E_INTERNAL, error);
}
