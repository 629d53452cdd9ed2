
/* Names and public keys of certificates as Java prints them: clients of the
 * trust API show these texts. Thread-safe. */

#ifndef _CREDHUB_X509_TEXT_H_INCLUDED_
#define _CREDHUB_X509_TEXT_H_INCLUDED_


#include <openssl/x509.h>
#include "credhub_arena.h"


/* Appends a distinguished name, plain UTF-8: relative names in reverse order
 * (RFC 2253), behind ", ", a value in double quotes where it needs them. 0, or
 * -1 when it cannot be read. */
int credhub_x509_name_text(credhub_buf_t *buf, const X509_NAME *name);

/* Appends "Sun RSA public key, 2048 bits\n  params: null\n  modulus: ...\n
 * public exponent: 65537", the like for curves, and for any other key its
 * algorithm and SubjectPublicKeyInfo in base64. 0, -1. */
int credhub_x509_key_text(credhub_buf_t *buf, X509 *x509);


#endif /* _CREDHUB_X509_TEXT_H_INCLUDED_ */
