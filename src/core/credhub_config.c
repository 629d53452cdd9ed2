
/*
 * Configs: merged, and shown without secrets. The source of a value is copied
 * as it stands, so numbers and escapes survive; only keys are decoded, to be
 * compared. Everything lives in the caller's arena. No state.
 */

#include "credhub_config.h"
#include "credhub_text.h"

#include <stdlib.h>
#include <string.h>


#define CREDHUB_CONFIG_MASK "******"

#define CREDHUB_PORT_MAX    65535


typedef struct {
    credhub_str_t source; /* of the key, with its quotes */
    credhub_str_t key;
    credhub_str_t value;
    unsigned      done:1;
} credhub_config_member_t;


typedef struct {
    credhub_config_member_t  *members; /* as they stand */
    credhub_config_member_t **sorted;  /* by key */
    size_t                    n;
} credhub_config_members_t;


typedef struct {
    credhub_buf_t  buf;
    credhub_port_e ports;
    int            masked;
} credhub_config_merger_t;


static credhub_error_e credhub_config_object(credhub_config_merger_t *merger,
    credhub_str_t current, credhub_str_t given, int secret, int top);
static credhub_error_e credhub_config_member(credhub_config_merger_t *merger,
    const credhub_config_member_t                                    *current,
    const credhub_config_member_t *given, int secret, int top);
static credhub_error_e credhub_config_value(credhub_config_merger_t *merger,
    credhub_str_t current, credhub_str_t given, int secret);
static credhub_error_e credhub_config_add_port(
    credhub_config_merger_t *merger, credhub_str_t value);
static unsigned        credhub_config_port_number(credhub_str_t plain);
static credhub_error_e credhub_config_no_mask(
    credhub_arena_t *arena, credhub_str_t value, int secret);
static credhub_error_e          credhub_config_members(credhub_arena_t *arena,
             credhub_str_t object, credhub_config_members_t *list);
static credhub_config_member_t *credhub_config_find(
    const credhub_config_members_t *list, const credhub_config_member_t *like);
static int           credhub_config_order(const void *one, const void *two);
static credhub_str_t credhub_config_key(
    credhub_arena_t *arena, credhub_str_t source);
static void credhub_config_add_key(credhub_buf_t *buf, credhub_str_t source);
static void credhub_config_show_array(credhub_buf_t *buf, credhub_str_t array);
static void credhub_config_show_value(credhub_buf_t *buf, credhub_str_t value);


static const credhub_str_t credhub_config_secrets[] = {
    credhub_string("password"),
    credhub_string("passphrase"),
    credhub_string("token"),
    credhub_string("api_key"),
    credhub_string("private_key"),
    credhub_string("client_private_key"),
    credhub_string("secret"),
    credhub_string("secret_id"),
    credhub_string("secret_access_key"),
    credhub_string("client_secret"),
    { 0, NULL },
};

static const credhub_str_t credhub_config_endings[] = {
    credhub_string("_secret"),
    credhub_string("_password"),
    credhub_string("_token"),
    { 0, NULL },
};


credhub_error_e
credhub_config_merge(credhub_arena_t *arena, credhub_str_t current,
    credhub_str_t given, credhub_port_e ports, int masked,
    credhub_str_t *config)
{
    credhub_error_e         error;
    credhub_config_merger_t merger;

    if (credhub_json_kind(given) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_CONFIG;
    }

    given = credhub_json_compact(arena, given);
    if (given.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (given.len > CREDHUB_CONFIG_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    merger.ports = ports;
    merger.masked = masked;

    credhub_buf_init(&merger.buf, arena, current.len + given.len);

    error = credhub_config_object(&merger, current, given, 0, 1);
    if (error != CREDHUB_OK) {
        return error;
    }

    if (merger.buf.failed) {
        return CREDHUB_E_INTERNAL;
    }

    *config = credhub_buf_str(&merger.buf);

    return (config->len <= CREDHUB_CONFIG_MAX) ? CREDHUB_OK
                                               : CREDHUB_E_TOO_LARGE;
}


/* `secret`: it is inside of one. `top`: it is the config itself. */

static credhub_error_e
credhub_config_object(credhub_config_merger_t *merger, credhub_str_t current,
    credhub_str_t given, int secret, int top)
{
    size_t                   i;
    credhub_error_e          error;
    credhub_config_member_t *member;
    credhub_config_members_t old, new;

    if (credhub_config_members(merger->buf.arena, current, &old) != CREDHUB_OK
        || credhub_config_members(merger->buf.arena, given, &new) != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_lit(&merger->buf, "{");

    for (i = 0; i < old.n; i++) {
        member = credhub_config_find(&new, &old.members[i]);

        if (member == NULL) {
            credhub_config_add_key(&merger->buf, old.members[i].source);
            credhub_buf_add_str(&merger->buf, old.members[i].value);
            continue;
        }

        member->done = 1;

        error =
            credhub_config_member(merger, &old.members[i], member, secret, top);
        if (error != CREDHUB_OK) {
            return error;
        }
    }

    for (i = 0; i < new.n; i++) {
        if (new.members[i].done) {
            continue;
        }

        error =
            credhub_config_member(merger, NULL, &new.members[i], secret, top);
        if (error != CREDHUB_OK) {
            return error;
        }
    }

    credhub_buf_lit(&merger->buf, "}");

    return CREDHUB_OK;
}


/* `current`: NULL when there is none. Its key stays as it was written first. */

static credhub_error_e
credhub_config_member(credhub_config_merger_t *merger,
    const credhub_config_member_t             *current,
    const credhub_config_member_t *given, int secret, int top)
{
    credhub_str_t value;

    value = (current != NULL) ? current->value : credhub_null_str;

    credhub_config_add_key(
        &merger->buf, current != NULL ? current->source : given->source);

    if (top && merger->ports != CREDHUB_PORT_AS_IS
        && (credhub_str_eq(given->key, credhub_str("port"))
            || credhub_str_eq(given->key, credhub_str("tunnel_port"))))
    {
        return credhub_config_add_port(merger, given->value);
    }

    return credhub_config_value(merger, value, given->value,
        secret || credhub_config_secret(given->key));
}


static credhub_error_e
credhub_config_value(credhub_config_merger_t *merger, credhub_str_t current,
    credhub_str_t given, int secret)
{
    credhub_error_e error;

    switch (credhub_json_kind(given)) {
    case CREDHUB_JSON_OBJECT:
        return credhub_config_object(merger, current, given, secret, 0);

    case CREDHUB_JSON_ARRAY:
        if (!merger->masked) {
            break;
        }

        error = credhub_config_no_mask(merger->buf.arena, given, secret);
        if (error != CREDHUB_OK) {
            return error;
        }

        break;

    case CREDHUB_JSON_STRING:
        if (!merger->masked || !secret
            || !credhub_json_string_is(given, CREDHUB_CONFIG_MASK))
        {
            break;
        }

        if (current.len == 0) {
            return CREDHUB_E_CONFIG;
        }

        given = current;
        break;

    default:
        break;
    }

    credhub_buf_add_str(&merger->buf, given);

    return CREDHUB_OK;
}


/* Nothing stands behind an element, so a mask there keeps nothing. */

static credhub_error_e
credhub_config_no_mask(credhub_arena_t *arena, credhub_str_t value, int secret)
{
    int                 object;
    credhub_str_t       source, key, member;
    credhub_error_e     error;
    credhub_json_iter_t iter;
    credhub_json_kind_e kind;

    kind = credhub_json_kind(value);

    if (kind == CREDHUB_JSON_STRING) {
        return (secret && credhub_json_string_is(value, CREDHUB_CONFIG_MASK))
                   ? CREDHUB_E_CONFIG
                   : CREDHUB_OK;
    }

    object = (kind == CREDHUB_JSON_OBJECT);
    key = credhub_null_str;

    credhub_json_iter(&iter, value);

    while (object ? credhub_json_member(&iter, &source, &member)
                  : credhub_json_element(&iter, &member))
    {
        if (object) {
            key = credhub_config_key(arena, source);
            if (key.data == NULL) {
                return CREDHUB_E_INTERNAL;
            }
        }

        error = credhub_config_no_mask(
            arena, member, secret || credhub_config_secret(key));
        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_config_add_port(credhub_config_merger_t *merger, credhub_str_t value)
{
    unsigned      port;
    credhub_str_t plain;

    plain = value;

    if (credhub_json_kind(value) == CREDHUB_JSON_STRING) {
        plain = credhub_json_decode(merger->buf.arena, value);
        if (plain.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    port = credhub_config_port_number(plain);
    if (port == 0) {
        return CREDHUB_E_CONFIG;
    }

    credhub_buf_printf(&merger->buf,
        merger->ports == CREDHUB_PORT_STRING ? "\"%u\"" : "%u", port);

    return CREDHUB_OK;
}


/* Decimal digits alone, 0 when it is none. */

static unsigned
credhub_config_port_number(credhub_str_t plain)
{
    int64_t number;

    if (plain.len == 0 || plain.data[0] < '1' || plain.data[0] > '9'
        || credhub_int64(plain, &number) != 0 || number > CREDHUB_PORT_MAX)
    {
        return 0;
    }

    return (unsigned) number;
}


/* The members of an object that are not null; none of anything else. */

static credhub_error_e
credhub_config_members(credhub_arena_t *arena, credhub_str_t object,
    credhub_config_members_t *list)
{
    size_t                   n;
    credhub_str_t            source, value;
    credhub_json_iter_t      iter;
    credhub_config_member_t *member;

    list->n = 0;

    if (credhub_json_kind(object) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_OK;
    }

    credhub_json_iter(&iter, object);

    for (n = 0; credhub_json_member(&iter, &source, &value); n++) {
        /* void */
    }

    list->members =
        credhub_arena_alloc(arena, n * sizeof(credhub_config_member_t));
    list->sorted =
        credhub_arena_alloc(arena, n * sizeof(credhub_config_member_t *));

    if (list->members == NULL || list->sorted == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, object);

    while (credhub_json_member(&iter, &source, &value)) {
        if (credhub_json_kind(value) == CREDHUB_JSON_NULL) {
            continue;
        }

        member = &list->members[list->n];

        member->source = source;
        member->value = value;
        member->key = credhub_config_key(arena, source);

        if (member->key.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        list->sorted[list->n++] = member;
    }

    qsort(list->sorted, list->n, sizeof(credhub_config_member_t *),
        credhub_config_order);

    return CREDHUB_OK;
}


static credhub_config_member_t *
credhub_config_find(
    const credhub_config_members_t *list, const credhub_config_member_t *like)
{
    credhub_config_member_t **found;

    if (list->n == 0) {
        return NULL;
    }

    found = bsearch(&like, list->sorted, list->n,
        sizeof(credhub_config_member_t *), credhub_config_order);

    return (found != NULL) ? *found : NULL;
}


static int
credhub_config_order(const void *one, const void *two)
{
    const credhub_config_member_t *a, *b;

    a = *(credhub_config_member_t *const *) one;
    b = *(credhub_config_member_t *const *) two;

    if (a->key.len != b->key.len) {
        return (a->key.len < b->key.len) ? -1 : 1;
    }

    return memcmp(a->key.data, b->key.data, a->key.len);
}


/* A key's bytes, in place unless it has escapes; .data == NULL when memory is
 * exhausted. */

static credhub_str_t
credhub_config_key(credhub_arena_t *arena, credhub_str_t source)
{
    if (memchr(source.data, '\\', source.len) != NULL) {
        return credhub_json_decode(arena, source);
    }

    source.data++;
    source.len -= 2;

    return source;
}


/* With the comma between it and what stands before it. */

static void
credhub_config_add_key(credhub_buf_t *buf, credhub_str_t source)
{
    if (buf->len != 0 && buf->data[buf->len - 1] != '{') {
        credhub_buf_lit(buf, ",");
    }

    credhub_buf_add_str(buf, source);
    credhub_buf_lit(buf, ":");
}


int
credhub_config_secret(credhub_str_t name)
{
    credhub_str_t        end;
    const credhub_str_t *p;

    for (p = credhub_config_secrets; p->data != NULL; p++) {
        if (credhub_str_caseeq(name, *p)) {
            return 1;
        }
    }

    for (p = credhub_config_endings; p->data != NULL; p++) {
        if (name.len < p->len) {
            continue;
        }

        end.data = name.data + name.len - p->len;
        end.len = p->len;

        if (credhub_str_caseeq(end, *p)) {
            return 1;
        }
    }

    return 0;
}


void
credhub_config_show(credhub_buf_t *buf, credhub_str_t config)
{
    credhub_str_t       source, key, value;
    credhub_json_iter_t iter;

    credhub_buf_lit(buf, "{");
    credhub_json_iter(&iter, config);

    while (credhub_json_member(&iter, &source, &value)) {
        key = credhub_config_key(buf->arena, source);
        if (key.data == NULL) {
            buf->failed = 1;
            return;
        }

        credhub_config_add_key(buf, source);

        if (!credhub_config_secret(key)
            || credhub_json_kind(value) == CREDHUB_JSON_NULL
            || credhub_json_string_is(value, ""))
        {
            credhub_config_show_value(buf, value);

        } else {
            credhub_buf_lit(buf, "\"" CREDHUB_CONFIG_MASK "\"");
        }
    }

    credhub_buf_lit(buf, "}");
}


static void
credhub_config_show_value(credhub_buf_t *buf, credhub_str_t value)
{
    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_OBJECT:
        credhub_config_show(buf, value);
        break;

    case CREDHUB_JSON_ARRAY:
        credhub_config_show_array(buf, value);
        break;

    default:
        credhub_buf_add_str(buf, value);
    }
}


static void
credhub_config_show_array(credhub_buf_t *buf, credhub_str_t array)
{
    size_t              begin;
    credhub_str_t       value;
    credhub_json_iter_t iter;

    credhub_buf_lit(buf, "[");
    credhub_json_iter(&iter, array);

    begin = buf->len;

    while (credhub_json_element(&iter, &value)) {
        if (buf->len != begin) {
            credhub_buf_lit(buf, ",");
        }

        credhub_config_show_value(buf, value);
    }

    credhub_buf_lit(buf, "]");
}


credhub_str_t
credhub_config_get(
    credhub_arena_t *arena, credhub_str_t config, const char *name)
{
    credhub_str_t value;

    if (credhub_json_get(config, name, &value)) {
        switch (credhub_json_kind(value)) {
        case CREDHUB_JSON_STRING:
            return credhub_json_decode(arena, value);

        case CREDHUB_JSON_NUMBER:
            return credhub_arena_copy(arena, value.data, value.len);

        default:
            break;
        }
    }

    return credhub_str("");
}


unsigned
credhub_config_port(
    credhub_arena_t *arena, credhub_str_t config, const char *name)
{
    return credhub_config_port_number(credhub_config_get(arena, config, name));
}
