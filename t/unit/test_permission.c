
/* Permissions: operations by name, paths that may stand in a row, decisions. */

#include "unit.h"
#include "credhub_name.h"
#include "credhub_permission.h"


#define ALL                                                                    \
    (CREDHUB_OP_READ | CREDHUB_OP_WRITE | CREDHUB_OP_DELETE                    \
        | CREDHUB_OP_READ_ACL | CREDHUB_OP_WRITE_ACL)


static void
test_operation(void **state)
{
    assert_int_equal(credhub_operation(unit_str("read")), CREDHUB_OP_READ);
    assert_int_equal(credhub_operation(unit_str("write")), CREDHUB_OP_WRITE);
    assert_int_equal(credhub_operation(unit_str("delete")), CREDHUB_OP_DELETE);
    assert_int_equal(
        credhub_operation(unit_str("read_acl")), CREDHUB_OP_READ_ACL);
    assert_int_equal(
        credhub_operation(unit_str("write_acl")), CREDHUB_OP_WRITE_ACL);

    assert_int_equal(credhub_operation(unit_str("")), 0);
    assert_int_equal(credhub_operation(credhub_null_str), 0);
    assert_int_equal(credhub_operation(unit_str("Read")), 0);
    assert_int_equal(credhub_operation(unit_str("rea")), 0);
    assert_int_equal(credhub_operation(unit_str("read_")), 0);
    assert_int_equal(credhub_operation(unit_str("execute")), 0);
}


static void
test_operations(void **state)
{
    size_t        i;
    credhub_str_t list;

    static const struct {
        const char *list;
        unsigned    want;
    } lists[] = {
        { "read", CREDHUB_OP_READ },
        { "write,read", CREDHUB_OP_READ | CREDHUB_OP_WRITE },
        { "read,write,delete,read_acl,write_acl", ALL },
        { "", 0 },
        { ",", 0 },
        { "read,", 0 },
        { ",read", 0 },
        { "read,,write", 0 },
        { "read,read", 0 },
        { "read,write,read", 0 },
        { "read, write", 0 },
        { "read write", 0 },
        { "read,all", 0 },
        { "READ", 0 },
    };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list = unit_exact(lists[i].list, strlen(lists[i].list));
        assert_int_equal(credhub_operations(list), lists[i].want);
        free(list.data);
    }

    assert_int_equal(credhub_operations(credhub_null_str), 0);
}


static void
test_path_check(void **state)
{
    size_t        i;
    char          text[CREDHUB_NAME_MAX + 2];
    credhub_str_t path;

    static const char *good[] = { "/a", "/a/b", "/*", "/a/*", "/a/b/*",
        "/A.(x)/*" };

    static const char *bad[] = { "", "/", "a", "a/*", "*", "/*/", "/*a", "/a*",
        "/a/*/b", "/**", "/*/*", "/a/**", "/a//b", "/a/", "//*", "/a//*",
        "/a b", "/a b/*", "/\xc3\xa4/*" };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(credhub_permission_path_check(unit_str(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (credhub_permission_path_check(unit_str(bad[i]))) {
            fail_msg("taken: %s", bad[i]);
        }
    }

    assert_false(credhub_permission_path_check(credhub_null_str));

    /* The limit holds for the whole path. */

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    path.data = (u_char *) text;

    path.len = CREDHUB_NAME_MAX;
    assert_true(credhub_permission_path_check(path));

    memcpy(text + CREDHUB_NAME_MAX - 2, "/*", 2);
    assert_true(credhub_permission_path_check(path));

    memset(text + 1, 'a', sizeof(text) - 1);
    path.len = CREDHUB_NAME_MAX + 1;
    assert_false(credhub_permission_path_check(path));

    memcpy(text + CREDHUB_NAME_MAX - 1, "/*", 2);
    assert_false(credhub_permission_path_check(path));
}


static void
test_covers(void **state)
{
    size_t        i;
    credhub_str_t path, name;

    static const struct {
        const char *path;
        const char *name;
        int         want;
    } rows[] = {
        { "/*", "/a", 1 },
        { "/*", "/a/b/c", 1 },
        { "/*", "/*", 1 },
        { "/*", "/a/*", 1 },
        { "/a/*", "/a/b", 1 },
        { "/a/*", "/a/b/c", 1 },
        { "/a/*", "/a/*", 1 },
        { "/a/*", "/a/b/*", 1 },
        { "/a/*", "/a", 0 },
        { "/a/*", "/a/", 0 },
        { "/a/*", "/ab", 0 },
        { "/a/*", "/ab/c", 0 },
        { "/a/*", "/b/a/c", 0 },
        { "/a/*", "/*", 0 },
        { "/a/b/*", "/a/*", 0 },
        { "/a", "/a", 1 },
        { "/a", "/a/b", 0 },
        { "/a", "/ab", 0 },
        { "/ab", "/a", 0 },
        { "/a", "/A", 0 },
        { "/a", "/a/*", 0 },
        { "/a*", "/ab", 0 },
        { "*", "/a", 0 },
        { "", "/a", 0 },
        { "/a", "", 0 },
        { "/*", "", 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        path = unit_exact(rows[i].path, strlen(rows[i].path));
        name = unit_exact(rows[i].name, strlen(rows[i].name));

        if (credhub_permission_covers(path, name) != rows[i].want) {
            fail_msg("%s over %s is not %d", rows[i].path, rows[i].name,
                rows[i].want);
        }

        free(path.data);
        free(name.data);
    }
}


static void
test_allowed(void **state)
{
    size_t i;

    static const credhub_permission_t rows[] = {
        { credhub_string("uaa-client:A"), credhub_string("/a/*"),
            CREDHUB_OP_READ },
        { credhub_string("uaa-client:a"), credhub_string("/a/b"),
            CREDHUB_OP_WRITE },
        { credhub_string("uaa-client:b"), credhub_string("/*"), ALL },
        { credhub_string("uaa-client:a"), credhub_string("/c"), 0 },
    };

    static const struct {
        const char *actor;
        const char *name;
        unsigned    want;
    } decisions[] = {
        { "uaa-client:a", "/a/b", CREDHUB_OP_READ | CREDHUB_OP_WRITE },
        { "UAA-CLIENT:A", "/a/b", CREDHUB_OP_READ | CREDHUB_OP_WRITE },
        { "uaa-client:a", "/a/c", CREDHUB_OP_READ },
        { "uaa-client:a", "/a", 0 },
        { "uaa-client:a", "/c", 0 },
        { "uaa-client:a", "/d", 0 },
        { "uaa-client:b", "/a/b", ALL },
        { "uaa-client:", "/a/b", 0 },
        { "uaa-client:ab", "/a/b", 0 },
        { "", "/a/b", 0 },
    };

    for (i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
        assert_int_equal(
            credhub_permission_allowed(rows, 4, unit_str(decisions[i].actor),
                unit_str(decisions[i].name)),
            decisions[i].want);
    }

    assert_int_equal(
        credhub_permission_allowed(NULL, 0, unit_str("x"), unit_str("/a")), 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_path_check),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_allowed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
