
/* A certificate as lists show it. */

#ifndef _NGX_HTTP_CREDHUB_CERTIFICATE_ROW_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CERTIFICATE_ROW_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_certificates.h"


/*
 * The JSON of a row but for "signs": an object that is still open. CREDHUB_OK,
 * CREDHUB_E_INTERNAL (also when a version is damaged, which is logged).
 */
credhub_error_e ngx_http_credhub_certificate_row(ngx_credhub_op_t *op,
    const ngx_credhub_certificate_row_t *row, credhub_str_t *text);


#endif /* _NGX_HTTP_CREDHUB_CERTIFICATE_ROW_H_INCLUDED_ */
