
/*
 * Sealed form v1 (AES-256-GCM, NIST SP 800-38D):
 *
 *     version 0x01 | key fingerprint 8 | nonce 12 | ciphertext | tag 16
 *
 * The place of a value is authenticated with it, so a blob moved to another
 * credential, version, field or hub does not open.
 */

#ifndef _CREDHUB_SEAL_H_INCLUDED_
#define _CREDHUB_SEAL_H_INCLUDED_


#include "credhub_keyring.h"


#define CREDHUB_SEAL_OVERHEAD (1 + CREDHUB_FINGERPRINT_SIZE + 12 + 16)


typedef struct {
    credhub_str_t hub;    /* the store's random id */
    credhub_str_t kind;   /* "version", ... */
    credhub_str_t field;  /* "secret", "params", ... */
    credhub_str_t record; /* for versions the version id */
    credhub_str_t name;   /* folded */
} credhub_place_t;

#define CREDHUB_PLACE_MAX 2048 /* bytes of all parts; more is an error */


/*
 * Seals `plain` with the key for place->name into `out`, which holds
 * plain.len + CREDHUB_SEAL_OVERHEAD bytes. CREDHUB_OK, CREDHUB_E_KEY_MISSING
 * when no key covers the name, CREDHUB_E_INTERNAL. Main thread only: one
 * cipher context per key is kept.
 */
credhub_error_e credhub_seal(credhub_keyring_t *keyring,
    const credhub_place_t *place, credhub_str_t plain, u_char *out);

/*
 * Opens a blob into `out`, which holds blob.len - CREDHUB_SEAL_OVERHEAD bytes.
 * CREDHUB_E_KEY_MISSING when its key is not configured or does not cover the
 * name, CREDHUB_E_INTERNAL when it is damaged or in a wrong place; `out` is
 * wiped then. Main thread only.
 */
credhub_error_e credhub_open(credhub_keyring_t *keyring,
    const credhub_place_t *place, credhub_str_t blob, u_char *out);

/* Bytes of the plain text of a blob, 0 when it is too short to be one. */
size_t credhub_open_size(credhub_str_t blob);


#endif /* _CREDHUB_SEAL_H_INCLUDED_ */
