
/* What certificates say, and whether they belong together. */

#include "unit_x509.h"

#include <stdio.h>

#include "credhub_text.h"


/* A certificate that OpenSSL makes, with an extension of these bytes. */

static credhub_str_t
made(int nid, const void *bytes, size_t len, unsigned times)
{
    BIO               *bio;
    X509              *x509;
    char              *text;
    long               n;
    EVP_PKEY          *key;
    credhub_str_t      pem;
    X509_EXTENSION    *extension;
    ASN1_OCTET_STRING *octets;

    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    x509 = X509_new();

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), NOW));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), NOW + DAY));
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);

    octets = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(octets, bytes, (int) len);

    while (times-- > 0) {
        extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, octets);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }

    assert_true(X509_sign(x509, key, NULL) > 0);

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    n = BIO_get_mem_data(bio, &text);
    pem = credhub_arena_copy(unit_arena, text, (size_t) n);

    BIO_free(bio);
    ASN1_OCTET_STRING_free(octets);
    X509_free(x509);
    EVP_PKEY_free(key);

    return pem;
}


static void
test_read(void **state)
{
    size_t         i;
    credhub_x509_t x509;

    static const struct {
        const char        *pem;
        credhub_key_type_e type;
        unsigned           bits;
        unsigned           is_ca;
        unsigned           self_signed;
        unsigned           names;
        int64_t            duration;
    } rows[] = {
        { UNIT_ROOT_PEM, CREDHUB_KEY_EC, 256, 1, 1, 0, 7300 },
        { UNIT_LEAF_PEM, CREDHUB_KEY_EC, 384, 0, 0, 1, 7000 },
        { UNIT_V1_PEM, CREDHUB_KEY_RSA, 0, 0, 1, 0, 7000 },
        { UNIT_ED25519_PEM, CREDHUB_KEY_ED25519, 256, 1, 1, 0, 7000 },
        { UNIT_P521_PEM, CREDHUB_KEY_EC, 0, 1, 1, 0, 7000 },
        { UNIT_DSA_PEM, CREDHUB_KEY_RSA, 0, 1, 1, 0, 7000 },
        { UNIT_EXPIRED_PEM, CREDHUB_KEY_EC, 256, 1, 1, 0, 366 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        x509 = read_text(rows[i].pem);

        assert_int_equal(x509.profile.key.bits, rows[i].bits);
        assert_int_equal(x509.profile.key.type, rows[i].type);
        assert_int_equal(x509.profile.is_ca, rows[i].is_ca);
        assert_int_equal(x509.profile.self_signed, rows[i].self_signed);
        assert_int_equal(x509.profile.duration, rows[i].duration);
        assert_int_equal(
            x509.not_after - x509.not_before, rows[i].duration * DAY);
        assert_true(x509.profile.subject.len > 10);
        assert_int_equal(
            x509.profile.alternative_names.len != 0, rows[i].names);
        assert_int_equal(
            x509.profile.extended_key_usage.len != 0, rows[i].names);
    }

    x509 = read_text(UNIT_EXPIRED_PEM);
    assert_int_equal(x509.not_before, 946684800);
    assert_int_equal(x509.not_after, 978307200);
    assert_int_equal(x509.profile.key_usage.len, 0);

    x509 = read_text(UNIT_ROOT_PEM);
    assert_int_equal(x509.profile.key_usage.len, 4);
    assert_memory_equal(x509.profile.key_usage.data, "\x03\x02\x01\x06", 4);

    x509 = read_text(UNIT_LEAF_PEM);
    assert_int_equal(x509.profile.alternative_names.len, 2 + 18 + 6);
}


#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"


static void
test_read_errors(void **state)
{
    size_t         i;
    credhub_str_t  text;
    credhub_x509_t x509;

    static const char *const bad[] = {
        "", "x", BEGIN, BEGIN END, BEGIN "AAAA\n" END, BEGIN "MIIB\n" END,
        BEGIN "!!!!\n" END, "-----BEGIN CERTIFICATE\nMIIB\n" END, UNIT_ROOT_KEY,
        UNIT_ED25519_KEY, BEGIN BEGIN END, BEGIN "\n-----END CERTIFICATE",
        BEGIN UNIT_ROOT_PEM, /* the first one counts */
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_exact(bad[i], strlen(bad[i]));
        assert_int_equal(
            credhub_x509_read(unit_arena, text, &x509), CREDHUB_E_BAD_CERT);
        free(text.data);
        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_int_equal(credhub_x509_read(unit_arena, credhub_null_str, &x509),
        CREDHUB_E_BAD_CERT);
}


/* The text cut anywhere, DER where PEM should be, DER with a byte too many. */

static void
test_read_damaged(void **state)
{
    X509          *parsed;
    size_t         i;
    u_char        *der;
    credhub_str_t  text, more;
    credhub_buf_t  buf;
    credhub_x509_t x509;

    for (i = 0; i < sizeof(UNIT_ED25519_PEM) - 2; i++) {
        text = unit_exact(UNIT_ED25519_PEM, i);
        assert_int_equal(
            credhub_x509_read(unit_arena, text, &x509), CREDHUB_E_BAD_CERT);
        free(text.data);
    }

    der = NULL;
    parsed = parse(unit_str(UNIT_ED25519_PEM));
    text.len = (size_t) i2d_X509(parsed, &der);
    text.data = der;

    assert_int_equal(
        credhub_x509_read(unit_arena, text, &x509), CREDHUB_E_BAD_CERT);

    more = credhub_arena_copy(unit_arena, text.data, text.len);
    more.len++;
    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, BEGIN);
    credhub_buf_add_str(&buf, credhub_base64(unit_arena, more, 1));
    credhub_buf_lit(&buf, "\n" END);

    assert_int_equal(
        credhub_x509_read(unit_arena, credhub_buf_str(&buf), &x509),
        CREDHUB_E_BAD_CERT);

    buf.len = 0;
    credhub_buf_lit(&buf, BEGIN);
    credhub_buf_add_str(&buf, credhub_base64(unit_arena, text, 1));
    credhub_buf_lit(&buf, "\n" END);

    assert_int_equal(
        credhub_x509_read(unit_arena, credhub_buf_str(&buf), &x509),
        CREDHUB_OK);

    OPENSSL_free(der);
    X509_free(parsed);
}


static void
test_unreadable(void **state)
{
    size_t         i;
    credhub_str_t  pem;
    credhub_x509_t x509;

    static const struct {
        int         nid;
        const char *bytes;
        size_t      len;
        unsigned    times;
    } rows[] = {
        { NID_subject_alt_name, "\x30\x05\x82\x01", 4, 1 },
        { NID_subject_alt_name, "\x30\x03\x82\x01\x61\x00", 6, 1 },
        { NID_subject_alt_name, "\x30\x03\x82\x01\x61", 5, 2 },
        { NID_subject_alt_name, "", 0, 1 },
        { NID_key_usage, "\x04\x01\x00", 3, 1 },
        { NID_ext_key_usage, "\x30\x01\x00", 3, 1 },
        { NID_basic_constraints, "\x31\x00", 2, 1 },
        { NID_basic_constraints, "\x30\x00", 2, 2 },
    };

    pem = made(NID_subject_alt_name, "\x30\x03\x82\x01\x61", 5, 1);
    assert_int_equal(credhub_x509_read(unit_arena, pem, &x509), CREDHUB_OK);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pem = made(rows[i].nid, rows[i].bytes, rows[i].len, rows[i].times);
        assert_int_equal(credhub_x509_read(unit_arena, pem, &x509),
            CREDHUB_E_UNREADABLE_CERT);
        assert_int_equal(ERR_peek_error(), 0);
    }
}


/* What tools leave around and inside of the first certificate. */

static void
test_tolerance(void **state)
{
    size_t         i, len;
    char          *p, *text;
    credhub_x509_t x509, want;

    static const char pem[] = UNIT_ED25519_PEM;

    static const char *const around[][2] = {
        { "", "" },
        { "garbage\n", "" },
        { "subject=CN = x\n-----BEGIN\n", "trailing -----END X-----\n" },
        { UNIT_ED25519_KEY, UNIT_ROOT_PEM },
        { "", UNIT_LEAF_PEM "\n\n" },
        { " \t\r\n", BEGIN "!!\n" },
    };

    want = read_text(UNIT_ED25519_PEM);
    text = malloc(8192);

    for (i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        snprintf(
            text, 8192, "%s" UNIT_ED25519_PEM "%s", around[i][0], around[i][1]);
        x509 = read_text(text);
        assert_true(credhub_str_eq(x509.profile.subject, want.profile.subject));
    }

    /* text behind the label; headers; CRLF; one long line */

    len = strlen(BEGIN);

    snprintf(
        text, 8192, "-----BEGIN CERTIFICATE----- of: somebody\n%s", pem + len);
    (void) read_text(text);

    snprintf(text, 8192, BEGIN "Name: a\n Serial: 1\r\n\r\n%s", pem + len);
    (void) read_text(text);

    for (i = 0, p = text; pem[i] != '\0'; i++) {
        if (pem[i] == '\n') {
            *p++ = ' ';
            *p++ = '\r';
        }

        *p++ = pem[i];
    }

    *p = '\0';
    (void) read_text(text);

    for (i = 0, p = text; pem[i] != '\0'; i++) {
        if (pem[i] != '\n' || i == len - 1) {
            *p++ = pem[i];
        }
    }

    *p = '\0';
    (void) read_text(text);

    free(text);
}


static void
test_signed_by(void **state)
{
    size_t i;

    static const struct {
        const char *pem;
        const char *ca;
        int         is;
    } rows[] = {
        { UNIT_LEAF_PEM, UNIT_ROOT_PEM, 1 },
        { UNIT_LEAF_PEM UNIT_ROOT_PEM, UNIT_ROOT_PEM UNIT_LEAF_PEM, 1 },
        { UNIT_LEAF_PEM, UNIT_LEAF_PEM, 0 },
        { UNIT_ROOT_PEM, UNIT_ROOT_PEM, 1 },
        { UNIT_ROOT_PEM, UNIT_LEAF_PEM, 0 },
        { UNIT_V1_PEM, UNIT_V1_PEM, 1 },
        { UNIT_DSA_PEM, UNIT_DSA_PEM, 1 },
        { UNIT_EXPIRED_PEM, UNIT_EXPIRED_PEM, 1 },
        { UNIT_LEAF_PEM, "", 0 },
        { "", UNIT_ROOT_PEM, 0 },
        { UNIT_LEAF_PEM, UNIT_ROOT_KEY, 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_x509_signed_by(unit_str(rows[i].pem), unit_str(rows[i].ca)),
            rows[i].is);
        assert_int_equal(ERR_peek_error(), 0);
    }
}


#define CURVE        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
#define END_OF_CURVE "-----END EC PARAMETERS-----\n"


static void
test_key_check(void **state)
{
    size_t i;

    static const char wrong[] =
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
    static const char pkcs8[] =
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

    static const struct {
        const char     *pem;
        const char     *key;
        credhub_error_e rc;
    } rows[] = {
        { UNIT_ROOT_PEM, UNIT_ROOT_KEY, CREDHUB_OK },
        { UNIT_LEAF_PEM, UNIT_LEAF_KEY, CREDHUB_OK },
        { UNIT_V1_PEM, UNIT_V1_KEY, CREDHUB_OK },
        { UNIT_V1_PEM, "x\n" UNIT_V1_KEY "y", CREDHUB_OK },
        { UNIT_V1_PEM, UNIT_V1_KEY_PKCS8, CREDHUB_OK },
        { UNIT_ED25519_PEM, UNIT_ED25519_KEY, CREDHUB_OK },
        { UNIT_EXPIRED_PEM, UNIT_EXPIRED_KEY, CREDHUB_OK },
        { UNIT_ROOT_PEM, CURVE END_OF_CURVE UNIT_ROOT_KEY, CREDHUB_OK },
        { UNIT_ROOT_PEM, CURVE UNIT_ROOT_KEY, CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_ROOT_PEM, CURVE CURVE, CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_ROOT_PEM, UNIT_LEAF_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_ROOT_PEM, UNIT_V1_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_ROOT_PEM, UNIT_EXPIRED_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_V1_PEM, UNIT_ED25519_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_DSA_PEM, UNIT_DSA_KEY, CREDHUB_E_PRIVATE_KEY },
        { UNIT_DSA_PEM, UNIT_DSA_KEY_PKCS8, CREDHUB_E_PRIVATE_KEY },
        { UNIT_P521_PEM, UNIT_P521_KEY, CREDHUB_E_PRIVATE_KEY },
        { UNIT_V1_PEM, UNIT_X25519_KEY, CREDHUB_E_PRIVATE_KEY },
        { UNIT_V1_PEM, UNIT_V1_KEY_ENCRYPTED, CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, UNIT_V1_KEY_ENCRYPTED_PKCS8,
            CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, "", CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, "not a key", CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, UNIT_V1_PEM, CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM,
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
            "-----END OPENSSH PRIVATE KEY-----\n",
            CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, wrong, CREDHUB_E_PRIVATE_KEY_PEM },
        { UNIT_V1_PEM, pkcs8, CREDHUB_E_PRIVATE_KEY_PEM },
        { UNIT_V1_PEM, "-----BEGIN EC PRIVATE KEY-----\n",
            CREDHUB_E_PRIVATE_KEY_PEM },
        { UNIT_V1_PEM,
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            CREDHUB_E_PRIVATE_KEY_PEM },
        { "", UNIT_V1_KEY, CREDHUB_E_BAD_CERT },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(credhub_x509_key_check(
                             unit_str(rows[i].pem), unit_str(rows[i].key)),
            rows[i].rc);
        assert_int_equal(ERR_peek_error(), 0);
    }
}


static void
test_same(void **state)
{
    size_t                 i;
    credhub_x509_profile_t one, two;

    static const struct {
        const char *one;
        const char *two;
        int         same;
    } subjects[] = {
        { "a", "a", 1 },
        { "Some Name", "sOME nAME", 1 },
        { "a", "b", 0 },
        { "a", "aa", 0 },
        { "a\xc3\xa4", "A\xc3\xa4", 1 },
    };

    credhub_x509_subject_t subject;

    for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        one = profile_of(subjects[i].one);
        two = profile_of(subjects[i].two);
        two.duration = 1;

        assert_int_equal(credhub_x509_same(&one, &two), subjects[i].same);
        assert_int_equal(credhub_x509_same(&two, &one), subjects[i].same);
    }

    /* "/C=DE/CN=leaf.example.com": another order than ours */

    one = read_text(UNIT_LEAF_PEM).profile;

    memset(&subject, 0, sizeof(subject));
    subject.common_name = credhub_str("Leaf.Example.Com");
    subject.country = credhub_str("de");

    two = one;
    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &two.subject), CREDHUB_OK);
    assert_false(credhub_str_eq(one.subject, two.subject));
    assert_true(credhub_x509_same(&one, &two));

    /* the same values in other places, and one place less */

    subject.common_name = credhub_str("de");
    subject.country = credhub_str("leaf.example.com");
    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &two.subject), CREDHUB_OK);
    assert_false(credhub_x509_same(&one, &two));

    subject.common_name = credhub_str("leaf.example.com");
    subject.country = credhub_null_str;
    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &two.subject), CREDHUB_OK);
    assert_false(credhub_x509_same(&one, &two));

    two.subject = credhub_str("\x30\x05");
    assert_false(credhub_x509_same(&one, &two));
    two.subject = credhub_null_str;
    assert_false(credhub_x509_same(&two, &two));
}


static void
test_not_same(void **state)
{
    size_t                 i;
    credhub_x509_profile_t one, two;

    static const size_t values[] = {
        offsetof(credhub_x509_profile_t, alternative_names),
        offsetof(credhub_x509_profile_t, key_usage),
        offsetof(credhub_x509_profile_t, extended_key_usage),
    };

    one = read_text(UNIT_LEAF_PEM).profile;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        two = one;
        *(credhub_str_t *) ((u_char *) &two + values[i]) = credhub_null_str;
        assert_false(credhub_x509_same(&one, &two));
    }

    two = one;
    two.is_ca = 1;
    assert_false(credhub_x509_same(&one, &two));

    two = one;
    two.self_signed = 1;
    assert_false(credhub_x509_same(&one, &two));

    two = one;
    two.key = p256;
    assert_false(credhub_x509_same(&one, &two));

    two.key.bits = 384;
    assert_true(credhub_x509_same(&one, &two));

    two.key = ed25519;
    one.key = p256;
    assert_false(credhub_x509_same(&one, &two));
}


/* Whenever memory runs out there is an error, or the right answer. */

static void
test_without_memory(void **state)
{
    int                    failed;
    long                   i;
    credhub_str_t          pem;
    credhub_x509_t         x509;
    credhub_error_e        rc;
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    unit_need_memory_hooks();

    ca.certificate = credhub_str(UNIT_ROOT_PEM);
    ca.private_key = credhub_str(UNIT_ROOT_KEY);
    profile = profile_of("leaf");

    for (i = 0, failed = 0; i < 400; i++) {
        unit_malloc_left = i;
        rc = credhub_x509_read(unit_arena, unit_str(UNIT_LEAF_PEM), &x509);
        unit_malloc_left = -1;
        failed += (rc != CREDHUB_OK);

        unit_malloc_left = i;
        rc = credhub_x509_issue(
            unit_arena, &profile, ca.private_key, &ca, NOW, &pem);
        unit_malloc_left = -1;
        failed += (rc != CREDHUB_OK);

        if (rc == CREDHUB_OK) {
            assert_true(credhub_x509_signed_by(pem, ca.certificate));
        }

        unit_malloc_left = i;
        (void) credhub_x509_same(&profile, &profile);
        (void) credhub_x509_signed_by(unit_str(UNIT_LEAF_PEM), ca.certificate);
        unit_malloc_left = -1;

        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_true(failed > 200);
    (void) read_text(UNIT_LEAF_PEM);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_errors),
        cmocka_unit_test(test_read_damaged),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_tolerance),
        cmocka_unit_test(test_signed_by),
        cmocka_unit_test(test_key_check),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_not_same),
        cmocka_unit_test(test_without_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
