
/*
 * Certificates in the store: what credentials of that type have beyond others.
 *
 * A certificate has versions; at most one of them is transitional, by being
 * named in the credential's row. The newest of the others is active. The stamp
 * of a certificate names the active, the transitional and the newest version:
 * a write that was decided against one stamp is refused (NGX_DECLINED) when the
 * store has another.
 *
 * Many certificates change at once by a batch: each new version is staged,
 * seen by nobody, and one small script commits them all. A write to one of the
 * certificates in between makes the batch stale, and it will not commit. What
 * was staged is folded into its certificate, or thrown away, in steps.
 */

#ifndef _NGX_CREDHUB_CERTIFICATES_H_INCLUDED_
#define _NGX_CREDHUB_CERTIFICATES_H_INCLUDED_


#include "ngx_credhub_credentials.h"


/* A certificate to look up: by folded name, or by credential id. */

typedef struct {
    credhub_str_t name;
    credhub_str_t id;
    u_char        operation; /* whose grants to read, a letter of grants */
} ngx_credhub_certificate_key_t;


typedef struct {
    credhub_str_t name;
    credhub_str_t folded;
    credhub_str_t credential; /* the certificate's id */
    credhub_str_t type;       /* another one: the rest is empty */
    credhub_str_t stamp;
    int64_t       signed_count; /* certificates that ever named it as CA */

    credhub_version_t *active;       /* NULL: none */
    credhub_version_t *transitional; /* NULL: none */
    credhub_version_t *newest;       /* one of these, or between them */

    ngx_credhub_grants_t grants; /* also of a name that does not exist */
} ngx_credhub_certificate_t;


#define NGX_CREDHUB_CERTIFICATE_KEYS 2 /* look-ups of one call */

/*
 * Looks up certificates, and whether the hub is read-only, in one round trip.
 * `actor`: folded, whose grants count; empty: nobody's. Rows come with all
 * their fields. Result: NGX_OK, and for each key a certificate whose
 * `credential` is empty when there is none; NGX_ERROR with *error.
 */
void      ngx_credhub_certificates_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t actor,
         const ngx_credhub_certificate_key_t *keys, ngx_uint_t n);
ngx_int_t ngx_credhub_certificates_result(ngx_credhub_call_t *call,
    ngx_credhub_certificate_t *certificates, ngx_uint_t n,
    ngx_uint_t *read_only, credhub_error_e *error);


/* How a new version of a certificate is written, beyond
 * ngx_credhub_credential_write(). */

typedef enum {
    NGX_CREDHUB_BATCH_NONE = 0,
    NGX_CREDHUB_BATCH_STAGE, /* for the batch */
    NGX_CREDHUB_BATCH_COMMIT /* at once, and the batch with it */
} ngx_credhub_batch_e;

typedef struct {
    credhub_str_t expect; /* stamp; empty: no such credential; data NULL:
                               whatever stands */
    ngx_uint_t    transitional;
    credhub_str_t ca;       /* folded; empty: none, or itself */
    credhub_str_t ca_stamp; /* of `ca` */

    ngx_credhub_batch_e batch;
    credhub_str_t       batch_id;     /* a UUID */
    ngx_msec_t          batch_life;   /* STAGE: of what does not commit */
    int64_t             signed_count; /* COMMIT: of the certificate itself */
} ngx_credhub_certificate_write_t;


/* version: as in ngx_credhub_credential_write(), with facts, signer, trusted,
 * digest, issuer and expires. */
void ngx_credhub_certificate_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_version_t *version,
    const ngx_credhub_certificate_write_t *write,
    const ngx_credhub_guard_t             *guard);

/* As ngx_credhub_credential_written(), with CREDHUB_E_TOO_MANY_TRANSITIONAL. */
#define ngx_credhub_certificate_written ngx_credhub_credential_written


/*
 * Makes a version the transitional one: by its id, "latest", or none when it is
 * empty. `batch` commits with it; an empty one asks that nobody has begun to
 * sign with the certificate since it was looked up, and data NULL is none.
 * Results: NGX_OK, NGX_DECLINED (the stamp or the batch is stale), NGX_ERROR
 * with *error: CREDHUB_E_MISMATCHED_VERSION, CREDHUB_E_CRED_DENIED, ...
 */
void      ngx_credhub_transitional_write(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, const ngx_credhub_certificate_t *certificate,
         credhub_str_t version, credhub_str_t batch,
         const ngx_credhub_guard_t *guard);
ngx_int_t ngx_credhub_transitional_written(
    ngx_credhub_call_t *call, credhub_error_e *error);

/* Deletes one version; the same, with CREDHUB_E_LAST_VERSION, CREDHUB_E_CRED
 * for one of another certificate, CREDHUB_E_CRED_HIDDEN. */
void      ngx_credhub_version_delete(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, const ngx_credhub_certificate_t *certificate,
         credhub_str_t version, credhub_str_t batch,
         const ngx_credhub_guard_t *guard);
ngx_int_t ngx_credhub_version_deleted(
    ngx_credhub_call_t *call, credhub_error_e *error);


/* A CA that a batch was made under. */

typedef struct {
    credhub_str_t name; /* folded */
    credhub_str_t stamp;
    int64_t       signed_count;
} ngx_credhub_batch_ca_t;

/* Commits a batch unless it, or one of the CAs, is stale (at most
 * NGX_CREDHUB_PAGE_ROWS of them): NGX_OK, NGX_DECLINED, NGX_ERROR. */
void      ngx_credhub_batch_commit(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t batch,
         const ngx_credhub_batch_ca_t *cas, ngx_uint_t n);
ngx_int_t ngx_credhub_batch_committed(
    ngx_credhub_call_t *call, credhub_error_e *error);

/* One step of folding a committed batch, or of throwing one away: `batch`, which
 * the caller gives up if it is not committed, or, when that is empty, any that
 * is committed, stale, or past its life. Result: `*rest`, there is more to do. */
void ngx_credhub_batch_finish(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t batch);
ngx_int_t ngx_credhub_batch_finished(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error);


/* A version as lists show it. */

typedef struct {
    credhub_str_t id;
    credhub_str_t facts;
    credhub_str_t signer;
    int64_t       expires;
    unsigned      transitional:1;
} ngx_credhub_certificate_version_t;

typedef struct {
    credhub_str_t                      name;
    credhub_str_t                      folded;
    credhub_str_t                      credential;
    int64_t                            sequence; /* of the newest version */
    ngx_credhub_certificate_version_t *versions; /* newest first */
    ngx_uint_t                         n;
    ngx_credhub_grants_t               grants; /* for reading */

    /* the version of the chain that expires first; id empty: not asked for */
    credhub_str_t first_name;
    credhub_str_t first_id;
    int64_t       first_expires;
} ngx_credhub_certificate_row_t;


/*
 * All certificates by name, in steps (cursor as in ngx_credhub_find()), or the
 * one of that folded name: NGX_OK with an empty list when there is none.
 * `chains`: also which version of each chain expires first.
 */
void      ngx_credhub_certificates_list(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t name, credhub_str_t cursor,
         ngx_uint_t chains, credhub_str_t actor);
ngx_int_t ngx_credhub_certificates_listed(ngx_credhub_call_t *call,
    ngx_credhub_certificate_row_t **rows, ngx_uint_t *n, credhub_str_t *cursor,
    credhub_error_e *error);


/* A certificate that names a CA in one of its versions. */

typedef struct {
    credhub_str_t        name;
    credhub_str_t        folded;
    credhub_str_t        credential;
    credhub_str_t        signer; /* of the newest version, folded */
    ngx_uint_t           signs;  /* others name it as their CA */
    ngx_credhub_grants_t grants;
} ngx_credhub_child_t;

/* Those of a CA, itself left out, in steps: any order. `operation`: a letter of
 * grants. `signed_count`: of the CA, as it was at this step. */
void      ngx_credhub_children_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t ca, credhub_str_t cursor,
         credhub_str_t actor, u_char operation);
ngx_int_t ngx_credhub_children_result(ngx_credhub_call_t *call,
    ngx_credhub_child_t **children, ngx_uint_t *n, int64_t *signed_count,
    credhub_str_t *cursor, credhub_error_e *error);


#define NGX_CREDHUB_CHAIN_MAX 16 /* certificates above one */

/*
 * The versions above a version, issuer first: each is the version of the CA it
 * names whose digest is the issuer it has. They are not proved: the caller
 * verifies each, and that its certificate is the text below it. Ends at a root,
 * at one that is missing, or at NGX_CREDHUB_CHAIN_MAX.
 */
void      ngx_credhub_chain_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t signer, credhub_str_t issuer);
ngx_int_t ngx_credhub_chain_result(ngx_credhub_call_t *call,
    credhub_version_t **versions, ngx_uint_t *n, credhub_error_e *error);


#endif /* _NGX_CREDHUB_CERTIFICATES_H_INCLUDED_ */
