
/*
 * What the other side of a TLS connection has shown: its certificates, and by
 * which approval it was trusted last. Lives in the connection's pool.
 */

#ifndef _NGX_HTTP_CREDHUB_SHOWN_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_SHOWN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_credhub_peer.h"


/* At configuration. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_credhub_shown_init(void);

/* Tells a peer with kind and id what it has sent, and the approval that is
 * known. NGX_OK, NGX_DECLINED (no certificate), NGX_ERROR. */
ngx_int_t ngx_http_credhub_shown(ngx_connection_t *c, ngx_credhub_peer_t *peer);

/* The peer is trusted: the next one who asks that way begins with its approval.
 */
void ngx_http_credhub_shown_remember(
    ngx_connection_t *c, const ngx_credhub_peer_t *peer);


#endif /* _NGX_HTTP_CREDHUB_SHOWN_H_INCLUDED_ */
