
/* "HOST:PORT" and URLs of endpoints. */

#ifndef _CREDHUB_ENDPOINT_H_INCLUDED_
#define _CREDHUB_ENDPOINT_H_INCLUDED_


#include "credhub_arena.h"


typedef struct {
    credhub_str_t scheme; /* lower case; empty: HOST:PORT */
    credhub_str_t host;   /* a name or an address, without brackets */
    credhub_str_t path;   /* of a URL, with its slash; may be empty */
    unsigned      port;   /* of a URL without one: 443, or 80 for http */
} credhub_endpoint_t;


/* 0, or -1: neither. URLs are http and https ones, without user info, query and
 * fragment; a host name consists of [A-Za-z0-9._-], an address is IPv4 or
 * [IPv6]. Strings point into `text`, except the scheme, which is static. */
int credhub_endpoint(credhub_str_t text, credhub_endpoint_t *endpoint);

/* Is it a host name or a numeric address (brackets allowed)? */
int credhub_host_valid(credhub_str_t host);


#endif /* _CREDHUB_ENDPOINT_H_INCLUDED_ */
