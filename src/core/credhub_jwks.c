
/*
 * Key sets. A set and the ids in it live in an arena of its own; it owns the
 * keys of OpenSSL. What is only needed while parsing dies with a second arena.
 */

#include "credhub_json.h"
#include "credhub_jwks.h"


#define CREDHUB_JWKS_SCRATCH 4096


struct credhub_jwks_s {
    credhub_arena_t *arena;
    credhub_jwk_t   *keys;
    size_t           n;
    unsigned         nameless:1; /* the key is for tokens with any id */
};


static const char *credhub_jwks_read(credhub_jwks_t *set, credhub_str_t text);
static const char *credhub_jwks_read_pem(
    credhub_jwks_t *set, credhub_str_t text);
static const char *credhub_jwks_read_json(
    credhub_jwks_t *set, credhub_arena_t *scratch, credhub_str_t text);
static const char *credhub_jwks_read_keys(
    credhub_jwks_t *set, credhub_arena_t *scratch, credhub_str_t keys);
static size_t credhub_jwks_elements(credhub_str_t array);

static int credhub_jwks_is(
    const credhub_jwks_t *set, const credhub_jwk_t *key, credhub_str_t kid);


credhub_jwks_t *
credhub_jwks_parse(credhub_str_t text, const char **error)
{
    credhub_jwks_t  *set;
    credhub_arena_t *arena;

    *error = "larger than 1 MiB";

    if (text.len > CREDHUB_JWKS_MAX) {
        return NULL;
    }

    *error = "no memory";

    arena = credhub_arena_create(sizeof(credhub_jwks_t));
    if (arena == NULL) {
        return NULL;
    }

    set = credhub_arena_alloc(arena, sizeof(credhub_jwks_t));
    if (set == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    set->arena = arena;

    *error = credhub_jwks_read(set, text);

    if (*error != NULL) {
        credhub_jwks_free(set);
        return NULL;
    }

    return set;
}


void
credhub_jwks_free(credhub_jwks_t *set)
{
    size_t i;

    if (set == NULL) {
        return;
    }

    for (i = 0; i < set->n; i++) {
        EVP_PKEY_free(set->keys[i].pkey);
    }

    credhub_arena_destroy(set->arena);
}


static const char *
credhub_jwks_read(credhub_jwks_t *set, credhub_str_t text)
{
    u_char          *p, *last;
    const char      *error;
    credhub_arena_t *scratch;

    p = text.data;
    last = p + text.len;

    /* what may stand before it in JSON, and more that it refuses itself */

    while (p < last && *p <= ' ') {
        p++;
    }

    if (p == last || *p != '{') {
        return credhub_jwks_read_pem(set, text);
    }

    scratch = credhub_arena_create(CREDHUB_JWKS_SCRATCH);
    if (scratch == NULL) {
        return "no memory";
    }

    error = credhub_jwks_read_json(set, scratch, text);

    credhub_arena_destroy(scratch);

    return error;
}


static const char *
credhub_jwks_read_pem(credhub_jwks_t *set, credhub_str_t text)
{
    set->keys = credhub_arena_alloc(set->arena, sizeof(credhub_jwk_t));
    if (set->keys == NULL) {
        return "no memory";
    }

    if (!credhub_jwk_read_pem(text, &set->keys[0])) {
        return "neither a JWK set nor PEM of a public key or certificate "
               "that can be used";
    }

    set->n = 1;
    set->nameless = 1;

    return NULL;
}


static const char *
credhub_jwks_read_json(
    credhub_jwks_t *set, credhub_arena_t *scratch, credhub_str_t text)
{
    credhub_str_t object, keys;

    switch (credhub_json_check(scratch, text, &object)) {
    case CREDHUB_OK:
        break;

    case CREDHUB_E_INTERNAL:
        return "no memory";

    default:
        return "not valid JSON";
    }

    if (!credhub_json_get(object, "keys", &keys)
        || credhub_json_kind(keys) != CREDHUB_JSON_ARRAY)
    {
        return "no array \"keys\" in the JSON object";
    }

    return credhub_jwks_read_keys(set, scratch, keys);
}


static const char *
credhub_jwks_read_keys(
    credhub_jwks_t *set, credhub_arena_t *scratch, credhub_str_t keys)
{
    size_t              size;
    credhub_jwk_t       key;
    credhub_str_t       element;
    credhub_json_iter_t iter;

    size = credhub_jwks_elements(keys);

    if (size > CREDHUB_JWKS_KEYS_MAX) {
        size = CREDHUB_JWKS_KEYS_MAX;
    }

    set->keys = credhub_arena_alloc(set->arena, size * sizeof(credhub_jwk_t));
    if (set->keys == NULL) {
        return "no memory";
    }

    credhub_json_iter(&iter, keys);

    while (credhub_json_element(&iter, &element)) {
        if (!credhub_jwk_read(set->arena, scratch, element, &key)) {
            continue;
        }

        if (set->n == size) {
            EVP_PKEY_free(key.pkey);
            return "more than 1000 keys";
        }

        set->keys[set->n++] = key;
    }

    return NULL;
}


static size_t
credhub_jwks_elements(credhub_str_t array)
{
    size_t              n;
    credhub_str_t       element;
    credhub_json_iter_t iter;

    n = 0;

    credhub_json_iter(&iter, array);

    while (credhub_json_element(&iter, &element)) {
        n++;
    }

    return n;
}


size_t
credhub_jwks_count(const credhub_jwks_t *set)
{
    return set->n;
}


int
credhub_jwks_knows(const credhub_jwks_t *set, credhub_str_t kid)
{
    size_t i;

    for (i = 0; i < set->n; i++) {
        if (credhub_jwks_is(set, &set->keys[i], kid)) {
            return 1;
        }
    }

    return 0;
}


static int
credhub_jwks_is(
    const credhub_jwks_t *set, const credhub_jwk_t *key, credhub_str_t kid)
{
    return set->nameless || credhub_str_eq(key->kid, kid);
}


const credhub_jwk_t *
credhub_jwks_find(
    const credhub_jwks_t *set, credhub_str_t kid, credhub_jws_e alg, size_t *i)
{
    const credhub_jwk_t *key;

    while (*i < set->n) {
        key = &set->keys[(*i)++];

        if ((kid.len == 0 || credhub_jwks_is(set, key, kid))
            && credhub_jwk_fits(key, alg))
        {
            return key;
        }
    }

    return NULL;
}
