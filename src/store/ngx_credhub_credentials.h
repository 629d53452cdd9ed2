
/*
 * Credentials in the store. Each function appends commands to a call or reads
 * a finished one; strings of a result live in the call's arena. Names are
 * folded by the caller.
 */

#ifndef _NGX_CREDHUB_CREDENTIALS_H_INCLUDED_
#define _NGX_CREDHUB_CREDENTIALS_H_INCLUDED_


#include "ngx_credhub_store.h"
#include "ngx_credhub_grants.h"
#include "credhub_version.h"


#define NGX_CREDHUB_PAGE_ROWS  1000          /* rows of one find step */
#define NGX_CREDHUB_PAGE_BYTES (1024 * 1024) /* of one versions step */


/*
 * The current version of a credential: one HMGET on the commands link. May be
 * appended several times to one call. `params`: also fetch the sealed
 * generation parameters.
 */
void ngx_credhub_current_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t name, ngx_uint_t params);

/*
 * Reply number i: NGX_OK, NGX_DECLINED (no such credential), NGX_ERROR (not
 * what a store holds; logged). `*more` (NULL: nobody asks): it is a certificate,
 * and this version may not be the whole answer, because there is a transitional
 * one besides, or one that waits for a batch.
 */
ngx_int_t ngx_credhub_current_result(ngx_credhub_call_t *call, ngx_uint_t i,
    credhub_str_t name, credhub_version_t *version, ngx_uint_t *more);


/*
 * Reads by script return, for an `actor` (folded; empty: nobody asks), the
 * grants that would let it read the name; the caller verifies them.
 */

/* One version by its id. Results as above. */
void      ngx_credhub_version_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t id, credhub_str_t actor);
ngx_int_t ngx_credhub_version_result(ngx_credhub_call_t *call,
    credhub_version_t *version, ngx_credhub_grants_t *grants,
    credhub_error_e *error);


/*
 * Versions of a credential, newest first, in steps: `cursor` is empty at first
 * and then what the last step returned; a step ends at `limit` rows or about
 * NGX_CREDHUB_PAGE_BYTES. Result: NGX_OK with the rows (NULL-terminated by
 * count) and the next cursor (empty: no more), NGX_DECLINED: no such
 * credential, NGX_ERROR with *error.
 */
void      ngx_credhub_versions_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t name, ngx_uint_t limit,
         credhub_str_t cursor, credhub_str_t actor);
ngx_int_t ngx_credhub_versions_result(ngx_credhub_call_t *call,
    credhub_version_t **versions, ngx_uint_t *n, credhub_str_t *cursor,
    ngx_credhub_grants_t *grants, credhub_error_e *error);


/*
 * Names, in steps of at most NGX_CREDHUB_PAGE_ROWS names looked at: those that
 * begin with `prefix` and contain `like` (both folded, both may be empty).
 * `within`: only certificates whose active version expires within that many
 * microseconds from now, or has expired; NULL: all credentials. A certificate
 * that has only a transitional version is never found.
 */

typedef struct {
    credhub_str_t name; /* as first written */
    credhub_str_t folded;
    int64_t       created;  /* of the current version, microseconds */
    int64_t       sequence; /* orders versions made in the same microsecond */
    int64_t       expires;  /* of certificates, else 0; microseconds */
    ngx_credhub_grants_t grants;
} ngx_credhub_found_t;

void      ngx_credhub_find(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
         credhub_str_t prefix, credhub_str_t like, const int64_t *within,
         credhub_str_t cursor, credhub_str_t actor);
ngx_int_t ngx_credhub_find_result(ngx_credhub_call_t *call,
    ngx_credhub_found_t **found, ngx_uint_t *n, credhub_str_t *cursor,
    credhub_error_e *error);


/*
 * Writes a version as the newest of its credential. version->id, ->name (as
 * the client wrote it), ->folded, ->type, ->metadata, ->head, ->tail, ->secret
 * and ->params are given; ->credential is the id to use for a new credential.
 *
 * `expect`: the current version id the new one was computed from; empty: the
 * credential must not exist; data NULL: whatever stands is replaced.
 * `max_versions`: the oldest beyond that many go; 0 = all stay.
 */

void ngx_credhub_credential_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_version_t *version,
    credhub_str_t expect, ngx_uint_t max_versions,
    const ngx_credhub_guard_t *guard);

/*
 * NGX_OK: version->name, ->credential and ->created are the stored ones.
 * NGX_DECLINED: the expectation failed, nothing was written.
 * NGX_ERROR with *error: CREDHUB_E_CRED_DENIED, CREDHUB_E_TYPE_MISMATCH,
 * CREDHUB_E_READ_ONLY, ...
 */
ngx_int_t ngx_credhub_credential_written(ngx_credhub_call_t *call,
    credhub_version_t *version, credhub_error_e *error);


/*
 * Deletes a credential with all its versions: it is gone for every reader at
 * once; of what it leaves at most 1,000 rows go in this call, others are for
 * ngx_credhub_sweep(). NGX_OK (`*rest`: rows are left), NGX_DECLINED: no such
 * credential, NGX_ERROR with *error.
 */
void      ngx_credhub_credential_delete(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t name,
         const ngx_credhub_guard_t *guard);
ngx_int_t ngx_credhub_credential_deleted(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error);

/* Removes up to 1,000 rows of deleted credentials; result: `*rest`. */
void ngx_credhub_sweep(ngx_credhub_call_t *call, ngx_credhub_store_t *store);
ngx_int_t ngx_credhub_swept(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error);


#endif /* _NGX_CREDHUB_CREDENTIALS_H_INCLUDED_ */
