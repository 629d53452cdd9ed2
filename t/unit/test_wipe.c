
/* Memory that is wiped before it is freed. */

#include "unit.h"
#include "credhub_wipe.h"


static void
test_wipes(void **state)
{
    char *volatile p; /* or a compiler writes nothing in front of free() */

    unit_need_memory_hooks();

    p = malloc(100);
    assert_non_null(p);
    memcpy(p + 80, "MARKER-end", 10);

    unit_marks_freed = 0;
    unit_mark = "MARKER-end";
    credhub_wipe_free(p);
    credhub_wipe_free(NULL);
    assert_int_equal(unit_marks_freed, 0);

    /* the watch sees what it is to see */
    p = malloc(100);
    assert_non_null(p);
    memcpy(p + 80, "MARKER-end", 10);
    free(p);
    unit_mark = NULL;
    assert_int_equal(unit_marks_freed, 1);
}


static void
test_moves(void **state)
{
    char *p;

    unit_need_memory_hooks();

    p = credhub_wipe_realloc(NULL, 24);
    assert_non_null(p);
    memcpy(p, "MARKER-realloc 12345678", 24);

    unit_marks_freed = 0;
    unit_mark = "MARKER-realloc";

    p = credhub_wipe_realloc(p, 5000);
    assert_non_null(p);
    assert_string_equal(p, "MARKER-realloc 12345678");

    p = credhub_wipe_realloc(p, 16);
    assert_non_null(p);
    assert_memory_equal(p, "MARKER-realloc 1", 16);

    /* what cannot be had leaves what there is */
    unit_malloc_left = 0;
    assert_null(credhub_wipe_realloc(p, 100));
    unit_malloc_left = -1;
    assert_memory_equal(p, "MARKER-realloc 1", 16);

    credhub_wipe_free(p);
    unit_mark = NULL;
    assert_int_equal(unit_marks_freed, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipes),
        cmocka_unit_test(test_moves),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
