
/* Names: every rule of what may be written, and the folded form. */

#include "unit.h"
#include "credhub_name.h"


static void
test_slash(void **state)
{
    credhub_str_t name;

    unit_assert_str(credhub_name_slash(unit_arena, unit_str("a/b")), "/a/b");
    unit_assert_str(credhub_name_slash(unit_arena, unit_str("/a")), "/a");
    unit_assert_str(credhub_name_slash(unit_arena, unit_str("//a")), "//a");
    unit_assert_str(credhub_name_slash(unit_arena, unit_str("")), "/");
    unit_assert_str(credhub_name_slash(unit_arena, credhub_null_str), "/");

    name = unit_exact("abc", 3);
    unit_assert_str(credhub_name_slash(unit_arena, name), "/abc");
    free(name.data);
}


static void
test_check(void **state)
{
    size_t i;

    static const struct {
        const char     *name;
        credhub_error_e want;
    } names[] = {
        { "/a", CREDHUB_OK },
        { "/a/b/c", CREDHUB_OK },
        { "/-_.:,()[]+", CREDHUB_OK },
        { "/AZaz09", CREDHUB_OK },
        { "/.", CREDHUB_OK },
        { "/../a", CREDHUB_OK },
        { "", CREDHUB_E_NO_NAME },
        { "/", CREDHUB_E_NO_NAME },
        { "//", CREDHUB_E_NAME_SLASH },
        { "//a", CREDHUB_E_NAME_SLASH },
        { "/a//b", CREDHUB_E_NAME_SLASH },
        { "/a/", CREDHUB_E_NAME_SLASH },
        { "/a//", CREDHUB_E_NAME_SLASH },
        { "a", CREDHUB_E_NAME_SLASH },
        { "/a b", CREDHUB_E_NAME_CHARS },
        { "/a*", CREDHUB_E_NAME_CHARS },
        { "/*", CREDHUB_E_NAME_CHARS },
        { "/a%2f", CREDHUB_E_NAME_CHARS },
        { "/\xc3\xa4", CREDHUB_E_NAME_CHARS },
        { "/a\n", CREDHUB_E_NAME_CHARS },
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(
            credhub_name_check(unit_str(names[i].name), 255), names[i].want);
    }

    assert_int_equal(
        credhub_name_check(credhub_null_str, 255), CREDHUB_E_NO_NAME);
    assert_int_equal(
        credhub_name_check(((credhub_str_t){ 3, (u_char *) "/a\0" }), 255),
        CREDHUB_E_NAME_CHARS);
}


static void
test_every_character(void **state)
{
    int  c;
    char name[] = "/x";

    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-_.:,()[]+";

    for (c = 0; c < 256; c++) {
        if (c == '/') {
            continue;
        }

        name[1] = (char) c;
        assert_int_equal(
            credhub_name_check(((credhub_str_t){ 2, (u_char *) name }), 255),
            (c != 0 && strchr(allowed, c) != NULL) ? CREDHUB_OK
                                                   : CREDHUB_E_NAME_CHARS);
    }
}


static void
test_length(void **state)
{
    char          text[CREDHUB_NAME_MAX + 2];
    credhub_str_t name;

    memset(text, 'a', sizeof(text));
    text[0] = '/';

    name.data = (u_char *) text;

    name.len = 255;
    assert_int_equal(credhub_name_check(name, 255), CREDHUB_OK);

    name.len = 256;
    assert_int_equal(credhub_name_check(name, 255), CREDHUB_E_NAME_LONG);

    name.len = CREDHUB_NAME_MAX;
    assert_int_equal(credhub_name_check(name, CREDHUB_NAME_MAX), CREDHUB_OK);

    name.len = CREDHUB_NAME_MAX + 1;
    assert_int_equal(
        credhub_name_check(name, CREDHUB_NAME_MAX), CREDHUB_E_NAME_LONG);
}


static void
test_fold(void **state)
{
    credhub_str_t name, folded;

    name = unit_str("/A/bZ-[@`{\xc3\x84");
    folded = credhub_name_fold(unit_arena, name);

    unit_assert_str(folded, "/a/bz-[@`{\xc3\x84");
    unit_assert_str(name, "/A/bZ-[@`{\xc3\x84");
    assert_ptr_not_equal(folded.data, name.data);
    assert_int_equal(credhub_name_fold(unit_arena, credhub_null_str).len, 0);
}


static void
test_memory_runs_out(void **state)
{
    credhub_str_t    slash, fold;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    small = credhub_arena_create(0);

    unit_malloc_left = 0;
    slash = credhub_name_slash(small, unit_str("a"));
    fold = credhub_name_fold(small, unit_str("A"));
    unit_malloc_left = -1;

    assert_null(slash.data);
    assert_int_equal(slash.len, 0);
    assert_null(fold.data);
    assert_int_equal(fold.len, 0);

    credhub_arena_destroy(small);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slash),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
