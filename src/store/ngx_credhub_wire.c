
/*
 * The connection of a link: hiredis in nginx's event loop. The only file that
 * knows hiredis.
 *
 * The socket belongs to the ngx_connection_t: whoever ends the connection takes
 * the descriptor out of hiredis's context first, so nothing is closed twice.
 * Events are level-triggered, because hiredis reads only a part of what is
 * there and does not say so.
 *
 * The context belongs to the link until either side ends it:
 * ngx_credhub_wire_close() detaches it and frees it, or hiredis frees it after
 * an error and the cleanup hook detaches it. Callbacks of a detached context do
 * nothing.
 */

#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include "ngx_credhub_link_private.h"


static redisAsyncContext *ngx_credhub_wire_context(
    ngx_credhub_link_t *link, ngx_str_t *reason);
static ngx_int_t ngx_credhub_wire_attach(
    ngx_credhub_link_t *link, redisAsyncContext *redis);
static void ngx_credhub_wire_connected(
    const redisAsyncContext *redis, int status);
static void ngx_credhub_wire_detach(ngx_credhub_link_t *link);

static void ngx_credhub_wire_read_handler(ngx_event_t *rev);
static void ngx_credhub_wire_write_handler(ngx_event_t *wev);
static void ngx_credhub_wire_add_read(void *data);
static void ngx_credhub_wire_del_read(void *data);
static void ngx_credhub_wire_add_write(void *data);
static void ngx_credhub_wire_del_write(void *data);
static void ngx_credhub_wire_event(
    ngx_credhub_link_t *link, ngx_event_t *ev, ngx_int_t event, ngx_uint_t on);
static void ngx_credhub_wire_cleanup(void *data);

static void ngx_credhub_wire_reply(
    redisAsyncContext *redis, void *reply, void *data);
static ngx_credhub_reply_t *ngx_credhub_reply_create(
    const redisReadTask *task, int type, size_t size);
static void *ngx_credhub_reply_string(
    const redisReadTask *task, char *data, size_t len);
static void *ngx_credhub_reply_array(const redisReadTask *task, int n);
static void *ngx_credhub_reply_integer(
    const redisReadTask *task, long long value);
static void *ngx_credhub_reply_nil(const redisReadTask *task);
static void  ngx_credhub_reply_free(void *reply);


/* Replies are made in the arena of the call they answer and go with it. */

static redisReplyObjectFunctions ngx_credhub_reply_functions = {
    ngx_credhub_reply_string, ngx_credhub_reply_array,
    ngx_credhub_reply_integer, ngx_credhub_reply_nil, ngx_credhub_reply_free
};


ngx_int_t
ngx_credhub_wire_open(ngx_credhub_link_t *link, ngx_str_t *reason)
{
    redisAsyncContext *redis;

    redis = ngx_credhub_wire_context(link, reason);

    if (redis == NULL) {
        return NGX_ERROR;
    }

    if (ngx_credhub_wire_attach(link, redis) != NGX_OK) {
        redisAsyncFree(redis);
        ngx_str_set(reason, "no free connection");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NULL with the reason, which is static. */

static redisAsyncContext *
ngx_credhub_wire_context(ngx_credhub_link_t *link, ngx_str_t *reason)
{
    u_char             host[NGX_SOCKADDR_STRLEN + 1];
    ngx_addr_t        *addr;
    redisAsyncContext *redis;
    struct sockaddr   *sa;

    static u_char text[NGX_CREDHUB_REASON_MAX];

    addr = &link->store->addrs[link->address++ % link->store->naddrs];
    sa = addr->sockaddr;

    if (sa->sa_family == AF_UNIX) {
        redis = redisAsyncConnectUnix(((struct sockaddr_un *) sa)->sun_path);

    } else {
        host[ngx_sock_ntop(sa, addr->socklen, host, NGX_SOCKADDR_STRLEN, 0)] =
            '\0';

        redis = redisAsyncConnect((char *) host, ngx_inet_get_port(sa));
    }

    if (redis == NULL) {
        ngx_str_set(reason, "no memory for a connection");
        return NULL;
    }

    if (redis->err == 0 && sa->sa_family != AF_UNIX) {
        (void) redisEnableKeepAlive(&redis->c);
        redis->err = redis->c.err;
    }

    if (redis->err == 0) {
        return redis;
    }

    reason->data = text;
    reason->len =
        ngx_snprintf(text, sizeof(text), "%s", redis->c.errstr) - text;

    redisAsyncFree(redis);

    return NULL;
}


static ngx_int_t
ngx_credhub_wire_attach(ngx_credhub_link_t *link, redisAsyncContext *redis)
{
    ngx_connection_t *c;

    c = ngx_get_connection(redis->c.fd, ngx_cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = link;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = ngx_credhub_wire_read_handler;
    c->read->log = c->log;
    c->write->handler = ngx_credhub_wire_write_handler;
    c->write->log = c->log;

    link->connection = c;
    link->redis = redis;

    redis->data = link;
    redis->ev.data = link;
    redis->ev.addRead = ngx_credhub_wire_add_read;
    redis->ev.delRead = ngx_credhub_wire_del_read;
    redis->ev.addWrite = ngx_credhub_wire_add_write;
    redis->ev.delWrite = ngx_credhub_wire_del_write;
    redis->ev.cleanup = ngx_credhub_wire_cleanup;

    redis->c.reader->fn = &ngx_credhub_reply_functions;
    redis->c.reader->privdata = link;

    (void) redisAsyncSetConnectCallback(redis, ngx_credhub_wire_connected);

    return NGX_OK;
}


/* Nothing may be freed here. After a failure the cleanup hook follows. */

static void
ngx_credhub_wire_connected(const redisAsyncContext *redis, int status)
{
    if (status == REDIS_OK) {
        ngx_credhub_link_connected(redis->data);
    }
}


void
ngx_credhub_wire_close(ngx_credhub_link_t *link)
{
    redisAsyncContext *redis;

    redis = link->redis;

    ngx_credhub_wire_detach(link);

    /* inside a reply callback hiredis frees it when that returns */

    redisAsyncFree(redis);
}


static void
ngx_credhub_wire_detach(ngx_credhub_link_t *link)
{
    redisAsyncContext *redis;

    redis = link->redis;

    redis->c.fd = -1;
    redis->data = NULL;
    redis->ev.data = NULL;

    ngx_close_connection(link->connection);

    link->redis = NULL;
    link->connection = NULL;
}


static void
ngx_credhub_wire_read_handler(ngx_event_t *rev)
{
    ngx_connection_t   *c;
    ngx_credhub_link_t *link;

    static const ngx_str_t reason = ngx_string("too large a reply");

    c = rev->data;
    link = c->data;

    if (c->close) {
        /* worker_shutdown_timeout has passed */
        link->stopped = 1;
        ngx_credhub_link_close(link, NULL);
        return;
    }

    if (link->redis->c.reader->len > NGX_CREDHUB_REPLY_BYTES_MAX) {
        ngx_credhub_link_close(link, &reason);
        return;
    }

    redisAsyncHandleRead(link->redis);
}


static void
ngx_credhub_wire_write_handler(ngx_event_t *wev)
{
    ngx_connection_t   *c;
    ngx_credhub_link_t *link;

    c = wev->data;
    link = c->data;

    redisAsyncHandleWrite(link->redis);
}


static void
ngx_credhub_wire_add_read(void *data)
{
    ngx_credhub_link_t *link = data;

    if (link != NULL) {
        ngx_credhub_wire_event(link, link->connection->read, NGX_READ_EVENT, 1);
    }
}


static void
ngx_credhub_wire_del_read(void *data)
{
    ngx_credhub_link_t *link = data;

    if (link != NULL) {
        ngx_credhub_wire_event(link, link->connection->read, NGX_READ_EVENT, 0);
    }
}


static void
ngx_credhub_wire_add_write(void *data)
{
    ngx_credhub_link_t *link = data;

    if (link != NULL) {
        ngx_credhub_wire_event(
            link, link->connection->write, NGX_WRITE_EVENT, 1);
    }
}


static void
ngx_credhub_wire_del_write(void *data)
{
    ngx_credhub_link_t *link = data;

    if (link != NULL) {
        ngx_credhub_wire_event(
            link, link->connection->write, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis is on the stack: a failure closes the link later. */

static void
ngx_credhub_wire_event(
    ngx_credhub_link_t *link, ngx_event_t *ev, ngx_int_t event, ngx_uint_t on)
{
    ngx_int_t rc;

    if (ev->active == on) {
        return;
    }

    rc = on ? ngx_add_event(ev, event, NGX_LEVEL_EVENT)
            : ngx_del_event(ev, event, 0);

    if (rc != NGX_OK) {
        link->broken = "cannot watch the connection";
        ngx_post_event(&link->work, &ngx_posted_events);
    }
}


/* hiredis ends the connection by itself. */

static void
ngx_credhub_wire_cleanup(void *data)
{
    ngx_str_t           reason;
    ngx_credhub_link_t *link = data;

    if (link == NULL) {
        return;
    }

    reason.data =
        (u_char *) (link->broken ? link->broken : link->redis->c.errstr);
    reason.len = ngx_strlen(reason.data);

    ngx_credhub_wire_detach(link);
    ngx_credhub_link_lost(link, &reason);
}


ngx_int_t
ngx_credhub_wire_write(ngx_credhub_link_t *link, ngx_credhub_call_t *call)
{
    char      *p;
    size_t     begin;
    ngx_uint_t i;

    begin = 0;

    for (i = 0; i < call->n; i++) {
        p = (char *) call->request.data + begin;

        if (redisAsyncFormattedCommand(link->redis, ngx_credhub_wire_reply,
                NULL, p, call->ends[i] - begin)
            != REDIS_OK)
        {
            return NGX_ERROR;
        }

        begin = call->ends[i];
    }

    return NGX_OK;
}


/* After an error hiredis ends every command with NULL and then cleans up. */

static void
ngx_credhub_wire_reply(redisAsyncContext *redis, void *reply, void *data)
{
    ngx_credhub_link_t *link;

    link = redis->data;

    if (link != NULL && reply != NULL) {
        ngx_credhub_call_reply(ngx_credhub_call_head(link), reply);
    }
}


/* NULL makes hiredis close the connection. */

static ngx_credhub_reply_t *
ngx_credhub_reply_create(const redisReadTask *task, int type, size_t size)
{
    ngx_credhub_call_t  *call;
    ngx_credhub_link_t  *link;
    ngx_credhub_reply_t *reply, *parent;

    link = task->privdata;
    call = ngx_credhub_call_head(link);

    if (call == NULL) {
        link->broken = "unexpected reply";
        return NULL;
    }

    size += sizeof(ngx_credhub_reply_t);

    if (size > NGX_CREDHUB_REPLY_BYTES_MAX - call->taken) {
        link->broken = "too large a reply";
        return NULL;
    }

    call->taken += size;

    reply = credhub_arena_alloc(call->arena, sizeof(ngx_credhub_reply_t));
    if (reply == NULL) {
        link->broken = "no memory for a reply";
        return NULL;
    }

    reply->type = type;

    if (task->parent != NULL) {
        parent = task->parent->obj;
        parent->elements[task->idx] = reply;
    }

    return reply;
}


static void *
ngx_credhub_reply_string(const redisReadTask *task, char *data, size_t len)
{
    ngx_credhub_call_t  *call;
    ngx_credhub_reply_t *reply;

    reply = ngx_credhub_reply_create(task, task->type, len + 1);
    if (reply == NULL) {
        return NULL;
    }

    call = ngx_credhub_call_head(task->privdata);

    reply->str = credhub_arena_copy(call->arena, data, len);

    return (reply->str.data == NULL) ? NULL : reply;
}


static void *
ngx_credhub_reply_array(const redisReadTask *task, int n)
{
    size_t               size;
    ngx_credhub_call_t  *call;
    ngx_credhub_reply_t *reply;

    size = (size_t) n * sizeof(ngx_credhub_reply_t *);

    reply = ngx_credhub_reply_create(task, NGX_CREDHUB_REPLY_ARRAY, size);
    if (reply == NULL) {
        return NULL;
    }

    call = ngx_credhub_call_head(task->privdata);

    reply->n = n;
    reply->elements = credhub_arena_alloc(call->arena, size);

    return (reply->elements == NULL) ? NULL : reply;
}


static void *
ngx_credhub_reply_integer(const redisReadTask *task, long long value)
{
    ngx_credhub_reply_t *reply;

    reply = ngx_credhub_reply_create(task, NGX_CREDHUB_REPLY_INTEGER, 0);

    if (reply != NULL) {
        reply->integer = value;
    }

    return reply;
}


static void *
ngx_credhub_reply_nil(const redisReadTask *task)
{
    return ngx_credhub_reply_create(task, NGX_CREDHUB_REPLY_NIL, 0);
}


static void
ngx_credhub_reply_free(void *reply)
{
    /* void */
}
