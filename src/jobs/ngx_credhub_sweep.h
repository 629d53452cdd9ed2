
/*
 * Removes what deleted credentials and objects have left behind, and private
 * links that are being destroyed; ends batches whose operation did not.
 */

#ifndef _NGX_CREDHUB_SWEEP_H_INCLUDED_
#define _NGX_CREDHUB_SWEEP_H_INCLUDED_


#include "ngx_credhub_job.h"


#define NGX_CREDHUB_SWEEP_INTERVAL 60000


extern const ngx_credhub_operation_t ngx_credhub_sweep_operation;

/* For ngx_credhub_op_enter(), without a context: deleted credentials only. */
extern const ngx_credhub_step_pt ngx_credhub_sweep_steps[];

/* The same for what deleted objects have left, and for private links that are
 * being destroyed. */
extern const ngx_credhub_step_pt ngx_credhub_sweep_objects_steps[];


#endif /* _NGX_CREDHUB_SWEEP_H_INCLUDED_ */
