
/*
 * Private keys as ssh reads them: OpenSSH's own format (its PROTOCOL.key), and
 * PKCS#8 (RFC 5958) where a passphrase protects RSA and ECDSA. bcrypt is
 * libssh's.
 */

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <libssh/libssh.h>
#include <string.h>
#include "credhub_keys.h"
#include "credhub_ssh_keys.h"
#include "credhub_text.h"


#define CREDHUB_SSH_MAGIC "openssh-key-v1" /* with its NUL */
#define CREDHUB_SSH_BLOCK 8                /* the padding of cipher "none" */
#define CREDHUB_SSH_LINE  70
#define CREDHUB_SSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define CREDHUB_SSH_END   "-----END OPENSSH PRIVATE KEY-----\n"


static int credhub_ssh_openssh(credhub_arena_t *arena, const EVP_PKEY *key,
    const credhub_ssh_algorithm_t *algorithm, credhub_str_t comment,
    credhub_str_t *text);
static int credhub_ssh_secret(credhub_arena_t *arena, const EVP_PKEY *key,
    const credhub_ssh_algorithm_t *algorithm, credhub_str_t comment,
    credhub_str_t *secret);
static int credhub_ssh_add_private(credhub_buf_t *buf,
    const credhub_ssh_algorithm_t *algorithm, const EVP_PKEY *key);
static int credhub_ssh_add_ed25519(credhub_buf_t *buf, const EVP_PKEY *key);
static int credhub_ssh_add_rsa(credhub_buf_t *buf, const EVP_PKEY *key);
static int credhub_ssh_armor(
    credhub_arena_t *arena, credhub_str_t bytes, credhub_str_t *out);
static int credhub_ssh_bcrypt(
    credhub_arena_t *arena, credhub_str_t passphrase, credhub_str_t *text);
static int credhub_ssh_pkcs8(credhub_arena_t *arena, const EVP_PKEY *key,
    credhub_str_t passphrase, credhub_str_t *text);


credhub_error_e
credhub_ssh_private(credhub_arena_t *arena, credhub_str_t private_key,
    credhub_str_t comment, credhub_str_t passphrase, credhub_str_t *text)
{
    int                     ok;
    EVP_PKEY               *key;
    credhub_ssh_algorithm_t algorithm;

    if (passphrase.len > CREDHUB_SSH_PASSPHRASE_MAX) {
        return CREDHUB_E_INTERNAL;
    }

    ERR_set_mark();

    key = credhub_ssh_pkey_private(private_key);
    ok = key != NULL && credhub_ssh_pkey_algorithm(key, &algorithm) == 0;

    if (ok && passphrase.len != 0 && algorithm.type != CREDHUB_SSH_ED25519) {
        ok = credhub_ssh_pkcs8(arena, key, passphrase, text);

    } else if (ok) {
        ok = credhub_ssh_openssh(arena, key, &algorithm, comment, text)
             && (passphrase.len == 0
                 || credhub_ssh_bcrypt(arena, passphrase, text));
    }

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static int
credhub_ssh_openssh(credhub_arena_t *arena, const EVP_PKEY *key,
    const credhub_ssh_algorithm_t *algorithm, credhub_str_t comment,
    credhub_str_t *text)
{
    credhub_buf_t buf, blob;
    credhub_str_t secret;

    credhub_buf_init(&blob, arena, (size_t) EVP_PKEY_get_bits(key) / 4 + 64);
    credhub_ssh_add_string(&blob, credhub_ssh_kinds[algorithm->type].word);

    if (!credhub_ssh_add_public(&blob, algorithm, key) || blob.failed
        || !credhub_ssh_secret(arena, key, algorithm, comment, &secret))
    {
        return 0;
    }

    credhub_buf_init(&buf, arena, blob.len + secret.len + 64);

    credhub_buf_add(&buf, CREDHUB_SSH_MAGIC, sizeof(CREDHUB_SSH_MAGIC));
    credhub_ssh_add_string(&buf, credhub_str("none")); /* cipher */
    credhub_ssh_add_string(&buf, credhub_str("none")); /* its key's */
    credhub_ssh_add_string(&buf, credhub_null_str);    /* derivation */
    credhub_ssh_add_uint32(&buf, 1);
    credhub_ssh_add_string(&buf, credhub_buf_str(&blob));
    credhub_ssh_add_string(&buf, secret);

    return !buf.failed && credhub_ssh_armor(arena, credhub_buf_str(&buf), text);
}


/* The part that a cipher would cover: two equal numbers, the key, its comment,
 * and 1, 2, 3... up to a full block. */

static int
credhub_ssh_secret(credhub_arena_t *arena, const EVP_PKEY *key,
    const credhub_ssh_algorithm_t *algorithm, credhub_str_t comment,
    credhub_str_t *secret)
{
    u_char        check[4], pad;
    credhub_buf_t buf;

    if (RAND_bytes(check, sizeof(check)) != 1) {
        return 0;
    }

    credhub_buf_init(
        &buf, arena, comment.len + (size_t) EVP_PKEY_get_bits(key) + 512);

    credhub_buf_add(&buf, check, sizeof(check));
    credhub_buf_add(&buf, check, sizeof(check));
    credhub_ssh_add_string(&buf, credhub_ssh_kinds[algorithm->type].word);

    if (!credhub_ssh_add_private(&buf, algorithm, key)) {
        return 0;
    }

    credhub_ssh_add_string(&buf, comment);

    for (pad = 1; !buf.failed && buf.len % CREDHUB_SSH_BLOCK != 0; pad++) {
        credhub_buf_add(&buf, &pad, 1);
    }

    *secret = credhub_buf_str(&buf);

    return !buf.failed;
}


static int
credhub_ssh_add_private(credhub_buf_t *buf,
    const credhub_ssh_algorithm_t *algorithm, const EVP_PKEY *key)
{
    if (algorithm->type == CREDHUB_SSH_ED25519) {
        return credhub_ssh_add_ed25519(buf, key);
    }

    if (algorithm->type == CREDHUB_SSH_RSA) {
        return credhub_ssh_add_rsa(buf, key);
    }

    return credhub_ssh_add_public(buf, algorithm, key)
           && credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_PRIV_KEY);
}


/* The public key, and once more behind the private one in one string. */

static int
credhub_ssh_add_ed25519(credhub_buf_t *buf, const EVP_PKEY *key)
{
    size_t        len;
    credhub_str_t both, half;

    len = CREDHUB_SSH_ED25519_SIZE;
    both.len = 2 * len;
    both.data = credhub_arena_bytes(buf->arena, both.len);

    if (both.data == NULL
        || EVP_PKEY_get_raw_private_key(key, both.data, &len) != 1
        || EVP_PKEY_get_raw_public_key(key, both.data + len, &len) != 1)
    {
        return 0;
    }

    half.data = both.data + len;
    half.len = len;

    credhub_ssh_add_string(buf, half);
    credhub_ssh_add_string(buf, both);

    return 1;
}


static int
credhub_ssh_add_rsa(credhub_buf_t *buf, const EVP_PKEY *key)
{
    size_t i;

    static const char *const numbers[] = { OSSL_PKEY_PARAM_RSA_N,
        OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2 };

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!credhub_ssh_add_number(buf, key, numbers[i])) {
            return 0;
        }
    }

    return 1;
}


static int
credhub_ssh_armor(
    credhub_arena_t *arena, credhub_str_t bytes, credhub_str_t *out)
{
    size_t        i, n;
    credhub_buf_t buf;
    credhub_str_t text;

    text = credhub_base64(arena, bytes, 1);
    if (text.data == NULL) {
        return 0;
    }

    credhub_buf_init(&buf, arena,
        text.len + text.len / CREDHUB_SSH_LINE + 2
            + sizeof(CREDHUB_SSH_BEGIN CREDHUB_SSH_END));

    credhub_buf_lit(&buf, CREDHUB_SSH_BEGIN);

    for (i = 0; i < text.len; i += n) {
        n = text.len - i;

        if (n > CREDHUB_SSH_LINE) {
            n = CREDHUB_SSH_LINE;
        }

        credhub_buf_add(&buf, text.data + i, n);
        credhub_buf_lit(&buf, "\n");
    }

    credhub_buf_lit(&buf, CREDHUB_SSH_END);

    *out = credhub_buf_str(&buf);

    return !buf.failed;
}


/* libssh keeps no comment. */

static int
credhub_ssh_bcrypt(
    credhub_arena_t *arena, credhub_str_t passphrase, credhub_str_t *text)
{
    int           ok;
    char         *sealed;
    ssh_key       key;
    credhub_str_t plain, word;

    plain = credhub_arena_copy(arena, text->data, text->len);
    word = credhub_arena_copy(arena, passphrase.data, passphrase.len);

    if (plain.data == NULL || word.data == NULL) {
        return 0;
    }

    key = NULL;
    sealed = NULL;

    ok = ssh_pki_import_privkey_base64(
             (char *) plain.data, NULL, NULL, NULL, &key)
             == SSH_OK
         && ssh_pki_export_privkey_base64(
                key, (char *) word.data, NULL, NULL, &sealed)
                == SSH_OK;

    if (ok) {
        *text = credhub_arena_copy(arena, sealed, strlen(sealed));
        ok = text->data != NULL;
    }

    ssh_string_free_char(sealed);
    ssh_key_free(key);

    return ok;
}


static int
credhub_ssh_pkcs8(credhub_arena_t *arena, const EVP_PKEY *key,
    credhub_str_t passphrase, credhub_str_t *text)
{
    int  ok;
    BIO *bio;

    bio = BIO_new(BIO_s_secmem());

    ok = bio != NULL
         && PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(),
                (char *) passphrase.data, (int) passphrase.len, NULL, NULL)
                == 1
         && credhub_key_take(arena, bio, text);

    BIO_free(bio);

    return ok;
}
