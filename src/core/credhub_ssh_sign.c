
/*
 * Signatures of SSH: RSA with SHA-512 (RFC 8332), ECDSA (RFC 5656, section
 * 3.1.2), Ed25519 (RFC 8709, section 6).
 */

#include <openssl/ec.h>
#include <openssl/err.h>
#include "credhub_ssh_keys.h"


static int credhub_ssh_add_signature(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, credhub_str_t raw);
static int credhub_ssh_add_ecdsa(credhub_buf_t *buf, credhub_str_t der);
static int credhub_ssh_add_bignum(credhub_buf_t *buf, const BIGNUM *number);
static credhub_error_e credhub_ssh_ecdsa_der(
    credhub_arena_t *arena, credhub_str_t raw, credhub_str_t *der);
static int credhub_ssh_ecdsa_number(credhub_str_t number);


credhub_error_e
credhub_ssh_sign(credhub_arena_t *arena, credhub_str_t private_key,
    credhub_str_t data, credhub_str_t *signature)
{
    int                       ok;
    EVP_PKEY                 *key;
    EVP_MD_CTX               *md;
    credhub_str_t             raw;
    credhub_buf_t             buf;
    const credhub_ssh_kind_t *kind;
    credhub_ssh_algorithm_t   algorithm;

    ERR_set_mark();

    md = EVP_MD_CTX_new();
    key = credhub_ssh_pkey_private(private_key);

    ok = md != NULL && key != NULL
         && credhub_ssh_pkey_algorithm(key, &algorithm) == 0;

    if (ok) {
        kind = &credhub_ssh_kinds[algorithm.type];
        raw.len = (size_t) EVP_PKEY_get_size(key);
        raw.data = credhub_arena_bytes(arena, raw.len);

        credhub_buf_init(&buf, arena, raw.len + 64);
        credhub_ssh_add_string(&buf, kind->signature);

        ok = raw.data != NULL
             && EVP_DigestSignInit_ex(
                    md, NULL, kind->digest, NULL, NULL, key, NULL)
                    == 1
             && EVP_DigestSign(md, raw.data, &raw.len, data.data, data.len) == 1
             && credhub_ssh_add_signature(&buf, kind, raw) && !buf.failed;
    }

    if (ok) {
        *signature = credhub_buf_str(&buf);
    }

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static int
credhub_ssh_add_signature(
    credhub_buf_t *buf, const credhub_ssh_kind_t *kind, credhub_str_t raw)
{
    if (kind->group != NULL) {
        return credhub_ssh_add_ecdsa(buf, raw);
    }

    credhub_ssh_add_string(buf, raw);

    return 1;
}


/* Two numbers in one string, where OpenSSL has a sequence of them. */

static int
credhub_ssh_add_ecdsa(credhub_buf_t *buf, credhub_str_t der)
{
    int           ok;
    ECDSA_SIG    *pair;
    const u_char *p;
    credhub_buf_t numbers;

    p = der.data;
    pair = d2i_ECDSA_SIG(NULL, &p, (long) der.len);

    if (pair == NULL) {
        return 0;
    }

    credhub_buf_init(&numbers, buf->arena, der.len + 8);

    ok = credhub_ssh_add_bignum(&numbers, ECDSA_SIG_get0_r(pair))
         && credhub_ssh_add_bignum(&numbers, ECDSA_SIG_get0_s(pair))
         && !numbers.failed;

    ECDSA_SIG_free(pair);

    if (ok) {
        credhub_ssh_add_string(buf, credhub_buf_str(&numbers));
    }

    return ok;
}


static int
credhub_ssh_add_bignum(credhub_buf_t *buf, const BIGNUM *number)
{
    u_char        bytes[CREDHUB_SSH_SCALAR_MAX];
    credhub_str_t str;

    str.data = bytes;
    str.len = sizeof(bytes);

    if (BN_bn2binpad(number, bytes, sizeof(bytes)) != sizeof(bytes)) {
        return 0;
    }

    credhub_ssh_add_mpint(buf, str);

    return 1;
}


credhub_error_e
credhub_ssh_verify(credhub_arena_t *arena, credhub_str_t blob,
    credhub_str_t data, credhub_str_t signature)
{
    EVP_PKEY                 *key;
    EVP_MD_CTX               *md;
    credhub_str_t             word, raw, detail;
    credhub_error_e           error;
    credhub_ssh_public_t      public_key;
    credhub_ssh_reader_t      reader;
    const credhub_ssh_kind_t *kind;

    error = credhub_ssh_public_blob(arena, blob, &public_key, &detail);
    if (error != CREDHUB_OK) {
        return error;
    }

    kind = &credhub_ssh_kinds[public_key.type];

    credhub_ssh_reader(&reader, signature);
    word = credhub_ssh_string(&reader);
    raw = credhub_ssh_string(&reader);

    if (!credhub_ssh_ended(&reader) || !credhub_str_eq(word, kind->signature)) {
        return CREDHUB_E_SSH_KEY;
    }

    if (kind->group != NULL) {
        error = credhub_ssh_ecdsa_der(arena, raw, &raw);
        if (error != CREDHUB_OK) {
            return error;
        }
    }

    ERR_set_mark();

    md = EVP_MD_CTX_new();
    key = credhub_ssh_pkey(&public_key);
    error = CREDHUB_E_INTERNAL;

    if (md != NULL && key != NULL
        && EVP_DigestVerifyInit_ex(
               md, NULL, kind->digest, NULL, NULL, key, NULL)
               == 1)
    {
        error =
            EVP_DigestVerify(md, raw.data, raw.len, data.data, data.len) == 1
                ? CREDHUB_OK
                : CREDHUB_E_SSH_KEY;
    }

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return error;
}


static credhub_error_e
credhub_ssh_ecdsa_der(
    credhub_arena_t *arena, credhub_str_t raw, credhub_str_t *der)
{
    int                  len;
    u_char              *p;
    BIGNUM              *r, *s;
    ECDSA_SIG           *pair;
    credhub_str_t        first, second;
    credhub_ssh_reader_t reader;

    credhub_ssh_reader(&reader, raw);
    first = credhub_ssh_string(&reader);
    second = credhub_ssh_string(&reader);

    if (!credhub_ssh_ended(&reader) || !credhub_ssh_ecdsa_number(first)
        || !credhub_ssh_ecdsa_number(second))
    {
        return CREDHUB_E_SSH_KEY;
    }

    pair = ECDSA_SIG_new();
    r = BN_bin2bn(first.data, (int) first.len, NULL);
    s = BN_bin2bn(second.data, (int) second.len, NULL);

    if (pair == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return CREDHUB_E_INTERNAL;
    }

    len = i2d_ECDSA_SIG(pair, NULL);
    p = (len > 0) ? credhub_arena_bytes(arena, (size_t) len) : NULL;

    der->data = p;
    der->len = (size_t) len;

    if (p != NULL) {
        (void) i2d_ECDSA_SIG(pair, &p);
    }

    ECDSA_SIG_free(pair);

    return der->data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* A positive mpint, as short as it can be: a signature has one form only. */

static int
credhub_ssh_ecdsa_number(credhub_str_t number)
{
    if (number.len == 0 || number.len > CREDHUB_SSH_SCALAR_MAX + 1
        || (number.data[0] & 0x80) != 0)
    {
        return 0;
    }

    return number.data[0] != 0
           || (number.len != 1 && (number.data[1] & 0x80) != 0);
}
