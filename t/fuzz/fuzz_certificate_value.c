
/* The value of a certificate as a client sets it. What is taken is written,
 * and read back as it was. */

#include "credhub_certificate.h"
#include "credhub_json.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t         value, detail, again;
    credhub_x509_t        x509;
    credhub_arena_t      *arena;
    credhub_content_t     content;
    credhub_version_t     version;
    credhub_certificate_t certificate, read;

    arena = fuzz_arena();
    memset(&version, 0, sizeof(version));

    if (credhub_json_check(arena, fuzz_str(data, size), &value) == CREDHUB_OK
        && credhub_certificate_value(arena, value, &certificate, &x509, &detail)
               == CREDHUB_OK
        && credhub_certificate_write(
               arena, &certificate, &x509, 0, &content, &version)
               == CREDHUB_OK)
    {
        fuzz_assert(
            credhub_certificate_read(arena, version.head, &read) == CREDHUB_OK);
        fuzz_assert(credhub_str_eq(read.ca, certificate.ca));
        fuzz_assert(credhub_str_eq(read.certificate, certificate.certificate));

        if (content.secret.len != 0) {
            again = credhub_json_decode(arena, content.secret);
            fuzz_assert(credhub_str_eq(again, certificate.private_key));
        }
    }

    credhub_arena_destroy(arena);

    return 0;
}
