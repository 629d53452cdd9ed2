
/* Certificates as clients give them, and how they stand in a version. */

#include "unit_x509.h"

#include <stdio.h>

#include "credhub_certificate.h"
#include "credhub_json.h"


static credhub_str_t
checked(const char *json)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(unit_arena, unit_str(json), &value), CREDHUB_OK);

    return value;
}


/* {"certificate":...,"private_key":...,"ca":...,"ca_name":...}; NULL: absent */

static credhub_str_t
value_of(const char *certificate, const char *key, const char *ca,
    const char *ca_name)
{
    size_t        i;
    credhub_buf_t buf;
    credhub_str_t value;

    const char *const members[][2] = { { "certificate", certificate },
        { "private_key", key }, { "ca", ca }, { "ca_name", ca_name } };

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "{\"generated\":true");

    for (i = 0; i < 4; i++) {
        if (members[i][1] != NULL) {
            credhub_buf_printf(&buf, ",\"%s\":", members[i][0]);
            credhub_json_add_string(&buf, unit_str(members[i][1]));
        }
    }

    credhub_buf_lit(&buf, "}");

    assert_int_equal(
        credhub_json_check(unit_arena, credhub_buf_str(&buf), &value),
        CREDHUB_OK);

    return value;
}


static void
test_value(void **state)
{
    credhub_str_t         detail;
    credhub_x509_t        x509;
    credhub_certificate_t certificate;

    assert_int_equal(
        credhub_certificate_value(unit_arena,
            value_of(UNIT_LEAF_PEM, UNIT_LEAF_KEY, UNIT_ROOT_PEM, ""),
            &certificate, &x509, &detail),
        CREDHUB_OK);

    unit_assert_str(certificate.certificate, UNIT_LEAF_PEM);
    unit_assert_str(certificate.private_key, UNIT_LEAF_KEY);
    unit_assert_str(certificate.ca, UNIT_ROOT_PEM);
    assert_int_equal(certificate.ca_name.len, 0);
    assert_int_equal(x509.profile.is_ca, 0);
    assert_int_equal(x509.profile.self_signed, 0);
    assert_int_equal(x509.profile.key.bits, 384);

    assert_int_equal(credhub_certificate_value(unit_arena,
                         value_of(UNIT_LEAF_PEM, "", "", "ca"), &certificate,
                         &x509, &detail),
        CREDHUB_OK);

    unit_assert_str(certificate.ca_name, "ca");
    assert_int_equal(certificate.ca.len, 0);
    assert_int_equal(certificate.private_key.len, 0);

    /* as it was sent, with all that is around it */

    assert_int_equal(
        credhub_certificate_value(unit_arena,
            value_of("a\n" UNIT_ROOT_PEM UNIT_LEAF_PEM "b", NULL, NULL, NULL),
            &certificate, &x509, &detail),
        CREDHUB_OK);

    unit_assert_str(
        certificate.certificate, "a\n" UNIT_ROOT_PEM UNIT_LEAF_PEM "b");
    assert_int_equal(x509.profile.is_ca, 1);
    assert_int_equal(x509.profile.self_signed, 1);
}


static void
test_value_errors(void **state)
{
    char                  long_text[CREDHUB_X509_PEM_MAX + 2];
    char                  longest[CREDHUB_X509_PEM_MAX + 1];
    size_t                i, len;
    credhub_str_t         detail;
    credhub_x509_t        x509;
    credhub_certificate_t certificate;

    const struct {
        const char     *certificate;
        const char     *key;
        const char     *ca;
        const char     *ca_name;
        credhub_error_e rc;
    } rows[] = {
        { NULL, NULL, NULL, NULL, CREDHUB_E_NO_CERT_FIELDS },
        { "", "", "", "", CREDHUB_E_NO_CERT_FIELDS },
        { "", "", "", "/ca", CREDHUB_E_NO_CERT_FIELDS },
        { NULL, UNIT_ROOT_KEY, NULL, NULL, CREDHUB_E_NEED_CERT },
        { "", UNIT_ROOT_KEY, UNIT_ROOT_PEM, "", CREDHUB_E_NEED_CERT },
        { NULL, UNIT_ROOT_KEY, NULL, "/ca", CREDHUB_E_NEED_CERT },
        { UNIT_LEAF_PEM, NULL, UNIT_ROOT_PEM, "/ca", CREDHUB_E_CA_AND_CA_NAME },
        { "x", NULL, "x", "x", CREDHUB_E_CA_AND_CA_NAME },
        { long_text, NULL, NULL, NULL, CREDHUB_E_CERT_LONG },
        { UNIT_LEAF_PEM, NULL, long_text, NULL, CREDHUB_E_CERT_LONG },
        { longest, NULL, NULL, NULL, CREDHUB_OK },
        { "x", NULL, NULL, NULL, CREDHUB_E_BAD_CERT },
        { UNIT_LEAF_KEY, NULL, NULL, NULL, CREDHUB_E_BAD_CERT },
        { UNIT_ROOT_PEM UNIT_ROOT_KEY, NULL, NULL, NULL, CREDHUB_E_BAD_CERT },
        { UNIT_V1_KEY UNIT_V1_PEM, NULL, NULL, NULL, CREDHUB_E_BAD_CERT },
        { UNIT_LEAF_PEM, NULL, UNIT_ROOT_PEM UNIT_ROOT_KEY, NULL,
            CREDHUB_E_BAD_CA },
        { UNIT_LEAF_PEM, NULL, UNIT_EXPIRED_PEM, NULL,
            CREDHUB_E_NOT_SIGNED_BY_CA },
        { UNIT_LEAF_PEM, NULL, UNIT_LEAF_PEM, NULL,
            CREDHUB_E_NOT_SIGNED_BY_CA },
        { UNIT_LEAF_PEM, NULL, "x", NULL, CREDHUB_E_BAD_CA },
        { UNIT_V1_PEM, NULL, UNIT_V1_PEM "\n", NULL, CREDHUB_OK },
        { UNIT_V1_PEM, NULL, "CA:\n" UNIT_V1_PEM, NULL, CREDHUB_E_BAD_CA },
        { UNIT_ROOT_PEM, NULL, "CA:\n" UNIT_ROOT_PEM, NULL, CREDHUB_OK },
        { UNIT_EXPIRED_PEM, UNIT_EXPIRED_KEY, NULL, NULL, CREDHUB_OK },
        { UNIT_P521_PEM, NULL, NULL, NULL, CREDHUB_OK },
        { UNIT_DSA_PEM, NULL, UNIT_DSA_PEM, NULL, CREDHUB_OK },
        { UNIT_DSA_PEM, UNIT_DSA_KEY, NULL, NULL, CREDHUB_E_PRIVATE_KEY },
        { UNIT_V1_PEM, UNIT_V1_KEY_ENCRYPTED, NULL, NULL,
            CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM, UNIT_V1_PEM, NULL, NULL, CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_V1_PEM,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            NULL, NULL, CREDHUB_E_PRIVATE_KEY_PEM },
        { UNIT_V1_PEM, UNIT_ROOT_KEY, NULL, NULL, CREDHUB_E_KEY_MISMATCH },
    };

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';

    memset(longest, '\n', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    len = strlen(UNIT_LEAF_PEM);
    memcpy(longest + sizeof(longest) - 1 - len, UNIT_LEAF_PEM, len);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(credhub_certificate_value(unit_arena,
                             value_of(rows[i].certificate, rows[i].key,
                                 rows[i].ca, rows[i].ca_name),
                             &certificate, &x509, &detail),
            rows[i].rc);
        assert_int_equal(ERR_peek_error(), 0);
    }
}


static void
test_value_binds(void **state)
{
    size_t                i;
    credhub_str_t         detail;
    credhub_x509_t        x509;
    credhub_certificate_t certificate;

    static const struct {
        const char     *json;
        credhub_error_e rc;
    } rows[] = {
        { "{}", CREDHUB_E_NO_CERT_FIELDS },
        { "null", CREDHUB_E_NO_VALUE },
        { "\"x\"", CREDHUB_E_BAD_REQUEST },
        { "[]", CREDHUB_E_BAD_REQUEST },
        { "{\"ca\":{}}", CREDHUB_E_BAD_REQUEST },
        { "{\"certificate\":[]}", CREDHUB_E_BAD_REQUEST },
        { "{\"certificate\":null,\"private_key\":null,\"ca\":null,"
          "\"ca_name\":null}",
            CREDHUB_E_NO_CERT_FIELDS },
        { "{\"transitional\":true,\"certificate_authority\":1,"
          "\"self_signed\":[],\"generated\":null,\"expiry_date\":\"x\","
          "\"chain\":\"\"}",
            CREDHUB_E_NO_CERT_FIELDS },
        { "{\"certificate\":7}", CREDHUB_E_BAD_CERT },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_certificate_value(unit_arena, checked(rows[i].json),
                &certificate, &x509, &detail),
            rows[i].rc);
    }

    assert_int_equal(credhub_certificate_value(unit_arena,
                         checked("{\"certificate\":\"x\",\"Ca\":\"\"}"),
                         &certificate, &x509, &detail),
        CREDHUB_E_UNKNOWN_KEY);
    unit_assert_str(detail, "Ca");
}


/* printf "$PEM" | sha256sum */

#define SHA256_ABC                                                             \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define FACTS(ca, self, generated)                                             \
    ",\"expiry_date\":\"2001-01-01T00:00:00Z\",\"certificate_authority\":" ca  \
    ",\"self_signed\":" self ",\"generated\":" generated


static void
test_write(void **state)
{
    credhub_x509_t        x509;
    credhub_content_t     content;
    credhub_version_t     version;
    credhub_certificate_t certificate, read;

    memset(&version, 0, sizeof(version));
    memset(&content, 0x55, sizeof(content));
    memset(&certificate, 0, sizeof(certificate));

    x509 = read_text(UNIT_EXPIRED_PEM);

    certificate.ca = credhub_str("\"ca\"\n");
    certificate.certificate = credhub_str("abc");
    certificate.private_key = credhub_str("\\k\n");

    assert_int_equal(credhub_certificate_write(unit_arena, &certificate, &x509,
                         1, &content, &version),
        CREDHUB_OK);

    unit_assert_str(version.head,
        "{\"ca\":\"\\\"ca\\\"\\n\",\"certificate\":\"abc\",\"private_key\":");
    unit_assert_str(version.tail, "}");
    unit_assert_str(content.head, (char *) version.head.data);
    unit_assert_str(content.secret, "\"\\\\k\\n\"");
    unit_assert_str(content.tail, "}");
    assert_int_equal(content.params.len, 0);
    unit_assert_str(version.facts, FACTS("true", "true", "true"));
    unit_assert_str(version.digest, SHA256_ABC);
    assert_int_equal(version.issuer.len, 64);
    assert_int_equal(version.expires, 978307200000000);
    assert_int_equal(version.signer.len, 0);

    assert_int_equal(
        credhub_certificate_read(unit_arena, version.head, &read), CREDHUB_OK);
    assert_true(credhub_str_eq(read.ca, certificate.ca));
    unit_assert_str(read.certificate, "abc");
    assert_int_equal(read.private_key.len, 0);
}


static void
test_write_without_key(void **state)
{
    credhub_x509_t        x509;
    credhub_content_t     content;
    credhub_version_t     version;
    credhub_certificate_t certificate, read;

    memset(&version, 0, sizeof(version));
    memset(&certificate, 0, sizeof(certificate));

    x509 = read_text(UNIT_EXPIRED_PEM);
    x509.profile.is_ca = 0;
    x509.profile.self_signed = 0;
    certificate.certificate = credhub_str("abc");

    assert_int_equal(credhub_certificate_write(unit_arena, &certificate, &x509,
                         0, &content, &version),
        CREDHUB_OK);

    unit_assert_str(version.head,
        "{\"ca\":null,\"certificate\":\"abc\",\"private_key\":null}");
    assert_int_equal(version.tail.len, 0);
    assert_int_equal(content.secret.len, 0);
    assert_int_equal(version.issuer.len, 0);
    unit_assert_str(version.facts, FACTS("false", "false", "false"));

    assert_int_equal(
        credhub_certificate_read(unit_arena, version.head, &read), CREDHUB_OK);
    assert_int_equal(read.ca.len, 0);
    unit_assert_str(read.certificate, "abc");
}


/* The sum of the parts is limited; a CA that is the certificate counts once. */

static void
test_write_size(void **state)
{
    credhub_str_t         text;
    credhub_x509_t        x509;
    credhub_content_t     content;
    credhub_version_t     version;
    credhub_certificate_t certificate;

    memset(&version, 0, sizeof(version));
    x509 = read_text(UNIT_EXPIRED_PEM);

    text.len = CREDHUB_VALUE_MAX - 1;
    text.data = credhub_arena_bytes(unit_arena, text.len + 1);
    memset(text.data, 'x', text.len + 1);

    certificate.certificate = text;
    certificate.ca = text;
    certificate.private_key = credhub_str("k");
    certificate.ca_name = credhub_null_str;

    assert_int_equal(credhub_certificate_write(unit_arena, &certificate, &x509,
                         1, &content, &version),
        CREDHUB_OK);

    certificate.ca = credhub_str("c");
    assert_int_equal(credhub_certificate_write(unit_arena, &certificate, &x509,
                         1, &content, &version),
        CREDHUB_E_TOO_LARGE);

    certificate.ca = credhub_null_str;
    certificate.private_key = credhub_str("kk");
    assert_int_equal(credhub_certificate_write(unit_arena, &certificate, &x509,
                         1, &content, &version),
        CREDHUB_E_TOO_LARGE);
}


static void
test_read_damaged_head(void **state)
{
    size_t                i;
    credhub_certificate_t certificate;

    static const char *const heads[] = { "", "{", "{}", "null", "{\"ca\":null}",
        "{\"certificate\":\"x\",\"ca\":null}",
        "{\"ca\":1,\"certificate\":\"x\"}",
        "{\"public_key\":\"x\",\"private_key\":" };

    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        assert_int_equal(credhub_certificate_read(
                             unit_arena, unit_str(heads[i]), &certificate),
            CREDHUB_E_INTERNAL);
    }
}


static void
test_extra(void **state)
{
    credhub_str_t extra;

    assert_int_equal(
        credhub_certificate_extra(unit_arena, 0, 365, &rsa_2048, &extra),
        CREDHUB_OK);
    unit_assert_str(extra, ",\"duration_overridden\":false,"
                           "\"duration_used\":365,\"key_length\":2048");

    assert_int_equal(
        credhub_certificate_extra(unit_arena, 1, 40000, &ed25519, &extra),
        CREDHUB_OK);
    unit_assert_str(extra, ",\"duration_overridden\":true,"
                           "\"duration_used\":40000,\"key_length\":256");
}


static void
test_concatenate(void **state)
{
    size_t i;

    static const char *const rows[][3] = {
        { "a\n", "b\n", "a\nb\n" },
        { "a", "b", "a\nb\n" },
        { " \r\n\ta \n\n", "\nb c\r\n", "a\nb c\n" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_str(credhub_certificate_concatenate(unit_arena,
                            unit_str(rows[i][0]), unit_str(rows[i][1])),
            rows[i][2]);
    }
}


static void
test_without_memory(void **state)
{
    long                  i;
    int                   failed;
    credhub_str_t         value, detail;
    credhub_x509_t        x509;
    credhub_arena_t      *arena;
    credhub_error_e       rc;
    credhub_content_t     content;
    credhub_version_t     version;
    credhub_certificate_t certificate;

    unit_need_memory_hooks();

    value = value_of(UNIT_LEAF_PEM, UNIT_LEAF_KEY, UNIT_ROOT_PEM, NULL);

    for (i = 0, failed = 0; i < 600; i++) {
        arena = credhub_arena_create(64);
        memset(&version, 0, sizeof(version));

        unit_malloc_left = i;

        rc = credhub_certificate_value(
            arena, value, &certificate, &x509, &detail);

        if (rc == CREDHUB_OK) {
            rc = credhub_certificate_write(
                arena, &certificate, &x509, 0, &content, &version);
        }

        unit_malloc_left = -1;

        failed += (rc != CREDHUB_OK);

        if (rc == CREDHUB_OK) {
            assert_int_equal(version.digest.len, 64);
            assert_int_equal(version.issuer.len, 64);
            assert_true(content.secret.len > 300);
        }

        credhub_arena_destroy(arena);
        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_true(failed > 10);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_value_errors),
        cmocka_unit_test(test_value_binds),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_without_key),
        cmocka_unit_test(test_write_size),
        cmocka_unit_test(test_read_damaged_head),
        cmocka_unit_test(test_extra),
        cmocka_unit_test(test_concatenate),
        cmocka_unit_test(test_without_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
