
/*
 * Where nginx is built with debugging it prints, for every timer, the fd of
 * the connection it expects behind ev->data. Events without a connection point
 * here instead.
 */

#ifndef _NGX_CREDHUB_IDENT_H_INCLUDED_
#define _NGX_CREDHUB_IDENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Begins like ngx_connection_t. */

typedef struct {
    void         *data;
    ngx_event_t  *read;
    ngx_event_t  *write;
    ngx_socket_t  fd;
} ngx_credhub_ident_t;


static ngx_credhub_ident_t ngx_credhub_ident = { NULL, NULL, NULL, -1 };


#endif /* _NGX_CREDHUB_IDENT_H_INCLUDED_ */
