
/* credhub_certificate: TLS servers with certificates from the hub. */

#ifndef _NGX_HTTP_CREDHUB_CERTIFICATE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CERTIFICATE_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/* The handler of the directive. */
char *ngx_http_credhub_conf_certificate(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Postconfiguration: the servers that have one get their callback. NGX_OK, or
 * NGX_ERROR after a message. */
ngx_int_t ngx_http_credhub_certificate_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_CERTIFICATE_H_INCLUDED_ */
