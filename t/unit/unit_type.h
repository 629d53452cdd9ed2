
/* What tests of the types share: setting, generating and regenerating through
 * the table, in an arena of each test. */

#ifndef _CREDHUB_UNIT_TYPE_H_INCLUDED_
#define _CREDHUB_UNIT_TYPE_H_INCLUDED_


#include "unit.h"

#include "credhub_json.h"
#include "credhub_type.h"


#define SSH_BLOB                                                               \
    "AAAAC3NzaC1lZDI1NTE5AAAAIP+7q0OXpP5B39W6vO7Sc+IoNZPO8bN8bK7xiERx8zeu"


static atomic_int never;


static inline int
setup(void **state)
{
    *state = credhub_arena_create(4096);

    return *state == NULL;
}


static inline int
teardown(void **state)
{
    credhub_arena_destroy(*state);

    return 0;
}


static inline const credhub_type_t *
type_of(const char *name)
{
    const credhub_type_t *type;

    type = credhub_type(unit_str(name));
    assert_non_null(type);

    return type;
}


static inline credhub_str_t
checked(credhub_arena_t *arena, const char *json)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(arena, unit_str(json), &value), CREDHUB_OK);

    return value;
}


static inline credhub_error_e
set(credhub_arena_t *arena, const char *name, const char *json,
    credhub_content_t *content)
{
    credhub_str_t detail;

    memset(content, 0, sizeof(credhub_content_t));

    return type_of(name)->set(
        arena, checked(arena, json), NULL, content, &detail);
}


/* The value as answered; it must be JSON. */

static inline credhub_str_t
whole(credhub_arena_t *arena, const credhub_content_t *content)
{
    credhub_str_t value;
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 0);
    credhub_buf_add_str(&buf, content->head);
    credhub_buf_add_str(&buf, content->secret);
    credhub_buf_add_str(&buf, content->tail);

    assert_int_equal(
        credhub_json_check(arena, credhub_buf_str(&buf), &value), CREDHUB_OK);
    assert_true(credhub_str_eq(value, credhub_buf_str(&buf)));

    return value;
}


static inline void
assert_set(credhub_arena_t *arena, const char *name, const char *json,
    const char *head, const char *secret, const char *tail)
{
    credhub_content_t content;

    assert_int_equal(set(arena, name, json, &content), CREDHUB_OK);

    unit_assert_str(content.head, head);
    unit_assert_str(content.secret, secret);
    unit_assert_str(content.tail, tail);
    assert_int_equal(content.params.len, 0);

    (void) whole(arena, &content);
}


static inline void
assert_not_set(credhub_arena_t *arena, const char *name, const char *json,
    credhub_error_e rc)
{
    credhub_content_t content;

    assert_int_equal(set(arena, name, json, &content), rc);
}


static inline credhub_str_t
member(credhub_arena_t *arena, credhub_str_t object, const char *name)
{
    credhub_str_t value;

    assert_int_equal(credhub_json_get(object, name, &value), 1);

    if (credhub_json_kind(value) == CREDHUB_JSON_STRING) {
        value = credhub_json_decode(arena, value);
        assert_non_null(value.data);
    }

    return value;
}


/* Binds and checks what stands in "parameters" of a request. */

static inline credhub_error_e
parameters_of(credhub_arena_t *arena, const char *name, const char *json,
    credhub_parameters_t *parameters)
{
    credhub_str_t         detail;
    credhub_error_e       rc;
    const credhub_type_t *type;

    type = type_of(name);
    memset(parameters, 0, sizeof(credhub_parameters_t));

    rc = credhub_bind(
        arena, type->parameters, checked(arena, json), parameters, &detail);

    return (rc == CREDHUB_OK) ? type->check(parameters) : rc;
}


static inline void
generate(credhub_arena_t *arena, const char *name, const char *json,
    credhub_content_t *content)
{
    credhub_parameters_t parameters;

    assert_int_equal(parameters_of(arena, name, json, &parameters), CREDHUB_OK);

    memset(content, 0, sizeof(credhub_content_t));
    assert_int_equal(
        type_of(name)->generate(arena, &parameters, &never, content),
        CREDHUB_OK);

    (void) whole(arena, content);
}


static inline int
differs(credhub_arena_t *arena, const char *name, const char *json,
    const credhub_content_t *existing)
{
    credhub_parameters_t parameters;

    assert_int_equal(parameters_of(arena, name, json, &parameters), CREDHUB_OK);

    return type_of(name)->differs(arena, &parameters, existing);
}


static inline credhub_error_e
regenerate(credhub_arena_t *arena, const char *name,
    const credhub_content_t *existing, credhub_content_t *content)
{
    credhub_error_e       rc;
    credhub_parameters_t  parameters;
    const credhub_type_t *type;

    type = type_of(name);

    memset(&parameters, 0x55, sizeof(parameters));

    rc = type->regenerate(arena, existing, &parameters);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    assert_int_equal(type->check(&parameters), CREDHUB_OK);

    memset(content, 0, sizeof(credhub_content_t));

    return type->generate(arena, &parameters, &never, content);
}


static inline int
setup_bind(void **state)
{
    credhub_bind_init();

    return 0;
}


#define type_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


#endif /* _CREDHUB_UNIT_TYPE_H_INCLUDED_ */
