
/*
 * Public keys of SSH (RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709,
 * section 4). What is not exactly one complete key is refused with words for
 * whoever sent it.
 */

#define _GNU_SOURCE /* memmem() */

#include <openssl/core_names.h>
#include <openssl/ecerr.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <string.h>
#include "credhub_ssh_keys.h"
#include "credhub_text.h"


#define CREDHUB_SSH_RSA_MIN      2048
#define CREDHUB_SSH_RSA_MAX      16384
#define CREDHUB_SSH_EXPONENT_MAX 8 /* bytes */


static credhub_error_e credhub_ssh_read_ed25519(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why);
static credhub_error_e credhub_ssh_read_point(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why);
static credhub_error_e credhub_ssh_read_rsa(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why);
static int             credhub_ssh_off_curve(unsigned long error);
static int             credhub_ssh_natural(credhub_str_t *number);
static unsigned        credhub_ssh_bits(credhub_str_t number);
static const char     *credhub_ssh_unknown(credhub_str_t word);
static credhub_error_e credhub_ssh_refuse(
    credhub_str_t *detail, const char *why);
static credhub_str_t credhub_ssh_trim(credhub_str_t text);
static credhub_str_t credhub_ssh_word(credhub_str_t *text);

/* clang-format off */

const credhub_ssh_kind_t  credhub_ssh_kinds[CREDHUB_SSH_TYPES] = {

    [CREDHUB_SSH_ED25519] = {
        credhub_string("ssh-ed25519"),
        credhub_string("ssh-ed25519-cert-v01@openssh.com"),
        credhub_string("ssh-ed25519"),
        "ED25519", NULL, { 0, NULL }, NULL, 256 },

    [CREDHUB_SSH_P256] = {
        credhub_string("ecdsa-sha2-nistp256"),
        credhub_string("ecdsa-sha2-nistp256-cert-v01@openssh.com"),
        credhub_string("ecdsa-sha2-nistp256"),
        "EC", "P-256", credhub_string("nistp256"), "SHA256", 256 },

    [CREDHUB_SSH_P384] = {
        credhub_string("ecdsa-sha2-nistp384"),
        credhub_string("ecdsa-sha2-nistp384-cert-v01@openssh.com"),
        credhub_string("ecdsa-sha2-nistp384"),
        "EC", "P-384", credhub_string("nistp384"), "SHA384", 384 },

    [CREDHUB_SSH_P521] = {
        credhub_string("ecdsa-sha2-nistp521"),
        credhub_string("ecdsa-sha2-nistp521-cert-v01@openssh.com"),
        credhub_string("ecdsa-sha2-nistp521"),
        "EC", "P-521", credhub_string("nistp521"), "SHA512", 521 },

    [CREDHUB_SSH_RSA] = {
        credhub_string("ssh-rsa"),
        credhub_string("ssh-rsa-cert-v01@openssh.com"),
        credhub_string("rsa-sha2-512"),
        "RSA", NULL, { 0, NULL }, "SHA512", 0 }
};

/* clang-format on */


credhub_error_e
credhub_ssh_public(credhub_arena_t *arena, credhub_str_t line,
    credhub_ssh_public_t *key, credhub_str_t *detail)
{
    size_t          i;
    credhub_str_t   word, text, blob;
    credhub_error_e error;

    line = credhub_ssh_trim(line);

    for (i = 0; i < line.len; i++) {
        if (line.data[i] == 0 || line.data[i] == '\n' || line.data[i] == '\r') {
            return credhub_ssh_refuse(
                detail, "The public key has to be one line.");
        }
    }

    if (line.len > CREDHUB_SSH_LINE_MAX) {
        return credhub_ssh_refuse(detail, "The public key is too long.");
    }

    word = credhub_ssh_word(&line);
    text = credhub_ssh_word(&line);

    if (word.len == 0 || text.len == 0 || !credhub_utf8_valid(line)) {
        return credhub_ssh_refuse(detail,
            "The public key has to be a type, base64 data and a comment.");
    }

    blob = credhub_base64_decode(arena, text);

    if (blob.data == NULL) {
        return credhub_ssh_refuse(detail, "The public key is not base64.");
    }

    error = credhub_ssh_public_blob(arena, blob, key, detail);

    if (error == CREDHUB_OK && !credhub_str_eq(word, key->word)) {
        return credhub_ssh_refuse(
            detail, "The public key is of another type than it says.");
    }

    key->comment = line;

    return error;
}


credhub_error_e
credhub_ssh_public_blob(credhub_arena_t *arena, credhub_str_t blob,
    credhub_ssh_public_t *key, credhub_str_t *detail)
{
    int                  off;
    size_t               i;
    EVP_PKEY            *pkey;
    const char          *why;
    credhub_str_t        word;
    credhub_error_e      error;
    credhub_ssh_reader_t reader;

    static credhub_error_e (*const readers[])(
        credhub_ssh_reader_t *, credhub_ssh_public_t *, const char **) = {
        [CREDHUB_SSH_ED25519] = credhub_ssh_read_ed25519,
        [CREDHUB_SSH_P256] = credhub_ssh_read_point,
        [CREDHUB_SSH_P384] = credhub_ssh_read_point,
        [CREDHUB_SSH_P521] = credhub_ssh_read_point,
        [CREDHUB_SSH_RSA] = credhub_ssh_read_rsa,
    };

    memset(key, 0, sizeof(credhub_ssh_public_t));

    credhub_ssh_reader(&reader, blob);
    word = credhub_ssh_string(&reader);

    for (i = 0; i < CREDHUB_SSH_TYPES; i++) {
        if (credhub_str_eq(word, credhub_ssh_kinds[i].word)) {
            break;
        }
    }

    if (i == CREDHUB_SSH_TYPES) {
        return credhub_ssh_refuse(detail, credhub_ssh_unknown(word));
    }

    key->type = (credhub_ssh_type_e) i;
    key->bits = credhub_ssh_kinds[i].bits;
    key->word = credhub_ssh_kinds[i].word;
    key->blob = blob;

    why = "The public key is not complete.";
    error = readers[i](&reader, key, &why);

    if (error == CREDHUB_OK && !credhub_ssh_ended(&reader)) {
        why = "There is something behind the public key.";
        error = CREDHUB_E_SSH_KEY;
    }

    if (error != CREDHUB_OK) {
        return credhub_ssh_refuse(detail, why);
    }

    ERR_set_mark();

    pkey = credhub_ssh_pkey(key);
    off = (pkey == NULL) && credhub_ssh_off_curve(ERR_peek_last_error());
    EVP_PKEY_free(pkey);

    ERR_pop_to_mark();

    if (off) {
        return credhub_ssh_refuse(
            detail, "The public key is not on its curve.");
    }

    return pkey != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* Else OpenSSL has failed, and the key is not to blame. */

static int
credhub_ssh_off_curve(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_EC
           && (ERR_GET_REASON(error) == EC_R_POINT_IS_NOT_ON_CURVE
               || ERR_GET_REASON(error) == EC_R_INVALID_ENCODING);
}


static credhub_error_e
credhub_ssh_read_ed25519(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why)
{
    return credhub_ssh_string(reader).len == CREDHUB_SSH_ED25519_SIZE
               ? CREDHUB_OK
               : CREDHUB_E_SSH_KEY;
}


static credhub_error_e
credhub_ssh_read_point(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why)
{
    credhub_str_t point;

    if (!credhub_str_eq(
            credhub_ssh_string(reader), credhub_ssh_kinds[key->type].curve))
    {
        *why = "The public key names another curve than its type.";
        return CREDHUB_E_SSH_KEY;
    }

    point = credhub_ssh_string(reader);

    if (point.len != 1 + 2 * ((key->bits + 7) / 8) || point.data[0] != 4) {
        *why = "The public key has no point in uncompressed form.";
        return CREDHUB_E_SSH_KEY;
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_read_rsa(
    credhub_ssh_reader_t *reader, credhub_ssh_public_t *key, const char **why)
{
    credhub_str_t exponent, modulus;

    exponent = credhub_ssh_string(reader);
    modulus = credhub_ssh_string(reader);

    if (!credhub_ssh_natural(&exponent) || !credhub_ssh_natural(&modulus)
        || exponent.len > CREDHUB_SSH_EXPONENT_MAX
        || credhub_ssh_bits(exponent) < 2
        || (exponent.data[exponent.len - 1] & 1) == 0
        || (modulus.data[modulus.len - 1] & 1) == 0)
    {
        return CREDHUB_E_SSH_KEY;
    }

    key->bits = credhub_ssh_bits(modulus);

    if (key->bits < CREDHUB_SSH_RSA_MIN || key->bits > CREDHUB_SSH_RSA_MAX) {
        *why = "An RSA key has to have 2048 to 16384 bits.";
        return CREDHUB_E_SSH_KEY;
    }

    return CREDHUB_OK;
}


/* A positive mpint, as short as it can be; without the zero in front. */

static int
credhub_ssh_natural(credhub_str_t *number)
{
    if (number->len == 0 || (number->data[0] & 0x80) != 0) {
        return 0;
    }

    if (number->data[0] != 0) {
        return 1;
    }

    number->data++;
    number->len--;

    return number->len != 0 && (number->data[0] & 0x80) != 0;
}


static unsigned
credhub_ssh_bits(credhub_str_t number)
{
    u_char   c;
    unsigned bits;

    bits = (unsigned) (number.len - 1) * 8;

    for (c = number.data[0]; c != 0; c >>= 1) {
        bits++;
    }

    return bits;
}


static const char *
credhub_ssh_unknown(credhub_str_t word)
{
    if (credhub_str_eq(word, credhub_str("ssh-dss"))) {
        return "DSA keys are not accepted.";
    }

    if (memmem(word.data, word.len, "-cert-v0", 8) != NULL) {
        return "This is a certificate, not a public key.";
    }

    return "The type of the public key is not known.";
}


static credhub_error_e
credhub_ssh_refuse(credhub_str_t *detail, const char *why)
{
    detail->data = (u_char *) why;
    detail->len = strlen(why);

    return CREDHUB_E_SSH_KEY;
}


static credhub_str_t
credhub_ssh_trim(credhub_str_t text)
{
    while (text.len != 0 && strchr(" \t\r\n", text.data[0]) != NULL
           && text.data[0] != 0)
    {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && text.data[text.len - 1] != 0
           && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
    {
        text.len--;
    }

    return text;
}


/* Up to the next space or tab; `text` goes on behind it. */

static credhub_str_t
credhub_ssh_word(credhub_str_t *text)
{
    size_t        n;
    credhub_str_t word;

    for (n = 0; n < text->len; n++) {
        if (text->data[n] == ' ' || text->data[n] == '\t') {
            break;
        }
    }

    word.data = text->data;
    word.len = n;

    text->data += n;
    text->len -= n;

    *text = credhub_ssh_trim(*text);

    return word;
}


credhub_str_t
credhub_ssh_line(
    credhub_arena_t *arena, credhub_str_t blob, credhub_str_t comment)
{
    credhub_buf_t        line;
    credhub_str_t        text;
    credhub_ssh_reader_t reader;

    text = credhub_base64(arena, blob, 1);

    if (text.data == NULL) {
        return credhub_null_str;
    }

    credhub_ssh_reader(&reader, blob);
    credhub_buf_init(&line, arena, text.len + comment.len + 64);
    credhub_buf_add_str(&line, credhub_ssh_string(&reader));
    credhub_buf_lit(&line, " ");
    credhub_buf_add_str(&line, text);

    if (comment.len != 0) {
        credhub_buf_lit(&line, " ");
        credhub_buf_add_str(&line, comment);
    }

    return line.failed ? credhub_null_str : credhub_buf_str(&line);
}


credhub_str_t
credhub_ssh_sha256(credhub_arena_t *arena, credhub_str_t blob)
{
    u_char        hash[SHA256_DIGEST_LENGTH];
    credhub_str_t str;

    ERR_set_mark();
    str.data = SHA256(blob.data, blob.len, hash);
    ERR_pop_to_mark();

    if (str.data == NULL) {
        return credhub_null_str;
    }

    str.len = sizeof(hash);

    return credhub_base64(arena, str, 0);
}


credhub_str_t
credhub_ssh_sha1(credhub_arena_t *arena, credhub_str_t blob)
{
    int           ok;
    size_t        i;
    u_char        hash[SHA_DIGEST_LENGTH];
    credhub_buf_t hex;

    ERR_set_mark();
    ok = SHA1(blob.data, blob.len, hash) != NULL;
    ERR_pop_to_mark();

    if (!ok) {
        return credhub_null_str;
    }

    credhub_buf_init(&hex, arena, 2 * sizeof(hash));

    for (i = 0; i < sizeof(hash); i++) {
        credhub_buf_printf(&hex, "%02X", hash[i]);
    }

    return hex.failed ? credhub_null_str : credhub_buf_str(&hex);
}


EVP_PKEY *
credhub_ssh_pkey(const credhub_ssh_public_t *key)
{
    BIGNUM                   *e, *n;
    EVP_PKEY                 *pkey;
    OSSL_PARAM               *params;
    credhub_str_t             first, second;
    EVP_PKEY_CTX             *ctx;
    OSSL_PARAM_BLD           *build;
    credhub_ssh_reader_t      reader;
    const credhub_ssh_kind_t *kind = &credhub_ssh_kinds[key->type];

    credhub_ssh_reader(&reader, key->blob);
    (void) credhub_ssh_string(&reader);
    first = credhub_ssh_string(&reader);
    second = credhub_ssh_string(&reader);

    if (key->type == CREDHUB_SSH_ED25519) {
        return EVP_PKEY_new_raw_public_key(
            EVP_PKEY_ED25519, NULL, first.data, first.len);
    }

    build = OSSL_PARAM_BLD_new();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, kind->type, NULL);
    e = BN_bin2bn(first.data, (int) first.len, NULL);
    n = BN_bin2bn(second.data, (int) second.len, NULL);
    params = NULL;
    pkey = NULL;

    if (build != NULL && ctx != NULL && e != NULL && n != NULL
        && (kind->group != NULL
                ? OSSL_PARAM_BLD_push_utf8_string(
                      build, OSSL_PKEY_PARAM_GROUP_NAME, kind->group, 0)
                      && OSSL_PARAM_BLD_push_octet_string(build,
                          OSSL_PKEY_PARAM_PUB_KEY, second.data, second.len)
                : OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e)
                      && OSSL_PARAM_BLD_push_BN(
                          build, OSSL_PKEY_PARAM_RSA_N, n))
        && (params = OSSL_PARAM_BLD_to_param(build)) != NULL
        && EVP_PKEY_fromdata_init(ctx) == 1
        && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_free(e);
    BN_free(n);

    return pkey;
}
