
/* What goes to the client. */

#ifndef _NGX_HTTP_CREDHUB_ANSWER_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_ANSWER_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/*
 * Sends status and a JSON body (none when it is empty), never compressed,
 * never cached. `body` must live as long as the request. `allow`: methods for
 * the Allow header, 0: none. Returns what the request is finalized with.
 */
ngx_int_t ngx_http_credhub_answer(ngx_http_request_t *r, ngx_uint_t status,
    credhub_str_t body, ngx_uint_t allow);

/* The end of it: the header fields that are set, and the body. */
ngx_int_t ngx_http_credhub_answer_send(
    ngx_http_request_t *r, credhub_str_t body);

/*
 * The same for an error kind, with the body made in `arena`, in the style of
 * the API that was called.
 */
ngx_int_t ngx_http_credhub_answer_error(ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_error_e error, credhub_str_t detail,
    ngx_uint_t allow);

/* What tells a client how to come again, beside an error that nginx answers: a
 * challenge with 401, Retry-After with 503. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_credhub_answer_hints(ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_error_e error, credhub_str_t detail);

/* Headers that every answer about secrets carries, for answers made
 * elsewhere. */
ngx_int_t ngx_http_credhub_answer_headers(
    ngx_http_request_t *r, ngx_uint_t status);

/* The target as the client sent it; what there is of it when nginx gave up on
 * the request line before it kept one. */
credhub_str_t ngx_http_credhub_target(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CREDHUB_ANSWER_H_INCLUDED_ */
