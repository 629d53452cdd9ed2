
/* The host of an operation that a phase of a request waits for. */

#ifndef _NGX_HTTP_CREDHUB_PHASE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_PHASE_H_INCLUDED_


#include "ngx_http_credhub_ctx.h"


/*
 * The way of a handler, which nginx may call again at any write event:
 *
 *     op = ngx_http_credhub_phase_begin(phase, r, operation);
 *     if (op != NULL) {
 *         ... what it is asked, once; it may have to wait and be called again
 *         ngx_http_credhub_phase_run(phase);
 *     }
 *     return phase->ended ? what op says : ngx_http_credhub_phase_wait(phase);
 */

/* The operation, made at the first call; NULL while it runs, when it has ended,
 * or without memory (phase->op is NULL then). */
ngx_credhub_op_t *ngx_http_credhub_phase_begin(ngx_http_credhub_phase_t *phase,
    ngx_http_request_t *r, const ngx_credhub_operation_t *operation);

/* Runs it; one that has an error already ends at once. */
void ngx_http_credhub_phase_run(ngx_http_credhub_phase_t *phase);

/* NGX_AGAIN: r->write_event_handler is called when it goes on. A client that
 * leaves meanwhile ends the request. */
ngx_int_t ngx_http_credhub_phase_wait(ngx_http_credhub_phase_t *phase);


#endif /* _NGX_HTTP_CREDHUB_PHASE_H_INCLUDED_ */
