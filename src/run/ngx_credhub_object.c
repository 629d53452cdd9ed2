
/*
 * An object is named once: "KIND/ID" is its key in the store, and behind
 * "/trust/" the resource of its permissions. An id that cannot be one gets the
 * key "KIND/", which nothing has, so that it is missing like any other and only
 * who may ask learns so.
 */

#include "ngx_credhub_object.h"
#include "ngx_credhub_audit.h"
#include "credhub_name.h"
#include "credhub_seal.h"


static credhub_str_t ngx_credhub_object_join(
    ngx_credhub_op_t *op, const char *name, const char *mark, credhub_str_t id);
static credhub_error_e ngx_credhub_object_places(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, credhub_str_t id, credhub_str_t *key,
    credhub_str_t *resource, credhub_str_t *path);
static credhub_place_t ngx_credhub_object_place(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object);


const ngx_credhub_object_kind_t
    ngx_credhub_object_kinds[NGX_CREDHUB_OBJECT_KINDS] = {
        { "connections", "/trust/connections/", CREDHUB_E_NOT_FOUND_CONNECTOR },
        { "destinations", "/trust/destinations/",
            CREDHUB_E_NOT_FOUND_DESTINATION },
        { "groups", "/trust/groups/", CREDHUB_E_NOT_FOUND_GROUP },
        { "private-links", "/trust/private-links/", CREDHUB_E_NOT_FOUND_LINK },
        { "external-secrets-managers", "/trust/external-secrets-managers/",
            CREDHUB_E_NOT_FOUND_MANAGER },
        { "ssh-cas", "/ssh/", CREDHUB_E_SSH_CA },
        { "ssh-templates", "/ssh/", CREDHUB_E_SSH_TEMPLATE },
        { "ssh-certificates", "/ssh/", CREDHUB_E_SSH_CERTIFICATE },
    };


credhub_error_e
ngx_credhub_object_name(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    credhub_str_t id, credhub_str_t *key, credhub_str_t *path)
{
    credhub_str_t   resource;
    credhub_error_e error;

    error = ngx_credhub_object_places(op, kind, id, key, &resource, path);

    if (error == CREDHUB_OK) {
        op->resource = ngx_credhub_audit_cut(resource);
        op->resource_id = ngx_credhub_audit_cut(id);
    }

    return error;
}


static credhub_error_e
ngx_credhub_object_places(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    credhub_str_t id, credhub_str_t *key, credhub_str_t *resource,
    credhub_str_t *path)
{
    const ngx_credhub_object_kind_t *row = &ngx_credhub_object_kinds[kind];

    *key = ngx_credhub_object_join(op, row->name, "/",
        credhub_object_id_valid(id) ? id : credhub_null_str);
    *resource = ngx_credhub_object_join(op, row->root, "", id);

    if (key->data == NULL || resource->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    *path = credhub_name_fold(op->arena, *resource);

    return path->data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static credhub_str_t
ngx_credhub_object_join(
    ngx_credhub_op_t *op, const char *name, const char *mark, credhub_str_t id)
{
    credhub_buf_t buf;

    credhub_buf_init(
        &buf, op->arena, ngx_strlen(name) + ngx_strlen(mark) + id.len);

    credhub_buf_add(&buf, name, ngx_strlen(name));
    credhub_buf_add(&buf, mark, ngx_strlen(mark));
    credhub_buf_add_str(&buf, id);

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


credhub_error_e
ngx_credhub_object_guard(ngx_credhub_op_t *op, unsigned operation,
    credhub_str_t path, ngx_credhub_guard_t *guard)
{
    credhub_error_e error;

    error = ngx_credhub_access_guard(op, operation, path, guard);

    return error == CREDHUB_E_CRED_HIDDEN ? CREDHUB_E_FORBIDDEN : error;
}


credhub_error_e
ngx_credhub_object_ask(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    credhub_str_t id, unsigned operation, ngx_credhub_object_ask_t *ask)
{
    credhub_str_t   resource;
    credhub_error_e error;

    ngx_memzero(ask, sizeof(ngx_credhub_object_ask_t));

    error = ngx_credhub_object_places(
        op, kind, id, &ask->key, &resource, &ask->path);

    if (error == CREDHUB_OK) {
        ask->operation = operation;
        ask->caller = ngx_credhub_access_caller(op, operation, ask->path);
    }

    return error;
}


credhub_error_e
ngx_credhub_object_asked(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    const ngx_credhub_object_ask_t *ask)
{
    if (!ngx_credhub_object_granted(op, ask)) {
        return CREDHUB_E_FORBIDDEN;
    }

    return ask->object.key.len == 0 ? ngx_credhub_object_kinds[kind].missing
                                    : CREDHUB_OK;
}


ngx_uint_t
ngx_credhub_object_granted(
    ngx_credhub_op_t *op, const ngx_credhub_object_ask_t *ask)
{
    return ask->caller.len == 0
           || ngx_credhub_access_granted(
               op, ask->caller, ask->operation, &ask->grants);
}


credhub_error_e
ngx_credhub_object_seal(ngx_credhub_op_t *op,
    const ngx_credhub_object_t *object, credhub_str_t config,
    credhub_str_t *sealed)
{
    credhub_place_t place;

    sealed->len = config.len + CREDHUB_SEAL_OVERHEAD;
    sealed->data = credhub_arena_bytes(op->arena, sealed->len);

    if (sealed->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    place = ngx_credhub_object_place(op, object);

    return place.name.data == NULL
               ? CREDHUB_E_INTERNAL
               : credhub_seal(op->hub->keyring, &place, config, sealed->data);
}


/* A config of another object, or of one that had this id before, does not
 * open. */

static credhub_place_t
ngx_credhub_object_place(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object)
{
    credhub_place_t place;

    place.hub = op->hub->store->hub;
    place.kind = credhub_str("object");
    place.field = credhub_str("config");
    place.record = object->uid;
    place.name = ngx_credhub_object_path(op, object->key);

    return place;
}


credhub_error_e
ngx_credhub_object_open(ngx_credhub_op_t *op,
    const ngx_credhub_object_t *object, credhub_str_t *config)
{
    credhub_error_e error;
    credhub_place_t place;

    if (object->config.len == 0) {
        *config = credhub_str("{}");
        return CREDHUB_OK;
    }

    config->len = credhub_open_size(object->config);
    config->data = credhub_arena_bytes(op->arena, config->len + 1);
    place = ngx_credhub_object_place(op, object);

    if (config->data == NULL || place.name.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error =
        credhub_open(op->hub->keyring, &place, object->config, config->data);

    if (error != CREDHUB_OK) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
            "credhub: the config of \"%*s\": %s", object->key.len,
            object->key.data,
            error == CREDHUB_E_KEY_MISSING
                ? "its encryption key is not configured"
                : "it is damaged or does not belong there");
    }

    return error;
}


credhub_error_e
ngx_credhub_object_random(ngx_credhub_op_t *op, credhub_str_t *id)
{
    id->len = CREDHUB_OBJECT_ID_LEN;
    id->data = credhub_arena_bytes(op->arena, CREDHUB_OBJECT_ID_LEN);

    return id->data == NULL || credhub_object_id(id->data) != 0
               ? CREDHUB_E_INTERNAL
               : CREDHUB_OK;
}


credhub_str_t
ngx_credhub_object_path(ngx_credhub_op_t *op, credhub_str_t key)
{
    ngx_uint_t    kind;
    credhub_str_t resource;

    for (kind = 0; !ngx_credhub_object_is(key, kind); /* void */) {
        if (++kind == NGX_CREDHUB_OBJECT_KINDS) {
            return credhub_null_str;
        }
    }

    resource = ngx_credhub_object_join(op, ngx_credhub_object_kinds[kind].root,
        "", ngx_credhub_object_key_id(key));

    return resource.data == NULL ? credhub_null_str
                                 : credhub_name_fold(op->arena, resource);
}


ngx_uint_t
ngx_credhub_object_is(credhub_str_t key, ngx_credhub_object_kind_e kind)
{
    size_t      len;
    const char *name;

    name = ngx_credhub_object_kinds[kind].name;
    len = ngx_strlen(name);

    return key.len > len && key.data[len] == '/'
           && ngx_memcmp(key.data, name, len) == 0;
}


credhub_str_t
ngx_credhub_object_key_id(credhub_str_t key)
{
    u_char *slash;

    slash = ngx_strlchr(key.data, key.data + key.len, '/');

    if (slash != NULL) {
        key.len -= slash + 1 - key.data;
        key.data = slash + 1;
    }

    return key;
}
