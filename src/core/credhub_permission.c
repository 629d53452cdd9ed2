
/* Decisions on permissions that somebody else has loaded. No state. */

#include "credhub_permission.h"
#include "credhub_json.h"
#include "credhub_name.h"

#include <string.h>


typedef struct {
    credhub_str_t name;
    unsigned      bit;
} credhub_operation_t;

static const credhub_operation_t credhub_operation_names[] = {
    { credhub_string("read"), CREDHUB_OP_READ },
    { credhub_string("write"), CREDHUB_OP_WRITE },
    { credhub_string("delete"), CREDHUB_OP_DELETE },
    { credhub_string("read_acl"), CREDHUB_OP_READ_ACL },
    { credhub_string("write_acl"), CREDHUB_OP_WRITE_ACL },
    { { 0, NULL }, 0 },
};


static int credhub_permission_is_wildcard(credhub_str_t path);


unsigned
credhub_operation(credhub_str_t name)
{
    const credhub_operation_t *row;

    for (row = credhub_operation_names; row->bit != 0; row++) {
        if (credhub_str_eq(row->name, name)) {
            break;
        }
    }

    return row->bit;
}


unsigned
credhub_operations(credhub_str_t list)
{
    u_char       *pos, *last, *end;
    unsigned      bit, bits;
    credhub_str_t name;

    if (list.len == 0) {
        return 0;
    }

    bits = 0;
    last = list.data + list.len;

    for (pos = list.data; pos <= last; pos = end + 1) {
        end = memchr(pos, ',', last - pos);
        if (end == NULL) {
            end = last;
        }

        name.data = pos;
        name.len = end - pos;

        bit = credhub_operation(name);

        if (bit == 0 || (bits & bit)) {
            return 0;
        }

        bits |= bit;
    }

    return bits;
}


int
credhub_permission_path_check(credhub_str_t path)
{
    if (path.len > CREDHUB_NAME_MAX) {
        return 0;
    }

    if (credhub_permission_is_wildcard(path)) {
        path.len -= 2;

        if (path.len == 0) {
            return 1;
        }
    }

    return credhub_name_check(path, CREDHUB_NAME_MAX) == CREDHUB_OK;
}


credhub_error_e
credhub_permission_path_error(credhub_str_t path)
{
    if (path.len < 2 || path.len > CREDHUB_NAME_MAX) {
        return CREDHUB_E_PERM_PATH;
    }

    if (credhub_permission_is_wildcard(path)) {
        path.len -= 2;
    }

    switch (path.len == 0 ? CREDHUB_OK
                          : credhub_name_check(path, CREDHUB_NAME_MAX)) {
    case CREDHUB_OK:
        return CREDHUB_OK;

    case CREDHUB_E_NAME_CHARS:
        return CREDHUB_E_PERM_CHARS;

    default:
        return CREDHUB_E_PERM_SLASH;
    }
}


credhub_error_e
credhub_operations_json(
    credhub_arena_t *arena, credhub_str_t json, unsigned *operations)
{
    unsigned            bit;
    credhub_str_t       element, name;
    credhub_json_iter_t iter;

    *operations = 0;

    if (json.data == NULL || credhub_json_kind(json) == CREDHUB_JSON_NULL) {
        return CREDHUB_OK;
    }

    if (credhub_json_kind(json) != CREDHUB_JSON_ARRAY) {
        return CREDHUB_E_BAD_REQUEST;
    }

    credhub_json_iter(&iter, json);

    while (credhub_json_element(&iter, &element)) {
        if (credhub_json_kind(element) != CREDHUB_JSON_STRING) {
            return CREDHUB_E_BAD_REQUEST;
        }

        name = credhub_json_decode(arena, element);
        if (name.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        bit = credhub_operation(name);
        if (bit == 0) {
            return CREDHUB_E_PERM_OPERATION;
        }

        *operations |= bit;
    }

    return CREDHUB_OK;
}


void
credhub_operations_add(credhub_buf_t *buf, unsigned operations)
{
    const char                *separator;
    const credhub_operation_t *row;

    separator = "\"";

    credhub_buf_lit(buf, "[");

    for (row = credhub_operation_names; row->bit != 0; row++) {
        if (operations & row->bit) {
            credhub_buf_add(buf, separator, strlen(separator));
            credhub_buf_add_str(buf, row->name);
            credhub_buf_lit(buf, "\"");
            separator = ",\"";
        }
    }

    credhub_buf_lit(buf, "]");
}


int
credhub_permission_covers(credhub_str_t path, credhub_str_t name)
{
    size_t prefix;

    if (!credhub_permission_is_wildcard(path)) {
        return credhub_str_eq(path, name);
    }

    prefix = path.len - 1; /* the slash belongs to it */

    return name.len > prefix && memcmp(name.data, path.data, prefix) == 0;
}


static int
credhub_permission_is_wildcard(credhub_str_t path)
{
    return path.len >= 2 && path.data[path.len - 2] == '/'
           && path.data[path.len - 1] == '*';
}


unsigned
credhub_permission_allowed(const credhub_permission_t *rows, size_t n,
    credhub_str_t actor, credhub_str_t name)
{
    size_t   i;
    unsigned operations;

    operations = 0;

    for (i = 0; i < n; i++) {
        if (credhub_str_caseeq(rows[i].actor, actor)
            && credhub_permission_covers(rows[i].path, name))
        {
            operations |= rows[i].operations;
        }
    }

    return operations;
}
