
/* The parameters of a certificate. What is taken is issued, and the
 * certificate says what was asked for. */

#include <openssl/err.h>
#include "credhub_certificate.h"
#include "credhub_json.h"
#include "fuzz.h"
#include "../unit/unit_certificates.h"


#define FUZZ_NOW 1800000000


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t          value, ca, detail, key, pem;
    credhub_x509_t         x509;
    credhub_arena_t       *arena;
    credhub_x509_profile_t profile;

    static const credhub_x509_signer_t nobody;

    arena = fuzz_arena();
    key = credhub_str(UNIT_ED25519_KEY);

    if (credhub_json_check(arena, fuzz_str(data, size), &value) == CREDHUB_OK
        && credhub_certificate_parameters(arena, value, &profile, &ca, &detail)
               == CREDHUB_OK)
    {
        fuzz_assert(profile.key.bits != 0 && profile.subject.len != 0);
        fuzz_assert(profile.duration > 0 && profile.duration <= 3650);
        fuzz_assert(profile.self_signed == (ca.len == 0));

        profile.key.type = CREDHUB_KEY_ED25519;
        profile.key.bits = 256;
        profile.self_signed = 1;

        fuzz_assert(
            credhub_x509_issue(arena, &profile, key, &nobody, FUZZ_NOW, &pem)
            == CREDHUB_OK);
        fuzz_assert(credhub_x509_read(arena, pem, &x509) == CREDHUB_OK);
        fuzz_assert(credhub_x509_same(&profile, &x509.profile));
        fuzz_assert(x509.profile.duration == profile.duration);
    }

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}
