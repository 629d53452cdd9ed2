
/*
 * Issuing. OpenSSL's objects, and with them the private keys, live inside one
 * call; OpenSSL wipes keys that it frees.
 */

#include <string.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include "credhub_x509.h"
#include "credhub_x509_load.h"


#define CREDHUB_X509_DAY         86400
#define CREDHUB_X509_SERIAL_BITS 159
#define CREDHUB_X509_TIME_MAX    253402300799 /* the end of the year 9999 */


typedef struct {
    X509     *certificate; /* NULL: self-signed */
    EVP_PKEY *key;
} credhub_x509_authority_t;


static credhub_error_e credhub_x509_authority(
    const credhub_x509_signer_t *signer, int64_t now,
    credhub_x509_authority_t *authority);
static credhub_error_e credhub_x509_usable(
    X509 *x509, credhub_str_t private_key, int64_t now);
static void credhub_x509_authority_free(credhub_x509_authority_t *authority);
static credhub_error_e credhub_x509_build(const credhub_x509_profile_t *profile,
    EVP_PKEY *key, const credhub_x509_authority_t *authority, int64_t now,
    X509 **x509);
static int             credhub_x509_serial(X509 *x509);
static int             credhub_x509_validity(
                X509 *x509, const credhub_x509_profile_t *profile, int64_t now);
static int credhub_x509_names(
    X509 *x509, const credhub_x509_profile_t *profile, const X509 *ca);
static int credhub_x509_add_extensions(
    X509 *x509, const credhub_x509_profile_t *profile, X509 *ca);
static int credhub_x509_add_key_id(X509 *x509);
static int credhub_x509_add_issuer_key_id(X509 *x509, X509 *ca);
static int credhub_x509_add_constraints(X509 *x509, int is_ca);
static int credhub_x509_add_value(
    X509 *x509, int nid, int critical, credhub_str_t value);
static credhub_error_e credhub_x509_sign(X509 *x509, EVP_PKEY *key, X509 *ca);
static int             credhub_x509_pem(
                credhub_arena_t *arena, X509 *x509, credhub_str_t *pem);


credhub_error_e
credhub_x509_signer_check(const credhub_x509_signer_t *signer, int64_t now)
{
    credhub_error_e          rc;
    credhub_x509_authority_t authority;

    ERR_set_mark();

    rc = credhub_x509_authority(signer, now, &authority);
    credhub_x509_authority_free(&authority);

    ERR_pop_to_mark();

    return rc;
}


static credhub_error_e
credhub_x509_authority(const credhub_x509_signer_t *signer, int64_t now,
    credhub_x509_authority_t *authority)
{
    credhub_error_e rc;

    memset(authority, 0, sizeof(credhub_x509_authority_t));

    if (signer->certificate.len == 0) {
        return CREDHUB_OK;
    }

    rc = credhub_x509_load(signer->certificate, &authority->certificate);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_usable(
            authority->certificate, signer->private_key, now);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_load_key(signer->private_key, &authority->key);
    }

    if (rc == CREDHUB_OK
        && (X509_get0_pubkey(authority->certificate) == NULL
            || EVP_PKEY_eq(
                   X509_get0_pubkey(authority->certificate), authority->key)
                   != 1))
    {
        rc = CREDHUB_E_KEY_MISMATCH;
    }

    return rc;
}


static credhub_error_e
credhub_x509_usable(X509 *x509, credhub_str_t private_key, int64_t now)
{
    int64_t not_after;

    if (credhub_x509_is_ca(x509) != 1) {
        return CREDHUB_E_NOT_CA;
    }

    if (private_key.len == 0) {
        return CREDHUB_E_CA_NO_KEY;
    }

    if (!credhub_x509_time(X509_get0_notAfter(x509), &not_after)) {
        return CREDHUB_E_BAD_CERT;
    }

    return (now > not_after) ? CREDHUB_E_CA_EXPIRED : CREDHUB_OK;
}


static void
credhub_x509_authority_free(credhub_x509_authority_t *authority)
{
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
}


credhub_error_e
credhub_x509_issue(credhub_arena_t *arena,
    const credhub_x509_profile_t *profile, credhub_str_t private_key,
    const credhub_x509_signer_t *signer, int64_t now, credhub_str_t *pem)
{
    X509                    *x509;
    EVP_PKEY                *key;
    credhub_error_e          rc;
    credhub_x509_authority_t authority;

    if (profile->duration < 1) {
        return CREDHUB_E_DURATION;
    }

    ERR_set_mark();

    key = NULL;
    x509 = NULL;

    rc = credhub_x509_authority(signer, now, &authority);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_load_key(private_key, &key);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_build(profile, key, &authority, now, &x509);
    }

    if (rc == CREDHUB_OK && !credhub_x509_pem(arena, x509, pem)) {
        rc = CREDHUB_E_INTERNAL;
    }

    X509_free(x509);
    EVP_PKEY_free(key);
    credhub_x509_authority_free(&authority);

    ERR_pop_to_mark();

    return rc;
}


static credhub_error_e
credhub_x509_build(const credhub_x509_profile_t *profile, EVP_PKEY *key,
    const credhub_x509_authority_t *authority, int64_t now, X509 **x509)
{
    X509 *ca;

    *x509 = X509_new();
    ca = (authority->certificate != NULL) ? authority->certificate : *x509;

    if (*x509 == NULL || X509_set_version(*x509, X509_VERSION_3) != 1
        || !credhub_x509_serial(*x509)
        || !credhub_x509_validity(*x509, profile, now)
        || !credhub_x509_names(*x509, profile, authority->certificate)
        || X509_set_pubkey(*x509, key) != 1
        || !credhub_x509_add_extensions(*x509, profile, ca))
    {
        return CREDHUB_E_INTERNAL;
    }

    return credhub_x509_sign(
        *x509, authority->key != NULL ? authority->key : key, ca);
}


static int
credhub_x509_serial(X509 *x509)
{
    int     ok;
    BIGNUM *number;

    number = BN_new();

    ok = number != NULL
         && BN_rand(number, CREDHUB_X509_SERIAL_BITS, BN_RAND_TOP_ANY,
                BN_RAND_BOTTOM_ANY)
                == 1
         && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;

    BN_free(number);

    return ok;
}


static int
credhub_x509_validity(
    X509 *x509, const credhub_x509_profile_t *profile, int64_t now)
{
    int64_t last;

    last = CREDHUB_X509_TIME_MAX;

    if (profile->duration < (last - now) / CREDHUB_X509_DAY) {
        last = now + profile->duration * CREDHUB_X509_DAY;
    }

    return ASN1_TIME_set(X509_getm_notBefore(x509), (time_t) now) != NULL
           && ASN1_TIME_set(X509_getm_notAfter(x509), (time_t) last) != NULL;
}


static int
credhub_x509_names(
    X509 *x509, const credhub_x509_profile_t *profile, const X509 *ca)
{
    int           ok;
    X509_NAME    *subject;
    const u_char *p;

    p = profile->subject.data;

    subject = d2i_X509_NAME(NULL, &p, (long) profile->subject.len);
    if (subject == NULL) {
        return 0;
    }

    ok = X509_set_subject_name(x509, subject) == 1
         && X509_set_issuer_name(
                x509, ca != NULL ? X509_get_subject_name(ca) : subject)
                == 1;

    X509_NAME_free(subject);

    return ok;
}


/* A certificate that signs itself is its own authority, so its key id is there
 * before it is looked for. */

static int
credhub_x509_add_extensions(
    X509 *x509, const credhub_x509_profile_t *profile, X509 *ca)
{
    return credhub_x509_add_key_id(x509)
           && credhub_x509_add_value(
               x509, NID_subject_alt_name, 0, profile->alternative_names)
           && credhub_x509_add_value(x509, NID_key_usage, 1, profile->key_usage)
           && credhub_x509_add_value(
               x509, NID_ext_key_usage, 0, profile->extended_key_usage)
           && credhub_x509_add_issuer_key_id(x509, ca)
           && credhub_x509_add_constraints(x509, profile->is_ca);
}


static int
credhub_x509_add_key_id(X509 *x509)
{
    int                ok;
    u_char             digest[SHA_DIGEST_LENGTH];
    unsigned           len;
    ASN1_OCTET_STRING *id;

    id = ASN1_OCTET_STRING_new();

    ok = id != NULL && X509_pubkey_digest(x509, EVP_sha1(), digest, &len) == 1
         && ASN1_OCTET_STRING_set(id, digest, (int) len) == 1
         && X509_add1_ext_i2d(
                x509, NID_subject_key_identifier, id, 0, X509V3_ADD_APPEND)
                == 1;

    ASN1_OCTET_STRING_free(id);

    return ok;
}


static int
credhub_x509_add_issuer_key_id(X509 *x509, X509 *ca)
{
    int                ok;
    AUTHORITY_KEYID   *id;
    ASN1_OCTET_STRING *key_id;

    key_id = X509_get_ext_d2i(ca, NID_subject_key_identifier, NULL, NULL);
    if (key_id == NULL) {
        return 1;
    }

    id = AUTHORITY_KEYID_new();
    if (id == NULL) {
        ASN1_OCTET_STRING_free(key_id);
        return 0;
    }

    id->keyid = key_id;

    ok = X509_add1_ext_i2d(
             x509, NID_authority_key_identifier, id, 0, X509V3_ADD_APPEND)
         == 1;

    AUTHORITY_KEYID_free(id);

    return ok;
}


static int
credhub_x509_add_constraints(X509 *x509, int is_ca)
{
    int                ok;
    BASIC_CONSTRAINTS *constraints;

    constraints = BASIC_CONSTRAINTS_new();
    if (constraints == NULL) {
        return 0;
    }

    constraints->ca = is_ca ? 0xff : 0;

    ok = X509_add1_ext_i2d(
             x509, NID_basic_constraints, constraints, 1, X509V3_ADD_APPEND)
         == 1;

    BASIC_CONSTRAINTS_free(constraints);

    return ok;
}


static int
credhub_x509_add_value(X509 *x509, int nid, int critical, credhub_str_t value)
{
    int                ok;
    X509_EXTENSION    *extension;
    ASN1_OCTET_STRING *octets;

    if (value.len == 0) {
        return 1;
    }

    extension = NULL;
    octets = ASN1_OCTET_STRING_new();

    if (octets != NULL
        && ASN1_OCTET_STRING_set(octets, value.data, (int) value.len) == 1)
    {
        extension = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
    }

    ok = extension != NULL && X509_add_ext(x509, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);

    return ok;
}


/* A private key may carry the right public key and still be another one, or
 * none that works. */

static credhub_error_e
credhub_x509_sign(X509 *x509, EVP_PKEY *key, X509 *ca)
{
    const EVP_MD *digest;

    digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();

    if (X509_sign(x509, key, digest) <= 0) {
        return ca != x509 ? CREDHUB_E_KEY_MISMATCH : CREDHUB_E_INTERNAL;
    }

    return X509_verify(x509, X509_get0_pubkey(ca)) == 1
               ? CREDHUB_OK
               : CREDHUB_E_KEY_MISMATCH;
}


static int
credhub_x509_pem(credhub_arena_t *arena, X509 *x509, credhub_str_t *pem)
{
    int  ok;
    BIO *bio;

    bio = BIO_new(BIO_s_mem());

    ok = bio != NULL && PEM_write_bio_X509(bio, x509) == 1
         && credhub_key_take(arena, bio, pem);

    BIO_free(bio);

    return ok;
}
