
/*
 * Who gets a new version: the children of a CA and, where the whole tree is
 * wanted, those of each child that is a CA itself. Every certificate has one
 * row, so that a cycle of CAs ends where it began. Rights are checked here for
 * all of them, before anything is staged.
 */

#include "ngx_credhub_batch_private.h"
#include "credhub_grant.h"


static ngx_credhub_rc_e ngx_credhub_batch_descend(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_t *found);
static ngx_uint_t ngx_credhub_batch_outside(ngx_credhub_batch_t *batch);
static void       ngx_credhub_batch_queue(
          ngx_credhub_batch_t *batch, ngx_credhub_batch_row_t *row);
static credhub_error_e ngx_credhub_batch_child(
    ngx_credhub_op_t *op, const ngx_credhub_child_t *child);
static credhub_error_e ngx_credhub_batch_signer(ngx_credhub_op_t *op,
    ngx_credhub_batch_row_t *row, const ngx_credhub_child_t *child);
static int        ngx_credhub_batch_compare(const void *one, const void *two);
static ngx_uint_t ngx_credhub_batch_place(
    ngx_credhub_batch_t *batch, ngx_credhub_batch_row_t *row, ngx_uint_t n);


ngx_credhub_batch_row_t *
ngx_credhub_batch_row(
    ngx_credhub_op_t *op, ngx_credhub_batch_t *batch, credhub_str_t folded)
{
    uint32_t                 hash;
    ngx_str_t                name;
    ngx_str_node_t          *node;
    ngx_credhub_batch_row_t *row;

    name.len = folded.len;
    name.data = folded.data;
    hash = ngx_crc32_short(name.data, name.len);

    node = ngx_str_rbtree_lookup(&batch->rows, &name, hash);
    row = (ngx_credhub_batch_row_t *) node;

    if (row == NULL) {
        row = credhub_arena_alloc(op->arena, sizeof(ngx_credhub_batch_row_t));
        if (row == NULL) {
            return NULL;
        }

        row->folded = ngx_credhub_op_copy(op, folded);
        if (row->folded.data == NULL) {
            return NULL;
        }

        row->node.str.len = row->folded.len;
        row->node.str.data = row->folded.data;
        row->node.node.key = hash;

        ngx_rbtree_insert(&batch->rows, &row->node.node);
    }

    if (row->round != batch->round) {
        row->round = batch->round;
        row->ca = NULL;
        row->child = 0;
        row->checked = 0;
        row->queued = 0;
        row->placed = 0;
        row->ordered = 0;
        row->fresh = 0;
        row->staged = 0;
    }

    return row;
}


ngx_credhub_rc_e
ngx_credhub_batch_next(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_credhub_call_t           *call;
    ngx_credhub_certificate_key_t key;

    if (batch->cas == 0) {
        ngx_credhub_batch_queue(batch, batch->top);
    }

    if (batch->queue == NULL && !ngx_credhub_batch_outside(batch)) {
        return ngx_credhub_op_goto(op, ngx_credhub_batch_plan);
    }

    if (batch->cas > NGX_CREDHUB_PAGE_ROWS) {
        return ngx_credhub_op_error(op, CREDHUB_E_CHILDREN_MANY);
    }

    batch->ca = batch->queue;
    batch->queue = batch->ca->link;

    if (batch->queue == NULL) {
        batch->queue_end = &batch->queue;
    }

    ngx_memzero(&key, sizeof(ngx_credhub_certificate_key_t));

    key.name = batch->ca->folded;
    key.operation = credhub_grant_letter(CREDHUB_OP_READ);

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_certificates_read(
            call, op->hub->store, op->caller, &key, 1);
    }

    return ngx_credhub_op_send(op, call);
}


ngx_credhub_rc_e
ngx_credhub_batch_checked(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_uint_t                read_only;
    credhub_error_e           error;
    ngx_credhub_rc_e          rc;
    ngx_credhub_certificate_t ca;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_result(op->call, &ca, 1, &read_only, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    if (read_only) {
        return ngx_credhub_op_error(op, CREDHUB_E_READ_ONLY);
    }

    if (!ngx_credhub_access_allowed(
            op, CREDHUB_OP_READ, batch->ca->folded, &ca.grants))
    {
        return ngx_credhub_op_error(op, CREDHUB_E_CRED_HIDDEN);
    }

    rc = ngx_credhub_batch_descend(op, &ca);

    ngx_credhub_op_release(op);

    return rc;
}


/* NEXT: its children count too. */

static ngx_credhub_rc_e
ngx_credhub_batch_descend(
    ngx_credhub_op_t *op, const ngx_credhub_certificate_t *found)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_credhub_batch_row_t *ca = batch->ca;

    if (found->newest == NULL) {
        if (ca == batch->top) {
            return ngx_credhub_op_goto(op, ngx_credhub_batch_plan);
        }

        return ca->child ? ngx_credhub_batch_again(op)
                         : ngx_credhub_op_error(op, CREDHUB_E_CA);
    }

    ca->checked = 1;
    ca->stamp = ngx_credhub_op_copy(op, found->stamp);
    ca->signed_count = found->signed_count;

    if (ca->stamp.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (ca == batch->top
        || (ca->child
            && ngx_credhub_batch_fact(
                found->newest, "\"certificate_authority\":true")))
    {
        return NGX_CREDHUB_NEXT;
    }

    return ngx_credhub_op_goto(op, ngx_credhub_batch_next);
}


/* CAs that sign a child and are not of this tree: queues them. */

static ngx_uint_t
ngx_credhub_batch_outside(ngx_credhub_batch_t *batch)
{
    ngx_credhub_batch_row_t *row;

    for (row = batch->children; row != NULL; row = row->next) {
        if (row->ca != NULL && !row->ca->checked) {
            ngx_credhub_batch_queue(batch, row->ca);
        }
    }

    return batch->queue != NULL;
}


static void
ngx_credhub_batch_queue(
    ngx_credhub_batch_t *batch, ngx_credhub_batch_row_t *row)
{
    if (row->queued) {
        return;
    }

    row->queued = 1;
    row->link = NULL;

    *batch->queue_end = row;
    batch->queue_end = &row->link;
    batch->cas++;
}


ngx_credhub_rc_e
ngx_credhub_batch_list(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_children_read(call, op->hub->store, batch->ca->folded,
            batch->cursor, batch->recursive ? op->caller : credhub_null_str,
            credhub_grant_letter(CREDHUB_OP_WRITE));
    }

    return ngx_credhub_op_send(op, call);
}


ngx_credhub_rc_e
ngx_credhub_batch_listed(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    int64_t              count;
    ngx_uint_t           i, n;
    credhub_error_e      error;
    ngx_credhub_child_t *children;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_children_result(
            op->call, &children, &n, &count, &batch->cursor, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < n; i++) {
        error = ngx_credhub_batch_child(op, &children[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    if (batch->cursor.len != 0) {
        batch->cursor = ngx_credhub_op_copy(op, batch->cursor);

        if (batch->cursor.data == NULL) {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }
    }

    ngx_credhub_op_release(op);

    if (batch->cursor.len != 0) {
        return ngx_credhub_op_goto(op, ngx_credhub_batch_list);
    }

    return batch->recursive ? ngx_credhub_op_goto(op, ngx_credhub_batch_next)
                            : NGX_CREDHUB_NEXT;
}


static credhub_error_e
ngx_credhub_batch_child(ngx_credhub_op_t *op, const ngx_credhub_child_t *child)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_credhub_batch_row_t *row;

    row = ngx_credhub_batch_row(op, batch, child->folded);
    if (row == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (row->child || row == batch->top) {
        return CREDHUB_OK;
    }

    if (batch->recursive
        && !ngx_credhub_access_allowed(
            op, CREDHUB_OP_WRITE, child->folded, &child->grants))
    {
        return CREDHUB_E_CRED_DENIED;
    }

    if (batch->n == NGX_CREDHUB_BATCH_MAX) {
        return CREDHUB_E_CHILDREN_MANY;
    }

    if (row->name.len == 0) {
        row->name = ngx_credhub_op_copy(op, child->name);

        if (row->name.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    row->child = 1;
    row->next = batch->children;
    batch->children = row;
    batch->n++;

    if (!batch->recursive) {
        return CREDHUB_OK;
    }

    if (child->signs) {
        ngx_credhub_batch_queue(batch, row);
    }

    return ngx_credhub_batch_signer(op, row, child);
}


static credhub_error_e
ngx_credhub_batch_signer(ngx_credhub_op_t *op, ngx_credhub_batch_row_t *row,
    const ngx_credhub_child_t *child)
{
    ngx_credhub_batch_t *batch = op->ctx;

    if (child->signer.len == 0) {
        batch->orphan = 1;
        return CREDHUB_OK;
    }

    if (credhub_str_eq(child->signer, child->folded)) {
        return CREDHUB_OK;
    }

    row->ca = ngx_credhub_batch_row(op, batch, child->signer);

    return row->ca != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


ngx_credhub_rc_e
ngx_credhub_batch_plan(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_uint_t               i, n;
    ngx_credhub_batch_row_t *row, **sorted;

    if (batch->orphan) {
        return ngx_credhub_op_error(op, CREDHUB_E_NOT_REGENERABLE_CERT);
    }

    if (batch->n == 0) {
        return NGX_CREDHUB_NEXT;
    }

    n = batch->n;

    sorted = credhub_arena_alloc(op->arena, 2 * n * sizeof(*sorted));
    batch->names = credhub_arena_alloc(op->arena, n * sizeof(credhub_str_t));

    if (sorted == NULL || batch->names == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    batch->order = sorted + n;

    for (i = 0, row = batch->children; row != NULL; row = row->next) {
        sorted[i++] = row;
    }

    qsort(sorted, n, sizeof(*sorted), ngx_credhub_batch_compare);

    for (i = 0, n = 0; i < batch->n; i++) {
        batch->names[i] = sorted[i]->name;
        n = ngx_credhub_batch_place(batch, sorted[i], n);
    }

    return NGX_CREDHUB_NEXT;
}


static int
ngx_credhub_batch_compare(const void *one, const void *two)
{
    const ngx_credhub_batch_row_t *a = *(ngx_credhub_batch_row_t **) one;
    const ngx_credhub_batch_row_t *b = *(ngx_credhub_batch_row_t **) two;

    return (int) ngx_memn2cmp(
        a->folded.data, b->folded.data, a->folded.len, b->folded.len);
}


/*
 * Puts a row behind the CA that signs it. Where CAs sign each other in a circle
 * one of them is signed with what its CA is now.
 */

static ngx_uint_t
ngx_credhub_batch_place(
    ngx_credhub_batch_t *batch, ngx_credhub_batch_row_t *row, ngx_uint_t n)
{
    ngx_credhub_batch_row_t *way;

    for (way = NULL; row != NULL && row->child && !row->placed; row = row->ca) {
        row->placed = 1;
        row->link = way;
        way = row;
    }

    for (/* void */; way != NULL; way = way->link) {
        way->fresh = way->ca != NULL && way->ca->ordered;
        way->ordered = 1;
        batch->order[n++] = way;
    }

    return n;
}
