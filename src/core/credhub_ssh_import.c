
/*
 * Private keys of others. OpenSSL reads PEM, libssh OpenSSH's own format: its
 * ECDSA keys come back in PEM, Ed25519 keys in that format without a
 * passphrase, and RSA keys not at all.
 */

#define _GNU_SOURCE /* memmem() */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <libssh/libssh.h>
#include <string.h>
#include "credhub_ssh_keys.h"
#include "credhub_text.h"


#define CREDHUB_SSH_PRIVATE_MAX 32768 /* bytes of the text */
#define CREDHUB_SSH_ARMOR       "-----BEGIN OPENSSH PRIVATE KEY-----"
#define CREDHUB_SSH_ARMOR_END   "-----END"
#define CREDHUB_SSH_MAGIC_LEN   15


static EVP_PKEY *credhub_ssh_read_pem(
    credhub_str_t text, credhub_str_t passphrase);
static EVP_PKEY *credhub_ssh_read_openssh(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t passphrase);
static EVP_PKEY *credhub_ssh_read_plain(
    credhub_arena_t *arena, credhub_str_t text);
static int credhub_ssh_passphrase(char *buf, int size, int rwflag, void *data);


credhub_error_e
credhub_ssh_import(credhub_arena_t *arena, credhub_str_t text,
    credhub_str_t passphrase, credhub_ssh_pair_t *pair, credhub_str_t *detail)
{
    EVP_PKEY               *key;
    credhub_error_e         error;
    credhub_ssh_public_t    plain;
    credhub_ssh_algorithm_t algorithm;

    *detail = credhub_str(
        "The private key or its passphrase is not valid, or it is of a kind "
        "that is not known. RSA keys are read in PEM only.");

    if (text.len > CREDHUB_SSH_PRIVATE_MAX
        || passphrase.len > CREDHUB_SSH_PASSPHRASE_MAX)
    {
        return CREDHUB_E_SSH_KEY;
    }

    ERR_set_mark();

    key = memmem(text.data, text.len, CREDHUB_SSH_ARMOR,
              sizeof(CREDHUB_SSH_ARMOR) - 1)
                  != NULL
              ? credhub_ssh_read_openssh(arena, text, passphrase)
              : credhub_ssh_read_pem(text, passphrase);

    error = CREDHUB_E_SSH_KEY;

    if (key != NULL && credhub_ssh_pkey_algorithm(key, &algorithm) == 0) {
        error = credhub_ssh_pair_of(arena, key, pair);
    }

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    /* the rules for public keys hold for it too */

    return error == CREDHUB_OK
               ? credhub_ssh_public_blob(arena, pair->blob, &plain, detail)
               : error;
}


static EVP_PKEY *
credhub_ssh_read_pem(credhub_str_t text, credhub_str_t passphrase)
{
    BIO      *bio;
    EVP_PKEY *key;

    bio = BIO_new_mem_buf(text.data, (int) text.len);
    key = (bio != NULL) ? PEM_read_bio_PrivateKey(
              bio, NULL, credhub_ssh_passphrase, &passphrase)
                        : NULL;

    BIO_free(bio);

    return key;
}


static int
credhub_ssh_passphrase(char *buf, int size, int rwflag, void *data)
{
    const credhub_str_t *passphrase = data;

    if (passphrase->len == 0 || passphrase->len > (size_t) size) {
        return -1;
    }

    memcpy(buf, passphrase->data, passphrase->len);

    return (int) passphrase->len;
}


static EVP_PKEY *
credhub_ssh_read_openssh(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t passphrase)
{
    int           rc;
    char         *plain;
    ssh_key       key;
    EVP_PKEY     *pkey;
    credhub_str_t copy, word;

    copy = credhub_arena_copy(arena, text.data, text.len);
    word = credhub_arena_copy(arena, passphrase.data, passphrase.len);

    if (copy.data == NULL || word.data == NULL) {
        return NULL;
    }

    key = NULL;
    plain = NULL;
    pkey = NULL;

    rc = ssh_pki_import_privkey_base64((char *) copy.data,
        word.len != 0 ? (char *) word.data : NULL, NULL, NULL, &key);

    if (rc == SSH_OK
        && ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &plain)
               == SSH_OK)
    {
        copy.data = (u_char *) plain;
        copy.len = strlen(plain);

        pkey = strncmp(plain, CREDHUB_SSH_ARMOR, sizeof(CREDHUB_SSH_ARMOR) - 1)
                       == 0
                   ? credhub_ssh_read_plain(arena, copy)
                   : credhub_ssh_read_pem(copy, credhub_null_str);

        OPENSSL_cleanse(plain, copy.len);
    }

    ssh_string_free_char(plain);
    ssh_key_free(key);

    return pkey;
}


/* An Ed25519 key without a passphrase, as libssh writes it. */

static EVP_PKEY *
credhub_ssh_read_plain(credhub_arena_t *arena, credhub_str_t text)
{
    u_char              *end, *p;
    credhub_buf_t        base64;
    credhub_str_t        bytes, both;
    credhub_ssh_reader_t reader;

    text.data += sizeof(CREDHUB_SSH_ARMOR) - 1;
    text.len -= sizeof(CREDHUB_SSH_ARMOR) - 1;

    end = memmem(text.data, text.len, CREDHUB_SSH_ARMOR_END,
        sizeof(CREDHUB_SSH_ARMOR_END) - 1);

    credhub_buf_init(&base64, arena, text.len);

    for (p = text.data; end != NULL && p < end; p++) {
        if (*p != '\n') {
            credhub_buf_add(&base64, p, 1);
        }
    }

    bytes = credhub_base64_decode(arena, credhub_buf_str(&base64));

    if (base64.failed || bytes.data == NULL
        || bytes.len < CREDHUB_SSH_MAGIC_LEN) {
        return NULL;
    }

    bytes.data += CREDHUB_SSH_MAGIC_LEN;
    bytes.len -= CREDHUB_SSH_MAGIC_LEN;

    credhub_ssh_reader(&reader, bytes);
    (void) credhub_ssh_string(&reader); /* cipher */
    (void) credhub_ssh_string(&reader); /* its key's derivation */
    (void) credhub_ssh_string(&reader);
    (void) credhub_ssh_uint32(&reader); /* keys */
    (void) credhub_ssh_string(&reader); /* public key */
    credhub_ssh_reader(&reader, credhub_ssh_string(&reader));
    (void) credhub_ssh_uint64(&reader); /* two equal numbers */
    (void) credhub_ssh_string(&reader); /* type */
    (void) credhub_ssh_string(&reader); /* public key */
    both = credhub_ssh_string(&reader);

    return both.len != 2 * CREDHUB_SSH_ED25519_SIZE
               ? NULL
               : EVP_PKEY_new_raw_private_key(
                   EVP_PKEY_ED25519, NULL, both.data, CREDHUB_SSH_ED25519_SIZE);
}
