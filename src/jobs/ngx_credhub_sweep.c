
/*
 * A deletion hides what is deleted at once and removes a bounded number of rows;
 * the rest goes here, step by step, and so do private links that are being
 * destroyed, and what a batch has staged when its node died. Two workers may
 * sweep at the same time: each step is one script.
 */

#include "ngx_credhub_sweep.h"
#include "ngx_credhub_certificates.h"
#include "ngx_credhub_objects.h"


typedef void (*ngx_credhub_sweep_pt)(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store);


static ngx_credhub_rc_e ngx_credhub_sweep_deleted(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_step(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_batch(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_batch_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_objects(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_object(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_sweep_object_check(ngx_credhub_op_t *op);
static void             ngx_credhub_sweep_any_batch(
                ngx_credhub_call_t *call, ngx_credhub_store_t *store);
static ngx_credhub_rc_e ngx_credhub_sweep_send(
    ngx_credhub_op_t *op, ngx_credhub_sweep_pt sweep);
static ngx_credhub_rc_e ngx_credhub_sweep_rest(
    ngx_credhub_op_t *op, ngx_credhub_step_pt again);


const ngx_credhub_step_pt ngx_credhub_sweep_steps[] = {
    ngx_credhub_sweep_step,
    ngx_credhub_sweep_check,
    NULL,
};

const ngx_credhub_step_pt ngx_credhub_sweep_objects_steps[] = {
    ngx_credhub_sweep_object,
    ngx_credhub_sweep_object_check,
    NULL,
};

static const ngx_credhub_step_pt ngx_credhub_sweep_all_steps[] = {
    ngx_credhub_sweep_deleted,
    ngx_credhub_sweep_batch,
    ngx_credhub_sweep_batch_check,
    ngx_credhub_sweep_objects,
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
    return ngx_credhub_sweep_send(op, ngx_credhub_sweep);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_sweep_rest(op, ngx_credhub_sweep_step);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_batch(ngx_credhub_op_t *op)
{
    return ngx_credhub_sweep_send(op, ngx_credhub_sweep_any_batch);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_batch_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_sweep_rest(op, ngx_credhub_sweep_batch);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_objects(ngx_credhub_op_t *op)
{
    return ngx_credhub_op_enter(op, ngx_credhub_sweep_objects_steps, NULL);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_object(ngx_credhub_op_t *op)
{
    return ngx_credhub_sweep_send(op, ngx_credhub_objects_sweep);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_object_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_sweep_rest(op, ngx_credhub_sweep_object);
}


static void
ngx_credhub_sweep_any_batch(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    ngx_credhub_batch_finish(call, store, credhub_null_str);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_send(ngx_credhub_op_t *op, ngx_credhub_sweep_pt sweep)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        sweep(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_sweep_rest(ngx_credhub_op_t *op, ngx_credhub_step_pt again)
{
    ngx_uint_t      rest;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_swept(op->call, &rest, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_op_release(op);

    return rest ? ngx_credhub_op_goto(op, again) : NGX_CREDHUB_NEXT;
}
