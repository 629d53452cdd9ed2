
/* Reader of certificates. What can be read can be renewed, and then says the
 * same. */

#include <openssl/err.h>
#include "credhub_x509.h"
#include "fuzz.h"
#include "../unit/unit_certificates.h"


#define FUZZ_NOW 1800000000


static void fuzz_certificate(credhub_arena_t *arena, credhub_str_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t    text;
    credhub_arena_t *arena;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    fuzz_certificate(arena, text);
    fuzz_certificate(arena, fuzz_pem(arena, "CERTIFICATE", text));

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}


static void
fuzz_certificate(credhub_arena_t *arena, credhub_str_t text)
{
    credhub_str_t  key, pem;
    credhub_x509_t x509, again;

    static const credhub_x509_signer_t nobody;

    if (credhub_x509_read(arena, text, &x509) != CREDHUB_OK) {
        return;
    }

    key = credhub_str(UNIT_ED25519_KEY);

    (void) credhub_x509_signed_by(credhub_str(UNIT_LEAF_PEM), text);
    (void) credhub_x509_key_check(text, key);

    fuzz_assert(
        !x509.profile.self_signed || credhub_x509_signed_by(text, text) == 1);
    fuzz_assert(
        credhub_x509_issue(arena, &x509.profile, key, &nobody, FUZZ_NOW, &pem)
        == CREDHUB_OK);
    fuzz_assert(credhub_x509_read(arena, pem, &again) == CREDHUB_OK);
    fuzz_assert(credhub_str_eq(x509.profile.subject, again.profile.subject));
    fuzz_assert(credhub_str_eq(
        x509.profile.alternative_names, again.profile.alternative_names));
    fuzz_assert(x509.profile.is_ca == again.profile.is_ca);

    (void) credhub_x509_same(&x509.profile, &again.profile);
}
