
/* Tokens: their text, their rows, and what a scope asks for. */

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "credhub_text.h"
#include "credhub_token.h"


#define CREDHUB_TOKEN_RANDOM 32 /* bytes */
#define CREDHUB_TOKEN_HASH   32 /* SHA-256 */
#define CREDHUB_TOKEN_PREFIX 4
#define CREDHUB_TOKEN_NUMBER 8 /* bytes of a number in a MAC */


enum {
    CREDHUB_TOKEN_PART_KIND = 0,
    CREDHUB_TOKEN_PART_ACTOR,
    CREDHUB_TOKEN_PART_USER,
    CREDHUB_TOKEN_PART_CLIENT,
    CREDHUB_TOKEN_PART_SCOPE,
    CREDHUB_TOKEN_PART_GRANT,
    CREDHUB_TOKEN_PART_ISSUED,
    CREDHUB_TOKEN_PART_GRANTED,
    CREDHUB_TOKEN_PART_EXPIRES,
    CREDHUB_TOKEN_PART_REFRESH_UNTIL,
    CREDHUB_TOKEN_PARTS
};


/* What the MAC of a row is made of. */

typedef struct {
    credhub_place_t place;
    credhub_str_t   parts[CREDHUB_TOKEN_PARTS];
    u_char          numbers[CREDHUB_TOKEN_PARTS][CREDHUB_TOKEN_NUMBER];
} credhub_token_row_t;


static credhub_str_t credhub_token_digest(
    credhub_arena_t *arena, credhub_str_t text);
static void credhub_token_row(
    const credhub_token_t *token, credhub_str_t hub, credhub_token_row_t *row);
static void credhub_token_number(
    credhub_token_row_t *row, size_t part, int64_t number);
static credhub_str_t credhub_token_word(credhub_str_t *rest, u_char end);


static const struct {
    credhub_str_t word;
    credhub_str_t prefix;
} credhub_token_kinds[] = {
    [CREDHUB_TOKEN_ACCESS] = { credhub_string("access"),
        credhub_string("cha_") },
    [CREDHUB_TOKEN_REFRESH] = { credhub_string("refresh"),
        credhub_string("chr_") },
};


credhub_str_t
credhub_token_kind(credhub_token_e kind)
{
    return credhub_token_kinds[kind].word;
}


credhub_str_t
credhub_token_make(
    credhub_arena_t *arena, credhub_token_e kind, credhub_str_t *hash)
{
    u_char        random[CREDHUB_TOKEN_RANDOM];
    credhub_buf_t text;
    credhub_str_t bytes, coded;

    bytes.data = random;
    bytes.len = CREDHUB_TOKEN_RANDOM;

    ERR_set_mark();

    if (RAND_priv_bytes(random, CREDHUB_TOKEN_RANDOM) != 1) {
        ERR_pop_to_mark();
        return credhub_null_str;
    }

    ERR_pop_to_mark();

    coded = credhub_base64url(arena, bytes);
    OPENSSL_cleanse(random, CREDHUB_TOKEN_RANDOM);

    if (coded.data == NULL) {
        return credhub_null_str;
    }

    credhub_buf_init(&text, arena, CREDHUB_TOKEN_LEN);
    credhub_buf_add_str(&text, credhub_token_kinds[kind].prefix);
    credhub_buf_add_str(&text, coded);

    if (text.failed) {
        return credhub_null_str;
    }

    *hash = credhub_token_digest(arena, credhub_buf_str(&text));

    return hash->data != NULL ? credhub_buf_str(&text) : credhub_null_str;
}


int
credhub_token_looks(credhub_str_t text, credhub_token_e kind)
{
    return text.len >= CREDHUB_TOKEN_PREFIX
           && memcmp(text.data, credhub_token_kinds[kind].prefix.data,
                  CREDHUB_TOKEN_PREFIX)
                  == 0;
}


credhub_str_t
credhub_token_hash(
    credhub_arena_t *arena, credhub_str_t text, credhub_token_e kind)
{
    if (text.len != CREDHUB_TOKEN_LEN || !credhub_token_looks(text, kind)) {
        return credhub_null_str;
    }

    return credhub_token_digest(arena, text);
}


static credhub_str_t
credhub_token_digest(credhub_arena_t *arena, credhub_str_t text)
{
    int           rc;
    u_char        digest[CREDHUB_TOKEN_HASH];
    credhub_buf_t hex;
    credhub_str_t bytes;

    ERR_set_mark();
    rc = EVP_Digest(text.data, text.len, digest, NULL, EVP_sha256(), NULL);
    ERR_pop_to_mark();

    bytes.data = digest;
    bytes.len = CREDHUB_TOKEN_HASH;

    credhub_buf_init(&hex, arena, 2 * CREDHUB_TOKEN_HASH);
    credhub_hex(&hex, bytes);

    return rc == 1 && !hex.failed ? credhub_buf_str(&hex) : credhub_null_str;
}


credhub_error_e
credhub_token_mac(const credhub_token_t *token, credhub_keyring_t *keyring,
    credhub_str_t hub, u_char out[CREDHUB_MAC_SIZE])
{
    int                 key;
    credhub_token_row_t row;

    credhub_token_row(token, hub, &row);

    key = credhub_keyring_for(keyring, row.place.name);

    if (key == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    return credhub_mac(
        keyring, (size_t) key, &row.place, row.parts, CREDHUB_TOKEN_PARTS, out);
}


int
credhub_token_genuine(
    const credhub_token_t *token, credhub_keyring_t *keyring, credhub_str_t hub)
{
    credhub_token_row_t row;

    credhub_token_row(token, hub, &row);

    return credhub_mac_check(
        keyring, &row.place, row.parts, CREDHUB_TOKEN_PARTS, token->mac);
}


static void
credhub_token_row(
    const credhub_token_t *token, credhub_str_t hub, credhub_token_row_t *row)
{
    row->place.hub = hub;
    row->place.kind = credhub_str("token");
    row->place.field = credhub_null_str;
    row->place.record = token->hash;
    row->place.name = credhub_str("/ssh/token");

    row->parts[CREDHUB_TOKEN_PART_KIND] = token->kind;
    row->parts[CREDHUB_TOKEN_PART_ACTOR] = token->actor;
    row->parts[CREDHUB_TOKEN_PART_USER] = token->user;
    row->parts[CREDHUB_TOKEN_PART_CLIENT] = token->client;
    row->parts[CREDHUB_TOKEN_PART_SCOPE] = token->scope;
    row->parts[CREDHUB_TOKEN_PART_GRANT] = token->grant;

    credhub_token_number(row, CREDHUB_TOKEN_PART_ISSUED, token->issued);
    credhub_token_number(row, CREDHUB_TOKEN_PART_GRANTED, token->granted);
    credhub_token_number(row, CREDHUB_TOKEN_PART_EXPIRES, token->expires);
    credhub_token_number(
        row, CREDHUB_TOKEN_PART_REFRESH_UNTIL, token->refresh_until);
}


static void
credhub_token_number(credhub_token_row_t *row, size_t part, int64_t number)
{
    u_char *p;

    p = credhub_put_uint32(
        row->numbers[part], (uint32_t) ((uint64_t) number >> 32));
    (void) credhub_put_uint32(p, (uint32_t) number);

    row->parts[part].data = row->numbers[part];
    row->parts[part].len = CREDHUB_TOKEN_NUMBER;
}


credhub_error_e
credhub_token_valid(const credhub_token_t *token, credhub_token_e kind)
{
    if (!credhub_str_eq(token->kind, credhub_token_kinds[kind].word)) {
        return CREDHUB_E_TOKEN;
    }

    return token->now < token->expires ? CREDHUB_OK : CREDHUB_E_TOKEN_EXPIRED;
}


int
credhub_token_scope(credhub_str_t scope)
{
    credhub_str_t area, name, privilege;

    if (scope.len > CREDHUB_TOKEN_SCOPE_MAX) {
        return 0;
    }

    while (scope.len != 0) {
        area = credhub_token_word(&scope, ';');
        name = credhub_token_word(&area, ':');

        if (!credhub_str_caseeq(name, credhub_str("ssh"))) {
            continue;
        }

        while (area.len != 0) {
            privilege = credhub_token_word(&area, ',');

            if (credhub_str_caseeq(privilege, credhub_str("manage"))) {
                return 1;
            }
        }
    }

    return 0;
}


/* What stands in front of `end`, without spaces around it. */

static credhub_str_t
credhub_token_word(credhub_str_t *rest, u_char end)
{
    u_char       *p;
    credhub_str_t word;

    p = memchr(rest->data, end, rest->len);

    word.data = rest->data;
    word.len = (p != NULL) ? (size_t) (p - rest->data) : rest->len;

    rest->data += word.len + (p != NULL);
    rest->len -= word.len + (p != NULL);

    while (word.len != 0 && word.data[0] == ' ') {
        word.data++;
        word.len--;
    }

    while (word.len != 0 && word.data[word.len - 1] == ' ') {
        word.len--;
    }

    return word;
}
