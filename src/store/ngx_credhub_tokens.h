
/* Tokens in the store, by the hash of their text. Strings of a result live in
 * the call's arena. */

#ifndef _NGX_CREDHUB_TOKENS_H_INCLUDED_
#define _NGX_CREDHUB_TOKENS_H_INCLUDED_


#include "ngx_credhub_store.h"
#include "credhub_token.h"


#define NGX_CREDHUB_TOKEN_COMMANDS 3 /* of a read */
#define NGX_CREDHUB_TOKENS_MAX     2 /* of a grant */


void ngx_credhub_token_read(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t hash);

/* NGX_OK; NGX_DECLINED: there is none, and token->grant is that of a refresh
 * token which is used up, else empty; NGX_ERROR: the row is damaged, logged.
 * The call has no error. */
ngx_int_t ngx_credhub_token_result(
    ngx_credhub_call_t *call, credhub_str_t hash, credhub_token_t *token);

/* Writes the tokens of one grant, access tokens before refresh tokens. `used`:
 * hash of the refresh token that they replace, or empty. */
void ngx_credhub_tokens_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_token_t *tokens, ngx_uint_t n,
    credhub_str_t used);

/* Ends a grant. */
void ngx_credhub_tokens_revoke(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t grant);

/* Of both. NGX_OK, NGX_DECLINED (`used` does not stand any more), NGX_ERROR
 * with *error. */
ngx_int_t ngx_credhub_tokens_done(
    ngx_credhub_call_t *call, credhub_error_e *error);


#endif /* _NGX_CREDHUB_TOKENS_H_INCLUDED_ */
