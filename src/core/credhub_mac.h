
/*
 * Rows that grant something (permissions, approvals, API keys, templates) lie
 * in Redis in clear, with a MAC:
 *
 *     key fingerprint 8 | HMAC-SHA256 32
 *
 * over the place of the row and its parts, each with its length in front. It
 * is a pure function of them, so a row has exactly one MAC by each key.
 */

#ifndef _CREDHUB_MAC_H_INCLUDED_
#define _CREDHUB_MAC_H_INCLUDED_


#include "credhub_seal.h"


#define CREDHUB_MAC_SIZE      (CREDHUB_FINGERPRINT_SIZE + 32)
#define CREDHUB_MAC_PARTS_MAX 16


/*
 * The MAC of a row by key number i, which covers place->name
 * (credhub_keyring_for). What does not apply to a kind of row stays empty in
 * its place. CREDHUB_OK or CREDHUB_E_INTERNAL. Main thread only: one context
 * per key is kept.
 */
credhub_error_e credhub_mac(credhub_keyring_t *keyring, size_t i,
    const credhub_place_t *place, const credhub_str_t *parts, size_t n,
    u_char out[CREDHUB_MAC_SIZE]);

/*
 * 1 when `mac` is the MAC of this row by a configured key that covers
 * place->name; 0 when it is forged, moved from elsewhere, or its key is not
 * here. Compares in constant time. Main thread only.
 */
int credhub_mac_check(credhub_keyring_t *keyring, const credhub_place_t *place,
    const credhub_str_t *parts, size_t n, credhub_str_t mac);


#endif /* _CREDHUB_MAC_H_INCLUDED_ */
