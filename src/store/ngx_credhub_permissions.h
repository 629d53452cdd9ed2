
/* Permissions in the store. Strings of a result live in the call's arena. */

#ifndef _NGX_CREDHUB_PERMISSIONS_H_INCLUDED_
#define _NGX_CREDHUB_PERMISSIONS_H_INCLUDED_


#include "ngx_credhub_grants.h"


#define NGX_CREDHUB_PERMISSIONS_MAX 100 /* written by one call */


typedef struct {
    credhub_str_t id;         /* empty: there is none */
    credhub_str_t path;       /* as first written */
    credhub_str_t actor;      /* as first written */
    unsigned      operations; /* CREDHUB_OP_* */
    credhub_str_t mac;
} ngx_credhub_permission_t;


/* One permission, by `id`, or by folded actor and path when it is empty. */

void ngx_credhub_permission_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t id, credhub_str_t actor,
    credhub_str_t path, credhub_str_t caller, unsigned operation);

/*
 * NGX_OK, NGX_DECLINED (there is none), NGX_ERROR with *error. `grants` are
 * those of the caller to the operation on the permission's path, with both
 * results of a look-up by path and with NGX_OK of one by id.
 */
ngx_int_t ngx_credhub_permission_result(ngx_credhub_call_t *call,
    ngx_credhub_permission_t *permission, ngx_credhub_grants_t *grants,
    credhub_error_e *error);


/* All permissions on exactly one path, in steps like versions. */

typedef struct {
    credhub_str_t             name;   /* of the credential there, or empty */
    credhub_str_t             cursor; /* empty: no more */
    ngx_credhub_grants_t      grants; /* of the caller to read_acl */
    ngx_credhub_permission_t *permissions;
    ngx_uint_t                n;
} ngx_credhub_permissions_t;

void      ngx_credhub_permissions_read(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t path, credhub_str_t cursor,
         credhub_str_t caller);
ngx_int_t ngx_credhub_permissions_result(ngx_credhub_call_t *call,
    ngx_credhub_permissions_t *page, credhub_error_e *error);


/* What actors may do on a path: for each its permission there and all grants
 * that cover it. */

typedef struct {
    ngx_credhub_permission_t permission;
    ngx_credhub_grants_t     grants;
} ngx_credhub_holder_t;

void ngx_credhub_holders_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t path, credhub_str_t caller,
    const credhub_str_t *actors, ngx_uint_t n);

/* `holders` in the order of `actors`; `grants` of the caller to write_acl. */
ngx_int_t ngx_credhub_holders_result(ngx_credhub_call_t *call,
    ngx_credhub_holder_t **holders, ngx_credhub_grants_t *grants,
    credhub_error_e *error);


/* A change of one permission. */

typedef struct {
    ngx_credhub_permission_t permission; /* as it shall be */
    credhub_str_t            path;       /* folded */
    credhub_str_t            actor;      /* folded */
    credhub_str_t            expect;     /* MAC that stands; empty: none */
    ngx_credhub_grants_t     grants;     /* of the new permission */
    unsigned                 remove:1;
} ngx_credhub_permission_change_t;


/* All changes or none. */
void ngx_credhub_permissions_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_permission_change_t *changes,
    ngx_uint_t n, const ngx_credhub_guard_t *guard);

/*
 * NGX_OK, NGX_DECLINED (the expectation failed), NGX_ERROR with *error:
 * CREDHUB_E_CRED_HIDDEN (denied), CREDHUB_E_PERM_EXISTS, ...
 */
ngx_int_t ngx_credhub_permissions_written(
    ngx_credhub_call_t *call, credhub_error_e *error);


#endif /* _NGX_CREDHUB_PERMISSIONS_H_INCLUDED_ */
