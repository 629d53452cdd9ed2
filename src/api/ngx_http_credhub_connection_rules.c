
/* Rules between the fields of a connection: when it is synced, and what it is
 * called in its group. */

#include "ngx_http_credhub_connection_rules.h"
#include "ngx_http_credhub_networking.h"


#define NGX_HTTP_CREDHUB_SCHEMA_ID 8 /* digits of the id in a name of ours */


static credhub_error_e ngx_http_credhub_connection_card(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_connection_schedule(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static ngx_uint_t      ngx_http_credhub_connection_hour(credhub_str_t time);
static credhub_error_e ngx_http_credhub_connection_delay(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_connection_schema(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
static credhub_error_e ngx_http_credhub_connection_named(ngx_credhub_op_t *op,
    ngx_http_credhub_object_t *ctx, credhub_str_t *schema);
static credhub_error_e ngx_http_credhub_connection_unique(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);


credhub_error_e
ngx_http_credhub_connection_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_error_e error;

    error = ngx_http_credhub_networking(op, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_connection_schedule(op, ctx);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_connection_delay(op, ctx);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_connection_card(op, ctx);
    }

    return error == CREDHUB_OK ? ngx_http_credhub_connection_schema(op, ctx)
                               : error;
}


/* A connect card has to know where it leads to. */

static credhub_error_e
ngx_http_credhub_connection_card(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t card;

    if (!credhub_json_get(ctx->attributes, "connect_card_config", &card)
        || credhub_json_kind(card) != CREDHUB_JSON_OBJECT
        || ngx_http_credhub_given(card, "redirect_uri"))
    {
        return CREDHUB_OK;
    }

    op->detail = credhub_str("connect_card_config.redirect_uri");

    return CREDHUB_E_FIELD_REQUIRED;
}


/* A time of day goes with a day between syncs, and goes with it. */

static credhub_error_e
ngx_http_credhub_connection_schedule(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t frequency, time;

    if (!credhub_json_get(ctx->attributes, "sync_frequency", &frequency)) {
        return CREDHUB_E_INTERNAL;
    }

    time = credhub_object_get(op->arena, ctx->attributes, "daily_sync_time");

    if (time.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (time.len == 0) {
        return CREDHUB_OK;
    }

    if (credhub_str_eq(frequency, credhub_str("1440"))) {
        return ngx_http_credhub_connection_hour(time)
                   ? CREDHUB_OK
                   : ngx_http_credhub_invalid(op, "daily_sync_time");
    }

    if (ngx_http_credhub_given(ctx->body, "daily_sync_time")) {
        op->detail =
            credhub_str("daily_sync_time requires a sync_frequency of 1440");
        return CREDHUB_E_INPUT;
    }

    return ngx_http_credhub_attribute_set(
        op, ctx, "daily_sync_time", credhub_null_str);
}


/* 00:00 to 23:00 */

static ngx_uint_t
ngx_http_credhub_connection_hour(credhub_str_t time)
{
    ngx_int_t hour;

    if (time.len != 5 || ngx_memcmp(time.data + 2, ":00", 3) != 0) {
        return 0;
    }

    hour = ngx_atoi(time.data, 2);

    return hour != NGX_ERROR && hour <= 23;
}


static credhub_error_e
ngx_http_credhub_connection_delay(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    int64_t       minutes;
    credhub_str_t threshold;

    if (!credhub_json_get(ctx->attributes, "data_delay_threshold", &threshold)
        || credhub_int64(threshold, &minutes) != 0)
    {
        return CREDHUB_E_INTERNAL;
    }

    if (minutes < 0) {
        return ngx_http_credhub_invalid(op, "data_delay_threshold");
    }

    if (minutes == 0
        || ngx_http_credhub_attribute_is(
            op, ctx, "data_delay_sensitivity", "CUSTOM"))
    {
        return CREDHUB_OK;
    }

    if (ngx_http_credhub_given(ctx->body, "data_delay_threshold")) {
        op->detail = credhub_str("data_delay_threshold requires a "
                                 "data_delay_sensitivity of CUSTOM");
        return CREDHUB_E_INPUT;
    }

    ctx->attributes = credhub_object_set(
        op->arena, ctx->attributes, "data_delay_threshold", credhub_str("0"));

    return ctx->attributes.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* The name of a connection in its group stays what it was at first. */

static credhub_error_e
ngx_http_credhub_connection_schema(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_str_t   schema;
    credhub_error_e error;

    if (ctx->creating) {
        error = ngx_http_credhub_connection_named(op, ctx, &schema);

        if (error == CREDHUB_OK && schema.len == 0) {
            schema = credhub_object_get(op->arena, ctx->attributes, "service");
        }

        if (error == CREDHUB_OK) {
            error = ngx_http_credhub_attribute_set(op, ctx, "schema", schema);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return ngx_http_credhub_connection_unique(op, ctx);
}


/* What the client calls it: "schema", "schema" and "table", or "schema_prefix"
 * of the config; empty: nothing. */

static credhub_error_e
ngx_http_credhub_connection_named(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx, credhub_str_t *schema)
{
    credhub_buf_t name;
    credhub_str_t table;

    *schema = credhub_null_str;

    if (ctx->config.len == 0) {
        return CREDHUB_OK;
    }

    *schema = credhub_config_get(op->arena, ctx->config, "schema");
    table = credhub_config_get(op->arena, ctx->config, "table");

    if (schema->data == NULL || table.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (schema->len == 0) {
        *schema = credhub_config_get(op->arena, ctx->config, "schema_prefix");

    } else if (table.len != 0) {
        credhub_buf_init(&name, op->arena, schema->len + 1 + table.len);
        credhub_buf_add_str(&name, *schema);
        credhub_buf_lit(&name, ".");
        credhub_buf_add_str(&name, table);

        *schema = name.failed ? credhub_null_str : credhub_buf_str(&name);
    }

    if (schema->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return schema->len <= CREDHUB_ATTRIBUTE_MAX
               ? CREDHUB_OK
               : ngx_http_credhub_invalid(op, "schema");
}


static credhub_error_e
ngx_http_credhub_connection_unique(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_buf_t unique;
    credhub_str_t group, schema;

    group = credhub_object_get(op->arena, ctx->attributes, "group_id");
    schema = credhub_object_get(op->arena, ctx->attributes, "schema");

    credhub_buf_init(&unique, op->arena, group.len + 1 + schema.len);
    credhub_buf_add_str(&unique, group);
    credhub_buf_lit(&unique, "/");
    credhub_buf_add_str(&unique, schema);

    ctx->change.unique = credhub_buf_str(&unique);

    return unique.failed || group.data == NULL || schema.data == NULL
               ? CREDHUB_E_INTERNAL
               : CREDHUB_OK;
}


/* A name that nobody has asked for is changed until it is free. */

credhub_error_e
ngx_http_credhub_connection_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx)
{
    credhub_buf_t   text;
    credhub_str_t   named, schema, service;
    credhub_error_e error;

    error = ngx_http_credhub_connection_named(op, ctx, &named);

    if (error != CREDHUB_OK) {
        return error;
    }

    schema = credhub_object_get(op->arena, ctx->attributes, "schema");
    service = credhub_object_get(op->arena, ctx->attributes, "service");

    credhub_buf_init(&text, op->arena, schema.len + 64);

    if (named.len != 0 || !credhub_str_eq(schema, service)) {
        credhub_buf_lit(&text, "A connection with schema '");
        credhub_buf_add_str(&text, schema);
        credhub_buf_lit(&text, "' already exists in the group");

        op->detail = credhub_buf_str(&text);

        return CREDHUB_E_CONFLICT;
    }

    credhub_buf_add_str(&text, service);
    credhub_buf_lit(&text, "_");
    credhub_buf_add(&text, ctx->id.data, NGX_HTTP_CREDHUB_SCHEMA_ID);

    error = text.failed ? CREDHUB_E_INTERNAL
                        : ngx_http_credhub_attribute_set(
                            op, ctx, "schema", credhub_buf_str(&text));

    return error == CREDHUB_OK ? ngx_http_credhub_connection_unique(op, ctx)
                               : error;
}
