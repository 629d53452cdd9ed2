
/* Issuing, against OpenSSL and its command. */

#include "unit_x509.h"

#include <stdio.h>
#include <unistd.h>

#include "credhub_text.h"


/* The extensions in their order, as "SKI SAN! ...": ! is critical. */

static void
assert_extensions(X509 *x509, const char *want)
{
    int             i;
    char            got[128];
    X509_EXTENSION *extension;

    got[0] = '\0';

    for (i = 0; i < X509_get_ext_count(x509); i++) {
        extension = X509_get_ext(x509, i);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%s",
            i ? " " : "",
            OBJ_nid2sn(OBJ_obj2nid(X509_EXTENSION_get_object(extension))),
            X509_EXTENSION_get_critical(extension) ? "!" : "");
    }

    assert_string_equal(got, want);
}


static void
assert_time(const ASN1_TIME *time, const char *want, int type)
{
    assert_int_equal(ASN1_STRING_type(time), type);
    assert_int_equal(ASN1_STRING_length(time), strlen(want));
    assert_memory_equal(ASN1_STRING_get0_data(time), want, strlen(want));
}


static void
test_issue(void **state)
{
    X509                  *x509, *other;
    BIGNUM                *serial;
    u_char                 digest[20];
    unsigned               len;
    EVP_PKEY              *key;
    credhub_str_t          private_key, detail, pem;
    credhub_x509_t         again;
    credhub_x509_profile_t profile;

    static const credhub_str_t names[] = { credhub_string("a.example.com"),
        credhub_string("10.0.0.1") };
    static const credhub_str_t usages[] = { credhub_string("key_agreement"),
        credhub_string("decipher_only") };
    static const credhub_str_t extended[] = { credhub_string("timestamping") };

    profile = profile_of("a.example.com");
    private_key = key_of(&p256);

    assert_int_equal(credhub_x509_alternative_names(unit_arena, names, 2,
                         &profile.alternative_names, &detail),
        CREDHUB_OK);
    assert_int_equal(credhub_x509_key_usage(
                         unit_arena, usages, 2, &profile.key_usage, &detail),
        CREDHUB_OK);
    assert_int_equal(credhub_x509_extended_key_usage(unit_arena, extended, 1,
                         &profile.extended_key_usage, &detail),
        CREDHUB_OK);

    pem = issue(&profile, private_key, &nobody);
    x509 = parse(pem);

    assert_int_equal(X509_get_version(x509), X509_VERSION_3);
    assert_time(X509_get0_notBefore(x509), "270115080000Z", V_ASN1_UTCTIME);
    assert_time(X509_get0_notAfter(x509), "280115080000Z", V_ASN1_UTCTIME);
    assert_extensions(x509,
        "subjectKeyIdentifier subjectAltName keyUsage! extendedKeyUsage "
        "authorityKeyIdentifier basicConstraints!");

    serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    assert_false(BN_is_negative(serial));
    assert_true(BN_num_bits(serial) <= 159 && BN_num_bits(serial) > 100);
    BN_free(serial);

    assert_int_equal(X509_pubkey_digest(x509, EVP_sha1(), digest, &len), 1);
    assert_int_equal(
        ASN1_STRING_length(X509_get0_subject_key_id(x509)), sizeof(digest));
    assert_memory_equal(ASN1_STRING_get0_data(X509_get0_subject_key_id(x509)),
        digest, sizeof(digest));
    assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(x509),
                         X509_get0_authority_key_id(x509)),
        0);
    assert_null(X509_get0_authority_issuer(x509));
    assert_null(X509_get0_authority_serial(x509));

    assert_int_equal(
        X509_get_key_usage(x509), KU_KEY_AGREEMENT | KU_DECIPHER_ONLY);
    assert_int_equal(X509_get_extended_key_usage(x509), XKU_TIMESTAMP);
    assert_int_equal(X509_check_ca(x509), 0);
    assert_int_equal(X509_check_host(x509, "a.example.com", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(x509, "10.0.0.1", 0), 1);

    key = X509_get0_pubkey(x509);
    assert_int_equal(X509_verify(x509, key), 1);
    assert_int_equal(credhub_x509_key_check(pem, private_key), CREDHUB_OK);

    again = read_text((char *) pem.data);
    profile.key = p256;
    profile.self_signed = 1;
    assert_true(credhub_x509_same(&profile, &again.profile));
    assert_int_equal(again.profile.duration, 365);

    /* no two have the same number */

    other = parse(issue(&profile, private_key, &nobody));
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(other),
                             X509_get0_serialNumber(x509)),
        0);

    X509_free(other);
    X509_free(x509);
}


/* Without names and usages there are no extensions for them. */

static void
test_issue_ca(void **state)
{
    X509                  *x509;
    credhub_x509_profile_t profile;

    profile = profile_of("ca");
    profile.is_ca = 1;

    x509 = parse(issue(&profile, key_of(&p384), &nobody));

    assert_extensions(
        x509, "subjectKeyIdentifier authorityKeyIdentifier basicConstraints!");
    assert_int_equal(X509_check_ca(x509), 1);
    assert_int_equal(X509_get_pathlen(x509), -1);

    X509_free(x509);
}


/* Each kind of key under each kind of CA. */

static void
test_issue_kinds(void **state)
{
    int                    nid;
    X509                  *x509;
    size_t                 i, j;
    credhub_str_t          pem;
    credhub_x509_t         read;
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    static const struct {
        const credhub_key_kind_t *kind;
        int                       nid;
    } rows[] = {
        { &rsa_2048, NID_sha256WithRSAEncryption },
        { &p256, NID_ecdsa_with_SHA256 },
        { &p384, NID_ecdsa_with_SHA256 },
        { &ed25519, NID_ED25519 },
    };

    profile = profile_of("leaf");

    for (i = 0; i < 4; i++) {
        ca = ca_of(rows[i].kind);
        assert_int_equal(credhub_x509_signer_check(&ca, NOW), CREDHUB_OK);

        for (j = 0; j < 4; j++) {
            pem = issue(&profile, key_of(rows[j].kind), &ca);
            assert_true(credhub_x509_signed_by(pem, ca.certificate));
            assert_false(credhub_x509_signed_by(pem, pem));

            read = read_text((char *) pem.data);
            assert_int_equal(read.profile.key.type, rows[j].kind->type);
            assert_int_equal(read.profile.key.bits, rows[j].kind->bits);
            assert_int_equal(read.profile.self_signed, 0);

            x509 = parse(pem);
            nid = X509_get_signature_nid(x509);
            assert_int_equal(nid, rows[i].nid);
            X509_free(x509);
        }
    }
}


/* Theirs: the issuer byte for byte, the key id as it is, or none. */

static void
test_issue_by_theirs(void **state)
{
    X509                  *x509, *ca;
    size_t                 one, two;
    const u_char          *p, *q;
    credhub_str_t          key;
    credhub_x509_signer_t  signer;
    credhub_x509_profile_t profile;

    profile = profile_of("leaf");
    key = key_of(&ed25519);

    signer.certificate = credhub_str("text\n" UNIT_ROOT_PEM UNIT_LEAF_PEM);
    signer.private_key = credhub_str(UNIT_ROOT_KEY);

    x509 = parse(issue(&profile, key, &signer));
    ca = parse(unit_str(UNIT_ROOT_PEM));

    assert_int_equal(
        X509_NAME_get0_der(X509_get_issuer_name(x509), &p, &one), 1);
    assert_int_equal(
        X509_NAME_get0_der(X509_get_subject_name(ca), &q, &two), 1);
    assert_int_equal(one, two);
    assert_memory_equal(p, q, one);

    assert_int_equal(X509_check_issued(ca, x509), X509_V_OK);
    assert_int_equal(X509_verify(x509, X509_get0_pubkey(ca)), 1);
    assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(ca),
                         X509_get0_authority_key_id(x509)),
        0);

    X509_free(x509);
    X509_free(ca);
}


static void
test_issue_without_key_id(void **state)
{
    X509                  *x509, *ca;
    EVP_PKEY              *key;
    BIO                   *bio;
    char                  *text;
    long                   len;
    credhub_x509_signer_t  signer;
    credhub_x509_profile_t profile;

    /* our CA, without its key ids */

    signer = ca_of(&ed25519);
    ca = parse(signer.certificate);
    X509_EXTENSION_free(X509_delete_ext(ca, 0));
    X509_EXTENSION_free(X509_delete_ext(ca, 0));
    assert_extensions(ca, "basicConstraints!");

    bio =
        BIO_new_mem_buf(signer.private_key.data, (int) signer.private_key.len);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_true(X509_sign(ca, key, NULL) > 0);

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, ca), 1);
    len = BIO_get_mem_data(bio, &text);
    signer.certificate = credhub_arena_copy(unit_arena, text, (size_t) len);
    BIO_free(bio);

    profile = profile_of("leaf");
    x509 = parse(issue(&profile, key_of(&p256), &signer));
    assert_extensions(x509, "subjectKeyIdentifier basicConstraints!");

    X509_free(x509);
    X509_free(ca);
    EVP_PKEY_free(key);
}


static void
test_dates(void **state)
{
    X509                  *x509;
    credhub_str_t          key, pem;
    credhub_x509_profile_t profile;

    profile = profile_of("x");
    key = key_of(&ed25519);

    profile.duration = 3650 * 3;
    x509 = parse(issue(&profile, key, &nobody));
    assert_time(X509_get0_notBefore(x509), "270115080000Z", V_ASN1_UTCTIME);
    assert_time(
        X509_get0_notAfter(x509), "20570107080000Z", V_ASN1_GENERALIZEDTIME);
    X509_free(x509);

    profile.duration = INT64_MAX;
    pem = issue(&profile, key, &nobody);
    x509 = parse(pem);
    assert_time(
        X509_get0_notAfter(x509), "99991231235959Z", V_ASN1_GENERALIZEDTIME);
    X509_free(x509);
    assert_int_equal(read_text((char *) pem.data).not_after, 253402300799);

    for (profile.duration = 0; profile.duration > -3; profile.duration--) {
        assert_int_equal(
            credhub_x509_issue(unit_arena, &profile, key, &nobody, NOW, &pem),
            CREDHUB_E_DURATION);
    }
}


static void
test_signer_errors(void **state)
{
    size_t                 i;
    credhub_str_t          key, pem;
    credhub_x509_signer_t  signer;
    credhub_x509_profile_t profile;

    static const struct {
        const char     *certificate;
        const char     *key;
        credhub_error_e rc;
    } rows[] = {
        { UNIT_ROOT_PEM, UNIT_ROOT_KEY, CREDHUB_OK },
        { UNIT_ED25519_PEM, UNIT_ED25519_KEY, CREDHUB_OK },
        { UNIT_LEAF_PEM, UNIT_LEAF_KEY, CREDHUB_E_NOT_CA },
        { UNIT_LEAF_PEM, "", CREDHUB_E_NOT_CA },
        { UNIT_V1_PEM, UNIT_V1_KEY, CREDHUB_E_NOT_CA },
        { UNIT_ROOT_PEM, "", CREDHUB_E_CA_NO_KEY },
        { UNIT_EXPIRED_PEM, "", CREDHUB_E_CA_NO_KEY },
        { UNIT_EXPIRED_PEM, UNIT_EXPIRED_KEY, CREDHUB_E_CA_EXPIRED },
        { UNIT_ROOT_PEM, UNIT_EXPIRED_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_ROOT_PEM, UNIT_V1_KEY, CREDHUB_E_KEY_MISMATCH },
        { UNIT_ROOT_PEM, "x", CREDHUB_E_PRIVATE_KEY_FORMAT },
        { UNIT_DSA_PEM, UNIT_DSA_KEY, CREDHUB_E_PRIVATE_KEY },
        { UNIT_P521_PEM, UNIT_P521_KEY, CREDHUB_E_PRIVATE_KEY },
        { "x", UNIT_ROOT_KEY, CREDHUB_E_BAD_CERT },
    };

    profile = profile_of("leaf");
    key = key_of(&ed25519);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        signer.certificate = unit_str(rows[i].certificate);
        signer.private_key = unit_str(rows[i].key);

        assert_int_equal(credhub_x509_signer_check(&signer, NOW), rows[i].rc);
        assert_int_equal(
            credhub_x509_issue(unit_arena, &profile, key, &signer, NOW, &pem),
            rows[i].rc);
        assert_int_equal(ERR_peek_error(), 0);
    }

    /* its last second is one of the certificate's */

    signer.certificate = credhub_str(UNIT_EXPIRED_PEM);
    signer.private_key = credhub_str(UNIT_EXPIRED_KEY);
    assert_int_equal(credhub_x509_signer_check(&signer, 978307200), CREDHUB_OK);
    assert_int_equal(
        credhub_x509_signer_check(&signer, 978307201), CREDHUB_E_CA_EXPIRED);

    assert_int_equal(credhub_x509_signer_check(&nobody, NOW), CREDHUB_OK);
    assert_int_equal(credhub_x509_issue(unit_arena, &profile,
                         unit_str(UNIT_DSA_KEY), &nobody, NOW, &pem),
        CREDHUB_E_PRIVATE_KEY);
}


static void
save(const char *dir, const char *name, credhub_str_t text)
{
    FILE *f;
    char  file[96];

    snprintf(file, sizeof(file), "%s/%s", dir, name);

    f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
    assert_int_equal(fclose(f), 0);
}


/* The command builds the path from a leaf through ours to the root. */

static void
test_openssl_verifies(void **state)
{
    char                   dir[] = "/tmp/credhub_x509_XXXXXX", command[512];
    size_t                 i;
    credhub_str_t          leaf, detail;
    credhub_x509_signer_t  root, middle;
    credhub_x509_profile_t profile;

    static const credhub_str_t usages[] = { credhub_string("key_cert_sign"),
        credhub_string("crl_sign") };
    static const credhub_str_t names[] = { credhub_string("*.example.com"),
        credhub_string("::1") };

    static const credhub_key_kind_t *const kinds[] = { &rsa_2048, &p256, &p384,
        &ed25519 };

    if (system("command -v openssl >/dev/null") != 0) {
        unit_skip("no openssl command");
    }

    assert_non_null(mkdtemp(dir));

    for (i = 0; i < 4; i++) {
        profile = profile_of("root, with \"quotes\"");
        profile.is_ca = 1;
        assert_int_equal(credhub_x509_key_usage(unit_arena, usages, 2,
                             &profile.key_usage, &detail),
            CREDHUB_OK);

        root.private_key = key_of(kinds[i]);
        root.certificate = issue(&profile, root.private_key, &nobody);

        profile.subject = profile_of("middle").subject;
        middle.private_key = key_of(kinds[3 - i]);
        middle.certificate = issue(&profile, middle.private_key, &root);

        profile = profile_of("leaf");
        assert_int_equal(credhub_x509_alternative_names(unit_arena, names, 2,
                             &profile.alternative_names, &detail),
            CREDHUB_OK);
        leaf = issue(&profile, key_of(kinds[i]), &middle);

        save(dir, "root", root.certificate);
        save(dir, "middle", middle.certificate);
        save(dir, "leaf", leaf);

        snprintf(command, sizeof(command),
            "cd %s && openssl verify -x509_strict -attime %d -CAfile root "
            "-untrusted middle -verify_hostname www.example.com "
            "-purpose sslserver leaf >out 2>&1 && "
            "! openssl verify -attime %d -CAfile root leaf >out 2>&1",
            dir, NOW, NOW);
        assert_int_equal(system(command), 0);
    }

    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}


/* A private key that names another public key than its own signs nothing. */

static void
test_wrong_private_half(void **state)
{
    u_char                *p;
    credhub_str_t          der, pem;
    credhub_buf_t          buf;
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    ca = ca_of(&p256);

    /* PKCS#8 of P-256: the number stands at 36, the point behind it */

    credhub_buf_init(&buf, unit_arena, 256);

    p = ca.private_key.data + strlen("-----BEGIN PRIVATE KEY-----\n");

    for (; *p != '-'; p++) {
        if (*p != '\n') {
            credhub_buf_add(&buf, p, 1);
        }
    }

    der = credhub_base64_decode(unit_arena, credhub_buf_str(&buf));
    assert_int_equal(der.len, 138);
    der.data[40] ^= 1;

    buf.len = 0;
    credhub_buf_lit(&buf, "-----BEGIN PRIVATE KEY-----\n");
    credhub_buf_add_str(&buf, credhub_base64(unit_arena, der, 1));
    credhub_buf_lit(&buf, "\n-----END PRIVATE KEY-----\n");
    ca.private_key = credhub_buf_str(&buf);

    profile = profile_of("leaf");
    assert_int_equal(credhub_x509_issue(unit_arena, &profile, key_of(&ed25519),
                         &ca, NOW, &pem),
        CREDHUB_E_KEY_MISMATCH);
}


static void
test_nothing_secret_is_freed(void **state)
{
    char                   mark[33];
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    unit_need_memory_hooks();

    profile = profile_of("leaf");
    ca.certificate = credhub_str(UNIT_ROOT_PEM);
    ca.private_key = credhub_str(UNIT_ROOT_KEY);

    /* the middle of the first line of the key in base64 */

    memcpy(mark, strchr(strstr(UNIT_ROOT_KEY, "BEGIN EC PRIVATE"), '\n') + 16,
        sizeof(mark) - 1);
    mark[sizeof(mark) - 1] = '\0';
    assert_null(strchr(mark, '\n'));

    unit_marks_freed = 0;
    unit_mark = mark;

    assert_int_equal(
        credhub_x509_key_check(ca.certificate, ca.private_key), CREDHUB_OK);
    (void) issue(&profile, ca.private_key, &ca);

    unit_mark = NULL;
    assert_int_equal(unit_marks_freed, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issue),
        cmocka_unit_test(test_issue_ca),
        cmocka_unit_test(test_issue_kinds),
        cmocka_unit_test(test_issue_by_theirs),
        cmocka_unit_test(test_issue_without_key_id),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_signer_errors),
        cmocka_unit_test(test_openssl_verifies),
        cmocka_unit_test(test_wrong_private_half),
        cmocka_unit_test(test_nothing_secret_is_freed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
