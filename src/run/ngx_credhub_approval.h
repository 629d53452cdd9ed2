
/* Steps that approve, and that gather what is approved. */

#ifndef _NGX_CREDHUB_APPROVAL_H_INCLUDED_
#define _NGX_CREDHUB_APPROVAL_H_INCLUDED_


#include "ngx_credhub_object.h"
#include "ngx_credhub_approvals.h"


/* Is a row what was written? One that is not is logged as crit, and counts for
 * nothing. */
ngx_uint_t ngx_credhub_approval_trusted(ngx_credhub_op_t *op,
    credhub_str_t path, credhub_str_t uid, const credhub_approval_t *approval);


/*
 * Approves `approval` (type, hash, content; date, 0: now) for an owner in the
 * name of who asks: enters steps, JUMP or FAIL; the next step finds in it what
 * stands, which an earlier approval may have made. When the owner has gone, op
 * fails with the kind's error.
 */
typedef struct {
    ngx_credhub_object_kind_e kind;
    credhub_str_t             key;
    credhub_str_t             path;
    credhub_str_t             uid;
    ngx_credhub_guard_t       guard; /* of write, without values */
    credhub_approval_t        approval;
} ngx_credhub_approve_t;

ngx_credhub_rc_e ngx_credhub_approve_enter(
    ngx_credhub_op_t *op, ngx_credhub_approve_t *approve);


/*
 * All approvals of one type that are genuine, in pages: enters steps. At most
 * NGX_CREDHUB_APPROVALS_MAX with so many bytes of content; more fail the
 * operation with CREDHUB_E_TOO_LARGE.
 */
#define NGX_CREDHUB_APPROVALS_MAX       20000
#define NGX_CREDHUB_APPROVALS_BYTES_MAX (64 * 1024 * 1024)

typedef struct {
    credhub_str_t      key;
    credhub_str_t      path;
    credhub_approval_e type;

    credhub_approval_t *approvals; /* in op's arena */
    ngx_uint_t          n;

    /* private */
    ngx_uint_t size;
    size_t     bytes;
    int64_t    behind;
} ngx_credhub_approved_t;

ngx_credhub_rc_e ngx_credhub_approved_enter(
    ngx_credhub_op_t *op, ngx_credhub_approved_t *approved);


#endif /* _NGX_CREDHUB_APPROVAL_H_INCLUDED_ */
