
/*
 * SSHCertificates/CAKeyPair/Create: a CA key that is made or brought along, and
 * with it, in one write, a client template of the same name.
 */

#include "ngx_http_credhub_ssh.h"


typedef struct {
    credhub_str_t  name;
    credhub_str_t  parent;
    credhub_str_t  algorithm;
    credhub_str_t  storage;
    credhub_str_t  key;
    credhub_str_t  passphrase;
    credhub_flag_t bare; /* "CreateTemplate" */

    credhub_str_t                dn;
    credhub_str_t                template_dn;
    ngx_credhub_ssh_work_t       work;
    ngx_credhub_object_ask_t     ask; /* to write the template */
    ngx_http_credhub_ssh_write_t write;
    ngx_http_credhub_ssh_write_t template;
} ngx_http_credhub_ssh_ca_t;


static ngx_credhub_rc_e ngx_http_credhub_ssh_ca_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_ssh_ca_names(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_ca_right(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_ca_make(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_ca_write(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_ssh_ca_template(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_ca_answer(ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_ca_create = {
    "SSH_CA_CREATE",
    steps(ngx_http_credhub_ssh_ca_parse,
          ngx_credhub_ready,
          ngx_http_credhub_ssh_ca_right,
          ngx_http_credhub_ssh_ca_make,
          ngx_http_credhub_ssh_ca_write,
          ngx_http_credhub_ssh_ca_answer),
    sizeof(ngx_http_credhub_ssh_ca_t)
};


#define field(name, kind, member, max)                                        \
    { name, CREDHUB_SSH_FIELD_##kind,                                         \
      offsetof(ngx_http_credhub_ssh_ca_t, member), max,                       \
      credhub_ssh_bytes_valid, NULL }

static const credhub_ssh_field_t  ngx_http_credhub_ssh_ca_fields[] = {
    field("Name", TEXT, name, 2 * CREDHUB_SSH_DN_MAX),
    field("ParentDN", TEXT, parent, 2 * CREDHUB_SSH_DN_MAX),
    field("KeyAlgorithm", TEXT, algorithm, CREDHUB_SSH_NAME_MAX),
    field("KeyStorage", TEXT, storage, CREDHUB_SSH_NAME_MAX),
    field("PrivateKeyData", TEXT, key, CREDHUB_SSH_LINE_MAX),
    field("PrivateKeyPassphrase", TEXT, passphrase,
          CREDHUB_SSH_PASSPHRASE_MAX),
    field("CreateTemplate", FLAG, bare, 0),
    credhub_ssh_fields_end
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ca_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_error_e         error;
    credhub_ssh_algorithm_t algorithm;

    ctx->bare.value = 1;
    ctx->algorithm = credhub_str("ED25519");

    error = ngx_http_credhub_ssh_body(op, ngx_http_credhub_ssh_ca_fields, ctx);

    if (ctx->algorithm.len == 0) {
        ctx->algorithm = credhub_str("ED25519");
    }

    if (error == CREDHUB_OK
        && credhub_ssh_algorithm(ctx->algorithm, &algorithm) != 0)
    {
        error = credhub_ssh_field_error(&op->detail, "KeyAlgorithm");
    }

    if (error == CREDHUB_OK && ctx->storage.len != 0
        && !credhub_str_caseeq(ctx->storage, credhub_str("Software")))
    {
        error = credhub_ssh_field_error(&op->detail, "KeyStorage");
    }

    if (error == CREDHUB_OK) {
        ctx->work.pair.algorithm = algorithm;
        error = ngx_http_credhub_ssh_ca_names(op);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_ssh_ca_names(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_str_t   parent;
    credhub_error_e error;

    error = ngx_http_credhub_ssh_named(op, ctx->parent, &parent);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (parent.len == 0) {
        parent = credhub_str(CREDHUB_SSH_CAS);
    }

    error = ngx_http_credhub_ssh_dn_below(op, parent, ctx->name, &ctx->dn);

    if (error != CREDHUB_OK) {
        return error;
    }

    /* the templates have a folder of their own */

    if (!credhub_ssh_dn_below(ctx->dn, credhub_str(CREDHUB_SSH_CAS))
        || credhub_ssh_dn_below(ctx->dn, credhub_str(CREDHUB_SSH_TEMPLATES))
        || credhub_str_caseeq(ctx->dn, credhub_str(CREDHUB_SSH_TEMPLATES)))
    {
        return CREDHUB_E_SSH_DN;
    }

    return !ctx->bare.value ? CREDHUB_OK
                            : ngx_http_credhub_ssh_dn_below(op,
                                credhub_str(CREDHUB_SSH_TEMPLATES), ctx->name,
                                &ctx->template_dn);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ca_right(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_error_e error;

    op->call = NULL;

    if (ctx->template_dn.len == 0) {
        return NGX_CREDHUB_NEXT;
    }

    error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_TEMPLATES, ctx->template_dn,
        credhub_null_str, CREDHUB_OP_WRITE, &ctx->ask);

    return error == CREDHUB_OK ? ngx_http_credhub_ssh_read(op, &ctx->ask)
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ca_make(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_error_e error;

    if (op->call != NULL) {
        error = ngx_http_credhub_ssh_taken(
            op, NGX_CREDHUB_SSH_TEMPLATES, &ctx->ask);

        if (error == CREDHUB_OK) {
            error = CREDHUB_E_SSH_EXISTS;
        }

        if (error != CREDHUB_E_SSH_TEMPLATE) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->work.kind =
        (ctx->key.len != 0) ? NGX_CREDHUB_SSH_IMPORT : NGX_CREDHUB_SSH_GENERATE;
    ctx->work.text = ctx->key;

    if (ctx->key.len != 0) {
        ctx->work.passphrase = ctx->passphrase;
    }

    return ngx_credhub_ssh_work(op, &ctx->work);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ca_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_buf_t         attributes;
    credhub_str_t         config;
    credhub_error_e       error;
    ngx_credhub_object_t *object = &ctx->write.change.object;

    ngx_credhub_ssh_worked(op, &ctx->work);

    config = credhub_null_str;

    error =
        ngx_http_credhub_ssh_new(op, &ctx->write, NGX_CREDHUB_SSH_CAS, ctx->dn);

    if (error == CREDHUB_OK) {
        credhub_buf_init(&attributes, op->arena, 512);
        credhub_buf_lit(&attributes, "{");
        ngx_http_credhub_ssh_add(&attributes, "DN", ctx->dn);
        ngx_http_credhub_ssh_add(&attributes, "Guid", ctx->write.guid);
        ngx_http_credhub_ssh_add(
            &attributes, "Name", credhub_ssh_dn_name(ctx->dn));
        credhub_buf_lit(&attributes, "}");

        object->attributes = credhub_buf_str(&attributes);

        error = attributes.failed
                    ? CREDHUB_E_INTERNAL
                    : ngx_credhub_ssh_ca_config(op, &ctx->work.pair, &config);
    }

    if (error == CREDHUB_OK && ctx->template_dn.len != 0) {
        error = ngx_http_credhub_ssh_ca_template(op);
    }

    return error == CREDHUB_OK
               ? ngx_http_credhub_ssh_commit(op, &ctx->write, config)
               : ngx_credhub_op_error(op, error);
}


static credhub_error_e
ngx_http_credhub_ssh_ca_template(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_str_t                 kept, config, detail;
    credhub_error_e               error;
    ngx_credhub_object_t         *object;
    ngx_http_credhub_ssh_write_t *write = &ctx->template;

    object = &write->change.object;

    error = credhub_ssh_template(op->arena, credhub_str("{}"), &kept, &detail);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_new(
            op, write, NGX_CREDHUB_SSH_TEMPLATES, ctx->template_dn);
    }

    if (error == CREDHUB_OK) {
        object->attributes = ngx_http_credhub_ssh_template_attributes(
            op, ctx->template_dn, write->guid, &ctx->write.change.object);

        error = ngx_credhub_ssh_template_config(
            op, kept, ctx->write.change.object.key, &config);
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_sealed(op, write, config);
    }

    ctx->write.change.with = object;
    ctx->write.change.with_unique = write->change.unique;

    return error;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_ca_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_ca_t *ctx = op->ctx;

    credhub_buf_t body;

    if (ngx_http_credhub_ssh_created(op, &ctx->write) != NGX_OK) {
        return NGX_CREDHUB_FAIL;
    }

    credhub_buf_init(&body, op->arena, 1024);
    credhub_buf_lit(&body, "{");
    ngx_http_credhub_ssh_ca_show(
        op, &body, &ctx->write.change.object, &ctx->work.pair);
    credhub_buf_lit(&body,
        ",\"KeyStorage\":\"Software\",\"ProcessingDetails\":{"
        "\"Status\":null,\"StatusDescription\":null}"
        "," NGX_HTTP_CREDHUB_SSH_RESPONSE);

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}
