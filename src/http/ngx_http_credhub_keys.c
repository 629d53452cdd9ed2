
/*
 * A document that was fetched lies in shared memory, guarded by the mutex of
 * its zone; nothing is called while it is held. A worker that dies during a
 * fetch loses the flight, which ends by itself.
 */

#include "ngx_http_credhub_keys.h"
#include "ngx_http_credhub_conf.h"
#include "ngx_http_credhub_key_request.h"
#include "ngx_http_credhub_module.h"


/* The clock of a worker stands still while it works, so that of another may be
 * a little ahead. */

#define ngx_http_credhub_keys_age(time)                                        \
    ((ngx_msec_int_t) (ngx_current_msec - (time)))


typedef struct {
    ngx_uint_t epoch; /* 0: nothing was fetched yet */
    ngx_msec_t fetched;
    ngx_msec_t flight; /* end of the one that is under way */
    ngx_msec_t tried[NGX_HTTP_CREDHUB_KEYS_WHY]; /* 0: not lately */
    size_t     len;
    u_char     data[CREDHUB_JWKS_MAX];
} ngx_http_credhub_keys_shared_t;


struct ngx_http_credhub_keys_s {
    ngx_str_t                       uri; /* empty: of a file */
    ngx_shm_zone_t                 *zone;
    ngx_http_credhub_keys_shared_t *shared;

    /* per process */
    credhub_jwks_t *set;
    ngx_uint_t      epoch;
};


static const char *ngx_http_credhub_keys_read(
    ngx_conf_t *cf, ngx_str_t *file, credhub_jwks_t **set);
static ngx_int_t ngx_http_credhub_keys_zone(
    ngx_conf_t *cf, ngx_http_credhub_keys_t *keys);
static ngx_int_t ngx_http_credhub_keys_zone_init(
    ngx_shm_zone_t *zone, void *data);
static void ngx_http_credhub_keys_free(void *data);
static void ngx_http_credhub_keys_sync(ngx_http_credhub_keys_t *keys);
static ngx_slab_pool_t *ngx_http_credhub_keys_lock(
    ngx_http_credhub_keys_t *keys);
static ngx_int_t ngx_http_credhub_keys_depart(
    ngx_http_credhub_keys_t *keys, ngx_http_credhub_keys_why_e why);


static const ngx_msec_int_t ngx_http_credhub_keys_intervals[] = {
    [NGX_HTTP_CREDHUB_KEYS_MISSING] = NGX_HTTP_CREDHUB_KEYS_RETRY,
    [NGX_HTTP_CREDHUB_KEYS_UNKNOWN] = NGX_HTTP_CREDHUB_KEYS_LOOK,
    [NGX_HTTP_CREDHUB_KEYS_OLD] = NGX_HTTP_CREDHUB_KEYS_LOOK,
};


ngx_http_credhub_keys_t *
ngx_http_credhub_keys_file(ngx_conf_t *cf, ngx_str_t *file)
{
    const char              *reason;
    ngx_pool_cleanup_t      *cln;
    ngx_http_credhub_keys_t *keys;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NULL;
    }

    keys = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_keys_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (keys == NULL || cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_credhub_keys_free;
    cln->data = keys;

    ngx_set_errno(0);

    reason = ngx_http_credhub_keys_read(cf, file, &keys->set);

    if (reason != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            "token keys of \"%V\": %s", file, reason);
        return NULL;
    }

    keys->epoch = 1;

    return keys;
}


/* NULL, or why not; errno is of the system's call that failed. */

static const char *
ngx_http_credhub_keys_read(
    ngx_conf_t *cf, ngx_str_t *name, credhub_jwks_t **set)
{
    const char   *reason;
    credhub_str_t text;

    reason = ngx_http_credhub_conf_read(cf, cf->temp_pool, name, &text);

    if (reason != NULL) {
        return reason;
    }

    *set = credhub_jwks_parse(text, &reason);

    if (*set == NULL) {
        return reason;
    }

    return credhub_jwks_count(*set) != 0 ? NULL : "the set has no usable key";
}


ngx_http_credhub_keys_t *
ngx_http_credhub_keys_request(ngx_conf_t *cf, ngx_str_t *uri)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_credhub_keys_t *keys;

    if (uri->len == 0 || uri->data[0] != '/'
        || ngx_strlchr(uri->data, uri->data + uri->len, '?') != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "invalid URI \"%V\", it must be the path of a location", uri);
        return NULL;
    }

    keys = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_keys_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (keys == NULL || cln == NULL) {
        return NULL;
    }

    keys->uri = *uri;

    cln->handler = ngx_http_credhub_keys_free;
    cln->data = keys;

    return ngx_http_credhub_keys_zone(cf, keys) == NGX_OK ? keys : NULL;
}


/* Line and URI name the zone: a reload finds what was fetched, and keys of one
 * source never serve for another. */

static ngx_int_t
ngx_http_credhub_keys_zone(ngx_conf_t *cf, ngx_http_credhub_keys_t *keys)
{
    u_char    *last;
    size_t     size;
    ngx_str_t  name;
    ngx_str_t *file;

    file = &cf->conf_file->file.name;

    name.len = sizeof("credhub_keys:::") - 1 + file->len + NGX_INT_T_LEN
               + keys->uri.len;
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(name.data, "credhub_keys:%V:%ui:%V", file,
        cf->conf_file->line, &keys->uri);
    name.len = last - name.data;

    size = ngx_align(sizeof(ngx_http_credhub_keys_shared_t), ngx_pagesize)
           + 16 * ngx_pagesize;

    keys->zone =
        ngx_shared_memory_add(cf, &name, size, &ngx_http_credhub_module);

    if (keys->zone == NULL) {
        return NGX_ERROR;
    }

    keys->zone->init = ngx_http_credhub_keys_zone_init;
    keys->zone->data = keys;

    return NGX_OK;
}


static void
ngx_http_credhub_keys_free(void *data)
{
    ngx_http_credhub_keys_t *keys = data;

    credhub_jwks_free(keys->set);
}


static ngx_int_t
ngx_http_credhub_keys_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_http_credhub_keys_t *old = data;

    ngx_slab_pool_t         *pool;
    ngx_http_credhub_keys_t *keys;

    keys = zone->data;

    if (old != NULL) {
        keys->shared = old->shared;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;
    keys->shared =
        ngx_slab_calloc(pool, sizeof(ngx_http_credhub_keys_shared_t));

    return keys->shared != NULL ? NGX_OK : NGX_ERROR;
}


static ngx_slab_pool_t *
ngx_http_credhub_keys_lock(ngx_http_credhub_keys_t *keys)
{
    ngx_slab_pool_t *pool;

    pool = (ngx_slab_pool_t *) keys->zone->shm.addr;
    ngx_shmtx_lock(&pool->mutex);

    return pool;
}


ngx_str_t *
ngx_http_credhub_keys_uri(ngx_http_credhub_keys_t *keys)
{
    return &keys->uri;
}


const credhub_jwks_t *
ngx_http_credhub_keys_get(ngx_http_credhub_keys_t *keys, ngx_uint_t *epoch)
{
    if (keys->zone != NULL) {
        if (keys->shared->epoch != keys->epoch) {
            ngx_http_credhub_keys_sync(keys);
        }

        if (ngx_http_credhub_keys_age(keys->shared->fetched)
            > NGX_HTTP_CREDHUB_KEYS_STALE)
        {
            return NULL;
        }
    }

    *epoch = keys->epoch;

    return keys->set;
}


/* Another worker has fetched a set that parsed there, so it parses here. */

static void
ngx_http_credhub_keys_sync(ngx_http_credhub_keys_t *keys)
{
    ngx_uint_t       epoch;
    const char      *reason;
    credhub_str_t    text;
    credhub_jwks_t  *set;
    ngx_slab_pool_t *pool;

    text.data = ngx_alloc(CREDHUB_JWKS_MAX, ngx_cycle->log);
    if (text.data == NULL) {
        return;
    }

    pool = ngx_http_credhub_keys_lock(keys);

    epoch = keys->shared->epoch;
    text.len = keys->shared->len;
    ngx_memcpy(text.data, keys->shared->data, text.len);

    ngx_shmtx_unlock(&pool->mutex);

    set = credhub_jwks_parse(text, &reason);

    if (set != NULL) {
        credhub_jwks_free(keys->set);
        keys->set = set;
        keys->epoch = epoch;
    }

    ngx_free(text.data);
}


void
ngx_http_credhub_keys_refresh(
    ngx_http_credhub_keys_t *keys, ngx_http_request_t *r)
{
    if (keys->zone == NULL
        || ngx_http_credhub_keys_age(keys->shared->fetched)
               < NGX_HTTP_CREDHUB_KEYS_REFRESH)
    {
        return;
    }

    if (ngx_http_credhub_keys_depart(keys, NGX_HTTP_CREDHUB_KEYS_OLD) == NGX_OK)
    {
        (void) ngx_http_credhub_key_request(
            r, keys, NGX_HTTP_CREDHUB_KEYS_OLD, NGX_HTTP_SUBREQUEST_BACKGROUND);
    }
}


ngx_int_t
ngx_http_credhub_keys_fetch(ngx_http_credhub_keys_t *keys,
    ngx_http_request_t *r, ngx_http_credhub_keys_why_e why)
{
    ngx_int_t rc;

    if (keys->zone == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_credhub_keys_depart(keys, why);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_credhub_key_request(
               r, keys, why, NGX_HTTP_SUBREQUEST_WAITED)
                   == NGX_OK
               ? NGX_DONE
               : NGX_DECLINED;
}


static ngx_int_t
ngx_http_credhub_keys_depart(
    ngx_http_credhub_keys_t *keys, ngx_http_credhub_keys_why_e why)
{
    ngx_int_t                       rc;
    ngx_slab_pool_t                *pool;
    ngx_http_credhub_keys_shared_t *shared;

    shared = keys->shared;
    pool = ngx_http_credhub_keys_lock(keys);

    if (ngx_http_credhub_keys_age(shared->flight) < 0) {
        rc = NGX_BUSY;

    } else if (shared->tried[why] != 0
               && ngx_http_credhub_keys_age(shared->tried[why])
                      < ngx_http_credhub_keys_intervals[why])
    {
        rc = NGX_DECLINED;

    } else {
        rc = NGX_OK;
        shared->tried[why] = ngx_current_msec;
        shared->flight = ngx_current_msec + NGX_HTTP_CREDHUB_KEYS_FLIGHT;
    }

    ngx_shmtx_unlock(&pool->mutex);

    return rc;
}


void
ngx_http_credhub_keys_land(ngx_http_credhub_keys_t *keys,
    ngx_http_credhub_keys_why_e why, ngx_uint_t lost)
{
    ngx_slab_pool_t *pool;

    pool = ngx_http_credhub_keys_lock(keys);

    keys->shared->flight = ngx_current_msec;
    keys->shared->tried[why] = lost ? 0 : ngx_current_msec;

    ngx_shmtx_unlock(&pool->mutex);
}


const char *
ngx_http_credhub_keys_take(ngx_http_credhub_keys_t *keys, credhub_str_t text)
{
    const char                     *reason;
    credhub_jwks_t                 *set;
    ngx_slab_pool_t                *pool;
    ngx_http_credhub_keys_shared_t *shared;

    set = credhub_jwks_parse(text, &reason);

    if (set == NULL) {
        return reason;
    }

    if (credhub_jwks_count(set) == 0) {
        credhub_jwks_free(set);
        return "the set has no usable key";
    }

    shared = keys->shared;
    pool = ngx_http_credhub_keys_lock(keys);

    if (shared->epoch == 0 || shared->len != text.len
        || ngx_memcmp(shared->data, text.data, text.len) != 0)
    {
        ngx_memcpy(shared->data, text.data, text.len);
        shared->len = text.len;
        shared->epoch++;
    }

    shared->fetched = ngx_current_msec;
    keys->epoch = shared->epoch;

    ngx_shmtx_unlock(&pool->mutex);

    credhub_jwks_free(keys->set);
    keys->set = set;

    return NULL;
}
