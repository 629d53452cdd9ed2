
/* What looking for an API key and looking for a token share. */

#include "ngx_http_credhub_look.h"


static void ngx_http_credhub_look_finished(ngx_credhub_op_t *op);


static const ngx_credhub_host_t ngx_http_credhub_look_host = {
    ngx_http_credhub_look_finished
};


ngx_credhub_op_t *
ngx_http_credhub_look_begin(ngx_http_credhub_look_t *look,
    ngx_http_request_t *r, credhub_arena_t *arena,
    const ngx_credhub_operation_t *operation)
{
    ngx_credhub_op_t            *op;
    ngx_http_credhub_srv_conf_t *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    look->request = r;
    look->arena = arena;
    look->error = CREDHUB_E_INTERNAL;

    op = ngx_credhub_op_create(operation, &scf->hub);
    if (op == NULL) {
        return NULL;
    }

    look->op = op;
    op->host = &ngx_http_credhub_look_host;
    op->host_data = look;

    return op;
}


ngx_int_t
ngx_http_credhub_look_result(ngx_http_credhub_look_t *look)
{
    if (!look->ended) {
        look->waiting = 1;
        return NGX_AGAIN;
    }

    return look->error == CREDHUB_OK ? NGX_OK : NGX_ERROR;
}


void
ngx_http_credhub_look_stop(ngx_http_credhub_look_t *look)
{
    if (look->op != NULL) {
        ngx_credhub_op_destroy(look->op);
        look->op = NULL;
    }
}


ngx_credhub_rc_e
ngx_http_credhub_look_take(ngx_credhub_op_t *op, credhub_str_t actor,
    credhub_str_t user, credhub_str_t display)
{
    ngx_http_credhub_look_t *look = op->host_data;

    look->actor = ngx_http_credhub_look_copy(look, actor);
    look->user = ngx_http_credhub_look_copy(look, user);
    look->display = ngx_http_credhub_look_copy(look, display);

    return look->actor.data == NULL || look->user.data == NULL
                   || look->display.data == NULL
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : NGX_CREDHUB_DONE;
}


credhub_str_t
ngx_http_credhub_look_copy(ngx_http_credhub_look_t *look, credhub_str_t text)
{
    return credhub_arena_copy(look->arena, text.data, text.len);
}


static void
ngx_http_credhub_look_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_look_t *look = op->host_data;
    ngx_http_request_t      *r = look->request;
    ngx_connection_t        *c = r->connection;

    look->error = op->error;
    look->op = NULL;
    look->ended = 1;

    ngx_credhub_op_destroy(op);

    if (look->waiting) {
        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }
}
