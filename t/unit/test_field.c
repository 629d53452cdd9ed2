
/* Fields of values, and which of them may stand in a line. */

#include "unit.h"
#include "credhub_field.h"


static void
test_paths(void **state)
{
    size_t        i;
    credhub_str_t field;

    static const struct {
        const char *value;
        const char *path;
        const char *field; /* NULL: there is none */
    } rows[] = {
        { "\"a\"", "", "a" },
        { "\"\"", "", "" },
        { "\"\\u00fc\\n\"", "", "\xc3\xbc\n" },
        { "7.50", "", "7.50" },
        { "true", "", "true" },
        { "null", "", NULL },
        { "[1, {\"a\" : 2}]", "", "[1,{\"a\":2}]" },
        { "{\"a\":{\"b\":\"c\"}}", "a.b", "c" },
        { "{\"a\":{\"b\":\"c\"}}", "a", "{\"b\":\"c\"}" },
        { "{\"a\":{\"b\":null}}", "a.b", NULL },
        { "{\"a\":{\"b\":\"c\"}}", "b", NULL },
        { "{\"a\":{\"b\":\"c\"}}", "A", NULL },
        { "{\"a\":{\"b\":\"c\"}}", "a.b.c", NULL },
        { "{\"a\":{\"b\":\"c\"}}", "a.", "{\"b\":\"c\"}" },
        { "{\"a\":{\"b\":\"c\"}}", ".a", NULL },
        { "\"a\"", "a", NULL },
        { "[1]", "0", NULL },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].field == NULL) {
            assert_int_equal(credhub_field(unit_arena, unit_str(rows[i].value),
                                 unit_str(rows[i].path), &field),
                CREDHUB_E_CRED);
            continue;
        }

        assert_int_equal(credhub_field(unit_arena, unit_str(rows[i].value),
                             unit_str(rows[i].path), &field),
            CREDHUB_OK);
        unit_assert_str(field, rows[i].field);
    }
}


static void
test_plain(void **state)
{
    size_t i;

    static const struct {
        const char *text;
        int         plain;
        int         pem;
    } rows[] = {
        { "", 1, 1 },
        { "a: b\t\x01", 1, 1 },
        { "a\r", 0, 0 },
        { "a\r\nb", 0, 0 },
        { "a\n", 0, 1 },
        { "a\nb", 0, 1 },
        { "\n", 0, 0 },
        { "a\n\nb", 0, 0 },
        { "X-Evil: 1\n", 0, 0 },
        { "a\nX-Evil:1", 0, 0 },
        { "a b\n", 0, 0 },
        { "-----BEGIN A B-----\nAz09+/==\n-----END A B-----\n", 0, 1 },
        { "-----BEGIN A: B-----\nAz09\n", 0, 0 },
        { "-----BEGIN A-----\nAz09\n-----END A-----\n\nGET / HTTP/1.0\n", 0,
            0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_field_plain(unit_str(rows[i].text), 0), rows[i].plain);
        assert_int_equal(
            credhub_field_plain(unit_str(rows[i].text), 1), rows[i].pem);
    }

    assert_int_equal(
        credhub_field_plain(((credhub_str_t){ 2, (u_char *) "a\0" }), 1), 0);
    assert_int_equal(credhub_field_plain(credhub_null_str, 0), 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_plain),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
