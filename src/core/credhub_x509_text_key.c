
/*
 * Public keys as text. Numbers are printed from DER, so what it costs is bound
 * by their length alone; a key is not looked at any closer.
 */

#include <string.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include "credhub_der.h"
#include "credhub_text.h"
#include "credhub_x509_load.h"
#include "credhub_x509_text.h"


#define CREDHUB_X509_POINT 0x04 /* both coordinates stand in it */


/* SubjectPublicKeyInfo. */

typedef struct {
    credhub_der_t algorithm;
    credhub_str_t parameters;
    credhub_str_t key;
} credhub_x509_spki_t;

typedef struct {
    credhub_str_t oid; /* content of the object identifier */
    unsigned      bits;
    const char   *name;
} credhub_x509_curve_t;


static int credhub_x509_spki(credhub_str_t der, credhub_x509_spki_t *spki);
static int credhub_x509_rsa_text(
    credhub_buf_t *buf, const credhub_x509_spki_t *spki);
static int credhub_x509_ec_text(
    credhub_buf_t *buf, const credhub_x509_spki_t *spki);
static const credhub_x509_curve_t *credhub_x509_curve(credhub_str_t parameters);
static int                         credhub_x509_other_text(
                            credhub_buf_t *buf, const credhub_x509_spki_t *spki, credhub_str_t der);
static BIGNUM *credhub_x509_number(credhub_str_t *rest);
static void    credhub_x509_decimal(
       credhub_buf_t *buf, const char *title, const BIGNUM *number);


static const credhub_str_t credhub_x509_rsa =
    credhub_string("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");

static const credhub_str_t credhub_x509_ec =
    credhub_string("\x2a\x86\x48\xce\x3d\x02\x01");

static const credhub_x509_curve_t credhub_x509_curves[] = {
    { credhub_string("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 256,
        "secp256r1 [NIST P-256,X9.62 prime256v1] (1.2.840.10045.3.1.7)" },
    { credhub_string("\x2b\x81\x04\x00\x22"), 384,
        "secp384r1 [NIST P-384] (1.3.132.0.34)" },
    { credhub_string("\x2b\x81\x04\x00\x23"), 521,
        "secp521r1 [NIST P-521] (1.3.132.0.35)" },
    { { 0, NULL }, 0, NULL },
};


int
credhub_x509_key_text(credhub_buf_t *buf, credhub_str_t key)
{
    int                 rc;
    credhub_x509_spki_t spki;

    if (!credhub_x509_spki(key, &spki)) {
        return -1;
    }

    ERR_set_mark();

    rc = -1;

    if (credhub_str_eq(spki.algorithm.content, credhub_x509_rsa)) {
        rc = credhub_x509_rsa_text(buf, &spki);

    } else if (credhub_str_eq(spki.algorithm.content, credhub_x509_ec)) {
        rc = credhub_x509_ec_text(buf, &spki);
    }

    ERR_pop_to_mark();

    return (rc == 0) ? 0 : credhub_x509_other_text(buf, &spki, key);
}


static int
credhub_x509_spki(credhub_str_t der, credhub_x509_spki_t *spki)
{
    credhub_der_t whole, algorithm, key;

    if (!credhub_der_take(&der, CREDHUB_DER_SEQUENCE, &whole) || der.len != 0
        || !credhub_der_take(&whole.content, CREDHUB_DER_SEQUENCE, &algorithm)
        || !credhub_der_take(&whole.content, CREDHUB_DER_BIT_STRING, &key)
        || whole.content.len != 0
        || !credhub_der_take(
            &algorithm.content, CREDHUB_DER_OBJECT, &spki->algorithm)
        || key.content.len == 0)
    {
        return 0;
    }

    spki->parameters = algorithm.content;

    /* how many bits of the last byte do not count: none in any key known here
     */

    spki->key.data = key.content.data + 1;
    spki->key.len = (key.content.data[0] == 0) ? key.content.len - 1 : 0;

    return 1;
}


/* 0; -1 with nothing appended when it is not printed as such a key. */

static int
credhub_x509_rsa_text(credhub_buf_t *buf, const credhub_x509_spki_t *spki)
{
    int           rc;
    BIGNUM       *modulus, *exponent;
    credhub_str_t rest;
    credhub_der_t key;

    rest = spki->key;

    if (!credhub_der_take(&rest, CREDHUB_DER_SEQUENCE, &key) || rest.len != 0) {
        return -1;
    }

    rc = -1;

    modulus = credhub_x509_number(&key.content);
    exponent = credhub_x509_number(&key.content);

    if (modulus != NULL && exponent != NULL && key.content.len == 0
        && BN_num_bits(modulus) <= CREDHUB_X509_RSA_MAX)
    {
        credhub_buf_printf(buf,
            "Sun RSA public key, %d bits\n"
            "  params: null",
            BN_num_bits(modulus));

        credhub_x509_decimal(buf, "modulus", modulus);
        credhub_x509_decimal(buf, "public exponent", exponent);

        rc = 0;
    }

    BN_free(modulus);
    BN_free(exponent);

    return rc;
}


/* A positive INTEGER that is short enough to be printed, taken off `rest`. */

static BIGNUM *
credhub_x509_number(credhub_str_t *rest)
{
    credhub_der_t value;

    if (!credhub_der_take(rest, CREDHUB_DER_INTEGER, &value)
        || value.content.len == 0 || (value.content.data[0] & 0x80)
        || value.content.len > CREDHUB_X509_RSA_MAX / 8 + 1)
    {
        return NULL;
    }

    return BN_bin2bn(value.content.data, (int) value.content.len, NULL);
}


static void
credhub_x509_decimal(
    credhub_buf_t *buf, const char *title, const BIGNUM *number)
{
    char *digits;

    digits = BN_bn2dec(number);

    if (digits == NULL) {
        buf->failed = 1;
        return;
    }

    credhub_buf_printf(buf, "\n  %s: ", title);
    credhub_buf_add(buf, digits, strlen(digits));

    OPENSSL_free(digits);
}


static int
credhub_x509_ec_text(credhub_buf_t *buf, const credhub_x509_spki_t *spki)
{
    int                         size;
    BIGNUM                     *x, *y;
    const credhub_x509_curve_t *curve;

    curve = credhub_x509_curve(spki->parameters);

    if (curve == NULL) {
        return -1;
    }

    size = (int) (curve->bits + 7) / 8;

    if (spki->key.len != (size_t) (1 + 2 * size)
        || spki->key.data[0] != CREDHUB_X509_POINT)
    {
        return -1;
    }

    x = BN_bin2bn(spki->key.data + 1, size, NULL);
    y = BN_bin2bn(spki->key.data + 1 + size, size, NULL);

    if (x != NULL && y != NULL) {
        credhub_buf_printf(buf, "Sun EC public key, %u bits", curve->bits);
        credhub_x509_decimal(buf, "public x coord", x);
        credhub_x509_decimal(buf, "public y coord", y);
        credhub_buf_printf(buf, "\n  parameters: %s", curve->name);

    } else {
        buf->failed = 1;
    }

    BN_free(x);
    BN_free(y);

    return 0;
}


static const credhub_x509_curve_t *
credhub_x509_curve(credhub_str_t parameters)
{
    credhub_der_t               oid;
    const credhub_x509_curve_t *row;

    if (!credhub_der_take(&parameters, CREDHUB_DER_OBJECT, &oid)
        || parameters.len != 0)
    {
        return NULL;
    }

    for (row = credhub_x509_curves; row->name != NULL; row++) {
        if (credhub_str_eq(row->oid, oid.content)) {
            return row;
        }
    }

    return NULL;
}


static int
credhub_x509_other_text(
    credhub_buf_t *buf, const credhub_x509_spki_t *spki, credhub_str_t der)
{
    credhub_str_t text;

    credhub_buf_lit(buf, "Public key of algorithm ");

    if (credhub_x509_object_text(buf, spki->algorithm.whole, 0) != 0) {
        return -1;
    }

    text = credhub_base64(buf->arena, der, 1);
    if (text.data == NULL) {
        buf->failed = 1;
    }

    credhub_buf_lit(buf, "\n  encoded: ");
    credhub_buf_add_str(buf, text);

    return 0;
}
