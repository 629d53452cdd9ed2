
/* The types password and user: what they accept, store, generate, compare and
 * regenerate. */

#include "unit_type.h"

#include <crypt.h>
#include <stdio.h>

#include "credhub_password.h"


#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"


/* A user with "$6$" hash of this password; anything may be around it. */

static void
assert_user(credhub_arena_t *arena, const credhub_content_t *content,
    const char *username, credhub_str_t password)
{
    char             *phrase, *hash;
    credhub_str_t     value, part;
    credhub_buf_t     want;
    struct crypt_data data;

    assert_int_equal(content->head.len, 0);
    assert_int_equal(content->tail.len, 0);

    value = whole(arena, content);

    part = member(arena, value, "password_hash");
    assert_int_equal(part.len, 98);
    hash = (char *) credhub_arena_copy(arena, part.data, part.len).data;
    phrase =
        (char *) credhub_arena_copy(arena, password.data, password.len).data;

    memset(&data, 0, sizeof(data));
    assert_string_equal(crypt_r(phrase, hash, &data), hash);

    credhub_buf_init(&want, arena, 0);
    credhub_buf_lit(&want, "{\"username\":");

    if (username == NULL) {
        credhub_buf_lit(&want, "null");

    } else {
        credhub_json_add_string(&want, unit_str(username));
    }

    credhub_buf_lit(&want, ",\"password\":");
    credhub_json_add_string(&want, password);
    credhub_buf_lit(&want, ",\"password_hash\":");
    credhub_json_add_string(&want, part);
    credhub_buf_lit(&want, "}");

    assert_true(credhub_str_eq(value, credhub_buf_str(&want)));
}


static void
assert_set_user(credhub_arena_t *arena, const char *json, const char *username,
    const char *password)
{
    credhub_content_t content;

    assert_int_equal(set(arena, "user", json, &content), CREDHUB_OK);
    assert_int_equal(content.params.len, 0);
    assert_user(arena, &content, username, unit_str(password));
}


static void
test_set_user(void **state)
{
    assert_set_user(
        *state, "{\"username\":\"u\",\"password\":\"p\"}", "u", "p");
    assert_set_user(
        *state, "{\"password\":\"p\",\"username\":\"u\"}", "u", "p");
    assert_set_user(*state, "{\"password\":\"p\"}", NULL, "p");
    assert_set_user(
        *state, "{\"username\":null,\"password\":\"p\"}", NULL, "p");
    assert_set_user(
        *state, "{\"username\":\"\",\"password\":\"p\"}", NULL, "p");
    assert_set_user(*state, "{\"username\":7,\"password\":true}", "7", "true");
    assert_set_user(*state,
        "{\"username\":\"\\u00e4\\\"\",\"password\":\"\\\\\"}", "\xc3\xa4\"",
        "\\");

    /* what a client exported is imported: the hash is made anew */

    assert_set_user(*state,
        "{\"username\":\"u\",\"password\":\"p\","
        "\"password_hash\":\"$6$x$y\"}",
        "u", "p");
    assert_set_user(
        *state, "{\"password\":\"p\",\"password_hash\":null}", NULL, "p");
}


static void
test_set_user_errors(void **state)
{
    assert_not_set(*state, "user", "null", CREDHUB_E_NO_VALUE);
    assert_not_set(*state, "user", "{}", CREDHUB_E_NO_PASSWORD);
    assert_not_set(
        *state, "user", "{\"username\":\"u\"}", CREDHUB_E_NO_PASSWORD);
    assert_not_set(
        *state, "user", "{\"password\":\"\"}", CREDHUB_E_NO_PASSWORD);
    assert_not_set(
        *state, "user", "{\"password\":null}", CREDHUB_E_NO_PASSWORD);
    assert_not_set(*state, "user", "\"x\"", CREDHUB_E_BAD_REQUEST);
    assert_not_set(*state, "user", "[]", CREDHUB_E_BAD_REQUEST);
    assert_not_set(*state, "user", "{\"password\":{}}", CREDHUB_E_BAD_REQUEST);
    assert_not_set(*state, "user", "{\"password\":\"p\",\"username\":[]}",
        CREDHUB_E_BAD_REQUEST);
}


static void
assert_made_of(credhub_str_t text, const char *const *sets, int n)
{
    int    i;
    size_t k, total, seen;

    for (i = 0, total = 0; i < n; i++) {
        for (k = 0, seen = 0; k < text.len; k++) {
            seen +=
                (text.data[k] != '\0' && strchr(sets[i], text.data[k]) != NULL);
        }

        assert_int_not_equal(seen, 0);
        total += seen;
    }

    assert_int_equal(total, text.len);
}


static void
test_generate_password(void **state)
{
    credhub_str_t     password;
    credhub_content_t content;

    static const char *const usual[] = { LOWER, UPPER, DIGIT };
    static const char *const special[] = { "!#$%&()*,-./:;<=>?@[\\]^_`{|}~",
        DIGIT };

    generate(*state, "password", "{}", &content);

    assert_int_equal(content.head.len, 0);
    assert_int_equal(content.tail.len, 0);
    unit_assert_str(content.params,
        "{\"length\":30,\"exclude_lower\":false,"
        "\"exclude_upper\":false,\"exclude_number\":false,"
        "\"include_special\":false,\"username\":null}");

    password = credhub_json_decode(*state, content.secret);
    assert_int_equal(password.len, 30);
    assert_made_of(password, usual, 3);

    generate(*state, "password",
        "{\"length\":200,\"exclude_lower\":true,\"exclude_upper\":true,"
        "\"include_special\":\"true\"}",
        &content);

    unit_assert_str(content.params,
        "{\"length\":200,\"exclude_lower\":true,"
        "\"exclude_upper\":true,\"exclude_number\":false,"
        "\"include_special\":true,\"username\":null}");

    password = credhub_json_decode(*state, content.secret);
    assert_int_equal(password.len, 200);
    assert_made_of(password, special, 2);

    generate(*state, "password",
        "{\"exclude_lower\":true,\"exclude_upper\":true,"
        "\"exclude_number\":true,\"include_special\":true}",
        &content);
    assert_made_of(credhub_json_decode(*state, content.secret), special, 1);
}


static void
test_generated_length(void **state)
{
    int               i;
    char              json[64];
    credhub_content_t content;

    static const struct {
        long long asked;
        size_t    got;
    } rows[] = {
        { 4, 4 },
        { 5, 5 },
        { 199, 199 },
        { 200, 200 },
        { 3, 30 },
        { 0, 30 },
        { -1, 30 },
        { 201, 30 },
        { 4294967300, 30 },
        { INT64_MAX, 30 },
        { INT64_MIN, 30 },
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        snprintf(json, sizeof(json), "{\"length\":%lld}", rows[i].asked);
        generate(*state, "password", json, &content);

        assert_int_equal(
            credhub_json_decode(*state, content.secret).len, rows[i].got);
        assert_memory_equal(content.params.data, json, strlen(json) - 1);

        /* converge writes again exactly when the length was not honored */

        assert_int_equal(differs(*state, "password", json, &content),
            (long long) rows[i].got != rows[i].asked);
    }
}


static void
test_generate_user(void **state)
{
    credhub_str_t     username, value;
    credhub_content_t first, second;

    static const char *const letters[] = { LOWER, UPPER };

    generate(*state, "user", "{\"exclude_upper\":true,\"length\":12}", &first);
    generate(*state, "user", "{}", &second);

    value = whole(*state, &first);
    username = member(*state, value, "username");

    assert_int_equal(username.len, 20);
    assert_made_of(username, letters, 2);
    assert_int_equal(member(*state, value, "password").len, 12);
    assert_user(*state, &first,
        (char *) credhub_arena_copy(*state, username.data, username.len).data,
        member(*state, value, "password"));

    assert_false(credhub_str_eq(
        username, member(*state, whole(*state, &second), "username")));

    unit_assert_str(first.params,
        "{\"length\":12,\"exclude_lower\":false,"
        "\"exclude_upper\":true,\"exclude_number\":false,"
        "\"include_special\":false,\"username\":null}");
}


static void
test_generate_user_with_name(void **state)
{
    credhub_content_t content;

    generate(*state, "user", "{\"username\":\"a \\\"b\\\"\"}", &content);

    assert_user(*state, &content, "a \"b\"",
        member(*state, whole(*state, &content), "password"));
    unit_assert_str(member(*state, content.params, "username"), "a \"b\"");
}


static void
test_password_differs(void **state)
{
    int               i;
    credhub_content_t content;

    static const char *const same[] = {
        "{\"length\":20,\"exclude_upper\":true}",
        "{\"length\":\"20\",\"exclude_upper\":\"true\"}",
        "{\"length\":20,\"exclude_upper\":true,\"include_special\":false}",
    };

    static const char *const other[] = {
        "{}",
        "{\"length\":20}",
        "{\"exclude_upper\":true}",
        "{\"length\":21,\"exclude_upper\":true}",
        "{\"length\":20,\"exclude_lower\":true}",
        "{\"length\":20,\"exclude_upper\":true,\"exclude_lower\":true}",
        "{\"length\":20,\"exclude_upper\":true,\"exclude_number\":true}",
        "{\"length\":20,\"exclude_upper\":true,\"include_special\":true}",
        "{\"length\":20,\"exclude_upper\":true,\"username\":\"u\"}",
    };

    generate(*state, "password", same[0], &content);

    for (i = 0; i < 3; i++) {
        assert_int_equal(differs(*state, "password", same[i], &content), 0);
    }

    for (i = 0; i < (int) (sizeof(other) / sizeof(other[0])); i++) {
        assert_int_equal(differs(*state, "password", other[i], &content), 1);
    }

    /* the default length is 30, asked for or not */

    generate(*state, "password", "{}", &content);
    assert_int_equal(differs(*state, "password", "{}", &content), 0);
    assert_int_equal(
        differs(*state, "password", "{\"length\":30}", &content), 0);

    /* a password that was set always gives way */

    assert_int_equal(
        set(*state, "password", "\"123456789012345678901234567890\"", &content),
        CREDHUB_OK);
    assert_int_equal(differs(*state, "password", "{}", &content), 1);
}


static void
test_user_differs(void **state)
{
    credhub_content_t content;

    generate(*state, "user", "{}", &content);
    assert_int_equal(differs(*state, "user", "{}", &content), 0);
    assert_int_equal(differs(*state, "user", "{\"length\":30}", &content), 0);
    assert_int_equal(differs(*state, "user", "{\"length\":31}", &content), 1);
    assert_int_equal(
        differs(*state, "user", "{\"username\":\"u\"}", &content), 1);

    generate(*state, "user", "{\"username\":\"u\"}", &content);
    assert_int_equal(
        differs(*state, "user", "{\"username\":\"u\"}", &content), 0);
    assert_int_equal(
        differs(*state, "user", "{\"username\":\"U\"}", &content), 1);
    assert_int_equal(differs(*state, "user", "{}", &content), 1);
    assert_int_equal(
        differs(*state, "user", "{\"username\":\"u\",\"exclude_lower\":true}",
            &content),
        1);

    assert_int_equal(set(*state, "user",
                         "{\"username\":\"u\",\"password\":\"p\"}", &content),
        CREDHUB_OK);
    assert_int_equal(
        differs(*state, "user", "{\"username\":\"u\"}", &content), 1);
}


static void
test_regenerate_password(void **state)
{
    credhub_str_t     first, second;
    credhub_content_t content, again;

    static const char *const digits[] = { DIGIT };

    /* asked for 300, got 30: from then on it is 30 */

    generate(*state, "password",
        "{\"length\":300,\"exclude_lower\":true,"
        "\"exclude_upper\":true}",
        &content);
    assert_int_equal(
        regenerate(*state, "password", &content, &again), CREDHUB_OK);

    first = credhub_json_decode(*state, content.secret);
    second = credhub_json_decode(*state, again.secret);

    assert_int_equal(second.len, 30);
    assert_made_of(second, digits, 1);
    assert_false(credhub_str_eq(first, second));
    unit_assert_str(again.params,
        "{\"length\":30,\"exclude_lower\":true,"
        "\"exclude_upper\":true,\"exclude_number\":false,"
        "\"include_special\":false,\"username\":null}");

    generate(*state, "password", "{\"length\":7}", &content);
    assert_int_equal(
        regenerate(*state, "password", &content, &again), CREDHUB_OK);
    assert_int_equal(credhub_json_decode(*state, again.secret).len, 7);
    assert_int_equal(differs(*state, "password", "{\"length\":7}", &again), 0);

    assert_int_equal(set(*state, "password", "\"p\"", &content), CREDHUB_OK);
    assert_int_equal(regenerate(*state, "password", &content, &again),
        CREDHUB_E_NOT_REGENERABLE_PASSWORD);
}


static void
test_regenerate_user(void **state)
{
    credhub_str_t     first, second, username;
    credhub_content_t content, again;

    generate(
        *state, "user", "{\"length\":9,\"exclude_number\":true}", &content);
    assert_int_equal(regenerate(*state, "user", &content, &again), CREDHUB_OK);

    first = whole(*state, &content);
    second = whole(*state, &again);
    username = member(*state, first, "username");

    assert_true(credhub_str_eq(username, member(*state, second, "username")));
    assert_false(credhub_str_eq(
        member(*state, first, "password"), member(*state, second, "password")));
    assert_int_equal(member(*state, second, "password").len, 9);
    assert_memory_not_equal(member(*state, first, "password_hash").data,
        member(*state, second, "password_hash").data, 11);

    /* the name is part of the parameters from now on */

    assert_true(
        credhub_str_eq(username, member(*state, again.params, "username")));
    assert_int_equal(differs(*state, "user",
                         "{\"length\":9,\"exclude_number\":true}", &content),
        0);
    assert_int_equal(differs(*state, "user",
                         "{\"length\":9,\"exclude_number\":true}", &again),
        1);

    assert_int_equal(set(*state, "user",
                         "{\"username\":\"u\",\"password\":\"p\"}", &content),
        CREDHUB_OK);
    assert_int_equal(regenerate(*state, "user", &content, &again),
        CREDHUB_E_NOT_REGENERABLE_USER);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        type_test(test_set_user),
        type_test(test_set_user_errors),
        type_test(test_generate_password),
        type_test(test_generated_length),
        type_test(test_generate_user),
        type_test(test_generate_user_with_name),
        type_test(test_password_differs),
        type_test(test_user_differs),
        type_test(test_regenerate_password),
        type_test(test_regenerate_user),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_bind, NULL);
}
