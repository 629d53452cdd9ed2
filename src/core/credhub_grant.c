
/* The index of permissions: fields and their values. No state; fields live in
 * the caller's arena. */

#include <string.h>
#include "credhub_grant.h"


#define CREDHUB_GRANT_WILDCARD "/*"


typedef struct {
    unsigned operation;
    u_char   letter;
} credhub_grant_letter_t;


static credhub_str_t credhub_grant_join(
    credhub_arena_t *arena, u_char letter, credhub_str_t path, int subtree);
static credhub_place_t credhub_grant_place(
    credhub_str_t hub, credhub_str_t actor, credhub_str_t field);


static const credhub_grant_letter_t credhub_grant_letters[] = {
    { CREDHUB_OP_READ, 'r' },
    { CREDHUB_OP_WRITE, 'w' },
    { CREDHUB_OP_DELETE, 'd' },
    { CREDHUB_OP_READ_ACL, 'R' },
    { CREDHUB_OP_WRITE_ACL, 'W' },
    { 0, 0 },
};


credhub_str_t
credhub_grant_field(
    credhub_arena_t *arena, unsigned operation, credhub_str_t path)
{
    u_char letter;

    letter = credhub_grant_letter(operation);
    if (letter == 0) {
        return credhub_null_str;
    }

    return credhub_grant_join(arena, letter, path, 0);
}


u_char
credhub_grant_letter(unsigned operation)
{
    const credhub_grant_letter_t *row;

    for (row = credhub_grant_letters; row->letter != 0; row++) {
        if (row->operation == operation) {
            break;
        }
    }

    return row->letter;
}


unsigned
credhub_grant_operation(credhub_str_t field)
{
    const credhub_grant_letter_t *row;

    for (row = credhub_grant_letters; row->letter != 0; row++) {
        if (field.len != 0 && field.data[0] == row->letter) {
            break;
        }
    }

    return row->operation;
}


/* `path` ends before the slash when the field is of the subtree below it. */

static credhub_str_t
credhub_grant_join(
    credhub_arena_t *arena, u_char letter, credhub_str_t path, int subtree)
{
    credhub_str_t field;

    field.len = 1 + path.len + (subtree ? 2 : 0);
    field.data = credhub_arena_bytes(arena, field.len);

    if (field.data == NULL) {
        return credhub_null_str;
    }

    field.data[0] = letter;

    if (path.len != 0) {
        memcpy(field.data + 1, path.data, path.len);
    }

    if (subtree) {
        memcpy(field.data + 1 + path.len, CREDHUB_GRANT_WILDCARD, 2);
    }

    return field;
}


credhub_str_t
credhub_grant_path(credhub_str_t field)
{
    if (field.len == 0) {
        return credhub_null_str;
    }

    return (credhub_str_t){ field.len - 1, field.data + 1 };
}


ssize_t
credhub_grant_fields(credhub_arena_t *arena, unsigned operation,
    credhub_str_t name, credhub_str_t **fields)
{
    size_t        i, n, slashes;
    u_char        letter;
    credhub_str_t field, path;

    *fields = NULL;

    letter = credhub_grant_letter(operation);

    if (letter == 0 || name.len == 0 || name.len > CREDHUB_NAME_MAX
        || name.data[0] != '/')
    {
        return 0;
    }

    for (i = 0, slashes = 0; i < name.len; i++) {
        slashes += (name.data[i] == '/');
    }

    *fields = credhub_arena_alloc(arena, (1 + slashes) * sizeof(credhub_str_t));
    if (*fields == NULL) {
        return -1;
    }

    field = credhub_grant_join(arena, letter, name, 0);
    n = 0;

    (*fields)[n++] = field;

    /* A subtree covers what has a byte behind its slash, and one that is the
     * name itself stands there already. */

    path = name;

    for (i = name.len - 1; field.data != NULL && i-- > 0; /* void */) {
        if (name.data[i] != '/'
            || (i + 2 == name.len && name.data[i + 1] == '*')) {
            continue;
        }

        path.len = i;
        field = credhub_grant_join(arena, letter, path, 1);

        (*fields)[n++] = field;
    }

    return (field.data != NULL) ? (ssize_t) n : -1;
}


credhub_error_e
credhub_grant_value(credhub_keyring_t *keyring, size_t i, credhub_str_t hub,
    credhub_str_t actor, credhub_str_t field, u_char out[CREDHUB_MAC_SIZE])
{
    credhub_place_t place;

    place = credhub_grant_place(hub, actor, field);

    return credhub_mac(keyring, i, &place, NULL, 0, out);
}


/* The letter in the place of the field, the path in that of the name, which
 * decides on keys. */

static credhub_place_t
credhub_grant_place(credhub_str_t hub, credhub_str_t actor, credhub_str_t field)
{
    credhub_place_t place;

    place.hub = hub;
    place.kind = credhub_str("grant");
    place.field = (credhub_str_t){ field.len != 0, field.data };
    place.record = actor;
    place.name = credhub_grant_path(field);

    return place;
}


int
credhub_grant_check(credhub_keyring_t *keyring, credhub_str_t hub,
    credhub_str_t actor, credhub_str_t field, credhub_str_t value)
{
    credhub_place_t place;

    place = credhub_grant_place(hub, actor, field);

    return credhub_mac_check(keyring, &place, NULL, 0, value);
}
