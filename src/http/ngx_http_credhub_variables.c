
/*
 * One table of fields serves the variables and the CEF extension. They are read
 * when a log is written, from the first context of the main request: an
 * internal redirect (error_page) to another location of ours changes nothing of
 * what was decided before it. What is not known is empty.
 */

#include "ngx_http_credhub_variables.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_content.h"
#include "ngx_credhub_audit.h"
#include "credhub_cef.h"
#include "credhub_error_style.h"


#define NGX_HTTP_CREDHUB_RECORD_ARENA 1024 /* where no hub was reached */
#define NGX_HTTP_CREDHUB_CEF_SIZE     1024 /* first room for a line */


typedef struct {
    ngx_http_request_t           *request; /* the main one */
    const ngx_http_credhub_ctx_t *ctx;     /* NULL: nothing was decided */
    const ngx_credhub_op_t       *op;      /* that decided; NULL with ctx */
    credhub_arena_t              *arena;   /* NULL: not needed so far */
} ngx_http_credhub_record_t;


typedef credhub_str_t (*ngx_http_credhub_field_pt)(
    ngx_http_credhub_record_t *record);


typedef struct {
    ngx_str_t                 name;
    ngx_http_credhub_field_pt field;
} ngx_http_credhub_variable_t;


typedef struct {
    const char               *key;
    const char               *label; /* of a custom field */
    ngx_http_credhub_field_pt field;
    ngx_uint_t                optional; /* left out when it is empty */
} ngx_http_credhub_cef_t;


static ngx_int_t ngx_http_credhub_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_http_credhub_record_buf(
    ngx_http_credhub_record_t *record, credhub_buf_t *buf, size_t size);
static void          ngx_http_credhub_record_free(void *data);
static credhub_str_t ngx_http_credhub_record_str(const credhub_buf_t *buf);

static credhub_str_t ngx_http_credhub_field_actor(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_auth(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_user(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_operation(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_resource(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_resource_id(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_version_id(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_details(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_reason(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_cache(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_redis_time(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_cef(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_cef_header(
    ngx_http_credhub_record_t *record);

static credhub_str_t ngx_http_credhub_field_start(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_mechanism(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_target(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_method(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_status(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_peer(
    ngx_http_credhub_record_t *record);
static credhub_str_t ngx_http_credhub_field_host(
    ngx_http_credhub_record_t *record);

static ngx_uint_t    ngx_http_credhub_record_status(ngx_http_request_t *r);
static credhub_str_t ngx_http_credhub_why(ngx_http_credhub_record_t *record,
    credhub_error_e error, credhub_str_t detail);
static credhub_str_t ngx_http_credhub_text(const char *text);
static credhub_str_t ngx_http_credhub_str(ngx_str_t text);


/* clang-format off */

static ngx_http_credhub_variable_t  ngx_http_credhub_variables[] = {
    { ngx_string("credhub_actor"), ngx_http_credhub_field_actor },
    { ngx_string("credhub_auth"), ngx_http_credhub_field_auth },
    { ngx_string("credhub_user"), ngx_http_credhub_field_user },
    { ngx_string("credhub_operation"), ngx_http_credhub_field_operation },
    { ngx_string("credhub_resource"), ngx_http_credhub_field_resource },
    { ngx_string("credhub_resource_id"), ngx_http_credhub_field_resource_id },
    { ngx_string("credhub_version_id"), ngx_http_credhub_field_version_id },
    { ngx_string("credhub_details"), ngx_http_credhub_field_details },
    { ngx_string("credhub_reason"), ngx_http_credhub_field_reason },
    { ngx_string("credhub_cef"), ngx_http_credhub_field_cef },
    { ngx_string("credhub_cef_header"), ngx_http_credhub_field_cef_header },
    { ngx_string("credhub_cache_status"), ngx_http_credhub_field_cache },
    { ngx_string("credhub_redis_time"), ngx_http_credhub_field_redis_time },
    { ngx_null_string, NULL }
};


static const credhub_str_t
    ngx_http_credhub_cache_names[NGX_CREDHUB_CACHE_STATUSES] = {
    [NGX_CREDHUB_CACHE_HIT] = credhub_string("HIT"),
    [NGX_CREDHUB_CACHE_MISS] = credhub_string("MISS"),
    [NGX_CREDHUB_CACHE_STALE] = credhub_string("STALE"),
    [NGX_CREDHUB_CACHE_BYPASS] = credhub_string("BYPASS")
};


static const ngx_http_credhub_cef_t  ngx_http_credhub_cef_fields[] = {
    { "rt", NULL, ngx_http_credhub_field_start, 0 },
    { "suser", NULL, ngx_http_credhub_field_user, 0 },
    { "suid", NULL, ngx_http_credhub_field_actor, 0 },
    { "cs1", "userAuthenticationMechanism",
      ngx_http_credhub_field_mechanism, 0 },
    { "request", NULL, ngx_http_credhub_field_target, 0 },
    { "requestMethod", NULL, ngx_http_credhub_field_method, 0 },
    { "cs3", "versionUuid", ngx_http_credhub_field_version_id, 0 },
    { "cs4", "httpStatusCode", ngx_http_credhub_field_status, 0 },
    { "src", NULL, ngx_http_credhub_field_peer, 0 },
    { "dst", NULL, ngx_http_credhub_field_host, 0 },
    { "cs2", "resourceName", ngx_http_credhub_field_resource, 0 },
    { "cs5", "resourceUuid", ngx_http_credhub_field_resource_id, 0 },
    { "deviceAction", NULL, ngx_http_credhub_field_operation, 0 },
    { "cs6", "requestDetails", ngx_http_credhub_field_details, 1 },
    { "reason", NULL, ngx_http_credhub_field_reason, 1 },
    { NULL, NULL, NULL, 0 }
};


/* How the mechanism is called in CEF, by the value of $credhub_auth. */

static const struct {
    credhub_str_t  auth;
    credhub_str_t  mechanism;
} ngx_http_credhub_mechanisms[] = {
    { credhub_string("mtls"), credhub_string("mutual_tls") },
    { credhub_string("jwt"), credhub_string("uaa") },
    { { 0, NULL }, { 0, NULL } }
};

/* clang-format on */


ngx_int_t
ngx_http_credhub_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t         *variable;
    ngx_http_credhub_variable_t *row;

    for (row = ngx_http_credhub_variables; row->name.len != 0; row++) {
        variable =
            ngx_http_add_variable(cf, &row->name, NGX_HTTP_VAR_NOCACHEABLE);

        if (variable == NULL) {
            return NGX_ERROR;
        }

        variable->get_handler = ngx_http_credhub_variable;
        variable->data = (uintptr_t) row;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    const ngx_http_credhub_variable_t *row;

    credhub_str_t             value;
    ngx_http_credhub_record_t record;

    row = (const ngx_http_credhub_variable_t *) data;

    record.request = r->main;
    record.ctx = ngx_http_credhub_first_ctx(r, &record.op);
    record.arena = record.ctx != NULL ? record.op->arena : NULL;

    value = row->field(&record);

    v->len = value.len;
    v->data = value.data;
    v->valid = (value.len != 0);
    v->not_found = (value.len == 0);
    v->no_cacheable = 0;

    return NGX_OK;
}


static void
ngx_http_credhub_record_buf(
    ngx_http_credhub_record_t *record, credhub_buf_t *buf, size_t size)
{
    ngx_pool_cleanup_t *cln;

    if (record->arena == NULL) {
        cln = ngx_pool_cleanup_add(record->request->pool, 0);

        if (cln != NULL) {
            record->arena = credhub_arena_create(NGX_HTTP_CREDHUB_RECORD_ARENA);

            cln->handler = ngx_http_credhub_record_free;
            cln->data = record->arena;
        }
    }

    if (record->arena == NULL) {
        ngx_memzero(buf, sizeof(credhub_buf_t));
        buf->failed = 1;
        return;
    }

    credhub_buf_init(buf, record->arena, size);
}


static void
ngx_http_credhub_record_free(void *data)
{
    credhub_arena_destroy(data);
}


static credhub_str_t
ngx_http_credhub_record_str(const credhub_buf_t *buf)
{
    return buf->failed ? credhub_null_str : credhub_buf_str(buf);
}


static credhub_str_t
ngx_http_credhub_field_actor(ngx_http_credhub_record_t *record)
{
    if (record->ctx == NULL) {
        return credhub_null_str;
    }

    /* an identity that a location gives was not offered */

    return record->ctx->auth.actor.len != 0 ? record->ctx->auth.actor
                                            : record->op->actor;
}


static credhub_str_t
ngx_http_credhub_field_auth(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? record->ctx->auth.method : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_field_user(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? record->ctx->auth.user : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_field_operation(ngx_http_credhub_record_t *record)
{
    const ngx_http_credhub_ctx_t *ctx = record->ctx;

    if (ctx == NULL || (record->op == ctx->op && ctx->route == NULL)) {
        return credhub_null_str;
    }

    if (record->op->action != NULL) {
        return ngx_http_credhub_text(record->op->action);
    }

    return ngx_http_credhub_text(record->op == ctx->op
                                     ? ctx->route->operation->name
                                     : record->op->operation->name);
}


static credhub_str_t
ngx_http_credhub_field_resource(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? record->op->resource : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_field_resource_id(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? record->op->resource_id : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_field_version_id(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? record->op->version_id : credhub_null_str;
}


static credhub_str_t
ngx_http_credhub_field_details(ngx_http_credhub_record_t *record)
{
    credhub_buf_t buf;

    if (record->ctx == NULL) {
        return credhub_null_str;
    }

    ngx_http_credhub_record_buf(record, &buf, 256);
    ngx_credhub_audit_json(&buf, record->op);

    return ngx_http_credhub_record_str(&buf);
}


static credhub_str_t
ngx_http_credhub_field_cache(ngx_http_credhub_record_t *record)
{
    return record->ctx != NULL ? ngx_http_credhub_cache_names[record->op->cache]
                               : credhub_null_str;
}


/* Seconds, of all that was decided in this pass. */

static credhub_str_t
ngx_http_credhub_field_redis_time(ngx_http_credhub_record_t *record)
{
    const ngx_http_credhub_ctx_t *ctx = record->ctx;

    ngx_uint_t    i;
    ngx_msec_t    waited;
    credhub_buf_t buf;

    if (ctx == NULL) {
        return credhub_null_str;
    }

    const ngx_credhub_op_t *ops[] = { ctx->access.op, ctx->trust.op,
        ctx->inject.op, ctx->op };

    waited = 0;

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        waited += ops[i] != NULL ? ops[i]->waited : 0;
    }

    ngx_http_credhub_record_buf(record, &buf, NGX_INT64_LEN);
    credhub_buf_printf(&buf, "%lu.%03lu", (unsigned long) waited / 1000,
        (unsigned long) waited % 1000);

    return ngx_http_credhub_record_str(&buf);
}


/* An error of ours, else what nginx itself ended the request with. */

static credhub_str_t
ngx_http_credhub_field_reason(ngx_http_credhub_record_t *record)
{
    ngx_http_request_t           *r = record->request;
    const ngx_http_credhub_ctx_t *ctx = record->ctx;

    ngx_uint_t                   status;
    credhub_str_t                detail;
    credhub_error_e              error;
    ngx_http_credhub_srv_conf_t *scf;

    if (ctx != NULL && record->op->error != CREDHUB_OK) {
        /* details of others may be text of a body */

        return ngx_http_credhub_why(record, record->op->error,
            ctx->auth.error == record->op->error ? ctx->auth.detail
                                                 : credhub_null_str);
    }

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);
    status = ngx_http_credhub_record_status(r);

    if (!scf->serves || status < NGX_HTTP_BAD_REQUEST) {
        return credhub_null_str;
    }

    detail = credhub_null_str;
    error = ngx_http_credhub_actor_refused(r, &detail);

    return error != CREDHUB_OK
               ? ngx_http_credhub_why(record, error, detail)
               : ngx_http_credhub_text(credhub_error_style_name(status));
}


static credhub_str_t
ngx_http_credhub_why(ngx_http_credhub_record_t *record, credhub_error_e error,
    credhub_str_t detail)
{
    credhub_buf_t buf;
    credhub_str_t name;

    name = ngx_http_credhub_text(credhub_error_name(error));

    if (detail.len == 0) {
        return name;
    }

    ngx_http_credhub_record_buf(record, &buf, name.len + 2 + detail.len);

    credhub_buf_add_str(&buf, name);
    credhub_buf_lit(&buf, ": ");
    credhub_buf_add_str(&buf, detail);

    return ngx_http_credhub_record_str(&buf);
}


static credhub_str_t
ngx_http_credhub_field_cef(ngx_http_credhub_record_t *record)
{
    credhub_buf_t                 buf;
    credhub_str_t                 value;
    const ngx_http_credhub_cef_t *row;

    ngx_http_credhub_record_buf(record, &buf, NGX_HTTP_CREDHUB_CEF_SIZE);

    for (row = ngx_http_credhub_cef_fields; row->key != NULL; row++) {
        value = row->field(record);

        if (row->optional && value.len == 0) {
            continue;
        }

        if (row != ngx_http_credhub_cef_fields) {
            credhub_buf_lit(&buf, " ");
        }

        if (row->label != NULL) {
            credhub_buf_printf(&buf, "%sLabel=%s ", row->key, row->label);
        }

        credhub_buf_printf(&buf, "%s=", row->key);
        credhub_cef_value(&buf, value);
    }

    return ngx_http_credhub_record_str(&buf);
}


/* The name of the event is its method and path, and stands for its class too. */

static credhub_str_t
ngx_http_credhub_field_cef_header(ngx_http_credhub_record_t *record)
{
    u_char       *end;
    ngx_uint_t    i;
    credhub_buf_t buf;
    credhub_str_t path;

    path = ngx_http_credhub_field_target(record);
    end = ngx_strlchr(path.data, path.data + path.len, '?');

    if (end != NULL) {
        path.len = end - path.data;
    }

    ngx_http_credhub_record_buf(record, &buf, NGX_HTTP_CREDHUB_CEF_SIZE);

    credhub_buf_lit(
        &buf, "CEF:0|cloud_foundry|credhub|" NGX_HTTP_CREDHUB_VERSION "|");

    for (i = 0; i < 2; i++) {
        credhub_cef_header(&buf, ngx_http_credhub_field_method(record));
        credhub_buf_lit(&buf, " ");
        credhub_cef_header(&buf, path);
        credhub_buf_lit(&buf, "|");
    }

    credhub_buf_lit(&buf, "0|");

    return ngx_http_credhub_record_str(&buf);
}


/* Milliseconds since 1970. */

static credhub_str_t
ngx_http_credhub_field_start(ngx_http_credhub_record_t *record)
{
    ngx_http_request_t *r = record->request;

    credhub_buf_t buf;

    ngx_http_credhub_record_buf(record, &buf, NGX_TIME_T_LEN + 3);
    credhub_buf_printf(
        &buf, "%lld%03d", (long long) r->start_sec, (int) r->start_msec);

    return ngx_http_credhub_record_str(&buf);
}


static credhub_str_t
ngx_http_credhub_field_mechanism(ngx_http_credhub_record_t *record)
{
    ngx_uint_t    i;
    credhub_str_t auth;

    auth = ngx_http_credhub_field_auth(record);

    for (i = 0; ngx_http_credhub_mechanisms[i].auth.len != 0; i++) {
        if (credhub_str_eq(ngx_http_credhub_mechanisms[i].auth, auth)) {
            return ngx_http_credhub_mechanisms[i].mechanism;
        }
    }

    return auth;
}


static credhub_str_t
ngx_http_credhub_field_target(ngx_http_credhub_record_t *record)
{
    return ngx_http_credhub_str(record->request->unparsed_uri);
}


/* As it was sent: an internal redirect makes every other method a GET. */

static credhub_str_t
ngx_http_credhub_field_method(ngx_http_credhub_record_t *record)
{
    u_char       *end;
    credhub_str_t method;

    method = ngx_http_credhub_str(record->request->request_line);
    end = ngx_strlchr(method.data, method.data + method.len, ' ');

    if (end == NULL) {
        return credhub_null_str;
    }

    method.len = end - method.data;

    return method;
}


static credhub_str_t
ngx_http_credhub_field_status(ngx_http_credhub_record_t *record)
{
    credhub_buf_t buf;

    ngx_http_credhub_record_buf(record, &buf, NGX_INT_T_LEN);
    credhub_buf_printf(
        &buf, "%03d", (int) ngx_http_credhub_record_status(record->request));

    return ngx_http_credhub_record_str(&buf);
}


/* The status as nginx logs it. */

static ngx_uint_t
ngx_http_credhub_record_status(ngx_http_request_t *r)
{
    return r->err_status != 0 ? r->err_status : r->headers_out.status;
}


/* The peer of the connection; realip, where it is configured, has changed it. */

static credhub_str_t
ngx_http_credhub_field_peer(ngx_http_credhub_record_t *record)
{
    return ngx_http_credhub_str(record->request->connection->addr_text);
}


static credhub_str_t
ngx_http_credhub_field_host(ngx_http_credhub_record_t *record)
{
    ngx_http_request_t *r = record->request;

    ngx_http_core_srv_conf_t *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    return ngx_http_credhub_str(r->headers_in.server.len != 0
                                    ? r->headers_in.server
                                    : cscf->server_name);
}


static credhub_str_t
ngx_http_credhub_text(const char *text)
{
    return (credhub_str_t){ ngx_strlen(text), (u_char *) text };
}


static credhub_str_t
ngx_http_credhub_str(ngx_str_t text)
{
    return (credhub_str_t){ text.len, text.data };
}
