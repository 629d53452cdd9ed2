
/* Key pairs: made here or brought, and what they sign. */

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include "credhub_keys.h"
#include "credhub_ssh_keys.h"


typedef struct {
    credhub_str_t           name;
    credhub_ssh_algorithm_t algorithm;
} credhub_ssh_name_t;


static EVP_PKEY *credhub_ssh_pkey_ed25519(const PKCS8_PRIV_KEY_INFO *info);
static int       credhub_ssh_add_point(
          credhub_buf_t *buf, const credhub_ssh_kind_t *kind, const EVP_PKEY *key);
static int credhub_ssh_add_raw(credhub_buf_t *buf, const EVP_PKEY *key);

/* clang-format off */

/* the first name of an algorithm is the one that is shown */

static const credhub_ssh_name_t  credhub_ssh_names[] = {
    { credhub_string("ED25519"), { CREDHUB_SSH_ED25519, 256 } },
    { credhub_string("P256"), { CREDHUB_SSH_P256, 256 } },
    { credhub_string("P384"), { CREDHUB_SSH_P384, 384 } },
    { credhub_string("P521"), { CREDHUB_SSH_P521, 521 } },
    { credhub_string("RSA3072"), { CREDHUB_SSH_RSA, 3072 } },
    { credhub_string("RSA4096"), { CREDHUB_SSH_RSA, 4096 } },
    { credhub_string("RSA2048"), { CREDHUB_SSH_RSA, 2048 } },
    { credhub_string("ECDSA256"), { CREDHUB_SSH_P256, 256 } },
    { credhub_string("ECDSA384"), { CREDHUB_SSH_P384, 384 } },
    { credhub_string("ECDSA521"), { CREDHUB_SSH_P521, 521 } },
    { { 0, NULL }, { 0, 0 } }
};

/* clang-format on */


int
credhub_ssh_algorithm(credhub_str_t name, credhub_ssh_algorithm_t *out)
{
    const credhub_ssh_name_t *row;

    for (row = credhub_ssh_names; row->name.len != 0; row++) {
        if (credhub_str_caseeq(row->name, name)) {
            *out = row->algorithm;
            return 0;
        }
    }

    return -1;
}


credhub_str_t
credhub_ssh_algorithm_name(const credhub_ssh_algorithm_t *algorithm)
{
    const credhub_ssh_name_t *row;

    for (row = credhub_ssh_names; row->name.len != 0; row++) {
        if (row->algorithm.type == algorithm->type
            && row->algorithm.bits == algorithm->bits)
        {
            return row->name;
        }
    }

    return credhub_str("RSA");
}


credhub_error_e
credhub_ssh_generate(credhub_arena_t *arena,
    const credhub_ssh_algorithm_t *algorithm, atomic_int *cancel,
    credhub_ssh_pair_t *pair)
{
    EVP_PKEY                 *key;
    credhub_error_e           error;
    const credhub_ssh_kind_t *kind = &credhub_ssh_kinds[algorithm->type];

    ERR_set_mark();

    key = credhub_key_make(
        kind->type, kind->group, kind->bits == 0 ? algorithm->bits : 0, cancel);

    error = (key != NULL) ? credhub_ssh_pair_of(arena, key, pair)
                          : CREDHUB_E_INTERNAL;

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return error;
}


credhub_error_e
credhub_ssh_pair_of(
    credhub_arena_t *arena, const EVP_PKEY *key, credhub_ssh_pair_t *pair)
{
    int                  len;
    u_char              *p;
    credhub_buf_t        blob;
    PKCS8_PRIV_KEY_INFO *info;

    if (credhub_ssh_pkey_algorithm(key, &pair->algorithm) != 0) {
        return CREDHUB_E_INTERNAL;
    }

    info = EVP_PKEY2PKCS8(key);
    len = (info != NULL) ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    p = (len > 0) ? credhub_arena_bytes(arena, (size_t) len) : NULL;

    pair->private_key.data = p;
    pair->private_key.len = (size_t) len;

    if (p != NULL) {
        (void) i2d_PKCS8_PRIV_KEY_INFO(info, &p);
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    credhub_buf_init(&blob, arena, (size_t) EVP_PKEY_get_bits(key) / 4 + 64);
    credhub_ssh_add_string(&blob, credhub_ssh_kinds[pair->algorithm.type].word);

    if (p == NULL || !credhub_ssh_add_public(&blob, &pair->algorithm, key)) {
        return CREDHUB_E_INTERNAL;
    }

    pair->blob = credhub_buf_str(&blob);

    return blob.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


int
credhub_ssh_pkey_algorithm(
    const EVP_PKEY *key, credhub_ssh_algorithm_t *algorithm)
{
    size_t                    i;
    const credhub_ssh_kind_t *kind;

    for (i = 0; i < CREDHUB_SSH_TYPES; i++) {
        kind = &credhub_ssh_kinds[i];

        if (EVP_PKEY_is_a(key, kind->type)
            && (kind->bits == 0
                || kind->bits == (unsigned) EVP_PKEY_get_bits(key)
                || kind->group == NULL))
        {
            algorithm->type = (credhub_ssh_type_e) i;
            algorithm->bits = kind->bits != 0
                                  ? kind->bits
                                  : (unsigned) EVP_PKEY_get_bits(key);
            return 0;
        }
    }

    return -1;
}


EVP_PKEY *
credhub_ssh_pkey_private(credhub_str_t private_key)
{
    EVP_PKEY            *key;
    const u_char        *p;
    PKCS8_PRIV_KEY_INFO *info;

    p = private_key.data;
    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) private_key.len);
    key = NULL;

    if (info != NULL) {
        key = credhub_ssh_pkey_ed25519(info);

        if (key == NULL) {
            key = EVP_PKCS82PKEY(info);
        }
    }

    PKCS8_PRIV_KEY_INFO_free(info);

    return key;
}


/* The decoders of OpenSSL 3 take ten times as long as a signature with such a
 * key, so it is taken as it lies there (RFC 8410, section 7). NULL: another
 * kind. */

static EVP_PKEY *
credhub_ssh_pkey_ed25519(const PKCS8_PRIV_KEY_INFO *info)
{
    int                len;
    const u_char      *octets;
    const ASN1_OBJECT *id;

    return PKCS8_pkey_get0(&id, &octets, &len, NULL, info) == 1
                   && OBJ_obj2nid(id) == NID_ED25519
                   && len == 2 + CREDHUB_SSH_ED25519_SIZE
                   && octets[0] == V_ASN1_OCTET_STRING
                   && octets[1] == CREDHUB_SSH_ED25519_SIZE
               ? EVP_PKEY_new_raw_private_key(
                   EVP_PKEY_ED25519, NULL, octets + 2, CREDHUB_SSH_ED25519_SIZE)
               : NULL;
}


int
credhub_ssh_add_public(credhub_buf_t *buf,
    const credhub_ssh_algorithm_t *algorithm, const EVP_PKEY *key)
{
    const credhub_ssh_kind_t *kind = &credhub_ssh_kinds[algorithm->type];

    if (algorithm->type == CREDHUB_SSH_ED25519) {
        return credhub_ssh_add_raw(buf, key);
    }

    if (algorithm->type == CREDHUB_SSH_RSA) {
        return credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_RSA_E)
               && credhub_ssh_add_number(buf, key, OSSL_PKEY_PARAM_RSA_N);
    }

    return credhub_ssh_add_point(buf, kind, key);
}


static int
credhub_ssh_add_raw(credhub_buf_t *buf, const EVP_PKEY *key)
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


int
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

    str.len = (size_t) BN_num_bytes(number);
    str.data = credhub_arena_bytes(buf->arena, str.len);

    ok = str.data != NULL
         && BN_bn2binpad(number, str.data, (int) str.len) == (int) str.len;

    BN_clear_free(number);

    if (ok) {
        credhub_ssh_add_mpint(buf, str);
    }

    return ok;
}
