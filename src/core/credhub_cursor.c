
/* Cursors: signed, not sealed; a sequence is no secret. No state. */

#include "credhub_cursor.h"
#include "credhub_text.h"

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>


#define CREDHUB_CURSOR_SEQUENCE 8
#define CREDHUB_CURSOR_HEAD     (CREDHUB_CURSOR_SEQUENCE + CREDHUB_FINGERPRINT_SIZE)
#define CREDHUB_CURSOR_MAC      32
#define CREDHUB_CURSOR_SIZE     (CREDHUB_CURSOR_HEAD + CREDHUB_CURSOR_MAC)
#define CREDHUB_CURSOR_CHARS    (CREDHUB_CURSOR_SIZE / 3 * 4)

/* new cursors are made with the key that is configured first */
#define CREDHUB_CURSOR_KEY 0


static int credhub_cursor_mac(credhub_arena_t *arena,
    credhub_keyring_t *keyring, size_t i, credhub_str_t hub, credhub_str_t list,
    const u_char *sequence, u_char *out);


credhub_str_t
credhub_cursor(credhub_arena_t *arena, credhub_keyring_t *keyring,
    credhub_str_t hub, credhub_str_t list, int64_t sequence)
{
    u_char       *p, bytes[CREDHUB_CURSOR_SIZE];
    credhub_str_t cursor;

    if (credhub_keyring_count(keyring) <= CREDHUB_CURSOR_KEY) {
        return credhub_null_str;
    }

    p = credhub_put_uint32(bytes, (uint32_t) ((uint64_t) sequence >> 32));
    p = credhub_put_uint32(p, (uint32_t) sequence);

    memcpy(p, credhub_keyring_fingerprint(keyring, CREDHUB_CURSOR_KEY),
        CREDHUB_FINGERPRINT_SIZE);

    if (!credhub_cursor_mac(arena, keyring, CREDHUB_CURSOR_KEY, hub, list,
            bytes, bytes + CREDHUB_CURSOR_HEAD))
    {
        return credhub_null_str;
    }

    cursor.data = bytes;
    cursor.len = sizeof(bytes);

    return credhub_base64url(arena, cursor);
}


credhub_error_e
credhub_cursor_read(credhub_arena_t *arena, credhub_keyring_t *keyring,
    credhub_str_t hub, credhub_str_t list, credhub_str_t cursor,
    int64_t *sequence)
{
    int           key;
    u_char        mac[CREDHUB_CURSOR_MAC];
    size_t        i;
    uint64_t      n;
    credhub_str_t bytes;

    if (cursor.len != CREDHUB_CURSOR_CHARS) {
        return CREDHUB_E_CURSOR;
    }

    bytes = credhub_base64url_decode(arena, cursor);
    if (bytes.data == NULL) {
        return CREDHUB_E_CURSOR;
    }

    key = credhub_keyring_find(keyring, bytes.data + CREDHUB_CURSOR_SEQUENCE);
    if (key == -1) {
        return CREDHUB_E_CURSOR;
    }

    if (!credhub_cursor_mac(
            arena, keyring, (size_t) key, hub, list, bytes.data, mac))
    {
        return CREDHUB_E_INTERNAL;
    }

    if (CRYPTO_memcmp(bytes.data + CREDHUB_CURSOR_HEAD, mac, sizeof(mac)) != 0)
    {
        return CREDHUB_E_CURSOR;
    }

    for (i = 0, n = 0; i < CREDHUB_CURSOR_SEQUENCE; i++) {
        n = n << 8 | bytes.data[i];
    }

    *sequence = (int64_t) n;

    return CREDHUB_OK;
}


/* Over hub and list, each with its length in front, and the sequence. 0 when
 * memory is exhausted or OpenSSL failed. */

static int
credhub_cursor_mac(credhub_arena_t *arena, credhub_keyring_t *keyring, size_t i,
    credhub_str_t hub, credhub_str_t list, const u_char *sequence, u_char *out)
{
    int           ok;
    u_char        len[4];
    const u_char *key;
    credhub_buf_t text;

    if (hub.len > UINT32_MAX || list.len > UINT32_MAX) {
        return 0;
    }

    credhub_buf_init(&text, arena,
        2 * sizeof(len) + hub.len + list.len + CREDHUB_CURSOR_SEQUENCE);

    (void) credhub_put_uint32(len, (uint32_t) hub.len);
    credhub_buf_add(&text, len, sizeof(len));
    credhub_buf_add_str(&text, hub);

    (void) credhub_put_uint32(len, (uint32_t) list.len);
    credhub_buf_add(&text, len, sizeof(len));
    credhub_buf_add_str(&text, list);

    credhub_buf_add(&text, sequence, CREDHUB_CURSOR_SEQUENCE);

    if (text.failed) {
        return 0;
    }

    key = credhub_keyring_subkey(keyring, i, CREDHUB_SUBKEY_CURSOR);

    ERR_set_mark();

    ok = HMAC(EVP_sha256(), key, CREDHUB_KEY_SIZE, text.data, text.len, out,
             NULL)
         != NULL;

    ERR_pop_to_mark();

    return ok;
}
