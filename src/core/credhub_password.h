
/* Random passwords and their SHA-512 crypt hashes. */

#ifndef _CREDHUB_PASSWORD_H_INCLUDED_
#define _CREDHUB_PASSWORD_H_INCLUDED_


#include <stdatomic.h>
#include "credhub_error.h"


#define CREDHUB_PASSWORD_MIN     4
#define CREDHUB_PASSWORD_MAX     200
#define CREDHUB_PASSWORD_DEFAULT 30
#define CREDHUB_USERNAME_LEN     20

#define CREDHUB_CHARS_LOWER      0x01
#define CREDHUB_CHARS_UPPER      0x02
#define CREDHUB_CHARS_NUMBER     0x04
#define CREDHUB_CHARS_SPECIAL    0x08


/*
 * `len` random characters of the given classes, at least one of each (len is
 * at least CREDHUB_PASSWORD_MIN), each position and choice without bias.
 * CREDHUB_E_NO_CHARSET when classes is 0, CREDHUB_E_INTERNAL when the random
 * generator or memory failed.
 */
credhub_error_e credhub_password(
    credhub_arena_t *arena, size_t len, unsigned classes, credhub_str_t *out);

/*
 * $6$ with a random salt of 8 characters and the default rounds (crypt(5)).
 * A NUL byte inside the password is CREDHUB_E_BAD_REQUEST. Takes milliseconds,
 * and seconds for the longest: CPU threads only. Stops soon after `*cancel`
 * (may be NULL) became non-zero, with CREDHUB_E_INTERNAL. Thread-safe.
 */
credhub_error_e credhub_password_hash(credhub_arena_t *arena,
    credhub_str_t password, atomic_int *cancel, credhub_str_t *out);


#endif /* _CREDHUB_PASSWORD_H_INCLUDED_ */
