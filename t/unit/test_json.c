
/*
 * The JSON scanner: what the check takes and refuses, and that the walk gives
 * back the bytes that stood in the text. Every text is checked in memory
 * without a byte to spare.
 */

#include "unit.h"
#include "credhub_json.h"


static credhub_error_e
check_bytes(const char *text, size_t len)
{
    credhub_str_t   exact, value;
    credhub_error_e rc;

    exact = unit_exact(text, len);
    rc = credhub_json_check(unit_arena, exact, &value);
    free(exact.data);

    return rc;
}


static void
assert_valid(const char *text)
{
    if (check_bytes(text, strlen(text)) != CREDHUB_OK) {
        fail_msg("refused: %s", text);
    }
}


static void
assert_invalid(const char *text)
{
    if (check_bytes(text, strlen(text)) != CREDHUB_E_BAD_REQUEST) {
        fail_msg("taken: %s", text);
    }
}


/* The checked value of a text that lives as long as the program. */

static credhub_str_t
checked(const char *text)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(unit_arena, unit_str(text), &value), CREDHUB_OK);

    return value;
}


static const char *valid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "10",
    "1.5",
    "0.0",
    "1e5",
    "1E+5",
    "1e-05",
    "-1.25E10",
    "1e999",
    "123456789012345678901234567890",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    "[1]",
    "[1,2]",
    "{\"a\":1}",
    " \t\r\n[ 1 , 2 ] \t\r\n",
    "{ \"a\" : [ ] , \"b\" : { } }",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0001\\u00e4\\u20AC\\uffff\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\\ud800\\udc00\"",
    "\"\x7f\"",
    "\"\xc2\x80\"",
    "\"\xdf\xbf\"",
    "\"\xe0\xa0\x80\"",
    "\"\xe2\x82\xac\"",
    "\"\xed\x9f\xbf\"",
    "\"\xee\x80\x80\"",
    "\"\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\"",
    "\"\xf3\xbf\xbf\xbf\"",
    "\"\xf4\x8f\xbf\xbf\"",
    "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", /* the same key, other objects */
    "[{\"a\":1},{\"a\":1}]",
    "{\"a\":1,\"A\":2}",
    "{\"\":1,\"a\":2}",
    "{\"a\":1,\"ab\":2,\"abc\":3}",
    "{\"a\\\\u0061\":1,\"aa\":2}",
};

static const char *invalid[] = {
    "",
    " ",
    "nul",
    "nullx",
    "truee",
    "tru",
    "True",
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "'a'",
    "\xef\xbb\xbf{}",
    "\xef\xbb\xbf",
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1.e5",
    "1e",
    "1e+",
    "1E-",
    "0x10",
    "1_000",
    "1a",
    "--1",
    "1.2.3",
    "1e5.5",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1 2]",
    "[1}",
    "[1]]",
    "{",
    "}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{1:2}",
    "{a:1}",
    "{null:1}",
    "{\"a\":1]",
    "{\"a\":1}}",
    "{\"a\",\"b\"}",
    "{} {}",
    "1 2",
    "null,",
    "[] x",
    "{}\"",
    "/**/{}",
    "{}//",
    "[1]#",
    "\"",
    "\"a",
    "\"\\",
    "\"\\\"",
    "\"\\u",
    "\"\\u1",
    "\"\\u123\"",
    "\"\\u12g4\"",
    "\"\\u 123\"",
    "\"\\u+123\"",
    "\"\\x41\"",
    "\"\\a\"",
    "\"\\'\"",
    "\"\\U0041\"",
    "\"\\0\"",
    "\"\n\"",
    "\"\t\"",
    "\"\x01\"",
    "\"\x1f\"",
    "\"abcdefgh\x1fijklmnop\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "{\"\\u0000\":1}",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800\\udbff\"",
    "\"\\ud800\\ue000\"",
    "\"\\udfff\"",
    "\"\\udbff\"",
    "\"\\ud83d\\\"",
    "\"\\ud83d\\u",
    "\"\\ud83d\\ude0\"",
    "{\"\\ud800\":1}",
    "\"\x80\"",
    "\"\xbf\"",
    "\"\xc0\x80\"",
    "\"\xc1\xbf\"",
    "\"\xc2\"",
    "\"\xc2\x41\"",
    "\"\xe0\x80\x80\"",
    "\"\xe0\x9f\xbf\"",
    "\"\xe2\x82\"",
    "\"\xe2\x28\xa1\"",
    "\"\xe2\x82\x28\"",
    "\"\xed\xa0\x80\"",
    "\"\xed\xbf\xbf\"",
    "\"\xf0\x80\x80\x80\"",
    "\"\xf0\x8f\xbf\xbf\"",
    "\"\xf0\x9f\x98\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf5\x80\x80\x80\"",
    "\"\xff\"",
    "\"\xfe\"",
    "\"\xc2",
    "\"\xf0\x9f\x98",
    "{\"\xc0\x80\":1}",
    "\xc2\xa0{}",
    "\v1",
    "\f1",
    "[1,\v2]",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"\":1,\"\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"\\u0061\":2}",
    "{\"\\n\":1,\"\\u000a\":2}",
    "{\"\\u000A\":1,\"\\u000a\":2}",
    "{\"/\":1,\"\\/\":2}",
    "{\"\xc3\xa4\":1,\"\\u00e4\":2}",
    "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
    "[[{\"x\":[{\"k\":1,\"k\":1}]}]]",
    "{\"a\":{\"b\":1,\"b\":2}}",
    "{\"a\":{\"b\":1},\"c\":2,\"a\":{}}",
};


static void
test_valid(void **state)
{
    size_t i;

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        assert_valid(valid[i]);
    }
}


static void
test_invalid(void **state)
{
    size_t i;

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        assert_invalid(invalid[i]);
    }
}


static void
test_nul_bytes(void **state)
{
    assert_int_equal(check_bytes("\"a\0b\"", 5), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(check_bytes("{}\0", 3), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(check_bytes("\0", 1), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(check_bytes("1\0", 2), CREDHUB_E_BAD_REQUEST);
    assert_int_equal(check_bytes("\"\\\0\"", 4), CREDHUB_E_BAD_REQUEST);
}


static void
test_every_prefix_is_refused(void **state)
{
    size_t            len;
    static const char text[] =
        "{\"k\\u00e4\":[-1.5e+3,true,null,\"\\ud83d\\ude00\xe2\x82\xac\"],"
        "\"\":{\"plain text of more than a word\":[[]]}}";

    assert_valid(text);

    for (len = 0; len < sizeof(text) - 1; len++) {
        assert_int_equal(check_bytes(text, len), CREDHUB_E_BAD_REQUEST);
    }
}


/* A special byte at every place of a run of words is seen. */

static void
test_special_bytes_at_every_offset(void **state)
{
    size_t              i, n;
    char                text[64];
    static const u_char bad[] = { 0x00, 0x01, 0x1f, 0x80, 0xff, '"', '\\' };
    static const u_char good[] = { ' ', '!', '#', '[', ']', '~', 0x7f };

    for (i = 1; i < sizeof(text) - 1; i++) {
        for (n = 0; n < sizeof(bad); n++) {
            memset(text, 'x', sizeof(text));
            text[0] = text[sizeof(text) - 1] = '"';

            text[i] = (char) good[n];
            assert_int_equal(check_bytes(text, sizeof(text)), CREDHUB_OK);

            text[i] = (char) bad[n];
            assert_int_equal(
                check_bytes(text, sizeof(text)), CREDHUB_E_BAD_REQUEST);
        }
    }
}


static void
nested(char *text, size_t depth, const char *open, const char *end)
{
    size_t i;

    *text = '\0';

    for (i = 0; i < depth; i++) {
        strcat(text, open);
    }

    strcat(text, "1");

    for (i = 0; i < depth; i++) {
        strcat(text, end);
    }
}


static void
test_depth(void **state)
{
    char *deep;
    char  text[1024];

    nested(text, CREDHUB_JSON_DEPTH_MAX, "[", "]");
    assert_valid(text);

    nested(text, CREDHUB_JSON_DEPTH_MAX + 1, "[", "]");
    assert_invalid(text);

    nested(text, CREDHUB_JSON_DEPTH_MAX, "{\"a\":", "}");
    assert_valid(text);

    nested(text, CREDHUB_JSON_DEPTH_MAX + 1, "{\"a\":", "}");
    assert_invalid(text);

    nested(text, CREDHUB_JSON_DEPTH_MAX / 2, "[{\"a\":", "}]");
    assert_valid(text);

    nested(text, CREDHUB_JSON_DEPTH_MAX / 2, "[{\"a\":[],\"b\":", "}]");
    assert_invalid(text); /* the empty arrays are one level deeper */

    /* Depth counts what is open, not what there is. */

    assert_valid("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                 "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                 "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                 "[],[],[],[],[],[],[],[],[],[],[],[],{},{},{},{},{},{},{}]");

    /* Neither brackets nor keys without end reach deep into the stack. */

    deep = malloc(1000000);
    memset(deep, '[', 1000000);
    assert_int_equal(check_bytes(deep, 1000000), CREDHUB_E_BAD_REQUEST);
    free(deep);
}


static void
test_many_keys(void **state)
{
    int           i;
    credhub_buf_t buf;
    credhub_str_t value;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "{");

    for (i = 0; i < 20000; i++) {
        credhub_buf_printf(
            &buf, "\"k%d\":{\"a\":%d,\"b\":0},", i * 7919 % 20000, i);
    }

    credhub_buf_lit(&buf, "\"last\":0}");
    assert_int_equal(
        credhub_json_check(unit_arena, credhub_buf_str(&buf), &value),
        CREDHUB_OK);

    buf.len--;
    credhub_buf_lit(&buf, ",\"k\\u00317\":0}"); /* k17 */
    assert_int_equal(
        credhub_json_check(unit_arena, credhub_buf_str(&buf), &value),
        CREDHUB_E_BAD_REQUEST);
}


static void
test_value_is_trimmed(void **state)
{
    unit_assert_str(checked(" \n{ \"a\" : 1 }\t\r"), "{ \"a\" : 1 }");
    unit_assert_str(checked(" 12 "), "12");
    unit_assert_str(checked("\"x\""), "\"x\"");
}


static void
test_kind(void **state)
{
    size_t i;

    static const struct {
        const char         *text;
        credhub_json_kind_e kind;
    } kinds[] = {
        { "null", CREDHUB_JSON_NULL },
        { "true", CREDHUB_JSON_TRUE },
        { "false", CREDHUB_JSON_FALSE },
        { "0", CREDHUB_JSON_NUMBER },
        { "9", CREDHUB_JSON_NUMBER },
        { "-1", CREDHUB_JSON_NUMBER },
        { "\"\"", CREDHUB_JSON_STRING },
        { "[]", CREDHUB_JSON_ARRAY },
        { "{}", CREDHUB_JSON_OBJECT },
        { "", CREDHUB_JSON_INVALID },
        { "x", CREDHUB_JSON_INVALID },
        { "}", CREDHUB_JSON_INVALID },
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(
            credhub_json_kind(unit_str(kinds[i].text)), kinds[i].kind);
    }
}


static void
test_walk_object(void **state)
{
    size_t              i;
    credhub_str_t       key, value;
    credhub_json_iter_t iter;

    static const char *want[][2] = {
        { "\"a\"", "1.50e+1" },
        { "\"b\\\"}\"", "\"x\\\\\"" },
        { "\"c\"", "{ \"]\" : [ \"}\" , {} ] }" },
        { "\"d\"", "[1,[2,3],\"]\\\"\"]" },
        { "\"e\"", "null" },
        { "\"\"", "true" },
        { "\"f\"", "-0" },
    };

    credhub_json_iter(&iter,
        checked("{\"a\":1.50e+1 ,\"b\\\"}\" : \"x\\\\\",\n \"c\":{ \"]\" : [ "
                "\"}\" , {} ] },\"d\":[1,[2,3],\"]\\\"\"] , \"e\" : null\t,"
                "\"\":true,\"f\":-0}"));

    for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_true(credhub_json_member(&iter, &key, &value));
        unit_assert_str(key, want[i][0]);
        unit_assert_str(value, want[i][1]);
    }

    assert_false(credhub_json_member(&iter, &key, &value));
    assert_false(credhub_json_member(&iter, &key, &value));

    credhub_json_iter(&iter, checked("{ }"));
    assert_false(credhub_json_member(&iter, &key, &value));
}


static void
test_walk_array(void **state)
{
    size_t              i;
    credhub_str_t       value;
    credhub_json_iter_t iter;

    static const char *want[] = { "1", "\"a,b\"", "[]", "{\"x\":[ ]}",
        "false" };

    credhub_json_iter(&iter, checked("[ 1,\"a,b\" , [],{\"x\":[ ]}\n,false ]"));

    for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_true(credhub_json_element(&iter, &value));
        unit_assert_str(value, want[i]);
    }

    assert_false(credhub_json_element(&iter, &value));

    credhub_json_iter(&iter, checked("[]"));
    assert_false(credhub_json_element(&iter, &value));

    credhub_json_iter(&iter, checked("12"));
    assert_false(credhub_json_element(&iter, &value));
}


static void
test_get(void **state)
{
    credhub_str_t object, value;

    object = checked("{\"aa\":0,\"\\u0061\":[1],\"b\":{\"c\":2}}");

    assert_true(credhub_json_get(object, "a", &value));
    unit_assert_str(value, "[1]");

    assert_true(credhub_json_get(object, "b", &value));
    unit_assert_str(value, "{\"c\":2}");

    assert_false(credhub_json_get(object, "c", &value));
    assert_false(credhub_json_get(object, "", &value));
    assert_false(credhub_json_get(checked("[\"a\",1]"), "a", &value));
    assert_false(credhub_json_get(checked("\"a\""), "a", &value));
    assert_false(credhub_json_get(credhub_null_str, "a", &value));
}


static void
test_string_is(void **state)
{
    assert_true(credhub_json_string_is(checked("\"name\""), "name"));
    assert_true(credhub_json_string_is(checked("\"n\\u0061me\""), "name"));
    assert_true(credhub_json_string_is(checked("\"\""), ""));
    assert_true(
        credhub_json_string_is(checked("\"\xe2\x82\xac\""), "\xe2\x82\xac"));
    assert_true(credhub_json_string_is(checked("\"\\u20ac\""), "\xe2\x82\xac"));

    assert_false(credhub_json_string_is(checked("\"name\""), "nam"));
    assert_false(credhub_json_string_is(checked("\"name\""), "names"));
    assert_false(credhub_json_string_is(checked("\"name\""), ""));
    assert_false(credhub_json_string_is(checked("\"Name\""), "name"));
    assert_false(credhub_json_string_is(checked("\"\""), "a"));
    assert_false(credhub_json_string_is(checked("\"\\u20ac\""), "\xe2\x82"));
    assert_false(credhub_json_string_is(checked("12"), "1"));
}


static void
test_decode(void **state)
{
    size_t        i;
    credhub_str_t plain;

    static const char *pairs[][2] = {
        { "\"\"", "" },
        { "\"plain text longer than a word\"",
            "plain text longer than a word" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0001\\u007f\"", "\x01\x7f" },
        { "\"\\u0080\\u07FF\"", "\xc2\x80\xdf\xbf" },
        { "\"\\u0800\\uffff\"", "\xe0\xa0\x80\xef\xbf\xbf" },
        { "\"\\ud800\\udc00\\uDBFF\\uDFFF\"",
            "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
        { "\"a\xe2\x82\xac\\u20acb\"", "a\xe2\x82\xac\xe2\x82\xac"
                                       "b" },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        plain = credhub_json_decode(unit_arena, checked(pairs[i][0]));
        unit_assert_str(plain, pairs[i][1]);
        assert_int_equal(plain.data[plain.len], 0);
        assert_int_equal(
            credhub_json_decoded_size(checked(pairs[i][0])), plain.len);
    }
}


static void
test_decoded_size(void **state)
{
    assert_int_equal(credhub_json_decoded_size(checked("12345")), 0);
    assert_int_equal(credhub_json_decoded_size(checked("[null,true,{}]")), 0);
    assert_int_equal(credhub_json_decoded_size(
                         checked("{\"a\":\"bc\",\"\\u0064\":[\"\\n\",{\"ef\":"
                                 "\"\\ud83d\\ude00\"}, 77]}")),
        1 + 2 + 1 + 1 + 2 + 4);
    assert_int_equal(
        credhub_json_decoded_size(checked("[\"\\\\\",\"\\\"\"]")), 2);
}


static void
test_compact(void **state)
{
    unit_assert_str(
        credhub_json_compact(unit_arena,
            checked("{ \"b\" : 1.50 ,\r\n\t\"a b\":[ 1E+2 , \" x \\u0041"
                    " \\\" \" ] , \"\" : { } }")),
        "{\"b\":1.50,\"a b\":[1E+2,\" x \\u0041 \\\" \"],\"\":{}}");
    unit_assert_str(
        credhub_json_compact(unit_arena, checked("[1,\"a\"]")), "[1,\"a\"]");
    unit_assert_str(
        credhub_json_compact(unit_arena, checked(" -0.0 ")), "-0.0");
}


static credhub_str_t
written(const char *plain, size_t len)
{
    credhub_buf_t buf;
    credhub_str_t exact;

    credhub_buf_init(&buf, unit_arena, 0);
    exact = unit_exact(plain, len);
    credhub_json_add_string(&buf, exact);
    free(exact.data);

    return credhub_buf_str(&buf);
}


static void
test_add_string(void **state)
{
    size_t i;

    static const char *pairs[][2] = {
        { "", "\"\"" },
        { "a/b'<>&", "\"a/b'<>&\"" },
        { "\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
        { "\x01\x0b\x1f\x7f", "\"\\u0001\\u000b\\u001f\x7f\"" },
        { "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
            "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
        { "a\xff"
          "b",
            "\"a\xef\xbf\xbd"
            "b\"" },
        { "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "x\xed\xa0\x80", "\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        unit_assert_str(written(pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    }

    unit_assert_str(written("a\0b", 3), "\"a\\u0000b\"");
}


static void
test_add_null_string(void **state)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 8);
    credhub_json_add_string(&buf, credhub_null_str);
    unit_assert_str(credhub_buf_str(&buf), "\"\"");
}


/* Every character but U+0000 survives being written, checked and decoded. */

static void
test_round_trip(void **state)
{
    int              n;
    uint32_t         c;
    u_char           plain[4];
    credhub_buf_t    buf;
    credhub_str_t    value, source;
    credhub_arena_t *whole;

    whole = unit_arena;

    for (c = 1; c <= 0x10ffff; c += (c < 0x3000) ? 1 : 97) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }

        n = 0;

        if (c < 0x80) {
            plain[n++] = (u_char) c;

        } else if (c < 0x800) {
            plain[n++] = (u_char) (0xc0 + c / 64);

        } else if (c < 0x10000) {
            plain[n++] = (u_char) (0xe0 + c / 4096);
            plain[n++] = (u_char) (0x80 + c / 64 % 64);

        } else {
            plain[n++] = (u_char) (0xf0 + c / 262144);
            plain[n++] = (u_char) (0x80 + c / 4096 % 64);
            plain[n++] = (u_char) (0x80 + c / 64 % 64);
        }

        if (c >= 0x80) {
            plain[n++] = (u_char) (0x80 + c % 64);
        }

        unit_arena = credhub_arena_create(512);

        source = written((char *) plain, n);
        assert_int_equal(
            credhub_json_check(unit_arena, source, &value), CREDHUB_OK);

        value = credhub_json_decode(unit_arena, value);
        assert_int_equal(value.len, n);
        assert_memory_equal(value.data, plain, n);

        credhub_buf_init(&buf, unit_arena, 16);

        if (c < 0x10000) {
            credhub_buf_printf(&buf, "\"\\u%04X\"", c);

        } else {
            credhub_buf_printf(&buf, "\"\\u%04x\\u%04x\"",
                0xd800 + (c - 0x10000) / 1024, 0xdc00 + (c - 0x10000) % 1024);
        }

        value = credhub_json_decode(unit_arena, credhub_buf_str(&buf));
        assert_int_equal(value.len, n);
        assert_memory_equal(value.data, plain, n);

        credhub_arena_destroy(unit_arena);
    }

    unit_arena = whole;
}


/* The walk stays in its range on text that was never checked. */

static void
test_walk_of_anything(void **state)
{
    int                 rounds;
    size_t              i, len;
    unsigned            seed;
    credhub_str_t       text, key, value;
    credhub_json_iter_t iter;
    credhub_arena_t    *scratch;
    static const char   bytes[] = "{}[]\"\\:, u0d8e1n\n\x80\xe2\x00";

    seed = 1;

    for (rounds = 0; rounds < 20000; rounds++) {
        len = 1 + rounds % 24;
        text.data = malloc(len);
        text.len = len;

        for (i = 0; i < len; i++) {
            seed = seed * 1103515245 + 12345;
            text.data[i] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
        }

        scratch = credhub_arena_create(256);

        credhub_json_check(scratch, text, &value);
        credhub_json_iter(&iter, text);

        for (i = 0; credhub_json_member(&iter, &key, &value); i++) {
            assert_true(key.data >= text.data
                        && key.data + key.len <= text.data + len
                        && value.data >= text.data
                        && value.data + value.len <= text.data + len);
            assert_true(i < len);
        }

        credhub_json_get(text, "u", &value);
        credhub_json_string_is(text, "u");
        assert_true(credhub_json_decoded_size(text) <= len);
        assert_true(credhub_json_decode(scratch, text).len <= len);
        assert_true(credhub_json_compact(scratch, text).len <= len);

        credhub_arena_destroy(scratch);
        free(text.data);
    }
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    credhub_str_t    value, text;
    credhub_buf_t    buf;
    credhub_error_e  rc;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    /* More keys than the first block holds, and a decoded one. */

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "{\"\\u0061\":0");

    for (round = 0; round < 300; round++) {
        credhub_buf_printf(&buf, ",\"%d\":0", round);
    }

    credhub_buf_lit(&buf, "}");
    text = credhub_buf_str(&buf);
    rc = CREDHUB_E_INTERNAL;

    for (round = 0; rc != CREDHUB_OK; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        rc = credhub_json_check(small, text, &value);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);

        assert_true(rc == CREDHUB_E_INTERNAL || rc == CREDHUB_OK);
    }

    assert_true(round > 3);

    small = credhub_arena_create(0);

    unit_malloc_left = 0;
    value = credhub_json_decode(small, unit_str("\"abc\""));
    text = credhub_json_compact(small, unit_str("[ ]"));
    credhub_buf_init(&buf, small, 0);
    credhub_json_add_string(&buf, unit_str("abc"));
    unit_malloc_left = -1;

    assert_null(value.data);
    assert_null(text.data);
    assert_int_equal(buf.failed, 1);

    credhub_arena_destroy(small);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_special_bytes_at_every_offset),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_value_is_trimmed),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_walk_object),
        cmocka_unit_test(test_walk_array),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_string_is),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decoded_size),
        cmocka_unit_test(test_compact),
        cmocka_unit_test(test_add_string),
        cmocka_unit_test(test_add_null_string),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_walk_of_anything),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
