
/* Members of JSON bound by tables: one function reads each kind, after the
 * length of what it decodes was looked at. */

#include <string.h>
#include "credhub_ssh_fields.h"


#define CREDHUB_SSH_ESCAPE_MAX 6 /* source bytes of one byte: \u0041 */


typedef credhub_error_e (*credhub_ssh_read_pt)(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);


static const credhub_ssh_field_t *credhub_ssh_field_find(
    const credhub_ssh_field_t *fields, credhub_str_t key);
static credhub_error_e credhub_ssh_read_object(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *target,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_read_text(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_ssh_read_list(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_ssh_read_options(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_ssh_read_flag(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_ssh_read_scalar(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data);
static credhub_error_e credhub_ssh_decode(credhub_arena_t *arena,
    credhub_str_t source, size_t max, credhub_str_t *text);
static size_t          credhub_ssh_count(credhub_str_t container);
static void            credhub_ssh_write_list(
               credhub_buf_t *buf, const credhub_ssh_list_t *list);


static const credhub_ssh_read_pt credhub_ssh_readers[] = {
    [CREDHUB_SSH_FIELD_TEXT] = credhub_ssh_read_text,
    [CREDHUB_SSH_FIELD_LIST] = credhub_ssh_read_list,
    [CREDHUB_SSH_FIELD_OPTIONS] = credhub_ssh_read_options,
    [CREDHUB_SSH_FIELD_FLAG] = credhub_ssh_read_flag,
    [CREDHUB_SSH_FIELD_SCALAR] = credhub_ssh_read_scalar,
};


credhub_error_e
credhub_ssh_fields_read(credhub_arena_t *arena,
    const credhub_ssh_field_t *fields, credhub_str_t object, void *target,
    credhub_str_t *detail)
{
    credhub_str_t              key, value;
    credhub_error_e            error;
    credhub_json_iter_t        iter;
    const credhub_ssh_field_t *field;

    if (credhub_json_kind(object) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_BAD_REQUEST;
    }

    credhub_json_iter(&iter, object);

    while (credhub_json_member(&iter, &key, &value)) {
        field = credhub_ssh_field_find(fields, key);

        if (field == NULL || credhub_json_kind(value) == CREDHUB_JSON_NULL) {
            continue;
        }

        detail->len = 0;

        error =
            (field->kind == CREDHUB_SSH_FIELD_OBJECT)
                ? credhub_ssh_read_object(arena, field, value, target, detail)
                : credhub_ssh_readers[field->kind](
                    arena, field, value, (u_char *) target + field->offset);

        if (error == CREDHUB_E_SSH_FIELD && detail->len == 0) {
            return credhub_ssh_field_error(detail, field->name);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


credhub_error_e
credhub_ssh_field_error(credhub_str_t *detail, const char *name)
{
    detail->data = (u_char *) name;
    detail->len = strlen(name);

    return CREDHUB_E_SSH_FIELD;
}


static const credhub_ssh_field_t *
credhub_ssh_field_find(const credhub_ssh_field_t *fields, credhub_str_t key)
{
    const credhub_ssh_field_t *field;

    for (field = fields; field->name != NULL; field++) {
        if (credhub_json_string_is(key, field->name)) {
            return field;
        }
    }

    return NULL;
}


/* A member of it that is wrong names itself. */

static credhub_error_e
credhub_ssh_read_object(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *target,
    credhub_str_t *detail)
{
    credhub_error_e error;

    error =
        credhub_ssh_fields_read(arena, field->fields, value, target, detail);

    return (error == CREDHUB_E_BAD_REQUEST) ? CREDHUB_E_SSH_FIELD : error;
}


static credhub_error_e
credhub_ssh_read_text(credhub_arena_t *arena, const credhub_ssh_field_t *field,
    credhub_str_t value, void *data)
{
    credhub_str_t  *text = data;
    credhub_error_e error;

    error = credhub_ssh_decode(arena, value, field->max, text);

    if (error != CREDHUB_OK) {
        return error;
    }

    return text->len == 0 || field->check(*text) ? CREDHUB_OK
                                                 : CREDHUB_E_SSH_FIELD;
}


static credhub_error_e
credhub_ssh_read_list(credhub_arena_t *arena, const credhub_ssh_field_t *field,
    credhub_str_t value, void *data)
{
    size_t              n;
    credhub_str_t       element, *item;
    credhub_error_e     error;
    credhub_ssh_list_t *list = data;
    credhub_json_iter_t iter;

    if (credhub_json_kind(value) != CREDHUB_JSON_ARRAY) {
        return CREDHUB_E_SSH_FIELD;
    }

    n = credhub_ssh_count(value);

    if (n == 0) {
        return CREDHUB_OK;
    }

    if (n > CREDHUB_SSH_LIST_MAX) {
        return CREDHUB_E_SSH_FIELD;
    }

    list->items = credhub_arena_alloc(arena, n * sizeof(credhub_str_t));

    if (list->items == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, value);

    while (credhub_json_element(&iter, &element)) {
        item = &list->items[list->n++];
        error = credhub_ssh_decode(arena, element, field->max, item);

        if (error != CREDHUB_OK) {
            return error;
        }

        if (item->len == 0 || !field->check(*item)) {
            return CREDHUB_E_SSH_FIELD;
        }
    }

    return CREDHUB_OK;
}


/* Names are unique: the check of the text has seen to that. */

static credhub_error_e
credhub_ssh_read_options(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data)
{
    size_t                 n;
    credhub_str_t          key, source;
    credhub_error_e        error;
    credhub_json_iter_t    iter;
    credhub_ssh_option_t  *option;
    credhub_ssh_options_t *options = data;

    if (credhub_json_kind(value) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_SSH_FIELD;
    }

    n = credhub_ssh_count(value);

    if (n == 0) {
        return CREDHUB_OK;
    }

    if (n > CREDHUB_SSH_LIST_MAX) {
        return CREDHUB_E_SSH_FIELD;
    }

    options->items = credhub_arena_alloc(arena, n * sizeof(*options->items));

    if (options->items == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, value);

    while (credhub_json_member(&iter, &key, &source)) {
        if (credhub_json_kind(source) == CREDHUB_JSON_NULL) {
            continue;
        }

        option = &options->items[options->n++];

        error = credhub_ssh_decode(arena, key, field->max, &option->name);

        if (error == CREDHUB_OK) {
            error =
                credhub_ssh_decode(arena, source, field->max, &option->value);
        }

        if (error != CREDHUB_OK) {
            return error;
        }

        if (!field->check(option->name)
            || !credhub_ssh_text_valid(option->value)) {
            return CREDHUB_E_SSH_FIELD;
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_read_flag(credhub_arena_t *arena, const credhub_ssh_field_t *field,
    credhub_str_t value, void *data)
{
    credhub_flag_t     *flag = data;
    credhub_json_kind_e kind;

    kind = credhub_json_kind(value);

    if (kind != CREDHUB_JSON_TRUE && kind != CREDHUB_JSON_FALSE) {
        return CREDHUB_E_SSH_FIELD;
    }

    flag->value = (kind == CREDHUB_JSON_TRUE);
    flag->set = 1;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_read_scalar(credhub_arena_t *arena,
    const credhub_ssh_field_t *field, credhub_str_t value, void *data)
{
    credhub_json_kind_e kind;

    kind = credhub_json_kind(value);

    return kind == CREDHUB_JSON_NUMBER || kind == CREDHUB_JSON_STRING
               ? CREDHUB_OK
               : CREDHUB_E_SSH_FIELD;
}


static credhub_error_e
credhub_ssh_decode(credhub_arena_t *arena, credhub_str_t source, size_t max,
    credhub_str_t *text)
{
    if (credhub_json_kind(source) != CREDHUB_JSON_STRING
        || source.len > max * CREDHUB_SSH_ESCAPE_MAX + 2)
    {
        return CREDHUB_E_SSH_FIELD;
    }

    *text = credhub_json_decode(arena, source);

    if (text->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return (text->len > max) ? CREDHUB_E_SSH_FIELD : CREDHUB_OK;
}


/* Elements of an array, or members of an object. */

static size_t
credhub_ssh_count(credhub_str_t container)
{
    size_t              n;
    credhub_str_t       key, value;
    credhub_json_iter_t iter;

    n = 0;
    credhub_json_iter(&iter, container);

    if (credhub_json_kind(container) == CREDHUB_JSON_ARRAY) {
        while (credhub_json_element(&iter, &value)) {
            n++;
        }

    } else {
        while (credhub_json_member(&iter, &key, &value)) {
            n++;
        }
    }

    return n;
}


void
credhub_ssh_fields_write(
    credhub_buf_t *buf, const credhub_ssh_field_t *fields, const void *target)
{
    const void                *data;
    const credhub_flag_t      *flag;
    const credhub_ssh_field_t *field;

    for (field = fields; field->name != NULL; field++) {
        credhub_buf_printf(
            buf, "%s\"%s\":", field == fields ? "{" : ",", field->name);

        data = (const u_char *) target + field->offset;

        switch (field->kind) {
        case CREDHUB_SSH_FIELD_OBJECT:
            credhub_ssh_fields_write(buf, field->fields, target);
            break;

        case CREDHUB_SSH_FIELD_LIST:
            credhub_ssh_write_list(buf, data);
            break;

        case CREDHUB_SSH_FIELD_FLAG:
            flag = data;
            credhub_buf_printf(buf, "%s", flag->value ? "true" : "false");
            break;

        default:
            credhub_json_add_string(buf, *(const credhub_str_t *) data);
        }
    }

    credhub_buf_lit(buf, "}");
}


static void
credhub_ssh_write_list(credhub_buf_t *buf, const credhub_ssh_list_t *list)
{
    size_t i;

    credhub_buf_lit(buf, "[");

    for (i = 0; i < list->n; i++) {
        if (i != 0) {
            credhub_buf_lit(buf, ",");
        }

        credhub_json_add_string(buf, list->items[i]);
    }

    credhub_buf_lit(buf, "]");
}
