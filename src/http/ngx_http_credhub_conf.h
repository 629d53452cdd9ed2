
/*
 * What the lines of a configuration mean. Each handler is that of the directive
 * it is named after ("hub" is "credhub" itself); three check a value that a slot
 * has set.
 */

#ifndef _NGX_HTTP_CREDHUB_CONF_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CONF_H_INCLUDED_


#include "ngx_http_credhub_module.h"


char *ngx_http_credhub_conf_hub(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_redis(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_cache(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_encryption_key(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_permission(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_min_duration(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_jwt_keys(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_jwt_actor(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_probe_allow(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_external_ca(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_api_keys(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

char *ngx_http_credhub_conf_name_length(ngx_conf_t *cf, void *post, void *data);
char *ngx_http_credhub_conf_long_timeout(
    ngx_conf_t *cf, void *post, void *data);
char *ngx_http_credhub_conf_pool(ngx_conf_t *cf, void *post, void *data);

/* The directive at hand needs a store and keys: whether its server has them is
 * checked when all of it is known. */
void ngx_http_credhub_conf_needs(ngx_conf_t *cf);

/* When all was read: tells every server's hub its resolver, and gathers those
 * that may reach something. */
ngx_int_t ngx_http_credhub_conf_servers(ngx_conf_t *cf);

/* A whole file that is no secret, of at most this size, followed by a NUL byte.
 * NULL, or why not; errno is of the system's call that failed. */
#define NGX_HTTP_CREDHUB_CONF_FILE_MAX (1024 * 1024)

const char *ngx_http_credhub_conf_read(
    ngx_conf_t *cf, ngx_pool_t *pool, ngx_str_t *name, credhub_str_t *text);


#endif /* _NGX_HTTP_CREDHUB_CONF_H_INCLUDED_ */
