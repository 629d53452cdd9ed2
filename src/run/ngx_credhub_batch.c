
/*
 * The life of a batch: tries, parts, staging, the end. Whatever a try has
 * staged is given up before the next one, and before an error is told; what is
 * left when a client leaves or the store fails is for the sweep, when the time
 * of the batch is over.
 *
 * The batch lives in the arena of its operation, which only grows. So each
 * child is worked on by a part, whose memory goes with it.
 */

#include "ngx_credhub_batch_private.h"
#include "credhub_grant.h"


typedef struct {
    credhub_str_t id;
} ngx_credhub_batch_end_t;


static ngx_credhub_rc_e ngx_credhub_batch_given_up(ngx_credhub_op_t *op);
static void             ngx_credhub_batch_part(ngx_credhub_op_t *op);
static void             ngx_credhub_batch_part_finished(ngx_credhub_op_t *part);
static ngx_credhub_rc_e ngx_credhub_batch_end(
    ngx_credhub_op_t *op, credhub_str_t id);
static ngx_credhub_rc_e ngx_credhub_batch_end_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_batch_end_take(ngx_credhub_op_t *op);


static const ngx_credhub_host_t ngx_credhub_batch_host = {
    ngx_credhub_batch_part_finished
};


static const ngx_credhub_step_pt ngx_credhub_batch_refused_steps[] = {
    ngx_credhub_batch_discard,
    ngx_credhub_batch_given_up,
    NULL,
};


static const ngx_credhub_step_pt ngx_credhub_batch_end_steps[] = {
    ngx_credhub_batch_end_send,
    ngx_credhub_batch_end_take,
    NULL,
};

static const ngx_credhub_operation_t ngx_credhub_batch_end_operation = {
    "end of a batch",
    ngx_credhub_batch_end_steps,
    sizeof(ngx_credhub_batch_end_t),
};

/* Nobody depends on its result: the sweep does what it did not. */

static const ngx_credhub_host_t ngx_credhub_batch_end_host = {
    ngx_credhub_op_part_end
};


ngx_credhub_batch_t *
ngx_credhub_batch_create(ngx_credhub_op_t *op,
    const ngx_credhub_operation_t *part, credhub_str_t root)
{
    ngx_credhub_batch_t *batch;

    batch = credhub_arena_alloc(op->arena, sizeof(ngx_credhub_batch_t));
    if (batch == NULL) {
        return NULL;
    }

    batch->part = part;
    batch->root = root;
    batch->deadline = ngx_current_msec + op->hub->long_timeout;

    ngx_rbtree_init(
        &batch->rows, &batch->sentinel, ngx_str_rbtree_insert_value);

    return batch;
}


ngx_credhub_rc_e
ngx_credhub_batch_again(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_goto(op, ngx_credhub_batch_discard);
}


ngx_credhub_rc_e
ngx_credhub_batch_discard(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    return batch->next != 0 ? ngx_credhub_batch_end(op, batch->id)
                            : NGX_CREDHUB_NEXT;
}


ngx_credhub_rc_e
ngx_credhub_batch_refused(
    ngx_credhub_op_t *op, ngx_credhub_batch_t *batch, credhub_error_e error)
{
    if (batch == NULL) {
        return error == CREDHUB_OK ? NGX_CREDHUB_JUMP
                                   : ngx_credhub_op_error(op, error);
    }

    batch->error = error;

    return ngx_credhub_op_enter(op, ngx_credhub_batch_refused_steps, batch);
}


static ngx_credhub_rc_e
ngx_credhub_batch_given_up(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    batch->next = 0;
    batch->staged = 0;

    return batch->error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                                      : ngx_credhub_op_error(op, batch->error);
}


ngx_credhub_rc_e
ngx_credhub_batch_begin(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    batch->next = 0;
    batch->staged = 0;

    if (batch->error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, batch->error, batch->detail);
    }

    if (batch->tries++ > NGX_CREDHUB_STALE_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);
    }

    batch->id.len = CREDHUB_UUID_LEN;
    batch->id.data = credhub_arena_bytes(op->arena, CREDHUB_UUID_LEN);

    if (batch->id.data == NULL || credhub_uuid(batch->id.data) != 0) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    batch->round++;
    batch->stale = 0;
    batch->orphan = 0;
    batch->children = NULL;
    batch->n = 0;
    batch->cas = 0;
    batch->queue = NULL;
    batch->queue_end = &batch->queue;

    batch->top = ngx_credhub_batch_row(op, batch, batch->root);

    if (batch->top == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    batch->ca = batch->top;

    return NGX_CREDHUB_NEXT;
}


ngx_credhub_rc_e
ngx_credhub_batch_run(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_uint_t               parts;
    ngx_credhub_batch_row_t *row;

    parts = ngx_min(ngx_credhub_task_limit(NGX_CREDHUB_POOL_CPU) + 1,
        NGX_CREDHUB_BATCH_PARTS_MAX);

    while (batch->error == CREDHUB_OK && !batch->stale && batch->next < batch->n
           && batch->running < parts)
    {
        row = batch->order[batch->next];

        if (row->fresh && !row->ca->staged) {
            break;
        }

        if ((ngx_msec_int_t) (batch->deadline - ngx_current_msec) <= 0) {
            batch->error = CREDHUB_E_UNAVAILABLE;
            break;
        }

        ngx_credhub_batch_part(op);
    }

    return batch->running != 0 ? NGX_CREDHUB_WAIT : NGX_CREDHUB_NEXT;
}


ngx_credhub_rc_e
ngx_credhub_batch_ran(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    if (batch->running != 0) {
        return ngx_credhub_op_goto(op, ngx_credhub_batch_run);
    }

    if (batch->error != CREDHUB_OK || batch->stale) {
        return ngx_credhub_batch_again(op);
    }

    return batch->next < batch->n
               ? ngx_credhub_op_goto(op, ngx_credhub_batch_run)
               : NGX_CREDHUB_NEXT;
}


static void
ngx_credhub_batch_part(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_credhub_op_t         *part;
    ngx_credhub_batch_part_t *ctx;

    part = ngx_credhub_op_part(op, batch->part, &ngx_credhub_batch_host);

    if (part == NULL) {
        batch->error = CREDHUB_E_INTERNAL;
        return;
    }

    ctx = part->ctx;
    ctx->batch = batch;
    ctx->row = batch->order[batch->next++];

    batch->running++;

    ngx_credhub_op_run(part);
}


static void
ngx_credhub_batch_part_finished(ngx_credhub_op_t *part)
{
    ngx_credhub_op_t         *op = part->host_data;
    ngx_credhub_batch_part_t *ctx = part->ctx;

    ngx_credhub_batch_t *batch;

    batch = ctx->batch;
    batch->running--;

    if (part->error != CREDHUB_OK && batch->error == CREDHUB_OK) {
        batch->error = part->error;
        batch->detail = ngx_credhub_op_copy(op, part->detail);
    }

    ngx_credhub_op_part_end(part);
}


ngx_credhub_rc_e
ngx_credhub_batch_lookup(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    ngx_uint_t                    n;
    ngx_credhub_call_t           *call;
    ngx_credhub_certificate_key_t keys[NGX_CREDHUB_CERTIFICATE_KEYS];

    n = 1;
    ngx_memzero(keys, sizeof(keys));

    keys[0].name = part->row->folded;
    keys[0].operation = credhub_grant_letter(CREDHUB_OP_WRITE);

    if (part->row->ca != NULL) {
        keys[n].name = part->row->ca->folded;
        keys[n++].operation = credhub_grant_letter(CREDHUB_OP_READ);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        /* what must be allowed was checked, and is again by the write */

        ngx_credhub_certificates_read(
            call, op->hub->store, credhub_null_str, keys, n);
    }

    return ngx_credhub_op_send(op, call);
}


ngx_credhub_rc_e
ngx_credhub_batch_looked_up(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    ngx_uint_t                n, read_only;
    credhub_error_e           error;
    ngx_credhub_certificate_t found[NGX_CREDHUB_CERTIFICATE_KEYS];

    n = part->row->ca != NULL ? 2 : 1;
    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_result(op->call, found, n, &read_only, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    if (read_only) {
        return ngx_credhub_op_error(op, CREDHUB_E_READ_ONLY);
    }

    part->found = found[0];

    if (part->found.newest == NULL) {
        return ngx_credhub_batch_stale(op);
    }

    if (n == 1) {
        return NGX_CREDHUB_NEXT;
    }

    part->ca = found[1];

    return credhub_str_eq(part->ca.stamp, part->row->ca->stamp)
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_batch_stale(op);
}


ngx_credhub_rc_e
ngx_credhub_batch_stage(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    ngx_msec_int_t                    life;
    ngx_credhub_batch_t              *batch = part->batch;
    ngx_credhub_certificate_write_t  *write;
    ngx_credhub_certificate_commit_t *commit;

    commit = &part->commit;
    commit->guard = &part->guard;
    commit->version.name = part->found.name;
    commit->version.folded = part->found.folded;

    life = (ngx_msec_int_t) (batch->deadline - ngx_current_msec);

    write = &commit->write;
    write->expect = part->found.stamp;
    write->batch = NGX_CREDHUB_BATCH_STAGE;
    write->batch_id = batch->id;
    write->batch_life = ngx_max(life, 1);

    if (part->row->ca != NULL) {
        write->ca = part->ca.folded;
        write->ca_stamp = part->ca.stamp;
    }

    return ngx_credhub_certificate_commit(op, commit);
}


ngx_credhub_rc_e
ngx_credhub_batch_staged(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    switch (ngx_credhub_certificate_written(
        op->call, &part->commit.version, &error))
    {
    case NGX_OK:
        part->row->staged = 1;
        part->batch->staged++;
        return NGX_CREDHUB_DONE;

    case NGX_DECLINED:
        return ngx_credhub_batch_stale(op);

    default:
        return ngx_credhub_op_error(op, error);
    }
}


ngx_credhub_rc_e
ngx_credhub_batch_stale(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    part->batch->stale = 1;

    return NGX_CREDHUB_DONE;
}


ngx_uint_t
ngx_credhub_batch_fact(const credhub_version_t *version, const char *fact)
{
    return ngx_strnstr(version->facts.data, (char *) fact, version->facts.len)
           != NULL;
}


credhub_str_t
ngx_credhub_batch_id(const ngx_credhub_batch_t *batch)
{
    if (batch == NULL) {
        return credhub_null_str;
    }

    return batch->staged != 0 ? batch->id : credhub_str("");
}


const credhub_str_t *
ngx_credhub_batch_names(const ngx_credhub_batch_t *batch, ngx_uint_t *n)
{
    *n = batch->n;

    return batch->names;
}


ngx_credhub_rc_e
ngx_credhub_batch_fold(ngx_credhub_op_t *op, ngx_credhub_batch_t *batch)
{
    return batch != NULL && batch->staged != 0
               ? ngx_credhub_batch_end(op, batch->id)
               : NGX_CREDHUB_NEXT;
}


/* Folds a batch, or throws it away. */

static ngx_credhub_rc_e
ngx_credhub_batch_end(ngx_credhub_op_t *op, credhub_str_t id)
{
    ngx_credhub_op_t        *part;
    ngx_credhub_batch_end_t *ctx;

    part = ngx_credhub_op_part(
        op, &ngx_credhub_batch_end_operation, &ngx_credhub_batch_end_host);

    if (part == NULL) {
        return NGX_CREDHUB_NEXT;
    }

    ctx = part->ctx;
    ctx->id = id;

    ngx_credhub_op_run(part);

    return ngx_queue_empty(&op->parts) ? NGX_CREDHUB_NEXT : NGX_CREDHUB_WAIT;
}


static ngx_credhub_rc_e
ngx_credhub_batch_end_send(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_end_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_batch_finish(call, op->hub->store, ctx->id);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_batch_end_take(ngx_credhub_op_t *op)
{
    ngx_uint_t      rest;
    credhub_error_e error;

    if (ngx_credhub_batch_finished(op->call, &rest, &error) != NGX_OK || !rest)
    {
        return NGX_CREDHUB_DONE;
    }

    ngx_credhub_op_release(op);

    return ngx_credhub_op_goto(op, ngx_credhub_batch_end_send);
}
