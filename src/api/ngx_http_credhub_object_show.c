
/* Bodies: what a client sent, and the envelopes that answer it. */

#include "ngx_http_credhub_object.h"


static void ngx_http_credhub_add_name(credhub_buf_t *buf, const char *name);


ngx_credhub_rc_e
ngx_http_credhub_envelope(ngx_credhub_op_t *op, ngx_uint_t status,
    credhub_str_t message, credhub_str_t data)
{
    credhub_buf_t body;

    credhub_buf_init(&body, op->arena, message.len + data.len + 64);
    credhub_buf_lit(&body, "{\"code\":\"Success\"");

    if (message.len != 0) {
        ngx_http_credhub_add_text(&body, "message", message);
    }

    if (data.len != 0) {
        credhub_buf_lit(&body, ",\"data\":");
        credhub_buf_add_str(&body, data);
    }

    credhub_buf_lit(&body, "}");

    return ngx_credhub_op_answer(op, status, &body);
}


credhub_str_t
ngx_http_credhub_message(
    ngx_credhub_op_t *op, const char *format, credhub_str_t id)
{
    const char   *hole;
    credhub_buf_t text;

    if (format == NULL) {
        return credhub_null_str;
    }

    hole = strstr(format, "%s");

    if (hole == NULL) {
        return (credhub_str_t){ ngx_strlen(format), (u_char *) format };
    }

    credhub_buf_init(&text, op->arena, ngx_strlen(format) + id.len);
    credhub_buf_add(&text, format, hole - format);
    credhub_buf_add_str(&text, id);
    credhub_buf_add(&text, hole + 2, ngx_strlen(hole + 2));

    return text.failed ? credhub_null_str : credhub_buf_str(&text);
}


void
ngx_http_credhub_object_members(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_http_credhub_resource_t *resource,
    const ngx_credhub_object_t *object, credhub_str_t config, ngx_uint_t listed)
{
    credhub_buf_lit(buf, "\"id\":");
    credhub_json_add_string(buf, ngx_credhub_object_key_id(object->key));
    credhub_buf_lit(buf, ",");
    credhub_object_show(buf, resource->attributes, object->attributes, listed);

    if (resource->show != NULL) {
        resource->show(op, buf, object, listed);
    }

    if (!resource->config || (listed && !resource->config_listed)) {
        return;
    }

    credhub_buf_lit(buf, ",\"config\":");

    if (config.len == 0) {
        credhub_buf_lit(buf, "{}");

    } else if (resource->masked) {
        credhub_config_show(buf, config);

    } else {
        credhub_buf_add_str(buf, config);
    }
}


credhub_error_e
ngx_http_credhub_object_body(
    ngx_credhub_op_t *op, ngx_uint_t optional, credhub_str_t *body)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    if (optional && input->body.len == 0) {
        *body = credhub_str("{}");
        return CREDHUB_OK;
    }

    error = credhub_json_check(op->arena, input->body, body);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (credhub_json_kind(*body) != CREDHUB_JSON_OBJECT) {
        op->detail = credhub_str("The body has to be a JSON object");
        return CREDHUB_E_INPUT;
    }

    return CREDHUB_OK;
}


ngx_uint_t
ngx_http_credhub_given(credhub_str_t body, const char *name)
{
    credhub_str_t value;

    return credhub_json_get(body, name, &value)
           && credhub_json_kind(value) != CREDHUB_JSON_NULL;
}


void
ngx_http_credhub_add_date(credhub_buf_t *buf, const char *name, int64_t us)
{
    u_char date[CREDHUB_DATE_US_LEN];

    credhub_date_us(us, date);

    ngx_http_credhub_add_name(buf, name);
    credhub_buf_lit(buf, "\"");
    credhub_buf_add(buf, date, sizeof(date));
    credhub_buf_lit(buf, "\"");
}


void
ngx_http_credhub_add_text(
    credhub_buf_t *buf, const char *name, credhub_str_t plain)
{
    ngx_http_credhub_add_name(buf, name);

    if (plain.len == 0) {
        credhub_buf_lit(buf, "null");
        return;
    }

    credhub_json_add_string(buf, plain);
}


static void
ngx_http_credhub_add_name(credhub_buf_t *buf, const char *name)
{
    credhub_buf_lit(buf, ",\"");
    credhub_buf_add(buf, name, ngx_strlen(name));
    credhub_buf_lit(buf, "\":");
}
