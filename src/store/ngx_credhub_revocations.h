
/* What a CA of SSH certificates has revoked: texts in the order in which they
 * came, which stay for good. */

#ifndef _NGX_CREDHUB_REVOCATIONS_H_INCLUDED_
#define _NGX_CREDHUB_REVOCATIONS_H_INCLUDED_


#include "ngx_credhub_objects.h"


#define NGX_CREDHUB_REVOCATIONS_MAX  100000 /* of a CA */
#define NGX_CREDHUB_REVOCATIONS_STEP 1000   /* of a read */


void ngx_credhub_revoke_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_object_t *ca,
    credhub_str_t text, const ngx_credhub_guard_t *guard);

/* NGX_OK; NGX_DECLINED: there is no room for another one; NGX_ERROR with
 * *error. */
ngx_int_t ngx_credhub_revoke_done(
    ngx_credhub_call_t *call, credhub_error_e *error);

/* Those from number `first` (from 0) on. */
void ngx_credhub_revocations_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_object_t *ca,
    ngx_uint_t first);

/* Their number; text number i by ngx_credhub_revocation(), in the memory of the
 * call. */
ngx_uint_t    ngx_credhub_revocations_n(const ngx_credhub_call_t *call);
credhub_str_t ngx_credhub_revocation(
    const ngx_credhub_call_t *call, ngx_uint_t i);


#endif /* _NGX_CREDHUB_REVOCATIONS_H_INCLUDED_ */
