
/* How a connection or a destination is reached, where it can be, and where its
 * secrets are. */

#include "ngx_http_credhub_networking.h"


static credhub_error_e ngx_http_credhub_networking_method(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_networking_link(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_networking_keys(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);


/* clang-format off */

const char *const  ngx_http_credhub_regions[] = {
    "GCP_US_EAST4", "GCP_US_WEST1", "GCP_US_CENTRAL1", "GCP_EUROPE_WEST3",
    "GCP_AUSTRALIA_SOUTHEAST1", "GCP_NORTHAMERICA_NORTHEAST1",
    "GCP_EUROPE_WEST2", "GCP_ASIA_SOUTHEAST1", "GCP_ASIA_SOUTHEAST2",
    "GCP_ASIA_SOUTH1", "GCP_ASIA_NORTHEAST1",

    "AWS_US_EAST_1", "AWS_US_EAST_2", "AWS_US_WEST_2", "AWS_AP_NORTHEAST_1",
    "AWS_AP_SOUTHEAST_1", "AWS_AP_SOUTHEAST_2", "AWS_EU_CENTRAL_1",
    "AWS_EU_WEST_1", "AWS_EU_WEST_2", "AWS_AP_SOUTH_1", "AWS_CA_CENTRAL_1",
    "AWS_US_GOV_WEST_1",

    "AZURE_EASTUS2", "AZURE_AUSTRALIAEAST", "AZURE_UKSOUTH",
    "AZURE_WESTEUROPE", "AZURE_CENTRALUS", "AZURE_CANADACENTRAL",
    "AZURE_UAENORTH", "AZURE_SOUTHEASTASIA", "AZURE_EASTUS",
    "AZURE_JAPANEAST", "AZURE_CENTRALINDIA",

    NULL
};

/* clang-format on */


const char *const ngx_http_credhub_networking_methods[] = { "Directly",
    "PrivateLink", "SshTunnel", "ProxyAgent", NULL };


credhub_error_e
ngx_http_credhub_networking(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_error_e error;

    error = ngx_http_credhub_networking_method(op, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_networking_link(op, ctx);
    }

    return error == CREDHUB_OK ? ngx_http_credhub_networking_keys(op, ctx)
                               : error;
}


/* Nobody has to name the method of a tunnel. */

static credhub_error_e
ngx_http_credhub_networking_method(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t method, tunnel;

    method =
        credhub_object_get(op->arena, ctx->attributes, "networking_method");

    if (method.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (method.len != 0) {
        return CREDHUB_OK;
    }

    tunnel = credhub_str("");

    if (ctx->config.len != 0) {
        tunnel = credhub_config_get(op->arena, ctx->config, "tunnel_host");
    }

    if (tunnel.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return ngx_http_credhub_attribute_set(op, ctx, "networking_method",
        tunnel.len != 0 ? credhub_str("SshTunnel") : credhub_str("Directly"));
}


/* A link goes when another method is chosen. */

static credhub_error_e
ngx_http_credhub_networking_link(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    if (ngx_http_credhub_attribute_is(op, ctx, "private_link_id", "")
        || ngx_http_credhub_attribute_is(
            op, ctx, "networking_method", "PrivateLink"))
    {
        return CREDHUB_OK;
    }

    if (ngx_http_credhub_given(ctx->body, "private_link_id")) {
        op->detail = credhub_str("Networking method must be PrivateLink in "
                                 "order to set private_link_id");
        return CREDHUB_E_INPUT;
    }

    return ngx_http_credhub_attribute_set(
        op, ctx, "private_link_id", credhub_null_str);
}


static credhub_error_e
ngx_http_credhub_networking_keys(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t       keys, key, value;
    credhub_json_iter_t iter;

    if (!credhub_json_get(
            ctx->attributes, "external_secrets_keys_config", &keys)
        || credhub_json_kind(keys) != CREDHUB_JSON_OBJECT)
    {
        return CREDHUB_OK;
    }

    credhub_json_iter(&iter, keys);

    while (credhub_json_member(&iter, &key, &value)) {
        if (credhub_json_kind(value) != CREDHUB_JSON_STRING) {
            return ngx_http_credhub_invalid(op, "external_secrets_keys_config");
        }
    }

    return CREDHUB_OK;
}


ngx_uint_t
ngx_http_credhub_attribute_is(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, const char *name, const char *value)
{
    credhub_str_t plain;

    plain = credhub_object_get(op->arena, ctx->attributes, name);

    return plain.data != NULL && plain.len == ngx_strlen(value)
           && ngx_memcmp(plain.data, value, plain.len) == 0;
}


credhub_error_e
ngx_http_credhub_attribute_set(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, const char *name, credhub_str_t plain)
{
    ctx->attributes =
        credhub_object_set_string(op->arena, ctx->attributes, name, plain);

    return ctx->attributes.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


credhub_error_e
ngx_http_credhub_invalid(ngx_credhub_op_t *op, const char *field)
{
    op->detail.data = (u_char *) field;
    op->detail.len = ngx_strlen(field);

    return CREDHUB_E_FIELD_INVALID;
}
