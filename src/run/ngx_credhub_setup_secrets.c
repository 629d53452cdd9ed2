
/*
 * "External Secrets": can the named keys be read from the manager? Its secrets
 * go to the thread in the memory of the task, and nothing that was read comes
 * back.
 */

#include "ngx_credhub_setup_private.h"
#include "ngx_credhub_manager.h"
#include "credhub_endpoint.h"


typedef struct {
    ngx_credhub_manager_read_t read;
    credhub_manager_t          manager;
} ngx_credhub_setup_read_t;


typedef struct {
    ngx_credhub_setup_probe_t probe;
    credhub_manager_e         type;
    credhub_str_t             config; /* of the manager, in clear */
    credhub_str_t             keys;   /* JSON */
    credhub_manager_t         manager;
    ngx_uint_t                n; /* URLs that are resolved */
    ngx_credhub_resolve_t     resolved[CREDHUB_MANAGER_URLS_MAX];
} ngx_credhub_setup_secrets_t;


static ngx_credhub_rc_e ngx_credhub_setup_secrets_bind(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_none(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_resolve(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_next(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_result(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_setup_secrets_fill(
     ngx_credhub_op_t *op, ngx_credhub_task_t *task);
static credhub_error_e  ngx_credhub_setup_secrets_run(ngx_credhub_task_t *task);
static ngx_credhub_rc_e ngx_credhub_setup_secrets_fail(
    ngx_credhub_op_t *op, credhub_str_t message);


const ngx_credhub_operation_t ngx_credhub_setup_secrets = { "setup_secrets",
    (const ngx_credhub_step_pt[]){ ngx_credhub_setup_secrets_bind,
        ngx_credhub_setup_secrets_resolve, ngx_credhub_setup_secrets_next,
        ngx_credhub_setup_secrets_read, ngx_credhub_setup_secrets_result,
        NULL },
    sizeof(ngx_credhub_setup_secrets_t) };


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_bind(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;
    ngx_credhub_setup_t         *setup = ctx->probe.setup;

    unsigned               n;
    credhub_str_t          detail;
    credhub_error_e        error;
    credhub_manager_key_t *keys;

    ctx->type = credhub_manager_type(
        credhub_object_get(op->arena, setup->manager->attributes, "type"));

    if (!credhub_json_get(setup->object->attributes,
            "external_secrets_keys_config", &ctx->keys)
        || credhub_json_kind(ctx->keys) != CREDHUB_JSON_OBJECT)
    {
        return ngx_credhub_setup_secrets_none(op);
    }

    error = ngx_credhub_object_open(op, setup->manager, &ctx->config);

    if (error == CREDHUB_OK) {
        error = credhub_manager_bind(
            op->arena, ctx->type, ctx->config, &ctx->manager, &detail);
    }

    if (error == CREDHUB_OK) {
        error = credhub_manager_keys(
            op->arena, ctx->type, ctx->keys, &keys, &n, &detail);
    }

    if (error == CREDHUB_E_MANAGER_INPUT || error == CREDHUB_E_INPUT) {
        return ngx_credhub_setup_secrets_fail(op, detail);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return n != 0 ? NGX_CREDHUB_NEXT : ngx_credhub_setup_secrets_none(op);
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_none(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;

    ngx_credhub_setup_skipped(ctx->probe.setup, NGX_CREDHUB_TEST_SECRETS,
        credhub_str("No keys are configured"));

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_resolve(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;

    credhub_endpoint_t     endpoint;
    ngx_credhub_resolve_t *resolve = &ctx->resolved[ctx->n];

    /* what was bound is a URL */

    if (credhub_endpoint(ctx->manager.urls[ctx->n], &endpoint) != 0) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    resolve->host = endpoint.host;
    resolve->port = endpoint.port;

    return ngx_credhub_resolve(op, resolve);
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_next(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;

    const char *reason;

    reason = ctx->resolved[ctx->n].reason;

    if (reason != NULL) {
        return ngx_credhub_setup_secrets_fail(
            op, (credhub_str_t){ ngx_strlen(reason), (u_char *) reason });
    }

    ctx->n++;

    return ctx->n < ctx->manager.nurls
               ? ngx_credhub_op_goto(op, ngx_credhub_setup_secrets_resolve)
               : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_read(ngx_credhub_op_t *op)
{
    credhub_error_e     error;
    ngx_credhub_task_t *task;

    task = ngx_credhub_probe_task(
        sizeof(ngx_credhub_setup_read_t), ngx_credhub_setup_secrets_run);

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = ngx_credhub_setup_secrets_fill(op, task);

    if (error != CREDHUB_OK) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, error);
    }

    return ngx_credhub_op_compute(op, task);
}


/* Everything again, in the memory of the task. */

static credhub_error_e
ngx_credhub_setup_secrets_fill(ngx_credhub_op_t *op, ngx_credhub_task_t *task)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;

    ngx_uint_t                  i;
    credhub_str_t               config, keys, detail;
    credhub_error_e             error;
    ngx_credhub_setup_read_t   *data = task->data;
    ngx_credhub_manager_read_t *read = &data->read;

    config = credhub_arena_copy(task->arena, ctx->config.data, ctx->config.len);
    keys = credhub_arena_copy(task->arena, ctx->keys.data, ctx->keys.len);

    if (config.data == NULL || keys.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = credhub_manager_bind(
        task->arena, ctx->type, config, &data->manager, &detail);

    if (error == CREDHUB_OK) {
        error = credhub_manager_keys(
            task->arena, ctx->type, keys, &read->keys, &read->nkeys, &detail);
    }

    read->manager = &data->manager;
    read->nendpoints = ctx->manager.nurls;
    read->ca = op->hub->external_ca;
    read->now = ngx_time();
    read->reason = credhub_str("There was no time left");

    for (i = 0; i < read->nendpoints && error == CREDHUB_OK; i++) {
        read->endpoints[i].url = data->manager.urls[i];
        ngx_credhub_probe_target(
            task, &ctx->resolved[i], &read->endpoints[i].target);

        if (read->endpoints[i].target.name.data == NULL) {
            error = CREDHUB_E_INTERNAL;
        }
    }

    return error;
}


/* On the thread. The certificates of the configuration outlive it. */

static credhub_error_e
ngx_credhub_setup_secrets_run(ngx_credhub_task_t *task)
{
    ngx_credhub_setup_read_t *data = task->data;

    ngx_credhub_manager_read(task->arena, &data->read);

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_result(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;

    const ngx_credhub_setup_read_t *data = op->task->data;

    if (!data->read.ok) {
        return ngx_credhub_setup_secrets_fail(op, data->read.reason);
    }

    ngx_credhub_setup_ok(ctx->probe.setup, NGX_CREDHUB_TEST_SECRETS,
        credhub_str("The keys can be read"));

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_credhub_setup_secrets_fail(ngx_credhub_op_t *op, credhub_str_t message)
{
    ngx_credhub_setup_secrets_t *ctx = op->ctx;
    ngx_credhub_setup_t         *setup = ctx->probe.setup;

    ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_SECRETS,
        ngx_credhub_op_copy(setup->op, message));

    return NGX_CREDHUB_DONE;
}
