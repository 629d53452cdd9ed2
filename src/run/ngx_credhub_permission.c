
/*
 * A permission stands in the store twice: as a row that is shown and changed,
 * and as one grant an operation that is checked. Both carry a MAC, and both are
 * written by one script.
 */

#include "ngx_credhub_permission.h"
#include "credhub_grant.h"
#include "credhub_mac.h"
#include "credhub_name.h"
#include "credhub_text.h"


#define NGX_CREDHUB_PERMISSION_PARTS 3


static credhub_place_t ngx_credhub_permission_place(ngx_credhub_op_t *op,
    const ngx_credhub_permission_t *permission, credhub_str_t path);
static void            ngx_credhub_permission_parts(
               const ngx_credhub_permission_t *permission, u_char *mask,
               credhub_str_t parts[NGX_CREDHUB_PERMISSION_PARTS]);
static credhub_error_e ngx_credhub_permission_grants(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change, size_t key);
static credhub_error_e ngx_credhub_permission_row_mac(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change, size_t key);


credhub_error_e
ngx_credhub_permission_make(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change)
{
    int             key;
    credhub_error_e error;

    change->path = credhub_name_fold(op->arena, change->permission.path);
    change->actor = credhub_name_fold(op->arena, change->permission.actor);

    if (change->path.data == NULL || change->actor.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (change->permission.id.len == 0) {
        change->permission.id.data =
            credhub_arena_bytes(op->arena, CREDHUB_UUID_LEN);
        change->permission.id.len = CREDHUB_UUID_LEN;

        if (change->permission.id.data == NULL
            || credhub_uuid(change->permission.id.data) != 0)
        {
            return CREDHUB_E_INTERNAL;
        }
    }

    key = credhub_keyring_for(op->hub->keyring, change->path);

    if (key == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    error = ngx_credhub_permission_row_mac(op, change, key);

    return error == CREDHUB_OK ? ngx_credhub_permission_grants(op, change, key)
                               : error;
}


static credhub_error_e
ngx_credhub_permission_row_mac(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change, size_t key)
{
    u_char                   *mac, mask;
    credhub_str_t             parts[NGX_CREDHUB_PERMISSION_PARTS];
    credhub_place_t           place;
    ngx_credhub_permission_t *permission;

    permission = &change->permission;

    mac = credhub_arena_bytes(op->arena, CREDHUB_MAC_SIZE);
    if (mac == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    permission->mac.data = mac;
    permission->mac.len = CREDHUB_MAC_SIZE;

    ngx_credhub_permission_parts(permission, &mask, parts);

    place = ngx_credhub_permission_place(op, permission, change->path);

    return credhub_mac(op->hub->keyring, key, &place, parts,
        NGX_CREDHUB_PERMISSION_PARTS, mac);
}


static credhub_place_t
ngx_credhub_permission_place(ngx_credhub_op_t *op,
    const ngx_credhub_permission_t *permission, credhub_str_t path)
{
    credhub_place_t place;

    place.hub = op->hub->store->hub;
    place.kind = credhub_str("permission");
    place.field = credhub_null_str;
    place.record = permission->id;
    place.name = path;

    return place;
}


static void
ngx_credhub_permission_parts(const ngx_credhub_permission_t *permission,
    u_char *mask, credhub_str_t parts[NGX_CREDHUB_PERMISSION_PARTS])
{
    *mask = (u_char) permission->operations;

    parts[0] = permission->path;
    parts[1] = permission->actor;
    parts[2].data = mask;
    parts[2].len = 1;
}


static credhub_error_e
ngx_credhub_permission_grants(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change, size_t key)
{
    unsigned        operation;
    credhub_error_e error;

    change->grants.n = 0;
    change->grants.list = credhub_arena_alloc(
        op->arena, CREDHUB_OPS * sizeof(ngx_credhub_grant_t));

    if (change->grants.list == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (operation = 1; operation <= CREDHUB_OP_ALL; operation <<= 1) {
        if (change->remove || (change->permission.operations & operation) == 0)
        {
            continue;
        }

        error = ngx_credhub_access_grant(op, key, change->actor,
            credhub_grant_field(op->arena, operation, change->path),
            &change->grants.list[change->grants.n++]);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


ngx_uint_t
ngx_credhub_permission_genuine(ngx_credhub_op_t *op,
    const ngx_credhub_permission_t *permission, credhub_str_t actor,
    credhub_str_t path)
{
    u_char          mask;
    credhub_str_t   parts[NGX_CREDHUB_PERMISSION_PARTS];
    credhub_place_t place;

    place = ngx_credhub_permission_place(
        op, permission, credhub_name_fold(op->arena, permission->path));
    ngx_credhub_permission_parts(permission, &mask, parts);

    if ((actor.len == 0 || credhub_str_caseeq(actor, permission->actor))
        && (path.len == 0 || credhub_str_caseeq(path, permission->path))
        && credhub_mac_check(op->hub->keyring, &place, parts,
            NGX_CREDHUB_PERMISSION_PARTS, permission->mac))
    {
        return 1;
    }

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
        "credhub: the store holds a permission that is not genuine: \"%*s\"",
        permission->id.len, permission->id.data);

    return 0;
}


ngx_credhub_rc_e
ngx_credhub_permission_commit(ngx_credhub_op_t *op,
    const ngx_credhub_permission_change_t *changes, ngx_uint_t n,
    const ngx_credhub_guard_t *guard)
{
    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_permissions_write(call, op->hub->store, changes, n, &full);
    }

    return ngx_credhub_op_send(op, call);
}


ngx_uint_t
ngx_credhub_permission_self(ngx_credhub_op_t *op, credhub_str_t actor)
{
    return credhub_str_caseeq(op->actor, actor);
}
