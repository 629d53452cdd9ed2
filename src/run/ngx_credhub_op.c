
/*
 * The engine: runs steps, keeps what an operation waits for, and decides what
 * happens to it when its host goes away. An operation is freed in exactly one
 * place, ngx_credhub_op_destroy().
 */

#include "ngx_credhub_op.h"
#include "credhub_metrics.h"


#define NGX_CREDHUB_OP_ARENA 4096


/* Where to go on when entered steps have ended. */

struct ngx_credhub_frame_s {
    const ngx_credhub_step_pt *steps;
    const ngx_credhub_step_pt *step;
    void                      *ctx;
    ngx_credhub_frame_t       *up;
};


static void ngx_credhub_op_leave(ngx_credhub_op_t *op);
static void ngx_credhub_op_finish(ngx_credhub_op_t *op);
static void ngx_credhub_op_call_done(ngx_credhub_call_t *call);
static void ngx_credhub_op_task_done(ngx_credhub_task_t *task);
static void ngx_credhub_op_resume(
    ngx_credhub_op_t *op, credhub_error_e error, credhub_str_t detail);


ngx_credhub_op_t *
ngx_credhub_op_create(
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub)
{
    credhub_arena_t  *arena;
    ngx_credhub_op_t *op;

    arena = credhub_arena_create(NGX_CREDHUB_OP_ARENA);
    if (arena == NULL) {
        return NULL;
    }

    op = credhub_arena_alloc(arena, sizeof(ngx_credhub_op_t));
    if (op == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    op->arena = arena;
    op->hub = hub;

    ngx_queue_init(&op->calls);
    ngx_queue_init(&op->tasks);
    ngx_queue_init(&op->parts);
    ngx_queue_init(&op->holds);

    (void) ngx_credhub_op_become(op, operation);

    return op;
}


ngx_credhub_rc_e
ngx_credhub_op_become(
    ngx_credhub_op_t *op, const ngx_credhub_operation_t *operation)
{
    op->operation = operation;
    op->steps = operation->steps;
    op->step = operation->steps;
    op->frame = NULL;
    op->ctx = NULL;

    if (operation->ctx_size == 0) {
        return NGX_CREDHUB_JUMP;
    }

    op->ctx = credhub_arena_alloc(op->arena, operation->ctx_size);

    if (op->ctx == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return NGX_CREDHUB_JUMP;
}


void
ngx_credhub_op_run(ngx_credhub_op_t *op)
{
    const ngx_credhub_step_pt *step;

    op->waiting = 0;

    /* op_become() may have failed before the first step */

    while (op->error == CREDHUB_OK) {
        if (*op->step == NULL) {
            if (op->frame == NULL) {
                break;
            }

            ngx_credhub_op_leave(op);
            continue;
        }

        step = op->step++;

        switch ((*step)(op)) {
        case NGX_CREDHUB_NEXT:
        case NGX_CREDHUB_JUMP:
            continue;

        case NGX_CREDHUB_WAIT:
            op->waiting = 1;
            return;

        default: /* NGX_CREDHUB_DONE, NGX_CREDHUB_FAIL */
            ngx_credhub_op_finish(op);
            return;
        }
    }

    ngx_credhub_op_finish(op);
}


static void
ngx_credhub_op_finish(ngx_credhub_op_t *op)
{
    if (op->settled) {
        op->error = CREDHUB_OK;
    }

    op->finished = 1;
    op->host->finished(op);
}


void
ngx_credhub_op_abort(ngx_credhub_op_t *op)
{
    ngx_queue_t        *q;
    ngx_credhub_op_t   *part;
    ngx_credhub_call_t *call;
    ngx_credhub_task_t *task;
    ngx_credhub_hold_t *hold;

    while (!ngx_queue_empty(&op->parts)) {
        q = ngx_queue_head(&op->parts);
        ngx_queue_remove(q);

        part = ngx_queue_data(q, ngx_credhub_op_t, kept);
        ngx_credhub_op_destroy(part);
    }

    while (!ngx_queue_empty(&op->holds)) {
        q = ngx_queue_head(&op->holds);
        ngx_queue_remove(q);

        hold = ngx_queue_data(q, ngx_credhub_hold_t, queue);
        hold->release(hold->data);
    }

    while (!ngx_queue_empty(&op->calls)) {
        q = ngx_queue_head(&op->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_credhub_call_t, kept);
        ngx_credhub_call_destroy(call);
    }

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_head(&op->tasks);
        ngx_queue_remove(q);

        task = ngx_queue_data(q, ngx_credhub_task_t, kept);
        ngx_credhub_task_destroy(task);
    }
}


void
ngx_credhub_op_destroy(ngx_credhub_op_t *op)
{
    ngx_credhub_op_abort(op);
    credhub_arena_destroy(op->arena);
}


ngx_credhub_rc_e
ngx_credhub_op_fail(
    ngx_credhub_op_t *op, credhub_error_e error, credhub_str_t detail)
{
    op->error = error;
    op->detail = detail;

    return NGX_CREDHUB_FAIL;
}


ngx_credhub_rc_e
ngx_credhub_op_answer(
    ngx_credhub_op_t *op, ngx_uint_t status, const credhub_buf_t *body)
{
    if (body->failed) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    op->status = status;
    op->body = credhub_buf_str(body);

    return NGX_CREDHUB_DONE;
}


ngx_credhub_rc_e
ngx_credhub_op_goto(ngx_credhub_op_t *op, ngx_credhub_step_pt target)
{
    const ngx_credhub_step_pt *step;

    for (step = op->steps; *step != NULL; step++) {
        if (*step == target) {
            op->step = step;
            return NGX_CREDHUB_JUMP;
        }
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
        "credhub operation \"%s\" has no such step", op->operation->name);

    return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


ngx_credhub_rc_e
ngx_credhub_op_enter(
    ngx_credhub_op_t *op, const ngx_credhub_step_pt *steps, void *ctx)
{
    ngx_credhub_frame_t *frame;

    frame = credhub_arena_alloc(op->arena, sizeof(ngx_credhub_frame_t));

    if (frame == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    frame->steps = op->steps;
    frame->step = op->step;
    frame->ctx = op->ctx;
    frame->up = op->frame;

    op->frame = frame;
    op->steps = steps;
    op->step = steps;
    op->ctx = ctx;

    return NGX_CREDHUB_JUMP;
}


static void
ngx_credhub_op_leave(ngx_credhub_op_t *op)
{
    op->steps = op->frame->steps;
    op->step = op->frame->step;
    op->ctx = op->frame->ctx;
    op->frame = op->frame->up;
}


ngx_credhub_op_t *
ngx_credhub_op_part(ngx_credhub_op_t *op,
    const ngx_credhub_operation_t *operation, const ngx_credhub_host_t *host)
{
    ngx_credhub_op_t *part;

    part = ngx_credhub_op_create(operation, op->hub);
    if (part == NULL) {
        return NULL;
    }

    if (part->error != CREDHUB_OK) {
        ngx_credhub_op_destroy(part);
        return NULL;
    }

    part->actor = op->actor;
    part->caller = op->caller;
    part->display = op->display;
    part->host = host;
    part->host_data = op;

    ngx_queue_insert_tail(&op->parts, &part->kept);

    return part;
}


void
ngx_credhub_op_part_end(ngx_credhub_op_t *part)
{
    ngx_credhub_op_t *whole = part->host_data;

    ngx_queue_remove(&part->kept);
    ngx_credhub_op_destroy(part);

    if (whole->waiting) {
        ngx_credhub_op_wake(whole);
    }
}


ngx_credhub_call_t *
ngx_credhub_op_call(
    ngx_credhub_op_t *op, ngx_credhub_link_e link, ngx_uint_t max)
{
    return ngx_credhub_call_create(
        op->hub->store->links[link], max, ngx_credhub_op_call_done, op);
}


ngx_credhub_rc_e
ngx_credhub_op_send(ngx_credhub_op_t *op, ngx_credhub_call_t *call)
{
    credhub_error_e error;

    if (call == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    op->stored = 1;
    op->asked = ngx_current_msec;

    if (ngx_credhub_call_send(call) != NGX_OK) {
        error = call->error;
        ngx_credhub_call_destroy(call);

        return ngx_credhub_op_error(op, error);
    }

    ngx_queue_insert_head(&op->calls, &call->kept);
    op->call = call;

    return NGX_CREDHUB_WAIT;
}


ngx_credhub_rc_e
ngx_credhub_op_ask(ngx_credhub_op_t *op, ngx_credhub_call_t *call)
{
    return call != NULL && ngx_credhub_op_cached(op, call) == NGX_OK
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_send(op, call);
}


ngx_int_t
ngx_credhub_op_cached(ngx_credhub_op_t *op, ngx_credhub_call_t *call)
{
    ngx_credhub_feed_t *feed;

    feed = op->hub->store->feed;

    if (feed == NULL || call->request.failed) {
        return NGX_DECLINED;
    }

    op->cache = ngx_credhub_feed_answer(feed, call);
    credhub_metrics_cache(op->cache - NGX_CREDHUB_CACHE_HIT);

    if (op->cache != NGX_CREDHUB_CACHE_HIT
        && op->cache != NGX_CREDHUB_CACHE_STALE) {
        return NGX_DECLINED;
    }

    ngx_queue_insert_head(&op->calls, &call->kept);
    op->call = call;

    return NGX_OK;
}


void
ngx_credhub_op_release(ngx_credhub_op_t *op)
{
    ngx_queue_remove(&op->call->kept);
    ngx_credhub_call_destroy(op->call);
    op->call = NULL;
}


static void
ngx_credhub_op_call_done(ngx_credhub_call_t *call)
{
    ngx_credhub_op_t *op = call->data;

    op->waited += ngx_current_msec - op->asked;

    ngx_credhub_op_resume(op, call->error, credhub_null_str);
}


ngx_credhub_rc_e
ngx_credhub_op_compute(ngx_credhub_op_t *op, ngx_credhub_task_t *task)
{
    credhub_error_e error;

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    task->done = ngx_credhub_op_task_done;
    task->owner = op;

    if (ngx_credhub_task_post(task, op->actor) != NGX_OK) {
        error = task->error;
        ngx_credhub_task_destroy(task);

        return ngx_credhub_op_error(op, error);
    }

    ngx_queue_insert_head(&op->tasks, &task->kept);
    op->task = task;

    return NGX_CREDHUB_WAIT;
}


void
ngx_credhub_op_hold(ngx_credhub_op_t *op, ngx_credhub_hold_t *hold)
{
    ngx_queue_insert_head(&op->holds, &hold->queue);
}


void
ngx_credhub_op_unhold(ngx_credhub_hold_t *hold)
{
    ngx_queue_remove(&hold->queue);
}


void
ngx_credhub_op_wake(ngx_credhub_op_t *op)
{
    ngx_credhub_op_resume(op, CREDHUB_OK, credhub_null_str);
}


static void
ngx_credhub_op_task_done(ngx_credhub_task_t *task)
{
    ngx_credhub_op_resume(task->owner, task->error, task->detail);
}


static void
ngx_credhub_op_resume(
    ngx_credhub_op_t *op, credhub_error_e error, credhub_str_t detail)
{
    op->resumed = 1;
    op->error = error;
    op->detail = detail;

    ngx_credhub_op_run(op);
}
