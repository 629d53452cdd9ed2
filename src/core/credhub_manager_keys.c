
/* The values of "external_secrets_keys_config": what is read from a manager.
 * Strings live in the caller's arena. */

#include "credhub_manager.h"
#include "credhub_text.h"
#include "credhub_url.h"

#include <string.h>


#define CREDHUB_MANAGER_NAME_AZURE_MAX 127


typedef struct {
    int (*split)(credhub_manager_key_t *key);
    const char *form;
} credhub_manager_keys_t;


static credhub_error_e credhub_manager_key(credhub_arena_t *arena,
    credhub_manager_e type, credhub_str_t name, credhub_str_t value,
    credhub_manager_key_t *key, credhub_str_t *detail);
static int             credhub_manager_key_plain(credhub_str_t text);
static int             credhub_manager_key_aws(credhub_manager_key_t *key);
static int             credhub_manager_key_azure(credhub_manager_key_t *key);
static int             credhub_manager_key_vault(credhub_manager_key_t *key);
static int             credhub_manager_key_split(credhub_manager_key_t *key);
static credhub_error_e credhub_manager_key_wrong(
    credhub_arena_t *arena, const char *wrong, credhub_str_t *detail);


static const credhub_manager_keys_t credhub_manager_kinds[] = {
    [CREDHUB_MANAGER_AWS] = { credhub_manager_key_aws,
        "must be SECRET_ID or SECRET_ID#JSON_KEY" },
    [CREDHUB_MANAGER_AZURE] = { credhub_manager_key_azure,
        "must be the names of secrets" },
    [CREDHUB_MANAGER_VAULT] = { credhub_manager_key_vault,
        "must be PATH#FIELD" },
};


credhub_error_e
credhub_manager_keys(credhub_arena_t *arena, credhub_manager_e type,
    credhub_str_t json, credhub_manager_key_t **keys, unsigned *n,
    credhub_str_t *detail)
{
    credhub_str_t       name, value;
    credhub_error_e     rc;
    credhub_json_iter_t iter;

    *n = 0;

    if (credhub_json_kind(json) != CREDHUB_JSON_OBJECT) {
        return credhub_manager_key_wrong(arena, "must be an object", detail);
    }

    *keys = credhub_arena_alloc(
        arena, CREDHUB_MANAGER_KEYS_MAX * sizeof(credhub_manager_key_t));
    if (*keys == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, json);

    while (credhub_json_member(&iter, &name, &value)) {
        if (*n == CREDHUB_MANAGER_KEYS_MAX) {
            return credhub_manager_key_wrong(
                arena, "has too many members", detail);
        }

        rc =
            credhub_manager_key(arena, type, name, value, &(*keys)[*n], detail);
        if (rc != CREDHUB_OK) {
            return rc;
        }

        (*n)++;
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_manager_key(credhub_arena_t *arena, credhub_manager_e type,
    credhub_str_t name, credhub_str_t value, credhub_manager_key_t *key,
    credhub_str_t *detail)
{
    if (credhub_json_kind(value) != CREDHUB_JSON_STRING) {
        return credhub_manager_key_wrong(
            arena, "must have strings only", detail);
    }

    key->field = credhub_json_decode(arena, name);
    key->path = credhub_json_decode(arena, value);

    if (key->field.data == NULL || key->path.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (!credhub_manager_key_plain(key->field)
        || !credhub_manager_key_plain(key->path))
    {
        return credhub_manager_key_wrong(
            arena, "has a name that is empty, too long or not text", detail);
    }

    if (type != CREDHUB_MANAGERS && !credhub_manager_kinds[type].split(key)) {
        return credhub_manager_key_wrong(
            arena, credhub_manager_kinds[type].form, detail);
    }

    return CREDHUB_OK;
}


static int
credhub_manager_key_plain(credhub_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return 0;
        }
    }

    return text.len != 0 && text.len <= CREDHUB_MANAGER_KEY_MAX;
}


static int
credhub_manager_key_aws(credhub_manager_key_t *key)
{
    return !credhub_manager_key_split(key)
           || (key->path.len != 0 && key->member.len != 0);
}


static int
credhub_manager_key_azure(credhub_manager_key_t *key)
{
    u_char c;
    size_t i;

    for (i = 0; i < key->path.len; i++) {
        c = credhub_lower(key->path.data[i]);

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-')) {
            return 0;
        }
    }

    return key->path.len <= CREDHUB_MANAGER_NAME_AZURE_MAX;
}


static int
credhub_manager_key_vault(credhub_manager_key_t *key)
{
    if (!credhub_manager_key_split(key) || key->member.len == 0) {
        return 0;
    }

    if (key->path.len != 0 && key->path.data[0] == '/') {
        key->path.data++;
        key->path.len--;
    }

    return credhub_url_path_valid(key->path);
}


/* The member stands behind the first "#". 0: there is none. */

static int
credhub_manager_key_split(credhub_manager_key_t *key)
{
    u_char *p;

    p = memchr(key->path.data, '#', key->path.len);
    if (p == NULL) {
        return 0;
    }

    key->member.data = p + 1;
    key->member.len = key->path.data + key->path.len - key->member.data;
    key->path.len = p - key->path.data;

    return 1;
}


static credhub_error_e
credhub_manager_key_wrong(
    credhub_arena_t *arena, const char *wrong, credhub_str_t *detail)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 80);
    credhub_buf_printf(&buf, "external_secrets_keys_config %s", wrong);

    *detail = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_INPUT;
}
