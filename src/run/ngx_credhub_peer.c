
/*
 * One approval is judged here, with few signatures. Many of them may be any
 * certificates, and a stranger chooses what was sent: that is for a thread.
 */

#include "ngx_credhub_peer.h"
#include "credhub_text.h"


static ngx_credhub_rc_e ngx_credhub_peer_ask(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_peer_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_peer_judge(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_peer_judged(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_peer_end(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_peer_run(ngx_credhub_task_t *task);
static ngx_credhub_rc_e ngx_credhub_peer_refuse(
    ngx_credhub_op_t *op, const char *reason);


/* What a thread gets and what it leaves. */

typedef struct {
    credhub_trust_e purpose;
    int64_t         now;
    credhub_str_t  *approved; /* DER */
    ngx_uint_t      n;
    credhub_str_t  *sent;
    ngx_uint_t      nsent;

    int         trusted;
    u_char      hash[32];
    const char *reason;
} ngx_credhub_peer_case_t;


static credhub_error_e ngx_credhub_peer_decide(ngx_credhub_peer_case_t *c);
static credhub_str_t  *ngx_credhub_peer_copy(
     credhub_arena_t *arena, const credhub_str_t *texts, ngx_uint_t n);
static credhub_str_t ngx_credhub_peer_hash(
    credhub_arena_t *arena, const u_char sha256[32]);


static const ngx_credhub_step_pt ngx_credhub_peer_steps[] = {
    ngx_credhub_peer_ask,
    ngx_credhub_peer_take,
    ngx_credhub_peer_judge,
    ngx_credhub_peer_judged,
    ngx_credhub_peer_end,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_peer_enter(ngx_credhub_op_t *op, ngx_credhub_peer_t *peer)
{
    return ngx_credhub_op_enter(op, ngx_credhub_peer_steps, peer);
}


static ngx_credhub_rc_e
ngx_credhub_peer_ask(ngx_credhub_op_t *op)
{
    ngx_credhub_peer_t *peer = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    credhub_approval_t  leaf;

    error = ngx_credhub_object_name(
        op, peer->kind, peer->id, &peer->key, &peer->path);

    if (error == CREDHUB_OK) {
        error = credhub_approval_der(op->arena, peer->sent[0], &leaf);
    }

    if (error != CREDHUB_OK) {
        return error == CREDHUB_E_INTERNAL
                   ? ngx_credhub_op_error(op, error)
                   : ngx_credhub_peer_refuse(op, "The certificate is unusable");
    }

    if (peer->known.len != 0) {
        peer->hashes[peer->nhashes++] = peer->known;
    }

    peer->hashes[peer->nhashes++] = leaf.hash;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_approval_read(call, op->hub->store, peer->key,
            CREDHUB_APPROVAL_CERTIFICATE, peer->hashes, peer->nhashes,
            peer->path, credhub_null_str, CREDHUB_OP_READ);
    }

    return ngx_credhub_op_ask(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_peer_take(ngx_credhub_op_t *op)
{
    ngx_credhub_peer_t *peer = op->ctx;

    ngx_int_t                    rc;
    credhub_error_e              error;
    ngx_credhub_peer_case_t      judged;
    ngx_credhub_approval_owner_t owner;

    rc = ngx_credhub_approval_result(op->call, &owner, &peer->approval, &error);

    if (rc == NGX_ERROR) {
        return ngx_credhub_op_error(op, error);
    }

    if (owner.uid.len == 0) {
        return ngx_credhub_peer_refuse(op, "There is nothing of that id");
    }

    if (rc == NGX_OK
        && ngx_credhub_approval_trusted(
            op, peer->path, owner.uid, &peer->approval))
    {
        ngx_memzero(&judged, sizeof(ngx_credhub_peer_case_t));

        judged.purpose = peer->purpose;
        judged.now = ngx_time();
        judged.approved = &peer->approval.content;
        judged.n = 1;
        judged.sent = (credhub_str_t *) peer->sent;
        judged.nsent = peer->nsent;

        error = ngx_credhub_peer_decide(&judged);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }

        if (judged.trusted) {
            return ngx_credhub_op_goto(op, ngx_credhub_peer_end);
        }
    }

    peer->approved.key = peer->key;
    peer->approved.path = peer->path;
    peer->approved.type = CREDHUB_APPROVAL_CERTIFICATE;

    return ngx_credhub_approved_enter(op, &peer->approved);
}


static ngx_credhub_rc_e
ngx_credhub_peer_judge(ngx_credhub_op_t *op)
{
    ngx_credhub_peer_t *peer = op->ctx;

    ngx_uint_t               i;
    credhub_str_t           *approved;
    ngx_credhub_task_t      *task;
    ngx_credhub_peer_case_t *judged;

    approved = credhub_arena_alloc(
        op->arena, (peer->approved.n + 1) * sizeof(credhub_str_t));

    if (approved == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    for (i = 0; i < peer->approved.n; i++) {
        approved[i] = peer->approved.approvals[i].content;
    }

    task = ngx_credhub_task_create(sizeof(ngx_credhub_peer_case_t));

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    judged = task->data;
    judged->purpose = peer->purpose;
    judged->now = ngx_time();
    judged->n = peer->approved.n;
    judged->nsent = peer->nsent;
    judged->approved =
        ngx_credhub_peer_copy(task->arena, approved, peer->approved.n);
    judged->sent = ngx_credhub_peer_copy(task->arena, peer->sent, peer->nsent);

    if (judged->approved == NULL || judged->sent == NULL) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    task->run = ngx_credhub_peer_run;

    return ngx_credhub_op_compute(op, task);
}


static ngx_credhub_rc_e
ngx_credhub_peer_judged(ngx_credhub_op_t *op)
{
    ngx_credhub_peer_t *peer = op->ctx;

    ngx_uint_t               i;
    credhub_str_t            hash;
    ngx_credhub_peer_case_t *judged = op->task->data;

    if (!judged->trusted) {
        return ngx_credhub_peer_refuse(op, judged->reason);
    }

    hash = ngx_credhub_peer_hash(op->arena, judged->hash);
    if (hash.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    for (i = 0; i < peer->approved.n; i++) {
        if (credhub_str_eq(peer->approved.approvals[i].hash, hash)) {
            peer->approval = peer->approved.approvals[i];
            return NGX_CREDHUB_NEXT;
        }
    }

    return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


/* The peer is trusted. */

static ngx_credhub_rc_e
ngx_credhub_peer_end(ngx_credhub_op_t *op)
{
    return NGX_CREDHUB_NEXT;
}


/* On the thread. */

static credhub_error_e
ngx_credhub_peer_run(ngx_credhub_task_t *task)
{
    return ngx_credhub_peer_decide(task->data);
}


static credhub_error_e
ngx_credhub_peer_decide(ngx_credhub_peer_case_t *judged)
{
    ngx_uint_t         i;
    credhub_error_e    error;
    credhub_anchors_t *anchors;

    anchors = credhub_anchors_create();
    if (anchors == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = CREDHUB_OK;

    for (i = 0; i < judged->n && error == CREDHUB_OK; i++) {
        error = credhub_anchors_add(anchors, judged->approved[i]);
    }

    if (error == CREDHUB_OK) {
        judged->trusted = credhub_trusted(anchors, judged->sent, judged->nsent,
            judged->purpose, judged->now, judged->hash, &judged->reason);
    }

    credhub_anchors_destroy(anchors);

    return error;
}


/* NULL without memory. */

static credhub_str_t *
ngx_credhub_peer_copy(
    credhub_arena_t *arena, const credhub_str_t *texts, ngx_uint_t n)
{
    ngx_uint_t     i;
    credhub_str_t *copy;

    copy = credhub_arena_alloc(arena, (n + 1) * sizeof(credhub_str_t));

    for (i = 0; copy != NULL && i < n; i++) {
        copy[i] = credhub_arena_copy(arena, texts[i].data, texts[i].len);

        if (copy[i].data == NULL) {
            return NULL;
        }
    }

    return copy;
}


/* As approvals spell it. */

static credhub_str_t
ngx_credhub_peer_hash(credhub_arena_t *arena, const u_char sha256[32])
{
    return credhub_base64(arena, (credhub_str_t){ 32, (u_char *) sha256 }, 1);
}


static ngx_credhub_rc_e
ngx_credhub_peer_refuse(ngx_credhub_op_t *op, const char *reason)
{
    credhub_str_t detail;

    detail.data = (u_char *) reason;
    detail.len = ngx_strlen(reason);

    return ngx_credhub_op_fail(op, CREDHUB_E_CRED_DENIED, detail);
}
