
/*
 * Reading certificates, issuing them, writing their versions. What a thread
 * works on is a copy in the arena of its task; what it made is copied to the
 * operation, so that a retry can use the key again.
 */

#include "ngx_credhub_certificate.h"
#include "credhub_name.h"


#define NGX_CREDHUB_DAY ((int64_t) 24 * 60 * 60) /* seconds */


static credhub_error_e ngx_credhub_issue_run(ngx_credhub_task_t *task);
static ngx_int_t       ngx_credhub_issue_copy(
          credhub_arena_t *arena, ngx_credhub_issue_t *issue);
static credhub_error_e ngx_credhub_given_ca(ngx_credhub_op_t *op,
    const ngx_credhub_certificate_t                          *ca,
    ngx_credhub_certificate_commit_t                         *commit);


credhub_error_e
ngx_credhub_certificate_open(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate)
{
    credhub_error_e error;

    error =
        ngx_credhub_opened(version, credhub_version_genuine(version,
                                        op->hub->keyring, op->hub->store->hub));

    if (error != CREDHUB_OK) {
        return error;
    }

    return ngx_credhub_opened(version,
        credhub_certificate_read(op->arena, version->head, certificate));
}


credhub_error_e
ngx_credhub_certificate_open_key(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_certificate_t *certificate)
{
    credhub_error_e   error;
    credhub_content_t content;

    error = ngx_credhub_version_open(op, version, &content);

    if (error == CREDHUB_OK) {
        error = credhub_certificate_read(op->arena, version->head, certificate);
    }

    if (error != CREDHUB_OK || content.secret.len == 0) {
        return error;
    }

    certificate->private_key = credhub_json_decode(op->arena, content.secret);

    return certificate->private_key.data != NULL ? CREDHUB_OK
                                                 : CREDHUB_E_INTERNAL;
}


credhub_error_e
ngx_credhub_certificate_text(
    ngx_credhub_op_t *op, const credhub_version_t *version, credhub_str_t *pem)
{
    credhub_error_e       error;
    credhub_certificate_t certificate;

    error = ngx_credhub_certificate_open(op, version, &certificate);

    if (error == CREDHUB_OK) {
        *pem = certificate.certificate;
    }

    return error;
}


credhub_error_e
ngx_credhub_certificate_profile(ngx_credhub_op_t *op,
    const credhub_version_t *version, credhub_x509_profile_t *profile)
{
    credhub_str_t   pem;
    credhub_x509_t  x509;
    credhub_error_e error;

    error = ngx_credhub_certificate_text(op, version, &pem);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, pem, &x509);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    *profile = x509.profile;

    if (profile->key.bits == 0) {
        profile->key.type = CREDHUB_KEY_RSA;
        profile->key.bits = CREDHUB_KEY_RSA_BITS;
    }

    if (op->hub->default_ca_key_usages && profile->is_ca
        && profile->key_usage.len == 0)
    {
        error = credhub_certificate_ca_usages(op->arena, profile);
    }

    return error;
}


credhub_error_e
ngx_credhub_certificate_signer(ngx_credhub_op_t *op,
    const credhub_version_t *version, const credhub_x509_profile_t *profile,
    credhub_x509_signer_t *signer)
{
    credhub_x509_t        x509;
    credhub_error_e       error;
    credhub_certificate_t certificate;

    error = ngx_credhub_certificate_open_key(op, version, &certificate);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, certificate.certificate, &x509);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (!x509.profile.is_ca) {
        return CREDHUB_E_NOT_CA;
    }

    if (certificate.private_key.len == 0) {
        return CREDHUB_E_CA_NO_KEY;
    }

    if (x509.not_after < ngx_time() + profile->duration * NGX_CREDHUB_DAY) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
            "credhub: the certificate authority \"%*s\" expires before a "
            "certificate that it signs",
            version->name.len, version->name.data);
    }

    signer->certificate = certificate.certificate;
    signer->private_key = certificate.private_key;

    return CREDHUB_OK;
}


credhub_error_e
ngx_credhub_certificate_trusted(ngx_credhub_op_t *op,
    const ngx_credhub_certificate_t *ca, const credhub_version_t *signer,
    credhub_str_t *trusted)
{
    const credhub_version_t *other;

    *trusted = credhub_null_str;

    other = signer == ca->transitional ? ca->active : ca->transitional;

    return other != NULL ? ngx_credhub_certificate_text(op, other, trusted)
                         : CREDHUB_OK;
}


ngx_uint_t
ngx_credhub_certificate_duration(
    ngx_credhub_op_t *op, credhub_x509_profile_t *profile)
{
    int64_t least;

    least =
        profile->is_ca ? op->hub->ca_min_duration : op->hub->leaf_min_duration;

    if (profile->duration >= least) {
        return 0;
    }

    profile->duration = least;

    return 1;
}


ngx_credhub_rc_e
ngx_credhub_issue(ngx_credhub_op_t *op, ngx_credhub_issue_t *issue)
{
    ngx_credhub_task_t  *task;
    ngx_credhub_issue_t *copy;

    task = ngx_credhub_task_create(sizeof(ngx_credhub_issue_t));
    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    task->run = ngx_credhub_issue_run;

    copy = task->data;
    *copy = *issue;

    if (ngx_credhub_issue_copy(task->arena, copy) != NGX_OK) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


static ngx_int_t
ngx_credhub_issue_copy(credhub_arena_t *arena, ngx_credhub_issue_t *issue)
{
    ngx_uint_t     i;
    credhub_str_t *strings[] = { &issue->profile.subject,
        &issue->profile.alternative_names, &issue->profile.key_usage,
        &issue->profile.extended_key_usage, &issue->signer.certificate,
        &issue->signer.private_key, &issue->private_key };

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (strings[i]->len == 0) {
            continue;
        }

        *strings[i] =
            credhub_arena_copy(arena, strings[i]->data, strings[i]->len);

        if (strings[i]->data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static credhub_error_e
ngx_credhub_issue_run(ngx_credhub_task_t *task)
{
    ngx_credhub_issue_t *issue = task->data;

    credhub_error_e error;

    error = CREDHUB_OK;

    if (issue->private_key.len == 0) {
        error = credhub_key_private(task->arena, &issue->profile.key,
            &task->cancel, &issue->private_key);
    }

    return error != CREDHUB_OK
               ? error
               : credhub_x509_issue(task->arena, &issue->profile,
                   issue->private_key, &issue->signer, (int64_t) time(NULL),
                   &issue->certificate);
}


credhub_error_e
ngx_credhub_issued(ngx_credhub_op_t *op, ngx_credhub_issue_t *issue)
{
    ngx_credhub_issue_t *done = op->task->data;

    issue->private_key = ngx_credhub_op_copy(op, done->private_key);
    issue->certificate = ngx_credhub_op_copy(op, done->certificate);

    return issue->private_key.data != NULL && issue->certificate.data != NULL
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


ngx_credhub_rc_e
ngx_credhub_certificate_commit(
    ngx_credhub_op_t *op, ngx_credhub_certificate_commit_t *commit)
{
    credhub_x509_t      x509;
    credhub_error_e     error;
    credhub_content_t   content;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t guard;

    ngx_memzero(&content, sizeof(credhub_content_t));

    error =
        credhub_x509_read(op->arena, commit->certificate.certificate, &x509);

    if (error == CREDHUB_OK) {
        error = credhub_certificate_write(op->arena, &commit->certificate,
            &x509, commit->generated, &content, &commit->version);
    }

    commit->version.type = credhub_str("certificate");
    commit->version.transitional = (commit->write.transitional != 0);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_version_seal(op, &content, &commit->version);
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_values(op, commit->guard, &guard);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_certificate_write(
            call, op->hub->store, &commit->version, &commit->write, &guard);
    }

    return ngx_credhub_op_send(op, call);
}


credhub_error_e
ngx_credhub_given(
    ngx_credhub_op_t *op, credhub_str_t value, ngx_credhub_given_t *given)
{
    credhub_str_t  *ca_name;
    credhub_error_e error;

    error = credhub_certificate_value(
        op->arena, value, &given->certificate, &given->x509, &op->detail);

    ca_name = &given->certificate.ca_name;

    if (error == CREDHUB_OK && ca_name->len != 0) {
        *ca_name = credhub_name_slash(op->arena, *ca_name);

        if (ca_name->data == NULL) {
            error = CREDHUB_E_INTERNAL;
        }
    }

    return error;
}


credhub_error_e
ngx_credhub_given_commit(ngx_credhub_op_t *op, const ngx_credhub_given_t *given,
    const ngx_credhub_lookup_t       *lookup,
    ngx_credhub_certificate_commit_t *commit)
{
    commit->certificate = given->certificate;
    commit->generated = 0;

    commit->version.name = lookup->name;
    commit->version.folded = lookup->folded;
    commit->version.trusted = credhub_null_str;
    commit->version.signer =
        given->x509.profile.self_signed ? lookup->name : credhub_null_str;

    commit->write.expect = credhub_null_str;

    if (lookup->ca_name.len == 0) {
        return CREDHUB_OK;
    }

    commit->write.ca = lookup->ca_folded;
    commit->write.ca_stamp = lookup->ca.stamp;

    return ngx_credhub_given_ca(op, &lookup->ca, commit);
}


static credhub_error_e
ngx_credhub_given_ca(ngx_credhub_op_t *op, const ngx_credhub_certificate_t *ca,
    ngx_credhub_certificate_commit_t *commit)
{
    credhub_str_t  *pem;
    credhub_x509_t  x509;
    credhub_error_e error;

    if (ca->active == NULL) {
        return CREDHUB_E_CA;
    }

    pem = &commit->certificate.ca;
    error = ngx_credhub_certificate_text(op, ca->active, pem);

    if (error == CREDHUB_OK) {
        error = credhub_x509_read(op->arena, *pem, &x509);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (!x509.profile.is_ca) {
        return CREDHUB_E_NOT_CA;
    }

    if (!credhub_x509_signed_by(commit->certificate.certificate, *pem)) {
        return CREDHUB_E_NOT_SIGNED_BY_CA_NAME;
    }

    commit->version.signer = ca->name;

    return ngx_credhub_certificate_trusted(
        op, ca, ca->active, &commit->version.trusted);
}


void
ngx_credhub_certificate_show(ngx_credhub_op_t *op, credhub_version_t *version)
{
    version->concatenate = (op->hub->concatenate_cas != 0);
}
