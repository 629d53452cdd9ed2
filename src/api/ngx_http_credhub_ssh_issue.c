
/*
 * A serial is random and marked for its CA together with the write, and so is
 * the public key of a client: a mark that is there already ends the write. An
 * object that was named after its key id gets its serial behind the name when
 * the name is taken.
 */

#include "ngx_http_credhub_ssh_issue.h"
#include "credhub_text.h"

#include <openssl/rand.h>


#define NGX_HTTP_CREDHUB_SSH_SERIALS "ssh-serials:"
#define NGX_HTTP_CREDHUB_SSH_KEYS    "ssh-keys"

#define NGX_HTTP_CREDHUB_SSH_SUFFIX  8 /* digits */


static ngx_credhub_rc_e ngx_http_credhub_ssh_generate(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_certify(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_store(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_ssh_stored(ngx_credhub_op_t *op);
static credhub_error_e  ngx_http_credhub_ssh_marks(ngx_credhub_op_t *op);
static credhub_str_t    ngx_http_credhub_ssh_attributes(
       ngx_credhub_op_t *op, credhub_str_t dn);
static credhub_str_t ngx_http_credhub_ssh_config(ngx_credhub_op_t *op);
static credhub_str_t ngx_http_credhub_ssh_known(ngx_credhub_op_t *op);


/* clang-format off */

const ngx_credhub_step_pt  ngx_http_credhub_ssh_issue[] = {
    ngx_http_credhub_ssh_generate,
    ngx_http_credhub_ssh_certify,
    ngx_http_credhub_ssh_store,
    ngx_http_credhub_ssh_stored,
    NULL
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_ssh_generate(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    op->task = NULL;

    if (issue->request.key.blob.len != 0 || issue->pending) {
        return NGX_CREDHUB_NEXT;
    }

    issue->work.kind = NGX_CREDHUB_SSH_GENERATE;
    issue->work.pair.algorithm = issue->request.algorithm;

    return ngx_credhub_ssh_work(op, &issue->work);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_certify(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    credhub_ssh_certificate_t *certificate;

    if (issue->pending) {
        op->task = NULL;
        return NGX_CREDHUB_NEXT;
    }

    if (issue->work.kind == NGX_CREDHUB_SSH_GENERATE
        && issue->request.key.blob.len == 0)
    {
        ngx_credhub_ssh_worked(op, &issue->work);
        issue->pair = issue->work.pair;
        issue->request.key.blob = issue->pair.blob;
    }

    certificate = &issue->request.certificate;
    certificate->from = ngx_time();
    certificate->to = certificate->from + issue->request.validity;

    do {
        if (RAND_bytes((u_char *) &certificate->serial, sizeof(uint64_t)) != 1)
        {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }

    } while (certificate->serial == 0); /* revokes nothing in a KRL */

    issue->work.kind = NGX_CREDHUB_SSH_CERTIFY;
    issue->work.certificate = *certificate;
    issue->work.subject = issue->request.key.blob;
    issue->work.pair = issue->ca;

    return ngx_credhub_ssh_work(op, &issue->work);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_store(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    credhub_str_t                dn, config;
    credhub_error_e              error;
    ngx_credhub_object_change_t *change = &issue->write.change;

    if (!issue->pending) {
        ngx_credhub_ssh_worked(op, &issue->work);
        issue->certificate = issue->work.certificate;
        issue->blob = issue->work.blob;
    }

    dn = issue->standing ? issue->dn : ngx_http_credhub_ssh_issue_dn(op, issue);

    if (dn.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    error = issue->standing ? CREDHUB_OK
                            : ngx_http_credhub_ssh_new(op, &issue->write,
                                NGX_CREDHUB_SSH_CERTIFICATES, dn);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_ssh_marks(op);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    change->object.attributes = ngx_http_credhub_ssh_attributes(op, dn);
    config = ngx_http_credhub_ssh_config(op);

    return change->object.attributes.data == NULL || config.data == NULL
               ? ngx_credhub_op_error(op, CREDHUB_E_INTERNAL)
               : ngx_http_credhub_ssh_commit(op, &issue->write, config);
}


static ngx_credhub_rc_e
ngx_http_credhub_ssh_stored(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    ngx_uint_t              which;
    credhub_str_t           hash;
    ngx_credhub_object_rc_e rc;

    if (ngx_http_credhub_ssh_committed(op, &issue->write, &rc, &which)
        != NGX_OK) {
        return NGX_CREDHUB_FAIL;
    }

    if (rc == NGX_CREDHUB_OBJECT_WRITTEN) {
        return NGX_CREDHUB_NEXT;
    }

    if (rc == NGX_CREDHUB_OBJECT_MARKED && which == 1) {
        hash = credhub_ssh_sha1(op->arena, issue->request.key.blob);
        return ngx_credhub_op_fail(op, CREDHUB_E_SSH_REUSE, hash);
    }

    if (rc == NGX_CREDHUB_OBJECT_EXISTS && issue->request.named) {
        return ngx_credhub_op_error(op, CREDHUB_E_SSH_EXISTS);
    }

    if (++issue->tries == NGX_HTTP_CREDHUB_SSH_TRIES) {
        return ngx_credhub_op_error(op, CREDHUB_E_BUSY);
    }

    /* a certificate does not say what its object is called */

    return ngx_credhub_op_goto(op, rc == NGX_CREDHUB_OBJECT_MARKED
                                       ? ngx_http_credhub_ssh_certify
                                       : ngx_http_credhub_ssh_store);
}


/* Folder and name; behind the first try, with something random behind it. */

credhub_str_t
ngx_http_credhub_ssh_issue_dn(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_issue_t *issue)
{
    size_t        n;
    u_char        random[CREDHUB_OBJECT_ID_LEN];
    credhub_buf_t dn;
    credhub_str_t name;

    name = issue->request.object;

    credhub_buf_init(&dn, op->arena,
        issue->request.policy.len + name.len + sizeof(random) + 2);
    credhub_buf_add_str(&dn, issue->request.policy);
    credhub_buf_lit(&dn, "\\");

    if (issue->tries == 0 || issue->request.named) {
        credhub_buf_add_str(&dn, name);

        return dn.failed ? credhub_null_str : credhub_buf_str(&dn);
    }

    if (credhub_object_id(random) != 0) {
        return credhub_null_str;
    }

    n = CREDHUB_SSH_SEGMENT_MAX - NGX_HTTP_CREDHUB_SSH_SUFFIX - 1;

    name.len = ngx_min(name.len, n);

    credhub_buf_add_str(&dn, name);
    credhub_buf_lit(&dn, "-");
    credhub_buf_add(&dn, random, NGX_HTTP_CREDHUB_SSH_SUFFIX);

    return dn.failed ? credhub_null_str : credhub_buf_str(&dn);
}


credhub_error_e
ngx_http_credhub_ssh_issue_template(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_issue_t *issue, ngx_credhub_object_ask_t *ask)
{
    credhub_error_e error;

    error = ngx_http_credhub_ssh_taken(op, NGX_CREDHUB_SSH_TEMPLATES, ask);

    return error == CREDHUB_OK
               ? ngx_http_credhub_ssh_issue_apply(op, issue, ask)
               : error;
}


credhub_error_e
ngx_http_credhub_ssh_issue_apply(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_issue_t *issue, const ngx_credhub_object_ask_t *ask)
{
    credhub_str_t   kept;
    credhub_error_e error;

    error = ngx_credhub_ssh_template(op, ask, &kept);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_ssh_ca(op, &ask->referred, &issue->ca);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    issue->template = ask->object;
    issue->write.change.refs[0] = ask->object.key;
    issue->pending = credhub_ssh_template_approval(kept);
    issue->reuse = credhub_ssh_template_reuse(kept);

    error = credhub_ssh_request_apply(
        op->arena, kept, &issue->request, &op->detail);

    /* the hosts of a CA are found without looking at all that it has signed */

    if (error == CREDHUB_OK && issue->request.certificate.host) {
        issue->write.change.refs[1] = ask->referred.key;
    }

    return error;
}


static credhub_error_e
ngx_http_credhub_ssh_marks(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    u_char             *digits;
    credhub_buf_t       set;
    ngx_credhub_mark_t *mark;

    if (issue->pending) {
        return CREDHUB_OK;
    }

    mark = &issue->write.change.marks[0];

    digits = credhub_arena_bytes(op->arena, CREDHUB_SSH_SERIAL_LEN);

    if (digits == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    mark->member.data = digits;
    mark->member.len = credhub_ssh_serial(issue->certificate.serial, digits);
    mark->fresh = 1;

    credhub_buf_init(&set, op->arena, 64);
    credhub_buf_lit(&set, NGX_HTTP_CREDHUB_SSH_SERIALS);
    credhub_buf_add_str(&set, credhub_ssh_sha256(op->arena, issue->ca.blob));
    mark->set = credhub_buf_str(&set);

    if (set.failed) {
        return CREDHUB_E_INTERNAL;
    }

    if (issue->pair.private_key.len != 0) {
        return CREDHUB_OK;
    }

    mark++;
    mark->set = credhub_str(NGX_HTTP_CREDHUB_SSH_KEYS);
    mark->member = credhub_ssh_sha256(op->arena, issue->request.key.blob);
    mark->fresh = !issue->reuse;

    return mark->member.data == NULL ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


/* What everybody who may read it is shown. */

static credhub_str_t
ngx_http_credhub_ssh_attributes(ngx_credhub_op_t *op, credhub_str_t dn)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    credhub_buf_t          buf;
    credhub_str_t          line, guid, key_id;
    credhub_ssh_request_t *request = &issue->request;

    key_id = request->certificate.key_id;
    guid = issue->write.guid;
    line = issue->blob.len == 0
               ? credhub_null_str
               : credhub_ssh_line(op->arena, issue->blob, key_id);

    issue->public_key = request->line;

    if (issue->public_key.len == 0 && request->key.blob.len != 0) {
        issue->public_key =
            credhub_ssh_line(op->arena, request->key.blob, key_id);
    }

    credhub_buf_init(&buf, op->arena,
        line.len + issue->public_key.len + request->destination.len + 1024);

    credhub_buf_lit(&buf, "{");
    ngx_http_credhub_ssh_add(&buf, "DN", dn);
    ngx_http_credhub_ssh_add(&buf, "Guid", guid);
    ngx_http_credhub_ssh_add(
        &buf, "CADN", ngx_credhub_ssh_member(op, &issue->template, "DN"));
    ngx_http_credhub_ssh_add(
        &buf, "CAGuid", ngx_credhub_ssh_member(op, &issue->template, "Guid"));
    ngx_http_credhub_ssh_add(&buf, "CertificateData", line);
    ngx_http_credhub_ssh_add(&buf, "KeyID", key_id);
    ngx_http_credhub_ssh_add(&buf, "PublicKeyData", issue->public_key);
    ngx_http_credhub_ssh_add(&buf, "Status",
        issue->pending ? credhub_str("Pending Issue") : credhub_str("Issued"));
    ngx_http_credhub_ssh_add(&buf, "StatusDescription", credhub_null_str);
    ngx_http_credhub_ssh_add(&buf, "DestinationAddress", request->destination);
    ngx_http_credhub_ssh_add(&buf, "OriginatingIP", issue->remote);
    ngx_http_credhub_ssh_add(&buf, "RequestedBy", issue->requested_by);
    credhub_buf_lit(&buf, "}");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


/* The private key, or the request that waits. */

static credhub_str_t
ngx_http_credhub_ssh_config(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    credhub_buf_t buf;
    credhub_str_t key;

    key = issue->pair.private_key.len == 0
              ? credhub_null_str
              : credhub_base64(op->arena, issue->pair.private_key, 1);

    credhub_buf_init(&buf, op->arena, key.len + issue->body.len + 64);
    credhub_buf_lit(&buf, "{");
    ngx_http_credhub_ssh_add(&buf, "private", key);

    if (issue->pending) {
        credhub_buf_lit(&buf, ",\"request\":");
        credhub_buf_add_str(&buf, issue->body);

    } else if (issue->certificate.host) {
        ngx_http_credhub_ssh_add(&buf, "known", ngx_http_credhub_ssh_known(op));
        credhub_buf_printf(
            &buf, ",\"until\":%lld", (long long) issue->certificate.to);
    }

    credhub_buf_lit(&buf, "}");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


/* A host as known_hosts has it: "name,name word base64". */

static credhub_str_t
ngx_http_credhub_ssh_known(ngx_credhub_op_t *op)
{
    ngx_http_credhub_ssh_issue_t *issue = op->ctx;

    size_t                    i;
    credhub_buf_t             buf;
    const credhub_ssh_list_t *hosts = &issue->certificate.principals;

    credhub_buf_init(&buf, op->arena, 1024);

    for (i = 0; i < hosts->n; i++) {
        credhub_buf_add(&buf, ",", i == 0 ? 0 : 1);
        credhub_buf_add_str(&buf, hosts->items[i]);
    }

    credhub_buf_lit(&buf, " ");
    credhub_buf_add_str(&buf,
        credhub_ssh_line(op->arena, issue->request.key.blob, credhub_null_str));

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}
