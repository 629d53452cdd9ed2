
/*
 * Sealing and opening of values. This is the path of every read, so it takes
 * no memory: a keyed context of the keyring gets a nonce and the place, and the
 * result goes where the caller wants it. Nothing is owned here.
 */

#include <limits.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "credhub_seal.h"
#include "credhub_text.h"


#define CREDHUB_SEAL_VERSION 0x01
#define CREDHUB_SEAL_NONCE   12
#define CREDHUB_SEAL_TAG     16
#define CREDHUB_SEAL_HEAD    (1 + CREDHUB_FINGERPRINT_SIZE)
#define CREDHUB_SEAL_BODY    (CREDHUB_SEAL_HEAD + CREDHUB_SEAL_NONCE)
#define CREDHUB_SEAL_PARTS   5
#define CREDHUB_SEAL_MAX     (INT_MAX - CREDHUB_SEAL_OVERHEAD)
#define CREDHUB_SEAL_AAD                                                       \
    (CREDHUB_SEAL_HEAD + CREDHUB_SEAL_PARTS * 4 + CREDHUB_PLACE_MAX)


static int credhub_seal_start(
    EVP_CIPHER_CTX *ctx, const u_char *blob, const credhub_place_t *place);
static int credhub_seal_update(
    EVP_CIPHER_CTX *ctx, u_char *out, const u_char *data, size_t len);


credhub_error_e
credhub_seal(credhub_keyring_t *keyring, const credhub_place_t *place,
    credhub_str_t plain, u_char *out)
{
    int             i, n, ok;
    u_char         *body;
    EVP_CIPHER_CTX *ctx;

    if (plain.len > CREDHUB_SEAL_MAX) {
        return CREDHUB_E_INTERNAL;
    }

    i = credhub_keyring_for(keyring, place->name);
    if (i == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    ctx = credhub_keyring_cipher(keyring, (size_t) i, 1);
    if (ctx == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    body = out + CREDHUB_SEAL_BODY;

    out[0] = CREDHUB_SEAL_VERSION;
    memcpy(out + 1, credhub_keyring_fingerprint(keyring, (size_t) i),
        CREDHUB_FINGERPRINT_SIZE);

    ERR_set_mark();

    ok = RAND_bytes(out + CREDHUB_SEAL_HEAD, CREDHUB_SEAL_NONCE) == 1
         && credhub_seal_start(ctx, out, place)
         && credhub_seal_update(ctx, body, plain.data, plain.len)
         && EVP_EncryptFinal_ex(ctx, body + plain.len, &n) == 1
         && EVP_CIPHER_CTX_ctrl(
                ctx, EVP_CTRL_AEAD_GET_TAG, CREDHUB_SEAL_TAG, body + plain.len)
                == 1;

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


credhub_error_e
credhub_open(credhub_keyring_t *keyring, const credhub_place_t *place,
    credhub_str_t blob, u_char *out)
{
    int             i, n, ok;
    u_char         *body;
    size_t          len;
    EVP_CIPHER_CTX *ctx;

    if (blob.len < CREDHUB_SEAL_OVERHEAD
        || blob.len - CREDHUB_SEAL_OVERHEAD > CREDHUB_SEAL_MAX
        || blob.data[0] != CREDHUB_SEAL_VERSION)
    {
        return CREDHUB_E_INTERNAL;
    }

    i = credhub_keyring_opener(keyring, blob.data + 1, place->name);
    if (i == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    ctx = credhub_keyring_cipher(keyring, (size_t) i, 0);
    if (ctx == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    len = credhub_open_size(blob);
    body = blob.data + CREDHUB_SEAL_BODY;

    ERR_set_mark();

    ok = credhub_seal_start(ctx, blob.data, place)
         && credhub_seal_update(ctx, out, body, len)
         && EVP_CIPHER_CTX_ctrl(
                ctx, EVP_CTRL_AEAD_SET_TAG, CREDHUB_SEAL_TAG, body + len)
                == 1
         && EVP_DecryptFinal_ex(ctx, out + len, &n) == 1;

    ERR_pop_to_mark();

    if (!ok) {
        OPENSSL_cleanse(out, len);
        return CREDHUB_E_INTERNAL;
    }

    return CREDHUB_OK;
}


size_t
credhub_open_size(credhub_str_t blob)
{
    if (blob.len < CREDHUB_SEAL_OVERHEAD) {
        return 0;
    }

    return blob.len - CREDHUB_SEAL_OVERHEAD;
}


/*
 * The nonce, and the additional data: the head of the blob, the length of
 * every part of the place (32 bits, big-endian), then the parts. OpenSSL takes
 * one piece of it faster than many.
 */

static int
credhub_seal_start(
    EVP_CIPHER_CTX *ctx, const u_char *blob, const credhub_place_t *place)
{
    size_t  i, left;
    u_char *p, aad[CREDHUB_SEAL_AAD];

    const credhub_str_t *parts[CREDHUB_SEAL_PARTS] = { &place->hub,
        &place->kind, &place->field, &place->record, &place->name };

    memcpy(aad, blob, CREDHUB_SEAL_HEAD);

    p = aad + CREDHUB_SEAL_HEAD;
    left = CREDHUB_PLACE_MAX;

    for (i = 0; i < CREDHUB_SEAL_PARTS; i++) {
        if (parts[i]->len > left) {
            return 0;
        }

        p = credhub_put_uint32(p, (uint32_t) parts[i]->len);
        left -= parts[i]->len;
    }

    for (i = 0; i < CREDHUB_SEAL_PARTS; i++) {
        if (parts[i]->len != 0) {
            memcpy(p, parts[i]->data, parts[i]->len);
            p += parts[i]->len;
        }
    }

    return EVP_CipherInit_ex2(
               ctx, NULL, NULL, blob + CREDHUB_SEAL_HEAD, -1, NULL)
               == 1
           && credhub_seal_update(ctx, NULL, aad, (size_t) (p - aad));
}


static int
credhub_seal_update(
    EVP_CIPHER_CTX *ctx, u_char *out, const u_char *data, size_t len)
{
    int n;

    return len == 0 || EVP_CipherUpdate(ctx, out, &n, data, (int) len) == 1;
}
