
/* Approvals: scripts and how their answers are read. */

#include "ngx_credhub_cache.h"
#include "ngx_credhub_rows.h"
#include "ngx_credhub_approvals.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"
#include "credhub_grant.h"


#define NGX_CREDHUB_APPROVAL_ARGS 5 /* before the hashes */
#define NGX_CREDHUB_REVOKE_ARGS   3


static ngx_int_t ngx_credhub_approval_row(
    const ngx_credhub_reply_t *reply, credhub_approval_t *approval);
static ngx_int_t ngx_credhub_approval_answer(ngx_credhub_call_t *call,
    ngx_uint_t least, ngx_credhub_reply_t **reply,
    ngx_credhub_approval_owner_t *owner, credhub_approval_e *type,
    credhub_error_e *error);
static ngx_int_t ngx_credhub_approval_type(
    credhub_str_t name, credhub_approval_e *type);
static ngx_int_t ngx_credhub_approval_damaged(credhub_error_e *error);


/* The types as keys have them. */

static const credhub_str_t ngx_credhub_approval_types[] = {
    [CREDHUB_APPROVAL_CERTIFICATE] = credhub_string("certificates"),
    [CREDHUB_APPROVAL_FINGERPRINT] = credhub_string("fingerprints"),
};


/* clang-format off */

#define ngx_credhub_approval_field(name, kind)                                \
    ngx_credhub_field(credhub_approval_t, name, kind)

/* in the order of approval_row() of prelude.lua */

static const ngx_credhub_field_t  ngx_credhub_approval_fields[] = {
    ngx_credhub_approval_field(hash, REQUIRED),
    ngx_credhub_approval_field(content, REQUIRED),
    ngx_credhub_approval_field(by, REQUIRED),
    ngx_credhub_approval_field(date, NUMBER),
    ngx_credhub_approval_field(mac, REQUIRED),
    ngx_credhub_approval_field(sequence, NUMBER)
};

/* clang-format on */


void
ngx_credhub_approval_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_approval_e type, const credhub_str_t *hashes,
    ngx_uint_t n, credhub_str_t path, credhub_str_t caller, unsigned operation)
{
    u_char         letter;
    credhub_str_t *argv;

    argv = credhub_arena_alloc(
        call->arena, (NGX_CREDHUB_APPROVAL_ARGS + n) * sizeof(credhub_str_t));

    if (argv == NULL) {
        call->request.failed = 1;
        return;
    }

    letter = credhub_grant_letter(operation);

    argv[0] = key;
    argv[1] = ngx_credhub_approval_types[type];
    argv[2] = path;
    argv[3] = caller;
    argv[4].data = &letter;
    argv[4].len = 1;
    ngx_memcpy(
        &argv[NGX_CREDHUB_APPROVAL_ARGS], hashes, n * sizeof(credhub_str_t));

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_APPROVAL,
        NGX_CREDHUB_APPROVAL_ARGS + n, argv);

    /* with a caller it depends on grants too */

    if (caller.len == 0) {
        ngx_credhub_call_tag(call, NGX_CREDHUB_TAG_OBJECT, key);
    }
}


ngx_int_t
ngx_credhub_approval_result(ngx_credhub_call_t *call,
    ngx_credhub_approval_owner_t *owner, credhub_approval_t *approval,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_credhub_reply_t *reply;

    ngx_memzero(approval, sizeof(credhub_approval_t));

    rc = ngx_credhub_approval_answer(
        call, 5, &reply, owner, &approval->type, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_credhub_approval_row(reply->elements[4], approval) != NGX_OK) {
        return ngx_credhub_approval_damaged(error);
    }

    return NGX_OK;
}


void
ngx_credhub_approvals_list(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_approval_e type, int64_t behind,
    ngx_uint_t limit, credhub_str_t path, credhub_str_t caller)
{
    credhub_str_t argv[7];

    argv[0] = key;
    argv[1] = ngx_credhub_approval_types[type];
    argv[2] = path;
    argv[3] = caller;
    argv[4] = ngx_credhub_call_decimal(call, behind);
    argv[5] = ngx_credhub_call_decimal(call, limit);
    argv[6] = ngx_credhub_call_decimal(call, NGX_CREDHUB_PAGE_BYTES);

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_APPROVALS, 7, argv);
}


ngx_int_t
ngx_credhub_approvals_listed(ngx_credhub_call_t *call,
    ngx_credhub_approval_owner_t *owner, ngx_credhub_approvals_t *page,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    credhub_approval_e   type;
    ngx_credhub_reply_t *reply;

    ngx_memzero(page, sizeof(ngx_credhub_approvals_t));

    rc = ngx_credhub_approval_answer(call, 5, &reply, owner, &type, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_credhub_row_number(reply->elements[4], &page->next) != NGX_OK) {
        return ngx_credhub_approval_damaged(error);
    }

    page->n = reply->n - 5;
    page->approvals = credhub_arena_alloc(
        call->arena, (page->n + 1) * sizeof(credhub_approval_t));

    if (page->approvals == NULL) {
        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        page->approvals[i].type = type;

        if (ngx_credhub_approval_row(
                reply->elements[5 + i], &page->approvals[i])
            != NGX_OK)
        {
            return ngx_credhub_approval_damaged(error);
        }
    }

    return NGX_OK;
}


/* ok, uid, grants, type, what was asked for; or missing, uid, grants */

static ngx_int_t
ngx_credhub_approval_answer(ngx_credhub_call_t *call, ngx_uint_t least,
    ngx_credhub_reply_t **reply, ngx_credhub_approval_owner_t *owner,
    credhub_approval_e *type, credhub_error_e *error)
{
    ngx_int_t            rc;
    credhub_str_t        word;
    ngx_credhub_reply_t *r;

    rc = ngx_credhub_script_answer(call, reply, &word, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    r = *reply;

    if (r->n < (rc == NGX_OK ? least : 3)
        || ngx_credhub_grants_take(call, r->elements[2], &owner->grants)
               != NGX_OK
        || (rc == NGX_OK
            && ngx_credhub_approval_type(r->elements[3]->str, type) != NGX_OK))
    {
        return ngx_credhub_approval_damaged(error);
    }

    owner->uid = r->elements[1]->str;

    return rc;
}


static ngx_int_t
ngx_credhub_approval_type(credhub_str_t name, credhub_approval_e *type)
{
    if (credhub_str_eq(
            name, ngx_credhub_approval_types[CREDHUB_APPROVAL_CERTIFICATE]))
    {
        *type = CREDHUB_APPROVAL_CERTIFICATE;
        return NGX_OK;
    }

    *type = CREDHUB_APPROVAL_FINGERPRINT;

    return credhub_str_eq(name, ngx_credhub_approval_types[*type]) ? NGX_OK
                                                                   : NGX_ERROR;
}


static ngx_int_t
ngx_credhub_approval_row(
    const ngx_credhub_reply_t *reply, credhub_approval_t *approval)
{
    return ngx_credhub_row_fields(reply, ngx_credhub_approval_fields,
        sizeof(ngx_credhub_approval_fields) / sizeof(ngx_credhub_field_t),
        approval);
}


static ngx_int_t
ngx_credhub_approval_damaged(credhub_error_e *error)
{
    *error = CREDHUB_E_INTERNAL;

    return ngx_credhub_row_damaged(credhub_str("an approval"));
}


void
ngx_credhub_approve(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_str_t uid, const credhub_approval_t *approval,
    const ngx_credhub_guard_t *guard)
{
    credhub_str_t argv[] = { key, uid,
        ngx_credhub_approval_types[approval->type], approval->hash,
        approval->content, approval->by,
        ngx_credhub_call_decimal(call, approval->date), approval->mac };

    ngx_credhub_call_guarded(call, store, NGX_CREDHUB_SCRIPT_APPROVE,
        sizeof(argv) / sizeof(argv[0]), argv, guard);
}


ngx_int_t
ngx_credhub_approved(ngx_credhub_call_t *call, credhub_approval_t *approval,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_guarded_answer(
        call, &reply, NULL, CREDHUB_E_FORBIDDEN, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->n != 2
        || ngx_credhub_approval_row(reply->elements[1], approval) != NGX_OK)
    {
        return ngx_credhub_approval_damaged(error);
    }

    return NGX_OK;
}


void
ngx_credhub_revoke(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_approval_e type, const credhub_str_t *hashes,
    ngx_uint_t n, const ngx_credhub_guard_t *guard)
{
    credhub_str_t *argv;

    argv = credhub_arena_alloc(
        call->arena, (NGX_CREDHUB_REVOKE_ARGS + n) * sizeof(credhub_str_t));

    if (argv == NULL) {
        call->request.failed = 1;
        return;
    }

    argv[0] = key;
    argv[1] = ngx_credhub_approval_types[type];
    argv[2] = ngx_credhub_call_decimal(call, n);
    ngx_memcpy(
        &argv[NGX_CREDHUB_REVOKE_ARGS], hashes, n * sizeof(credhub_str_t));

    ngx_credhub_call_guarded(call, store, NGX_CREDHUB_SCRIPT_REVOKE,
        NGX_CREDHUB_REVOKE_ARGS + n, argv, guard);
}


ngx_int_t
ngx_credhub_revoked(ngx_credhub_call_t *call, credhub_str_t *uid,
    credhub_str_t *hash, credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_guarded_answer(
        call, &reply, NULL, CREDHUB_E_FORBIDDEN, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (reply->n != (rc == NGX_OK ? 3 : 2)) {
        return ngx_credhub_approval_damaged(error);
    }

    *uid = reply->elements[1]->str;
    *hash = rc == NGX_OK ? reply->elements[2]->str : credhub_null_str;

    return rc;
}


void
ngx_credhub_time_read(ngx_credhub_call_t *call)
{
    credhub_str_t arg;

    arg = credhub_str("TIME");

    ngx_credhub_call_command(call, 1, &arg);
}


ngx_int_t
ngx_credhub_time_result(ngx_credhub_call_t *call, int64_t *us)
{
    int64_t                    seconds, rest;
    const ngx_credhub_reply_t *reply;

    reply = call->replies[0];

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 2
        || ngx_credhub_row_number(reply->elements[0], &seconds) != NGX_OK
        || ngx_credhub_row_number(reply->elements[1], &rest) != NGX_OK)
    {
        return ngx_credhub_row_damaged(credhub_str("TIME"));
    }

    *us = seconds * 1000000 + rest;

    return NGX_OK;
}
