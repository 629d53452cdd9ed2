
/*
 * /v1/external-secrets-managers: where the secrets of connections and
 * destinations are, and which of them are there.
 */

#include "ngx_http_credhub_object.h"
#include "credhub_manager.h"


static credhub_error_e ngx_http_credhub_manager_rules(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_manager_hybrid(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, int *hybrid);
static credhub_error_e ngx_http_credhub_manager_external_id(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_manager_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static void            ngx_http_credhub_manager_show(ngx_credhub_op_t *op,
               credhub_buf_t *buf, const ngx_credhub_object_t *object, ngx_uint_t listed);
static credhub_error_e ngx_http_credhub_manager_used(ngx_credhub_op_t *op,
    const ngx_credhub_object_result_t *result, credhub_str_t id);
static credhub_error_e ngx_http_credhub_entities_of(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page);
static credhub_error_e ngx_http_credhub_entities_any(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page);
static credhub_error_e ngx_http_credhub_entities_in(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t manager);
static ngx_uint_t      ngx_http_credhub_entities_fit(ngx_credhub_op_t *op,
         ngx_http_credhub_page_t *page, const ngx_credhub_object_t *object);
static credhub_error_e ngx_http_credhub_entity(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_object_t *object);


/* clang-format off */

#define CREATE    CREDHUB_ATTRIBUTE_CREATE
#define REQUIRED  CREDHUB_ATTRIBUTE_REQUIRED
#define LISTED    CREDHUB_ATTRIBUTE_LISTED


static const char *const  ngx_http_credhub_manager_types[] = {
    "AWS_SECRET_MANAGER", "AZURE_KEY_VAULT", "HASHICORP_VAULT", NULL
};


static const credhub_attribute_t  ngx_http_credhub_manager_attributes[] = {
    { "type", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL,
      ngx_http_credhub_manager_types },
    { "name", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL, NULL },
    { "is_hybrid_deployment", CREDHUB_ATTRIBUTE_BOOL, CREATE|LISTED, "false",
      NULL },
    { "is_hybrid_deployment_compatible", CREDHUB_ATTRIBUTE_BOOL,
      CREATE|LISTED, "false", NULL },
    credhub_attributes_end
};


static const ngx_http_credhub_resource_t  ngx_http_credhub_managers = {
    .kind = NGX_CREDHUB_MANAGERS,
    .attributes = ngx_http_credhub_manager_attributes,
    .created = "External Secrets Manager has been created",
    .updated = "External Secrets Manager has been updated",
    .deleted = "External Secrets Manager '%s' has been deleted.",
    .config = 1,
    .masked = 1,
    .check = ngx_http_credhub_manager_rules,
    .taken = ngx_http_credhub_manager_taken,
    .show = ngx_http_credhub_manager_show,
    .used = ngx_http_credhub_manager_used,
};


static const ngx_http_credhub_listing_t  ngx_http_credhub_entities_one = {
    ngx_http_credhub_entities_of, ngx_http_credhub_entities_fit,
    ngx_http_credhub_entity
};

static const ngx_http_credhub_listing_t  ngx_http_credhub_entities_all = {
    ngx_http_credhub_entities_any, ngx_http_credhub_entities_fit,
    ngx_http_credhub_entity
};


const ngx_http_credhub_way_t  ngx_http_credhub_manager_create =
    ngx_http_credhub_object_way("CREATE_SECRETS_MANAGER",
        ngx_http_credhub_object_create, ngx_http_credhub_managers);

const ngx_http_credhub_way_t  ngx_http_credhub_manager_get =
    ngx_http_credhub_object_way("GET_SECRETS_MANAGER",
        ngx_http_credhub_object_get, ngx_http_credhub_managers);

const ngx_http_credhub_way_t  ngx_http_credhub_manager_patch =
    ngx_http_credhub_object_way("UPDATE_SECRETS_MANAGER",
        ngx_http_credhub_object_patch, ngx_http_credhub_managers);

const ngx_http_credhub_way_t  ngx_http_credhub_manager_delete =
    ngx_http_credhub_object_way("DELETE_SECRETS_MANAGER",
        ngx_http_credhub_object_delete, ngx_http_credhub_managers);

const ngx_http_credhub_way_t  ngx_http_credhub_managers_list =
    ngx_http_credhub_object_list_way("LIST_SECRETS_MANAGERS",
        ngx_http_credhub_managers, NULL);

const ngx_http_credhub_way_t  ngx_http_credhub_manager_entities =
    ngx_http_credhub_object_list_way("LIST_SECRETS_MANAGER_ENTITIES",
        ngx_http_credhub_managers, &ngx_http_credhub_entities_one);

const ngx_http_credhub_way_t  ngx_http_credhub_managers_entities =
    ngx_http_credhub_object_list_way("LIST_SECRETS_MANAGER_ENTITIES",
        ngx_http_credhub_managers, &ngx_http_credhub_entities_all);

/* clang-format on */


static credhub_error_e
ngx_http_credhub_manager_rules(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    int               hybrid;
    credhub_error_e   error;
    credhub_manager_e type;

    if (!ctx->config_given) {
        return CREDHUB_E_MANAGER_CONFIG;
    }

    type = credhub_manager_type(
        credhub_object_get(op->arena, ctx->attributes, "type"));
    error = ngx_http_credhub_manager_hybrid(op, ctx, &hybrid);

    if (error == CREDHUB_OK) {
        error = credhub_manager_check(
            op->arena, type, ctx->config, hybrid, &op->detail);
    }

    if (error == CREDHUB_OK && ctx->creating && type == CREDHUB_MANAGER_AWS) {
        error = ngx_http_credhub_manager_external_id(op, ctx);
    }

    ctx->change.unique = credhub_object_get(op->arena, ctx->attributes, "name");

    return error == CREDHUB_OK && ctx->change.unique.data == NULL
               ? CREDHUB_E_INTERNAL
               : error;
}


/* The flag has two names. */

static credhub_error_e
ngx_http_credhub_manager_hybrid(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, int *hybrid)
{
    ngx_uint_t               i;
    static const char *const names[] = { "is_hybrid_deployment",
        "is_hybrid_deployment_compatible" };

    *hybrid = credhub_object_flag(ctx->attributes, names[0])
              || credhub_object_flag(ctx->attributes, names[1]);

    for (i = 0; i < 2 && *hybrid; i++) {
        ctx->attributes = credhub_object_set(
            op->arena, ctx->attributes, names[i], credhub_str("true"));

        if (ctx->attributes.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    return CREDHUB_OK;
}


/* What the trust policy of the role asks for, unless there is one already. */

static credhub_error_e
ngx_http_credhub_manager_external_id(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    u_char        id[CREDHUB_OBJECT_ID_LEN];
    credhub_buf_t member;

    if (ngx_http_credhub_given(ctx->config, "external_id")) {
        return CREDHUB_OK;
    }

    if (credhub_object_id(id) != 0) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&member, op->arena, 64);
    credhub_buf_lit(&member, "{\"external_id\":\"");
    credhub_buf_add(&member, id, sizeof(id));
    credhub_buf_lit(&member, "\"}");

    return member.failed ? CREDHUB_E_INTERNAL
                         : credhub_config_merge(op->arena, ctx->config,
                             credhub_buf_str(&member), CREDHUB_PORT_AS_IS, 1,
                             &ctx->config);
}


static credhub_error_e
ngx_http_credhub_manager_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    op->detail = credhub_str("The name is that of another External Secrets "
                             "Manager.");

    return CREDHUB_E_MANAGER_INPUT;
}


static void
ngx_http_credhub_manager_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object, ngx_uint_t listed)
{
    ngx_http_credhub_add_date(buf, "created_at", object->created);
    ngx_http_credhub_add_date(buf, "updated_at", object->updated);
}


static credhub_error_e
ngx_http_credhub_manager_used(ngx_credhub_op_t *op,
    const ngx_credhub_object_result_t *result, credhub_str_t id)
{
    credhub_buf_t text;

    credhub_buf_init(&text, op->arena, 256);
    credhub_buf_lit(&text, "Failed to delete External Secrets Manager with '");
    credhub_buf_add_str(&text, id);
    credhub_buf_printf(&text,
        "' id, because it is used by %u connection(s) and %u destination(s).",
        (unsigned) result->connections, (unsigned) result->destinations);

    op->detail = credhub_buf_str(&text);

    return text.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_MANAGER_INPUT;
}


static credhub_error_e
ngx_http_credhub_entities_of(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page)
{
    ngx_http_credhub_input_t *input = op->input;

    return ngx_http_credhub_entities_in(op, page, input->params[0]);
}


static credhub_error_e
ngx_http_credhub_entities_any(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page)
{
    ngx_http_credhub_input_t *input = op->input;

    return ngx_http_credhub_entities_in(
        op, page, credhub_query_value(&input->query, "esm_id"));
}


static credhub_error_e
ngx_http_credhub_entities_in(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t manager)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    page->owner_kind = NGX_CREDHUB_MANAGERS;
    page->owner = manager;
    page->with = credhub_str("groups");
    page->kind = credhub_query_value(&input->query, "type");

    if (page->kind.len != 0
        && !credhub_str_eq(page->kind, credhub_str("source"))
        && !credhub_str_eq(page->kind, credhub_str("destination"))
        && !credhub_str_eq(page->kind, credhub_str("all")))
    {
        op->detail = credhub_str("type");
        return CREDHUB_E_FIELD_INVALID;
    }

    error = ngx_http_credhub_page_named(op, page, page->kind);

    return error == CREDHUB_OK ? ngx_http_credhub_page_users(
               op, page, NGX_CREDHUB_MANAGERS, manager)
                               : error;
}


static ngx_uint_t
ngx_http_credhub_entities_fit(ngx_credhub_op_t *op,
    ngx_http_credhub_page_t *page, const ngx_credhub_object_t *object)
{
    if (credhub_str_eq(page->kind, credhub_str("source"))) {
        return ngx_credhub_object_is(object->key, NGX_CREDHUB_CONNECTIONS);
    }

    return !credhub_str_eq(page->kind, credhub_str("destination"))
           || ngx_credhub_object_is(object->key, NGX_CREDHUB_DESTINATIONS);
}


static credhub_error_e
ngx_http_credhub_entity(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object)
{
    ngx_uint_t    source, enabled;
    credhub_str_t name, state, manager;

    source = ngx_credhub_object_is(object->key, NGX_CREDHUB_CONNECTIONS);

    name = source ? credhub_object_get(op->arena, object->attributes, "schema")
                  : credhub_object_get(op->arena, object->related, "name");
    state = credhub_object_get(
        op->arena, object->attributes, source ? "setup_state" : "setup_status");
    manager = credhub_object_get(
        op->arena, object->attributes, "external_secrets_manager_id");

    if (name.data == NULL || state.data == NULL || manager.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    enabled = credhub_str_eq(state, credhub_str("connected"))
              && !(source && credhub_object_flag(object->attributes, "paused"));

    credhub_buf_lit(buf, "{\"id\":");
    credhub_json_add_string(buf, ngx_credhub_object_key_id(object->key));
    credhub_buf_printf(buf, ",\"type\":\"%s\",\"enabled\":%s",
        source ? "SOURCE" : "DESTINATION", enabled ? "true" : "false");
    ngx_http_credhub_add_text(buf, "name", name);
    ngx_http_credhub_add_text(buf, "secret_manager_id", manager);
    ngx_http_credhub_add_date(buf, "created_at", object->created);
    credhub_buf_lit(buf, "}");

    return CREDHUB_OK;
}
