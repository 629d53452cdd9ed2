
/*
 * Look-ups. The resolver's context is the operation's until it has answered, or
 * until the operation ends, whichever comes first; it is given back exactly
 * once.
 *
 * The resolver answers from within its own loops, where no other look-up of the
 * same name may be given up: the operation goes on with an event of its own.
 */

#include "ngx_credhub_resolve.h"
#include "credhub_endpoint.h"


static ngx_credhub_rc_e ngx_credhub_resolve_start(ngx_credhub_op_t *op);
static ngx_int_t ngx_credhub_resolve_numeric(ngx_credhub_resolve_t *resolve);
static ngx_credhub_rc_e ngx_credhub_resolve_name(
    ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve);
static void        ngx_credhub_resolve_handler(ngx_resolver_ctx_t *ctx);
static void        ngx_credhub_resolve_event(ngx_event_t *ev);
static const char *ngx_credhub_resolve_reason(ngx_int_t state);
static void        ngx_credhub_resolve_release(void *data);
static void        ngx_credhub_resolve_add(
           ngx_credhub_resolve_t *resolve, struct sockaddr *sockaddr);
static credhub_str_t ngx_credhub_resolve_bare(credhub_str_t host);


static const ngx_credhub_step_pt ngx_credhub_resolve_steps[] = {
    ngx_credhub_resolve_start,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_resolve(ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve)
{
    resolve->op = op;

    /* nginx's clock is CLOCK_MONOTONIC, too */

    resolve->target.deadline =
        (int64_t) ngx_current_msec + NGX_CREDHUB_PROBE_TIME;

    return ngx_credhub_op_enter(op, ngx_credhub_resolve_steps, resolve);
}


static ngx_credhub_rc_e
ngx_credhub_resolve_start(ngx_credhub_op_t *op)
{
    ngx_credhub_resolve_t *resolve = op->ctx;

    resolve->target.name = resolve->host;

    if (!credhub_host_valid(resolve->host)) {
        resolve->reason = "The host is neither a name nor an address";
        return NGX_CREDHUB_NEXT;
    }

    /* where nothing may be reached, no question leaves the hub either */

    if (op->hub->probe_allow == NULL) {
        resolve->reason = NGX_CREDHUB_RESOLVE_FORBIDDEN;
        return NGX_CREDHUB_NEXT;
    }

    return ngx_credhub_resolve_numeric(resolve) == NGX_OK
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_resolve_name(op, resolve);
}


/* NGX_OK: it needs nobody to be asked; NGX_DECLINED. */

static ngx_int_t
ngx_credhub_resolve_numeric(ngx_credhub_resolve_t *resolve)
{
    credhub_str_t         host;
    ngx_credhub_address_t address;

    host = ngx_credhub_resolve_bare(resolve->host);

    if (credhub_str_caseeq(host, credhub_str("localhost"))) {
        host = credhub_str("127.0.0.1");
    }

    ngx_memzero(&address, sizeof(ngx_credhub_address_t));
    address.inet.sin_addr.s_addr = ngx_inet_addr(host.data, host.len);

    if (address.inet.sin_addr.s_addr != INADDR_NONE) {
        address.any.sa_family = AF_INET;
        ngx_credhub_resolve_add(resolve, &address.any);

        return NGX_OK;
    }

    ngx_memzero(&address, sizeof(ngx_credhub_address_t));

    if (ngx_inet6_addr(host.data, host.len, address.inet6.sin6_addr.s6_addr)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    address.any.sa_family = AF_INET6;
    ngx_credhub_resolve_add(resolve, &address.any);

    return NGX_OK;
}


static credhub_str_t
ngx_credhub_resolve_bare(credhub_str_t host)
{
    if (host.len > 2 && host.data[0] == '[') {
        host.data++;
        host.len -= 2;
    }

    return host;
}


static ngx_credhub_rc_e
ngx_credhub_resolve_name(ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve)
{
    credhub_str_t       name;
    ngx_resolver_ctx_t *ctx;

    /* the resolver writes into it */

    name = ngx_credhub_op_copy(op, resolve->host);

    if (name.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ctx = op->hub->resolver == NULL
              ? NGX_NO_RESOLVER
              : ngx_resolve_start(op->hub->resolver, NULL);

    if (ctx == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (ctx == NGX_NO_RESOLVER) {
        resolve->reason = "The name cannot be looked up: the hub has no "
                          "resolver";
        return NGX_CREDHUB_NEXT;
    }

    ctx->name.len = name.len;
    ctx->name.data = name.data;
    ctx->handler = ngx_credhub_resolve_handler;
    ctx->data = resolve;
    ctx->timeout = ngx_min(op->hub->resolver_timeout, NGX_CREDHUB_PROBE_TIME);

    resolve->ctx = ctx;
    resolve->hold.release = ngx_credhub_resolve_release;
    resolve->hold.data = resolve;
    ngx_credhub_op_hold(op, &resolve->hold);

    /* the handler may be called before this returns */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        resolve->ctx = NULL;
        ngx_credhub_op_unhold(&resolve->hold);

        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    if (resolve->ctx == NULL) {
        return NGX_CREDHUB_NEXT;
    }

    resolve->waiting = 1;

    return NGX_CREDHUB_WAIT;
}


static void
ngx_credhub_resolve_handler(ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t             i;
    ngx_credhub_resolve_t *resolve = ctx->data;

    if (ctx->state != NGX_OK) {
        resolve->reason = ngx_credhub_resolve_reason(ctx->state);

    } else {
        for (i = 0; i < ctx->naddrs; i++) {
            ngx_credhub_resolve_add(resolve, ctx->addrs[i].sockaddr);
        }
    }

    ngx_resolve_name_done(ctx);
    resolve->ctx = NULL;

    if (!resolve->waiting) {
        ngx_credhub_op_unhold(&resolve->hold);
        return;
    }

    resolve->event.data = resolve;
    resolve->event.handler = ngx_credhub_resolve_event;
    resolve->event.log = ngx_cycle->log;

    ngx_post_event(&resolve->event, &ngx_posted_events);
}


static void
ngx_credhub_resolve_event(ngx_event_t *ev)
{
    ngx_credhub_resolve_t *resolve = ev->data;

    ngx_credhub_op_unhold(&resolve->hold);
    ngx_credhub_op_wake(resolve->op);
}


static const char *
ngx_credhub_resolve_reason(ngx_int_t state)
{
    switch (state) {
    case NGX_RESOLVE_NXDOMAIN:
        return "The host is not known";

    case NGX_RESOLVE_TIMEDOUT:
        return "The name of the host could not be looked up in time";

    default:
        return "The name of the host could not be looked up";
    }
}


/* The operation ends while the resolver is at work, or just after. */

static void
ngx_credhub_resolve_release(void *data)
{
    ngx_credhub_resolve_t *resolve = data;

    if (resolve->event.posted) {
        ngx_delete_posted_event(&resolve->event);
    }

    if (resolve->ctx != NULL) {
        ngx_resolve_name_done(resolve->ctx);
        resolve->ctx = NULL;
    }
}


/* Every address is looked at, more than are kept. */

static void
ngx_credhub_resolve_add(
    ngx_credhub_resolve_t *resolve, struct sockaddr *sockaddr)
{
    ngx_credhub_address_t *address;
    ngx_credhub_target_t  *target = &resolve->target;

    if (ngx_cidr_match(sockaddr, resolve->op->hub->probe_allow) != NGX_OK) {
        resolve->reason = NGX_CREDHUB_RESOLVE_FORBIDDEN;
        return;
    }

    if (target->n == NGX_CREDHUB_ADDRESSES_MAX) {
        return;
    }

    address = &target->addresses[target->n++];

    if (sockaddr->sa_family == AF_INET6) {
        address->inet6 = *(struct sockaddr_in6 *) sockaddr;

    } else {
        address->inet = *(struct sockaddr_in *) sockaddr;
    }

    ngx_inet_set_port(&address->any, resolve->port);
}
