
/* Readers of SSH: public keys in lines and blobs, certificates. What passes has
 * the parts that it was read from. */

#include "credhub_json.h"
#include "credhub_ssh_certificate.h"
#include "fuzz.h"

#include <string.h>


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_buf_t             buf;
    credhub_str_t             text, detail, line;
    credhub_arena_t          *arena;
    credhub_ssh_public_t      key, again;
    credhub_ssh_certificate_t certificate;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    if (credhub_ssh_public(arena, text, &key, &detail) == CREDHUB_OK) {
        line = credhub_ssh_line(arena, key.blob, key.comment);

        fuzz_assert(
            credhub_ssh_public(arena, line, &again, &detail) == CREDHUB_OK);
        fuzz_assert(credhub_str_eq(key.blob, again.blob));
        fuzz_assert(credhub_str_eq(key.comment, again.comment));
    }

    (void) credhub_ssh_public_blob(arena, text, &key, &detail);

    if (credhub_ssh_certificate(arena, text, &certificate) == CREDHUB_OK) {
        fuzz_assert(
            credhub_ssh_public_blob(arena, certificate.key, &key, &detail)
            == CREDHUB_OK);
        fuzz_assert(
            memcmp(certificate.word.data, key.word.data, key.word.len) == 0);

        credhub_buf_init(&buf, arena, 0);
        credhub_ssh_certificate_show(&buf, &certificate, text);
        fuzz_assert(credhub_json_check(arena, credhub_buf_str(&buf), &line)
                    == CREDHUB_OK);
    }

    credhub_arena_destroy(arena);

    return 0;
}
