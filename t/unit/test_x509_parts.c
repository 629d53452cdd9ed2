
/* The parts of a certificate, from what clients ask for. */

#include "unit_x509.h"

#include <stdio.h>


static void
test_subject(void **state)
{
    credhub_str_t          der;
    credhub_x509_subject_t subject;

    static const char want[] = "\x30\x53"
                               "\x31\x13\x30\x11\x06\x03\x55\x04\x03\x0c\x0a"
                               "a,O=b+\"\\\xc3\xa9"
                               "\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x13\x01u"
                               "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
                               "DE"
                               "\x31\x0a\x30\x08\x06\x03\x55\x04\x08\x0c\x01*"
                               "\x31\x0b\x30\x09\x06\x03\x55\x04\x0a\x13\x02"
                               "o?"
                               "\x31\x0a\x30\x08\x06\x03\x55\x04\x07\x0c\x01@";

    memset(&subject, 0, sizeof(subject));
    subject.common_name = credhub_str("a,O=b+\"\\\xc3\xa9");
    subject.organization_unit = credhub_str("u");
    subject.country = credhub_str("DE");
    subject.state = credhub_str("*");
    subject.organization = credhub_str("o?");
    subject.locality = credhub_str("@");

    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &der), CREDHUB_OK);
    assert_int_equal(der.len, sizeof(want) - 1);
    assert_memory_equal(der.data, want, der.len);

    memset(&subject, 0, sizeof(subject));
    subject.locality = credhub_str("L");
    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &der), CREDHUB_OK);
    assert_int_equal(der.len, 14);
    assert_memory_equal(
        der.data, "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x07\x13\x01L", 14);
}


#define LABEL_63                                                               \
    "a23456789012345678901234567890123456789012345678901234567890123"


static void
test_alternative_names(void **state)
{
    size_t          i, len;
    u_char          tag;
    credhub_str_t   name, der, detail;
    credhub_error_e rc;

    static const struct {
        const char *name;
        u_char      tag; /* 2: dNSName, 7: iPAddress, 0: none */
    } rows[] = {
        { "example.com", 2 },
        { "example.com.", 2 },
        { "localhost", 2 },
        { "a_b.c-d.x", 2 },
        { "1.example.com", 2 },
        { "3com", 0 },
        { "a.3com", 0 },
        { "a.c3om", 2 },
        { "m\xc3\xbcnchen.de", 2 },
        { "\xe4\xbe\x8b.\xe3\x83\x86", 2 },
        { LABEL_63 ".com", 2 },
        { LABEL_63 "4.com", 0 },
        { LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, 0 },
        { "*", 2 },
        { "*.example.com", 2 },
        { "*.3com", 2 },
        { ".foo", 2 },
        { ".foo.-bar-", 2 },
        { "", 2 },
        { "*foo.com", 0 },
        { "a.*.com", 0 },
        { "*.", 0 },
        { "*..com", 0 },
        { "*.a_b", 0 },
        { ".", 0 },
        { "..", 0 },
        { "a..b", 0 },
        { ".a.", 0 },
        { "-a.com", 0 },
        { "a-.com", 0 },
        { "_a.com", 0 },
        { "a_.com", 0 },
        { "a b.com", 0 },
        { " a.com", 0 },
        { "a.com\n", 0 },
        { "me@example.com", 0 },
        { "https://example.com", 0 },
        { "example.com/", 0 },
        { "example.com:443", 0 },
        { "1.2.3.4", 7 },
        { "255.255.255.255", 7 },
        { "1.2.3.999", 0 },
        { "1.2.3", 0 },
        { "1.2.3.4.", 0 },
        { "01.2.3.4", 0 },
        { "1.2.3.4/24", 0 },
        { "::", 7 },
        { "2001:db8::1", 7 },
        { "2001:DB8:0:0:0:0:0:1", 7 },
        { "::ffff:1.2.3.4", 7 },
        { "[::1]", 0 },
        { "fe80::1%eth0", 0 },
        { "::1/64", 0 },
        { "1:2:3:4:5:6:7:8:9", 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name = unit_exact(rows[i].name, strlen(rows[i].name));
        detail = credhub_null_str;

        rc =
            credhub_x509_alternative_names(unit_arena, &name, 1, &der, &detail);

        if (rows[i].tag == 0) {
            assert_int_equal(rc, CREDHUB_E_ALT_NAME);
            unit_assert_str(detail, rows[i].name);
            free(name.data);
            continue;
        }

        free(name.data);
        assert_int_equal(rc, CREDHUB_OK);

        tag = rows[i].tag;
        len = (tag == 2) ? strlen(rows[i].name)
                         : (strchr(rows[i].name, ':') != NULL ? 16 : 4);

        assert_int_equal(der.len, 4 + len);
        assert_int_equal(der.data[2], 0x80 | tag);
        assert_int_equal(der.data[3], len);

        if (tag == 2) {
            assert_memory_equal(der.data + 4, rows[i].name, len);
        }
    }
}


/* Their order is kept, also of a thousand; there is a limit. */

static void
test_many_alternative_names(void **state)
{
    char          *text;
    X509          *x509;
    size_t         i, n;
    credhub_str_t  detail, *names;
    GENERAL_NAMES *list;

    credhub_x509_profile_t profile;

    n = CREDHUB_X509_NAMES_MAX + 1;
    names = malloc(n * sizeof(credhub_str_t));
    text = malloc(n * 16);

    for (i = 0; i < n; i++) {
        names[i].data = (u_char *) text + i * 16;
        names[i].len = (size_t) sprintf(text + i * 16, "h%zu.a", i);
    }

    profile = profile_of("many");

    assert_int_equal(credhub_x509_alternative_names(unit_arena, names, n,
                         &profile.alternative_names, &detail),
        CREDHUB_E_ALT_NAMES_MANY);
    assert_int_equal(profile.alternative_names.len, 0);

    for (n--; n >= 1000; n /= 10) {
        assert_int_equal(credhub_x509_alternative_names(unit_arena, names, n,
                             &profile.alternative_names, &detail),
            CREDHUB_OK);

        x509 = parse(issue(&profile, key_of(&ed25519), &nobody));
        list = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
        assert_int_equal(sk_GENERAL_NAME_num(list), n);

        for (i = 0; i < n; i++) {
            assert_memory_equal(
                ASN1_STRING_get0_data(
                    sk_GENERAL_NAME_value(list, (int) i)->d.dNSName),
                names[i].data, names[i].len);
        }

        GENERAL_NAMES_free(list);
        X509_free(x509);
    }

    free(names);
    free(text);

    assert_int_equal(credhub_x509_alternative_names(unit_arena, NULL, 0,
                         &profile.alternative_names, &detail),
        CREDHUB_OK);
    assert_int_equal(profile.alternative_names.len, 0);
}


static void
test_usages(void **state)
{
    size_t        i;
    credhub_str_t name, der, detail;

    static const struct {
        const char *name;
        const char *der;
    } key[] = {
        { "digital_signature", "\x03\x02\x07\x80" },
        { "non_repudiation", "\x03\x02\x06\x40" },
        { "key_encipherment", "\x03\x02\x05\x20" },
        { "data_encipherment", "\x03\x02\x04\x10" },
        { "key_agreement", "\x03\x02\x03\x08" },
        { "key_cert_sign", "\x03\x02\x02\x04" },
        { "crl_sign", "\x03\x02\x01\x02" },
        { "encipher_only", "\x03\x02\x00\x01" },
        { "decipher_only", "\x03\x03\x07\x00\x80" },
    };

    static const struct {
        const char *name;
        int         nid;
    } extended[] = {
        { "client_auth", NID_client_auth },
        { "server_auth", NID_server_auth },
        { "code_signing", NID_code_sign },
        { "email_protection", NID_email_protect },
        { "timestamping", NID_time_stamp },
    };

    static const char *const bad[] = { "", "digitalSignature",
        "digital_signatur", "Digital_Signature", "any", "serverAuth" };

    for (i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
        name = unit_str(key[i].name);
        assert_int_equal(
            credhub_x509_key_usage(unit_arena, &name, 1, &der, &detail),
            CREDHUB_OK);
        assert_int_equal(der.len, (size_t) key[i].der[1] + 2);
        assert_memory_equal(der.data, key[i].der, der.len);
    }

    for (i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
        ASN1_OBJECT *object = OBJ_nid2obj(extended[i].nid);

        name = unit_str(extended[i].name);
        assert_int_equal(credhub_x509_extended_key_usage(
                             unit_arena, &name, 1, &der, &detail),
            CREDHUB_OK);
        assert_int_equal(der.len, OBJ_length(object) + 4);
        assert_memory_equal(
            der.data + 4, OBJ_get0_data(object), OBJ_length(object));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        name = unit_str(bad[i]);
        assert_int_equal(
            credhub_x509_key_usage(unit_arena, &name, 1, &der, &detail),
            CREDHUB_E_KEY_USAGE);
        unit_assert_str(detail, bad[i]);

        detail = credhub_null_str;
        assert_int_equal(credhub_x509_extended_key_usage(
                             unit_arena, &name, 1, &der, &detail),
            CREDHUB_E_EXT_KEY_USAGE);
        unit_assert_str(detail, bad[i]);
    }

    assert_int_equal(
        credhub_x509_key_usage(unit_arena, NULL, 0, &der, &detail), CREDHUB_OK);
    assert_int_equal(der.len, 0);
    assert_int_equal(
        credhub_x509_extended_key_usage(unit_arena, NULL, 0, &der, &detail),
        CREDHUB_OK);
    assert_int_equal(der.len, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_alternative_names),
        cmocka_unit_test(test_many_alternative_names),
        cmocka_unit_test(test_usages),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
