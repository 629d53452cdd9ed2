
/* A tree by hash and a queue by last use; entries are wiped when they go. */

#include "ngx_http_credhub_seen.h"
#include <openssl/evp.h>


typedef struct {
    ngx_rbtree_node_t           node; /* key: first bytes of the hash */
    ngx_queue_t                 queue;
    ngx_http_credhub_seen_key_t key;
    int64_t                     expires;
    unsigned                    scopes;
    size_t                      actor;
    size_t                      user;
    u_char                      data[]; /* actor, user */
} ngx_http_credhub_seen_t;


static void ngx_http_credhub_seen_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_http_credhub_seen_t *ngx_http_credhub_seen_find(
    const ngx_http_credhub_seen_key_t *key);
static void ngx_http_credhub_seen_remove(ngx_http_credhub_seen_t *seen);
static ngx_rbtree_key_t ngx_http_credhub_seen_node_key(
    const ngx_http_credhub_seen_key_t *key);
static ngx_int_t ngx_http_credhub_seen_compare(
    const ngx_http_credhub_seen_key_t *a, const ngx_http_credhub_seen_key_t *b);


static struct {
    ngx_rbtree_t      tree;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t       queue; /* used last in front */
    ngx_uint_t        n;
} ngx_http_credhub_seen;


void
ngx_http_credhub_seen_init(void)
{
    ngx_rbtree_init(&ngx_http_credhub_seen.tree,
        &ngx_http_credhub_seen.sentinel, ngx_http_credhub_seen_insert);
    ngx_queue_init(&ngx_http_credhub_seen.queue);

    ngx_http_credhub_seen.n = 0;
}


void
ngx_http_credhub_seen_free(void)
{
    while (ngx_http_credhub_seen.n != 0) {
        ngx_http_credhub_seen_remove(
            ngx_queue_data(ngx_queue_last(&ngx_http_credhub_seen.queue),
                ngx_http_credhub_seen_t, queue));
    }
}


ngx_int_t
ngx_http_credhub_seen_hash(
    ngx_http_credhub_seen_key_t *key, credhub_str_t token)
{
    return EVP_Digest(
               token.data, token.len, key->hash, NULL, EVP_sha256(), NULL)
                   == 1
               ? NGX_OK
               : NGX_ERROR;
}


ngx_int_t
ngx_http_credhub_seen_get(const ngx_http_credhub_seen_key_t *key,
    credhub_arena_t *arena, credhub_jwt_t *jwt)
{
    ngx_http_credhub_seen_t *seen;

    seen = ngx_http_credhub_seen_find(key);

    if (seen == NULL) {
        return NGX_DECLINED;
    }

    if (seen->key.epoch != key->epoch
        || credhub_jwt_expired(seen->expires, ngx_time()))
    {
        ngx_http_credhub_seen_remove(seen);
        return NGX_DECLINED;
    }

    ngx_queue_remove(&seen->queue);
    ngx_queue_insert_head(&ngx_http_credhub_seen.queue, &seen->queue);

    ngx_memzero(jwt, sizeof(credhub_jwt_t));

    jwt->expires = seen->expires;
    jwt->scopes = seen->scopes;
    jwt->actor = credhub_arena_copy(arena, seen->data, seen->actor);
    jwt->user = credhub_arena_copy(arena, seen->data + seen->actor, seen->user);

    return jwt->actor.data != NULL && jwt->user.data != NULL ? NGX_OK
                                                             : NGX_DECLINED;
}


void
ngx_http_credhub_seen_put(
    const ngx_http_credhub_seen_key_t *key, const credhub_jwt_t *jwt)
{
    ngx_http_credhub_seen_t *seen;

    seen = ngx_http_credhub_seen_find(key);

    if (seen != NULL) {
        ngx_http_credhub_seen_remove(seen);
    }

    if (ngx_http_credhub_seen.n == NGX_HTTP_CREDHUB_SEEN_MAX) {
        ngx_http_credhub_seen_remove(
            ngx_queue_data(ngx_queue_last(&ngx_http_credhub_seen.queue),
                ngx_http_credhub_seen_t, queue));
    }

    seen = ngx_alloc(
        sizeof(ngx_http_credhub_seen_t) + jwt->actor.len + jwt->user.len,
        ngx_cycle->log);

    if (seen == NULL) {
        return;
    }

    seen->key = *key;
    seen->expires = jwt->expires;
    seen->scopes = jwt->scopes;
    seen->actor = jwt->actor.len;
    seen->user = jwt->user.len;

    ngx_memcpy(ngx_cpymem(seen->data, jwt->actor.data, jwt->actor.len),
        jwt->user.data, jwt->user.len);

    seen->node.key = ngx_http_credhub_seen_node_key(key);

    ngx_rbtree_insert(&ngx_http_credhub_seen.tree, &seen->node);
    ngx_queue_insert_head(&ngx_http_credhub_seen.queue, &seen->queue);
    ngx_http_credhub_seen.n++;
}


static void
ngx_http_credhub_seen_remove(ngx_http_credhub_seen_t *seen)
{
    ngx_rbtree_delete(&ngx_http_credhub_seen.tree, &seen->node);
    ngx_queue_remove(&seen->queue);
    ngx_http_credhub_seen.n--;

    ngx_explicit_memzero(
        seen, sizeof(ngx_http_credhub_seen_t) + seen->actor + seen->user);
    ngx_free(seen);
}


static ngx_rbtree_key_t
ngx_http_credhub_seen_node_key(const ngx_http_credhub_seen_key_t *key)
{
    ngx_rbtree_key_t first;

    ngx_memcpy(&first, key->hash, sizeof(ngx_rbtree_key_t));

    return first;
}


/* Same hash and same rules: one token may be asked about by several. */

static ngx_int_t
ngx_http_credhub_seen_compare(
    const ngx_http_credhub_seen_key_t *a, const ngx_http_credhub_seen_key_t *b)
{
    ngx_int_t rc;

    rc = ngx_memcmp(a->hash, b->hash, NGX_HTTP_CREDHUB_SEEN_HASH);

    if (rc != 0) {
        return rc;
    }

    return ((uintptr_t) a->rules > (uintptr_t) b->rules)
           - ((uintptr_t) a->rules < (uintptr_t) b->rules);
}


static ngx_http_credhub_seen_t *
ngx_http_credhub_seen_find(const ngx_http_credhub_seen_key_t *key)
{
    ngx_int_t                rc;
    ngx_rbtree_key_t         first;
    ngx_rbtree_node_t       *node;
    ngx_http_credhub_seen_t *seen;

    node = ngx_http_credhub_seen.tree.root;
    first = ngx_http_credhub_seen_node_key(key);

    while (node != ngx_http_credhub_seen.tree.sentinel) {
        if (first != node->key) {
            node = first < node->key ? node->left : node->right;
            continue;
        }

        seen = (ngx_http_credhub_seen_t *) node;
        rc = ngx_http_credhub_seen_compare(key, &seen->key);

        if (rc == 0) {
            return seen;
        }

        node = rc < 0 ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_http_credhub_seen_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t **p;

    for (;;) {
        if (node->key != temp->key) {
            p = node->key < temp->key ? &temp->left : &temp->right;

        } else {
            p = ngx_http_credhub_seen_compare(
                    &((ngx_http_credhub_seen_t *) node)->key,
                    &((ngx_http_credhub_seen_t *) temp)->key)
                        < 0
                    ? &temp->left
                    : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}
