
/*
 * Certificates that change together. A batch is a list of certificates under
 * one CA or a tree of CAs; each gets a new version, staged in the store, and
 * all of them are committed at once, by themselves or with the write that
 * changes the CA.
 */

#ifndef _NGX_CREDHUB_BATCH_H_INCLUDED_
#define _NGX_CREDHUB_BATCH_H_INCLUDED_


#include "ngx_credhub_certificate.h"


#define NGX_CREDHUB_BATCH_MAX 10000 /* certificates */


typedef struct ngx_credhub_batch_s ngx_credhub_batch_t;


/*
 * Gives each certificate that names a CA a version that trusts what the CA is
 * about to be: `active` is its version after the change (NULL: none), and
 * `transitional` the PEM of the other one (empty: none). The same certificate,
 * key and CA, not transitional; nobody's permission is asked. Enters steps:
 * JUMP or FAIL. A batch of an earlier try is given up first; *batch is NULL at
 * first. When there are no children the batch is empty and has no id.
 */
ngx_credhub_rc_e ngx_credhub_batch_retrust(ngx_credhub_op_t *op,
    ngx_credhub_batch_t **batch, const ngx_credhub_certificate_t *ca,
    const credhub_version_t *active, credhub_str_t transitional);

/*
 * Regenerates every certificate below a CA (folded name), children of children
 * too: checks that the actor may write each and read each CA, stages all,
 * commits. Enters steps. Retries by itself. Then the names are in
 * ngx_credhub_batch_names(), and the caller folds.
 */
ngx_credhub_rc_e ngx_credhub_batch_regenerate(
    ngx_credhub_op_t *op, ngx_credhub_batch_t **batch, credhub_str_t ca);


/*
 * The write that was to commit the batch (NULL: there is none) has been refused:
 * gives up what is staged, then fails with `error` or, when there is none, goes
 * on at op->step. WAIT, JUMP or FAIL.
 */
ngx_credhub_rc_e ngx_credhub_batch_refused(
    ngx_credhub_op_t *op, ngx_credhub_batch_t *batch, credhub_error_e error);


/* The id for a write that commits the batch: empty when there is nothing in it,
 * data NULL when there is no batch (NULL). */
credhub_str_t ngx_credhub_batch_id(const ngx_credhub_batch_t *batch);

/* `n` names as they were first written, in order of their folded form. */
const credhub_str_t *ngx_credhub_batch_names(
    const ngx_credhub_batch_t *batch, ngx_uint_t *n);

/* After a write has committed it: folds its versions into their certificates,
 * in steps; a failure is no error, the sweep does the rest. WAIT, or NEXT when
 * there is nothing to do. */
ngx_credhub_rc_e ngx_credhub_batch_fold(
    ngx_credhub_op_t *op, ngx_credhub_batch_t *batch);


#endif /* _NGX_CREDHUB_BATCH_H_INCLUDED_ */
