
/*
 * The background host. A job outlives its operations; the operation of a run
 * belongs to the job from finished() on.
 */

#include "ngx_credhub_job.h"


struct ngx_credhub_job_s {
    const ngx_credhub_operation_t *operation;
    ngx_credhub_hub_t             *hub;
    ngx_msec_t                     interval;
    ngx_event_t                    timer;
    ngx_credhub_op_t              *op; /* while it runs */
};


static void ngx_credhub_job_run(ngx_event_t *ev);
static void ngx_credhub_job_finished(ngx_credhub_op_t *op);


static const ngx_credhub_host_t ngx_credhub_job_host = {
    ngx_credhub_job_finished
};


ngx_credhub_job_t *
ngx_credhub_job_start(const ngx_credhub_operation_t *operation,
    ngx_credhub_hub_t *hub, ngx_msec_t interval)
{
    ngx_credhub_job_t *job;

    job = ngx_calloc(sizeof(ngx_credhub_job_t), ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    job->operation = operation;
    job->hub = hub;
    job->interval = interval;

    /*
     * The back pointer of the timer is found by offset; ev->data has to look
     * like a connection. Housekeeping never keeps a worker from quitting.
     */

    job->timer.handler = ngx_credhub_job_run;
    job->timer.data = &ngx_credhub_ident;
    job->timer.log = ngx_cycle->log;
    job->timer.cancelable = 1;

    ngx_add_timer(&job->timer, interval);

    return job;
}


void
ngx_credhub_job_stop(ngx_credhub_job_t *job)
{
    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->op != NULL) {
        ngx_credhub_op_destroy(job->op);
    }

    ngx_free(job);
}


static void
ngx_credhub_job_run(ngx_event_t *ev)
{
    ngx_credhub_job_t *job;

    job = (ngx_credhub_job_t *) ((u_char *) ev
                                 - offsetof(ngx_credhub_job_t, timer));

    job->op = ngx_credhub_op_create(job->operation, job->hub);

    if (job->op == NULL) {
        ngx_add_timer(ev, job->interval);
        return;
    }

    job->op->host = &ngx_credhub_job_host;
    job->op->host_data = job;

    ngx_credhub_op_run(job->op);
}


static void
ngx_credhub_job_finished(ngx_credhub_op_t *op)
{
    ngx_credhub_job_t *job = op->host_data;

    job->op = NULL;
    ngx_credhub_op_destroy(op);

    if (!ngx_exiting) {
        ngx_add_timer(&job->timer, job->interval);
    }
}
