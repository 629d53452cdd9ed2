
/*
 * A name and a password against credentials of type "user". Costs one read of
 * the store. A name that does not exist, one of another type and a wrong
 * password take the same way to the same answer; only a name that no user can
 * have is refused without a question.
 */

#ifndef _NGX_CREDHUB_USER_H_INCLUDED_
#define _NGX_CREDHUB_USER_H_INCLUDED_


#include "ngx_credhub_credential.h"


typedef struct {
    /* asked */
    credhub_str_t   path; /* folded, of all users; empty: there are none */
    credhub_str_t   name; /* as it was sent */
    credhub_str_t   password;
    credhub_error_e wrong; /* the outcome when any of them is */

    /* answered */
    credhub_str_t actor;
    credhub_str_t user;
    credhub_str_t display; /* name for people, or empty */

    /* private */
    credhub_str_t     folded; /* of the credential */
    credhub_version_t version;
} ngx_credhub_user_t;


/* Goes on when the password is right. */
ngx_credhub_rc_e ngx_credhub_user_enter(
    ngx_credhub_op_t *op, ngx_credhub_user_t *user);


#endif /* _NGX_CREDHUB_USER_H_INCLUDED_ */
