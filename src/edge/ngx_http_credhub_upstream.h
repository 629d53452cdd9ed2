
/* Upstreams whose certificates a connection or destination must approve:
 * credhub_upstream_trust. */

#ifndef _NGX_HTTP_CREDHUB_UPSTREAM_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_UPSTREAM_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/* The directive. */
char *ngx_http_credhub_conf_upstream_trust(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* When all was read: no directive has lost its effect, and there is a store to
 * ask. */
ngx_int_t ngx_http_credhub_upstream_check(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_UPSTREAM_H_INCLUDED_ */
