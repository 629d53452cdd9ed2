
/* Decisions on permissions that somebody else has loaded. No state. */

#include "credhub_permission.h"
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
