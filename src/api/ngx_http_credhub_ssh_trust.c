
/*
 * What peers of SSH read, who need no identity: the public key of a CA, its
 * revocations, and the lines of known_hosts. And SSHCertificates/Revoke.
 */

#include "ngx_http_credhub_ssh_authority.h"
#include "ngx_credhub_revocations.h"


#define NGX_HTTP_CREDHUB_SSH_HOSTS_STEP 100 /* certificates of a read */


typedef struct {
    ngx_http_credhub_ssh_authority_t authority;

    credhub_str_t serial; /* what is revoked: one of three */
    credhub_str_t key_id;
    credhub_str_t key;

    ngx_credhub_guard_t    guard;
    credhub_ssh_revoked_t *rows; /* of a KRL */
    ngx_uint_t             n;
    ngx_uint_t             allocated;

    credhub_buf_t lines; /* of known_hosts */
    int64_t       behind;
} ngx_http_credhub_ssh_trust_t;


static ngx_credhub_rc_e ngx_http_credhub_ssh_trust_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_trust_key(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_trust_ca(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_trust_line(
    ngx_credhub_op_t *op, const char *prefix);
static ngx_credhub_rc_e ngx_http_credhub_ssh_hosts_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_hosts_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_ssh_hosts_add(
     ngx_credhub_op_t *op, const ngx_credhub_object_t *object);
static ngx_credhub_rc_e ngx_http_credhub_ssh_krl_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_krl_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_ssh_krl_add(
     ngx_credhub_op_t *op, credhub_str_t text);
static ngx_credhub_rc_e ngx_http_credhub_ssh_krl_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_revoke_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_revoke_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_revoke_answer(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_ssh_revoke_text(
    ngx_credhub_op_t *op, credhub_str_t *text);


#define NGX_HTTP_CREDHUB_SSH_SERIAL "serial:"
#define NGX_HTTP_CREDHUB_SSH_KEY_ID "key-id:"
#define NGX_HTTP_CREDHUB_SSH_KEY    "key:"


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

const ngx_credhub_operation_t  ngx_http_credhub_ssh_public_key = {
    "SSH_PUBLIC_KEY",
    steps(ngx_http_credhub_ssh_trust_find,
          ngx_http_credhub_ssh_trust_key),
    sizeof(ngx_http_credhub_ssh_trust_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_cert_authority = {
    "SSH_CERT_AUTHORITY",
    steps(ngx_http_credhub_ssh_trust_find,
          ngx_http_credhub_ssh_trust_ca),
    sizeof(ngx_http_credhub_ssh_trust_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_known_hosts = {
    "SSH_KNOWN_HOSTS",
    steps(ngx_http_credhub_ssh_trust_find,
          ngx_http_credhub_ssh_hosts_read,
          ngx_http_credhub_ssh_hosts_take),
    sizeof(ngx_http_credhub_ssh_trust_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_krl = {
    "SSH_KRL",
    steps(ngx_http_credhub_ssh_trust_find,
          ngx_http_credhub_ssh_krl_read,
          ngx_http_credhub_ssh_krl_take,
          ngx_http_credhub_ssh_krl_answer),
    sizeof(ngx_http_credhub_ssh_trust_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_ssh_revoke = {
    "SSH_CERTIFICATE_REVOKE",
    steps(ngx_http_credhub_ssh_revoke_find,
          ngx_http_credhub_ssh_revoke_write,
          ngx_http_credhub_ssh_revoke_answer),
    sizeof(ngx_http_credhub_ssh_trust_t)
};


#define field(name, member, max, check)                                       \
    { name, CREDHUB_SSH_FIELD_TEXT,                                           \
      offsetof(ngx_http_credhub_ssh_trust_t, member), max, check, NULL }

static const credhub_ssh_field_t  ngx_http_credhub_ssh_revoke_fields[] = {
    field("CADN", authority.dn, 2 * CREDHUB_SSH_DN_MAX,
          credhub_ssh_bytes_valid),
    field("CAGuid", authority.guid, 2 * CREDHUB_SSH_DN_MAX,
          credhub_ssh_bytes_valid),
    field("SerialNumber", serial, CREDHUB_SSH_NAME_MAX,
          credhub_ssh_bytes_valid),
    field("KeyId", key_id, CREDHUB_SSH_KEY_ID_MAX, credhub_ssh_text_valid),
    field("PublicKeyData", key, CREDHUB_SSH_LINE_MAX,
          credhub_ssh_bytes_valid),
    credhub_ssh_fields_end
};

/* clang-format on */


/* What goes wrong is told as text, as clients expect it. */

static ngx_credhub_rc_e
ngx_http_credhub_ssh_trust_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    ctx->authority.dn = ngx_http_credhub_ssh_query(op, "DN");
    ctx->authority.guid = ngx_http_credhub_ssh_query(op, "Guid");
    ctx->authority.texts = 1;

    return ngx_http_credhub_ssh_authority_enter(op, &ctx->authority);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_trust_key(ngx_credhub_op_t *op)
{
    return ngx_http_credhub_ssh_trust_line(op, "");
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_trust_ca(ngx_credhub_op_t *op)
{
    return ngx_http_credhub_ssh_trust_line(op, "@cert-authority * ");
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_trust_line(ngx_credhub_op_t *op, const char *prefix)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    credhub_buf_t buf;
    credhub_str_t name, line;

    name = ngx_credhub_ssh_member(op, &ctx->authority.ca, "Name");
    line = credhub_ssh_line(op->arena, ctx->authority.pair.blob, name);

    credhub_buf_init(&buf, op->arena, line.len + 32);
    credhub_buf_add(&buf, prefix, ngx_strlen(prefix));
    credhub_buf_add_str(&buf, line);
    credhub_buf_lit(&buf, "\n");

    return buf.failed || line.data == NULL
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : ngx_http_credhub_ssh_text(
                   op, NGX_HTTP_OK, credhub_buf_str(&buf));
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_hosts_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    credhub_buf_t       index;
    ngx_credhub_call_t *call;

    if (ctx->authority.kept.len != 0
        && !credhub_ssh_template_host(ctx->authority.kept))
    {
        return ngx_http_credhub_ssh_text(op, NGX_HTTP_OK, credhub_null_str);
    }

    if (ctx->behind == 0) {
        credhub_buf_init(&ctx->lines, op->arena, 1024);
    }

    credhub_buf_init(&index, op->arena, ctx->authority.named.key.len + 8);
    credhub_buf_lit(&index, "used:");
    credhub_buf_add_str(&index, ctx->authority.named.key);

    if (index.failed) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_objects_list(call, op->hub->store, credhub_buf_str(&index),
            ctx->behind, NGX_HTTP_CREDHUB_SSH_HOSTS_STEP, credhub_null_str,
            credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_hosts_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    ngx_uint_t            i;
    credhub_error_e       error;
    ngx_credhub_objects_t rows;

    if (ngx_credhub_objects_listed(op->call, &rows, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < rows.n; i++) {
        error = ngx_http_credhub_ssh_hosts_add(op, &rows.listed[i].object);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->behind = rows.next;
    ngx_credhub_op_release(op);

    if (ctx->behind != 0) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_ssh_hosts_read);
    }

    return ctx->lines.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                             : ngx_http_credhub_ssh_text(
                                 op, NGX_HTTP_OK, credhub_buf_str(&ctx->lines));
}


/* Of a host whose certificate has not ended. What is told is sealed, not what
 * the store shows. */

static credhub_error_e
ngx_http_credhub_ssh_hosts_add(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    int64_t         until;
    credhub_str_t   config, known, value;
    credhub_error_e error;

    if (!ngx_credhub_object_is(object->key, NGX_CREDHUB_SSH_CERTIFICATES)) {
        return CREDHUB_OK;
    }

    error = ngx_credhub_object_open(op, object, &config);

    if (error != CREDHUB_OK
        || credhub_json_get_string(op->arena, config, "known", &known) != 1
        || !credhub_json_get(config, "until", &value))
    {
        return error;
    }

    until = ngx_atoof(value.data, value.len);

    if (until != NGX_ERROR && until > ngx_time()) {
        credhub_buf_add_str(&ctx->lines, known);
        credhub_buf_lit(&ctx->lines, "\n");
    }

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_krl_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_revocations_read(
            call, op->hub->store, &ctx->authority.ca, ctx->n);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_krl_take(ngx_credhub_op_t *op)
{
    ngx_uint_t      i, n;
    credhub_error_e error;

    n = ngx_credhub_revocations_n(op->call);

    for (i = 0; i < n; i++) {
        error = ngx_http_credhub_ssh_krl_add(
            op, ngx_credhub_revocation(op->call, i));

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ngx_credhub_op_release(op);

    return n < NGX_CREDHUB_REVOCATIONS_STEP
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_ssh_krl_read);
}


static credhub_error_e
ngx_http_credhub_ssh_krl_add(ngx_credhub_op_t *op, credhub_str_t text)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    u_char                *colon;
    credhub_str_t          what;
    credhub_ssh_revoked_t *row, *rows;

    if (ctx->n == ctx->allocated) {
        ctx->allocated = ctx->allocated == 0 ? 64 : 2 * ctx->allocated;

        rows = credhub_arena_alloc(
            op->arena, ctx->allocated * sizeof(credhub_ssh_revoked_t));
        if (rows == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        if (ctx->n != 0) {
            ngx_memcpy(rows, ctx->rows, ctx->n * sizeof(credhub_ssh_revoked_t));
        }

        ctx->rows = rows;
    }

    colon = ngx_strlchr(text.data, text.data + text.len, ':');

    if (colon == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    what.len = colon + 1 - text.data;
    what.data = text.data;
    text.len -= what.len;
    text.data += what.len;

    row = &ctx->rows[ctx->n++];
    ngx_memzero(row, sizeof(credhub_ssh_revoked_t));

    if (credhub_str_eq(what, credhub_str(NGX_HTTP_CREDHUB_SSH_SERIAL))) {
        return credhub_ssh_serial_parse(text, &row->serial) == 0
                   ? CREDHUB_OK
                   : CREDHUB_E_INTERNAL;
    }

    if (credhub_str_eq(what, credhub_str(NGX_HTTP_CREDHUB_SSH_KEY_ID))) {
        row->key_id = ngx_credhub_op_copy(op, text);
        return row->key_id.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
    }

    row->blob = credhub_base64_decode(op->arena, text);

    return row->blob.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_krl_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    credhub_error_e error;

    error = credhub_ssh_krl(op->arena, ctx->authority.pair.blob, ctx->n,
        ngx_time(), ctx->rows, ctx->n, &op->body);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    op->status = NGX_HTTP_OK;
    op->media = credhub_str("application/octet-stream");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_revoke_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    credhub_str_t   text;
    credhub_error_e error;

    error =
        ngx_http_credhub_ssh_body(op, ngx_http_credhub_ssh_revoke_fields, ctx);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_revoke_text(op, &text);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    ctx->authority.operation = CREDHUB_OP_WRITE;

    return ngx_http_credhub_ssh_authority_enter(op, &ctx->authority);
}


/* What is revoked, as it is kept: exactly one of the three. */

static credhub_error_e
ngx_http_credhub_ssh_revoke_text(ngx_credhub_op_t *op, credhub_str_t *text)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    uint64_t             serial;
    const char          *what;
    credhub_buf_t        buf;
    credhub_str_t        value;
    credhub_error_e      error;
    credhub_ssh_public_t key;

    if ((ctx->serial.len != 0) + (ctx->key_id.len != 0) + (ctx->key.len != 0)
        != 1) {
        op->detail = credhub_str("SerialNumber, KeyId or PublicKeyData");
        return CREDHUB_E_SSH_FIELD_MISSING;
    }

    if (ctx->serial.len != 0) {
        if (credhub_ssh_serial_parse(ctx->serial, &serial) != 0 || serial == 0)
        {
            return credhub_ssh_field_error(&op->detail, "SerialNumber");
        }

        what = NGX_HTTP_CREDHUB_SSH_SERIAL;
        value = ctx->serial;

        while (value.data[0] == '0') {
            value.data++;
            value.len--;
        }

    } else if (ctx->key_id.len != 0) {
        what = NGX_HTTP_CREDHUB_SSH_KEY_ID;
        value = ctx->key_id;

    } else {
        error = credhub_ssh_public(op->arena, ctx->key, &key, &op->detail);

        if (error != CREDHUB_OK) {
            return error;
        }

        what = NGX_HTTP_CREDHUB_SSH_KEY;
        value = credhub_base64(op->arena, key.blob, 1);
    }

    credhub_buf_init(&buf, op->arena, value.len + 16);
    credhub_buf_add(&buf, what, ngx_strlen(what));
    credhub_buf_add_str(&buf, value);

    *text = credhub_buf_str(&buf);

    return buf.failed || value.data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_revoke_write(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_trust_t *ctx = op->ctx;

    credhub_str_t       text, path;
    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_http_credhub_ssh_revoke_text(op, &text);

    path = ngx_credhub_object_path(op, ctx->authority.named.key);

    if (error == CREDHUB_OK) {
        error = path.data == NULL ? CREDHUB_E_INTERNAL
                                  : ngx_credhub_object_guard(
                                      op, CREDHUB_OP_WRITE, path, &ctx->guard);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_values(op, &ctx->guard, &full);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(
            op, error == CREDHUB_E_FORBIDDEN ? CREDHUB_E_SSH_RIGHTS : error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_revoke_write(
            call, op->hub->store, &ctx->authority.ca, text, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_revoke_answer(ngx_credhub_op_t *op)
{
    credhub_error_e error;

    switch (ngx_credhub_revoke_done(op->call, &error)) {
    case NGX_OK:
        op->status = NGX_HTTP_OK;
        op->body = credhub_str("{" NGX_HTTP_CREDHUB_SSH_RESPONSE);
        return NGX_CREDHUB_DONE;

    case NGX_DECLINED:
        return ngx_credhub_op_fail(op, CREDHUB_E_SSH_POLICY,
            credhub_str("The CA has as many revocations as it may have."));

    default:
        return ngx_credhub_op_error(op, error);
    }
}
