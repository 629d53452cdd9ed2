
/* The types: what they accept, store, generate, compare and regenerate. */

#include "unit.h"

#include <crypt.h>
#include <stdio.h>

#include "credhub_json.h"
#include "credhub_key.h"
#include "credhub_password.h"
#include "credhub_type.h"


#define SSH_BLOB                                                               \
    "AAAAC3NzaC1lZDI1NTE5AAAAIP+7q0OXpP5B39W6vO7Sc+IoNZPO8bN8bK7xiERx8zeu"
#define SSH_SUM "LK8e1hcdUSOWW4W2RmOKRVuN2ZDJ1m8Bipw36/5ip3A"

#define RSA_1024                                                               \
    "-----BEGIN PUBLIC KEY-----\\n"                                            \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDF0i1DnXREMHbnzxWx8eXVEI3+\\n"      \
    "L0vecceT2orSOwqlKcoGwSE5MrW8o1I7vupgCuxof5vHM4ly25Xk1+cyw/u24u5A\\n"      \
    "OiKfmOqAPAiqnu6NfxD9jXS8aFuNvL+t6EuKQdGSTGcfWPn9YCnXFxYVPXW5uWRx\\n"      \
    "1MTEnK27E5wYEXC0EQIDAQAB\\n"                                              \
    "-----END PUBLIC KEY-----\\n"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"


static atomic_int never;


static int
setup(void **state)
{
    *state = credhub_arena_create(4096);

    return *state == NULL;
}


static int
teardown(void **state)
{
    credhub_arena_destroy(*state);

    return 0;
}


static const credhub_type_t *
type_of(const char *name)
{
    const credhub_type_t *type;

    type = credhub_type(unit_str(name));
    assert_non_null(type);

    return type;
}


static credhub_str_t
checked(credhub_arena_t *arena, const char *json)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(arena, unit_str(json), &value), CREDHUB_OK);

    return value;
}


static credhub_error_e
set(credhub_arena_t *arena, const char *name, const char *json,
    credhub_content_t *content)
{
    credhub_str_t detail;

    memset(content, 0, sizeof(credhub_content_t));

    return type_of(name)->set(
        arena, checked(arena, json), NULL, content, &detail);
}


/* The value as answered; it must be JSON. */

static credhub_str_t
whole(credhub_arena_t *arena, const credhub_content_t *content)
{
    credhub_str_t value;
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 0);
    credhub_buf_add_str(&buf, content->head);
    credhub_buf_add_str(&buf, content->secret);
    credhub_buf_add_str(&buf, content->tail);

    assert_int_equal(
        credhub_json_check(arena, credhub_buf_str(&buf), &value), CREDHUB_OK);
    assert_true(credhub_str_eq(value, credhub_buf_str(&buf)));

    return value;
}


static void
assert_set(credhub_arena_t *arena, const char *name, const char *json,
    const char *head, const char *secret, const char *tail)
{
    credhub_content_t content;

    assert_int_equal(set(arena, name, json, &content), CREDHUB_OK);

    unit_assert_str(content.head, head);
    unit_assert_str(content.secret, secret);
    unit_assert_str(content.tail, tail);
    assert_int_equal(content.params.len, 0);

    (void) whole(arena, &content);
}


static void
assert_not_set(credhub_arena_t *arena, const char *name, const char *json,
    credhub_error_e rc)
{
    credhub_content_t content;

    assert_int_equal(set(arena, name, json, &content), rc);
}


static credhub_str_t
member(credhub_arena_t *arena, credhub_str_t object, const char *name)
{
    credhub_str_t value;

    assert_int_equal(credhub_json_get(object, name, &value), 1);

    if (credhub_json_kind(value) == CREDHUB_JSON_STRING) {
        value = credhub_json_decode(arena, value);
        assert_non_null(value.data);
    }

    return value;
}


/* Binds and checks what stands in "parameters" of a request. */

static credhub_error_e
parameters_of(credhub_arena_t *arena, const char *name, const char *json,
    credhub_parameters_t *parameters)
{
    credhub_str_t         detail;
    credhub_error_e       rc;
    const credhub_type_t *type;

    type = type_of(name);
    memset(parameters, 0, sizeof(credhub_parameters_t));

    rc = credhub_bind(
        arena, type->parameters, checked(arena, json), parameters, &detail);

    return (rc == CREDHUB_OK) ? type->check(parameters) : rc;
}


static void
generate(credhub_arena_t *arena, const char *name, const char *json,
    credhub_content_t *content)
{
    credhub_parameters_t parameters;

    assert_int_equal(parameters_of(arena, name, json, &parameters), CREDHUB_OK);

    memset(content, 0, sizeof(credhub_content_t));
    assert_int_equal(
        type_of(name)->generate(arena, &parameters, &never, content),
        CREDHUB_OK);

    (void) whole(arena, content);
}


static int
differs(credhub_arena_t *arena, const char *name, const char *json,
    const credhub_content_t *existing)
{
    credhub_parameters_t parameters;

    assert_int_equal(parameters_of(arena, name, json, &parameters), CREDHUB_OK);

    return type_of(name)->differs(arena, &parameters, existing);
}


static credhub_error_e
regenerate(credhub_arena_t *arena, const char *name,
    const credhub_content_t *existing, credhub_content_t *content)
{
    credhub_error_e       rc;
    credhub_parameters_t  parameters;
    const credhub_type_t *type;

    type = type_of(name);

    memset(&parameters, 0x55, sizeof(parameters));

    rc = type->regenerate(arena, existing, &parameters);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    assert_int_equal(type->check(&parameters), CREDHUB_OK);

    memset(content, 0, sizeof(credhub_content_t));

    return type->generate(arena, &parameters, &never, content);
}


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
test_set_rsa(void **state)
{
    assert_set(*state, "rsa",
        "{\"public_key\":\"public\",\"private_key\":\"private key\"}",
        "{\"public_key\":\"public\",\"private_key\":", "\"private key\"", "}");
    assert_set(*state, "rsa", "{\"private_key\":\"a\\r\\n\\u0041\"}",
        "{\"public_key\":null,\"private_key\":", "\"a\\r\\nA\"", "}");
    assert_set(*state, "rsa", "{\"private_key\":\"a\",\"public_key\":\"\"}",
        "{\"public_key\":null,\"private_key\":", "\"a\"", "}");
    assert_set(*state, "rsa", "{\"public_key\":\"b\"}",
        "{\"public_key\":\"b\",\"private_key\":null}", "", "");
    assert_set(*state, "rsa", "{\"public_key\":\"b\",\"private_key\":\"\"}",
        "{\"public_key\":\"b\",\"private_key\":null}", "", "");
    assert_set(*state, "rsa", "{\"public_key\":\"b\",\"private_key\":null}",
        "{\"public_key\":\"b\",\"private_key\":null}", "", "");
    assert_set(*state, "rsa", "{\"public_key\":1}",
        "{\"public_key\":\"1\",\"private_key\":null}", "", "");
}


static void
test_set_ssh(void **state)
{
    assert_set(*state, "ssh",
        "{\"public_key\":\"ssh-ed25519 " SSH_BLOB
        " c\\n\",\"private_key\":\"p\"}",
        "{\"public_key\":\"ssh-ed25519 " SSH_BLOB " c\\n\",\"private_key\":",
        "\"p\"", ",\"public_key_fingerprint\":\"" SSH_SUM "\"}");
    assert_set(*state, "ssh", "{\"public_key\":\"ssh-ed25519 " SSH_BLOB "\"}",
        "{\"public_key\":\"ssh-ed25519 " SSH_BLOB
        "\",\"private_key\":null,\"public_key_fingerprint\":\"" SSH_SUM "\"}",
        "", "");

    /* not a key: kept, without a fingerprint */

    assert_set(*state, "ssh",
        "{\"public_key\":\"public\",\"private_key\":\"p\"}",
        "{\"public_key\":\"public\",\"private_key\":", "\"p\"",
        ",\"public_key_fingerprint\":null}");
    assert_set(*state, "ssh", "{\"public_key\":\"x\",\"private_key\":\"\"}",
        "{\"public_key\":\"x\",\"private_key\":null,"
        "\"public_key_fingerprint\":null}",
        "", "");
    assert_set(*state, "ssh", "{\"private_key\":\"p\"}",
        "{\"public_key\":null,\"private_key\":", "\"p\"",
        ",\"public_key_fingerprint\":null}");

    /* an exported fingerprint is ignored */

    assert_set(*state, "ssh",
        "{\"public_key\":\"x\",\"public_key_fingerprint\":\"y\"}",
        "{\"public_key\":\"x\",\"private_key\":null,"
        "\"public_key_fingerprint\":null}",
        "", "");
}


static void
test_set_key_errors(void **state)
{
    int i;

    static const char *const names[] = { "rsa", "ssh" };

    for (i = 0; i < 2; i++) {
        assert_not_set(*state, names[i], "null", CREDHUB_E_NO_VALUE);
        assert_not_set(*state, names[i], "{}", CREDHUB_E_NO_KEY);
        assert_not_set(*state, names[i],
            "{\"public_key\":\"\",\"private_key\":\"\"}", CREDHUB_E_NO_KEY);
        assert_not_set(*state, names[i],
            "{\"public_key\":null,\"private_key\":null}", CREDHUB_E_NO_KEY);
        assert_not_set(*state, names[i], "\"key\"", CREDHUB_E_BAD_REQUEST);
        assert_not_set(
            *state, names[i], "{\"public_key\":[]}", CREDHUB_E_BAD_REQUEST);
    }

    assert_not_set(
        *state, "ssh", "{\"public_key_fingerprint\":\"x\"}", CREDHUB_E_NO_KEY);
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
test_generate_rsa(void **state)
{
    credhub_str_t     value, private_key;
    credhub_content_t content;

    generate(*state, "rsa", "{}", &content);

    assert_int_equal(content.params.len, 0);
    assert_memory_equal(
        content.head.data, "{\"public_key\":\"-----BEGIN PUB", 29);
    assert_memory_equal(
        content.head.data + content.head.len - 15, ",\"private_key\":", 15);
    unit_assert_str(content.tail, "}");

    /* all of the private key is sealed, and nothing else */

    private_key = credhub_json_decode(*state, content.secret);
    assert_memory_equal(
        private_key.data, "-----BEGIN RSA PRIVATE KEY-----", 31);

    value = whole(*state, &content);
    assert_int_equal(
        credhub_key_rsa_bits(member(*state, value, "public_key")), 2048);
    assert_true(
        credhub_str_eq(private_key, member(*state, value, "private_key")));

    /* 0 stands for the default, other lengths are other keys */

    assert_false(differs(*state, "rsa", "{}", &content));
    assert_false(differs(*state, "rsa", "{\"key_length\":0}", &content));
    assert_false(differs(*state, "rsa", "{\"key_length\":\"2048\"}", &content));
    assert_true(differs(*state, "rsa", "{\"key_length\":3072}", &content));
}


static void
test_generate_ssh(void **state)
{
    credhub_str_t     value, line, sum;
    credhub_content_t content;

    generate(
        *state, "ssh", "{\"ssh_comment\":\"me at \\\"home\\\"\"}", &content);

    assert_int_equal(content.params.len, 0);

    value = whole(*state, &content);
    line = member(*state, value, "public_key");
    sum = credhub_key_fingerprint(*state, line);

    assert_int_equal(sum.len, 43);
    assert_true(
        credhub_str_eq(sum, member(*state, value, "public_key_fingerprint")));
    assert_memory_equal(line.data, "ssh-rsa ", 8);
    assert_memory_equal(line.data + line.len - 13, " me at \"home\"", 13);

    assert_int_equal(credhub_str_eq(content.secret, value), 0);
    assert_int_equal(content.secret.data[0], '"');

    assert_false(differs(
        *state, "ssh", "{\"ssh_comment\":\"me at \\\"home\\\"\"}", &content));
    assert_true(differs(*state, "ssh", "{}", &content));
    assert_true(differs(*state, "ssh", "{\"ssh_comment\":\"me\"}", &content));
    assert_true(differs(*state, "ssh",
        "{\"ssh_comment\":\"me at \\\"home\\\"\","
        "\"key_length\":4096}",
        &content));
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
test_set_keys_differ(void **state)
{
    int               i;
    credhub_content_t content;

    static const struct {
        const char *type;
        const char *json;
    } rows[] = {
        { "rsa", "{\"private_key\":\"p\"}" },
        { "rsa", "{\"public_key\":\"public\",\"private_key\":\"p\"}" },
        { "rsa", "{\"public_key\":\"" RSA_1024 "\"}" },
        { "ssh", "{\"private_key\":\"p\"}" },
        { "ssh", "{\"public_key\":\"public\"}" },
        { "ssh", "{\"public_key\":\"ssh-ed25519 " SSH_BLOB "\"}" },
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        assert_int_equal(
            set(*state, rows[i].type, rows[i].json, &content), CREDHUB_OK);
        assert_int_equal(differs(*state, rows[i].type, "{}", &content), 1);
    }
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


static void
test_regenerate_keys(void **state)
{
    credhub_str_t     first, second, comment;
    credhub_content_t content, again;

    generate(*state, "rsa", "{\"key_length\":3072}", &content);
    assert_int_equal(regenerate(*state, "rsa", &content, &again), CREDHUB_OK);

    first = member(*state, whole(*state, &content), "public_key");
    second = member(*state, whole(*state, &again), "public_key");

    assert_int_equal(credhub_key_rsa_bits(second), 3072);
    assert_false(credhub_str_eq(first, second));
    assert_int_equal(again.params.len, 0);

    generate(*state, "ssh", "{\"key_length\":3072,\"ssh_comment\":\"a b\"}",
        &content);
    assert_int_equal(regenerate(*state, "ssh", &content, &again), CREDHUB_OK);

    first = member(*state, whole(*state, &content), "public_key");
    second = member(*state, whole(*state, &again), "public_key");

    assert_int_equal(credhub_key_ssh_kind(second, &comment).bits, 3072);
    unit_assert_str(comment, "a b");
    assert_false(credhub_str_eq(first, second));
}


#define COMMENT "\"ssh_comment\":\"a b\""

/* Type and curve are asked for, compared and kept. */

static void
test_ssh_curves(void **state)
{
    size_t             i, j;
    credhub_str_t      first, second, comment;
    credhub_content_t  content, again;
    credhub_key_kind_t kind, kept;

    static const char *const parameters[] = {
        "{\"key_type\":\"EC\"," COMMENT "}",
        "{\"key_type\":\"ec\",\"key_curve\":\"p-384\"," COMMENT "}",
        "{\"key_type\":\"ed25519\"," COMMENT "}",
        "{\"key_type\":\"rsa\"," COMMENT "}",
    };

    for (i = 0; i < 4; i++) {
        generate(*state, "ssh", parameters[i], &content);
        first = member(*state, whole(*state, &content), "public_key");
        kind = credhub_key_ssh_kind(first, &comment);
        unit_assert_str(comment, "a b");

        for (j = 0; j < 4; j++) {
            assert_int_equal(
                differs(*state, "ssh", parameters[j], &content), i != j);
        }

        assert_int_equal(
            regenerate(*state, "ssh", &content, &again), CREDHUB_OK);
        second = member(*state, whole(*state, &again), "public_key");
        kept = credhub_key_ssh_kind(second, &comment);

        unit_assert_str(comment, "a b");
        assert_int_equal(kept.type, kind.type);
        assert_int_equal(kept.bits, kind.bits);
        assert_false(credhub_str_eq(first, second));
    }
}


/* What was set may be anything; it is regenerated all the same. */

static void
test_regenerate_set_keys(void **state)
{
    int                  i;
    credhub_content_t    content;
    credhub_parameters_t parameters;

    static const struct {
        const char *type;
        const char *json;
    } rows[] = {
        { "rsa", "{\"private_key\":\"p\"}" },
        { "rsa", "{\"public_key\":\"public\"}" },
        { "rsa", "{\"public_key\":\"" RSA_1024 "\",\"private_key\":\"p\"}" },
        { "ssh", "{\"private_key\":\"p\"}" },
        { "ssh", "{\"public_key\":\"ssh-rsa AAAA comment\"}" },
        { "ssh", "{\"public_key\":\"ssh-ed25519 AAAA " SSH_BLOB " c\"}" },
        { "ssh", "{\"public_key\":\"ssh-rsa " SSH_BLOB " c\"}" },
    };

    for (i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        assert_int_equal(
            set(*state, rows[i].type, rows[i].json, &content), CREDHUB_OK);

        memset(&parameters, 0x55, sizeof(parameters));
        assert_int_equal(
            type_of(rows[i].type)->regenerate(*state, &content, &parameters),
            CREDHUB_OK);

        assert_int_equal(parameters.key_length.set, 1);
        assert_int_equal(parameters.key_length.value, 0);
        assert_int_equal(parameters.ssh_comment.len, 0);
        assert_int_equal(type_of(rows[i].type)->check(&parameters), CREDHUB_OK);
    }
}


/* A stored line may hold what generate would refuse in a comment. */

static void
test_regenerated_comment_is_one_line(void **state)
{
    credhub_str_t        line;
    credhub_buf_t        buf;
    credhub_content_t    content, set_content;
    credhub_parameters_t parameters;

    generate(*state, "ssh", "{}", &content);
    line = member(*state, whole(*state, &content), "public_key");

    credhub_buf_init(&buf, *state, 0);
    credhub_buf_lit(&buf, "{\"public_key\":\"");
    credhub_buf_add_str(&buf, line);
    credhub_buf_lit(&buf, " me\\nyou\\r\\n\"}");
    credhub_buf_add(&buf, "", 1);

    assert_int_equal(
        set(*state, "ssh", (char *) buf.data, &set_content), CREDHUB_OK);
    assert_int_equal(
        type_of("ssh")->regenerate(*state, &set_content, &parameters),
        CREDHUB_OK);

    unit_assert_str(parameters.ssh_comment, "me");
    assert_int_equal(type_of("ssh")->check(&parameters), CREDHUB_OK);
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


static void
test_cancel(void **state)
{
    atomic_int           canceled;
    credhub_content_t    content;
    credhub_parameters_t parameters;

    atomic_init(&canceled, 1);
    memset(&parameters, 0, sizeof(parameters));

    assert_int_equal(
        type_of("rsa")->generate(*state, &parameters, &canceled, &content),
        CREDHUB_E_INTERNAL);
    assert_int_equal(
        type_of("ssh")->generate(*state, &parameters, &canceled, &content),
        CREDHUB_E_INTERNAL);
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


static int
setup_bind(void **state)
{
    credhub_bind_init();

    return 0;
}


#define type_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        type_test(test_lookup),
        type_test(test_set_text),
        type_test(test_set_json),
        type_test(test_set_user),
        type_test(test_set_user_errors),
        type_test(test_unknown_keys),
        type_test(test_set_rsa),
        type_test(test_set_ssh),
        type_test(test_set_key_errors),
        type_test(test_value_size),
        type_test(test_generate_password),
        type_test(test_generated_length),
        type_test(test_generate_user),
        type_test(test_generate_user_with_name),
        type_test(test_generate_rsa),
        type_test(test_generate_ssh),
        type_test(test_parameter_errors),
        type_test(test_generated_value_is_limited),
        type_test(test_password_differs),
        type_test(test_user_differs),
        type_test(test_set_keys_differ),
        type_test(test_regenerate_password),
        type_test(test_regenerate_user),
        type_test(test_regenerate_keys),
        type_test(test_ssh_curves),
        type_test(test_regenerate_set_keys),
        type_test(test_regenerated_comment_is_one_line),
        type_test(test_damaged_parameters),
        type_test(test_cancel),
        type_test(test_without_memory),
        type_test(test_nothing_secret_is_freed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_bind, NULL);
}
