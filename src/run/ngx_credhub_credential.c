
/* Between a type's content in clear and a version as the store holds it. */

#include "ngx_credhub_credential.h"
#include "ngx_credhub_system.h"
#include "credhub_name.h"


static credhub_error_e ngx_credhub_version_sealed(ngx_credhub_op_t *op,
    const credhub_content_t *content, credhub_version_t *version);
static credhub_error_e ngx_credhub_field_seal(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_str_t field, credhub_str_t plain,
    credhub_str_t *sealed);
static credhub_error_e ngx_credhub_field_open(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_str_t field, credhub_str_t sealed,
    credhub_str_t *plain);


ngx_credhub_rc_e
ngx_credhub_ready(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    if (op->hub->store->hub.len != 0) {
        return NGX_CREDHUB_NEXT;
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_read_only_check(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


credhub_error_e
ngx_credhub_name_check(ngx_credhub_op_t *op, credhub_str_t *name)
{
    u_char         *limit;
    credhub_error_e error;

    *name = credhub_name_slash(op->arena, *name);

    if (name->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = credhub_name_check(*name, op->hub->max_name_length);

    if (error == CREDHUB_E_NAME_LONG) {
        limit = credhub_arena_bytes(op->arena, NGX_INT_T_LEN);

        if (limit != NULL) {
            op->detail.data = limit;
            op->detail.len =
                ngx_sprintf(limit, "%i", op->hub->max_name_length) - limit;
        }
    }

    return error;
}


credhub_error_e
ngx_credhub_metadata(ngx_credhub_op_t *op, credhub_str_t *metadata)
{
    if (metadata->data == NULL) {
        return CREDHUB_OK;
    }

    if (credhub_json_kind(*metadata) == CREDHUB_JSON_NULL) {
        *metadata = credhub_str("");
        return CREDHUB_OK;
    }

    *metadata = credhub_json_compact(op->arena, *metadata);

    if (metadata->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return metadata->len > NGX_CREDHUB_METADATA_MAX ? CREDHUB_E_METADATA_LONG
                                                    : CREDHUB_OK;
}


ngx_credhub_rc_e
ngx_credhub_version_commit(ngx_credhub_op_t *op,
    const credhub_content_t *content, credhub_version_t *version,
    credhub_str_t expect, const ngx_credhub_guard_t *guard)
{
    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    version->head = content->head;
    version->tail = content->tail;

    error = ngx_credhub_version_seal(op, content, version);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_values(op, guard, &full);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_credential_write(call, op->hub->store, version, expect,
            op->hub->max_versions, &full);
    }

    return ngx_credhub_op_send(op, call);
}


credhub_error_e
ngx_credhub_version_seal(ngx_credhub_op_t *op, const credhub_content_t *content,
    credhub_version_t *version)
{
    credhub_error_e error;

    error = ngx_credhub_version_sealed(op, content, version);

    if (error == CREDHUB_E_KEY_MISSING) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
            "credhub: no encryption key covers the name \"%*s\"",
            version->folded.len, version->folded.data);
    }

    return error;
}


static credhub_error_e
ngx_credhub_version_sealed(ngx_credhub_op_t *op,
    const credhub_content_t *content, credhub_version_t *version)
{
    u_char         *ids;
    credhub_error_e error;

    ids = credhub_arena_bytes(op->arena, 2 * CREDHUB_UUID_LEN);

    if (ids == NULL || credhub_uuid(ids) != 0
        || credhub_uuid(ids + CREDHUB_UUID_LEN) != 0)
    {
        return CREDHUB_E_INTERNAL;
    }

    version->id.len = CREDHUB_UUID_LEN;
    version->id.data = ids;
    version->credential.len = CREDHUB_UUID_LEN;
    version->credential.data = ids + CREDHUB_UUID_LEN;

    error = ngx_credhub_field_seal(
        op, version, credhub_str("secret"), content->secret, &version->secret);

    if (error != CREDHUB_OK) {
        return error;
    }

    error = ngx_credhub_field_seal(
        op, version, credhub_str("params"), content->params, &version->params);

    if (error != CREDHUB_OK) {
        return error;
    }

    version->mac.len = CREDHUB_MAC_SIZE;
    version->mac.data = credhub_arena_bytes(op->arena, CREDHUB_MAC_SIZE);

    return version->mac.data == NULL
               ? CREDHUB_E_INTERNAL
               : credhub_version_mac(version, op->hub->keyring,
                   op->hub->store->hub, version->mac.data);
}


static credhub_error_e
ngx_credhub_field_seal(ngx_credhub_op_t *op, const credhub_version_t *version,
    credhub_str_t field, credhub_str_t plain, credhub_str_t *sealed)
{
    credhub_place_t place;

    *sealed = credhub_null_str;

    if (plain.len == 0) {
        return CREDHUB_OK;
    }

    sealed->len = plain.len + CREDHUB_SEAL_OVERHEAD;
    sealed->data = credhub_arena_bytes(op->arena, sealed->len);

    if (sealed->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    place = credhub_version_place(version, op->hub->store->hub, field);

    return credhub_seal(op->hub->keyring, &place, plain, sealed->data);
}


credhub_error_e
ngx_credhub_version_open(ngx_credhub_op_t *op, const credhub_version_t *version,
    credhub_content_t *content)
{
    credhub_error_e error;

    content->head = version->head;
    content->tail = version->tail;

    error =
        ngx_credhub_opened(version, credhub_version_genuine(version,
                                        op->hub->keyring, op->hub->store->hub));

    if (error != CREDHUB_OK) {
        return error;
    }

    error = ngx_credhub_field_open(
        op, version, credhub_str("secret"), version->secret, &content->secret);

    if (error != CREDHUB_OK) {
        return error;
    }

    return ngx_credhub_field_open(
        op, version, credhub_str("params"), version->params, &content->params);
}


static credhub_error_e
ngx_credhub_field_open(ngx_credhub_op_t *op, const credhub_version_t *version,
    credhub_str_t field, credhub_str_t sealed, credhub_str_t *plain)
{
    credhub_error_e error;
    credhub_place_t place;

    *plain = credhub_null_str;

    if (sealed.len == 0) {
        return CREDHUB_OK;
    }

    plain->len = credhub_open_size(sealed);
    plain->data = credhub_arena_bytes(op->arena, plain->len + 1);

    if (plain->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    place = credhub_version_place(version, op->hub->store->hub, field);
    error = credhub_open(op->hub->keyring, &place, sealed, plain->data);

    return ngx_credhub_opened(version, error);
}


credhub_error_e
ngx_credhub_opened(const credhub_version_t *version, credhub_error_e error)
{
    if (error == CREDHUB_OK) {
        return CREDHUB_OK;
    }

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
        "credential \"%*s\", version %*s: %s", version->name.len,
        version->name.data, version->id.len, version->id.data,
        error == CREDHUB_E_KEY_MISSING
            ? "its encryption key is not configured"
            : "its sealed value is damaged or does not belong there");

    return error;
}


credhub_error_e
ngx_credhub_version_unfit(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_error_e error)
{
    credhub_error_e changed;

    changed =
        ngx_credhub_opened(version, credhub_version_genuine(version,
                                        op->hub->keyring, op->hub->store->hub));

    return changed == CREDHUB_OK ? error : changed;
}


ngx_credhub_rc_e
ngx_credhub_version_answer(
    ngx_credhub_op_t *op, const credhub_version_t *version)
{
    credhub_buf_t   body;
    credhub_error_e error;

    ngx_credhub_audit_version(op, version);

    credhub_buf_init(&body, op->arena, credhub_version_view_size(version));

    error = ngx_credhub_version_append(op, &body, version);

    return error == CREDHUB_OK ? ngx_credhub_op_answer(op, 200, &body)
                               : ngx_credhub_op_error(op, error);
}


credhub_error_e
ngx_credhub_version_append(
    ngx_credhub_op_t *op, credhub_buf_t *buf, const credhub_version_t *version)
{
    if (buf->len + credhub_version_view_size(version) > NGX_CREDHUB_ANSWER_MAX)
    {
        return CREDHUB_E_TOO_LARGE;
    }

    return ngx_credhub_opened(
        version, credhub_version_view(
                     buf, version, op->hub->keyring, op->hub->store->hub));
}
