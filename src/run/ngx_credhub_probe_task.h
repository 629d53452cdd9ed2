
/* Tasks that connect to something: setup tests, and the provisioning of private
 * links. */

#ifndef _NGX_CREDHUB_PROBE_TASK_H_INCLUDED_
#define _NGX_CREDHUB_PROBE_TASK_H_INCLUDED_


#include "ngx_credhub_probe.h"
#include "ngx_credhub_resolve.h"


/* A task for a probe thread with its data; NULL without memory. */
ngx_credhub_task_t *ngx_credhub_probe_task(
    size_t size, credhub_error_e (*run)(ngx_credhub_task_t *task));

/* A target for such a task: with its deadline and its cancel flag, and what the
 * resolver has found, in the task's own memory (name.data == NULL without). */
void ngx_credhub_probe_target(ngx_credhub_task_t *task,
    const ngx_credhub_resolve_t *resolve, ngx_credhub_target_t *target);


#endif /* _NGX_CREDHUB_PROBE_TASK_H_INCLUDED_ */
