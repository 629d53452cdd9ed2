
/*
 * Approvals: the certificates and SSH keys that an owner (a connection, a
 * destination) trusts. A row that grants: it has a MAC.
 */

#ifndef _CREDHUB_APPROVAL_H_INCLUDED_
#define _CREDHUB_APPROVAL_H_INCLUDED_


#include "credhub_mac.h"
#include "credhub_json.h"


#define CREDHUB_APPROVAL_DER_MAX  65536 /* bytes of a certificate */
#define CREDHUB_APPROVAL_KEY_MAX  16384 /* bytes of "public_key" */
#define CREDHUB_APPROVAL_HASH_MAX 512   /* bytes of "hash" */


typedef enum {
    CREDHUB_APPROVAL_CERTIFICATE = 0,
    CREDHUB_APPROVAL_FINGERPRINT
} credhub_approval_e;


typedef struct {
    credhub_approval_e type;
    credhub_str_t      hash;     /* a certificate's: padded base64 of SHA-256 */
    credhub_str_t      content;  /* DER, or "public_key" as given */
    credhub_str_t      by;       /* who approved, as shown */
    int64_t            date;     /* microseconds since 1970 */
    int64_t            sequence; /* in its list; not under the MAC */
    credhub_str_t      mac;
} credhub_approval_t;


/*
 * A certificate to approve. `encoded` is base64 (line breaks are tolerated) of
 * exactly one certificate in DER, `hash` its SHA-256 in base64 or base64url,
 * padded or not. Fills type, hash and content. CREDHUB_E_APPROVAL_CERTIFICATE,
 * CREDHUB_E_APPROVAL_HASH, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_approval_certificate(credhub_arena_t *arena,
    credhub_str_t encoded, credhub_str_t hash, credhub_approval_t *approval);

/* The same from DER, as a peer has sent it. */
credhub_error_e credhub_approval_der(
    credhub_arena_t *arena, credhub_str_t der, credhub_approval_t *approval);

/*
 * A fingerprint to approve: both are kept as given. `*warning` is a static text
 * when the key is an OpenSSH public key and the hash is not its SHA-256, else
 * NULL. CREDHUB_E_FIELD_INVALID when one is empty, beyond its limit or has
 * control characters: approval->hash is empty when that is the hash.
 */
credhub_error_e credhub_approval_fingerprint(credhub_arena_t *arena,
    credhub_str_t hash, credhub_str_t public_key, credhub_approval_t *approval,
    const char **warning);

/* Who it belongs to: `owner` is the folded permission resource
 * ("/trust/connections/ID"), `uid` names this owner alone, whatever had its id
 * before. */

typedef struct {
    credhub_str_t hub;
    credhub_str_t owner;
    credhub_str_t uid;
} credhub_approval_owner_t;

/* CREDHUB_OK, CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL. */
credhub_error_e credhub_approval_mac(const credhub_approval_t *approval,
    credhub_keyring_t *keyring, const credhub_approval_owner_t *owner,
    u_char out[CREDHUB_MAC_SIZE]);

/* 1, or 0 when it was changed, moved, or its key is not here. */
int credhub_approval_genuine(const credhub_approval_t *approval,
    credhub_keyring_t *keyring, const credhub_approval_owner_t *owner);


/* Appends the JSON object of a list, or of details. CREDHUB_OK,
 * CREDHUB_E_INTERNAL. */
credhub_error_e credhub_approval_show(
    credhub_buf_t *buf, const credhub_approval_t *approval);

/* Appends the detail of the failed test "Validate Certificate": hash, name,
 * public_key, encoded_cert, sha1, sha256. */
credhub_error_e credhub_approval_offered(
    credhub_buf_t *buf, const credhub_approval_t *approval);


/*
 * The hashes that the rest of a path may mean, as it was sent and decoded: the
 * text itself, without a trailing slash, with the standard alphabet for
 * base64url, padded, and what the text is the base64url of (the id). Candidates
 * in the order they are tried, without repetition.
 */
#define CREDHUB_APPROVAL_SPELLINGS 8

size_t credhub_approval_spellings(credhub_arena_t *arena, credhub_str_t text,
    credhub_str_t hashes[CREDHUB_APPROVAL_SPELLINGS]);


#endif /* _CREDHUB_APPROVAL_H_INCLUDED_ */
