
/*
 * Small text formats: UUIDs (RFC 9562), dates (RFC 3339), base64 (RFC 4648),
 * query strings.
 */

#ifndef _CREDHUB_TEXT_H_INCLUDED_
#define _CREDHUB_TEXT_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


#define CREDHUB_UUID_LEN    36
#define CREDHUB_DATE_LEN    20 /* 2019-02-01T20:37:52Z */
#define CREDHUB_DATE_US_LEN 27 /* 2019-02-01T20:37:52.000001Z */


/* Writes a random version 4 UUID in lower case; 0, or -1 when the random
 * generator failed. */
int credhub_uuid(u_char out[CREDHUB_UUID_LEN]);

/* Copies the UUID in lower case when `text` is one (8-4-4-4-12 hex digits);
 * -1 when it is not. */
int credhub_uuid_parse(credhub_str_t text, u_char out[CREDHUB_UUID_LEN]);

/* Microseconds since 1970 -> UTC date with whole seconds, rounded down. */
void credhub_date(int64_t us, u_char out[CREDHUB_DATE_LEN]);

/* The same with microseconds. */
void credhub_date_us(int64_t us, u_char out[CREDHUB_DATE_US_LEN]);

/* Decimal int64 of the whole text: 0, or -1. */
int credhub_int64(credhub_str_t text, int64_t *out);

/* base64 with or without padding; .data == NULL when memory is exhausted
 * (encode), or the text is not base64 (decode). */
credhub_str_t credhub_base64(
    credhub_arena_t *arena, credhub_str_t bytes, int padding);
credhub_str_t credhub_base64_decode(credhub_arena_t *arena, credhub_str_t text);

/* The URL-safe alphabet, never with padding (RFC 7515, section 2); .data ==
 * NULL when the text is not that or memory is exhausted. */
credhub_str_t credhub_base64url(credhub_arena_t *arena, credhub_str_t bytes);
credhub_str_t credhub_base64url_decode(
    credhub_arena_t *arena, credhub_str_t text);


/* The parameters of a query string, decoded: %XX, and + as a space. */

typedef struct {
    credhub_str_t name;
    credhub_str_t value;
} credhub_query_param_t;

typedef struct {
    credhub_query_param_t *params;
    size_t                 n;
} credhub_query_t;

#define CREDHUB_QUERY_MAX 64 /* parameters */


/* CREDHUB_E_BAD_REQUEST: a bad escape, a NUL byte, not UTF-8, or too many
 * parameters. */
credhub_error_e credhub_query_parse(
    credhub_arena_t *arena, credhub_str_t args, credhub_query_t *query);

/* The first parameter of that name; NULL when there is none. */
const credhub_str_t *credhub_query_get(
    const credhub_query_t *query, const char *name);

/* Its value; .data == NULL when there is none. */
credhub_str_t credhub_query_value(
    const credhub_query_t *query, const char *name);

/* Writes 32 bits, big-endian; returns where they end. */
u_char *credhub_put_uint32(u_char *p, uint32_t n);

/* Appends bytes as hexadecimal digits in lower case. */
void credhub_hex(credhub_buf_t *buf, credhub_str_t bytes);

/* The value of a hexadecimal digit; -1 when it is none. */
int credhub_hex_digit(u_char c);

/* Bytes of the valid UTF-8 sequence at `p` (p < last); 0 when there is none. */
size_t credhub_utf8_len(const u_char *p, const u_char *last);

/* Characters of valid UTF-8. */
size_t credhub_utf8_count(credhub_str_t text);

/* Is this valid UTF-8 without NUL? */
int credhub_utf8_valid(credhub_str_t text);


#endif /* _CREDHUB_TEXT_H_INCLUDED_ */
