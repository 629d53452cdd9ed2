
/* CEF: what stands in a field cannot end it. */

#include "unit.h"
#include "credhub_cef.h"


typedef void (*add_pt)(credhub_buf_t *buf, credhub_str_t text);


/* The text as a range that ends where its memory ends. */

static credhub_str_t
escaped(add_pt add, const char *text, size_t len)
{
    credhub_str_t exact;
    credhub_buf_t buf;

    exact = unit_exact(text, len);

    credhub_buf_init(&buf, unit_arena, 0);
    add(&buf, exact);
    assert_int_equal(buf.failed, 0);

    free(exact.data);

    return credhub_buf_str(&buf);
}


static void
test_escapes(void **state)
{
    size_t i;

    static const struct {
        const char *text;
        const char *header;
        const char *value;
    } rows[] = {
        { "", "", "" },
        { "a b", "a b", "a b" },
        { "|", "\\|", "|" },
        { "=", "=", "\\=" },
        { "\\", "\\\\", "\\\\" },
        { "\\|=", "\\\\\\|=", "\\\\|\\=" },
        { "a\nb", "a\\\\x0ab", "a\\nb" },
        { "\r\n", "\\\\x0d\\\\x0a", "\\r\\n" },
        { "\t\x1b[0m\x7f", "\\\\x09\\\\x1b[0m\\\\x7f",
            "\\\\x09\\\\x1b[0m\\\\x7f" },
        { "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80",
            "\xc3\xa9\xf0\x9f\x98\x80" },
        { "\xc2\xa0\xc2\x9f", "\xc2\xa0\\\\xc2\\\\x9f",
            "\xc2\xa0\\\\xc2\\\\x9f" },
        { "\xff", "\\\\xff", "\\\\xff" },
        { "a\xc3", "a\\\\xc3", "a\\\\xc3" },
        { "\xc3=", "\\\\xc3=", "\\\\xc3\\=" },
        { "\xc2", "\\\\xc2", "\\\\xc2" },
        { "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80", "\\\\xed\\\\xa0\\\\x80" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_str(
            escaped(credhub_cef_header, rows[i].text, strlen(rows[i].text)),
            rows[i].header);
        unit_assert_str(
            escaped(credhub_cef_value, rows[i].text, strlen(rows[i].text)),
            rows[i].value);
    }

    unit_assert_str(escaped(credhub_cef_value, "a\0b", 3), "a\\\\x00b");
}


/* Whatever two bytes: one line, and nothing that ends a field stands alone. */

static void
test_every_pair(void **state)
{
    size_t        i, k;
    unsigned      pair;
    char          text[2];
    credhub_str_t out;

    static const struct {
        add_pt add;
        char   special;
    } ways[] = { { credhub_cef_header, '|' }, { credhub_cef_value, '=' } };

    for (pair = 0; pair < 2 * 65536; pair++) {
        i = pair >> 16;
        text[0] = (char) (pair >> 8);
        text[1] = (char) pair;

        out = escaped(ways[i].add, text, 2);

        for (k = 0; k < out.len; k++) {
            assert_true(out.data[k] >= 0x20 && out.data[k] != 0x7f);
            assert_int_not_equal(out.data[k], ways[i].special);

            if (out.data[k] == '\\') {
                assert_true(++k < out.len);
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_every_pair),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
