
/*
 * "Host Connection" and "Validate Certificate": what the server shows is
 * compared with what is approved. The thread gets the approved certificates and
 * brings the verdict, since thousands of them may have to be parsed.
 */

#include "ngx_credhub_setup_private.h"


/* The task: in, then out. */

typedef struct {
    ngx_credhub_probe_tls_t probe;
    credhub_str_t          *approved; /* DER */
    ngx_uint_t              n;
    int64_t                 now; /* seconds since 1970 */

    unsigned      trusted:1;
    unsigned      trustable:1; /* with the last certificate sent approved */
    const char   *reason;      /* why it is not trusted */
    const char   *hopeless;    /* why it would not be */
    credhub_str_t details;     /* JSON */
} ngx_credhub_setup_verdict_t;


typedef struct {
    ngx_credhub_setup_probe_t probe;
    ngx_credhub_resolve_t     resolve;
    ngx_credhub_tls_e         start;
    ngx_credhub_approved_t    approved;
    ngx_credhub_approve_t     approve;
} ngx_credhub_setup_tls_t;


static ngx_credhub_rc_e ngx_credhub_setup_tls_resolve(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_tls_approved(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_tls_probe(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_tls_result(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_tls_done(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_setup_tls_copy(
     ngx_credhub_task_t *task, const ngx_credhub_approved_t *approved);
static credhub_error_e ngx_credhub_setup_tls_run(ngx_credhub_task_t *task);
static credhub_error_e ngx_credhub_setup_tls_verify(
    ngx_credhub_setup_verdict_t *verdict);
static credhub_error_e ngx_credhub_setup_tls_details(
    ngx_credhub_task_t *task, ngx_credhub_setup_verdict_t *verdict);
static void ngx_credhub_setup_tls_unreached(
    ngx_credhub_setup_t *setup, const char *reason);
static void ngx_credhub_setup_tls_no_tls(
    ngx_credhub_setup_t *setup, const ngx_credhub_probe_tls_t *probe);


const ngx_credhub_operation_t ngx_credhub_setup_tls = { "setup_tls",
    (const ngx_credhub_step_pt[]){ ngx_credhub_setup_tls_resolve,
        ngx_credhub_setup_tls_approved, ngx_credhub_setup_tls_probe,
        ngx_credhub_setup_tls_result, ngx_credhub_setup_tls_done, NULL },
    sizeof(ngx_credhub_setup_tls_t) };


static ngx_credhub_rc_e
ngx_credhub_setup_tls_resolve(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_tls_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    unsigned               port;
    static credhub_str_t   none = credhub_string("The config names no host");
    ngx_credhub_resolve_t *resolve = &ctx->resolve;

    ctx->start = ngx_credhub_setup_service(setup, &port);

    resolve->host = credhub_config_get(op->arena, setup->config, "host");
    resolve->port = credhub_config_port(op->arena, setup->config, "port");

    if (resolve->port == 0) {
        resolve->port = port;
    }

    if (resolve->host.len == 0 || resolve->port == 0) {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_HOST, none);
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_CERTIFICATE, none);

        return NGX_CREDHUB_DONE;
    }

    return ngx_credhub_resolve(op, resolve);
}


static ngx_credhub_rc_e
ngx_credhub_setup_tls_approved(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_tls_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    if (ctx->resolve.reason != NULL) {
        ngx_credhub_setup_tls_unreached(setup, ctx->resolve.reason);
        return NGX_CREDHUB_DONE;
    }

    ctx->approved.key = setup->object->key;
    ctx->approved.path = setup->path;
    ctx->approved.type = CREDHUB_APPROVAL_CERTIFICATE;

    return ngx_credhub_approved_enter(op, &ctx->approved);
}


static ngx_credhub_rc_e
ngx_credhub_setup_tls_probe(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_tls_t *ctx = op->ctx;

    ngx_credhub_task_t          *task;
    ngx_credhub_setup_verdict_t *verdict;

    task = ngx_credhub_probe_task(
        sizeof(ngx_credhub_setup_verdict_t), ngx_credhub_setup_tls_run);

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    verdict = task->data;
    verdict->now = ngx_time();
    verdict->probe.start = ctx->start;
    verdict->probe.result = NGX_CREDHUB_PROBE_UNREACHED;
    verdict->probe.reason = "There was no time left";

    ngx_credhub_probe_target(task, &ctx->resolve, &verdict->probe.target);

    if (verdict->probe.target.name.data == NULL
        || ngx_credhub_setup_tls_copy(task, &ctx->approved) != CREDHUB_OK)
    {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


static credhub_error_e
ngx_credhub_setup_tls_copy(
    ngx_credhub_task_t *task, const ngx_credhub_approved_t *approved)
{
    ngx_uint_t                   i;
    credhub_str_t               *der;
    ngx_credhub_setup_verdict_t *verdict = task->data;

    der = credhub_arena_alloc(
        task->arena, (approved->n + 1) * sizeof(credhub_str_t));

    if (der == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < approved->n; i++) {
        der[i] =
            credhub_arena_copy(task->arena, approved->approvals[i].content.data,
                approved->approvals[i].content.len);

        if (der[i].data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    verdict->approved = der;
    verdict->n = approved->n;

    return CREDHUB_OK;
}


/* On the thread. */

static credhub_error_e
ngx_credhub_setup_tls_run(ngx_credhub_task_t *task)
{
    credhub_error_e              error;
    ngx_credhub_setup_verdict_t *verdict = task->data;

    ngx_credhub_probe_tls(task->arena, &verdict->probe);

    if (verdict->probe.result != NGX_CREDHUB_PROBE_OK) {
        return CREDHUB_OK;
    }

    error = ngx_credhub_setup_tls_verify(verdict);

    return error == CREDHUB_OK && !verdict->trusted
               ? ngx_credhub_setup_tls_details(task, verdict)
               : error;
}


static credhub_error_e
ngx_credhub_setup_tls_verify(ngx_credhub_setup_verdict_t *verdict)
{
    ngx_uint_t         i;
    u_char             hash[32];
    credhub_error_e    error;
    credhub_anchors_t *anchors;

    const ngx_credhub_probe_tls_t *probe = &verdict->probe;

    anchors = credhub_anchors_create();
    if (anchors == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = CREDHUB_OK;

    for (i = 0; i < verdict->n && error == CREDHUB_OK; i++) {
        error = credhub_anchors_add(anchors, verdict->approved[i]);
    }

    if (error == CREDHUB_OK) {
        verdict->trusted = credhub_trusted(anchors, probe->sent, probe->nsent,
            CREDHUB_TRUST_SERVER, verdict->now, hash, &verdict->reason);

        error = credhub_anchors_add(anchors, probe->sent[probe->nsent - 1]);
    }

    if (error == CREDHUB_OK) {
        verdict->trustable = credhub_trusted(anchors, probe->sent, probe->nsent,
            CREDHUB_TRUST_SERVER, verdict->now, hash, &verdict->hopeless);
    }

    credhub_anchors_destroy(anchors);

    return error;
}


/* Every certificate that was sent, leaf first, ready to be approved. */

static credhub_error_e
ngx_credhub_setup_tls_details(
    ngx_credhub_task_t *task, ngx_credhub_setup_verdict_t *verdict)
{
    unsigned           i;
    credhub_buf_t      buf;
    credhub_error_e    error;
    credhub_approval_t approval;

    credhub_buf_init(&buf, task->arena, verdict->probe.nsent * 4096);

    for (i = 0; i < verdict->probe.nsent; i++) {
        credhub_buf_add(&buf, i == 0 ? "[" : ",", 1);

        error = credhub_approval_der(
            task->arena, verdict->probe.sent[i], &approval);

        if (error == CREDHUB_OK) {
            error = credhub_approval_offered(&buf, &approval);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    credhub_buf_lit(&buf, "]");

    verdict->details = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_setup_tls_result(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_tls_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    ngx_credhub_setup_verdict_t *verdict = op->task->data;
    ngx_credhub_probe_tls_t     *probe = &verdict->probe;

    if (probe->result == NGX_CREDHUB_PROBE_UNREACHED) {
        ngx_credhub_setup_tls_unreached(setup, probe->reason);
        return NGX_CREDHUB_DONE;
    }

    ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_HOST,
        credhub_str("The host accepts connections"));

    if (probe->result != NGX_CREDHUB_PROBE_OK) {
        ngx_credhub_setup_tls_no_tls(setup, probe);
        return NGX_CREDHUB_DONE;
    }

    if (verdict->trusted) {
        ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_CERTIFICATE,
            credhub_str("The certificate is approved"));
        return NGX_CREDHUB_DONE;
    }

    ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_CERTIFICATE,
        ngx_credhub_setup_text(setup, verdict->reason));

    setup->tests[NGX_CREDHUB_TEST_CERTIFICATE].details =
        ngx_credhub_op_copy(setup->op, verdict->details);

    if (!setup->trust_certificates) {
        return NGX_CREDHUB_DONE;
    }

    if (!verdict->trustable) {
        ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_CERTIFICATE,
            ngx_credhub_setup_text(setup, verdict->hopeless));
        return NGX_CREDHUB_DONE;
    }

    if (credhub_approval_der(
            op->arena, probe->sent[probe->nsent - 1], &ctx->approve.approval)
        != CREDHUB_OK)
    {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_setup_approve(op, setup, &ctx->approve);
}


static ngx_credhub_rc_e
ngx_credhub_setup_tls_done(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_tls_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_CERTIFICATE,
        credhub_str("The certificate has been approved"));

    setup->tests[NGX_CREDHUB_TEST_CERTIFICATE].details = credhub_null_str;

    return NGX_CREDHUB_DONE;
}


static void
ngx_credhub_setup_tls_unreached(ngx_credhub_setup_t *setup, const char *reason)
{
    ngx_credhub_setup_failed(
        setup, NGX_CREDHUB_TEST_HOST, ngx_credhub_setup_text(setup, reason));
    ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_CERTIFICATE,
        credhub_str("The host was not reached"));
}


/* A server without TLS is fine for who has said so. */

static void
ngx_credhub_setup_tls_no_tls(
    ngx_credhub_setup_t *setup, const ngx_credhub_probe_tls_t *probe)
{
    credhub_str_t encrypted;

    if (probe->no_tls
        && credhub_json_get(setup->config, "always_encrypted", &encrypted)
        && credhub_json_kind(encrypted) == CREDHUB_JSON_FALSE)
    {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_CERTIFICATE,
            credhub_str("The server does not use TLS"));
        return;
    }

    ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_CERTIFICATE,
        ngx_credhub_setup_text(setup, probe->reason));
}
