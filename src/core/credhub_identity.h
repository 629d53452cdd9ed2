
/*
 * The actor named by a client certificate: the first OU, in DER order of the
 * subject, that is "app:" and a lower-case version 4 UUID.
 */

#ifndef _CREDHUB_IDENTITY_H_INCLUDED_
#define _CREDHUB_IDENTITY_H_INCLUDED_


#include <openssl/x509.h>
#include "credhub_error.h"


#define CREDHUB_MTLS_ACTOR_LEN (sizeof("mtls-app:") - 1 + 36)


/*
 * Writes "mtls-app:<uuid>". The caller has verified the chain. CREDHUB_OK,
 * CREDHUB_E_MTLS_EKU when the extended key usage does not list clientAuth,
 * CREDHUB_E_MTLS_ID when no OU fits. Compares by length, so an embedded NUL
 * does not end a value. Leaves OpenSSL's error queue as it was.
 */
credhub_error_e credhub_identity(
    X509 *certificate, u_char actor[CREDHUB_MTLS_ACTOR_LEN]);


#endif /* _CREDHUB_IDENTITY_H_INCLUDED_ */
