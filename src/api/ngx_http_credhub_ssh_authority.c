
/* A DN says what it names; a Guid is looked for among both. */

#include "ngx_http_credhub_ssh_authority.h"


static ngx_credhub_rc_e ngx_http_credhub_ssh_authority_ask(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_authority_take(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_authority_fail(
    ngx_credhub_op_t *op, credhub_error_e error);


static const ngx_credhub_object_kind_e ngx_http_credhub_ssh_signers[] = {
    NGX_CREDHUB_SSH_CAS, NGX_CREDHUB_SSH_TEMPLATES
};


static const ngx_credhub_step_pt ngx_http_credhub_ssh_authority_steps[] = {
    ngx_credhub_ready,
    ngx_http_credhub_ssh_authority_ask,
    ngx_http_credhub_ssh_authority_take,
    NULL,
};


ngx_credhub_rc_e
ngx_http_credhub_ssh_authority_enter(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_authority_t *authority)
{
    return ngx_credhub_op_enter(
        op, ngx_http_credhub_ssh_authority_steps, authority);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_authority_ask(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_authority_t *authority = op->ctx;

    ngx_uint_t          i;
    credhub_str_t       dn;
    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_http_credhub_ssh_named(op, authority->dn, &dn);

    authority->first = 0;
    authority->n = authority->key_only ? 1 : 2;

    if (error == CREDHUB_OK && dn.len != 0) {
        authority->first =
            credhub_ssh_dn_below(dn, credhub_str(CREDHUB_SSH_TEMPLATES));

        if ((authority->first == 1 && authority->key_only)
            || !credhub_ssh_dn_below(dn, credhub_str(CREDHUB_SSH_CAS)))
        {
            return ngx_http_credhub_ssh_authority_fail(op, CREDHUB_E_SSH_CA);
        }

        authority->n = 1;
    }

    for (i = 0; error == CREDHUB_OK && i < authority->n; i++) {
        error = ngx_credhub_ssh_ask(op,
            ngx_http_credhub_ssh_signers[authority->first + i], dn,
            authority->guid, authority->operation, &authority->asks[i]);

        authority->asks[i].with = authority->first + i;
    }

    if (error != CREDHUB_OK) {
        return ngx_http_credhub_ssh_authority_fail(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_objects_read(
            call, op->hub->store, authority->asks, authority->n);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_authority_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_authority_t *authority = op->ctx;

    ngx_uint_t                i;
    credhub_error_e           error;
    ngx_credhub_object_ask_t *ask;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_objects_result(
            op->call, authority->asks, authority->n, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i + 1 < authority->n; i++) {
        if (authority->asks[i].object.key.len != 0) {
            break;
        }
    }

    ask = &authority->asks[i];

    error = ngx_credhub_ssh_asked(
        op, ngx_http_credhub_ssh_signers[authority->first + i], ask);

    if (error == CREDHUB_OK) {
        authority->named = ask->object;
        authority->ca = ask->with ? ask->referred : ask->object;
        error = ask->with ? ngx_credhub_ssh_template(op, ask, &authority->kept)
                          : CREDHUB_OK;
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ca(op, &authority->ca, &authority->pair);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_http_credhub_ssh_authority_fail(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_authority_fail(ngx_credhub_op_t *op, credhub_error_e error)
{
    ngx_http_credhub_ssh_authority_t *authority = op->ctx;

    if (authority->texts) {
        switch (error) {
        case CREDHUB_E_SSH_DN:
            return ngx_http_credhub_ssh_text(op, NGX_HTTP_BAD_REQUEST,
                credhub_str("Guid or DN is required"));

        case CREDHUB_E_SSH_CA:
            return ngx_http_credhub_ssh_text(op, NGX_HTTP_NOT_FOUND,
                credhub_str("Public key was not found"));

        case CREDHUB_E_SSH_TEMPLATE:
            return ngx_http_credhub_ssh_text(
                op, NGX_HTTP_NOT_FOUND, credhub_str("Template was not found"));

        default:
            break;
        }
    }

    return ngx_credhub_op_error(op, error);
}
