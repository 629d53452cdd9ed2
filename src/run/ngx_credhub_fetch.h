
/*
 * Steps that read fields of several credentials in one round trip, with the
 * rights of who asks. All or nothing.
 */

#ifndef _NGX_CREDHUB_FETCH_H_INCLUDED_
#define _NGX_CREDHUB_FETCH_H_INCLUDED_


#include "ngx_credhub_credential.h"


typedef struct {
    credhub_str_t name;  /* of the credential */
    credhub_str_t field; /* credhub_field(); empty: the whole value */
    credhub_str_t value; /* the result; lives as long as the operation */

    /* private */
    credhub_str_t       folded;
    ngx_credhub_guard_t guard;
    ngx_uint_t          reply; /* where that of the credential is */
} ngx_credhub_fetched_t;


typedef struct {
    ngx_credhub_fetched_t *list;
    ngx_uint_t             n;
} ngx_credhub_fetch_t;


/*
 * A step: enters them. The operation fails with CREDHUB_E_CRED (no such
 * credential or field), CREDHUB_E_CRED_HIDDEN (a right is missing),
 * CREDHUB_E_KEY_MISSING, or CREDHUB_E_INTERNAL (also for a value that cannot
 * stand in a line, which is logged); op->resource is the credential.
 */
ngx_credhub_rc_e ngx_credhub_fetch_enter(
    ngx_credhub_op_t *op, ngx_credhub_fetch_t *fetch);


#endif /* _NGX_CREDHUB_FETCH_H_INCLUDED_ */
