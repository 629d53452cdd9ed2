
/* Removes the version rows that deleted credentials have left behind. */

#ifndef _NGX_CREDHUB_SWEEP_H_INCLUDED_
#define _NGX_CREDHUB_SWEEP_H_INCLUDED_


#include "ngx_credhub_job.h"


#define NGX_CREDHUB_SWEEP_INTERVAL 60000


extern const ngx_credhub_operation_t ngx_credhub_sweep_operation;


#endif /* _NGX_CREDHUB_SWEEP_H_INCLUDED_ */
