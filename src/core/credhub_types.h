
/*
 * The types behind credhub_type(), one object each, and what they share.
 * For src/core/credhub_type*.c and credhub_certificate.c only.
 */

#ifndef _CREDHUB_TYPES_H_INCLUDED_
#define _CREDHUB_TYPES_H_INCLUDED_


#include "credhub_json.h"
#include "credhub_type.h"


extern const credhub_type_t credhub_type_value;
extern const credhub_type_t credhub_type_json;
extern const credhub_type_t credhub_type_password;
extern const credhub_type_t credhub_type_user;
extern const credhub_type_t credhub_type_rsa;
extern const credhub_type_t credhub_type_ssh;
extern const credhub_type_t credhub_type_certificate;


/* The set() of value and password: the string as it was spelled. */
credhub_error_e credhub_type_set_text(credhub_arena_t *arena,
    credhub_str_t value, atomic_int *cancel, credhub_content_t *content,
    credhub_str_t *detail);

/* credhub_bind() for a value, where JSON null is CREDHUB_E_NO_VALUE. */
credhub_error_e credhub_type_bind(credhub_arena_t *arena,
    const credhub_bind_t *fields, credhub_str_t value, void *target,
    credhub_str_t *detail);

/* Appends a JSON string, or null for the empty one. */
void credhub_type_add_nullable(credhub_buf_t *buf, credhub_str_t str);

/* What was written; CREDHUB_E_INTERNAL when memory ran out on the way. */
credhub_error_e credhub_type_take(const credhub_buf_t *buf, credhub_str_t *str);


#endif /* _CREDHUB_TYPES_H_INCLUDED_ */
