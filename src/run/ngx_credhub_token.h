
/* Tokens: how one is found by its text, how those of a grant are made, and how
 * it ends. */

#ifndef _NGX_CREDHUB_TOKEN_H_INCLUDED_
#define _NGX_CREDHUB_TOKEN_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "ngx_credhub_tokens.h"


/* Finds a token. Goes on when it is genuine, of that kind and not expired. */

typedef struct {
    credhub_str_t   text;
    credhub_token_e kind;
    credhub_error_e wrong;   /* the outcome of one that is not valid */
    credhub_error_e expired; /* of one that was */

    credhub_token_t token; /* the result */

    credhub_str_t hash; /* private */
} ngx_credhub_token_find_t;

/* A refresh token that is used up ends its grant. */
ngx_credhub_rc_e ngx_credhub_token_find_enter(
    ngx_credhub_op_t *op, ngx_credhub_token_find_t *find);


/* Makes the tokens of a grant. */

typedef struct {
    credhub_str_t          actor;
    credhub_str_t          user;
    credhub_str_t          client;
    const credhub_token_t *old; /* refresh token that they replace, or NULL */
    unsigned               single:1; /* no refresh token */

    /* the result */
    credhub_str_t   texts[NGX_CREDHUB_TOKENS_MAX]; /* by credhub_token_e */
    credhub_token_t tokens[NGX_CREDHUB_TOKENS_MAX];
} ngx_credhub_token_issue_t;

/* CREDHUB_E_SSH_GRANT: the old one was used meanwhile, so the grant has ended.
 */
ngx_credhub_rc_e ngx_credhub_token_issue_enter(
    ngx_credhub_op_t *op, ngx_credhub_token_issue_t *issue);


/* Ends a grant, then goes on. */

typedef struct {
    credhub_str_t   grant;
    credhub_error_e error; /* the outcome; CREDHUB_OK: none yet */
} ngx_credhub_token_end_t;

ngx_credhub_rc_e ngx_credhub_token_end_enter(
    ngx_credhub_op_t *op, ngx_credhub_token_end_t *end);


#endif /* _NGX_CREDHUB_TOKEN_H_INCLUDED_ */
