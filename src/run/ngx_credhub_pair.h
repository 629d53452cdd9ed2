
/*
 * Steps that read a certificate with its private key, in one round trip or in
 * none. Of several names the first that is there counts.
 */

#ifndef _NGX_CREDHUB_PAIR_H_INCLUDED_
#define _NGX_CREDHUB_PAIR_H_INCLUDED_


#include "ngx_credhub_credential.h"


#define NGX_CREDHUB_PAIR_NAMES 2


typedef struct {
    credhub_str_t names[NGX_CREDHUB_PAIR_NAMES];
    ngx_uint_t    n;

    /* May the store be asked now? What the cache has needs no leave. */
    ngx_uint_t (*admit)(void);

    /* Is that version in use already? Then it is not opened. */
    ngx_uint_t (*known)(credhub_str_t folded, credhub_str_t version);

    /* the result */
    credhub_str_t folded;
    credhub_str_t version;
    credhub_str_t certificate; /* PEM; empty: the version is known */
    credhub_str_t ca;          /* PEM, or empty */
    credhub_str_t private_key; /* PEM */

    /* private */
    credhub_str_t       candidates[NGX_CREDHUB_PAIR_NAMES]; /* folded */
    ngx_credhub_guard_t guards[NGX_CREDHUB_PAIR_NAMES];
} ngx_credhub_pair_t;


/*
 * A step: enters them. The operation fails with CREDHUB_E_CRED (no such
 * certificate, or one without a key), CREDHUB_E_CRED_HIDDEN (no right to read
 * it), CREDHUB_E_BUSY (not admitted), CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL.
 */
ngx_credhub_rc_e ngx_credhub_pair_enter(
    ngx_credhub_op_t *op, ngx_credhub_pair_t *pair);


#endif /* _NGX_CREDHUB_PAIR_H_INCLUDED_ */
