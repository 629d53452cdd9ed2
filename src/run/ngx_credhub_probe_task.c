
/* A task and its target end together: what one thread waits for is given up soon
 * after nobody waits for the task. */

#include "ngx_credhub_probe_task.h"


ngx_credhub_task_t *
ngx_credhub_probe_task(
    size_t size, credhub_error_e (*run)(ngx_credhub_task_t *task))
{
    ngx_credhub_task_t *task;

    task = ngx_credhub_task_create(size);

    if (task != NULL) {
        task->pool = NGX_CREDHUB_POOL_PROBE;
        task->time = NGX_CREDHUB_PROBE_TIME;
        task->run = run;
    }

    return task;
}


void
ngx_credhub_probe_target(ngx_credhub_task_t *task,
    const ngx_credhub_resolve_t *resolve, ngx_credhub_target_t *target)
{
    *target = resolve->target;

    target->name = credhub_arena_copy(
        task->arena, resolve->target.name.data, resolve->target.name.len);
    target->cancel = &task->cancel;
}
