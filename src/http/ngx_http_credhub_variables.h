
/* What a request was about and who asked, for logs: $credhub_... */

#ifndef _NGX_HTTP_CREDHUB_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_VARIABLES_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/* Registers them (preconfiguration). */
ngx_int_t ngx_http_credhub_variables_add(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_VARIABLES_H_INCLUDED_ */
