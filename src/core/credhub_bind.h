
/*
 * Binds the members of a small JSON object to the fields of a C struct, by a
 * table. One place knows unknown keys, nulls and the conversions that CredHub
 * clients rely on ("true" for true, "30" for 30, 12 for "12").
 */

#ifndef _CREDHUB_BIND_H_INCLUDED_
#define _CREDHUB_BIND_H_INCLUDED_


#include "credhub_json.h"


typedef enum {
    CREDHUB_BIND_STRING, /* credhub_str_t, decoded; numbers and booleans are
                            taken as their text; absent or null: len 0 */
    CREDHUB_BIND_RAW,    /* credhub_str_t, the byte range; absent: data NULL,
                            JSON null: the four bytes */
    CREDHUB_BIND_BOOL,   /* credhub_flag_t; "true" and "false" accepted */
    CREDHUB_BIND_INT,    /* credhub_int_t; "30" accepted */
    CREDHUB_BIND_IGNORE  /* any value, not stored */
} credhub_bind_e;


typedef struct {
    int64_t  value;
    unsigned set:1; /* the member was there and not null */
} credhub_int_t;

typedef struct {
    unsigned value:1;
    unsigned set:1;
} credhub_flag_t;


typedef struct {
    const char    *name;
    credhub_bind_e kind;
    size_t         offset;
    unsigned       nullable:1; /* STRING, BOOL and INT: null counts as absent,
                                   else it is CREDHUB_E_BAD_REQUEST */
} credhub_bind_t;

#define credhub_bind_end                                                       \
    {                                                                          \
        NULL, CREDHUB_BIND_IGNORE, 0, 0                                        \
    }


/*
 * `object` is checked JSON (credhub_json_check). CREDHUB_E_BAD_REQUEST when it
 * is no object or a member has the wrong type, CREDHUB_E_UNKNOWN_KEY with the
 * key in `detail`, CREDHUB_E_INTERNAL when memory is exhausted. `target` must
 * be zeroed; strings live in the arena, ranges in the source text.
 */
credhub_error_e credhub_bind(credhub_arena_t *arena,
    const credhub_bind_t *fields, credhub_str_t object, void *target,
    credhub_str_t *detail);


/* The same for a whole text that has not been checked yet. */
credhub_error_e credhub_bind_document(credhub_arena_t *arena,
    const credhub_bind_t *fields, credhub_str_t text, void *target,
    credhub_str_t *detail);


/* Makes jansson wipe what it frees. Once per process, before first use. */
void credhub_bind_init(void);


#endif /* _CREDHUB_BIND_H_INCLUDED_ */
