
/*
 * Credential names and permission paths. A name is compared with ASCII case
 * folded; the first spelling is the one displayed.
 */

#ifndef _CREDHUB_NAME_H_INCLUDED_
#define _CREDHUB_NAME_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


#define CREDHUB_NAME_MAX 1024 /* hard limit of credhub_max_name_length */


/* The name with a leading slash; .data == NULL when memory is exhausted. */
credhub_str_t credhub_name_slash(credhub_arena_t *arena, credhub_str_t name);

/*
 * The rules for a name that is written; it has its leading slash already.
 * `max` counts the slash. CREDHUB_E_NO_NAME, _NAME_CHARS, _NAME_SLASH,
 * _NAME_LONG or CREDHUB_OK.
 */
credhub_error_e credhub_name_check(credhub_str_t name, size_t max);

/* A copy with ASCII letters in lower case; .data == NULL: no memory. */
credhub_str_t credhub_name_fold(credhub_arena_t *arena, credhub_str_t name);


#endif /* _CREDHUB_NAME_H_INCLUDED_ */
