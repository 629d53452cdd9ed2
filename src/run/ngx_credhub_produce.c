
/*
 * What a thread works on is a copy in the arena of its task, since the
 * operation may be gone before the thread is done. The result stays in that
 * arena, which lives as long as the operation from then on.
 */

#include "ngx_credhub_produce.h"


static credhub_error_e ngx_credhub_produce_run(ngx_credhub_task_t *task);
static credhub_error_e ngx_credhub_produce_now(ngx_credhub_produce_t *produce,
    credhub_arena_t *arena, atomic_int *cancel, credhub_str_t *detail);
static ngx_int_t       ngx_credhub_produce_copy(
          ngx_credhub_task_t *task, credhub_str_t *str);


ngx_credhub_rc_e
ngx_credhub_produce(ngx_credhub_op_t *op, ngx_credhub_produce_t *produce)
{
    ngx_uint_t             slow;
    atomic_int             cancel;
    credhub_error_e        error;
    ngx_credhub_task_t    *task;
    ngx_credhub_produce_t *copy;

    slow = produce->value.data != NULL ? produce->type->slow_set
                                       : produce->type->slow_generate;

    op->task = NULL; /* of an earlier try */

    if (!slow) {
        atomic_init(&cancel, 0);

        error =
            ngx_credhub_produce_now(produce, op->arena, &cancel, &op->detail);

        return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                                   : ngx_credhub_op_fail(op, error, op->detail);
    }

    task = ngx_credhub_task_create(sizeof(ngx_credhub_produce_t));
    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    task->run = ngx_credhub_produce_run;

    copy = task->data;
    *copy = *produce;

    if (ngx_credhub_produce_copy(task, &copy->value) != NGX_OK
        || ngx_credhub_produce_copy(task, &copy->parameters.username) != NGX_OK
        || ngx_credhub_produce_copy(task, &copy->parameters.key_type) != NGX_OK
        || ngx_credhub_produce_copy(task, &copy->parameters.key_curve) != NGX_OK
        || ngx_credhub_produce_copy(task, &copy->parameters.ssh_comment)
               != NGX_OK)
    {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


void
ngx_credhub_produced(ngx_credhub_op_t *op, ngx_credhub_produce_t *produce)
{
    ngx_credhub_produce_t *done;

    if (op->task != NULL) {
        done = op->task->data;
        produce->content = done->content;
    }
}


static credhub_error_e
ngx_credhub_produce_run(ngx_credhub_task_t *task)
{
    return ngx_credhub_produce_now(
        task->data, task->arena, &task->cancel, &task->detail);
}


static credhub_error_e
ngx_credhub_produce_now(ngx_credhub_produce_t *produce, credhub_arena_t *arena,
    atomic_int *cancel, credhub_str_t *detail)
{
    if (produce->value.data != NULL) {
        return produce->type->set(
            arena, produce->value, cancel, &produce->content, detail);
    }

    return produce->type->generate(
        arena, &produce->parameters, cancel, &produce->content);
}


static ngx_int_t
ngx_credhub_produce_copy(ngx_credhub_task_t *task, credhub_str_t *str)
{
    if (str->data == NULL) {
        return NGX_OK;
    }

    *str = credhub_arena_copy(task->arena, str->data, str->len);

    return str->data != NULL ? NGX_OK : NGX_ERROR;
}
