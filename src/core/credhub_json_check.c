
/*
 * The check of JSON source: one pass by recursive descent, never deeper than
 * CREDHUB_JSON_DEPTH_MAX. The keys of the objects that are open lie on one
 * stack in the caller's arena; when an object closes, its keys are sorted, so
 * that equal ones become neighbors, and popped.
 */

#include "credhub_json.h"
#include "credhub_json_scan.h"

#include <stdlib.h>
#include <string.h>


#define CREDHUB_JSON_KEYS_MIN 32


typedef struct {
    u_char          *pos;
    u_char          *last;
    size_t           depth;
    credhub_arena_t *arena;
    credhub_str_t   *keys; /* decoded */
    size_t           nkeys;
    size_t           size;
} credhub_json_check_t;


static credhub_error_e credhub_json_check_value(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_object(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_member(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_array(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_string(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_number(credhub_json_check_t *check);
static int             credhub_json_check_digits(credhub_json_check_t *check);
static credhub_error_e credhub_json_check_word(
    credhub_json_check_t *check, credhub_str_t word);
static credhub_error_e credhub_json_push_key(
    credhub_json_check_t *check, credhub_str_t source);
static int credhub_json_unique(credhub_json_check_t *check, size_t first);
static int credhub_json_compare(const void *one, const void *two);
static int credhub_json_next(credhub_json_check_t *check);
static int credhub_json_take(credhub_json_check_t *check, int c);


credhub_error_e
credhub_json_check(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *value)
{
    credhub_error_e      rc;
    credhub_json_check_t check;

    if (text.len == 0) {
        return CREDHUB_E_BAD_REQUEST;
    }

    memset(&check, 0, sizeof(credhub_json_check_t));

    check.pos = credhub_json_space(text.data, text.data + text.len);
    check.last = text.data + text.len;
    check.arena = arena;

    value->data = check.pos;

    rc = credhub_json_check_value(&check);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    value->len = check.pos - value->data;

    if (credhub_json_space(check.pos, check.last) != check.last) {
        return CREDHUB_E_BAD_REQUEST;
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_json_check_value(credhub_json_check_t *check)
{
    switch (credhub_json_next(check)) {
    case '{':
        return credhub_json_check_object(check);

    case '[':
        return credhub_json_check_array(check);

    case '"':
        return credhub_json_check_string(check);

    case 't':
        return credhub_json_check_word(check, credhub_str("true"));

    case 'f':
        return credhub_json_check_word(check, credhub_str("false"));

    case 'n':
        return credhub_json_check_word(check, credhub_str("null"));

    default:
        return credhub_json_check_number(check);
    }
}


static credhub_error_e
credhub_json_check_object(credhub_json_check_t *check)
{
    size_t          first;
    credhub_error_e rc;

    if (++check->depth > CREDHUB_JSON_DEPTH_MAX) {
        return CREDHUB_E_BAD_REQUEST;
    }

    check->pos++;
    first = check->nkeys;

    if (credhub_json_next(check) != '}') {
        do {
            rc = credhub_json_check_member(check);
            if (rc != CREDHUB_OK) {
                return rc;
            }
        } while (credhub_json_take(check, ','));
    }

    if (!credhub_json_take(check, '}') || !credhub_json_unique(check, first)) {
        return CREDHUB_E_BAD_REQUEST;
    }

    check->nkeys = first;
    check->depth--;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_json_check_member(credhub_json_check_t *check)
{
    credhub_str_t   source;
    credhub_error_e rc;

    if (credhub_json_next(check) != '"') {
        return CREDHUB_E_BAD_REQUEST;
    }

    source.data = check->pos;

    rc = credhub_json_check_string(check);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    source.len = check->pos - source.data;

    rc = credhub_json_push_key(check, source);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    if (!credhub_json_take(check, ':')) {
        return CREDHUB_E_BAD_REQUEST;
    }

    return credhub_json_check_value(check);
}


static credhub_error_e
credhub_json_check_array(credhub_json_check_t *check)
{
    credhub_error_e rc;

    if (++check->depth > CREDHUB_JSON_DEPTH_MAX) {
        return CREDHUB_E_BAD_REQUEST;
    }

    check->pos++;

    if (credhub_json_next(check) != ']') {
        do {
            rc = credhub_json_check_value(check);
            if (rc != CREDHUB_OK) {
                return rc;
            }
        } while (credhub_json_take(check, ','));
    }

    if (!credhub_json_take(check, ']')) {
        return CREDHUB_E_BAD_REQUEST;
    }

    check->depth--;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_json_check_string(credhub_json_check_t *check)
{
    size_t n;
    u_char out[CREDHUB_JSON_ESCAPE_MAX];

    check->pos++;

    for (;;) {
        check->pos = credhub_json_plain(check->pos, check->last);

        if (check->pos == check->last || *check->pos < 0x20) {
            return CREDHUB_E_BAD_REQUEST;
        }

        if (*check->pos == '"') {
            check->pos++;
            return CREDHUB_OK;
        }

        if (*check->pos == '\\') {
            if (credhub_json_escape(&check->pos, check->last, out) == NULL) {
                return CREDHUB_E_BAD_REQUEST;
            }

            continue;
        }

        n = credhub_utf8_len(check->pos, check->last);
        if (n == 0) {
            return CREDHUB_E_BAD_REQUEST;
        }

        check->pos += n;
    }
}


static credhub_error_e
credhub_json_check_number(credhub_json_check_t *check)
{
    if (check->pos < check->last && *check->pos == '-') {
        check->pos++;
    }

    if (check->pos < check->last && *check->pos == '0') {
        check->pos++;

    } else if (!credhub_json_check_digits(check)) {
        return CREDHUB_E_BAD_REQUEST;
    }

    if (check->pos < check->last && *check->pos == '.') {
        check->pos++;

        if (!credhub_json_check_digits(check)) {
            return CREDHUB_E_BAD_REQUEST;
        }
    }

    if (check->pos < check->last && (*check->pos == 'e' || *check->pos == 'E'))
    {
        check->pos++;

        if (check->pos < check->last
            && (*check->pos == '+' || *check->pos == '-')) {
            check->pos++;
        }

        if (!credhub_json_check_digits(check)) {
            return CREDHUB_E_BAD_REQUEST;
        }
    }

    return CREDHUB_OK;
}


/* Passes over digits; was there one? */

static int
credhub_json_check_digits(credhub_json_check_t *check)
{
    u_char *start;

    start = check->pos;

    while (check->pos < check->last && *check->pos >= '0' && *check->pos <= '9')
    {
        check->pos++;
    }

    return check->pos != start;
}


static credhub_error_e
credhub_json_check_word(credhub_json_check_t *check, credhub_str_t word)
{
    if ((size_t) (check->last - check->pos) < word.len
        || memcmp(check->pos, word.data, word.len) != 0)
    {
        return CREDHUB_E_BAD_REQUEST;
    }

    check->pos += word.len;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_json_push_key(credhub_json_check_t *check, credhub_str_t source)
{
    size_t        size;
    credhub_str_t key, *keys;

    key.data = source.data + 1;
    key.len = source.len - 2;

    if (memchr(key.data, '\\', key.len) != NULL) {
        key = credhub_json_decode(check->arena, source);
        if (key.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    if (check->nkeys == check->size) {
        size = (check->size == 0) ? CREDHUB_JSON_KEYS_MIN : 2 * check->size;

        keys = credhub_arena_alloc(check->arena, size * sizeof(credhub_str_t));
        if (keys == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        if (check->nkeys != 0) {
            memcpy(keys, check->keys, check->nkeys * sizeof(credhub_str_t));
        }

        check->keys = keys;
        check->size = size;
    }

    check->keys[check->nkeys++] = key;

    return CREDHUB_OK;
}


/* Is no key twice among those from `first` on? */

static int
credhub_json_unique(credhub_json_check_t *check, size_t first)
{
    size_t         i, n;
    credhub_str_t *keys;

    n = check->nkeys - first;

    if (n < 2) {
        return 1;
    }

    keys = check->keys + first;

    qsort(keys, n, sizeof(credhub_str_t), credhub_json_compare);

    for (i = 1; i < n; i++) {
        if (credhub_json_compare(&keys[i - 1], &keys[i]) == 0) {
            return 0;
        }
    }

    return 1;
}


static int
credhub_json_compare(const void *one, const void *two)
{
    const credhub_str_t *a = one, *b = two;

    if (a->len != b->len) {
        return (a->len < b->len) ? -1 : 1;
    }

    return memcmp(a->data, b->data, a->len);
}


/* The next byte that is not white space; -1 at the end. */

static int
credhub_json_next(credhub_json_check_t *check)
{
    check->pos = credhub_json_space(check->pos, check->last);

    return (check->pos < check->last) ? *check->pos : -1;
}


static int
credhub_json_take(credhub_json_check_t *check, int c)
{
    if (credhub_json_next(check) != c) {
        return 0;
    }

    check->pos++;

    return 1;
}
