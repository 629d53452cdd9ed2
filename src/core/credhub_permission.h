
/*
 * Who may do what: an actor, a path and a set of operations. A path is a full
 * name or ends in a slash and an asterisk, which covers every name below.
 * Decisions are additive; nothing denies.
 */

#ifndef _CREDHUB_PERMISSION_H_INCLUDED_
#define _CREDHUB_PERMISSION_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_OP_READ      0x01
#define CREDHUB_OP_WRITE     0x02
#define CREDHUB_OP_DELETE    0x04
#define CREDHUB_OP_READ_ACL  0x08
#define CREDHUB_OP_WRITE_ACL 0x10


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

/* Does the folded permission path cover this folded name? */
int credhub_permission_covers(credhub_str_t path, credhub_str_t name);

/* All operations that `n` rows give the actor on a folded name. */
unsigned credhub_permission_allowed(const credhub_permission_t *rows, size_t n,
    credhub_str_t actor, credhub_str_t name);


#endif /* _CREDHUB_PERMISSION_H_INCLUDED_ */
