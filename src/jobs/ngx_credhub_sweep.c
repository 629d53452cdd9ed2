
/*
 * A deletion hides a credential at once and removes a bounded number of rows;
 * the rest goes here, step by step, and so does what a batch has staged when its
 * node died. Two workers may sweep at the same time: each step is one script.
 */

#include "ngx_credhub_sweep.h"
#include "ngx_credhub_certificates.h"


static ngx_credhub_rc_e ngx_credhub_sweep_deleted(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_step(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_batch(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_batch_check(ngx_credhub_op_t *op);


const ngx_credhub_step_pt ngx_credhub_sweep_steps[] = {
    ngx_credhub_sweep_step,
    ngx_credhub_sweep_check,
    NULL,
};

static const ngx_credhub_step_pt ngx_credhub_sweep_all_steps[] = {
    ngx_credhub_sweep_deleted,
    ngx_credhub_sweep_batch,
    ngx_credhub_sweep_batch_check,
    NULL,
};


const ngx_credhub_operation_t ngx_credhub_sweep_operation = {
    "sweep",
    ngx_credhub_sweep_all_steps,
    0,
};


static ngx_credhub_rc_e
ngx_credhub_sweep_deleted(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_enter(op, ngx_credhub_sweep_steps, NULL);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_step(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_sweep(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_check(ngx_credhub_op_t *op)
{
    ngx_uint_t      rest;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_swept(op->call, &rest, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_op_release(op);

    return rest ? ngx_credhub_op_goto(op, ngx_credhub_sweep_step)
                : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_sweep_batch(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_batch_finish(call, op->hub->store, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_batch_check(ngx_credhub_op_t *op)
{
    ngx_uint_t      rest;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_batch_finished(op->call, &rest, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_op_release(op);

    return rest ? ngx_credhub_op_goto(op, ngx_credhub_sweep_batch)
                : NGX_CREDHUB_NEXT;
}
