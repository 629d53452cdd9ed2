
/* Reader of private keys. */

#include <openssl/err.h>
#include "credhub_x509.h"
#include "fuzz.h"
#include "../unit/unit_certificates.h"


static void fuzz_private_key(credhub_str_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t    text;
    credhub_arena_t *arena;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    fuzz_private_key(text);
    fuzz_private_key(fuzz_pem(arena, "PRIVATE KEY", text));
    fuzz_private_key(fuzz_pem(arena, "RSA PRIVATE KEY", text));
    fuzz_private_key(fuzz_pem(arena, "EC PRIVATE KEY", text));

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}


static void
fuzz_private_key(credhub_str_t text)
{
    size_t          i;
    credhub_error_e rc;

    static const credhub_str_t certificates[] = {
        credhub_string(UNIT_V1_PEM),
        credhub_string(UNIT_ROOT_PEM),
        credhub_string(UNIT_ED25519_PEM),
    };

    for (i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        rc = credhub_x509_key_check(certificates[i], text);

        fuzz_assert(rc == CREDHUB_OK || rc == CREDHUB_E_KEY_MISMATCH
                    || rc == CREDHUB_E_PRIVATE_KEY
                    || rc == CREDHUB_E_PRIVATE_KEY_FORMAT
                    || rc == CREDHUB_E_PRIVATE_KEY_PEM);

        if (rc != CREDHUB_OK && rc != CREDHUB_E_KEY_MISMATCH) {
            break;
        }
    }
}
