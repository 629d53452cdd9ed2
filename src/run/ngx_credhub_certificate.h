
/*
 * What the operations on certificates share: looking one up together with its
 * CA, issuing on a CPU thread, and writing a version.
 *
 * Between look-up and write another node may change the certificate or its CA.
 * The write carries the stamps of both; when the store has others the operation
 * looks up and decides again, at most NGX_CREDHUB_STALE_MAX times, with the key
 * that it has generated already.
 */

#ifndef _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_
#define _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_


#include "ngx_credhub_credential.h"
#include "ngx_credhub_certificates.h"
#include "credhub_certificate.h"


#define NGX_CREDHUB_STALE_MAX 3 /* retries */


/*
 * A certificate to look up: by name (with a slash, and folded), or by id. The
 * rest is filled by the look-up. Strings live as long as the call.
 */

typedef struct {
    credhub_str_t name;
    credhub_str_t folded;
    credhub_str_t id;        /* credential id */
    unsigned      operation; /* CREDHUB_OP_*, what the actor must be allowed */

    credhub_str_t ca_name; /* with a slash; empty: none is looked up */
    credhub_str_t ca_folded;

    ngx_credhub_certificate_t found; /* credential.len 0: there is none */
    ngx_credhub_certificate_t ca;
} ngx_credhub_lookup_t;


/* Takes a credential id of a path; CREDHUB_E_CRED when it cannot be one. */
credhub_error_e ngx_credhub_lookup_id(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t id);

/* Sends the look-up: WAIT or FAIL. */
ngx_credhub_rc_e ngx_credhub_lookup(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup);

/*
 * Takes its answer and checks rights: CREDHUB_OK; CREDHUB_E_READ_ONLY for any
 * operation but reading; CREDHUB_E_CRED_DENIED (write) or _HIDDEN;
 * CREDHUB_E_CRED: no such id, or a name that is no certificate (with write,
 * CREDHUB_E_TYPE_MISMATCH); CREDHUB_E_CA, CREDHUB_E_CA_HIDDEN. A name that does
 * not exist is no error. Tells the log which credential it is.
 */
credhub_error_e ngx_credhub_looked_up(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup);

/* Looks up the CA that found->newest or another version names, or `name`. */
ngx_credhub_rc_e ngx_credhub_lookup_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t name);

/* Takes its answer: CREDHUB_OK, CREDHUB_E_CA (none, or no certificate). With
 * `check`, CREDHUB_E_CA_HIDDEN when the actor may not read it. */
credhub_error_e ngx_credhub_looked_up_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, ngx_uint_t check);


/* What a stored version says; verified. The private key stays sealed. */
credhub_error_e ngx_credhub_certificate_open(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate);

/* The same with the private key; empty: it has none. */
credhub_error_e ngx_credhub_certificate_open_key(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate);

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

/* Makes `version` fit for answers that show the other CA where that is on. */
void ngx_credhub_certificate_show(
    ngx_credhub_op_t *op, credhub_version_t *version);


#endif /* _NGX_CREDHUB_CERTIFICATE_H_INCLUDED_ */
