
/* Access tokens of ours, as a request offers them. */

#include "ngx_http_credhub_look.h"
#include "ngx_credhub_token.h"


static ngx_credhub_rc_e ngx_http_credhub_token_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_token_take(ngx_credhub_op_t *op);


static const ngx_credhub_operation_t ngx_http_credhub_token_operation = {
    "token",
    (const ngx_credhub_step_pt[]){
        ngx_http_credhub_token_find, ngx_http_credhub_token_take, NULL },
    sizeof(ngx_credhub_token_find_t),
};


ngx_int_t
ngx_http_credhub_token(ngx_http_credhub_look_t *look, ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_str_t text)
{
    ngx_credhub_op_t         *op;
    ngx_credhub_token_find_t *find;

    if (look->ended || look->op != NULL) {
        return ngx_http_credhub_look_result(look);
    }

    op = ngx_http_credhub_look_begin(
        look, r, arena, &ngx_http_credhub_token_operation);
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (op->error == CREDHUB_OK) {
        find = op->ctx;
        find->text = text;
        find->kind = CREDHUB_TOKEN_ACCESS;
        find->wrong = CREDHUB_E_TOKEN;
        find->expired = CREDHUB_E_TOKEN_EXPIRED;
    }

    ngx_credhub_op_run(op);

    return ngx_http_credhub_look_result(look);
}


static ngx_credhub_rc_e
ngx_http_credhub_token_find(ngx_credhub_op_t *op)
{
    return ngx_credhub_token_find_enter(op, op->ctx);
}


static ngx_credhub_rc_e
ngx_http_credhub_token_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_look_t  *look = op->host_data;
    ngx_credhub_token_find_t *find = op->ctx;

    look->token = find->token;
    look->token.client = ngx_http_credhub_look_copy(look, look->token.client);
    look->token.scope = ngx_http_credhub_look_copy(look, look->token.scope);
    look->token.grant = ngx_http_credhub_look_copy(look, look->token.grant);

    if (look->token.client.data == NULL || look->token.scope.data == NULL
        || look->token.grant.data == NULL)
    {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_http_credhub_look_take(
        op, find->token.actor, find->token.user, credhub_null_str);
}
