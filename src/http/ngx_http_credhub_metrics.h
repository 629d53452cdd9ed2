
/* credhub_metrics: what is counted, as Prometheus reads it. */

#ifndef _NGX_HTTP_CREDHUB_METRICS_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_METRICS_H_INCLUDED_


#include "ngx_http_credhub_phase.h"


/* The directive. */
char *ngx_http_credhub_conf_metrics(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Registers what counts requests, where the directive is used. NGX_OK,
 * NGX_ERROR. */
ngx_int_t ngx_http_credhub_metrics_init(ngx_conf_t *cf);

/* A worker begins to count. */
void ngx_http_credhub_metrics_start(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_CREDHUB_METRICS_H_INCLUDED_ */
