
/* Attributes: what is taken, kept, and shown. */

#include "unit.h"
#include "credhub_object.h"


#define CREATE CREDHUB_ATTRIBUTE_CREATE
#define PATCH  CREDHUB_ATTRIBUTE_PATCH


static const char *const colors[] = { "red", "blue", "1", NULL };
static const char *const sizes[] = { "-1", "5", "360", NULL };


static const credhub_attribute_t table[] = {
    { "name", CREDHUB_ATTRIBUTE_STRING,
        CREATE | CREDHUB_ATTRIBUTE_REQUIRED | CREDHUB_ATTRIBUTE_LISTED, NULL,
        NULL },
    { "color", CREDHUB_ATTRIBUTE_STRING,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_LISTED, "\"red\"", colors },
    { "note", CREDHUB_ATTRIBUTE_STRING,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_OPTIONAL, NULL, NULL },
    { "size", CREDHUB_ATTRIBUTE_INT, CREATE | PATCH, "360", sizes },
    { "count", CREDHUB_ATTRIBUTE_INT, CREATE | PATCH, NULL, NULL },
    { "paused", CREDHUB_ATTRIBUTE_BOOL,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_LISTED, "false", NULL },
    { "extra", CREDHUB_ATTRIBUTE_OBJECT,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_OPTIONAL | CREDHUB_ATTRIBUTE_LISTED,
        NULL, NULL },
    { "inner", CREDHUB_ATTRIBUTE_STRING, CREDHUB_ATTRIBUTE_HIDDEN, "\"x\"",
        NULL },
    credhub_attributes_end
};

static const credhub_attribute_t required[] = {
    { "a", CREDHUB_ATTRIBUTE_STRING,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_REQUIRED, NULL, NULL },
    { "b", CREDHUB_ATTRIBUTE_STRING,
        CREATE | PATCH | CREDHUB_ATTRIBUTE_REQUIRED, "\"preset\"", NULL },
    { "c", CREDHUB_ATTRIBUTE_INT, CREATE | PATCH | CREDHUB_ATTRIBUTE_REQUIRED,
        NULL, NULL },
    credhub_attributes_end
};


#define FRESH                                                                  \
    "{\"name\":\"n\",\"color\":\"red\",\"note\":null,\"size\":360,"            \
    "\"count\":null,\"paused\":false,\"extra\":null,\"inner\":\"x\"}"


typedef struct {
    credhub_str_t attributes;
    credhub_str_t detail;
    size_t        given;
} bound_t;


static credhub_error_e
bind_to(const credhub_attribute_t *rows, const char *current,
    credhub_str_t text, bound_t *bound)
{
    credhub_str_t   body, exact;
    credhub_error_e error;

    assert_int_equal(credhub_json_check(unit_arena, text, &body), CREDHUB_OK);

    exact = unit_exact((char *) body.data, body.len);
    bound->attributes = credhub_null_str;

    error = credhub_object_bind(unit_arena, rows, unit_str(current), exact,
        &bound->attributes, &bound->given, &bound->detail);

    if (error == CREDHUB_OK) {
        assert_int_equal(
            credhub_json_check(unit_arena, bound->attributes, &body),
            CREDHUB_OK);
    }

    free(exact.data);

    return error;
}


static void
assert_bound(
    const char *current, const char *body, const char *attributes, size_t given)
{
    bound_t bound;

    assert_int_equal(
        bind_to(table, current, unit_str(body), &bound), CREDHUB_OK);
    unit_assert_str(bound.attributes, attributes);
    assert_int_equal(bound.given, given);
}


static void
assert_refused(const char *current, const char *body, credhub_error_e error,
    const char *name)
{
    bound_t bound;

    if (bind_to(table, current, unit_str(body), &bound) != error) {
        fail_msg("not refused so: %s", body);
    }

    unit_assert_str(bound.detail, name);
}


static void
test_created(void **state)
{
    assert_bound("", "{\"name\":\"n\"}", FRESH, 1);

    assert_bound("",
        " { \"paused\" : true , \"name\" : \"\\u006e\\n\",\n"
        "\"extra\":{ \"a\" : [ 1.50 , \"\\u00e4 \" ] },"
        "\"size\":5,\"count\":-7,\"note\":\"\xc3\xa4\\/\","
        "\"color\":\"bl\\u0075e\",\"other\":1,\"inner\":\"y\"}",
        "{\"name\":\"\\u006e\\n\",\"color\":\"bl\\u0075e\","
        "\"note\":\"\xc3\xa4\\/\",\"size\":5,\"count\":-7,\"paused\":true,"
        "\"extra\":{\"a\":[1.50,\"\\u00e4 \"]},\"inner\":\"x\"}",
        7);

    /* null, and "" of a string, are as good as absent */

    assert_bound("",
        "{\"name\":\"n\",\"color\":null,\"size\":null,"
        "\"paused\":null,\"extra\":null,\"note\":null}",
        FRESH, 1);
    assert_bound("", "{\"name\":\"n\",\"color\":\"\",\"note\":\"\"}", FRESH, 3);

    /* a name with escapes is the same name */

    assert_bound("", "{\"n\\u0061me\":\"n\"}", FRESH, 1);
    assert_bound(
        "", "{\"Name\":\"m\",\"name\":\"n\",\"name \":\"o\"}", FRESH, 1);
}


static void
test_changed(void **state)
{
    assert_bound(FRESH, "{}", FRESH, 0);
    assert_bound(FRESH, "{\"name\":\"other\",\"inner\":\"y\"}", FRESH, 0);
    assert_bound(FRESH, "{\"note\":null,\"size\":null}", FRESH, 0);

    assert_bound(FRESH, "{\"note\":\"a\",\"size\":\"5\",\"extra\":{}}",
        "{\"name\":\"n\",\"color\":\"red\",\"note\":\"a\",\"size\":5,"
        "\"count\":null,\"paused\":false,\"extra\":{},\"inner\":\"x\"}",
        3);

    /* what stands is not the preset; "" takes it back to that */

    assert_bound("{\"name\":\"n\",\"color\":\"blue\",\"note\":\"a\"}",
        "{\"count\":1}",
        "{\"name\":\"n\",\"color\":\"blue\",\"note\":\"a\",\"size\":360,"
        "\"count\":1,\"paused\":false,\"extra\":null,\"inner\":\"x\"}",
        1);
    assert_bound("{\"name\":\"n\",\"color\":\"blue\",\"note\":\"a\"}",
        "{\"color\":\"\",\"note\":\"\"}", FRESH, 2);

    /* columns of the past are dropped, and one that is new may be missing */

    assert_bound("{\"old\":1,\"name\":\"n\"}", "{}", FRESH, 0);
    assert_bound("{\"old\":1}", "{}",
        "{\"name\":null,\"color\":\"red\",\"note\":null,\"size\":360,"
        "\"count\":null,\"paused\":false,\"extra\":null,\"inner\":\"x\"}",
        0);
}


static void
test_converted(void **state)
{
    size_t  i;
    bound_t bound;

    static const struct {
        const char *name;
        const char *value;
        const char *kept; /* NULL: refused */
    } values[] = {
        { "note", "1.50", "\"1.50\"" },
        { "note", "-1e400", "\"-1e400\"" },
        { "note", "true", "\"true\"" },
        { "note", "false", "\"false\"" },
        { "note", "[]", NULL },
        { "note", "[\"a\"]", NULL },
        { "note", "{}", NULL },
        { "color", "1", "\"1\"" },
        { "color", "1.0", NULL },
        { "color", "\"Red\"", NULL },
        { "color", "\"red \"", NULL },
        { "color", "\"re\"", NULL },
        { "color", "true", NULL },
        { "paused", "\"true\"", "true" },
        { "paused", "\"tru\\u0065\"", "true" },
        { "paused", "\"false\"", "false" },
        { "paused", "\"True\"", NULL },
        { "paused", "\"\"", NULL },
        { "paused", "\"1\"", NULL },
        { "paused", "1", NULL },
        { "paused", "0", NULL },
        { "paused", "[true]", NULL },
        { "paused", "{}", NULL },
        { "size", "\"360\"", "360" },
        { "size", "\"\\u0035\"", "5" },
        { "size", "-1", "-1" },
        { "size", "\"005\"", "5" },
        { "size", "6", NULL },
        { "count", "0", "0" },
        { "count", "-0", "0" },
        { "count", "9223372036854775807", "9223372036854775807" },
        { "count", "-9223372036854775808", "-9223372036854775808" },
        { "count", "9223372036854775808", NULL },
        { "count", "\"99999999999999999999\"", NULL },
        { "count", "1.0", NULL },
        { "count", "1e3", NULL },
        { "count", "\"\"", NULL },
        { "count", "\" 1\"", NULL },
        { "count", "\"1x\"", NULL },
        { "count", "\"0x1\"", NULL },
        { "count", "true", NULL },
        { "count", "[1]", NULL },
        { "count", "{}", NULL },
        { "extra", "\"{}\"", NULL },
        { "extra", "[]", NULL },
        { "extra", "1", NULL },
        { "extra", "true", NULL },
        { "extra", "\"\"", NULL },
        { "extra", "{ }", "{}" },
    };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        credhub_buf_t body;
        credhub_str_t kept;

        credhub_buf_init(&body, unit_arena, 0);
        credhub_buf_printf(&body, "{\"name\":\"n\",\"%s\":%s}", values[i].name,
            values[i].value);

        if (values[i].kept == NULL) {
            if (bind_to(table, "", credhub_buf_str(&body), &bound)
                != CREDHUB_E_FIELD_INVALID)
            {
                fail_msg("taken: %s: %s", values[i].name, values[i].value);
            }

            unit_assert_str(bound.detail, values[i].name);
            continue;
        }

        assert_int_equal(
            bind_to(table, "", credhub_buf_str(&body), &bound), CREDHUB_OK);
        assert_true(credhub_json_get(bound.attributes, values[i].name, &kept));
        unit_assert_str(kept, values[i].kept);
    }
}


static void
test_required(void **state)
{
    size_t  i;
    bound_t bound;

    static const struct {
        const char *current;
        const char *body;
        const char *missing; /* NULL: none */
    } bodies[] = {
        { "", "{}", "a" },
        { "", "{\"a\":null}", "a" },
        { "", "{\"a\":\"\"}", "a" },
        { "", "{\"a\":\"x\"}", "c" },
        { "", "{\"a\":\"x\",\"c\":null}", "c" },
        { "", "{\"a\":\"x\",\"c\":1}", NULL },
        { "", "{\"a\":\"x\",\"b\":\"\",\"c\":1}", "b" },
        { "{\"a\":\"x\",\"b\":\"y\",\"c\":1}", "{}", NULL },
        { "{\"a\":\"x\",\"b\":\"y\",\"c\":1}", "{\"a\":null}", NULL },
        { "{\"a\":\"x\",\"b\":\"y\",\"c\":1}", "{\"a\":\"\"}", "a" },
        { "{\"a\":\"x\",\"b\":\"y\",\"c\":1}", "{\"b\":\"\"}", "b" },
        { "{\"b\":\"y\"}", "{}", NULL },
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        credhub_error_e error;

        error = bind_to(
            required, bodies[i].current, unit_str(bodies[i].body), &bound);

        if (bodies[i].missing == NULL) {
            assert_int_equal(error, CREDHUB_OK);
            continue;
        }

        assert_int_equal(error, CREDHUB_E_FIELD_REQUIRED);
        unit_assert_str(bound.detail, bodies[i].missing);
    }
}


static void
test_no_object(void **state)
{
    size_t i;

    static const char *bodies[] = { "null", "1", "\"{}\"", "[]", "true",
        "[{\"name\":\"n\"}]" };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_refused("", bodies[i], CREDHUB_E_INPUT, "");
        assert_refused(FRESH, bodies[i], CREDHUB_E_INPUT, "");
    }
}


/* {"name":"n","NAME":BEGIN...END} with so many bytes of FILL between. */

static credhub_str_t
filled(const char *name, const char *begin, const char *fill, size_t n,
    const char *end)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_printf(&buf, "{\"name\":\"n\",\"%s\":%s", name, begin);

    while (n-- != 0) {
        credhub_buf_add(&buf, fill, strlen(fill));
    }

    credhub_buf_add(&buf, end, strlen(end));
    credhub_buf_lit(&buf, "}");

    return credhub_buf_str(&buf);
}


static void
test_limits(void **state)
{
    size_t  i;
    bound_t bound;

    static const struct {
        const char *name;
        const char *begin;
        const char *fill;
        size_t      most;
        const char *end;
    } limits[] = {
        { "note", "\"", "x", CREDHUB_ATTRIBUTE_MAX, "\"" },
        { "note", "\"", "\\u0078", CREDHUB_ATTRIBUTE_MAX, "\"" },
        { "note", "\"", "\xc3\xa4", CREDHUB_ATTRIBUTE_MAX / 2, "\"" },
        { "note", "", "1", CREDHUB_ATTRIBUTE_MAX, "" },
        { "extra", "{\"a\":\"", "x", CREDHUB_OBJECT_MAX - 8, "\"}" },
    };

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        assert_int_equal(bind_to(table, "",
                             filled(limits[i].name, limits[i].begin,
                                 limits[i].fill, limits[i].most, limits[i].end),
                             &bound),
            CREDHUB_OK);

        assert_int_equal(
            bind_to(table, "",
                filled(limits[i].name, limits[i].begin, limits[i].fill,
                    limits[i].most + 1, limits[i].end),
                &bound),
            CREDHUB_E_FIELD_INVALID);
        unit_assert_str(bound.detail, limits[i].name);
    }
}


static credhub_str_t
shown(const char *attributes, int listed)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_object_show(&buf, table, unit_str(attributes), listed);
    assert_int_equal(buf.failed, 0);

    return credhub_buf_str(&buf);
}


static void
test_shown(void **state)
{
    unit_assert_str(shown(FRESH, 0),
        "\"name\":\"n\",\"color\":\"red\",\"size\":360,\"count\":null,"
        "\"paused\":false");
    unit_assert_str(
        shown(FRESH, 1), "\"name\":\"n\",\"color\":\"red\",\"paused\":false");

    /* in any order, with more and with less */

    unit_assert_str(
        shown("{\"zz\":[{}],\"extra\":{\"a\":1},\"note\":\"a\",\"color\":2,"
              "\"inner\":\"x\"}",
            0),
        "\"name\":null,\"color\":2,\"note\":\"a\",\"size\":null,"
        "\"count\":null,\"paused\":null,\"extra\":{\"a\":1}");
    unit_assert_str(shown("{\"paused\":true}", 1),
        "\"name\":null,\"color\":null,\"paused\":true");
    unit_assert_str(
        shown("{}", 1), "\"name\":null,\"color\":null,\"paused\":null");
}


static void
test_set(void **state)
{
    size_t i;

    static const struct {
        const char *attributes;
        const char *name;
        const char *value;
        const char *result;
    } sets[] = {
        { "{}", "a", "1", "{\"a\":1}" },
        { "{\"a\":1}", "a", "{}", "{\"a\":{}}" },
        { "{\"a\":1}", "b", "2", "{\"a\":1,\"b\":2}" },
        { "{\"a\":1,\"b\":\"{\",\"c\":[3]}", "b", "null",
            "{\"a\":1,\"b\":null,\"c\":[3]}" },
        { "{\"a\":{\"b\":1}}", "b", "2", "{\"a\":{\"b\":1},\"b\":2}" },
    };

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        unit_assert_str(
            credhub_object_set(unit_arena, unit_str(sets[i].attributes),
                sets[i].name, unit_str(sets[i].value)),
            sets[i].result);
    }

    unit_assert_str(credhub_object_set_string(unit_arena, unit_str("{\"a\":1}"),
                        "a", unit_str("\"\n\xff")),
        "{\"a\":\"\\\"\\n\xef\xbf\xbd\"}");
    unit_assert_str(credhub_object_set_string(
                        unit_arena, unit_str("{\"a\":1}"), "a", unit_str("")),
        "{\"a\":null}");
}


static void
test_get(void **state)
{
    size_t        i;
    credhub_str_t got;

    static const char attributes[] =
        "{\"a\":\"x\\u0079\",\"n\":null,\"e\":\"\",\"i\":7,\"t\":true,"
        "\"f\":false,\"s\":\"true\",\"o\":{\"in\":\"z\"}}";
    static const char *empty[] = { "n", "e", "i", "t", "o", "in", "none" };
    static const char *unset[] = { "f", "s", "n", "i", "none" };

    unit_assert_str(
        credhub_object_get(unit_arena, unit_str(attributes), "a"), "xy");

    for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        got = credhub_object_get(unit_arena, unit_str(attributes), empty[i]);
        assert_non_null(got.data);
        assert_int_equal(got.len, 0);
    }

    assert_true(credhub_object_flag(unit_str(attributes), "t"));

    for (i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
        assert_false(credhub_object_flag(unit_str(attributes), unset[i]));
    }
}


static void
test_ids(void **state)
{
    size_t        i;
    u_char        one[CREDHUB_OBJECT_ID_LEN + 1], two[CREDHUB_OBJECT_ID_LEN];
    credhub_str_t id;

    static const char *good[] = { "a", "lucky_tiger", "A-Z_09",
        "1234567890123456789012345678901234567890123456789012345678901234" };
    static const char *bad[] = { "", "a b", "a/b", "a.b", "a'", "a%", "..",
        "\xc3\xa4", "a\n", "a:b",
        "12345678901234567890123456789012345678901234567890123456789012345" };

    one[CREDHUB_OBJECT_ID_LEN] = '\0';

    assert_int_equal(credhub_object_id(one), 0);
    assert_int_equal(credhub_object_id(two), 0);
    assert_int_equal(one[CREDHUB_OBJECT_ID_LEN], '\0');
    assert_int_equal(
        strspn((char *) one, "0123456789abcdef"), CREDHUB_OBJECT_ID_LEN);
    assert_memory_not_equal(one, two, CREDHUB_OBJECT_ID_LEN);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(credhub_object_id_valid(unit_str(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        id = unit_exact(bad[i], strlen(bad[i]));
        assert_false(credhub_object_id_valid(id));
        free(id.data);
    }

    assert_false(
        credhub_object_id_valid((credhub_str_t){ 3, (u_char *) "a\0b" }));
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    size_t           given;
    credhub_str_t    body, attributes, detail;
    credhub_error_e  error;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    body = filled("note", "\"", "xyz", CREDHUB_ATTRIBUTE_MAX / 3, "\"");
    error = CREDHUB_E_INTERNAL;

    for (round = 0; error != CREDHUB_OK; round++) {
        assert_int_equal(error, CREDHUB_E_INTERNAL);

        small = credhub_arena_create(0);

        unit_malloc_left = round;
        error = credhub_object_bind(
            small, table, credhub_null_str, body, &attributes, &given, &detail);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_converted),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
