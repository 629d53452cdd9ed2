
/* Small text formats: UUIDs, dates, integers, base64, queries, UTF-8. */

#include "unit.h"
#include "credhub_text.h"

#include <openssl/err.h>


static void
test_uuid(void **state)
{
    int    i, n, changed[CREDHUB_UUID_LEN];
    u_char first[CREDHUB_UUID_LEN], uuid[CREDHUB_UUID_LEN],
        again[CREDHUB_UUID_LEN];

    memset(changed, 0, sizeof(changed));
    assert_int_equal(credhub_uuid(first), 0);

    for (n = 0; n < 200; n++) {
        assert_int_equal(credhub_uuid(uuid), 0);

        assert_int_equal(
            credhub_uuid_parse(
                ((credhub_str_t){ CREDHUB_UUID_LEN, uuid }), again),
            0);
        assert_memory_equal(uuid, again, CREDHUB_UUID_LEN); /* lower case */

        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));

        for (i = 0; i < CREDHUB_UUID_LEN; i++) {
            changed[i] |= (uuid[i] != first[i]);
        }
    }

    for (i = 0; i < CREDHUB_UUID_LEN; i++) {
        assert_int_equal(
            changed[i], i != 8 && i != 13 && i != 14 && i != 18 && i != 23);
    }
}


static void
test_uuid_parse(void **state)
{
    size_t        i;
    u_char        out[CREDHUB_UUID_LEN], untouched[CREDHUB_UUID_LEN];
    credhub_str_t text;

    static const char *bad[] = {
        "",
        "1-1-1-1-1",
        "0123456-789ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde",
        "01234567-89ab-cdef-0123-456789abcdef0",
        "01234567-89ab-cdef-0123-456789abcdeg",
        "01234567089ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-01230456789abcdef",
        "01234567-89ab-cdef-0123-45678-abcdef",
        "{1234567-89ab-cdef-0123-456789abcde}",
        " 1234567-89ab-cdef-0123-456789abcdef",
    };

    assert_int_equal(credhub_uuid_parse(
                         unit_str("01234567-89AB-cdef-0123-456789ABCDEF"), out),
        0);
    assert_memory_equal(
        out, "01234567-89ab-cdef-0123-456789abcdef", CREDHUB_UUID_LEN);

    memset(out, 'x', sizeof(out));
    memset(untouched, 'x', sizeof(untouched));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_exact(bad[i], strlen(bad[i]));
        assert_int_equal(credhub_uuid_parse(text, out), -1);
        assert_memory_equal(out, untouched, CREDHUB_UUID_LEN);
        free(text.data);
    }
}


static void
test_date(void **state)
{
    size_t i;
    u_char out[CREDHUB_DATE_LEN];

    static const struct {
        int64_t     us;
        const char *date;
    } dates[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 999999, "1970-01-01T00:00:00Z" },
        { 1000000, "1970-01-01T00:00:01Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { -1000000, "1969-12-31T23:59:59Z" },
        { -1000001, "1969-12-31T23:59:58Z" },
        { 1549053472000000, "2019-02-01T20:37:52Z" },
        { 1549053472999999, "2019-02-01T20:37:52Z" },
        { 951782400000000, "2000-02-29T00:00:00Z" },
        { 4102444799000000, "2099-12-31T23:59:59Z" },
        { 2147483648000000, "2038-01-19T03:14:08Z" },
        { 253402300799999999, "9999-12-31T23:59:59Z" },
        { 253402300800000000, "9999-12-31T23:59:59Z" },
        { INT64_MAX, "9999-12-31T23:59:59Z" },
        { -62167219200000000, "0000-01-01T00:00:00Z" },
        { INT64_MIN, "0000-01-01T00:00:00Z" },
    };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        credhub_date(dates[i].us, out);
        assert_memory_equal(out, dates[i].date, CREDHUB_DATE_LEN);
    }
}


static void
test_date_us(void **state)
{
    size_t i;
    u_char out[CREDHUB_DATE_US_LEN];

    static const struct {
        int64_t     us;
        const char *date;
    } dates[] = { { 0, "1970-01-01T00:00:00.000000Z" },
        { 1695654355680295, "2023-09-25T15:05:55.680295Z" },
        { 1000001, "1970-01-01T00:00:01.000001Z" },
        { -1, "1969-12-31T23:59:59.999999Z" },
        { -1000000, "1969-12-31T23:59:59.000000Z" } };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        credhub_date_us(dates[i].us, out);
        assert_memory_equal(out, dates[i].date, CREDHUB_DATE_US_LEN);
    }
}


static void
test_int64(void **state)
{
    size_t        i;
    int64_t       value;
    credhub_str_t text;

    static const struct {
        const char *text;
        int64_t     want;
    } good[] = {
        { "0", 0 },
        { "-0", 0 },
        { "7", 7 },
        { "-12", -12 },
        { "007", 7 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "00000000000000000000000000000000000000001", 1 },
    };

    static const char *bad[] = {
        "",
        "-",
        "--1",
        "+1",
        "1.0",
        "1e3",
        " 1",
        "1 ",
        "1a",
        "a",
        "0x1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
        "18446744073709551616",
        ("00000000000000000000000000000000"
         "000000000000000000000000000000001"),
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        text = unit_exact(good[i].text, strlen(good[i].text));
        assert_int_equal(credhub_int64(text, &value), 0);
        assert_true(value == good[i].want);
        free(text.data);
    }

    value = 42;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_exact(bad[i], strlen(bad[i]));
        assert_int_equal(credhub_int64(text, &value), -1);
        assert_true(value == 42);
        free(text.data);
    }

    assert_int_equal(credhub_int64(credhub_null_str, &value), -1);
}


/* The vectors of RFC 4648, section 10, and digits 62 and 63. */

static const char *vectors[][3] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xbe", "+/++", "+/++" },
};


static void
test_base64(void **state)
{
    size_t        i;
    credhub_str_t text, padded;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        unit_assert_str(credhub_base64(unit_arena, unit_str(vectors[i][0]), 1),
            vectors[i][1]);
        unit_assert_str(credhub_base64(unit_arena, unit_str(vectors[i][0]), 0),
            vectors[i][2]);

        padded = unit_exact(vectors[i][1], strlen(vectors[i][1]));
        text = unit_exact(vectors[i][2], strlen(vectors[i][2]));

        unit_assert_str(
            credhub_base64_decode(unit_arena, padded), vectors[i][0]);
        unit_assert_str(credhub_base64_decode(unit_arena, text), vectors[i][0]);

        free(padded.data);
        free(text.data);
    }

    assert_non_null(credhub_base64_decode(unit_arena, unit_str("")).data);
    assert_non_null(credhub_base64(unit_arena, credhub_null_str, 1).data);

    /* More than a signed int counts is refused before it is read. */

    text.data = (u_char *) "";
    text.len = SIZE_MAX - 4;
    assert_null(credhub_base64(unit_arena, text, 1).data);
    text.len = (size_t) 1 << 31;
    assert_null(credhub_base64(unit_arena, text, 1).data);
}


static void
test_base64_every_byte(void **state)
{
    int           i;
    u_char        bytes[256];
    credhub_str_t text, back;

    for (i = 0; i < 256; i++) {
        bytes[i] = (u_char) (i * 167);
    }

    for (i = 0; i <= 256; i++) {
        text.data = bytes;
        text.len = i;

        back = credhub_base64_decode(
            unit_arena, credhub_base64(unit_arena, text, i % 2));

        assert_int_equal(back.len, i);
        assert_memory_equal(back.data, bytes, i);
    }
}


static void
test_base64_bad(void **state)
{
    size_t        i;
    credhub_str_t text;

    static const char *bad[] = {
        "Z",
        "=",
        "==",
        "====",
        "Z===",
        "Zg=",
        "Zm9v=",
        "Zm8==",
        "Zm9vYg=",
        "Zg==Zg==",
        "Z=g=",
        "=Zg=",
        "Zm9vY",
        "Zm9v Yg==",
        "Zm9v\n",
        " Zm9v",
        "Zm-v",
        "Zm_v",
        "Zm9\xff",
        "Zm9*",
        "Zm9,",
        "Zm9.",
        "Zm9:",
        "Zm9@",
        "Zm9[",
        "Zm9`",
        "Zm9{",
        "Zh==",
        "Zo==",
        "Zm+=",
        "Zm6=",
        "Zm9=",
        "Zh",
        "Zm9",
        "Zg==\n",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_exact(bad[i], strlen(bad[i]));

        if (credhub_base64_decode(unit_arena, text).data != NULL) {
            fail_msg("taken: %s", bad[i]);
        }

        free(text.data);
    }

    assert_null(credhub_base64_decode(
        unit_arena, ((credhub_str_t){ 4, (u_char *) "Zm\0v" }))
                    .data);
}


static void
test_base64url(void **state)
{
    size_t        i;
    credhub_str_t text;

    static const char *bad[] = { "Z", "Zg==", "Zm8=", "=", "Zm+v", "Zm/v",
        "Zm9v=", "Zh", "Zm9", "Zm 9", "Zm9v\n", "Zm9\xff" };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        text = unit_exact(vectors[i][2], strlen(vectors[i][2]));

        if (strpbrk(vectors[i][2], "+/") == NULL) {
            unit_assert_str(
                credhub_base64url_decode(unit_arena, text), vectors[i][0]);
            unit_assert_str(
                credhub_base64url(unit_arena, unit_str(vectors[i][0])),
                vectors[i][2]);
        }

        free(text.data);
    }

    unit_assert_str(
        credhub_base64url_decode(unit_arena, unit_str("-_-_")), "\xfb\xff\xbf");
    unit_assert_str(
        credhub_base64url_decode(unit_arena, unit_str("__8")), "\xff\xff");
    unit_assert_str(
        credhub_base64url(unit_arena, unit_str("\xfb\xff\xbf")), "-_-_");
    unit_assert_str(credhub_base64url(unit_arena, unit_str("\xff\xff")), "__8");
    assert_non_null(credhub_base64url_decode(unit_arena, unit_str("")).data);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_exact(bad[i], strlen(bad[i]));

        if (credhub_base64url_decode(unit_arena, text).data != NULL) {
            fail_msg("taken: %s", bad[i]);
        }

        free(text.data);
    }
}


static credhub_error_e
parse(const char *args, credhub_query_t *query)
{
    credhub_str_t   exact;
    credhub_error_e rc;

    exact = unit_exact(args, strlen(args));
    rc = credhub_query_parse(unit_arena, exact, query);
    free(exact.data); /* the parameters do not lie there */

    return rc;
}


static void
test_query(void **state)
{
    credhub_query_t query;

    assert_int_equal(
        parse("name=%2Fa%2fb+c%2B&empty=&flag&&path=x=y&name=2&=z&%6eon=1&",
            &query),
        CREDHUB_OK);
    assert_int_equal(query.n, 7);

    unit_assert_str(query.params[0].name, "name");
    unit_assert_str(query.params[0].value, "/a/b c+");
    unit_assert_str(*credhub_query_get(&query, "name"), "/a/b c+");
    unit_assert_str(*credhub_query_get(&query, "empty"), "");
    unit_assert_str(*credhub_query_get(&query, "flag"), "");
    unit_assert_str(*credhub_query_get(&query, "path"), "x=y");
    unit_assert_str(*credhub_query_get(&query, ""), "z");
    unit_assert_str(*credhub_query_get(&query, "non"), "1");

    assert_null(credhub_query_get(&query, "nam"));
    assert_null(credhub_query_get(&query, "names"));
    assert_null(credhub_query_get(&query, "Name"));

    assert_int_equal(parse("a=%C3%A4%f0%9f%98%80", &query), CREDHUB_OK);
    unit_assert_str(
        *credhub_query_get(&query, "a"), "\xc3\xa4\xf0\x9f\x98\x80");
}


static void
test_query_empty(void **state)
{
    credhub_query_t query;

    assert_int_equal(
        credhub_query_parse(unit_arena, credhub_null_str, &query), CREDHUB_OK);
    assert_int_equal(query.n, 0);
    assert_null(credhub_query_get(&query, "a"));

    assert_int_equal(parse("&&&", &query), CREDHUB_OK);
    assert_int_equal(query.n, 0);
}


static void
test_query_bad(void **state)
{
    size_t          i;
    credhub_query_t query;

    static const char *bad[] = {
        "a=%",
        "a=%2",
        "a=%2g",
        "a=%g2",
        "a=%%32",
        "%=1",
        "%zz=1",
        "a=%00",
        "%00=1",
        "a=%c3",
        "a=%c3=%a4",
        "a=\xff",
        "\xff=a",
        "a=%c0%80",
        "a=%ed%a0%80",
        "%c3&%a4=1",
        "ok=1&a=%-1",
        "a=% 1",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(bad[i], &query) != CREDHUB_E_BAD_REQUEST) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}


static void
test_query_limit(void **state)
{
    int             i;
    credhub_buf_t   buf;
    credhub_query_t query;

    credhub_buf_init(&buf, unit_arena, 0);

    for (i = 0; i < CREDHUB_QUERY_MAX; i++) {
        credhub_buf_printf(&buf, "&&p%d=%d", i, i);
    }

    assert_int_equal(
        credhub_query_parse(unit_arena, credhub_buf_str(&buf), &query),
        CREDHUB_OK);
    assert_int_equal(query.n, CREDHUB_QUERY_MAX);
    unit_assert_str(*credhub_query_get(&query, "p63"), "63");

    credhub_buf_lit(&buf, "&a");
    assert_int_equal(
        credhub_query_parse(unit_arena, credhub_buf_str(&buf), &query),
        CREDHUB_E_BAD_REQUEST);
}


static void
test_hex_digit(void **state)
{
    int               c;
    const char       *found;
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    for (c = 1; c < 256; c++) {
        found = strchr(digits, c);
        assert_int_equal(credhub_hex_digit((u_char) c),
            (found == NULL) ? -1 : (found - digits) % 16);
    }

    assert_int_equal(credhub_hex_digit(0), -1);
}


/* Against a decoder that is written down another way. */

static size_t
slow_utf8_len(const u_char *p, size_t n)
{
    size_t   i, len;
    uint32_t c;

    len = (p[0] < 0x80)             ? 1
          : ((p[0] & 0xe0) == 0xc0) ? 2
          : ((p[0] & 0xf0) == 0xe0) ? 3
          : ((p[0] & 0xf8) == 0xf0) ? 4
                                    : 0;

    if (len == 0 || len > n) {
        return 0;
    }

    c = (len == 1) ? p[0] : p[0] & (0xffu >> (len + 1));

    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    if ((len == 2 && c < 0x80) || (len == 3 && c < 0x800)
        || (len == 4 && (c < 0x10000 || c > 0x10ffff))
        || (c >= 0xd800 && c <= 0xdfff))
    {
        return 0;
    }

    return len;
}


static void
test_utf8_len(void **state)
{
    int                 a, b, i, n;
    u_char              bytes[4];
    static const u_char tails[][2] = {
        { 0x80, 0x80 },
        { 0xbf, 0xbf },
        { 0x7f, 0x80 },
        { 0x80, 0xc0 },
        { 0x00, 0x00 },
    };

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            for (i = 0; i < 5; i++) {
                bytes[0] = (u_char) a;
                bytes[1] = (u_char) b;
                memcpy(bytes + 2, tails[i], 2);

                for (n = 1; n <= 4; n++) {
                    assert_int_equal(credhub_utf8_len(bytes, bytes + n),
                        slow_utf8_len(bytes, n));
                }
            }
        }
    }
}


static void
test_utf8_count(void **state)
{
    assert_int_equal(credhub_utf8_count(credhub_null_str), 0);
    assert_int_equal(credhub_utf8_count(unit_str("abc")), 3);
    assert_int_equal(
        credhub_utf8_count(unit_str("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z")),
        5);
}


static void
test_utf8_valid(void **state)
{
    assert_true(credhub_utf8_valid(credhub_null_str));
    assert_true(credhub_utf8_valid(unit_str("")));
    assert_true(credhub_utf8_valid(unit_str("a\xc3\xa4\xf0\x9f\x98\x80z")));
    assert_false(credhub_utf8_valid(unit_str("a\xc3")));
    assert_false(credhub_utf8_valid(unit_str("a\xffz")));
    assert_false(credhub_utf8_valid((credhub_str_t){ 3, (u_char *) "a\0z" }));
    assert_false(credhub_utf8_valid((credhub_str_t){ 1, (u_char *) "" }));
}


static void
test_error_queue_is_left_alone(void **state)
{
    u_char uuid[CREDHUB_UUID_LEN];

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);

    assert_int_equal(credhub_uuid(uuid), 0);
    credhub_base64(unit_arena, unit_str("abc"), 1);
    credhub_base64_decode(unit_arena, unit_str("*"));

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    credhub_str_t    encoded, decoded;
    credhub_error_e  rc;
    credhub_query_t  query;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    small = credhub_arena_create(0);

    unit_malloc_left = 0;
    encoded = credhub_base64(small, unit_str("abc"), 1);
    decoded = credhub_base64_decode(small, unit_str("Zm9v"));
    unit_malloc_left = -1;

    assert_null(encoded.data);
    assert_null(decoded.data);

    credhub_arena_destroy(small);

    rc = CREDHUB_E_INTERNAL;

    for (round = 0; rc != CREDHUB_OK; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        rc = credhub_query_parse(small, unit_str("a=1&b=2"), &query);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);

        assert_true(rc == CREDHUB_OK || rc == CREDHUB_E_INTERNAL);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_uuid_parse),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_date_us),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_every_byte),
        cmocka_unit_test(test_base64_bad),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_empty),
        cmocka_unit_test(test_query_bad),
        cmocka_unit_test(test_query_limit),
        cmocka_unit_test(test_hex_digit),
        cmocka_unit_test(test_utf8_len),
        cmocka_unit_test(test_utf8_count),
        cmocka_unit_test(test_utf8_valid),
        cmocka_unit_test(test_error_queue_is_left_alone),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
