
/* What holds between the fields of a connection: hooks of its resource. */

#ifndef _NGX_HTTP_CREDHUB_CONNECTION_RULES_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CONNECTION_RULES_H_INCLUDED_


#include "ngx_http_credhub_object.h"


credhub_error_e ngx_http_credhub_connection_check(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);
credhub_error_e ngx_http_credhub_connection_taken(
    ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);


#endif /* _NGX_HTTP_CREDHUB_CONNECTION_RULES_H_INCLUDED_ */
