
/*
 * The table of credential types and what all of them use. Every function of a
 * type works on one arena and keeps nothing; strings of its results live in
 * that arena or in the source text.
 */

#include "credhub_types.h"


static const credhub_type_t *const credhub_types[] = { &credhub_type_value,
    &credhub_type_json, &credhub_type_password, &credhub_type_user,
    &credhub_type_rsa, &credhub_type_ssh, &credhub_type_certificate };


const credhub_type_t *
credhub_type(credhub_str_t name)
{
    size_t i;

    for (i = 0; i < sizeof(credhub_types) / sizeof(credhub_types[0]); i++) {
        if (credhub_str_caseeq(credhub_types[i]->name, name)) {
            return credhub_types[i];
        }
    }

    return NULL;
}


size_t
credhub_type_value_size(const credhub_type_t *type, credhub_str_t value)
{
    size_t              size;
    credhub_str_t       key, member;
    credhub_json_iter_t iter;

    if (type == &credhub_type_json) {
        return value.len;
    }

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_OBJECT:
        size = 0;
        credhub_json_iter(&iter, value);

        while (credhub_json_member(&iter, &key, &member)) {
            size += credhub_type_value_size(type, member);
        }

        return size;

    case CREDHUB_JSON_NULL:
        return 0;

    case CREDHUB_JSON_NUMBER:
    case CREDHUB_JSON_TRUE:
    case CREDHUB_JSON_FALSE:
        return value.len;

    default:
        return credhub_json_decoded_size(value);
    }
}


credhub_error_e
credhub_type_bind(credhub_arena_t *arena, const credhub_bind_t *fields,
    credhub_str_t value, void *target, credhub_str_t *detail)
{
    if (credhub_json_kind(value) == CREDHUB_JSON_NULL) {
        return CREDHUB_E_NO_VALUE;
    }

    return credhub_bind(arena, fields, value, target, detail);
}


void
credhub_type_add_nullable(credhub_buf_t *buf, credhub_str_t str)
{
    if (str.len == 0) {
        credhub_buf_lit(buf, "null");

    } else {
        credhub_json_add_string(buf, str);
    }
}


credhub_error_e
credhub_type_take(const credhub_buf_t *buf, credhub_str_t *str)
{
    if (buf->failed) {
        return CREDHUB_E_INTERNAL;
    }

    *str = credhub_buf_str(buf);

    return CREDHUB_OK;
}
