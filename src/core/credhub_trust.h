
/*
 * The decision about a peer's certificate: it is trusted when it is approved
 * itself, or when a path from it to an approved certificate can be built
 * (RFC 5280; approved certificates are the only anchors, partial chains count).
 * Certificates that were merely sent help to build a path and never end one.
 */

#ifndef _CREDHUB_TRUST_H_INCLUDED_
#define _CREDHUB_TRUST_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


#define CREDHUB_TRUST_SENT_MAX 10 /* certificates of a chain */


typedef enum {
    CREDHUB_TRUST_SERVER = 0, /* the peer is a server */
    CREDHUB_TRUST_CLIENT
} credhub_trust_e;


/* Approved certificates, parsed. For one thread at a time. */
typedef struct credhub_anchors_s credhub_anchors_t;

/* NULL when memory is exhausted. */
credhub_anchors_t *credhub_anchors_create(void);

/* Adds one in DER. CREDHUB_OK, CREDHUB_E_APPROVAL_CERTIFICATE,
 * CREDHUB_E_INTERNAL. */
credhub_error_e credhub_anchors_add(
    credhub_anchors_t *anchors, credhub_str_t der);

/* NULL is allowed. */
void credhub_anchors_destroy(credhub_anchors_t *anchors);


/*
 * Is the peer trusted at `now` (seconds since 1970)? `sent`: DER, leaf first.
 * Dates and purpose of the whole path count, host names do not; so an approved
 * leaf must be within its dates, too. 1 and the SHA-256 of the anchor in `hash`
 * (32 bytes), or 0 and a static reason: "No trust anchors for this connection"
 * when no path could be built.
 */
int credhub_trusted(const credhub_anchors_t *anchors, const credhub_str_t *sent,
    size_t n, credhub_trust_e purpose, int64_t now, u_char hash[32],
    const char **reason);


#endif /* _CREDHUB_TRUST_H_INCLUDED_ */
