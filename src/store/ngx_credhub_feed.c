
/*
 * Each read comes with a look at the oldest change that is still there: when
 * that is younger than what was known before the read, or there is none any
 * more, changes may have been missed. So may they whenever the link connects
 * anew. No read blocks: an idle Redis ends one that waits up to 100 ms late.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_feed.h"
#include "ngx_credhub_ident.h"
#include "credhub_name.h"
#include "credhub_text.h"


#define NGX_CREDHUB_FEED_COUNT 1000 /* changes of one read */
#define NGX_CREDHUB_FEED_DELAY 100  /* milliseconds after a failure */
#define NGX_CREDHUB_FEED_NEVER ((uint64_t) -1)


struct ngx_credhub_feed_s {
    ngx_credhub_store_t  *store;
    ngx_credhub_cache_t  *cache;
    ngx_credhub_source_t *source;
    ngx_credhub_call_t   *call; /* NULL: the timer stands, or it has ended */
    ngx_event_t           timer;

    ngx_credhub_stream_id_t at;         /* everything until here is known */
    ngx_credhub_stream_id_t before;     /* the same before the last read */
    ngx_uint_t              generation; /* of the link, when synced */
    uint64_t                asked;      /* when the read was sent */
    uint64_t                fresh;      /* when the last answered one was */
    u_char                  run[NGX_CREDHUB_RUN_LEN];
    unsigned                synced:1;
};


static ngx_credhub_source_t *ngx_credhub_feed_source(ngx_credhub_feed_t *feed);
static void                  ngx_credhub_feed_timer(ngx_event_t *ev);
static void                  ngx_credhub_feed_next(ngx_credhub_feed_t *feed);
static ngx_int_t             ngx_credhub_feed_send(
                ngx_credhub_feed_t *feed, ngx_credhub_link_t *link);
static void      ngx_credhub_feed_read(ngx_credhub_feed_t *feed);
static void      ngx_credhub_feed_done(ngx_credhub_call_t *call);
static ngx_int_t ngx_credhub_feed_take(
    ngx_credhub_feed_t *feed, ngx_credhub_call_t *call);
static ngx_int_t ngx_credhub_feed_sync(
    ngx_credhub_feed_t *feed, ngx_credhub_call_t *call);
static ngx_int_t ngx_credhub_feed_changes(
    ngx_credhub_feed_t *feed, const ngx_credhub_reply_t *reply);
static ngx_int_t ngx_credhub_feed_change(
    ngx_credhub_feed_t *feed, const ngx_credhub_reply_t *entry);
static ngx_int_t ngx_credhub_feed_last(
    const ngx_credhub_reply_t *reply, ngx_credhub_stream_id_t *id);
static ngx_int_t ngx_credhub_feed_id(
    const ngx_credhub_reply_t *entry, ngx_credhub_stream_id_t *id);
static void       ngx_credhub_feed_hurry(ngx_credhub_feed_t *feed);
static uint64_t   ngx_credhub_feed_now(void);
static ngx_uint_t ngx_credhub_feed_rights(const ngx_credhub_call_t *call);


/* What a change is one of. */

static const struct {
    credhub_str_t op;
    u_char        tag;
} ngx_credhub_feed_ops[] = {
    { credhub_string("set"), NGX_CREDHUB_TAG_CREDENTIAL },
    { credhub_string("delete"), NGX_CREDHUB_TAG_CREDENTIAL },
    { credhub_string("transitional"), NGX_CREDHUB_TAG_CREDENTIAL },
    { credhub_string("stage"), NGX_CREDHUB_TAG_CREDENTIAL },
    { credhub_string("permission"), NGX_CREDHUB_TAG_GRANTS },
    { credhub_string("object"), NGX_CREDHUB_TAG_OBJECT },
    { credhub_string("approval"), NGX_CREDHUB_TAG_OBJECT },
};


ngx_credhub_feed_t *
ngx_credhub_feed_start(ngx_credhub_store_t *store, ngx_credhub_cache_t *cache)
{
    ngx_credhub_feed_t *feed;

    feed = ngx_calloc(sizeof(ngx_credhub_feed_t), ngx_cycle->log);
    if (feed == NULL) {
        return NULL;
    }

    feed->store = store;
    feed->cache = cache;
    feed->fresh = NGX_CREDHUB_FEED_NEVER;
    feed->source = ngx_credhub_feed_source(feed);

    if (feed->source == NULL) {
        ngx_free(feed);
        return NULL;
    }

    feed->timer.handler = ngx_credhub_feed_timer;
    feed->timer.data = &ngx_credhub_ident;
    feed->timer.log = ngx_cycle->log;
    feed->timer.cancelable = 1;

    ngx_credhub_feed_next(feed);

    return feed;
}


/* By the address as it was configured, the database and the prefix. */

static ngx_credhub_source_t *
ngx_credhub_feed_source(ngx_credhub_feed_t *feed)
{
    u_char               *p;
    credhub_str_t         name;
    ngx_credhub_store_t  *store;
    ngx_credhub_source_t *source;

    store = feed->store;

    p = ngx_alloc(store->name.len + store->prefix.len + NGX_INT_T_LEN + 2,
        ngx_cycle->log);
    if (p == NULL) {
        return NULL;
    }

    name.data = p;
    name.len = ngx_sprintf(p, "%V %ui %*s", &store->name, store->db,
                   store->prefix.len, store->prefix.data)
               - p;

    source = ngx_credhub_cache_source(feed->cache, name);

    ngx_free(p);

    return source;
}


void
ngx_credhub_feed_stop(ngx_credhub_feed_t *feed)
{
    if (feed->timer.timer_set) {
        ngx_del_timer(&feed->timer);
    }

    if (feed->call != NULL) {
        ngx_credhub_call_destroy(feed->call);
    }

    ngx_free(feed);
}


static void
ngx_credhub_feed_timer(ngx_event_t *ev)
{
    ngx_credhub_feed_next(ngx_queue_data(ev, ngx_credhub_feed_t, timer));
}


/* A worker that shuts down reads no more, and no read is parked: calls keep it
 * alive. */

static void
ngx_credhub_feed_next(ngx_credhub_feed_t *feed)
{
    ngx_credhub_link_t *link;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    link = feed->store->links[NGX_CREDHUB_LINK_FEED];

    if (link->state != NGX_CREDHUB_LINK_READY
        || ngx_credhub_feed_send(feed, link) != NGX_OK)
    {
        feed->synced = 0;
        ngx_add_timer(&feed->timer, NGX_CREDHUB_FEED_DELAY);
    }
}


static ngx_int_t
ngx_credhub_feed_send(ngx_credhub_feed_t *feed, ngx_credhub_link_t *link)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_call_create(link, 2, ngx_credhub_feed_done, feed);
    if (call == NULL) {
        return NGX_ERROR;
    }

    feed->call = call;
    feed->synced &= (feed->generation == link->generation);
    feed->asked = ngx_credhub_feed_now();

    if (feed->synced) {
        ngx_credhub_feed_read(feed);

    } else {
        ngx_credhub_feed_ask(call, feed->store);
    }

    if (ngx_credhub_call_send(call) == NGX_OK) {
        return NGX_OK;
    }

    ngx_credhub_call_destroy(call);
    feed->call = NULL;

    return NGX_ERROR;
}


static void
ngx_credhub_feed_read(ngx_credhub_feed_t *feed)
{
    u_char        id[2 * NGX_INT64_LEN + 1];
    credhub_str_t argv[6];

    argv[1] = ngx_credhub_call_key(
        feed->call, feed->store, "changes", credhub_null_str);

    argv[0] = credhub_str("XRANGE");
    argv[2] = credhub_str("-");
    argv[3] = credhub_str("+");
    argv[4] = credhub_str("COUNT");
    argv[5] = credhub_str("1");
    ngx_credhub_call_command(feed->call, 6, argv);

    argv[4] = argv[1];
    argv[0] = credhub_str("XREAD");
    argv[1] = credhub_str("COUNT");
    argv[2] = ngx_credhub_call_decimal(feed->call, NGX_CREDHUB_FEED_COUNT);
    argv[3] = credhub_str("STREAMS");
    argv[5].data = id;
    argv[5].len =
        ngx_sprintf(id, "%uL-%uL", feed->at.msec, feed->at.number) - id;
    ngx_credhub_call_command(feed->call, 6, argv);
}


void
ngx_credhub_feed_ask(ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    credhub_str_t argv[6];

    argv[0] = credhub_str("XREVRANGE");
    argv[1] = ngx_credhub_call_key(call, store, "changes", credhub_null_str);
    argv[2] = credhub_str("+");
    argv[3] = credhub_str("-");
    argv[4] = credhub_str("COUNT");
    argv[5] = credhub_str("1");

    ngx_credhub_call_command(call, 6, argv);
}


static void
ngx_credhub_feed_done(ngx_credhub_call_t *call)
{
    ngx_credhub_feed_t *feed = call->data;

    ngx_int_t rc;

    feed->call = NULL;
    rc = call->error == CREDHUB_OK ? ngx_credhub_feed_take(feed, call)
                                   : NGX_ERROR;

    ngx_credhub_call_destroy(call);

    feed->synced &= (rc == NGX_OK);

    ngx_add_timer(&feed->timer,
        rc == NGX_OK ? NGX_CREDHUB_FEED_INTERVAL : NGX_CREDHUB_FEED_DELAY);
}


static ngx_int_t
ngx_credhub_feed_take(ngx_credhub_feed_t *feed, ngx_credhub_call_t *call)
{
    ngx_credhub_stream_id_t oldest;

    if (!feed->synced || call->generation != feed->generation) {
        return call->n == 1 ? ngx_credhub_feed_sync(feed, call) : NGX_ERROR;
    }

    if (ngx_credhub_feed_last(call->replies[0], &oldest) != NGX_OK
        || ngx_credhub_stream_cmp(oldest, feed->before) > 0
        || (oldest.msec == 0 && feed->before.msec != 0))
    {
        return NGX_ERROR;
    }

    feed->before = feed->at;

    if (ngx_credhub_feed_changes(feed, call->replies[1]) != NGX_OK) {
        return NGX_ERROR;
    }

    feed->fresh = feed->asked;

    return NGX_OK;
}


/* Begins with the newest change, and with an empty cache. */

static ngx_int_t
ngx_credhub_feed_sync(ngx_credhub_feed_t *feed, ngx_credhub_call_t *call)
{
    if (ngx_credhub_feed_last(call->replies[0], &feed->at) != NGX_OK) {
        return NGX_ERROR;
    }

    feed->before = feed->at;
    feed->generation = call->generation;
    feed->synced = 1;
    feed->fresh = feed->asked;
    ngx_memcpy(feed->run, call->link->run, NGX_CREDHUB_RUN_LEN);

    ngx_credhub_cache_drop(feed->cache, feed->source, feed->run);

    return NGX_OK;
}


/* [[key, [[id, [field, value, ...]], ...]]], or nil. */

static ngx_int_t
ngx_credhub_feed_changes(
    ngx_credhub_feed_t *feed, const ngx_credhub_reply_t *reply)
{
    ngx_uint_t i;

    if (reply->type == NGX_CREDHUB_REPLY_NIL) {
        return NGX_OK;
    }

    if (reply->n != 1 || reply->elements[0]->n != 2) {
        return NGX_ERROR;
    }

    reply = reply->elements[0]->elements[1];

    for (i = 0; i < reply->n; i++) {
        if (ngx_credhub_feed_change(feed, reply->elements[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* A change that is not known here may be one of anything. */

static ngx_int_t
ngx_credhub_feed_change(
    ngx_credhub_feed_t *feed, const ngx_credhub_reply_t *entry)
{
    u_char                     data[1 + CREDHUB_NAME_MAX];
    ngx_uint_t                 i;
    credhub_str_t              name, op;
    const ngx_credhub_reply_t *fields;

    if (ngx_credhub_feed_id(entry, &feed->at) != NGX_OK) {
        return NGX_ERROR;
    }

    fields = entry->elements[1];

    if (fields->n < 4) {
        return NGX_ERROR;
    }

    op = fields->elements[1]->str;
    name = fields->elements[3]->str;

    for (i = 0;
         i < sizeof(ngx_credhub_feed_ops) / sizeof(ngx_credhub_feed_ops[0]);
         i++)
    {
        if (credhub_str_eq(op, ngx_credhub_feed_ops[i].op)
            && name.len < sizeof(data)) {
            data[0] = ngx_credhub_feed_ops[i].tag;
            ngx_memcpy(data + 1, name.data, name.len);

            ngx_credhub_cache_forget(feed->cache, feed->source,
                (credhub_str_t){ 1 + name.len, data });

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* Of a list with one entry at most; of none, the beginning. */

static ngx_int_t
ngx_credhub_feed_last(
    const ngx_credhub_reply_t *reply, ngx_credhub_stream_id_t *id)
{
    if (reply->type != NGX_CREDHUB_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    ngx_memzero(id, sizeof(ngx_credhub_stream_id_t));

    return reply->n == 0 ? NGX_OK : ngx_credhub_feed_id(reply->elements[0], id);
}


/* "MILLISECONDS-NUMBER" of an entry. */

static ngx_int_t
ngx_credhub_feed_id(
    const ngx_credhub_reply_t *entry, ngx_credhub_stream_id_t *id)
{
    u_char       *dash;
    int64_t       msec, number;
    credhub_str_t text;

    if (entry->n != 2) {
        return NGX_ERROR;
    }

    text = entry->elements[0]->str;
    dash = ngx_strlchr(text.data, text.data + text.len, '-');

    if (dash == NULL
        || credhub_int64((credhub_str_t){ dash - text.data, text.data }, &msec)
               != 0
        || credhub_int64(
               (credhub_str_t){ text.data + text.len - dash - 1, dash + 1 },
               &number)
               != 0)
    {
        return NGX_ERROR;
    }

    id->msec = msec;
    id->number = number;

    return NGX_OK;
}


ngx_credhub_cache_status_e
ngx_credhub_feed_answer(ngx_credhub_feed_t *feed, ngx_credhub_call_t *call)
{
    uint64_t                   age;
    ngx_credhub_cache_status_e status;

    age = feed->fresh == NGX_CREDHUB_FEED_NEVER
              ? NGX_CREDHUB_FEED_NEVER
              : ngx_credhub_feed_now() - feed->fresh;

    if (age <= NGX_CREDHUB_FEED_FRESH && feed->synced) {
        status = NGX_CREDHUB_CACHE_HIT;

    } else if (age <= feed->cache->max_stale && !ngx_credhub_feed_rights(call))
    {
        status = NGX_CREDHUB_CACHE_STALE;

    } else {
        return NGX_CREDHUB_CACHE_BYPASS;
    }

    switch (ngx_credhub_cache_answer(
        feed->cache, feed->source, feed->run, feed->at, call))
    {
    case NGX_OK:
        return status;

    case NGX_ABORT:
        return NGX_CREDHUB_CACHE_BYPASS;

    default: /* NGX_DECLINED */
        call->missed = 1;
        return NGX_CREDHUB_CACHE_MISS;
    }
}


/* Is anything in it but credentials? */

static ngx_uint_t
ngx_credhub_feed_rights(const ngx_credhub_call_t *call)
{
    ngx_uint_t i;

    for (i = 0; i < call->n; i++) {
        if (call->tags[i].data[0] != NGX_CREDHUB_TAG_CREDENTIAL) {
            return 1;
        }
    }

    return 0;
}


void
ngx_credhub_feed_answered(ngx_credhub_feed_t *feed, ngx_credhub_call_t *call)
{
    ngx_credhub_stream_id_t id;

    if (call->missed && !call->retried) {
        ngx_credhub_cache_keep(feed->cache, feed->source, call);
    }

    if (call->writes
        && ngx_credhub_feed_last(call->replies[call->n - 1], &id) == NGX_OK)
    {
        ngx_credhub_cache_written(feed->cache, feed->source, id);
        ngx_credhub_feed_hurry(feed);
    }
}


/* Until the write is read here, Redis is asked for everything. */

static void
ngx_credhub_feed_hurry(ngx_credhub_feed_t *feed)
{
    if (feed->synced && feed->timer.timer_set) {
        ngx_del_timer(&feed->timer);
        ngx_credhub_feed_next(feed);
    }
}


/* Milliseconds, as they are now: nginx's own time is that of the last event. */

static uint64_t
ngx_credhub_feed_now(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
