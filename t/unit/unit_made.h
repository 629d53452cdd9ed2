
/*
 * Certificates as somebody else would make them, with OpenSSL alone: any
 * extension, date, digest or key. What is made lives as long as the program.
 */

#ifndef _CREDHUB_UNIT_MADE_H_INCLUDED_
#define _CREDHUB_UNIT_MADE_H_INCLUDED_


#include "unit.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>


#define NOW             1800000000 /* 2027-01-15T08:00:00Z */
#define DAY             86400

#define MADE_EXTENSIONS 8
#define MADE_LENGTH     512
#define MADE_NUMBERS    8


/* What is to be made; what is not set: an EC key of its own, self-signed with
 * SHA-256, valid from yesterday until tomorrow, no extensions. */

typedef struct made_s made_t;

typedef struct {
    const char   *name; /* common name */
    EVP_PKEY     *key;
    const made_t *issuer;
    int64_t       from; /* days from NOW */
    int64_t       to;
    const EVP_MD *md;
    const char   *extensions[MADE_EXTENSIONS]; /* "NAME:VALUE" */
} made_ask_t;

struct made_s {
    X509         *x509;
    EVP_PKEY     *key;
    credhub_str_t der;
};


static X509     *made_certificates[256];
static EVP_PKEY *made_keys[256];
static size_t    made_certificates_n;
static size_t    made_keys_n;


static inline EVP_PKEY *
made_keep(EVP_PKEY *key)
{
    assert_non_null(key);
    assert_true(made_keys_n < sizeof(made_keys) / sizeof(made_keys[0]));

    made_keys[made_keys_n++] = key;

    return key;
}


static inline EVP_PKEY *
made_ec(void)
{
    return made_keep(EVP_EC_gen("P-256"));
}


static inline EVP_PKEY *
made_rsa(unsigned bits)
{
    return made_keep(EVP_RSA_gen(bits));
}


/* A public key of given numbers; nobody has its private key. */

typedef struct {
    const char *name;
    int         bits; /* a number of two bits, the highest and the lowest */
} made_number_t;

static inline EVP_PKEY *
made_public(const char *type, const made_number_t *numbers)
{
    BIGNUM         *values[MADE_NUMBERS];
    size_t          i, n;
    EVP_PKEY       *key;
    OSSL_PARAM     *params;
    EVP_PKEY_CTX   *ctx;
    OSSL_PARAM_BLD *build;

    build = OSSL_PARAM_BLD_new();

    for (n = 0; numbers[n].name != NULL; n++) {
        values[n] = BN_new();
        assert_int_equal(BN_set_bit(values[n], numbers[n].bits - 1), 1);
        assert_int_equal(BN_set_bit(values[n], 0), 1);
        assert_int_equal(
            OSSL_PARAM_BLD_push_BN(build, numbers[n].name, values[n]), 1);
    }

    key = NULL;
    params = OSSL_PARAM_BLD_to_param(build);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);

    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);

    for (i = 0; i < n; i++) {
        BN_free(values[i]);
    }

    return made_keep(key);
}


static inline EVP_PKEY *
made_public_rsa(int bits, int exponent)
{
    const made_number_t numbers[] = { { "n", bits }, { "e", exponent },
        { NULL, 0 } };

    return made_public("RSA", numbers);
}


static inline EVP_PKEY *
made_public_dsa(int bits)
{
    const made_number_t numbers[] = { { "p", bits }, { "q", 256 }, { "g", 2 },
        { "pub", 3 }, { NULL, 0 } };

    return made_public("DSA", numbers);
}


static inline void
made_extension(X509 *x509, X509 *issuer, const char *text)
{
    char            name[MADE_LENGTH];
    char           *value;
    X509V3_CTX      ctx;
    X509_EXTENSION *extension;

    assert_true(strlen(text) < sizeof(name));
    strcpy(name, text);

    value = strchr(name, ':');
    *value++ = '\0';

    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);

    extension = X509V3_EXT_nconf(NULL, &ctx, name, value);

    if (extension == NULL) {
        fail_msg("no extension: %s", text);
    }

    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}


static inline X509_NAME *
made_name(const char *common_name)
{
    X509_NAME *name;

    name = X509_NAME_new();

    assert_int_equal(
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
            (const u_char *) common_name, -1, -1, 0),
        1);

    return name;
}


static inline void
made_fill(X509 *x509, const made_ask_t *ask, const made_t *made)
{
    int64_t    from, to;
    X509_NAME *name;

    static long serial;

    from = (ask->from == 0 && ask->to == 0) ? -1 : ask->from;
    to = (ask->from == 0 && ask->to == 0) ? 1 : ask->to;

    name = made_name(ask->name);

    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(
        ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), NOW + from * DAY));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), NOW + to * DAY));
    assert_int_equal(X509_set_subject_name(x509, name), 1);
    assert_int_equal(
        X509_set_issuer_name(
            x509, ask->issuer != NULL ? X509_get_subject_name(ask->issuer->x509)
                                      : name),
        1);
    assert_int_equal(X509_set_pubkey(x509, made->key), 1);

    X509_NAME_free(name);
}


static inline credhub_str_t
made_der(X509 *x509)
{
    int           len;
    u_char       *data;
    credhub_str_t der;

    data = NULL;
    len = i2d_X509(x509, &data);
    assert_true(len > 0);

    der = credhub_arena_copy(unit_arena, data, (size_t) len);
    OPENSSL_free(data);

    return der;
}


static inline made_t
make(made_ask_t ask)
{
    size_t        i;
    made_t        made;
    EVP_PKEY     *signer;
    const EVP_MD *md;

    assert_true(made_certificates_n
                < sizeof(made_certificates) / sizeof(made_certificates[0]));

    memset(&made, 0, sizeof(made));

    made.x509 = X509_new();
    made.key = (ask.key != NULL) ? ask.key : made_ec();

    made_fill(made.x509, &ask, &made);

    for (i = 0; ask.extensions[i] != NULL; i++) {
        made_extension(made.x509,
            ask.issuer != NULL ? ask.issuer->x509 : made.x509,
            ask.extensions[i]);
    }

    signer = (ask.issuer != NULL) ? ask.issuer->key : made.key;
    md = (ask.md != NULL) ? ask.md : EVP_sha256();

    assert_true(X509_sign(made.x509, signer, md) > 0);

    made.der = made_der(made.x509);
    made_certificates[made_certificates_n++] = made.x509;

    return made;
}


static inline int
made_teardown(void **state)
{
    while (made_certificates_n > 0) {
        X509_free(made_certificates[--made_certificates_n]);
    }

    while (made_keys_n > 0) {
        EVP_PKEY_free(made_keys[--made_keys_n]);
    }

    return unit_teardown(state);
}


/* What a certificate authority is made with. */

#define MADE_CA                                                                \
    "basicConstraints:critical,CA:TRUE", "keyUsage:critical,keyCertSign"


#endif /* _CREDHUB_UNIT_MADE_H_INCLUDED_ */
