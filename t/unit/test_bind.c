
/*
 * Binding: every kind with every JSON value, unknown keys, nulls, and that
 * what jansson held is wiped.
 */

#include "unit.h"
#include "credhub_bind.h"

#include <stdio.h>


#define MARK "0123456789mark"


typedef struct {
    credhub_str_t  string;
    credhub_str_t  string_or_null;
    credhub_str_t  raw;
    credhub_flag_t flag;
    credhub_flag_t flag_or_null;
    credhub_int_t  number;
    credhub_int_t  number_or_null;
    char           guard[8];
} target_t;

static const credhub_bind_t fields[] = { { "string", CREDHUB_BIND_STRING,
                                             offsetof(target_t, string), 0 },
    { "string_or_null", CREDHUB_BIND_STRING, offsetof(target_t, string_or_null),
        1 },
    { "raw", CREDHUB_BIND_RAW, offsetof(target_t, raw), 0 },
    { "flag", CREDHUB_BIND_BOOL, offsetof(target_t, flag), 0 },
    { "flag_or_null", CREDHUB_BIND_BOOL, offsetof(target_t, flag_or_null), 1 },
    { "number", CREDHUB_BIND_INT, offsetof(target_t, number), 0 },
    { "number_or_null", CREDHUB_BIND_INT, offsetof(target_t, number_or_null),
        1 },
    { "ignored", CREDHUB_BIND_IGNORE, offsetof(target_t, guard), 0 },
    credhub_bind_end };


static credhub_str_t detail;
static target_t      target;


/* Checks and binds; the text lives as long as the arena. */

static credhub_error_e
bound(const char *text)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(unit_arena,
            credhub_arena_copy(unit_arena, text, strlen(text)), &value),
        CREDHUB_OK);

    memset(&target, 0, sizeof(target));
    detail = credhub_null_str;

    return credhub_bind(unit_arena, fields, value, &target, &detail);
}


static void
test_no_object(void **state)
{
    assert_int_equal(bound("null"), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(bound("[]"), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(bound("\"string\""), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(bound("1"), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(
        credhub_bind(unit_arena, fields, credhub_null_str, &target, &detail),
        CREDHUB_E_BAD_REQUEST);
}


static void
test_absent(void **state)
{
    static const target_t zero;

    assert_int_equal(bound("{}"), CREDHUB_OK);
    assert_memory_equal(&target, &zero, sizeof(target));
}


static void
test_together(void **state)
{
    assert_int_equal(bound("{ \"ignored\" : [ {} ], \"str\\u0069ng\":\"a\\u00e4"
                           "\\n\\\"\", \"raw\" : { \"x\" : 1.50 } , \"flag\":"
                           "true, \"number\" : -12 }"),
        CREDHUB_OK);

    unit_assert_str(target.string, "a\xc3\xa4\n\"");
    assert_int_equal(target.string.data[target.string.len], 0);
    unit_assert_str(target.raw, "{ \"x\" : 1.50 }");
    assert_int_equal(target.flag.set, 1);
    assert_int_equal(target.flag.value, 1);
    assert_int_equal(target.number.set, 1);
    assert_true(target.number.value == -12);
    assert_int_equal(target.flag_or_null.set, 0);
    assert_int_equal(target.number_or_null.set, 0);
    assert_memory_equal(target.guard, "\0\0\0\0\0\0\0\0", 8);
}


static void
test_unknown_key(void **state)
{
    assert_int_equal(
        bound("{\"string\":\"a\",\"b\\u00e4\\n\":1}"), CREDHUB_E_UNKNOWN_KEY);
    unit_assert_str(detail, "b\xc3\xa4\n");

    assert_int_equal(bound("{\"\":1}"), CREDHUB_E_UNKNOWN_KEY);
    unit_assert_str(detail, "");

    assert_int_equal(bound("{\"String\":\"a\"}"), CREDHUB_E_UNKNOWN_KEY);
    unit_assert_str(detail, "String");

    assert_int_equal(bound("{\"strin\":\"a\"}"), CREDHUB_E_UNKNOWN_KEY);
    assert_int_equal(bound("{\"strings\":\"a\"}"), CREDHUB_E_UNKNOWN_KEY);

    /* The first fault in the text is the one that is told. */

    assert_int_equal(bound("{\"x\":1,\"flag\":[]}"), CREDHUB_E_UNKNOWN_KEY);
    assert_int_equal(bound("{\"flag\":[],\"x\":1}"), CREDHUB_E_BAD_REQUEST);
}


static void
test_string(void **state)
{
    size_t i;

    static const char *good[][2] = {
        { "{\"string\":\"\"}", "" },
        { "{\"string\":\"x\"}", "x" },
        { "{\"string\":\"\\ud83d\\ude00\\/\\\\\"}", "\xf0\x9f\x98\x80/\\" },
        { "{\"string\":\"\xef\xbf\xbf\\u0001\"}", "\xef\xbf\xbf\x01" },
        { "{\"string\":12}", "12" },
        { "{\"string\":-1.50e+3}", "-1.50e+3" },
        { "{\"string\":123456789012345678901234567890}",
            "123456789012345678901234567890" },
        { "{\"string\":1e999}", "1e999" },
        { "{\"string\":true}", "true" },
        { "{\"string\":false}", "false" },
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(bound(good[i][0]), CREDHUB_OK);
        unit_assert_str(target.string, good[i][1]);
        assert_int_equal(target.string.data[target.string.len], 0);
    }

    assert_int_equal(bound("{\"string\":null}"), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(bound("{\"string_or_null\":null}"), CREDHUB_OK);
    assert_int_equal(target.string_or_null.len, 0);

    assert_int_equal(bound("{\"string\":{}}"), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(bound("{\"string\":[\"a\"]}"), CREDHUB_E_BAD_REQUEST);
}


static void
test_raw(void **state)
{
    size_t i;
    char   text[64];

    static const char *values[] = { "null", "0.10", "\"\\u0061 \"", "[ 1 ]",
        "{ }", "true" };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(text, sizeof(text), "{\"raw\": %s }", values[i]);
        assert_int_equal(bound(text), CREDHUB_OK);
        unit_assert_str(target.raw, values[i]);
    }

    assert_int_equal(bound("{\"string\":\"a\"}"), CREDHUB_OK);
    assert_null(target.raw.data);
}


static void
test_bool(void **state)
{
    size_t i;

    static const struct {
        const char *text;
        unsigned    value;
    } good[] = {
        { "{\"flag\":true}", 1 },
        { "{\"flag\":false}", 0 },
        { "{\"flag\":\"true\"}", 1 },
        { "{\"flag\":\"false\"}", 0 },
        { "{\"flag\":\"\\u0074rue\"}", 1 },
    };

    static const char *bad[] = {
        "{\"flag\":null}",
        "{\"flag\":0}",
        "{\"flag\":1}",
        "{\"flag\":\"\"}",
        "{\"flag\":\"yes\"}",
        "{\"flag\":\"TRUE\"}",
        "{\"flag\":\"true \"}",
        "{\"flag\":[]}",
        "{\"flag\":{}}",
        "{\"flag\":[true]}",
        "{\"flag_or_null\":\"null\"}",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(bound(good[i].text), CREDHUB_OK);
        assert_int_equal(target.flag.set, 1);
        assert_int_equal(target.flag.value, good[i].value);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bound(bad[i]), CREDHUB_E_BAD_REQUEST);
        assert_int_equal(target.flag.set, 0);
    }

    assert_int_equal(bound("{\"flag_or_null\":null}"), CREDHUB_OK);
    assert_int_equal(target.flag_or_null.set, 0);

    assert_int_equal(bound("{\"flag_or_null\":false}"), CREDHUB_OK);
    assert_int_equal(target.flag_or_null.set, 1);
}


static void
test_int(void **state)
{
    size_t i;

    static const struct {
        const char *text;
        int64_t     value;
    } good[] = {
        { "{\"number\":0}", 0 },
        { "{\"number\":-0}", 0 },
        { "{\"number\":30}", 30 },
        { "{\"number\":\"30\"}", 30 },
        { "{\"number\":\"-30\"}", -30 },
        { "{\"number\":\"\\u0033\"}", 3 },
        { "{\"number\":9223372036854775807}", INT64_MAX },
        { "{\"number\":-9223372036854775808}", INT64_MIN },
    };

    static const char *bad[] = {
        "{\"number\":null}",
        "{\"number\":1.0}",
        "{\"number\":1e3}",
        "{\"number\":9223372036854775808}",
        "{\"number\":\"\"}",
        "{\"number\":\"x\"}",
        "{\"number\":\"1.5\"}",
        "{\"number\":\" 1\"}",
        "{\"number\":true}",
        "{\"number\":false}",
        "{\"number\":[]}",
        "{\"number\":{}}",
        "{\"number_or_null\":\"null\"}",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(bound(good[i].text), CREDHUB_OK);
        assert_int_equal(target.number.set, 1);
        assert_true(target.number.value == good[i].value);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bound(bad[i]), CREDHUB_E_BAD_REQUEST);
        assert_int_equal(target.number.set, 0);
    }

    assert_int_equal(bound("{\"number_or_null\":null}"), CREDHUB_OK);
    assert_int_equal(target.number_or_null.set, 0);

    assert_int_equal(bound("{\"number_or_null\":\"7\"}"), CREDHUB_OK);
    assert_int_equal(target.number_or_null.set, 1);
    assert_true(target.number_or_null.value == 7);
}


static void
test_ignored(void **state)
{
    size_t i;
    char   text[64];

    static const char *values[] = { "null", "1", "\"x\"", "[1,2]",
        "{\"a\":{}}" };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(text, sizeof(text), "{\"ignored\":%s}", values[i]);
        assert_int_equal(bound(text), CREDHUB_OK);
        assert_memory_equal(target.guard, "\0\0\0\0\0\0\0\0", 8);
    }
}


/* A string long enough that jansson moves it while it grows. */

static char *
long_text(size_t size)
{
    size_t i;
    char  *text;

    text = malloc(size + 64);
    strcpy(text, "{\"string\":\"");

    for (i = strlen(text); i < size; i += sizeof(MARK) - 1) {
        memcpy(text + i, MARK, sizeof(MARK) - 1);
    }

    strcpy(text + i, "\"}");

    return text;
}


static void
test_long_string(void **state)
{
    char *text;

    text = long_text(100000);
    assert_int_equal(bound(text), CREDHUB_OK);
    assert_int_equal(
        target.string.len, strlen(text) - strlen("{\"string\":\"\"}"));
    assert_memory_equal(
        target.string.data, text + strlen("{\"string\":\""), target.string.len);
    free(text);
}


static void
test_jansson_wipes(void **state)
{
    char            *text;
    credhub_str_t    value;
    credhub_arena_t *scratch;

    unit_need_memory_hooks();

    text = long_text(5000);
    scratch = credhub_arena_create(64);

    assert_int_equal(
        credhub_json_check(scratch, unit_str(text), &value), CREDHUB_OK);

    memset(&target, 0, sizeof(target));
    unit_marks_freed = 0;
    unit_mark = MARK;

    assert_int_equal(
        credhub_bind(scratch, fields, value, &target, &detail), CREDHUB_OK);
    credhub_arena_destroy(scratch);

    assert_int_equal(unit_marks_freed, 0);

    free(text); /* the watch does see what is not wiped */
    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 1);
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    credhub_error_e  rc;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    rc = CREDHUB_E_INTERNAL;

    for (round = 0; rc == CREDHUB_E_INTERNAL; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        rc = credhub_bind(small, fields,
            unit_str("{\"number\":\"1\",\"string\":\"a\"}"), &target, &detail);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);
    }

    assert_int_equal(rc, CREDHUB_OK);
    assert_true(round > 3);

    small = credhub_arena_create(0);

    unit_malloc_left = 0;
    rc = credhub_bind(small, fields, unit_str("{\"x\":1}"), &target, &detail);
    unit_malloc_left = -1;

    credhub_arena_destroy(small);
    assert_int_equal(rc, CREDHUB_E_INTERNAL);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_bool),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_long_string),
        cmocka_unit_test(test_jansson_wipes),
        cmocka_unit_test(test_memory_runs_out),
    };

    credhub_bind_init();

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
