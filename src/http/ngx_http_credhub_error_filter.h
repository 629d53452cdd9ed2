
/* JSON for the errors that nginx makes itself. */

#ifndef _NGX_HTTP_CREDHUB_ERROR_FILTER_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_ERROR_FILTER_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/* Puts the filters on top of all others (postconfiguration). */
void ngx_http_credhub_error_filter_init(void);


#endif /* _NGX_HTTP_CREDHUB_ERROR_FILTER_H_INCLUDED_ */
