
/*
 * Where a page ended, for a client to bring back: base64url of
 *
 *     sequence 8, big-endian | key fingerprint 8 | HMAC-SHA256 32
 *
 * by CREDHUB_SUBKEY_CURSOR, over hub id, list and sequence. `list` names the
 * list with its owner and filters, so a cursor goes on only where it began.
 */

#ifndef _CREDHUB_CURSOR_H_INCLUDED_
#define _CREDHUB_CURSOR_H_INCLUDED_


#include "credhub_keyring.h"


/* The cursor behind `sequence`; .data == NULL on failure. */
credhub_str_t credhub_cursor(credhub_arena_t *arena, credhub_keyring_t *keyring,
    credhub_str_t hub, credhub_str_t list, int64_t sequence);

/* CREDHUB_OK, CREDHUB_E_CURSOR, CREDHUB_E_INTERNAL. Any configured key counts.
 */
credhub_error_e credhub_cursor_read(credhub_arena_t *arena,
    credhub_keyring_t *keyring, credhub_str_t hub, credhub_str_t list,
    credhub_str_t cursor, int64_t *sequence);


#endif /* _CREDHUB_CURSOR_H_INCLUDED_ */
