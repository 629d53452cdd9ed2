
/*
 * Client certificates for upstreams that come out of credhub_set:
 *
 *     credhub_set $certificate NAME certificate;
 *     credhub_set $key NAME private_key;
 *     proxy_ssl_certificate "data:$certificate";
 *     proxy_ssl_certificate_key "data:$key";
 */

#ifndef _NGX_HTTP_CREDHUB_CLIENT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_CLIENT_H_INCLUDED_


#include "ngx_http_credhub_edge.h"


/*
 * Finds out whether the merged location shows such certificates, which go to
 * conf->client_pairs, and warns of what would let one request use the connection
 * or the session of another. NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_credhub_client_merge(
    ngx_conf_t *cf, ngx_http_credhub_edge_conf_t *conf);

/*
 * When all variables have their values: can nginx use them? It writes the text
 * of a key that it cannot use into the error log. NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_credhub_client_check(
    ngx_http_request_t *r, ngx_http_credhub_edge_conf_t *conf);


#endif /* _NGX_HTTP_CREDHUB_CLIENT_H_INCLUDED_ */
