
/* XML answers: what is found is UTF-8 and never longer than its source. */

#include "credhub_text.h"
#include "credhub_xml.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t    text;
    credhub_arena_t *arena;

    arena = fuzz_arena();

    text = credhub_xml_text(arena, fuzz_str(data, size), "SessionToken");

    if (text.data != NULL) {
        fuzz_assert(text.len <= size);
        fuzz_assert(credhub_utf8_valid(text));
    }

    credhub_arena_destroy(arena);

    return 0;
}
