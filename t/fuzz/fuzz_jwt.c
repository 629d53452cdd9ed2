
/* Tokens against the keys of RFC 7515, appendix A, and the same bytes as
 * claims, which a token only has behind a signature. */

#include "credhub_jwt_claims.h"
#include "fuzz.h"


#define FUZZ_NOW 1300819380


static const char fuzz_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\""
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
    "PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\",\"kid\":\"r\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";


static void
fuzz_result(credhub_error_e rc, const credhub_jwt_t *jwt)
{
    if (rc != CREDHUB_OK) {
        fuzz_assert(jwt->reason.len != 0 && jwt->actor.len == 0);
        return;
    }

    fuzz_assert(jwt->reason.len == 0 && jwt->actor.len != 0);
    fuzz_assert(jwt->actor.len <= 32 + CREDHUB_JWT_CLAIM_MAX);
    fuzz_assert(jwt->user.len <= CREDHUB_JWT_CLAIM_MAX);
    fuzz_assert(!credhub_jwt_expired(jwt->expires, FUZZ_NOW));
    fuzz_assert(
        (jwt->scopes & ~(CREDHUB_SCOPE_READ | CREDHUB_SCOPE_WRITE)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           i;
    const char      *error;
    credhub_str_t    text;
    credhub_jwt_t    jwt;
    credhub_error_e  rc;
    credhub_arena_t *arena;

    static credhub_jwks_t           *keys;
    static const credhub_jwt_rules_t rules[] = {
        { { 0, NULL }, { 0, NULL }, NULL, { 0, NULL } },
        { credhub_string("joe"), { 0, NULL }, "iss", credhub_string("o:") },
        { { 0, NULL }, credhub_string("credhub"), "sub", { 0, NULL } },
    };

    if (keys == NULL) {
        keys = credhub_jwks_parse(
            fuzz_str((const uint8_t *) fuzz_keys, sizeof(fuzz_keys) - 1),
            &error);
        fuzz_assert(keys != NULL);
    }

    text = fuzz_str(data, size);

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        arena = fuzz_arena();

        rc = credhub_jwt_verify(arena, text, keys, &rules[i], FUZZ_NOW, &jwt);
        fuzz_result(rc, &jwt);

        memset(&jwt, 0, sizeof(credhub_jwt_t));
        rc = credhub_jwt_claims(arena, text, &rules[i], FUZZ_NOW, &jwt);
        fuzz_result(rc, &jwt);

        credhub_arena_destroy(arena);
    }

    return 0;
}
