
/*
 * Signatures of tokens, by a table of algorithms. Which key type goes with an
 * algorithm stands in the table and nowhere else, so no header of a token can
 * turn a public key into a shared secret. No state.
 */

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "credhub_jwk.h"


typedef struct {
    credhub_str_t name;
    credhub_jwk_e type;
    const char   *digest; /* NULL: a part of the algorithm */
    int           pss;
    size_t        half; /* bytes of r and of s; 0: not ECDSA */
} credhub_jws_t;


static int credhub_jws_verify(const credhub_jws_t *jws, EVP_PKEY *pkey,
    credhub_str_t data, credhub_str_t signature);
static int credhub_jws_verify_ecdsa(const credhub_jws_t *jws, EVP_PKEY *pkey,
    credhub_str_t data, credhub_str_t signature);


static const credhub_jws_t credhub_jws_table[CREDHUB_JWS_LAST] = {
    [CREDHUB_JWS_NONE] = { { 0, NULL }, CREDHUB_JWK_UNUSABLE, NULL, 0, 0 },
    [CREDHUB_JWS_RS256] = { credhub_string("RS256"), CREDHUB_JWK_RSA, "SHA256",
        0, 0 },
    [CREDHUB_JWS_RS384] = { credhub_string("RS384"), CREDHUB_JWK_RSA, "SHA384",
        0, 0 },
    [CREDHUB_JWS_RS512] = { credhub_string("RS512"), CREDHUB_JWK_RSA, "SHA512",
        0, 0 },
    [CREDHUB_JWS_PS256] = { credhub_string("PS256"), CREDHUB_JWK_RSA, "SHA256",
        1, 0 },
    [CREDHUB_JWS_ES256] = { credhub_string("ES256"), CREDHUB_JWK_P256, "SHA256",
        0, 32 },
    [CREDHUB_JWS_ES384] = { credhub_string("ES384"), CREDHUB_JWK_P384, "SHA384",
        0, 48 },
    [CREDHUB_JWS_EDDSA] = { credhub_string("EdDSA"), CREDHUB_JWK_ED25519, NULL,
        0, 0 },
};


credhub_jws_e
credhub_jws(credhub_str_t name)
{
    size_t i;

    for (i = CREDHUB_JWS_NONE + 1; i < CREDHUB_JWS_LAST; i++) {
        if (credhub_str_eq(credhub_jws_table[i].name, name)) {
            return (credhub_jws_e) i;
        }
    }

    return CREDHUB_JWS_NONE;
}


int
credhub_jwk_fits(const credhub_jwk_t *key, credhub_jws_e alg)
{
    return key->type != CREDHUB_JWK_UNUSABLE
           && key->type == credhub_jws_table[alg].type
           && (key->alg == CREDHUB_JWS_NONE || key->alg == alg);
}


int
credhub_jwk_verify(const credhub_jwk_t *key, credhub_jws_e alg,
    credhub_str_t data, credhub_str_t signature)
{
    int                  ok;
    const credhub_jws_t *jws;

    if (!credhub_jwk_fits(key, alg)) {
        return 0;
    }

    jws = &credhub_jws_table[alg];

    ERR_set_mark();

    ok = (jws->half != 0)
             ? credhub_jws_verify_ecdsa(jws, key->pkey, data, signature)
             : credhub_jws_verify(jws, key->pkey, data, signature);

    ERR_pop_to_mark();

    return ok;
}


static int
credhub_jws_verify(const credhub_jws_t *jws, EVP_PKEY *pkey, credhub_str_t data,
    credhub_str_t signature)
{
    int           ok;
    EVP_MD_CTX   *ctx;
    EVP_PKEY_CTX *params;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return 0;
    }

    ok = EVP_DigestVerifyInit_ex(
             ctx, &params, jws->digest, NULL, NULL, pkey, NULL)
         == 1;

    if (ok && jws->pss) {
        ok = EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) == 1
             && EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST)
                    == 1;
    }

    ok = ok
         && EVP_DigestVerify(
                ctx, signature.data, signature.len, data.data, data.len)
                == 1;

    EVP_MD_CTX_free(ctx);

    return ok;
}


/* OpenSSL wants r and s in DER. */

static int
credhub_jws_verify_ecdsa(const credhub_jws_t *jws, EVP_PKEY *pkey,
    credhub_str_t data, credhub_str_t signature)
{
    int           ok, len, half;
    u_char       *der;
    BIGNUM       *r, *s;
    ECDSA_SIG    *pair;
    credhub_str_t encoded;

    if (signature.len != 2 * jws->half) {
        return 0;
    }

    half = (int) jws->half;

    r = BN_bin2bn(signature.data, half, NULL);
    s = BN_bin2bn(signature.data + half, half, NULL);
    pair = ECDSA_SIG_new();

    if (r == NULL || s == NULL || pair == NULL
        || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);

        return 0;
    }

    der = NULL;
    len = i2d_ECDSA_SIG(pair, &der);
    ok = 0;

    if (len > 0) {
        encoded.data = der;
        encoded.len = (size_t) len;
        ok = credhub_jws_verify(jws, pkey, data, encoded);
    }

    OPENSSL_free(der);
    ECDSA_SIG_free(pair);

    return ok;
}
