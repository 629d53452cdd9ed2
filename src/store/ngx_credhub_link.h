
/*
 * One connection to Redis, driven by nginx's event loop (hiredis,
 * asynchronous). The only file that knows hiredis is ngx_credhub_wire.c.
 *
 * A call is a pipeline of commands that completes as one. It owns an arena, and
 * its replies are created straight in that arena by hiredis's reader, so a
 * reply lives as long as its call and is never copied.
 */

#ifndef _NGX_CREDHUB_LINK_H_INCLUDED_
#define _NGX_CREDHUB_LINK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "credhub_arena.h"
#include "credhub_error.h"


#define NGX_CREDHUB_LINK_COMMANDS_MAX 1024
#define NGX_CREDHUB_LINK_BYTES_MAX    (16 * 1024 * 1024)
#define NGX_CREDHUB_REPLY_BYTES_MAX   (64 * 1024 * 1024) /* of one call */


/* The values are hiredis's. */

typedef enum {
    NGX_CREDHUB_REPLY_STRING = 1,
    NGX_CREDHUB_REPLY_ARRAY = 2,
    NGX_CREDHUB_REPLY_INTEGER = 3,
    NGX_CREDHUB_REPLY_NIL = 4,
    NGX_CREDHUB_REPLY_STATUS = 5,
    NGX_CREDHUB_REPLY_ERROR = 6
} ngx_credhub_reply_e;


typedef struct ngx_credhub_reply_s ngx_credhub_reply_t;

struct ngx_credhub_reply_s {
    int                   type; /* first: hiredis reads it there */
    int64_t               integer;
    credhub_str_t         str; /* STRING, STATUS, ERROR; NUL behind */
    ngx_uint_t            n;   /* ARRAY */
    ngx_credhub_reply_t **elements;
};


typedef struct ngx_credhub_link_s ngx_credhub_link_t;
typedef struct ngx_credhub_call_s ngx_credhub_call_t;

typedef void (*ngx_credhub_call_done_pt)(ngx_credhub_call_t *call);


struct ngx_credhub_call_s {
    credhub_arena_t         *arena;
    ngx_credhub_call_done_pt done; /* NULL: nobody waits any more */
    void                    *data; /* of who waits */

    /* CREDHUB_OK, or why there are no usable replies: CREDHUB_E_UNAVAILABLE
     * (link down, time out, LOADING, READONLY, OOM, ...), CREDHUB_E_BUSY (too
     * much pending), CREDHUB_E_INTERNAL (any other error reply). Error
     * replies have been logged and are never seen by the caller. */
    credhub_error_e error;

    ngx_uint_t            n; /* commands, and replies when OK */
    ngx_credhub_reply_t **replies;

    ngx_queue_t kept; /* for who created it */

    /* private to src/store */
    ngx_credhub_link_t *link;
    credhub_buf_t       request; /* the commands in RESP */
    ngx_uint_t          size;    /* room in replies */
    ngx_uint_t          received;
    size_t              taken; /* by replies */
    size_t             *ends;  /* end of each command in request */
    ngx_msec_t          deadline;
    uint64_t            begun; /* with metrics, by their clock */
    ngx_queue_t         queue;
    ngx_queue_t        *place;      /* the link's list it is in */
    ngx_uint_t          generation; /* of the link, when answered */
    const void         *script;     /* for EVALSHA, see script.h */
    credhub_str_t      *tags;       /* of each command; empty: none */
    unsigned            retried:1;
    unsigned            missed:1; /* in the cache, at that moment */
    unsigned            writes:1; /* asks behind its script for the feed */

    struct {
        uint64_t forgotten;
        uint64_t drops;
    } moment;
};


/*
 * A call for up to `max` commands over the link; NULL without memory.
 * Replies come to `done` from the event loop, never from within
 * ngx_credhub_call_send().
 */
ngx_credhub_call_t *ngx_credhub_call_create(ngx_credhub_link_t *link,
    ngx_uint_t max, ngx_credhub_call_done_pt done, void *data);

/* Appends one command. A failure to get memory shows at send. */
void ngx_credhub_call_command(
    ngx_credhub_call_t *call, ngx_uint_t argc, const credhub_str_t *argv);

/* The reply to the command that was appended last depends on `name` alone, of a
 * kind NGX_CREDHUB_TAG_*, and may be kept: see ngx_credhub_cache.h. */
void ngx_credhub_call_tag(
    ngx_credhub_call_t *call, u_char kind, credhub_str_t name);

/*
 * Sends the call, or parks it (bounded) while the link connects. NGX_OK, or
 * NGX_ERROR with call->error set (then `done` never fires and the caller
 * destroys the call).
 */
ngx_int_t ngx_credhub_call_send(ngx_credhub_call_t *call);

/*
 * The caller is no longer interested. A call in flight is freed after its
 * replies have come (a write is not undone), any other call at once.
 */
void ngx_credhub_call_destroy(ngx_credhub_call_t *call);


#endif /* _NGX_CREDHUB_LINK_H_INCLUDED_ */
