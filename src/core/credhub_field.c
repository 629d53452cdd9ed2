
/* Fields are read from values that were checked when they were stored. */

#include <string.h>
#include "credhub_field.h"
#include "credhub_json.h"


static credhub_str_t credhub_field_segment(credhub_str_t *path);
static int           credhub_field_pem(credhub_str_t text);
static int           credhub_field_pem_line(credhub_str_t line);
static int           credhub_field_starts(credhub_str_t line, const char *with);


credhub_error_e
credhub_field(credhub_arena_t *arena, credhub_str_t value, credhub_str_t path,
    credhub_str_t *field)
{
    credhub_str_t segment;

    while (path.len != 0) {
        segment = credhub_field_segment(&path);
        segment = credhub_arena_copy(arena, segment.data, segment.len);

        if (segment.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        if (credhub_json_kind(value) != CREDHUB_JSON_OBJECT
            || !credhub_json_get(value, (char *) segment.data, &value))
        {
            return CREDHUB_E_CRED;
        }
    }

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_INVALID:
    case CREDHUB_JSON_NULL:
        return CREDHUB_E_CRED;

    case CREDHUB_JSON_STRING:
        *field = credhub_json_decode(arena, value);
        break;

    default:
        *field = credhub_json_compact(arena, value);
    }

    return field->data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* Takes what is before the next dot off a path. */

static credhub_str_t
credhub_field_segment(credhub_str_t *path)
{
    u_char       *dot;
    credhub_str_t segment;

    segment = *path;
    dot = memchr(path->data, '.', path->len);

    if (dot == NULL) {
        path->len = 0;
        return segment;
    }

    segment.len = dot - path->data;
    path->data += segment.len + 1;
    path->len -= segment.len + 1;

    return segment;
}


int
credhub_field_plain(credhub_str_t field, int pem)
{
    if (field.len == 0) {
        return 1;
    }

    if (memchr(field.data, '\r', field.len) != NULL
        || memchr(field.data, '\0', field.len) != NULL)
    {
        return 0;
    }

    return memchr(field.data, '\n', field.len) == NULL
           || (pem && credhub_field_pem(field));
}


static int
credhub_field_pem(credhub_str_t text)
{
    u_char       *end;
    credhub_str_t line;

    while (text.len != 0) {
        end = memchr(text.data, '\n', text.len);

        line.data = text.data;
        line.len = end != NULL ? (size_t) (end - text.data) : text.len;

        if (!credhub_field_pem_line(line)) {
            return 0;
        }

        if (end == NULL) {
            break;
        }

        text.data += line.len + 1;
        text.len -= line.len + 1;
    }

    return 1;
}


/* A line of base64, or one that begins or ends a block; never an empty one. */

static int
credhub_field_pem_line(credhub_str_t line)
{
    size_t i;
    u_char c;
    int    border;

    border = credhub_field_starts(line, "-----BEGIN ")
             || credhub_field_starts(line, "-----END ");

    for (i = 0; i < line.len; i++) {
        c = line.data[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) {
            continue;
        }

        if (border
                ? c != '-' && c != ' '
                : !(c >= 'a' && c <= 'z') && c != '+' && c != '/' && c != '=')
        {
            return 0;
        }
    }

    return line.len != 0;
}


static int
credhub_field_starts(credhub_str_t line, const char *with)
{
    size_t len;

    len = strlen(with);

    return line.len > len && memcmp(line.data, with, len) == 0;
}
