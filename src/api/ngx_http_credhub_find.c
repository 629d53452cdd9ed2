
/* GET /api/v1/data?path= and ?name-like=: names, newest first. */

#include "ngx_http_credhub_list.h"
#include "ngx_http_credhub_query.h"
#include "credhub_json.h"
#include "credhub_name.h"


/* Bytes of the answer that a name brings along, and its expiry. */
#define NGX_HTTP_CREDHUB_FOUND_SIZE                                            \
    (sizeof(",{\"version_created_at\":\"\",\"name\":\"\"}") + CREDHUB_DATE_LEN)
#define NGX_HTTP_CREDHUB_EXPIRY_SIZE                                           \
    (sizeof(",\"expiry_date\":\"\"") + CREDHUB_DATE_LEN)


typedef struct {
    int64_t       sequence;
    int64_t       created;
    int64_t       expires;
    credhub_str_t name;
} ngx_http_credhub_found_t;


typedef struct {
    credhub_str_t           prefix; /* folded */
    credhub_str_t           like;   /* folded */
    credhub_str_t           cursor;
    int64_t                 within; /* microseconds */
    ngx_uint_t              expires;
    ngx_http_credhub_list_t list;
} ngx_http_credhub_find_t;


static ngx_credhub_rc_e ngx_http_credhub_find_parse(ngx_credhub_op_t *op);
static void             ngx_http_credhub_find_audit(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_find_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_find_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_find_answer(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_find_add(
     ngx_credhub_op_t *op, const ngx_credhub_found_t *row);
static credhub_str_t ngx_http_credhub_find_prefix(
    credhub_arena_t *arena, credhub_str_t path);


static const ngx_credhub_step_pt ngx_http_credhub_find_steps[] = {
    ngx_http_credhub_find_parse,
    ngx_http_credhub_find_read,
    ngx_http_credhub_find_take,
    ngx_http_credhub_find_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_data_find = {
    "FIND",
    ngx_http_credhub_find_steps,
    sizeof(ngx_http_credhub_find_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_find_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_find_t  *ctx = op->ctx;
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e      error;
    const credhub_str_t *path, *like;

    path = credhub_query_get(&input->query, "path");
    like = credhub_query_get(&input->query, "name-like");

    ngx_http_credhub_find_audit(op);

    if (path != NULL && like != NULL) {
        return ngx_credhub_op_fail(
            op, CREDHUB_E_BAD_QUERY, credhub_str("name-like"));
    }

    error = ngx_http_credhub_query_within(op, &ctx->within, &ctx->expires);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_fail(op, error, op->detail);
    }

    ctx->list.width = sizeof(ngx_http_credhub_found_t);

    if (path != NULL) {
        ctx->prefix = ngx_http_credhub_find_prefix(op->arena, *path);

        if (ctx->prefix.data == NULL) {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }

        return NGX_CREDHUB_NEXT;
    }

    ctx->like = credhub_name_fold(op->arena, *like);

    return ctx->like.data != NULL
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


static void
ngx_http_credhub_find_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    const ngx_credhub_detail_t details[] = {
        { "nameLike", NGX_CREDHUB_DETAIL_STRING,
            credhub_query_value(&input->query, "name-like") },
        { "path", NGX_CREDHUB_DETAIL_STRING,
            credhub_query_value(&input->query, "path") },
        { "paths", NGX_CREDHUB_DETAIL_FLAG,
            credhub_query_value(&input->query, "paths") },
        { "expiresWithinDays", NGX_CREDHUB_DETAIL_NUMBER,
            credhub_query_value(&input->query, "expires-within-days") },
        ngx_credhub_detail_end,
    };

    op->action = op->operation->name;
    ngx_credhub_audit_details(op, details);
}


/* A path finds what lies below it: a slash in front and behind. */

static credhub_str_t
ngx_http_credhub_find_prefix(credhub_arena_t *arena, credhub_str_t path)
{
    credhub_buf_t prefix;

    credhub_buf_init(&prefix, arena, path.len + 2);

    if (path.len == 0 || path.data[0] != '/') {
        credhub_buf_lit(&prefix, "/");
    }

    credhub_buf_add_str(&prefix, path);

    if (prefix.len != 0 && prefix.data[prefix.len - 1] != '/') {
        credhub_buf_lit(&prefix, "/");
    }

    return prefix.failed ? credhub_null_str
                         : credhub_name_fold(arena, credhub_buf_str(&prefix));
}


static ngx_credhub_rc_e
ngx_http_credhub_find_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_find_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_find(call, op->hub->store, ctx->prefix, ctx->like,
            ctx->expires ? &ctx->within : NULL, ctx->cursor, op->caller);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_find_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_find_t *ctx = op->ctx;

    ngx_uint_t           i, n;
    credhub_str_t        cursor;
    credhub_error_e      error;
    ngx_credhub_found_t *found;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_find_result(op->call, &found, &n, &cursor, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < n; i++) {
        if (!ngx_credhub_access_allowed(
                op, CREDHUB_OP_READ, found[i].folded, &found[i].grants))
        {
            continue;
        }

        error = ngx_http_credhub_find_add(op, &found[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    ctx->cursor = ngx_credhub_op_copy(op, cursor);
    ngx_credhub_op_release(op);

    return ctx->cursor.len == 0
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_find_read);
}


static credhub_error_e
ngx_http_credhub_find_add(ngx_credhub_op_t *op, const ngx_credhub_found_t *row)
{
    ngx_http_credhub_find_t *ctx = op->ctx;

    size_t                    bytes;
    credhub_error_e           error;
    ngx_http_credhub_found_t *found;

    bytes = row->name.len + NGX_HTTP_CREDHUB_FOUND_SIZE;

    if (ctx->expires) {
        bytes += NGX_HTTP_CREDHUB_EXPIRY_SIZE;
    }

    found = ngx_http_credhub_list_add(op, &ctx->list, bytes, &error);

    if (found == NULL) {
        return error;
    }

    found->name = ngx_credhub_op_copy(op, row->name);
    found->created = row->created;
    found->expires = row->expires;
    found->sequence = row->sequence;

    return found->name.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static ngx_credhub_rc_e
ngx_http_credhub_find_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_find_t *ctx = op->ctx;

    size_t                    i;
    u_char                    date[CREDHUB_DATE_LEN];
    credhub_buf_t             body;
    ngx_http_credhub_found_t *found;

    ngx_http_credhub_list_sort(&ctx->list);

    credhub_buf_init(
        &body, op->arena, ctx->list.bytes + NGX_HTTP_CREDHUB_FOUND_SIZE);
    credhub_buf_lit(&body, "{\"credentials\":[");

    found = ctx->list.elts;

    for (i = 0; i < ctx->list.n; i++) {
        credhub_date(found[i].created, date);

        if (i != 0) {
            credhub_buf_lit(&body, ",");
        }

        credhub_buf_lit(&body, "{\"version_created_at\":\"");
        credhub_buf_add(&body, date, CREDHUB_DATE_LEN);
        credhub_buf_lit(&body, "\",\"name\":");
        credhub_json_add_string(&body, found[i].name);

        if (ctx->expires) {
            credhub_date(found[i].expires, date);

            credhub_buf_lit(&body, ",\"expiry_date\":\"");
            credhub_buf_add(&body, date, CREDHUB_DATE_LEN);
            credhub_buf_lit(&body, "\"");
        }

        credhub_buf_lit(&body, "}");
    }

    credhub_buf_lit(&body, "]}");

    return ngx_credhub_op_answer(op, 200, &body);
}
