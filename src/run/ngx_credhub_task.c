
/*
 * Tasks for threads. The loop owns a task except while its thread runs: then
 * only the thread touches arena, data, error and detail. A task whose owner is
 * gone is cancelled and freed when its thread has stopped.
 *
 * Each kind of work has threads, a limit and waiting tasks of its own; those
 * stand in one queue an actor, and the actors take turns.
 */

#include "ngx_credhub_task.h"
#include <openssl/crypto.h>
#include "ngx_credhub_dial.h"
#include "credhub_key.h"


#define NGX_CREDHUB_TASK_ARENA 4096

/*
 * Longest life of a task that sets none, waiting included. Its timer also keeps
 * a worker that was told to quit alive until the answer is there.
 */
#define NGX_CREDHUB_TASK_TIMEOUT 600000


typedef enum {
    NGX_CREDHUB_TASK_NEW = 0,
    NGX_CREDHUB_TASK_WAITING,
    NGX_CREDHUB_TASK_RUNNING,
    NGX_CREDHUB_TASK_STOPPED
} ngx_credhub_task_state_e;


/* The waiting tasks of one actor; exists while there are any. */

typedef struct {
    ngx_queue_t   queue;
    ngx_queue_t   tasks;
    ngx_uint_t    n;
    credhub_str_t actor;
} ngx_credhub_task_bucket_t;


typedef struct {
    ngx_thread_pool_t *threads;
    ngx_uint_t         idle;  /* its threads run when nothing else does */
    ngx_uint_t         limit; /* tasks that run at a time */
    ngx_uint_t         running;
    ngx_uint_t         waiting;
    ngx_queue_t        actors;
} ngx_credhub_pool_t;


static void ngx_credhub_task_next(ngx_credhub_pool_t *pool);
static void ngx_credhub_task_start(ngx_credhub_task_t *task);
static void ngx_credhub_task_thread(void *data, ngx_log_t *log);
static void ngx_credhub_task_event(ngx_event_t *ev);
static void ngx_credhub_task_expired(ngx_credhub_task_t *task);
static ngx_credhub_task_bucket_t *ngx_credhub_task_bucket(
    ngx_credhub_pool_t *pool, credhub_str_t actor);
static void ngx_credhub_task_unqueue(ngx_credhub_task_t *task);


static ngx_credhub_pool_t ngx_credhub_pools[NGX_CREDHUB_POOLS];


void
ngx_credhub_task_init(
    ngx_credhub_pool_e kind, ngx_thread_pool_t *threads, ngx_uint_t own)
{
    ngx_credhub_pool_t *pool = &ngx_credhub_pools[kind];

    ngx_memzero(pool, sizeof(ngx_credhub_pool_t));

    pool->threads = threads;
    pool->idle = (own && kind == NGX_CREDHUB_POOL_CPU);
    pool->limit = ngx_credhub_task_limit(kind);

    ngx_queue_init(&pool->actors);

    /* a process that terminates waits for its threads before it calls us */

    credhub_key_stop_on(&ngx_terminate);
    ngx_credhub_dial_stop_on(&ngx_terminate);
}


void
ngx_credhub_task_count(
    ngx_credhub_pool_e kind, uint64_t *running, uint64_t *waiting)
{
    *running = ngx_credhub_pools[kind].running;
    *waiting = ngx_credhub_pools[kind].waiting;
}


ngx_uint_t
ngx_credhub_task_limit(ngx_credhub_pool_e kind)
{
    return kind == NGX_CREDHUB_POOL_CPU ? (ngx_uint_t) ngx_max(1, ngx_ncpu / 2)
                                        : NGX_CREDHUB_PROBES_MAX;
}


ngx_credhub_task_t *
ngx_credhub_task_create(size_t size)
{
    credhub_arena_t    *arena;
    ngx_credhub_task_t *task;

    arena = credhub_arena_create(NGX_CREDHUB_TASK_ARENA);
    if (arena == NULL) {
        return NULL;
    }

    task = credhub_arena_alloc(arena, sizeof(ngx_credhub_task_t) + size);
    if (task == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    task->arena = arena;
    task->data = task + 1;

    task->thread.ctx = task;
    task->thread.handler = ngx_credhub_task_thread;
    task->thread.event.data = &ngx_credhub_ident;
    task->thread.event.handler = ngx_credhub_task_event;
    task->thread.event.log = ngx_cycle->log;

    return task;
}


ngx_int_t
ngx_credhub_task_post(ngx_credhub_task_t *task, credhub_str_t actor)
{
    ngx_credhub_pool_t        *pool = &ngx_credhub_pools[task->pool];
    ngx_credhub_task_bucket_t *bucket;

    if (pool->waiting == NGX_CREDHUB_TASKS_WAITING_MAX) {
        task->error = CREDHUB_E_BUSY;
        return NGX_ERROR;
    }

    bucket = ngx_credhub_task_bucket(pool, actor);
    if (bucket == NULL) {
        task->error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    /* an actor leaves as many places as he takes, so nobody fills the queue */

    if (bucket->n >= NGX_CREDHUB_TASKS_WAITING_MAX - pool->waiting) {
        task->error = CREDHUB_E_BUSY;
        return NGX_ERROR;
    }

    task->state = NGX_CREDHUB_TASK_WAITING;
    task->bucket = bucket;

    ngx_queue_insert_tail(&bucket->tasks, &task->queue);
    bucket->n++;
    pool->waiting++;

    ngx_add_timer(&task->thread.event,
        task->time != 0 ? task->time : NGX_CREDHUB_TASK_TIMEOUT);

    ngx_credhub_task_next(pool);

    return NGX_OK;
}


void
ngx_credhub_task_destroy(ngx_credhub_task_t *task)
{
    ngx_event_t *ev;

    ev = &task->thread.event;

    if (task->state == NGX_CREDHUB_TASK_RUNNING) {
        task->done = NULL;
        atomic_store(&task->cancel, 1);

        /* nobody waits for it: a quitting worker need not either */

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        return;
    }

    if (task->state == NGX_CREDHUB_TASK_WAITING) {
        ngx_credhub_task_unqueue(task);
        ngx_del_timer(ev);
    }

    credhub_arena_destroy(task->arena);
}


/* Starts waiting tasks while there is room. */

static void
ngx_credhub_task_next(ngx_credhub_pool_t *pool)
{
    ngx_queue_t               *q;
    ngx_credhub_task_t        *task;
    ngx_credhub_task_bucket_t *bucket;

    while (pool->running < pool->limit && pool->waiting != 0) {
        q = ngx_queue_head(&pool->actors);
        bucket = ngx_queue_data(q, ngx_credhub_task_bucket_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&pool->actors, q);

        q = ngx_queue_head(&bucket->tasks);
        task = ngx_queue_data(q, ngx_credhub_task_t, queue);

        ngx_credhub_task_unqueue(task);
        ngx_credhub_task_start(task);
    }
}


static void
ngx_credhub_task_start(ngx_credhub_task_t *task)
{
    ngx_credhub_pool_t *pool = &ngx_credhub_pools[task->pool];

    task->state = NGX_CREDHUB_TASK_RUNNING;
    pool->running++;

    if (ngx_thread_task_post(pool->threads, &task->thread) != NGX_OK) {
        /* the pool's own queue is full: it ends as if it had run */

        task->error = CREDHUB_E_BUSY;
        task->thread.event.complete = 1;

        ngx_post_event(&task->thread.event, &ngx_posted_events);
    }
}


static void
ngx_credhub_task_thread(void *data, ngx_log_t *log)
{
    ngx_credhub_task_t *task = data;

    struct sched_param  param;
    static __thread int lowered;

    if (!lowered && ngx_credhub_pools[task->pool].idle) {
        /* For good: an unprivileged thread cannot come back. */

        lowered = 1;
        param.sched_priority = 0;
        (void) sched_setscheduler(0, SCHED_IDLE, &param);
    }

    if (!atomic_load(&task->cancel)) {
        task->error = task->run(task);
    }

    /* The random state of a thread goes with its task: a process may exit
     * before the destructors of its threads have run. */

    OPENSSL_thread_stop();
}


static void
ngx_credhub_task_event(ngx_event_t *ev)
{
    ngx_thread_task_t  *thread;
    ngx_credhub_pool_t *pool;
    ngx_credhub_task_t *task;

    thread = (ngx_thread_task_t *) ((u_char *) ev
                                    - offsetof(ngx_thread_task_t, event));
    task = thread->ctx;

    if (!ev->complete) {
        ngx_credhub_task_expired(task);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    pool = &ngx_credhub_pools[task->pool];

    task->state = NGX_CREDHUB_TASK_STOPPED;
    pool->running--;

    ngx_credhub_task_next(pool);

    if (task->done == NULL) {
        ngx_credhub_task_destroy(task);
        return;
    }

    task->done(task);
}


static void
ngx_credhub_task_expired(ngx_credhub_task_t *task)
{
    if (task->state == NGX_CREDHUB_TASK_RUNNING) {
        /* it stops soon, and then ends here with its error */

        atomic_store(&task->cancel, 1);
        return;
    }

    ngx_credhub_task_unqueue(task);

    task->state = NGX_CREDHUB_TASK_STOPPED;
    task->error = CREDHUB_E_BUSY;
    task->done(task);
}


static ngx_credhub_task_bucket_t *
ngx_credhub_task_bucket(ngx_credhub_pool_t *pool, credhub_str_t actor)
{
    ngx_queue_t               *q;
    ngx_credhub_task_bucket_t *bucket;

    for (q = ngx_queue_head(&pool->actors);
         q != ngx_queue_sentinel(&pool->actors); q = ngx_queue_next(q))
    {
        bucket = ngx_queue_data(q, ngx_credhub_task_bucket_t, queue);

        if (credhub_str_caseeq(bucket->actor, actor)) {
            return bucket;
        }
    }

    bucket = ngx_alloc(
        sizeof(ngx_credhub_task_bucket_t) + actor.len, ngx_cycle->log);
    if (bucket == NULL) {
        return NULL;
    }

    bucket->n = 0;
    bucket->actor.len = actor.len;
    bucket->actor.data = (u_char *) (bucket + 1);

    if (actor.len != 0) {
        ngx_memcpy(bucket->actor.data, actor.data, actor.len);
    }

    ngx_queue_init(&bucket->tasks);
    ngx_queue_insert_tail(&pool->actors, &bucket->queue);

    return bucket;
}


static void
ngx_credhub_task_unqueue(ngx_credhub_task_t *task)
{
    ngx_credhub_task_bucket_t *bucket = task->bucket;

    ngx_queue_remove(&task->queue);
    bucket->n--;
    ngx_credhub_pools[task->pool].waiting--;

    task->bucket = NULL;

    if (ngx_queue_empty(&bucket->tasks)) {
        ngx_queue_remove(&bucket->queue);
        ngx_free(bucket);
    }
}
