
/*
 * A strict JSON scanner (RFC 8259) over source bytes. jansson cannot keep a
 * number as it was written nor tell where a value stood, so values that must
 * survive to the byte are never parsed: the text is checked once, and then
 * walked as byte ranges. Small fixed-shape parts go to jansson, through
 * credhub_bind.h.
 */

#ifndef _CREDHUB_JSON_H_INCLUDED_
#define _CREDHUB_JSON_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


#define CREDHUB_JSON_DEPTH_MAX 64


typedef enum {
    CREDHUB_JSON_INVALID = 0,
    CREDHUB_JSON_NULL,
    CREDHUB_JSON_TRUE,
    CREDHUB_JSON_FALSE,
    CREDHUB_JSON_NUMBER,
    CREDHUB_JSON_STRING,
    CREDHUB_JSON_ARRAY,
    CREDHUB_JSON_OBJECT
} credhub_json_kind_e;


/*
 * Checks one whole JSON value: syntax, UTF-8 (RFC 3629), paired surrogate
 * escapes, no \u0000, depth at most CREDHUB_JSON_DEPTH_MAX, no key twice in one object
 * (compared after unescaping, at every depth), nothing behind the value but
 * white space. CREDHUB_OK, CREDHUB_E_BAD_REQUEST, or CREDHUB_E_INTERNAL when
 * memory is exhausted. Time O(n log n). `value` gets the text without
 * surrounding white space.
 */
credhub_error_e credhub_json_check(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *value);


/*
 * Everything below takes text that credhub_json_check() has passed (or a
 * range found in such text); on other text the results are undefined but no
 * byte outside the range is read.
 */

credhub_json_kind_e credhub_json_kind(credhub_str_t value);


/* Walks the members of an object or the elements of an array. */

typedef struct {
    u_char *pos;
    u_char *last;
} credhub_json_iter_t;


void credhub_json_iter(credhub_json_iter_t *iter, credhub_str_t container);

/* The next member: `key` is the string source with its quotes. 0 at the end. */
int credhub_json_member(
    credhub_json_iter_t *iter, credhub_str_t *key, credhub_str_t *value);

/* The next element. 0 at the end. */
int credhub_json_element(credhub_json_iter_t *iter, credhub_str_t *value);

/* The value of a member by its plain name; 0 when there is none. */
int credhub_json_get(
    credhub_str_t object, const char *name, credhub_str_t *value);


/* Does this string source (with quotes) spell exactly `plain`? */
int credhub_json_string_is(credhub_str_t string, const char *plain);

/* A string source (with quotes) -> its bytes, NUL-terminated behind len;
 * .data == NULL when memory is exhausted. */
credhub_str_t credhub_json_decode(credhub_arena_t *arena, credhub_str_t string);

/* A member that is a string, decoded: 1; 0 when there is none; -1 when it is
 * something else or memory is exhausted. */
int credhub_json_get_string(credhub_arena_t *arena, credhub_str_t object,
    const char *name, credhub_str_t *string);

/* Bytes of all strings and keys in a value after unescaping. */
size_t credhub_json_decoded_size(credhub_str_t value);

/* The value without insignificant white space; numbers, escapes and key order
 * stay as written. .data == NULL when memory is exhausted. */
credhub_str_t credhub_json_compact(credhub_arena_t *arena, credhub_str_t value);

/* Appends plain UTF-8 as a JSON string, with quotes. Bytes that are not UTF-8
 * become U+FFFD. */
void credhub_json_add_string(credhub_buf_t *buf, credhub_str_t plain);


#endif /* _CREDHUB_JSON_H_INCLUDED_ */
