
/*
 * What the operations on certificates share: reading a version, issuing on a
 * CPU thread, and writing a version.
 */

#ifndef _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_
#define _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_


#include "ngx_credhub_credential.h"
#include "ngx_credhub_lookup.h"
#include "credhub_certificate.h"


/* What a stored version says; verified. The private key stays sealed. */
credhub_error_e ngx_credhub_certificate_open(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate);

/* The same with the private key; empty: it has none. */
credhub_error_e ngx_credhub_certificate_open_key(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate);

/* Its certificate alone. */
credhub_error_e ngx_credhub_certificate_text(
    ngx_credhub_op_t *op, const credhub_version_t *version, credhub_str_t *pem);

/* The profile that regenerates it: a key of a kind that is generated, and the
 * key usages that the configuration gives CAs. */
credhub_error_e ngx_credhub_certificate_profile(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_x509_profile_t *profile);

/* What signs with a version of a CA: CREDHUB_E_NOT_CA, CREDHUB_E_CA_NO_KEY. A
 * certificate of that profile that will outlive it is logged. */
credhub_error_e ngx_credhub_certificate_signer(ngx_credhub_op_t *op,
    const credhub_version_t *version, const credhub_x509_profile_t *profile,
    credhub_x509_signer_t *signer);

/* The certificate of the other version of a CA that is to be trusted beside
 * `signer`, one of ca->active and ca->transitional; empty: none. */
credhub_error_e ngx_credhub_certificate_trusted(ngx_credhub_op_t *op,
    const ngx_credhub_certificate_t *ca, const credhub_version_t *signer,
    credhub_str_t *trusted);

/* The minimum duration raises profile->duration; was it? */
ngx_uint_t ngx_credhub_certificate_duration(
    ngx_credhub_op_t *op, credhub_x509_profile_t *profile);


/* A certificate to issue. */

typedef struct {
    credhub_x509_profile_t profile;
    credhub_x509_signer_t  signer;      /* no certificate: self-signed */
    credhub_str_t          private_key; /* PEM; empty: generated */
    credhub_str_t          certificate; /* PEM, the result */
} ngx_credhub_issue_t;

/* Hands it to a CPU thread: WAIT or FAIL. The input is copied. */
ngx_credhub_rc_e ngx_credhub_issue(
    ngx_credhub_op_t *op, ngx_credhub_issue_t *issue);

/* The next step: fills private_key and certificate; copies in op->arena. */
credhub_error_e ngx_credhub_issued(
    ngx_credhub_op_t *op, ngx_credhub_issue_t *issue);


/* A version to write. name, folded, metadata, signer and trusted of `version`
 * are given. */

typedef struct {
    credhub_certificate_t           certificate;
    unsigned                        generated:1;
    credhub_version_t               version;
    ngx_credhub_certificate_write_t write;
    const ngx_credhub_guard_t      *guard; /* as in ngx_credhub_access.h */
} ngx_credhub_certificate_commit_t;

/* Seals it and sends it to the store: WAIT or FAIL. The answer is
 * ngx_credhub_certificate_written() with &commit->version. */
ngx_credhub_rc_e ngx_credhub_certificate_commit(
    ngx_credhub_op_t *op, ngx_credhub_certificate_commit_t *commit);

/* A certificate that a client gives. */

typedef struct {
    credhub_certificate_t certificate; /* ca_name with a slash, or empty */
    credhub_x509_t        x509;
} ngx_credhub_given_t;

/* Reads and checks "value" of a request; op->detail as the error needs it. */
credhub_error_e ngx_credhub_given(
    ngx_credhub_op_t *op, credhub_str_t value, ngx_credhub_given_t *given);

/*
 * Prepares writing it, once it was looked up with the CA it names: whatever
 * stands is replaced by default. CREDHUB_E_CA, CREDHUB_E_NOT_CA,
 * CREDHUB_E_NOT_SIGNED_BY_CA_NAME. metadata and guard are the caller's.
 */
credhub_error_e ngx_credhub_given_commit(ngx_credhub_op_t *op,
    const ngx_credhub_given_t *given, const ngx_credhub_lookup_t *lookup,
    ngx_credhub_certificate_commit_t *commit);


/* Makes `version` fit for answers that show the other CA where that is on. */
void ngx_credhub_certificate_show(
    ngx_credhub_op_t *op, credhub_version_t *version);


#endif /* _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_ */
