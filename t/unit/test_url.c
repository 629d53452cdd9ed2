
/* Parts of URLs and forms. */

#include "unit.h"
#include "credhub_url.h"


static credhub_str_t
added(credhub_str_t text, int keep_slash)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_url_add(&buf, text, keep_slash);
    assert_false(buf.failed);

    return credhub_buf_str(&buf);
}


static void
test_add(void **state)
{
    unit_assert_str(added(unit_str("AZaz09-._~"), 0), "AZaz09-._~");
    unit_assert_str(added(unit_str("a/b c+d%e"), 0), "a%2Fb%20c%2Bd%25e");
    unit_assert_str(added(unit_str("a/b c"), 1), "a/b%20c");
    unit_assert_str(added(unit_str("?#&=:@"), 1), "%3F%23%26%3D%3A%40");
    unit_assert_str(
        added((credhub_str_t){ 3, (u_char *) "\0\xc3\xa4" }, 1), "%00%C3%A4");
    unit_assert_str(added(unit_str(""), 1), "");
}


static void
test_form(void **state)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_url_form(&buf, "first", unit_str("a b"));
    credhub_url_form(&buf, "second", unit_str(""));
    credhub_url_form(&buf, "third", unit_str("x&y=z/"));

    unit_assert_str(
        credhub_buf_str(&buf), "first=a%20b&second=&third=x%26y%3Dz%2F");
}


static void
test_path_valid(void **state)
{
    size_t             i;
    static const char *good[] = { "a", "a/b", "...", "a..b/.c", "..a",
        "\xc3\xa4", "a b" };
    static const char *bad[] = { "", "/", "a/", "/a", "a//b", ".", "..",
        "a/./b", "a/..", "../a", "a\nb", "a\x7f", "\xc3", "a/\x80" };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(credhub_url_path_valid(unit_str(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(credhub_url_path_valid(unit_str(bad[i])));
    }
}


static void
test_visible(void **state)
{
    assert_true(credhub_url_visible(unit_str("!~a")));
    assert_false(credhub_url_visible(unit_str("")));
    assert_false(credhub_url_visible(unit_str("a b")));
    assert_false(credhub_url_visible(unit_str("a\r\nb")));
    assert_false(credhub_url_visible(unit_str("a\x7f")));
    assert_false(credhub_url_visible(unit_str("\xc3\xa4")));
    assert_false(credhub_url_visible((credhub_str_t){ 2, (u_char *) "a\0" }));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_path_valid),
        cmocka_unit_test(test_visible),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
