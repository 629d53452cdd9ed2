
/*
 * The steps of a renewal. A CPU thread makes key and certificate; where the
 * children of a CA have to trust its new version at once, they are staged
 * before it is written.
 */

#include "ngx_credhub_renew.h"


static ngx_credhub_rc_e ngx_credhub_renew_issue(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_renew_sign(
     ngx_credhub_op_t *op, ngx_credhub_renewal_t *renewal);
static ngx_credhub_rc_e ngx_credhub_renew_retrust(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_renew_write(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_renew_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_renew_end(ngx_credhub_op_t *op);


static const ngx_credhub_step_pt ngx_credhub_renew_steps[] = {
    ngx_credhub_renew_issue,
    ngx_credhub_renew_retrust,
    ngx_credhub_renew_write,
    ngx_credhub_renew_answer,
    ngx_credhub_renew_end,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_renew(ngx_credhub_op_t *op, ngx_credhub_renewal_t *renewal)
{
    return ngx_credhub_op_enter(op, ngx_credhub_renew_steps, renewal);
}


static ngx_credhub_rc_e
ngx_credhub_renew_issue(ngx_credhub_op_t *op)
{
    ngx_credhub_renewal_t *renewal = op->ctx;

    credhub_error_e error;

    renewal->overridden =
        ngx_credhub_certificate_duration(op, &renewal->profile);
    renewal->issue.profile = renewal->profile;

    error = ngx_credhub_renew_sign(op, renewal);

    return error == CREDHUB_OK ? ngx_credhub_issue(op, &renewal->issue)
                               : ngx_credhub_op_error(op, error);
}


/* The signer and what is to be trusted beside it; a key of an earlier try stays
 * when it is of the right kind. */

static credhub_error_e
ngx_credhub_renew_sign(ngx_credhub_op_t *op, ngx_credhub_renewal_t *renewal)
{
    credhub_error_e           error;
    credhub_version_t        *version;
    const credhub_key_kind_t *key;

    key = &renewal->profile.key;
    version = &renewal->commit.version;

    if (renewal->kind.type != key->type || renewal->kind.bits != key->bits) {
        renewal->kind = *key;
        renewal->issue.private_key = credhub_null_str;
    }

    ngx_memzero(&renewal->issue.signer, sizeof(credhub_x509_signer_t));

    if (renewal->signer == NULL) {
        version->signer = renewal->lookup->name;
        version->trusted = credhub_null_str;
        return CREDHUB_OK;
    }

    version->signer = renewal->lookup->ca.name;

    error = ngx_credhub_certificate_signer(
        op, renewal->signer, &renewal->profile, &renewal->issue.signer);

    return error == CREDHUB_OK ? ngx_credhub_certificate_trusted(
               op, &renewal->lookup->ca, renewal->signer, &version->trusted)
                               : error;
}


/* A new transitional version of a CA is trusted by its children at once. */

static ngx_credhub_rc_e
ngx_credhub_renew_retrust(ngx_credhub_op_t *op)
{
    ngx_credhub_renewal_t *renewal = op->ctx;

    credhub_error_e            error;
    ngx_credhub_certificate_t *found;

    found = &renewal->lookup->found;
    error = ngx_credhub_issued(op, &renewal->issue);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    return renewal->transitional && op->hub->concatenate_cas
               ? ngx_credhub_batch_retrust(op, &renewal->batch, found,
                   found->active, renewal->issue.certificate)
               : NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_credhub_renew_write(ngx_credhub_op_t *op)
{
    ngx_credhub_renewal_t *renewal = op->ctx;

    const ngx_credhub_lookup_t       *lookup = renewal->lookup;
    ngx_credhub_certificate_commit_t *commit = &renewal->commit;
    ngx_credhub_certificate_write_t  *write = &commit->write;

    commit->certificate.certificate = renewal->issue.certificate;
    commit->certificate.private_key = renewal->issue.private_key;
    commit->certificate.ca = renewal->signer != NULL
                                 ? renewal->issue.signer.certificate
                                 : renewal->issue.certificate;
    commit->generated = 1;
    commit->guard = renewal->guard;
    commit->version.name = lookup->name;
    commit->version.folded = lookup->folded;
    commit->version.metadata = renewal->metadata;

    ngx_memzero(write, sizeof(ngx_credhub_certificate_write_t));

    write->expect = renewal->expect;
    write->transitional = renewal->transitional;

    if (renewal->signer != NULL) {
        write->ca = lookup->ca_folded;
        write->ca_stamp = lookup->ca.stamp;
    }

    write->batch_id = ngx_credhub_batch_id(renewal->batch);

    if (write->batch_id.data != NULL) {
        write->batch = NGX_CREDHUB_BATCH_COMMIT;
        write->signed_count = lookup->found.signed_count;
    }

    return ngx_credhub_certificate_commit(op, commit);
}


static ngx_credhub_rc_e
ngx_credhub_renew_answer(ngx_credhub_op_t *op)
{
    ngx_credhub_renewal_t *renewal = op->ctx;

    ngx_credhub_rc_e   rc;
    credhub_error_e    error;
    credhub_version_t *version;

    version = &renewal->commit.version;

    switch (ngx_credhub_certificate_written(op->call, version, &error)) {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        error = renewal->retries++ < NGX_CREDHUB_STALE_MAX ? CREDHUB_OK
                                                           : CREDHUB_E_BUSY;
        return ngx_credhub_batch_refused(op, renewal->batch, error);

    default:
        return ngx_credhub_batch_refused(op, renewal->batch, error);
    }

    error = credhub_certificate_extra(op->arena, renewal->overridden,
        renewal->profile.duration, &renewal->profile.key, &version->extra);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_certificate_show(op, version);

    rc = ngx_credhub_version_answer(op, version);

    if (rc != NGX_CREDHUB_DONE || ngx_credhub_batch_id(renewal->batch).len == 0)
    {
        return rc;
    }

    op->settled = 1;

    return ngx_credhub_batch_fold(op, renewal->batch);
}


/* Behind a batch that was folded, or back to who decides again. */

static ngx_credhub_rc_e
ngx_credhub_renew_end(ngx_credhub_op_t *op)
{
    return op->settled ? NGX_CREDHUB_DONE : NGX_CREDHUB_NEXT;
}
