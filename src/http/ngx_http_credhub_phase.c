
/*
 * While a phase waits, reading is watched in the place of nginx, which would
 * not notice a client that leaves; as limit_req does for its delays. Reading
 * belongs to the main request.
 */

#include "ngx_http_credhub_phase.h"


static void ngx_http_credhub_phase_finished(ngx_credhub_op_t *op);
static void ngx_http_credhub_phase_watch(
    ngx_http_request_t *r, ngx_http_event_handler_pt handler);


static const ngx_credhub_host_t ngx_http_credhub_phase_host = {
    ngx_http_credhub_phase_finished
};


ngx_credhub_op_t *
ngx_http_credhub_phase_begin(ngx_http_credhub_phase_t *phase,
    ngx_http_request_t *r, const ngx_credhub_operation_t *operation)
{
    ngx_http_credhub_srv_conf_t *scf;

    if (phase->running || phase->ended) {
        return NULL;
    }

    if (phase->op == NULL) {
        scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

        phase->request = r;
        phase->op = ngx_credhub_op_create(operation, &scf->hub);

        if (phase->op == NULL) {
            return NULL;
        }

        phase->op->host = &ngx_http_credhub_phase_host;
        phase->op->host_data = phase;
    }

    return phase->op;
}


void
ngx_http_credhub_phase_run(ngx_http_credhub_phase_t *phase)
{
    phase->running = 1;

    ngx_credhub_op_run(phase->op);
}


ngx_int_t
ngx_http_credhub_phase_wait(ngx_http_credhub_phase_t *phase)
{
    phase->waiting = 1;

    ngx_http_credhub_phase_watch(phase->request, ngx_http_test_reading);

    return NGX_AGAIN;
}


static void
ngx_http_credhub_phase_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_phase_t *phase = op->host_data;

    ngx_connection_t   *c;
    ngx_http_request_t *r;

    phase->running = 0;
    phase->ended = 1;

    if (!phase->waiting) {
        return;
    }

    r = phase->request;
    c = r->connection;

    ngx_http_credhub_phase_watch(r, ngx_http_block_reading);

    r->write_event_handler(r);

    /* r and phase may be gone */

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_credhub_phase_watch(
    ngx_http_request_t *r, ngx_http_event_handler_pt handler)
{
    if (r != r->main || r->read_event_handler == handler) {
        return;
    }

    r->read_event_handler = handler;

    if (handler == ngx_http_test_reading && r->connection->read->ready) {
        ngx_post_event(r->connection->read, &ngx_posted_events);
    }
}
