
/*
 * One public key that signatures of tokens are verified with, and the
 * algorithms that count: RS256, RS384, RS512, PS256, ES256, ES384 (RFC 7518)
 * and EdDSA with Ed25519 (RFC 8037). Never "none", never a shared secret.
 */

#ifndef _CREDHUB_JWK_H_INCLUDED_
#define _CREDHUB_JWK_H_INCLUDED_


#include <openssl/evp.h>
#include "credhub_arena.h"


#define CREDHUB_JWK_RSA_MIN 2048 /* bits */
#define CREDHUB_JWK_RSA_MAX 8192


typedef enum {
    CREDHUB_JWS_NONE = 0, /* any other */
    CREDHUB_JWS_RS256,
    CREDHUB_JWS_RS384,
    CREDHUB_JWS_RS512,
    CREDHUB_JWS_PS256,
    CREDHUB_JWS_ES256,
    CREDHUB_JWS_ES384,
    CREDHUB_JWS_EDDSA,
    CREDHUB_JWS_LAST
} credhub_jws_e;


typedef enum {
    CREDHUB_JWK_UNUSABLE = 0,
    CREDHUB_JWK_RSA,
    CREDHUB_JWK_P256,
    CREDHUB_JWK_P384,
    CREDHUB_JWK_ED25519
} credhub_jwk_e;


typedef struct {
    EVP_PKEY     *pkey;
    credhub_jwk_e type;
    credhub_jws_e alg; /* the only one the key is for; NONE: any that fits */
    credhub_str_t kid; /* empty: it has none */
} credhub_jwk_t;


/* An algorithm by its name ("RS256"); letters count as they are. */
credhub_jws_e credhub_jws(credhub_str_t name);

/*
 * Reads a key of a JWK set (RFC 7517, section 4), text that
 * credhub_json_check() has passed. 0 when it cannot verify a token: an unknown
 * type, curve or algorithm, another use, a size out of bounds, not a point of
 * its curve, a member of a wrong type. Private parts are ignored. Where n and
 * e are missing, a member "value" may hold the key as PEM. `scratch` is for
 * what is forgotten after the call. The caller frees key->pkey.
 */
int credhub_jwk_read(credhub_arena_t *arena, credhub_arena_t *scratch,
    credhub_str_t object, credhub_jwk_t *key);

/* The same for the first PEM block, a public key or a certificate (whose dates
 * and issuer do not matter). */
int credhub_jwk_read_pem(credhub_str_t pem, credhub_jwk_t *key);

/* May signatures of this algorithm be verified with this key? */
int credhub_jwk_fits(const credhub_jwk_t *key, credhub_jws_e alg);

/* 1 when the key fits and the signature (RFC 7518: of ECDSA r and s side by
 * side) is right. */
int credhub_jwk_verify(const credhub_jwk_t *key, credhub_jws_e alg,
    credhub_str_t data, credhub_str_t signature);


#endif /* _CREDHUB_JWK_H_INCLUDED_ */
