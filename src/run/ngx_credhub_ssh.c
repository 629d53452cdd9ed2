
/* Names, rights and configs of what belongs to SSH certificates. */

#include "ngx_credhub_ssh.h"
#include "ngx_credhub_audit.h"
#include "credhub_text.h"


static credhub_error_e ngx_credhub_ssh_ask_guid(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, credhub_str_t guid,
    ngx_credhub_object_ask_t *ask);
static credhub_str_t   ngx_credhub_ssh_join(ngx_credhub_op_t *op,
      const char *first, const char *second, credhub_str_t third);


credhub_error_e
ngx_credhub_ssh_ask(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    credhub_str_t dn, credhub_str_t guid, unsigned operation,
    ngx_credhub_object_ask_t *ask)
{
    credhub_error_e error;

    ngx_memzero(ask, sizeof(ngx_credhub_object_ask_t));

    ask->operation = operation != 0 ? operation : CREDHUB_OP_READ;

    if (dn.len == 0) {
        error = ngx_credhub_ssh_ask_guid(op, kind, guid, ask);

        if (error == CREDHUB_OK && operation != 0) {
            ask->caller = op->caller;
        }

        return error;
    }

    ask->key = ngx_credhub_ssh_key(op, kind, dn);

    if (ask->key.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    ask->path = ngx_credhub_object_path(op, ask->key);

    if (ask->path.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    op->resource = ngx_credhub_audit_cut(ask->path);

    if (operation != 0) {
        ask->caller = ngx_credhub_access_caller(op, operation, ask->path);
    }

    return CREDHUB_OK;
}


static credhub_error_e
ngx_credhub_ssh_ask_guid(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    credhub_str_t guid, ngx_credhub_object_ask_t *ask)
{
    u_char        uuid[CREDHUB_UUID_LEN];
    credhub_str_t text;

    if (guid.len == NGX_CREDHUB_SSH_GUID_LEN && guid.data[0] == '{'
        && guid.data[guid.len - 1] == '}')
    {
        guid = ngx_credhub_ssh_unique(guid);
    }

    if (credhub_uuid_parse(guid, uuid) != 0) {
        return CREDHUB_E_SSH_DN;
    }

    text.data = uuid;
    text.len = sizeof(uuid);

    ask->key = ngx_credhub_ssh_join(
        op, ngx_credhub_object_kinds[kind].name, "?", text);

    op->resource_id = ngx_credhub_audit_cut(guid);

    return ask->key.data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
ngx_credhub_ssh_asked(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    ngx_credhub_object_ask_t *ask)
{
    if (ask->path.len == 0) {
        if (ask->object.key.len == 0) {
            return ngx_credhub_object_kinds[kind].missing;
        }

        ask->path = ngx_credhub_object_path(op, ask->object.key);

        if (ask->path.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        op->resource = ngx_credhub_audit_cut(ask->path);
    }

    if (ask->caller.len != 0
        && !ngx_credhub_access_allowed(
            op, ask->operation, ask->path, &ask->grants))
    {
        return CREDHUB_E_SSH_RIGHTS;
    }

    return ask->object.key.len == 0 ? ngx_credhub_object_kinds[kind].missing
                                    : CREDHUB_OK;
}


ngx_uint_t
ngx_credhub_ssh_configured(
    ngx_credhub_op_t *op, unsigned operation, credhub_str_t key)
{
    credhub_str_t path;

    path = ngx_credhub_object_path(op, key);

    return path.data != NULL
           && ngx_credhub_access_caller(op, operation, path).len == 0;
}


credhub_error_e
ngx_credhub_ssh_guid(ngx_credhub_op_t *op, credhub_str_t *guid)
{
    guid->len = NGX_CREDHUB_SSH_GUID_LEN;
    guid->data = credhub_arena_bytes(op->arena, guid->len);

    if (guid->data == NULL || credhub_uuid(guid->data + 1) != 0) {
        return CREDHUB_E_INTERNAL;
    }

    guid->data[0] = '{';
    guid->data[guid->len - 1] = '}';

    return CREDHUB_OK;
}


/* "/ssh/" stands before the id of these in a permission resource, so the id is
 * the folded path of the DN. */

credhub_str_t
ngx_credhub_ssh_key(
    ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind, credhub_str_t dn)
{
    credhub_str_t path;

    path = credhub_ssh_dn_path(op->arena, dn);

    return path.data == NULL
               ? path
               : ngx_credhub_ssh_join(
                   op, ngx_credhub_object_kinds[kind].name, "/", path);
}


static credhub_str_t
ngx_credhub_ssh_join(ngx_credhub_op_t *op, const char *first,
    const char *second, credhub_str_t third)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, op->arena, ngx_strlen(first) + 1 + third.len);
    credhub_buf_add(&buf, first, ngx_strlen(first));
    credhub_buf_add(&buf, second, ngx_strlen(second));
    credhub_buf_add_str(&buf, third);

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


credhub_str_t
ngx_credhub_ssh_member(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object, const char *name)
{
    return credhub_object_get(op->arena, object->attributes, name);
}


credhub_str_t
ngx_credhub_ssh_bytes(
    ngx_credhub_op_t *op, credhub_str_t config, const char *name)
{
    credhub_str_t text;

    if (credhub_json_get_string(op->arena, config, name, &text) != 1) {
        return credhub_null_str;
    }

    return credhub_base64_decode(op->arena, text);
}


credhub_error_e
ngx_credhub_ssh_ca_config(
    ngx_credhub_op_t *op, const credhub_ssh_pair_t *pair, credhub_str_t *config)
{
    credhub_buf_t buf;
    credhub_str_t blob, key;

    blob = credhub_base64(op->arena, pair->blob, 1);
    key = credhub_base64(op->arena, pair->private_key, 1);

    if (blob.data == NULL || key.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&buf, op->arena, blob.len + key.len + 128);
    credhub_buf_lit(&buf, "{\"algorithm\":");
    credhub_json_add_string(&buf, credhub_ssh_algorithm_name(&pair->algorithm));
    credhub_buf_lit(&buf, ",\"public\":");
    credhub_json_add_string(&buf, blob);
    credhub_buf_lit(&buf, ",\"private\":");
    credhub_json_add_string(&buf, key);
    credhub_buf_lit(&buf, "}");

    *config = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
ngx_credhub_ssh_ca(ngx_credhub_op_t *op, const ngx_credhub_object_t *object,
    credhub_ssh_pair_t *pair)
{
    credhub_str_t   config, name;
    credhub_error_e error;

    error = ngx_credhub_object_open(op, object, &config);

    if (error != CREDHUB_OK) {
        return error;
    }

    pair->blob = ngx_credhub_ssh_bytes(op, config, "public");
    pair->private_key = ngx_credhub_ssh_bytes(op, config, "private");

    return pair->blob.data != NULL && pair->private_key.data != NULL
                   && credhub_json_get_string(
                          op->arena, config, "algorithm", &name)
                          == 1
                   && credhub_ssh_algorithm(name, &pair->algorithm) == 0
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


credhub_error_e
ngx_credhub_ssh_template_config(ngx_credhub_op_t *op, credhub_str_t kept,
    credhub_str_t ca, credhub_str_t *config)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, op->arena, kept.len + ca.len + 64);
    credhub_buf_lit(&buf, "{\"ca\":");
    credhub_json_add_string(&buf, ca);
    credhub_buf_lit(&buf, ",\"template\":");
    credhub_buf_add_str(&buf, kept);
    credhub_buf_lit(&buf, "}");

    *config = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
ngx_credhub_ssh_template(ngx_credhub_op_t *op,
    const ngx_credhub_object_ask_t *ask, credhub_str_t *kept)
{
    credhub_str_t   config, ca;
    credhub_error_e error;

    error = ngx_credhub_object_open(op, &ask->object, &config);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (!credhub_json_get(config, "template", kept)
        || credhub_json_get_string(op->arena, config, "ca", &ca) != 1)
    {
        return CREDHUB_E_INTERNAL;
    }

    if (!credhub_str_eq(ca, ask->referred.key)) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
            "credhub: \"%*s\" refers to a CA key that is not its own",
            ask->object.key.len, ask->object.key.data);

        return CREDHUB_E_INTERNAL;
    }

    return CREDHUB_OK;
}
