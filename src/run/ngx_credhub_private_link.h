
/*
 * A private link is a way into another network. It waits (CREATING, UPDATING)
 * until it was provisioned: by a hub, when its config names an endpoint that can
 * be reached, or by somebody who claims it. Its state stands among its
 * attributes, where clients see it, and in the store's row.
 */

#ifndef _NGX_CREDHUB_PRIVATE_LINK_H_INCLUDED_
#define _NGX_CREDHUB_PRIVATE_LINK_H_INCLUDED_


#include "ngx_credhub_object.h"
#include "credhub_endpoint.h"


#define NGX_CREDHUB_LINK_CREATING   "CREATING"
#define NGX_CREDHUB_LINK_UPDATING   "UPDATING"
#define NGX_CREDHUB_LINK_DESTROYING "DESTROYING"
#define NGX_CREDHUB_LINK_OK         "OK"
#define NGX_CREDHUB_LINK_FAIL       "FAIL"


/* The endpoint that a config names: NGX_OK, NGX_DECLINED (none), NGX_ERROR. */
ngx_int_t ngx_credhub_private_link_endpoint(
    ngx_credhub_op_t *op, credhub_str_t config, credhub_endpoint_t *endpoint);

/* What is written of a link: its next state, what it says and its host (empty:
 * null). Sets object.attributes, state and unique of `change`, whose attributes
 * are those that stand. */
credhub_error_e ngx_credhub_private_link_change(ngx_credhub_op_t *op,
    ngx_credhub_object_change_t *change, const char *state,
    credhub_str_t summary, credhub_str_t host);


#endif /* _NGX_CREDHUB_PRIVATE_LINK_H_INCLUDED_ */
