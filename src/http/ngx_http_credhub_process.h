
/* The life of a process: thread pools, keys, links, jobs. Each function is the
 * hook of an nginx module of that name. */

#ifndef _NGX_HTTP_CREDHUB_PROCESS_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_PROCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


ngx_int_t ngx_http_credhub_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_credhub_init_process(ngx_cycle_t *cycle);
void      ngx_http_credhub_exit_process(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_CREDHUB_PROCESS_H_INCLUDED_ */
