
/*
 * Makes the content of a version, by a type's set() or generate(): here, or on
 * a CPU thread when the type says that it is slow.
 */

#ifndef _NGX_CREDHUB_PRODUCE_H_INCLUDED_
#define _NGX_CREDHUB_PRODUCE_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "credhub_type.h"


typedef struct {
    const credhub_type_t *type;
    credhub_str_t         value;      /* set: checked JSON */
    credhub_parameters_t  parameters; /* generate: value.data is NULL */
    credhub_content_t     content;    /* the result; lives as long as op */
} ngx_credhub_produce_t;


/*
 * NEXT: produce->content is there. WAIT: ngx_credhub_produced() fetches it in
 * the next step. FAIL as ever. The input is copied for the thread.
 */
ngx_credhub_rc_e ngx_credhub_produce(
    ngx_credhub_op_t *op, ngx_credhub_produce_t *produce);

void ngx_credhub_produced(ngx_credhub_op_t *op, ngx_credhub_produce_t *produce);


#endif /* _NGX_CREDHUB_PRODUCE_H_INCLUDED_ */
