
/* One field of a credential's value, as a location injects it. */

#ifndef _CREDHUB_FIELD_H_INCLUDED_
#define _CREDHUB_FIELD_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


/*
 * The bytes of a field. `value` is the JSON text of a whole value; `path` names
 * members, with dots between them; empty: the value itself. A string is
 * decoded, anything else is its JSON text without white space.
 *
 * CREDHUB_OK; CREDHUB_E_CRED: there is no such field, or it is null;
 * CREDHUB_E_INTERNAL: no memory.
 */
credhub_error_e credhub_field(credhub_arena_t *arena, credhub_str_t value,
    credhub_str_t path, credhub_str_t *field);

/*
 * May it stand in a line, such as a header field: has it no CR, LF or NUL?
 * With `pem` it may also be PEM blocks (RFC 7468) and nothing else, in lines
 * that no header field looks like.
 */
int credhub_field_plain(credhub_str_t field, int pem);


#endif /* _CREDHUB_FIELD_H_INCLUDED_ */
