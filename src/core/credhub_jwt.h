
/*
 * Bearer tokens: JWT in JWS compact form (RFC 7515, RFC 7519), as UAA and
 * OpenID providers issue them. Nothing in a token is believed before its
 * signature was verified with a configured key.
 */

#ifndef _CREDHUB_JWT_H_INCLUDED_
#define _CREDHUB_JWT_H_INCLUDED_


#include "credhub_error.h"
#include "credhub_jwks.h"


#define CREDHUB_JWT_MAX       16384 /* bytes of a token */
#define CREDHUB_JWT_SKEW      60    /* seconds that clocks may differ */
#define CREDHUB_JWT_CLAIM_MAX 255   /* bytes of a claim that names somebody */
#define CREDHUB_JWT_KEYS_MAX  16    /* keys that are tried for one token */

#define CREDHUB_SCOPE_READ    0x01 /* credhub.read */
#define CREDHUB_SCOPE_WRITE   0x02 /* credhub.write */


/*
 * What is asked of a token. Without `actor_claim` the rules of UAA name the
 * actor: "uaa-client:" and client_id when grant_type is client_credentials,
 * "uaa-user:" and user_id when it is password. With one, scopes are not looked
 * at.
 */

typedef struct {
    credhub_str_t issuer;       /* exact; empty: any */
    credhub_str_t audience;     /* one of the token's; empty: any */
    const char   *actor_claim;  /* or NULL */
    credhub_str_t actor_prefix; /* stands before that claim */
} credhub_jwt_rules_t;


typedef struct {
    credhub_str_t actor;
    credhub_str_t user; /* claim "sub", may be empty */
    credhub_str_t kid;  /* of the header, may be empty */
    unsigned      scopes;
    int64_t       expires; /* claim "exp", seconds since 1970, rounded down */
    credhub_str_t reason;  /* why it was refused, nothing of the token in it */
} credhub_jwt_t;


/*
 * Verifies a token; `now` in seconds since 1970. CREDHUB_OK,
 * CREDHUB_E_TOKEN, CREDHUB_E_TOKEN_EXPIRED, CREDHUB_E_TOKEN_KEY when the set
 * has no key for it (a newer set might have), CREDHUB_E_INTERNAL. Scopes are
 * reported, not demanded. jwt->kid is filled in with CREDHUB_E_TOKEN_KEY too.
 */
credhub_error_e credhub_jwt_verify(credhub_arena_t *arena, credhub_str_t token,
    const credhub_jwks_t *keys, const credhub_jwt_rules_t *rules, int64_t now,
    credhub_jwt_t *jwt);

/* Has a token with this claim "exp" come to its end? For tokens that are
 * remembered: the rule that credhub_jwt_verify() applies. */
int credhub_jwt_expired(int64_t expires, int64_t now);


#endif /* _CREDHUB_JWT_H_INCLUDED_ */
