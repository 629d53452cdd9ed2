
/*
 * Names and public keys of certificates as Java prints them: clients of the
 * trust API show these texts. Everything is read where it stands in DER: no key
 * is decoded, which is what makes reading a certificate slow. Thread-safe.
 */

#ifndef _CREDHUB_X509_TEXT_H_INCLUDED_
#define _CREDHUB_X509_TEXT_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_X509_NAME_MAX 16384 /* bytes of a name in DER */


/* Parts of a certificate, in DER with tag and length. */

typedef struct {
    credhub_str_t issuer;
    credhub_str_t subject;
    credhub_str_t key; /* SubjectPublicKeyInfo */
} credhub_x509_outline_t;


/* Where they are, when this is one certificate and nothing else, with names of
 * at most CREDHUB_X509_NAME_MAX bytes. 1, 0. */
int credhub_x509_outline(credhub_str_t der, credhub_x509_outline_t *outline);

/*
 * Appends a distinguished name, plain UTF-8: relative names in reverse order
 * (RFC 2253), behind ", ", a value in double quotes where it needs them.
 * Control characters and what is not UTF-8 are written as \XX, values that are
 * no text as # and their DER in hexadecimal. 0, or -1 when it cannot be read.
 */
int credhub_x509_name_text(credhub_buf_t *buf, credhub_str_t name);

/* Appends "Sun RSA public key, 2048 bits\n  params: null\n  modulus: ...\n
 * public exponent: 65537", the like for curves, and for any other key (RSA
 * beyond 8192 bits is one) its algorithm and SubjectPublicKeyInfo in base64. 0,
 * or -1 when it cannot be read. */
int credhub_x509_key_text(credhub_buf_t *buf, credhub_str_t key);

/* Appends an object identifier, given in DER: its numbers, or a name if there
 * is one. 0, -1. */
int credhub_x509_object_text(
    credhub_buf_t *buf, credhub_str_t der, int numbers);


#endif /* _CREDHUB_X509_TEXT_H_INCLUDED_ */
