
/*
 * The host of background work: one operation that runs again and again, with a
 * pause between its end and its next beginning.
 */

#ifndef _NGX_CREDHUB_JOB_H_INCLUDED_
#define _NGX_CREDHUB_JOB_H_INCLUDED_


#include "ngx_credhub_op.h"


typedef struct ngx_credhub_job_s ngx_credhub_job_t;


/* A job of this worker that first runs after `interval`; NULL without memory.
 * It does not keep a worker from quitting. */
ngx_credhub_job_t *ngx_credhub_job_start(
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub,
    ngx_msec_t interval);

/* exit_process. */
void ngx_credhub_job_stop(ngx_credhub_job_t *job);


#endif /* _NGX_CREDHUB_JOB_H_INCLUDED_ */
