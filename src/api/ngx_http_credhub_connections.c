
/*
 * /v1/connections, and /v1/connectors as they were called once: named endpoints
 * of others, with their config and the way to them.
 */

#include "ngx_http_credhub_connection_rules.h"
#include "ngx_http_credhub_networking.h"


static void ngx_http_credhub_connection_show(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_object_t *object, ngx_uint_t listed);
static void ngx_http_credhub_connection_status(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_object_t *object);

static credhub_error_e ngx_http_credhub_connections_all(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page);
static credhub_error_e ngx_http_credhub_connections_of_group(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page);
static credhub_error_e ngx_http_credhub_connections_in(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t group);
static ngx_uint_t ngx_http_credhub_connections_fit(ngx_credhub_op_t *op,
    ngx_http_credhub_page_t *page, const ngx_credhub_object_t *object);


/* clang-format off */

#define CREATE    CREDHUB_ATTRIBUTE_CREATE
#define PATCH     CREDHUB_ATTRIBUTE_PATCH
#define REQUIRED  CREDHUB_ATTRIBUTE_REQUIRED
#define LISTED    CREDHUB_ATTRIBUTE_LISTED
#define OPTIONAL  CREDHUB_ATTRIBUTE_OPTIONAL
#define HIDDEN    CREDHUB_ATTRIBUTE_HIDDEN

#define values(...)  (const char *const []) { __VA_ARGS__, NULL }


static const credhub_attribute_t  ngx_http_credhub_connection_attributes[] = {
    { "group_id", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL,
      NULL },
    { "service", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL,
      NULL },
    { "service_version", CREDHUB_ATTRIBUTE_INT, LISTED, "1", NULL },
    { "schema", CREDHUB_ATTRIBUTE_STRING, LISTED, NULL, NULL },
    { "paused", CREDHUB_ATTRIBUTE_BOOL, CREATE|PATCH|LISTED, "false", NULL },
    { "pause_after_trial", CREDHUB_ATTRIBUTE_BOOL, CREATE|PATCH|LISTED,
      "false", NULL },
    { "sync_frequency", CREDHUB_ATTRIBUTE_INT, CREATE|PATCH|LISTED, "360",
      values("1", "5", "15", "30", "60", "120", "180", "360", "480", "720",
             "1440") },
    { "daily_sync_time", CREDHUB_ATTRIBUTE_STRING, CREATE|PATCH|LISTED, NULL,
      NULL },
    { "schedule_type", CREDHUB_ATTRIBUTE_STRING, CREATE|PATCH|LISTED,
      "\"auto\"", values("auto", "manual") },
    ngx_http_credhub_networking_rows(CREATE|PATCH|LISTED),
    { "data_delay_sensitivity", CREDHUB_ATTRIBUTE_STRING, CREATE|PATCH|LISTED,
      "\"NORMAL\"", values("LOW", "NORMAL", "HIGH", "CUSTOM",
                           "SYNC_FREQUENCY") },
    { "data_delay_threshold", CREDHUB_ATTRIBUTE_INT, CREATE|PATCH|LISTED, "0",
      NULL },
    { "destination_schema_names", CREDHUB_ATTRIBUTE_STRING,
      CREATE|PATCH|LISTED|OPTIONAL, NULL,
      values("FIVETRAN_NAMING", "SOURCE_NAMING") },
    { "destination_configuration", CREDHUB_ATTRIBUTE_OBJECT,
      CREATE|PATCH|LISTED|OPTIONAL, NULL, NULL },
    { "connect_card_config", CREDHUB_ATTRIBUTE_OBJECT,
      CREATE|PATCH|LISTED|OPTIONAL, NULL, NULL },
    { "schedule", CREDHUB_ATTRIBUTE_OBJECT, CREATE|PATCH|LISTED|OPTIONAL, NULL,
      NULL },
    { "is_historical_sync", CREDHUB_ATTRIBUTE_BOOL, PATCH|HIDDEN, "true",
      NULL },
    { "schema_status", CREDHUB_ATTRIBUTE_STRING, PATCH|HIDDEN, NULL,
      values("ready", "blocked_on_capture") },
    { "setup_state", CREDHUB_ATTRIBUTE_STRING, HIDDEN, "\"incomplete\"",
      NULL },
    credhub_attributes_end
};


static const ngx_http_credhub_ref_t  ngx_http_credhub_connection_refs[] = {
    { "group_id", NGX_CREDHUB_GROUPS, CREDHUB_OK },
    { "private_link_id", NGX_CREDHUB_PRIVATE_LINKS, CREDHUB_OK },
    { "external_secrets_manager_id", NGX_CREDHUB_MANAGERS, CREDHUB_OK },
    { NULL, 0, CREDHUB_OK }
};


#define connection_resource(noun)                                             \
    {                                                                         \
        .kind = NGX_CREDHUB_CONNECTIONS,                                      \
        .attributes = ngx_http_credhub_connection_attributes,                 \
        .refs = ngx_http_credhub_connection_refs,                             \
        .created = noun " has been created",                                  \
        .updated = noun " has been updated",                                  \
        .deleted = noun " with id '%s' has been deleted",                     \
        .listed = noun "s list retrieved successfully",                       \
        .state = "setup_state",                                               \
        .ports = CREDHUB_PORT_NUMBER,                                         \
        .config = 1,                                                          \
        .masked = 1,                                                          \
        .check = ngx_http_credhub_connection_check,                           \
        .taken = ngx_http_credhub_connection_taken,                           \
        .show = ngx_http_credhub_connection_show,                             \
    }

static const ngx_http_credhub_resource_t  ngx_http_credhub_connections =
    connection_resource("Connection");

static const ngx_http_credhub_resource_t  ngx_http_credhub_connectors =
    connection_resource("Connector");

static const ngx_http_credhub_listing_t  ngx_http_credhub_connections_listing =
    { ngx_http_credhub_connections_all, ngx_http_credhub_connections_fit,
      NULL };

static const ngx_http_credhub_listing_t  ngx_http_credhub_group_listing =
    { ngx_http_credhub_connections_of_group, ngx_http_credhub_connections_fit,
      NULL };


const ngx_http_credhub_way_t  ngx_http_credhub_connection_create =
    ngx_http_credhub_object_way("CREATE_CONNECTION",
        ngx_http_credhub_object_create, ngx_http_credhub_connections);

const ngx_http_credhub_way_t  ngx_http_credhub_connection_get =
    ngx_http_credhub_object_way("GET_CONNECTION",
        ngx_http_credhub_object_get, ngx_http_credhub_connections);

const ngx_http_credhub_way_t  ngx_http_credhub_connection_patch =
    ngx_http_credhub_object_way("UPDATE_CONNECTION",
        ngx_http_credhub_object_patch, ngx_http_credhub_connections);

const ngx_http_credhub_way_t  ngx_http_credhub_connection_delete =
    ngx_http_credhub_object_way("DELETE_CONNECTION",
        ngx_http_credhub_object_delete, ngx_http_credhub_connections);

const ngx_http_credhub_way_t  ngx_http_credhub_connection_test =
    ngx_http_credhub_object_way("TEST_CONNECTION",
        ngx_http_credhub_object_test, ngx_http_credhub_connections);

const ngx_http_credhub_way_t  ngx_http_credhub_connections_list =
    ngx_http_credhub_object_list_way("LIST_CONNECTIONS",
        ngx_http_credhub_connections, &ngx_http_credhub_connections_listing);

const ngx_http_credhub_way_t  ngx_http_credhub_group_connections =
    ngx_http_credhub_object_list_way("LIST_CONNECTIONS",
        ngx_http_credhub_connections, &ngx_http_credhub_group_listing);


const ngx_http_credhub_way_t  ngx_http_credhub_connector_create =
    ngx_http_credhub_object_way("CREATE_CONNECTION",
        ngx_http_credhub_object_create, ngx_http_credhub_connectors);

const ngx_http_credhub_way_t  ngx_http_credhub_connector_patch =
    ngx_http_credhub_object_way("UPDATE_CONNECTION",
        ngx_http_credhub_object_patch, ngx_http_credhub_connectors);

const ngx_http_credhub_way_t  ngx_http_credhub_connector_delete =
    ngx_http_credhub_object_way("DELETE_CONNECTION",
        ngx_http_credhub_object_delete, ngx_http_credhub_connectors);

const ngx_http_credhub_way_t  ngx_http_credhub_connectors_list =
    ngx_http_credhub_object_list_way("LIST_CONNECTIONS",
        ngx_http_credhub_connectors, &ngx_http_credhub_connections_listing);

/* clang-format on */


static void
ngx_http_credhub_connection_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object, ngx_uint_t listed)
{
    ngx_http_credhub_add_text(buf, "connected_by", object->creator);
    ngx_http_credhub_add_date(buf, "created_at", object->created);
    credhub_buf_lit(buf, ",\"succeeded_at\":null,\"failed_at\":null");
    ngx_http_credhub_connection_status(op, buf, object);
}


static void
ngx_http_credhub_connection_status(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object)
{
    credhub_str_t state, schema;

    state = credhub_object_get(op->arena, object->attributes, "setup_state");
    schema = credhub_object_get(op->arena, object->attributes, "schema_status");

    credhub_buf_lit(buf, ",\"status\":{\"setup_state\":");
    credhub_json_add_string(buf, state);
    credhub_buf_lit(buf, ",\"sync_state\":\"");

    if (credhub_object_flag(object->attributes, "paused")) {
        credhub_buf_lit(buf, "paused");

    } else {
        credhub_buf_lit(buf, "scheduled");
    }

    credhub_buf_lit(
        buf, "\",\"update_state\":\"on_schedule\",\"is_historical_sync\":");

    if (credhub_object_flag(object->attributes, "is_historical_sync")) {
        credhub_buf_lit(buf, "true");

    } else {
        credhub_buf_lit(buf, "false");
    }

    if (schema.len != 0) {
        ngx_http_credhub_add_text(buf, "schema_status", schema);
    }

    credhub_buf_lit(buf, ",\"tasks\":[],\"warnings\":[]}");
}


static credhub_error_e
ngx_http_credhub_connections_all(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page)
{
    ngx_http_credhub_input_t *input = op->input;

    return ngx_http_credhub_connections_in(
        op, page, credhub_query_value(&input->query, "group_id"));
}


static credhub_error_e
ngx_http_credhub_connections_of_group(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page)
{
    ngx_http_credhub_input_t *input = op->input;

    page->owner_kind = NGX_CREDHUB_GROUPS;
    page->owner = input->params[0];

    return ngx_http_credhub_connections_in(op, page, page->owner);
}


/* Those of a group, and its destination, which does not fit, are what refers to
 * it. */

static credhub_error_e
ngx_http_credhub_connections_in(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t group)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    page->schema = credhub_query_value(&input->query, "schema");

    error = ngx_http_credhub_page_named(op, page, page->schema);

    return error != CREDHUB_OK || group.len == 0
               ? error
               : ngx_http_credhub_page_users(
                   op, page, NGX_CREDHUB_GROUPS, group);
}


static ngx_uint_t
ngx_http_credhub_connections_fit(ngx_credhub_op_t *op,
    ngx_http_credhub_page_t *page, const ngx_credhub_object_t *object)
{
    credhub_str_t schema;

    if (!ngx_credhub_object_is(object->key, NGX_CREDHUB_CONNECTIONS)) {
        return 0;
    }

    if (page->schema.len == 0) {
        return 1;
    }

    schema = credhub_object_get(op->arena, object->attributes, "schema");

    return credhub_str_eq(schema, page->schema);
}
