
/*
 * The claims of a token that was signed by a known key. Each check is one row
 * of a table, the first that fails decides. A claim of a wrong type refuses
 * the token, it is never passed over.
 */

#include <string.h>
#include <jansson.h>
#include "credhub_json.h"
#include "credhub_jwt_claims.h"


#define CREDHUB_JWT_TIME_MAX 253402300799 /* 9999-12-31T23:59:59Z */


typedef struct {
    credhub_arena_t           *arena;
    credhub_str_t              claims;
    const credhub_jwt_rules_t *rules;
    int64_t                    now;
    credhub_jwt_t             *jwt;
    credhub_error_e            kind; /* of the refusal */
} credhub_jwt_check_t;


/* NULL, or the reason why the token is refused. */
typedef const char *(*credhub_jwt_check_pt)(credhub_jwt_check_t *ctx);


typedef struct {
    const char   *grant_type;
    const char   *claim;
    credhub_str_t prefix;
} credhub_jwt_grant_t;


typedef struct {
    credhub_str_t name;
    unsigned      bit;
} credhub_jwt_scope_t;


static const char *credhub_jwt_check_exp(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_nbf(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_iss(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_aud(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_scope(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_sub(credhub_jwt_check_t *check);
static const char *credhub_jwt_check_actor(credhub_jwt_check_t *check);

static int credhub_jwt_time(
    credhub_str_t claims, const char *name, int64_t *seconds);
static int credhub_jwt_same(
    credhub_arena_t *arena, credhub_str_t string, credhub_str_t plain);

static unsigned credhub_jwt_scope(credhub_str_t word);

static int credhub_jwt_foreign(credhub_str_t actor);
static int credhub_jwt_name(
    credhub_jwt_check_t *check, const char *claim, credhub_str_t *name);
static int credhub_jwt_has_control(credhub_str_t text);


static const credhub_jwt_check_pt credhub_jwt_checks[] = {
    credhub_jwt_check_exp,
    credhub_jwt_check_nbf,
    credhub_jwt_check_iss,
    credhub_jwt_check_aud,
    credhub_jwt_check_scope,
    credhub_jwt_check_sub,
    credhub_jwt_check_actor,
    NULL,
};


static const credhub_jwt_grant_t credhub_jwt_grants[] = {
    { "client_credentials", "client_id", credhub_string("uaa-client:") },
    { "password", "user_id", credhub_string("uaa-user:") },
    { NULL, NULL, { 0, NULL } },
};


/* Kinds of actors that are proven in another way, whatever a claim says. */

static const credhub_str_t credhub_jwt_kinds[] = { credhub_string("mtls-app:"),
    credhub_string("api-key:"), { 0, NULL } };


static const credhub_jwt_scope_t credhub_jwt_scopes[] = {
    { credhub_string("credhub.read"), CREDHUB_SCOPE_READ },
    { credhub_string("credhub.write"), CREDHUB_SCOPE_WRITE },
    { { 0, NULL }, 0 },
};


credhub_error_e
credhub_jwt_claims(credhub_arena_t *arena, credhub_str_t payload,
    const credhub_jwt_rules_t *rules, int64_t now, credhub_jwt_t *jwt)
{
    const char                 *reason;
    credhub_error_e             rc;
    credhub_jwt_check_t         check;
    const credhub_jwt_check_pt *row;

    memset(&check, 0, sizeof(credhub_jwt_check_t));

    check.arena = arena;
    check.rules = rules;
    check.now = now;
    check.jwt = jwt;
    check.kind = CREDHUB_E_TOKEN;

    rc = credhub_json_check(arena, payload, &check.claims);
    if (rc == CREDHUB_E_INTERNAL) {
        return rc;
    }

    if (rc != CREDHUB_OK
        || credhub_json_kind(check.claims) != CREDHUB_JSON_OBJECT) {
        return credhub_jwt_refuse(jwt, CREDHUB_E_TOKEN,
            "The claims of the token are not a JSON object.");
    }

    for (row = credhub_jwt_checks; *row != NULL; row++) {
        reason = (*row)(&check);

        if (reason != NULL) {
            return credhub_jwt_refuse(jwt, check.kind, reason);
        }
    }

    return CREDHUB_OK;
}


int
credhub_jwt_expired(int64_t expires, int64_t now)
{
    return now - CREDHUB_JWT_SKEW >= expires;
}


static const char *
credhub_jwt_check_exp(credhub_jwt_check_t *check)
{
    if (credhub_jwt_time(check->claims, "exp", &check->jwt->expires) != 1) {
        return "The token has no valid expiry time.";
    }

    if (credhub_jwt_expired(check->jwt->expires, check->now)) {
        check->kind = CREDHUB_E_TOKEN_EXPIRED;
        return "The token has expired.";
    }

    return NULL;
}


static const char *
credhub_jwt_check_nbf(credhub_jwt_check_t *check)
{
    int     rc;
    int64_t start;

    rc = credhub_jwt_time(check->claims, "nbf", &start);

    if (rc == -1 || (rc == 1 && check->now + CREDHUB_JWT_SKEW < start)) {
        return "The token is not valid yet.";
    }

    return NULL;
}


/* A number of seconds, cut to whole ones and to years that exist: 1; 0 when
 * the claim is missing; -1 when it is something else. */

static int
credhub_jwt_time(credhub_str_t claims, const char *name, int64_t *seconds)
{
    double        number;
    json_t       *json;
    credhub_str_t value;

    if (!credhub_json_get(claims, name, &value)) {
        return 0;
    }

    if (credhub_json_kind(value) != CREDHUB_JSON_NUMBER) {
        return -1;
    }

    json = json_loadb((char *) value.data, value.len,
        JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    if (json == NULL) {
        return -1;
    }

    number = json_real_value(json);
    json_decref(json);

    if (number > (double) CREDHUB_JWT_TIME_MAX) {
        *seconds = CREDHUB_JWT_TIME_MAX;

    } else if (number < 0) {
        *seconds = 0;

    } else {
        *seconds = (int64_t) number;
    }

    return 1;
}


static const char *
credhub_jwt_check_iss(credhub_jwt_check_t *check)
{
    credhub_str_t issuer;

    if (check->rules->issuer.len == 0) {
        return NULL;
    }

    if (credhub_json_get(check->claims, "iss", &issuer)
        && credhub_jwt_same(check->arena, issuer, check->rules->issuer))
    {
        return NULL;
    }

    return "The token is from another issuer.";
}


static const char *
credhub_jwt_check_aud(credhub_jwt_check_t *check)
{
    credhub_str_t       audience, element;
    credhub_json_iter_t iter;

    static const char reason[] = "The token is for another audience.";

    if (check->rules->audience.len == 0) {
        return NULL;
    }

    if (!credhub_json_get(check->claims, "aud", &audience)) {
        return reason;
    }

    if (credhub_json_kind(audience) != CREDHUB_JSON_ARRAY) {
        return credhub_jwt_same(check->arena, audience, check->rules->audience)
                   ? NULL
                   : reason;
    }

    credhub_json_iter(&iter, audience);

    while (credhub_json_element(&iter, &element)) {
        if (credhub_jwt_same(check->arena, element, check->rules->audience)) {
            return NULL;
        }
    }

    return reason;
}


/* Is this JSON value a string that spells `plain`? */

static int
credhub_jwt_same(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t plain)
{
    return credhub_json_kind(value) == CREDHUB_JSON_STRING
           && credhub_str_eq(credhub_json_decode(arena, value), plain);
}


/* UAA sends an array. Of other providers scopes are not asked. */

static const char *
credhub_jwt_check_scope(credhub_jwt_check_t *check)
{
    credhub_str_t       scope, element;
    credhub_json_iter_t iter;

    static const char reason[] = "The scopes of the token are not valid.";

    if (check->rules->actor_claim != NULL
        || !credhub_json_get(check->claims, "scope", &scope))
    {
        return NULL;
    }

    if (credhub_json_kind(scope) != CREDHUB_JSON_ARRAY) {
        return reason;
    }

    credhub_json_iter(&iter, scope);

    while (credhub_json_element(&iter, &element)) {
        if (credhub_json_kind(element) != CREDHUB_JSON_STRING) {
            return reason;
        }

        check->jwt->scopes |=
            credhub_jwt_scope(credhub_json_decode(check->arena, element));
    }

    return NULL;
}


static unsigned
credhub_jwt_scope(credhub_str_t word)
{
    const credhub_jwt_scope_t *row;

    for (row = credhub_jwt_scopes; row->bit != 0; row++) {
        if (credhub_str_eq(row->name, word)) {
            break;
        }
    }

    return row->bit;
}


static const char *
credhub_jwt_check_sub(credhub_jwt_check_t *check)
{
    if (credhub_jwt_name(check, "sub", &check->jwt->user) == -1) {
        return "The subject of the token is not valid.";
    }

    return NULL;
}


static const char *
credhub_jwt_check_actor(credhub_jwt_check_t *check)
{
    const char                *claim;
    credhub_buf_t              actor;
    credhub_str_t              type, name, prefix;
    const credhub_jwt_grant_t *row;

    claim = check->rules->actor_claim;
    prefix = check->rules->actor_prefix;

    if (claim == NULL) {
        if (!credhub_json_get(check->claims, "grant_type", &type)) {
            return "The token does not say how it was granted.";
        }

        for (row = credhub_jwt_grants; row->grant_type != NULL; row++) {
            if (credhub_json_string_is(type, row->grant_type)) {
                break;
            }
        }

        if (row->grant_type == NULL) {
            return "The grant type of the token is not supported.";
        }

        claim = row->claim;
        prefix = row->prefix;
    }

    if (credhub_jwt_name(check, claim, &name) != 1) {
        return "The token does not name its actor.";
    }

    credhub_buf_init(&actor, check->arena, prefix.len + name.len);
    credhub_buf_add_str(&actor, prefix);
    credhub_buf_add_str(&actor, name);

    if (actor.failed) {
        check->kind = CREDHUB_E_INTERNAL;
        return "no memory";
    }

    check->jwt->actor = credhub_buf_str(&actor);

    return credhub_jwt_foreign(check->jwt->actor)
               ? "The token names an actor of another kind."
               : NULL;
}


static int
credhub_jwt_foreign(credhub_str_t actor)
{
    credhub_str_t        start;
    const credhub_str_t *kind;

    for (kind = credhub_jwt_kinds; kind->len != 0; kind++) {
        start.data = actor.data;
        start.len = actor.len < kind->len ? actor.len : kind->len;

        if (credhub_str_caseeq(start, *kind)) {
            return 1;
        }
    }

    return 0;
}


/* A claim that names somebody: 1; 0 when it is missing; -1 when it is not a
 * string, empty, too long or unfit to be shown. */

static int
credhub_jwt_name(
    credhub_jwt_check_t *check, const char *claim, credhub_str_t *name)
{
    int rc;

    rc = credhub_json_get_string(check->arena, check->claims, claim, name);

    if (rc == 1
        && (name->len == 0 || name->len > CREDHUB_JWT_CLAIM_MAX
            || credhub_jwt_has_control(*name)))
    {
        return -1;
    }

    return rc;
}


/* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which UTF-8 spells 0xc2
 * 0x80 to 0xc2 0x9f. */

static int
credhub_jwt_has_control(credhub_str_t text)
{
    size_t i;
    u_char c, last;

    last = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c < 0x20 || c == 0x7f || (last == 0xc2 && c < 0xa0)) {
            return 1;
        }

        last = c;
    }

    return 0;
}
