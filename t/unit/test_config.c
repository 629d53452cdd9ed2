
/* Configs: what a merge keeps, what is masked, what a port is. */

#include "unit.h"
#include "credhub_config.h"


#define AS_IS  CREDHUB_PORT_AS_IS
#define NUMBER CREDHUB_PORT_NUMBER
#define STRING CREDHUB_PORT_STRING


static credhub_error_e
merge(const char *current, credhub_str_t text, credhub_port_e ports, int masked,
    credhub_str_t *config)
{
    credhub_str_t   given, exact, value;
    credhub_error_e error;

    assert_int_equal(credhub_json_check(unit_arena, text, &given), CREDHUB_OK);

    exact = unit_exact((char *) given.data, given.len);
    error = credhub_config_merge(
        unit_arena, unit_str(current), exact, ports, masked, config);
    free(exact.data);

    if (error == CREDHUB_OK) {
        assert_int_equal(
            credhub_json_check(unit_arena, *config, &value), CREDHUB_OK);
        assert_int_equal(value.len, config->len);
    }

    return error;
}


static credhub_str_t
shown(credhub_str_t config)
{
    credhub_buf_t buf;
    credhub_str_t exact;

    exact = unit_exact((char *) config.data, config.len);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_config_show(&buf, exact);
    assert_int_equal(buf.failed, 0);

    free(exact.data);

    return credhub_buf_str(&buf);
}


static void
test_merged(void **state)
{
    size_t        i;
    credhub_str_t config;

    static const struct {
        const char *current;
        const char *given;
        const char *config;
    } merges[] = {
        { "", "{}", "{}" },
        { "{}", "{}", "{}" },
        { "", " { \"a\" : 1.50 , \"b\":[ null , {\"c\":null} ] }\n",
            "{\"a\":1.50,\"b\":[null,{\"c\":null}]}" },
        { "", "{\"\\u0061\":\"\\u0062\\/\",\"\":-0e+10}",
            "{\"\\u0061\":\"\\u0062\\/\",\"\":-0e+10}" },

        /* null is as good as absent, at every depth */

        { "", "{\"a\":null,\"b\":{\"c\":null,\"d\":{\"e\":null}}}",
            "{\"b\":{\"d\":{}}}" },
        { "{\"a\":1,\"b\":{\"c\":2}}", "{\"a\":null,\"b\":{\"c\":null}}",
            "{\"a\":1,\"b\":{\"c\":2}}" },
        { "{\"a\":1}", "{\"b\":null}", "{\"a\":1}" },

        /* the order stays, new ones come last */

        { "{\"b\":1,\"a\":2}", "{\"c\":3,\"a\":4}",
            "{\"b\":1,\"a\":4,\"c\":3}" },
        { "{\"a\":{\"x\":1,\"y\":2},\"b\":3}",
            "{\"a\":{\"z\":{\"n\":null},\"x\":9}}",
            "{\"a\":{\"x\":9,\"y\":2,\"z\":{}},\"b\":3}" },

        /* what is no object replaces, and is replaced */

        { "{\"a\":{\"x\":1}}", "{\"a\":5}", "{\"a\":5}" },
        { "{\"a\":{\"x\":1}}", "{\"a\":[{\"y\":2}]}", "{\"a\":[{\"y\":2}]}" },
        { "{\"a\":[{\"y\":2}]}", "{\"a\":{\"x\":null,\"z\":1}}",
            "{\"a\":{\"z\":1}}" },
        { "{\"a\":[1,2]}", "{\"a\":[]}", "{\"a\":[]}" },
        { "{\"a\":\"{\",\"b\":1}", "{\"b\":\"}\"}",
            "{\"a\":\"{\",\"b\":\"}\"}" },
        { "{\"a\":1}", "{\"a\":\"\"}", "{\"a\":\"\"}" },

        /* a key is what it spells, as it was spelled first */

        { "{\"key\":1}", "{\"k\\u0065y\":2}", "{\"key\":2}" },
        { "{\"k\\u0065y\":1}", "{\"key\":2}", "{\"k\\u0065y\":2}" },
        { "{\"key\":1}", "{\"Key\":2,\"key \":3}",
            "{\"key\":1,\"Key\":2,\"key \":3}" },
    };

    for (i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
        assert_int_equal(merge(merges[i].current, unit_str(merges[i].given),
                             AS_IS, 1, &config),
            CREDHUB_OK);
        unit_assert_str(config, merges[i].config);
    }
}


static void
test_no_object(void **state)
{
    size_t        i;
    credhub_str_t config;

    static const char *bad[] = { "null", "1", "\"{}\"", "[]", "[{}]", "true" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(merge("{}", unit_str(bad[i]), NUMBER, 1, &config),
            CREDHUB_E_CONFIG);
    }

    assert_int_equal(credhub_config_merge(unit_arena, credhub_null_str,
                         credhub_null_str, NUMBER, 1, &config),
        CREDHUB_E_CONFIG);
}


static void
test_secret_names(void **state)
{
    size_t i;

    static const char *secret[] = { "password", "passphrase", "token",
        "api_key", "private_key", "client_private_key", "secret", "secret_id",
        "secret_access_key", "client_secret", "Password", "API_KEY",
        "my_secret", "db_password", "access_token", "X_TOKEN", "_secret",
        "_Password", "_token", "a b_token" };
    static const char *plain[] = { "", "user", "host", "passwor", "passwords",
        "password_", "mypassword", "secrets", "secret_ids", "secretid",
        "mysecret", "mytoken", "tokens", "api_keys", "apikey", "my_api_key",
        "public_key", "role_id", "access_key_id", "my_private_key", "key",
        "client_public_certificate", "secret_access_key_", "token_x" };

    for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        if (!credhub_config_secret(unit_str(secret[i]))) {
            fail_msg("not a secret: %s", secret[i]);
        }
    }

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (credhub_config_secret(unit_str(plain[i]))) {
            fail_msg("a secret: %s", plain[i]);
        }
    }

    assert_false(credhub_config_secret(credhub_null_str));
    assert_false(
        credhub_config_secret((credhub_str_t){ 9, (u_char *) "password\0" }));
}


static void
test_shown(void **state)
{
    size_t i;

    static const struct {
        const char *config;
        const char *shown;
    } shows[] = {
        { "{}", "{}" },
        { "{\"user\":\"u\",\"password\":\"p\"}",
            "{\"user\":\"u\",\"password\":\"******\"}" },
        { "{\"password\":\"\",\"token\":null}",
            "{\"password\":\"\",\"token\":null}" },
        { "{\"password\":0,\"token\":false,\"secret\":[],\"api_key\":{}}",
            "{\"password\":\"******\",\"token\":\"******\","
            "\"secret\":\"******\",\"api_key\":\"******\"}" },
        { "{\"secret\":{\"a\":\"s\",\"b\":[\"s\"]}}",
            "{\"secret\":\"******\"}" },
        { "{\"pass\\u0077ord\":\"s\",\"PASS\\u0057ORD\":\"s\"}",
            "{\"pass\\u0077ord\":\"******\",\"PASS\\u0057ORD\":\"******\"}" },
        { "{\"a\\u005fsecre\\u0074\":\"s\"}",
            "{\"a\\u005fsecre\\u0074\":\"******\"}" },
        { "{\"a\":{\"b\":{\"my_token\":\"s\",\"c\":1.50}},\"d\":\"\\u0061\"}",
            "{\"a\":{\"b\":{\"my_token\":\"******\",\"c\":1.50}},"
            "\"d\":\"\\u0061\"}" },
        { "{\"a\":[[],[{\"password\":\"s\"},1,[{\"token\":\"s\",\"x\":[2]}]],"
          "\"]\"]}",
            "{\"a\":[[],[{\"password\":\"******\"},1,[{\"token\":\"******\","
            "\"x\":[2]}]],\"]\"]}" },
        { "{\"secret\":\"\\\"}{\",\"x\":\"secret\"}",
            "{\"secret\":\"******\",\"x\":\"secret\"}" },
    };

    for (i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
        unit_assert_str(shown(unit_str(shows[i].config)), shows[i].shown);
    }
}


static void
test_masks_keep(void **state)
{
    size_t        i;
    credhub_str_t config;

    static const struct {
        const char *current;
        const char *given;
        const char *config; /* NULL: refused */
    } masks[] = {
        { "{\"password\":\"p\"}", "{\"password\":\"******\"}",
            "{\"password\":\"p\"}" },
        { "{\"password\":\"p\"}", "{\"pass\\u0077ord\":\"\\u002a*****\"}",
            "{\"password\":\"p\"}" },
        { "{\"pass\\u0077ord\":\"\\u0070\"}", "{\"password\":\"******\"}",
            "{\"pass\\u0077ord\":\"\\u0070\"}" },
        { "{\"password\":{\"a\":[1]}}", "{\"password\":\"******\"}",
            "{\"password\":{\"a\":[1]}}" },
        { "{\"password\":\"\"}", "{\"password\":\"******\"}",
            "{\"password\":\"\"}" },
        { "{\"a\":{\"b\":{\"token\":\"t\"}}}",
            "{\"a\":{\"b\":{\"token\":\"******\",\"c\":1}}}",
            "{\"a\":{\"b\":{\"token\":\"t\",\"c\":1}}}" },
        { "{\"secret\":{\"a\":\"s\"}}", "{\"secret\":{\"a\":\"******\"}}",
            "{\"secret\":{\"a\":\"s\"}}" },
        { "{\"secret\":{\"a\":{\"b\":\"s\"}}}",
            "{\"secret\":{\"a\":\"******\",\"n\":1}}",
            "{\"secret\":{\"a\":{\"b\":\"s\"},\"n\":1}}" },

        /* what is no mask, or no secret */

        { "{\"password\":\"p\"}", "{\"password\":\"*****\"}",
            "{\"password\":\"*****\"}" },
        { "{\"password\":\"p\"}", "{\"password\":\"*******\"}",
            "{\"password\":\"*******\"}" },
        { "{\"password\":\"p\"}", "{\"password\":\"q\"}",
            "{\"password\":\"q\"}" },
        { "{\"user\":\"u\"}", "{\"user\":\"******\"}",
            "{\"user\":\"******\"}" },
        { "", "{\"user\":[\"******\",{\"x\":\"******\"}]}",
            "{\"user\":[\"******\",{\"x\":\"******\"}]}" },
        { "", "{\"a\":[{\"password\":\"p\"}]}",
            "{\"a\":[{\"password\":\"p\"}]}" },
        { "", "{\"a\":[{\"password\":\"p\"},\"******\"]}",
            "{\"a\":[{\"password\":\"p\"},\"******\"]}" },

        /* nothing stands behind it */

        { "", "{\"password\":\"******\"}", NULL },
        { "{\"password\":\"p\"}", "{\"Password\":\"******\"}", NULL },
        { "{\"token\":\"t\"}", "{\"password\":\"******\"}", NULL },
        { "", "{\"pass\\u0077ord\":\"******\"}", NULL },
        { "", "{\"x_token\":\"\\u002a\\u002a****\"}", NULL },
        { "{\"a\":1}", "{\"a\":{\"token\":\"******\"}}", NULL },
        { "{\"a\":[{\"token\":\"t\"}]}", "{\"a\":{\"token\":\"******\"}}",
            NULL },
        { "{\"token\":\"t\"}", "{\"a\":{\"token\":\"******\"}}", NULL },
        { "{\"secret\":\"s\"}", "{\"secret\":{\"a\":\"******\"}}", NULL },

        /* inside an array */

        { "{\"a\":[{\"token\":\"t\"}]}", "{\"a\":[{\"token\":\"******\"}]}",
            NULL },
        { "", "{\"a\":[[[{\"b\":{\"TOKE\\u004e\":\"******\"}}]]]}", NULL },
        { "{\"password\":[\"p\"]}", "{\"password\":[\"******\"]}", NULL },
        { "{\"password\":[\"p\"]}", "{\"password\":[{\"x\":\"******\"}]}",
            NULL },
        { "{\"password\":[\"p\"]}", "{\"password\":[1,[\"******\"]]}", NULL },
        { "", "{\"a\":[{\"x\":{\"secret\":{\"b\":[\"******\"]}}}]}", NULL },
    };

    for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        credhub_error_e error;

        error = merge(
            masks[i].current, unit_str(masks[i].given), NUMBER, 1, &config);

        if (masks[i].config != NULL) {
            assert_int_equal(error, CREDHUB_OK);
            unit_assert_str(config, masks[i].config);

        } else if (error != CREDHUB_E_CONFIG) {
            fail_msg("taken: %s", masks[i].given);
        }

        /* where nothing is masked it is a value like any other */

        assert_int_equal(
            merge("", unit_str(masks[i].given), AS_IS, 0, &config), CREDHUB_OK);
        assert_int_equal(config.len, strlen(masks[i].given));
        assert_memory_equal(config.data, masks[i].given, config.len);
    }
}


/* What a client was shown, sent back, changes nothing. */

static void
test_sent_back(void **state)
{
    size_t        i;
    credhub_str_t config;

    static const char *configs[] = {
        "{}",
        "{\"port\":5432,\"password\":\"p\",\"a\":{\"token\":1,\"b\":\"\"}}",
        "{\"secret\":{\"a\":[\"s\"]},\"list\":[1,{\"x\":[]}]}",
    };

    for (i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        assert_int_equal(
            merge(configs[i], shown(unit_str(configs[i])), NUMBER, 1, &config),
            CREDHUB_OK);
        unit_assert_str(config, configs[i]);
    }
}


static void
test_ports(void **state)
{
    size_t        i;
    credhub_str_t config;

    static const struct {
        const char    *given;
        credhub_port_e ports;
        const char    *config;
    } good[] = {
        { "{\"port\":5432}", NUMBER, "{\"port\":5432}" },
        { "{\"port\":\"5432\"}", NUMBER, "{\"port\":5432}" },
        { "{\"port\":\"\\u0035\"}", NUMBER, "{\"port\":5}" },
        { "{\"p\\u006frt\":\"1\"}", NUMBER, "{\"p\\u006frt\":1}" },
        { "{\"port\":65535,\"tunnel_port\":\"1\"}", NUMBER,
            "{\"port\":65535,\"tunnel_port\":1}" },
        { "{\"port\":65535,\"tunnel_port\":\"1\"}", STRING,
            "{\"port\":\"65535\",\"tunnel_port\":\"1\"}" },
        { "{\"port\":null}", NUMBER, "{}" },
        { "{\"Port\":\"x\",\"a\":{\"port\":0},\"ports\":-1}", NUMBER,
            "{\"Port\":\"x\",\"a\":{\"port\":0},\"ports\":-1}" },
        { "{\"port\":\"5432\",\"tunnel_port\":70000}", AS_IS,
            "{\"port\":\"5432\",\"tunnel_port\":70000}" },
    };
    static const char *bad[] = { "0", "65536", "-1", "1e3", "1.0", "-0",
        "99999999999999999999", "true", "[]", "[5432]", "{}", "\"\"", "\"0\"",
        "\"65536\"", "\"-1\"", "\"+1\"", "\"1e3\"", "\" 1\"", "\"1 \"",
        "\"01\"", "\"0x10\"", "\"x\"", "\"1\\n\"", "\"******\"" };
    static const char *names[] = { "port", "tunnel_port", "tunnel\\u005fport" };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(
            merge("", unit_str(good[i].given), good[i].ports, 1, &config),
            CREDHUB_OK);
        unit_assert_str(config, good[i].config);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]) * 3; i++) {
        credhub_buf_t given;

        credhub_buf_init(&given, unit_arena, 0);
        credhub_buf_printf(&given, "{\"%s\":%s}", names[i % 3], bad[i / 3]);

        if (merge("{\"port\":1}", credhub_buf_str(&given),
                i % 2 ? NUMBER : STRING, 1, &config)
            != CREDHUB_E_CONFIG)
        {
            fail_msg("taken: %s: %s", names[i % 3], bad[i / 3]);
        }
    }

    /* a patch without a port leaves it */

    assert_int_equal(merge("{\"port\":\"1\"}", unit_str("{\"port\":null}"),
                         STRING, 1, &config),
        CREDHUB_OK);
    unit_assert_str(config, "{\"port\":\"1\"}");
}


/* BEGIN..., n times FILL, ...END */

static credhub_str_t
repeated(const char *begin, const char *fill, size_t n, const char *end)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_add(&buf, begin, strlen(begin));

    while (n-- != 0) {
        credhub_buf_add(&buf, fill, strlen(fill));
    }

    credhub_buf_add(&buf, end, strlen(end));

    return credhub_buf_str(&buf);
}


static void
test_limits(void **state)
{
    credhub_str_t full, config;

    full = repeated("{\"a\":\"", "x", CREDHUB_CONFIG_MAX - 8, "\"}");
    assert_int_equal(full.len, CREDHUB_CONFIG_MAX);
    assert_int_equal(merge("", full, AS_IS, 1, &config), CREDHUB_OK);
    assert_int_equal(config.len, CREDHUB_CONFIG_MAX);

    full = repeated("{\"a\":\"", "x", CREDHUB_CONFIG_MAX - 7, "\"}");
    assert_int_equal(merge("", full, AS_IS, 1, &config), CREDHUB_E_TOO_LARGE);

    /* white space does not count, what stands already does */

    full = repeated("{\"a\":1", " ", CREDHUB_CONFIG_MAX, "}");
    assert_int_equal(merge("", full, AS_IS, 1, &config), CREDHUB_OK);
    assert_int_equal(config.len, 7);

    full = repeated("{\"a\":\"", "x", CREDHUB_CONFIG_MAX - 14, "\"}");
    assert_int_equal(merge("{\"b\":1}", full, AS_IS, 1, &config), CREDHUB_OK);
    assert_int_equal(config.len, CREDHUB_CONFIG_MAX);
    assert_int_equal(
        merge("{\"b\":12}", full, AS_IS, 1, &config), CREDHUB_E_TOO_LARGE);
}


static void
test_deep(void **state)
{
    credhub_str_t given, config;

    given = repeated(
        "", "{\"a\":", CREDHUB_JSON_DEPTH_MAX - 1, "{\"password\":\"p\"}");
    given = repeated(
        (char *) credhub_arena_copy(unit_arena, given.data, given.len).data,
        "}", CREDHUB_JSON_DEPTH_MAX - 1, "");

    assert_int_equal(merge("", given, AS_IS, 1, &config), CREDHUB_OK);
    assert_true(credhub_str_eq(config, given));
    assert_int_equal(
        merge((char *) credhub_arena_copy(unit_arena, config.data, config.len)
                  .data,
            shown(config), AS_IS, 1, &config),
        CREDHUB_OK);
    assert_true(credhub_str_eq(config, given));

    config = shown(given);
    assert_int_equal(config.len, given.len + 5);
    assert_null(memmem(config.data, config.len, "\"p\"", 3));
}


/* As many keys as there is room for, each of them changed. */

static void
test_many(void **state)
{
    size_t        i, n;
    credhub_buf_t first, second;
    credhub_str_t config;

    n = CREDHUB_CONFIG_MAX / 9;

    credhub_buf_init(&first, unit_arena, 0);
    credhub_buf_init(&second, unit_arena, 0);

    for (i = 0; i < n; i++) {
        credhub_buf_printf(&first, "%c\"%04zx\":1", i == 0 ? '{' : ',', i);
        credhub_buf_printf(
            &second, "%c\"%04zx\":2", i == 0 ? '{' : ',', n - 1 - i);
    }

    credhub_buf_lit(&first, "}");
    credhub_buf_lit(&second, "}");

    assert_int_equal(
        merge(
            (char *) credhub_arena_copy(unit_arena, first.data, first.len).data,
            credhub_buf_str(&second), AS_IS, 1, &config),
        CREDHUB_OK);

    for (i = 0; i < first.len; i++) {
        if (first.data[i] == '1' && first.data[i - 1] == ':') {
            first.data[i] = '2';
        }
    }

    assert_true(credhub_str_eq(config, credhub_buf_str(&first)));
}


static void
test_get(void **state)
{
    size_t        i;
    credhub_str_t config, got;

    static const struct {
        const char *name;
        const char *text;
        unsigned    port;
    } members[] = { { "s", "x y\"", 0 }, { "i", "5432", 5432 },
        { "q", "65535", 65535 }, { "big", "65536", 0 }, { "f", "1.50", 0 },
        { "e", "", 0 }, { "n", "", 0 }, { "t", "", 0 }, { "o", "", 0 },
        { "a", "", 0 }, { "none", "", 0 } };

    config = unit_str("{\"s\":\"x\\u0020y\\\"\",\"i\":5432,\"q\":\"65535\","
                      "\"big\":65536,\"f\":1.50,\"e\":\"\",\"n\":null,"
                      "\"t\":true,\"o\":{\"none\":1},\"a\":[1]}");

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        got = credhub_config_get(unit_arena, config, members[i].name);
        assert_non_null(got.data);
        unit_assert_str(got, members[i].text);

        assert_int_equal(
            credhub_config_port(unit_arena, config, members[i].name),
            members[i].port);
    }

    assert_int_equal(
        credhub_config_get(unit_arena, credhub_null_str, "a").len, 0);
    assert_int_equal(credhub_config_port(unit_arena, credhub_null_str, "a"), 0);
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    credhub_buf_t    buf;
    credhub_str_t    given, current, config;
    credhub_error_e  error;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    current = repeated("{\"a\":\"", "x", 2000, "\",\"\\u0062\":{\"c\":1}}");
    given = repeated("{\"b\":{\"token\":\"", "x", 2000,
        "\"},\"\\u0063\":[{\"\\u0064\":1}]}");

    error = CREDHUB_E_INTERNAL;

    for (round = 0; error != CREDHUB_OK; round++) {
        assert_int_equal(error, CREDHUB_E_INTERNAL);

        small = credhub_arena_create(0);

        unit_malloc_left = round;
        error = credhub_config_merge(small, current, given, NUMBER, 1, &config);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);
    }

    assert_true(round > 2);

    for (round = 0, buf.failed = 1; buf.failed; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        credhub_buf_init(&buf, small, 0);
        credhub_config_show(&buf, current);
        unit_malloc_left = -1;

        credhub_arena_destroy(small);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_secret_names),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_masks_keep),
        cmocka_unit_test(test_sent_back),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
