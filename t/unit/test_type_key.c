
/* The types rsa and ssh: what they accept, store, generate, compare and
 * regenerate. */

#include "unit_type.h"

#include <stdio.h>

#include "credhub_key.h"


#define SSH_SUM "LK8e1hcdUSOWW4W2RmOKRVuN2ZDJ1m8Bipw36/5ip3A"

#define RSA_1024                                                               \
    "-----BEGIN PUBLIC KEY-----\\n"                                            \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDF0i1DnXREMHbnzxWx8eXVEI3+\\n"      \
    "L0vecceT2orSOwqlKcoGwSE5MrW8o1I7vupgCuxof5vHM4ly25Xk1+cyw/u24u5A\\n"      \
    "OiKfmOqAPAiqnu6NfxD9jXS8aFuNvL+t6EuKQdGSTGcfWPn9YCnXFxYVPXW5uWRx\\n"      \
    "1MTEnK27E5wYEXC0EQIDAQAB\\n"                                              \
    "-----END PUBLIC KEY-----\\n"


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


int
main(void)
{
    const struct CMUnitTest tests[] = {
        type_test(test_set_rsa),
        type_test(test_set_ssh),
        type_test(test_set_key_errors),
        type_test(test_generate_rsa),
        type_test(test_generate_ssh),
        type_test(test_set_keys_differ),
        type_test(test_regenerate_keys),
        type_test(test_ssh_curves),
        type_test(test_regenerate_set_keys),
        type_test(test_regenerated_comment_is_one_line),
        type_test(test_cancel),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_bind, NULL);
}
