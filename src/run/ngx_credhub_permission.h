
/* Permissions as rows: made, verified, written. */

#ifndef _NGX_CREDHUB_PERMISSION_H_INCLUDED_
#define _NGX_CREDHUB_PERMISSION_H_INCLUDED_


#include "ngx_credhub_access.h"
#include "ngx_credhub_permissions.h"


/*
 * Completes a change whose permission has path, actor and operations, and an id
 * unless it is a new one: folded forms, id, MAC and grants. The hub id is known.
 */
credhub_error_e ngx_credhub_permission_make(
    ngx_credhub_op_t *op, ngx_credhub_permission_change_t *change);

/*
 * Is the row what this hub has written, and the one that was asked for: of that
 * folded actor and path, where they are given? Says it loudly when it is not.
 */
ngx_uint_t ngx_credhub_permission_genuine(ngx_credhub_op_t *op,
    const ngx_credhub_permission_t *permission, credhub_str_t actor,
    credhub_str_t path);

/* Sends changes under a guard: WAIT or FAIL. */
ngx_credhub_rc_e ngx_credhub_permission_commit(ngx_credhub_op_t *op,
    const ngx_credhub_permission_change_t *changes, ngx_uint_t n,
    const ngx_credhub_guard_t *guard);

/* Is this the actor who asks? */
ngx_uint_t ngx_credhub_permission_self(
    ngx_credhub_op_t *op, credhub_str_t actor);


#endif /* _NGX_CREDHUB_PERMISSION_H_INCLUDED_ */
