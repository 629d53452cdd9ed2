
/* API keys: Basic authentication by a user's name and password. */

#include "ngx_http_credhub_look.h"
#include "ngx_credhub_user.h"


static ngx_uint_t ngx_http_credhub_api_key_split(
    ngx_credhub_op_t *op, credhub_str_t credentials);
static ngx_credhub_rc_e ngx_http_credhub_api_key_check(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_api_key_take(ngx_credhub_op_t *op);


static const ngx_credhub_operation_t ngx_http_credhub_api_key_operation = {
    "api-key",
    (const ngx_credhub_step_pt[]){
        ngx_http_credhub_api_key_check, ngx_http_credhub_api_key_take, NULL },
    sizeof(ngx_credhub_user_t),
};


ngx_int_t
ngx_http_credhub_api_key(ngx_http_credhub_look_t *look, ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_str_t credentials)
{
    ngx_credhub_op_t *op;

    if (look->ended || look->op != NULL) {
        return ngx_http_credhub_look_result(look);
    }

    op = ngx_http_credhub_look_begin(
        look, r, arena, &ngx_http_credhub_api_key_operation);
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (op->error == CREDHUB_OK) {
        op->error = ngx_http_credhub_api_key_ask(op, r, credentials);
    }

    /* may end at once, as with an error */

    ngx_credhub_op_run(op);

    return ngx_http_credhub_look_result(look);
}


credhub_error_e
ngx_http_credhub_api_key_ask(
    ngx_credhub_op_t *op, ngx_http_request_t *r, credhub_str_t credentials)
{
    ngx_credhub_user_t *user = op->ctx;

    ngx_http_credhub_srv_conf_t *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    user->path = scf->api_keys;
    user->wrong = CREDHUB_E_UNAUTHENTICATED;

    return ngx_http_credhub_api_key_split(op, credentials) ? CREDHUB_OK
                                                           : user->wrong;
}


static ngx_uint_t
ngx_http_credhub_api_key_split(ngx_credhub_op_t *op, credhub_str_t credentials)
{
    ngx_credhub_user_t *user = op->ctx;

    u_char   *colon;
    ngx_str_t text, coded;

    coded.len = credentials.len;
    coded.data = credentials.data;

    text.data =
        credhub_arena_bytes(op->arena, ngx_base64_decoded_length(coded.len));

    if (text.data == NULL || ngx_decode_base64(&text, &coded) != NGX_OK) {
        return 0;
    }

    colon = ngx_strlchr(text.data, text.data + text.len, ':');
    if (colon == NULL) {
        return 0;
    }

    user->name.data = text.data;
    user->name.len = colon - text.data;
    user->password.data = colon + 1;
    user->password.len = text.len - user->name.len - 1;

    return 1;
}


static ngx_credhub_rc_e
ngx_http_credhub_api_key_check(ngx_credhub_op_t *op)
{
    return ngx_credhub_user_enter(op, op->ctx);
}


static ngx_credhub_rc_e
ngx_http_credhub_api_key_take(ngx_credhub_op_t *op)
{
    ngx_credhub_user_t *user = op->ctx;

    return ngx_http_credhub_look_take(
        op, user->actor, user->user, user->display);
}
