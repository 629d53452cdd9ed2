
/*
 * Tokens of the SSH certificate API: random text that only its owner has. The
 * store has the SHA-256 of each, in a row that is authenticated (credhub_mac.h).
 * An access token and its refresh token belong to one grant.
 */

#ifndef _CREDHUB_TOKEN_H_INCLUDED_
#define _CREDHUB_TOKEN_H_INCLUDED_


#include "credhub_mac.h"


#define CREDHUB_TOKEN_ACCESS_LIFE  3600                /* seconds */
#define CREDHUB_TOKEN_REFRESH_LIFE (30 * 24 * 60 * 60) /* seconds */
#define CREDHUB_TOKEN_CLIENT_MAX   255  /* bytes of a client_id */
#define CREDHUB_TOKEN_SCOPE_MAX    4096 /* bytes of a scope that is asked */
#define CREDHUB_TOKEN_LEN          47   /* a prefix, 32 bytes in base64url */

#define CREDHUB_TOKEN_SCOPE        "ssh:manage" /* what is granted */


typedef enum {
    CREDHUB_TOKEN_ACCESS = 0,
    CREDHUB_TOKEN_REFRESH
} credhub_token_e;


typedef struct {
    credhub_str_t hash; /* of the text, in hexadecimal digits */
    credhub_str_t kind; /* "access", "refresh" */
    credhub_str_t actor;
    credhub_str_t user;
    credhub_str_t client;
    credhub_str_t scope;
    credhub_str_t grant;   /* random id */
    int64_t       issued;  /* microseconds since 1970 */
    int64_t       granted; /* when the first token of the grant was issued */
    int64_t       expires;
    int64_t       refresh_until;
    credhub_str_t mac;
    int64_t       now; /* when it was read */
} credhub_token_t;


/* The word of a kind in a row. */
credhub_str_t credhub_token_kind(credhub_token_e kind);

/* A new text, and its hash; .data == NULL when that failed. */
credhub_str_t credhub_token_make(
    credhub_arena_t *arena, credhub_token_e kind, credhub_str_t *hash);

/* Does a text begin as a token of that kind does? */
int credhub_token_looks(credhub_str_t text, credhub_token_e kind);

/* The hash of a text; .data == NULL when it cannot be a token of that kind. */
credhub_str_t credhub_token_hash(
    credhub_arena_t *arena, credhub_str_t text, credhub_token_e kind);

/* The MAC of a row, by the key that stands for tokens now. CREDHUB_OK,
 * CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL. */
credhub_error_e credhub_token_mac(const credhub_token_t *token,
    credhub_keyring_t *keyring, credhub_str_t hub,
    u_char out[CREDHUB_MAC_SIZE]);

/* Is this row what a hub has written? */
int credhub_token_genuine(const credhub_token_t *token,
    credhub_keyring_t *keyring, credhub_str_t hub);

/* What a genuine row is good for, when it was read: CREDHUB_OK,
 * CREDHUB_E_TOKEN (of another kind), CREDHUB_E_TOKEN_EXPIRED. */
credhub_error_e credhub_token_valid(
    const credhub_token_t *token, credhub_token_e kind);

/* Does a scope, "area:privilege,privilege;area:privilege", ask for what can be
 * granted? Case does not matter. */
int credhub_token_scope(credhub_str_t scope);


#endif /* _CREDHUB_TOKEN_H_INCLUDED_ */
