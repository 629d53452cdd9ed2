
/* Does a path of certificates hold (RFC 5280)? For src/core/credhub_trust.c
 * only. */

#ifndef _CREDHUB_TRUST_PATH_H_INCLUDED_
#define _CREDHUB_TRUST_PATH_H_INCLUDED_


#include "credhub_trust.h"
#include "credhub_x509_load.h"


/* Leaf first; the last one is the anchor, trusted whatever stands behind it. An
 * anchor alone is a leaf that is trusted itself. */

typedef struct {
    X509 *const *x509;
    size_t       n;
    int          level; /* OpenSSL's security level */
} credhub_trust_path_t;


/* 1; 0 and a static reason, NULL when memory is exhausted. */
int credhub_trust_path(const credhub_trust_path_t *path,
    credhub_trust_e purpose, int64_t now, const char **reason);


#endif /* _CREDHUB_TRUST_PATH_H_INCLUDED_ */
