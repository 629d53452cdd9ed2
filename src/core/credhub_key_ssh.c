
/*
 * Key pairs for ssh: the wire format of public keys (RFC 4253, section 6.6;
 * RFC 5656, section 3.1; RFC 8709, section 4) and OpenSSH's format of private
 * keys (its PROTOCOL.key). Texts belong to the caller's arena, which wipes
 * them.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include "credhub_keys.h"
#include "credhub_text.h"


#define CREDHUB_SSH_ED25519_SIZE 32
#define CREDHUB_SSH_POINT_MAX    (1 + 2 * 48)

#define CREDHUB_SSH_MAGIC        "openssh-key-v1" /* with its NUL */
#define CREDHUB_SSH_BLOCK        8 /* the padding of cipher "none" */
#define CREDHUB_SSH_LINE         70
#define CREDHUB_SSH_BEGIN        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define CREDHUB_SSH_END          "-----END OPENSSH PRIVATE KEY-----\n"


/* How one kind of key is written behind the word of its type. */

typedef struct credhub_ssh_kind_s credhub_ssh_kind_t;

struct credhub_ssh_kind_s {
    credhub_key_type_e type;
    unsigned           bits; /* 0: several */
    credhub_str_t      word;
    credhub_str_t      curve;

    int (*add_public)(credhub_buf_t *buf, const credhub_ssh_kind_t *kind,
        const EVP_PKEY *key);
    int (*add_private)(credhub_buf_t *buf, const credhub_ssh_kind_t *kind,
        const EVP_PKEY *key); /* NULL: in PEM */
};


static int credhub_ssh_blob(credhub_arena_t *arena,
    const credhub_ssh_kind_t *kind, const EVP_PKEY *key, credhub_str_t *blob);
static int credhub_ssh_public(credhub_arena_t *arena,
    const credhub_ssh_kind_t *kind, credhub_str_t blob, credhub_str_t comment,
    credhub_str_t *out);
static int credhub_ssh_private(credhub_arena_t *arena,
    const credhub_ssh_kind_t *kind, const EVP_PKEY *key, credhub_str_t blob,
    credhub_str_t comment, credhub_str_t *out);
static int credhub_ssh_secret(credhub_arena_t *arena,
    const credhub_ssh_kind_t *kind, const EVP_PKEY *key, credhub_str_t comment,
    credhub_str_t *secret);
static int credhub_ssh_armor(
    credhub_arena_t *arena, credhub_str_t bytes, credhub_str_t *out);
static int credhub_ssh_add_rsa(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static int credhub_ssh_add_point(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static int credhub_ssh_add_ec(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static int credhub_ssh_add_raw(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static int credhub_ssh_add_ed25519(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static void credhub_ssh_add_string(credhub_buf_t *buf, credhub_str_t str);
static int  credhub_ssh_add_number(
     credhub_buf_t *buf, const EVP_PKEY *key, const char *name);

/* clang-format off */

static const credhub_ssh_kind_t credhub_ssh_kinds[] = {
    { CREDHUB_KEY_RSA, 0,
      credhub_string("ssh-rsa"), { 0, NULL },
      credhub_ssh_add_rsa, NULL },
    { CREDHUB_KEY_EC, 256,
      credhub_string("ecdsa-sha2-nistp256"), credhub_string("nistp256"),
      credhub_ssh_add_point, credhub_ssh_add_ec },
    { CREDHUB_KEY_EC, 384,
      credhub_string("ecdsa-sha2-nistp384"), credhub_string("nistp384"),
      credhub_ssh_add_point, credhub_ssh_add_ec },
    { CREDHUB_KEY_ED25519, 256,
      credhub_string("ssh-ed25519"), { 0, NULL },
      credhub_ssh_add_raw, credhub_ssh_add_ed25519 },
    { 0, 0, { 0, NULL }, { 0, NULL }, NULL, NULL }
};

/* clang-format on */


credhub_error_e
credhub_key_ssh(credhub_arena_t *arena, const credhub_key_kind_t *kind,
    credhub_str_t comment, atomic_int *cancel, credhub_key_pair_t *pair)
{
    int                       ok;
    EVP_PKEY                 *key;
    credhub_str_t             blob;
    const credhub_ssh_kind_t *row;

    for (row = credhub_ssh_kinds; row->word.len != 0; row++) {
        if (row->type == kind->type
            && (row->bits == 0 || row->bits == kind->bits)) {
            break;
        }
    }

    if (row->word.len == 0) {
        return CREDHUB_E_INTERNAL;
    }

    ERR_set_mark();

    key = credhub_key_generate(kind, cancel);

    ok = key != NULL && credhub_ssh_blob(arena, row, key, &blob)
         && credhub_ssh_public(arena, row, blob, comment, &pair->public_key);

    if (ok && row->add_private == NULL) {
        ok = credhub_key_pem(arena, key, &pair->private_key);

    } else if (ok) {
        ok = credhub_ssh_private(
            arena, row, key, blob, comment, &pair->private_key);
    }

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static int
credhub_ssh_blob(credhub_arena_t *arena, const credhub_ssh_kind_t *kind,
    const EVP_PKEY *key, credhub_str_t *blob)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, (size_t) EVP_PKEY_get_bits(key) / 4 + 64);

    credhub_ssh_add_string(&buf, kind->word);

    if (!kind->add_public(&buf, kind, key)) {
        return 0;
    }

    *blob = credhub_buf_str(&buf);

    return !buf.failed;
}


static int
credhub_ssh_public(credhub_arena_t *arena, const credhub_ssh_kind_t *kind,
    credhub_str_t blob, credhub_str_t comment, credhub_str_t *out)
{
    credhub_buf_t line;
    credhub_str_t text;

    text = credhub_base64(arena, blob, 1);
    if (text.data == NULL) {
        return 0;
    }

    credhub_buf_init(&line, arena, kind->word.len + text.len + comment.len + 2);

    credhub_buf_add_str(&line, kind->word);
    credhub_buf_lit(&line, " ");
    credhub_buf_add_str(&line, text);

    if (comment.len != 0) {
        credhub_buf_lit(&line, " ");
        credhub_buf_add_str(&line, comment);
    }

    *out = credhub_buf_str(&line);

    return !line.failed;
}


static int
credhub_ssh_private(credhub_arena_t *arena, const credhub_ssh_kind_t *kind,
    const EVP_PKEY *key, credhub_str_t blob, credhub_str_t comment,
    credhub_str_t *out)
{
    u_char        count[4];
    credhub_buf_t buf;
    credhub_str_t secret;

    if (!credhub_ssh_secret(arena, kind, key, comment, &secret)) {
        return 0;
    }

    credhub_buf_init(&buf, arena, blob.len + secret.len + 64);

    credhub_buf_add(&buf, CREDHUB_SSH_MAGIC, sizeof(CREDHUB_SSH_MAGIC));
    credhub_ssh_add_string(&buf, credhub_str("none")); /* cipher */
    credhub_ssh_add_string(&buf, credhub_str("none")); /* its key's */
    credhub_ssh_add_string(&buf, credhub_null_str);    /* derivation */

    (void) credhub_put_uint32(count, 1);
    credhub_buf_add(&buf, count, sizeof(count));

    credhub_ssh_add_string(&buf, blob);
    credhub_ssh_add_string(&buf, secret);

    return !buf.failed && credhub_ssh_armor(arena, credhub_buf_str(&buf), out);
}


/* The part that a cipher would cover: two equal numbers, the key, its comment,
 * and 1, 2, 3... up to a full block. */

static int
credhub_ssh_secret(credhub_arena_t *arena, const credhub_ssh_kind_t *kind,
    const EVP_PKEY *key, credhub_str_t comment, credhub_str_t *secret)
{
    u_char        check[4], pad;
    credhub_buf_t buf;

    if (RAND_bytes(check, sizeof(check)) != 1) {
        return 0;
    }

    credhub_buf_init(&buf, arena, comment.len + 512);

    credhub_buf_add(&buf, check, sizeof(check));
    credhub_buf_add(&buf, check, sizeof(check));
    credhub_ssh_add_string(&buf, kind->word);

    if (!kind->add_private(&buf, kind, key)) {
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


static int
credhub_ssh_add_rsa(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key)
{
    return credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_RSA_E)
           && credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_RSA_N);
}


static int
credhub_ssh_add_point(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key)
{
    u_char        point[CREDHUB_SSH_POINT_MAX];
    credhub_str_t str;

    if (EVP_PKEY_get_octet_string_param(
            key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &str.len)
        != 1)
    {
        return 0;
    }

    str.data = point;

    credhub_ssh_add_string(buf, kind->curve);
    credhub_ssh_add_string(buf, str);

    return 1;
}


static int
credhub_ssh_add_ec(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key)
{
    return credhub_ssh_add_point(buf, kind, key)
           && credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_PRIV_KEY);
}


static int
credhub_ssh_add_raw(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key)
{
    u_char        raw[CREDHUB_SSH_ED25519_SIZE];
    credhub_str_t str;

    str.data = raw;
    str.len = sizeof(raw);

    if (EVP_PKEY_get_raw_public_key(key, raw, &str.len) != 1) {
        return 0;
    }

    credhub_ssh_add_string(buf, str);

    return 1;
}


/* The public key, and once more behind the private one in one string. */

static int
credhub_ssh_add_ed25519(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key)
{
    size_t        len;
    credhub_str_t str;

    str.len = 2 * CREDHUB_SSH_ED25519_SIZE;
    str.data = credhub_arena_bytes(buf->arena, str.len);
    len = CREDHUB_SSH_ED25519_SIZE;

    if (str.data == NULL || !credhub_ssh_add_raw(buf, kind, key)
        || EVP_PKEY_get_raw_private_key(key, str.data, &len) != 1
        || EVP_PKEY_get_raw_public_key(key, str.data + len, &len) != 1)
    {
        return 0;
    }

    credhub_ssh_add_string(buf, str);

    return 1;
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

    BN_clear_free(number);

    if (ok) {
        credhub_ssh_add_string(buf, str);
    }

    return ok;
}
