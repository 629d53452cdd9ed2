
/*
 * Attributes by their table. Values are ranges of the caller's text until they
 * are written; everything that is made lives in the caller's arena. No state.
 */

#include "credhub_object.h"
#include "credhub_text.h"

#include <inttypes.h>
#include <string.h>


#define CREDHUB_OBJECT_ID_MAX 64 /* of one that a client names */

#define CREDHUB_OBJECT_NULL   credhub_str("null")


/* A member of the body in the form in which an attribute is kept. */

typedef struct {
    credhub_arena_t           *arena;
    const credhub_attribute_t *row;
    credhub_str_t              value; /* as it was written */
    credhub_str_t              kept;
} credhub_object_given_t;


static credhub_error_e credhub_object_value(credhub_arena_t *arena,
    const credhub_attribute_t *row, credhub_str_t current,
    credhub_str_t *value);
static credhub_error_e credhub_object_keep(credhub_object_given_t *given);
static credhub_error_e credhub_object_keep_string(
    credhub_object_given_t *given);
static credhub_error_e credhub_object_keep_bool(credhub_object_given_t *given);
static credhub_error_e credhub_object_keep_int(credhub_object_given_t *given);
static credhub_error_e credhub_object_keep_object(
    credhub_object_given_t *given);
static credhub_error_e credhub_object_quoted(
    credhub_object_given_t *given, credhub_str_t plain);
static int credhub_object_one_of(
    const credhub_attribute_t *row, credhub_str_t plain);
static int credhub_object_given(
    credhub_str_t object, const char *name, credhub_str_t *value);
static void credhub_object_add(
    credhub_buf_t *buf, credhub_str_t name, credhub_str_t value);


credhub_error_e
credhub_object_bind(credhub_arena_t *arena, const credhub_attribute_t *table,
    credhub_str_t current, credhub_str_t body, credhub_str_t *attributes,
    size_t *given, credhub_str_t *detail)
{
    unsigned                   now;
    credhub_buf_t              buf;
    credhub_str_t              value, name;
    credhub_error_e            error;
    const credhub_attribute_t *row;

    *given = 0;
    *detail = credhub_null_str;

    if (credhub_json_kind(body) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_INPUT;
    }

    now =
        (current.len == 0) ? CREDHUB_ATTRIBUTE_CREATE : CREDHUB_ATTRIBUTE_PATCH;

    credhub_buf_init(&buf, arena, current.len + CREDHUB_ATTRIBUTE_MAX);
    credhub_buf_lit(&buf, "{");

    for (row = table; row->name != NULL; row++) {
        name.data = (u_char *) row->name;
        name.len = strlen(row->name);
        value = credhub_null_str;

        if ((row->flags & now) && credhub_object_given(body, row->name, &value))
        {
            (*given)++;
        }

        error = credhub_object_value(arena, row, current, &value);

        if (error != CREDHUB_OK) {
            *detail = name;
            return error;
        }

        if (row != table) {
            credhub_buf_lit(&buf, ",");
        }

        credhub_object_add(&buf, name, value);
    }

    credhub_buf_lit(&buf, "}");

    *attributes = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


/* What becomes of an attribute: what was given (`value`, empty when nothing
 * was), else what stands, else the preset. */

static credhub_error_e
credhub_object_value(credhub_arena_t *arena, const credhub_attribute_t *row,
    credhub_str_t current, credhub_str_t *value)
{
    credhub_error_e        error;
    credhub_object_given_t given;

    if (value->len != 0) {
        given.arena = arena;
        given.row = row;
        given.value = *value;
        given.kept = credhub_null_str;

        error = credhub_object_keep(&given);
        if (error != CREDHUB_OK) {
            return error;
        }

        *value = given.kept;

        if (value->len == 0 && (row->flags & CREDHUB_ATTRIBUTE_REQUIRED)) {
            return CREDHUB_E_FIELD_REQUIRED;
        }

    } else {
        (void) credhub_object_given(current, row->name, value);
    }

    if (value->len == 0 && row->preset != NULL) {
        value->data = (u_char *) row->preset;
        value->len = strlen(row->preset);
    }

    if (value->len == 0) {
        *value = CREDHUB_OBJECT_NULL;

        if (current.len == 0 && (row->flags & CREDHUB_ATTRIBUTE_REQUIRED)) {
            return CREDHUB_E_FIELD_REQUIRED;
        }
    }

    return CREDHUB_OK;
}


/* A member that is there and not null; `value` is left empty without one. */

static int
credhub_object_given(
    credhub_str_t object, const char *name, credhub_str_t *value)
{
    if (!credhub_json_get(object, name, value)
        || credhub_json_kind(*value) == CREDHUB_JSON_NULL)
    {
        *value = credhub_null_str;
        return 0;
    }

    return 1;
}


/* given->kept stays empty when that is to be null. */

static credhub_error_e
credhub_object_keep(credhub_object_given_t *given)
{
    static credhub_error_e (*const keep[])(credhub_object_given_t *) = {
        [CREDHUB_ATTRIBUTE_STRING] = credhub_object_keep_string,
        [CREDHUB_ATTRIBUTE_BOOL] = credhub_object_keep_bool,
        [CREDHUB_ATTRIBUTE_INT] = credhub_object_keep_int,
        [CREDHUB_ATTRIBUTE_OBJECT] = credhub_object_keep_object,
    };

    return keep[given->row->type](given);
}


static credhub_error_e
credhub_object_keep_string(credhub_object_given_t *given)
{
    credhub_str_t plain;

    switch (credhub_json_kind(given->value)) {
    case CREDHUB_JSON_STRING:
        break;

    case CREDHUB_JSON_NUMBER:
    case CREDHUB_JSON_TRUE:
    case CREDHUB_JSON_FALSE:
        if (given->value.len > CREDHUB_ATTRIBUTE_MAX
            || !credhub_object_one_of(given->row, given->value))
        {
            return CREDHUB_E_FIELD_INVALID;
        }

        return credhub_object_quoted(given, given->value);

    default:
        return CREDHUB_E_FIELD_INVALID;
    }

    if (credhub_json_decoded_size(given->value) > CREDHUB_ATTRIBUTE_MAX) {
        return CREDHUB_E_FIELD_INVALID;
    }

    plain = credhub_json_decode(given->arena, given->value);
    if (plain.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (plain.len == 0) {
        return CREDHUB_OK;
    }

    given->kept = given->value;

    return credhub_object_one_of(given->row, plain) ? CREDHUB_OK
                                                    : CREDHUB_E_FIELD_INVALID;
}


static credhub_error_e
credhub_object_keep_bool(credhub_object_given_t *given)
{
    if (credhub_json_kind(given->value) == CREDHUB_JSON_TRUE
        || credhub_json_string_is(given->value, "true"))
    {
        given->kept = credhub_str("true");
        return CREDHUB_OK;
    }

    if (credhub_json_kind(given->value) == CREDHUB_JSON_FALSE
        || credhub_json_string_is(given->value, "false"))
    {
        given->kept = credhub_str("false");
        return CREDHUB_OK;
    }

    return CREDHUB_E_FIELD_INVALID;
}


static credhub_error_e
credhub_object_keep_int(credhub_object_given_t *given)
{
    int64_t       number;
    credhub_buf_t buf;
    credhub_str_t plain;

    plain = given->value;

    if (credhub_json_kind(plain) == CREDHUB_JSON_STRING) {
        if (credhub_json_decoded_size(plain) > CREDHUB_ATTRIBUTE_MAX) {
            return CREDHUB_E_FIELD_INVALID;
        }

        plain = credhub_json_decode(given->arena, plain);
        if (plain.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    if (credhub_int64(plain, &number) != 0) {
        return CREDHUB_E_FIELD_INVALID;
    }

    credhub_buf_init(&buf, given->arena, 0);
    credhub_buf_printf(&buf, "%" PRId64, number);

    if (buf.failed) {
        return CREDHUB_E_INTERNAL;
    }

    given->kept = credhub_buf_str(&buf);

    return credhub_object_one_of(given->row, given->kept)
               ? CREDHUB_OK
               : CREDHUB_E_FIELD_INVALID;
}


static credhub_error_e
credhub_object_keep_object(credhub_object_given_t *given)
{
    if (credhub_json_kind(given->value) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_FIELD_INVALID;
    }

    if (given->value.len > CREDHUB_OBJECT_MAX) {
        return CREDHUB_E_FIELD_INVALID;
    }

    given->kept = credhub_json_compact(given->arena, given->value);

    return (given->kept.data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static credhub_error_e
credhub_object_quoted(credhub_object_given_t *given, credhub_str_t plain)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, given->arena, plain.len + 2);
    credhub_json_add_string(&buf, plain);

    given->kept = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static int
credhub_object_one_of(const credhub_attribute_t *row, credhub_str_t plain)
{
    size_t i;

    if (row->values == NULL) {
        return 1;
    }

    for (i = 0; row->values[i] != NULL; i++) {
        if (strlen(row->values[i]) == plain.len
            && memcmp(row->values[i], plain.data, plain.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
credhub_object_add(credhub_buf_t *buf, credhub_str_t name, credhub_str_t value)
{
    credhub_buf_lit(buf, "\"");
    credhub_buf_add_str(buf, name);
    credhub_buf_lit(buf, "\":");
    credhub_buf_add_str(buf, value);
}


/* The members stand in the order of the table, so each is found at once; only
 * after the table has changed is there anything to look for. */

void
credhub_object_show(credhub_buf_t *buf, const credhub_attribute_t *table,
    credhub_str_t attributes, int listed)
{
    int                        first;
    credhub_str_t              key, name, value;
    credhub_json_iter_t        iter;
    const credhub_attribute_t *row;

    first = 1;

    credhub_json_iter(&iter, attributes);

    for (row = table; row->name != NULL; row++) {
        if ((!credhub_json_member(&iter, &key, &value)
                || !credhub_json_string_is(key, row->name))
            && !credhub_json_get(attributes, row->name, &value))
        {
            value = CREDHUB_OBJECT_NULL;
        }

        if ((row->flags & CREDHUB_ATTRIBUTE_HIDDEN)
            || (listed && (row->flags & CREDHUB_ATTRIBUTE_LISTED) == 0)
            || ((row->flags & CREDHUB_ATTRIBUTE_OPTIONAL)
                && credhub_json_kind(value) == CREDHUB_JSON_NULL))
        {
            continue;
        }

        if (!first) {
            credhub_buf_lit(buf, ",");
        }

        first = 0;

        name.data = (u_char *) row->name;
        name.len = strlen(row->name);

        credhub_object_add(buf, name, value);
    }
}


credhub_str_t
credhub_object_set(credhub_arena_t *arena, credhub_str_t attributes,
    const char *name, credhub_str_t value)
{
    int                 found;
    credhub_buf_t       buf;
    credhub_str_t       key, old, added;
    credhub_json_iter_t iter;

    found = 0;

    credhub_buf_init(
        &buf, arena, attributes.len + strlen(name) + value.len + 4);
    credhub_buf_lit(&buf, "{");

    credhub_json_iter(&iter, attributes);

    while (credhub_json_member(&iter, &key, &old)) {
        if (credhub_json_string_is(key, name)) {
            found = 1;
            old = value;
        }

        if (buf.len > 1) {
            credhub_buf_lit(&buf, ",");
        }

        credhub_buf_add_str(&buf, key);
        credhub_buf_lit(&buf, ":");
        credhub_buf_add_str(&buf, old);
    }

    if (!found) {
        if (buf.len > 1) {
            credhub_buf_lit(&buf, ",");
        }

        added.data = (u_char *) name;
        added.len = strlen(name);

        credhub_object_add(&buf, added, value);
    }

    credhub_buf_lit(&buf, "}");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


credhub_str_t
credhub_object_set_string(credhub_arena_t *arena, credhub_str_t attributes,
    const char *name, credhub_str_t plain)
{
    credhub_buf_t buf;

    if (plain.len == 0) {
        return credhub_object_set(arena, attributes, name, CREDHUB_OBJECT_NULL);
    }

    credhub_buf_init(&buf, arena, plain.len + 2);
    credhub_json_add_string(&buf, plain);

    if (buf.failed) {
        return credhub_null_str;
    }

    return credhub_object_set(arena, attributes, name, credhub_buf_str(&buf));
}


credhub_str_t
credhub_object_get(
    credhub_arena_t *arena, credhub_str_t attributes, const char *name)
{
    credhub_str_t value;

    if (!credhub_json_get(attributes, name, &value)
        || credhub_json_kind(value) != CREDHUB_JSON_STRING)
    {
        return credhub_str("");
    }

    return credhub_json_decode(arena, value);
}


int
credhub_object_flag(credhub_str_t attributes, const char *name)
{
    credhub_str_t value;

    return credhub_json_get(attributes, name, &value)
           && credhub_json_kind(value) == CREDHUB_JSON_TRUE;
}


/* A UUID without its hyphens. */

int
credhub_object_id(u_char out[CREDHUB_OBJECT_ID_LEN])
{
    u_char uuid[CREDHUB_UUID_LEN];
    size_t i;

    if (credhub_uuid(uuid) != 0) {
        return -1;
    }

    for (i = 0; i < CREDHUB_UUID_LEN; i++) {
        if (uuid[i] != '-') {
            *out++ = uuid[i];
        }
    }

    return 0;
}


int
credhub_object_id_valid(credhub_str_t id)
{
    u_char c;
    size_t i;

    if (id.len == 0 || id.len > CREDHUB_OBJECT_ID_MAX) {
        return 0;
    }

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if (!(c >= '0' && c <= '9')
            && !(credhub_lower(c) >= 'a' && credhub_lower(c) <= 'z') && c != '_'
            && c != '-')
        {
            return 0;
        }
    }

    return 1;
}
