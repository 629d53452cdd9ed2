
/* What a client certificate says of who asks. */

#ifndef _NGX_HTTP_CREDHUB_ACTOR_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_ACTOR_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/*
 * CREDHUB_OK: `actor` and `user` (the part of the subject that names it) point
 * to memory of the connection. Else why there is no identity;
 * CREDHUB_E_UNAUTHENTICATED means that none was offered.
 */
credhub_error_e ngx_http_credhub_actor(ngx_http_request_t *r,
    credhub_str_t *actor, credhub_str_t *user, credhub_str_t *detail);

/* The same of the certificate's dates only, once it was an identity. */
credhub_error_e ngx_http_credhub_actor_dates(
    ngx_connection_t *c, credhub_str_t *detail);

/* Would it matter if somebody sent it again? TLS does not protect early data
 * from that. */
ngx_uint_t ngx_http_credhub_actor_replayable(ngx_http_request_t *r);

/*
 * Why nginx itself refused the client's certificate with 400, or refused to go
 * on without one (CREDHUB_E_UNAUTHENTICATED); CREDHUB_OK when it did not.
 */
credhub_error_e ngx_http_credhub_actor_refused(
    ngx_http_request_t *r, credhub_str_t *detail);

/*
 * Does the request come from this host itself? Peer and local address of the
 * TCP connection are equal, whatever realip made of them; nothing was
 * forwarded, no unix socket, no PROXY protocol.
 */
ngx_uint_t ngx_http_credhub_actor_local(ngx_http_request_t *r);

/* Reserves the place where a TLS connection remembers what its certificate
 * says. At configuration. */
ngx_int_t ngx_http_credhub_actor_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_ACTOR_H_INCLUDED_ */
