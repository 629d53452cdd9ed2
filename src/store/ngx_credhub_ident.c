
#include "ngx_credhub_ident.h"


ngx_connection_t ngx_credhub_ident = { .fd = (ngx_socket_t) -1 };
