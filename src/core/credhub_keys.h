
/*
 * Keys as OpenSSL's objects. For src/core/credhub_key*.c and
 * src/core/credhub_x509*.c only.
 */

#ifndef _CREDHUB_KEYS_H_INCLUDED_
#define _CREDHUB_KEYS_H_INCLUDED_


#include <openssl/bio.h>
#include <openssl/evp.h>
#include "credhub_key.h"


/* NULL when it was canceled or failed. */
EVP_PKEY *credhub_key_generate(
    const credhub_key_kind_t *kind, atomic_int *cancel);

/* The same by OpenSSL's names; `group` of EC, `bits` of RSA (2048, 3072 or
 * 4096), else NULL and 0. */
EVP_PKEY *credhub_key_make(const char *algorithm, const char *group,
    unsigned bits, atomic_int *cancel);

/* An RSA key has its true length here; .bits 0: another kind. */
credhub_key_kind_t credhub_key_kind_of(const EVP_PKEY *key);

/* The private key in PEM: PKCS#1, or PKCS#8 where the key is not RSA. 1, 0. */
int credhub_key_pem(
    credhub_arena_t *arena, const EVP_PKEY *key, credhub_str_t *pem);

/*
 * Does DER spell out a curve instead of naming it? Certificates must not (RFC
 * 5480, 2.1.1), and who chooses the field chooses how long decoding a point of
 * it takes. To be asked before any key is decoded. 1, 0.
 */
int credhub_key_spells_curve(credhub_str_t der);

/* A copy of what was written to a memory BIO. 1, 0. */
int credhub_key_take(credhub_arena_t *arena, BIO *bio, credhub_str_t *out);


#endif /* _CREDHUB_KEYS_H_INCLUDED_ */
