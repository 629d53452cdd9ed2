
/*
 * Looking up a certificate, together with its CA. Between look-up and write
 * another node may change either; so a write carries their stamps, and when the
 * store has others the operation looks up and decides again.
 */

#ifndef _NGX_CREDHUB_LOOKUP_H_INCLUDED_
#define _NGX_CREDHUB_LOOKUP_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "ngx_credhub_certificates.h"


/*
 * A certificate to look up: by name (with a slash, and folded), or by id. The
 * rest is filled by the look-up. Strings live as long as the call.
 */

typedef struct {
    credhub_str_t name;
    credhub_str_t folded;
    credhub_str_t id;        /* credential id */
    unsigned      operation; /* CREDHUB_OP_*, what the actor must be allowed */

    credhub_str_t ca_name; /* with a slash; empty: none is looked up */
    credhub_str_t ca_folded;

    ngx_credhub_certificate_t found; /* credential.len 0: there is none */
    ngx_credhub_certificate_t ca;
} ngx_credhub_lookup_t;


/* Takes a credential id of a path; CREDHUB_E_CRED when it cannot be one. */
credhub_error_e ngx_credhub_lookup_id(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t id);

/* Sends the look-up: WAIT or FAIL. */
ngx_credhub_rc_e ngx_credhub_lookup(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup);

/*
 * Takes its answer and checks rights: CREDHUB_OK; CREDHUB_E_READ_ONLY for any
 * operation but reading; CREDHUB_E_CRED_DENIED (write) or _HIDDEN;
 * CREDHUB_E_CRED: no such id, or a name that is no certificate (with write,
 * CREDHUB_E_TYPE_MISMATCH); CREDHUB_E_CA, CREDHUB_E_CA_HIDDEN. A name that does
 * not exist is no error. Tells the log which credential it is.
 */
credhub_error_e ngx_credhub_looked_up(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup);

/* Looks up the CA that found->newest or another version names, or `name`. */
ngx_credhub_rc_e ngx_credhub_lookup_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t name);

/* Takes its answer: CREDHUB_OK, CREDHUB_E_CA (none, or no certificate). With
 * `check`, CREDHUB_E_CA_HIDDEN when the actor may not read it. */
credhub_error_e ngx_credhub_looked_up_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, ngx_uint_t check);


#endif /* _NGX_CREDHUB_LOOKUP_H_INCLUDED_ */
