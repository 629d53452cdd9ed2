
/* Parameters of query strings that several endpoints have. Each function names
 * a bad one in op->detail, for CREDHUB_E_BAD_QUERY. */

#ifndef _NGX_HTTP_CREDHUB_QUERY_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_QUERY_H_INCLUDED_


#include "ngx_http_credhub_api.h"


/* "true" or "false" in any letter case; absent or empty: 0. */
credhub_error_e ngx_http_credhub_query_flag(
    ngx_credhub_op_t *op, const char *name, ngx_uint_t *flag);

/* "expires-within-days" in microseconds, `*given` unless absent or empty.
 * Numbers beyond what a certificate can say are cut. */
credhub_error_e ngx_http_credhub_query_within(
    ngx_credhub_op_t *op, int64_t *within, ngx_uint_t *given);


#endif /* _NGX_HTTP_CREDHUB_QUERY_H_INCLUDED_ */
