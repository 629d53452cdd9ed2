
/*
 * The feed of changes, as one worker reads it from one store, again and again on
 * a link of its own. What it names is forgotten in the cache.
 *
 * Replies may come from the cache only while the feed is fresh: while the read
 * that was answered last had been sent a short time ago. A change that was
 * answered to anybody is known here after that time at the latest, or the cache
 * is not asked.
 */

#ifndef _NGX_CREDHUB_FEED_H_INCLUDED_
#define _NGX_CREDHUB_FEED_H_INCLUDED_


#include "ngx_credhub_cache.h"
#include "ngx_credhub_store.h"


#define NGX_CREDHUB_FEED_INTERVAL 25 /* milliseconds between two reads */
#define NGX_CREDHUB_FEED_FRESH    80 /* milliseconds, of a read that was sent */


typedef struct ngx_credhub_feed_s ngx_credhub_feed_t;


/* How a question was answered: $credhub_cache_status. */

typedef enum {
    NGX_CREDHUB_CACHE_UNUSED = 0,
    NGX_CREDHUB_CACHE_HIT,
    NGX_CREDHUB_CACHE_MISS,
    NGX_CREDHUB_CACHE_STALE,  /* a credential, by max_stale */
    NGX_CREDHUB_CACHE_BYPASS, /* the feed is not fresh */
    NGX_CREDHUB_CACHE_STATUSES
} ngx_credhub_cache_status_e;


/* Begins to read (init_process); NULL without memory. */
ngx_credhub_feed_t *ngx_credhub_feed_start(
    ngx_credhub_store_t *store, ngx_credhub_cache_t *cache);

/* Before the links of the store are destroyed. */
void ngx_credhub_feed_stop(ngx_credhub_feed_t *feed);

/* Replies to the whole call from the cache: HIT and STALE, else it has to be
 * sent. */
ngx_credhub_cache_status_e ngx_credhub_feed_answer(
    ngx_credhub_feed_t *feed, ngx_credhub_call_t *call);

/* A call has its replies: those that were missed are kept, and of a script that
 * writes its last reply says where the feed was. */
void ngx_credhub_feed_answered(
    ngx_credhub_feed_t *feed, ngx_credhub_call_t *call);

/* Appends the command that asks where the feed is. */
void ngx_credhub_feed_ask(ngx_credhub_call_t *call, ngx_credhub_store_t *store);


#endif /* _NGX_CREDHUB_FEED_H_INCLUDED_ */
