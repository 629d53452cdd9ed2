
/* Steps and helpers that every operation on credentials shares. */

#ifndef _NGX_CREDHUB_CREDENTIAL_H_INCLUDED_
#define _NGX_CREDHUB_CREDENTIAL_H_INCLUDED_


#include "ngx_credhub_access.h"
#include "ngx_credhub_audit.h"
#include "ngx_credhub_credentials.h"
#include "credhub_type.h"


/* A write that was decided against what is no longer so is decided again. */
#define NGX_CREDHUB_STALE_MAX 3


/* A step: waits until the store has told its hub id, which values are sealed
 * for. Costs nothing once a link was ready. */
ngx_credhub_rc_e ngx_credhub_ready(ngx_credhub_op_t *op);

/* The rules for a name that is written; gives it its leading slash. */
credhub_error_e ngx_credhub_name_check(
    ngx_credhub_op_t *op, credhub_str_t *name);

/*
 * Metadata as it is stored: compact, at most NGX_CREDHUB_METADATA_MAX bytes
 * (else CREDHUB_E_METADATA_LONG), empty for null. Absent stays absent.
 */
#define NGX_CREDHUB_METADATA_MAX 7000

credhub_error_e ngx_credhub_metadata(
    ngx_credhub_op_t *op, credhub_str_t *metadata);

/* Gives a version its ids, seals `content` into it and adds its MAC; all other
 * fields are given. */
credhub_error_e ngx_credhub_version_seal(ngx_credhub_op_t *op,
    const credhub_content_t *content, credhub_version_t *version);

/*
 * Seals `content` into a version with a new version id (and an id for a new
 * credential) and sends it to the store: WAIT or FAIL. name, folded, type and
 * metadata of the version are given. `expect` as in
 * ngx_credhub_credential_write(). The hub id is known (ngx_credhub_ready()).
 */
ngx_credhub_rc_e ngx_credhub_version_commit(ngx_credhub_op_t *op,
    const credhub_content_t *content, credhub_version_t *version,
    credhub_str_t expect, const ngx_credhub_guard_t *guard);

/* Opens both sealed fields of a version. */
credhub_error_e ngx_credhub_version_open(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_content_t *content);

/* Passes on the result of opening something of a version; logs a failure,
 * with names only. */
credhub_error_e ngx_credhub_opened(
    const credhub_version_t *version, credhub_error_e error);

/* The type of a version does not allow what is asked: `error`, unless somebody
 * has changed it in the store. */
credhub_error_e ngx_credhub_version_unfit(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_error_e error);

/* Answers 200 with the view of one version, which the log is told of. */
ngx_credhub_rc_e ngx_credhub_version_answer(
    ngx_credhub_op_t *op, const credhub_version_t *version);

/* Appends a version's view to a list that is being built; CREDHUB_E_TOO_LARGE
 * beyond NGX_CREDHUB_ANSWER_MAX bytes. */
#define NGX_CREDHUB_ANSWER_MAX (64 * 1024 * 1024)

credhub_error_e ngx_credhub_version_append(
    ngx_credhub_op_t *op, credhub_buf_t *buf, const credhub_version_t *version);


#endif /* _NGX_CREDHUB_CREDENTIAL_H_INCLUDED_ */
