
/* The strict JSON scanner: what it passes can be walked and compacted. */

#include "credhub_json.h"
#include "fuzz.h"


static void
walk_string(credhub_arena_t *arena, credhub_str_t string)
{
    credhub_buf_t buf;
    credhub_str_t plain, again;

    plain = credhub_json_decode(arena, string);
    fuzz_assert(plain.data != NULL);
    fuzz_assert(plain.len == credhub_json_decoded_size(string));
    fuzz_assert(plain.data[plain.len] == '\0');

    credhub_buf_init(&buf, arena, 0);
    credhub_json_add_string(&buf, plain);
    fuzz_assert(!buf.failed);

    again = credhub_json_decode(arena, credhub_buf_str(&buf));
    fuzz_assert(credhub_str_eq(plain, again));
}


static void
walk(credhub_arena_t *arena, credhub_str_t value, size_t depth)
{
    credhub_str_t       key, member;
    credhub_json_iter_t iter;

    fuzz_assert(depth <= CREDHUB_JSON_DEPTH_MAX);

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_OBJECT:
        credhub_json_iter(&iter, value);

        while (credhub_json_member(&iter, &key, &member)) {
            walk_string(arena, key);
            walk(arena, member, depth + 1);
        }

        break;

    case CREDHUB_JSON_ARRAY:
        credhub_json_iter(&iter, value);

        while (credhub_json_element(&iter, &member)) {
            walk(arena, member, depth + 1);
        }

        break;

    case CREDHUB_JSON_STRING:
        walk_string(arena, value);
        break;

    default:
        fuzz_assert(credhub_json_kind(value) != CREDHUB_JSON_INVALID);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t    value, compact, again;
    credhub_arena_t *arena;

    arena = fuzz_arena();

    if (credhub_json_check(arena, fuzz_str(data, size), &value) == CREDHUB_OK) {
        walk(arena, value, 0);

        compact = credhub_json_compact(arena, value);
        fuzz_assert(compact.data != NULL && compact.len <= value.len);
        fuzz_assert(credhub_json_check(arena, compact, &again) == CREDHUB_OK);
        fuzz_assert(
            credhub_str_eq(credhub_json_compact(arena, compact), compact));
        fuzz_assert(credhub_json_decoded_size(compact)
                    == credhub_json_decoded_size(value));
    }

    credhub_arena_destroy(arena);

    return 0;
}
