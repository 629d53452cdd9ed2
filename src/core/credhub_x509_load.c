
/*
 * From PEM to OpenSSL's objects. Decoding is told apart from what was decoded,
 * since clients are told why a key is refused; nothing here ever asks for a
 * passphrase. Intermediate bytes are wiped.
 */

#include <time.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include "credhub_pem.h"
#include "credhub_x509_load.h"


#define CREDHUB_X509_RSA_EXPONENT_MAX 64 /* bits */


typedef enum {
    CREDHUB_X509_PKCS8 = 0,
    CREDHUB_X509_RSA,
    CREDHUB_X509_EC,
    CREDHUB_X509_OTHER
} credhub_x509_format_e;

typedef struct {
    credhub_str_t         label;
    credhub_x509_format_e format;
} credhub_x509_label_t;

/* The largest key of a type that verifies. */

typedef struct {
    const char *type;
    int         bits;
} credhub_x509_largest_t;


static int             credhub_x509_key_bounded(EVP_PKEY *key);
static credhub_error_e credhub_x509_parse_block(
    const credhub_pem_t *block, EVP_PKEY **key);
static credhub_error_e credhub_x509_parse_key(
    int type, credhub_str_t bytes, EVP_PKEY **key);
static credhub_error_e credhub_x509_parse_pkcs8(
    credhub_str_t bytes, EVP_PKEY **key);


static const credhub_x509_label_t credhub_x509_labels[] = {
    { credhub_string("PRIVATE KEY"), CREDHUB_X509_PKCS8 },
    { credhub_string("RSA PRIVATE KEY"), CREDHUB_X509_RSA },
    { credhub_string("EC PRIVATE KEY"), CREDHUB_X509_EC },
    { credhub_string("DSA PRIVATE KEY"), CREDHUB_X509_OTHER },
    { { 0, NULL }, CREDHUB_X509_OTHER },
};


static const credhub_x509_largest_t credhub_x509_largest[] = {
    { "RSA", CREDHUB_X509_RSA_MAX },
    { "RSA-PSS", CREDHUB_X509_RSA_MAX },
    { "DSA", 3072 },
    { "EC", 521 },
    { NULL, 0 },
};


credhub_error_e
credhub_x509_load(credhub_str_t pem, X509 **x509)
{
    int              found;
    credhub_pem_t    block;
    credhub_arena_t *arena;

    *x509 = NULL;

    arena = credhub_arena_create(pem.len + 64);
    if (arena == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    do {
        found = credhub_pem_next(arena, &pem, &block);

    } while (found && !credhub_str_eq(block.label, credhub_str("CERTIFICATE"))
             && !credhub_str_eq(block.label, credhub_str("X509 CERTIFICATE")));

    if (found && block.bytes.len != 0) {
        *x509 = credhub_x509_load_der(block.bytes);
    }

    credhub_arena_destroy(arena);

    return (*x509 != NULL) ? CREDHUB_OK : CREDHUB_E_BAD_CERT;
}


X509 *
credhub_x509_load_der(credhub_str_t bytes)
{
    X509         *x509;
    const u_char *p;

    if (credhub_key_spells_curve(bytes)) {
        return NULL;
    }

    p = bytes.data;
    x509 = d2i_X509(NULL, &p, (long) bytes.len);

    if (x509 != NULL && p != bytes.data + bytes.len) {
        X509_free(x509);
        x509 = NULL;
    }

    return x509;
}


credhub_error_e
credhub_x509_load_key(credhub_str_t pem, EVP_PKEY **key)
{
    int              found;
    credhub_pem_t    block;
    credhub_error_e  rc;
    credhub_arena_t *arena;

    *key = NULL;

    arena = credhub_arena_create(pem.len + 64);
    if (arena == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    /* a file of an EC key often begins with the name of its curve; behind a
     * block without an end no other is looked for, again and again */

    do {
        found = credhub_pem_next(arena, &pem, &block);

    } while (found && block.bytes.len != 0
             && credhub_str_eq(block.label, credhub_str("EC PARAMETERS")));

    rc = found ? credhub_x509_parse_block(&block, key)
               : CREDHUB_E_PRIVATE_KEY_FORMAT;

    if (rc == CREDHUB_OK
        && (credhub_key_kind_of(*key).bits == 0
            || !credhub_x509_key_bounded(*key)))
    {
        rc = CREDHUB_E_PRIVATE_KEY;
    }

    if (rc != CREDHUB_OK) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }

    credhub_arena_destroy(arena);

    return rc;
}


/* Nothing else in an RSA key says how long it takes to sign with it, and that
 * cannot be stopped. */

static int
credhub_x509_key_bounded(EVP_PKEY *key)
{
    int                ok, bits;
    BIGNUM            *number;
    const char *const *name;

    static const char *const names[] = { OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1, NULL };

    if (!EVP_PKEY_is_a(key, "RSA")) {
        return 1;
    }

    bits = EVP_PKEY_get_bits(key);
    ok = (bits <= CREDHUB_X509_RSA_MAX);

    for (name = names; ok && *name != NULL; name++) {
        number = NULL;

        if (EVP_PKEY_get_bn_param(key, *name, &number) == 1) {
            ok = (BN_num_bits(number) <= bits);
        }

        BN_clear_free(number);
    }

    return ok;
}


static credhub_error_e
credhub_x509_parse_block(const credhub_pem_t *block, EVP_PKEY **key)
{
    const credhub_x509_label_t *row;

    for (row = credhub_x509_labels; row->label.len != 0; row++) {
        if (credhub_str_eq(row->label, block->label)) {
            break;
        }
    }

    if (row->label.len == 0 || block->encrypted) {
        return CREDHUB_E_PRIVATE_KEY_FORMAT;
    }

    switch (row->format) {
    case CREDHUB_X509_PKCS8:
        return credhub_x509_parse_pkcs8(block->bytes, key);

    case CREDHUB_X509_RSA:
        return credhub_x509_parse_key(EVP_PKEY_RSA, block->bytes, key);

    case CREDHUB_X509_EC:
        return credhub_x509_parse_key(EVP_PKEY_EC, block->bytes, key);

    default:
        return CREDHUB_E_PRIVATE_KEY;
    }
}


static credhub_error_e
credhub_x509_parse_key(int type, credhub_str_t bytes, EVP_PKEY **key)
{
    const u_char   *p;
    credhub_error_e rc;

    /* it may be PKCS#8 in spite of its label */

    rc = credhub_x509_parse_pkcs8(bytes, key);

    if (rc != CREDHUB_E_PRIVATE_KEY_PEM) {
        return rc;
    }

    if (credhub_key_spells_curve(bytes)) {
        return CREDHUB_E_PRIVATE_KEY;
    }

    p = bytes.data;

    if (bytes.len != 0) {
        *key = d2i_PrivateKey(type, NULL, &p, (long) bytes.len);
    }

    return (*key != NULL) ? CREDHUB_OK : CREDHUB_E_PRIVATE_KEY_PEM;
}


static credhub_error_e
credhub_x509_parse_pkcs8(credhub_str_t bytes, EVP_PKEY **key)
{
    int                  nid, len;
    const u_char        *p;
    credhub_str_t        key_bytes;
    credhub_error_e      rc;
    const ASN1_OBJECT   *algorithm;
    PKCS8_PRIV_KEY_INFO *info;

    if (bytes.len == 0) {
        return CREDHUB_E_PRIVATE_KEY_PEM;
    }

    p = bytes.data;

    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) bytes.len);
    if (info == NULL) {
        return CREDHUB_E_PRIVATE_KEY_PEM;
    }

    rc = CREDHUB_E_PRIVATE_KEY_PEM;

    if (PKCS8_pkey_get0(&algorithm, &p, &len, NULL, info) == 1) {
        key_bytes.data = (u_char *) p;
        key_bytes.len = (size_t) len;

        /* outside, the bytes of the key may stand in pieces */

        nid = OBJ_obj2nid(algorithm);

        if (credhub_key_spells_curve(bytes)
            || credhub_key_spells_curve(key_bytes)) {
            nid = NID_undef;
        }

        switch (nid) {
        case NID_rsaEncryption:
        case NID_X9_62_id_ecPublicKey:
        case NID_ED25519:
            *key = EVP_PKCS82PKEY(info);
            rc = (*key != NULL) ? CREDHUB_OK : CREDHUB_E_PRIVATE_KEY_PEM;
            break;

        default:
            rc = CREDHUB_E_PRIVATE_KEY;
        }
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    return rc;
}


/* Keys come with requests, and the loop waits while one of them verifies. So
 * they are bounded where OpenSSL would take many milliseconds. */

int
credhub_x509_verifies(EVP_PKEY *key)
{
    int                           ok;
    BIGNUM                       *exponent;
    const credhub_x509_largest_t *row;

    for (row = credhub_x509_largest; row->type != NULL; row++) {
        if (EVP_PKEY_is_a(key, row->type) && EVP_PKEY_get_bits(key) > row->bits)
        {
            return 0;
        }
    }

    exponent = NULL;

    ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1
         || BN_num_bits(exponent) <= CREDHUB_X509_RSA_EXPONENT_MAX;

    BN_free(exponent);

    return ok;
}


int
credhub_x509_time(const ASN1_TIME *time, int64_t *seconds)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return 0;
    }

    *seconds = (int64_t) timegm(&tm);

    return 1;
}


int
credhub_x509_is_ca(const X509 *x509)
{
    int                ca, critical;
    BASIC_CONSTRAINTS *constraints;

    constraints =
        X509_get_ext_d2i(x509, NID_basic_constraints, &critical, NULL);

    if (constraints == NULL) {
        return (critical == -1) ? 0 : -1;
    }

    ca = (constraints->ca != 0);

    BASIC_CONSTRAINTS_free(constraints);

    return ca;
}
