
/* What is counted: names, statuses, buckets, workers, and the text of it. */

#include "unit.h"

#include "credhub_metrics.h"


/* One object for all tests, as in a process. */

static int
begin(void **state)
{
    credhub_metrics = calloc(1, credhub_metrics_size());

    return credhub_metrics == NULL;
}


static int
end(void **state)
{
    free(credhub_metrics);

    return 0;
}


static const char *
written(uint64_t now)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_metrics_write(&buf, credhub_metrics, now);
    credhub_buf_add(&buf, "", 1);
    assert_false(buf.failed);

    return (const char *) buf.data;
}


#define assert_line(text, line) assert_non_null(strstr(text, "\n" line "\n"))
#define assert_none(text, part) assert_null(strstr(text, part))


static void
test_requests(void **state)
{
    const char *text;

    credhub_metrics_request("GET", 200, 250);
    credhub_metrics_request("GET", 200, 251);
    credhub_metrics_request("GET", 200, 99000000);
    credhub_metrics_request("GET", 418, 0);
    text = written(0);

    assert_line(
        text, "credhub_requests_total{operation=\"GET\",status=\"200\"} 3");
    assert_line(
        text, "credhub_requests_total{operation=\"GET\",status=\"other\"} 1");
    assert_line(text,
        "credhub_request_duration_seconds_bucket{operation=\"GET\","
        "le=\"0.00025\"} 2");
    assert_line(text,
        "credhub_request_duration_seconds_bucket{operation=\"GET\","
        "le=\"0.0005\"} 3");
    assert_line(text,
        "credhub_request_duration_seconds_bucket{operation=\"GET\","
        "le=\"10\"} 3");
    assert_line(text,
        "credhub_request_duration_seconds_bucket{operation=\"GET\","
        "le=\"+Inf\"} 4");
    assert_line(text,
        "credhub_request_duration_seconds_sum{operation=\"GET\"} 99.000501");
    assert_line(
        text, "credhub_request_duration_seconds_count{operation=\"GET\"} 4");
}


/* The same text at two addresses, and more names than there are places, of which
 * other tests have taken two. */

static void
test_names(void **state)
{
    int  i;
    char copy[] = "GET", *names[200];

    static const char long_name[] =
        "a name that is longer than forty characters";

    credhub_metrics_request("GET", 200, 0);
    credhub_metrics_request(copy, 200, 0);
    assert_line(written(0),
        "credhub_requests_total{operation=\"GET\",status=\"200\"} 5");

    credhub_metrics_request(long_name, 200, 0);
    assert_line(written(0),
        "credhub_requests_total{operation=\"other\",status=\"200\"} 1");

    for (i = 0; i < 200; i++) {
        names[i] = (char *) credhub_arena_alloc(unit_arena, 8);
        snprintf(names[i], 8, "N%d", i);
        credhub_metrics_request(names[i], 200, 0);
    }

    assert_line(written(0),
        "credhub_requests_total{operation=\"N157\",status=\"200\"} 1");
    assert_line(written(0),
        "credhub_requests_total{operation=\"other\",status=\"200\"} 43");
}


static void
test_others(void **state)
{
    const char *text;

    credhub_metrics_decision("access", CREDHUB_OK);
    credhub_metrics_decision("access", CREDHUB_E_CRED_HIDDEN);
    credhub_metrics_decision("access", CREDHUB_E_UNAVAILABLE);
    credhub_metrics_call(0, 700, 0);
    credhub_metrics_call(1, 0, 1);
    credhub_metrics_call(CREDHUB_METRICS_LINKS, 0, 1);
    credhub_metrics_cache(3);
    credhub_metrics_cache(4);
    text = written(0);

    assert_line(text, "credhub_edge_decisions_total{operation=\"access\","
                      "result=\"ok\"} 1");
    assert_line(text, "credhub_edge_decisions_total{operation=\"access\","
                      "result=\"refused\"} 1");
    assert_line(text, "credhub_edge_decisions_total{operation=\"access\","
                      "result=\"failed\"} 1");
    assert_line(text,
        "credhub_redis_call_duration_seconds_bucket{link=\"commands\","
        "le=\"0.001\"} 1");
    assert_line(text, "credhub_redis_calls_failed_total{link=\"long\"} 1");
    assert_line(text, "credhub_redis_calls_failed_total{link=\"commands\"} 0");
    assert_line(text, "credhub_cache_questions_total{status=\"bypass\"} 1");
    assert_none(text, "{link=\"long\",le=");
}


/* A worker counts while it is heard of, and beyond the last place never. */

static void
test_workers(void **state)
{
    const char *text;

    static const credhub_metrics_worker_t worker = { { 2, 2, 1 }, { 1, 2, 0 },
        { 1, 0 }, { 7, 3 } };

    credhub_metrics_worker(0, 100, &worker);
    credhub_metrics_worker(127, 105, &worker);
    credhub_metrics_worker(128, 105, &worker);
    text = written(110);

    assert_line(text, "credhub_workers 2");
    assert_line(
        text, "credhub_redis_links{link=\"commands\",state=\"ready\"} 2");
    assert_line(
        text, "credhub_redis_links{link=\"commands\",state=\"down\"} 2");
    assert_line(text, "credhub_redis_links{link=\"feed\",state=\"ready\"} 0");
    assert_line(
        text, "credhub_thread_tasks{pool=\"cpu\",state=\"waiting\"} 14");

    assert_line(written(111), "credhub_workers 1");
    assert_line(written(116), "credhub_workers 0");
}


static void
test_escaped(void **state)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_metrics_add_value(&buf, "x", "name", credhub_str("a\"b\\c\nd"), -1);
    credhub_metrics_add_value(&buf, "x", NULL, credhub_null_str, 2);

    assert_true(credhub_str_eq(credhub_buf_str(&buf),
        credhub_str("x{name=\"a\\\"b\\\\c\\nd\"} -1\nx 2\n")));
}


static void
test_off(void **state)
{
    credhub_metrics_t *metrics = credhub_metrics;

    static const credhub_metrics_worker_t worker;

    credhub_metrics = NULL;
    credhub_metrics_request("OFF", 200, 0);
    credhub_metrics_decision("OFF", CREDHUB_OK);
    credhub_metrics_call(0, 0, 0);
    credhub_metrics_cache(0);
    credhub_metrics_worker(0, 1, &worker);
    credhub_metrics = metrics;

    assert_none(written(1000), "operation=\"OFF\"");
    assert_line(written(1000), "credhub_workers 0");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_requests, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_others, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_workers, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_escaped, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_off, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_names, unit_setup, unit_teardown),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
