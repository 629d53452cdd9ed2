
/*
 * Keys: kinds, generation, PEM. OpenSSL's objects live inside one call or are
 * the caller's; texts belong to the caller's arena.
 */

#define _GNU_SOURCE /* memmem() */

#include <limits.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "credhub_keys.h"


#define CREDHUB_KEY_RSA_DEFAULT 2048
#define CREDHUB_KEY_RSA_NAME    "RSA"
#define CREDHUB_KEY_GROUP_MAX   32


/* What a kind is called by clients and by OpenSSL. The first row of a type is
 * its default. */

typedef struct {
    credhub_key_type_e type;
    unsigned           bits; /* 0: several */
    credhub_str_t      name;
    credhub_str_t      curve;
    const char        *algorithm;
    const char        *group; /* EC */
} credhub_key_row_t;


static int credhub_key_progress(EVP_PKEY_CTX *ctx);
static int credhub_key_public_pem(
    credhub_arena_t *arena, const EVP_PKEY *key, credhub_str_t *out);

static const credhub_key_row_t *credhub_key_row(const credhub_key_kind_t *kind);

static int credhub_key_no_passphrase(
    char *buf, int size, int rwflag, void *data);


static const credhub_key_row_t credhub_key_rows[] = {
    { CREDHUB_KEY_RSA, 0, credhub_string("rsa"), { 0, NULL },
        CREDHUB_KEY_RSA_NAME, NULL },
    { CREDHUB_KEY_EC, 256, credhub_string("ec"), credhub_string("P-256"), "EC",
        "prime256v1" },
    { CREDHUB_KEY_EC, 384, credhub_string("ec"), credhub_string("P-384"), "EC",
        "secp384r1" },
    { CREDHUB_KEY_ED25519, 256, credhub_string("ed25519"), { 0, NULL },
        "ED25519", NULL },
    { 0, 0, { 0, NULL }, { 0, NULL }, NULL, NULL },
};


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
credhub_key_kind(credhub_str_t type, credhub_str_t curve,
    const credhub_int_t *length, credhub_key_kind_t *kind)
{
    int64_t                  bits;
    credhub_error_e          rc;
    const credhub_key_row_t *row;

    rc = CREDHUB_E_KEY_TYPE;

    for (row = credhub_key_rows; row->algorithm != NULL; row++) {
        if (type.len != 0 && !credhub_str_caseeq(row->name, type)) {
            continue;
        }

        if (curve.len == 0 || credhub_str_caseeq(row->curve, curve)) {
            break;
        }

        rc = CREDHUB_E_KEY_CURVE;

        if (type.len == 0) {
            return rc;
        }
    }

    if (row->algorithm == NULL) {
        return rc;
    }

    bits = length->set ? length->value : 0;

    if (bits == 0) {
        bits = (row->bits != 0) ? row->bits : CREDHUB_KEY_RSA_DEFAULT;
    }

    if (row->bits != 0 ? bits != row->bits : !credhub_key_length_valid(bits)) {
        return CREDHUB_E_KEY_LENGTH;
    }

    kind->type = row->type;
    kind->bits = (unsigned) bits;

    return CREDHUB_OK;
}


void
credhub_key_names(
    const credhub_key_kind_t *kind, credhub_str_t *type, credhub_str_t *curve)
{
    const credhub_key_row_t *row;

    row = credhub_key_row(kind);

    *type = row->name;
    *curve = row->curve;
}


static const credhub_key_row_t *
credhub_key_row(const credhub_key_kind_t *kind)
{
    const credhub_key_row_t *row;

    for (row = credhub_key_rows; row->algorithm != NULL; row++) {
        if (row->type == kind->type
            && (row->bits == 0 || row->bits == kind->bits)) {
            break;
        }
    }

    return row;
}


credhub_error_e
credhub_key_private(credhub_arena_t *arena, const credhub_key_kind_t *kind,
    atomic_int *cancel, credhub_str_t *pem)
{
    int       ok;
    EVP_PKEY *key;

    ERR_set_mark();

    key = credhub_key_generate(kind, cancel);
    ok = key != NULL && credhub_key_pem(arena, key, pem);

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


credhub_error_e
credhub_key_rsa(credhub_arena_t *arena, unsigned bits, atomic_int *cancel,
    credhub_key_pair_t *pair)
{
    int       ok;
    EVP_PKEY *key;

    ERR_set_mark();

    key = credhub_key_make(CREDHUB_KEY_RSA_NAME, NULL, bits, cancel);

    ok = key != NULL && credhub_key_public_pem(arena, key, &pair->public_key)
         && credhub_key_pem(arena, key, &pair->private_key);

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


EVP_PKEY *
credhub_key_generate(const credhub_key_kind_t *kind, atomic_int *cancel)
{
    const credhub_key_row_t *row;

    row = credhub_key_row(kind);

    if (row->algorithm == NULL) {
        return NULL;
    }

    return credhub_key_make(
        row->algorithm, row->group, row->bits == 0 ? kind->bits : 0, cancel);
}


EVP_PKEY *
credhub_key_make(
    const char *algorithm, const char *group, unsigned bits, atomic_int *cancel)
{
    EVP_PKEY     *key;
    EVP_PKEY_CTX *ctx;

    if (strcmp(algorithm, CREDHUB_KEY_RSA_NAME) == 0
            ? !credhub_key_length_valid(bits)
            : bits != 0)
    {
        return NULL;
    }

    ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    if (ctx == NULL) {
        return NULL;
    }

    key = NULL;

    EVP_PKEY_CTX_set_cb(ctx, credhub_key_progress);
    EVP_PKEY_CTX_set_app_data(ctx, cancel);

    if (EVP_PKEY_keygen_init(ctx) != 1
        || (group != NULL && EVP_PKEY_CTX_set_group_name(ctx, group) != 1)
        || (bits != 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int) bits) != 1)
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


credhub_key_kind_t
credhub_key_kind_of(const EVP_PKEY *key)
{
    char                     group[CREDHUB_KEY_GROUP_MAX];
    size_t                   len;
    credhub_key_kind_t       kind;
    const credhub_key_row_t *row;

    memset(&kind, 0, sizeof(kind));

    for (row = credhub_key_rows; row->algorithm != NULL; row++) {
        if (!EVP_PKEY_is_a(key, row->algorithm)) {
            continue;
        }

        kind.type = row->type;

        if (row->group == NULL
            || (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1
                && strcmp(group, row->group) == 0))
        {
            kind.bits =
                row->bits ? row->bits : (unsigned) EVP_PKEY_get_bits(key);
            break;
        }
    }

    return kind;
}


/* The kind of field stands there by an object of the arc 1.2.840.10045.1, which
 * nothing else has. */

int
credhub_key_spells_curve(credhub_str_t der)
{
    static const u_char arc[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01 };

    return der.len != 0 && memmem(der.data, der.len, arc, sizeof(arc)) != NULL;
}


int
credhub_key_pem(credhub_arena_t *arena, const EVP_PKEY *key, credhub_str_t *pem)
{
    int  ok;
    BIO *bio;

    /* wipes what it held, also when it grows */

    bio = BIO_new(BIO_s_secmem());
    if (bio == NULL) {
        return 0;
    }

    if (EVP_PKEY_is_a(key, "RSA")) {
        ok = PEM_write_bio_PrivateKey_traditional(
                 bio, key, NULL, NULL, 0, NULL, NULL)
             == 1;

    } else {
        ok = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
             == 1;
    }

    ok = ok && credhub_key_take(arena, bio, pem);

    BIO_free(bio);

    return ok;
}


static int
credhub_key_public_pem(
    credhub_arena_t *arena, const EVP_PKEY *key, credhub_str_t *out)
{
    int  ok;
    BIO *bio;

    bio = BIO_new(BIO_s_mem());

    ok = bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1
         && credhub_key_take(arena, bio, out);

    BIO_free(bio);

    return ok;
}


int
credhub_key_take(credhub_arena_t *arena, BIO *bio, credhub_str_t *out)
{
    long  len;
    char *text;

    len = BIO_get_mem_data(bio, &text);
    *out = credhub_arena_copy(arena, text, (size_t) len);

    return out->data != NULL;
}


unsigned
credhub_key_rsa_bits(credhub_str_t pem)
{
    BIO          *bio;
    long          len;
    u_char       *der;
    EVP_PKEY     *key;
    unsigned      bits;
    credhub_str_t bytes;
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
        bytes.data = der;
        bytes.len = (size_t) len;

        if (!credhub_key_spells_curve(bytes)) {
            key = d2i_PUBKEY(NULL, &p, len);
        }

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
