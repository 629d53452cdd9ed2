
/*
 * MACs of rows. Checked on every request, so the keyed context of the keyring is
 * only started again, and what was found right lately is not computed again.
 * No state of its own.
 */

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include "credhub_mac.h"
#include "credhub_text.h"


#define CREDHUB_MAC_PLACE 5


static int credhub_mac_update(
    EVP_MAC_CTX *ctx, const credhub_str_t *parts, size_t n);


credhub_error_e
credhub_mac(credhub_keyring_t *keyring, size_t i, const credhub_place_t *place,
    const credhub_str_t *parts, size_t n, u_char out[CREDHUB_MAC_SIZE])
{
    int          ok;
    size_t       len;
    EVP_MAC_CTX *ctx;

    const credhub_str_t where[CREDHUB_MAC_PLACE] = { place->hub, place->kind,
        place->field, place->record, place->name };

    if (i >= credhub_keyring_count(keyring) || n > CREDHUB_MAC_PARTS_MAX) {
        return CREDHUB_E_INTERNAL;
    }

    ctx = credhub_keyring_hmac(keyring, i);
    if (ctx == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    memcpy(
        out, credhub_keyring_fingerprint(keyring, i), CREDHUB_FINGERPRINT_SIZE);

    ERR_set_mark();

    ok = EVP_MAC_init(ctx, NULL, 0, NULL) == 1
         && credhub_mac_update(ctx, where, CREDHUB_MAC_PLACE)
         && credhub_mac_update(ctx, parts, n)
         && EVP_MAC_final(ctx, out + CREDHUB_FINGERPRINT_SIZE, &len,
                CREDHUB_MAC_SIZE - CREDHUB_FINGERPRINT_SIZE)
                == 1;

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* How many, the length of each, then the parts: no two lists of parts look the
 * same. */

static int
credhub_mac_update(EVP_MAC_CTX *ctx, const credhub_str_t *parts, size_t n)
{
    size_t  i;
    u_char *p, head[4 + CREDHUB_MAC_PARTS_MAX * 4];

    p = credhub_put_uint32(head, (uint32_t) n);

    for (i = 0; i < n; i++) {
        if (parts[i].len > UINT32_MAX) {
            return 0;
        }

        p = credhub_put_uint32(p, (uint32_t) parts[i].len);
    }

    if (EVP_MAC_update(ctx, head, (size_t) (p - head)) != 1) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (parts[i].len != 0
            && EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1) {
            return 0;
        }
    }

    return 1;
}


int
credhub_mac_check(credhub_keyring_t *keyring, const credhub_place_t *place,
    const credhub_str_t *parts, size_t n, credhub_str_t mac)
{
    int             i;
    size_t          k, number;
    u_char          right[CREDHUB_MAC_SIZE];
    credhub_memo_t *memo;

    credhub_str_t list[1 + CREDHUB_MAC_PLACE + CREDHUB_MAC_PARTS_MAX] = { mac,
        place->hub, place->kind, place->field, place->record, place->name };

    if (mac.len != CREDHUB_MAC_SIZE || n > CREDHUB_MAC_PARTS_MAX) {
        return 0;
    }

    i = credhub_keyring_opener(keyring, mac.data, place->name);
    if (i == -1) {
        return 0;
    }

    for (k = 0; k < n; k++) {
        list[1 + CREDHUB_MAC_PLACE + k] = parts[k];
    }

    n += 1 + CREDHUB_MAC_PLACE;
    memcpy(&number, mac.data + CREDHUB_FINGERPRINT_SIZE, sizeof(number));
    memo = credhub_keyring_memo(keyring);

    if (credhub_memo_knows(memo, number, list, n)) {
        return 1;
    }

    if (credhub_mac(keyring, (size_t) i, place, parts, k, right) != CREDHUB_OK
        || CRYPTO_memcmp(right, mac.data, CREDHUB_MAC_SIZE) != 0)
    {
        return 0;
    }

    credhub_memo_learn(memo, number, list, n);

    return 1;
}
