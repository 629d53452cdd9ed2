
/*
 * Who may do what: an actor, a path and a set of operations. A path is a full
 * name or ends in a slash and an asterisk, which covers every name below.
 * Decisions are additive; nothing denies.
 */

#ifndef _CREDHUB_PERMISSION_H_INCLUDED_
#define _CREDHUB_PERMISSION_H_INCLUDED_


#include "credhub_error.h"


#define CREDHUB_OP_READ      0x01
#define CREDHUB_OP_WRITE     0x02
#define CREDHUB_OP_DELETE    0x04
#define CREDHUB_OP_READ_ACL  0x08
#define CREDHUB_OP_WRITE_ACL 0x10

#define CREDHUB_OPS          5 /* how many there are */
#define CREDHUB_OP_ALL       0x1f

#define CREDHUB_ACTOR_MAX    255 /* bytes of an actor that is stored */


typedef struct {
    credhub_str_t actor; /* compared with ASCII case folded */
    credhub_str_t path;  /* folded; a wildcard keeps its asterisk */
    unsigned      operations;
} credhub_permission_t;


/* One operation by its name ("read_acl"); 0 when there is none. */
unsigned credhub_operation(credhub_str_t name);

/* A comma-separated list of operations; 0 when one is unknown, empty or
 * listed twice. */
unsigned credhub_operations(credhub_str_t list);

/* May `path` stand in a permission: leading slash, name rules, optional final
 * slash-asterisk, at most CREDHUB_NAME_MAX bytes? */
int credhub_permission_path_check(credhub_str_t path);

/* The same for a path that a client gives: CREDHUB_OK, CREDHUB_E_PERM_PATH
 * (empty, just a slash, too long), _SLASH or _CHARS. */
credhub_error_e credhub_permission_path_error(credhub_str_t path);

/* A JSON array of operation names -> bits; absent (data NULL), null and empty
 * give 0. CREDHUB_E_PERM_OPERATION for an unknown name, CREDHUB_E_BAD_REQUEST
 * for anything but an array of strings. */
credhub_error_e credhub_operations_json(
    credhub_arena_t *arena, credhub_str_t json, unsigned *operations);

/* Appends the JSON array of operation names, in their fixed order. */
void credhub_operations_add(credhub_buf_t *buf, unsigned operations);

/* Does the folded permission path cover this folded name? */
int credhub_permission_covers(credhub_str_t path, credhub_str_t name);

/* All operations that `n` rows give the actor on a folded name. */
unsigned credhub_permission_allowed(const credhub_permission_t *rows, size_t n,
    credhub_str_t actor, credhub_str_t name);


#endif /* _CREDHUB_PERMISSION_H_INCLUDED_ */
