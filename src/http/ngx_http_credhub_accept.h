
/* Which answers a client accepts. */

#ifndef _NGX_HTTP_CREDHUB_ACCEPT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_ACCEPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Does it accept JSON? Parameters of a media type do not matter. */
ngx_uint_t ngx_http_credhub_accept_json(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CREDHUB_ACCEPT_H_INCLUDED_ */
