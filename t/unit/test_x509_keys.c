
/* Keys that are chosen to keep whoever looks at them busy. */

#include "unit_x509.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "credhub_text.h"


static EVP_PKEY *
generated(const char *type, const char *curve, int encoding, unsigned exponent)
{
    BIGNUM       *e;
    EVP_PKEY     *key;
    EVP_PKEY_CTX *ctx;

    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);

    if (curve != NULL) {
        assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, curve), 1);
        assert_int_equal(EVP_PKEY_CTX_set_ec_param_enc(ctx, encoding), 1);
    }

    if (exponent != 0) {
        e = BN_new();
        assert_int_equal(BN_set_bit(e, (int) exponent - 1), 1);
        assert_int_equal(BN_set_bit(e, 0), 1);
        assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
        BN_free(e);
    }

    key = NULL;
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);

    return key;
}


static credhub_str_t
taken(BIO *bio)
{
    long          n;
    char         *text;
    credhub_str_t pem;

    n = BIO_get_mem_data(bio, &text);
    pem = credhub_arena_copy(unit_arena, text, (size_t) n);
    BIO_free(bio);

    return pem;
}


/* A certificate that OpenSSL signs with its own key. */

static credhub_str_t
self_signed(EVP_PKEY *key)
{
    BIO  *bio;
    X509 *x509;

    x509 = X509_new();

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), NOW));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), NOW + DAY));
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    assert_int_equal(X509_verify(x509, key), 1);

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    X509_free(x509);

    return taken(bio);
}


static credhub_str_t
private_pem(EVP_PKEY *key, int pkcs8)
{
    BIO *bio;

    bio = BIO_new(BIO_s_mem());

    assert_int_equal(pkcs8 ? PEM_write_bio_PKCS8PrivateKey(
                         bio, key, NULL, NULL, 0, NULL, NULL)
                           : PEM_write_bio_PrivateKey_traditional(
                               bio, key, NULL, NULL, 0, NULL, NULL),
        1);

    return taken(bio);
}


/* The content behind a tag, with a length of two bytes. */

static void
add_tlv(credhub_buf_t *buf, u_char tag, const u_char *data, size_t len)
{
    u_char head[] = { tag, 0x82, (u_char) (len >> 8), (u_char) len };

    credhub_buf_add(buf, head, sizeof(head));
    credhub_buf_add(buf, data, len);
}


/* PKCS#8 whose parameters name P-256, and whose key, in pieces of one byte,
 * spells out a curve. */

static credhub_str_t
in_pieces(EVP_PKEY *key, const char *label)
{
    int           i, len;
    u_char       *der;
    credhub_buf_t pieces, inside, whole, pem;

    static const u_char named[] = { 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07 };

    der = NULL;
    len = i2d_PrivateKey(key, &der);
    assert_true(len > 100);

    credhub_buf_init(&pieces, unit_arena, 0);

    for (i = 0; i < len; i++) {
        add_tlv(&pieces, 0x04, &der[i], 1);
    }

    credhub_buf_init(&inside, unit_arena, 0);
    credhub_buf_add(&inside, named, sizeof(named));
    add_tlv(&inside, 0x24, pieces.data, pieces.len);

    credhub_buf_init(&whole, unit_arena, 0);
    add_tlv(&whole, 0x30, inside.data, inside.len);

    credhub_buf_init(&pem, unit_arena, 0);
    credhub_buf_printf(&pem, "-----BEGIN %s-----\n", label);
    credhub_buf_add_str(
        &pem, credhub_base64(unit_arena, credhub_buf_str(&whole), 1));
    credhub_buf_printf(&pem, "\n-----END %s-----\n", label);

    OPENSSL_free(der);

    return credhub_buf_str(&pem);
}


static void
test_spelled_curve(void **state)
{
    EVP_PKEY       *key, *spelled;
    credhub_str_t   pem;
    credhub_x509_t  x509;
    credhub_error_e rc;

    key = generated("EC", "P-256", OPENSSL_EC_NAMED_CURVE, 0);
    pem = self_signed(key);

    assert_int_equal(credhub_x509_read(unit_arena, pem, &x509), CREDHUB_OK);
    assert_int_equal(x509.profile.self_signed, 1);
    assert_int_equal(
        credhub_x509_key_check(pem, private_pem(key, 1)), CREDHUB_OK);
    assert_int_equal(
        credhub_x509_key_check(pem, private_pem(key, 0)), CREDHUB_OK);
    assert_int_equal(
        credhub_x509_key_check(pem, in_pieces(key, "PRIVATE KEY")), CREDHUB_OK);

    spelled = generated("EC", "P-256", OPENSSL_EC_EXPLICIT_CURVE, 0);

    rc = credhub_x509_read(unit_arena, self_signed(spelled), &x509);
    assert_int_equal(rc, CREDHUB_E_BAD_CERT);
    assert_int_equal(credhub_x509_signed_by(pem, self_signed(spelled)), 0);

    assert_int_equal(credhub_x509_key_check(pem, private_pem(spelled, 1)),
        CREDHUB_E_PRIVATE_KEY);
    assert_int_equal(credhub_x509_key_check(pem, private_pem(spelled, 0)),
        CREDHUB_E_PRIVATE_KEY);
    assert_int_equal(
        credhub_x509_key_check(pem, in_pieces(spelled, "PRIVATE KEY")),
        CREDHUB_E_PRIVATE_KEY);
    assert_int_equal(
        credhub_x509_key_check(pem, in_pieces(spelled, "EC PRIVATE KEY")),
        CREDHUB_E_PRIVATE_KEY);
    assert_int_equal(ERR_peek_error(), 0);

    EVP_PKEY_free(key);
    EVP_PKEY_free(spelled);
}


/* Signatures that hold, some with keys that are not tried. */

static void
test_large_keys(void **state)
{
    size_t         i;
    EVP_PKEY      *key;
    credhub_str_t  pem;
    credhub_x509_t x509;

    static const struct {
        const char *type;
        const char *curve;
        unsigned    exponent;
        unsigned    verifies;
    } rows[] = {
        { "RSA", NULL, 64, 1 },
        { "RSA", NULL, 65, 0 },
        { "RSA-PSS", NULL, 64, 1 },
        { "RSA-PSS", NULL, 65, 0 },
        { "EC", "P-521", 0, 1 },
        { "EC", "sect409r1", 0, 1 },
        { "EC", "sect571r1", 0, 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        key = generated(rows[i].type, rows[i].curve, OPENSSL_EC_NAMED_CURVE,
            rows[i].exponent);
        pem = self_signed(key);

        assert_int_equal(credhub_x509_read(unit_arena, pem, &x509), CREDHUB_OK);
        assert_int_equal(x509.profile.self_signed, rows[i].verifies);
        assert_int_equal(credhub_x509_signed_by(pem, pem), rows[i].verifies);
        assert_int_equal(ERR_peek_error(), 0);

        EVP_PKEY_free(key);
    }
}


/* PKCS#1 of a key with one of its numbers (1: the modulus) replaced. */

static credhub_str_t
pkcs1_with(EVP_PKEY *key, size_t which, const BIGNUM *other)
{
    int           len;
    size_t        i;
    u_char       *der;
    BIGNUM       *number;
    credhub_buf_t numbers, whole, pem;
    ASN1_INTEGER *integer;

    static const char *const names[] = { NULL, OSSL_PKEY_PARAM_RSA_N,
        OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };

    credhub_buf_init(&numbers, unit_arena, 0);
    credhub_buf_add(&numbers, "\x02\x01\x00", 3);

    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
        number = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(key, names[i], &number), 1);

        der = NULL;
        integer = BN_to_ASN1_INTEGER(i == which ? other : number, NULL);
        len = i2d_ASN1_INTEGER(integer, &der);
        credhub_buf_add(&numbers, der, (size_t) len);

        OPENSSL_free(der);
        ASN1_INTEGER_free(integer);
        BN_free(number);
    }

    credhub_buf_init(&whole, unit_arena, 0);
    add_tlv(&whole, 0x30, numbers.data, numbers.len);

    credhub_buf_init(&pem, unit_arena, 0);
    credhub_buf_lit(&pem, "-----BEGIN RSA PRIVATE KEY-----\n");
    credhub_buf_add_str(
        &pem, credhub_base64(unit_arena, credhub_buf_str(&whole), 1));
    credhub_buf_lit(&pem, "\n-----END RSA PRIVATE KEY-----\n");

    return credhub_buf_str(&pem);
}


/* Numbers of a private key that are none of its own: too long ones are refused,
 * with others it cannot sign. */

static void
test_private_numbers(void **state)
{
    size_t                 i;
    BIGNUM                *number;
    EVP_PKEY              *key;
    credhub_str_t          pem, leaf;
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    profile = profile_of("ca");
    profile.is_ca = 1;

    key = generated("RSA", NULL, 0, 0);
    ca.private_key = private_pem(key, 0);
    ca.certificate = issue(&profile, ca.private_key, &nobody);

    number = BN_new();
    leaf = key_of(&p256);

    for (i = 3; i <= 8; i++) {
        assert_int_equal(BN_set_word(number, 1), 1);
        assert_int_equal(BN_lshift(number, number, 2048), 1);

        pem = pkcs1_with(key, i, number);
        assert_int_equal(
            credhub_x509_key_check(ca.certificate, pem), CREDHUB_E_PRIVATE_KEY);

        assert_int_equal(BN_rshift1(number, number), 1);

        pem = pkcs1_with(key, i, number);
        assert_int_equal(
            credhub_x509_key_check(ca.certificate, pem), CREDHUB_OK);
    }

    /* an even modulus, for one of the halves */

    ca.private_key = pkcs1_with(key, 4, number);
    assert_int_equal(
        credhub_x509_issue(unit_arena, &profile, leaf, &ca, NOW, &pem),
        CREDHUB_E_KEY_MISMATCH);
    assert_int_equal(ERR_peek_error(), 0);

    /* of 8193 bits */

    assert_int_equal(BN_set_bit(number, 8192), 1);
    pem = pkcs1_with(key, 1, number);
    assert_int_equal(
        credhub_x509_key_check(ca.certificate, pem), CREDHUB_E_PRIVATE_KEY);

    assert_int_equal(BN_rshift1(number, number), 1);
    pem = pkcs1_with(key, 1, number);
    assert_int_equal(
        credhub_x509_key_check(ca.certificate, pem), CREDHUB_E_KEY_MISMATCH);

    BN_free(number);
    EVP_PKEY_free(key);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelled_curve),
        cmocka_unit_test(test_large_keys),
        cmocka_unit_test(test_private_numbers),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
