
/*
 * The engine. An operation is a list of steps over one object that is detached
 * from whoever asked for it: it has memory of its own, waits for the store or
 * for a CPU thread, and is resumed by them. Its host (a content handler, a
 * phase, a handshake, a background job) starts it, is told when it has
 * finished, and may go away at any time; steps never see which host it is.
 */

#ifndef _NGX_CREDHUB_OP_H_INCLUDED_
#define _NGX_CREDHUB_OP_H_INCLUDED_


#include "ngx_credhub_feed.h"
#include "ngx_credhub_hub.h"
#include "ngx_credhub_task.h"


typedef struct ngx_credhub_op_s     ngx_credhub_op_t;
typedef struct ngx_credhub_frame_s  ngx_credhub_frame_t;
typedef struct ngx_credhub_detail_s ngx_credhub_detail_t;


typedef enum {
    NGX_CREDHUB_NEXT = 0, /* go on with the next step */
    NGX_CREDHUB_WAIT,     /* the next step runs when the answer is there */
    NGX_CREDHUB_JUMP,     /* op->step has been set */
    NGX_CREDHUB_DONE,     /* the outcome is in the operation */
    NGX_CREDHUB_FAIL      /* op->error is set */
} ngx_credhub_rc_e;


typedef ngx_credhub_rc_e (*ngx_credhub_step_pt)(ngx_credhub_op_t *op);


/* Something else that an operation waits with, and that somebody has to take
 * back when it ends first. Lives in the arena of the operation. */

typedef struct {
    void (*release)(void *data);
    void       *data;
    ngx_queue_t queue;
} ngx_credhub_hold_t;


typedef struct {
    const char                *name;     /* what logs call it */
    const ngx_credhub_step_pt *steps;    /* ends with NULL */
    size_t                     ctx_size; /* zeroed, op->ctx */
} ngx_credhub_operation_t;


typedef struct {
    /* The outcome is in op. The host owns the operation from now on and calls
     * ngx_credhub_op_destroy() when it has used it. */
    void (*finished)(ngx_credhub_op_t *op);
} ngx_credhub_host_t;


struct ngx_credhub_op_s {
    const ngx_credhub_operation_t *operation;
    const ngx_credhub_step_pt     *step;
    const ngx_credhub_step_pt     *steps; /* the list that `step` is in */
    ngx_credhub_hub_t             *hub;
    credhub_arena_t               *arena;
    void                          *ctx;
    ngx_credhub_frame_t           *frame;   /* who entered these steps */
    void                          *input;   /* what the host was asked */
    credhub_str_t                  actor;   /* empty: nobody */
    credhub_str_t                  caller;  /* the actor, folded */
    credhub_str_t                  display; /* its name for people; empty: the
                                                actor */

    const ngx_credhub_host_t *host;
    void                     *host_data;

    /* outcome: status and body, or error and detail */
    ngx_uint_t      status;
    credhub_str_t   body;
    credhub_str_t   media; /* type of the body; empty: JSON */
    credhub_error_e error;
    credhub_str_t   detail;
    unsigned        settled:1; /* status and body stand, whatever follows */

    /* for logs and variables, see ngx_credhub_audit.h; live in the arena */
    const char                 *action; /* NULL: the name of the operation */
    credhub_str_t               resource;
    credhub_str_t               resource_id;
    credhub_str_t               version_id;
    const ngx_credhub_detail_t *details; /* NULL: none */
    ngx_credhub_cache_status_e  cache;   /* of the last question to it */
    ngx_msec_t                  waited;  /* for the store */
    ngx_msec_t                  asked;   /* since when it waits now */

    /* the last answers */
    ngx_credhub_call_t *call;
    ngx_credhub_task_t *task;

    /* private to src/run */
    ngx_queue_t calls; /* live as long as this */
    ngx_queue_t tasks;
    ngx_queue_t parts;
    ngx_queue_t holds;
    ngx_queue_t kept;     /* of a part */
    unsigned    stored:1; /* a store call was made */
    unsigned    forged:1; /* a forged grant was met, and logged */
    unsigned    finished:1;
    unsigned    waiting:1;
    unsigned    resumed:1; /* by an event of the engine */
};


/* An operation that has not begun; NULL without memory. */
ngx_credhub_op_t *ngx_credhub_op_create(
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub);

/* Runs steps until one waits or the operation has finished; then host->finished
 * has been called, perhaps before this function returns. */
void ngx_credhub_op_run(ngx_credhub_op_t *op);

/* Begins another operation in the same object, with the same input. */
ngx_credhub_rc_e ngx_credhub_op_become(
    ngx_credhub_op_t *op, const ngx_credhub_operation_t *operation);

/*
 * The host goes away before the operation has finished: it runs no more, and
 * what it has to say for logs stays until it is destroyed. What the store was
 * asked to write is written, since a write is one script; only its answer is
 * dropped.
 */
void ngx_credhub_op_abort(ngx_credhub_op_t *op);

/* Wipes and frees an operation; one that still runs is aborted. */
void ngx_credhub_op_destroy(ngx_credhub_op_t *op);


/* For steps. */

/* The outcome of an operation that failed. */
ngx_credhub_rc_e ngx_credhub_op_fail(
    ngx_credhub_op_t *op, credhub_error_e error, credhub_str_t detail);

#define ngx_credhub_op_error(op, error)                                        \
    ngx_credhub_op_fail(op, error, credhub_null_str)

/* The outcome of an operation that answers with a body. */
ngx_credhub_rc_e ngx_credhub_op_answer(
    ngx_credhub_op_t *op, ngx_uint_t status, const credhub_buf_t *body);

/* A call for up to `max` commands; its answer resumes this operation. NULL
 * without memory. */
ngx_credhub_call_t *ngx_credhub_op_call(
    ngx_credhub_op_t *op, ngx_credhub_link_e link, ngx_uint_t max);

/* Sends it: NGX_CREDHUB_WAIT or NGX_CREDHUB_FAIL. The next step finds it in
 * op->call, without error: a call that failed ends the operation. It lives as
 * long as the operation, or until ngx_credhub_op_release(). */
ngx_credhub_rc_e ngx_credhub_op_send(
    ngx_credhub_op_t *op, ngx_credhub_call_t *call);

/* The same for a call that only reads and that nothing will be written by: its
 * replies may come from the cache, then it is NGX_CREDHUB_NEXT. */
ngx_credhub_rc_e ngx_credhub_op_ask(
    ngx_credhub_op_t *op, ngx_credhub_call_t *call);

/* The first half of it. NGX_OK: the replies are there; NGX_DECLINED: the call
 * was not sent. */
ngx_int_t ngx_credhub_op_cached(ngx_credhub_op_t *op, ngx_credhub_call_t *call);

/* Frees the replies of a finished call early, for loops. */
void ngx_credhub_op_release(ngx_credhub_op_t *op);

/* Gives the task to a CPU thread: WAIT or FAIL. The next step finds it in
 * op->task, without error. */
ngx_credhub_rc_e ngx_credhub_op_compute(
    ngx_credhub_op_t *op, ngx_credhub_task_t *task);

/* Until ngx_credhub_op_unhold() the operation releases it when it ends. */
void ngx_credhub_op_hold(ngx_credhub_op_t *op, ngx_credhub_hold_t *hold);
void ngx_credhub_op_unhold(ngx_credhub_hold_t *hold);

/* What a step has waited for with a hold is there: the next step runs, and the
 * operation may be gone when this returns. */
void ngx_credhub_op_wake(ngx_credhub_op_t *op);

/* Runs other steps with a context of their own, and then goes on with the next
 * step of these. They end with NULL; DONE and FAIL in them end the operation.
 */
ngx_credhub_rc_e ngx_credhub_op_enter(
    ngx_credhub_op_t *op, const ngx_credhub_step_pt *steps, void *ctx);

/*
 * Parts: operations that belong to another one. Each has memory of its own, and
 * several run at a time. They act for the same actor, and end with the whole.
 */

/* One that has not begun, its host_data the whole; NULL without memory. */
ngx_credhub_op_t *ngx_credhub_op_part(ngx_credhub_op_t *op,
    const ngx_credhub_operation_t *operation, const ngx_credhub_host_t *host);

/* For the host, when a part has finished: destroys it. If a step of the whole
 * has waited for it, the next step runs; it may still have to wait for others.
 */
void ngx_credhub_op_part_end(ngx_credhub_op_t *part);

/* Goes on with that step of the same list. */
ngx_credhub_rc_e ngx_credhub_op_goto(
    ngx_credhub_op_t *op, ngx_credhub_step_pt step);

/* A string of the operation's own; .data == NULL without memory. */
#define ngx_credhub_op_copy(op, str)                                           \
    credhub_arena_copy((op)->arena, (str).data, (str).len)


#endif /* _NGX_CREDHUB_OP_H_INCLUDED_ */
