
/* What clients of the SSH certificate API ask about the service itself. */

#include "ngx_http_credhub_ssh.h"


static ngx_credhub_rc_e ngx_http_credhub_ssh_ping_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_version_answer(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_self_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_ping = {
    "SSH_PING", steps(ngx_http_credhub_ssh_ping_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_version = {
    "SSH_VERSION", steps(ngx_http_credhub_ssh_version_answer), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_self = {
    "SSH_IDENTITY", steps(ngx_http_credhub_ssh_self_answer), 0
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ping_answer(ngx_credhub_op_t *op)
{
    op->status = NGX_HTTP_OK;
    op->body = credhub_str("{}");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_version_answer(ngx_credhub_op_t *op)
{
    op->status = NGX_HTTP_OK;
    op->body = credhub_str("{\"Version\":\"" NGX_HTTP_CREDHUB_VERSION "\"}");

    return NGX_CREDHUB_DONE;
}


/* An identity has one name here: its actor. */

static ngx_credhub_rc_e
ngx_http_credhub_ssh_self_answer(ngx_credhub_op_t *op)
{
    u_char       *colon;
    credhub_buf_t body;
    credhub_str_t prefix, name;

    name = op->actor;
    prefix.data = name.data;
    prefix.len = 0;

    colon = ngx_strlchr(name.data, name.data + name.len, ':');

    if (colon != NULL) {
        prefix.len = colon - name.data;
        name.len -= prefix.len + 1;
        name.data = colon + 1;
    }

    credhub_buf_init(&body, op->arena, 512);
    credhub_buf_lit(&body, "{\"Identities\":[{");
    ngx_http_credhub_ssh_add(
        &body, "FullName", op->display.len != 0 ? op->display : op->actor);
    ngx_http_credhub_ssh_add(&body, "Name", name);
    ngx_http_credhub_ssh_add(&body, "Prefix", prefix);
    ngx_http_credhub_ssh_add(&body, "PrefixedName", op->actor);
    ngx_http_credhub_ssh_add(&body, "PrefixedUniversal", op->actor);
    credhub_buf_lit(&body, ",\"Type\":1");
    ngx_http_credhub_ssh_add(&body, "Universal", name);
    credhub_buf_lit(&body, "}]}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}
