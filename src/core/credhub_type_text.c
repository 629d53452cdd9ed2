
/* The types value and json: what was set is kept byte for byte. */

#include "credhub_types.h"


static credhub_error_e credhub_type_set_json(credhub_arena_t *arena,
    credhub_str_t value, atomic_int *cancel, credhub_content_t *content,
    credhub_str_t *detail);


const credhub_type_t credhub_type_value = {
    .name = credhub_string("value"),
    .set = credhub_type_set_text,
};

const credhub_type_t credhub_type_json = {
    .name = credhub_string("json"),
    .set = credhub_type_set_json,
};


credhub_error_e
credhub_type_set_text(credhub_arena_t *arena, credhub_str_t value,
    atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail)
{
    credhub_buf_t buf;

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        return CREDHUB_E_NO_VALUE;

    case CREDHUB_JSON_STRING:
        if (credhub_json_string_is(value, "")) {
            return CREDHUB_E_NO_VALUE;
        }

        content->secret = value;
        return CREDHUB_OK;

    case CREDHUB_JSON_NUMBER:
    case CREDHUB_JSON_TRUE:
    case CREDHUB_JSON_FALSE:
        credhub_buf_init(&buf, arena, value.len + 2);
        credhub_buf_lit(&buf, "\"");
        credhub_buf_add_str(&buf, value);
        credhub_buf_lit(&buf, "\"");
        return credhub_type_take(&buf, &content->secret);

    default:
        return CREDHUB_E_BAD_REQUEST;
    }
}


static credhub_error_e
credhub_type_set_json(credhub_arena_t *arena, credhub_str_t value,
    atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail)
{
    if (credhub_json_kind(value) == CREDHUB_JSON_NULL) {
        return CREDHUB_E_NO_VALUE;
    }

    content->secret = value;

    return CREDHUB_OK;
}
