
/* Provisions private links, and removes those that are being destroyed. */

#ifndef _NGX_CREDHUB_PROVISION_H_INCLUDED_
#define _NGX_CREDHUB_PROVISION_H_INCLUDED_


#include "ngx_credhub_job.h"


#define NGX_CREDHUB_PROVISION_INTERVAL 1000
#define NGX_CREDHUB_PROVISION_LEASE    30000 /* ms, longer than one can take */


/* Of a hub with credhub_probe_allow. */
extern const ngx_credhub_operation_t ngx_credhub_provision_operation;


#endif /* _NGX_CREDHUB_PROVISION_H_INCLUDED_ */
