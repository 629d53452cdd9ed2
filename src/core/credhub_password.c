
/*
 * Random passwords, and password hashes in the form of SHA-512 crypt
 * ("$6$", crypt(5)). The hash is computed here because the C library's refuses
 * passwords of 512 bytes and more. Work areas are wiped before return, results
 * belong to the caller's arena.
 */

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "credhub_password.h"


#define CREDHUB_RANDOM_BATCH 128
#define CREDHUB_CRYPT_SALT   8
#define CREDHUB_CRYPT_ROUNDS 5000
#define CREDHUB_CRYPT_DIGEST 64
#define CREDHUB_CRYPT_TEXT   86
#define CREDHUB_CLASSES      4
#define CREDHUB_CLASS_CHARS  96 /* more than all classes together */


typedef struct {
    size_t   left;
    unsigned failed:1;
    u_char   bytes[CREDHUB_RANDOM_BATCH];
} credhub_random_t;


typedef struct {
    EVP_MD     *md;
    EVP_MD_CTX *ctx;
    unsigned    failed:1;

    const u_char *password;
    size_t        len;

    atomic_int *cancel; /* or NULL */

    u_char *p; /* as long as the password */
    u_char  s[CREDHUB_CRYPT_SALT];
    u_char  salt[CREDHUB_CRYPT_SALT];
    u_char  digest[CREDHUB_CRYPT_DIGEST];
} credhub_crypt_t;


static unsigned credhub_random_below(credhub_random_t *random, unsigned n);

static void credhub_password_fill(
    credhub_random_t *random, unsigned classes, u_char *data, size_t len);
static void credhub_crypt_start(credhub_crypt_t *crypt);
static void credhub_crypt_add(
    credhub_crypt_t *crypt, const u_char *data, size_t len);
static void credhub_crypt_end(credhub_crypt_t *crypt);
static void credhub_crypt_first(credhub_crypt_t *crypt);
static void credhub_crypt_sequences(credhub_crypt_t *crypt);
static void credhub_crypt_repeat(
    const credhub_crypt_t *crypt, u_char *out, size_t len);
static void credhub_crypt_rounds(credhub_crypt_t *crypt);
static void credhub_crypt_text(const credhub_crypt_t *crypt, u_char *out);


static const credhub_str_t credhub_classes[CREDHUB_CLASSES] = {
    credhub_string("abcdefghijklmnopqrstuvwxyz"),
    credhub_string("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    credhub_string("0123456789"),
    credhub_string("!#$%&()*,-./:;<=>?@[\\]^_`{|}~"),
};

static const u_char credhub_crypt_chars[] = "./0123456789"
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "abcdefghijklmnopqrstuvwxyz";


credhub_error_e
credhub_password(
    credhub_arena_t *arena, size_t len, unsigned classes, credhub_str_t *out)
{
    credhub_random_t random;

    classes &= (1u << CREDHUB_CLASSES) - 1;

    if (classes == 0) {
        return CREDHUB_E_NO_CHARSET;
    }

    if (len < CREDHUB_PASSWORD_MIN || len > CREDHUB_PASSWORD_MAX) {
        return CREDHUB_E_INTERNAL;
    }

    out->len = len;
    out->data = credhub_arena_bytes(arena, len);
    if (out->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    random.left = 0;
    random.failed = 0;

    ERR_set_mark();
    credhub_password_fill(&random, classes, out->data, len);
    ERR_pop_to_mark();

    OPENSSL_cleanse(random.bytes, sizeof(random.bytes));

    return random.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static void
credhub_password_fill(
    credhub_random_t *random, unsigned classes, u_char *data, size_t len)
{
    u_char   c, all[CREDHUB_CLASS_CHARS];
    size_t   i, n;
    unsigned r, size;
    const credhub_str_t *class;

    n = 0;
    size = 0;

    for (i = 0; i < CREDHUB_CLASSES; i++) {
        if ((classes & (1u << i)) == 0) {
            continue;
        }

        class = &credhub_classes[i];

        memcpy(all + size, class->data, class->len);
        size += (unsigned) class->len;

        data[n++] =
            class->data[credhub_random_below(random, (unsigned) class->len)];
    }

    while (n < len) {
        data[n++] = all[credhub_random_below(random, size)];
    }

    for (i = len - 1; i > 0; i--) {
        r = credhub_random_below(random, (unsigned) i + 1);

        c = data[i];
        data[i] = data[r];
        data[r] = c;
    }
}


/* Uniform in 0 .. n - 1, n is at most 256; 0 once the generator failed. */

static unsigned
credhub_random_below(credhub_random_t *random, unsigned n)
{
    unsigned byte;

    do {
        if (random->left == 0) {
            if (random->failed
                || RAND_priv_bytes(random->bytes, CREDHUB_RANDOM_BATCH) != 1) {
                random->failed = 1;
                return 0;
            }

            random->left = CREDHUB_RANDOM_BATCH;
        }

        byte = random->bytes[--random->left];

    } while (byte >= 256 - 256 % n);

    return byte % n;
}


credhub_error_e
credhub_password_hash(credhub_arena_t *arena, credhub_str_t password,
    atomic_int *cancel, credhub_str_t *out)
{
    size_t           i;
    u_char          *text;
    credhub_crypt_t  crypt;
    credhub_random_t random;

    static const credhub_str_t method = credhub_string("$6$");

    if (password.len != 0 && memchr(password.data, '\0', password.len) != NULL)
    {
        return CREDHUB_E_BAD_REQUEST;
    }

    memset(&crypt, 0, sizeof(crypt));
    random.left = 0;
    random.failed = 0;

    out->len = method.len + CREDHUB_CRYPT_SALT + 1 + CREDHUB_CRYPT_TEXT;
    out->data = credhub_arena_bytes(arena, out->len);

    crypt.cancel = cancel;
    crypt.password = password.data;
    crypt.len = password.len;
    crypt.p = credhub_arena_bytes(arena, password.len);

    if (out->data == NULL || crypt.p == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    ERR_set_mark();

    for (i = 0; i < CREDHUB_CRYPT_SALT; i++) {
        crypt.salt[i] = credhub_crypt_chars[credhub_random_below(&random, 64)];
    }

    crypt.md = EVP_MD_fetch(NULL, "SHA512", NULL);
    crypt.ctx = EVP_MD_CTX_new();
    crypt.failed = random.failed || crypt.md == NULL || crypt.ctx == NULL;

    credhub_crypt_first(&crypt);
    credhub_crypt_sequences(&crypt);
    credhub_crypt_rounds(&crypt);

    EVP_MD_CTX_free(crypt.ctx);
    EVP_MD_free(crypt.md);

    ERR_pop_to_mark();

    text = out->data;

    memcpy(text, method.data, method.len);
    text += method.len;
    memcpy(text, crypt.salt, CREDHUB_CRYPT_SALT);
    text += CREDHUB_CRYPT_SALT;
    *text++ = '$';

    credhub_crypt_text(&crypt, text);

    i = crypt.failed;

    OPENSSL_cleanse(crypt.p, crypt.len);
    OPENSSL_cleanse(&crypt, sizeof(crypt));

    return (i != 0) ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static void
credhub_crypt_start(credhub_crypt_t *crypt)
{
    if (!crypt->failed && EVP_DigestInit_ex2(crypt->ctx, crypt->md, NULL) != 1)
    {
        crypt->failed = 1;
    }
}


static void
credhub_crypt_add(credhub_crypt_t *crypt, const u_char *data, size_t len)
{
    if (crypt->cancel != NULL
        && atomic_load_explicit(crypt->cancel, memory_order_relaxed))
    {
        crypt->failed = 1;
    }

    if (!crypt->failed && EVP_DigestUpdate(crypt->ctx, data, len) != 1) {
        crypt->failed = 1;
    }
}


static void
credhub_crypt_end(credhub_crypt_t *crypt)
{
    if (!crypt->failed
        && EVP_DigestFinal_ex(crypt->ctx, crypt->digest, NULL) != 1) {
        crypt->failed = 1;
    }
}


/* Digest B, then digest A from the password, the salt and B. */

static void
credhub_crypt_first(credhub_crypt_t *crypt)
{
    size_t n;

    credhub_crypt_start(crypt);
    credhub_crypt_add(crypt, crypt->password, crypt->len);
    credhub_crypt_add(crypt, crypt->salt, CREDHUB_CRYPT_SALT);
    credhub_crypt_add(crypt, crypt->password, crypt->len);
    credhub_crypt_end(crypt);

    /* p serves as room for B repeated over the length of the password */

    credhub_crypt_repeat(crypt, crypt->p, crypt->len);

    credhub_crypt_start(crypt);
    credhub_crypt_add(crypt, crypt->password, crypt->len);
    credhub_crypt_add(crypt, crypt->salt, CREDHUB_CRYPT_SALT);
    credhub_crypt_add(crypt, crypt->p, crypt->len);

    for (n = crypt->len; n > 0; n >>= 1) {
        if ((n & 1) != 0) {
            credhub_crypt_add(crypt, crypt->digest, CREDHUB_CRYPT_DIGEST);

        } else {
            credhub_crypt_add(crypt, crypt->password, crypt->len);
        }
    }

    credhub_crypt_end(crypt);
}


/* Sequences P and S; digest A is kept. */

static void
credhub_crypt_sequences(credhub_crypt_t *crypt)
{
    size_t i;
    u_char a[CREDHUB_CRYPT_DIGEST];

    memcpy(a, crypt->digest, CREDHUB_CRYPT_DIGEST);

    credhub_crypt_start(crypt);

    for (i = 0; i < crypt->len; i++) {
        credhub_crypt_add(crypt, crypt->password, crypt->len);
    }

    credhub_crypt_end(crypt);
    credhub_crypt_repeat(crypt, crypt->p, crypt->len);

    credhub_crypt_start(crypt);

    for (i = 0; i < 16 + (size_t) a[0]; i++) {
        credhub_crypt_add(crypt, crypt->salt, CREDHUB_CRYPT_SALT);
    }

    credhub_crypt_end(crypt);
    credhub_crypt_repeat(crypt, crypt->s, CREDHUB_CRYPT_SALT);

    memcpy(crypt->digest, a, CREDHUB_CRYPT_DIGEST);
    OPENSSL_cleanse(a, sizeof(a));
}


static void
credhub_crypt_repeat(const credhub_crypt_t *crypt, u_char *out, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        out[i] = crypt->digest[i % CREDHUB_CRYPT_DIGEST];
    }
}


static void
credhub_crypt_rounds(credhub_crypt_t *crypt)
{
    int i, odd;

    for (i = 0; i < CREDHUB_CRYPT_ROUNDS && !crypt->failed; i++) {
        odd = (i % 2 != 0);

        credhub_crypt_start(crypt);

        credhub_crypt_add(crypt, odd ? crypt->p : crypt->digest,
            odd ? crypt->len : CREDHUB_CRYPT_DIGEST);

        if (i % 3 != 0) {
            credhub_crypt_add(crypt, crypt->s, CREDHUB_CRYPT_SALT);
        }

        if (i % 7 != 0) {
            credhub_crypt_add(crypt, crypt->p, crypt->len);
        }

        credhub_crypt_add(crypt, odd ? crypt->digest : crypt->p,
            odd ? CREDHUB_CRYPT_DIGEST : crypt->len);

        credhub_crypt_end(crypt);
    }
}


/*
 * 86 characters, least significant six bits first. Bytes are taken in threes
 * (0, 21, 42), (22, 43, 1), (44, 2, 23), ...; byte 63 stands alone.
 */

static void
credhub_crypt_text(const credhub_crypt_t *crypt, u_char *out)
{
    int           i, k;
    unsigned      a, b, c, t, w;
    const u_char *d;

    d = crypt->digest;
    a = 0;
    b = 21;
    c = 42;

    for (i = 0; i < CREDHUB_CRYPT_DIGEST / 3; i++) {
        w = (unsigned) d[a] << 16 | (unsigned) d[b] << 8 | d[c];

        for (k = 0; k < 4; k++) {
            *out++ = credhub_crypt_chars[w & 0x3f];
            w >>= 6;
        }

        t = a;
        a = b + 1;
        b = c + 1;
        c = t + 1;
    }

    *out++ = credhub_crypt_chars[d[63] & 0x3f];
    *out = credhub_crypt_chars[d[63] >> 6];
}
