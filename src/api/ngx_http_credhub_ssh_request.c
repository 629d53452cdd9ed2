
/* SSHCertificates/Request and /Retrieve. */

#include "ngx_http_credhub_ssh_issue.h"
#include "credhub_ssh_fields.h"


typedef struct {
    ngx_http_credhub_ssh_issue_t issue;
    ngx_credhub_object_ask_t     ask;
    ngx_credhub_object_ask_t     right; /* to read the key that is made */
    ngx_http_credhub_ssh_shown_t shown;
    ngx_credhub_ssh_work_t       work;
} ngx_http_credhub_ssh_request_t;

typedef struct {
    credhub_str_t                dn;
    credhub_str_t                guid;
    credhub_str_t                passphrase;
    credhub_flag_t               details;
    credhub_flag_t               keys;
    ngx_credhub_object_ask_t     asks[2]; /* to read it; to write it, which the
                                             private key needs */
    ngx_credhub_object_t        *object;
    ngx_http_credhub_ssh_shown_t shown;
    ngx_credhub_ssh_work_t       work;
} ngx_http_credhub_ssh_retrieve_t;


static ngx_credhub_rc_e ngx_http_credhub_ssh_request_parse(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_template(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_right(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_issue(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_export(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_request_answer(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_retrieve_ask(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_retrieve_take(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_ssh_retrieve_key(
    ngx_credhub_op_t *op, credhub_str_t *der);
static ngx_credhub_rc_e ngx_http_credhub_ssh_retrieve_answer(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_export(ngx_credhub_op_t *op,
    ngx_credhub_ssh_work_t *work, credhub_str_t der, credhub_str_t comment,
    credhub_str_t passphrase);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_request = {
    "SSH_CERTIFICATE_REQUEST",
    steps(ngx_http_credhub_ssh_request_parse,
          ngx_credhub_ready,
          ngx_http_credhub_ssh_request_read,
          ngx_http_credhub_ssh_request_template,
          ngx_http_credhub_ssh_request_right,
          ngx_http_credhub_ssh_request_issue,
          ngx_http_credhub_ssh_request_export,
          ngx_http_credhub_ssh_request_answer),
    sizeof(ngx_http_credhub_ssh_request_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_retrieve = {
    "SSH_CERTIFICATE_RETRIEVE",
    steps(ngx_credhub_ready,
          ngx_http_credhub_ssh_retrieve_ask,
          ngx_http_credhub_ssh_retrieve_take,
          ngx_http_credhub_ssh_retrieve_answer),
    sizeof(ngx_http_credhub_ssh_retrieve_t)
};


#define field(name, kind, member, max)                                        \
    { name, CREDHUB_SSH_FIELD_##kind,                                         \
      offsetof(ngx_http_credhub_ssh_retrieve_t, member), max,                 \
      credhub_ssh_bytes_valid, NULL }

static const credhub_ssh_field_t  ngx_http_credhub_ssh_retrieve_fields[] = {
    field("DN", TEXT, dn, 2 * CREDHUB_SSH_DN_MAX),
    field("Guid", TEXT, guid, 2 * CREDHUB_SSH_DN_MAX),
    field("PrivateKeyPassphrase", TEXT, passphrase,
          CREDHUB_SSH_PASSPHRASE_MAX),
    field("IncludeCertificateDetails", FLAG, details, 0),
    field("IncludePrivateKeyData", FLAG, keys, 0),
    credhub_ssh_fields_end
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t       *input = op->input;
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    credhub_str_t                 detail;
    credhub_error_e               error;
    ngx_http_credhub_ssh_issue_t *issue = &ctx->issue;

    detail = credhub_null_str;
    error = credhub_ssh_request_parse(
        op->arena, input->body, &issue->request, &detail);

    if (error == CREDHUB_OK && issue->request.dn.len == 0) {
        error = CREDHUB_E_SSH_FIELD_MISSING;
        detail = credhub_str("CADN");
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, detail);
    }

    issue->body = input->body;
    issue->remote = input->remote;
    issue->requested_by = op->actor;

    error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_TEMPLATES,
        issue->request.dn, credhub_null_str, CREDHUB_OP_READ, &ctx->ask);
    ctx->ask.with = 1;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    return ngx_http_credhub_ssh_read(op, &ctx->ask);
}


/* Who may not read what is made here does not get its key either. */

static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_template(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    credhub_str_t                 dn;
    credhub_error_e               error;
    ngx_http_credhub_ssh_issue_t *issue = &ctx->issue;

    error = ngx_http_credhub_ssh_issue_template(op, issue, &ctx->ask);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    dn = ngx_http_credhub_ssh_issue_dn(op, issue);

    if (dn.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_CERTIFICATES, dn,
        credhub_null_str, CREDHUB_OP_READ, &ctx->right);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    op->call = NULL;

    if (!issue->request.include_key || issue->request.key.blob.len != 0
        || ctx->right.caller.len == 0)
    {
        return NGX_CREDHUB_NEXT;
    }

    return ngx_http_credhub_ssh_read(op, &ctx->right);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_right(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    credhub_error_e error;

    if (op->call == NULL) {
        return NGX_CREDHUB_NEXT;
    }

    error = ngx_http_credhub_ssh_taken(
        op, NGX_CREDHUB_SSH_CERTIFICATES, &ctx->right);

    return error == CREDHUB_OK || error == CREDHUB_E_SSH_CERTIFICATE
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_issue(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    return ngx_credhub_op_enter(op, ngx_http_credhub_ssh_issue, &ctx->issue);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_export(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    ngx_http_credhub_ssh_issue_t *issue = &ctx->issue;

    ctx->shown.object = &issue->write.change.object;
    ctx->shown.details = issue->request.include_details;
    ctx->shown.keys = issue->request.include_key;
    ctx->shown.certificate = issue->certificate;
    ctx->shown.blob = issue->blob;

    return ngx_http_credhub_ssh_export(op, &ctx->work,
        issue->request.include_key ? issue->pair.private_key : credhub_null_str,
        issue->request.certificate.key_id, issue->request.passphrase);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_request_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_request_t *ctx = op->ctx;

    ngx_credhub_ssh_worked(op, &ctx->work);
    ctx->shown.private_key = ctx->work.text;

    return ngx_http_credhub_ssh_show(op, &ctx->shown);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_export(ngx_credhub_op_t *op, ngx_credhub_ssh_work_t *work,
    credhub_str_t der, credhub_str_t comment, credhub_str_t passphrase)
{
    op->task = NULL;

    if (der.len == 0) {
        return NGX_CREDHUB_NEXT;
    }

    work->kind = NGX_CREDHUB_SSH_EXPORT;
    work->pair.private_key = der;
    work->comment = comment;
    work->passphrase = passphrase;

    return ngx_credhub_ssh_work(op, work);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_retrieve_ask(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_retrieve_t *ctx = op->ctx;

    credhub_str_t       dn;
    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_http_credhub_ssh_body(
        op, ngx_http_credhub_ssh_retrieve_fields, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_named(op, ctx->dn, &dn);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_CERTIFICATES, dn,
            ctx->guid, CREDHUB_OP_READ, &ctx->asks[0]);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_CERTIFICATES, dn,
            ctx->guid, CREDHUB_OP_WRITE, &ctx->asks[1]);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_objects_read(
            call, op->hub->store, ctx->asks, ctx->keys.value ? 2 : 1);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_retrieve_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_retrieve_t *ctx = op->ctx;

    credhub_str_t   der;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_objects_result(
            op->call, ctx->asks, ctx->keys.value ? 2 : 1, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    error =
        ngx_credhub_ssh_asked(op, NGX_CREDHUB_SSH_CERTIFICATES, &ctx->asks[0]);

    ctx->object = &ctx->asks[0].object;
    der = credhub_null_str;

    if (error == CREDHUB_OK && ctx->keys.value) {
        error = ngx_http_credhub_ssh_retrieve_key(op, &der);
    }

    if (error == CREDHUB_OK) {
        ctx->shown.object = ctx->object;
        ctx->shown.details = ctx->details.value;
        ctx->shown.keys = ctx->keys.value;
        error = ngx_http_credhub_ssh_shown_read(op, &ctx->shown);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return ngx_http_credhub_ssh_export(op, &ctx->work, der,
        ngx_credhub_ssh_member(op, ctx->object, "KeyID"), ctx->passphrase);
}


/* A certificate for a client's key has none, which is no error. */

static credhub_error_e
ngx_http_credhub_ssh_retrieve_key(ngx_credhub_op_t *op, credhub_str_t *der)
{
    ngx_http_credhub_ssh_retrieve_t *ctx = op->ctx;

    credhub_str_t   config;
    credhub_error_e error;

    error = ngx_credhub_object_open(op, ctx->object, &config);

    if (error != CREDHUB_OK) {
        return error;
    }

    *der = ngx_credhub_ssh_bytes(op, config, "private");

    return der->len == 0 ? CREDHUB_OK
                         : ngx_credhub_ssh_asked(
                             op, NGX_CREDHUB_SSH_CERTIFICATES, &ctx->asks[1]);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_retrieve_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_retrieve_t *ctx = op->ctx;

    ngx_credhub_ssh_worked(op, &ctx->work);
    ctx->shown.private_key = ctx->work.text;

    return ngx_http_credhub_ssh_show(op, &ctx->shown);
}
