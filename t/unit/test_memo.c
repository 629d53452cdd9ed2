
/* What was verified: the same bytes in the same places, and nothing else. */

#include "unit.h"

#include "credhub_memo.h"


static credhub_memo_t *memo;


static int
setup(void **state)
{
    memo = credhub_memo_create();

    return unit_setup(state) || memo == NULL;
}


static int
teardown(void **state)
{
    credhub_memo_destroy(memo);

    return unit_teardown(state);
}


static void
test_same(void **state)
{
    size_t n;

    static const credhub_str_t list[] = { credhub_string("mac"),
        credhub_string(""), credhub_string("part") };
    static const credhub_str_t other[] = { credhub_string("mac"),
        credhub_string(""), credhub_string("paru") };
    static const credhub_str_t moved[] = { credhub_string("mac"),
        credhub_string("p"), credhub_string("art") };

    assert_false(credhub_memo_knows(memo, 7, list, 3));

    credhub_memo_learn(memo, 7, list, 3);

    assert_true(credhub_memo_knows(memo, 7, list, 3));
    assert_true(credhub_memo_knows(memo, 7 + CREDHUB_MEMO_SLOTS, list, 3));
    assert_false(credhub_memo_knows(memo, 8, list, 3));
    assert_false(credhub_memo_knows(memo, 7, other, 3));
    assert_false(credhub_memo_knows(memo, 7, moved, 3));

    for (n = 0; n < 3; n++) {
        assert_false(credhub_memo_knows(memo, 7, list, n));
    }
}


/* A length in one list that is text in the other, both as long in all. */

static void
test_borders(void **state)
{
    credhub_str_t one[2], two[1];

    one[0] = unit_exact("abc", 3);
    one[1] = unit_exact("\0\0\0\0z", 5);
    two[0] = unit_exact("abc\5\0\0\0\0\0\0\0z", 12);

    credhub_memo_learn(memo, 0, two, 1);
    assert_true(credhub_memo_knows(memo, 0, two, 1));
    assert_false(credhub_memo_knows(memo, 0, one, 2));

    credhub_memo_learn(memo, 0, one, 2);
    assert_true(credhub_memo_knows(memo, 0, one, 2));
    assert_false(credhub_memo_knows(memo, 0, two, 1));

    free(one[0].data);
    free(one[1].data);
    free(two[0].data);
}


static void
test_replaced(void **state)
{
    static const credhub_str_t first[] = { credhub_string("first") };
    static const credhub_str_t second[] = { credhub_string("second") };

    credhub_memo_learn(memo, 1, first, 1);
    credhub_memo_learn(memo, 1 + CREDHUB_MEMO_SLOTS, second, 1);

    assert_false(credhub_memo_knows(memo, 1, first, 1));
    assert_true(credhub_memo_knows(memo, 1, second, 1));
}


static void
test_limit(void **state)
{
    credhub_str_t list;

    list.len = CREDHUB_MEMO_MAX - 4;
    list.data = credhub_arena_bytes(unit_arena, list.len + 1);
    memset(list.data, 'x', list.len + 1);

    credhub_memo_learn(memo, 2, &list, 1);
    assert_true(credhub_memo_knows(memo, 2, &list, 1));

    list.len++;
    credhub_memo_learn(memo, 2, &list, 1);
    assert_false(credhub_memo_knows(memo, 2, &list, 1));

    credhub_memo_learn(NULL, 2, &list, 1);
    assert_false(credhub_memo_knows(NULL, 2, &list, 1));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_borders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
