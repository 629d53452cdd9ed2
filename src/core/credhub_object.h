
/*
 * Objects of the trust API (connections, destinations, groups, private links,
 * external secrets managers) as tables: what each attribute is, who may give
 * it, and what it is when nobody does. The attributes of an object are one JSON
 * object, compact, with every row of its table in order; values stay as they
 * were written.
 */

#ifndef _CREDHUB_OBJECT_H_INCLUDED_
#define _CREDHUB_OBJECT_H_INCLUDED_


#include "credhub_json.h"


#define CREDHUB_ATTRIBUTE_MAX 1024  /* bytes of a string, decoded */
#define CREDHUB_OBJECT_MAX    16384 /* bytes of an OBJECT attribute's source */
#define CREDHUB_OBJECT_ID_LEN 32    /* lower case hexadecimal digits */


typedef enum {
    CREDHUB_ATTRIBUTE_STRING, /* numbers and booleans are taken as their text */
    CREDHUB_ATTRIBUTE_BOOL,   /* "true" and "false" are accepted */
    CREDHUB_ATTRIBUTE_INT,    /* "30" is accepted */
    CREDHUB_ATTRIBUTE_OBJECT  /* any JSON object */
} credhub_attribute_e;


#define CREDHUB_ATTRIBUTE_CREATE   0x01 /* may be given when it is created */
#define CREDHUB_ATTRIBUTE_PATCH    0x02 /* may be given when it is changed */
#define CREDHUB_ATTRIBUTE_REQUIRED 0x04 /* must be given, not empty */
#define CREDHUB_ATTRIBUTE_LISTED   0x08 /* stands in lists too */
#define CREDHUB_ATTRIBUTE_OPTIONAL 0x10 /* not shown while it is null */
#define CREDHUB_ATTRIBUTE_HIDDEN   0x20 /* never shown */


typedef struct {
    const char         *name;
    credhub_attribute_e type;
    unsigned            flags;
    const char         *preset; /* JSON; NULL: null */
    const char *const  *values; /* of a STRING or an INT, ends with NULL; NULL:
                                   any */
} credhub_attribute_t;

#define credhub_attributes_end                                                 \
    {                                                                          \
        NULL, CREDHUB_ATTRIBUTE_STRING, 0, NULL, NULL                          \
    }


/*
 * The attributes of an object that is created (`current` empty) or changed:
 * members of `body`, which is checked JSON, then what stands, then the preset.
 * null is as good as absent, "" takes a STRING back to its preset (REQUIRED
 * ones do not go back); members that no row knows, or may not be given now, are
 * ignored. `given` counts the rows that were given. CREDHUB_E_INPUT (not an
 * object), CREDHUB_E_FIELD_REQUIRED and CREDHUB_E_FIELD_INVALID (`detail`: the
 * name), CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_object_bind(credhub_arena_t *arena,
    const credhub_attribute_t *table, credhub_str_t current, credhub_str_t body,
    credhub_str_t *attributes, size_t *given, credhub_str_t *detail);

/* Appends "name":value for each attribute that is shown, with a comma before
 * each but the first. `listed`: as an element of a list. */
void credhub_object_show(credhub_buf_t *buf, const credhub_attribute_t *table,
    credhub_str_t attributes, int listed);

/* A copy in which one attribute has another value (JSON); .data == NULL when
 * memory is exhausted. */
credhub_str_t credhub_object_set(credhub_arena_t *arena,
    credhub_str_t attributes, const char *name, credhub_str_t value);

/* The same with a plain string, empty: null. */
credhub_str_t credhub_object_set_string(credhub_arena_t *arena,
    credhub_str_t attributes, const char *name, credhub_str_t plain);

/* A string attribute, decoded; empty when it is null. .data == NULL when memory
 * is exhausted. */
credhub_str_t credhub_object_get(
    credhub_arena_t *arena, credhub_str_t attributes, const char *name);

/* A BOOL attribute. */
int credhub_object_flag(credhub_str_t attributes, const char *name);


/* A new random id: CREDHUB_OBJECT_ID_LEN hexadecimal digits. 0, or -1 when the
 * random generator failed. */
int credhub_object_id(u_char out[CREDHUB_OBJECT_ID_LEN]);

/* May this stand in a path as an id? [A-Za-z0-9_-]{1,64} */
int credhub_object_id_valid(credhub_str_t id);


#endif /* _CREDHUB_OBJECT_H_INCLUDED_ */
