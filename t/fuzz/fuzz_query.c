
/* Query strings: parameters are UTF-8 and never longer than their source. */

#include "credhub_text.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           i, len;
    credhub_arena_t *arena;
    credhub_query_t  query;

    arena = fuzz_arena();

    if (credhub_query_parse(arena, fuzz_str(data, size), &query) == CREDHUB_OK)
    {
        fuzz_assert(query.n <= CREDHUB_QUERY_MAX);

        for (i = 0, len = 0; i < query.n; i++) {
            fuzz_assert(credhub_utf8_valid(query.params[i].name));
            fuzz_assert(credhub_utf8_valid(query.params[i].value));

            len += query.params[i].name.len + query.params[i].value.len;
        }

        fuzz_assert(len <= size);
        (void) credhub_query_get(&query, "name");
    }

    credhub_arena_destroy(arena);

    return 0;
}
