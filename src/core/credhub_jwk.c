
/*
 * Public keys out of JWK and PEM. What is built is looked at once more as
 * OpenSSL understood it, so both ways in obey the same bounds. The EVP_PKEY
 * belongs to the caller, strings to the arenas.
 */

#include <limits.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "credhub_json.h"
#include "credhub_jwk.h"
#include "credhub_text.h"


#define CREDHUB_JWK_EXPONENT_MAX 64 /* bits; a longer one only costs time */
#define CREDHUB_JWK_ED25519_SIZE 32
#define CREDHUB_JWK_POINT_MAX    (1 + 2 * 48)
#define CREDHUB_JWK_GROUP_MAX    32


typedef EVP_PKEY *(*credhub_jwk_pt)(
    credhub_arena_t *scratch, credhub_str_t object);


typedef struct {
    credhub_str_t  kty;
    credhub_jwk_pt read;
} credhub_jwk_kty_t;


typedef struct {
    credhub_str_t crv;
    const char   *group;
    size_t        size; /* bytes of x and of y */
    credhub_jwk_e type;
} credhub_jwk_curve_t;


static int credhub_jwk_verifies(credhub_arena_t *scratch, credhub_str_t object);
static int credhub_jwk_take(credhub_jwk_t *key, EVP_PKEY *pkey);

static EVP_PKEY *credhub_jwk_rsa(
    credhub_arena_t *scratch, credhub_str_t object);
static EVP_PKEY *credhub_jwk_ec(credhub_arena_t *scratch, credhub_str_t object);
static EVP_PKEY *credhub_jwk_okp(
    credhub_arena_t *scratch, credhub_str_t object);

static credhub_str_t credhub_jwk_bytes(
    credhub_arena_t *scratch, credhub_str_t object, const char *name);
static EVP_PKEY *credhub_jwk_build(const char *type, OSSL_PARAM *params);
static EVP_PKEY *credhub_jwk_from_pem(credhub_str_t pem);

static credhub_jwk_e credhub_jwk_type(EVP_PKEY *pkey);

static int credhub_jwk_rsa_valid(const EVP_PKEY *pkey);

static credhub_jwk_e credhub_jwk_ec_type(EVP_PKEY *pkey);


static const credhub_jwk_kty_t credhub_jwk_ktys[] = {
    { credhub_string("RSA"), credhub_jwk_rsa },
    { credhub_string("EC"), credhub_jwk_ec },
    { credhub_string("OKP"), credhub_jwk_okp },
    { { 0, NULL }, NULL },
};


static const credhub_jwk_curve_t credhub_jwk_curves[] = {
    { credhub_string("P-256"), "prime256v1", 32, CREDHUB_JWK_P256 },
    { credhub_string("P-384"), "secp384r1", 48, CREDHUB_JWK_P384 },
    { { 0, NULL }, NULL, 0, CREDHUB_JWK_UNUSABLE },
};


int
credhub_jwk_read(credhub_arena_t *arena, credhub_arena_t *scratch,
    credhub_str_t object, credhub_jwk_t *key)
{
    int                      ok, named;
    credhub_str_t            kty, alg;
    const credhub_jwk_kty_t *row;

    memset(key, 0, sizeof(credhub_jwk_t));

    if (credhub_json_get_string(scratch, object, "kty", &kty) != 1
        || !credhub_jwk_verifies(scratch, object)
        || credhub_json_get_string(arena, object, "kid", &key->kid) == -1)
    {
        return 0;
    }

    for (row = credhub_jwk_ktys; row->read != NULL; row++) {
        if (credhub_str_eq(row->kty, kty)) {
            break;
        }
    }

    named = credhub_json_get_string(scratch, object, "alg", &alg);

    if (row->read == NULL || named == -1) {
        return 0;
    }

    ERR_set_mark();

    ok = credhub_jwk_take(key, row->read(scratch, object));

    if (ok && named) {
        key->alg = credhub_jws(alg);
        ok = credhub_jwk_fits(key, key->alg);
    }

    if (!ok) {
        EVP_PKEY_free(key->pkey);
        key->pkey = NULL;
    }

    ERR_pop_to_mark();

    return ok;
}


/* "use" and "key_ops" may say that a key is for something else. */

static int
credhub_jwk_verifies(credhub_arena_t *scratch, credhub_str_t object)
{
    int                 rc;
    credhub_str_t       use, ops, op;
    credhub_json_iter_t iter;

    rc = credhub_json_get_string(scratch, object, "use", &use);

    if (rc == -1 || (rc == 1 && !credhub_str_eq(use, credhub_str("sig")))) {
        return 0;
    }

    if (!credhub_json_get(object, "key_ops", &ops)) {
        return 1;
    }

    if (credhub_json_kind(ops) != CREDHUB_JSON_ARRAY) {
        return 0;
    }

    credhub_json_iter(&iter, ops);

    while (credhub_json_element(&iter, &op)) {
        if (credhub_json_string_is(op, "verify")) {
            return 1;
        }
    }

    return 0;
}


int
credhub_jwk_read_pem(credhub_str_t pem, credhub_jwk_t *key)
{
    int ok;

    memset(key, 0, sizeof(credhub_jwk_t));

    ERR_set_mark();
    ok = credhub_jwk_take(key, credhub_jwk_from_pem(pem));
    ERR_pop_to_mark();

    return ok;
}


/* Keeps the key, or frees it. */

static int
credhub_jwk_take(credhub_jwk_t *key, EVP_PKEY *pkey)
{
    if (pkey == NULL) {
        return 0;
    }

    key->type = credhub_jwk_type(pkey);

    if (key->type == CREDHUB_JWK_UNUSABLE) {
        EVP_PKEY_free(pkey);
        return 0;
    }

    key->pkey = pkey;

    return 1;
}


static EVP_PKEY *
credhub_jwk_rsa(credhub_arena_t *scratch, credhub_str_t object)
{
    BIGNUM         *n, *e;
    EVP_PKEY       *pkey;
    OSSL_PARAM     *params;
    credhub_str_t   modulus, exponent, pem;
    OSSL_PARAM_BLD *build;

    if (!credhub_json_get(object, "n", &modulus)
        && !credhub_json_get(object, "e", &exponent)
        && credhub_json_get_string(scratch, object, "value", &pem) == 1)
    {
        return credhub_jwk_from_pem(pem);
    }

    modulus = credhub_jwk_bytes(scratch, object, "n");
    exponent = credhub_jwk_bytes(scratch, object, "e");

    if (modulus.len == 0 || modulus.len > CREDHUB_JWK_RSA_MAX / 8 + 1
        || exponent.len == 0 || exponent.len > CREDHUB_JWK_EXPONENT_MAX / 8 + 1)
    {
        return NULL;
    }

    n = BN_bin2bn(modulus.data, (int) modulus.len, NULL);
    e = BN_bin2bn(exponent.data, (int) exponent.len, NULL);
    build = OSSL_PARAM_BLD_new();
    params = NULL;
    pkey = NULL;

    if (n != NULL && e != NULL && build != NULL
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        params = OSSL_PARAM_BLD_to_param(build);
    }

    if (params != NULL) {
        pkey = credhub_jwk_build("RSA", params);
    }

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);

    return pkey;
}


static EVP_PKEY *
credhub_jwk_ec(credhub_arena_t *scratch, credhub_str_t object)
{
    u_char                     point[CREDHUB_JWK_POINT_MAX];
    OSSL_PARAM                 params[3];
    credhub_str_t              crv, x, y;
    const credhub_jwk_curve_t *row;

    if (credhub_json_get_string(scratch, object, "crv", &crv) != 1) {
        return NULL;
    }

    for (row = credhub_jwk_curves; row->group != NULL; row++) {
        if (credhub_str_eq(row->crv, crv)) {
            break;
        }
    }

    x = credhub_jwk_bytes(scratch, object, "x");
    y = credhub_jwk_bytes(scratch, object, "y");

    if (row->group == NULL || x.len != row->size || y.len != row->size) {
        return NULL;
    }

    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x.data, x.len);
    memcpy(point + 1 + x.len, y.data, y.len);

    params[0] = OSSL_PARAM_construct_utf8_string(
        OSSL_PKEY_PARAM_GROUP_NAME, (char *) row->group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(
        OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * row->size);
    params[2] = OSSL_PARAM_construct_end();

    return credhub_jwk_build("EC", params);
}


static EVP_PKEY *
credhub_jwk_okp(credhub_arena_t *scratch, credhub_str_t object)
{
    credhub_str_t crv, x;

    x = credhub_jwk_bytes(scratch, object, "x");

    if (credhub_json_get_string(scratch, object, "crv", &crv) != 1
        || !credhub_str_eq(crv, credhub_str("Ed25519"))
        || x.len != CREDHUB_JWK_ED25519_SIZE)
    {
        return NULL;
    }

    return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x.data, x.len);
}


/* A member in base64url; empty when it is not there or not that. */

static credhub_str_t
credhub_jwk_bytes(
    credhub_arena_t *scratch, credhub_str_t object, const char *name)
{
    credhub_str_t text;

    if (credhub_json_get_string(scratch, object, name, &text) != 1) {
        return credhub_null_str;
    }

    return credhub_base64url_decode(scratch, text);
}


static EVP_PKEY *
credhub_jwk_build(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY     *pkey;
    EVP_PKEY_CTX *ctx;

    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx == NULL) {
        return NULL;
    }

    pkey = NULL;

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


static EVP_PKEY *
credhub_jwk_from_pem(credhub_str_t pem)
{
    BIO          *bio;
    long          len;
    char         *name, *header;
    X509         *certificate;
    u_char       *der;
    EVP_PKEY     *pkey;
    const u_char *p;

    if (pem.len == 0 || pem.len > INT_MAX) {
        return NULL;
    }

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    pkey = NULL;

    if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
        p = der;

        if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
            pkey = d2i_PUBKEY(NULL, &p, len);

        } else if (strcmp(name, PEM_STRING_X509) == 0) {
            certificate = d2i_X509(NULL, &p, len);
            pkey = (certificate != NULL) ? X509_get_pubkey(certificate) : NULL;
            X509_free(certificate);
        }

        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t) len);
    }

    BIO_free(bio);

    return pkey;
}


static credhub_jwk_e
credhub_jwk_type(EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        return credhub_jwk_rsa_valid(pkey) ? CREDHUB_JWK_RSA
                                           : CREDHUB_JWK_UNUSABLE;
    }

    if (EVP_PKEY_is_a(pkey, "EC")) {
        return credhub_jwk_ec_type(pkey);
    }

    return EVP_PKEY_is_a(pkey, "ED25519") ? CREDHUB_JWK_ED25519
                                          : CREDHUB_JWK_UNUSABLE;
}


/* With the exponent 1 anybody could sign. */

static int
credhub_jwk_rsa_valid(const EVP_PKEY *pkey)
{
    int     ok;
    BIGNUM *n, *e;

    n = NULL;
    e = NULL;

    ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1
         && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1
         && BN_num_bits(n) >= CREDHUB_JWK_RSA_MIN
         && BN_num_bits(n) <= CREDHUB_JWK_RSA_MAX && BN_is_odd(n)
         && BN_num_bits(e) <= CREDHUB_JWK_EXPONENT_MAX && BN_is_odd(e)
         && !BN_is_one(e);

    BN_free(n);
    BN_free(e);

    return ok;
}


/* The curve by its name, and the point on it. */

static credhub_jwk_e
credhub_jwk_ec_type(EVP_PKEY *pkey)
{
    int                        valid;
    char                       group[CREDHUB_JWK_GROUP_MAX];
    size_t                     len;
    EVP_PKEY_CTX              *ctx;
    const credhub_jwk_curve_t *row;

    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1) {
        return CREDHUB_JWK_UNUSABLE;
    }

    for (row = credhub_jwk_curves; row->group != NULL; row++) {
        if (strcmp(row->group, group) == 0) {
            break;
        }
    }

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    valid = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);

    return valid ? row->type : CREDHUB_JWK_UNUSABLE;
}
