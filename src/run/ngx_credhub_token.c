
/*
 * Redis's clock decides. A refresh token is good for one use: whoever comes with
 * it again shows that somebody else has it too, so all tokens of its grant end.
 */

#include "ngx_credhub_token.h"
#include "ngx_credhub_approvals.h"
#include "ngx_credhub_credential.h"
#include "credhub_text.h"


#define NGX_CREDHUB_TOKEN_US 1000000 /* of a second */


static ngx_credhub_rc_e ngx_credhub_token_find_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_token_find_take(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_credhub_token_trusted(
          ngx_credhub_op_t *op, const credhub_token_t *token);
static ngx_credhub_rc_e ngx_credhub_token_issue_time(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_token_issue_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_token_issue_done(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_token_issue_make(
     ngx_credhub_op_t *op, ngx_credhub_token_issue_t *issue, int64_t now);
static credhub_error_e  ngx_credhub_token_issue_one(ngx_credhub_op_t *op,
     ngx_credhub_token_issue_t *issue, const credhub_token_t *common,
     credhub_token_e kind);
static ngx_credhub_rc_e ngx_credhub_token_end_with(
    ngx_credhub_op_t *op, credhub_str_t grant, credhub_error_e error);
static ngx_credhub_rc_e ngx_credhub_token_end_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_token_end_done(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_credhub_token_find_steps[] = {
    ngx_credhub_ready,
    ngx_credhub_token_find_read,
    ngx_credhub_token_find_take,
    NULL,
};

static const ngx_credhub_step_pt ngx_credhub_token_issue_steps[] = {
    ngx_credhub_ready,
    ngx_credhub_token_issue_time,
    ngx_credhub_token_issue_write,
    ngx_credhub_token_issue_done,
    NULL,
};

static const ngx_credhub_step_pt ngx_credhub_token_end_steps[] = {
    ngx_credhub_ready,
    ngx_credhub_token_end_send,
    ngx_credhub_token_end_done,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_token_find_enter(
    ngx_credhub_op_t *op, ngx_credhub_token_find_t *find)
{
    find->hash = credhub_token_hash(op->arena, find->text, find->kind);

    if (find->hash.data == NULL) {
        return ngx_credhub_op_error(op, find->wrong);
    }

    return ngx_credhub_op_enter(op, ngx_credhub_token_find_steps, find);
}


static ngx_credhub_rc_e
ngx_credhub_token_find_read(ngx_credhub_op_t *op)
{
    ngx_credhub_token_find_t *find = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(
        op, NGX_CREDHUB_LINK_COMMANDS, NGX_CREDHUB_TOKEN_COMMANDS);

    if (call != NULL) {
        ngx_credhub_token_read(call, op->hub->store, find->hash);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_token_find_take(ngx_credhub_op_t *op)
{
    ngx_credhub_token_find_t *find = op->ctx;

    credhub_token_t *token = &find->token;

    switch (ngx_credhub_token_result(op->call, find->hash, token)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return token->grant.len == 0
                   ? ngx_credhub_op_error(op, find->wrong)
                   : ngx_credhub_token_end_with(op, token->grant, find->wrong);

    default:
        return ngx_credhub_op_error(op, find->wrong);
    }

    if (!ngx_credhub_token_trusted(op, token)) {
        return ngx_credhub_op_error(op, find->wrong);
    }

    switch (credhub_token_valid(token, find->kind)) {
    case CREDHUB_OK:
        return NGX_CREDHUB_NEXT;

    case CREDHUB_E_TOKEN_EXPIRED:
        return ngx_credhub_op_error(op, find->expired);

    default:
        return ngx_credhub_op_error(op, find->wrong);
    }
}


static ngx_uint_t
ngx_credhub_token_trusted(ngx_credhub_op_t *op, const credhub_token_t *token)
{
    if (credhub_token_genuine(token, op->hub->keyring, op->hub->store->hub)) {
        return 1;
    }

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
        "credhub: the store holds a token that is not genuine: \"%*s\"",
        token->hash.len, token->hash.data);

    return 0;
}


ngx_credhub_rc_e
ngx_credhub_token_issue_enter(
    ngx_credhub_op_t *op, ngx_credhub_token_issue_t *issue)
{
    return ngx_credhub_op_enter(op, ngx_credhub_token_issue_steps, issue);
}


static ngx_credhub_rc_e
ngx_credhub_token_issue_time(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_time_read(call);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_token_issue_write(ngx_credhub_op_t *op)
{
    ngx_credhub_token_issue_t *issue = op->ctx;

    int64_t             now;
    credhub_error_e     error;
    ngx_credhub_call_t *call;

    if (ngx_credhub_time_result(op->call, &now) != NGX_OK) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = ngx_credhub_token_issue_make(op, issue, now);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_tokens_write(call, op->hub->store, issue->tokens,
            issue->single ? 1 : NGX_CREDHUB_TOKENS_MAX,
            issue->old != NULL ? issue->old->hash : credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static credhub_error_e
ngx_credhub_token_issue_make(
    ngx_credhub_op_t *op, ngx_credhub_token_issue_t *issue, int64_t now)
{
    u_char          id[CREDHUB_UUID_LEN];
    credhub_error_e error;
    credhub_token_t common;

    ngx_memzero(&common, sizeof(credhub_token_t));

    common.actor = issue->actor;
    common.user = issue->user;
    common.client = issue->client;
    common.scope = credhub_str(CREDHUB_TOKEN_SCOPE);
    common.issued = now;
    common.granted = now;
    common.expires =
        now + (int64_t) CREDHUB_TOKEN_ACCESS_LIFE * NGX_CREDHUB_TOKEN_US;
    common.refresh_until =
        issue->single
            ? common.expires
            : now + (int64_t) CREDHUB_TOKEN_REFRESH_LIFE * NGX_CREDHUB_TOKEN_US;

    if (issue->old != NULL) {
        common.grant = issue->old->grant;
        common.granted = issue->old->granted;

    } else {
        if (credhub_uuid(id) != 0) {
            return CREDHUB_E_INTERNAL;
        }

        common.grant = credhub_arena_copy(op->arena, id, CREDHUB_UUID_LEN);

        if (common.grant.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    error =
        ngx_credhub_token_issue_one(op, issue, &common, CREDHUB_TOKEN_ACCESS);

    if (error != CREDHUB_OK || issue->single) {
        return error;
    }

    common.expires = common.refresh_until;

    return ngx_credhub_token_issue_one(
        op, issue, &common, CREDHUB_TOKEN_REFRESH);
}


static credhub_error_e
ngx_credhub_token_issue_one(ngx_credhub_op_t *op,
    ngx_credhub_token_issue_t *issue, const credhub_token_t *common,
    credhub_token_e kind)
{
    credhub_token_t *token;

    token = &issue->tokens[kind];

    *token = *common;
    token->kind = credhub_token_kind(kind);
    token->mac.len = CREDHUB_MAC_SIZE;
    token->mac.data = credhub_arena_bytes(op->arena, CREDHUB_MAC_SIZE);

    issue->texts[kind] = credhub_token_make(op->arena, kind, &token->hash);

    if (token->mac.data == NULL || issue->texts[kind].data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return credhub_token_mac(
        token, op->hub->keyring, op->hub->store->hub, token->mac.data);
}


static ngx_credhub_rc_e
ngx_credhub_token_issue_done(ngx_credhub_op_t *op)
{
    ngx_credhub_token_issue_t *issue = op->ctx;

    credhub_error_e error;

    switch (ngx_credhub_tokens_done(op->call, &error)) {
    case NGX_OK:
        return NGX_CREDHUB_NEXT;

    case NGX_DECLINED:
        return ngx_credhub_token_end_with(
            op, issue->old->grant, CREDHUB_E_SSH_GRANT);

    default:
        return ngx_credhub_op_error(op, error);
    }
}


static ngx_credhub_rc_e
ngx_credhub_token_end_with(
    ngx_credhub_op_t *op, credhub_str_t grant, credhub_error_e error)
{
    ngx_credhub_token_end_t *end;

    end = credhub_arena_alloc(op->arena, sizeof(ngx_credhub_token_end_t));
    if (end == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    end->grant = grant;
    end->error = error;

    return ngx_credhub_token_end_enter(op, end);
}


ngx_credhub_rc_e
ngx_credhub_token_end_enter(ngx_credhub_op_t *op, ngx_credhub_token_end_t *end)
{
    return ngx_credhub_op_enter(op, ngx_credhub_token_end_steps, end);
}


static ngx_credhub_rc_e
ngx_credhub_token_end_send(ngx_credhub_op_t *op)
{
    ngx_credhub_token_end_t *end = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_tokens_revoke(call, op->hub->store, end->grant);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_token_end_done(ngx_credhub_op_t *op)
{
    ngx_credhub_token_end_t *end = op->ctx;

    credhub_error_e error;

    if (ngx_credhub_tokens_done(op->call, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return end->error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                                    : ngx_credhub_op_error(op, end->error);
}
