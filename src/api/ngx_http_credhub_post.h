
/* The body of POST /api/v1/data, whatever type it asks for. */

#ifndef _NGX_HTTP_CREDHUB_POST_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_POST_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "credhub_bind.h"


typedef enum {
    NGX_HTTP_CREDHUB_CONVERGE = 0, /* keep what has the same parameters */
    NGX_HTTP_CREDHUB_KEEP,
    NGX_HTTP_CREDHUB_REPLACE
} ngx_http_credhub_mode_e;


typedef struct {
    credhub_str_t  name;
    credhub_str_t  type;
    credhub_str_t  mode;
    credhub_flag_t overwrite;
    credhub_flag_t regenerate;
    credhub_str_t  parameters;
    credhub_str_t  value;
    credhub_str_t  metadata;

    const credhub_type_t *kind; /* NULL until it was checked */
    credhub_str_t         folded;
    ngx_credhub_guard_t   guard; /* for writing the name */
} ngx_http_credhub_post_t;


/* Reads the body, and tells the log what it is about. op->detail as the error
 * needs it. */
credhub_error_e ngx_http_credhub_post_bind(
    ngx_credhub_op_t *op, ngx_http_credhub_post_t *post);

/*
 * Checks what was read: the name, then, unless it is a regeneration, mode, type
 * and what `check` says of the parameters, then metadata; and fills the rest.
 */
credhub_error_e ngx_http_credhub_post_check(ngx_credhub_op_t *op,
    ngx_http_credhub_post_t                                  *post,
    credhub_error_e (*check)(ngx_credhub_op_t *));

/* Of a request that was checked. */
ngx_http_credhub_mode_e ngx_http_credhub_post_mode(
    const ngx_http_credhub_post_t *post);

/* The folded name and the guard. */
credhub_error_e ngx_http_credhub_post_guard(
    ngx_credhub_op_t *op, ngx_http_credhub_post_t *post);


#endif /* _NGX_HTTP_CREDHUB_POST_H_INCLUDED_ */
