
/* "SSH Tunnel Connection": is the host key of the tunnel host approved? */

#include "ngx_credhub_setup_private.h"


#define NGX_CREDHUB_SSH_PORT 22


typedef struct {
    ngx_credhub_setup_probe_t probe;
    ngx_credhub_resolve_t     resolve;
    ngx_credhub_approved_t    approved;
    ngx_credhub_approve_t     approve;
} ngx_credhub_setup_ssh_t;


static ngx_credhub_rc_e ngx_credhub_setup_ssh_resolve(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_ssh_approved(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_ssh_probe(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_ssh_result(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_ssh_done(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_setup_ssh_run(ngx_credhub_task_t *task);
static ngx_uint_t       ngx_credhub_setup_ssh_trusted(
          const ngx_credhub_approved_t  *approved,
          const ngx_credhub_probe_ssh_t *probe);
static size_t          ngx_credhub_setup_ssh_key_len(credhub_str_t key);
static credhub_error_e ngx_credhub_setup_ssh_details(
    ngx_credhub_op_t *op, const ngx_credhub_probe_ssh_t *probe);


const ngx_credhub_operation_t ngx_credhub_setup_ssh = { "setup_ssh",
    (const ngx_credhub_step_pt[]){ ngx_credhub_setup_ssh_resolve,
        ngx_credhub_setup_ssh_approved, ngx_credhub_setup_ssh_probe,
        ngx_credhub_setup_ssh_result, ngx_credhub_setup_ssh_done, NULL },
    sizeof(ngx_credhub_setup_ssh_t) };


static ngx_credhub_rc_e
ngx_credhub_setup_ssh_resolve(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    ngx_credhub_resolve_t *resolve = &ctx->resolve;

    resolve->host = credhub_config_get(op->arena, setup->config, "tunnel_host");
    resolve->port =
        credhub_config_port(op->arena, setup->config, "tunnel_port");

    if (resolve->port == 0) {
        resolve->port = NGX_CREDHUB_SSH_PORT;
    }

    if (resolve->host.len == 0) {
        ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_TUNNEL,
            credhub_str("The config names no tunnel_host"));
        return NGX_CREDHUB_DONE;
    }

    return ngx_credhub_resolve(op, resolve);
}


static ngx_credhub_rc_e
ngx_credhub_setup_ssh_approved(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    if (ctx->resolve.reason != NULL) {
        ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_TUNNEL,
            ngx_credhub_setup_text(setup, ctx->resolve.reason));
        return NGX_CREDHUB_DONE;
    }

    ctx->approved.key = setup->object->key;
    ctx->approved.path = setup->path;
    ctx->approved.type = CREDHUB_APPROVAL_FINGERPRINT;

    return ngx_credhub_approved_enter(op, &ctx->approved);
}


static ngx_credhub_rc_e
ngx_credhub_setup_ssh_probe(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;

    ngx_uint_t               i;
    credhub_str_t            key;
    ngx_credhub_task_t      *task;
    ngx_credhub_probe_ssh_t *probe;

    task = ngx_credhub_probe_task(
        sizeof(ngx_credhub_probe_ssh_t), ngx_credhub_setup_ssh_run);

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    probe = task->data;
    probe->result = NGX_CREDHUB_PROBE_UNREACHED;
    probe->reason = "There was no time left";

    ngx_credhub_probe_target(task, &ctx->resolve, &probe->target);

    /* what is approved decides only what is asked for first */

    for (i = 0; i < ctx->approved.n && i < NGX_CREDHUB_SSH_KEYS_MAX; i++) {
        key = ctx->approved.approvals[i].content;
        probe->approved[i] = credhub_arena_copy(task->arena, key.data, key.len);
        probe->napproved += (probe->approved[i].data != NULL);
    }

    if (probe->target.name.data == NULL || probe->napproved != i) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


/* On the thread. */

static credhub_error_e
ngx_credhub_setup_ssh_run(ngx_credhub_task_t *task)
{
    ngx_credhub_probe_ssh(task->arena, task->data);

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_setup_ssh_result(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    const char                    *warning;
    credhub_error_e                error;
    const ngx_credhub_probe_ssh_t *probe = op->task->data;

    if (probe->result != NGX_CREDHUB_PROBE_OK) {
        ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_TUNNEL,
            ngx_credhub_setup_text(setup, probe->reason));
        return NGX_CREDHUB_DONE;
    }

    if (ngx_credhub_setup_ssh_trusted(&ctx->approved, probe)) {
        ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_TUNNEL,
            credhub_str("The SSH key is approved"));
        return NGX_CREDHUB_DONE;
    }

    error = ngx_credhub_setup_ssh_details(op, probe);

    if (error == CREDHUB_OK && !setup->trust_fingerprints) {
        return NGX_CREDHUB_DONE;
    }

    if (error == CREDHUB_OK) {
        error = credhub_approval_fingerprint(op->arena, probe->hash,
            probe->public_key, &ctx->approve.approval, &warning);
    }

    return error == CREDHUB_OK
               ? ngx_credhub_setup_approve(op, setup, &ctx->approve)
               : ngx_credhub_op_error(op, error);
}


/*
 * Approvals are strings. One is for this key when both its hash and its key
 * are; the comment behind a key says nothing.
 */

static ngx_uint_t
ngx_credhub_setup_ssh_trusted(const ngx_credhub_approved_t *approved,
    const ngx_credhub_probe_ssh_t                          *probe)
{
    ngx_uint_t    i;
    credhub_str_t key, offered;

    offered = probe->public_key;
    offered.len = ngx_credhub_setup_ssh_key_len(offered);

    for (i = 0; i < approved->n; i++) {
        key = approved->approvals[i].content;
        key.len = ngx_credhub_setup_ssh_key_len(key);

        if (credhub_str_eq(approved->approvals[i].hash, probe->hash)
            && credhub_str_eq(key, offered))
        {
            return 1;
        }
    }

    return 0;
}


/* Bytes of "TYPE BASE64". */

static size_t
ngx_credhub_setup_ssh_key_len(credhub_str_t key)
{
    size_t     i;
    ngx_uint_t spaces;

    spaces = 0;

    for (i = 0; i < key.len; i++) {
        if (key.data[i] == ' ' && ++spaces == 2) {
            break;
        }
    }

    return i;
}


static credhub_error_e
ngx_credhub_setup_ssh_details(
    ngx_credhub_op_t *op, const ngx_credhub_probe_ssh_t *probe)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    size_t              len;
    credhub_buf_t       buf;
    credhub_str_t       name;
    ngx_credhub_test_t *test = &setup->tests[NGX_CREDHUB_TEST_TUNNEL];

    ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_TUNNEL,
        credhub_str("The ssh key might have changed"));

    /* the comment, behind a space */

    len = ngx_credhub_setup_ssh_key_len(probe->public_key);
    name = credhub_null_str;

    if (len < probe->public_key.len) {
        name.data = probe->public_key.data + len + 1;
        name.len = probe->public_key.len - len - 1;
    }

    credhub_buf_init(&buf, setup->op->arena, 2 * probe->public_key.len + 256);

    credhub_buf_lit(&buf, "{\"hash\":");
    credhub_json_add_string(&buf, probe->hash);
    credhub_buf_lit(&buf, ",\"public_key\":");
    credhub_json_add_string(&buf, probe->public_key);
    credhub_buf_lit(&buf, ",\"type\":");
    credhub_json_add_string(&buf, probe->type);
    credhub_buf_lit(&buf, ",\"name\":");
    credhub_json_add_string(&buf, name);
    credhub_buf_lit(&buf, "}");

    test->details = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_setup_ssh_done(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_ssh_t *ctx = op->ctx;
    ngx_credhub_setup_t     *setup = ctx->probe.setup;

    ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_TUNNEL,
        credhub_str("The SSH key has been approved"));

    setup->tests[NGX_CREDHUB_TEST_TUNNEL].details = credhub_null_str;

    return NGX_CREDHUB_DONE;
}
