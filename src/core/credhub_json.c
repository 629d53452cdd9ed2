
/*
 * The walk over JSON source that credhub_json_check() has passed, and what
 * turns strings from and to their source form. Nothing is copied unless a
 * function says so: values are ranges of the caller's text.
 */

#include "credhub_json.h"
#include "credhub_json_scan.h"

#include <string.h>


static u_char *credhub_json_skip(u_char *p, u_char *last);
static int credhub_json_range(credhub_json_iter_t *iter, credhub_str_t *value);
static u_char *credhub_json_run(u_char *p, u_char *last);
static u_char *credhub_json_unescape(u_char **pos, u_char *last, u_char *out);
static void credhub_json_add_text(credhub_buf_t *buf, u_char *p, u_char *last);


credhub_json_kind_e
credhub_json_kind(credhub_str_t value)
{
    if (value.len == 0) {
        return CREDHUB_JSON_INVALID;
    }

    switch (value.data[0]) {
    case 'n':
        return CREDHUB_JSON_NULL;

    case 't':
        return CREDHUB_JSON_TRUE;

    case 'f':
        return CREDHUB_JSON_FALSE;

    case '"':
        return CREDHUB_JSON_STRING;

    case '[':
        return CREDHUB_JSON_ARRAY;

    case '{':
        return CREDHUB_JSON_OBJECT;

    case '-':
        return CREDHUB_JSON_NUMBER;

    default:
        return (value.data[0] >= '0' && value.data[0] <= '9')
                   ? CREDHUB_JSON_NUMBER
                   : CREDHUB_JSON_INVALID;
    }
}


void
credhub_json_iter(credhub_json_iter_t *iter, credhub_str_t container)
{
    iter->pos = container.data;
    iter->last = container.data;

    /* Between the brackets; of anything else there is nothing to walk. */

    if (container.len >= 2
        && (container.data[0] == '{' || container.data[0] == '['))
    {
        iter->pos = container.data + 1;
        iter->last = container.data + container.len - 1;
    }
}


int
credhub_json_member(
    credhub_json_iter_t *iter, credhub_str_t *key, credhub_str_t *value)
{
    if (!credhub_json_range(iter, key)) {
        return 0;
    }

    iter->pos = credhub_json_space(iter->pos, iter->last);

    if (iter->pos < iter->last && *iter->pos == ':') {
        iter->pos++;
    }

    return credhub_json_element(iter, value);
}


int
credhub_json_element(credhub_json_iter_t *iter, credhub_str_t *value)
{
    if (!credhub_json_range(iter, value)) {
        return 0;
    }

    iter->pos = credhub_json_space(iter->pos, iter->last);

    if (iter->pos < iter->last && *iter->pos == ',') {
        iter->pos++;
    }

    return 1;
}


static int
credhub_json_range(credhub_json_iter_t *iter, credhub_str_t *value)
{
    iter->pos = credhub_json_space(iter->pos, iter->last);

    value->data = iter->pos;

    iter->pos = credhub_json_skip(iter->pos, iter->last);

    value->len = iter->pos - value->data;

    return value->len != 0;
}


/* The end of the value at `p`. */

static u_char *
credhub_json_skip(u_char *p, u_char *last)
{
    size_t depth;

    if (p == last) {
        return p;
    }

    if (*p == '"') {
        return credhub_json_string_end(p, last);
    }

    if (*p != '{' && *p != '[') {
        while (p < last && strchr(",:]} \t\n\r", *p) == NULL) {
            p++;
        }

        return p;
    }

    depth = 0;

    do {
        switch (*p) {
        case '"':
            p = credhub_json_string_end(p, last);
            continue;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
            depth--;
            break;
        }

        p++;

    } while (depth != 0 && p < last);

    return p;
}


int
credhub_json_get(credhub_str_t object, const char *name, credhub_str_t *value)
{
    credhub_str_t       key;
    credhub_json_iter_t iter;

    if (credhub_json_kind(object) != CREDHUB_JSON_OBJECT) {
        return 0;
    }

    credhub_json_iter(&iter, object);

    while (credhub_json_member(&iter, &key, value)) {
        if (credhub_json_string_is(key, name)) {
            return 1;
        }
    }

    return 0;
}


int
credhub_json_string_is(credhub_str_t string, const char *plain)
{
    u_char *p, *last, *q, *end, out[CREDHUB_JSON_ESCAPE_MAX];

    if (string.len < 2 || string.data[0] != '"') {
        return 0;
    }

    p = string.data + 1;
    last = string.data + string.len - 1;

    while (p < last) {
        end = credhub_json_unescape(&p, last, out);

        for (q = out; q < end; q++, plain++) {
            if (*plain == '\0' || (u_char) *plain != *q) {
                return 0;
            }
        }
    }

    return *plain == '\0';
}


credhub_str_t
credhub_json_decode(credhub_arena_t *arena, credhub_str_t string)
{
    u_char       *p, *last, *end, *out;
    credhub_str_t plain;

    if (string.len < 2) {
        return credhub_null_str;
    }

    /* A string is never longer than its source; the quotes leave a NUL's
     * room. */

    out = credhub_arena_bytes(arena, string.len);
    if (out == NULL) {
        return credhub_null_str;
    }

    plain.data = out;

    p = string.data + 1;
    last = string.data + string.len - 1;

    while (p < last) {
        end = credhub_json_run(p, last);

        if (end != p) {
            memcpy(out, p, end - p);
            out += end - p;
            p = end;
            continue;
        }

        out = credhub_json_unescape(&p, last, out);
    }

    *out = '\0';
    plain.len = out - plain.data;

    return plain;
}


/* The next escape, or `last`. */

static u_char *
credhub_json_run(u_char *p, u_char *last)
{
    u_char *escape;

    escape = memchr(p, '\\', last - p);

    return (escape != NULL) ? escape : last;
}


/* One byte or one escape of a string. Of text that is not JSON, an escape is
 * taken as it stands. */

static u_char *
credhub_json_unescape(u_char **pos, u_char *last, u_char *out)
{
    u_char *p, *end;

    p = *pos;

    if (*p == '\\') {
        end = credhub_json_escape(&p, last, out);

        if (end != NULL) {
            *pos = p;
            return end;
        }
    }

    *out++ = **pos;
    (*pos)++;

    return out;
}


int
credhub_json_get_string(credhub_arena_t *arena, credhub_str_t object,
    const char *name, credhub_str_t *string)
{
    credhub_str_t value;

    *string = credhub_null_str;

    if (!credhub_json_get(object, name, &value)) {
        return 0;
    }

    if (credhub_json_kind(value) != CREDHUB_JSON_STRING) {
        return -1;
    }

    *string = credhub_json_decode(arena, value);

    return (string->data != NULL) ? 1 : -1;
}


size_t
credhub_json_decoded_size(credhub_str_t value)
{
    size_t  size;
    u_char *p, *last, *end, *run, out[CREDHUB_JSON_ESCAPE_MAX];

    size = 0;
    last = value.data + value.len;

    for (p = value.data; p < last; p = end) {
        p = memchr(p, '"', last - p);
        if (p == NULL) {
            break;
        }

        end = credhub_json_string_end(p++, last);

        while (p < end - 1) {
            run = credhub_json_run(p, end - 1);
            size += run - p;

            if (run == p) {
                size += credhub_json_unescape(&p, end - 1, out) - out;

            } else {
                p = run;
            }
        }
    }

    return size;
}


credhub_str_t
credhub_json_compact(credhub_arena_t *arena, credhub_str_t value)
{
    u_char       *p, *last, *end, *out;
    credhub_str_t compact;

    out = credhub_arena_bytes(arena, value.len);
    if (out == NULL) {
        return credhub_null_str;
    }

    compact.data = out;
    last = value.data + value.len;

    for (p = value.data; p < last; p = end) {
        end = p;

        while (end < last && *end != '"' && !credhub_json_is_space(*end)) {
            end++;
        }

        if (end < last && *end == '"') {
            end = credhub_json_string_end(end, last);
        }

        memcpy(out, p, end - p);
        out += end - p;

        end = credhub_json_space(end, last);
    }

    compact.len = out - compact.data;

    return compact;
}


/* Short escapes; other control characters are written as \u00XX. */

static const char credhub_json_short[] = {
    ['"'] = '"',
    ['\\'] = '\\',
    ['\b'] = 'b',
    ['\f'] = 'f',
    ['\n'] = 'n',
    ['\r'] = 'r',
    ['\t'] = 't',
};


void
credhub_json_add_string(credhub_buf_t *buf, credhub_str_t plain)
{
    credhub_buf_reserve(buf, plain.len + 2);

    credhub_buf_lit(buf, "\"");

    if (plain.len != 0) {
        credhub_json_add_text(buf, plain.data, plain.data + plain.len);
    }

    credhub_buf_lit(buf, "\"");
}


static void
credhub_json_add_text(credhub_buf_t *buf, u_char *p, u_char *last)
{
    size_t  n;
    u_char *run;

    for (/* void */; p < last; p++) {
        run = p;

        do {
            p = credhub_json_plain(p, last);
            n = (p < last && *p >= 0x80) ? credhub_utf8_len(p, last) : 0;
            p += n;
        } while (n != 0);

        credhub_buf_add(buf, run, p - run);

        if (p == last) {
            break;
        }

        if (*p >= 0x80) {
            credhub_buf_lit(buf, "\xef\xbf\xbd"); /* U+FFFD */

        } else if (*p < sizeof(credhub_json_short)
                   && credhub_json_short[*p] != 0) {
            credhub_buf_lit(buf, "\\");
            credhub_buf_add(buf, &credhub_json_short[*p], 1);

        } else {
            credhub_buf_printf(buf, "\\u%04x", *p);
        }
    }
}
