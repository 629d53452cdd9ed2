
/*
 * Replies of Redis in shared memory, for commands that only read: what is sealed
 * in Redis is sealed here. Each worker of the instance reads the feed of changes
 * (ngx_credhub_feed.h), forgets here what it names, and answers from here only
 * while its own feed is alive.
 *
 * Every reply depends on one thing that can change, its tag. A reply is kept
 * only if nothing of its tag was forgotten since it was asked for: whatever a
 * worker has forgotten before was in Redis when the question came there.
 */

#ifndef _NGX_CREDHUB_CACHE_H_INCLUDED_
#define _NGX_CREDHUB_CACHE_H_INCLUDED_


#include "ngx_credhub_link.h"


#define NGX_CREDHUB_CACHE_MIN   (256 * 1024) /* bytes of a zone */
#define NGX_CREDHUB_CACHE_REPLY (256 * 1024) /* bytes of the largest entry */


/* What a reply depends on: the first byte of a tag. */

#define NGX_CREDHUB_TAG_CREDENTIAL 'c' /* folded name */
#define NGX_CREDHUB_TAG_GRANTS     'g' /* folded actor */
#define NGX_CREDHUB_TAG_OBJECT     'o' /* key */


typedef struct ngx_credhub_cache_s  ngx_credhub_cache_t;
typedef struct ngx_credhub_source_s ngx_credhub_source_t;


/* An id of the stream of changes. */

typedef struct {
    uint64_t msec;
    uint64_t number;
} ngx_credhub_stream_id_t;


struct ngx_credhub_cache_s {
    ngx_shm_zone_t *zone;
    ngx_msec_t      max_stale; /* of credentials, not of rights; 0: none */
};


/*
 * Parses the arguments of credhub_cache (cf->args); NULL after a message with
 * file and line. `tag`: the module that owns the zone.
 */
ngx_credhub_cache_t *ngx_credhub_cache_conf(ngx_conf_t *cf, void *tag);

/* What the zone has of one Redis, database and prefix; made by the first worker
 * that asks. NULL without memory. */
ngx_credhub_source_t *ngx_credhub_cache_source(
    ngx_credhub_cache_t *cache, credhub_str_t name);

/*
 * Replies to all the commands of the call; each has a tag. NGX_OK: they are in
 * the call, as if Redis had given them. NGX_DECLINED: one is missing, and the
 * moment is that of the call. NGX_ABORT: a worker whose feed has come to `id`
 * on the server `run` does not know of every write of this instance yet.
 */
ngx_int_t ngx_credhub_cache_answer(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, const u_char *run, ngx_credhub_stream_id_t id,
    ngx_credhub_call_t *call);

/* Keeps the replies of a call that was asked in vain before. */
void ngx_credhub_cache_keep(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, ngx_credhub_call_t *call);

/* A change of that tag. */
void ngx_credhub_cache_forget(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, credhub_str_t tag);

/* Changes may have been missed, or the server with that run id is another one:
 * forgets everything. */
void ngx_credhub_cache_drop(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, const u_char *run);

/* A write of this instance stands in the feed at `id` or before. */
void ngx_credhub_cache_written(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, ngx_credhub_stream_id_t id);

/* a <=> b */
int ngx_credhub_stream_cmp(
    ngx_credhub_stream_id_t a, ngx_credhub_stream_id_t b);


#endif /* _NGX_CREDHUB_CACHE_H_INCLUDED_ */
