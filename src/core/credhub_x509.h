
/*
 * X.509 certificates (RFC 5280): what one says, whether another one signed it,
 * and issuing. What a certificate is to be is a profile, plain data that a
 * thread can be given; the profile of an existing certificate renews it. All
 * functions are thread-safe.
 */

#ifndef _CREDHUB_X509_H_INCLUDED_
#define _CREDHUB_X509_H_INCLUDED_


#include "credhub_key.h"


#define CREDHUB_X509_PEM_MAX   7000  /* bytes of a certificate that is set */
#define CREDHUB_X509_NAMES_MAX 10000 /* alternative names */


typedef struct {
    credhub_key_kind_t key;
    credhub_str_t      subject; /* DER of a Name */

    /* DER of extension values, empty: the extension is not there */
    credhub_str_t alternative_names;
    credhub_str_t key_usage;
    credhub_str_t extended_key_usage;

    int64_t  duration; /* days, at least 1 */
    unsigned is_ca:1;
    unsigned self_signed:1;
} credhub_x509_profile_t;


typedef struct {
    credhub_x509_profile_t profile;
    int64_t                not_before; /* seconds since 1970 */
    int64_t                not_after;
} credhub_x509_t;


/*
 * The first certificate in a PEM text; text around it is tolerated. A key of a
 * kind that is not generated has .bits 0. CREDHUB_E_BAD_CERT,
 * CREDHUB_E_UNREADABLE_CERT (its structure holds, a part of it does not),
 * CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_x509_read(
    credhub_arena_t *arena, credhub_str_t pem, credhub_x509_t *x509);

/* Is the first certificate of one text signed with the key of the first one of
 * the other? Dates and names do not count. A key that is
 * too large to verify with at once (RSA 8192 bits, a public exponent of 64, DSA
 * 3072, EC 521) signs nothing. 1, 0. */
int credhub_x509_signed_by(credhub_str_t pem, credhub_str_t ca);

/*
 * Is `key` a private key in PKCS#1, SEC 1 or unencrypted PKCS#8 PEM that
 * belongs to the certificate? CREDHUB_OK, CREDHUB_E_PRIVATE_KEY,
 * CREDHUB_E_PRIVATE_KEY_FORMAT, CREDHUB_E_PRIVATE_KEY_PEM,
 * CREDHUB_E_KEY_MISMATCH.
 */
credhub_error_e credhub_x509_key_check(credhub_str_t pem, credhub_str_t key);

/* Do two profiles ask for the same certificate? Of the subjects the order and
 * the letter case do not count, and durations do not. 1, 0. */
int credhub_x509_same(
    const credhub_x509_profile_t *one, const credhub_x509_profile_t *two);


/* A certificate authority to sign with; no certificate: self-signed. */

typedef struct {
    credhub_str_t certificate; /* PEM, as stored */
    credhub_str_t private_key;
} credhub_x509_signer_t;

/*
 * Can it sign at `now` (seconds since 1970)? CREDHUB_OK, CREDHUB_E_NOT_CA,
 * CREDHUB_E_CA_NO_KEY, CREDHUB_E_CA_EXPIRED, CREDHUB_E_PRIVATE_KEY and its
 * kin, CREDHUB_E_KEY_MISMATCH, CREDHUB_E_BAD_CERT.
 */
credhub_error_e credhub_x509_signer_check(
    const credhub_x509_signer_t *signer, int64_t now);

/*
 * Issues a version 3 certificate for a private key (PEM): random serial number
 * of 159 bits, valid from `now` for profile->duration days, extensions in the
 * order SKI, SAN, KU, EKU, AKI, BC, signed with SHA-256 (or as Ed25519 has it).
 * The issuer is the signer's subject byte for byte. The result is PEM with a
 * final newline. The errors of credhub_x509_signer_check(), and
 * CREDHUB_E_DURATION.
 */
credhub_error_e credhub_x509_issue(credhub_arena_t *arena,
    const credhub_x509_profile_t *profile, credhub_str_t private_key,
    const credhub_x509_signer_t *signer, int64_t now, credhub_str_t *pem);


/* DER of the parts of a profile, from what a client asks for. */

typedef struct {
    credhub_str_t common_name;
    credhub_str_t organization_unit;
    credhub_str_t country;
    credhub_str_t state;
    credhub_str_t organization;
    credhub_str_t locality;
} credhub_x509_subject_t; /* UTF-8, in the order of the Name; empty: left out */

/* The values literally, PrintableString where they can be, else UTF8String.
 * CREDHUB_OK, CREDHUB_E_INTERNAL. */
credhub_error_e credhub_x509_subject(credhub_arena_t *arena,
    const credhub_x509_subject_t *subject, credhub_str_t *der);

/* Order is kept; none: empty. CREDHUB_E_ALT_NAME, `detail` gets the name;
 * CREDHUB_E_ALT_NAMES_MANY. */
credhub_error_e credhub_x509_alternative_names(credhub_arena_t *arena,
    const credhub_str_t *names, size_t n, credhub_str_t *der,
    credhub_str_t *detail);

/* By their names in the API; none: empty. CREDHUB_E_KEY_USAGE,
 * CREDHUB_E_EXT_KEY_USAGE; `detail` gets the name that is none. */
credhub_error_e credhub_x509_key_usage(credhub_arena_t *arena,
    const credhub_str_t *names, size_t n, credhub_str_t *der,
    credhub_str_t *detail);
credhub_error_e credhub_x509_extended_key_usage(credhub_arena_t *arena,
    const credhub_str_t *names, size_t n, credhub_str_t *der,
    credhub_str_t *detail);


#endif /* _CREDHUB_X509_H_INCLUDED_ */
