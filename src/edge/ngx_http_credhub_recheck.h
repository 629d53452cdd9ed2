
/*
 * Exchanges that live long, WebSockets and streams, ask again for what has let
 * them in (credhub_recheck), and end when it has gone.
 */

#ifndef _NGX_HTTP_CREDHUB_RECHECK_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_RECHECK_H_INCLUDED_


#include "ngx_http_credhub_ctx.h"


/* What a request was let in by; in the order in which it is asked again. */

#define NGX_HTTP_CREDHUB_RECHECK_IDENTITY 0x01 /* who asked */
#define NGX_HTTP_CREDHUB_RECHECK_ACCESS   0x02
#define NGX_HTTP_CREDHUB_RECHECK_TRUST    0x04
#define NGX_HTTP_CREDHUB_RECHECK_INJECT   0x08 /* to read its secrets */


/*
 * This was granted to the request and is asked again for as long as it lives,
 * where its location says so; of a subrequest nothing is. A phase handler may
 * say it any number of times. NGX_OK, or a status without memory.
 */
ngx_int_t ngx_http_credhub_recheck(
    ngx_http_credhub_ctx_t *ctx, unsigned granted);

/* credhub_recheck */
char *ngx_http_credhub_conf_recheck(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_HTTP_CREDHUB_RECHECK_H_INCLUDED_ */
