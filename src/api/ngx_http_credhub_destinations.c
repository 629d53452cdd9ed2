
/* /v1/destinations: the one place of a group where its data goes to. Its id is
 * that of the group. */

#include "ngx_http_credhub_networking.h"


#define NGX_HTTP_CREDHUB_OFFSET_MIN (-11) /* hours */
#define NGX_HTTP_CREDHUB_OFFSET_MAX 12


static credhub_error_e ngx_http_credhub_destination_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_destination_offset(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);


/* clang-format off */

#define CREATE    CREDHUB_ATTRIBUTE_CREATE
#define PATCH     CREDHUB_ATTRIBUTE_PATCH
#define REQUIRED  CREDHUB_ATTRIBUTE_REQUIRED
#define LISTED    CREDHUB_ATTRIBUTE_LISTED


static const credhub_attribute_t  ngx_http_credhub_destination_attributes[] = {
    { "group_id", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL,
      NULL },
    { "service", CREDHUB_ATTRIBUTE_STRING, CREATE|REQUIRED|LISTED, NULL,
      NULL },
    { "region", CREDHUB_ATTRIBUTE_STRING, CREATE|PATCH|LISTED,
      "\"GCP_US_EAST4\"", ngx_http_credhub_regions },
    { "time_zone_offset", CREDHUB_ATTRIBUTE_STRING,
      CREATE|PATCH|REQUIRED|LISTED, NULL, NULL },
    { "daylight_saving_time_enabled", CREDHUB_ATTRIBUTE_BOOL, CREATE|PATCH,
      "false", NULL },
    { "setup_status", CREDHUB_ATTRIBUTE_STRING, LISTED, "\"incomplete\"",
      NULL },
    ngx_http_credhub_networking_rows(CREATE|PATCH|LISTED),
    credhub_attributes_end
};


static const ngx_http_credhub_ref_t  ngx_http_credhub_destination_refs[] = {
    { "group_id", NGX_CREDHUB_GROUPS, CREDHUB_E_NOT_FOUND_PARENT },
    { "private_link_id", NGX_CREDHUB_PRIVATE_LINKS, CREDHUB_OK },
    { "external_secrets_manager_id", NGX_CREDHUB_MANAGERS, CREDHUB_OK },
    { NULL, 0, CREDHUB_OK }
};


static const ngx_http_credhub_resource_t  ngx_http_credhub_destinations = {
    .kind = NGX_CREDHUB_DESTINATIONS,
    .attributes = ngx_http_credhub_destination_attributes,
    .refs = ngx_http_credhub_destination_refs,
    .created = "Destination has been created",
    .updated = "Destination has been updated",
    .deleted = "Destination with id '%s' has been deleted",
    .listed = "Destinations list retrieved successfully",
    .exists = "The group has a destination already",
    .state = "setup_status",
    .ports = CREDHUB_PORT_STRING,
    .config = 1,
    .masked = 1,
    .check = ngx_http_credhub_destination_check,
};


const ngx_http_credhub_way_t  ngx_http_credhub_destination_create =
    ngx_http_credhub_object_way("CREATE_DESTINATION",
        ngx_http_credhub_object_create, ngx_http_credhub_destinations);

const ngx_http_credhub_way_t  ngx_http_credhub_destination_get =
    ngx_http_credhub_object_way("GET_DESTINATION",
        ngx_http_credhub_object_get, ngx_http_credhub_destinations);

const ngx_http_credhub_way_t  ngx_http_credhub_destination_patch =
    ngx_http_credhub_object_way("UPDATE_DESTINATION",
        ngx_http_credhub_object_patch, ngx_http_credhub_destinations);

const ngx_http_credhub_way_t  ngx_http_credhub_destination_delete =
    ngx_http_credhub_object_way("DELETE_DESTINATION",
        ngx_http_credhub_object_delete, ngx_http_credhub_destinations);

const ngx_http_credhub_way_t  ngx_http_credhub_destination_test =
    ngx_http_credhub_object_way("TEST_DESTINATION",
        ngx_http_credhub_object_test, ngx_http_credhub_destinations);

const ngx_http_credhub_way_t  ngx_http_credhub_destinations_list =
    ngx_http_credhub_object_list_way("LIST_DESTINATIONS",
        ngx_http_credhub_destinations, NULL);

/* clang-format on */


static credhub_error_e
ngx_http_credhub_destination_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_error_e error;

    if (ctx->creating) {
        if (!ctx->config_given) {
            op->detail = credhub_str("config");
            return CREDHUB_E_FIELD_REQUIRED;
        }

        ctx->id = credhub_object_get(op->arena, ctx->attributes, "group_id");

        if (ctx->id.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    error = ngx_http_credhub_destination_offset(op, ctx);

    return error == CREDHUB_OK ? ngx_http_credhub_networking(op, ctx) : error;
}


/* Hours with a sign, "0" without one. */

static credhub_error_e
ngx_http_credhub_destination_offset(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    u_char       *end, text[NGX_INT64_LEN + 1];
    int64_t       hours;
    credhub_str_t offset;

    offset = credhub_object_get(op->arena, ctx->attributes, "time_zone_offset");

    if (offset.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (offset.len > 1 && offset.data[0] == '+'
        && credhub_hex_digit(offset.data[1]) != -1)
    {
        offset.data++;
        offset.len--;
    }

    if (credhub_int64(offset, &hours) != 0
        || hours < NGX_HTTP_CREDHUB_OFFSET_MIN
        || hours > NGX_HTTP_CREDHUB_OFFSET_MAX)
    {
        return ngx_http_credhub_invalid(op, "time_zone_offset");
    }

    end = ngx_sprintf(text, hours > 0 ? "+%L" : "%L", hours);

    return ngx_http_credhub_attribute_set(
        op, ctx, "time_zone_offset", (credhub_str_t){ end - text, text });
}
