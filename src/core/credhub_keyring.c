
/*
 * Keys of one configuration. Everything secret (the bytes of a file while it
 * is read, the key, its subkeys) stays inside one anonymous mapping; ids,
 * paths and fingerprints live in an arena beside it. The key itself is
 * forgotten once its subkeys are derived. The keyring owns both, and the
 * contexts of OpenSSL that hold a key schedule.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "credhub_file.h"
#include "credhub_keyring.h"
#include "credhub_permission.h"


#define CREDHUB_KEY_BASE64 44
#define CREDHUB_KEY_FILE   (CREDHUB_KEY_BASE64 + 1) /* with a newline */


typedef struct {
    u_char file[CREDHUB_KEY_FILE + 1]; /* one more shows a file too long */
    u_char base64[CREDHUB_KEY_BASE64 + 1];
    u_char key[CREDHUB_KEY_SIZE + 1]; /* one more for base64 padding */
    u_char subkeys[CREDHUB_KEYS_MAX][CREDHUB_SUBKEYS][CREDHUB_KEY_SIZE];
} credhub_keyring_secrets_t;


typedef struct {
    credhub_str_t   id;
    credhub_str_t   path; /* empty: every name */
    u_char          fingerprint[CREDHUB_FINGERPRINT_SIZE];
    EVP_CIPHER_CTX *ciphers[2]; /* opening, sealing */
    EVP_MAC_CTX    *hmac;
} credhub_keyring_key_t;


struct credhub_keyring_s {
    credhub_arena_t           *arena;
    credhub_keyring_secrets_t *secrets;
    credhub_memo_t            *memo;
    size_t                     n;
    credhub_keyring_key_t      keys[CREDHUB_KEYS_MAX];
};


static const char *credhub_keyring_check(
    const credhub_keyring_t *keyring, credhub_str_t id, credhub_str_t path);
static const char *credhub_keyring_read(
    credhub_keyring_secrets_t *secrets, const char *file);
static const char *credhub_keyring_decode(
    credhub_keyring_secrets_t *secrets, size_t len);
static const char *credhub_keyring_append(
    credhub_keyring_t *keyring, credhub_str_t id, credhub_str_t path);

static int credhub_keyring_derive(credhub_keyring_secrets_t *secrets, size_t i);
static int credhub_keyring_covers(
    const credhub_keyring_key_t *key, credhub_str_t name);


static const credhub_str_t credhub_keyring_info[CREDHUB_SUBKEYS] = {
    [CREDHUB_SUBKEY_SEAL] = credhub_string("credhub v1 seal"),
    [CREDHUB_SUBKEY_ROW] = credhub_string("credhub v1 row"),
    [CREDHUB_SUBKEY_CURSOR] = credhub_string("credhub v1 cursor"),
    [CREDHUB_SUBKEY_TOKEN] = credhub_string("credhub v1 token"),
};


credhub_keyring_t *
credhub_keyring_create(void)
{
    void              *secrets;
    credhub_arena_t   *arena;
    credhub_keyring_t *keyring;

    arena = credhub_arena_create(sizeof(credhub_keyring_t));
    if (arena == NULL) {
        return NULL;
    }

    keyring = credhub_arena_alloc(arena, sizeof(credhub_keyring_t));
    if (keyring == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    secrets = mmap(NULL, sizeof(credhub_keyring_secrets_t),
        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secrets == MAP_FAILED) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    (void) madvise(secrets, sizeof(credhub_keyring_secrets_t), MADV_DONTDUMP);

    keyring->arena = arena;
    keyring->secrets = secrets;

    (void) credhub_keyring_lock(keyring);

    return keyring;
}


void
credhub_keyring_destroy(credhub_keyring_t *keyring)
{
    if (keyring == NULL) {
        return;
    }

    credhub_keyring_wipe(keyring);
    (void) munmap(keyring->secrets, sizeof(credhub_keyring_secrets_t));

    credhub_arena_destroy(keyring->arena);
}


/* Without keys left none is found, so nothing is sealed with a wiped one. */

void
credhub_keyring_wipe(credhub_keyring_t *keyring)
{
    size_t i;

    for (i = 0; i < keyring->n; i++) {
        EVP_CIPHER_CTX_free(keyring->keys[i].ciphers[0]);
        EVP_CIPHER_CTX_free(keyring->keys[i].ciphers[1]);
        EVP_MAC_CTX_free(keyring->keys[i].hmac);
    }

    credhub_memo_destroy(keyring->memo);

    keyring->memo = NULL;
    keyring->n = 0;
    OPENSSL_cleanse(keyring->secrets, sizeof(credhub_keyring_secrets_t));
}


int
credhub_keyring_lock(credhub_keyring_t *keyring)
{
    return mlock(keyring->secrets, sizeof(credhub_keyring_secrets_t));
}


const char *
credhub_keyring_add(credhub_keyring_t *keyring, const char *id,
    const char *file, credhub_str_t path)
{
    int                        err;
    const char                *error;
    credhub_str_t              name;
    credhub_keyring_secrets_t *secrets;

    name = (credhub_str_t){ strlen(id), (u_char *) id };

    if (credhub_str_eq(path, credhub_str("/*"))) {
        path = credhub_null_str;
    }

    error = credhub_keyring_check(keyring, name, path);
    if (error != NULL) {
        errno = 0;
        return error;
    }

    secrets = keyring->secrets;

    error = credhub_keyring_read(secrets, file);
    err = errno;

    if (error == NULL) {
        ERR_set_mark();
        error = credhub_keyring_append(keyring, name, path);
        ERR_pop_to_mark();

        err = 0;
    }

    if (error != NULL) {
        OPENSSL_cleanse(
            secrets->subkeys[keyring->n], sizeof(secrets->subkeys[keyring->n]));
    }

    OPENSSL_cleanse(secrets, offsetof(credhub_keyring_secrets_t, subkeys));

    errno = err;

    return error;
}


static const char *
credhub_keyring_check(
    const credhub_keyring_t *keyring, credhub_str_t id, credhub_str_t path)
{
    size_t i;

    static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (keyring->n == CREDHUB_KEYS_MAX) {
        return "too many keys";
    }

    if (id.len == 0 || id.len > CREDHUB_KEY_ID_MAX
        || strspn((char *) id.data, chars) != id.len)
    {
        return "invalid key id";
    }

    for (i = 0; i < keyring->n; i++) {
        if (credhub_str_eq(keyring->keys[i].id, id)) {
            return "duplicate key id";
        }
    }

    if (path.len != 0
        && (!credhub_permission_path_check(path)
            || path.data[path.len - 1] != '*'))
    {
        return "invalid path of a key, it must end in \"/*\"";
    }

    return NULL;
}


/* Leaves the key in secrets->key; errno is set or 0. */

static const char *
credhub_keyring_read(credhub_keyring_secrets_t *secrets, const char *file)
{
    size_t      len;
    const char *error;

    error = credhub_file_read_secret(
        file, secrets->file, sizeof(secrets->file), &len);

    return (error == NULL) ? credhub_keyring_decode(secrets, len) : error;
}


static const char *
credhub_keyring_decode(credhub_keyring_secrets_t *secrets, size_t len)
{
    int n;

    if (len == CREDHUB_KEY_SIZE) {
        memcpy(secrets->key, secrets->file, CREDHUB_KEY_SIZE);
        return NULL;
    }

    if (len == CREDHUB_KEY_FILE && secrets->file[len - 1] == '\n') {
        len--;
    }

    if (len == CREDHUB_KEY_BASE64) {
        n = EVP_DecodeBlock(secrets->key, secrets->file, CREDHUB_KEY_BASE64);

        /* OpenSSL decodes leniently; only the one right spelling counts */

        if (n == CREDHUB_KEY_SIZE + 1) {
            (void) EVP_EncodeBlock(
                secrets->base64, secrets->key, CREDHUB_KEY_SIZE);

            if (memcmp(secrets->base64, secrets->file, CREDHUB_KEY_BASE64) == 0)
            {
                return NULL;
            }
        }
    }

    return "file holds neither 32 bytes nor 44 characters of base64";
}


/* Makes secrets->key the key number keyring->n. */

static const char *
credhub_keyring_append(
    credhub_keyring_t *keyring, credhub_str_t id, credhub_str_t path)
{
    size_t                     i;
    u_char                     mac[EVP_MAX_MD_SIZE];
    credhub_keyring_key_t     *key;
    credhub_keyring_secrets_t *secrets;

    static const credhub_str_t label = credhub_string("credhub v1 fingerprint");

    key = &keyring->keys[keyring->n];
    secrets = keyring->secrets;

    if (HMAC(EVP_sha256(), secrets->key, CREDHUB_KEY_SIZE, label.data,
            label.len, mac, NULL)
            == NULL
        || credhub_keyring_derive(secrets, keyring->n) != 0)
    {
        return "cannot derive keys";
    }

    memcpy(key->fingerprint, mac, CREDHUB_FINGERPRINT_SIZE);
    OPENSSL_cleanse(mac, sizeof(mac));

    for (i = 0; i < keyring->n; i++) {
        if (memcmp(keyring->keys[i].fingerprint, key->fingerprint,
                CREDHUB_FINGERPRINT_SIZE)
                == 0
            && credhub_str_eq(keyring->keys[i].path, path))
        {
            return "duplicate key";
        }
    }

    key->id = credhub_arena_copy(keyring->arena, id.data, id.len);
    key->path = credhub_arena_copy(keyring->arena, path.data, path.len);

    if (key->id.data == NULL || key->path.data == NULL) {
        return "no memory for key";
    }

    keyring->n++;

    return NULL;
}


static int
credhub_keyring_derive(credhub_keyring_secrets_t *secrets, size_t i)
{
    int          rc;
    size_t       p;
    EVP_KDF     *kdf;
    OSSL_PARAM   params[4];
    EVP_KDF_CTX *ctx;

    kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    ctx = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);

    if (ctx == NULL) {
        return -1;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(
        OSSL_KDF_PARAM_KEY, secrets->key, CREDHUB_KEY_SIZE);
    params[3] = OSSL_PARAM_construct_end();

    rc = 1;

    for (p = 0; p < CREDHUB_SUBKEYS && rc > 0; p++) {
        params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
            credhub_keyring_info[p].data, credhub_keyring_info[p].len);

        EVP_KDF_CTX_reset(ctx);

        rc = EVP_KDF_derive(
            ctx, secrets->subkeys[i][p], CREDHUB_KEY_SIZE, params);
    }

    EVP_KDF_CTX_free(ctx);

    return (rc > 0) ? 0 : -1;
}


size_t
credhub_keyring_count(const credhub_keyring_t *keyring)
{
    return keyring->n;
}


const u_char *
credhub_keyring_fingerprint(const credhub_keyring_t *keyring, size_t i)
{
    return keyring->keys[i].fingerprint;
}


static int
credhub_keyring_covers(const credhub_keyring_key_t *key, credhub_str_t name)
{
    return key->path.len == 0 || credhub_permission_covers(key->path, name);
}


int
credhub_keyring_for(const credhub_keyring_t *keyring, credhub_str_t name)
{
    int    best;
    size_t i;

    best = -1;

    for (i = 0; i < keyring->n; i++) {
        if (!credhub_keyring_covers(&keyring->keys[i], name)) {
            continue;
        }

        if (best == -1
            || keyring->keys[i].path.len > keyring->keys[best].path.len) {
            best = (int) i;
        }
    }

    return best;
}


int
credhub_keyring_find(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE])
{
    size_t i;

    for (i = 0; i < keyring->n; i++) {
        if (memcmp(keyring->keys[i].fingerprint, fingerprint,
                CREDHUB_FINGERPRINT_SIZE)
            == 0)
        {
            return (int) i;
        }
    }

    return -1;
}


int
credhub_keyring_state(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE])
{
    size_t i, k;

    if (credhub_keyring_find(keyring, fingerprint) == -1) {
        return -1;
    }

    for (i = 0; i < keyring->n; i++) {
        for (k = 0; k < i; k++) {
            if (credhub_str_eq(keyring->keys[k].path, keyring->keys[i].path)) {
                break;
            }
        }

        if (k == i
            && memcmp(keyring->keys[i].fingerprint, fingerprint,
                   CREDHUB_FINGERPRINT_SIZE)
                   == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
credhub_keyring_opener(const credhub_keyring_t *keyring,
    const u_char fingerprint[CREDHUB_FINGERPRINT_SIZE], credhub_str_t name)
{
    size_t i;

    for (i = 0; i < keyring->n; i++) {
        if (memcmp(keyring->keys[i].fingerprint, fingerprint,
                CREDHUB_FINGERPRINT_SIZE)
                == 0
            && credhub_keyring_covers(&keyring->keys[i], name))
        {
            return (int) i;
        }
    }

    return -1;
}


const u_char *
credhub_keyring_subkey(
    const credhub_keyring_t *keyring, size_t i, credhub_subkey_e purpose)
{
    return keyring->secrets->subkeys[i][purpose];
}


EVP_CIPHER_CTX *
credhub_keyring_cipher(credhub_keyring_t *keyring, size_t i, int encrypt)
{
    EVP_CIPHER     *cipher;
    EVP_CIPHER_CTX *ctx, **slot;

    slot = &keyring->keys[i].ciphers[encrypt != 0];

    if (*slot != NULL) {
        return *slot;
    }

    ERR_set_mark();

    cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    ctx = EVP_CIPHER_CTX_new();

    if (cipher == NULL || ctx == NULL
        || EVP_CipherInit_ex2(ctx, cipher,
               credhub_keyring_subkey(keyring, i, CREDHUB_SUBKEY_SEAL), NULL,
               encrypt != 0, NULL)
               != 1)
    {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }

    EVP_CIPHER_free(cipher);

    ERR_pop_to_mark();

    *slot = ctx;

    return ctx;
}


EVP_MAC_CTX *
credhub_keyring_hmac(credhub_keyring_t *keyring, size_t i)
{
    EVP_MAC     *mac;
    OSSL_PARAM   params[2];
    EVP_MAC_CTX *ctx;

    if (keyring->keys[i].hmac != NULL) {
        return keyring->keys[i].hmac;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(
        OSSL_MAC_PARAM_DIGEST, (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    ERR_set_mark();

    mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    ctx = EVP_MAC_CTX_new(mac);

    if (ctx != NULL
        && EVP_MAC_init(ctx,
               credhub_keyring_subkey(keyring, i, CREDHUB_SUBKEY_ROW),
               CREDHUB_KEY_SIZE, params)
               != 1)
    {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }

    EVP_MAC_free(mac);

    ERR_pop_to_mark();

    keyring->keys[i].hmac = ctx;

    return ctx;
}


credhub_memo_t *
credhub_keyring_memo(credhub_keyring_t *keyring)
{
    if (keyring->memo == NULL) {
        keyring->memo = credhub_memo_create();
    }

    return keyring->memo;
}
