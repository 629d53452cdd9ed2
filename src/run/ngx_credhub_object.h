
/* What every operation on an object of the trust API needs: rights, sealing of
 * "config", and how it is read and written. */

#ifndef _NGX_CREDHUB_OBJECT_H_INCLUDED_
#define _NGX_CREDHUB_OBJECT_H_INCLUDED_


#include "ngx_credhub_access.h"
#include "ngx_credhub_objects.h"
#include "credhub_config.h"
#include "credhub_object.h"


typedef enum {
    NGX_CREDHUB_CONNECTIONS = 0,
    NGX_CREDHUB_DESTINATIONS,
    NGX_CREDHUB_GROUPS,
    NGX_CREDHUB_PRIVATE_LINKS,
    NGX_CREDHUB_MANAGERS,
    NGX_CREDHUB_SSH_CAS, /* the id of these is a path, see ngx_credhub_ssh.h */
    NGX_CREDHUB_SSH_TEMPLATES,
    NGX_CREDHUB_SSH_CERTIFICATES,
    NGX_CREDHUB_OBJECT_KINDS
} ngx_credhub_object_kind_e;


typedef struct {
    const char     *name; /* "connections": in paths, keys and resources */
    const char     *root; /* what stands before an id in a permission
                                resource */
    credhub_error_e missing;
} ngx_credhub_object_kind_t;

extern const ngx_credhub_object_kind_t
    ngx_credhub_object_kinds[NGX_CREDHUB_OBJECT_KINDS];


/* "KIND/ID" and the folded permission resource "/trust/KIND/ID"; remembered as
 * op->resource and op->resource_id. An id that cannot be one gets a key that no
 * object has. CREDHUB_OK, CREDHUB_E_INTERNAL. */
credhub_error_e ngx_credhub_object_name(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, credhub_str_t id, credhub_str_t *key,
    credhub_str_t *path);

/* The guard of an operation on it, as ngx_credhub_access_guard(); a right that
 * nobody can have is CREDHUB_E_FORBIDDEN. For a write it has to be completed
 * (ngx_credhub_access_values) once the hub id is known. */
credhub_error_e ngx_credhub_object_guard(ngx_credhub_op_t *op,
    unsigned operation, credhub_str_t path, ngx_credhub_guard_t *guard);

/* Fills what is asked of an ask. */
credhub_error_e ngx_credhub_object_ask(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, credhub_str_t id, unsigned operation,
    ngx_credhub_object_ask_t *ask);

/* Of an ask that was answered: CREDHUB_E_FORBIDDEN when the right is missing,
 * then the kind's error when there is no such object. */
credhub_error_e ngx_credhub_object_asked(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, const ngx_credhub_object_ask_t *ask);

/* The right alone. */
ngx_uint_t ngx_credhub_object_granted(
    ngx_credhub_op_t *op, const ngx_credhub_object_ask_t *ask);

/* Seals a config for an object whose key and uid are given. */
credhub_error_e ngx_credhub_object_seal(ngx_credhub_op_t *op,
    const ngx_credhub_object_t *object, credhub_str_t config,
    credhub_str_t *sealed);

/* The config in clear, "{}" when there is none. A failure is logged. */
credhub_error_e ngx_credhub_object_open(ngx_credhub_op_t *op,
    const ngx_credhub_object_t *object, credhub_str_t *config);

/* A new random id or uid. */
credhub_error_e ngx_credhub_object_random(
    ngx_credhub_op_t *op, credhub_str_t *id);

/* The folded permission resource of a key; .data == NULL when memory is
 * exhausted. */
credhub_str_t ngx_credhub_object_path(ngx_credhub_op_t *op, credhub_str_t key);

/* Is it the key of one of that kind? */
ngx_uint_t ngx_credhub_object_is(
    credhub_str_t key, ngx_credhub_object_kind_e kind);

/* The id in a key. */
credhub_str_t ngx_credhub_object_key_id(credhub_str_t key);


#endif /* _NGX_CREDHUB_OBJECT_H_INCLUDED_ */
