
/*
 * Members of the JSON of the SSH certificate API, bound by tables. Unlike
 * credhub_bind.h: a type is what it is (no "true" for true), unknown members
 * are passed over, and an error names its member.
 */

#ifndef _CREDHUB_SSH_FIELDS_H_INCLUDED_
#define _CREDHUB_SSH_FIELDS_H_INCLUDED_


#include "credhub_bind.h"
#include "credhub_ssh_template.h"


#define CREDHUB_SSH_NAME_MAX 64 /* bytes of a type, an algorithm, a validity */


typedef struct {
    credhub_ssh_option_t *items;
    size_t                n;
} credhub_ssh_options_t;


typedef enum {
    CREDHUB_SSH_FIELD_TEXT = 0, /* credhub_str_t; absent, null or "": len 0 */
    CREDHUB_SSH_FIELD_LIST,     /* credhub_ssh_list_t; none of them is empty */
    CREDHUB_SSH_FIELD_OPTIONS,  /* credhub_ssh_options_t; null: passed over */
    CREDHUB_SSH_FIELD_FLAG,     /* credhub_flag_t */
    CREDHUB_SSH_FIELD_SCALAR,   /* a number or a string, not stored */
    CREDHUB_SSH_FIELD_OBJECT    /* its members go to the same target */
} credhub_ssh_field_e;


/* Is the text what its member may hold? 1, 0. */
typedef int (*credhub_ssh_check_pt)(credhub_str_t text);

typedef struct credhub_ssh_field_s {
    const char                       *name;
    credhub_ssh_field_e               kind;
    size_t                            offset;
    size_t                            max; /* bytes of a text */
    credhub_ssh_check_pt              check;
    const struct credhub_ssh_field_s *fields; /* of an object */
} credhub_ssh_field_t;

#define credhub_ssh_fields_end                                                 \
    {                                                                          \
        NULL, CREDHUB_SSH_FIELD_TEXT, 0, 0, NULL, NULL                         \
    }


/*
 * `object` is checked JSON. CREDHUB_E_BAD_REQUEST when it is no object,
 * CREDHUB_E_SSH_FIELD with the member in `detail`, CREDHUB_E_INTERNAL. `target`
 * must be zeroed.
 */
credhub_error_e credhub_ssh_fields_read(credhub_arena_t *arena,
    const credhub_ssh_field_t *fields, credhub_str_t object, void *target,
    credhub_str_t *detail);

/* Appends an object of all members in the order of the table; none of them is
 * of the kinds OPTIONS and SCALAR. */
void credhub_ssh_fields_write(
    credhub_buf_t *buf, const credhub_ssh_field_t *fields, const void *target);

/* CREDHUB_E_SSH_FIELD with the name of a member. */
credhub_error_e credhub_ssh_field_error(
    credhub_str_t *detail, const char *name);


/* Checks. */

/* Anything: a secret, or what has a parser of its own. */
int credhub_ssh_bytes_valid(credhub_str_t text);

/* No control character. */
int credhub_ssh_text_valid(credhub_str_t text);

/* Of a list that is joined with commas: neither these nor white space. */
int credhub_ssh_word_valid(credhub_str_t text);

/* The name of an extension: [A-Za-z0-9@._-]+ */
int credhub_ssh_extension_valid(credhub_str_t text);

/* The same with "=value" behind it, or not. */
int credhub_ssh_extension_preset_valid(credhub_str_t text);

int credhub_ssh_validity_valid(credhub_str_t text);

/* "8h" and alike in seconds: 1 to CREDHUB_SSH_VALIDITY_MAX. 0, or -1. */
int credhub_ssh_validity(credhub_str_t text, int64_t *seconds);


#endif /* _CREDHUB_SSH_FIELDS_H_INCLUDED_ */
