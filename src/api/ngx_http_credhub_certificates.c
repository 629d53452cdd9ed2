
/*
 * GET /api/v1/certificates, all or one by name: what there is to know of a
 * certificate without any key. Both show the same of one certificate.
 */

#include "ngx_http_credhub_list.h"
#include "ngx_http_credhub_query.h"
#include "ngx_http_credhub_certificate_row.h"
#include "credhub_grant.h"
#include "credhub_json.h"
#include "credhub_name.h"


/* Bytes of the answer beside a name that a CA signs. */
#define NGX_HTTP_CREDHUB_SIGNS_SIZE sizeof(",\"\"")


typedef struct {
    int64_t       sequence; /* of the newest version */
    credhub_str_t folded;
    credhub_str_t text; /* as far as "signs" */
} ngx_http_credhub_cert_t;


typedef struct {
    credhub_str_t ca; /* folded */
    credhub_str_t folded;
    credhub_str_t name;
} ngx_http_credhub_signed_t;


typedef struct {
    credhub_str_t           name; /* folded; empty: all */
    credhub_str_t           cursor;
    int64_t                 until; /* microseconds since 1970 */
    ngx_uint_t              expires;
    ngx_http_credhub_list_t certs;
    ngx_http_credhub_list_t signs;
} ngx_http_credhub_certs_t;


static ngx_credhub_rc_e ngx_http_credhub_certs_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_cert_parse(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_certs_query(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certs_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certs_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_cert_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_cert_children(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_cert_signs(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_certs_answer(ngx_credhub_op_t *op);

static credhub_error_e ngx_http_credhub_certs_add(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_row_t *row);
static ngx_uint_t ngx_http_credhub_certs_active(
    const ngx_credhub_certificate_row_t *row);
static credhub_error_e ngx_http_credhub_certs_sign(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_row_t *row);
static credhub_error_e ngx_http_credhub_signs_add(ngx_credhub_op_t *op,
    credhub_str_t ca, credhub_str_t folded, credhub_str_t name);
static void            ngx_http_credhub_certs_signs(
               credhub_buf_t *buf, const ngx_http_credhub_list_t *signs, credhub_str_t ca);
static int ngx_libc_cdecl ngx_http_credhub_signs_order(
    const void *one, const void *two);
static int ngx_http_credhub_signs_compare(credhub_str_t a, credhub_str_t b);


static const ngx_credhub_step_pt ngx_http_credhub_certs_steps[] = {
    ngx_http_credhub_certs_parse,
    ngx_http_credhub_certs_read,
    ngx_http_credhub_certs_take,
    ngx_http_credhub_certs_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_certificates_list = {
    "GET_ALL_CERTIFICATES",
    ngx_http_credhub_certs_steps,
    sizeof(ngx_http_credhub_certs_t),
};


static const ngx_credhub_step_pt ngx_http_credhub_cert_steps[] = {
    ngx_http_credhub_cert_parse,
    ngx_http_credhub_certs_read,
    ngx_http_credhub_cert_take,
    ngx_http_credhub_cert_children,
    ngx_http_credhub_cert_signs,
    ngx_http_credhub_certs_answer,
    NULL,
};

static const ngx_credhub_operation_t ngx_http_credhub_certificate_get = {
    "GET_CERTIFICATE",
    ngx_http_credhub_cert_steps,
    sizeof(ngx_http_credhub_certs_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_certs_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    if (credhub_query_get(&input->query, "name") != NULL) {
        return ngx_credhub_op_become(op, &ngx_http_credhub_certificate_get);
    }

    error = ngx_http_credhub_certs_query(op);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static ngx_credhub_rc_e
ngx_http_credhub_cert_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_str_t   name;
    credhub_error_e error;

    name = credhub_query_value(&input->query, "name");
    op->action = op->operation->name;

    if (name.len == 0) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_MISSING_QUERY, credhub_str("name"));
    }

    ngx_credhub_audit_named(op, name);

    error = ngx_http_credhub_certs_query(op);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_name(op, name, &ctx->name);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


static credhub_error_e
ngx_http_credhub_certs_query(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    int64_t         within;
    credhub_error_e error;

    ctx->certs.width = sizeof(ngx_http_credhub_cert_t);
    ctx->signs.width = sizeof(ngx_http_credhub_signed_t);

    error = ngx_http_credhub_query_within(op, &within, &ctx->expires);

    if (error == CREDHUB_OK && ctx->expires) {
        ctx->until = (int64_t) ngx_time() * 1000000 + within;
    }

    return error;
}


static ngx_credhub_rc_e
ngx_http_credhub_certs_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_certificates_list(call, op->hub->store, ctx->name,
            ctx->cursor, ctx->expires, op->caller);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_certs_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    ngx_uint_t                     i, n;
    credhub_str_t                  cursor;
    credhub_error_e                error;
    ngx_credhub_certificate_row_t *rows;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_listed(op->call, &rows, &n, &cursor, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < n; i++) {
        if (!ngx_credhub_access_allowed(
                op, CREDHUB_OP_READ, rows[i].folded, &rows[i].grants))
        {
            continue;
        }

        error = ngx_http_credhub_certs_add(op, &rows[i]);

        if (error == CREDHUB_OK) {
            error = ngx_http_credhub_certs_sign(op, &rows[i]);
        }

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->cursor = ngx_credhub_op_copy(op, cursor);
    ngx_credhub_op_release(op);

    return ctx->cursor.len == 0
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_certs_read);
}


static ngx_credhub_rc_e
ngx_http_credhub_cert_take(ngx_credhub_op_t *op)
{
    ngx_uint_t                     n;
    credhub_str_t                  cursor;
    credhub_error_e                error;
    ngx_credhub_certificate_row_t *row;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_listed(op->call, &row, &n, &cursor, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    if (n == 0) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED);
    }

    op->resource_id = ngx_credhub_op_copy(op, row->credential);

    if (!ngx_credhub_access_allowed(
            op, CREDHUB_OP_READ, row->folded, &row->grants)) {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    error = ngx_http_credhub_certs_add(op, row);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_cert_children(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_children_read(call, op->hub->store, ctx->name, ctx->cursor,
            op->caller, credhub_grant_letter(CREDHUB_OP_READ));
    }

    return ngx_credhub_op_send(op, call);
}


/* An older version may name another CA than the newest, which counts. */

static ngx_credhub_rc_e
ngx_http_credhub_cert_signs(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    int64_t              signed_count;
    ngx_uint_t           i, n;
    credhub_str_t        cursor;
    credhub_error_e      error;
    ngx_credhub_child_t *children;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_children_result(
            op->call, &children, &n, &signed_count, &cursor, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < n; i++) {
        if (!credhub_str_eq(children[i].signer, ctx->name)
            || !ngx_credhub_access_allowed(
                op, CREDHUB_OP_READ, children[i].folded, &children[i].grants))
        {
            continue;
        }

        error = ngx_http_credhub_signs_add(
            op, ctx->name, children[i].folded, children[i].name);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->cursor = ngx_credhub_op_copy(op, cursor);
    ngx_credhub_op_release(op);

    return ctx->cursor.len == 0
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_cert_children);
}


/* What expires too late is not shown, nor what has no version in force. */

static credhub_error_e
ngx_http_credhub_certs_add(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_row_t *row)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    credhub_str_t            text;
    credhub_error_e          error;
    ngx_http_credhub_cert_t *cert;

    if (ctx->expires
        && (!ngx_http_credhub_certs_active(row)
            || row->first_expires > ctx->until))
    {
        return CREDHUB_OK;
    }

    error = ngx_http_credhub_certificate_row(op, row, &text);

    if (error != CREDHUB_OK) {
        return error;
    }

    cert = ngx_http_credhub_list_add(
        op, &ctx->certs, text.len + sizeof("],\"signs\":[]},"), &error);

    if (cert == NULL) {
        return error;
    }

    cert->sequence = row->sequence;
    cert->folded = ngx_credhub_op_copy(op, row->folded);
    cert->text = text;

    return cert->folded.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static ngx_uint_t
ngx_http_credhub_certs_active(const ngx_credhub_certificate_row_t *row)
{
    ngx_uint_t i;

    for (i = 0; i < row->n; i++) {
        if (!row->versions[i].transitional) {
            return row->first_id.len != 0;
        }
    }

    return 0;
}


/* Remembers whom the newest version names as its CA. */

static credhub_error_e
ngx_http_credhub_certs_sign(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_row_t *row)
{
    credhub_str_t ca;

    if (row->n == 0 || row->versions[0].signer.len == 0) {
        return CREDHUB_OK;
    }

    ca = credhub_name_fold(op->arena, row->versions[0].signer);

    if (ca.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return credhub_str_eq(ca, row->folded)
               ? CREDHUB_OK
               : ngx_http_credhub_signs_add(op, ca, row->folded, row->name);
}


static credhub_error_e
ngx_http_credhub_signs_add(ngx_credhub_op_t *op, credhub_str_t ca,
    credhub_str_t folded, credhub_str_t name)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    credhub_error_e            error;
    ngx_http_credhub_signed_t *child;

    child = ngx_http_credhub_list_add(
        op, &ctx->signs, name.len + NGX_HTTP_CREDHUB_SIGNS_SIZE, &error);

    if (child == NULL) {
        return error;
    }

    child->ca = ca;
    child->folded = ngx_credhub_op_copy(op, folded);
    child->name = ngx_credhub_op_copy(op, name);

    return child->folded.data != NULL && child->name.data != NULL
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


static ngx_credhub_rc_e
ngx_http_credhub_certs_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_certs_t *ctx = op->ctx;

    size_t                   i, size;
    credhub_buf_t            body;
    ngx_http_credhub_cert_t *certs;

    size =
        sizeof("{\"certificates\":[]}") + ctx->certs.bytes + ctx->signs.bytes;

    if (size > NGX_CREDHUB_ANSWER_MAX) {
        return ngx_credhub_op_error(op, CREDHUB_E_TOO_LARGE);
    }

    ngx_http_credhub_list_sort(&ctx->certs);

    if (ctx->signs.n != 0) {
        ngx_qsort(ctx->signs.elts, ctx->signs.n, ctx->signs.width,
            ngx_http_credhub_signs_order);
    }

    credhub_buf_init(&body, op->arena, size);
    credhub_buf_lit(&body, "{\"certificates\":[");

    certs = ctx->certs.elts;

    for (i = 0; i < ctx->certs.n; i++) {
        if (i != 0) {
            credhub_buf_lit(&body, ",");
        }

        credhub_buf_add_str(&body, certs[i].text);
        ngx_http_credhub_certs_signs(&body, &ctx->signs, certs[i].folded);
        credhub_buf_lit(&body, "}");
    }

    credhub_buf_lit(&body, "]}");

    return ngx_credhub_op_answer(op, 200, &body);
}


/* Finds the first one that names this CA, and shows all that do. */

static void
ngx_http_credhub_certs_signs(
    credhub_buf_t *buf, const ngx_http_credhub_list_t *signs, credhub_str_t ca)
{
    size_t                           low, high, middle;
    const ngx_http_credhub_signed_t *children = signs->elts;

    low = 0;
    high = signs->n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (ngx_http_credhub_signs_compare(children[middle].ca, ca) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    credhub_buf_lit(buf, ",\"signs\":[");

    for (high = low; high < signs->n && credhub_str_eq(children[high].ca, ca);
         high++)
    {
        if (high != low) {
            credhub_buf_lit(buf, ",");
        }

        credhub_json_add_string(buf, children[high].name);
    }

    credhub_buf_lit(buf, "]");
}


static int ngx_libc_cdecl
ngx_http_credhub_signs_order(const void *one, const void *two)
{
    const ngx_http_credhub_signed_t *a = one;
    const ngx_http_credhub_signed_t *b = two;

    int rc;

    rc = ngx_http_credhub_signs_compare(a->ca, b->ca);

    return rc != 0 ? rc : ngx_http_credhub_signs_compare(a->folded, b->folded);
}


static int
ngx_http_credhub_signs_compare(credhub_str_t a, credhub_str_t b)
{
    return (int) ngx_memn2cmp(a.data, b.data, a.len, b.len);
}
