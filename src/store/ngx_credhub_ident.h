
/*
 * Where nginx is built with debugging it prints, for every timer, the fd of
 * the connection it expects behind ev->data. Events without a connection point
 * to this one.
 */

#ifndef _NGX_CREDHUB_IDENT_H_INCLUDED_
#define _NGX_CREDHUB_IDENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


extern ngx_connection_t ngx_credhub_ident;


#endif /* _NGX_CREDHUB_IDENT_H_INCLUDED_ */
