
/*
 * Binding by table. Scalars are decoded by jansson, whose allocator wipes what
 * it frees; nothing of jansson outlives a call. Strings end up in the caller's
 * arena, ranges stay in the caller's text.
 */

#include "credhub_bind.h"
#include "credhub_text.h"
#include "credhub_wipe.h"

#include <stdlib.h>
#include <jansson.h>


typedef credhub_error_e (*credhub_bind_pt)(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);


static const credhub_bind_t *credhub_bind_find(
    const credhub_bind_t *fields, credhub_str_t key);
static credhub_error_e credhub_bind_string(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_bind_raw(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_bind_bool(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_bind_int(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_bind_ignore(credhub_arena_t *arena,
    const credhub_bind_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_bind_text(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *text);
static credhub_error_e credhub_bind_null(const credhub_bind_t *field);


static const credhub_bind_pt credhub_bind_kinds[] = {
    [CREDHUB_BIND_STRING] = credhub_bind_string,
    [CREDHUB_BIND_RAW] = credhub_bind_raw,
    [CREDHUB_BIND_BOOL] = credhub_bind_bool,
    [CREDHUB_BIND_INT] = credhub_bind_int,
    [CREDHUB_BIND_IGNORE] = credhub_bind_ignore,
};


void
credhub_bind_init(void)
{
    json_set_alloc_funcs(malloc, credhub_wipe_free);
}


credhub_error_e
credhub_bind_document(credhub_arena_t *arena, const credhub_bind_t *fields,
    credhub_str_t text, void *target, credhub_str_t *detail)
{
    credhub_str_t   object;
    credhub_error_e rc;

    rc = credhub_json_check(arena, text, &object);

    return (rc == CREDHUB_OK)
               ? credhub_bind(arena, fields, object, target, detail)
               : rc;
}


credhub_error_e
credhub_bind(credhub_arena_t *arena, const credhub_bind_t *fields,
    credhub_str_t object, void *target, credhub_str_t *detail)
{
    credhub_str_t         key, value;
    credhub_error_e       rc;
    credhub_json_iter_t   iter;
    const credhub_bind_t *field;

    if (credhub_json_kind(object) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_BAD_REQUEST;
    }

    credhub_json_iter(&iter, object);

    while (credhub_json_member(&iter, &key, &value)) {
        field = credhub_bind_find(fields, key);

        if (field == NULL) {
            rc = credhub_bind_text(arena, key, detail);
            return (rc == CREDHUB_OK) ? CREDHUB_E_UNKNOWN_KEY : rc;
        }

        rc = credhub_bind_kinds[field->kind](
            arena, field, value, (u_char *) target + field->offset);
        if (rc != CREDHUB_OK) {
            return rc;
        }
    }

    return CREDHUB_OK;
}


static const credhub_bind_t *
credhub_bind_find(const credhub_bind_t *fields, credhub_str_t key)
{
    const credhub_bind_t *field;

    for (field = fields; field->name != NULL; field++) {
        if (credhub_json_string_is(key, field->name)) {
            return field;
        }
    }

    return NULL;
}


static credhub_error_e
credhub_bind_string(credhub_arena_t *arena, const credhub_bind_t *field,
    credhub_str_t value, void *data)
{
    credhub_str_t *string = data;

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        return credhub_bind_null(field);

    case CREDHUB_JSON_STRING:
        return credhub_bind_text(arena, value, string);

    case CREDHUB_JSON_NUMBER:
    case CREDHUB_JSON_TRUE:
    case CREDHUB_JSON_FALSE:
        *string = credhub_arena_copy(arena, value.data, value.len);
        return (string->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    default:
        return CREDHUB_E_BAD_REQUEST;
    }
}


static credhub_error_e
credhub_bind_raw(credhub_arena_t *arena, const credhub_bind_t *field,
    credhub_str_t value, void *data)
{
    *(credhub_str_t *) data = value;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_bind_bool(credhub_arena_t *arena, const credhub_bind_t *field,
    credhub_str_t value, void *data)
{
    credhub_flag_t *flag = data;

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        return credhub_bind_null(field);

    case CREDHUB_JSON_TRUE:
        flag->value = 1;
        break;

    case CREDHUB_JSON_FALSE:
        flag->value = 0;
        break;

    default:
        if (credhub_json_string_is(value, "true")) {
            flag->value = 1;
            break;
        }

        if (credhub_json_string_is(value, "false")) {
            flag->value = 0;
            break;
        }

        return CREDHUB_E_BAD_REQUEST;
    }

    flag->set = 1;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_bind_int(credhub_arena_t *arena, const credhub_bind_t *field,
    credhub_str_t value, void *data)
{
    credhub_int_t  *number = data;
    credhub_str_t   text;
    credhub_error_e rc;

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        return credhub_bind_null(field);

    case CREDHUB_JSON_NUMBER:
        text = value;
        break;

    case CREDHUB_JSON_STRING:
        rc = credhub_bind_text(arena, value, &text);
        if (rc != CREDHUB_OK) {
            return rc;
        }

        break;

    default:
        return CREDHUB_E_BAD_REQUEST;
    }

    if (credhub_int64(text, &number->value) != 0) {
        return CREDHUB_E_BAD_REQUEST;
    }

    number->set = 1;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_bind_ignore(credhub_arena_t *arena, const credhub_bind_t *field,
    credhub_str_t value, void *data)
{
    return CREDHUB_OK;
}


/* The bytes of a string source. It was checked, so jansson has no reason to
 * refuse it but memory. */

static credhub_error_e
credhub_bind_text(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *text)
{
    json_t *string;

    string = json_loadb((char *) value.data, value.len,
        JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (string == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    *text = credhub_arena_copy(
        arena, json_string_value(string), json_string_length(string));

    json_decref(string);

    return (text->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static credhub_error_e
credhub_bind_null(const credhub_bind_t *field)
{
    return field->nullable ? CREDHUB_OK : CREDHUB_E_BAD_REQUEST;
}
