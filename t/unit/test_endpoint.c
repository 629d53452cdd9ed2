
/* Endpoints: what is one, and its parts. */

#include "unit.h"
#include "credhub_endpoint.h"


static int
parse(const char *text, size_t len, credhub_endpoint_t *endpoint)
{
    int           rc;
    credhub_str_t exact;

    exact = unit_exact(text, len);
    rc = credhub_endpoint(exact, endpoint);

    if (rc == 0) {
        endpoint->host = credhub_arena_copy(
            unit_arena, endpoint->host.data, endpoint->host.len);
        endpoint->path = credhub_arena_copy(
            unit_arena, endpoint->path.data, endpoint->path.len);
    }

    free(exact.data);

    return rc;
}


static void
test_endpoints(void **state)
{
    size_t             i;
    credhub_endpoint_t endpoint;

    static const struct {
        const char *text;
        const char *scheme;
        const char *host;
        unsigned    port;
        const char *path;
    } good[] = {
        { "db.example.com:5432", "", "db.example.com", 5432, "" },
        { "db_1:1", "", "db_1", 1, "" },
        { "db.:65535", "", "db.", 65535, "" },
        { "127.0.0.1:443", "", "127.0.0.1", 443, "" },
        { "[::1]:443", "", "::1", 443, "" },
        { "[2001:db8::1]:00080", "", "2001:db8::1", 80, "" },
        { "https:8", "", "https", 8, "" },
        { "https://vault", "https", "vault", 443, "" },
        { "HTTPS://Vault:8200", "https", "Vault", 8200, "" },
        { "hTTp://vault/", "http", "vault", 80, "/" },
        { "http://[::1]/v1/a%20b;c=(d)", "http", "::1", 80, "/v1/a%20b;c=(d)" },
        { "https://[::1]:8200/a:b@c//d", "https", "::1", 8200, "/a:b@c//d" },
        { "https://a/https://b", "https", "a", 443, "/https://b" },
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (parse(good[i].text, strlen(good[i].text), &endpoint) != 0) {
            fail_msg("refused: %s", good[i].text);
        }

        unit_assert_str(endpoint.scheme, good[i].scheme);
        unit_assert_str(endpoint.host, good[i].host);
        unit_assert_str(endpoint.path, good[i].path);
        assert_int_equal(endpoint.port, good[i].port);
    }
}


static void
test_what_is_none(void **state)
{
    size_t             i;
    credhub_endpoint_t endpoint;

    static const char *bad[] = { "", ":", ":1", "db", "db:", "db:0", "db:65536",
        "db:99999", "db:100000", "db:4294967297", "db:-1", "db:+1", "db:1e3",
        "db: 1", "db:1 ", " db:1", "db:1/", "db:1/path", "db:1:2", "d b:1",
        "d/b:1", "d@b:1", "\xc3\xa4:1", ".:1", ".db:1", "d..b:1", "*.db:1",
        "::1", "::1:443", "[::1]", "[::1]443", "[::1]:", "[::1]:0", "[]:1",
        "[::1:1", "[127.0.0.1]:1", "[db]:1", "[::1%lo]:1", "[::g]:1",
        "[::1]]:1", "https://", "https:///", "https:///path", "https://:443",
        "https://a:", "https://a:/", "https://a:0/", "https://a:65536",
        "https://a:b", "https://u@a", "https://u:p@a/", "https://a?b",
        "https://a#b", "https://a/?b", "https://a/#b", "https://a/\\b",
        "https://a/ b", "https://a/b\n", "https://a/\x7f", "https://a/\xc3\xa4",
        "https://a/\"", "https://a b/", "https://[::1", "https://[::1]x",
        "https:/a", "https:a", "//a", "ftp://a", "ftp://a:21", "httpss://a:1",
        "://a:1", "https", "https:", "https:/" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(bad[i], strlen(bad[i]), &endpoint) == 0) {
            fail_msg("taken: %s", bad[i]);
        }
    }

    assert_int_equal(parse("d\0b:1", 5, &endpoint), -1);
    assert_int_equal(parse("db:1\0", 5, &endpoint), -1);
    assert_int_equal(parse("[::1\0]:1", 8, &endpoint), -1);
    assert_int_equal(parse("https://a/\0", 11, &endpoint), -1);
}


static void
test_length_of_a_name(void **state)
{
    char               text[300];
    credhub_endpoint_t endpoint;

    memset(text, 'a', sizeof(text));

    memcpy(text + 253, ":1", 2);
    assert_int_equal(parse(text, 255, &endpoint), 0);
    assert_int_equal(endpoint.host.len, 253);

    memcpy(text + 253, "a:1", 3);
    assert_int_equal(parse(text, 256, &endpoint), -1);

    memset(text, ':', sizeof(text));
    text[0] = '[';
    text[sizeof(text) - 1] = ']';
    assert_int_equal(parse(text, sizeof(text), &endpoint), -1);
}


static void
test_hosts(void **state)
{
    size_t        i;
    credhub_str_t exact;

    static const struct {
        const char *host;
        int         valid;
    } hosts[] = { { "a", 1 }, { "a.b-c_d.", 1 }, { "127.0.0.1", 1 },
        { "::1", 1 }, { "[::1]", 1 }, { "::ffff:127.0.0.1", 1 },
        { "[::ffff:127.0.0.1]", 1 }, { "", 0 }, { ".", 0 }, { "a..b", 0 },
        { "[]", 0 }, { "[", 0 }, { "]", 0 }, { "[a]", 0 }, { "[127.0.0.1]", 0 },
        { "[::1", 0 }, { "::1]", 0 }, { "[[::1]]", 0 }, { "a:1", 0 },
        { "a/b", 0 }, { "a b", 0 }, { "a\n", 0 }, { "::1%lo", 0 }, { ":", 0 } };

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        exact = unit_exact(hosts[i].host, strlen(hosts[i].host));

        if (credhub_host_valid(exact) != hosts[i].valid) {
            fail_msg("wrong: %s", hosts[i].host);
        }

        free(exact.data);
    }

    assert_false(credhub_host_valid((credhub_str_t){ 3, (u_char *) "a\0b" }));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_length_of_a_name),
        cmocka_unit_test(test_hosts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
