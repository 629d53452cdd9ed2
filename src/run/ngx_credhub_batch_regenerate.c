
/*
 * Every certificate below a CA anew: a key and a certificate each, made on CPU
 * threads. One that is itself a CA of others comes first, and they are signed
 * with what it is going to be.
 */

#include "ngx_credhub_batch_private.h"


static ngx_credhub_rc_e ngx_credhub_batch_commit_send(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_batch_commit_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_batch_issue(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_batch_sign(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_batch_issued(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_batch_keep(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_credhub_batch_regenerate_steps[] = {
    ngx_credhub_batch_discard,
    ngx_credhub_batch_begin,
    ngx_credhub_batch_next,
    ngx_credhub_batch_checked,
    ngx_credhub_batch_list,
    ngx_credhub_batch_listed,
    ngx_credhub_batch_plan,
    ngx_credhub_batch_run,
    ngx_credhub_batch_ran,
    ngx_credhub_batch_commit_send,
    ngx_credhub_batch_commit_take,
    NULL,
};


static const ngx_credhub_step_pt ngx_credhub_batch_regenerate_part_steps[] = {
    ngx_credhub_batch_lookup,
    ngx_credhub_batch_issue,
    ngx_credhub_batch_issued,
    ngx_credhub_batch_staged,
    NULL,
};

static const ngx_credhub_operation_t ngx_credhub_batch_regenerate_part = {
    "regeneration of a child",
    ngx_credhub_batch_regenerate_part_steps,
    sizeof(ngx_credhub_batch_part_t),
};


ngx_credhub_rc_e
ngx_credhub_batch_regenerate(
    ngx_credhub_op_t *op, ngx_credhub_batch_t **batch, credhub_str_t ca)
{
    *batch =
        ngx_credhub_batch_create(op, &ngx_credhub_batch_regenerate_part, ca);

    if (*batch == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    (*batch)->recursive = 1;

    return ngx_credhub_op_enter(op, ngx_credhub_batch_regenerate_steps, *batch);
}


/* Every CA has to be what was signed with, and to have no other children. */

static ngx_credhub_rc_e
ngx_credhub_batch_commit_send(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    ngx_uint_t               n;
    ngx_rbtree_node_t       *node;
    ngx_credhub_call_t      *call;
    ngx_credhub_batch_ca_t  *cas;
    ngx_credhub_batch_row_t *row;

    if (batch->n == 0) {
        op->step++; /* there is no answer to take */
        return NGX_CREDHUB_JUMP;
    }

    cas = credhub_arena_alloc(
        op->arena, batch->cas * sizeof(ngx_credhub_batch_ca_t));

    if (cas == NULL) {
        batch->error = CREDHUB_E_INTERNAL;
        return ngx_credhub_batch_again(op);
    }

    n = 0;

    for (node = ngx_rbtree_min(batch->rows.root, &batch->sentinel);
         node != NULL; node = ngx_rbtree_next(&batch->rows, node))
    {
        row = (ngx_credhub_batch_row_t *) node;

        if (row->round != batch->round || !row->checked) {
            continue;
        }

        cas[n].name = row->folded;
        cas[n].stamp = row->stamp;
        cas[n++].signed_count = row->signed_count;
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_batch_commit(call, op->hub->store, batch->id, cas, n);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_batch_commit_take(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_t *batch = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    switch (ngx_credhub_batch_committed(op->call, &error)) {
    case NGX_OK:
        return NGX_CREDHUB_NEXT;

    case NGX_DECLINED:
        return ngx_credhub_batch_again(op);

    default:
        batch->error = error;
        return ngx_credhub_batch_again(op);
    }
}


static ngx_credhub_rc_e
ngx_credhub_batch_issue(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    credhub_error_e          error;
    ngx_credhub_rc_e         rc;
    const credhub_version_t *base;
    ngx_credhub_issue_t     *issue = &part->issue;
    ngx_credhub_batch_row_t *row = part->row;

    rc = ngx_credhub_batch_looked_up(op);

    if (rc != NGX_CREDHUB_NEXT) {
        return rc;
    }

    base = part->found.newest;

    if (!credhub_str_caseeq(
            base->signer, row->ca != NULL ? row->ca->folded : row->folded))
    {
        return ngx_credhub_batch_stale(op);
    }

    error = ngx_credhub_certificate_profile(op, base, &issue->profile);

    if (error == CREDHUB_OK) {
        (void) ngx_credhub_certificate_duration(op, &issue->profile);
        error = ngx_credhub_batch_sign(op);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_guard(
            op, CREDHUB_OP_WRITE, row->folded, &part->guard);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    if (row->kind.type == issue->profile.key.type
        && row->kind.bits == issue->profile.key.bits)
    {
        issue->private_key = row->private_key;
    }

    return ngx_credhub_issue(op, issue);
}


/* Its CA is going to have this version as the active one, and its transitional
 * version still. */

static credhub_error_e
ngx_credhub_batch_sign(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    credhub_error_e          error;
    credhub_version_t       *version = &part->commit.version;
    credhub_x509_signer_t   *signer = &part->issue.signer;
    ngx_credhub_batch_row_t *ca = part->row->ca;

    if (ca == NULL) {
        version->signer = part->found.name;
        return CREDHUB_OK;
    }

    version->signer = part->ca.name;
    error = CREDHUB_OK;

    if (part->row->fresh) {
        signer->certificate = ca->certificate;
        signer->private_key = ca->private_key;

    } else if (part->ca.active == NULL) {
        return CREDHUB_E_CA;

    } else {
        error = ngx_credhub_certificate_signer(
            op, part->ca.active, &part->issue.profile, signer);
    }

    return error == CREDHUB_OK ? ngx_credhub_certificate_trusted(
               op, &part->ca, part->ca.active, &version->trusted)
                               : error;
}


static ngx_credhub_rc_e
ngx_credhub_batch_issued(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    credhub_error_e                   error;
    ngx_credhub_issue_t              *issue = &part->issue;
    ngx_credhub_certificate_commit_t *commit = &part->commit;

    error = ngx_credhub_issued(op, issue);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_batch_keep(op);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    commit->certificate.certificate = issue->certificate;
    commit->certificate.private_key = issue->private_key;
    commit->certificate.ca =
        part->row->ca != NULL ? issue->signer.certificate : issue->certificate;
    commit->generated = 1;
    commit->version.metadata = part->found.newest->metadata;

    return ngx_credhub_batch_stage(op);
}


/* What outlives the part: the key, for another try; the certificate of a CA,
 * for what it signs. */

static credhub_error_e
ngx_credhub_batch_keep(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    ngx_credhub_op_t        *whole = op->host_data;
    ngx_credhub_issue_t     *issue = &part->issue;
    ngx_credhub_batch_row_t *row = part->row;

    if (!credhub_str_eq(row->private_key, issue->private_key)) {
        row->kind = issue->profile.key;
        row->private_key = ngx_credhub_op_copy(whole, issue->private_key);

        if (row->private_key.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    if (!row->checked) {
        return CREDHUB_OK;
    }

    row->certificate = ngx_credhub_op_copy(whole, issue->certificate);

    return row->certificate.data != NULL ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}
