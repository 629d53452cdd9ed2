
/* The types: the table, and what they have in common. */

#include "unit_type.h"

#include "credhub_password.h"


static void
test_lookup(void **state)
{
    size_t i;

    static const struct {
        const char *name;
        unsigned    slow_set;
        unsigned    slow_generate;
        unsigned    generates;
    } types[] = {
        { "value", 0, 0, 0 },
        { "json", 0, 0, 0 },
        { "password", 0, 0, 1 },
        { "user", 1, 1, 1 },
        { "rsa", 0, 1, 1 },
        { "ssh", 0, 1, 1 },
    };

    static const char *const unknown[] = { "", "certificates", "passwor",
        "passwords", "value ", "x" };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const credhub_type_t *type = type_of(types[i].name);

        unit_assert_str(type->name, types[i].name);
        assert_non_null(type->set);
        assert_int_equal(type->own, 0);
        assert_int_equal(type->slow_set, types[i].slow_set);
        assert_int_equal(type->slow_generate, types[i].slow_generate);
        assert_int_equal(type->parameters != NULL, types[i].generates);
        assert_int_equal(type->check != NULL, types[i].generates);
        assert_int_equal(type->generate != NULL, types[i].generates);
        assert_int_equal(type->differs != NULL, types[i].generates);
        assert_int_equal(type->regenerate != NULL, types[i].generates);
    }

    assert_ptr_equal(type_of("PassWord"), type_of("password"));
    assert_ptr_equal(type_of("JSON"), type_of("json"));

    assert_int_equal(type_of("Certificate")->own, 1);
    unit_assert_str(type_of("Certificate")->name, "certificate");

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_null(credhub_type(unit_str(unknown[i])));
    }
}


static void
test_set_text(void **state)
{
    int i;

    static const char *const names[] = { "value", "password" };

    for (i = 0; i < 2; i++) {
        assert_set(*state, names[i], "\"x\"", "", "\"x\"", "");
        assert_set(*state, names[i], "\" \"", "", "\" \"", "");
        assert_set(*state, names[i], " \"a\\u0041\\n\\/\" ", "",
            "\"a\\u0041\\n\\/\"", "");
        assert_set(*state, names[i], "\"\xc3\xa4\xe2\x82\xac\"", "",
            "\"\xc3\xa4\xe2\x82\xac\"", "");

        assert_set(*state, names[i], "12", "", "\"12\"", "");
        assert_set(*state, names[i], "-1.50e+03", "", "\"-1.50e+03\"", "");
        assert_set(*state, names[i], "0", "", "\"0\"", "");
        assert_set(*state, names[i], "true", "", "\"true\"", "");
        assert_set(*state, names[i], "false", "", "\"false\"", "");

        assert_not_set(*state, names[i], "null", CREDHUB_E_NO_VALUE);
        assert_not_set(*state, names[i], "\"\"", CREDHUB_E_NO_VALUE);
        assert_not_set(*state, names[i], "{}", CREDHUB_E_BAD_REQUEST);
        assert_not_set(*state, names[i], "[\"x\"]", CREDHUB_E_BAD_REQUEST);
    }
}


static void
test_set_json(void **state)
{
    int i;

    static const char *const values[] = {
        "{}",
        "[]",
        "\"\"",
        "\"x\"",
        "0",
        "true",
        "false",
        "[null]",
        "{ \"b\" : 1.10,\n\"a\":[ 1E400 , 12345678901234567890123 ] }",
        "{\"\\u0061\":\"\\u00e4\"}",
    };

    for (i = 0; i < (int) (sizeof(values) / sizeof(values[0])); i++) {
        assert_set(*state, "json", values[i], "", values[i], "");
    }

    assert_not_set(*state, "json", "null", CREDHUB_E_NO_VALUE);
}


static void
test_unknown_keys(void **state)
{
    int               i;
    credhub_str_t     detail;
    credhub_content_t content;

    static const struct {
        const char *type;
        const char *json;
        const char *key;
    } rows[] = {
        { "user", "{\"password\":\"p\",\"Password\":\"q\"}", "Password" },
        { "user", "{\"password\":\"p\",\"public_key\":1}", "public_key" },
        { "rsa", "{\"public_key\":\"p\",\"public_key_fingerprint\":\"x\"}",
            "public_key_fingerprint" },
        { "rsa", "{\"publicKey\":\"p\"}", "publicKey" },
        { "ssh", "{\"private_key\":\"p\",\"x\":null}", "x" },
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        memset(&content, 0, sizeof(content));
        assert_int_equal(type_of(rows[i].type)
                             ->set(*state, checked(*state, rows[i].json), NULL,
                                 &content, &detail),
            CREDHUB_E_UNKNOWN_KEY);
        unit_assert_str(detail, rows[i].key);
    }
}


static void
assert_size(
    credhub_arena_t *arena, const char *name, const char *json, size_t size)
{
    assert_int_equal(
        credhub_type_value_size(type_of(name), checked(arena, json)), size);
}


static void
test_value_size(void **state)
{
    assert_size(*state, "value", "\"\"", 0);
    assert_size(*state, "value", "\"abc\"", 3);
    assert_size(*state, "password", "\"\\u00e4\\n\\u20ac\"", 6);
    assert_size(*state, "password", "\"\\ud83d\\ude00\"", 4);
    assert_size(*state, "value", "12345", 5);
    assert_size(*state, "value", "false", 5);
    assert_size(*state, "value", "null", 0);

    /* the names of the parts do not count */

    assert_size(*state, "user",
        "{\"username\":\"abc\",\"password\":\"\\u0041\\u0041\"}", 5);
    assert_size(*state, "user", "{\"username\":12,\"password\":null}", 2);
    assert_size(*state, "rsa",
        "{ \"public_key\" : \"a\\n\", \"private_key\" : \"b\" }", 3);
    assert_size(*state, "ssh", "{}", 0);

    /* json: as it was sent, without the white space around it */

    assert_size(*state, "json", " { \"a\" : 1 } ", 11);
    assert_size(*state, "json", "\"\\u0041\"", 8);
    assert_size(*state, "json", "[ null ]", 8);
}


static void
test_parameter_errors(void **state)
{
    int                  i;
    credhub_parameters_t parameters;

    static const struct {
        const char     *type;
        const char     *json;
        credhub_error_e rc;
    } rows[] = {
        { "password",
            "{\"exclude_lower\":true,\"exclude_upper\":true,"
            "\"exclude_number\":true}",
            CREDHUB_E_NO_CHARSET },
        { "user",
            "{\"exclude_lower\":true,\"exclude_upper\":true,"
            "\"exclude_number\":true,\"include_special\":false}",
            CREDHUB_E_NO_CHARSET },
        { "password", "{\"mode\":\"overwrite\"}", CREDHUB_E_UNKNOWN_KEY },
        { "password", "{\"key_length\":2048}", CREDHUB_E_UNKNOWN_KEY },
        { "password", "{\"length\":null}", CREDHUB_E_BAD_REQUEST },
        { "password", "{\"length\":\"x\"}", CREDHUB_E_BAD_REQUEST },
        { "password", "{\"exclude_lower\":null}", CREDHUB_E_BAD_REQUEST },
        { "password", "{\"exclude_lower\":\"yes\"}", CREDHUB_E_BAD_REQUEST },
        { "rsa", "{\"key_length\":1024}", CREDHUB_E_KEY_LENGTH },
        { "rsa", "{\"key_length\":2049}", CREDHUB_E_KEY_LENGTH },
        { "rsa", "{\"key_length\":-2048}", CREDHUB_E_KEY_LENGTH },
        { "rsa", "{\"key_length\":4294969344}", CREDHUB_E_KEY_LENGTH },
        { "rsa", "{\"ssh_comment\":\"x\"}", CREDHUB_E_UNKNOWN_KEY },
        { "rsa", "{\"length\":30}", CREDHUB_E_UNKNOWN_KEY },
        { "ssh", "{\"key_length\":8192}", CREDHUB_E_KEY_LENGTH },
        { "ssh", "{\"key_type\":\"dsa\"}", CREDHUB_E_KEY_TYPE },
        { "ssh", "{\"key_curve\":\"P-256\"}", CREDHUB_E_KEY_CURVE },
        { "ssh", "{\"key_type\":\"ec\",\"key_length\":2048}",
            CREDHUB_E_KEY_LENGTH },
        { "ssh", "{\"key_type\":null,\"key_curve\":null}", CREDHUB_OK },
        { "ssh", "{\"key_type\":{}}", CREDHUB_E_BAD_REQUEST },
        { "rsa", "{\"key_type\":\"rsa\"}", CREDHUB_E_UNKNOWN_KEY },
        { "ssh", "{\"ssh_comment\":\"a\\nb\"}", CREDHUB_E_BAD_REQUEST },
        { "ssh", "{\"ssh_comment\":\"a\\r\"}", CREDHUB_E_BAD_REQUEST },
        { "ssh", "{\"ssh_comment\":[]}", CREDHUB_E_BAD_REQUEST },

        { "ssh", "{\"ssh_comment\":null,\"key_length\":4096}", CREDHUB_OK },
        { "ssh", "{\"ssh_comment\":\"a b  c\"}", CREDHUB_OK },
        { "rsa", "{\"key_length\":\"3072\"}", CREDHUB_OK },
        { "user", "{\"username\":null}", CREDHUB_OK },
        { "password", "{\"exclude_lower\":\"false\",\"length\":\"30\"}",
            CREDHUB_OK },
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        assert_int_equal(
            parameters_of(*state, rows[i].type, rows[i].json, &parameters),
            rows[i].rc);
    }

    memset(&parameters, 0, sizeof(parameters));
    parameters.ssh_comment = credhub_str("a\0b");
    assert_int_equal(type_of("ssh")->check(&parameters), CREDHUB_E_BAD_REQUEST);
}


static void
test_generated_value_is_limited(void **state)
{
    u_char              *text;
    credhub_content_t    content;
    credhub_parameters_t parameters;

    text = credhub_arena_bytes(*state, CREDHUB_VALUE_MAX);
    memset(text, 'x', CREDHUB_VALUE_MAX);

    memset(&parameters, 0, sizeof(parameters));
    parameters.username.data = text;
    parameters.username.len = CREDHUB_VALUE_MAX - CREDHUB_PASSWORD_DEFAULT;
    memset(&content, 0, sizeof(content));

    assert_int_equal(
        type_of("user")->generate(*state, &parameters, &never, &content),
        CREDHUB_OK);

    parameters.username.len++;
    assert_int_equal(
        type_of("user")->generate(*state, &parameters, &never, &content),
        CREDHUB_E_TOO_LARGE);

    memset(&parameters, 0, sizeof(parameters));
    parameters.ssh_comment.data = text;
    parameters.ssh_comment.len = CREDHUB_VALUE_MAX - 380;

    assert_int_equal(
        type_of("ssh")->generate(*state, &parameters, &never, &content),
        CREDHUB_E_TOO_LARGE);
}


static void
test_damaged_parameters(void **state)
{
    credhub_content_t content, again;

    generate(*state, "password", "{}", &content);
    content.params = credhub_str("{\"x\":1}");

    assert_int_equal(
        regenerate(*state, "password", &content, &again), CREDHUB_E_INTERNAL);
    assert_int_equal(differs(*state, "password", "{}", &content), 1);

    generate(*state, "user", "{}", &content);
    content.secret = credhub_str("[]");

    assert_int_equal(
        regenerate(*state, "user", &content, &again), CREDHUB_E_INTERNAL);
    assert_int_equal(differs(*state, "user", "{}", &content), 1);
}


/* Memory runs out at each allocation in turn; no crash, no half success. */

static void
test_without_memory(void **state)
{
    int               i, k;
    credhub_str_t     value;
    credhub_arena_t  *arena;
    credhub_error_e   rc;
    credhub_content_t content;

    static const struct {
        const char *type;
        const char *json;
    } rows[] = {
        { "value", "12" },
        { "user", "{\"username\":\"u\",\"password\":\"p\"}" },
        { "rsa", "{\"public_key\":\"a\",\"private_key\":\"b\"}" },
        { "ssh", "{\"public_key\":\"ssh-ed25519 " SSH_BLOB "\"}" },
    };

    unit_need_memory_hooks();

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        value = checked(*state, rows[i].json);

        for (k = 0, rc = CREDHUB_E_INTERNAL; rc != CREDHUB_OK; k++) {
            arena = credhub_arena_create(0);
            memset(&content, 0, sizeof(content));

            unit_malloc_left = k;
            rc = type_of(rows[i].type)
                     ->set(arena, value, NULL, &content, &value);
            unit_malloc_left = -1;

            assert_true(rc == CREDHUB_OK || rc == CREDHUB_E_INTERNAL);
            credhub_arena_destroy(arena);
        }

        assert_int_not_equal(k, 1);
    }
}


static void
test_nothing_secret_is_freed(void **state)
{
    credhub_arena_t  *arena;
    credhub_content_t content;

    unit_need_memory_hooks();

    unit_marks_freed = 0;
    unit_mark = "a secret";

    arena = credhub_arena_create(64);
    assert_int_equal(
        set(arena, "user", "{\"username\":\"u\",\"password\":\"a secret\"}",
            &content),
        CREDHUB_OK);
    assert_int_equal(
        set(arena, "rsa", "{\"public_key\":\"p\",\"private_key\":\"a secret\"}",
            &content),
        CREDHUB_OK);
    credhub_arena_destroy(arena);

    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        type_test(test_lookup),
        type_test(test_set_text),
        type_test(test_set_json),
        type_test(test_unknown_keys),
        type_test(test_value_size),
        type_test(test_parameter_errors),
        type_test(test_generated_value_is_limited),
        type_test(test_damaged_parameters),
        type_test(test_without_memory),
        type_test(test_nothing_secret_is_freed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_bind, NULL);
}
