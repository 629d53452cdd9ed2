
/*
 * Work on SSH keys that may take long: done at once where it is quick (Ed25519,
 * P-256, P-384 without a passphrase), on a CPU thread where it is not. A step
 * begins it, the next one takes what came out.
 */

#ifndef _NGX_CREDHUB_SSH_WORK_H_INCLUDED_
#define _NGX_CREDHUB_SSH_WORK_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "credhub_ssh_certificate.h"


typedef enum {
    NGX_CREDHUB_SSH_GENERATE = 0, /* pair.algorithm -> pair */
    NGX_CREDHUB_SSH_IMPORT,       /* text, passphrase -> pair */
    NGX_CREDHUB_SSH_CERTIFY,      /* certificate, subject, pair -> certificate,
                                     blob */
    NGX_CREDHUB_SSH_EXPORT,       /* pair.private_key, comment, passphrase ->
                                     text */
    NGX_CREDHUB_SSH_WORKS
} ngx_credhub_ssh_work_e;


typedef struct {
    ngx_credhub_ssh_work_e    kind;
    credhub_ssh_pair_t        pair;
    credhub_ssh_certificate_t certificate;
    credhub_str_t             subject;
    credhub_str_t             blob;
    credhub_str_t             text;
    credhub_str_t             passphrase;
    credhub_str_t             comment;
} ngx_credhub_ssh_work_t;


/* NEXT, WAIT or FAIL. */
ngx_credhub_rc_e ngx_credhub_ssh_work(
    ngx_credhub_op_t *op, ngx_credhub_ssh_work_t *work);

/* What came out is in `work`, in memory that lives as long as the operation. */
void ngx_credhub_ssh_worked(ngx_credhub_op_t *op, ngx_credhub_ssh_work_t *work);


#endif /* _NGX_CREDHUB_SSH_WORK_H_INCLUDED_ */
