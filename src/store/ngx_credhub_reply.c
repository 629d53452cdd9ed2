
/* Each reply begins with its type and a number: a length, a count, an integer. */

#include "ngx_credhub_reply.h"


typedef struct {
    int     type;
    int64_t number;
} ngx_credhub_reply_head_t;


static u_char *ngx_credhub_reply_take(
    credhub_arena_t *arena, u_char *p, ngx_credhub_reply_t *reply);


size_t
ngx_credhub_reply_size(const ngx_credhub_reply_t *reply)
{
    size_t     size;
    ngx_uint_t i;

    size = sizeof(ngx_credhub_reply_head_t);

    if (reply->type == NGX_CREDHUB_REPLY_ARRAY) {
        for (i = 0; i < reply->n; i++) {
            size += ngx_credhub_reply_size(reply->elements[i]);
        }

    } else if (reply->str.data != NULL) {
        size += reply->str.len + 1;
    }

    return size;
}


u_char *
ngx_credhub_reply_write(u_char *p, const ngx_credhub_reply_t *reply)
{
    ngx_uint_t               i;
    ngx_credhub_reply_head_t head;

    ngx_memzero(&head, sizeof(ngx_credhub_reply_head_t));

    head.type = reply->type;
    head.number = reply->type == NGX_CREDHUB_REPLY_ARRAY ? (int64_t) reply->n
                  : reply->str.data != NULL ? (int64_t) reply->str.len
                                            : reply->integer;

    p = ngx_cpymem(p, &head, sizeof(ngx_credhub_reply_head_t));

    if (reply->type == NGX_CREDHUB_REPLY_ARRAY) {
        for (i = 0; i < reply->n; i++) {
            p = ngx_credhub_reply_write(p, reply->elements[i]);
        }

    } else if (reply->str.data != NULL) {
        p = ngx_cpymem(p, reply->str.data, reply->str.len);
        *p++ = '\0';
    }

    return p;
}


ngx_credhub_reply_t *
ngx_credhub_reply_read(credhub_arena_t *arena, credhub_str_t bytes)
{
    ngx_credhub_reply_t *reply;

    reply = credhub_arena_alloc(arena, sizeof(ngx_credhub_reply_t));

    return reply != NULL
                   && ngx_credhub_reply_take(arena, bytes.data, reply) != NULL
               ? reply
               : NULL;
}


static u_char *
ngx_credhub_reply_take(
    credhub_arena_t *arena, u_char *p, ngx_credhub_reply_t *reply)
{
    ngx_uint_t               i;
    ngx_credhub_reply_t     *elements;
    ngx_credhub_reply_head_t head;

    ngx_memcpy(&head, p, sizeof(ngx_credhub_reply_head_t));
    p += sizeof(ngx_credhub_reply_head_t);

    reply->type = head.type;

    if (head.type == NGX_CREDHUB_REPLY_INTEGER
        || head.type == NGX_CREDHUB_REPLY_NIL)
    {
        reply->integer = head.number;
        return p;
    }

    if (head.type != NGX_CREDHUB_REPLY_ARRAY) {
        reply->str.len = head.number;
        reply->str.data = p;

        return p + head.number + 1;
    }

    reply->n = head.number;
    reply->elements = credhub_arena_alloc(
        arena, (reply->n + 1) * sizeof(ngx_credhub_reply_t *));
    elements = credhub_arena_alloc(
        arena, (reply->n + 1) * sizeof(ngx_credhub_reply_t));

    if (reply->elements == NULL || elements == NULL) {
        return NULL;
    }

    for (i = 0; i < reply->n && p != NULL; i++) {
        reply->elements[i] = &elements[i];
        p = ngx_credhub_reply_take(arena, p, &elements[i]);
    }

    return p;
}
