
/*
 * May the actor do it? Configured lines and stored permissions add up. What
 * the configuration allows costs nothing; stored permissions are looked up in
 * the same round trip as what they guard.
 */

#ifndef _NGX_CREDHUB_ACCESS_H_INCLUDED_
#define _NGX_CREDHUB_ACCESS_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "ngx_credhub_grants.h"


/*
 * The folded form of a credential name (leading slash added), remembered as
 * op->resource. CREDHUB_E_CRED for a name that no credential can have.
 */
credhub_error_e ngx_credhub_access_name(
    ngx_credhub_op_t *op, credhub_str_t name, credhub_str_t *folded);

/*
 * The guard of an operation on a folded name, without values: enough to read
 * grants. No actor in it: the configuration allows the operation.
 */
credhub_error_e ngx_credhub_access_guard(ngx_credhub_op_t *op,
    unsigned operation, credhub_str_t name, ngx_credhub_guard_t *guard);

/* The same guard with what a write script compares: the SHA-1 of each genuine
 * value in hex. The hub id is known (ngx_credhub_ready()). */
credhub_error_e ngx_credhub_access_values(ngx_credhub_op_t *op,
    const ngx_credhub_guard_t *guard, ngx_credhub_guard_t *full);

/* One grant of a folded actor by key number `key`. */
credhub_error_e ngx_credhub_access_grant(ngx_credhub_op_t *op, size_t key,
    credhub_str_t actor, credhub_str_t field, ngx_credhub_grant_t *grant);

/* Who acts, before anything else here: NGX_OK, or NGX_ERROR with op->error
 * without memory, since an operation of nobody would be asked for no right. */
ngx_int_t ngx_credhub_access_actor(ngx_credhub_op_t *op, credhub_str_t actor);

/* The actor to ask the store about: empty when configuration allows the
 * operation on a folded name or path. */
credhub_str_t ngx_credhub_access_caller(
    ngx_credhub_op_t *op, unsigned operation, credhub_str_t name);

/* Is one of an actor's grants genuine, and for this operation? They were looked
 * up for one name, so each of them covers it. */
ngx_uint_t ngx_credhub_access_granted(ngx_credhub_op_t *op, credhub_str_t actor,
    unsigned operation, const ngx_credhub_grants_t *grants);

/* May who asks do this? The configuration allows it, or one of his grants that
 * were looked up for that folded name. */
ngx_uint_t ngx_credhub_access_allowed(ngx_credhub_op_t *op, unsigned operation,
    credhub_str_t name, const ngx_credhub_grants_t *grants);

/* Reply number i of ngx_credhub_grants_read(), or no actor in the guard. */
ngx_uint_t ngx_credhub_access_checked(ngx_credhub_op_t *op,
    const ngx_credhub_guard_t *guard, unsigned operation, ngx_uint_t i);


#endif /* _NGX_CREDHUB_ACCESS_H_INCLUDED_ */
