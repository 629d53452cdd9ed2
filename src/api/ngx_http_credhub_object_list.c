
/*
 * Lists, in the order of creation and in pages. The store is read in steps of
 * bounded size; what the caller may not read, or a filter does not want, is
 * passed over, so each step is as much work as it brings rows. A page ends where
 * it is full, and says so only when another element would follow.
 */

#include "ngx_http_credhub_object.h"
#include "ngx_credhub_credential.h"
#include "credhub_cursor.h"


static ngx_credhub_rc_e ngx_http_credhub_page_parse(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_page_owner(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_page_owned(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_page_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_page_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_page_answer(ngx_credhub_op_t *op);

static credhub_error_e ngx_http_credhub_page_all(ngx_credhub_op_t *op);
static ngx_uint_t      ngx_http_credhub_page_shown(
         ngx_credhub_op_t *op, const ngx_credhub_listed_t *listed);
static credhub_error_e ngx_http_credhub_page_add(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object);
static credhub_error_e ngx_http_credhub_page_item(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_object_t *object);


const ngx_credhub_step_pt ngx_http_credhub_object_list[] = {
    ngx_http_credhub_page_parse,
    ngx_credhub_ready,
    ngx_http_credhub_page_owner,
    ngx_http_credhub_page_owned,
    ngx_http_credhub_page_read,
    ngx_http_credhub_page_take,
    ngx_http_credhub_page_answer,
    NULL,
};


static ngx_credhub_rc_e
ngx_http_credhub_page_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_error_e               error;
    const ngx_http_credhub_way_t *way;

    way = (const ngx_http_credhub_way_t *) op->operation;
    page->resource = way->resource;
    page->listing = way->listing;

    error = ngx_http_credhub_limit(op, &page->limit);
    page->rows = page->limit + 1;

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_page_all(op);
    }

    if (error == CREDHUB_OK && page->listing != NULL
        && page->listing->begin != NULL)
    {
        error = page->listing->begin(op, page);
    }

    credhub_buf_init(&page->items, op->arena, 4096);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, op->detail);
}


/* All objects of the resource. */

static credhub_error_e
ngx_http_credhub_page_all(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_str_t   path;
    credhub_error_e error;

    error = ngx_credhub_object_name(
        op, page->resource->kind, credhub_str("*"), &path, &page->name);

    op->resource_id = credhub_null_str;

    if (error == CREDHUB_OK) {
        page->index =
            ngx_http_credhub_page_index(op, "objects:", page->resource->kind);
    }

    return error == CREDHUB_OK && page->index.data == NULL ? CREDHUB_E_INTERNAL
                                                           : error;
}


credhub_str_t
ngx_http_credhub_page_index(
    ngx_credhub_op_t *op, const char *which, ngx_credhub_object_kind_e kind)
{
    const char   *name;
    credhub_buf_t buf;

    name = ngx_credhub_object_kinds[kind].name;

    credhub_buf_init(&buf, op->arena, ngx_strlen(which) + ngx_strlen(name));
    credhub_buf_add(&buf, which, ngx_strlen(which));
    credhub_buf_add(&buf, name, ngx_strlen(name));

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


credhub_error_e
ngx_http_credhub_page_users(ngx_credhub_op_t *op, ngx_http_credhub_page_t *page,
    ngx_credhub_object_kind_e kind, credhub_str_t id)
{
    credhub_buf_t   index;
    credhub_error_e error;

    error = ngx_http_credhub_page_named(op, page, id);
    page->index = ngx_http_credhub_page_index(op, "used:", kind);

    if (error != CREDHUB_OK || id.len == 0) {
        return error;
    }

    credhub_buf_init(&index, op->arena, page->index.len + 1 + id.len);
    credhub_buf_add_str(&index, page->index);
    credhub_buf_lit(&index, "/");
    credhub_buf_add_str(
        &index, credhub_object_id_valid(id) ? id : credhub_null_str);

    page->index = credhub_buf_str(&index);

    return index.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
ngx_http_credhub_page_named(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t filter)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, op->arena, page->name.len + filter.len + 1);
    credhub_buf_add_str(&buf, page->name);
    credhub_buf_lit(&buf, "\n");
    credhub_buf_add_str(&buf, filter);

    page->name = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
ngx_http_credhub_limit(ngx_credhub_op_t *op, ngx_uint_t *limit)
{
    ngx_http_credhub_input_t *input = op->input;

    int64_t              n;
    const credhub_str_t *text;

    *limit = NGX_HTTP_CREDHUB_LIMIT;
    text = credhub_query_get(&input->query, "limit");

    if (text == NULL) {
        return CREDHUB_OK;
    }

    if (credhub_int64(*text, &n) != 0 || n < 1
        || n > NGX_HTTP_CREDHUB_LIMIT_MAX) {
        return CREDHUB_E_LIMIT;
    }

    *limit = (ngx_uint_t) n;

    return CREDHUB_OK;
}


credhub_error_e
ngx_http_credhub_behind(
    ngx_credhub_op_t *op, credhub_str_t name, int64_t *behind)
{
    ngx_http_credhub_input_t *input = op->input;

    const credhub_str_t *cursor;

    *behind = 0;
    cursor = credhub_query_get(&input->query, "cursor");

    return cursor == NULL || cursor->len == 0
               ? CREDHUB_OK
               : credhub_cursor_read(op->arena, op->hub->keyring,
                   op->hub->store->hub, name, *cursor, behind);
}


/* Lists of an owner ask for it first. */

static ngx_credhub_rc_e
ngx_http_credhub_page_owner(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_error_e     error;
    ngx_credhub_call_t *call;

    error = ngx_http_credhub_behind(op, page->name, &page->behind);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (page->owner.len == 0) {
        return ngx_credhub_op_goto(op, ngx_http_credhub_page_read);
    }

    error = ngx_credhub_object_ask(
        op, page->owner_kind, page->owner, CREDHUB_OP_READ, &page->ask);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_objects_read(call, op->hub->store, &page->ask, 1);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_page_owned(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_error_e error;

    if (ngx_credhub_objects_result(op->call, &page->ask, 1, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    error = ngx_credhub_object_asked(op, page->owner_kind, &page->ask);

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_fail(op, error, page->owner);
}


static ngx_credhub_rc_e
ngx_http_credhub_page_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_objects_list(call, op->hub->store, page->index,
            page->behind, page->rows, op->caller, page->with);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_page_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    ngx_uint_t            i, full;
    credhub_error_e       error;
    ngx_credhub_objects_t rows;

    if (ngx_credhub_objects_listed(op->call, &rows, &error) != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    full = page->n == page->limit;

    for (i = 0; i < rows.n && !page->more; i++) {
        if (!ngx_http_credhub_page_shown(op, &rows.listed[i])) {
            continue;
        }

        error = ngx_http_credhub_page_add(op, &rows.listed[i].object);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    /* what is passed over is passed over in steps that grow; behind a page that
     * is full there is one element to look for */

    page->behind = rows.next;
    page->rows = !full && page->n == page->limit
                     ? 1
                     : ngx_min(2 * page->rows, NGX_CREDHUB_PAGE_ROWS);
    ngx_credhub_op_release(op);

    return page->more || page->behind == 0
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_page_read);
}


static ngx_uint_t
ngx_http_credhub_page_shown(
    ngx_credhub_op_t *op, const ngx_credhub_listed_t *listed)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_str_t path;

    if (page->listing != NULL && page->listing->fits != NULL
        && !page->listing->fits(op, page, &listed->object))
    {
        return 0;
    }

    path = ngx_credhub_object_path(op, listed->object.key);

    return path.data != NULL
           && ngx_credhub_access_allowed(
               op, CREDHUB_OP_READ, path, &listed->grants);
}


/* The element behind the last one that fits is seen and not shown. */

static credhub_error_e
ngx_http_credhub_page_add(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object)
{
    ngx_http_credhub_page_t *page = op->ctx;

    size_t          len;
    credhub_error_e error;

    if (page->n == page->limit) {
        page->more = 1;
        return CREDHUB_OK;
    }

    len = page->items.len;

    if (page->n != 0) {
        credhub_buf_lit(&page->items, ",");
    }

    error = page->listing != NULL && page->listing->item != NULL
                ? page->listing->item(op, &page->items, object)
                : ngx_http_credhub_page_item(op, &page->items, object);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (page->items.len > NGX_CREDHUB_ANSWER_MAX && page->n != 0) {
        page->items.len = len;
        page->more = 1;
        return CREDHUB_OK;
    }

    page->n++;
    page->end = object->sequence;

    return page->items.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_page_item(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object)
{
    ngx_http_credhub_page_t *page = op->ctx;

    credhub_str_t   config;
    credhub_error_e error;

    config = credhub_null_str;

    if (page->resource->config_listed) {
        error = ngx_credhub_object_open(op, object, &config);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    credhub_buf_lit(buf, "{");
    ngx_http_credhub_object_members(op, buf, page->resource, object, config, 1);
    credhub_buf_lit(buf, "}");

    return CREDHUB_OK;
}


static ngx_credhub_rc_e
ngx_http_credhub_page_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_page_t *page = op->ctx;

    return ngx_http_credhub_items(op, page->resource->listed,
        credhub_buf_str(&page->items), page->name, page->more ? page->end : 0);
}


ngx_credhub_rc_e
ngx_http_credhub_items(ngx_credhub_op_t *op, const char *message,
    credhub_str_t items, credhub_str_t name, int64_t end)
{
    credhub_str_t cursor;
    credhub_buf_t data;

    credhub_buf_init(&data, op->arena, items.len + 256);
    credhub_buf_lit(&data, "{\"items\":[");
    credhub_buf_add_str(&data, items);
    credhub_buf_lit(&data, "]");

    if (end != 0) {
        cursor = credhub_cursor(
            op->arena, op->hub->keyring, op->hub->store->hub, name, end);

        if (cursor.data == NULL) {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }

        ngx_http_credhub_add_text(&data, "next_cursor", cursor);
    }

    credhub_buf_lit(&data, "}");

    return data.failed
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : ngx_http_credhub_envelope(op, NGX_HTTP_OK,
                   ngx_http_credhub_message(op, message, credhub_null_str),
                   credhub_buf_str(&data));
}
