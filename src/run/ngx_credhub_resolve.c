
/*
 * Look-ups. The resolver's context is the operation's until it has answered, or
 * until the operation ends, whichever comes first; it is given back exactly
 * once.
 */

#include "ngx_credhub_resolve.h"
#include "credhub_endpoint.h"


static ngx_credhub_rc_e ngx_credhub_resolve_start(ngx_credhub_op_t *op);
static ngx_int_t        ngx_credhub_resolve_numeric(
           ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve);
static ngx_credhub_rc_e ngx_credhub_resolve_name(
    ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve);
static void        ngx_credhub_resolve_handler(ngx_resolver_ctx_t *ctx);
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

    return ngx_credhub_resolve_numeric(op, resolve) == NGX_OK
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_resolve_name(op, resolve);
}


/* NGX_OK: it needs nobody to be asked; NGX_DECLINED. */

static ngx_int_t
ngx_credhub_resolve_numeric(
    ngx_credhub_op_t *op, ngx_credhub_resolve_t *resolve)
{
    ngx_addr_t    addr;
    ngx_pool_t   *pool;
    credhub_str_t host;

    host = ngx_credhub_resolve_bare(resolve->host);

    if (credhub_str_caseeq(host, credhub_str("localhost"))) {
        host = credhub_str("127.0.0.1");
    }

    pool = ngx_create_pool(NGX_MIN_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_parse_addr(pool, &addr, host.data, host.len) == NGX_OK) {
        ngx_credhub_resolve_add(resolve, addr.sockaddr);
        ngx_destroy_pool(pool);

        return NGX_OK;
    }

    ngx_destroy_pool(pool);

    return NGX_DECLINED;
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
    ngx_resolver_ctx_t *ctx;

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

    ctx->name.len = resolve->host.len;
    ctx->name.data = resolve->host.data;
    ctx->handler = ngx_credhub_resolve_handler;
    ctx->data = resolve;
    ctx->timeout = ngx_min(op->hub->resolver_timeout, NGX_CREDHUB_RESOLVE_TIME);

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

    ngx_credhub_op_unhold(&resolve->hold);
    ngx_credhub_resolve_release(resolve);

    if (resolve->waiting) {
        ngx_credhub_op_wake(resolve->op);
    }
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


/* Also when the operation ends while the resolver is at work. */

static void
ngx_credhub_resolve_release(void *data)
{
    ngx_credhub_resolve_t *resolve = data;

    ngx_resolver_ctx_t *ctx;

    ctx = resolve->ctx;
    resolve->ctx = NULL;

    ngx_resolve_name_done(ctx);
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
