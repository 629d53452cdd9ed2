
/*
 * The zone: sources, each with slots that entries hang in by the hash of their
 * tag, and one list of all entries, the latest used first. Everything is under
 * the mutex of the zone's slab pool, which nginx takes back from a worker that
 * died.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_cache.h"
#include "ngx_credhub_reply.h"


#define NGX_CREDHUB_CACHE_SLOT  4096 /* bytes of the zone for each slot */
#define NGX_CREDHUB_CACHE_EVICT 32   /* entries that may go for a new one */


typedef struct {
    uint64_t    forgotten; /* when something of this slot last was */
    ngx_queue_t entries;
} ngx_credhub_slot_t;


struct ngx_credhub_source_s {
    ngx_queue_t             queue;
    uint64_t                forgotten; /* counts */
    uint64_t                drops;     /* counts */
    ngx_credhub_stream_id_t written;
    u_char                  run[NGX_CREDHUB_RUN_LEN];
    size_t                  len; /* of the name, behind the slots */
    ngx_uint_t              n;   /* a power of two */
    ngx_credhub_slot_t      slots[];
};


/* Where the zone begins. */

typedef struct {
    ngx_queue_t sources;
    ngx_queue_t used; /* entries */
} ngx_credhub_cache_root_t;


typedef struct {
    ngx_queue_t slot;
    ngx_queue_t used;
    uint32_t    tag; /* hash */
    size_t      key; /* bytes of the command, then those of the reply */
    size_t      len; /* of both */
    u_char      data[];
} ngx_credhub_entry_t;


static char *ngx_credhub_cache_argument(
    ngx_conf_t *cf, ngx_credhub_cache_t *cache, ngx_str_t *arg, void *tag);
static ngx_int_t ngx_credhub_cache_init(ngx_shm_zone_t *zone, void *data);
static ngx_credhub_cache_root_t *ngx_credhub_cache_lock(
    ngx_credhub_cache_t *cache);
static void ngx_credhub_cache_unlock(ngx_credhub_cache_t *cache);
static ngx_credhub_source_t *ngx_credhub_cache_find_source(
    ngx_credhub_cache_root_t *root, credhub_str_t name);
static ngx_credhub_source_t *ngx_credhub_cache_make_source(
    ngx_credhub_cache_t *cache, ngx_credhub_cache_root_t *root,
    credhub_str_t name);
static ngx_credhub_slot_t *ngx_credhub_cache_slot(
    ngx_credhub_source_t *source, uint32_t tag);
static ngx_credhub_entry_t *ngx_credhub_cache_find(
    ngx_credhub_slot_t *slot, uint32_t tag, credhub_str_t key);
static ngx_int_t ngx_credhub_cache_copy(ngx_credhub_cache_root_t *root,
    ngx_credhub_source_t *source, ngx_credhub_call_t *call,
    credhub_str_t *replies);
static void      ngx_credhub_cache_add(ngx_credhub_cache_t *cache,
         ngx_credhub_cache_root_t *root, ngx_credhub_source_t *source,
         ngx_credhub_call_t *call, ngx_uint_t i);
static void     *ngx_credhub_cache_alloc(
        ngx_slab_pool_t *pool, ngx_credhub_cache_root_t *root, size_t size);
static void ngx_credhub_cache_free(
    ngx_slab_pool_t *pool, ngx_credhub_entry_t *entry);


#define ngx_credhub_cache_pool(cache)                                          \
    ((ngx_slab_pool_t *) (cache)->zone->shm.addr)

#define ngx_credhub_cache_hash(str) ngx_murmur_hash2((str).data, (str).len)


ngx_credhub_cache_t *
ngx_credhub_cache_conf(ngx_conf_t *cf, void *tag)
{
    char                *error;
    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_credhub_cache_t *cache;

    cache = ngx_pcalloc(cf->pool, sizeof(ngx_credhub_cache_t));
    if (cache == NULL) {
        return NULL;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        error = ngx_credhub_cache_argument(cf, cache, &value[i], tag);

        if (error != NULL) {
            if (error != NGX_CONF_ERROR) {
                ngx_conf_log_error(
                    NGX_LOG_EMERG, cf, 0, "%s \"%V\"", error, &value[i]);
            }

            return NULL;
        }
    }

    if (cache->zone == NULL) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "\"credhub_cache\" needs \"zone\"");
        return NULL;
    }

    return cache;
}


/* NULL, NGX_CONF_ERROR after a message, or what is wrong. */

static char *
ngx_credhub_cache_argument(
    ngx_conf_t *cf, ngx_credhub_cache_t *cache, ngx_str_t *arg, void *tag)
{
    u_char   *colon;
    ssize_t   size;
    ngx_int_t stale;
    ngx_str_t name, text;

    if (ngx_strncmp(arg->data, "max_stale=", 10) == 0) {
        text.data = arg->data + 10;
        text.len = arg->len - 10;
        stale = ngx_parse_time(&text, 0);

        if (stale == NGX_ERROR || cache->max_stale != 0) {
            return "invalid parameter";
        }

        cache->max_stale = stale;
        return NULL;
    }

    colon = ngx_strlchr(arg->data, arg->data + arg->len, ':');

    if (ngx_strncmp(arg->data, "zone=", 5) != 0 || colon == NULL
        || cache->zone != NULL)
    {
        return "invalid parameter";
    }

    name.data = arg->data + 5;
    name.len = colon - name.data;
    text.data = colon + 1;
    text.len = arg->data + arg->len - text.data;
    size = ngx_parse_size(&text);

    if (name.len == 0 || size == NGX_ERROR) {
        return "invalid zone";
    }

    if (size < NGX_CREDHUB_CACHE_MIN) {
        return "less than 256k in";
    }

    cache->zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (cache->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cache->zone->data != NULL) {
        return "duplicate";
    }

    cache->zone->init = ngx_credhub_cache_init;
    cache->zone->data = cache;

    return NULL;
}


static ngx_int_t
ngx_credhub_cache_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t          *pool;
    ngx_credhub_cache_root_t *root;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* after a reload, or that of another process that shares it */

    if (data != NULL || zone->shm.exists) {
        return NGX_OK;
    }

    root = ngx_slab_alloc(pool, sizeof(ngx_credhub_cache_root_t));
    if (root == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_init(&root->sources);
    ngx_queue_init(&root->used);

    pool->data = root;
    pool->log_nomem = 0;

    return NGX_OK;
}


static ngx_credhub_cache_root_t *
ngx_credhub_cache_lock(ngx_credhub_cache_t *cache)
{
    ngx_shmtx_lock(&ngx_credhub_cache_pool(cache)->mutex);

    return ngx_credhub_cache_pool(cache)->data;
}


static void
ngx_credhub_cache_unlock(ngx_credhub_cache_t *cache)
{
    ngx_shmtx_unlock(&ngx_credhub_cache_pool(cache)->mutex);
}


ngx_credhub_source_t *
ngx_credhub_cache_source(ngx_credhub_cache_t *cache, credhub_str_t name)
{
    ngx_credhub_source_t     *source;
    ngx_credhub_cache_root_t *root;

    root = ngx_credhub_cache_lock(cache);
    source = ngx_credhub_cache_find_source(root, name);

    if (source == NULL) {
        source = ngx_credhub_cache_make_source(cache, root, name);
    }

    ngx_credhub_cache_unlock(cache);

    return source;
}


static ngx_credhub_source_t *
ngx_credhub_cache_find_source(
    ngx_credhub_cache_root_t *root, credhub_str_t name)
{
    ngx_queue_t          *q;
    ngx_credhub_source_t *source;

    for (q = ngx_queue_head(&root->sources); q != &root->sources;
         q = ngx_queue_next(q))
    {
        source = ngx_queue_data(q, ngx_credhub_source_t, queue);

        if (source->len == name.len
            && ngx_memcmp(&source->slots[source->n], name.data, name.len) == 0)
        {
            return source;
        }
    }

    return NULL;
}


static ngx_credhub_source_t *
ngx_credhub_cache_make_source(ngx_credhub_cache_t *cache,
    ngx_credhub_cache_root_t *root, credhub_str_t name)
{
    ngx_uint_t            i, n;
    ngx_credhub_source_t *source;

    for (n = 64; 2 * n * NGX_CREDHUB_CACHE_SLOT <= cache->zone->shm.size;
         n *= 2) {
        /* void */
    }

    source = ngx_credhub_cache_alloc(ngx_credhub_cache_pool(cache), root,
        sizeof(ngx_credhub_source_t) + n * sizeof(ngx_credhub_slot_t)
            + name.len);

    if (source == NULL) {
        return NULL;
    }

    ngx_memzero(source, sizeof(ngx_credhub_source_t));

    source->n = n;
    source->len = name.len;
    ngx_memcpy(&source->slots[n], name.data, name.len);

    for (i = 0; i < n; i++) {
        source->slots[i].forgotten = 0;
        ngx_queue_init(&source->slots[i].entries);
    }

    ngx_queue_insert_head(&root->sources, &source->queue);

    return source;
}


static ngx_credhub_slot_t *
ngx_credhub_cache_slot(ngx_credhub_source_t *source, uint32_t tag)
{
    return &source->slots[tag & (source->n - 1)];
}


static ngx_credhub_entry_t *
ngx_credhub_cache_find(
    ngx_credhub_slot_t *slot, uint32_t tag, credhub_str_t key)
{
    ngx_queue_t         *q;
    ngx_credhub_entry_t *entry;

    for (q = ngx_queue_head(&slot->entries); q != &slot->entries;
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_credhub_entry_t, slot);

        if (entry->tag == tag && entry->key == key.len
            && ngx_memcmp(entry->data, key.data, key.len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


ngx_int_t
ngx_credhub_cache_answer(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, const u_char *run, ngx_credhub_stream_id_t id,
    ngx_credhub_call_t *call)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    credhub_str_t            *replies;
    ngx_credhub_cache_root_t *root;

    replies = credhub_arena_alloc(call->arena, call->n * sizeof(credhub_str_t));

    if (replies == NULL) {
        return NGX_DECLINED;
    }

    root = ngx_credhub_cache_lock(cache);

    call->moment.forgotten = source->forgotten;
    call->moment.drops = source->drops;

    rc = ngx_credhub_stream_cmp(source->written, id) <= 0
                 && ngx_memcmp(source->run, run, NGX_CREDHUB_RUN_LEN) == 0
             ? ngx_credhub_cache_copy(root, source, call, replies)
             : NGX_ABORT;

    ngx_credhub_cache_unlock(cache);

    for (i = 0; rc == NGX_OK && i < call->n; i++) {
        call->replies[i] = ngx_credhub_reply_read(call->arena, replies[i]);

        if (call->replies[i] == NULL) {
            rc = NGX_DECLINED;
        }
    }

    return rc;
}


/* Under the lock. */

static ngx_int_t
ngx_credhub_cache_copy(ngx_credhub_cache_root_t *root,
    ngx_credhub_source_t *source, ngx_credhub_call_t *call,
    credhub_str_t *replies)
{
    uint32_t             tag;
    ngx_uint_t           i;
    ngx_credhub_entry_t *entry;

    for (i = 0; i < call->n; i++) {
        tag = ngx_credhub_cache_hash(call->tags[i]);
        entry = ngx_credhub_cache_find(ngx_credhub_cache_slot(source, tag), tag,
            ngx_credhub_call_bytes(call, i));

        if (entry == NULL) {
            return NGX_DECLINED;
        }

        replies[i] = credhub_arena_copy(
            call->arena, entry->data + entry->key, entry->len - entry->key);

        if (replies[i].data == NULL) {
            return NGX_DECLINED;
        }

        ngx_queue_remove(&entry->used);
        ngx_queue_insert_head(&root->used, &entry->used);
    }

    return NGX_OK;
}


void
ngx_credhub_cache_keep(ngx_credhub_cache_t *cache, ngx_credhub_source_t *source,
    ngx_credhub_call_t *call)
{
    uint32_t                  tag;
    ngx_uint_t                i;
    ngx_credhub_slot_t       *slot;
    ngx_credhub_cache_root_t *root;

    root = ngx_credhub_cache_lock(cache);

    for (i = 0;
         i < call->n && call->moment.drops == source->drops
         && ngx_memcmp(call->link->run, source->run, NGX_CREDHUB_RUN_LEN) == 0;
         i++)
    {
        tag = ngx_credhub_cache_hash(call->tags[i]);
        slot = ngx_credhub_cache_slot(source, tag);

        if (slot->forgotten <= call->moment.forgotten
            && ngx_credhub_cache_find(
                   slot, tag, ngx_credhub_call_bytes(call, i))
                   == NULL)
        {
            ngx_credhub_cache_add(cache, root, source, call, i);
        }
    }

    ngx_credhub_cache_unlock(cache);
}


static void
ngx_credhub_cache_add(ngx_credhub_cache_t *cache,
    ngx_credhub_cache_root_t *root, ngx_credhub_source_t *source,
    ngx_credhub_call_t *call, ngx_uint_t i)
{
    size_t               size;
    credhub_str_t        key;
    ngx_credhub_entry_t *entry;

    key = ngx_credhub_call_bytes(call, i);
    size = key.len + ngx_credhub_reply_size(call->replies[i]);

    if (size > NGX_CREDHUB_CACHE_REPLY) {
        return;
    }

    entry = ngx_credhub_cache_alloc(ngx_credhub_cache_pool(cache), root,
        sizeof(ngx_credhub_entry_t) + size);

    if (entry == NULL) {
        return;
    }

    entry->tag = ngx_credhub_cache_hash(call->tags[i]);
    entry->key = key.len;
    entry->len = size;
    ngx_memcpy(entry->data, key.data, key.len);
    (void) ngx_credhub_reply_write(entry->data + key.len, call->replies[i]);

    ngx_queue_insert_head(
        &ngx_credhub_cache_slot(source, entry->tag)->entries, &entry->slot);
    ngx_queue_insert_head(&root->used, &entry->used);
}


/* Entries that were not used for long make room. */

static void *
ngx_credhub_cache_alloc(
    ngx_slab_pool_t *pool, ngx_credhub_cache_root_t *root, size_t size)
{
    void      *p;
    ngx_uint_t i;

    p = ngx_slab_alloc_locked(pool, size);

    for (i = 0; p == NULL && i < NGX_CREDHUB_CACHE_EVICT
                && !ngx_queue_empty(&root->used);
         i++)
    {
        ngx_credhub_cache_free(pool, ngx_queue_data(ngx_queue_last(&root->used),
                                         ngx_credhub_entry_t, used));

        p = ngx_slab_alloc_locked(pool, size);
    }

    return p;
}


static void
ngx_credhub_cache_free(ngx_slab_pool_t *pool, ngx_credhub_entry_t *entry)
{
    ngx_queue_remove(&entry->slot);
    ngx_queue_remove(&entry->used);
    ngx_slab_free_locked(pool, entry);
}


void
ngx_credhub_cache_forget(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, credhub_str_t name)
{
    uint32_t             tag;
    ngx_queue_t         *q, *next;
    ngx_credhub_slot_t  *slot;
    ngx_credhub_entry_t *entry;

    tag = ngx_credhub_cache_hash(name);
    slot = ngx_credhub_cache_slot(source, tag);

    (void) ngx_credhub_cache_lock(cache);

    slot->forgotten = ++source->forgotten;

    for (q = ngx_queue_head(&slot->entries); q != &slot->entries; q = next) {
        next = ngx_queue_next(q);
        entry = ngx_queue_data(q, ngx_credhub_entry_t, slot);

        if (entry->tag == tag) {
            ngx_credhub_cache_free(ngx_credhub_cache_pool(cache), entry);
        }
    }

    ngx_credhub_cache_unlock(cache);
}


void
ngx_credhub_cache_drop(
    ngx_credhub_cache_t *cache, ngx_credhub_source_t *source, const u_char *run)
{
    ngx_uint_t   i;
    ngx_queue_t *entries;

    (void) ngx_credhub_cache_lock(cache);

    source->drops++;

    for (i = 0; i < source->n; i++) {
        entries = &source->slots[i].entries;

        while (!ngx_queue_empty(entries)) {
            ngx_credhub_cache_free(ngx_credhub_cache_pool(cache),
                ngx_queue_data(
                    ngx_queue_head(entries), ngx_credhub_entry_t, slot));
        }
    }

    if (ngx_memcmp(source->run, run, NGX_CREDHUB_RUN_LEN) != 0) {
        ngx_memcpy(source->run, run, NGX_CREDHUB_RUN_LEN);
        ngx_memzero(&source->written, sizeof(ngx_credhub_stream_id_t));
    }

    ngx_credhub_cache_unlock(cache);
}


void
ngx_credhub_cache_written(ngx_credhub_cache_t *cache,
    ngx_credhub_source_t *source, ngx_credhub_stream_id_t id)
{
    (void) ngx_credhub_cache_lock(cache);

    if (ngx_credhub_stream_cmp(source->written, id) < 0) {
        source->written = id;
    }

    ngx_credhub_cache_unlock(cache);
}


int
ngx_credhub_stream_cmp(ngx_credhub_stream_id_t a, ngx_credhub_stream_id_t b)
{
    return a.msec != b.msec       ? (a.msec < b.msec ? -1 : 1)
           : a.number != b.number ? (a.number < b.number ? -1 : 1)
                                  : 0;
}
