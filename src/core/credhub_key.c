
/*
 * RSA key pairs: generation, PEM, and the wire format of ssh public keys
 * (RFC 4253, section 6.6). OpenSSL's objects live inside one call; texts
 * belong to the caller's arena.
 */

#include <limits.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include "credhub_key.h"
#include "credhub_text.h"


#define CREDHUB_SSH_RSA "ssh-rsa"


/* A public key line: "<word> <base64>[ comment]". */

typedef struct {
    credhub_str_t word;
    credhub_str_t blob; /* decoded */
    credhub_str_t comment;
} credhub_ssh_line_t;


static EVP_PKEY *credhub_key_generate(unsigned bits, atomic_int *cancel);

static int credhub_key_progress(EVP_PKEY_CTX *ctx);
static int credhub_key_pem(credhub_arena_t *arena, const EVP_PKEY *key,
    int secret, credhub_str_t *out);
static int credhub_key_ssh_public(credhub_arena_t *arena, const EVP_PKEY *key,
    credhub_str_t comment, credhub_str_t *out);

static void credhub_ssh_add_string(credhub_buf_t *buf, credhub_str_t str);

static int credhub_ssh_add_number(
    credhub_buf_t *buf, const EVP_PKEY *key, const char *name);
static int credhub_ssh_take(credhub_str_t *rest, credhub_str_t *str);
static int credhub_ssh_line(
    credhub_arena_t *arena, credhub_str_t text, credhub_ssh_line_t *line);

static size_t credhub_ssh_comment(const u_char *comment, const u_char *last);

static unsigned credhub_ssh_rsa_bits(credhub_str_t blob);

static int credhub_key_no_passphrase(
    char *buf, int size, int rwflag, void *data);


static const volatile sig_atomic_t *credhub_key_stop;


void
credhub_key_stop_on(const volatile sig_atomic_t *flag)
{
    credhub_key_stop = flag;
}


int
credhub_key_length_valid(int64_t bits)
{
    return bits == 2048 || bits == 3072 || bits == 4096;
}


credhub_error_e
credhub_key_rsa(credhub_arena_t *arena, unsigned bits, atomic_int *cancel,
    credhub_key_pair_t *pair)
{
    int       ok;
    EVP_PKEY *key;

    ERR_set_mark();

    key = credhub_key_generate(bits, cancel);

    ok = key != NULL && credhub_key_pem(arena, key, 0, &pair->public_key)
         && credhub_key_pem(arena, key, 1, &pair->private_key);

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


credhub_error_e
credhub_key_ssh(credhub_arena_t *arena, unsigned bits, credhub_str_t comment,
    atomic_int *cancel, credhub_key_pair_t *pair)
{
    int       ok;
    EVP_PKEY *key;

    ERR_set_mark();

    key = credhub_key_generate(bits, cancel);

    ok = key != NULL
         && credhub_key_ssh_public(arena, key, comment, &pair->public_key)
         && credhub_key_pem(arena, key, 1, &pair->private_key);

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static EVP_PKEY *
credhub_key_generate(unsigned bits, atomic_int *cancel)
{
    EVP_PKEY     *key;
    EVP_PKEY_CTX *ctx;

    if (!credhub_key_length_valid(bits)) {
        return NULL;
    }

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx == NULL) {
        return NULL;
    }

    key = NULL;

    EVP_PKEY_CTX_set_cb(ctx, credhub_key_progress);
    EVP_PKEY_CTX_set_app_data(ctx, cancel);

    if (EVP_PKEY_keygen_init(ctx) != 1
        || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int) bits) != 1
        || EVP_PKEY_generate(ctx, &key) != 1)
    {
        EVP_PKEY_free(key);
        key = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return key;
}


/* OpenSSL asks at every candidate for a prime; 0 gives up. */

static int
credhub_key_progress(EVP_PKEY_CTX *ctx)
{
    atomic_int *cancel;

    if (credhub_key_stop != NULL && *credhub_key_stop) {
        return 0;
    }

    cancel = EVP_PKEY_CTX_get_app_data(ctx);

    return atomic_load_explicit(cancel, memory_order_relaxed) == 0;
}


static int
credhub_key_pem(
    credhub_arena_t *arena, const EVP_PKEY *key, int secret, credhub_str_t *out)
{
    int   ok;
    BIO  *bio;
    long  len;
    char *text;

    /* wipes what it held, also when it grows */

    bio = BIO_new(BIO_s_secmem());
    if (bio == NULL) {
        return 0;
    }

    if (secret) {
        ok = PEM_write_bio_PrivateKey_traditional(
                 bio, key, NULL, NULL, 0, NULL, NULL)
             == 1;

    } else {
        ok = PEM_write_bio_PUBKEY(bio, key) == 1;
    }

    if (ok) {
        len = BIO_get_mem_data(bio, &text);
        *out = credhub_arena_copy(arena, text, (size_t) len);
        ok = out->data != NULL;
    }

    BIO_free(bio);

    return ok;
}


static int
credhub_key_ssh_public(credhub_arena_t *arena, const EVP_PKEY *key,
    credhub_str_t comment, credhub_str_t *out)
{
    credhub_buf_t blob, line;
    credhub_str_t text;

    static const credhub_str_t word = credhub_string(CREDHUB_SSH_RSA);

    credhub_buf_init(&blob, arena, (size_t) EVP_PKEY_get_bits(key) / 8 + 64);

    credhub_ssh_add_string(&blob, word);

    if (!credhub_ssh_add_number(&blob, key, OSSL_PKEY_PARAM_RSA_E)
        || !credhub_ssh_add_number(&blob, key, OSSL_PKEY_PARAM_RSA_N)
        || blob.failed)
    {
        return 0;
    }

    text = credhub_base64(arena, credhub_buf_str(&blob), 1);
    if (text.data == NULL) {
        return 0;
    }

    credhub_buf_init(&line, arena, word.len + text.len + comment.len + 2);

    credhub_buf_add_str(&line, word);
    credhub_buf_lit(&line, " ");
    credhub_buf_add_str(&line, text);

    if (comment.len != 0) {
        credhub_buf_lit(&line, " ");
        credhub_buf_add_str(&line, comment);
    }

    *out = credhub_buf_str(&line);

    return !line.failed;
}


static void
credhub_ssh_add_string(credhub_buf_t *buf, credhub_str_t str)
{
    u_char len[4];

    (void) credhub_put_uint32(len, (uint32_t) str.len);

    credhub_buf_add(buf, len, sizeof(len));
    credhub_buf_add_str(buf, str);
}


/* An mpint: big-endian, with a zero in front where the first bit is set. */

static int
credhub_ssh_add_number(
    credhub_buf_t *buf, const EVP_PKEY *key, const char *name)
{
    int           ok;
    BIGNUM       *number;
    credhub_str_t str;

    number = NULL;

    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) {
        return 0;
    }

    str.len = (size_t) BN_num_bits(number) / 8 + 1;
    str.data = credhub_arena_bytes(buf->arena, str.len);

    ok = str.data != NULL
         && BN_bn2binpad(number, str.data, (int) str.len) == (int) str.len;

    BN_free(number);

    if (ok) {
        credhub_ssh_add_string(buf, str);
    }

    return ok;
}


unsigned
credhub_key_rsa_bits(credhub_str_t pem)
{
    BIO          *bio;
    long          len;
    u_char       *der;
    EVP_PKEY     *key;
    unsigned      bits;
    const u_char *p;

    if (pem.len > INT_MAX) {
        return 0;
    }

    ERR_set_mark();

    bits = 0;
    key = NULL;

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);

    if (bio != NULL
        && PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_PUBLIC, bio,
               credhub_key_no_passphrase, NULL)
               == 1)
    {
        p = der;
        key = d2i_PUBKEY(NULL, &p, len);
        OPENSSL_free(der);
    }

    if (key != NULL && EVP_PKEY_is_a(key, "RSA")) {
        bits = (unsigned) EVP_PKEY_get_bits(key);
    }

    EVP_PKEY_free(key);
    BIO_free(bio);

    ERR_pop_to_mark();

    return bits;
}


/* Without it an encrypted key would be asked for on the terminal. */

static int
credhub_key_no_passphrase(char *buf, int size, int rwflag, void *data)
{
    return -1;
}


unsigned
credhub_key_ssh_bits(credhub_str_t text, credhub_str_t *comment)
{
    unsigned           bits;
    credhub_arena_t   *arena;
    credhub_ssh_line_t line;

    *comment = credhub_null_str;

    arena = credhub_arena_create(text.len + 64);
    if (arena == NULL) {
        return 0;
    }

    bits = 0;

    if (credhub_ssh_line(arena, text, &line)
        && credhub_str_eq(line.word, credhub_str(CREDHUB_SSH_RSA)))
    {
        bits = credhub_ssh_rsa_bits(line.blob);
    }

    if (bits != 0) {
        *comment = line.comment;
    }

    credhub_arena_destroy(arena);

    return bits;
}


static unsigned
credhub_ssh_rsa_bits(credhub_str_t blob)
{
    u_char        c;
    unsigned      bits;
    credhub_str_t word, exponent, modulus;

    if (!credhub_ssh_take(&blob, &word) || !credhub_ssh_take(&blob, &exponent)
        || !credhub_ssh_take(&blob, &modulus) || blob.len != 0)
    {
        return 0;
    }

    while (modulus.len != 0 && modulus.data[0] == 0) {
        modulus.data++;
        modulus.len--;
    }

    if (modulus.len == 0) {
        return 0;
    }

    bits = (unsigned) modulus.len * 8;

    for (c = modulus.data[0]; (c & 0x80) == 0; c = (u_char) (c << 1)) {
        bits--;
    }

    return bits;
}


credhub_str_t
credhub_key_fingerprint(credhub_arena_t *arena, credhub_str_t text)
{
    u_char             digest[SHA256_DIGEST_LENGTH];
    credhub_ssh_line_t line;
    credhub_str_t      bytes;

    if (!credhub_ssh_line(arena, text, &line)) {
        return credhub_null_str;
    }

    ERR_set_mark();
    bytes.data = SHA256(line.blob.data, line.blob.len, digest);
    ERR_pop_to_mark();

    if (bytes.data == NULL) {
        return credhub_null_str;
    }

    bytes.len = sizeof(digest);

    return credhub_base64(arena, bytes, 0);
}


/* 0 unless the blob begins with the word that stands before it. */

static int
credhub_ssh_line(
    credhub_arena_t *arena, credhub_str_t text, credhub_ssh_line_t *line)
{
    u_char       *p, *last;
    credhub_str_t rest, word;

    if (text.len == 0) {
        return 0;
    }

    p = text.data;
    last = text.data + text.len;

    /* a file that was stored whole ends in a newline */

    while (last > p && (last[-1] == '\n' || last[-1] == '\r')) {
        last--;
    }

    line->word.data = p;
    p = memchr(p, ' ', (size_t) (last - p));

    if (p == NULL) {
        return 0;
    }

    line->word.len = (size_t) (p - line->word.data);

    rest.data = ++p;
    p = memchr(p, ' ', (size_t) (last - p));

    if (p == NULL) {
        p = last;
        line->comment = credhub_null_str;

    } else {
        line->comment.data = p + 1;
        line->comment.len = credhub_ssh_comment(p + 1, last);
    }

    rest.len = (size_t) (p - rest.data);

    line->blob = credhub_base64_decode(arena, rest);

    if (line->blob.data == NULL) {
        return 0;
    }

    rest = line->blob;

    return credhub_ssh_take(&rest, &word) && credhub_str_eq(word, line->word);
}


/* A stored text may have several lines; a comment has one. */

static size_t
credhub_ssh_comment(const u_char *comment, const u_char *last)
{
    const u_char *p;

    for (p = comment; p < last; p++) {
        if (*p == '\n' || *p == '\r') {
            break;
        }
    }

    return (size_t) (p - comment);
}


/* Takes a string with its 32-bit length off `rest`; 0 when it is cut. */

static int
credhub_ssh_take(credhub_str_t *rest, credhub_str_t *str)
{
    u_char *p;
    size_t  len;

    if (rest->len < 4) {
        return 0;
    }

    p = rest->data;
    len = (size_t) p[0] << 24 | (size_t) p[1] << 16 | (size_t) p[2] << 8 | p[3];

    if (len > rest->len - 4) {
        return 0;
    }

    str->data = p + 4;
    str->len = len;

    rest->data += 4 + len;
    rest->len -= 4 + len;

    return 1;
}
