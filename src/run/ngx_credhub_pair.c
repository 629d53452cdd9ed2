
/* The row says which version stands before anything is opened. */

#include "ngx_credhub_pair.h"
#include "credhub_field.h"
#include "credhub_name.h"


static ngx_credhub_rc_e ngx_credhub_pair_ask(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_pair_prepare(
     ngx_credhub_op_t *op, ngx_credhub_pair_t *pair);
static ngx_credhub_rc_e ngx_credhub_pair_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_pair_open(ngx_credhub_op_t *op,
     ngx_credhub_pair_t *pair, const credhub_version_t *version);


static const ngx_credhub_step_pt ngx_credhub_pair_steps[] = {
    ngx_credhub_pair_ask,
    ngx_credhub_pair_take,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_pair_enter(ngx_credhub_op_t *op, ngx_credhub_pair_t *pair)
{
    return ngx_credhub_op_enter(op, ngx_credhub_pair_steps, pair);
}


static ngx_credhub_rc_e
ngx_credhub_pair_ask(ngx_credhub_op_t *op)
{
    ngx_credhub_pair_t *pair = op->ctx;

    ngx_uint_t          i;
    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_credhub_pair_prepare(op, pair);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 2 * pair->n);

    for (i = 0; call != NULL && i < pair->n; i++) {
        ngx_credhub_current_read(call, op->hub->store, pair->candidates[i], 0);
        ngx_credhub_grants_read(call, op->hub->store, &pair->guards[i]);
    }

    if (call != NULL && ngx_credhub_op_cached(op, call) == NGX_OK) {
        return NGX_CREDHUB_NEXT;
    }

    if (call != NULL && !pair->admit()) {
        ngx_credhub_call_destroy(call);
        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);
    }

    return ngx_credhub_op_send(op, call);
}


static credhub_error_e
ngx_credhub_pair_prepare(ngx_credhub_op_t *op, ngx_credhub_pair_t *pair)
{
    ngx_uint_t      i;
    credhub_error_e error;

    for (i = 0; i < pair->n; i++) {
        error =
            ngx_credhub_access_name(op, pair->names[i], &pair->candidates[i]);

        if (error == CREDHUB_OK) {
            error = ngx_credhub_access_guard(
                op, CREDHUB_OP_READ, pair->candidates[i], &pair->guards[i]);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_pair_take(ngx_credhub_op_t *op)
{
    ngx_credhub_pair_t *pair = op->ctx;

    ngx_int_t         rc;
    ngx_uint_t        i, reply;
    credhub_error_e   error;
    credhub_version_t version;

    reply = 0;
    error = CREDHUB_E_CRED;

    for (i = 0; i < pair->n && error == CREDHUB_E_CRED; i++) {
        rc = ngx_credhub_current_result(
            op->call, reply, pair->candidates[i], &version, NULL);

        if (rc == NGX_ERROR) {
            error = CREDHUB_E_INTERNAL;

        } else if (rc == NGX_OK) {
            error = ngx_credhub_access_checked(
                        op, &pair->guards[i], CREDHUB_OP_READ, reply + 1)
                        ? ngx_credhub_pair_open(op, pair, &version)
                        : CREDHUB_E_CRED_HIDDEN;
        }

        reply += pair->guards[i].actor.len != 0 ? 2 : 1;
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static credhub_error_e
ngx_credhub_pair_open(ngx_credhub_op_t *op, ngx_credhub_pair_t *pair,
    const credhub_version_t *version)
{
    credhub_buf_t   buf;
    credhub_str_t   value;
    credhub_error_e error;

    pair->folded = version->folded;
    pair->version = version->id;

    if (!credhub_str_eq(version->type, credhub_str("certificate"))) {
        return CREDHUB_E_CRED;
    }

    if (pair->known(version->folded, version->id)) {
        return CREDHUB_OK;
    }

    credhub_buf_init(&buf, op->arena, credhub_version_view_size(version));

    error =
        ngx_credhub_opened(version, credhub_version_value(&buf, version,
                                        op->hub->keyring, op->hub->store->hub));

    if (error != CREDHUB_OK) {
        return error;
    }

    value = credhub_buf_str(&buf);
    error = credhub_field(
        op->arena, value, credhub_str("certificate"), &pair->certificate);

    if (error == CREDHUB_OK) {
        error = credhub_field(
            op->arena, value, credhub_str("private_key"), &pair->private_key);
    }

    if (error == CREDHUB_OK
        && credhub_field(op->arena, value, credhub_str("ca"), &pair->ca)
               == CREDHUB_E_INTERNAL)
    {
        error = CREDHUB_E_INTERNAL;
    }

    return error;
}
