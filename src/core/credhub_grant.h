
/*
 * The index that permission checks read. Beside its row a stored permission
 * has one entry per operation in the hash of its actor:
 *
 *     field   operation letter (r, w, d, R for read_acl, W for write_acl)
 *             and the folded path
 *     value   the MAC of its place (credhub_mac.h)
 *
 * so whether an actor may do something is one look-up of the fields that would
 * allow it, however many permissions there are, and the value tells whether
 * the entry is genuine. Actors are folded like names.
 */

#ifndef _CREDHUB_GRANT_H_INCLUDED_
#define _CREDHUB_GRANT_H_INCLUDED_


#include "credhub_mac.h"
#include "credhub_name.h"
#include "credhub_permission.h"


/* Fields that a name can have: itself and one per slash. */
#define CREDHUB_GRANT_FIELDS_MAX (CREDHUB_NAME_MAX + 1)


/* The field of one operation (CREDHUB_OP_...) on a folded path; .data == NULL
 * when it is not one operation or memory is exhausted. */
credhub_str_t credhub_grant_field(
    credhub_arena_t *arena, unsigned operation, credhub_str_t path);

/* The letter of one operation; 0 when it is not one. */
u_char credhub_grant_letter(unsigned operation);

/* The operation of a field; 0 when it has none. */
unsigned credhub_grant_operation(credhub_str_t field);

/* The folded path in a field. */
credhub_str_t credhub_grant_path(credhub_str_t field);

/*
 * The fields that allow one operation on a folded name: of the name itself,
 * then of each subtree around it, the nearest first and that of every name
 * last. A name that is a subtree ("/a/" and an asterisk) is covered by itself
 * and what is around it. Their number, at most CREDHUB_GRANT_FIELDS_MAX; 0
 * when nothing can allow it (no leading slash, longer than CREDHUB_NAME_MAX,
 * not one operation), with *fields NULL; -1 when memory is exhausted.
 */
ssize_t credhub_grant_fields(credhub_arena_t *arena, unsigned operation,
    credhub_str_t name, credhub_str_t **fields);

/* What stands under a field: its MAC by key number i, which covers the path
 * (credhub_keyring_for). CREDHUB_OK or CREDHUB_E_INTERNAL. Main thread only. */
credhub_error_e credhub_grant_value(credhub_keyring_t *keyring, size_t i,
    credhub_str_t hub, credhub_str_t actor, credhub_str_t field,
    u_char out[CREDHUB_MAC_SIZE]);

/* 1 when the value is genuine, 0 when it is forged or its key is not here.
 * Main thread only. */
int credhub_grant_check(credhub_keyring_t *keyring, credhub_str_t hub,
    credhub_str_t actor, credhub_str_t field, credhub_str_t value);


#endif /* _CREDHUB_GRANT_H_INCLUDED_ */
