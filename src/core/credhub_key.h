
/* Keys and key pairs, in the formats that clients expect. */

#ifndef _CREDHUB_KEY_H_INCLUDED_
#define _CREDHUB_KEY_H_INCLUDED_


#include <signal.h>
#include <stdatomic.h>
#include "credhub_bind.h"


typedef struct {
    credhub_str_t public_key;
    credhub_str_t private_key;
} credhub_key_pair_t;


#define CREDHUB_KEY_RSA_BITS 2048 /* unless asked otherwise */


typedef enum {
    CREDHUB_KEY_RSA = 0,
    CREDHUB_KEY_EC,
    CREDHUB_KEY_ED25519
} credhub_key_type_e;

typedef struct {
    credhub_key_type_e type;
    unsigned           bits; /* 2048, 3072, 4096; 256 (P-256, Ed25519), 384
                                (P-384); 0: another key */
} credhub_key_kind_t;


/*
 * The kind that the parameters "key_type", "key_curve" (names in any letter
 * case, empty: not given) and "key_length" ask for. CREDHUB_E_KEY_TYPE,
 * CREDHUB_E_KEY_CURVE (also for a curve beside another type),
 * CREDHUB_E_KEY_LENGTH (also for a length that is not the curve's); 0 as a
 * length is none.
 */
credhub_error_e credhub_key_kind(credhub_str_t type, credhub_str_t curve,
    const credhub_int_t *length, credhub_key_kind_t *kind);

/*
 * A private key in PEM with a final newline: PKCS#1 (RFC 8017) for RSA, PKCS#8
 * (RFC 5958) for the others. RSA takes seconds: CPU threads only. Stops soon
 * after `*cancel` became non-zero (CREDHUB_E_INTERNAL). Thread-safe.
 */
credhub_error_e credhub_key_private(credhub_arena_t *arena,
    const credhub_key_kind_t *kind, atomic_int *cancel, credhub_str_t *pem);


/* The names of a kind as parameters; the curve is empty where there is none to
 * choose. */
void credhub_key_names(
    const credhub_key_kind_t *kind, credhub_str_t *type, credhub_str_t *curve);

/* 2048, 3072 or 4096? */
int credhub_key_length_valid(int64_t bits);

/*
 * RSA, public exponent 65537: public key as PEM SubjectPublicKeyInfo, private
 * key as PEM PKCS#1 (RFC 8017), each with a final newline. Takes seconds: CPU
 * threads only. Stops soon after `*cancel` became non-zero
 * (CREDHUB_E_INTERNAL). Thread-safe.
 */
credhub_error_e credhub_key_rsa(credhub_arena_t *arena, unsigned bits,
    atomic_int *cancel, credhub_key_pair_t *pair);

/*
 * A pair for ssh: "<word> <base64>", plus a space and the comment when it is
 * not empty, without newline (RFC 4253, section 6.6; RFC 5656; RFC 8709);
 * private key as PEM PKCS#1 for RSA, in OpenSSH's own format (not encrypted)
 * for the others.
 */
credhub_error_e credhub_key_ssh(credhub_arena_t *arena,
    const credhub_key_kind_t *kind, credhub_str_t comment, atomic_int *cancel,
    credhub_key_pair_t *pair);

/* All generations of the process stop soon after `*flag` became non-zero. */
void credhub_key_stop_on(const volatile sig_atomic_t *flag);

/* Bits of the RSA key in PEM SubjectPublicKeyInfo; 0 when it is not one. */
unsigned credhub_key_rsa_bits(credhub_str_t pem);

/* The key in a public line of ssh: an RSA key of any length, or another that is
 * generated here; .bits 0 when it is none. `comment` gets what stands behind
 * the second space. */
credhub_key_kind_t credhub_key_ssh_kind(
    credhub_str_t line, credhub_str_t *comment);

/*
 * SHA-256 over the decoded key blob, base64 without padding, when the line is
 * "<word> <base64 of a blob whose inner type is that word>[ comment]";
 * .data == NULL when it is not.
 */
credhub_str_t credhub_key_fingerprint(
    credhub_arena_t *arena, credhub_str_t line);


#endif /* _CREDHUB_KEY_H_INCLUDED_ */
