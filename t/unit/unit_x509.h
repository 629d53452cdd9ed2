
/* What tests of certificates share: keys and certificates of ours, made when
 * they are wanted, in the memory of the test program. */

#ifndef _CREDHUB_UNIT_X509_H_INCLUDED_
#define _CREDHUB_UNIT_X509_H_INCLUDED_


#include "unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "credhub_x509.h"
#include "unit_certificates.h"


#define NOW 1800000000 /* 2027-01-15T08:00:00Z */
#define DAY 86400


static const credhub_key_kind_t rsa_2048 = { CREDHUB_KEY_RSA, 2048 };
static const credhub_key_kind_t p256 = { CREDHUB_KEY_EC, 256 };
static const credhub_key_kind_t p384 = { CREDHUB_KEY_EC, 384 };
static const credhub_key_kind_t ed25519 = { CREDHUB_KEY_ED25519, 256 };

static const credhub_x509_signer_t nobody;


static inline X509 *
parse(credhub_str_t pem)
{
    BIO  *bio;
    X509 *x509;

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(x509);
    BIO_free(bio);

    return x509;
}


static inline credhub_x509_t
read_text(const char *pem)
{
    credhub_x509_t  x509;
    credhub_error_e rc;

    rc = credhub_x509_read(unit_arena, unit_str(pem), &x509);
    assert_int_equal(rc, CREDHUB_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return x509;
}


static inline credhub_str_t
key_of(const credhub_key_kind_t *kind)
{
    atomic_int    never;
    credhub_str_t pem;

    atomic_init(&never, 0);

    assert_int_equal(
        credhub_key_private(unit_arena, kind, &never, &pem), CREDHUB_OK);

    return pem;
}


static inline credhub_x509_profile_t
profile_of(const char *common_name)
{
    credhub_x509_profile_t profile;
    credhub_x509_subject_t subject;

    memset(&profile, 0, sizeof(profile));
    memset(&subject, 0, sizeof(subject));

    subject.common_name = unit_str(common_name);

    assert_int_equal(
        credhub_x509_subject(unit_arena, &subject, &profile.subject),
        CREDHUB_OK);

    profile.duration = 365;

    return profile;
}


static inline credhub_str_t
issue(const credhub_x509_profile_t *profile, credhub_str_t key,
    const credhub_x509_signer_t *signer)
{
    credhub_str_t pem;

    assert_int_equal(
        credhub_x509_issue(unit_arena, profile, key, signer, NOW, &pem),
        CREDHUB_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return pem;
}


static inline credhub_x509_signer_t
ca_of(const credhub_key_kind_t *kind)
{
    credhub_x509_signer_t  ca;
    credhub_x509_profile_t profile;

    profile = profile_of("ca");
    profile.is_ca = 1;

    ca.private_key = key_of(kind);
    ca.certificate = issue(&profile, ca.private_key, &nobody);

    return ca;
}


#endif /* _CREDHUB_UNIT_X509_H_INCLUDED_ */
