
/*
 * Approvals in the store: per owner and type a list in the order of approval.
 * `key` is the owner's ("connections/ID"). Strings of a result live in the
 * call's arena.
 */

#ifndef _NGX_CREDHUB_APPROVALS_H_INCLUDED_
#define _NGX_CREDHUB_APPROVALS_H_INCLUDED_


#include "ngx_credhub_grants.h"
#include "credhub_approval.h"


/* Of every answer that is NGX_OK or NGX_DECLINED. */

typedef struct {
    credhub_str_t        uid;    /* empty: there is no such owner */
    ngx_credhub_grants_t grants; /* of `caller` to `operation` */
} ngx_credhub_approval_owner_t;


/* The first of several hashes that is approved. `path`: the owner's folded
 * permission resource. */
void ngx_credhub_approval_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t key, credhub_approval_e type,
    const credhub_str_t *hashes, ngx_uint_t n, credhub_str_t path,
    credhub_str_t caller, unsigned operation);

/* NGX_OK, NGX_DECLINED (no owner, or none of them), NGX_ERROR with *error. */
ngx_int_t ngx_credhub_approval_result(ngx_credhub_call_t *call,
    ngx_credhub_approval_owner_t *owner, credhub_approval_t *approval,
    credhub_error_e *error);


/* One step of the list, in the order of approval, of at most `limit` rows and
 * about 1 MiB. */

typedef struct {
    credhub_approval_t *approvals;
    ngx_uint_t          n;
    int64_t             next; /* sequence to go on behind; 0: no more */
} ngx_credhub_approvals_t;

void      ngx_credhub_approvals_list(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t key, credhub_approval_e type,
         int64_t behind, ngx_uint_t limit, credhub_str_t path, credhub_str_t caller);
ngx_int_t ngx_credhub_approvals_listed(ngx_credhub_call_t *call,
    ngx_credhub_approval_owner_t *owner, ngx_credhub_approvals_t *page,
    credhub_error_e *error);


/*
 * Approves: hash, content, by, date and mac of `approval` are given, made for
 * the owner with `uid`. One that stands already stays as it is, and is the
 * result.
 */
void ngx_credhub_approve(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_str_t uid, const credhub_approval_t *approval,
    const ngx_credhub_guard_t *guard);

/* NGX_OK with the row that stands now, NGX_DECLINED (the owner is gone, or has
 * another uid), NGX_ERROR with *error (CREDHUB_E_FORBIDDEN, ...). */
ngx_int_t ngx_credhub_approved(ngx_credhub_call_t *call,
    credhub_approval_t *approval, credhub_error_e *error);

/* Revokes one. NGX_OK, NGX_DECLINED (no owner: `uid` empty, or no such hash),
 * NGX_ERROR. */
void ngx_credhub_revoke(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, credhub_approval_e type, const credhub_str_t *hashes,
    ngx_uint_t n, const ngx_credhub_guard_t *guard);
ngx_int_t ngx_credhub_revoked(ngx_credhub_call_t *call, credhub_str_t *uid,
    credhub_str_t *hash, credhub_error_e *error);


/* Redis's clock for the date of an approval: microseconds since 1970 in one
 * command of its own. */
void      ngx_credhub_time_read(ngx_credhub_call_t *call);
ngx_int_t ngx_credhub_time_result(ngx_credhub_call_t *call, int64_t *us);


#endif /* _NGX_CREDHUB_APPROVALS_H_INCLUDED_ */
