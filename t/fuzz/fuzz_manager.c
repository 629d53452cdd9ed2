
/* Configs and keys of secrets managers: what is bound can be put in a request
 * as it is. */

#include "credhub_manager.h"
#include "credhub_url.h"
#include "fuzz.h"


static void
fuzz_bind(credhub_arena_t *arena, credhub_manager_e type, credhub_str_t json)
{
    unsigned          i;
    credhub_str_t     detail;
    credhub_manager_t manager;

    if (credhub_manager_bind(arena, type, json, &manager, &detail)
        != CREDHUB_OK) {
        return;
    }

    fuzz_assert(
        credhub_manager_check(arena, type, json, 0, &detail) == CREDHUB_OK);
    fuzz_assert(manager.nurls <= CREDHUB_MANAGER_URLS_MAX);

    for (i = 0; i < manager.nurls; i++) {
        fuzz_assert(credhub_url_visible(manager.urls[i]));
    }

    fuzz_assert(
        manager.name_space.len == 0 || credhub_url_visible(manager.name_space));
    fuzz_assert(manager.access_key_id.len == 0
                || credhub_url_visible(manager.access_key_id));
    fuzz_assert(
        manager.kv_mount.len == 0 || credhub_url_path_valid(manager.kv_mount));
}


static void
fuzz_keys(credhub_arena_t *arena, credhub_manager_e type, credhub_str_t json)
{
    unsigned               i, n;
    credhub_str_t          detail;
    credhub_manager_key_t *keys;

    if (credhub_manager_keys(arena, type, json, &keys, &n, &detail)
        != CREDHUB_OK) {
        return;
    }

    fuzz_assert(n <= CREDHUB_MANAGER_KEYS_MAX);

    for (i = 0; i < n; i++) {
        fuzz_assert(keys[i].field.len != 0 && keys[i].path.len != 0);
        fuzz_assert(keys[i].path.len <= CREDHUB_MANAGER_KEY_MAX);
        fuzz_assert(type != CREDHUB_MANAGER_VAULT
                    || (keys[i].member.len != 0
                        && credhub_url_path_valid(keys[i].path)));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t     json;
    credhub_arena_t  *arena;
    credhub_manager_e type;

    arena = fuzz_arena();

    if (credhub_json_check(arena, fuzz_str(data, size), &json) == CREDHUB_OK) {
        for (type = 0; type < CREDHUB_MANAGERS; type++) {
            fuzz_bind(arena, type, json);
            fuzz_keys(arena, type, json);
        }

        fuzz_keys(arena, CREDHUB_MANAGERS, json);
    }

    credhub_arena_destroy(arena);

    return 0;
}
