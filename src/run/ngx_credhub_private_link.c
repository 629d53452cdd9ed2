
/* Private links: where they lead, and their state. */

#include "ngx_credhub_private_link.h"


/* The first of these that is an endpoint counts. */

static const char *const ngx_credhub_private_link_keys[] = {
    "endpoint",
    "connection_service_name",
    "private_connection_service_id",
    "account_url",
    "workspace_url",
    NULL,
};


ngx_int_t
ngx_credhub_private_link_endpoint(
    ngx_credhub_op_t *op, credhub_str_t config, credhub_endpoint_t *endpoint)
{
    credhub_str_t      text;
    const char *const *key;

    for (key = ngx_credhub_private_link_keys; *key != NULL; key++) {
        text = credhub_config_get(op->arena, config, *key);

        if (text.data == NULL) {
            return NGX_ERROR;
        }

        if (text.len != 0 && credhub_endpoint(text, endpoint) == 0) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


credhub_error_e
ngx_credhub_private_link_change(ngx_credhub_op_t *op,
    ngx_credhub_object_change_t *change, const char *state,
    credhub_str_t summary, credhub_str_t host)
{
    ngx_uint_t    i;
    credhub_str_t attributes;

    struct {
        const char   *name;
        credhub_str_t value;
    } rows[] = {
        { "state", { ngx_strlen(state), (u_char *) state } },
        { "state_summary", summary },
        { "host", host },
    };

    attributes = change->object.attributes;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        attributes = credhub_object_set_string(
            op->arena, attributes, rows[i].name, rows[i].value);

        if (attributes.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    change->object.attributes = attributes;
    change->state = rows[0].value;
    change->unique = credhub_object_get(op->arena, attributes, "name");

    return change->unique.data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}
