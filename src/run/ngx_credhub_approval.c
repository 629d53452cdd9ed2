
/*
 * An approval is made for an owner that was read before, and the store takes it
 * only while that owner, and no other with its id, is there. What is gathered is
 * copied into the operation, so that the pages of a long list are not all held
 * twice.
 */

#include "ngx_credhub_approval.h"
#include "ngx_credhub_audit.h"
#include "ngx_credhub_credential.h"


#define NGX_CREDHUB_APPROVED_FIRST 16 /* places for approvals at first */


static ngx_credhub_rc_e ngx_credhub_approve_time(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_approve_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_approve_done(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_approve_make(
     ngx_credhub_op_t *op, ngx_credhub_approve_t *approve);

static ngx_credhub_rc_e ngx_credhub_approved_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_approved_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_approved_add(ngx_credhub_op_t *op,
     ngx_credhub_approved_t *approved, const credhub_approval_t *approval);

static ngx_int_t ngx_credhub_approval_copy(ngx_credhub_op_t *op,
    credhub_approval_t *copy, const credhub_approval_t *approval);


static const ngx_credhub_step_pt ngx_credhub_approve_steps[] = {
    ngx_credhub_ready,
    ngx_credhub_approve_time,
    ngx_credhub_approve_write,
    ngx_credhub_approve_done,
    NULL,
};

static const ngx_credhub_step_pt ngx_credhub_approved_steps[] = {
    ngx_credhub_approved_read,
    ngx_credhub_approved_take,
    NULL,
};


ngx_uint_t
ngx_credhub_approval_trusted(ngx_credhub_op_t *op, credhub_str_t path,
    credhub_str_t uid, const credhub_approval_t *approval)
{
    credhub_approval_owner_t owner;

    owner.hub = op->hub->store->hub;
    owner.owner = path;
    owner.uid = uid;

    if (credhub_approval_genuine(approval, op->hub->keyring, &owner)) {
        return 1;
    }

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
        "credhub: the store holds an approval that is not genuine: \"%*s\" of "
        "\"%*s\"",
        approval->hash.len, approval->hash.data, path.len, path.data);

    return 0;
}


ngx_credhub_rc_e
ngx_credhub_approve_enter(ngx_credhub_op_t *op, ngx_credhub_approve_t *approve)
{
    return ngx_credhub_op_enter(op, ngx_credhub_approve_steps, approve);
}


static ngx_credhub_rc_e
ngx_credhub_approve_time(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_time_read(call);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_approve_write(ngx_credhub_op_t *op)
{
    ngx_credhub_approve_t *approve = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    if (ngx_credhub_time_result(op->call, &approve->approval.date) != NGX_OK) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = ngx_credhub_approve_make(op, approve);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_values(op, &approve->guard, &full);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_approve(call, op->hub->store, approve->key, approve->uid,
            &approve->approval, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static credhub_error_e
ngx_credhub_approve_make(ngx_credhub_op_t *op, ngx_credhub_approve_t *approve)
{
    credhub_approval_t      *approval;
    credhub_approval_owner_t owner;

    approval = &approve->approval;

    approval->by = op->display.len != 0 ? op->display : op->actor;
    approval->mac.len = CREDHUB_MAC_SIZE;
    approval->mac.data = credhub_arena_bytes(op->arena, CREDHUB_MAC_SIZE);

    if (approval->mac.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    owner.hub = op->hub->store->hub;
    owner.owner = approve->path;
    owner.uid = approve->uid;

    return credhub_approval_mac(
        approval, op->hub->keyring, &owner, approval->mac.data);
}


static ngx_credhub_rc_e
ngx_credhub_approve_done(ngx_credhub_op_t *op)
{
    ngx_credhub_approve_t *approve = op->ctx;

    credhub_error_e    error;
    credhub_approval_t stands;

    ngx_memzero(&stands, sizeof(credhub_approval_t));
    stands.type = approve->approval.type;

    switch (ngx_credhub_approved(op->call, &stands, &error)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_credhub_op_fail(op,
            ngx_credhub_object_kinds[approve->kind].missing,
            ngx_credhub_object_key_id(approve->key));

    default:
        return ngx_credhub_op_error(op, error);
    }

    if (!ngx_credhub_approval_trusted(op, approve->path, approve->uid, &stands))
    {
        return ngx_credhub_op_fail(op, CREDHUB_E_CONFLICT,
            credhub_str("What stands for this hash is not genuine and counts "
                        "for nothing. Please revoke it first."));
    }

    return ngx_credhub_approval_copy(op, &approve->approval, &stands) == NGX_OK
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


ngx_credhub_rc_e
ngx_credhub_approved_enter(
    ngx_credhub_op_t *op, ngx_credhub_approved_t *approved)
{
    approved->approvals = NULL;
    approved->n = 0;
    approved->size = 0;
    approved->bytes = 0;
    approved->behind = 0;

    return ngx_credhub_op_enter(op, ngx_credhub_approved_steps, approved);
}


static ngx_credhub_rc_e
ngx_credhub_approved_read(ngx_credhub_op_t *op)
{
    ngx_credhub_approved_t *approved = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_approvals_list(call, op->hub->store, approved->key,
            approved->type, approved->behind, NGX_CREDHUB_PAGE_ROWS,
            approved->path, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_approved_take(ngx_credhub_op_t *op)
{
    ngx_credhub_approved_t *approved = op->ctx;

    ngx_uint_t                   i;
    credhub_error_e              error;
    ngx_credhub_approvals_t      page;
    ngx_credhub_approval_owner_t owner;

    switch (ngx_credhub_approvals_listed(op->call, &owner, &page, &error)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return NGX_CREDHUB_NEXT;

    default:
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < page.n; i++) {
        if (!ngx_credhub_approval_trusted(
                op, approved->path, owner.uid, &page.approvals[i]))
        {
            continue;
        }

        error = ngx_credhub_approved_add(op, approved, &page.approvals[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ngx_credhub_op_release(op);

    approved->behind = page.next;

    return page.next != 0 ? ngx_credhub_op_goto(op, ngx_credhub_approved_read)
                          : NGX_CREDHUB_NEXT;
}


static credhub_error_e
ngx_credhub_approved_add(ngx_credhub_op_t *op, ngx_credhub_approved_t *approved,
    const credhub_approval_t *approval)
{
    ngx_uint_t          size;
    credhub_approval_t *approvals;

    approved->bytes += approval->content.len;

    if (approved->n == NGX_CREDHUB_APPROVALS_MAX
        || approved->bytes > NGX_CREDHUB_APPROVALS_BYTES_MAX)
    {
        return CREDHUB_E_TOO_LARGE;
    }

    if (approved->n == approved->size) {
        size = approved->size == 0 ? NGX_CREDHUB_APPROVED_FIRST
                                   : 2 * approved->size;

        approvals =
            credhub_arena_alloc(op->arena, size * sizeof(credhub_approval_t));

        if (approvals == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        if (approved->n != 0) {
            ngx_memcpy(approvals, approved->approvals,
                approved->n * sizeof(credhub_approval_t));
        }

        approved->approvals = approvals;
        approved->size = size;
    }

    return ngx_credhub_approval_copy(
               op, &approved->approvals[approved->n++], approval)
                   == NGX_OK
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


/* Out of the memory of a call. */

static ngx_int_t
ngx_credhub_approval_copy(ngx_credhub_op_t *op, credhub_approval_t *copy,
    const credhub_approval_t *approval)
{
    *copy = *approval;

    copy->hash = ngx_credhub_op_copy(op, approval->hash);
    copy->content = ngx_credhub_op_copy(op, approval->content);
    copy->by = ngx_credhub_op_copy(op, approval->by);
    copy->mac = ngx_credhub_op_copy(op, approval->mac);

    return copy->hash.data != NULL && copy->content.data != NULL
                   && copy->by.data != NULL && copy->mac.data != NULL
               ? NGX_OK
               : NGX_ERROR;
}
