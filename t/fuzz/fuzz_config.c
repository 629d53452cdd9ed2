
/* Configs: a merge is JSON and leaves what it was shown, and nothing that is
 * shown is a secret. The first byte chooses how; a NUL byte ends what stands
 * and begins what is given. */

#include "credhub_config.h"
#include "fuzz.h"


static credhub_str_t
show(credhub_arena_t *arena, credhub_str_t config)
{
    credhub_buf_t buf;
    credhub_str_t value;

    credhub_buf_init(&buf, arena, 0);
    credhub_config_show(&buf, config);
    fuzz_assert(!buf.failed);
    fuzz_assert(
        credhub_json_check(arena, credhub_buf_str(&buf), &value) == CREDHUB_OK);

    return value;
}


/* Whatever is behind the name of a secret is the mask, null or "". */

static void
no_secret(credhub_arena_t *arena, credhub_str_t value)
{
    int                 object;
    credhub_str_t       key, name, member;
    credhub_json_iter_t iter;

    object = (credhub_json_kind(value) == CREDHUB_JSON_OBJECT);

    credhub_json_iter(&iter, value);

    while (object ? credhub_json_member(&iter, &key, &member)
                  : credhub_json_element(&iter, &member))
    {
        if (object) {
            name = credhub_json_decode(arena, key);
            fuzz_assert(name.data != NULL);

            fuzz_assert(!credhub_config_secret(name)
                        || credhub_json_kind(member) == CREDHUB_JSON_NULL
                        || credhub_json_string_is(member, "")
                        || credhub_json_string_is(member, "******"));
        }

        no_secret(arena, member);
    }
}


static void
try_config(credhub_arena_t *arena, credhub_str_t config, credhub_port_e ports,
    int masked)
{
    unsigned        port;
    credhub_str_t   value, shown, again;
    credhub_error_e error;

    fuzz_assert(config.len <= CREDHUB_CONFIG_MAX);
    fuzz_assert(credhub_json_check(arena, config, &value) == CREDHUB_OK);
    fuzz_assert(value.len == config.len);
    fuzz_assert(credhub_json_compact(arena, config).len == config.len);

    port = credhub_config_port(arena, config, "port");
    fuzz_assert(ports == CREDHUB_PORT_AS_IS || port != 0
                || !credhub_json_get(config, "port", &value));

    shown = show(arena, config);
    no_secret(arena, shown);
    fuzz_assert(credhub_str_eq(show(arena, shown), shown));

    if (!masked) {
        return;
    }

    error = credhub_config_merge(arena, config, shown, ports, 1, &again);

    /* a secret in an array cannot be sent back masked */

    fuzz_assert(error == CREDHUB_OK || error == CREDHUB_E_CONFIG);
    fuzz_assert(
        error == CREDHUB_OK || memchr(config.data, '[', config.len) != NULL);
    fuzz_assert(error != CREDHUB_OK || credhub_str_eq(again, config));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              masked;
    const uint8_t   *end;
    credhub_str_t    current, given, config;
    credhub_port_e   ports;
    credhub_arena_t *arena;

    if (size == 0) {
        return 0;
    }

    arena = fuzz_arena();

    ports = data[0] % 3;
    masked = (data[0] / 3) % 2;

    data++;
    size--;

    end = memchr(data, '\0', size);
    current = credhub_null_str;

    if (end != NULL
        && credhub_json_check(
               arena, fuzz_str(data, (size_t) (end - data)), &given)
               == CREDHUB_OK
        && credhub_config_merge(
               arena, credhub_null_str, given, ports, masked, &current)
               == CREDHUB_OK)
    {
        try_config(arena, current, ports, masked);
    }

    if (end != NULL) {
        size -= (size_t) (end + 1 - data);
        data = end + 1;
    }

    if (credhub_json_check(arena, fuzz_str(data, size), &given) == CREDHUB_OK
        && credhub_config_merge(arena, current, given, ports, masked, &config)
               == CREDHUB_OK)
    {
        try_config(arena, config, ports, masked);
    }

    credhub_arena_destroy(arena);

    return 0;
}
