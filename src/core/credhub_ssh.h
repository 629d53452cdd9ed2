
/*
 * The wire format of SSH (RFC 4251, section 5) and what is made of it: public
 * key lines, private keys in OpenSSH's format. Strings of a reader point into
 * its source; everything that is made lives in the caller's arena, which wipes
 * it.
 */

#ifndef _CREDHUB_SSH_H_INCLUDED_
#define _CREDHUB_SSH_H_INCLUDED_


#include "credhub_key.h"


#define CREDHUB_SSH_LINE_MAX       16384 /* bytes of a public key line */
#define CREDHUB_SSH_PASSPHRASE_MAX 1024
#define CREDHUB_SSH_SHA256_LEN     43 /* base64 without padding */


/* A reader never goes beyond its end: what is not there is empty or 0, and
 * `failed` is set for good. */

typedef struct {
    const u_char *pos;
    const u_char *end;
    unsigned      failed:1;
} credhub_ssh_reader_t;

void     credhub_ssh_reader(credhub_ssh_reader_t *reader, credhub_str_t bytes);
uint32_t credhub_ssh_uint32(credhub_ssh_reader_t *reader);
uint64_t credhub_ssh_uint64(credhub_ssh_reader_t *reader);
credhub_str_t credhub_ssh_string(credhub_ssh_reader_t *reader);

/* Nothing failed and nothing is left? */
int credhub_ssh_ended(const credhub_ssh_reader_t *reader);

void credhub_ssh_add_uint32(credhub_buf_t *buf, uint32_t n);
void credhub_ssh_add_uint64(credhub_buf_t *buf, uint64_t n);
void credhub_ssh_add_string(credhub_buf_t *buf, credhub_str_t str);

/* An mpint of an unsigned big-endian number. */
void credhub_ssh_add_mpint(credhub_buf_t *buf, credhub_str_t number);


/* Public keys. */

typedef enum {
    CREDHUB_SSH_ED25519 = 0,
    CREDHUB_SSH_P256,
    CREDHUB_SSH_P384,
    CREDHUB_SSH_P521,
    CREDHUB_SSH_RSA, /* 2048 to 16384 bits in what is read */
    CREDHUB_SSH_TYPES
} credhub_ssh_type_e;

typedef struct {
    credhub_ssh_type_e type;
    unsigned           bits;
    credhub_str_t      word; /* "ssh-ed25519"; static */
    credhub_str_t      blob; /* wire format */
    credhub_str_t      comment;
} credhub_ssh_public_t;

/*
 * "<word> <base64>[ <comment>]", white space around it allowed, one line. The
 * blob is a complete key of exactly that type with nothing behind it, a point
 * is on its curve. CREDHUB_E_SSH_KEY with a `detail` of our words that says
 * what is wrong (DSA, a certificate, RSA under 2048 bits, ...),
 * CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_public(credhub_arena_t *arena, credhub_str_t line,
    credhub_ssh_public_t *key, credhub_str_t *detail);

/* The same for a blob alone; comment empty. */
credhub_error_e credhub_ssh_public_blob(credhub_arena_t *arena,
    credhub_str_t blob, credhub_ssh_public_t *key, credhub_str_t *detail);

/* "<word> <base64>[ <comment>]" without newline: the word is the first string
 * of the blob, which may be a certificate too. .data == NULL without memory. */
credhub_str_t credhub_ssh_line(
    credhub_arena_t *arena, credhub_str_t blob, credhub_str_t comment);

/* What `ssh-keygen -l` prints behind "SHA256:"; .data == NULL without memory. */
credhub_str_t credhub_ssh_sha256(credhub_arena_t *arena, credhub_str_t blob);

/* SHA-1 in 40 upper-case hexadecimal digits; the same. */
credhub_str_t credhub_ssh_sha1(credhub_arena_t *arena, credhub_str_t blob);


/* Pairs. */

typedef struct {
    credhub_ssh_type_e type;
    unsigned           bits; /* of RSA: 2048, 3072 or 4096 when generated */
} credhub_ssh_algorithm_t;

typedef struct {
    credhub_ssh_algorithm_t algorithm;
    credhub_str_t           blob;        /* public, wire format */
    credhub_str_t           private_key; /* PKCS#8 (RFC 5958), DER, in clear */
} credhub_ssh_pair_t;

/* "ED25519", "P256", "P384", "P521", "RSA3072", "RSA4096" (the names that
 * templates show), in any letter case, also "ECDSA256" and alike, "RSA2048".
 * 0, or -1 for another one. */
int credhub_ssh_algorithm(credhub_str_t name, credhub_ssh_algorithm_t *out);

/* Static; "RSA2048" and alike for RSA. */
credhub_str_t credhub_ssh_algorithm_name(
    const credhub_ssh_algorithm_t *algorithm);

/* RSA takes seconds: CPU threads only, stops soon after `*cancel` became
 * non-zero (CREDHUB_E_INTERNAL). The others take well below a millisecond. */
credhub_error_e credhub_ssh_generate(credhub_arena_t *arena,
    const credhub_ssh_algorithm_t *algorithm, atomic_int *cancel,
    credhub_ssh_pair_t *pair);

/*
 * A private key of somebody else: PEM (PKCS#1, SEC1, PKCS#8) or, unless it is
 * RSA, OPENSSH; encrypted or not. bcrypt and PBKDF2 take long: CPU threads only.
 * CREDHUB_E_SSH_KEY with `detail` (wrong passphrase, a kind of key that is not
 * known, ...), CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_import(credhub_arena_t *arena, credhub_str_t text,
    credhub_str_t passphrase, credhub_ssh_pair_t *pair, credhub_str_t *detail);

/*
 * A private key as ssh reads it, with a final newline, \n between lines. No
 * passphrase: OPENSSH format for every type. With one: OPENSSH with bcrypt for
 * Ed25519 (libssh), encrypted PKCS#8 for the others; takes long: CPU threads
 * only. CREDHUB_OK, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_private(credhub_arena_t *arena,
    credhub_str_t private_key, credhub_str_t comment, credhub_str_t passphrase,
    credhub_str_t *text);


/*
 * A signature over `data` in wire format (RFC 8332 rsa-sha2-512, RFC 5656,
 * RFC 8709). An RSA key takes milliseconds.
 */
credhub_error_e credhub_ssh_sign(credhub_arena_t *arena,
    credhub_str_t private_key, credhub_str_t data, credhub_str_t *signature);

/* Is this the signature of the public key in `blob`, of the kind that
 * credhub_ssh_sign() makes? CREDHUB_OK; CREDHUB_E_SSH_KEY when it is not, when
 * `blob` is no key, or OpenSSL has no memory left to see; CREDHUB_E_INTERNAL. */
credhub_error_e credhub_ssh_verify(credhub_arena_t *arena, credhub_str_t blob,
    credhub_str_t data, credhub_str_t signature);


#endif /* _CREDHUB_SSH_H_INCLUDED_ */
