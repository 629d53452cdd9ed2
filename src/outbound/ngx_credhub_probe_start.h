
/* How TLS begins with servers that speak their own protocol first. */

#ifndef _NGX_CREDHUB_PROBE_START_H_INCLUDED_
#define _NGX_CREDHUB_PROBE_START_H_INCLUDED_


#include "ngx_credhub_probe.h"


/* 0: TLS can begin on the socket; -1 with probe->reason, and probe->no_tls when
 * the server said that it speaks none. */
int ngx_credhub_probe_start(ngx_credhub_probe_tls_t *probe, int fd);


#endif /* _NGX_CREDHUB_PROBE_START_H_INCLUDED_ */
