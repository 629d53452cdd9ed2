
/*
 * /v1/private-links. A link that is created or changed waits until it was
 * provisioned, by the hub or by whoever has claimed it, and one that is deleted
 * is destroyed later: the states are told as they are.
 */

#include "ngx_http_credhub_networking.h"
#include "ngx_credhub_credential.h"
#include "ngx_credhub_private_link.h"


#define NGX_HTTP_CREDHUB_CLAIM     900000 /* milliseconds of a lease */
#define NGX_HTTP_CREDHUB_LINK_NAME 64     /* bytes of a name */
#define NGX_HTTP_CREDHUB_LINK_KEYS 2


/* A service, and the keys that its config must have. */

typedef struct {
    const char *name;
    const char *keys[NGX_HTTP_CREDHUB_LINK_KEYS];
} ngx_http_credhub_link_service_t;


typedef struct {
    credhub_str_t       id;
    credhub_str_t       key;
    credhub_str_t       path;
    ngx_credhub_guard_t guard; /* without values */
} ngx_http_credhub_claim_t;


static credhub_error_e ngx_http_credhub_link_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_link_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_link_destroy(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static void ngx_http_credhub_link_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object, ngx_uint_t listed);

static credhub_error_e ngx_http_credhub_link_name(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_link_config(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static const char *const *ngx_http_credhub_link_keys(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_link_rests(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_link_waits(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, const char *state);
static credhub_error_e ngx_http_credhub_link_provisioned(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, credhub_str_t lease);
static credhub_error_e ngx_http_credhub_link_text(ngx_credhub_op_t *op,
    credhub_str_t body, const char *name, credhub_str_t *text);
static credhub_error_e ngx_http_credhub_link_move(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, const char *state, credhub_str_t summary,
    credhub_str_t host);

static ngx_credhub_rc_e ngx_http_credhub_claim_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_claim_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_claim_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

#define LISTED  CREDHUB_ATTRIBUTE_LISTED
#define GIVEN                                                                 \
    (CREDHUB_ATTRIBUTE_CREATE|CREDHUB_ATTRIBUTE_REQUIRED|LISTED)


static const ngx_http_credhub_link_service_t
    ngx_http_credhub_link_services[] = {
    { "SOURCE_AWS", { "connection_service_name" } },
    { "DATABRICKS_AWS", { "connection_service_name" } },
    { "SNOWFLAKE_AWS", { "account_url", "vpce_id" } },
    { "REDSHIFT_AWS", { "aws_account_id", "cluster_identifier" } },
    { "SOURCE_AZURE", { "connection_service_id", "sub_resource_name" } },
    { "DATABRICKS_AZURE", { "connection_service_id", "workspace_url" } },
    { "SNOWFLAKE_AZURE", { "account_url", "pls_id" } },
    { "ONELAKE_AZURE", { "connection_service_id" } },
    { "POSTGRES_WAREHOUSE_AZURE", { "connection_service_id" } },
    { "SQL_DATA_WAREHOUSE_AZURE", { "connection_service_id" } },
    { "SOURCE_GCP", { "private_connection_service_id" } },
    { "SNOWFLAKE_GCP", { "account_url", "pls_id" } },
    { "DATABRICKS_GCP", { "connection_service_id", "workspace_url" } },
    { NULL, { NULL } }
};


static const credhub_attribute_t  ngx_http_credhub_link_attributes[] = {
    { "name", CREDHUB_ATTRIBUTE_STRING, GIVEN, NULL, NULL },
    { "region", CREDHUB_ATTRIBUTE_STRING, GIVEN, NULL,
      ngx_http_credhub_regions },
    { "service", CREDHUB_ATTRIBUTE_STRING, GIVEN, NULL, NULL },
    { "state", CREDHUB_ATTRIBUTE_STRING, LISTED, NULL, NULL },
    { "state_summary", CREDHUB_ATTRIBUTE_STRING, LISTED, NULL, NULL },
    { "host", CREDHUB_ATTRIBUTE_STRING, LISTED, NULL, NULL },
    credhub_attributes_end
};


static const ngx_http_credhub_resource_t  ngx_http_credhub_private_links = {
    .kind = NGX_CREDHUB_PRIVATE_LINKS,
    .attributes = ngx_http_credhub_link_attributes,
    .created = "Private link has been created",
    .updated = "Private link has been updated",
    .deleted = "Private link with id '%s' is marked for deletion",
    .config = 1,
    .config_listed = 1,
    .check = ngx_http_credhub_link_check,
    .taken = ngx_http_credhub_link_taken,
    .destroy = ngx_http_credhub_link_destroy,
    .show = ngx_http_credhub_link_show,
};


const ngx_http_credhub_way_t  ngx_http_credhub_private_link_create =
    ngx_http_credhub_object_way("CREATE_PRIVATE_LINK",
        ngx_http_credhub_object_create, ngx_http_credhub_private_links);

const ngx_http_credhub_way_t  ngx_http_credhub_private_link_get =
    ngx_http_credhub_object_way("GET_PRIVATE_LINK",
        ngx_http_credhub_object_get, ngx_http_credhub_private_links);

const ngx_http_credhub_way_t  ngx_http_credhub_private_link_patch =
    ngx_http_credhub_object_way("UPDATE_PRIVATE_LINK",
        ngx_http_credhub_object_patch, ngx_http_credhub_private_links);

const ngx_http_credhub_way_t  ngx_http_credhub_private_link_delete =
    ngx_http_credhub_object_way("DELETE_PRIVATE_LINK",
        ngx_http_credhub_object_destroy, ngx_http_credhub_private_links);

const ngx_http_credhub_way_t  ngx_http_credhub_private_links_list =
    ngx_http_credhub_object_list_way("LIST_PRIVATE_LINKS",
        ngx_http_credhub_private_links, NULL);

const ngx_credhub_operation_t  ngx_http_credhub_private_link_claim = {
    "CLAIM_PRIVATE_LINK",
    steps(ngx_http_credhub_claim_parse,
          ngx_credhub_ready,
          ngx_http_credhub_claim_send,
          ngx_http_credhub_claim_answer),
    sizeof(ngx_http_credhub_claim_t)
};

/* clang-format on */


static credhub_error_e
ngx_http_credhub_link_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t   lease;
    credhub_error_e error;

    if (ctx->creating) {
        error = ngx_http_credhub_link_name(op, ctx);

        if (error == CREDHUB_OK) {
            error = ngx_http_credhub_link_config(op, ctx);
        }

        return error == CREDHUB_OK ? ngx_http_credhub_link_waits(
                   op, ctx, NGX_CREDHUB_LINK_CREATING)
                                   : error;
    }

    error = ngx_http_credhub_link_text(op, ctx->body, "lease", &lease);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (lease.len != 0) {
        return ngx_http_credhub_link_provisioned(op, ctx, lease);
    }

    error = ngx_http_credhub_link_rests(op, ctx);

    if (error == CREDHUB_OK && ctx->config_given) {
        error = ngx_http_credhub_link_config(op, ctx);

        return error == CREDHUB_OK ? ngx_http_credhub_link_waits(
                   op, ctx, NGX_CREDHUB_LINK_UPDATING)
                                   : error;
    }

    return error;
}


static credhub_error_e
ngx_http_credhub_link_name(ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t name;

    name = credhub_object_get(op->arena, ctx->attributes, "name");

    if (name.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    op->detail = credhub_str("name");

    return name.len > NGX_HTTP_CREDHUB_LINK_NAME ? CREDHUB_E_FIELD_INVALID
                                                 : CREDHUB_OK;
}


/* Keys that the service needs are strings; whatever else is there is kept. */

static credhub_error_e
ngx_http_credhub_link_config(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    ngx_uint_t         i;
    credhub_str_t      value;
    const char *const *keys;

    keys = ngx_http_credhub_link_keys(op, ctx);

    if (keys == NULL) {
        op->detail = credhub_str("service");
        return CREDHUB_E_FIELD_INVALID;
    }

    if (!ctx->config_given) {
        op->detail = credhub_str("config");
        return CREDHUB_E_FIELD_REQUIRED;
    }

    for (i = 0; i < NGX_HTTP_CREDHUB_LINK_KEYS && keys[i] != NULL; i++) {
        op->detail.data = (u_char *) keys[i];
        op->detail.len = ngx_strlen(keys[i]);

        if (!ngx_http_credhub_given(ctx->config, keys[i])) {
            return CREDHUB_E_FIELD_REQUIRED;
        }

        (void) credhub_json_get(ctx->config, keys[i], &value);

        if (credhub_str_eq(value, credhub_str("\"\""))) {
            return CREDHUB_E_FIELD_REQUIRED;
        }

        if (credhub_json_kind(value) != CREDHUB_JSON_STRING) {
            return CREDHUB_E_FIELD_INVALID;
        }
    }

    return CREDHUB_OK;
}


/* The keys that a config of its service must have; NULL: no such service. */

static const char *const *
ngx_http_credhub_link_keys(ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t                          name;
    const ngx_http_credhub_link_service_t *service;

    name = credhub_object_get(op->arena, ctx->attributes, "service");

    for (service = ngx_http_credhub_link_services; service->name != NULL;
         service++) {
        if (name.len == ngx_strlen(service->name)
            && ngx_memcmp(name.data, service->name, name.len) == 0)
        {
            return service->keys;
        }
    }

    return NULL;
}


/* Nobody works on it, and nobody will. */

static credhub_error_e
ngx_http_credhub_link_rests(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t state;
    credhub_buf_t text;

    state = credhub_object_get(op->arena, ctx->current->attributes, "state");

    if (state.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (credhub_str_eq(state, credhub_str(NGX_CREDHUB_LINK_OK))
        || credhub_str_eq(state, credhub_str(NGX_CREDHUB_LINK_FAIL)))
    {
        return CREDHUB_OK;
    }

    credhub_buf_init(&text, op->arena, 128);
    credhub_buf_lit(&text, "Private link with id '");
    credhub_buf_add_str(&text, ctx->id);
    credhub_buf_lit(&text, "' cannot be changed in state ");
    credhub_buf_add_str(&text, state);

    op->detail = credhub_buf_str(&text);

    return text.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_ILLEGAL_STATE;
}


/* It has to be provisioned: by whom is what its summary says. */

static credhub_error_e
ngx_http_credhub_link_waits(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, const char *state)
{
    ngx_int_t          rc;
    credhub_buf_t      text;
    credhub_endpoint_t endpoint;

    rc = ngx_credhub_private_link_endpoint(op, ctx->config, &endpoint);

    if (rc == NGX_ERROR) {
        return CREDHUB_E_INTERNAL;
    }

    ctx->change.due = (rc == NGX_OK);

    if (rc == NGX_OK && op->hub->probe_allow != NULL) {
        return ngx_http_credhub_link_move(op, ctx, state,
            credhub_str("The hub is about to reach the endpoint."),
            credhub_null_str);
    }

    credhub_buf_init(&text, op->arena, 256);

    if (rc == NGX_OK) {
        credhub_buf_lit(
            &text, "This hub may reach no networks (credhub_probe_allow). ");
    } else {
        credhub_buf_lit(&text,
            "The config names no endpoint (HOST:PORT or a URL) that the hub "
            "could reach. ");
    }

    credhub_buf_lit(
        &text, "A provisioner has to claim it: POST /v1/private-links/");
    credhub_buf_add_str(&text, ctx->id);
    credhub_buf_lit(&text, "/claim");

    return text.failed ? CREDHUB_E_INTERNAL
                       : ngx_http_credhub_link_move(op, ctx, state,
                           credhub_buf_str(&text), credhub_null_str);
}


/* The end of a claim: who brings the lease says how it went. */

static credhub_error_e
ngx_http_credhub_link_provisioned(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, credhub_str_t lease)
{
    ngx_uint_t      ok;
    credhub_str_t   state, summary, host;
    credhub_error_e error;

    error = ngx_http_credhub_link_text(op, ctx->body, "state", &state);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_link_text(
            op, ctx->body, "state_summary", &summary);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_link_text(op, ctx->body, "host", &host);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    ok = credhub_str_eq(state, credhub_str(NGX_CREDHUB_LINK_OK));

    if (!ok && !credhub_str_eq(state, credhub_str(NGX_CREDHUB_LINK_FAIL))) {
        op->detail = credhub_str("state");
        return state.len == 0 ? CREDHUB_E_FIELD_REQUIRED
                              : CREDHUB_E_FIELD_INVALID;
    }

    if (host.len != 0 && !credhub_host_valid(host)) {
        op->detail = credhub_str("host");
        return CREDHUB_E_FIELD_INVALID;
    }

    if (ctx->config_given) {
        op->detail = credhub_str("A lease is not ended with another config");
        return CREDHUB_E_INPUT;
    }

    if (summary.len == 0) {
        summary = ok ? credhub_str("Provisioned")
                     : credhub_str("The provisioner has failed");
    }

    ctx->given = 1;
    ctx->change.lease = lease;

    return ngx_http_credhub_link_move(op, ctx,
        ok ? NGX_CREDHUB_LINK_OK : NGX_CREDHUB_LINK_FAIL, summary, host);
}


/* A member that is a string, empty when there is none. */

static credhub_error_e
ngx_http_credhub_link_text(ngx_credhub_op_t *op, credhub_str_t body,
    const char *name, credhub_str_t *text)
{
    *text = credhub_null_str;

    if (!ngx_http_credhub_given(body, name)) {
        return CREDHUB_OK;
    }

    if (credhub_json_get_string(op->arena, body, name, text) != 1
        || text->len > CREDHUB_ATTRIBUTE_MAX)
    {
        op->detail.data = (u_char *) name;
        op->detail.len = ngx_strlen(name);
        return CREDHUB_E_FIELD_INVALID;
    }

    return CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_link_move(ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx,
    const char *state, credhub_str_t summary, credhub_str_t host)
{
    credhub_error_e error;

    op->detail = credhub_null_str;
    ctx->change.object.attributes = ctx->attributes;

    error =
        ngx_credhub_private_link_change(op, &ctx->change, state, summary, host);

    ctx->attributes = ctx->change.object.attributes;

    return error;
}


static credhub_error_e
ngx_http_credhub_link_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    op->detail = ngx_http_credhub_message(
        op, "A private link with name '%s' already exists", ctx->change.unique);

    return op->detail.data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_E_CONFLICT;
}


static credhub_error_e
ngx_http_credhub_link_destroy(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    return ngx_credhub_private_link_change(op, &ctx->change,
        NGX_CREDHUB_LINK_DESTROYING,
        credhub_str("The hub is about to remove it."),
        credhub_object_get(op->arena, ctx->current->attributes, "host"));
}


static void
ngx_http_credhub_link_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object, ngx_uint_t listed)
{
    credhub_str_t cloud;

    cloud = credhub_object_get(op->arena, object->attributes, "region");

    for (cloud.len = 0; cloud.data != NULL && cloud.data[cloud.len] != '_'
                        && cloud.data[cloud.len] != '\0';
         cloud.len++)
    {
        /* void: a region begins with its cloud */
    }

    ngx_http_credhub_add_text(buf, "cloud_provider", cloud);
    ngx_http_credhub_add_text(buf, "account_id", op->hub->store->hub);
    ngx_http_credhub_add_date(buf, "created_at", object->created);
    ngx_http_credhub_add_text(buf, "created_by", object->creator);
}


static ngx_credhub_rc_e
ngx_http_credhub_claim_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_claim_t *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    ctx->id = input->params[0];

    error = ngx_credhub_object_name(
        op, NGX_CREDHUB_PRIVATE_LINKS, ctx->id, &ctx->key, &ctx->path);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_guard(
            op, CREDHUB_OP_WRITE, ctx->path, &ctx->guard);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_claim_send(ngx_credhub_op_t *op)
{
    ngx_http_credhub_claim_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_link_claim(
            call, op->hub->store, ctx->key, NGX_HTTP_CREDHUB_CLAIM, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_claim_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_claim_t *ctx = op->ctx;

    credhub_buf_t        data;
    credhub_error_e      error;
    ngx_credhub_object_t link;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_link_claimed(op->call, &link, &error) != NGX_OK) {
        if (error == CREDHUB_E_ILLEGAL_STATE) {
            return ngx_credhub_op_fail(op, error,
                credhub_str("The private link does not wait for anybody"));
        }

        return ngx_credhub_op_fail(op, error, ctx->id);
    }

    credhub_buf_init(&data, op->arena, 128);
    credhub_buf_lit(&data, "{\"lease\":");
    credhub_json_add_string(&data, link.lease);
    ngx_http_credhub_add_date(&data, "expires_at", link.until);
    credhub_buf_lit(&data, "}");

    return data.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                       : ngx_http_credhub_envelope(op, NGX_HTTP_OK,
                           credhub_str("Private link has been claimed"),
                           credhub_buf_str(&data));
}
