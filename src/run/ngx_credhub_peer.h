
/*
 * Steps that find out whether a connection or destination trusts the
 * certificate of a peer: credhub_trusted() with what it approves.
 */

#ifndef _NGX_CREDHUB_PEER_H_INCLUDED_
#define _NGX_CREDHUB_PEER_H_INCLUDED_


#include "ngx_credhub_approval.h"
#include "credhub_trust.h"


typedef struct {
    /* asked */
    ngx_credhub_object_kind_e kind;
    credhub_str_t             id;
    credhub_trust_e           purpose;
    const credhub_str_t      *sent; /* DER, leaf first */
    ngx_uint_t                nsent;
    credhub_str_t             known; /* hash of the approval that it was trusted
                                        by before; empty: none */

    /* answered: the approval that it is trusted by; lives as long as the
     * operation */
    credhub_approval_t approval;

    /* private */
    credhub_str_t          key;
    credhub_str_t          path;
    credhub_str_t          hashes[2];
    ngx_uint_t             nhashes;
    ngx_credhub_approved_t approved;
} ngx_credhub_peer_t;


/*
 * A step: enters them. One round trip when the leaf is approved itself, or by
 * the approval that is known; else all approvals are read and a thread looks
 * for a path. The operation fails with CREDHUB_E_CRED_DENIED when the peer is
 * not trusted, or nothing of that id exists; op->detail says why then.
 */
ngx_credhub_rc_e ngx_credhub_peer_enter(
    ngx_credhub_op_t *op, ngx_credhub_peer_t *peer);


#endif /* _NGX_CREDHUB_PEER_H_INCLUDED_ */
