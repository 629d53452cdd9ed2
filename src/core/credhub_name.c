
/* Names: the slash in front, the rules, the folded form. No state. */

#include "credhub_name.h"

#include <string.h>


static int credhub_name_char(u_char c);


credhub_str_t
credhub_name_slash(credhub_arena_t *arena, credhub_str_t name)
{
    credhub_str_t full;

    if (name.len != 0 && name.data[0] == '/') {
        return name;
    }

    full.data = credhub_arena_bytes(arena, name.len + 1);
    if (full.data == NULL) {
        return credhub_null_str;
    }

    full.data[0] = '/';
    full.len = name.len + 1;

    if (name.len != 0) {
        memcpy(full.data + 1, name.data, name.len);
    }

    return full;
}


credhub_error_e
credhub_name_check(credhub_str_t name, size_t max)
{
    size_t i;

    if (name.len == 0 || (name.len == 1 && name.data[0] == '/')) {
        return CREDHUB_E_NO_NAME;
    }

    if (name.len > max) {
        return CREDHUB_E_NAME_LONG;
    }

    if (name.data[0] != '/' || name.data[name.len - 1] == '/') {
        return CREDHUB_E_NAME_SLASH;
    }

    for (i = 1; i < name.len; i++) {
        if (!credhub_name_char(name.data[i])) {
            return CREDHUB_E_NAME_CHARS;
        }

        if (name.data[i] == '/' && name.data[i - 1] == '/') {
            return CREDHUB_E_NAME_SLASH;
        }
    }

    return CREDHUB_OK;
}


static int
credhub_name_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("-_/.:,()[]+", c) != NULL);
}


credhub_str_t
credhub_name_fold(credhub_arena_t *arena, credhub_str_t name)
{
    size_t        i;
    credhub_str_t folded;

    folded = credhub_arena_copy(arena, name.data, name.len);

    for (i = 0; i < folded.len; i++) {
        folded.data[i] = credhub_lower(folded.data[i]);
    }

    return folded;
}
