
/*
 * Decisions. A grant is a pure function of actor, operation and path under a
 * secret key, so the worker can say what must stand in the store for a write to
 * be allowed, and can tell a forged one when it reads it.
 */

#include "ngx_credhub_access.h"
#include "ngx_credhub_audit.h"
#include "credhub_grant.h"
#include "credhub_name.h"

#include <openssl/evp.h>


static credhub_error_e ngx_credhub_access_witness(
    ngx_credhub_op_t *op, credhub_str_t *value);


credhub_error_e
ngx_credhub_access_name(
    ngx_credhub_op_t *op, credhub_str_t name, credhub_str_t *folded)
{
    name = credhub_name_slash(op->arena, name);
    op->resource = ngx_credhub_audit_cut(name);

    if (name.len > CREDHUB_NAME_MAX) {
        return CREDHUB_E_CRED;
    }

    *folded = credhub_name_fold(op->arena, name);

    return op->resource.data != NULL && folded->data != NULL
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


ngx_int_t
ngx_credhub_access_actor(ngx_credhub_op_t *op, credhub_str_t actor)
{
    op->actor = actor;
    op->caller = credhub_name_fold(op->arena, actor);

    if (op->caller.data == NULL) {
        op->error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


credhub_str_t
ngx_credhub_access_caller(
    ngx_credhub_op_t *op, unsigned operation, credhub_str_t name)
{
    if (ngx_credhub_hub_allows(op->hub, op->actor, operation, name)) {
        return credhub_null_str;
    }

    return op->caller;
}


credhub_error_e
ngx_credhub_access_guard(ngx_credhub_op_t *op, unsigned operation,
    credhub_str_t name, ngx_credhub_guard_t *guard)
{
    ssize_t        i, n;
    credhub_str_t *fields;

    ngx_memzero(guard, sizeof(ngx_credhub_guard_t));

    guard->actor = ngx_credhub_access_caller(op, operation, name);

    if (guard->actor.len == 0) {
        return CREDHUB_OK;
    }

    n = credhub_grant_fields(op->arena, operation, name, &fields);

    if (n <= 0) {
        return n == 0 ? CREDHUB_E_CRED_HIDDEN : CREDHUB_E_INTERNAL;
    }

    guard->grants.list =
        credhub_arena_alloc(op->arena, n * sizeof(ngx_credhub_grant_t));

    if (guard->grants.list == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < n; i++) {
        guard->grants.list[i].field = fields[i];
    }

    guard->grants.n = n;

    return CREDHUB_OK;
}


/* Each path under each key that may have made the grant. */

credhub_error_e
ngx_credhub_access_values(ngx_credhub_op_t *op,
    const ngx_credhub_guard_t *guard, ngx_credhub_guard_t *full)
{
    size_t               i, j, keys;
    credhub_str_t        field;
    credhub_error_e      error;
    ngx_credhub_grant_t *grant;

    *full = *guard;

    if (guard->actor.len == 0) {
        return CREDHUB_OK;
    }

    keys = credhub_keyring_count(op->hub->keyring);

    full->grants.n = 0;
    full->grants.list = credhub_arena_alloc(
        op->arena, guard->grants.n * keys * sizeof(ngx_credhub_grant_t));

    if (full->grants.list == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < guard->grants.n; i++) {
        field = guard->grants.list[i].field;

        for (j = 0; j < keys; j++) {
            if (credhub_keyring_opener(op->hub->keyring,
                    credhub_keyring_fingerprint(op->hub->keyring, j),
                    credhub_grant_path(field))
                != (int) j)
            {
                continue;
            }

            grant = &full->grants.list[full->grants.n++];

            error = ngx_credhub_access_grant(op, j, guard->actor, field, grant);

            if (error == CREDHUB_OK) {
                error = ngx_credhub_access_witness(op, &grant->value);
            }

            if (error != CREDHUB_OK) {
                return error;
            }
        }
    }

    return CREDHUB_OK;
}


/*
 * Redis sees the guard of every write, of refused ones too, and whoever looks
 * at its commands must not learn a grant from them.
 */

static credhub_error_e
ngx_credhub_access_witness(ngx_credhub_op_t *op, credhub_str_t *value)
{
    u_char     sha1[20];
    ngx_uint_t len;

    len = sizeof(sha1);

    if (EVP_Digest(value->data, value->len, sha1, NULL, EVP_sha1(), NULL) != 1)
    {
        return CREDHUB_E_INTERNAL;
    }

    value->len = 2 * len;
    value->data = credhub_arena_bytes(op->arena, value->len);

    if (value->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    (void) ngx_hex_dump(value->data, sha1, len);

    return CREDHUB_OK;
}


credhub_error_e
ngx_credhub_access_grant(ngx_credhub_op_t *op, size_t key, credhub_str_t actor,
    credhub_str_t field, ngx_credhub_grant_t *grant)
{
    grant->field = field;
    grant->value.len = CREDHUB_MAC_SIZE;
    grant->value.data = credhub_arena_bytes(op->arena, CREDHUB_MAC_SIZE);

    if (field.data == NULL || grant->value.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return credhub_grant_value(op->hub->keyring, key, op->hub->store->hub,
        actor, field, grant->value.data);
}


ngx_uint_t
ngx_credhub_access_granted(ngx_credhub_op_t *op, credhub_str_t actor,
    unsigned operation, const ngx_credhub_grants_t *grants)
{
    ngx_uint_t i;

    for (i = 0; i < grants->n; i++) {
        if (credhub_grant_operation(grants->list[i].field) != operation) {
            continue;
        }

        if (credhub_grant_check(op->hub->keyring, op->hub->store->hub, actor,
                grants->list[i].field, grants->list[i].value))
        {
            return 1;
        }

        if (!op->forged) {
            op->forged = 1;
            ngx_credhub_grants_forged(actor, grants->list[i].field);
        }
    }

    return 0;
}


ngx_uint_t
ngx_credhub_access_allowed(ngx_credhub_op_t *op, unsigned operation,
    credhub_str_t name, const ngx_credhub_grants_t *grants)
{
    return ngx_credhub_hub_allows(op->hub, op->actor, operation, name)
           || ngx_credhub_access_granted(op, op->caller, operation, grants);
}


ngx_uint_t
ngx_credhub_access_checked(ngx_credhub_op_t *op,
    const ngx_credhub_guard_t *guard, unsigned operation, ngx_uint_t i)
{
    ngx_credhub_grants_t grants;

    if (guard->actor.len == 0) {
        return 1;
    }

    return ngx_credhub_grants_result(op->call, i, guard, &grants) == NGX_OK
           && ngx_credhub_access_granted(op, guard->actor, operation, &grants);
}
