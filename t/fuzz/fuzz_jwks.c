
/* Documents of keys: what is found fits what was asked for. */

#include "credhub_jwks.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                  alg;
    size_t               i, n;
    const char          *error;
    credhub_jwks_t      *set;
    const credhub_jwk_t *key;

    set = credhub_jwks_parse(fuzz_str(data, size), &error);
    fuzz_assert((set == NULL) == (error != NULL));

    if (set == NULL) {
        return 0;
    }

    n = credhub_jwks_count(set);
    fuzz_assert(n <= CREDHUB_JWKS_KEYS_MAX);

    for (alg = CREDHUB_JWS_NONE; alg < CREDHUB_JWS_LAST; alg++) {
        for (i = 0; /* void */; /* void */) {
            key = credhub_jwks_find(set, credhub_null_str, alg, &i);
            if (key == NULL) {
                break;
            }

            fuzz_assert(alg != CREDHUB_JWS_NONE && key->pkey != NULL);
            fuzz_assert(credhub_jwk_fits(key, alg));
            fuzz_assert(credhub_jwks_knows(set, key->kid));
            fuzz_assert(!credhub_jwk_verify(
                key, alg, fuzz_str(data, size), fuzz_str(data, size)));
        }

        fuzz_assert(i == n);
    }

    credhub_jwks_free(set);

    return 0;
}
