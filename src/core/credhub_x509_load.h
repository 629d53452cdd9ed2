
/* Certificates and private keys as OpenSSL's objects, which the caller frees.
 * For src/core/credhub_x509*.c, credhub_approval.c and credhub_trust.c. */

#ifndef _CREDHUB_X509_LOAD_H_INCLUDED_
#define _CREDHUB_X509_LOAD_H_INCLUDED_


#include <openssl/x509v3.h>
#include "credhub_keys.h"


#define CREDHUB_X509_RSA_MAX 8192 /* bits of a key that signs or verifies */


/* The first certificate of a text. CREDHUB_OK, CREDHUB_E_BAD_CERT,
 * CREDHUB_E_INTERNAL. */
credhub_error_e credhub_x509_load(credhub_str_t pem, X509 **x509);

/* One certificate in DER and nothing else, with a named curve if any; NULL. */
X509 *credhub_x509_load_der(credhub_str_t der);

/* Does a key verify in a time that can be waited for? RSA of at most
 * CREDHUB_X509_RSA_MAX bits, and so on. 1, 0. */
int credhub_x509_verifies(EVP_PKEY *key);

/* A key of a supported kind, RSA of at most CREDHUB_X509_RSA_MAX bits.
 * CREDHUB_OK, CREDHUB_E_PRIVATE_KEY and its kin, CREDHUB_E_INTERNAL. */
credhub_error_e credhub_x509_load_key(credhub_str_t pem, EVP_PKEY **key);

/* Seconds since 1970. 1, 0. */
int credhub_x509_time(const ASN1_TIME *time, int64_t *seconds);

/* Is it a certificate authority by its basic constraints? 1, 0; -1 when they
 * cannot be read. */
int credhub_x509_is_ca(const X509 *x509);


#endif /* _CREDHUB_X509_LOAD_H_INCLUDED_ */
