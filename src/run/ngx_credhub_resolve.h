
/*
 * From a host to the addresses that may be reached: a numeric address as it is,
 * "localhost" to the loopback (RFC 6761, section 6.3), any other name by the
 * server's resolver, without blocking. Every address is compared with
 * credhub_probe_allow, and whoever connects gets addresses only, so that a name
 * cannot mean something else a moment later.
 */

#ifndef _NGX_CREDHUB_RESOLVE_H_INCLUDED_
#define _NGX_CREDHUB_RESOLVE_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "ngx_credhub_probe.h"


typedef struct {
    /* asked */
    credhub_str_t host; /* "[...]" for IPv6 is allowed */
    unsigned      port;

    /* answered: NULL, or why there is nothing to connect to (static) */
    ngx_credhub_target_t target; /* its deadline counts from the beginning */
    const char          *reason;

    /* private */
    ngx_credhub_op_t   *op;
    ngx_credhub_hold_t  hold;
    ngx_resolver_ctx_t *ctx;
    ngx_event_t         event;
    unsigned            waiting:1;
} ngx_credhub_resolve_t;


/* Enters steps; the next step finds the answer, with NEXT or JUMP. One address
 * outside of credhub_probe_allow makes the whole name forbidden. The text of
 * that is NGX_CREDHUB_RESOLVE_FORBIDDEN. */
#define NGX_CREDHUB_RESOLVE_FORBIDDEN                                          \
    "The address is outside of the networks that this hub may reach "          \
    "(credhub_probe_allow)"

ngx_credhub_rc_e ngx_credhub_resolve(
    ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve);


#endif /* _NGX_CREDHUB_RESOLVE_H_INCLUDED_ */
