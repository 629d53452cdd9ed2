
/* Key sets: which keys are taken, which are skipped, how they are found. */

#include "unit_jwt.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "credhub_jwks.h"


static int
setup(void **state)
{
    return unit_setup(state) != 0 || unit_keys_create() != 0;
}


static int
teardown(void **state)
{
    unit_keys_free();

    return unit_teardown(state);
}


static credhub_jwks_t *
parse(credhub_str_t text)
{
    const char     *error;
    credhub_str_t   exact;
    credhub_jwks_t *set;

    exact = unit_exact((char *) text.data, text.len);
    set = credhub_jwks_parse(exact, &error);
    free(exact.data);

    assert_int_equal(set == NULL, error != NULL);

    return set;
}


/* How many keys a set of this one key has. */

static size_t
usable(credhub_str_t members)
{
    size_t          n;
    credhub_jwks_t *set;

    set = parse(unit_printf("{\"keys\":[{%.*s}]}", unit_s(members)));
    assert_non_null(set);
    n = credhub_jwks_count(set);
    credhub_jwks_free(set);

    return n;
}


static void
test_types(void **state)
{
    int i;

    for (i = 0; i < UNIT_KEYS; i++) {
        assert_int_equal(usable(unit_jwk(unit_keys[i], "")), 1);
        assert_int_equal(
            usable(unit_jwk(unit_keys[i], ",\"use\":\"sig\",\"kid\":\"k\"")),
            1);
    }
}


static void
test_members(void **state)
{
    size_t i;

    static const struct {
        const char *more;
        size_t      usable;
    } rows[] = {
        { ",\"use\":\"enc\"", 0 },
        { ",\"use\":\"SIG\"", 0 },
        { ",\"use\":\"\"", 0 },
        { ",\"use\":null", 0 },
        { ",\"use\":[\"sig\"]", 0 },
        { ",\"key_ops\":[\"verify\"]", 1 },
        { ",\"key_ops\":[\"sign\",\"verify\"]", 1 },
        { ",\"key_ops\":[\"encrypt\"]", 0 },
        { ",\"key_ops\":[]", 0 },
        { ",\"key_ops\":\"verify\"", 0 },
        { ",\"alg\":\"RS256\"", 1 },
        { ",\"alg\":\"RS384\"", 1 },
        { ",\"alg\":\"RS512\"", 1 },
        { ",\"alg\":\"PS256\"", 1 },
        { ",\"alg\":\"PS384\"", 0 },
        { ",\"alg\":\"ES256\"", 0 },
        { ",\"alg\":\"EdDSA\"", 0 },
        { ",\"alg\":\"HS256\"", 0 },
        { ",\"alg\":\"none\"", 0 },
        { ",\"alg\":\"rs256\"", 0 },
        { ",\"alg\":\"RSA-OAEP\"", 0 },
        { ",\"alg\":\"\"", 0 },
        { ",\"alg\":1", 0 },
        { ",\"kid\":1", 0 },
        { ",\"kid\":\"\"", 1 },
        { ",\"kid\":\"\\u00e4\"", 1 },
        { ",\"x5c\":[1],\"unknown\":{\"a\":[]}", 1 },
        { ",\"d\":\"AQAB\"", 1 },
        { ",\"value\":\"no PEM\"", 1 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (usable(unit_jwk(unit_keys[UNIT_RSA], rows[i].more))
            != rows[i].usable) {
            fail_msg("%s", rows[i].more);
        }
    }
}


#define P256_X                                                                 \
    "\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define P256_Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define ED_X   "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static void
test_unusable(void **state)
{
    size_t i;

    static const char *bad[] = {
        "",
        "\"kty\":1",
        "\"kty\":null," P256_X "," P256_Y,
        "\"kty\":\"ec\"," P256_X "," P256_Y,
        "\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"",
        "\"kty\":\"EC\"",
        "\"kty\":\"EC\"," P256_X,
        "\"kty\":\"EC\"," P256_Y,
        "\"kty\":\"EC\"," P256_X ",\"y\":1",
        "\"kty\":\"RSA\"," P256_X "," P256_Y,
        "\"kty\":\"OKP\"," P256_X "," P256_Y,

        /* cut, padded, a zero in front, not on the curve, another curve */

        "\"kty\":\"EC\"," P256_X
        ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5Q\"",
        "\"kty\":\"EC\"," P256_X
        ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0=\"",
        "\"kty\":\"EC\"," P256_X
        ",\"y\":\"AMfxRM0bvZt-hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\"",
        "\"kty\":\"EC\"," P256_X
        ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"",
        "\"kty\":\"EC\",\"crv\":\"P-256K\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," P256_Y,
        "\"kty\":\"EC\",\"crv\":\"P-384\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," P256_Y,
        "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"",
        "\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",

        "\"kty\":\"OKP\"," ED_X,
        "\"kty\":\"OKP\",\"crv\":\"X25519\"," ED_X,
        "\"kty\":\"OKP\",\"crv\":\"Ed448\"," ED_X,
        "\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
        "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qY\"",
        "\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",

        "\"kty\":\"RSA\"",
        "\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"",
        "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"",
        "\"kty\":\"RSA\",\"value\":1",
        "\"kty\":\"RSA\",\"value\":\"\"",
        "\"kty\":\"RSA\",\"value\":\"-----BEGIN PUBLIC KEY-----\"",
    };

    assert_int_equal(usable(unit_str("\"kty\":\"EC\"," P256_X "," P256_Y)), 1);
    assert_int_equal(
        usable(unit_str("\"kty\":\"OKP\",\"crv\":\"Ed25519\"," ED_X)), 1);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (usable(unit_str(bad[i])) != 0) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}


/* A modulus of so many bits, odd or not, and an exponent. */

static size_t
usable_rsa(int bits, int odd, const char *e)
{
    int           size;
    u_char        n[2048];
    credhub_str_t text;

    size = (bits + 7) / 8;

    memset(n, 0xa5, sizeof(n));
    n[0] = (u_char) (1 << ((bits - 1) % 8));
    n[size - 1] = (u_char) (0xa4 | odd);
    text = unit_base64url(n, (size_t) size);

    return usable(unit_printf(
        "\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%s\"", unit_s(text), e));
}


static void
test_rsa_bounds(void **state)
{
    assert_int_equal(usable_rsa(2047, 1, "AQAB"), 0);
    assert_int_equal(usable_rsa(2048, 1, "AQAB"), 1);
    assert_int_equal(usable_rsa(8192, 1, "AQAB"), 1);
    assert_int_equal(usable_rsa(8193, 1, "AQAB"), 0);
    assert_int_equal(usable_rsa(16000, 1, "AQAB"), 0);
    assert_int_equal(usable_rsa(512, 1, "AQAB"), 0);

    assert_int_equal(usable_rsa(2048, 0, "AQAB"), 0);
    assert_int_equal(usable_rsa(2048, 1, "AQ"), 0);           /* 1 */
    assert_int_equal(usable_rsa(2048, 1, "Ag"), 0);           /* 2 */
    assert_int_equal(usable_rsa(2048, 1, "Aw"), 1);           /* 3 */
    assert_int_equal(usable_rsa(2048, 1, "AA"), 0);           /* 0 */
    assert_int_equal(usable_rsa(2048, 1, "AAEAAQ"), 1);       /* 0x00010001 */
    assert_int_equal(usable_rsa(2048, 1, "__________8"), 1);  /* 64 bits */
    assert_int_equal(usable_rsa(2048, 1, "Af________8B"), 0); /* more */
}


static credhub_str_t
escaped_pem(EVP_PKEY *key)
{
    size_t        i;
    credhub_buf_t buf;
    credhub_str_t pem;

    pem = unit_pem(key);
    credhub_buf_init(&buf, unit_arena, 0);

    for (i = 0; i < pem.len; i++) {
        if (pem.data[i] == '\n') {
            credhub_buf_lit(&buf, "\\n");

        } else {
            credhub_buf_add(&buf, &pem.data[i], 1);
        }
    }

    return credhub_buf_str(&buf);
}


static int
verifies(const credhub_jwks_t *set, EVP_PKEY *key, const char *alg)
{
    size_t               i;
    credhub_str_t        input;
    const credhub_jwk_t *jwk;

    i = 0;
    jwk = credhub_jwks_find(
        set, credhub_null_str, credhub_jws(unit_str(alg)), &i);
    if (jwk == NULL) {
        return -1;
    }

    input = unit_str("some text");

    return credhub_jwk_verify(
        jwk, credhub_jws(unit_str(alg)), input, unit_sign(key, alg, input));
}


/* As UAA writes its keys: "value" counts where n and e do not stand. */

static void
test_value(void **state)
{
    credhub_str_t   pem, text;
    credhub_jwks_t *set;

    pem = escaped_pem(unit_keys[UNIT_RSA]);

    text = unit_printf(
        "{\"keys\":[{\"kty\":\"RSA\",\"value\":\"%.*s\"}]}", unit_s(pem));
    set = parse(text);
    assert_int_equal(verifies(set, unit_keys[UNIT_RSA], "RS256"), 1);
    assert_int_equal(verifies(set, unit_keys[UNIT_RSA_OTHER], "RS256"), 0);
    credhub_jwks_free(set);

    text = unit_jwk(unit_keys[UNIT_RSA_OTHER], "");
    text = unit_printf(
        "{\"keys\":[{%.*s,\"value\":\"%.*s\"}]}", unit_s(text), unit_s(pem));
    set = parse(text);
    assert_int_equal(verifies(set, unit_keys[UNIT_RSA], "RS256"), 0);
    assert_int_equal(verifies(set, unit_keys[UNIT_RSA_OTHER], "RS256"), 1);
    credhub_jwks_free(set);

    assert_int_equal(usable(unit_printf("\"kty\":\"RSA\",\"n\":\"AQAB\","
                                        "\"value\":\"%.*s\"",
                         unit_s(pem))),
        0);
    assert_int_equal(usable(unit_printf("\"kty\":\"RSA\",\"value\":\"%.*s\","
                                        "\"alg\":\"ES256\"",
                         unit_s(pem))),
        0);
}


static credhub_str_t
certificate_of(EVP_PKEY *key, EVP_PKEY *signer)
{
    BIO          *bio;
    X509         *x509;
    char         *data;
    long          len;
    credhub_str_t text;

    x509 = X509_new();
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), -100));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), -1));
    assert_true(X509_sign(x509, signer, EVP_sha256()) > 0);

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    len = BIO_get_mem_data(bio, &data);
    text = credhub_arena_copy(unit_arena, data, (size_t) len);

    BIO_free(bio);
    X509_free(x509);

    return text;
}


static void
test_pem(void **state)
{
    size_t          i;
    credhub_str_t   texts[4], pem;
    credhub_jwks_t *set;

    pem = unit_pem(unit_keys[UNIT_P256]);

    texts[0] = pem;
    texts[1] = unit_printf("Key of the issuer\n\n%.*s", unit_s(pem));
    texts[2] = certificate_of(unit_keys[UNIT_P256], unit_keys[UNIT_RSA]);
    texts[3] = unit_printf(
        "%.*s%.*s", unit_s(texts[2]), unit_s(unit_pem(unit_keys[UNIT_RSA])));

    for (i = 0; i < 4; i++) {
        set = parse(texts[i]);
        assert_non_null(set);
        assert_int_equal(credhub_jwks_count(set), 1);
        assert_int_equal(verifies(set, unit_keys[UNIT_P256], "ES256"), 1);
        assert_int_equal(verifies(set, unit_keys[UNIT_RSA], "RS256"), -1);

        /* it has no id, so it stands for every one */

        assert_true(credhub_jwks_knows(set, unit_str("any")));
        credhub_jwks_free(set);
    }

    for (i = 0; i < UNIT_KEYS; i++) {
        set = parse(unit_pem(unit_keys[i]));
        assert_non_null(set);
        credhub_jwks_free(set);
    }
}


static void
test_pem_refused(void **state)
{
    BIO          *bio;
    long          len;
    char         *data;
    size_t        i;
    EVP_PKEY     *small;
    credhub_str_t pem;

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(
                         bio, unit_keys[UNIT_P256], NULL, NULL, 0, NULL, NULL),
        1);
    len = BIO_get_mem_data(bio, &data);
    assert_null(parse((credhub_str_t){ (size_t) len, (u_char *) data }));
    BIO_free(bio);

    small = EVP_RSA_gen(1024);
    assert_null(parse(unit_pem(small)));
    EVP_PKEY_free(small);

    small = EVP_EC_gen("secp256k1");
    assert_null(parse(unit_pem(small)));
    EVP_PKEY_free(small);

    pem = unit_pem(unit_keys[UNIT_P256]);

    for (i = 0; i < pem.len - 1; i++) {
        assert_null(parse((credhub_str_t){ i, pem.data }));
    }
}


static void
test_documents(void **state)
{
    size_t          i;
    const char     *error;
    credhub_str_t   big;
    credhub_jwks_t *set;

    static const char *bad[] = { "", " ", "{", "{}", "[]", "null", "\"keys\"",
        "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[]", "{\"keys\":[]}x",
        "{\"keys\":[],\"keys\":[]}", "{\"Keys\":[]}", "<html>500</html>",
        "{\"keys\":[{\"kty\":\"RSA\",\"kty\":\"RSA\"}]}",
        "{\"keys\":[\"\\u0000\"]}", "{\"keys\":[\"\xff\"]}" };

    static const char *empty[] = { "{\"keys\":[]}", " \n{ \"keys\" : [ ] }\n",
        "{\"keys\":[1,\"a\",null,[],{}]}", "{\"a\":1,\"keys\":[],\"b\":{}}" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(parse(unit_str(bad[i])));
    }

    for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        set = parse(unit_str(empty[i]));
        assert_non_null(set);
        assert_int_equal(credhub_jwks_count(set), 0);
        assert_false(credhub_jwks_knows(set, unit_str("k")));
        credhub_jwks_free(set);
    }

    big.len = CREDHUB_JWKS_MAX;
    big.data = malloc(big.len + 1);
    memset(big.data, ' ', big.len + 1);
    memcpy(big.data, "{\"keys\":[]}", 11);

    set = credhub_jwks_parse(big, &error);
    assert_non_null(set);
    credhub_jwks_free(set);

    big.len++;
    assert_null(credhub_jwks_parse(big, &error));
    assert_string_equal(error, "larger than 1 MiB");
    free(big.data);

    assert_null(credhub_jwks_parse(credhub_null_str, &error));
    credhub_jwks_free(NULL);
}


/* `n` keys that can be used with as many between them that cannot. */

static credhub_str_t
many_keys(int n)
{
    int           i;
    credhub_buf_t buf;
    credhub_str_t jwk;

    jwk = unit_jwk(unit_keys[UNIT_ED25519], "");
    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "{\"keys\":[");

    for (i = 0; i < n; i++) {
        credhub_buf_printf(&buf,
            "%s{\"kty\":\"new\",\"kid\":\"%d\"},{%.*s,\"kid\":\"k%d\"}",
            i == 0 ? "" : ",", i, unit_s(jwk), i);
    }

    credhub_buf_lit(&buf, "]}");
    assert_false(buf.failed);

    return credhub_buf_str(&buf);
}


static void
test_many(void **state)
{
    size_t               i;
    const char          *error;
    credhub_jwks_t      *set;
    const credhub_jwk_t *key;

    set = parse(many_keys(CREDHUB_JWKS_KEYS_MAX));
    assert_non_null(set);
    assert_int_equal(credhub_jwks_count(set), CREDHUB_JWKS_KEYS_MAX);
    assert_true(credhub_jwks_knows(set, unit_str("k0")));
    assert_true(credhub_jwks_knows(set, unit_str("k999")));
    assert_false(credhub_jwks_knows(set, unit_str("999")));

    i = 0;
    key = credhub_jwks_find(set, unit_str("k999"), CREDHUB_JWS_EDDSA, &i);
    assert_non_null(key);
    unit_assert_str(key->kid, "k999");
    assert_null(
        credhub_jwks_find(set, unit_str("k999"), CREDHUB_JWS_EDDSA, &i));
    credhub_jwks_free(set);

    assert_null(
        credhub_jwks_parse(many_keys(CREDHUB_JWKS_KEYS_MAX + 1), &error));
    assert_string_equal(error, "more than 1000 keys");
}


static void
test_find(void **state)
{
    size_t               i, n;
    credhub_str_t        rsa, other, ec, text;
    credhub_jwks_t      *set;
    const credhub_jwk_t *key;

    rsa = unit_jwk(unit_keys[UNIT_RSA], ",\"kid\":\"a\",\"alg\":\"RS256\"");
    other = unit_jwk(unit_keys[UNIT_RSA_OTHER], ",\"kid\":\"b\"");
    ec = unit_jwk(unit_keys[UNIT_P256], ",\"kid\":\"a\"");
    text = unit_printf("{\"keys\":[{%.*s},{%.*s},{%.*s}]}", unit_s(rsa),
        unit_s(other), unit_s(ec));
    set = parse(text);
    assert_non_null(set);

    /* with an id the key must fit too */

    i = 0;
    key = credhub_jwks_find(set, unit_str("a"), CREDHUB_JWS_RS256, &i);
    assert_int_equal(key->type, CREDHUB_JWK_RSA);
    assert_null(credhub_jwks_find(set, unit_str("a"), CREDHUB_JWS_RS256, &i));

    i = 0;
    key = credhub_jwks_find(set, unit_str("a"), CREDHUB_JWS_ES256, &i);
    assert_int_equal(key->type, CREDHUB_JWK_P256);

    i = 0;
    assert_null(credhub_jwks_find(set, unit_str("a"), CREDHUB_JWS_RS512, &i));
    i = 0;
    assert_null(credhub_jwks_find(set, unit_str("b"), CREDHUB_JWS_ES256, &i));
    i = 0;
    assert_null(credhub_jwks_find(set, unit_str("c"), CREDHUB_JWS_RS256, &i));
    i = 0;
    assert_null(credhub_jwks_find(set, unit_str("A"), CREDHUB_JWS_RS256, &i));
    i = 0;
    assert_null(credhub_jwks_find(set, unit_str("b"), CREDHUB_JWS_NONE, &i));

    assert_true(credhub_jwks_knows(set, unit_str("a")));
    assert_false(credhub_jwks_knows(set, unit_str("c")));

    /* without one, all that fit: "alg" binds the first key */

    for (i = 0, n = 0;
         credhub_jwks_find(set, credhub_null_str, CREDHUB_JWS_RS256, &i)
         != NULL;
         n++)
    {
        /* void */
    }

    assert_int_equal(n, 2);

    for (i = 0, n = 0;
         credhub_jwks_find(set, credhub_null_str, CREDHUB_JWS_PS256, &i)
         != NULL;
         n++)
    {
        /* void */
    }

    assert_int_equal(n, 1);

    credhub_jwks_free(set);
}


static void
test_names(void **state)
{
    size_t i;

    static const char *none[] = { "", "none", "None", "NONE", "HS256", "HS384",
        "HS512", "rs256", "RS1", "RS256 ", "RS", "ES512", "ES256K", "PS384",
        "PS512", "eddsa", "Ed25519" };

    assert_int_equal(credhub_jws(unit_str("RS256")), CREDHUB_JWS_RS256);
    assert_int_equal(credhub_jws(unit_str("RS384")), CREDHUB_JWS_RS384);
    assert_int_equal(credhub_jws(unit_str("RS512")), CREDHUB_JWS_RS512);
    assert_int_equal(credhub_jws(unit_str("PS256")), CREDHUB_JWS_PS256);
    assert_int_equal(credhub_jws(unit_str("ES256")), CREDHUB_JWS_ES256);
    assert_int_equal(credhub_jws(unit_str("ES384")), CREDHUB_JWS_ES384);
    assert_int_equal(credhub_jws(unit_str("EdDSA")), CREDHUB_JWS_EDDSA);

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(credhub_jws(unit_str(none[i])), CREDHUB_JWS_NONE);
    }

    assert_int_equal(credhub_jws(credhub_null_str), CREDHUB_JWS_NONE);
}


static void
test_error_queue(void **state)
{
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);

    test_unusable(state);
    test_documents(state);
    assert_null(parse(unit_str("-----BEGIN CERTIFICATE-----\nAAAA\n"
                               "-----END CERTIFICATE-----\n")));

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}


static void
test_memory_runs_out(void **state)
{
    int             round;
    const char     *error;
    credhub_str_t   text;
    credhub_jwks_t *set;

    unit_need_memory_hooks();

    text = unit_str("{\"keys\":[]}");
    set = NULL;

    for (round = 0; set == NULL; round++) {
        unit_malloc_left = round;
        set = credhub_jwks_parse(text, &error);
        unit_malloc_left = -1;

        if (set == NULL) {
            assert_string_equal(error, "no memory");
        }
    }

    credhub_jwks_free(set);
    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_rsa_bounds),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_pem),
        cmocka_unit_test(test_pem_refused),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
