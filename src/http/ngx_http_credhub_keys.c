
/*
 * A fetch is a subrequest to the operator's location, stripped of everything
 * that came from the client. Its answer is taken in the filters, whatever its
 * size and whoever makes it, and never reaches the client.
 *
 * Shared state is guarded by the mutex of its zone; nothing is called while it
 * is held. A worker that dies during a fetch loses the flight, which ends by
 * itself.
 */

#include "ngx_http_credhub_keys.h"
#include "ngx_http_credhub_module.h"


#define NGX_HTTP_CREDHUB_KEYS_ANSWER 8192 /* first room for an answer */


typedef struct {
    ngx_uint_t epoch; /* 0: nothing was fetched yet */
    ngx_msec_t fetched;
    ngx_msec_t attempted;
    ngx_msec_t flight; /* end of the one that is under way */
    ngx_uint_t tried;  /* attempted is set */
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


/* The answer of one key request. */

typedef struct {
    ngx_http_credhub_keys_t *keys;
    ngx_uint_t               status;
    u_char                  *data;
    size_t                   len;
    size_t                   size;
    unsigned                 unusable:1;
} ngx_http_credhub_fetch_t;


static ngx_int_t ngx_http_credhub_keys_zone_init(
    ngx_shm_zone_t *zone, void *data);
static void ngx_http_credhub_keys_free(void *data);
static void ngx_http_credhub_keys_sync(ngx_http_credhub_keys_t *keys);
static ngx_slab_pool_t *ngx_http_credhub_keys_lock(
    ngx_http_credhub_keys_t *keys);
static ngx_int_t ngx_http_credhub_keys_start(
    ngx_http_credhub_keys_t *keys, ngx_http_request_t *r, ngx_uint_t flags);
static ngx_int_t ngx_http_credhub_keys_strip(
    ngx_http_request_t *r, ngx_http_request_t *sr);
static ngx_int_t ngx_http_credhub_keys_done(
    ngx_http_request_t *r, void *data, ngx_int_t rc);
static const char *ngx_http_credhub_keys_take(ngx_http_credhub_fetch_t *fetch);
static ngx_http_credhub_fetch_t *ngx_http_credhub_keys_fetching(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_keys_append(
    ngx_http_request_t *r, ngx_http_credhub_fetch_t *fetch, ngx_buf_t *b);


ngx_http_credhub_keys_t *
ngx_http_credhub_keys_file(ngx_conf_t *cf, ngx_str_t *file)
{
    ssize_t                  n;
    ngx_file_t               f;
    ngx_file_info_t          fi;
    const char              *reason;
    credhub_str_t            text;
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

    ngx_memzero(&f, sizeof(ngx_file_t));
    f.name = *file;
    f.log = cf->log;
    f.fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (f.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            ngx_open_file_n " \"%V\" failed", file);
        return NULL;
    }

    reason = "it is not a regular file of at most 1 MiB";
    text.data = NULL;
    text.len = 0;

    if (ngx_fd_info(f.fd, &fi) != NGX_FILE_ERROR && ngx_is_file(&fi)
        && ngx_file_size(&fi) <= CREDHUB_JWKS_MAX)
    {
        text.len = ngx_file_size(&fi);
        text.data = ngx_pnalloc(cf->temp_pool, text.len + 1);

        n = text.data == NULL ? NGX_ERROR
                              : ngx_read_file(&f, text.data, text.len, 0);

        if (n == (ssize_t) text.len) {
            text.data[n] = '\0';
            keys->set = credhub_jwks_parse(text, &reason);

        } else {
            reason = "it could not be read";
        }
    }

    (void) ngx_close_file(f.fd);

    if (keys->set == NULL) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "token keys of \"%V\": %s", file, reason);
        return NULL;
    }

    keys->epoch = 1;
    cln->handler = ngx_http_credhub_keys_free;
    cln->data = keys;

    return keys;
}


ngx_http_credhub_keys_t *
ngx_http_credhub_keys_request(ngx_conf_t *cf, ngx_str_t *uri)
{
    u_char                  *p;
    size_t                   size;
    ngx_str_t                name;
    ngx_pool_cleanup_t      *cln;
    ngx_http_credhub_keys_t *keys;

    keys = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_keys_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (keys == NULL || cln == NULL) {
        return NULL;
    }

    keys->uri = *uri;

    /* the line names it, so a reload finds what was fetched */

    name.len = sizeof("credhub_keys::") - 1 + cf->conf_file->file.name.len
               + NGX_INT_T_LEN;
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (name.data == NULL) {
        return NULL;
    }

    p = ngx_sprintf(name.data, "credhub_keys:%V:%ui", &cf->conf_file->file.name,
        cf->conf_file->line);
    name.len = p - name.data;

    size = ngx_align(sizeof(ngx_http_credhub_keys_shared_t), ngx_pagesize)
           + 16 * ngx_pagesize;

    keys->zone =
        ngx_shared_memory_add(cf, &name, size, &ngx_http_credhub_module);

    if (keys->zone == NULL) {
        return NULL;
    }

    keys->zone->init = ngx_http_credhub_keys_zone_init;
    keys->zone->data = keys;

    cln->handler = ngx_http_credhub_keys_free;
    cln->data = keys;

    return keys;
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


const credhub_jwks_t *
ngx_http_credhub_keys_get(ngx_http_credhub_keys_t *keys, ngx_uint_t *epoch)
{
    if (keys->zone != NULL) {
        if (keys->shared->epoch != keys->epoch) {
            ngx_http_credhub_keys_sync(keys);
        }

        if (ngx_current_msec - keys->shared->fetched
            > NGX_HTTP_CREDHUB_KEYS_STALE) {
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
    ngx_uint_t       due;
    ngx_slab_pool_t *pool;

    if (keys->zone == NULL
        || ngx_current_msec - keys->shared->fetched
               < NGX_HTTP_CREDHUB_KEYS_REFRESH)
    {
        return;
    }

    pool = ngx_http_credhub_keys_lock(keys);

    due = (ngx_msec_int_t) (keys->shared->flight - ngx_current_msec) <= 0
          && ngx_current_msec - keys->shared->attempted
                 >= NGX_HTTP_CREDHUB_KEYS_UNKNOWN;

    if (due) {
        keys->shared->attempted = ngx_current_msec;
        keys->shared->flight = ngx_current_msec + NGX_HTTP_CREDHUB_KEYS_FLIGHT;
    }

    ngx_shmtx_unlock(&pool->mutex);

    if (due) {
        (void) ngx_http_credhub_keys_start(
            keys, r, NGX_HTTP_SUBREQUEST_BACKGROUND);
    }
}


ngx_int_t
ngx_http_credhub_keys_fetch(
    ngx_http_credhub_keys_t *keys, ngx_http_request_t *r, ngx_msec_t interval)
{
    ngx_int_t        rc;
    ngx_slab_pool_t *pool;

    if (keys->zone == NULL) {
        return NGX_DECLINED;
    }

    pool = ngx_http_credhub_keys_lock(keys);

    if ((ngx_msec_int_t) (keys->shared->flight - ngx_current_msec) > 0) {
        rc = NGX_BUSY;

    } else if (keys->shared->tried
               && ngx_current_msec - keys->shared->attempted < interval)
    {
        rc = NGX_DECLINED;

    } else {
        rc = NGX_OK;
        keys->shared->tried = 1;
        keys->shared->attempted = ngx_current_msec;
        keys->shared->flight = ngx_current_msec + NGX_HTTP_CREDHUB_KEYS_FLIGHT;
    }

    ngx_shmtx_unlock(&pool->mutex);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_credhub_keys_start(keys, r, NGX_HTTP_SUBREQUEST_WAITED)
                   == NGX_OK
               ? NGX_DONE
               : NGX_DECLINED;
}


static ngx_int_t
ngx_http_credhub_keys_start(
    ngx_http_credhub_keys_t *keys, ngx_http_request_t *r, ngx_uint_t flags)
{
    ngx_http_request_t         *sr;
    ngx_http_credhub_fetch_t   *fetch;
    ngx_http_post_subrequest_t *ps;

    fetch = ngx_pcalloc(r->pool, sizeof(ngx_http_credhub_fetch_t));
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (fetch == NULL || ps == NULL) {
        return NGX_ERROR;
    }

    fetch->keys = keys;
    ps->handler = ngx_http_credhub_keys_done;
    ps->data = fetch;

    if (ngx_http_subrequest(r, &keys->uri, NULL, &sr, ps, flags) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_credhub_keys_strip(r, sr);
}


/* Nothing of the client goes to the source: no token, no body, no headers. */

static ngx_int_t
ngx_http_credhub_keys_strip(ngx_http_request_t *r, ngx_http_request_t *sr)
{
    static ngx_str_t get = ngx_string("GET ");

    sr->method = NGX_HTTP_GET;
    sr->method_name = get;
    sr->method_name.len = 3;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = r->headers_in.server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    sr->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    return ngx_list_init(
        &sr->headers_in.headers, r->pool, 4, sizeof(ngx_table_elt_t));
}


static ngx_int_t
ngx_http_credhub_keys_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_credhub_fetch_t *fetch = data;

    const char      *reason;
    ngx_slab_pool_t *pool;

    reason = "the request for them failed";

    if (rc == NGX_OK && fetch->status == NGX_HTTP_OK) {
        reason = ngx_http_credhub_keys_take(fetch);
    }

    if (reason != NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "no token keys from \"%V\": %s, status %ui", &fetch->keys->uri,
            reason, fetch->status);
    }

    pool = ngx_http_credhub_keys_lock(fetch->keys);
    fetch->keys->shared->flight = ngx_current_msec;
    ngx_shmtx_unlock(&pool->mutex);

    return rc;
}


/* NULL, or why the answer is of no use. */

static const char *
ngx_http_credhub_keys_take(ngx_http_credhub_fetch_t *fetch)
{
    const char                     *reason;
    credhub_str_t                   text;
    credhub_jwks_t                 *set;
    ngx_slab_pool_t                *pool;
    ngx_http_credhub_keys_t        *keys;
    ngx_http_credhub_keys_shared_t *shared;

    if (fetch->unusable || fetch->data == NULL) {
        return "the answer is empty, encoded, or larger than 1 MiB";
    }

    keys = fetch->keys;
    shared = keys->shared;

    text.data = fetch->data;
    text.len = fetch->len;

    set = credhub_jwks_parse(text, &reason);

    if (set == NULL) {
        return reason;
    }

    if (credhub_jwks_count(set) == 0) {
        credhub_jwks_free(set);
        return "the set has no usable key";
    }

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


static ngx_http_credhub_fetch_t *
ngx_http_credhub_keys_fetching(ngx_http_request_t *r)
{
    return r->post_subrequest != NULL
                   && r->post_subrequest->handler == ngx_http_credhub_keys_done
               ? r->post_subrequest->data
               : NULL;
}


ngx_int_t
ngx_http_credhub_keys_header(ngx_http_request_t *r)
{
    ngx_http_credhub_fetch_t *fetch;

    fetch = ngx_http_credhub_keys_fetching(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    fetch->status = r->err_status ? r->err_status : r->headers_out.status;

    if (r->headers_out.content_encoding != NULL
        && r->headers_out.content_encoding->value.len != 0)
    {
        fetch->unusable = 1;
    }

    r->header_sent = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_credhub_keys_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t              *cl;
    ngx_http_credhub_fetch_t *fetch;

    fetch = ngx_http_credhub_keys_fetching(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    for (cl = in; cl != NULL; cl = cl->next) {
        if (!fetch->unusable
            && ngx_http_credhub_keys_append(r, fetch, cl->buf) != NGX_OK)
        {
            fetch->unusable = 1;
        }

        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_keys_append(
    ngx_http_request_t *r, ngx_http_credhub_fetch_t *fetch, ngx_buf_t *b)
{
    size_t  len, size;
    u_char *data;

    if (!ngx_buf_in_memory(b)) {
        return ngx_buf_special(b) ? NGX_OK : NGX_DECLINED;
    }

    len = b->last - b->pos;

    if (len > CREDHUB_JWKS_MAX - fetch->len) {
        return NGX_DECLINED;
    }

    if (len > fetch->size - fetch->len) {
        size = ngx_max(2 * fetch->size, NGX_HTTP_CREDHUB_KEYS_ANSWER);
        size = ngx_max(size, fetch->len + len);

        data = ngx_palloc(r->pool, size);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (fetch->data != NULL) {
            ngx_memcpy(data, fetch->data, fetch->len);
            (void) ngx_pfree(r->pool, fetch->data);
        }

        fetch->data = data;
        fetch->size = size;
    }

    ngx_memcpy(fetch->data + fetch->len, b->pos, len);
    fetch->len += len;

    return NGX_OK;
}
