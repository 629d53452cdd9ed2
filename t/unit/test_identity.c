
/* The actor of a client certificate, from certificates made here. */

#include "unit.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "credhub_identity.h"


#define UUID  "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
#define UUID2 "11111111-2222-4333-9444-555555555555"
#define APP   "app:" UUID
#define ACTOR "mtls-app:" UUID


typedef struct {
    int         nid;
    int         type;
    const char *data;
    int         len; /* 0: strlen() */
    int         set; /* -1: in the RDN of the one before */
} attribute_t;


static EVP_PKEY *key;


static int
setup_key(void **state)
{
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    return key == NULL;
}


static int
teardown_key(void **state)
{
    EVP_PKEY_free(key);

    return 0;
}


static void
add_attributes(X509_NAME *name, const attribute_t *attributes)
{
    const attribute_t *a;

    for (a = attributes; a->nid != 0; a++) {
        assert_int_equal(
            X509_NAME_add_entry_by_NID(name, a->nid, a->type,
                (const u_char *) a->data,
                a->len != 0 ? a->len : (int) strlen(a->data), -1, a->set),
            1);
    }
}


static void
add_usage(X509 *certificate, const char *usage)
{
    X509_EXTENSION *extension;

    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}


/* Signs, and reads back what a peer would have sent. */

static X509 *
finish(X509 *certificate)
{
    int           len;
    X509         *parsed;
    u_char       *der;
    const u_char *p;

    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_true(X509_sign(certificate, key, NULL) > 0);

    der = NULL;
    len = i2d_X509(certificate, &der);
    assert_true(len > 0);

    p = der;
    parsed = d2i_X509(NULL, &p, len);
    assert_non_null(parsed);

    OPENSSL_free(der);
    X509_free(certificate);

    return parsed;
}


static credhub_error_e
identify(const attribute_t *attributes, const char *usage, u_char *actor)
{
    X509           *certificate;
    credhub_error_e rc;

    certificate = X509_new();
    add_attributes(X509_get_subject_name(certificate), attributes);

    if (usage != NULL) {
        add_usage(certificate, usage);
    }

    certificate = finish(certificate);

    rc = credhub_identity(certificate, actor);

    X509_free(certificate);

    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static void
assert_actor(const attribute_t *attributes, const char *want)
{
    u_char actor[CREDHUB_MTLS_ACTOR_LEN + 1];

    actor[CREDHUB_MTLS_ACTOR_LEN] = '\0';

    assert_int_equal(identify(attributes, "clientAuth", actor), CREDHUB_OK);
    assert_string_equal((char *) actor, want);
}


static void
assert_no_actor(const attribute_t *attributes)
{
    u_char actor[CREDHUB_MTLS_ACTOR_LEN];

    assert_int_equal(
        identify(attributes, "clientAuth", actor), CREDHUB_E_MTLS_ID);
}


#define OU(data)                                                               \
    {                                                                          \
        NID_organizationalUnitName, V_ASN1_UTF8STRING, data, 0, 0              \
    }
#define CN(data)                                                               \
    {                                                                          \
        NID_commonName, V_ASN1_UTF8STRING, data, 0, 0                          \
    }
#define END                                                                    \
    {                                                                          \
        0, 0, NULL, 0, 0                                                       \
    }


static void
test_actor(void **state)
{
    const attribute_t plain[] = { CN("x"), OU(APP), END };
    const attribute_t variant[] = {
        OU("app:0a1b2c3d-4e5f-4a6b-fc7d-9e0f1a2b3c4d"), END
    };

    assert_actor(plain, ACTOR);
    assert_actor(variant, "mtls-app:0a1b2c3d-4e5f-4a6b-fc7d-9e0f1a2b3c4d");
}


static void
test_string_types(void **state)
{
    int    i;
    char   bmp[2 * (sizeof(APP) - 1)], universal[4 * (sizeof(APP) - 1)];
    size_t n;

    static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING,
        V_ASN1_IA5STRING, V_ASN1_T61STRING };

    attribute_t name[] = { OU(APP), END };

    for (i = 0; i < (int) (sizeof(types) / sizeof(types[0])); i++) {
        name[0].type = types[i];
        assert_actor(name, ACTOR);
    }

    memset(bmp, 0, sizeof(bmp));
    memset(universal, 0, sizeof(universal));

    for (n = 0; n < sizeof(APP) - 1; n++) {
        bmp[2 * n + 1] = APP[n];
        universal[4 * n + 3] = APP[n];
    }

    name[0].type = V_ASN1_BMPSTRING;
    name[0].data = bmp;
    name[0].len = sizeof(bmp);
    assert_actor(name, ACTOR);

    name[0].type = V_ASN1_UNIVERSALSTRING;
    name[0].data = universal;
    name[0].len = sizeof(universal);
    assert_actor(name, ACTOR);

    /* the bytes of the text under a type of two bytes a character */

    name[0].type = V_ASN1_BMPSTRING;
    name[0].data = APP;
    name[0].len = sizeof(APP) - 1;
    assert_no_actor(name);
}


static void
test_bad_units(void **state)
{
    size_t      i;
    attribute_t name[] = { OU(NULL), END };

    static const char *const bad[] = {
        "app",
        "app:",
        "x",
        UUID,
        "app:0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D",
        "app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4D",
        "APP:" UUID,
        "App:" UUID,
        "app: " UUID,
        " " APP,
        APP " ",
        APP "\n",
        "app:0a1b2c3d-4e5f-1a6b-8c7d-9e0f1a2b3c4d",
        "app:0a1b2c3d-4e5f-5a6b-8c7d-9e0f1a2b3c4d",
        "app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4",
        "app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d0",
        "app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4g",
        "app:0a1b2c3d4e5f-4a6b-8c7d-9e0f1a2b3c4d-",
        "app:0a1b2c3d-4e5f-4a6b-8c7d_9e0f1a2b3c4d",
        "app:{a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4}",
        "organization:" UUID,
        "space:" UUID,
        APP "," APP,
        "mtls-" APP,
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        name[0].data = bad[i];
        assert_no_actor(name);
    }
}


static void
test_zero_byte_does_not_end_a_unit(void **state)
{
    const attribute_t behind[] = { { NID_organizationalUnitName,
                                       V_ASN1_UTF8STRING, APP "\0x",
                                       sizeof(APP "\0x") - 1, 0 },
        END };
    const attribute_t at_end[] = { { NID_organizationalUnitName,
                                       V_ASN1_UTF8STRING, APP, sizeof(APP), 0 },
        END };
    const attribute_t within[] = {
        { NID_organizationalUnitName, V_ASN1_UTF8STRING,
            "app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4\0",
            sizeof("app:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4\0") - 1, 0 },
        END
    };

    assert_no_actor(behind);
    assert_no_actor(at_end);
    assert_no_actor(within);
}


static void
test_first_match_wins(void **state)
{
    const attribute_t later[] = { OU("app:no"), OU("team"), CN("x"), OU(APP),
        OU("app:" UUID2), END };
    const attribute_t first[] = { OU("app:" UUID2), OU(APP), END };

    assert_actor(later, ACTOR);
    assert_actor(first, "mtls-app:" UUID2);
}


static void
test_several_values_in_one_rdn(void **state)
{
    const attribute_t diego[] = { CN("instance"), OU("organization:" UUID2),
        { NID_organizationalUnitName, V_ASN1_UTF8STRING, "space:" UUID2, 0,
            -1 },
        { NID_organizationalUnitName, V_ASN1_UTF8STRING, APP, 0, -1 }, END };
    const attribute_t mixed[] = { OU(APP),
        { NID_commonName, V_ASN1_UTF8STRING, "app:" UUID2, 0, -1 }, END };

    assert_actor(diego, ACTOR);
    assert_actor(mixed, ACTOR);
}


static void
test_only_subject_units_count(void **state)
{
    X509             *certificate;
    u_char            actor[CREDHUB_MTLS_ACTOR_LEN];
    const attribute_t unit[] = { OU(APP), END };
    const attribute_t other[] = { CN(APP),
        { NID_organizationName, V_ASN1_UTF8STRING, APP, 0, 0 },
        { NID_userId, V_ASN1_UTF8STRING, APP, 0, 0 }, END };
    const attribute_t none[] = { END };

    assert_no_actor(other);
    assert_no_actor(none);

    certificate = X509_new();
    add_attributes(X509_get_issuer_name(certificate), unit);
    add_attributes(X509_get_subject_name(certificate), other);
    add_usage(certificate, "clientAuth");
    certificate = finish(certificate);

    assert_int_equal(credhub_identity(certificate, actor), CREDHUB_E_MTLS_ID);

    X509_free(certificate);
}


static void
test_extended_key_usage(void **state)
{
    u_char            actor[CREDHUB_MTLS_ACTOR_LEN];
    const attribute_t name[] = { OU(APP), END };
    const attribute_t none[] = { CN("x"), END };

    assert_int_equal(identify(name, "clientAuth", actor), CREDHUB_OK);
    assert_int_equal(identify(name, "critical,clientAuth", actor), CREDHUB_OK);
    assert_int_equal(
        identify(name, "serverAuth,clientAuth", actor), CREDHUB_OK);

    assert_int_equal(identify(name, NULL, actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(identify(name, "serverAuth", actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(
        identify(name, "anyExtendedKeyUsage", actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(
        identify(name, "1.3.6.1.5.5.7.3.22", actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(identify(none, "serverAuth", actor), CREDHUB_E_MTLS_EKU);
}


static void
test_broken_extended_key_usage(void **state)
{
    X509              *certificate;
    u_char             actor[CREDHUB_MTLS_ACTOR_LEN];
    X509_EXTENSION    *extension;
    ASN1_OCTET_STRING *data;
    const attribute_t  name[] = { OU(APP), END };

    /* twice */

    certificate = X509_new();
    add_attributes(X509_get_subject_name(certificate), name);
    add_usage(certificate, "clientAuth");
    add_usage(certificate, "clientAuth");
    certificate = finish(certificate);

    assert_int_equal(credhub_identity(certificate, actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(certificate);

    /* not DER */

    data = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(data, (const u_char *) "\x30\x7f\x06", 3);
    extension = X509_EXTENSION_create_by_NID(NULL, NID_ext_key_usage, 0, data);
    ASN1_OCTET_STRING_free(data);

    certificate = X509_new();
    add_attributes(X509_get_subject_name(certificate), name);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    certificate = finish(certificate);

    assert_int_equal(credhub_identity(certificate, actor), CREDHUB_E_MTLS_EKU);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(certificate);
}


static void
test_error_queue_is_left_alone(void **state)
{
    X509             *certificate;
    u_char            actor[CREDHUB_MTLS_ACTOR_LEN];
    const attribute_t name[] = { OU("team"), OU(APP), END };

    certificate = X509_new();
    add_attributes(X509_get_subject_name(certificate), name);
    add_usage(certificate, "clientAuth");
    certificate = finish(certificate);

    ERR_raise(ERR_LIB_USER, 42);

    assert_int_equal(credhub_identity(certificate, actor), CREDHUB_OK);
    assert_memory_equal(actor, ACTOR, CREDHUB_MTLS_ACTOR_LEN);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);

    X509_free(certificate);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_string_types),
        cmocka_unit_test(test_bad_units),
        cmocka_unit_test(test_zero_byte_does_not_end_a_unit),
        cmocka_unit_test(test_first_match_wins),
        cmocka_unit_test(test_several_values_in_one_rdn),
        cmocka_unit_test(test_only_subject_units_count),
        cmocka_unit_test(test_extended_key_usage),
        cmocka_unit_test(test_broken_extended_key_usage),
        cmocka_unit_test(test_error_queue_is_left_alone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_key, teardown_key);
}
