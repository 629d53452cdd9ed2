
/*
 * SSHCertificates/Approve and /Reject: of a request that waits, by who may read
 * it and write its template. What was asked is sealed, so what is approved is
 * what was asked, by the template as it is now.
 */

#include "ngx_http_credhub_ssh_issue.h"
#include "credhub_ssh_fields.h"


typedef struct {
    ngx_http_credhub_ssh_issue_t issue;
    credhub_str_t                dn;
    credhub_str_t                guid;
    credhub_str_t                reason;
    ngx_credhub_object_ask_t     ask;  /* the certificate */
    ngx_credhub_object_ask_t template; /* and its template */
    ngx_http_credhub_ssh_shown_t shown;
} ngx_http_credhub_ssh_decide_t;


static ngx_credhub_rc_e ngx_http_credhub_ssh_decide_ask(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_decide_found(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_approve_issue(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_reject_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_reject_done(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_decide_answer(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_ssh_decide_waiting(
    ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_approve = {
    "SSH_CERTIFICATE_APPROVE",
    steps(ngx_credhub_ready,
          ngx_http_credhub_ssh_decide_ask,
          ngx_http_credhub_ssh_decide_found,
          ngx_http_credhub_ssh_approve_issue,
          ngx_http_credhub_ssh_decide_answer),
    sizeof(ngx_http_credhub_ssh_decide_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_reject = {
    "SSH_CERTIFICATE_REJECT",
    steps(ngx_credhub_ready,
          ngx_http_credhub_ssh_decide_ask,
          ngx_http_credhub_ssh_decide_found,
          ngx_http_credhub_ssh_reject_write,
          ngx_http_credhub_ssh_reject_done,
          ngx_http_credhub_ssh_decide_answer),
    sizeof(ngx_http_credhub_ssh_decide_t)
};


#define field(name, member, max, check)                                       \
    { name, CREDHUB_SSH_FIELD_TEXT,                                           \
      offsetof(ngx_http_credhub_ssh_decide_t, member), max, check, NULL }

static const credhub_ssh_field_t  ngx_http_credhub_ssh_decide_fields[] = {
    field("DN", dn, 2 * CREDHUB_SSH_DN_MAX, credhub_ssh_bytes_valid),
    field("Guid", guid, 2 * CREDHUB_SSH_DN_MAX, credhub_ssh_bytes_valid),
    field("Reason", reason, CREDHUB_SSH_TEXT_MAX, credhub_ssh_text_valid),
    credhub_ssh_fields_end
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_decide_ask(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    credhub_str_t   dn;
    credhub_error_e error;

    error =
        ngx_http_credhub_ssh_body(op, ngx_http_credhub_ssh_decide_fields, ctx);

    if (error == CREDHUB_OK && op->operation == &ngx_http_credhub_ssh_reject
        && ctx->reason.len == 0)
    {
        error = CREDHUB_E_SSH_COMMENT;
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_named(op, ctx->dn, &dn);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_CERTIFICATES, dn,
            ctx->guid, CREDHUB_OP_READ, &ctx->ask);
    }

    ctx->ask.with = 1;

    return error == CREDHUB_OK ? ngx_http_credhub_ssh_read(op, &ctx->ask)
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_decide_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    credhub_error_e           error;
    ngx_credhub_object_ask_t *ask = &ctx->template;

    error =
        ngx_http_credhub_ssh_taken(op, NGX_CREDHUB_SSH_CERTIFICATES, &ctx->ask);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ask->key = ctx->ask.referred.key;
    ask->path = ask->key.len == 0 ? credhub_null_str
                                  : ngx_credhub_object_path(op, ask->key);
    ask->operation = CREDHUB_OP_WRITE;
    ask->with = 1;

    if (ask->path.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_SSH_TEMPLATE);
    }

    ask->caller = ngx_credhub_access_caller(op, CREDHUB_OP_WRITE, ask->path);

    return ngx_http_credhub_ssh_read(op, ask);
}


/* Takes both answers, and what the write will be: of the object that stands. */

static credhub_error_e
ngx_http_credhub_ssh_decide_waiting(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    credhub_str_t                 config;
    credhub_error_e               error;
    ngx_credhub_object_t         *object = &ctx->ask.object;
    ngx_http_credhub_ssh_issue_t *issue = &ctx->issue;
    ngx_http_credhub_ssh_write_t *write = &issue->write;

    error = ngx_http_credhub_ssh_taken(
        op, NGX_CREDHUB_SSH_TEMPLATES, &ctx->template);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_open(op, object, &config);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (!credhub_json_get(config, "request", &issue->body)) {
        return CREDHUB_E_SSH_STATE;
    }

    issue->standing = 1;
    issue->template = ctx->template.object;
    issue->dn = ngx_credhub_ssh_member(op, object, "DN");
    issue->remote = ngx_credhub_ssh_member(op, object, "OriginatingIP");
    issue->requested_by = ngx_credhub_ssh_member(op, object, "RequestedBy");

    write->kind = NGX_CREDHUB_SSH_CERTIFICATES;
    write->guid = ngx_credhub_ssh_member(op, object, "Guid");
    write->change.object.key = object->key;
    write->change.object.uid = object->uid;
    write->change.object.creator = object->creator;
    write->change.expect = object->version;
    write->change.refs[0] = ctx->template.object.key;

    if (write->guid.len != NGX_CREDHUB_SSH_GUID_LEN) {
        return CREDHUB_E_INTERNAL;
    }

    write->change.unique = ngx_credhub_ssh_unique(write->guid);

    error = ngx_credhub_object_guard(
        op, CREDHUB_OP_WRITE, ctx->template.path, &write->guard);

    return error == CREDHUB_E_FORBIDDEN ? CREDHUB_E_SSH_RIGHTS : error;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_approve_issue(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    credhub_str_t                 detail;
    credhub_error_e               error;
    ngx_http_credhub_ssh_issue_t *issue = &ctx->issue;

    detail = credhub_null_str;
    error = ngx_http_credhub_ssh_decide_waiting(op);

    if (error == CREDHUB_OK) {
        error = credhub_ssh_request_parse(
            op->arena, issue->body, &issue->request, &detail);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_issue_apply(op, issue, &ctx->template);
        detail = op->detail;
    }

    issue->pending = 0;

    return error == CREDHUB_OK
               ? ngx_credhub_op_enter(op, ngx_http_credhub_ssh_issue, issue)
               : ngx_credhub_op_fail(op, error, detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_reject_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    credhub_str_t         attributes;
    credhub_error_e       error;
    ngx_credhub_object_t *object = &ctx->issue.write.change.object;

    error = ngx_http_credhub_ssh_decide_waiting(op);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    attributes = credhub_object_set_string(op->arena,
        ctx->ask.object.attributes, "Status", credhub_str("Rejected"));

    if (attributes.data != NULL) {
        attributes = credhub_object_set_string(
            op->arena, attributes, "StatusDescription", ctx->reason);
    }

    if (attributes.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    object->attributes = attributes;

    return ngx_http_credhub_ssh_commit(
        op, &ctx->issue.write, credhub_str("{\"private\":null}"));
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_reject_done(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    ngx_uint_t              which;
    ngx_credhub_object_rc_e rc;

    if (ngx_http_credhub_ssh_committed(op, &ctx->issue.write, &rc, &which)
        != NGX_OK)
    {
        return NGX_CREDHUB_FAIL;
    }

    return rc == NGX_CREDHUB_OBJECT_WRITTEN
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_decide_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_decide_t *ctx = op->ctx;

    ctx->shown.object = &ctx->issue.write.change.object;

    return ngx_http_credhub_ssh_show(op, &ctx->shown);
}
