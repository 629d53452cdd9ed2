
/* Readers of public keys: PEM and lines of ssh. */

#include "credhub_key.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t      text, comment, fingerprint;
    credhub_arena_t   *arena;
    credhub_key_kind_t kind;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    (void) credhub_key_rsa_bits(text);

    kind = credhub_key_ssh_kind(text, &comment);
    fingerprint = credhub_key_fingerprint(arena, text);

    if (kind.bits != 0) {
        fuzz_assert(fingerprint.data != NULL);
        fuzz_assert(comment.len < size);
    }

    fuzz_assert(fingerprint.data == NULL || fingerprint.len == 43);

    credhub_arena_destroy(arena);

    return 0;
}
