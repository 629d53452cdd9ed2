
/* Each operation on each path has a guard; one without an actor holds. */

#include "ngx_credhub_rights.h"
#include "ngx_credhub_audit.h"
#include "credhub_name.h"


static ngx_credhub_rc_e ngx_credhub_rights_ask(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_rights_guards(ngx_credhub_op_t *op,
     const ngx_credhub_right_t *right, ngx_credhub_guard_t *guards);
static ngx_credhub_rc_e ngx_credhub_rights_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_rights_refuse(
    ngx_credhub_op_t *op, credhub_str_t path, credhub_error_e error);


static const ngx_credhub_step_pt ngx_credhub_rights_steps[] = {
    ngx_credhub_rights_ask,
    ngx_credhub_rights_check,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_rights_enter(ngx_credhub_op_t *op, ngx_credhub_rights_t *rights)
{
    return ngx_credhub_op_enter(op, ngx_credhub_rights_steps, rights);
}


static ngx_credhub_rc_e
ngx_credhub_rights_ask(ngx_credhub_op_t *op)
{
    ngx_credhub_rights_t *rights = op->ctx;

    ngx_uint_t           i, wanted;
    credhub_error_e      error;
    ngx_credhub_call_t  *call;
    ngx_credhub_guard_t *guard;

    rights->guards = credhub_arena_alloc(
        op->arena, rights->n * CREDHUB_OPS * sizeof(ngx_credhub_guard_t));

    if (rights->guards == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    wanted = 0;

    for (i = 0; i < rights->n; i++) {
        error = ngx_credhub_rights_guards(
            op, &rights->list[i], &rights->guards[i * CREDHUB_OPS]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_rights_refuse(op, rights->list[i].path, error);
        }
    }

    op->resource = ngx_credhub_audit_cut(rights->list[0].path);

    for (i = 0; i < rights->n * CREDHUB_OPS; i++) {
        wanted += (rights->guards[i].actor.len != 0);
    }

    if (wanted == 0) {
        return NGX_CREDHUB_NEXT;
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, wanted);

    for (i = 0; call != NULL && i < rights->n * CREDHUB_OPS; i++) {
        guard = &rights->guards[i];
        ngx_credhub_grants_read(call, op->hub->store, guard);
    }

    return ngx_credhub_op_ask(op, call);
}


static credhub_error_e
ngx_credhub_rights_guards(ngx_credhub_op_t *op,
    const ngx_credhub_right_t *right, ngx_credhub_guard_t *guards)
{
    ngx_uint_t      i;
    credhub_str_t   folded;
    credhub_error_e error;

    if (!credhub_permission_path_check(right->path)) {
        return CREDHUB_E_CRED_DENIED;
    }

    folded = credhub_name_fold(op->arena, right->path);
    if (folded.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < CREDHUB_OPS; i++) {
        if ((right->operations & (1u << i)) == 0) {
            continue;
        }

        error = ngx_credhub_access_guard(op, 1u << i, folded, &guards[i]);

        if (error != CREDHUB_OK) {
            return error == CREDHUB_E_INTERNAL ? error : CREDHUB_E_CRED_DENIED;
        }
    }

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_rights_check(ngx_credhub_op_t *op)
{
    ngx_credhub_rights_t *rights = op->ctx;

    ngx_uint_t           i, reply;
    ngx_credhub_guard_t *guard;

    reply = 0;

    for (i = 0; i < rights->n * CREDHUB_OPS; i++) {
        guard = &rights->guards[i];

        if (guard->actor.len == 0) {
            continue;
        }

        if (!ngx_credhub_access_checked(
                op, guard, 1u << (i % CREDHUB_OPS), reply++)) {
            return ngx_credhub_rights_refuse(
                op, rights->list[i / CREDHUB_OPS].path, CREDHUB_E_CRED_DENIED);
        }
    }

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_rights_refuse(
    ngx_credhub_op_t *op, credhub_str_t path, credhub_error_e error)
{
    op->resource = ngx_credhub_audit_cut(path);

    return ngx_credhub_op_error(op, error);
}
