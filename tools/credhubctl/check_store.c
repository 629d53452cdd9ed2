
/*
 * The schema against the layout of this version, the keys that have sealed
 * something against those that are given, and a sample of what they have
 * sealed.
 */

#include <stdio.h>
#include <string.h>
#include "credhub_seal.h"
#include "credhub_text.h"
#include "credhub_version.h"
#include "credhubctl.h"
#include "ngx_credhub_layout.h"


#define CREDHUBCTL_SAMPLE      "10" /* versions of each key */
#define CREDHUBCTL_FINGERPRINT (2 * CREDHUB_FINGERPRINT_SIZE) /* hex digits */


typedef struct {
    unsigned opened;
    unsigned skipped; /* the key does not cover the name, or it is gone */
    unsigned failed;
} credhubctl_sample_t;


static int credhubctl_check_schema(
    credhubctl_t *ctl, credhub_str_t *hub, redisReply **reply);
static void credhubctl_check_keys(credhubctl_t *ctl, credhub_str_t hub);
static void credhubctl_check_key(
    credhubctl_t *ctl, credhub_str_t hub, const redisReply *name);
static int64_t credhubctl_count(
    credhubctl_t *ctl, const char *set, const char *fingerprint);
static void credhubctl_check_sample(
    credhubctl_t *ctl, credhub_str_t hub, const char *fingerprint);
static void credhubctl_open(credhubctl_t *ctl, credhub_str_t hub,
    credhub_arena_t *arena, const redisReply *id, credhubctl_sample_t *sample);
static int  credhubctl_unhex(
     const redisReply *name, u_char fingerprint[CREDHUB_FINGERPRINT_SIZE]);
static credhub_str_t credhubctl_str(const redisReply *reply);


void
credhubctl_check_store(credhubctl_t *ctl)
{
    redisReply   *reply;
    credhub_str_t hub;

    if (credhubctl_check_schema(ctl, &hub, &reply) == 0) {
        credhubctl_check_keys(ctl, hub);
    }

    freeReplyObject(reply);
}


/* 0 when it is a store that this version can use; `hub` lies in the reply,
 * which the caller frees. */

static int
credhubctl_check_schema(
    credhubctl_t *ctl, credhub_str_t *hub, redisReply **reply)
{
    char        key[CREDHUBCTL_KEY_MAX];
    int64_t     writer, layout;
    const char *argv[] = { "HMGET", key, "layout", "writer", "hub" };

    (void) credhubctl_key(ctl, "schema", key);
    *reply = credhubctl_command(ctl, 5, argv, NULL);

    if (!credhubctl_expect(ctl, *reply, REDIS_REPLY_ARRAY, "schema")) {
        return -1;
    }

    if ((*reply)->elements == 3
        && (*reply)->element[1]->type == REDIS_REPLY_NIL) {
        credhubctl_say(ctl, ctl->edge ? CREDHUBCTL_FAIL : CREDHUBCTL_WARN,
            "schema: no store under \"{%s}:\" yet; the first hub makes one",
            ctl->prefix);
        return -1;
    }

    if ((*reply)->elements != 3
        || credhub_int64(credhubctl_str((*reply)->element[1]), &writer) != 0
        || credhub_int64(credhub_str(NGX_CREDHUB_LAYOUT), &layout) != 0
        || (*reply)->element[2]->len != CREDHUB_UUID_LEN)
    {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "schema: it is damaged");
        return -1;
    }

    if (writer > layout) {
        credhubctl_say(ctl, CREDHUBCTL_FAIL,
            "schema: the store has a newer layout (%s) than this version (%s)",
            (*reply)->element[1]->str, NGX_CREDHUB_LAYOUT);
        return -1;
    }

    *hub = credhubctl_str((*reply)->element[2]);

    credhubctl_say(ctl, CREDHUBCTL_OK, "schema: layout %s, hub %s",
        (*reply)->element[0]->str == NULL ? "?" : (*reply)->element[0]->str,
        (*reply)->element[2]->str);

    return 0;
}


/* The user of an edge sees only what it is allowed to. */

static void
credhubctl_check_keys(credhubctl_t *ctl, credhub_str_t hub)
{
    char        key[CREDHUBCTL_KEY_MAX];
    size_t      i;
    redisReply *reply;
    const char *argv[] = { "SMEMBERS", key };

    (void) credhubctl_key(ctl, "keys", key);
    reply = credhubctl_command(ctl, 2, argv, NULL);

    if (ctl->edge && reply != NULL && reply->type == REDIS_REPLY_ERROR
        && strncmp(reply->str, "NOPERM", 6) == 0)
    {
        credhubctl_say(ctl, CREDHUBCTL_OK, "keys: this user may not see them");

    } else if (credhubctl_expect(ctl, reply, REDIS_REPLY_ARRAY, "keys")) {
        for (i = 0; i < reply->elements; i++) {
            credhubctl_check_key(ctl, hub, reply->element[i]);
        }
    }

    freeReplyObject(reply);
}


static void
credhubctl_check_key(
    credhubctl_t *ctl, credhub_str_t hub, const redisReply *name)
{
    u_char  fingerprint[CREDHUB_FINGERPRINT_SIZE];
    int64_t versions, objects;

    if (credhubctl_unhex(name, fingerprint) != 0) {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "keys: the store's are damaged");
        return;
    }

    if (credhub_keyring_find(ctl->keyring, fingerprint) != -1) {
        credhubctl_check_sample(ctl, hub, name->str);
        return;
    }

    versions = credhubctl_count(ctl, "key", name->str);
    objects = credhubctl_count(ctl, "sealed", name->str);

    if (versions == -1 || objects == -1) {
        return;
    }

    credhubctl_say(ctl,
        versions + objects == 0 ? CREDHUBCTL_OK : CREDHUBCTL_FAIL,
        "key %s: not given; %lld versions and %lld objects need it", name->str,
        (long long) versions, (long long) objects);
}


/* -1 after a message. */

static int64_t
credhubctl_count(credhubctl_t *ctl, const char *set, const char *fingerprint)
{
    char        key[CREDHUBCTL_KEY_MAX], rest[64];
    int64_t     n;
    redisReply *reply;
    const char *argv[] = { "SCARD", key };

    snprintf(rest, sizeof(rest), "%s:%s", set, fingerprint);
    (void) credhubctl_key(ctl, rest, key);

    reply = credhubctl_command(ctl, 2, argv, NULL);
    n = credhubctl_expect(ctl, reply, REDIS_REPLY_INTEGER, "keys")
            ? reply->integer
            : -1;
    freeReplyObject(reply);

    return n;
}


static void
credhubctl_check_sample(
    credhubctl_t *ctl, credhub_str_t hub, const char *fingerprint)
{
    char                key[CREDHUBCTL_KEY_MAX], rest[64];
    size_t              i;
    redisReply         *reply;
    const char         *argv[] = { "SRANDMEMBER", key, CREDHUBCTL_SAMPLE };
    credhub_arena_t    *arena;
    credhubctl_sample_t sample = { 0, 0, 0 };

    snprintf(rest, sizeof(rest), "key:%s", fingerprint);
    (void) credhubctl_key(ctl, rest, key);

    reply = credhubctl_command(ctl, 3, argv, NULL);

    if (!credhubctl_expect(ctl, reply, REDIS_REPLY_ARRAY, "keys")) {
        freeReplyObject(reply);
        return;
    }

    for (i = 0; i < reply->elements; i++) {
        arena = credhub_arena_create(CREDHUB_PLACE_MAX);

        if (arena == NULL) {
            sample.failed++;
            continue;
        }

        credhubctl_open(ctl, hub, arena, reply->element[i], &sample);
        credhub_arena_destroy(arena);
    }

    freeReplyObject(reply);

    credhubctl_say(ctl, sample.failed != 0 ? CREDHUBCTL_FAIL : CREDHUBCTL_OK,
        "key %s: given; of a sample of its versions %u open, %u do not,"
        " %u are not for it",
        fingerprint, sample.opened, sample.failed, sample.skipped);
}


static void
credhubctl_open(credhubctl_t *ctl, credhub_str_t hub, credhub_arena_t *arena,
    const redisReply *id, credhubctl_sample_t *sample)
{
    char              key[CREDHUBCTL_KEY_MAX], rest[64];
    u_char           *plain;
    redisReply       *reply;
    const char       *argv[] = { "HMGET", key, "folded", "secret" };
    credhub_error_e   error;
    credhub_place_t   place;
    credhub_version_t version = { .id = credhubctl_str(id) };

    snprintf(rest, sizeof(rest), "version:%s", id->str);
    (void) credhubctl_key(ctl, rest, key);

    reply = credhubctl_command(ctl, 4, argv, NULL);

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2) {
        sample->failed++;
        freeReplyObject(reply);
        return;
    }

    version.folded = credhubctl_str(reply->element[0]);
    version.secret = credhubctl_str(reply->element[1]);

    if (version.secret.len == 0) {
        sample->skipped++; /* deleted meanwhile */
        freeReplyObject(reply);
        return;
    }

    plain = credhub_arena_bytes(arena, credhub_open_size(version.secret) + 1);
    place = credhub_version_place(&version, hub, credhub_str("secret"));

    error = plain == NULL
                ? CREDHUB_E_INTERNAL
                : credhub_open(ctl->keyring, &place, version.secret, plain);

    sample->opened += (error == CREDHUB_OK);
    sample->skipped += (error == CREDHUB_E_KEY_MISSING);
    sample->failed += (error != CREDHUB_OK && error != CREDHUB_E_KEY_MISSING);

    freeReplyObject(reply);
}


static int
credhubctl_unhex(
    const redisReply *name, u_char fingerprint[CREDHUB_FINGERPRINT_SIZE])
{
    int    digit;
    size_t i;

    if (name->type != REDIS_REPLY_STRING || name->len != CREDHUBCTL_FINGERPRINT)
    {
        return -1;
    }

    for (i = 0; i < CREDHUBCTL_FINGERPRINT; i++) {
        digit = credhub_hex_digit((u_char) name->str[i]);

        if (digit == -1) {
            return -1;
        }

        fingerprint[i / 2] = (u_char) (fingerprint[i / 2] << 4 | digit);
    }

    return 0;
}


/* Bytes of a reply; empty when there is none. */

static credhub_str_t
credhubctl_str(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING
               ? (credhub_str_t){ reply->len, (u_char *) reply->str }
               : credhub_null_str;
}
