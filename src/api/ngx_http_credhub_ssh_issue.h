
/*
 * How a certificate is issued, for a request and for an approval: a list of
 * steps with a context of their own, which others enter.
 */

#ifndef _NGX_HTTP_CREDHUB_SSH_ISSUE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_SSH_ISSUE_H_INCLUDED_


#include "ngx_http_credhub_ssh.h"


typedef struct {
    /* given */
    credhub_ssh_request_t request; /* template applied */
    credhub_str_t         body;    /* of the request, as it came */
    ngx_credhub_object_t template; /* which it is issued from */
    credhub_ssh_pair_t           ca;
    credhub_str_t                requested_by;
    credhub_str_t                remote;
    credhub_str_t                dn;         /* of an approval */
    ngx_http_credhub_ssh_write_t write;      /* of an approval: what stands */
    unsigned                     pending:1;  /* is not issued yet */
    unsigned                     standing:1; /* is an approval */
    unsigned                     reuse:1;    /* of a public key is allowed */

    /* results */
    credhub_ssh_pair_t        pair; /* made here; private_key empty: none */
    credhub_ssh_certificate_t certificate;
    credhub_str_t             blob; /* empty: pending */

    /* private */
    ngx_credhub_ssh_work_t work;
    ngx_uint_t             tries;
    credhub_str_t          public_key; /* its line */
} ngx_http_credhub_ssh_issue_t;


/* The certificate is written, its object is write.change.object, when these
 * steps have ended. */
extern const ngx_credhub_step_pt ngx_http_credhub_ssh_issue[];


/* The template and its CA, of an ask that was answered, for request.dn; applies
 * it. CREDHUB_E_SSH_RIGHTS, CREDHUB_E_SSH_TEMPLATE, or what
 * credhub_ssh_request_apply() says, with op->detail. */
credhub_error_e ngx_http_credhub_ssh_issue_template(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_issue_t *issue, ngx_credhub_object_ask_t *ask);

/* The same when the ask was looked at already. */
credhub_error_e ngx_http_credhub_ssh_issue_apply(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_issue_t *issue, const ngx_credhub_object_ask_t *ask);

/* DN of the certificate that is tried now; .data == NULL without memory. */
credhub_str_t ngx_http_credhub_ssh_issue_dn(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_issue_t *issue);


/* The answer of Request, Retrieve, Approve and Reject. */

typedef struct {
    const ngx_credhub_object_t *object;
    credhub_ssh_certificate_t   certificate; /* of details */
    credhub_str_t               blob;        /* empty: there is none yet */
    credhub_str_t               private_key; /* text; empty: none */
    unsigned                    details:1;   /* were asked for */
    unsigned                    keys:1;      /* the same */
} ngx_http_credhub_ssh_shown_t;

/* Certificate and blob of the object that is shown, if details are. */
credhub_error_e ngx_http_credhub_ssh_shown_read(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_shown_t *shown);

ngx_credhub_rc_e ngx_http_credhub_ssh_show(
    ngx_credhub_op_t *op, const ngx_http_credhub_ssh_shown_t *shown);


#endif /* _NGX_HTTP_CREDHUB_SSH_ISSUE_H_INCLUDED_ */
