
/*
 * The certificates and SSH keys that a connection or a destination trusts: one
 * set of steps for both types, all owners and all their spellings. What differs
 * stands in the way of an endpoint, and behind it in a table.
 */

#include "ngx_http_credhub_object.h"
#include "ngx_credhub_credential.h"


/* Showing a certificate means parsing it: in between others have their turn. */
#define NGX_HTTP_CREDHUB_APPROVALS_STEP  100
#define NGX_HTTP_CREDHUB_APPROVALS_BYTES (8 * 1024 * 1024) /* of a page */


/* A type of approvals. */

struct ngx_http_credhub_approval_type_s {
    credhub_approval_e type;
    const char        *name; /* in messages */
    const char        *list; /* of an owner, in cursors */
    const char        *content;
    const char        *approved;
    credhub_error_e    missing;
};


typedef struct {
    const ngx_http_credhub_approval_way_t *way;

    credhub_str_t id;
    credhub_str_t key;
    credhub_str_t path;
    credhub_str_t caller; /* empty: the configuration allows it */

    /* one */
    ngx_credhub_guard_t guard; /* without values */
    credhub_str_t       hashes[CREDHUB_APPROVAL_SPELLINGS];
    ngx_uint_t          nhashes;

    /* one that is approved */
    ngx_credhub_approve_t approve;
    credhub_str_t         content; /* as asked */
    const char           *warning;

    /* a page */
    credhub_str_t list;
    ngx_uint_t    limit;
    ngx_uint_t    n;
    int64_t       behind;
    credhub_buf_t items;
} ngx_http_credhub_approval_ctx_t;


static ngx_credhub_rc_e ngx_http_credhub_approve_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approve_load(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approve_enter(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approve_answer(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_approve_body(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_approve_field(ngx_credhub_op_t *op,
     credhub_str_t body, const char *name, credhub_str_t *value);

static ngx_credhub_rc_e ngx_http_credhub_approvals_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approvals_begin(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approvals_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approvals_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_approvals_add(ngx_credhub_op_t *op,
     credhub_str_t uid, const credhub_approval_t *approval);

static ngx_credhub_rc_e ngx_http_credhub_approval_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_approval_answer(ngx_credhub_op_t *op);

static ngx_credhub_rc_e ngx_http_credhub_revoke_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_revoke_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_revoke_answer(ngx_credhub_op_t *op);

static credhub_error_e ngx_http_credhub_approval_owner(
    ngx_credhub_op_t *op, unsigned operation);
static void ngx_http_credhub_approval_hash(ngx_credhub_op_t *op);
static void ngx_http_credhub_approval_audit(
    ngx_credhub_op_t *op, credhub_str_t hash);
static credhub_error_e  ngx_http_credhub_approval_allowed(ngx_credhub_op_t *op,
     unsigned operation, const ngx_credhub_approval_owner_t *owner);
static ngx_credhub_rc_e ngx_http_credhub_approval_missing(
    ngx_credhub_op_t *op, credhub_str_t uid);
static ngx_credhub_rc_e ngx_http_credhub_approval_show(ngx_credhub_op_t *op,
    ngx_uint_t status, credhub_str_t message,
    const credhub_approval_t *approval);


static const ngx_credhub_step_pt ngx_http_credhub_approve_steps[] = {
    ngx_http_credhub_approve_parse,
    ngx_http_credhub_approve_load,
    ngx_http_credhub_approve_enter,
    ngx_http_credhub_approve_answer,
    NULL,
};

static const ngx_credhub_step_pt ngx_http_credhub_approvals_steps[] = {
    ngx_http_credhub_approvals_parse,
    ngx_credhub_ready,
    ngx_http_credhub_approvals_begin,
    ngx_http_credhub_approvals_read,
    ngx_http_credhub_approvals_take,
    NULL,
};

static const ngx_credhub_step_pt ngx_http_credhub_approval_steps[] = {
    ngx_http_credhub_approval_read,
    ngx_http_credhub_approval_answer,
    NULL,
};

static const ngx_credhub_step_pt ngx_http_credhub_revoke_steps[] = {
    ngx_http_credhub_revoke_parse,
    ngx_credhub_ready,
    ngx_http_credhub_revoke_send,
    ngx_http_credhub_revoke_answer,
    NULL,
};


/* clang-format off */

static const ngx_http_credhub_approval_type_t
    ngx_http_credhub_approval_certificates = {
    .type = CREDHUB_APPROVAL_CERTIFICATE,
    .name = "Certificate",
    .list = "certificates",
    .content = "encoded_cert",
    .approved = "The certificate has been approved",
    .missing = CREDHUB_E_NOT_FOUND_CERTIFICATE
};

static const ngx_http_credhub_approval_type_t
    ngx_http_credhub_approval_fingerprints = {
    .type = CREDHUB_APPROVAL_FINGERPRINT,
    .name = "Fingerprint",
    .list = "fingerprints",
    .content = "public_key",
    .approved = "The fingerprint has been approved.",
    .missing = CREDHUB_E_NOT_FOUND_FINGERPRINT
};


#define approval_way(name, steps, kind, type, word)                           \
    { { name, steps, sizeof(ngx_http_credhub_approval_ctx_t) },               \
      kind, &ngx_http_credhub_approval_##type, word }

#define approval_ways(NAME, kind, type, word)                                 \
    { approval_way("APPROVE_" NAME, ngx_http_credhub_approve_steps,           \
                   kind, type, word),                                         \
      approval_way("LIST_" NAME "S", ngx_http_credhub_approvals_steps,        \
                   kind, type, word),                                         \
      approval_way("GET_" NAME, ngx_http_credhub_approval_steps,              \
                   kind, type, word),                                         \
      approval_way("REVOKE_" NAME, ngx_http_credhub_revoke_steps,             \
                   kind, type, word) }


const ngx_http_credhub_approvals_t  ngx_http_credhub_connector_certificates =
    approval_ways("CERTIFICATE", NGX_CREDHUB_CONNECTIONS, certificates,
                  "connector");

const ngx_http_credhub_approvals_t  ngx_http_credhub_connector_fingerprints =
    approval_ways("FINGERPRINT", NGX_CREDHUB_CONNECTIONS, fingerprints,
                  "connector");

const ngx_http_credhub_approvals_t  ngx_http_credhub_connection_certificates =
    approval_ways("CERTIFICATE", NGX_CREDHUB_CONNECTIONS, certificates,
                  "connection");

const ngx_http_credhub_approvals_t  ngx_http_credhub_connection_fingerprints =
    approval_ways("FINGERPRINT", NGX_CREDHUB_CONNECTIONS, fingerprints,
                  "connection");

const ngx_http_credhub_approvals_t  ngx_http_credhub_destination_certificates =
    approval_ways("CERTIFICATE", NGX_CREDHUB_DESTINATIONS, certificates,
                  "destination");

const ngx_http_credhub_approvals_t  ngx_http_credhub_destination_fingerprints =
    approval_ways("FINGERPRINT", NGX_CREDHUB_DESTINATIONS, fingerprints,
                  "destination");

/* clang-format on */


/* The owner that the path names, and the right that is asked for. */

static credhub_error_e
ngx_http_credhub_approval_owner(ngx_credhub_op_t *op, unsigned operation)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;
    ngx_http_credhub_input_t        *input = op->input;

    credhub_error_e error;

    ctx->way = (const ngx_http_credhub_approval_way_t *) op->operation;
    ctx->id = input->params[0];

    error = ngx_credhub_object_name(
        op, ctx->way->kind, ctx->id, &ctx->key, &ctx->path);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_object_guard(op, operation, ctx->path, &ctx->guard);
        ctx->caller = ctx->guard.actor;
    }

    return error;
}


/* The approval that the rest of the path names, however it is spelled. */

static void
ngx_http_credhub_approval_hash(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;
    ngx_http_credhub_input_t        *input = op->input;

    ctx->nhashes =
        credhub_approval_spellings(op->arena, input->params[1], ctx->hashes);

    ngx_http_credhub_approval_audit(op, input->params[1]);
}


static void
ngx_http_credhub_approval_audit(ngx_credhub_op_t *op, credhub_str_t hash)
{
    ngx_credhub_detail_t rows[] = {
        { "hash", NGX_CREDHUB_DETAIL_STRING, hash },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_details(op, rows);
}


static credhub_error_e
ngx_http_credhub_approval_allowed(ngx_credhub_op_t *op, unsigned operation,
    const ngx_credhub_approval_owner_t *owner)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    if (ctx->caller.len == 0
        || ngx_credhub_access_granted(
            op, ctx->caller, operation, &owner->grants))
    {
        return CREDHUB_OK;
    }

    return CREDHUB_E_FORBIDDEN;
}


static ngx_credhub_rc_e
ngx_http_credhub_approval_missing(ngx_credhub_op_t *op, credhub_str_t uid)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;
    ngx_http_credhub_input_t        *input = op->input;

    return uid.len == 0 ? ngx_credhub_op_fail(
               op, ngx_credhub_object_kinds[ctx->way->kind].missing, ctx->id)
                        : ngx_credhub_op_fail(
                            op, ctx->way->type->missing, input->params[1]);
}


static ngx_credhub_rc_e
ngx_http_credhub_approve_parse(ngx_credhub_op_t *op)
{
    credhub_error_e error;

    error = ngx_http_credhub_approval_owner(op, CREDHUB_OP_WRITE);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_approve_body(op);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_approve_body(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_str_t   body, hash, content;
    credhub_error_e error;

    error = ngx_http_credhub_object_body(op, 0, &body);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_approve_field(op, body, "hash", &hash);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    ngx_http_credhub_approval_audit(op, hash);

    error = ngx_http_credhub_approve_field(
        op, body, ctx->way->type->content, &content);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->way->type->type == CREDHUB_APPROVAL_CERTIFICATE) {
        return credhub_approval_certificate(
            op->arena, content, hash, &ctx->approve.approval);
    }

    error = credhub_approval_fingerprint(
        op->arena, hash, content, &ctx->approve.approval, &ctx->warning);

    if (error == CREDHUB_E_FIELD_INVALID) {
        op->detail = credhub_str("Field 'hash' or 'public_key' is invalid");
        return CREDHUB_E_INPUT;
    }

    return error;
}


static credhub_error_e
ngx_http_credhub_approve_field(ngx_credhub_op_t *op, credhub_str_t body,
    const char *name, credhub_str_t *value)
{
    op->detail.len = ngx_strlen(name);
    op->detail.data = (u_char *) name;

    if (!credhub_json_get(body, name, value)) {
        return CREDHUB_E_FIELD_REQUIRED;
    }

    switch (credhub_json_kind(*value)) {
    case CREDHUB_JSON_NULL:
        return CREDHUB_E_FIELD_REQUIRED;

    case CREDHUB_JSON_STRING:
        break;

    default:
        return CREDHUB_E_FIELD_INVALID;
    }

    *value = credhub_json_decode(op->arena, *value);

    if (value->data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (value->len == 0) {
        return CREDHUB_E_FIELD_REQUIRED;
    }

    op->detail = credhub_null_str;

    return CREDHUB_OK;
}


/* The owner, the right, and what time it is for Redis. */

static ngx_credhub_rc_e
ngx_http_credhub_approve_load(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_approval_read(call, op->hub->store, ctx->key,
            ctx->way->type->type, &ctx->approve.approval.hash, 1, ctx->path,
            ctx->caller, CREDHUB_OP_WRITE);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_approve_enter(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_error_e              error;
    credhub_approval_t           stands;
    ngx_credhub_approve_t       *approve;
    ngx_credhub_approval_owner_t owner;

    approve = &ctx->approve;
    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_approval_result(op->call, &owner, &stands, &error)
        == NGX_ERROR) {
        return ngx_credhub_op_error(op, error);
    }

    error = ngx_http_credhub_approval_allowed(op, CREDHUB_OP_WRITE, &owner);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (owner.uid.len == 0) {
        return ngx_http_credhub_approval_missing(op, owner.uid);
    }

    approve->kind = ctx->way->kind;
    approve->key = ctx->key;
    approve->path = ctx->path;
    approve->uid = owner.uid;
    approve->guard = ctx->guard;

    ctx->content = approve->approval.content;

    return ngx_credhub_approve_enter(op, approve);
}


static ngx_credhub_rc_e
ngx_http_credhub_approve_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_buf_t message;

    if (!credhub_str_eq(ctx->content, ctx->approve.approval.content)) {
        return ngx_credhub_op_fail(op, CREDHUB_E_CONFLICT,
            credhub_str("Another public key is approved with this hash."));
    }

    credhub_buf_init(&message, op->arena, 256);
    credhub_buf_printf(&message, "%s%s%s%s", ctx->way->type->approved,
        ctx->warning != NULL ? " Warning: " : "",
        ctx->warning != NULL ? ctx->warning : "",
        ctx->warning != NULL ? "." : "");

    return message.failed
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : ngx_http_credhub_approval_show(op, NGX_HTTP_CREATED,
                   credhub_buf_str(&message), &ctx->approve.approval);
}


static ngx_credhub_rc_e
ngx_http_credhub_approval_show(ngx_credhub_op_t *op, ngx_uint_t status,
    credhub_str_t message, const credhub_approval_t *approval)
{
    credhub_buf_t   data;
    credhub_error_e error;

    credhub_buf_init(&data, op->arena, approval->content.len + 2048);

    error = credhub_approval_show(&data, approval);

    if (error == CREDHUB_OK && data.failed) {
        error = CREDHUB_E_INTERNAL;
    }

    return error == CREDHUB_OK ? ngx_http_credhub_envelope(
               op, status, message, credhub_buf_str(&data))
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_approvals_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_buf_t   list;
    credhub_error_e error;

    error = ngx_http_credhub_approval_owner(op, CREDHUB_OP_READ);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_limit(op, &ctx->limit);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    credhub_buf_init(&ctx->items, op->arena, 4096);
    credhub_buf_init(&list, op->arena, ctx->path.len + 32);
    credhub_buf_add_str(&list, ctx->path);
    credhub_buf_printf(&list, "/%s", ctx->way->type->list);

    ctx->list = credhub_buf_str(&list);

    return list.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                       : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_approvals_begin(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_behind(op, ctx->list, &ctx->behind);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_approvals_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_approvals_list(call, op->hub->store, ctx->key,
            ctx->way->type->type, ctx->behind,
            ngx_min(ctx->limit - ctx->n, NGX_HTTP_CREDHUB_APPROVALS_STEP),
            ctx->path, ctx->caller);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_approvals_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    ngx_int_t                    rc;
    ngx_uint_t                   i;
    credhub_error_e              error;
    ngx_credhub_approvals_t      page;
    ngx_credhub_approval_owner_t owner;

    rc = ngx_credhub_approvals_listed(op->call, &owner, &page, &error);

    if (rc != NGX_ERROR) {
        error = ngx_http_credhub_approval_allowed(op, CREDHUB_OP_READ, &owner);
    }

    if (rc == NGX_ERROR || error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_credhub_approval_missing(op, credhub_null_str);
    }

    for (i = 0; i < page.n; i++) {
        error =
            ngx_http_credhub_approvals_add(op, owner.uid, &page.approvals[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->behind = page.next;
    ngx_credhub_op_release(op);

    if (ctx->behind != 0 && ctx->n < ctx->limit
        && ctx->items.len < NGX_HTTP_CREDHUB_APPROVALS_BYTES)
    {
        return ngx_credhub_op_goto(op, ngx_http_credhub_approvals_read);
    }

    return ngx_http_credhub_items(
        op, NULL, credhub_buf_str(&ctx->items), ctx->list, ctx->behind);
}


/* What is not genuine is not approved. */

static credhub_error_e
ngx_http_credhub_approvals_add(
    ngx_credhub_op_t *op, credhub_str_t uid, const credhub_approval_t *approval)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_error_e error;

    if (!ngx_credhub_approval_trusted(op, ctx->path, uid, approval)) {
        return CREDHUB_OK;
    }

    if (ctx->n++ != 0) {
        credhub_buf_lit(&ctx->items, ",");
    }

    error = credhub_approval_show(&ctx->items, approval);

    return error == CREDHUB_OK && ctx->items.failed ? CREDHUB_E_INTERNAL
                                                    : error;
}


static ngx_credhub_rc_e
ngx_http_credhub_approval_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_http_credhub_approval_owner(op, CREDHUB_OP_READ);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_http_credhub_approval_hash(op);

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_approval_read(call, op->hub->store, ctx->key,
            ctx->way->type->type, ctx->hashes, ctx->nhashes, ctx->path,
            ctx->caller, CREDHUB_OP_READ);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_approval_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    ngx_int_t                    rc;
    credhub_error_e              error;
    credhub_approval_t           approval;
    ngx_credhub_approval_owner_t owner;

    rc = ngx_credhub_approval_result(op->call, &owner, &approval, &error);

    if (rc != NGX_ERROR) {
        error = ngx_http_credhub_approval_allowed(op, CREDHUB_OP_READ, &owner);
    }

    if (rc == NGX_ERROR || error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return rc == NGX_OK
                   && ngx_credhub_approval_trusted(
                       op, ctx->path, owner.uid, &approval)
               ? ngx_http_credhub_approval_show(
                   op, NGX_HTTP_OK, credhub_null_str, &approval)
               : ngx_http_credhub_approval_missing(op, owner.uid);
}


static ngx_credhub_rc_e
ngx_http_credhub_revoke_parse(ngx_credhub_op_t *op)
{
    credhub_error_e error;

    error = ngx_http_credhub_approval_owner(op, CREDHUB_OP_DELETE);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_http_credhub_approval_hash(op);

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_revoke_send(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_credhub_access_values(op, &ctx->guard, &full);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_revoke(call, op->hub->store, ctx->key, ctx->way->type->type,
            ctx->hashes, ctx->nhashes, &full);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_revoke_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_approval_ctx_t *ctx = op->ctx;

    credhub_str_t   uid, hash;
    credhub_buf_t   message;
    credhub_error_e error;

    switch (ngx_credhub_revoked(op->call, &uid, &hash, &error)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_credhub_approval_missing(op, uid);

    default:
        return ngx_credhub_op_error(op, error);
    }

    credhub_buf_init(&message, op->arena, hash.len + ctx->id.len + 128);
    credhub_buf_printf(&message, "%s with hash '", ctx->way->type->name);
    credhub_buf_add_str(&message, hash);
    credhub_buf_printf(
        &message, "' has been revoked for %s with id '", ctx->way->word);
    credhub_buf_add_str(&message, ctx->id);
    credhub_buf_lit(&message, "'");

    return message.failed ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
                          : ngx_http_credhub_envelope(op, NGX_HTTP_OK,
                              credhub_buf_str(&message), credhub_null_str);
}
