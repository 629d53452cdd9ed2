
/*
 * The state of a link: down until its backoff timer, connecting and shaking
 * hands, ready. The connection itself is ngx_credhub_wire.c, the calls that
 * wait are ngx_credhub_call.c.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_ident.h"


#define NGX_CREDHUB_BACKOFF_MIN 50
#define NGX_CREDHUB_BACKOFF_MAX 2000


static void ngx_credhub_link_timer(ngx_event_t *ev);
static void ngx_credhub_link_work(ngx_event_t *ev);
static void ngx_credhub_link_connect(ngx_credhub_link_t *link);
static void ngx_credhub_link_handshaken(ngx_credhub_call_t *call);
static void ngx_credhub_link_problem(
    ngx_credhub_link_t *link, const ngx_str_t *reason);


ngx_credhub_link_t *
ngx_credhub_link_create(ngx_credhub_store_t *store, ngx_log_t *log)
{
    ngx_credhub_link_t *link;

    link = ngx_calloc(sizeof(ngx_credhub_link_t), log);
    if (link == NULL) {
        return NULL;
    }

    link->store = store;

    ngx_queue_init(&link->sent);
    ngx_queue_init(&link->parked);
    ngx_queue_init(&link->failed);

    link->guard.handler = ngx_credhub_calls_guard;
    link->guard.data = &ngx_credhub_ident;
    link->guard.log = log;

    link->timer.handler = ngx_credhub_link_timer;
    link->timer.data = &ngx_credhub_ident;
    link->timer.log = log;
    link->timer.cancelable = 1;

    link->work.handler = ngx_credhub_link_work;
    link->work.data = &ngx_credhub_ident;
    link->work.log = log;

    /* nothing was lost yet that would be worth an attempt without delay */

    link->delay = NGX_CREDHUB_BACKOFF_MIN;

    ngx_credhub_link_connect(link);

    return link;
}


void
ngx_credhub_link_destroy(ngx_credhub_link_t *link)
{
    link->stopped = 1;

    if (link->redis != NULL) {
        ngx_credhub_link_close(link, NULL);

    } else {
        ngx_credhub_link_lost(link, NULL);
    }

    ngx_credhub_calls_fail(link);

    if (link->work.posted) {
        ngx_delete_posted_event(&link->work);
    }

    ngx_free(link);
}


/* Backoff is over, or connecting or shaking hands took too long. */

static void
ngx_credhub_link_timer(ngx_event_t *ev)
{
    ngx_credhub_link_t *link;

    static const ngx_str_t reason = ngx_string("connecting timed out");

    link = ngx_queue_data(ev, ngx_credhub_link_t, timer);

    if (link->redis == NULL) {
        ngx_credhub_link_connect(link);
        return;
    }

    ngx_credhub_link_close(link, &reason);
}


/* What must not happen inside a callback. */

static void
ngx_credhub_link_work(ngx_event_t *ev)
{
    ngx_str_t           reason;
    ngx_credhub_link_t *link;

    link = ngx_queue_data(ev, ngx_credhub_link_t, work);

    if (link->redis != NULL && link->broken != NULL) {
        reason.data = (u_char *) link->broken;
        reason.len = ngx_strlen(link->broken);

        ngx_credhub_link_close(link, &reason);
    }

    if (link->redis == NULL && link->state == NGX_CREDHUB_LINK_CONNECTING) {
        ngx_credhub_link_connect(link);
    }

    ngx_credhub_calls_fail(link);
}


static void
ngx_credhub_link_connect(ngx_credhub_link_t *link)
{
    ngx_str_t reason;

    link->state = NGX_CREDHUB_LINK_CONNECTING;
    link->broken = NULL;
    link->generation++;

    if (ngx_credhub_wire_open(link, &reason) != NGX_OK) {
        ngx_credhub_link_lost(link, &reason);
        return;
    }

    ngx_add_timer(&link->timer, link->store->connect_timeout);

    link->handshake =
        ngx_credhub_handshake_create(link, ngx_credhub_link_handshaken);

    if (link->handshake == NULL) {
        ngx_str_set(&reason, "no memory for the handshake");
        ngx_credhub_link_close(link, &reason);
        return;
    }

    ngx_credhub_call_begin(link->handshake);
}


void
ngx_credhub_link_connected(ngx_credhub_link_t *link)
{
    ngx_add_timer(&link->timer, link->store->timeout);
}


static void
ngx_credhub_link_handshaken(ngx_credhub_call_t *call)
{
    ngx_str_t           reason;
    ngx_credhub_link_t *link;

    link = call->link;
    link->handshake = NULL;

    if (ngx_credhub_handshake_check(call, &reason) != NGX_OK) {
        ngx_credhub_link_close(link, &reason);
        ngx_credhub_call_destroy(call);
        return;
    }

    ngx_credhub_call_destroy(call);
    ngx_del_timer(&link->timer);

    link->state = NGX_CREDHUB_LINK_READY;
    link->since = ngx_current_msec;

    if (link->problem.len != 0) {
        link->problem.len = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
            "credhub: redis \"%V\" connected", &link->store->name);
    }

    ngx_credhub_calls_flush(link);
}


void
ngx_credhub_link_close(ngx_credhub_link_t *link, const ngx_str_t *reason)
{
    if (link->redis != NULL) {
        ngx_credhub_wire_close(link);
        ngx_credhub_link_lost(link, reason);
    }
}


void
ngx_credhub_link_renew(ngx_credhub_call_t *call)
{
    static const ngx_str_t reason = ngx_string("the store has changed");

    if (call->generation == call->link->generation) {
        ngx_credhub_link_close(call->link, &reason);
    }
}


/* The first attempt after an outage begins at once. */

void
ngx_credhub_link_lost(ngx_credhub_link_t *link, const ngx_str_t *reason)
{
    ngx_msec_t half;

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    if (reason != NULL) {
        ngx_credhub_link_problem(link, reason);
    }

    if (link->state == NGX_CREDHUB_LINK_READY
        && ngx_current_msec - link->since > NGX_CREDHUB_BACKOFF_MAX)
    {
        link->delay = 0;
    }

    link->state = NGX_CREDHUB_LINK_DOWN;

    if (link->stopped) {
        ngx_credhub_calls_lost(link);
        return;
    }

    if (link->delay == 0) {
        link->state = NGX_CREDHUB_LINK_CONNECTING;
        link->delay = NGX_CREDHUB_BACKOFF_MIN;
        ngx_post_event(&link->work, &ngx_posted_events);

    } else {
        half = link->delay / 2;
        ngx_add_timer(&link->timer, half + ngx_random() % (half + 1));
        link->delay = ngx_min(2 * link->delay, NGX_CREDHUB_BACKOFF_MAX);
    }

    ngx_credhub_calls_lost(link);
}


/* Once per change, not per attempt. */

static void
ngx_credhub_link_problem(ngx_credhub_link_t *link, const ngx_str_t *reason)
{
    size_t len;

    len = ngx_min(reason->len, sizeof(link->problem_data));

    if (len == link->problem.len
        && ngx_memcmp(link->problem.data, reason->data, len) == 0)
    {
        return;
    }

    link->problem.len = len;
    link->problem.data = link->problem_data;
    ngx_memcpy(link->problem_data, reason->data, len);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "credhub: redis \"%V\": %V",
        &link->store->name, &link->problem);
}
