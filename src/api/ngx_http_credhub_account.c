
/*
 * Who asks, and for whom: /v1/account/info, /v1/users/{id}, and lists of what a
 * hub does not have, which clients look through all the same.
 */

#include "ngx_http_credhub_object.h"
#include "ngx_credhub_credential.h"


static ngx_credhub_rc_e ngx_http_credhub_account_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_user_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_nothing_answer(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_http_credhub_account_user(credhub_str_t actor);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }


const ngx_credhub_operation_t  ngx_http_credhub_account_info = {
    "GET_ACCOUNT", steps(ngx_credhub_ready, ngx_http_credhub_account_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_user_get = {
    "GET_USER", steps(ngx_http_credhub_user_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_nothing_list = {
    "LIST_NOTHING", steps(ngx_http_credhub_nothing_answer), 0
};

/* clang-format on */


/* Actors that are people, or act for one. */

static const credhub_str_t ngx_http_credhub_account_users[] = {
    credhub_string("api-key:"),
    credhub_string("uaa-user:"),
    { 0, NULL },
};


static ngx_credhub_rc_e
ngx_http_credhub_account_answer(ngx_credhub_op_t *op)
{
    credhub_buf_t data;

    credhub_buf_init(&data, op->arena, op->actor.len + 256);
    credhub_buf_lit(&data, "{\"account_id\":");
    credhub_json_add_string(&data, op->hub->store->hub);
    ngx_http_credhub_add_text(&data, "account_name", credhub_str("CredHub"));
    ngx_http_credhub_add_text(&data,
        ngx_http_credhub_account_user(op->actor) ? "user_id" : "system_key_id",
        op->actor);
    credhub_buf_lit(&data, "}");

    return data.failed
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : ngx_http_credhub_envelope(op, NGX_HTTP_OK,
                   credhub_str("Account information retrieved successfully"),
                   credhub_buf_str(&data));
}


static ngx_uint_t
ngx_http_credhub_account_user(credhub_str_t actor)
{
    const credhub_str_t *prefix;

    for (prefix = ngx_http_credhub_account_users; prefix->len != 0; prefix++) {
        if (actor.len >= prefix->len
            && ngx_memcmp(actor.data, prefix->data, prefix->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Nobody learns of others here. */

static ngx_credhub_rc_e
ngx_http_credhub_user_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_buf_t data;

    if (!credhub_str_caseeq(input->params[0], op->actor)) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_NOT_FOUND_USER, input->params[0]);
    }

    credhub_buf_init(&data, op->arena, op->actor.len + 256);
    credhub_buf_lit(&data, "{\"id\":");
    credhub_json_add_string(&data, op->actor);
    credhub_buf_lit(&data, ",\"email\":null");
    ngx_http_credhub_add_text(
        &data, "given_name", op->display.len != 0 ? op->display : op->actor);
    credhub_buf_lit(&data,
        ",\"family_name\":null,\"verified\":true,\"invited\":false,"
        "\"picture\":null,\"phone\":null,\"role\":null,\"logged_in_at\":null,"
        "\"created_at\":null}");

    return data.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                       : ngx_http_credhub_envelope(op, NGX_HTTP_OK,
                           credhub_null_str, credhub_buf_str(&data));
}


static ngx_credhub_rc_e
ngx_http_credhub_nothing_answer(ngx_credhub_op_t *op)
{
    return ngx_http_credhub_envelope(
        op, NGX_HTTP_OK, credhub_null_str, credhub_str("{\"items\":[]}"));
}
