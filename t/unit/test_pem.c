
/* Blocks of PEM: which there are, and what is in them. */

#include "unit.h"
#include "credhub_pem.h"


#define B "-----BEGIN X-----\n"
#define E "-----END X-----\n"


static void
test_blocks(void **state)
{
    size_t        i;
    credhub_str_t text, rest;
    credhub_pem_t block;

    static const struct {
        const char *text;
        const char *label; /* NULL: there is no block */
        const char *bytes; /* NULL: it cannot be decoded */
        unsigned    encrypted;
        const char *rest;
    } rows[] = {
        { "", NULL, NULL, 0, "" },
        { "no block", NULL, NULL, 0, "no block" },
        { "-----BEGIN X", NULL, NULL, 0, "" },
        { "-----BEGIN X\nYWJj\n" E, NULL, NULL, 0, "YWJj\n" E },
        { B "YWJj\n" E, "X", "abc", 0, "\n" },
        { B "YW\r\nJj\r\n" E "more", "X", "abc", 0, "\nmore" },
        { B " YWI=\t" E, "X", "ab", 0, "\n" },
        { B "YWI" E, "X", "ab", 0, "\n" },
        { B E, "X", "", 0, "\n" },
        { "before" B "YWJj" E, "X", "abc", 0, "\n" },
        { "-----BEGIN X-----behind\nYWJj" E, "X", "abc", 0, "\n" },
        { "-----BEGIN X\n-----BEGIN Y Z-----\nYWJj-----END Y Z-----", "Y Z",
            "abc", 0, "" },
        { "-----BEGIN -----\nYWJj-----END -----", "", "abc", 0, "" },
        { B "A: b\nC: d\n\nYWJj\n" E, "X", "abc", 0, "\n" },
        { B "Proc-Type: 4,ENCRYPTED\r\nDEK-Info: x\r\n\r\nYWJj\n" E, "X", "abc",
            1, "\n" },
        { B "A: b\n" E, "X", "", 0, "\n" },
        { B "YW*j\n" E, "X", NULL, 0, "\n" },
        { B "YWJj", "X", NULL, 0, "YWJj" },
        { B "YWJj\n-----END X", "X", NULL, 0, "X" },
        { B "YWJj\n-----END Y-----\n" E, "X", NULL, 0, "Y-----\n" E },
        { B B "YWJj\n" E, "X", NULL, 0, "\n" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text = unit_exact(rows[i].text, strlen(rows[i].text));
        rest = text;

        assert_int_equal(
            credhub_pem_next(unit_arena, &rest, &block), rows[i].label != NULL);

        if (rows[i].label != NULL) {
            unit_assert_str(block.label, rows[i].label);
            unit_assert_str(rest, rows[i].rest);
            assert_int_equal(block.encrypted, rows[i].encrypted);
            assert_int_equal(block.bytes.data != NULL, rows[i].bytes != NULL);
        }

        if (rows[i].bytes != NULL) {
            unit_assert_str(block.bytes, rows[i].bytes);
        }

        free(text.data);
    }
}


static void
test_all_blocks(void **state)
{
    int           n;
    credhub_str_t text;
    credhub_pem_t block;

    text = credhub_str("a" B "YWJj\n" E "b" B "*" E "c" B "YWJj\n" E "d");

    for (n = 0; credhub_pem_next(unit_arena, &text, &block); n++) {
        assert_int_equal(block.bytes.data == NULL, n == 1);
    }

    assert_int_equal(n, 3);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_all_blocks),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
