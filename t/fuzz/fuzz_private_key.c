
/* Reader of private keys. One that is taken for a certificate's signs. */

#include <openssl/err.h>
#include "credhub_x509.h"
#include "fuzz.h"
#include "../unit/unit_certificates.h"


#define FUZZ_NOW 1800000000


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                i;
    credhub_str_t         text;
    credhub_error_e       rc;
    credhub_arena_t      *arena;
    credhub_x509_signer_t ca;

    static const credhub_str_t certificates[] = {
        credhub_string(UNIT_V1_PEM),
        credhub_string(UNIT_ROOT_PEM),
        credhub_string(UNIT_LEAF_PEM),
        credhub_string(UNIT_ED25519_PEM),
    };

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    for (i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        rc = credhub_x509_key_check(certificates[i], text);

        fuzz_assert(rc == CREDHUB_OK || rc == CREDHUB_E_KEY_MISMATCH
                    || rc == CREDHUB_E_PRIVATE_KEY
                    || rc == CREDHUB_E_PRIVATE_KEY_FORMAT
                    || rc == CREDHUB_E_PRIVATE_KEY_PEM);

        ca.certificate = certificates[i];
        ca.private_key = text;

        (void) credhub_x509_signer_check(&ca, FUZZ_NOW);
    }

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}
