
/* Tokens: published vectors, every algorithm, what is refused and why. */

#include "unit_jwt.h"

#include <openssl/err.h>
#include <openssl/hmac.h>

#include "credhub_jwt.h"


#define NOW    1700000000
#define SECOND "1700000001" /* an exp that holds */

#define UAA                                                                    \
    "\"grant_type\":\"client_credentials\",\"client_id\":\"app\","             \
    "\"scope\":[\"credhub.read\",\"credhub.write\"]"
#define CLAIMS "{\"exp\":" SECOND "," UAA "}"


static const char *kids[UNIT_KEYS] = { "rsa", "rsa2", "p256", "p384", "ed" };

static const credhub_jwt_rules_t any; /* of UAA, no issuer, no audience */

static credhub_jwks_t *keys;


static int
setup(void **state)
{
    int           i;
    const char   *error;
    credhub_buf_t buf;
    credhub_str_t jwk;

    if (unit_setup(state) != 0 || unit_keys_create() != 0) {
        return -1;
    }

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "{\"keys\":[");

    for (i = 0; i < UNIT_KEYS; i++) {
        jwk = unit_jwk(unit_keys[i], "");
        credhub_buf_printf(&buf, "%s{%.*s,\"kid\":\"%s\"}", i == 0 ? "" : ",",
            unit_s(jwk), kids[i]);
    }

    credhub_buf_lit(&buf, "]}");

    keys = credhub_jwks_parse(credhub_buf_str(&buf), &error);

    return keys == NULL;
}


static int
teardown(void **state)
{
    credhub_jwks_free(keys);
    unit_keys_free();

    return unit_teardown(state);
}


/* In memory without a byte to spare; who is refused is told why. */

static credhub_error_e
verify_with(const credhub_jwks_t *set, credhub_str_t token,
    const credhub_jwt_rules_t *rules, int64_t now, credhub_jwt_t *jwt)
{
    credhub_str_t   exact;
    credhub_error_e rc;

    exact = unit_exact((char *) token.data, token.len);
    rc = credhub_jwt_verify(unit_arena, exact, set, rules, now, jwt);
    free(exact.data);

    assert_int_equal(rc == CREDHUB_OK, jwt->reason.len == 0);
    assert_int_equal(rc == CREDHUB_OK, jwt->actor.len != 0);

    return rc;
}


static credhub_error_e
verify(credhub_str_t token)
{
    credhub_jwt_t jwt;

    return verify_with(keys, token, &any, NOW, &jwt);
}


static credhub_str_t
ed_token(const char *claims)
{
    return unit_token(unit_keys[UNIT_ED25519], "EdDSA",
        "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", claims);
}


static credhub_str_t
reason(credhub_str_t token)
{
    credhub_jwt_t jwt;

    assert_int_equal(
        verify_with(keys, token, &any, NOW, &jwt), CREDHUB_E_TOKEN);

    return jwt.reason;
}


static const struct {
    unit_key_e  key;
    const char *alg;
} algorithms[] = {
    { UNIT_RSA, "RS256" },
    { UNIT_RSA, "RS384" },
    { UNIT_RSA, "RS512" },
    { UNIT_RSA, "PS256" },
    { UNIT_P256, "ES256" },
    { UNIT_P384, "ES384" },
    { UNIT_ED25519, "EdDSA" },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))


static void
test_algorithms(void **state)
{
    size_t        i;
    credhub_str_t header;
    credhub_jwt_t jwt;

    for (i = 0; i < ALGORITHMS; i++) {
        header = unit_printf("{\"typ\":\"JWT\",\"alg\":\"%s\",\"kid\":\"%s\"}",
            algorithms[i].alg, kids[algorithms[i].key]);

        assert_int_equal(
            verify_with(keys,
                unit_token(unit_keys[algorithms[i].key], algorithms[i].alg,
                    (char *) header.data, CLAIMS),
                &any, NOW, &jwt),
            CREDHUB_OK);

        unit_assert_str(jwt.actor, "uaa-client:app");
        unit_assert_str(jwt.kid, kids[algorithms[i].key]);
        assert_int_equal(jwt.expires, NOW + 1);
        assert_int_equal(jwt.scopes, CREDHUB_SCOPE_READ | CREDHUB_SCOPE_WRITE);

        /* without an id the keys that fit are tried */

        header = unit_printf("{\"alg\":\"%s\"}", algorithms[i].alg);

        assert_int_equal(
            verify_with(keys,
                unit_token(unit_keys[algorithms[i].key], algorithms[i].alg,
                    (char *) header.data, CLAIMS),
                &any, NOW, &jwt),
            CREDHUB_OK);
        assert_int_equal(jwt.kid.len, 0);
    }

    assert_int_equal(verify(unit_token(unit_keys[UNIT_RSA_OTHER], "RS256",
                         "{\"alg\":\"RS256\"}", CLAIMS)),
        CREDHUB_OK);
}


/* RFC 7515, appendices A.1 to A.3; RFC 8037, appendix A.4. */

#define RFC7515_CLAIMS                                                         \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"         \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static const char rfc7515_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\""
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
    "PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
    "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
    "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"},"
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static const char rfc7515_rs256[] =
    "eyJhbGciOiJSUzI1NiJ9." RFC7515_CLAIMS
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
    "p0igcN_IoypGlUPQGe77Rw";

static const char rfc7515_es256[] =
    "eyJhbGciOiJFUzI1NiJ9." RFC7515_CLAIMS
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q";

static const char rfc7515_hs256[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC7515_CLAIMS
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static const char rfc7515_none[] = "eyJhbGciOiJub25lIn0." RFC7515_CLAIMS ".";

static const char rfc8037_eddsa[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B"
    "hVsPt9g7sVvpAr_MuM0KAg";


static void
test_rfc_vectors(void **state)
{
    const char     *error;
    credhub_jwt_t   jwt;
    credhub_jwks_t *set;

    static const credhub_jwt_rules_t joe = { credhub_string("joe"), { 0, NULL },
        "iss", credhub_string("oidc:") };

    set = credhub_jwks_parse(unit_str(rfc7515_keys), &error);
    assert_non_null(set);
    assert_int_equal(credhub_jwks_count(set), 3);

    assert_int_equal(
        verify_with(set, unit_str(rfc7515_rs256), &joe, 1300819380, &jwt),
        CREDHUB_OK);
    unit_assert_str(jwt.actor, "oidc:joe");
    assert_int_equal(jwt.expires, 1300819380);
    assert_int_equal(jwt.scopes, 0);

    assert_int_equal(
        verify_with(set, unit_str(rfc7515_es256), &joe, 1300819380, &jwt),
        CREDHUB_OK);
    assert_int_equal(verify_with(set, unit_str(rfc7515_es256), &joe, NOW, &jwt),
        CREDHUB_E_TOKEN_EXPIRED);

    assert_int_equal(
        verify_with(set, unit_str(rfc7515_hs256), &joe, 1300819380, &jwt),
        CREDHUB_E_TOKEN);
    unit_assert_str(jwt.reason, "The algorithm of the token is not supported.");

    assert_int_equal(
        verify_with(set, unit_str(rfc7515_none), &joe, 1300819380, &jwt),
        CREDHUB_E_TOKEN);

    /* what it signs is no set of claims: the signature itself was right */

    assert_int_equal(
        verify_with(set, unit_str(rfc8037_eddsa), &joe, 1300819380, &jwt),
        CREDHUB_E_TOKEN);
    unit_assert_str(
        jwt.reason, "The claims of the token are not a JSON object.");

    credhub_jwks_free(set);
}


/* RFC 7520, section 4.1, whose payload is a text too. */

static const char rfc7520_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\","
    "\"use\":\"sig\",\"n\":\""
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRoj"
    "dNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2l"
    "bzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6c"
    "S6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3"
    "-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU"
    "kRz5iaiQkqgc5gHdrNP5zw\",\"e\":\"AQAB\"}]}";

static const char rfc7520_rs256[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
    ".SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9v"
    "ci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIg"
    "ZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9m"
    "ZiB0by4"
    ".MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U"
    "4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0Rn"
    "ltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpE"
    "RV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uO"
    "ZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";


static void
test_rfc7520(void **state)
{
    const char     *error;
    credhub_jwt_t   jwt;
    credhub_jwks_t *set;

    set = credhub_jwks_parse(unit_str(rfc7520_keys), &error);
    assert_non_null(set);

    assert_int_equal(verify_with(set, unit_str(rfc7520_rs256), &any, NOW, &jwt),
        CREDHUB_E_TOKEN);
    unit_assert_str(jwt.kid, "bilbo.baggins@hobbiton.example");
    unit_assert_str(
        jwt.reason, "The claims of the token are not a JSON object.");

    credhub_jwks_free(set);
}


static void
test_not_three_parts(void **state)
{
    size_t        i;
    credhub_jwt_t jwt;
    credhub_str_t token, big;

    static const char *bad[] = { "", ".", "..", "...", "a", "a.b", "a.b.",
        "a..b", ".a.b", "a.b.c.d", "a.b.c.", ".a.b.c", "a.b.c.d.e", "....",
        "Bearer", "\xff" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_assert_str(
            reason(unit_str(bad[i])), "The token does not have three parts.");
    }

    assert_int_equal(
        credhub_jwt_verify(unit_arena, credhub_null_str, keys, &any, NOW, &jwt),
        CREDHUB_E_TOKEN);

    token = ed_token(CLAIMS);
    unit_assert_str(reason(unit_printf("%.*s.", unit_s(token))),
        "The token does not have three parts.");
    unit_assert_str(reason(unit_printf("%.*s.e30", unit_s(token))),
        "The token does not have three parts.");

    big.len = 1 << 20;
    big.data = malloc(big.len);
    memset(big.data, 'a', big.len);
    unit_assert_str(reason(big), "The token is too long.");
    memcpy(big.data, token.data, token.len);
    big.data[token.len] = '.';
    unit_assert_str(reason(big), "The token is too long.");
    free(big.data);
}


/* A token that is exactly so long. */

static void
test_length(void **state)
{
    size_t        fill;
    credhub_str_t token, claims;

    for (fill = 11900; fill < CREDHUB_JWT_MAX; fill++) {
        claims = unit_printf(
            "{\"exp\":" SECOND "," UAA ",\"x\":\"%*s\"}", (int) fill, "");
        token = ed_token((char *) claims.data);

        if (token.len > CREDHUB_JWT_MAX - 2) {
            break;
        }
    }

    assert_true(token.len <= CREDHUB_JWT_MAX);
    assert_int_equal(verify(token), CREDHUB_OK);

    claims = unit_printf(
        "{\"exp\":" SECOND "," UAA ",\"x\":\"%*s\"}", (int) fill + 3, "");
    token = ed_token((char *) claims.data);
    assert_true(token.len > CREDHUB_JWT_MAX && token.len < CREDHUB_JWT_MAX + 9);
    unit_assert_str(reason(token), "The token is too long.");
}


static void
test_base64url(void **state)
{
    size_t        i;
    credhub_str_t part[3], token;

    static const char *bad[] = { "Z", "e30=", "e3+", "e3/", "e 0", "e30\n",
        "e31", "\xc3\xa4zz", "*" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_assert_str(reason(unit_printf("%s.e30.e30", bad[i])),
            "The header of the token is not base64url.");

        part[0] = unit_base64url("{\"alg\":\"EdDSA\"}", 15);
        unit_assert_str(
            reason(unit_printf("%.*s.e30.%s", unit_s(part[0]), bad[i])),
            "The signature of the token is not base64url.");

        part[1] = unit_printf("%.*s.%s", unit_s(part[0]), bad[i]);
        token = unit_token_join(
            part[1], unit_sign(unit_keys[UNIT_ED25519], "EdDSA", part[1]));
        unit_assert_str(
            reason(token), "The claims of the token are not base64url.");
    }
}


static void
test_headers(void **state)
{
    size_t        i;
    credhub_jwt_t jwt;

    static const struct {
        const char *header;
        const char *reason; /* NULL: good */
    } rows[] = {
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"cty\":1,\"jku\":\"http://"
          "x\"}",
            NULL },
        { " {\"alg\":\"EdDSA\"}\n", NULL },
        { "{\"alg\":\"Ed\\u0044SA\",\"kid\":\"\\u0065d\"}", NULL },
        { "", "The token does not have three parts." },
        { "{", "The header of the token is not a JSON object." },
        { "x", "The header of the token is not a JSON object." },
        { "[]", "The header of the token is not a JSON object." },
        { "\"EdDSA\"", "The header of the token is not a JSON object." },
        { "{\"alg\":\"EdDSA\"}x",
            "The header of the token is not a JSON object." },
        { "{\"alg\":\"none\",\"alg\":\"EdDSA\"}",
            "The header of the token is not a JSON object." },
        { "{\"alg\":\"EdDSA\",\"x\":\"\xff\"}",
            "The header of the token is not a JSON object." },
        { "{\"alg\":\"EdDSA\",\"x\":{\"a\":1,\"a\":1}}",
            "The header of the token is not a JSON object." },
        { "{}", "The algorithm of the token is not supported." },
        { "{\"alg\":null}", "The algorithm of the token is not supported." },
        { "{\"alg\":[\"EdDSA\"]}",
            "The algorithm of the token is not supported." },
        { "{\"alg\":\"\"}", "The algorithm of the token is not supported." },
        { "{\"alg\":\"none\"}",
            "The algorithm of the token is not supported." },
        { "{\"alg\":\"eddsa\"}",
            "The algorithm of the token is not supported." },
        { "{\"alg\":\"HS256\"}",
            "The algorithm of the token is not supported." },
        { "{\"alg\":\"EdDSA\",\"crit\":[\"exp\"],\"exp\":1}",
            "The token demands extensions that are not supported." },
        { "{\"alg\":\"EdDSA\",\"crit\":[]}",
            "The token demands extensions that are not supported." },
        { "{\"alg\":\"EdDSA\",\"crit\":null}",
            "The token demands extensions that are not supported." },
        { "{\"alg\":\"EdDSA\",\"kid\":1}",
            "The key id of the token is not valid." },
        { "{\"alg\":\"EdDSA\",\"kid\":null}",
            "The key id of the token is not valid." },
        { "{\"alg\":\"EdDSA\",\"kid\":\"\"}",
            "The key id of the token is not valid." },
        { "{\"alg\":\"EdDSA\",\"kid\":\"rsa\"}",
            "The key of the token is not for its algorithm." },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (verify_with(keys,
                unit_token(
                    unit_keys[UNIT_ED25519], "EdDSA", rows[i].header, CLAIMS),
                &any, NOW, &jwt)
            != (rows[i].reason == NULL ? CREDHUB_OK : CREDHUB_E_TOKEN))
        {
            fail_msg("%s: %.*s", rows[i].header, unit_s(jwt.reason));
        }

        unit_assert_str(
            jwt.reason, rows[i].reason == NULL ? "" : rows[i].reason);
    }
}


/* Keys that are not in the set: the caller may fetch a newer one. */

static void
test_unknown_key(void **state)
{
    const char     *error;
    credhub_str_t   token;
    credhub_jwt_t   jwt;
    credhub_jwks_t *set;

    token = unit_token(unit_keys[UNIT_ED25519], "EdDSA",
        "{\"alg\":\"EdDSA\",\"kid\":\"new\"}", CLAIMS);
    assert_int_equal(
        verify_with(keys, token, &any, NOW, &jwt), CREDHUB_E_TOKEN_KEY);
    unit_assert_str(jwt.kid, "new");
    unit_assert_str(jwt.reason, "The key of the token is not known.");

    token = unit_token(unit_keys[UNIT_ED25519], "EdDSA",
        "{\"alg\":\"EdDSA\",\"kid\":\"ED\"}", CLAIMS);
    assert_int_equal(verify(token), CREDHUB_E_TOKEN_KEY);

    set = credhub_jwks_parse(unit_str("{\"keys\":[]}"), &error);
    assert_int_equal(verify_with(set, ed_token(CLAIMS), &any, NOW, &jwt),
        CREDHUB_E_TOKEN_KEY);
    token = unit_token(
        unit_keys[UNIT_ED25519], "EdDSA", "{\"alg\":\"EdDSA\"}", CLAIMS);
    assert_int_equal(
        verify_with(set, token, &any, NOW, &jwt), CREDHUB_E_TOKEN_KEY);
    credhub_jwks_free(set);
}


/* The key of a PEM file is asked whatever the token calls its key. */

static void
test_pem_key(void **state)
{
    const char     *error;
    credhub_jwt_t   jwt;
    credhub_jwks_t *set;

    set = credhub_jwks_parse(unit_pem(unit_keys[UNIT_ED25519]), &error);
    assert_non_null(set);

    assert_int_equal(
        verify_with(set, ed_token(CLAIMS), &any, NOW, &jwt), CREDHUB_OK);
    assert_int_equal(verify_with(set,
                         unit_token(unit_keys[UNIT_ED25519], "EdDSA",
                             "{\"alg\":\"EdDSA\"}", CLAIMS),
                         &any, NOW, &jwt),
        CREDHUB_OK);
    assert_int_equal(verify_with(set,
                         unit_token(unit_keys[UNIT_RSA], "RS256",
                             "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", CLAIMS),
                         &any, NOW, &jwt),
        CREDHUB_E_TOKEN);

    credhub_jwks_free(set);
}


static credhub_str_t
hmac_token(const char *header, credhub_str_t secret)
{
    u_char        mac[EVP_MAX_MD_SIZE];
    unsigned      len;
    credhub_str_t input;

    input = unit_token_input(header, CLAIMS);
    assert_non_null(HMAC(EVP_sha256(), secret.data, (int) secret.len,
        input.data, input.len, mac, &len));

    return unit_token_join(input, (credhub_str_t){ len, mac });
}


/* Whatever a header says, a public key is no shared secret, and no key is used
 * with an algorithm of another type. */

static void
test_confusion(void **state)
{
    size_t        i, k;
    credhub_str_t pem, header;

    static const char *headers[] = {
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"kid\":\"rsa\"}",
        "{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}",
        "{\"alg\":\"none\",\"kid\":\"rsa\"}",
    };

    for (i = 0; i < UNIT_KEYS; i++) {
        pem = unit_pem(unit_keys[i]);

        for (k = 0; k < sizeof(headers) / sizeof(headers[0]); k++) {
            assert_int_equal(
                verify(hmac_token(headers[k], pem)), CREDHUB_E_TOKEN);
        }
    }

    assert_int_equal(
        verify(unit_token_join(
            unit_token_input("{\"alg\":\"none\"}", CLAIMS), credhub_null_str)),
        CREDHUB_E_TOKEN);

    /* signed by one algorithm, said to be another, with every key id */

    for (i = 0; i < ALGORITHMS; i++) {
        for (k = 0; k < ALGORITHMS * UNIT_KEYS; k++) {
            header = unit_printf("{\"alg\":\"%s\",\"kid\":\"%s\"}",
                algorithms[k % ALGORITHMS].alg, kids[k / ALGORITHMS]);

            assert_int_equal(
                verify(unit_token(unit_keys[algorithms[i].key],
                    algorithms[i].alg, (char *) header.data, CLAIMS)),
                (k % ALGORITHMS == i && k / ALGORITHMS == algorithms[i].key)
                    ? CREDHUB_OK
                    : CREDHUB_E_TOKEN);
        }
    }
}


/* A key that says what it is for: PS256 does not count as RS256. And RFC 7518,
 * section 3.5: the salt is as long as the hash. */

static void
test_pss(void **state)
{
    const char     *error;
    credhub_jwt_t   jwt;
    credhub_str_t   jwk, input, signature;
    credhub_jwks_t *set;

    jwk = unit_jwk(unit_keys[UNIT_RSA], ",\"alg\":\"PS256\"");
    set = credhub_jwks_parse(
        unit_printf("{\"keys\":[{%.*s}]}", unit_s(jwk)), &error);
    assert_non_null(set);

    assert_int_equal(verify_with(set,
                         unit_token(unit_keys[UNIT_RSA], "PS256",
                             "{\"alg\":\"PS256\"}", CLAIMS),
                         &any, NOW, &jwt),
        CREDHUB_OK);
    assert_int_equal(verify_with(set,
                         unit_token(unit_keys[UNIT_RSA], "RS256",
                             "{\"alg\":\"RS256\"}", CLAIMS),
                         &any, NOW, &jwt),
        CREDHUB_E_TOKEN_KEY);

    credhub_jwks_free(set);

    input = unit_token_input("{\"alg\":\"PS256\",\"kid\":\"rsa\"}", CLAIMS);
    signature = unit_sign_with(unit_keys[UNIT_RSA], "SHA256", 1, 32, input);
    assert_int_equal(verify(unit_token_join(input, signature)), CREDHUB_OK);
    signature = unit_sign_with(unit_keys[UNIT_RSA], "SHA256", 1, 20, input);
    assert_int_equal(
        verify(unit_token_join(input, signature)), CREDHUB_E_TOKEN);
}


/* ECDSA: r and s of exactly the size of the curve, never DER, never zero. */

static void
test_ecdsa_forms(void **state)
{
    u_char        bytes[200];
    credhub_str_t input, right, other;

    input = unit_token_input("{\"alg\":\"ES256\",\"kid\":\"p256\"}", CLAIMS);
    right = unit_sign(unit_keys[UNIT_P256], "ES256", input);

    assert_int_equal(right.len, 64);
    assert_int_equal(verify(unit_token_join(input, right)), CREDHUB_OK);

    other = right;
    other.len = 63;
    assert_int_equal(verify(unit_token_join(input, other)), CREDHUB_E_TOKEN);

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, right.data, 64);
    other.data = bytes;
    other.len = 65;
    assert_int_equal(verify(unit_token_join(input, other)), CREDHUB_E_TOKEN);

    /* a zero in front of r and of s */

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes + 1, right.data, 32);
    memcpy(bytes + 34, right.data + 32, 32);
    other.len = 66;
    assert_int_equal(verify(unit_token_join(input, other)), CREDHUB_E_TOKEN);

    memset(bytes, 0, sizeof(bytes));
    other.len = 64;
    assert_int_equal(verify(unit_token_join(input, other)), CREDHUB_E_TOKEN);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(verify(unit_token_join(input, other)), CREDHUB_E_TOKEN);
}


/* The same, as OpenSSL writes it. */

static void
test_ecdsa_der(void **state)
{
    u_char        der[200];
    size_t        len;
    EVP_MD_CTX   *ctx;
    credhub_str_t input;

    input = unit_token_input("{\"alg\":\"ES256\",\"kid\":\"p256\"}", CLAIMS);
    ctx = EVP_MD_CTX_new();
    len = sizeof(der);

    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL,
                         unit_keys[UNIT_P256], NULL),
        1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, input.data, input.len), 1);
    EVP_MD_CTX_free(ctx);

    assert_int_equal(
        verify(unit_token_join(input, (credhub_str_t){ len, der })),
        CREDHUB_E_TOKEN);
}


/* No prefix of a good token is good, and no token with another byte. */

static void
test_truncated_and_changed(void **state)
{
    size_t        i, k;
    u_char        was;
    credhub_str_t token;

    static const u_char others[] = { 'A', 'z', '-', '.', '=', '\0', 0xff };

    token = ed_token(CLAIMS);
    assert_int_equal(verify(token), CREDHUB_OK);

    for (i = 0; i < token.len; i++) {
        assert_int_not_equal(
            verify((credhub_str_t){ i, token.data }), CREDHUB_OK);
        assert_int_not_equal(
            verify((credhub_str_t){ token.len - i - 1, token.data + i + 1 }),
            CREDHUB_OK);

        was = token.data[i];

        for (k = 0; k < sizeof(others); k++) {
            token.data[i] = others[k];
            assert_int_equal(verify(token) == CREDHUB_OK, others[k] == was);
        }

        token.data[i] = was;
    }

    assert_int_equal(verify(token), CREDHUB_OK);
}


static void
test_times(void **state)
{
    size_t        i;
    credhub_str_t claims;
    credhub_jwt_t jwt;

    static const struct {
        const char     *times;
        credhub_error_e kind;
    } rows[] = {
        { "\"exp\":1700000000", CREDHUB_OK },
        { "\"exp\":1699999941", CREDHUB_OK }, /* 59 s ago */
        { "\"exp\":1699999941.9", CREDHUB_OK },
        { "\"exp\":1699999940", CREDHUB_E_TOKEN_EXPIRED }, /* 60 s ago */
        { "\"exp\":1699999939", CREDHUB_E_TOKEN_EXPIRED }, /* 61 s ago */
        { "\"exp\":1699999939.9", CREDHUB_E_TOKEN_EXPIRED },
        { "\"exp\":1.7e9", CREDHUB_OK },
        { "\"exp\":17E+8", CREDHUB_OK },
        { "\"exp\":1700000000.5e0", CREDHUB_OK },
        { "\"exp\":1e18", CREDHUB_OK },
        { "\"exp\":99999999999999999999999999", CREDHUB_OK },
        { "\"exp\":1e300", CREDHUB_OK },
        { "\"exp\":1e400", CREDHUB_E_TOKEN },
        { "\"exp\":0", CREDHUB_E_TOKEN_EXPIRED },
        { "\"exp\":-0.0", CREDHUB_E_TOKEN_EXPIRED },
        { "\"exp\":-1", CREDHUB_E_TOKEN_EXPIRED },
        { "\"exp\":-99999999999999999999999999", CREDHUB_E_TOKEN_EXPIRED },
        { "\"exp\":-1e300", CREDHUB_E_TOKEN_EXPIRED },
        { "\"x\":1", CREDHUB_E_TOKEN },
        { "\"exp\":\"1700000000\"", CREDHUB_E_TOKEN },
        { "\"exp\":null", CREDHUB_E_TOKEN },
        { "\"exp\":true", CREDHUB_E_TOKEN },
        { "\"exp\":[1700000000]", CREDHUB_E_TOKEN },
        { "\"exp\":{}", CREDHUB_E_TOKEN },
        { "\"exp\":1700000000,\"exp\":1", CREDHUB_E_TOKEN },
        { "\"exp\":01700000000", CREDHUB_E_TOKEN },
        { "\"exp\":0x7fffffff", CREDHUB_E_TOKEN },
        { "\"exp\":NaN", CREDHUB_E_TOKEN },

        { "\"exp\":1700000001,\"nbf\":1700000000", CREDHUB_OK },
        { "\"exp\":1700000001,\"nbf\":1700000059", CREDHUB_OK },
        { "\"exp\":1700000001,\"nbf\":1700000060", CREDHUB_OK },
        { "\"exp\":1700000001,\"nbf\":1700000061", CREDHUB_E_TOKEN },
        { "\"exp\":1700000001,\"nbf\":1700000061.5", CREDHUB_E_TOKEN },
        { "\"exp\":1700000001,\"nbf\":1e300", CREDHUB_E_TOKEN },
        { "\"exp\":1700000001,\"nbf\":-1", CREDHUB_OK },
        { "\"exp\":1700000001,\"nbf\":\"1\"", CREDHUB_E_TOKEN },
        { "\"exp\":1700000001,\"nbf\":null", CREDHUB_E_TOKEN },
        { "\"exp\":1700000001,\"iat\":\"soon\"", CREDHUB_OK },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        claims = unit_printf("{%s," UAA "}", rows[i].times);

        if (verify_with(keys, ed_token((char *) claims.data), &any, NOW, &jwt)
            != rows[i].kind)
        {
            fail_msg("%s: %.*s", rows[i].times, unit_s(jwt.reason));
        }
    }

    /* a token that is remembered ends with the same second */

    assert_false(credhub_jwt_expired(NOW - 59, NOW));
    assert_true(credhub_jwt_expired(NOW - 60, NOW));
    assert_true(credhub_jwt_expired(NOW - 61, NOW));
}


#define EXP "\"exp\":" SECOND ","

static void
test_issuer_and_audience(void **state)
{
    size_t              i;
    credhub_str_t       claims;
    credhub_jwt_t       jwt;
    credhub_jwt_rules_t rules;

    static const struct {
        const char *issuer;
        const char *audience;
        const char *claims;
        const char *reason;
    } rows[] = {
        { "", "", "\"iss\":1,\"aud\":2", "" },
        { "https://uaa", "", "\"iss\":\"https://uaa\"", "" },
        { "https://uaa", "", "\"iss\":\"https:\\/\\/uaa\"", "" },
        { "https://uaa", "", "\"iss\":\"https://uaa/\"",
            "The token is from another issuer." },
        { "https://uaa", "", "\"iss\":\"https://UAA\"",
            "The token is from another issuer." },
        { "https://uaa", "", "\"iss\":\"\"",
            "The token is from another issuer." },
        { "https://uaa", "", "\"iss\":null",
            "The token is from another issuer." },
        { "https://uaa", "", "\"iss\":[\"https://uaa\"]",
            "The token is from another issuer." },
        { "https://uaa", "", "\"x\":1", "The token is from another issuer." },

        { "", "credhub", "\"aud\":\"credhub\"", "" },
        { "", "credhub", "\"aud\":[\"a\",\"credhub\"]", "" },
        { "", "credhub", "\"aud\":[1,null,\"credhub\"]", "" },
        { "", "credhub", "\"aud\":\"credhub2\"",
            "The token is for another audience." },
        { "", "credhub", "\"aud\":\"a credhub\"",
            "The token is for another audience." },
        { "", "credhub", "\"aud\":[]", "The token is for another audience." },
        { "", "credhub", "\"aud\":[[\"credhub\"]]",
            "The token is for another audience." },
        { "", "credhub", "\"aud\":{\"credhub\":1}",
            "The token is for another audience." },
        { "", "credhub", "\"aud\":null", "The token is for another audience." },
        { "", "credhub", "\"x\":1", "The token is for another audience." },

        { "i", "a", "\"iss\":\"i\",\"aud\":\"a\"", "" },
        { "i", "a", "\"iss\":\"a\",\"aud\":\"i\"",
            "The token is from another issuer." },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rules = any;
        rules.issuer = unit_str(rows[i].issuer);
        rules.audience = unit_str(rows[i].audience);
        claims = unit_printf("{" EXP UAA ",%s}", rows[i].claims);

        assert_int_equal(verify_with(keys, ed_token((char *) claims.data),
                             &rules, NOW, &jwt),
            rows[i].reason[0] == '\0' ? CREDHUB_OK : CREDHUB_E_TOKEN);
        unit_assert_str(jwt.reason, rows[i].reason);
    }
}


static void
test_scopes(void **state)
{
    size_t        i;
    credhub_str_t claims;
    credhub_jwt_t jwt;

    static const struct {
        const char *scope;
        int         want; /* -1: refused */
    } rows[] = {
        { "\"x\":1", 0 },
        { "\"scope\":[]", 0 },
        { "\"scope\":\"\"", -1 },
        { "\"scope\":[\"credhub.read\"]", CREDHUB_SCOPE_READ },
        { "\"scope\":[\"credhub.write\"]", CREDHUB_SCOPE_WRITE },
        { "\"scope\":[\"openid\",\"credhub.write\",\"credhub.read\"]",
            CREDHUB_SCOPE_READ | CREDHUB_SCOPE_WRITE },
        { "\"scope\":[\"credhub.rea\\u0064\"]", CREDHUB_SCOPE_READ },
        { "\"scope\":[\"credhub.read \"]", 0 },
        { "\"scope\":[\"credhub.read credhub.write\"]", 0 },
        { "\"scope\":[\"Credhub.read\",\"credhub.*\",\"\"]", 0 },
        { "\"scope\":\"credhub.read\"", -1 },
        { "\"scope\":\"credhub.read credhub.write\"", -1 },
        { "\"scope\":[1,2]", -1 },
        { "\"scope\":[\"credhub.read\",1]", -1 },
        { "\"scope\":[[\"credhub.read\"]]", -1 },
        { "\"scope\":1", -1 },
        { "\"scope\":null", -1 },
        { "\"scope\":{\"credhub.read\":true}", -1 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        claims = unit_printf("{" EXP "\"grant_type\":\"password\","
                             "\"user_id\":\"u\",%s}",
            rows[i].scope);

        if (verify_with(keys, ed_token((char *) claims.data), &any, NOW, &jwt)
            != (rows[i].want == -1 ? CREDHUB_E_TOKEN : CREDHUB_OK))
        {
            fail_msg("%s: %.*s", rows[i].scope, unit_s(jwt.reason));
        }

        if (rows[i].want != -1) {
            assert_int_equal(jwt.scopes, rows[i].want);
        }
    }
}


static void
test_actors(void **state)
{
    size_t              i;
    credhub_str_t       claims;
    credhub_jwt_t       jwt;
    credhub_jwt_rules_t rules;

    static const struct {
        const char *claim; /* NULL: UAA */
        const char *claims;
        const char *actor; /* NULL: refused */
        const char *user;
    } rows[] = {
        { NULL, "\"grant_type\":\"client_credentials\",\"client_id\":\"c\"",
            "uaa-client:c", "" },
        { NULL,
            "\"grant_type\":\"password\",\"user_id\":\"u\",\"client_id\":\"c\","
            "\"sub\":\"s\"",
            "uaa-user:u", "s" },
        { NULL, "\"grant_type\":\"client_credentials\",\"user_id\":\"u\"", NULL,
            "" },
        { NULL, "\"grant_type\":\"password\",\"client_id\":\"c\"", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":\"\"", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":1", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":null", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":[\"u\"]", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":\"a\\nb\"", NULL, "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":\"a\\u007f\"", NULL,
            "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":\"\\u0085\"", NULL,
            "" },
        { NULL, "\"grant_type\":\"password\",\"user_id\":\"\\u00e5\"",
            "uaa-user:\xc3\xa5", "" },
        { NULL, "\"grant_type\":\"Password\",\"user_id\":\"u\"", NULL, "" },
        { NULL,
            "\"grant_type\":\"authorization_code\",\"user_id\":\"u\","
            "\"client_id\":\"c\"",
            NULL, "" },
        { NULL, "\"grant_type\":\"\",\"user_id\":\"u\"", NULL, "" },
        { NULL, "\"grant_type\":1,\"user_id\":\"u\",\"client_id\":\"c\"", NULL,
            "" },
        { NULL, "\"grant_type\":null,\"client_id\":\"c\"", NULL, "" },
        { NULL, "\"grant_type\":[\"password\"],\"user_id\":\"u\"", NULL, "" },
        { NULL, "\"user_id\":\"u\",\"client_id\":\"c\"", NULL, "" },

        { "email", "\"email\":\"a@b\",\"sub\":\"s\"", "oidc:a@b", "s" },
        { "email", "\"email\":\"a@b\",\"grant_type\":\"what\"", "oidc:a@b",
            "" },
        { "sub", "\"sub\":\"s\"", "oidc:s", "s" },
        { "sub", "\"sub\":\"s\",\"scope\":\"openid email\"", "oidc:s", "s" },
        { "sub", "\"sub\":\"s\",\"scope\":[1]", "oidc:s", "s" },
        { "kind", "\"kind\":\"mtls-app:x\"", "oidc:mtls-app:x", "" },
        { "email", "\"sub\":\"s\"", NULL, "s" },
        { "email", "\"email\":\"\"", NULL, "" },
        { "email", "\"email\":true", NULL, "" },
        { "email", "\"email\":\"a\\tb\"", NULL, "" },
        { "email", "\"email\":\"a\",\"sub\":1", NULL, "" },
        { "email", "\"email\":\"a\",\"sub\":\"\"", NULL, "" },
        { "email", "\"email\":\"a\",\"sub\":\"\\u0001\"", NULL, "" },
        { "email", "\"grant_type\":\"client_credentials\",\"client_id\":\"c\"",
            NULL, "" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rules = any;

        if (rows[i].claim != NULL) {
            rules.actor_claim = rows[i].claim;
            rules.actor_prefix = unit_str("oidc:");
        }

        claims = unit_printf("{" EXP "%s}", rows[i].claims);

        if (verify_with(keys, ed_token((char *) claims.data), &rules, NOW, &jwt)
            != (rows[i].actor == NULL ? CREDHUB_E_TOKEN : CREDHUB_OK))
        {
            fail_msg("%s: %.*s", rows[i].claims, unit_s(jwt.reason));
        }

        if (rows[i].actor != NULL) {
            unit_assert_str(jwt.actor, rows[i].actor);
            unit_assert_str(jwt.user, rows[i].user);
        }
    }
}


static void
test_long_actor(void **state)
{
    char          name[CREDHUB_JWT_CLAIM_MAX + 2];
    credhub_str_t claims;

    memset(name, 'n', sizeof(name));

    claims = unit_printf("{" EXP "\"grant_type\":\"password\",\"user_id\":"
                         "\"%.*s\"}",
        CREDHUB_JWT_CLAIM_MAX, name);
    assert_int_equal(verify(ed_token((char *) claims.data)), CREDHUB_OK);

    claims = unit_printf("{" EXP "\"grant_type\":\"password\",\"user_id\":"
                         "\"%.*s\"}",
        CREDHUB_JWT_CLAIM_MAX + 1, name);
    unit_assert_str(reason(ed_token((char *) claims.data)),
        "The token does not name its actor.");
}


static void
test_claims_are_an_object(void **state)
{
    size_t        i;
    char          deep[12000];
    credhub_str_t token;

    static const char *bad[] = { "[]", "null", "1", "\"\"", "{", "{}x",
        "{\"exp\":1700000001,}", "{\"a\":1,\"a\":1}", "\xef\xbb\xbf{}",
        "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_assert_str(reason(ed_token(bad[i])),
            "The claims of the token are not a JSON object.");
    }

    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    deep[sizeof(deep) - 1] = '\0';
    token = ed_token(deep);
    assert_true(token.len <= CREDHUB_JWT_MAX);
    unit_assert_str(
        reason(token), "The claims of the token are not a JSON object.");
}


/* Keys without ids: the first ones are tried, then it ends. */

static void
test_tries(void **state)
{
    int             i, before;
    const char     *error;
    credhub_buf_t   buf;
    credhub_str_t   right, wrong, token;
    credhub_jwt_t   jwt;
    credhub_jwks_t *set;

    right = unit_jwk(unit_keys[UNIT_RSA], "");
    wrong = unit_jwk(unit_keys[UNIT_RSA_OTHER], "");
    token =
        unit_token(unit_keys[UNIT_RSA], "RS256", "{\"alg\":\"RS256\"}", CLAIMS);

    for (before = CREDHUB_JWT_KEYS_MAX - 1; before <= CREDHUB_JWT_KEYS_MAX;
         before++)
    {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_lit(&buf, "{\"keys\":[");

        for (i = 0; i < before; i++) {
            credhub_buf_printf(&buf, "{%.*s},", unit_s(wrong));
        }

        credhub_buf_printf(&buf, "{%.*s}]}", unit_s(right));
        set = credhub_jwks_parse(credhub_buf_str(&buf), &error);
        assert_int_equal(credhub_jwks_count(set), before + 1);

        assert_int_equal(verify_with(set, token, &any, NOW, &jwt),
            before < CREDHUB_JWT_KEYS_MAX ? CREDHUB_OK : CREDHUB_E_TOKEN);
        credhub_jwks_free(set);
    }
}


static void
test_error_queue(void **state)
{
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);

    assert_int_equal(verify(ed_token(CLAIMS)), CREDHUB_OK);
    assert_int_equal(verify(unit_str(rfc7515_es256)), CREDHUB_E_TOKEN);
    assert_int_equal(verify(unit_str(rfc7515_rs256)), CREDHUB_E_TOKEN);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}


/* Without memory nobody gets in, and nothing is lost. */

static void
test_memory_runs_out(void **state)
{
    int              round;
    credhub_str_t    token;
    credhub_jwt_t    jwt;
    credhub_error_e  rc;
    credhub_arena_t *arena;

    unit_need_memory_hooks();

    token = ed_token(CLAIMS);
    assert_int_equal(verify(token), CREDHUB_OK);

    rc = CREDHUB_E_INTERNAL;

    for (round = 0; rc != CREDHUB_OK; round++) {
        arena = credhub_arena_create(0);

        unit_malloc_left = round;
        rc = credhub_jwt_verify(arena, token, keys, &any, NOW, &jwt);
        unit_malloc_left = -1;

        credhub_arena_destroy(arena);

        assert_true(round < 1000);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_rfc_vectors),
        cmocka_unit_test(test_rfc7520),
        cmocka_unit_test(test_not_three_parts),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_pem_key),
        cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_pss),
        cmocka_unit_test(test_ecdsa_forms),
        cmocka_unit_test(test_ecdsa_der),
        cmocka_unit_test(test_truncated_and_changed),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_issuer_and_audience),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_actors),
        cmocka_unit_test(test_long_actor),
        cmocka_unit_test(test_claims_are_an_object),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
