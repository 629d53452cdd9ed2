
/*
 * What an approval is made of, and whether a row is one. Strings belong to the
 * caller's arena.
 */

#include <string.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_approval.h"
#include "credhub_key.h"
#include "credhub_text.h"
#include "credhub_x509_load.h"
#include "credhub_x509_text.h"


#define CREDHUB_APPROVAL_ENCODED_MAX  (2 * CREDHUB_APPROVAL_DER_MAX)
#define CREDHUB_APPROVAL_SPELLING_MAX (2 * CREDHUB_APPROVAL_HASH_MAX)
#define CREDHUB_APPROVAL_DATE_SIZE    8


enum {
    CREDHUB_APPROVAL_PART_HASH = 0,
    CREDHUB_APPROVAL_PART_CONTENT,
    CREDHUB_APPROVAL_PART_BY,
    CREDHUB_APPROVAL_PART_DATE,
    CREDHUB_APPROVAL_PARTS
};


/* What the MAC of a row is made of. */

typedef struct {
    credhub_place_t place;
    credhub_str_t   parts[CREDHUB_APPROVAL_PARTS];
    u_char          date[CREDHUB_APPROVAL_DATE_SIZE];
} credhub_approval_row_t;


static int credhub_approval_showable(credhub_arena_t *arena, credhub_str_t der);
static credhub_str_t credhub_approval_digest(
    credhub_arena_t *arena, credhub_str_t der);
static credhub_str_t credhub_approval_padded(
    credhub_arena_t *arena, credhub_str_t text);
static int  credhub_approval_plain(credhub_str_t text, size_t max);
static void credhub_approval_row(const credhub_approval_t *approval,
    const credhub_approval_owner_t *owner, credhub_approval_row_t *row);
static void credhub_approval_spell(
    credhub_str_t *hashes, size_t *n, credhub_str_t text);


credhub_error_e
credhub_approval_certificate(credhub_arena_t *arena, credhub_str_t encoded,
    credhub_str_t hash, credhub_approval_t *approval)
{
    size_t          i;
    credhub_str_t   text;
    credhub_error_e rc;

    if (encoded.len > CREDHUB_APPROVAL_ENCODED_MAX) {
        return CREDHUB_E_APPROVAL_CERTIFICATE;
    }

    text.data = credhub_arena_bytes(arena, encoded.len + 1);
    text.len = 0;

    if (text.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < encoded.len; i++) {
        if (encoded.data[i] != '\n' && encoded.data[i] != '\r') {
            text.data[text.len++] = encoded.data[i];
        }
    }

    rc = credhub_approval_der(
        arena, credhub_base64_decode(arena, text), approval);

    if (rc != CREDHUB_OK) {
        return rc;
    }

    if (hash.len > CREDHUB_APPROVAL_HASH_MAX
        || !credhub_str_eq(
            credhub_approval_padded(arena, hash), approval->hash))
    {
        return CREDHUB_E_APPROVAL_HASH;
    }

    return CREDHUB_OK;
}


credhub_error_e
credhub_approval_der(
    credhub_arena_t *arena, credhub_str_t der, credhub_approval_t *approval)
{
    X509 *x509;

    memset(approval, 0, sizeof(credhub_approval_t));

    if (der.len == 0 || der.len > CREDHUB_APPROVAL_DER_MAX
        || !credhub_approval_showable(arena, der))
    {
        return CREDHUB_E_APPROVAL_CERTIFICATE;
    }

    ERR_set_mark();
    x509 = credhub_x509_load_der(der);
    ERR_pop_to_mark();

    if (x509 == NULL) {
        return CREDHUB_E_APPROVAL_CERTIFICATE;
    }

    X509_free(x509);

    approval->type = CREDHUB_APPROVAL_CERTIFICATE;
    approval->content = credhub_arena_copy(arena, der.data, der.len);
    approval->hash = credhub_approval_digest(arena, der);

    if (approval->content.data == NULL || approval->hash.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return CREDHUB_OK;
}


/* Nothing is approved that a list could not show later. */

static int
credhub_approval_showable(credhub_arena_t *arena, credhub_str_t der)
{
    credhub_buf_t          buf;
    credhub_x509_outline_t outline;

    if (!credhub_x509_outline(der, &outline)) {
        return 0;
    }

    credhub_buf_init(&buf, arena, der.len);

    return credhub_x509_name_text(&buf, outline.subject) == 0
           && credhub_x509_key_text(&buf, outline.key) == 0 && !buf.failed;
}


static credhub_str_t
credhub_approval_digest(credhub_arena_t *arena, credhub_str_t der)
{
    u_char        sum[SHA256_DIGEST_LENGTH];
    credhub_str_t bytes;

    ERR_set_mark();
    bytes.data = SHA256(der.data, der.len, sum);
    ERR_pop_to_mark();

    if (bytes.data == NULL) {
        return credhub_null_str;
    }

    bytes.len = sizeof(sum);

    return credhub_base64(arena, bytes, 1);
}


/* A hash in any spelling of base64 as it is stored. .data == NULL when memory
 * is exhausted or the length is none of base64. */

static credhub_str_t
credhub_approval_padded(credhub_arena_t *arena, credhub_str_t text)
{
    size_t        i, padding;
    credhub_str_t padded;

    for (padding = 0; padding < 2; padding++) {
        if (text.len == 0 || text.data[text.len - 1] != '=') {
            break;
        }

        text.len--;
    }

    padded.len = (text.len + 3) / 4 * 4;
    padded.data = credhub_arena_bytes(arena, padded.len + 1);

    if (padded.data == NULL || text.len % 4 == 1
        || (padding == 2 && text.len != 0 && text.data[text.len - 1] == '='))
    {
        return credhub_null_str;
    }

    memset(padded.data, '=', padded.len);

    for (i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '-':
            padded.data[i] = '+';
            break;

        case '_':
            padded.data[i] = '/';
            break;

        default:
            padded.data[i] = text.data[i];
        }
    }

    return padded;
}


credhub_error_e
credhub_approval_fingerprint(credhub_arena_t *arena, credhub_str_t hash,
    credhub_str_t public_key, credhub_approval_t *approval,
    const char **warning)
{
    credhub_str_t right, comment;

    *warning = NULL;

    memset(approval, 0, sizeof(credhub_approval_t));

    approval->type = CREDHUB_APPROVAL_FINGERPRINT;

    if (!credhub_approval_plain(hash, CREDHUB_APPROVAL_HASH_MAX)) {
        return CREDHUB_E_FIELD_INVALID;
    }

    approval->hash = credhub_arena_copy(arena, hash.data, hash.len);

    if (!credhub_approval_plain(public_key, CREDHUB_APPROVAL_KEY_MAX)) {
        return CREDHUB_E_FIELD_INVALID;
    }

    approval->content =
        credhub_arena_copy(arena, public_key.data, public_key.len);

    if (approval->hash.data == NULL || approval->content.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    /* a key that was cut has no hash to compare with */

    if (credhub_key_ssh_kind(public_key, &comment).bits == 0) {
        return CREDHUB_OK;
    }

    right = credhub_key_fingerprint(arena, public_key);

    if (right.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (!credhub_str_eq(credhub_approval_padded(arena, hash),
            credhub_approval_padded(arena, right)))
    {
        *warning = "The hash is not the SHA-256 of the public key";
    }

    return CREDHUB_OK;
}


static int
credhub_approval_plain(credhub_str_t text, size_t max)
{
    size_t i;

    if (text.len == 0 || text.len > max) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return 0;
        }
    }

    return credhub_utf8_valid(text);
}


credhub_error_e
credhub_approval_mac(const credhub_approval_t *approval,
    credhub_keyring_t *keyring, const credhub_approval_owner_t *owner,
    u_char out[CREDHUB_MAC_SIZE])
{
    int                    i;
    credhub_approval_row_t row;

    i = credhub_keyring_for(keyring, owner->owner);

    if (i == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    credhub_approval_row(approval, owner, &row);

    return credhub_mac(keyring, (size_t) i, &row.place, row.parts,
        CREDHUB_APPROVAL_PARTS, out);
}


int
credhub_approval_genuine(const credhub_approval_t *approval,
    credhub_keyring_t *keyring, const credhub_approval_owner_t *owner)
{
    credhub_approval_row_t row;

    credhub_approval_row(approval, owner, &row);

    return credhub_mac_check(
        keyring, &row.place, row.parts, CREDHUB_APPROVAL_PARTS, approval->mac);
}


static void
credhub_approval_row(const credhub_approval_t *approval,
    const credhub_approval_owner_t *owner, credhub_approval_row_t *row)
{
    u_char *p;

    row->place.hub = owner->hub;
    row->place.kind = credhub_str("approval");
    row->place.field = (approval->type == CREDHUB_APPROVAL_CERTIFICATE)
                           ? credhub_str("certificate")
                           : credhub_str("fingerprint");
    row->place.record = owner->uid;
    row->place.name = owner->owner;

    p = credhub_put_uint32(
        row->date, (uint32_t) ((uint64_t) approval->date >> 32));
    (void) credhub_put_uint32(p, (uint32_t) approval->date);

    row->parts[CREDHUB_APPROVAL_PART_HASH] = approval->hash;
    row->parts[CREDHUB_APPROVAL_PART_CONTENT] = approval->content;
    row->parts[CREDHUB_APPROVAL_PART_BY] = approval->by;
    row->parts[CREDHUB_APPROVAL_PART_DATE].data = row->date;
    row->parts[CREDHUB_APPROVAL_PART_DATE].len = sizeof(row->date);
}


size_t
credhub_approval_spellings(credhub_arena_t *arena, credhub_str_t text,
    credhub_str_t hashes[CREDHUB_APPROVAL_SPELLINGS])
{
    size_t        i, n, forms;
    credhub_str_t form[2], padded[2];

    if (text.len == 0 || text.len > CREDHUB_APPROVAL_SPELLING_MAX) {
        return 0;
    }

    n = 0;
    forms = 1;

    form[0] = text;

    if (text.data[text.len - 1] == '/') {
        form[1] = text;
        form[1].len--;
        forms = 2;
    }

    for (i = 0; i < forms; i++) {
        credhub_approval_spell(hashes, &n, form[i]);
    }

    for (i = 0; i < forms; i++) {
        padded[i] = credhub_approval_padded(arena, form[i]);
        credhub_approval_spell(hashes, &n, padded[i]);
    }

    for (i = 0; i < forms; i++) {
        credhub_approval_spell(
            hashes, &n, credhub_base64_decode(arena, padded[i]));
    }

    return n;
}


static void
credhub_approval_spell(credhub_str_t *hashes, size_t *n, credhub_str_t text)
{
    size_t i;

    if (!credhub_approval_plain(text, CREDHUB_APPROVAL_HASH_MAX)) {
        return;
    }

    for (i = 0; i < *n; i++) {
        if (credhub_str_eq(hashes[i], text)) {
            return;
        }
    }

    hashes[(*n)++] = text;
}
