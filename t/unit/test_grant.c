
/* The index of permissions: fields of a name, against the rule of
 * credhub_permission_covers(), and what stands under them. */

#include "unit_keyring.h"
#include "credhub_grant.h"


static void
test_field(void **state)
{
    size_t i;

    static const struct {
        unsigned    operation;
        const char *field;
    } rows[] = {
        { CREDHUB_OP_READ, "r/a/*" },
        { CREDHUB_OP_WRITE, "w/a/*" },
        { CREDHUB_OP_DELETE, "d/a/*" },
        { CREDHUB_OP_READ_ACL, "R/a/*" },
        { CREDHUB_OP_WRITE_ACL, "W/a/*" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_str(credhub_grant_field(
                            unit_arena, rows[i].operation, unit_str("/a/*")),
            rows[i].field);
        unit_assert_str(credhub_grant_path(unit_str(rows[i].field)), "/a/*");
    }

    assert_null(credhub_grant_field(unit_arena, 0, unit_str("/a")).data);
    assert_null(credhub_grant_field(
        unit_arena, CREDHUB_OP_READ | CREDHUB_OP_WRITE, unit_str("/a"))
                    .data);
    assert_null(credhub_grant_field(unit_arena, 0x20, unit_str("/a")).data);
    assert_null(credhub_grant_path(credhub_null_str).data);
}


static void
assert_fields(const char *name, const char *want)
{
    ssize_t       i, n;
    credhub_buf_t buf;
    credhub_str_t exact, *fields;

    exact = unit_exact(name, strlen(name));
    n = credhub_grant_fields(unit_arena, CREDHUB_OP_READ, exact, &fields);
    free(exact.data);

    credhub_buf_init(&buf, unit_arena, 0);

    for (i = 0; i < n; i++) {
        credhub_buf_add_str(&buf, fields[i]);
        credhub_buf_lit(&buf, " ");
    }

    unit_assert_str(credhub_buf_str(&buf), want);
}


static void
test_fields(void **state)
{
    assert_fields("/a", "r/a r/* ");
    assert_fields("/a/b/c", "r/a/b/c r/a/b/* r/a/* r/* ");
    assert_fields("/*", "r/* ");
    assert_fields("/a/*", "r/a/* r/* ");
    assert_fields("/a/b/*", "r/a/b/* r/a/* r/* ");
    assert_fields("/a*", "r/a* r/* ");
    assert_fields("/a/", "r/a/ r/* ");
    assert_fields("/", "r/ ");
    assert_fields("", "");
    assert_fields("a/b", "");
    assert_fields("*", "");
}


static void
test_nothing_allows(void **state)
{
    char          text[CREDHUB_NAME_MAX + 1];
    ssize_t       n;
    credhub_str_t name, *fields;

    memset(text, '/', sizeof(text));
    name.data = (u_char *) text;
    name.len = CREDHUB_NAME_MAX;

    n = credhub_grant_fields(unit_arena, CREDHUB_OP_READ, name, &fields);
    assert_true(n > 1000 && n <= CREDHUB_GRANT_FIELDS_MAX);

    name.len = CREDHUB_NAME_MAX + 1;
    assert_int_equal(
        credhub_grant_fields(unit_arena, CREDHUB_OP_READ, name, &fields), 0);
    assert_null(fields);

    name = unit_str("/a");
    assert_int_equal(credhub_grant_fields(unit_arena, 0, name, &fields), 0);
    assert_int_equal(credhub_grant_fields(unit_arena,
                         CREDHUB_OP_READ | CREDHUB_OP_WRITE, name, &fields),
        0);
    assert_int_equal(credhub_grant_fields(unit_arena, CREDHUB_OP_READ,
                         credhub_null_str, &fields),
        0);
}


/* Every text of five of these bytes behind a slash, as a path and as a name:
 * a path is among the fields exactly when it covers the name. */

#define ALPHABET "/a*"
#define LENGTH   5
#define TEXTS    (3 * 3 * 3 * 3 * 3)


static size_t
text_number(size_t number, size_t len, char *text)
{
    size_t i;

    text[0] = '/';

    for (i = 1; i <= len; i++) {
        text[i] = ALPHABET[number % 3];
        number /= 3;
    }

    return len + 1;
}


static int
among(credhub_str_t path, credhub_str_t *fields, ssize_t n)
{
    ssize_t i;

    for (i = 0; i < n; i++) {
        assert_int_equal(fields[i].data[0], 'w');

        if (credhub_str_eq(credhub_grant_path(fields[i]), path)) {
            return 1;
        }
    }

    return 0;
}


static void
test_fields_are_what_covers(void **state)
{
    char             one[LENGTH + 1], two[LENGTH + 1];
    size_t           i, k, len, covered;
    ssize_t          n;
    credhub_str_t    name, path, *fields;
    credhub_arena_t *arena;

    name.data = (u_char *) one;
    path.data = (u_char *) two;
    covered = 0;

    for (i = 0; i < TEXTS; i++) {
        name.len = text_number(i, LENGTH, one);

        arena = credhub_arena_create(256);
        n = credhub_grant_fields(arena, CREDHUB_OP_WRITE, name, &fields);
        assert_true(n > 0);

        for (len = 0; len <= LENGTH; len++) {
            for (k = 0; k < TEXTS; k++) {
                path.len = text_number(k, len, two);

                if (among(path, fields, n)
                    != credhub_permission_covers(path, name)) {
                    fail_msg("%.*s over %.*s", (int) path.len, two,
                        (int) name.len, one);
                }

                covered += (size_t) among(path, fields, n);
            }
        }

        credhub_arena_destroy(arena);
    }

    assert_true(covered > TEXTS);
}


static void
test_value(void **state)
{
    u_char        value[CREDHUB_MAC_SIZE];
    size_t        i;
    credhub_str_t field, str;

    static const char *others[][3] = {
        { "hub2", "actor", "r/b/c" },
        { "hub", "actor2", "r/b/c" },
        { "hub", "", "r/b/c" },
        { "hub", "actor", "w/b/c" },
        { "hub", "actor", "R/b/c" },
        { "hub", "actor", "r/b/*" },
        { "hub", "actor", "r/b" },
        { "hub", "actorr", "/b/c" },
        { "hubactor", "", "r/b/c" },
        { "hub", "actor", "" },
    };

    field = unit_str("r/b/c");
    str.data = value;
    str.len = sizeof(value);

    assert_int_equal(credhub_grant_value(unit_keyring, 0, unit_str("hub"),
                         unit_str("actor"), field, value),
        CREDHUB_OK);
    assert_true(credhub_grant_check(
        unit_keyring, unit_str("hub"), unit_str("actor"), field, str));

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(credhub_grant_check(unit_keyring, unit_str(others[i][0]),
            unit_str(others[i][1]), unit_str(others[i][2]), str));
    }

    value[sizeof(value) - 1] ^= 1;
    assert_false(credhub_grant_check(
        unit_keyring, unit_str("hub"), unit_str("actor"), field, str));
    assert_false(credhub_grant_check(unit_keyring, unit_str("hub"),
        unit_str("actor"), field, unit_str("1")));
    assert_false(credhub_grant_check(unit_keyring, unit_str("hub"),
        unit_str("actor"), field, credhub_null_str));
}


/* The key of /b answers for grants below it, never for those around it. */

static void
test_keys(void **state)
{
    size_t        i;
    u_char        value[CREDHUB_MAC_SIZE];
    credhub_str_t str;

    static const struct {
        const char *field;
        int         genuine;
    } rows[] = {
        { "r/b/c", 1 },
        { "r/b/*", 1 },
        { "r/b/c/*", 1 },
        { "r/b", 0 },
        { "r/*", 0 },
        { "r/c", 0 },
    };

    str.data = value;
    str.len = sizeof(value);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(credhub_grant_value(unit_keyring, 1, unit_str("hub"),
                             unit_str("actor"), unit_str(rows[i].field), value),
            CREDHUB_OK);
        assert_int_equal(credhub_grant_check(unit_keyring, unit_str("hub"),
                             unit_str("actor"), unit_str(rows[i].field), str),
            rows[i].genuine);
    }
}


static void
test_memory_runs_out(void **state)
{
    int              round;
    ssize_t          n;
    credhub_str_t   *fields;
    credhub_arena_t *arena;

    unit_need_memory_hooks();

    n = -1;

    for (round = 0; n == -1; round++) {
        arena = credhub_arena_create(0);

        unit_malloc_left = round;
        n = credhub_grant_fields(
            arena, CREDHUB_OP_READ, unit_str("/a/b/c/d/e"), &fields);
        unit_malloc_left = -1;

        credhub_arena_destroy(arena);
    }

    assert_true(round > 1);
    assert_int_equal(n, 6);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_nothing_allows),
        cmocka_unit_test(test_fields_are_what_covers),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(
        tests, unit_keyring_setup, unit_keyring_teardown);
}
