
/*
 * Makes a new version of a certificate: issues it, writes it, answers with it.
 * Who renews has looked the certificate and its CA up and decided what it is to
 * be.
 */

#ifndef _NGX_CREDHUB_RENEW_H_INCLUDED_
#define _NGX_CREDHUB_RENEW_H_INCLUDED_


#include "ngx_credhub_batch.h"
#include "ngx_credhub_certificate.h"


typedef struct {
    ngx_credhub_lookup_t      *lookup;
    credhub_x509_profile_t     profile;
    credhub_version_t         *signer; /* of lookup->ca; NULL: itself */
    credhub_str_t              metadata;
    credhub_str_t              expect; /* as in certificates.h */
    const ngx_credhub_guard_t *guard;
    unsigned                   transitional:1;

    /* private */
    ngx_credhub_issue_t              issue;
    credhub_key_kind_t               kind; /* of the key in `issue` */
    ngx_credhub_batch_t             *batch;
    ngx_credhub_certificate_commit_t commit;
    ngx_uint_t                       retries;
    unsigned                         overridden:1;
} ngx_credhub_renewal_t;


/*
 * Enters steps. When the certificate or its CA has changed since they were
 * looked up, these steps end, and the next step of the operation looks up and
 * decides again, with the same renewal, which keeps the key it has made; else
 * the operation ends with them.
 */
ngx_credhub_rc_e ngx_credhub_renew(
    ngx_credhub_op_t *op, ngx_credhub_renewal_t *renewal);


#endif /* _NGX_CREDHUB_RENEW_H_INCLUDED_ */
