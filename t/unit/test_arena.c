
/* Arena and growing buffer: alignment, growth, limits, wiping. */

#include "unit.h"

#ifdef UNIT_ASAN
#include <sanitizer/asan_interface.h>
#endif


#define MARK "0123456789mark"


static int
setup(void **state)
{
    *state = credhub_arena_create(128);

    return *state == NULL;
}


static int
teardown(void **state)
{
    credhub_arena_destroy(*state);

    return 0;
}


static void
test_alloc_is_aligned_and_zeroed(void **state)
{
    int     i;
    size_t  n;
    u_char *p;

    for (i = 1; i < 200; i++) {
        assert_non_null(credhub_arena_bytes(*state, i % 7));

        p = credhub_arena_alloc(*state, i);
        assert_non_null(p);
        assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);

        for (n = 0; n < (size_t) i; n++) {
            assert_int_equal(p[n], 0);
        }

        memset(p, 0xff, i);
    }
}


static void
test_allocations_do_not_overlap(void **state)
{
    size_t  i, n, size;
    u_char *p[300];

    for (i = 0; i < 300; i++) {
        size = (i * 37) % 113 + 1;

        p[i] = (i % 2) ? credhub_arena_alloc(*state, size)
                       : credhub_arena_bytes(*state, size);
        assert_non_null(p[i]);
        memset(p[i], (int) (i % 251), size);
    }

    for (i = 0; i < 300; i++) {
        for (n = 0; n < (i * 37) % 113 + 1; n++) {
            assert_int_equal(p[i][n], i % 251);
        }
    }
}


static void
test_empty_arena_grows(void **state)
{
    u_char          *p;
    credhub_arena_t *arena;

    arena = credhub_arena_create(0);
    assert_non_null(arena);

    p = credhub_arena_bytes(arena, 1);
    assert_non_null(p);
    *p = 1;

    assert_non_null(credhub_arena_bytes(arena, 0));
    assert_non_null(credhub_arena_alloc(arena, 0));

    credhub_arena_destroy(arena);
    credhub_arena_destroy(NULL);
}


static void
test_size_counts_the_system(void **state)
{
    int              i;
    size_t           before, calls;
    credhub_arena_t *arena;

    calls = unit_malloc_calls;

    arena = credhub_arena_create(4096);
    before = credhub_arena_size(arena);
    assert_true(before >= 4096 && before < 4096 + 256);

    assert_non_null(credhub_arena_bytes(arena, 4000));
    assert_int_equal(credhub_arena_size(arena), before);

    if (unit_memory_hooked()) {
        assert_int_equal(unit_malloc_calls, calls + 2); /* one is the probe's */
    }

    assert_non_null(credhub_arena_bytes(arena, 100));
    assert_true(credhub_arena_size(arena) >= before + 2 * 4096);

    /* Blocks double: a megabyte in small pieces takes few system calls. */

    calls = unit_malloc_calls;

    for (i = 0; i < 16384; i++) {
        assert_non_null(credhub_arena_bytes(arena, 64));
    }

    assert_true(unit_malloc_calls - calls <= 9);
    assert_true(credhub_arena_size(arena) < 5 * 1024 * 1024);

    credhub_arena_destroy(arena);
}


static void
test_outsized_allocation_keeps_the_rest(void **state)
{
    size_t           before;
    u_char          *p;
    credhub_arena_t *arena;

    arena = credhub_arena_create(4096);

    p = credhub_arena_bytes(arena, 100000);
    assert_non_null(p);
    memset(p, 1, 100000);

    before = credhub_arena_size(arena);
    assert_non_null(credhub_arena_bytes(arena, 4000));
    assert_int_equal(credhub_arena_size(arena), before);

    credhub_arena_destroy(arena);
}


static void
test_absurd_sizes_are_refused(void **state)
{
    size_t        before;
    credhub_buf_t buf;

    before = credhub_arena_size(*state);

    assert_null(credhub_arena_create(SIZE_MAX));
    assert_null(credhub_arena_create(SIZE_MAX / 8));
    assert_null(credhub_arena_alloc(*state, SIZE_MAX));
    assert_null(credhub_arena_alloc(*state, SIZE_MAX - 8));
    assert_null(credhub_arena_bytes(*state, SIZE_MAX / 2));
    assert_null(credhub_arena_bytes(*state, SIZE_MAX / 8));
    assert_null(credhub_arena_copy(*state, "x", SIZE_MAX).data);
    assert_null(credhub_arena_copy(*state, "x", SIZE_MAX - 1).data);

    credhub_buf_init(&buf, *state, SIZE_MAX);
    assert_int_equal(buf.failed, 1);

    credhub_buf_init(&buf, *state, 8);
    credhub_buf_lit(&buf, "abc");
    assert_null(credhub_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.failed, 1);

    assert_int_equal(credhub_arena_size(*state), before);
}


static void
test_copy(void **state)
{
    credhub_str_t copy;

    copy = credhub_arena_copy(*state, "a\0b", 3);
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b\0", 4);

    copy = credhub_arena_copy(*state, NULL, 0);
    assert_int_equal(copy.len, 0);
    assert_non_null(copy.data);
    assert_int_equal(copy.data[0], 0);
}


static void
test_destroy_wipes(void **state)
{
    int i;
    char *volatile loose;
    credhub_arena_t    *arena;
    static const size_t sizes[] = { 20, 100, 500, 100000, 300, 40 };

    unit_need_memory_hooks();

    arena = credhub_arena_create(64);

    for (i = 0; i < 6; i++) {
        memcpy(credhub_arena_bytes(arena, sizes[i]) + sizes[i] - 14, MARK, 14);
    }

    unit_mark = MARK;
    unit_marks_freed = 0;

    credhub_arena_destroy(arena);

    assert_int_equal(unit_marks_freed, 0);

    /* The watch does see what is not wiped. */

    loose = malloc(64);
    strcpy(loose, MARK);
    __asm__ volatile("" : : "r"(loose) : "memory"); /* the store is not dead */
    free(loose);

    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 1);
}


static void
test_overflow_is_poisoned(void **state)
{
#ifdef UNIT_ASAN
    int     i;
    u_char *p, *next;

    for (i = 1; i < 40; i++) {
        p = (i % 2) ? credhub_arena_bytes(*state, i)
                    : credhub_arena_alloc(*state, i);
        next = credhub_arena_bytes(*state, 3);

        assert_null(__asan_region_is_poisoned(p, i));
        assert_true(__asan_address_is_poisoned(p + i));
        assert_true(__asan_address_is_poisoned(next + 3));
    }
#else
    unit_skip("needs AddressSanitizer");
#endif
}


static void
test_buf_adds(void **state)
{
    u_char       *p;
    credhub_buf_t buf;

    credhub_buf_init(&buf, *state, 0);
    assert_int_equal(credhub_buf_str(&buf).len, 0);

    credhub_buf_add(&buf, NULL, 0);
    credhub_buf_lit(&buf, "ab");
    credhub_buf_add_str(&buf, unit_str("cd"));
    credhub_buf_printf(&buf, "%d-%s", 42, "x");

    p = credhub_buf_reserve(&buf, 2);
    assert_non_null(p);
    p[0] = 'y';
    p[1] = 'z';
    buf.len += 2;

    credhub_buf_printf(&buf, "%s", "");

    unit_assert_str(credhub_buf_str(&buf), "abcd42-xyz");
    assert_int_equal(buf.failed, 0);
}


static void
test_buf_exact_estimate_never_moves(void **state)
{
    int           i;
    u_char       *data;
    size_t        before;
    credhub_buf_t buf;

    credhub_buf_init(&buf, *state, 1000);
    data = buf.data;
    before = credhub_arena_size(*state);

    for (i = 0; i < 1000; i++) {
        credhub_buf_lit(&buf, "x");
    }

    assert_ptr_equal(buf.data, data);
    assert_int_equal(credhub_arena_size(*state), before);

    credhub_buf_lit(&buf, "y");
    assert_ptr_not_equal(buf.data, data);
    assert_int_equal(buf.len, 1001);
    assert_int_equal(buf.data[999], 'x');
    assert_int_equal(buf.data[1000], 'y');
}


static void
test_buf_growth_wipes(void **state)
{
    int           i;
    u_char       *old;
    credhub_buf_t buf;

    credhub_buf_init(&buf, *state, 14);
    credhub_buf_lit(&buf, MARK);
    old = buf.data;

    credhub_buf_lit(&buf, "more");
    assert_ptr_not_equal(buf.data, old);

    for (i = 0; i < 14; i++) {
        assert_int_equal(old[i], 0);
    }

    unit_assert_str(credhub_buf_str(&buf), MARK "more");
}


static void
test_buf_printf_long(void **state)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, *state, 4);
    credhub_buf_printf(&buf, "%01000d", 7);

    assert_int_equal(buf.len, 1000);
    assert_int_equal(buf.data[999], '7');
}


static void
test_memory_runs_out(void **state)
{
    credhub_buf_t    buf;
    credhub_arena_t *arena, *none;

    unit_need_memory_hooks();

    arena = credhub_arena_create(64);
    credhub_buf_init(&buf, arena, 8);
    credhub_buf_lit(&buf, "abc");

    unit_malloc_left = 0;

    none = credhub_arena_create(64);
    assert_null(none);
    assert_null(credhub_arena_alloc(arena, 64));
    assert_null(credhub_arena_copy(arena, MARK MARK MARK MARK, 56).data);

    credhub_buf_lit(&buf, MARK MARK MARK MARK MARK);
    assert_int_equal(buf.failed, 1);

    unit_malloc_left = -1;

    credhub_buf_lit(&buf, "d");
    credhub_buf_printf(&buf, "%d", 1);
    assert_null(credhub_buf_reserve(&buf, 1));
    assert_int_equal(buf.failed, 1);
    unit_assert_str(credhub_buf_str(&buf), "abc");

    assert_non_null(credhub_arena_alloc(arena, 64));

    credhub_arena_destroy(arena);
}


static void
test_str_compare(void **state)
{
    assert_true(credhub_str_eq(credhub_null_str, unit_str("")));
    assert_true(credhub_str_eq(unit_str("ab"), credhub_str("ab")));
    assert_false(credhub_str_eq(unit_str("ab"), unit_str("aB")));
    assert_false(credhub_str_eq(unit_str("ab"), unit_str("abc")));

    assert_true(credhub_str_caseeq(credhub_null_str, unit_str("")));
    assert_true(credhub_str_caseeq(unit_str("aZ-["), unit_str("Az-[")));
    assert_false(credhub_str_caseeq(unit_str("a"), unit_str("ab")));
    assert_false(credhub_str_caseeq(unit_str("@"), unit_str("`")));
    assert_false(credhub_str_caseeq(unit_str("["), unit_str("{")));
    assert_false(credhub_str_caseeq(unit_str("\xc3\x84"), /* A, a umlaut */
        unit_str("\xc3\xa4")));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_aligned_and_zeroed),
        cmocka_unit_test(test_allocations_do_not_overlap),
        cmocka_unit_test(test_empty_arena_grows),
        cmocka_unit_test(test_size_counts_the_system),
        cmocka_unit_test(test_outsized_allocation_keeps_the_rest),
        cmocka_unit_test(test_absurd_sizes_are_refused),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_destroy_wipes),
        cmocka_unit_test(test_overflow_is_poisoned),
        cmocka_unit_test(test_buf_adds),
        cmocka_unit_test(test_buf_exact_estimate_never_moves),
        cmocka_unit_test(test_buf_growth_wipes),
        cmocka_unit_test(test_buf_printf_long),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_str_compare),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
