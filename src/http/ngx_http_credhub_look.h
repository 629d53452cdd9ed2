
/*
 * Who is behind what a request offers: an operation of its own, before the one
 * that the request is about, asks the store.
 */

#ifndef _NGX_HTTP_CREDHUB_LOOK_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_LOOK_H_INCLUDED_


#include "ngx_http_credhub_module.h"
#include "credhub_token.h"


typedef struct {
    /* the result; strings live in the arena */
    credhub_error_e error;
    credhub_str_t   actor;
    credhub_str_t   user;
    credhub_str_t   display; /* name for people, or empty */
    credhub_token_t token;   /* of a token */

    /* private */
    ngx_http_request_t *request;
    credhub_arena_t    *arena;
    ngx_credhub_op_t   *op; /* while the store is asked */
    unsigned            waiting:1;
    unsigned            ended:1;
} ngx_http_credhub_look_t;


/*
 * What stands behind "Basic" (RFC 7617), against credentials of type "user".
 * NGX_OK; NGX_ERROR with look->error, which is CREDHUB_E_UNAUTHENTICATED
 * whatever is wrong with key and secret; NGX_AGAIN: r->write_event_handler is
 * called when it should be asked again, perhaps more than once.
 */
ngx_int_t ngx_http_credhub_api_key(ngx_http_credhub_look_t *look,
    ngx_http_request_t *r, credhub_arena_t *arena, credhub_str_t credentials);

/* The same for an access token of ours: CREDHUB_E_TOKEN or
 * CREDHUB_E_TOKEN_EXPIRED. */
ngx_int_t ngx_http_credhub_token(ngx_http_credhub_look_t *look,
    ngx_http_request_t *r, credhub_arena_t *arena, credhub_str_t text);

/* Asks an operation about an API key; its context is an ngx_credhub_user_t. */
credhub_error_e ngx_http_credhub_api_key_ask(
    ngx_credhub_op_t *op, ngx_http_request_t *r, credhub_str_t credentials);

/* The request ends while it may be waiting. */
void ngx_http_credhub_look_stop(ngx_http_credhub_look_t *look);


/* For both. */

/* The operation that asks; NULL without memory. */
ngx_credhub_op_t *ngx_http_credhub_look_begin(ngx_http_credhub_look_t *look,
    ngx_http_request_t *r, credhub_arena_t *arena,
    const ngx_credhub_operation_t *operation);

/* How it stands. */
ngx_int_t ngx_http_credhub_look_result(ngx_http_credhub_look_t *look);

/* A step's end: everything but a token. */
ngx_credhub_rc_e ngx_http_credhub_look_take(ngx_credhub_op_t *op,
    credhub_str_t actor, credhub_str_t user, credhub_str_t display);

/* A copy in the arena of who looks; .data == NULL without memory. */
credhub_str_t ngx_http_credhub_look_copy(
    ngx_http_credhub_look_t *look, credhub_str_t text);


#endif /* _NGX_HTTP_CREDHUB_LOOK_H_INCLUDED_ */
