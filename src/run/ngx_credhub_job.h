
/*
 * The host of background work: one operation that runs now, when it is kicked,
 * or again and again after a pause. Never two of one job at a time in a worker.
 */

#ifndef _NGX_CREDHUB_JOB_H_INCLUDED_
#define _NGX_CREDHUB_JOB_H_INCLUDED_


#include "ngx_credhub_op.h"


typedef struct ngx_credhub_job_s ngx_credhub_job_t;


/*
 * A job of this worker; `interval` 0: only when kicked. NULL without memory.
 * Nothing runs while the worker is quitting.
 */
ngx_credhub_job_t *ngx_credhub_job_start(
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub,
    ngx_msec_t interval);

/* Runs it soon; while it runs: once more afterwards. */
void ngx_credhub_job_kick(ngx_credhub_job_t *job);

/* exit_process. */
void ngx_credhub_job_stop(ngx_credhub_job_t *job);


#endif /* _NGX_CREDHUB_JOB_H_INCLUDED_ */
