
/* Distinguished names: the normal form, and what is let in. */

#include "unit.h"
#include "credhub_ssh_template.h"


static credhub_error_e
dn_of(const char *text, credhub_str_t *dn)
{
    credhub_str_t   exact;
    credhub_error_e error;

    exact = unit_exact(text, strlen(text));
    error = credhub_ssh_dn(unit_arena, exact, dn);
    free(exact.data);

    return error;
}


static void
test_normal(void **state)
{
    size_t        i;
    credhub_str_t dn;

    static const char *const rows[][2] = {
        { "\\VED\\Policy\\SSH\\name", "\\VED\\Policy\\SSH\\name" },
        { "VED\\Policy\\SSH\\name", "\\VED\\Policy\\SSH\\name" },
        { "\\VED\\Policy\\", "\\VED\\Policy" },
        { "\\\\VED\\\\Policy\\\\SSH", "\\VED\\Policy\\SSH" },
        { "\\\\VED\\\\Policy\\\\", "\\VED\\Policy" },
        { "name", "\\name" },
        { "\\VED\\A b.c_d@e-9", "\\VED\\A b.c_d@e-9" },
        { "\\VED\\...\\.a", "\\VED\\...\\.a" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(dn_of(rows[i][0], &dn), CREDHUB_OK);
        unit_assert_str(dn, rows[i][1]);
    }
}


static void
test_refused(void **state)
{
    size_t        i;
    credhub_str_t dn, nul = credhub_string("\\VED\\a\0b");

    static const char *const rows[] = { "", "\\", "\\\\", "\\\\\\",
        "\\VED\\..\\Policy", "\\VED\\.\\Policy", "..", "\\VED/Policy",
        "/VED/Policy", "\\VED\\\\\\Policy", "\\\\\\VED", "\\VED\\\\\\",
        "\\VED\\ Policy", "\\VED\\Policy ", "\\VED\\ \\a", " \\VED",
        "\\VED\\a*", "\\VED\\a+b", "\\VED\\a%5c", "\\VED\\a:b", "\\VED\\a\tb",
        "\\VED\\a\n", "\\VED\\\xc3\xa9", "\\VED\\a\x7f" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(dn_of(rows[i], &dn), CREDHUB_E_SSH_DN);
    }

    assert_int_equal(credhub_ssh_dn(unit_arena, nul, &dn), CREDHUB_E_SSH_DN);
}


static void
test_length(void **state)
{
    size_t        i;
    char          text[CREDHUB_SSH_DN_MAX * 2 + 2];
    credhub_str_t dn;

    memset(text, 'a', sizeof(text));
    text[0] = '\\';

    text[1 + CREDHUB_SSH_SEGMENT_MAX] = '\0';
    assert_int_equal(dn_of(text, &dn), CREDHUB_OK);
    assert_int_equal(dn.len, 1 + CREDHUB_SSH_SEGMENT_MAX);

    text[1 + CREDHUB_SSH_SEGMENT_MAX] = 'a';
    text[2 + CREDHUB_SSH_SEGMENT_MAX] = '\0';
    assert_int_equal(dn_of(text, &dn), CREDHUB_E_SSH_DN);

    /* "\a\a...", as long as a normal name may be, and one byte longer */

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (i % 2 == 0) ? '\\' : 'a';
    }

    text[CREDHUB_SSH_DN_MAX] = '\0';
    assert_int_equal(dn_of(text, &dn), CREDHUB_OK);
    assert_int_equal(dn.len, CREDHUB_SSH_DN_MAX);
    assert_int_equal(dn_of(text + 1, &dn), CREDHUB_OK);
    assert_int_equal(dn.len, CREDHUB_SSH_DN_MAX);

    text[CREDHUB_SSH_DN_MAX] = 'a';
    text[CREDHUB_SSH_DN_MAX + 1] = '\0';
    assert_int_equal(dn_of(text, &dn), CREDHUB_E_SSH_DN);

    text[CREDHUB_SSH_DN_MAX] = '\\';
    text[CREDHUB_SSH_DN_MAX + 1] = 'a';
    text[CREDHUB_SSH_DN_MAX * 2 + 1] = '\0';
    assert_int_equal(dn_of(text, &dn), CREDHUB_E_SSH_DN);
}


static void
test_folder(void **state)
{
    size_t        i;
    credhub_str_t dn;

    static const char *const refused[] = { "\\VED", "\\VED\\Policyx",
        "\\VED\\Certificate Authority\\SSH\\Templates", "Policy",
        "\\VED\\Policy\\..\\x" };

    assert_int_equal(
        credhub_ssh_dn_folder(unit_arena, unit_str("ved\\policy"), &dn),
        CREDHUB_OK);
    unit_assert_str(dn, "\\ved\\policy");

    assert_int_equal(
        credhub_ssh_dn_folder(unit_arena, unit_str("\\VED\\Policy\\a\\b"), &dn),
        CREDHUB_OK);
    unit_assert_str(dn, "\\VED\\Policy\\a\\b");

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(
            credhub_ssh_dn_folder(unit_arena, unit_str(refused[i]), &dn),
            CREDHUB_E_SSH_DN);
    }
}


static void
test_below(void **state)
{
    credhub_str_t root = credhub_string("\\VED\\Policy");

    assert_true(credhub_ssh_dn_below(unit_str("\\VED\\Policy\\a"), root));
    assert_true(credhub_ssh_dn_below(unit_str("\\ved\\pOLICY\\a\\b"), root));
    assert_false(credhub_ssh_dn_below(unit_str("\\VED\\Policy"), root));
    assert_false(credhub_ssh_dn_below(unit_str("\\VED\\Policyx\\a"), root));
    assert_false(credhub_ssh_dn_below(unit_str("\\VED"), root));
}


static void
test_path_and_name(void **state)
{
    credhub_str_t dn = credhub_string("\\VED\\Policy\\A b");

    unit_assert_str(credhub_ssh_dn_path(unit_arena, dn), "ved/policy/a+b");
    unit_assert_str(credhub_ssh_dn_name(dn), "A b");
    unit_assert_str(credhub_ssh_dn_name(unit_str("\\VED")), "VED");
}


static void
test_segment(void **state)
{
    size_t        i;
    char          text[CREDHUB_SSH_SEGMENT_MAX + 2];
    credhub_str_t name, dn;

    static const char *const rows[][2] = {
        { "key1", "key1" },
        { "a/b\\c*d", "a_b_c_d" },
        { " a b ", "_a b_" },
        { "a\nb", "a_b" },
        { "\xc3\xa9", "__" },
        { "", "certificate" },
        { ".", "certificate" },
        { "..", "certificate" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name = credhub_ssh_dn_segment(unit_arena, unit_str(rows[i][0]));
        unit_assert_str(name, rows[i][1]);
        assert_int_equal(credhub_ssh_dn(unit_arena, name, &dn), CREDHUB_OK);
    }

    /* what is last after the cut is a space */

    memset(text, 'a', sizeof(text));
    text[CREDHUB_SSH_SEGMENT_MAX - 1] = ' ';
    text[CREDHUB_SSH_SEGMENT_MAX + 1] = '\0';

    name = credhub_ssh_dn_segment(unit_arena, unit_str(text));
    assert_int_equal(name.len, CREDHUB_SSH_SEGMENT_MAX);
    assert_int_equal(name.data[name.len - 1], '_');
    assert_int_equal(name.data[name.len - 2], 'a');
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_path_and_name),
        cmocka_unit_test(test_segment),
    };

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
