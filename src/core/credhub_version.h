
/* One version of a credential, and how it is shown. */

#ifndef _CREDHUB_VERSION_H_INCLUDED_
#define _CREDHUB_VERSION_H_INCLUDED_


#include "credhub_mac.h"
#include "credhub_text.h"


typedef struct {
    credhub_str_t id;         /* version id */
    credhub_str_t credential; /* credential id */
    credhub_str_t name;       /* as first written */
    credhub_str_t folded;
    credhub_str_t type;
    int64_t       created;  /* microseconds since 1970 */
    credhub_str_t metadata; /* JSON text; empty: null */
    credhub_str_t head;
    credhub_str_t tail;
    credhub_str_t secret; /* sealed; empty: none */
    credhub_str_t params; /* sealed; empty: none */
    credhub_str_t mac;    /* of what is clear, credhub_version_mac() */

    /* of certificates, else empty */
    credhub_str_t facts;   /* JSON members of the view, each behind a comma:
                              "expiry_date", "certificate_authority",
                              "self_signed", "generated" */
    credhub_str_t signer;  /* name of the CA, its own when self-signed, or
                              empty */
    credhub_str_t trusted; /* PEM of another version of the CA to trust */
    credhub_str_t digest;  /* SHA-256 of `certificate` in hex; not proved by
                              the MAC, as the next two */
    credhub_str_t issuer;  /* the same of `ca` */
    int64_t       expires; /* microseconds since 1970 */

    /* for its answer only */
    credhub_str_t extra; /* more members, each behind a comma */
    credhub_str_t chain; /* PEM; data NULL: not asked for */
    unsigned      transitional:1;
    unsigned      concatenate:1; /* "ca" shows `trusted` too */
} credhub_version_t;


/* The place of a version's sealed field ("secret" or "params"). */
credhub_place_t credhub_version_place(
    const credhub_version_t *version, credhub_str_t hub, credhub_str_t field);

/*
 * The MAC of what is stored in clear (type, metadata, head, tail, whether there
 * is a secret, and of a certificate facts, signer and trusted), by the key that
 * seals the name: what a row says cannot be changed by who can only write to
 * the store. CREDHUB_OK, CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_version_mac(const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub,
    u_char out[CREDHUB_MAC_SIZE]);

/* Is the row what was written? CREDHUB_OK, CREDHUB_E_KEY_MISSING, or
 * CREDHUB_E_INTERNAL when it was changed or moved. */
credhub_error_e credhub_version_genuine(const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub);

/*
 * Appends the credential view. The secret is opened straight into the buffer.
 * CREDHUB_OK, CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL; what was appended is
 * taken back on error.
 */
credhub_error_e credhub_version_view(credhub_buf_t *buf,
    const credhub_version_t *version, credhub_keyring_t *keyring,
    credhub_str_t hub);

/* Appends only the value (head, opened secret, tail); the same errors. */
credhub_error_e credhub_version_value(credhub_buf_t *buf,
    const credhub_version_t *version, credhub_keyring_t *keyring,
    credhub_str_t hub);

/* An upper bound of what credhub_version_view() appends, in bytes. */
size_t credhub_version_view_size(const credhub_version_t *version);


#endif /* _CREDHUB_VERSION_H_INCLUDED_ */
