
/*
 * Certificates that stay as they are, and are to trust another version of their
 * CA: it is shown beside the one that has signed them. Each gets a version that
 * says so; the write to the CA commits them.
 */

#include "ngx_credhub_batch_private.h"


static ngx_credhub_rc_e ngx_credhub_batch_retrust_copy(ngx_credhub_op_t *op);
static credhub_str_t    ngx_credhub_batch_trusted(
       const ngx_credhub_batch_t *batch, credhub_str_t ca);


static const ngx_credhub_step_pt ngx_credhub_batch_retrust_steps[] = {
    ngx_credhub_batch_discard,
    ngx_credhub_batch_begin,
    ngx_credhub_batch_list,
    ngx_credhub_batch_listed,
    ngx_credhub_batch_plan,
    ngx_credhub_batch_run,
    ngx_credhub_batch_ran,
    NULL,
};


static const ngx_credhub_step_pt ngx_credhub_batch_retrust_part_steps[] = {
    ngx_credhub_batch_lookup,
    ngx_credhub_batch_retrust_copy,
    ngx_credhub_batch_staged,
    NULL,
};

static const ngx_credhub_operation_t ngx_credhub_batch_retrust_part = {
    "another trusted CA for a child",
    ngx_credhub_batch_retrust_part_steps,
    sizeof(ngx_credhub_batch_part_t),
};


ngx_credhub_rc_e
ngx_credhub_batch_retrust(ngx_credhub_op_t *op, ngx_credhub_batch_t **batch,
    const ngx_credhub_certificate_t *ca, const credhub_version_t *active,
    credhub_str_t transitional)
{
    credhub_error_e error;

    if (*batch == NULL) {
        *batch = ngx_credhub_batch_create(
            op, &ngx_credhub_batch_retrust_part, ca->folded);

        if (*batch == NULL) {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }
    }

    (*batch)->tries = 0;
    (*batch)->active = credhub_null_str;
    (*batch)->transitional = transitional;

    if (active != NULL) {
        error = ngx_credhub_certificate_text(op, active, &(*batch)->active);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    return ngx_credhub_op_enter(op, ngx_credhub_batch_retrust_steps, *batch);
}


/*
 * The active version is copied, so that a child that is being rotated itself
 * stays so. A child that has another CA by now is none.
 */

static ngx_credhub_rc_e
ngx_credhub_batch_retrust_copy(ngx_credhub_op_t *op)
{
    ngx_credhub_batch_part_t *part = op->ctx;

    credhub_error_e                   error;
    ngx_credhub_rc_e                  rc;
    const credhub_version_t          *base;
    ngx_credhub_certificate_commit_t *commit = &part->commit;

    rc = ngx_credhub_batch_looked_up(op);

    if (rc != NGX_CREDHUB_NEXT) {
        return rc;
    }

    base = part->found.active != NULL ? part->found.active : part->found.newest;

    if (!credhub_str_caseeq(base->signer, part->batch->root)) {
        return NGX_CREDHUB_DONE;
    }

    error = ngx_credhub_certificate_open_key(op, base, &commit->certificate);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    commit->generated = ngx_credhub_batch_fact(base, "\"generated\":true");
    commit->version.metadata = base->metadata;
    commit->version.signer = base->signer;
    commit->version.trusted =
        ngx_credhub_batch_trusted(part->batch, commit->certificate.ca);

    return ngx_credhub_batch_stage(op);
}


static credhub_str_t
ngx_credhub_batch_trusted(const ngx_credhub_batch_t *batch, credhub_str_t ca)
{
    if (batch->transitional.len == 0) {
        return credhub_null_str;
    }

    return batch->active.len == 0 || credhub_str_eq(ca, batch->active)
               ? batch->transitional
               : batch->active;
}
