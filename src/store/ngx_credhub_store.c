
/* The links of a store: one for short commands, one for long answers, and one
 * for the feed of a cache. */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_feed.h"


ngx_int_t
ngx_credhub_store_start(ngx_credhub_store_t *store, ngx_cycle_t *cycle)
{
    ngx_uint_t i;

    for (i = 0; i < NGX_CREDHUB_LINKS; i++) {
        if (i == NGX_CREDHUB_LINK_FEED && store->cache == NULL) {
            continue;
        }

        store->links[i] = ngx_credhub_link_create(store, cycle->log);

        if (store->links[i] == NULL) {
            return NGX_ERROR;
        }
    }

    if (store->cache == NULL) {
        return NGX_OK;
    }

    store->feed = ngx_credhub_feed_start(store, store->cache);

    return store->feed != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_credhub_store_count(const ngx_credhub_store_t *store,
    uint64_t links[NGX_CREDHUB_LINKS], uint64_t ready[NGX_CREDHUB_LINKS])
{
    ngx_uint_t i;

    for (i = 0; i < NGX_CREDHUB_LINKS; i++) {
        if (store->links[i] != NULL) {
            links[i]++;
            ready[i] += store->links[i]->state == NGX_CREDHUB_LINK_READY;
        }
    }
}


void
ngx_credhub_store_stop(ngx_credhub_store_t *store)
{
    ngx_uint_t          i;
    ngx_credhub_link_t *link;

    if (store->feed != NULL) {
        ngx_credhub_feed_stop(store->feed);
        store->feed = NULL;
    }

    for (i = 0; i < NGX_CREDHUB_LINKS; i++) {
        link = store->links[i];

        if (link != NULL) {
            ngx_credhub_link_destroy(link);
            store->links[i] = NULL;
        }
    }
}


credhub_str_t
ngx_credhub_call_key(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const char *kind, credhub_str_t name)
{
    credhub_buf_t key;

    credhub_buf_init(
        &key, call->arena, store->prefix.len + ngx_strlen(kind) + name.len);
    credhub_buf_add_str(&key, store->prefix);
    credhub_buf_add(&key, kind, ngx_strlen(kind));
    credhub_buf_add_str(&key, name);

    if (key.failed) {
        call->request.failed = 1;
    }

    return credhub_buf_str(&key);
}


credhub_str_t
ngx_credhub_call_decimal(ngx_credhub_call_t *call, int64_t value)
{
    credhub_str_t number;

    number.data = credhub_arena_bytes(call->arena, NGX_INT64_LEN);

    if (number.data == NULL) {
        call->request.failed = 1;
        return credhub_null_str;
    }

    number.len = ngx_sprintf(number.data, "%L", value) - number.data;

    return number;
}
