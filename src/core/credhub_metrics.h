
/*
 * What is counted, in memory that several processes share, and the text that
 * Prometheus reads (text format 0.0.4). Counters are atomic and there is no lock,
 * so a process that dies leaves nothing behind but its numbers.
 */

#ifndef _CREDHUB_METRICS_H_INCLUDED_
#define _CREDHUB_METRICS_H_INCLUDED_


#include "credhub_arena.h"
#include "credhub_error.h"


#define CREDHUB_METRICS_MEDIA "text/plain; version=0.0.4; charset=utf-8"

#define CREDHUB_METRICS_LINKS 3
#define CREDHUB_METRICS_POOLS 2


typedef struct credhub_metrics_s credhub_metrics_t;


/* How things stand in one worker. */

typedef struct {
    uint64_t links[CREDHUB_METRICS_LINKS];   /* to Redis */
    uint64_t ready[CREDHUB_METRICS_LINKS];   /* of these */
    uint64_t running[CREDHUB_METRICS_POOLS]; /* tasks of threads */
    uint64_t waiting[CREDHUB_METRICS_POOLS];
} credhub_metrics_worker_t;


/* Those of this process; NULL: nothing is counted. Set once, by who starts it. */
extern credhub_metrics_t *credhub_metrics;


/* Bytes; zeroed memory of that size is a metrics object. */
size_t credhub_metrics_size(void);


/*
 * All of these do nothing without credhub_metrics. `name` is a string constant:
 * the value of the label `operation`; beyond 160 names they count as "other".
 */

/* A request that was answered, after that many microseconds. */
void credhub_metrics_request(
    const char *name, unsigned status, uint64_t microseconds);

/* A decision at the edge. */
void credhub_metrics_decision(const char *name, credhub_error_e error);

/* A call of link number `link` has its replies, or has failed. */
void credhub_metrics_call(unsigned link, uint64_t microseconds, int failed);

/* Status number `status` of the cache, in the order of its names. */
void credhub_metrics_cache(unsigned status);

/* What stands in worker number `i` at `now`, seconds of any clock that all
 * workers have. */
void credhub_metrics_worker(
    unsigned i, uint64_t now, const credhub_metrics_worker_t *worker);


/* Microseconds of a clock that only goes forward. */
uint64_t credhub_metrics_clock(void);

/* Appends everything; workers that were silent for ten seconds do not count. */
void credhub_metrics_write(
    credhub_buf_t *buf, const credhub_metrics_t *metrics, uint64_t now);

/* Parts of the text, for what is counted elsewhere. `type`: "gauge", "counter". */
void credhub_metrics_add_family(
    credhub_buf_t *buf, const char *name, const char *type, const char *help);

/* A line: name{label="value"} number; without braces when `label` is NULL. The
 * value is UTF-8 and is escaped. */
void credhub_metrics_add_value(credhub_buf_t *buf, const char *name,
    const char *label, credhub_str_t value, int64_t number);


#endif /* _CREDHUB_METRICS_H_INCLUDED_ */
