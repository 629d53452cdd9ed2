
/* /info, /health, /version, /management, /api/v1/key-usage, and the answer of
 * writes that are refused in read-only mode. */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "ngx_credhub_system.h"
#include "credhub_bind.h"
#include "credhub_json.h"


#define NGX_HTTP_CREDHUB_SYSTEM_ANSWER 256


typedef struct {
    credhub_flag_t      read_only;
    ngx_credhub_guard_t guard;
} ngx_http_credhub_management_t;


static ngx_credhub_rc_e ngx_http_credhub_info_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_health_ask(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_health_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_version_is(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_usage_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_usage_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_management_audit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_written(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_answer(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_management_state(
    ngx_credhub_op_t *op, ngx_uint_t on);
static credhub_error_e ngx_http_credhub_management_allowed(
    ngx_credhub_op_t *op, unsigned operation);
static ngx_credhub_rc_e ngx_http_credhub_refused_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_refused_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_info = {
    "INFO", steps(ngx_http_credhub_info_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_health = {
    "HEALTH",
    steps(ngx_http_credhub_health_ask, ngx_http_credhub_health_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_version = {
    "VERSION", steps(ngx_http_credhub_version_is), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_key_usage = {
    "KEY_USAGE",
    steps(ngx_http_credhub_usage_read, ngx_http_credhub_usage_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_management_get = {
    "MANAGEMENT",
    steps(ngx_http_credhub_management_read,
          ngx_http_credhub_management_answer),
    sizeof(ngx_http_credhub_management_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_management_set = {
    "MANAGEMENT",
    steps(ngx_http_credhub_management_parse,
          ngx_credhub_ready,
          ngx_http_credhub_management_write,
          ngx_http_credhub_management_written),
    sizeof(ngx_http_credhub_management_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_refused = {
    "refused",
    steps(ngx_http_credhub_refused_read, ngx_http_credhub_refused_answer), 0
};


static const credhub_bind_t  ngx_http_credhub_management_fields[] = {
    { "read_only_mode", CREDHUB_BIND_BOOL,
      offsetof(ngx_http_credhub_management_t, read_only), 0 },
    credhub_bind_end
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_info_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_buf_t body;

    credhub_buf_init(&body, op->arena, NGX_HTTP_CREDHUB_SYSTEM_ANSWER);

    credhub_buf_lit(&body, "{\"auth-server\":{\"url\":");
    credhub_json_add_string(&body, input->auth_server);
    credhub_buf_lit(&body, "},\"app\":{\"name\":\"CredHub\"}}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


/* nginx is up, or it could not say so; with ready=1 the store has to answer. */

static ngx_credhub_rc_e
ngx_http_credhub_health_ask(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    ngx_credhub_call_t *call;

    if (!credhub_str_eq(
            credhub_query_value(&input->query, "ready"), credhub_str("1")))
    {
        return NGX_CREDHUB_NEXT;
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_read_only_check(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_health_answer(ngx_credhub_op_t *op)
{
    op->status = NGX_HTTP_OK;
    op->body = credhub_str("{\"status\":\"UP\"}");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_version_is(ngx_credhub_op_t *op)
{
    op->status = NGX_HTTP_OK;
    op->body = credhub_str("{\"version\":\"" NGX_HTTP_CREDHUB_VERSION "\"}");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_usage_read(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_key_usage_read(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_usage_answer(ngx_credhub_op_t *op)
{
    credhub_buf_t           body;
    credhub_error_e         error;
    ngx_credhub_key_usage_t usage;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_key_usage_result(op->call, op->hub->keyring, &usage, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    credhub_buf_init(&body, op->arena, NGX_HTTP_CREDHUB_SYSTEM_ANSWER);

    credhub_buf_printf(&body,
        "{\"active_key\":%" PRId64 ",\"inactive_keys\":%" PRId64
        ",\"unknown_keys\":%" PRId64 "}",
        usage.active, usage.inactive, usage.unknown);

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


/* A client that is local needs no permission; others were refused before the
 * body was read. */

static credhub_error_e
ngx_http_credhub_management_allowed(ngx_credhub_op_t *op, unsigned operation)
{
    ngx_http_credhub_input_t      *input = op->input;
    ngx_http_credhub_management_t *ctx = op->ctx;

    op->resource = credhub_str("/management");

    if (input->management == NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL) {
        return CREDHUB_OK;
    }

    return ngx_credhub_access_guard(op, operation, op->resource, &ctx->guard);
}


static ngx_credhub_rc_e
ngx_http_credhub_management_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_management_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_http_credhub_management_allowed(op, CREDHUB_OP_READ);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 2);

    if (call != NULL) {
        ngx_credhub_read_only_check(call, op->hub->store);
        ngx_credhub_grants_read(call, op->hub->store, &ctx->guard);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_management_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    error = ngx_http_credhub_management_allowed(op, CREDHUB_OP_WRITE);

    if (error == CREDHUB_OK) {
        error =
            credhub_bind_document(op->arena, ngx_http_credhub_management_fields,
                input->body, op->ctx, &op->detail);
    }

    if (error == CREDHUB_OK) {
        ngx_http_credhub_management_audit(op);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static void
ngx_http_credhub_management_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_management_t *ctx = op->ctx;

    const ngx_credhub_detail_t details[] = {
        { "readOnlyMode", NGX_CREDHUB_DETAIL_FLAG,
            ctx->read_only.value ? credhub_str("true") : credhub_str("false") },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, details);
}


static ngx_credhub_rc_e
ngx_http_credhub_management_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_management_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_read_only_set(
            call, op->hub->store, ctx->read_only.value, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_management_written(ngx_credhub_op_t *op)
{
    ngx_uint_t      on;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_read_only_switched(op->call, &on, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return ngx_http_credhub_management_state(op, on);
}


static ngx_credhub_rc_e
ngx_http_credhub_management_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_management_t *ctx = op->ctx;

    if (!ngx_credhub_access_checked(op, &ctx->guard, CREDHUB_OP_READ, 1)) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    return ngx_http_credhub_management_state(
        op, ngx_credhub_read_only_checked(op->call, 0));
}


static ngx_credhub_rc_e
ngx_http_credhub_management_state(ngx_credhub_op_t *op, ngx_uint_t on)
{
    op->status = NGX_HTTP_OK;
    op->body = on ? credhub_str("{\"read_only_mode\":true}")
                  : credhub_str("{\"read_only_mode\":false}");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_refused_read(ngx_credhub_op_t *op)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_read_only_check(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_refused_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    return ngx_credhub_read_only_checked(op->call, 0)
               ? ngx_credhub_op_error(op, CREDHUB_E_READ_ONLY)
               : ngx_credhub_op_fail(op, input->refused, input->refused_detail);
}
