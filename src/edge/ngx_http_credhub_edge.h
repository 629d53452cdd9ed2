
/*
 * What locations use that serve something else: rights that are demanded
 * (credhub_access, credhub_authorize) and fields of credentials that are put
 * into variables (credhub_set).
 */

#ifndef _NGX_HTTP_CREDHUB_EDGE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_EDGE_H_INCLUDED_


#include "ngx_http_credhub_phase.h"


/* A line of credhub_access or credhub_authorize. */

typedef struct {
    unsigned                 operations;
    ngx_http_complex_value_t path;
} ngx_http_credhub_demand_t;


/* A line of credhub_set. */

typedef struct {
    ngx_int_t                variable; /* index */
    ngx_http_complex_value_t name;
    credhub_str_t            field;
} ngx_http_credhub_injection_t;


/* The configuration of a request's location. */
ngx_http_credhub_edge_conf_t *ngx_http_credhub_edge_conf(ngx_http_request_t *r);

/* Phase handlers, and the content handler of credhub_authorize. */
ngx_int_t ngx_http_credhub_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_credhub_authorize_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_credhub_inject_handler(ngx_http_request_t *r);

/* A variable of credhub_set; `data` is its index. */
ngx_int_t ngx_http_credhub_inject_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);

/* The text of a value that may have variables in it. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_credhub_edge_text(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, credhub_str_t *text);

/* Tells the log why an operation of the edge ended with that status; `note`
 * follows. */
void ngx_http_credhub_edge_log(ngx_http_request_t *r, ngx_credhub_op_t *op,
    ngx_uint_t status, const char *note);

/* What an access handler returns for an operation that has ended; a refusal is
 * logged, and has the headers that belong to it. Of a dry run NGX_DECLINED. */
ngx_int_t ngx_http_credhub_edge_result(
    ngx_http_request_t *r, ngx_credhub_op_t *op, ngx_flag_t dry_run);

/* Demands an approved certificate of the client: NGX_OK, NGX_DECLINED (it does
 * not, or only tries), NGX_AGAIN, or a status. */
ngx_int_t ngx_http_credhub_trust(ngx_http_request_t *r);

/* Asks `op` for the trust that `granted` has found. */
credhub_error_e ngx_http_credhub_trust_again(
    const ngx_credhub_op_t *granted, ngx_credhub_op_t *op);

/* Asks `op` (its context are ngx_credhub_rights_t) for the rights that `granted`
 * has read secrets by. */
credhub_error_e ngx_http_credhub_inject_again(
    const ngx_credhub_op_t *granted, ngx_credhub_op_t *op);

/* The variables of it, at configuration. */
ngx_int_t ngx_http_credhub_trust_add(ngx_conf_t *cf);


/* Configuration: handlers of directives, and of merging. */

char *ngx_http_credhub_conf_demand(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_inject(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_identity(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_credhub_conf_inject_error(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

char *ngx_http_credhub_conf_trust(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* What directives have in common: a value that may have variables in it, and
 * "connections" or "destinations" (ngx_credhub_object_kind_e). NGX_OK, or
 * NGX_ERROR after a message. */
ngx_int_t ngx_http_credhub_edge_compile(
    ngx_conf_t *cf, ngx_str_t *text, ngx_http_complex_value_t *value);
ngx_int_t ngx_http_credhub_edge_kind(
    ngx_conf_t *cf, ngx_str_t *text, ngx_uint_t *kind);

void  ngx_http_credhub_edge_create(ngx_http_credhub_edge_conf_t *conf);
char *ngx_http_credhub_edge_merge(ngx_conf_t *cf,
    ngx_http_credhub_edge_conf_t *prev, ngx_http_credhub_edge_conf_t *conf);

/* Registers the phases, where they are used. */
ngx_int_t ngx_http_credhub_edge_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_EDGE_H_INCLUDED_ */
