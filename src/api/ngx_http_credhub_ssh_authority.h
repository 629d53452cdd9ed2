
/*
 * Who signs: the CA key that a DN or a Guid names, itself or by a template of
 * it. What comes out is authenticated, whatever the store shows in clear.
 */

#ifndef _NGX_HTTP_CREDHUB_SSH_AUTHORITY_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_SSH_AUTHORITY_H_INCLUDED_


#include "ngx_http_credhub_ssh.h"


typedef struct {
    /* asked */
    credhub_str_t dn; /* as it was sent; empty: the Guid */
    credhub_str_t guid;
    unsigned      operation;  /* on what was named; 0: anybody may */
    unsigned      key_only:1; /* a template is none */
    unsigned      texts:1;    /* bad names and what is missing are told as
                                 text */

    /* answered */
    ngx_credhub_object_t named; /* the CA key, or the template */
    credhub_str_t        kept;  /* of the template; empty: the CA key */
    ngx_credhub_object_t ca;
    credhub_ssh_pair_t   pair;

    /* private */
    ngx_credhub_object_ask_t asks[2]; /* a CA key, a template */
    ngx_uint_t               first;   /* that is asked */
    ngx_uint_t               n;
} ngx_http_credhub_ssh_authority_t;


/* CREDHUB_E_SSH_DN, CREDHUB_E_SSH_RIGHTS, CREDHUB_E_SSH_CA or
 * CREDHUB_E_SSH_TEMPLATE. */
ngx_credhub_rc_e ngx_http_credhub_ssh_authority_enter(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_authority_t *authority);


#endif /* _NGX_HTTP_CREDHUB_SSH_AUTHORITY_H_INCLUDED_ */
