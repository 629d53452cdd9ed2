
/* Approvals: what can be approved, how it is found again and shown, and which
 * rows are genuine. */

#include "unit_keyring.h"
#include "unit_made.h"
#include "unit_certificates.h"
#include "credhub_approval.h"
#include "credhub_text.h"

#include <openssl/pem.h>


#define ED25519_HASH "c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0="

#define SSH_KEY                                                                \
    "ssh-ed25519 "                                                             \
    "AAAAC3NzaC1lZDI1NTE5AAAAIGa3aV8T4BiJHraILsURsyXEiq1mKYPJxYgJZrVuMi8L "    \
    "fivetran user key"


/* What stands between the lines of PEM, with its line breaks. */

static credhub_str_t
encoded_of(const char *pem)
{
    credhub_str_t text;

    text.data = (u_char *) strchr(pem, '\n') + 1;
    text.len =
        (size_t) (strstr((char *) text.data, "-----END") - (char *) text.data);

    return text;
}


static credhub_str_t
der_of(const char *pem)
{
    size_t        i;
    credhub_buf_t buf;
    credhub_str_t text, der;

    text = encoded_of(pem);
    credhub_buf_init(&buf, unit_arena, text.len);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != '\n') {
            credhub_buf_add(&buf, &text.data[i], 1);
        }
    }

    der = credhub_base64_decode(unit_arena, credhub_buf_str(&buf));
    assert_non_null(der.data);

    return der;
}


static credhub_error_e
approve(credhub_str_t encoded, const char *hash, credhub_approval_t *approval)
{
    credhub_str_t   text, sum;
    credhub_error_e rc;

    text = unit_exact((char *) encoded.data, encoded.len);
    sum = unit_exact(hash, strlen(hash));

    rc = credhub_approval_certificate(unit_arena, text, sum, approval);

    free(text.data);
    free(sum.data);

    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static credhub_str_t
in_base64(credhub_str_t der)
{
    return credhub_base64(unit_arena, der, 1);
}


static void
test_certificate(void **state)
{
    size_t             i;
    credhub_str_t      der;
    credhub_approval_t approval;

    static const char *const good[] = { ED25519_HASH,
        "c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0",
        "c4ivYvT-Spo5XgO-A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0",
        "c4ivYvT-Spo5XgO-A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0=" };

    static const char *const bad[] = { "",
        "d4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0=",
        "c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs1=",
        "c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0===",
        " c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0=",
        "SHA256:c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0",
        "c4ivYvT+Spo5XgO+A1lLtCEN6t6E7G6Cl3ZZ1xzWqs",
        "7388af62f4fe4a9a395e03be03594bb4210deade84ec6e82977659d71cd6aacd",
        "tmSNc5RtBaDRmHeCHDhQClnNGm4=" };

    der = der_of(UNIT_ED25519_PEM);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&approval, 0xff, sizeof(approval));

        assert_int_equal(
            approve(in_base64(der), good[i], &approval), CREDHUB_OK);

        assert_int_equal(approval.type, CREDHUB_APPROVAL_CERTIFICATE);
        unit_assert_str(approval.hash, ED25519_HASH);
        assert_true(credhub_str_eq(approval.content, der));
        assert_int_equal(approval.by.len, 0);
        assert_int_equal(approval.mac.len, 0);
        assert_int_equal(approval.date, 0);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (approve(in_base64(der), bad[i], &approval)
            != CREDHUB_E_APPROVAL_HASH) {
            fail_msg("taken: %s", bad[i]);
        }
    }

    /* with the line breaks of a file, without padding */

    assert_int_equal(
        approve(encoded_of(UNIT_ED25519_PEM), good[0], &approval), CREDHUB_OK);
    assert_int_equal(
        approve(credhub_base64(unit_arena, der, 0), good[0], &approval),
        CREDHUB_OK);
}


static void
test_not_a_certificate(void **state)
{
    size_t             i, n;
    made_t             made;
    EVP_PKEY          *key;
    credhub_buf_t      buf;
    credhub_str_t      der, twice, key_der, list[14];
    credhub_approval_t approval;

    der = der_of(UNIT_ED25519_PEM);
    key_der = der_of(UNIT_ED25519_KEY);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_add_str(&buf, der);
    credhub_buf_add_str(&buf, der);
    twice = credhub_buf_str(&buf);

    key = made_ec();
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    made = make((made_ask_t){ .name = "spelled", .key = key });

    n = 0;
    list[n++] = unit_str("");
    list[n++] = unit_str("\r\n");
    list[n++] = unit_str("garbage");
    list[n++] = unit_str("!");
    list[n++] = unit_str("A");
    list[n++] = unit_str("AAAA");
    list[n++] = unit_str(UNIT_ED25519_PEM);
    list[n++] = in_base64(unit_str(UNIT_ED25519_PEM));
    list[n++] = in_base64(twice);
    list[n++] = in_base64(key_der);
    list[n++] = in_base64(der_of(UNIT_V1_KEY));
    list[n++] = in_base64(made.der);

    twice.len = der.len + 1;
    list[n++] = in_base64(twice);
    twice.len = der.len - 1;
    list[n++] = in_base64(twice);

    for (i = 0; i < n; i++) {
        if (approve(list[i], ED25519_HASH, &approval)
            != CREDHUB_E_APPROVAL_CERTIFICATE) {
            fail_msg("taken: number %zu", i);
        }
    }

    assert_int_equal(n, sizeof(list) / sizeof(list[0]));
}


/* BER is not DER: the hash would be of one spelling among many. */

static void
test_not_der(void **state)
{
    credhub_buf_t      buf;
    credhub_str_t      der, text;
    credhub_approval_t approval;

    der = der_of(UNIT_ED25519_PEM);
    assert_memory_equal(der.data, "\x30\x82", 2);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "\x30\x83\x00");
    credhub_buf_add(&buf, der.data + 2, der.len - 2);
    text = credhub_buf_str(&buf);

    assert_int_equal(credhub_approval_der(unit_arena, text, &approval),
        CREDHUB_E_APPROVAL_CERTIFICATE);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "\x30\x80");
    credhub_buf_add(&buf, der.data + 4, der.len - 4);
    credhub_buf_lit(&buf, "\x00\x00");
    text = credhub_buf_str(&buf);

    assert_int_equal(credhub_approval_der(unit_arena, text, &approval),
        CREDHUB_E_APPROVAL_CERTIFICATE);

    assert_int_equal(
        credhub_approval_der(unit_arena, der, &approval), CREDHUB_OK);
    unit_assert_str(approval.hash, ED25519_HASH);
    assert_true(approval.content.data != der.data);

    assert_int_equal(ERR_peek_error(), 0);
}


/* A certificate of `len` bytes: its subject stays short. */

static credhub_str_t
of_length(size_t len)
{
    size_t             rest;
    made_t             made;
    X509_EXTENSION    *extension;
    ASN1_OCTET_STRING *octets;

    static u_char zeros[CREDHUB_APPROVAL_DER_MAX];

    made = make((made_ask_t){ .name = "long", .key = made_rsa(1024) });
    octets = ASN1_OCTET_STRING_new();
    rest = len - made.der.len - 100;

    do {
        assert_int_equal(ASN1_OCTET_STRING_set(octets, zeros, (int) ++rest), 1);

        extension =
            X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, octets);

        X509_EXTENSION_free(X509_delete_ext(made.x509, 0));
        assert_int_equal(X509_add_ext(made.x509, extension, -1), 1);
        X509_EXTENSION_free(extension);

    } while (i2d_re_X509_tbs(made.x509, NULL) + 151 < (int) len);

    ASN1_OCTET_STRING_free(octets);

    assert_true(X509_sign(made.x509, made.key, EVP_sha256()) > 0);

    made.der = made_der(made.x509);
    assert_int_equal(made.der.len, len);

    return made.der;
}


static void
test_limits(void **state)
{
    credhub_buf_t      buf;
    credhub_str_t      der, text;
    credhub_approval_t approval;

    der = of_length(CREDHUB_APPROVAL_DER_MAX);

    assert_int_equal(
        credhub_approval_der(unit_arena, der, &approval), CREDHUB_OK);
    assert_int_equal(approval.content.len, CREDHUB_APPROVAL_DER_MAX);
    assert_int_equal(
        approve(in_base64(der), (char *) approval.hash.data, &approval),
        CREDHUB_OK);

    der = of_length(CREDHUB_APPROVAL_DER_MAX + 1);

    assert_int_equal(credhub_approval_der(unit_arena, der, &approval),
        CREDHUB_E_APPROVAL_CERTIFICATE);
    assert_int_equal(
        approve(in_base64(der), "", &approval), CREDHUB_E_APPROVAL_CERTIFICATE);

    /* line breaks are not for free */

    credhub_buf_init(&buf, unit_arena, 0);
    text = in_base64(der_of(UNIT_ED25519_PEM));
    credhub_buf_add_str(&buf, text);

    while (buf.len < (size_t) 2 * CREDHUB_APPROVAL_DER_MAX) {
        credhub_buf_lit(&buf, "\n");
    }

    assert_int_equal(
        approve(credhub_buf_str(&buf), ED25519_HASH, &approval), CREDHUB_OK);

    credhub_buf_lit(&buf, "\n");

    assert_int_equal(approve(credhub_buf_str(&buf), ED25519_HASH, &approval),
        CREDHUB_E_APPROVAL_CERTIFICATE);
}


static credhub_error_e
fingerprint(credhub_str_t hash, credhub_str_t key, credhub_approval_t *approval,
    const char **warning)
{
    credhub_str_t   sum, text;
    credhub_error_e rc;

    sum = unit_exact((char *) hash.data, hash.len);
    text = unit_exact((char *) key.data, key.len);

    rc = credhub_approval_fingerprint(unit_arena, sum, text, approval, warning);

    free(sum.data);
    free(text.data);

    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static void
test_fingerprint(void **state)
{
    size_t             i;
    const char        *warning;
    credhub_str_t      right;
    credhub_approval_t approval;

    static const char *const keys[] = { "test_public_key",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC6 ... fivetran user key",
        "ssh-rsa", "ssh-ed25519 AAAA", "\xc3\xa4" };

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_int_equal(fingerprint(unit_str("test_hash"), unit_str(keys[i]),
                             &approval, &warning),
            CREDHUB_OK);
        assert_int_equal(approval.type, CREDHUB_APPROVAL_FINGERPRINT);
        unit_assert_str(approval.hash, "test_hash");
        unit_assert_str(approval.content, keys[i]);
        assert_null(warning);
    }

    /* of a real key the hash is looked at */

    assert_int_equal(fingerprint(unit_str("test_hash"), unit_str(SSH_KEY),
                         &approval, &warning),
        CREDHUB_OK);
    assert_string_equal(
        warning, "The hash is not the SHA-256 of the public key");
    unit_assert_str(approval.hash, "test_hash");
    unit_assert_str(approval.content, SSH_KEY);

    right = unit_str("ZpRSMA/8D+W1FVo6wJ0GJM+dFErIon6+zKQU626mENE=");

    assert_int_equal(
        fingerprint(right, unit_str(SSH_KEY), &approval, &warning), CREDHUB_OK);
    assert_null(warning);

    right.len--;

    assert_int_equal(
        fingerprint(right, unit_str(SSH_KEY), &approval, &warning), CREDHUB_OK);
    assert_null(warning);
    assert_int_equal(approval.hash.len, right.len);
}


static void
test_bad_fingerprint(void **state)
{
    size_t             i;
    const char        *warning;
    credhub_str_t      text, x;
    credhub_approval_t approval;

    static const char *const bad[] = { "", "a\nb", "ab\n", "\tab", "a\x7f",
        "a\xff", "a\x1b[2J" };

    x = unit_str("x");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(fingerprint(unit_str(bad[i]), x, &approval, &warning),
            CREDHUB_E_FIELD_INVALID);
        assert_int_equal(approval.hash.len, 0);

        assert_int_equal(fingerprint(x, unit_str(bad[i]), &approval, &warning),
            CREDHUB_E_FIELD_INVALID);
        assert_int_equal(approval.hash.len, 1);
    }

    text.data = credhub_arena_bytes(unit_arena, CREDHUB_APPROVAL_KEY_MAX + 1);
    memset(text.data, 'a', CREDHUB_APPROVAL_KEY_MAX + 1);

    text.len = CREDHUB_APPROVAL_HASH_MAX;
    assert_int_equal(fingerprint(text, x, &approval, &warning), CREDHUB_OK);
    text.len++;
    assert_int_equal(
        fingerprint(text, x, &approval, &warning), CREDHUB_E_FIELD_INVALID);

    text.len = CREDHUB_APPROVAL_KEY_MAX;
    assert_int_equal(fingerprint(x, text, &approval, &warning), CREDHUB_OK);
    text.len++;
    assert_int_equal(
        fingerprint(x, text, &approval, &warning), CREDHUB_E_FIELD_INVALID);
}


static void
assert_spellings_at(
    const char *text, const char *want, const char *file, int line)
{
    size_t        i, n;
    credhub_buf_t buf;
    credhub_str_t exact, hashes[CREDHUB_APPROVAL_SPELLINGS];

    exact = unit_exact(text, strlen(text));
    n = credhub_approval_spellings(unit_arena, exact, hashes);

    credhub_buf_init(&buf, unit_arena, 0);

    for (i = 0; i < n; i++) {
        credhub_buf_add_str(&buf, hashes[i]);
        credhub_buf_lit(&buf, " ");
    }

    free(exact.data);

    unit_assert_str_at(credhub_buf_str(&buf), unit_str(want), file, line);
}


#define assert_spellings(text, want)                                           \
    assert_spellings_at(text, want, __FILE__, __LINE__)


static void
test_spellings(void **state)
{
    size_t        i;
    char          text[1026];
    credhub_str_t long_one, id, hash, hashes[CREDHUB_APPROVAL_SPELLINGS];

    /* as it is, then what it may be base64 of */

    assert_spellings("test_hash", "test_hash ");
    assert_spellings("test_has", "test_has test/has ");
    assert_spellings("a/b+c==", "a/b+c== ");
    assert_spellings("", "");
    assert_spellings("/", "/ ");
    assert_spellings(ED25519_HASH, ED25519_HASH " ");
    assert_spellings(ED25519_HASH "/", ED25519_HASH "/ " ED25519_HASH " ");
    assert_spellings("c4ivYvT-Spo5XgO-A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0",
        "c4ivYvT-Spo5XgO-A1lLtCEN6t6E7G6Cl3ZZ1xzWqs0 " ED25519_HASH " ");
    assert_spellings("r+u4//L4MG==", "r+u4//L4MG== ");

    /* the id; what it decodes to is no hash when no row could have it */

    assert_spellings("dGVzdF9oYXNo", "dGVzdF9oYXNo test_hash ");
    assert_spellings("dGVzdF9oYXNo/", "dGVzdF9oYXNo/ dGVzdF9oYXNo test_hash ");
    assert_spellings("dGVzdF9oYXM", "dGVzdF9oYXM dGVzdF9oYXM= test_has ");
    assert_spellings("AAAA", "AAAA ");
    assert_spellings("____", "____ //// ");
    assert_spellings("a b", "a b a b= ");
    assert_spellings("a\nb", "");

    hash = unit_str(ED25519_HASH);
    id = credhub_base64url(unit_arena, hash);

    assert_int_equal(credhub_approval_spellings(unit_arena, id, hashes), 3);
    assert_true(credhub_str_eq(hashes[0], id));
    unit_assert_str(hashes[2], ED25519_HASH);

    /* an id of the longest hash, and what is longer than any */

    memset(text, 'x', sizeof(text));
    hash.data = (u_char *) text;
    hash.len = CREDHUB_APPROVAL_HASH_MAX;
    id = credhub_base64url(unit_arena, hash);

    assert_int_equal(credhub_approval_spellings(unit_arena, id, hashes), 1);
    assert_true(credhub_str_eq(hashes[0], hash));

    hash.len++;
    assert_int_equal(credhub_approval_spellings(unit_arena,
                         credhub_base64url(unit_arena, hash), hashes),
        0);

    long_one.data = (u_char *) text;

    for (i = 1024; i < 1026; i++) {
        long_one.len = i;
        assert_int_equal(
            credhub_approval_spellings(unit_arena, long_one, hashes), 0);
    }
}


static void
test_mac(void **state)
{
    u_char                   mac[CREDHUB_MAC_SIZE], again[CREDHUB_MAC_SIZE];
    size_t                   i;
    credhub_approval_t       row, other;
    credhub_approval_owner_t owner, elsewhere;

    memset(&row, 0, sizeof(row));

    row.type = CREDHUB_APPROVAL_FINGERPRINT;
    row.hash = unit_str("hash");
    row.content = unit_str("content");
    row.by = unit_str("somebody");
    row.date = 1695654355680295;
    row.sequence = 5;
    row.mac.data = mac;
    row.mac.len = sizeof(mac);

    owner.hub = unit_str("hub");
    owner.owner = unit_str("/trust/connections/one");
    owner.uid = unit_str("uid");

    assert_int_equal(
        credhub_approval_mac(&row, unit_keyring, &owner, mac), CREDHUB_OK);
    assert_int_equal(credhub_approval_genuine(&row, unit_keyring, &owner), 1);

    /* the sequence may change, and nothing else */

    other = row;
    other.sequence = 6;
    assert_int_equal(credhub_approval_genuine(&other, unit_keyring, &owner), 1);

#define assert_forged(field, value)                                            \
    other = row;                                                               \
    other.field = value;                                                       \
    assert_int_equal(credhub_approval_genuine(&other, unit_keyring, &owner), 0)

    assert_forged(type, CREDHUB_APPROVAL_CERTIFICATE);
    assert_forged(hash, unit_str("hasH"));
    assert_forged(content, unit_str("contenT"));
    assert_forged(by, unit_str("somebodY"));
    assert_forged(by, credhub_null_str);
    assert_forged(date, row.date + 1);
    assert_forged(date, row.date + ((int64_t) 1 << 32));
    assert_forged(mac, credhub_null_str);
    assert_forged(mac.len, sizeof(mac) - 1);

    other = row;
    other.hash = unit_str("hashcontent");
    other.content = credhub_null_str;
    assert_int_equal(credhub_approval_genuine(&other, unit_keyring, &owner), 0);

#define assert_moved(field, value)                                             \
    elsewhere = owner;                                                         \
    elsewhere.field = unit_str(value);                                         \
    assert_int_equal(                                                          \
        credhub_approval_genuine(&row, unit_keyring, &elsewhere), 0)

    assert_moved(hub, "huB");
    assert_moved(owner, "/trust/destinations/one");
    assert_moved(uid, "uiD");

    for (i = 0; i < sizeof(mac); i++) {
        mac[i] ^= 1;
        assert_int_equal(
            credhub_approval_genuine(&row, unit_keyring, &owner), 0);
        mac[i] ^= 1;
    }

    assert_int_equal(
        credhub_approval_mac(&row, unit_keyring, &owner, again), CREDHUB_OK);
    assert_memory_equal(mac, again, sizeof(mac));
}


static void
test_mac_without_key(void **state)
{
    u_char                   mac[CREDHUB_MAC_SIZE];
    credhub_keyring_t       *keyring;
    credhub_approval_t       row;
    credhub_approval_owner_t owner;

    memset(&row, 0, sizeof(row));
    memset(mac, 0, sizeof(mac));

    row.hash = unit_str("hash");
    row.mac.data = mac;
    row.mac.len = sizeof(mac);

    owner.hub = unit_str("hub");
    owner.owner = unit_str("/trust/connections/one");
    owner.uid = unit_str("uid");

    keyring = credhub_keyring_create();
    unit_add_key(keyring, "b", 'b', "/b/*");

    assert_int_equal(credhub_approval_mac(&row, keyring, &owner, mac),
        CREDHUB_E_KEY_MISSING);
    assert_int_equal(credhub_approval_genuine(&row, keyring, &owner), 0);

    credhub_keyring_destroy(keyring);
}


static credhub_approval_t
approved(const char *pem)
{
    credhub_approval_t approval;

    assert_int_equal(
        credhub_approval_der(unit_arena, der_of(pem), &approval), CREDHUB_OK);

    approval.by = unit_str("Go 5Tran");
    approval.date = 1695654355680295;

    return approval;
}


#define V1_KEY                                                                 \
    "Sun RSA public key, 1024 bits\\n  params: null\\n  modulus: "             \
    "10658639368347026594264217622846308893737802295239728956752452552709175"  \
    "93867216985747807992420444794538742152143170535554661688586195413253543"  \
    "80820740642907393207523876583546050815676530124633771539394666660670473"  \
    "97813937301514686424650088605106101410643885101174605009010943972261269"  \
    "9280388221070960605532577\\n  public exponent: 65537"

#define V1_SHA1 "8cbaeaabd8ca8b686ec637995f96d1d5623c1b4a"
#define V1_SHA256                                                              \
    "adb1d1546ccc79cc61755f633af0ca8a0b3d5246f3aef1b7142ba40e204486a7"


static void
test_show_certificate(void **state)
{
    credhub_buf_t      buf;
    credhub_str_t      checked;
    credhub_approval_t approval;

    approval = approved(UNIT_V1_PEM);

    credhub_buf_init(&buf, unit_arena, 0);
    assert_int_equal(credhub_approval_show(&buf, &approval), CREDHUB_OK);

    unit_assert_str(credhub_buf_str(&buf),
        "{\"id\":\"cmJIUlZHek1lY3hoZFY5ak92REtpZ3M5VWtienJ2RzNGQ3VrRGlCRWhxYz0"
        "\",\"hash\":\"rbHRVGzMecxhdV9jOvDKigs9UkbzrvG3FCukDiBEhqc=\","
        "\"name\":\"CN=v1\",\"type\":\"TLS\",\"public_key\":\"" V1_KEY
        "\",\"sha1\":\"" V1_SHA1 "\",\"sha256\":\"" V1_SHA256
        "\",\"validated_date\":\"2023-09-25T15:05:55.680295Z\","
        "\"validated_by\":\"Go 5Tran\"}");

    assert_int_equal(
        credhub_json_check(unit_arena, credhub_buf_str(&buf), &checked),
        CREDHUB_OK);

    /* behind what is there already */

    approval.by = unit_str("\"\n");
    assert_int_equal(credhub_approval_show(&buf, &approval), CREDHUB_OK);
    assert_memory_equal(buf.data + buf.len - 7, "\"\\\"\\n\"}", 7);
}


static void
test_offered(void **state)
{
    credhub_buf_t      buf, want;
    credhub_approval_t approval;

    approval = approved(UNIT_V1_PEM);

    credhub_buf_init(&buf, unit_arena, 0);
    assert_int_equal(credhub_approval_offered(&buf, &approval), CREDHUB_OK);

    credhub_buf_init(&want, unit_arena, 0);
    credhub_buf_lit(&want,
        "{\"hash\":\"rbHRVGzMecxhdV9jOvDKigs9UkbzrvG3FCukDiBEhqc=\","
        "\"name\":\"CN=v1\",\"public_key\":\"" V1_KEY "\",\"encoded_cert\":\"");
    credhub_buf_add_str(&want, in_base64(der_of(UNIT_V1_PEM)));
    credhub_buf_lit(
        &want, "\",\"sha1\":\"" V1_SHA1 "\",\"sha256\":\"" V1_SHA256 "\"}");
    credhub_buf_add(&want, "", 1);

    unit_assert_str(credhub_buf_str(&buf), (char *) want.data);
}


static void
test_show_fingerprint(void **state)
{
    const char        *warning;
    credhub_buf_t      buf;
    credhub_approval_t approval;

    assert_int_equal(
        credhub_approval_fingerprint(unit_arena, unit_str("test_hash"),
            unit_str("test_\"key\""), &approval, &warning),
        CREDHUB_OK);

    approval.by = unit_str("user_id");
    approval.date = 0;

    credhub_buf_init(&buf, unit_arena, 0);
    assert_int_equal(credhub_approval_show(&buf, &approval), CREDHUB_OK);

    unit_assert_str(credhub_buf_str(&buf),
        "{\"id\":\"dGVzdF9oYXNo\",\"hash\":\"test_hash\","
        "\"public_key\":\"test_\\\"key\\\"\","
        "\"validated_date\":\"1970-01-01T00:00:00.000000Z\","
        "\"validated_by\":\"user_id\"}");
}


/* Whatever a peer's certificate says, it is one JSON object that clients can
 * read. */

static void
test_show_absurd(void **state)
{
    size_t             i;
    made_t             made[5];
    X509_NAME         *name;
    GENERAL_NAMES     *names;
    GENERAL_NAME      *one;
    credhub_buf_t      buf;
    credhub_str_t      checked, der;
    credhub_approval_t approval;

    for (i = 0; i < 5; i++) {
        made[i] = make((made_ask_t){ .name = "absurd" });
    }

    /* 0: a name with NUL and quotes */

    name = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName,
                         V_ASN1_UTF8STRING, (u_char *) "a\0\"\\\x1b", 5, -1, 0),
        1);
    X509_set_subject_name(made[0].x509, name);
    X509_NAME_free(name);

    /* 1, 2: keys */

    X509_set_pubkey(made[1].x509, made_public_rsa(400000, 17));
    X509_set_pubkey(made[2].x509, made_public_rsa(16384, 16384));

    /* 3: ten thousand names */

    names = GENERAL_NAMES_new();

    for (i = 0; i < 10000; i++) {
        one = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(one, GEN_DNS, ASN1_IA5STRING_new());
        assert_int_equal(ASN1_STRING_set(one->d.dNSName, "a.b", 3), 1);
        assert_true(sk_GENERAL_NAME_push(names, one) > 0);
    }

    assert_int_equal(
        X509_add1_ext_i2d(made[3].x509, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);

    /* 4: a thousand relative names */

    name = X509_NAME_new();

    for (i = 0; i < 1000; i++) {
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_countryName,
                             V_ASN1_PRINTABLESTRING, (u_char *) "XX", 2, -1, 0),
            1);
    }

    X509_set_subject_name(made[4].x509, name);
    X509_NAME_free(name);

    for (i = 0; i < 5; i++) {
        assert_true(X509_sign(made[i].x509, made[i].key, EVP_sha256()) > 0);

        der = made_der(made[i].x509);

        assert_int_equal(
            credhub_approval_der(unit_arena, der, &approval), CREDHUB_OK);

        approval.by = unit_str("x");

        credhub_buf_init(&buf, unit_arena, 0);
        assert_int_equal(credhub_approval_show(&buf, &approval), CREDHUB_OK);
        assert_int_equal(
            credhub_json_check(unit_arena, credhub_buf_str(&buf), &checked),
            CREDHUB_OK);
        assert_true(buf.len < 2 * der.len + 2000);
    }

    assert_int_equal(ERR_peek_error(), 0);
}


/* A row that is no certificate is not shown as one. */

static void
test_show_garbage(void **state)
{
    credhub_buf_t      buf;
    credhub_approval_t approval;

    approval = approved(UNIT_V1_PEM);
    approval.content.len--;

    credhub_buf_init(&buf, unit_arena, 0);
    assert_int_equal(
        credhub_approval_show(&buf, &approval), CREDHUB_E_INTERNAL);
    assert_int_equal(
        credhub_approval_offered(&buf, &approval), CREDHUB_E_INTERNAL);
}


static void
test_memory_runs_out(void **state)
{
    long               i;
    credhub_buf_t      buf;
    credhub_str_t      encoded, hash;
    credhub_error_e    rc;
    credhub_arena_t   *arena;
    credhub_approval_t approval;

    unit_need_memory_hooks();

    encoded = encoded_of(UNIT_V1_PEM);
    hash = unit_str("rbHRVGzMecxhdV9jOvDKigs9UkbzrvG3FCukDiBEhqc=");
    rc = CREDHUB_E_INTERNAL;

    for (i = 0; rc != CREDHUB_OK && i < 10000; i++) {
        arena = credhub_arena_create(1);
        assert_non_null(arena);

        unit_malloc_left = i;

        rc = credhub_approval_certificate(arena, encoded, hash, &approval);

        if (rc == CREDHUB_OK) {
            credhub_buf_init(&buf, arena, 1);
            rc = credhub_approval_show(&buf, &approval);
        }

        unit_malloc_left = -1;

        credhub_arena_destroy(arena);
    }

    assert_int_equal(rc, CREDHUB_OK);
    assert_true(i > 10);
    assert_int_equal(ERR_peek_error(), 0);
}


static int
teardown(void **state)
{
    credhub_keyring_destroy(unit_keyring);

    return made_teardown(state);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_not_a_certificate),
        cmocka_unit_test(test_not_der),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_bad_fingerprint),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_mac_without_key),
        cmocka_unit_test(test_show_certificate),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_show_fingerprint),
        cmocka_unit_test(test_show_absurd),
        cmocka_unit_test(test_show_garbage),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_keyring_setup, teardown);
}
