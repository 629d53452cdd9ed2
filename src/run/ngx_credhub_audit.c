
/*
 * Rows are kept as they are and become JSON when a log asks for it: most
 * requests are fast, and not every log wants them.
 */

#include "ngx_credhub_audit.h"
#include "credhub_json.h"
#include "credhub_name.h"
#include "credhub_permission.h"
#include "credhub_type.h"


static void ngx_credhub_audit_value(
    credhub_buf_t *buf, const ngx_credhub_detail_t *row);
static credhub_str_t ngx_credhub_audit_flag(credhub_str_t value);


void
ngx_credhub_audit_details(
    ngx_credhub_op_t *op, const ngx_credhub_detail_t *rows)
{
    size_t                size;
    ngx_uint_t            n;
    ngx_credhub_detail_t *copy;

    for (n = 0; rows[n].key != NULL; n++) { /* void */
    }

    size = (n + 1) * sizeof(ngx_credhub_detail_t);
    copy = credhub_arena_alloc(op->arena, size);

    if (copy != NULL) {
        ngx_memcpy(copy, rows, size);
    }

    op->details = copy;
}


void
ngx_credhub_audit_json(credhub_buf_t *buf, const ngx_credhub_op_t *op)
{
    const ngx_credhub_detail_t *row;

    if (op->details == NULL) {
        return;
    }

    for (row = op->details; row->key != NULL; row++) {
        credhub_buf_printf(
            buf, "%s\"%s\":", row == op->details ? "{" : ",", row->key);
        ngx_credhub_audit_value(buf, row);
    }

    if (row == op->details) {
        credhub_buf_lit(buf, "{");
    }

    credhub_buf_lit(buf, "}");
}


static void
ngx_credhub_audit_value(credhub_buf_t *buf, const ngx_credhub_detail_t *row)
{
    int64_t       number;
    credhub_str_t flag;

    if (row->value.data == NULL) {
        credhub_buf_lit(buf, "null");
        return;
    }

    if (row->kind == NGX_CREDHUB_DETAIL_JSON) {
        credhub_buf_add_str(buf, row->value);
        return;
    }

    if (row->kind == NGX_CREDHUB_DETAIL_NUMBER
        && credhub_int64(row->value, &number) == 0)
    {
        credhub_buf_printf(buf, "%" PRId64, number);
        return;
    }

    flag = ngx_credhub_audit_flag(row->value);

    if (row->kind == NGX_CREDHUB_DETAIL_FLAG && flag.len != 0) {
        credhub_buf_add_str(buf, flag);
        return;
    }

    credhub_json_add_string(buf, ngx_credhub_audit_cut(row->value));
}


/* Empty when it is neither true nor false. */

static credhub_str_t
ngx_credhub_audit_flag(credhub_str_t value)
{
    if (credhub_str_caseeq(value, credhub_str("true"))) {
        return credhub_str("true");
    }

    return credhub_str_caseeq(value, credhub_str("false"))
               ? credhub_str("false")
               : credhub_null_str;
}


void
ngx_credhub_audit_name(ngx_credhub_op_t *op, credhub_str_t name)
{
    if (name.len != 0) {
        op->resource =
            credhub_name_slash(op->arena, ngx_credhub_audit_cut(name));
    }
}


void
ngx_credhub_audit_bare(ngx_credhub_op_t *op, credhub_str_t name)
{
    static const ngx_credhub_detail_t details[] = { ngx_credhub_detail_end };

    ngx_credhub_audit_name(op, name);
    ngx_credhub_audit_details(op, details);
}


void
ngx_credhub_audit_named(ngx_credhub_op_t *op, credhub_str_t name)
{
    ngx_credhub_detail_t details[] = {
        { "name", NGX_CREDHUB_DETAIL_STRING, { 0, NULL } },
        ngx_credhub_detail_end,
    };

    ngx_credhub_audit_name(op, name);
    details[0].value = op->resource;
    ngx_credhub_audit_details(op, details);
}


void
ngx_credhub_audit_typed(
    ngx_credhub_op_t *op, credhub_str_t name, credhub_str_t type)
{
    const credhub_type_t *known;
    ngx_credhub_detail_t  details[] = {
         { "name", NGX_CREDHUB_DETAIL_STRING, { 0, NULL } },
         { "type", NGX_CREDHUB_DETAIL_STRING, { 0, NULL } },
         ngx_credhub_detail_end,
    };

    ngx_credhub_audit_name(op, name);
    details[0].value = op->resource;

    known = credhub_type(type);

    if (known != NULL) {
        details[1].value = known->name;
    }

    ngx_credhub_audit_details(op, details);
}


void
ngx_credhub_audit_permission(ngx_credhub_op_t *op, credhub_str_t path,
    credhub_str_t actor, unsigned operations)
{
    credhub_buf_t        json;
    ngx_credhub_detail_t details[] = {
        { "path", NGX_CREDHUB_DETAIL_STRING, path },
        { "actor", NGX_CREDHUB_DETAIL_STRING, actor },
        { "operations", NGX_CREDHUB_DETAIL_JSON, { 0, NULL } },
        { "action", NGX_CREDHUB_DETAIL_STRING,
            { ngx_strlen(op->operation->name),
                (u_char *) op->operation->name } },
        ngx_credhub_detail_end,
    };

    if (operations != 0) {
        credhub_buf_init(&json, op->arena, 64);
        credhub_operations_add(&json, operations);
        details[2].value = credhub_buf_str(&json);
    }

    ngx_credhub_audit_name(op, path);
    ngx_credhub_audit_details(op, details);
}


void
ngx_credhub_audit_version(
    ngx_credhub_op_t *op, const credhub_version_t *version)
{
    op->resource = ngx_credhub_op_copy(op, version->name);
    op->resource_id = ngx_credhub_op_copy(op, version->credential);
    op->version_id = ngx_credhub_op_copy(op, version->id);
}


credhub_str_t
ngx_credhub_audit_cut(credhub_str_t text)
{
    if (text.len > NGX_CREDHUB_AUDIT_MAX) {
        text.len = NGX_CREDHUB_AUDIT_MAX;

        while (text.len != 0 && (text.data[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }

    return text;
}
