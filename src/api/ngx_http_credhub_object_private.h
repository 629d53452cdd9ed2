
/* What the files of an object's endpoints share, and nobody else. */

#ifndef _NGX_HTTP_CREDHUB_OBJECT_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_OBJECT_PRIVATE_H_INCLUDED_


#include "ngx_http_credhub_object.h"


/* Steps, in the order in which most endpoints have them. */

ngx_credhub_rc_e ngx_http_credhub_object_load(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_commit(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_committed(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_begin(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_again(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_tested(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_answer(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_remove(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_destroyed(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_http_credhub_object_removed(ngx_credhub_op_t *op);


/* ctx->attributes, ctx->config and ctx->change from ctx->body and ctx->current,
 * and what is to be read because of them. */
credhub_error_e ngx_http_credhub_object_decide(ngx_credhub_op_t *op);

/* Are the objects there that it refers to, and may the caller attach them? */
credhub_error_e ngx_http_credhub_object_attached(ngx_credhub_op_t *op);

/* The id of reference number i; what its absence is called. */
credhub_str_t ngx_http_credhub_object_ref_id(
    ngx_credhub_op_t *op, ngx_uint_t i);
credhub_error_e ngx_http_credhub_object_ref_missing(
    const ngx_http_credhub_ref_t *ref);

/* Members of the body for this request alone. `test`: the tests are run. */
credhub_error_e ngx_http_credhub_object_control(
    ngx_credhub_op_t *op, ngx_uint_t test);

/* The state after the tests; NULL: the one that stands. */
const char *ngx_http_credhub_object_state(ngx_credhub_op_t *op);


#endif /* _NGX_HTTP_CREDHUB_OBJECT_PRIVATE_H_INCLUDED_ */
