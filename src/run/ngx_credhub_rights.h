
/*
 * Steps that find out whether who asks has several rights, all of them, in one
 * round trip; in none when the configuration gives them.
 */

#ifndef _NGX_CREDHUB_RIGHTS_H_INCLUDED_
#define _NGX_CREDHUB_RIGHTS_H_INCLUDED_


#include "ngx_credhub_access.h"


typedef struct {
    unsigned      operations;
    credhub_str_t path; /* a name, or what ends in a slash and an asterisk */
} ngx_credhub_right_t;


typedef struct {
    ngx_credhub_right_t *list;
    ngx_uint_t           n;

    /* private */
    ngx_credhub_guard_t *guards; /* CREDHUB_OPS for each */
} ngx_credhub_rights_t;


/* A step: enters them. The operation fails with CREDHUB_E_CRED_DENIED when a
 * right is missing, or a path is none; op->resource is that path, else the first
 * one. */
ngx_credhub_rc_e ngx_credhub_rights_enter(
    ngx_credhub_op_t *op, ngx_credhub_rights_t *rights);


#endif /* _NGX_CREDHUB_RIGHTS_H_INCLUDED_ */
