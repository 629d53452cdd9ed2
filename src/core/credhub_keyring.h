
/*
 * The encryption keys of one configuration, and what is derived from them.
 * Keys live in a mapping of their own that is locked into memory and left out
 * of core dumps. Several keys may stand: one whose path covers a name seals it
 * (credhub_keyring_for), and any whose path covers it opens what carries its
 * fingerprint (credhub_keyring_opener).
 */

#ifndef _CREDHUB_KEYRING_H_INCLUDED_
#define _CREDHUB_KEYRING_H_INCLUDED_


#include <openssl/evp.h>
#include "credhub_arena.h"
#include "credhub_error.h"
#include "credhub_memo.h"


#define CREDHUB_KEY_SIZE         32
#define CREDHUB_FINGERPRINT_SIZE 8
#define CREDHUB_KEYS_MAX         64
#define CREDHUB_KEY_ID_MAX       64 /* [A-Za-z0-9_.-] */


/* What a subkey is for; each purpose has a key of its own (HKDF-SHA256, RFC
 * 5869, info = "credhub v1 " + purpose). */

typedef enum {
    CREDHUB_SUBKEY_SEAL = 0,
    CREDHUB_SUBKEY_ROW,
    CREDHUB_SUBKEY_CURSOR,
    CREDHUB_SUBKEY_TOKEN,
    CREDHUB_SUBKEYS
} credhub_subkey_e;


typedef struct credhub_keyring_s credhub_keyring_t;


/* An empty keyring in its own mapping; NULL when there is no memory. */
credhub_keyring_t *credhub_keyring_create(void);

/* Wipes and unmaps; NULL is allowed. */
void credhub_keyring_destroy(credhub_keyring_t *keyring);

/* For processes that have no use for keys: nothing opens or seals after it. */
void credhub_keyring_wipe(credhub_keyring_t *keyring);

/* Locks the mapping again (locks do not survive fork). 0, or -1 with errno. */
int credhub_keyring_lock(credhub_keyring_t *keyring);


/*
 * Reads a key file and appends the key. `file` and `id` are NUL-terminated;
 * `path` is a folded subtree ("/apps/" and an asterisk), or empty for every
 * name. `file` holds 32 raw bytes, or 44 characters of base64 with an optional
 * newline; it is a regular file without group and other permissions, owned by
 * root or the effective user; symbolic links are refused. Returns NULL, or a
 * static text that says what is wrong (without the file's name); errno is set
 * when a system call failed, 0 otherwise.
 */
const char *credhub_keyring_add(credhub_keyring_t *keyring, const char *id,
    const char *file, credhub_str_t path);

size_t credhub_keyring_count(const credhub_keyring_t *keyring);

/* The fingerprint of key number i, in the order of configuration: the first 8
 * bytes of HMAC-SHA256(key, "credhub v1 fingerprint"). */
const u_char *credhub_keyring_fingerprint(
    const credhub_keyring_t *keyring, size_t i);

/* The number of the key that seals this folded name: of the keys with the
 * longest covering path the first; -1 when none covers it. */
int credhub_keyring_for(const credhub_keyring_t *keyring, credhub_str_t name);

/* The number of the key with that fingerprint, -1 when it is not configured. */
int credhub_keyring_find(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE]);

/* What the key with that fingerprint does: 1, it seals, being the first of its
 * path; 0, it only opens; -1, it is not configured. */
int credhub_keyring_state(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE]);

/* The number of the key with that fingerprint whose path covers this folded
 * name, -1 when there is none. The same key may stand under several paths. */
int credhub_keyring_opener(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE], credhub_str_t name);

/* CREDHUB_KEY_SIZE bytes inside the mapping. */
const u_char *credhub_keyring_subkey(
    const credhub_keyring_t *keyring, size_t i, credhub_subkey_e purpose);

/*
 * An AES-256-GCM context of key number i, keyed with CREDHUB_SUBKEY_SEAL at
 * its first use in a process and kept: a caller sets only the nonce. One for
 * sealing, one for opening; the keyring frees them. NULL when OpenSSL failed.
 */
EVP_CIPHER_CTX *credhub_keyring_cipher(
    credhub_keyring_t *keyring, size_t i, int encrypt);

/*
 * An HMAC-SHA256 context of key number i, keyed with CREDHUB_SUBKEY_ROW at its
 * first use in a process and kept: a caller starts it again with
 * EVP_MAC_init() without a key. The keyring frees it. NULL when OpenSSL
 * failed.
 */
EVP_MAC_CTX *credhub_keyring_hmac(credhub_keyring_t *keyring, size_t i);

/* What was lately found to be under a right MAC of these keys, made at its first
 * use in a process; the keyring frees it. NULL when there is no memory. */
credhub_memo_t *credhub_keyring_memo(credhub_keyring_t *keyring);


#endif /* _CREDHUB_KEYRING_H_INCLUDED_ */
