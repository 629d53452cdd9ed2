
/* SSHCertificates/Template/Create, /Retrieve and /Available. */

#include "ngx_http_credhub_ssh_authority.h"


#define NGX_HTTP_CREDHUB_SSH_STEP 100 /* templates of a read */


typedef struct {
    credhub_str_t                    name;
    credhub_str_t                    dn;
    credhub_str_t                    kept;
    ngx_http_credhub_ssh_authority_t authority;
    ngx_http_credhub_ssh_write_t     write;
} ngx_http_credhub_ssh_create_t;

typedef struct {
    credhub_str_t            dn;
    credhub_str_t            guid;
    credhub_flag_t           ca;
    ngx_credhub_object_ask_t ask;
} ngx_http_credhub_ssh_template_t;

typedef struct {
    credhub_buf_t body;
    int64_t       behind;
} ngx_http_credhub_ssh_available_t;


static ngx_credhub_rc_e ngx_http_credhub_ssh_create_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_create_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_create_answer(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_template_ask(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_template_answer(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_ssh_template_body(
    ngx_credhub_op_t *op, credhub_buf_t *body);
static ngx_credhub_rc_e ngx_http_credhub_ssh_available_read(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_available_take(
    ngx_credhub_op_t *op);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_template_create = {
    "SSH_TEMPLATE_CREATE",
    steps(ngx_http_credhub_ssh_create_parse,
          ngx_http_credhub_ssh_create_write,
          ngx_http_credhub_ssh_create_answer),
    sizeof(ngx_http_credhub_ssh_create_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_template_retrieve = {
    "SSH_TEMPLATE_RETRIEVE",
    steps(ngx_credhub_ready,
          ngx_http_credhub_ssh_template_ask,
          ngx_http_credhub_ssh_template_answer),
    sizeof(ngx_http_credhub_ssh_template_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_template_available = {
    "SSH_TEMPLATE_LIST",
    steps(ngx_credhub_ready,
          ngx_http_credhub_ssh_available_read,
          ngx_http_credhub_ssh_available_take),
    sizeof(ngx_http_credhub_ssh_available_t)
};


#define text(type, name, member)                                              \
    { name, CREDHUB_SSH_FIELD_TEXT, offsetof(type, member),                   \
      2 * CREDHUB_SSH_DN_MAX, credhub_ssh_bytes_valid, NULL }

static const credhub_ssh_field_t  ngx_http_credhub_ssh_create_fields[] = {
    text(ngx_http_credhub_ssh_create_t, "Name", name),
    text(ngx_http_credhub_ssh_create_t, "CAKeyPairDN", authority.dn),
    text(ngx_http_credhub_ssh_create_t, "CAKeyPairGuid", authority.guid),
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  ngx_http_credhub_ssh_template_fields[] = {
    text(ngx_http_credhub_ssh_template_t, "DN", dn),
    text(ngx_http_credhub_ssh_template_t, "Guid", guid),
    { "IncludeCAKeyPairDetails", CREDHUB_SSH_FIELD_FLAG,
      offsetof(ngx_http_credhub_ssh_template_t, ca), 0, NULL, NULL },
    credhub_ssh_fields_end
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_create_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t      *input = op->input;
    ngx_http_credhub_ssh_create_t *ctx = op->ctx;

    credhub_error_e error;

    error =
        ngx_http_credhub_ssh_body(op, ngx_http_credhub_ssh_create_fields, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_dn_below(
            op, credhub_str(CREDHUB_SSH_TEMPLATES), ctx->name, &ctx->dn);
    }

    if (error == CREDHUB_OK) {
        error = credhub_ssh_template(
            op->arena, input->body, &ctx->kept, &op->detail);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    ctx->authority.operation = CREDHUB_OP_WRITE;
    ctx->authority.key_only = 1;

    return ngx_http_credhub_ssh_authority_enter(op, &ctx->authority);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_create_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_create_t *ctx = op->ctx;

    credhub_str_t   config;
    credhub_error_e error;

    config = credhub_null_str;

    error = ngx_http_credhub_ssh_new(
        op, &ctx->write, NGX_CREDHUB_SSH_TEMPLATES, ctx->dn);

    if (error == CREDHUB_OK) {
        ctx->write.change.refs[0] = ctx->authority.ca.key;
        ctx->write.change.object.attributes =
            ngx_http_credhub_ssh_template_attributes(
                op, ctx->dn, ctx->write.guid, &ctx->authority.ca);

        error = ngx_credhub_ssh_template_config(
            op, ctx->kept, ctx->authority.ca.key, &config);
    }

    return error == CREDHUB_OK
               ? ngx_http_credhub_ssh_commit(op, &ctx->write, config)
               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_create_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_create_t *ctx = op->ctx;

    credhub_buf_t               body;
    const ngx_credhub_object_t *object = &ctx->write.change.object;

    if (ngx_http_credhub_ssh_created(op, &ctx->write) != NGX_OK) {
        return NGX_CREDHUB_FAIL;
    }

    credhub_buf_init(&body, op->arena, 1024);
    credhub_buf_lit(&body, "{");
    ngx_http_credhub_ssh_copy(&body, object, "CAKeyPairDN");
    ngx_http_credhub_ssh_copy(&body, object, "CAKeyPairGuid");
    ngx_http_credhub_ssh_date(&body, "CreatedOn", object->created);
    ngx_http_credhub_ssh_copy(&body, object, "DN");
    ngx_http_credhub_ssh_copy(&body, object, "Guid");
    ngx_http_credhub_ssh_copy(&body, object, "Name");
    credhub_buf_lit(&body, "," NGX_HTTP_CREDHUB_SSH_RESPONSE);

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_template_ask(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_template_t *ctx = op->ctx;

    credhub_str_t   dn;
    credhub_error_e error;

    ctx->ca.value = 1;

    error = ngx_http_credhub_ssh_body(
        op, ngx_http_credhub_ssh_template_fields, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_named(op, ctx->dn, &dn);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ask(op, NGX_CREDHUB_SSH_TEMPLATES, dn,
            ctx->guid, CREDHUB_OP_READ, &ctx->ask);
    }

    ctx->ask.with = 1;

    return error == CREDHUB_OK ? ngx_http_credhub_ssh_read(op, &ctx->ask)
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_template_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_template_t *ctx = op->ctx;

    credhub_buf_t   body;
    credhub_error_e error;

    error =
        ngx_http_credhub_ssh_taken(op, NGX_CREDHUB_SSH_TEMPLATES, &ctx->ask);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_template_body(op, &body);
    }

    return error == CREDHUB_OK ? ngx_credhub_op_answer(op, NGX_HTTP_OK, &body)
                               : ngx_credhub_op_error(op, error);
}


static credhub_error_e
ngx_http_credhub_ssh_template_body(ngx_credhub_op_t *op, credhub_buf_t *body)
{
    ngx_http_credhub_ssh_template_t *ctx = op->ctx;

    credhub_str_t               kept;
    credhub_error_e             error;
    credhub_ssh_pair_t          pair;
    const ngx_credhub_object_t *object = &ctx->ask.object;

    error = ngx_credhub_ssh_template(op, &ctx->ask, &kept);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ca(op, &ctx->ask.referred, &pair);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    credhub_buf_init(body, op->arena, kept.len + 2048);
    credhub_buf_lit(body, "{");
    credhub_ssh_template_show(body, kept);
    credhub_buf_printf(body, ",\"ApprovalRequired\":%s",
        credhub_ssh_template_approval(kept) ? "true" : "false");

    if (ctx->ca.value) {
        credhub_buf_lit(body, ",\"CAKeyPair\":{");
        ngx_http_credhub_ssh_ca_show(op, body, &ctx->ask.referred, &pair);
        credhub_buf_lit(body, "}");
    }

    ngx_http_credhub_ssh_copy(body, object, "CAKeyPairDN");
    ngx_http_credhub_ssh_copy(body, object, "CAKeyPairGuid");
    credhub_buf_lit(body, ",\"Contacts\":[]");
    ngx_http_credhub_ssh_date(body, "CreatedOn", object->created);
    ngx_http_credhub_ssh_copy(body, object, "DN");
    ngx_http_credhub_ssh_copy(body, object, "Guid");
    ngx_http_credhub_ssh_copy(body, object, "Name");
    credhub_buf_lit(body, "," NGX_HTTP_CREDHUB_SSH_RESPONSE);

    return CREDHUB_OK;
}


/* Those that may be read. */

static ngx_credhub_rc_e
ngx_http_credhub_ssh_available_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_available_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    if (ctx->behind == 0) {
        credhub_buf_init(&ctx->body, op->arena, 1024);
        credhub_buf_lit(&ctx->body, "[");
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_objects_list(call, op->hub->store,
            credhub_str("objects:ssh-templates"), ctx->behind,
            NGX_HTTP_CREDHUB_SSH_STEP, op->caller, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_available_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_available_t *ctx = op->ctx;

    ngx_uint_t            i;
    credhub_str_t         path;
    credhub_error_e       error;
    ngx_credhub_objects_t rows;

    if (ngx_credhub_objects_listed(op->call, &rows, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < rows.n; i++) {
        path = ngx_credhub_object_path(op, rows.listed[i].object.key);

        if (path.data == NULL
            || !ngx_credhub_access_allowed(
                op, CREDHUB_OP_READ, path, &rows.listed[i].grants))
        {
            continue;
        }

        if (ctx->body.len > 1) {
            credhub_buf_lit(&ctx->body, ",");
        }

        credhub_buf_lit(&ctx->body, "{");
        ngx_http_credhub_ssh_copy(&ctx->body, &rows.listed[i].object, "DN");
        ngx_http_credhub_ssh_copy(&ctx->body, &rows.listed[i].object, "Guid");
        credhub_buf_lit(&ctx->body, "}");
    }

    ctx->behind = rows.next;
    ngx_credhub_op_release(op);

    if (ctx->behind != 0) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_ssh_available_read);
    }

    credhub_buf_lit(&ctx->body, "]");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &ctx->body);
}
