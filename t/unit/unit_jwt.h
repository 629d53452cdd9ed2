
/* An issuer of tokens for unit tests: keys, their JWK and PEM, signatures. */

#ifndef _CREDHUB_UNIT_JWT_H_INCLUDED_
#define _CREDHUB_UNIT_JWT_H_INCLUDED_


#include "unit.h"

#include <stdio.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "credhub_jwk.h"
#include "credhub_text.h"


typedef enum {
    UNIT_RSA = 0,
    UNIT_RSA_OTHER,
    UNIT_P256,
    UNIT_P384,
    UNIT_ED25519,
    UNIT_KEYS
} unit_key_e;


static EVP_PKEY *unit_keys[UNIT_KEYS];


static inline int
unit_keys_create(void)
{
    unit_keys[UNIT_RSA] = EVP_RSA_gen(2048);
    unit_keys[UNIT_RSA_OTHER] = EVP_RSA_gen(2048);
    unit_keys[UNIT_P256] = EVP_EC_gen("P-256");
    unit_keys[UNIT_P384] = EVP_EC_gen("P-384");
    unit_keys[UNIT_ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    return unit_keys[UNIT_RSA] == NULL || unit_keys[UNIT_RSA_OTHER] == NULL
           || unit_keys[UNIT_P256] == NULL || unit_keys[UNIT_P384] == NULL
           || unit_keys[UNIT_ED25519] == NULL;
}


static inline void
unit_keys_free(void)
{
    int i;

    for (i = 0; i < UNIT_KEYS; i++) {
        EVP_PKEY_free(unit_keys[i]);
    }
}


static inline credhub_str_t
unit_base64url(const void *data, size_t len)
{
    size_t        i;
    credhub_str_t text;

    text =
        credhub_base64(unit_arena, (credhub_str_t){ len, (u_char *) data }, 0);
    assert_non_null(text.data);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '+') {
            text.data[i] = '-';
        }

        if (text.data[i] == '/') {
            text.data[i] = '_';
        }
    }

    return text;
}


/* printf into the arena; credhub_str_t goes as "%.*s" through unit_s(). */

#define unit_s(str) (int) (str).len, (char *) (str).data

static inline credhub_str_t __attribute__((format(printf, 1, 2)))
unit_printf(const char *fmt, ...)
{
    int           n;
    va_list       args;
    credhub_str_t text;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    assert_true(n >= 0);
    text.data = credhub_arena_bytes(unit_arena, (size_t) n + 1);
    text.len = (size_t) n;
    assert_non_null(text.data);

    va_start(args, fmt);
    (void) vsnprintf((char *) text.data, (size_t) n + 1, fmt, args);
    va_end(args);

    return text;
}


static inline credhub_str_t
unit_number(const EVP_PKEY *key, const char *name, int size)
{
    u_char  bytes[1024];
    BIGNUM *number;

    number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);

    if (size == 0) {
        size = BN_num_bytes(number);
    }

    assert_int_equal(BN_bn2binpad(number, bytes, size), size);
    BN_free(number);

    return unit_base64url(bytes, (size_t) size);
}


/* The members of a public JWK, and `more` behind them, without braces. */

static inline credhub_str_t
unit_jwk(const EVP_PKEY *key, const char *more)
{
    int           size;
    u_char        raw[32];
    size_t        len;
    credhub_str_t one, two;

    if (EVP_PKEY_is_a(key, "RSA")) {
        one = unit_number(key, OSSL_PKEY_PARAM_RSA_N, 0);
        two = unit_number(key, OSSL_PKEY_PARAM_RSA_E, 0);

        return unit_printf("\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"%s",
            unit_s(one), unit_s(two), more);
    }

    if (EVP_PKEY_is_a(key, "EC")) {
        size = (EVP_PKEY_get_bits(key) + 7) / 8;
        one = unit_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        two = unit_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size);

        return unit_printf("\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"%.*s\","
                           "\"y\":\"%.*s\"%s",
            EVP_PKEY_get_bits(key), unit_s(one), unit_s(two), more);
    }

    len = sizeof(raw);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
    one = unit_base64url(raw, len);

    return unit_printf("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"%s",
        unit_s(one), more);
}


static inline credhub_str_t
unit_pem(EVP_PKEY *key)
{
    BIO          *bio;
    char         *data;
    long          len;
    credhub_str_t text;

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_get_mem_data(bio, &data);
    text = credhub_arena_copy(unit_arena, data, (size_t) len);
    BIO_free(bio);

    return text;
}


/* Raw r and s, each of `half` bytes. */

static inline size_t
unit_ecdsa_raw(u_char *signature, size_t len, int half)
{
    ECDSA_SIG    *pair;
    const u_char *p;

    p = signature;
    pair = d2i_ECDSA_SIG(NULL, &p, (long) len);
    assert_non_null(pair);

    assert_int_equal(
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, half), half);
    assert_int_equal(
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, half), half);
    ECDSA_SIG_free(pair);

    return 2 * (size_t) half;
}


/* As RFC 7518 says; `digest` NULL for EdDSA. */

static inline credhub_str_t
unit_sign_with(
    EVP_PKEY *key, const char *digest, int pss, int salt, credhub_str_t input)
{
    size_t        len;
    u_char        signature[1024];
    EVP_MD_CTX   *ctx;
    EVP_PKEY_CTX *params;

    ctx = EVP_MD_CTX_new();
    len = sizeof(signature);

    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, &params, digest, NULL, NULL, key, NULL), 1);

    if (pss) {
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, salt), 1);
    }

    assert_int_equal(
        EVP_DigestSign(ctx, signature, &len, input.data, input.len), 1);
    EVP_MD_CTX_free(ctx);

    if (EVP_PKEY_is_a(key, "EC")) {
        len = unit_ecdsa_raw(signature, len, (EVP_PKEY_get_bits(key) + 7) / 8);
    }

    return credhub_arena_copy(unit_arena, signature, len);
}


static inline credhub_str_t
unit_sign(EVP_PKEY *key, const char *alg, credhub_str_t input)
{
    size_t i;

    static const struct {
        const char *alg;
        const char *digest;
        int         pss;
    } rows[] = {
        { "RS256", "SHA256", 0 },
        { "RS384", "SHA384", 0 },
        { "RS512", "SHA512", 0 },
        { "PS256", "SHA256", 1 },
        { "ES256", "SHA256", 0 },
        { "ES384", "SHA384", 0 },
        { "EdDSA", NULL, 0 },
    };

    for (i = 0; strcmp(rows[i].alg, alg) != 0; i++) {
        /* void */
    }

    return unit_sign_with(
        key, rows[i].digest, rows[i].pss, RSA_PSS_SALTLEN_DIGEST, input);
}


/* base64url(header).base64url(claims): what is signed. */

static inline credhub_str_t
unit_token_input(const char *header, const char *claims)
{
    credhub_str_t one, two;

    one = unit_base64url(header, strlen(header));
    two = unit_base64url(claims, strlen(claims));

    return unit_printf("%.*s.%.*s", unit_s(one), unit_s(two));
}


static inline credhub_str_t
unit_token_join(credhub_str_t input, credhub_str_t signature)
{
    credhub_str_t text;

    text = unit_base64url(signature.data, signature.len);

    return unit_printf("%.*s.%.*s", unit_s(input), unit_s(text));
}


static inline credhub_str_t
unit_token(
    EVP_PKEY *key, const char *alg, const char *header, const char *claims)
{
    credhub_str_t input;

    input = unit_token_input(header, claims);

    return unit_token_join(input, unit_sign(key, alg, input));
}


#endif /* _CREDHUB_UNIT_JWT_H_INCLUDED_ */
