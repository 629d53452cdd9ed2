
/* The names that are counted under are found by the address of their text in a
 * table of the process, and by the text in the shared memory. */

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "credhub_metrics.h"


#define CREDHUB_METRICS_NAMES    160
#define CREDHUB_METRICS_NAME_MAX 40
#define CREDHUB_METRICS_KNOWN    1024 /* addresses; a power of two */
#define CREDHUB_METRICS_WORKERS  128
#define CREDHUB_METRICS_SILENCE  10 /* seconds */


typedef _Atomic uint64_t credhub_counter_t;


/* Of durations. */

static const struct {
    uint32_t    microseconds;
    const char *seconds;
} credhub_metrics_bounds[] = {
    { 250, "0.00025" },
    { 500, "0.0005" },
    { 1000, "0.001" },
    { 2500, "0.0025" },
    { 5000, "0.005" },
    { 10000, "0.01" },
    { 25000, "0.025" },
    { 50000, "0.05" },
    { 100000, "0.1" },
    { 250000, "0.25" },
    { 500000, "0.5" },
    { 1000000, "1" },
    { 2500000, "2.5" },
    { 10000000, "10" },
};

#define CREDHUB_METRICS_BOUNDS                                                 \
    (sizeof(credhub_metrics_bounds) / sizeof(credhub_metrics_bounds[0]))


static const unsigned short credhub_metrics_statuses[] = { 200, 201, 202, 204,
    206, 301, 302, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413,
    414, 415, 416, 421, 425, 429, 431, 494, 495, 496, 497, 499, 500, 501, 502,
    503, 504 };

#define CREDHUB_METRICS_STATUSES                                               \
    (sizeof(credhub_metrics_statuses) / sizeof(credhub_metrics_statuses[0]))


static const char *const credhub_metrics_results[] = { "ok", "refused",
    "failed" };

#define CREDHUB_METRICS_RESULTS 3


static const char *const credhub_metrics_links[CREDHUB_METRICS_LINKS] = {
    "commands", "long", "feed"
};

static const char *const credhub_metrics_pools[CREDHUB_METRICS_POOLS] = { "cpu",
    "probe" };


/* In the order of ngx_credhub_cache_status_e, without the one for "not asked". */

static const char *const credhub_metrics_caches[] = { "hit", "miss", "stale",
    "bypass" };

#define CREDHUB_METRICS_CACHES                                                 \
    (sizeof(credhub_metrics_caches) / sizeof(credhub_metrics_caches[0]))


typedef struct {
    credhub_counter_t buckets[CREDHUB_METRICS_BOUNDS + 1];
    credhub_counter_t sum; /* microseconds */
} credhub_histogram_t;


typedef enum {
    CREDHUB_METRICS_FREE = 0,
    CREDHUB_METRICS_TAKEN, /* its name is being written */
    CREDHUB_METRICS_NAMED
} credhub_metrics_state_e;


typedef struct {
    _Atomic int         state;
    char                name[CREDHUB_METRICS_NAME_MAX];
    credhub_counter_t   requests[CREDHUB_METRICS_STATUSES + 1];
    credhub_histogram_t time;
    credhub_counter_t   results[CREDHUB_METRICS_RESULTS];
} credhub_metrics_named_t;


typedef struct {
    credhub_counter_t heard; /* when, seconds; 0: never */
    credhub_counter_t links[CREDHUB_METRICS_LINKS];
    credhub_counter_t ready[CREDHUB_METRICS_LINKS];
    credhub_counter_t running[CREDHUB_METRICS_POOLS];
    credhub_counter_t waiting[CREDHUB_METRICS_POOLS];
} credhub_metrics_slot_t;


struct credhub_metrics_s {
    credhub_metrics_named_t other;
    credhub_metrics_named_t named[CREDHUB_METRICS_NAMES];
    credhub_histogram_t     calls[CREDHUB_METRICS_LINKS];
    credhub_counter_t       failed[CREDHUB_METRICS_LINKS];
    credhub_counter_t       cache[CREDHUB_METRICS_CACHES];
    credhub_metrics_slot_t  workers[CREDHUB_METRICS_WORKERS];
};


static credhub_metrics_named_t *credhub_metrics_find(const char *name);
static credhub_metrics_named_t *credhub_metrics_register(const char *name);
static void                     credhub_histogram_add(
                        credhub_histogram_t *histogram, uint64_t microseconds);
static void credhub_metrics_write_requests(
    credhub_buf_t *buf, const credhub_metrics_t *metrics);
static void credhub_metrics_write_durations(
    credhub_buf_t *buf, const credhub_metrics_t *metrics);
static void credhub_metrics_write_results(
    credhub_buf_t *buf, const credhub_metrics_t *metrics);
static void credhub_metrics_write_redis(
    credhub_buf_t *buf, const credhub_metrics_t *metrics);
static void credhub_metrics_write_workers(
    credhub_buf_t *buf, const credhub_metrics_t *metrics, uint64_t now);
static void credhub_metrics_write_histogram(credhub_buf_t *buf,
    const char *name, const char *label, const char *value,
    const credhub_histogram_t *histogram);
static const credhub_metrics_named_t *credhub_metrics_next(
    const credhub_metrics_t *metrics, const credhub_metrics_named_t *named);


credhub_metrics_t *credhub_metrics;


#define credhub_counter_get(counter)                                           \
    atomic_load_explicit(&(counter), memory_order_relaxed)

#define credhub_counter_add(counter, n)                                        \
    (void) atomic_fetch_add_explicit(&(counter), n, memory_order_relaxed)

#define credhub_counter_set(counter, n)                                        \
    atomic_store_explicit(&(counter), n, memory_order_relaxed)


size_t
credhub_metrics_size(void)
{
    return sizeof(credhub_metrics_t);
}


void
credhub_metrics_request(
    const char *name, unsigned status, uint64_t microseconds)
{
    size_t                   i;
    credhub_metrics_named_t *named;

    if (credhub_metrics == NULL) {
        return;
    }

    named = credhub_metrics_find(name);

    for (i = 0;
         i < CREDHUB_METRICS_STATUSES && credhub_metrics_statuses[i] != status;
         i++)
    {
        /* void */
    }

    credhub_counter_add(named->requests[i], 1);
    credhub_histogram_add(&named->time, microseconds);
}


void
credhub_metrics_decision(const char *name, credhub_error_e error)
{
    size_t i;

    if (credhub_metrics == NULL) {
        return;
    }

    i = error == CREDHUB_OK ? 0 : credhub_error_status(error) < 500 ? 1 : 2;

    credhub_counter_add(credhub_metrics_find(name)->results[i], 1);
}


void
credhub_metrics_call(unsigned link, uint64_t microseconds, int failed)
{
    if (credhub_metrics == NULL || link >= CREDHUB_METRICS_LINKS) {
        return;
    }

    if (failed) {
        credhub_counter_add(credhub_metrics->failed[link], 1);

    } else {
        credhub_histogram_add(&credhub_metrics->calls[link], microseconds);
    }
}


void
credhub_metrics_cache(unsigned status)
{
    if (credhub_metrics != NULL && status < CREDHUB_METRICS_CACHES) {
        credhub_counter_add(credhub_metrics->cache[status], 1);
    }
}


void
credhub_metrics_worker(
    unsigned i, uint64_t now, const credhub_metrics_worker_t *worker)
{
    size_t                  k;
    credhub_metrics_slot_t *slot;

    if (credhub_metrics == NULL || i >= CREDHUB_METRICS_WORKERS) {
        return;
    }

    slot = &credhub_metrics->workers[i];

    for (k = 0; k < CREDHUB_METRICS_LINKS; k++) {
        credhub_counter_set(slot->links[k], worker->links[k]);
        credhub_counter_set(slot->ready[k], worker->ready[k]);
    }

    for (k = 0; k < CREDHUB_METRICS_POOLS; k++) {
        credhub_counter_set(slot->running[k], worker->running[k]);
        credhub_counter_set(slot->waiting[k], worker->waiting[k]);
    }

    credhub_counter_set(slot->heard, now);
}


uint64_t
credhub_metrics_clock(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static credhub_metrics_named_t *
credhub_metrics_find(const char *name)
{
    size_t i, n;

    static struct {
        const char              *name;
        credhub_metrics_named_t *named;
    } known[CREDHUB_METRICS_KNOWN];

    i = ((uintptr_t) name >> 3) * 0x9e3779b1u;

    for (n = 0; n < CREDHUB_METRICS_KNOWN; n++) {
        i = (i + n) & (CREDHUB_METRICS_KNOWN - 1);

        if (known[i].name == name) {
            return known[i].named;
        }

        if (known[i].name == NULL) {
            known[i].name = name;
            known[i].named = credhub_metrics_register(name);

            return known[i].named;
        }
    }

    return &credhub_metrics->other;
}


/* A process that dies between the two states has spoiled one place. */

static credhub_metrics_named_t *
credhub_metrics_register(const char *name)
{
    int                      state;
    size_t                   i;
    credhub_metrics_named_t *named;

    if (strlen(name) >= CREDHUB_METRICS_NAME_MAX) {
        return &credhub_metrics->other;
    }

    for (i = 0; i < CREDHUB_METRICS_NAMES; i++) {
        named = &credhub_metrics->named[i];
        state = CREDHUB_METRICS_FREE;

        if (atomic_compare_exchange_strong(
                &named->state, &state, CREDHUB_METRICS_TAKEN))
        {
            strcpy(named->name, name);
            atomic_store(&named->state, CREDHUB_METRICS_NAMED);

            return named;
        }

        if (state == CREDHUB_METRICS_NAMED && strcmp(named->name, name) == 0) {
            return named;
        }
    }

    return &credhub_metrics->other;
}


static void
credhub_histogram_add(credhub_histogram_t *histogram, uint64_t microseconds)
{
    size_t i;

    for (i = 0; i < CREDHUB_METRICS_BOUNDS
                && microseconds > credhub_metrics_bounds[i].microseconds;
         i++)
    {
        /* void */
    }

    credhub_counter_add(histogram->buckets[i], 1);
    credhub_counter_add(histogram->sum, microseconds);
}


void
credhub_metrics_write(
    credhub_buf_t *buf, const credhub_metrics_t *metrics, uint64_t now)
{
    size_t i;

    credhub_metrics_write_requests(buf, metrics);
    credhub_metrics_write_durations(buf, metrics);
    credhub_metrics_write_results(buf, metrics);

    credhub_metrics_add_family(buf, "credhub_cache_questions_total", "counter",
        "Questions to the store, by what the cache had.");

    for (i = 0; i < CREDHUB_METRICS_CACHES; i++) {
        credhub_buf_printf(buf,
            "credhub_cache_questions_total{status=\"%s\"} %" PRIu64 "\n",
            credhub_metrics_caches[i], credhub_counter_get(metrics->cache[i]));
    }

    credhub_metrics_write_redis(buf, metrics);
    credhub_metrics_write_workers(buf, metrics, now);
}


/* The one behind `named`, or the first; NULL: no more. */

static const credhub_metrics_named_t *
credhub_metrics_next(
    const credhub_metrics_t *metrics, const credhub_metrics_named_t *named)
{
    const credhub_metrics_named_t *end;

    end = metrics->named + CREDHUB_METRICS_NAMES;
    named = named == NULL              ? metrics->named
            : named == &metrics->other ? end + 1
                                       : named + 1;

    while (named < end && atomic_load(&named->state) != CREDHUB_METRICS_NAMED) {
        named++;
    }

    return named < end ? named : named == end ? &metrics->other : NULL;
}


static void
credhub_metrics_write_requests(
    credhub_buf_t *buf, const credhub_metrics_t *metrics)
{
    size_t                         i;
    uint64_t                       n;
    const char                    *name;
    const credhub_metrics_named_t *named;

    credhub_metrics_add_family(buf, "credhub_requests_total", "counter",
        "Requests to the hub, by operation and status.");

    for (named = credhub_metrics_next(metrics, NULL); named != NULL;
         named = credhub_metrics_next(metrics, named))
    {
        name = named == &metrics->other ? "other" : named->name;

        for (i = 0; i <= CREDHUB_METRICS_STATUSES; i++) {
            n = credhub_counter_get(named->requests[i]);

            if (n == 0) {
                continue;
            }

            credhub_buf_printf(
                buf, "credhub_requests_total{operation=\"%s\",status=\"", name);

            if (i < CREDHUB_METRICS_STATUSES) {
                credhub_buf_printf(buf, "%d", credhub_metrics_statuses[i]);

            } else {
                credhub_buf_lit(buf, "other");
            }

            credhub_buf_printf(buf, "\"} %" PRIu64 "\n", n);
        }
    }
}


static void
credhub_metrics_write_durations(
    credhub_buf_t *buf, const credhub_metrics_t *metrics)
{
    const credhub_metrics_named_t *named;

    credhub_metrics_add_family(buf, "credhub_request_duration_seconds",
        "histogram", "Time until a request to the hub was answered.");

    for (named = credhub_metrics_next(metrics, NULL); named != NULL;
         named = credhub_metrics_next(metrics, named))
    {
        credhub_metrics_write_histogram(buf, "credhub_request_duration_seconds",
            "operation", named == &metrics->other ? "other" : named->name,
            &named->time);
    }
}


static void
credhub_metrics_write_results(
    credhub_buf_t *buf, const credhub_metrics_t *metrics)
{
    size_t                         i;
    uint64_t                       n;
    const credhub_metrics_named_t *named;

    credhub_metrics_add_family(buf, "credhub_edge_decisions_total", "counter",
        "What locations, upstreams and handshakes have asked the hub.");

    for (named = credhub_metrics_next(metrics, NULL); named != NULL;
         named = credhub_metrics_next(metrics, named))
    {
        for (i = 0; i < CREDHUB_METRICS_RESULTS; i++) {
            n = credhub_counter_get(named->results[i]);

            if (n != 0) {
                credhub_buf_printf(buf,
                    "credhub_edge_decisions_total{operation=\"%s\","
                    "result=\"%s\"} %" PRIu64 "\n",
                    named == &metrics->other ? "other" : named->name,
                    credhub_metrics_results[i], n);
            }
        }
    }
}


static void
credhub_metrics_write_redis(
    credhub_buf_t *buf, const credhub_metrics_t *metrics)
{
    size_t i;

    credhub_metrics_add_family(buf, "credhub_redis_call_duration_seconds",
        "histogram", "Time until Redis has answered a pipeline of commands.");

    for (i = 0; i < CREDHUB_METRICS_LINKS; i++) {
        credhub_metrics_write_histogram(buf,
            "credhub_redis_call_duration_seconds", "link",
            credhub_metrics_links[i], &metrics->calls[i]);
    }

    credhub_metrics_add_family(buf, "credhub_redis_calls_failed_total",
        "counter", "Pipelines without a usable answer.");

    for (i = 0; i < CREDHUB_METRICS_LINKS; i++) {
        credhub_buf_printf(buf,
            "credhub_redis_calls_failed_total{link=\"%s\"} %" PRIu64 "\n",
            credhub_metrics_links[i], credhub_counter_get(metrics->failed[i]));
    }
}


static void
credhub_metrics_write_workers(
    credhub_buf_t *buf, const credhub_metrics_t *metrics, uint64_t now)
{
    size_t                        i, k;
    uint64_t                      heard, workers;
    credhub_metrics_worker_t      sum;
    const credhub_metrics_slot_t *slot;

    memset(&sum, 0, sizeof(sum));
    workers = 0;

    for (i = 0; i < CREDHUB_METRICS_WORKERS; i++) {
        slot = &metrics->workers[i];
        heard = credhub_counter_get(slot->heard);

        if (heard == 0 || now > heard + CREDHUB_METRICS_SILENCE) {
            continue;
        }

        workers++;

        for (k = 0; k < CREDHUB_METRICS_LINKS; k++) {
            sum.links[k] += credhub_counter_get(slot->links[k]);
            sum.ready[k] += credhub_counter_get(slot->ready[k]);
        }

        for (k = 0; k < CREDHUB_METRICS_POOLS; k++) {
            sum.running[k] += credhub_counter_get(slot->running[k]);
            sum.waiting[k] += credhub_counter_get(slot->waiting[k]);
        }
    }

    credhub_metrics_add_family(
        buf, "credhub_workers", "gauge", "Workers that were heard of lately.");
    credhub_buf_printf(buf, "credhub_workers %" PRIu64 "\n", workers);

    credhub_metrics_add_family(buf, "credhub_redis_links", "gauge",
        "Connections to Redis of all workers, by whether they are ready.");

    for (k = 0; k < CREDHUB_METRICS_LINKS; k++) {
        credhub_buf_printf(buf,
            "credhub_redis_links{link=\"%s\",state=\"ready\"} %" PRIu64 "\n"
            "credhub_redis_links{link=\"%s\",state=\"down\"} %" PRIu64 "\n",
            credhub_metrics_links[k], sum.ready[k], credhub_metrics_links[k],
            sum.links[k] - sum.ready[k]);
    }

    credhub_metrics_add_family(buf, "credhub_thread_tasks", "gauge",
        "Tasks for threads of all workers.");

    for (k = 0; k < CREDHUB_METRICS_POOLS; k++) {
        credhub_buf_printf(buf,
            "credhub_thread_tasks{pool=\"%s\",state=\"running\"} %" PRIu64 "\n"
            "credhub_thread_tasks{pool=\"%s\",state=\"waiting\"} %" PRIu64 "\n",
            credhub_metrics_pools[k], sum.running[k], credhub_metrics_pools[k],
            sum.waiting[k]);
    }
}


/* Nothing of one that is empty. */

static void
credhub_metrics_write_histogram(credhub_buf_t *buf, const char *name,
    const char *label, const char *value, const credhub_histogram_t *histogram)
{
    size_t   i;
    uint64_t n, counts[CREDHUB_METRICS_BOUNDS + 1], sum;

    for (i = 0, n = 0; i <= CREDHUB_METRICS_BOUNDS; i++) {
        n += credhub_counter_get(histogram->buckets[i]);
        counts[i] = n;
    }

    if (n == 0) {
        return;
    }

    sum = credhub_counter_get(histogram->sum);

    for (i = 0; i <= CREDHUB_METRICS_BOUNDS; i++) {
        credhub_buf_printf(buf, "%s_bucket{%s=\"%s\",le=\"%s\"} %" PRIu64 "\n",
            name, label, value,
            i < CREDHUB_METRICS_BOUNDS ? credhub_metrics_bounds[i].seconds
                                       : "+Inf",
            counts[i]);
    }

    credhub_buf_printf(buf,
        "%s_sum{%s=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n"
        "%s_count{%s=\"%s\"} %" PRIu64 "\n",
        name, label, value, sum / 1000000, sum % 1000000, name, label, value,
        n);
}


void
credhub_metrics_add_family(
    credhub_buf_t *buf, const char *name, const char *type, const char *help)
{
    credhub_buf_printf(
        buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}


void
credhub_metrics_add_value(credhub_buf_t *buf, const char *name,
    const char *label, credhub_str_t value, int64_t number)
{
    size_t i;

    credhub_buf_add(buf, name, strlen(name));

    if (label != NULL) {
        credhub_buf_printf(buf, "{%s=\"", label);

        for (i = 0; i < value.len; i++) {
            switch (value.data[i]) {
            case '\n':
                credhub_buf_lit(buf, "\\n");
                break;

            case '"':
            case '\\':
                credhub_buf_lit(buf, "\\");
                /* fall through */

            default:
                credhub_buf_add(buf, &value.data[i], 1);
            }
        }

        credhub_buf_lit(buf, "\"}");
    }

    credhub_buf_printf(buf, " %" PRId64 "\n", number);
}
