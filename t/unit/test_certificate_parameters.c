
/* The parameters that a certificate is generated from. */

#include "unit_x509.h"

#include <stdio.h>

#include "credhub_certificate.h"
#include "credhub_json.h"


static credhub_error_e
bind(const char *json, credhub_x509_profile_t *profile, credhub_str_t *ca,
    credhub_str_t *detail)
{
    credhub_str_t   value;
    credhub_error_e rc;

    *detail = credhub_null_str;

    assert_int_equal(
        credhub_json_check(unit_arena, unit_str(json), &value), CREDHUB_OK);

    rc = credhub_certificate_parameters(unit_arena, value, profile, ca, detail);

    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static void
test_defaults(void **state)
{
    credhub_str_t          ca, detail;
    credhub_x509_profile_t profile;

    memset(&profile, 0x55, sizeof(profile));

    assert_int_equal(bind("{\"common_name\":\"a\",\"self_sign\":true}",
                         &profile, &ca, &detail),
        CREDHUB_OK);

    assert_int_equal(profile.key.type, CREDHUB_KEY_RSA);
    assert_int_equal(profile.key.bits, 2048);
    assert_int_equal(profile.duration, 365);
    assert_int_equal(profile.is_ca, 0);
    assert_int_equal(profile.self_signed, 1);
    assert_int_equal(profile.alternative_names.len, 0);
    assert_int_equal(profile.key_usage.len, 0);
    assert_int_equal(profile.extended_key_usage.len, 0);
    assert_int_equal(ca.len, 0);
    assert_true(credhub_str_eq(profile.subject, profile_of("a").subject));
}


static void
test_all(void **state)
{
    credhub_str_t          ca, detail;
    credhub_x509_profile_t profile;

    assert_int_equal(
        bind("{\"common_name\":\"a\",\"organization\":\"b\","
             "\"organization_unit\":\"c\",\"locality\":\"d\",\"state\":\"e\","
             "\"country\":\"f\",\"alternative_names\":[\"x.y\",\"1.2.3.4\"],"
             "\"key_usage\":[\"crl_sign\",\"key_cert_sign\"],"
             "\"extended_key_usage\":[\"server_auth\"],\"key_length\":\"384\","
             "\"key_type\":\"EC\",\"key_curve\":\"P-384\","
             "\"duration\":\"3650\",\"ca\":\"my-ca\",\"is_ca\":\"true\","
             "\"self_sign\":false}",
            &profile, &ca, &detail),
        CREDHUB_OK);

    assert_int_equal(profile.key.type, CREDHUB_KEY_EC);
    assert_int_equal(profile.key.bits, 384);
    assert_int_equal(profile.duration, 3650);
    assert_int_equal(profile.is_ca, 1);
    assert_int_equal(profile.self_signed, 0);
    unit_assert_str(ca, "my-ca");

    /* six attributes, CN first and L last */

    assert_int_equal(profile.subject.len, 2 + 6 * 12);
    assert_memory_equal(profile.subject.data + 10,
        "\x03\x13\x01"
        "a",
        4);
    assert_memory_equal(profile.subject.data + 70,
        "\x07\x13\x01"
        "d",
        4);

    assert_int_equal(profile.alternative_names.len, 2 + 5 + 6);
    assert_memory_equal(profile.key_usage.data, "\x03\x02\x01\x06", 4);
    assert_int_equal(profile.extended_key_usage.len, 12);
}


#define A "\"common_name\":\"a\","
#define S "\"self_sign\":true,"


static void
test_rules(void **state)
{
    size_t                 i;
    credhub_str_t          ca, detail;
    credhub_error_e        rc;
    credhub_x509_profile_t profile;

    static const struct {
        const char     *json;
        credhub_error_e rc;
    } rows[] = {
        { "null", CREDHUB_E_NO_CERT_PARAMS },
        { "[]", CREDHUB_E_BAD_REQUEST },
        { "\"x\"", CREDHUB_E_BAD_REQUEST },
        { "{}", CREDHUB_E_NO_SUBJECT },
        { "{" S "\"common_name\":\"\",\"state\":null}", CREDHUB_E_NO_SUBJECT },
        { "{" S "\"country\":\"DE\"}", CREDHUB_OK },
        { "{" S "\"common_name\":5}", CREDHUB_OK },
        { "{" S "\"common_name\":[]}", CREDHUB_E_BAD_REQUEST },

        { "{\"common_name\":\"a\"}", CREDHUB_E_NO_SIGNER },
        { "{" A "\"ca\":\"\",\"is_ca\":false}", CREDHUB_E_NO_SIGNER },
        { "{" A "\"ca\":null,\"self_sign\":\"false\"}", CREDHUB_E_NO_SIGNER },
        { "{" A "\"ca\":\"\",\"self_sign\":true}", CREDHUB_OK },
        { "{" A "\"is_ca\":true}", CREDHUB_OK },
        { "{" A "\"is_ca\":true,\"self_sign\":true}", CREDHUB_OK },
        { "{" A "\"ca\":\"/c\"}", CREDHUB_OK },
        { "{" A "\"ca\":\"/c\",\"is_ca\":true}", CREDHUB_OK },
        { "{" A S "\"ca\":\"/c\"}", CREDHUB_E_CA_AND_SELF_SIGN },
        { "{" A S "\"ca\":\"/c\",\"is_ca\":true}", CREDHUB_E_CA_AND_SELF_SIGN },

        { "{" A S "\"duration\":1}", CREDHUB_OK },
        { "{" A S "\"duration\":3650}", CREDHUB_OK },
        { "{" A S "\"duration\":0}", CREDHUB_E_DURATION },
        { "{" A S "\"duration\":-1}", CREDHUB_E_DURATION },
        { "{" A S "\"duration\":3651}", CREDHUB_E_DURATION },
        { "{" A S "\"duration\":4294967297}", CREDHUB_E_DURATION },
        { "{" A S "\"duration\":1.5}", CREDHUB_E_BAD_REQUEST },

        { "{" A S "\"key_length\":0}", CREDHUB_OK },
        { "{" A S "\"key_length\":4096}", CREDHUB_OK },
        { "{" A S "\"key_length\":1024}", CREDHUB_E_KEY_LENGTH },
        { "{" A S "\"key_type\":\"dsa\"}", CREDHUB_E_KEY_TYPE },
        { "{" A S "\"key_type\":\"ec\",\"key_curve\":\"P-521\"}",
            CREDHUB_E_KEY_CURVE },
        { "{" A S "\"key_type\":null,\"key_curve\":null}", CREDHUB_OK },

        { "{" A S "\"duration\":null}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"key_length\":null}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"is_ca\":null}", CREDHUB_E_BAD_REQUEST },
        { "{" A "\"self_sign\":null}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"is_ca\":1}", CREDHUB_E_BAD_REQUEST },

        { "{" A S "\"alternative_names\":[],\"key_usage\":[],"
          "\"extended_key_usage\":[]}",
            CREDHUB_OK },
        { "{" A S "\"alternative_names\":null,\"key_usage\":null,"
          "\"extended_key_usage\":null}",
            CREDHUB_OK },
        { "{" A S "\"alternative_names\":\"a.b\"}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"alternative_names\":[null]}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"alternative_names\":[[]]}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"key_usage\":{}}", CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"extended_key_usage\":\"client_auth\"}",
            CREDHUB_E_BAD_REQUEST },
        { "{" A S "\"extended_key_usage\":[{}]}", CREDHUB_E_BAD_REQUEST },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = bind(rows[i].json, &profile, &ca, &detail);
        assert_int_equal(rc, rows[i].rc);

        if (rc == CREDHUB_OK) {
            assert_int_equal(profile.self_signed, ca.len == 0);
            assert_int_equal(profile.alternative_names.len, 0);
            assert_int_equal(profile.key_usage.len, 0);
            assert_int_equal(profile.extended_key_usage.len, 0);
        }
    }

    assert_int_equal(credhub_certificate_parameters(
                         unit_arena, credhub_null_str, &profile, &ca, &detail),
        CREDHUB_E_NO_CERT_PARAMS);
}


static void
test_details(void **state)
{
    size_t                 i;
    credhub_str_t          ca, detail;
    credhub_x509_profile_t profile;

    static const struct {
        const char     *json;
        credhub_error_e rc;
        const char     *detail;
    } rows[] = {
        { "{" A S "\"mode\":\"x\"}", CREDHUB_E_UNKNOWN_KEY, "mode" },
        { "{" A S "\"alternative_names\":[\"a.b\",\"b@c\",\"d e\"]}",
            CREDHUB_E_ALT_NAME, "b@c" },
        { "{" A S "\"alternative_names\":[12]}", CREDHUB_E_ALT_NAME, "12" },
        { "{" A S "\"key_usage\":[\"crl_sign\",\"x\"]}", CREDHUB_E_KEY_USAGE,
            "x" },
        { "{" A S "\"key_usage\":[true]}", CREDHUB_E_KEY_USAGE, "true" },
        { "{" A S "\"extended_key_usage\":[\"y\"]}", CREDHUB_E_EXT_KEY_USAGE,
            "y" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            bind(rows[i].json, &profile, &ca, &detail), rows[i].rc);
        unit_assert_str(detail, rows[i].detail);
    }
}


/* Characters are counted, not bytes. */

static void
test_limits(void **state)
{
    char                   json[2048], text[1024];
    size_t                 i, n, wide;
    credhub_str_t          ca, detail;
    credhub_x509_profile_t profile;

    static const struct {
        const char *key;
        size_t      max;
        const char *detail;
    } rows[] = {
        { "common_name", 64, "common name may have at most 64 characters" },
        { "organization", 64, "organization may have at most 64 characters" },
        { "organization_unit", 64,
            "organization unit may have at most 64 characters" },
        { "locality", 128, "locality may have at most 128 characters" },
        { "state", 128, "state may have at most 128 characters" },
        { "country", 2, "country may have at most 2 characters" },
    };

    for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        wide = i % 2;

        for (n = rows[i / 2].max; n <= rows[i / 2].max + 1; n++) {
            memset(text, 'x', n);
            memcpy(text + n, "\xe2\x82\xac", 4);
            text[n - 1 + (wide ? 4 : 1)] = '\0';

            if (wide) {
                memmove(text, text + 1, n + 3);
            }

            snprintf(json, sizeof(json), "{\"is_ca\":true,\"%s\":\"%s\"}",
                rows[i / 2].key, text);

            if (n == rows[i / 2].max) {
                assert_int_equal(
                    bind(json, &profile, &ca, &detail), CREDHUB_OK);
                continue;
            }

            assert_int_equal(
                bind(json, &profile, &ca, &detail), CREDHUB_E_CERT_PARAM_LONG);
            unit_assert_str(detail, rows[i / 2].detail);
        }
    }

    for (n = 253; n <= 254; n++) {
        for (i = 0; i < n; i++) {
            text[i] = (i % 40 == 39) ? '.' : 'x';
        }

        text[n] = '\0';
        snprintf(json, sizeof(json), "{" A S "\"alternative_names\":[\"%s\"]}",
            text);

        assert_int_equal(bind(json, &profile, &ca, &detail),
            n == 253 ? CREDHUB_OK : CREDHUB_E_CERT_PARAM_LONG);
    }

    unit_assert_str(detail, "alternative name may have at most 253 characters");
}


static void
test_long_arrays(void **state)
{
    size_t                 i, j;
    credhub_buf_t          buf;
    credhub_str_t          value, ca, detail;
    credhub_x509_profile_t profile;

    static const struct {
        const char     *key;
        const char     *element;
        size_t          max;
        credhub_error_e rc;
    } rows[] = {
        { "alternative_names", "a.b", CREDHUB_X509_NAMES_MAX,
            CREDHUB_E_ALT_NAMES_MANY },
        { "key_usage", "crl_sign", 100, CREDHUB_E_BAD_REQUEST },
        { "extended_key_usage", "client_auth", 100, CREDHUB_E_BAD_REQUEST },
    };

    for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_printf(&buf, "{" A S "\"%s\":[", rows[i / 2].key);

        for (j = i % 2; j <= rows[i / 2].max; j++) {
            credhub_buf_printf(
                &buf, "%s\"%s\"", j != i % 2 ? "," : "", rows[i / 2].element);
        }

        credhub_buf_lit(&buf, "]}");

        assert_int_equal(
            credhub_json_check(unit_arena, credhub_buf_str(&buf), &value),
            CREDHUB_OK);
        assert_int_equal(credhub_certificate_parameters(
                             unit_arena, value, &profile, &ca, &detail),
            i % 2 ? CREDHUB_OK : rows[i / 2].rc);
    }
}


static void
test_ca_usages(void **state)
{
    credhub_x509_profile_t profile;

    profile = profile_of("ca");

    assert_int_equal(
        credhub_certificate_ca_usages(unit_arena, &profile), CREDHUB_OK);
    assert_int_equal(profile.key_usage.len, 4);
    assert_memory_equal(profile.key_usage.data, "\x03\x02\x01\x06", 4);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_arrays),
        cmocka_unit_test(test_ca_usages),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
