
/* The certificates above one, for answers that show them. */

#ifndef _NGX_CREDHUB_CHAIN_H_INCLUDED_
#define _NGX_CREDHUB_CHAIN_H_INCLUDED_


#include "ngx_credhub_certificate.h"


/*
 * Gives each version that is a certificate its `chain`: PEM, its CA first, a
 * root last, as far as the store has them and they are what was written, at
 * most NGX_CREDHUB_CHAIN_MAX. Enters steps: JUMP or FAIL (also when a version
 * itself is damaged); op->call is the same after them. The versions stay where
 * they are.
 */
ngx_credhub_rc_e ngx_credhub_chains(
    ngx_credhub_op_t *op, credhub_version_t *versions, ngx_uint_t n);


#endif /* _NGX_CREDHUB_CHAIN_H_INCLUDED_ */
