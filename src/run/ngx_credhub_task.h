
/*
 * Work for threads. A task gets plain data in an arena of its own and leaves
 * its result there. There are two kinds: CPU work (key generation, signatures,
 * password hashes), of which at most max(1, cores / 2) tasks of a worker run at
 * a time, at idle priority, and network work (probes, secrets managers), of
 * which NGX_CREDHUB_PROBES_MAX run. Others wait in a bounded queue of their
 * kind that takes the actors in turn.
 */

#ifndef _NGX_CREDHUB_TASK_H_INCLUDED_
#define _NGX_CREDHUB_TASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>
#include <stdatomic.h>
#include "credhub_arena.h"
#include "credhub_error.h"
#include "ngx_credhub_ident.h"


#define NGX_CREDHUB_TASKS_WAITING_MAX 1024


#define NGX_CREDHUB_PROBES_MAX        16 /* tasks, and threads of the own pool */


typedef enum {
    NGX_CREDHUB_POOL_CPU = 0,
    NGX_CREDHUB_POOL_PROBE,
    NGX_CREDHUB_POOLS
} ngx_credhub_pool_e;


typedef struct ngx_credhub_task_s ngx_credhub_task_t;

struct ngx_credhub_task_s {
    credhub_arena_t   *arena;
    void              *data;   /* in the arena */
    atomic_int         cancel; /* set when nobody waits any more */
    ngx_credhub_pool_e pool;   /* CPU unless it is set */
    ngx_msec_t         time;   /* longest life, waiting included; 0: ten minutes
                              */
    credhub_error_e    error;  /* the result of run() */
    credhub_str_t      detail;

    credhub_error_e (*run)(ngx_credhub_task_t *task); /* on the thread */
    void (*done)(ngx_credhub_task_t *task);           /* NULL: nobody waits */
    void       *owner;
    ngx_queue_t kept; /* for the owner */

    /* private */
    ngx_queue_t       queue;
    void             *bucket; /* of its actor, while it waits */
    ngx_uint_t        state;
    ngx_thread_task_t thread;
};


/* A task with `size` zeroed bytes of data; NULL without memory. */
ngx_credhub_task_t *ngx_credhub_task_create(size_t size);

/*
 * Queues it for `actor` (copied). NGX_OK: done() will be called from the event
 * loop. NGX_ERROR: the queue is full (task->error is CREDHUB_E_BUSY) or there
 * is no memory.
 */
ngx_int_t ngx_credhub_task_post(ngx_credhub_task_t *task, credhub_str_t actor);

/* Frees it; a task that runs is cancelled and freed when it has stopped. */
void ngx_credhub_task_destroy(ngx_credhub_task_t *task);


/* How many of this worker run, and how many wait. */
void ngx_credhub_task_count(
    ngx_credhub_pool_e kind, uint64_t *running, uint64_t *waiting);

/* How many of a kind run at a time, and how many threads our own pool has. */
ngx_uint_t ngx_credhub_task_limit(ngx_credhub_pool_e kind);


/* init_process: the threads for one kind. `own`: nobody else uses them. */
void ngx_credhub_task_init(
    ngx_credhub_pool_e kind, ngx_thread_pool_t *threads, ngx_uint_t own);


#endif /* _NGX_CREDHUB_TASK_H_INCLUDED_ */
