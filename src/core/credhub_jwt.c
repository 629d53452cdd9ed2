
/*
 * Tokens: their parts, the header, the signature. Everything decoded lives in
 * the caller's arena.
 */

#include <string.h>
#include "credhub_json.h"
#include "credhub_jwt_claims.h"
#include "credhub_text.h"


typedef struct {
    credhub_str_t header; /* the parts as they were sent */
    credhub_str_t payload;
    credhub_str_t signature;
    credhub_str_t input; /* header and payload: what was signed */
    credhub_jws_e alg;
} credhub_jwt_parts_t;


static int credhub_jwt_split(credhub_str_t token, credhub_jwt_parts_t *parts);
static credhub_error_e credhub_jwt_header(
    credhub_arena_t *arena, credhub_jwt_parts_t *parts, credhub_jwt_t *jwt);
static credhub_error_e credhub_jwt_signature(credhub_arena_t *arena,
    const credhub_jwt_parts_t *parts, const credhub_jwks_t *keys,
    credhub_jwt_t *jwt);


credhub_error_e
credhub_jwt_verify(credhub_arena_t *arena, credhub_str_t token,
    const credhub_jwks_t *keys, const credhub_jwt_rules_t *rules, int64_t now,
    credhub_jwt_t *jwt)
{
    credhub_str_t       payload;
    credhub_error_e     rc;
    credhub_jwt_parts_t parts;

    memset(jwt, 0, sizeof(credhub_jwt_t));
    memset(&parts, 0, sizeof(credhub_jwt_parts_t));

    if (token.len > CREDHUB_JWT_MAX) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The token is too long.");
    }

    if (!credhub_jwt_split(token, &parts)) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The token does not have three parts.");
    }

    rc = credhub_jwt_header(arena, &parts, jwt);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    rc = credhub_jwt_signature(arena, &parts, keys, jwt);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    payload = credhub_base64url_decode(arena, parts.payload);
    if (payload.data == NULL) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The claims of the token are not base64url.");
    }

    return credhub_jwt_claims(arena, payload, rules, now, jwt);
}


credhub_error_e
credhub_jwt_refuse(credhub_jwt_t *jwt, credhub_error_e kind, const char *reason)
{
    jwt->reason.data = (u_char *) reason;
    jwt->reason.len = strlen(reason);

    return kind;
}


/* Exactly two dots, and something on every side of them. */

static int
credhub_jwt_split(credhub_str_t token, credhub_jwt_parts_t *parts)
{
    u_char *first, *second, *last;

    if (token.len == 0) {
        return 0;
    }

    last = token.data + token.len;

    first = memchr(token.data, '.', token.len);
    if (first == NULL) {
        return 0;
    }

    second = memchr(first + 1, '.', (size_t) (last - first) - 1);
    if (second == NULL
        || memchr(second + 1, '.', (size_t) (last - second) - 1) != NULL)
    {
        return 0;
    }

    parts->header.data = token.data;
    parts->header.len = (size_t) (first - token.data);
    parts->payload.data = first + 1;
    parts->payload.len = (size_t) (second - first) - 1;
    parts->signature.data = second + 1;
    parts->signature.len = (size_t) (last - second) - 1;
    parts->input.data = token.data;
    parts->input.len = (size_t) (second - token.data);

    return parts->header.len != 0 && parts->payload.len != 0
           && parts->signature.len != 0;
}


static credhub_error_e
credhub_jwt_header(
    credhub_arena_t *arena, credhub_jwt_parts_t *parts, credhub_jwt_t *jwt)
{
    int             rc;
    credhub_str_t   text, header, alg, crit;
    credhub_error_e error;

    text = credhub_base64url_decode(arena, parts->header);
    if (text.data == NULL) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The header of the token is not base64url.");
    }

    error = credhub_json_check(arena, text, &header);
    if (error == CREDHUB_E_INTERNAL) {
        return error;
    }

    if (error != CREDHUB_OK || credhub_json_kind(header) != CREDHUB_JSON_OBJECT)
    {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The header of the token is not a JSON object.");
    }

    if (credhub_json_get(header, "crit", &crit)) {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The token demands extensions that are not supported.");
    }

    rc = credhub_json_get_string(arena, header, "alg", &alg);
    parts->alg = (rc == 1) ? credhub_jws(alg) : CREDHUB_JWS_NONE;

    if (parts->alg == CREDHUB_JWS_NONE) {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The algorithm of the token is not supported.");
    }

    rc = credhub_json_get_string(arena, header, "kid", &jwt->kid);

    if (rc == -1 || (rc == 1 && jwt->kid.len == 0)) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The key id of the token is not valid.");
    }

    return CREDHUB_OK;
}


/* A set of many keys without ids must not make a token expensive. */

static credhub_error_e
credhub_jwt_signature(credhub_arena_t *arena, const credhub_jwt_parts_t *parts,
    const credhub_jwks_t *keys, credhub_jwt_t *jwt)
{
    size_t               i, n;
    credhub_str_t        signature;
    const credhub_jwk_t *key;

    signature = credhub_base64url_decode(arena, parts->signature);
    if (signature.data == NULL) {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The signature of the token is not base64url.");
    }

    i = 0;

    for (n = 0; n < CREDHUB_JWT_KEYS_MAX; n++) {
        key = credhub_jwks_find(keys, jwt->kid, parts->alg, &i);
        if (key == NULL) {
            break;
        }

        if (credhub_jwk_verify(key, parts->alg, parts->input, signature)) {
            return CREDHUB_OK;
        }
    }

    if (n != 0) {
        return credhub_jwt_refuse(
            jwt, CREDHUB_E_TOKEN, "The signature of the token is not right.");
    }

    if (jwt->kid.len != 0 && credhub_jwks_knows(keys, jwt->kid)) {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The key of the token is not for its algorithm.");
    }

    return credhub_jwt_refuse(
        jwt, CREDHUB_E_TOKEN_KEY, "The key of the token is not known.");
}
