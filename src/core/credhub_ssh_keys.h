
/*
 * The kinds of keys that SSH certificates have, and keys as OpenSSL's objects.
 * For src/core/credhub_ssh_*.c only.
 */

#ifndef _CREDHUB_SSH_KEYS_H_INCLUDED_
#define _CREDHUB_SSH_KEYS_H_INCLUDED_


#include <openssl/evp.h>
#include "credhub_ssh.h"


#define CREDHUB_SSH_ED25519_SIZE 32
#define CREDHUB_SSH_SCALAR_MAX   66 /* bytes of a number of P-521 */
#define CREDHUB_SSH_POINT_MAX    (1 + 2 * CREDHUB_SSH_SCALAR_MAX)


typedef struct {
    credhub_str_t word;      /* of a plain key */
    credhub_str_t cert_word; /* of a certificate */
    credhub_str_t signature; /* of a signature */
    const char   *type;      /* what OpenSSL calls it */
    const char   *group;     /* of EC: OpenSSL's name of the curve */
    credhub_str_t curve;     /* of EC: SSH's */
    const char   *digest;    /* NULL: the signature brings its own */
    unsigned      bits;      /* 0: several */
} credhub_ssh_kind_t;

/* By type. */
extern const credhub_ssh_kind_t credhub_ssh_kinds[CREDHUB_SSH_TYPES];


/* The public key in a blob that credhub_ssh_public_blob() has passed; NULL when
 * OpenSSL failed. */
EVP_PKEY *credhub_ssh_pkey(const credhub_ssh_public_t *key);

/* A private key in PKCS#8; NULL when it is none. */
EVP_PKEY *credhub_ssh_pkey_private(credhub_str_t private_key);

/* Its type and length; -1 when it is none that is known. */
int credhub_ssh_pkey_algorithm(
    const EVP_PKEY *key, credhub_ssh_algorithm_t *algorithm);

/* A pair of a private key. CREDHUB_OK, CREDHUB_E_INTERNAL. */
credhub_error_e credhub_ssh_pair_of(
    credhub_arena_t *arena, const EVP_PKEY *key, credhub_ssh_pair_t *pair);

/* Appends the fields of the public key behind the word of its type. 1, 0. */
int credhub_ssh_add_public(credhub_buf_t *buf,
    const credhub_ssh_algorithm_t *algorithm, const EVP_PKEY *key);

/* A number of the key as an mpint. 1, 0. */
int credhub_ssh_add_number(
    credhub_buf_t *buf, const EVP_PKEY *key, const char *name);


#endif /* _CREDHUB_SSH_KEYS_H_INCLUDED_ */
