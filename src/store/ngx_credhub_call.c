
/*
 * Calls of a link. A call is in exactly one place: with its owner (before it
 * was sent, and after `done`), parked while the link connects, sent and waiting
 * for its replies, or failed and waiting for the event loop to tell its owner.
 * A sent call whose owner has left stays to receive its replies, since Redis
 * matches them by order alone.
 *
 * One timer per link guards the oldest waiting call. It is not cancelable, so a
 * worker that shuts down waits for answers, and it stands only while there is
 * a call to wait for.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_feed.h"
#include "ngx_credhub_script.h"
#include "credhub_metrics.h"


#define NGX_CREDHUB_CALL_ARENA   4096
#define NGX_CREDHUB_CALL_REQUEST 512
#define NGX_CREDHUB_CALL_NUMBER  (1 + NGX_SIZE_T_LEN + 2) /* "$123" CRLF */


static u_char *ngx_credhub_call_number(u_char *p, u_char type, size_t n);
static void    ngx_credhub_call_enqueue(
       ngx_credhub_call_t *call, ngx_queue_t *queue);
static void ngx_credhub_call_dequeue(ngx_credhub_call_t *call);
static void ngx_credhub_call_fail(ngx_credhub_call_t *call);
static void ngx_credhub_call_measure(
    ngx_credhub_call_t *call, ngx_uint_t failed);
static void                ngx_credhub_calls_watch(ngx_credhub_link_t *link);
static ngx_credhub_call_t *ngx_credhub_calls_oldest(ngx_credhub_link_t *link);
static ngx_str_t  ngx_credhub_call_name(ngx_credhub_call_t *call, ngx_uint_t i);
static ngx_int_t  ngx_credhub_call_again(ngx_credhub_call_t *call);
static void       ngx_credhub_call_check(ngx_credhub_call_t *call);
static void       ngx_credhub_call_log(ngx_credhub_call_t *call, ngx_uint_t i);
static ngx_uint_t ngx_credhub_reply_starts(
    const ngx_credhub_reply_t *reply, const ngx_str_t *word);


/* Error replies that say: not now, or not by you. */

static const ngx_str_t ngx_credhub_reply_unavailable[] = { ngx_string(
                                                               "LOADING"),
    ngx_string("READONLY"), ngx_string("OOM"), ngx_string("MISCONF"),
    ngx_string("MASTERDOWN"), ngx_string("NOAUTH"), ngx_string("WRONGPASS"),
    ngx_string("NOPERM"), ngx_string("BUSY"), ngx_string("CLUSTERDOWN"),
    ngx_string("TRYAGAIN"), ngx_string("NOREPLICAS"), ngx_null_string };

static const ngx_str_t ngx_credhub_reply_noscript = ngx_string("NOSCRIPT");


ngx_credhub_call_t *
ngx_credhub_call_create(ngx_credhub_link_t *link, ngx_uint_t max,
    ngx_credhub_call_done_pt done, void *data)
{
    credhub_arena_t    *arena;
    ngx_credhub_call_t *call;

    if (link == NULL) {
        return NULL;
    }

    arena = credhub_arena_create(NGX_CREDHUB_CALL_ARENA);
    if (arena == NULL) {
        return NULL;
    }

    call = credhub_arena_alloc(arena, sizeof(ngx_credhub_call_t));
    if (call == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    call->arena = arena;
    call->link = link;
    call->done = done;
    call->data = data;

    /* a script that writes may have to ask one thing more */

    call->size = ++max;

    call->replies =
        credhub_arena_alloc(arena, max * sizeof(ngx_credhub_reply_t *));
    call->ends = credhub_arena_alloc(arena, max * sizeof(size_t));
    call->tags = credhub_arena_alloc(arena, max * sizeof(credhub_str_t));

    if (call->replies == NULL || call->ends == NULL || call->tags == NULL) {
        credhub_arena_destroy(arena);
        return NULL;
    }

    credhub_buf_init(&call->request, arena, NGX_CREDHUB_CALL_REQUEST);

    return call;
}


void
ngx_credhub_call_command(
    ngx_credhub_call_t *call, ngx_uint_t argc, const credhub_str_t *argv)
{
    size_t     size;
    u_char    *p;
    ngx_uint_t i;

    if (call->n == call->size) {
        call->request.failed = 1;
        return;
    }

    size = NGX_CREDHUB_CALL_NUMBER + argc * (NGX_CREDHUB_CALL_NUMBER + 2) + 1;

    for (i = 0; i < argc; i++) {
        size += argv[i].len;
    }

    p = credhub_buf_reserve(&call->request, size);
    if (p == NULL) {
        return;
    }

    p = ngx_credhub_call_number(p, '*', argc);

    for (i = 0; i < argc; i++) {
        p = ngx_credhub_call_number(p, '$', argv[i].len);

        if (argv[i].len != 0) {
            p = ngx_cpymem(p, argv[i].data, argv[i].len);
        }

        *p++ = CR;
        *p++ = LF;
    }

    /* hiredis looks at the byte behind a command */

    *p = '\0';

    call->request.len = p - call->request.data;
    call->ends[call->n++] = call->request.len;
}


static u_char *
ngx_credhub_call_number(u_char *p, u_char type, size_t n)
{
    u_char *digit, digits[NGX_SIZE_T_LEN];

    digit = digits + sizeof(digits);

    do {
        *--digit = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    *p++ = type;
    p = ngx_cpymem(p, digit, digits + sizeof(digits) - digit);
    *p++ = CR;
    *p++ = LF;

    return p;
}


void
ngx_credhub_call_tag(ngx_credhub_call_t *call, u_char kind, credhub_str_t name)
{
    credhub_buf_t tag;

    if (call->request.failed || call->n == 0) {
        return;
    }

    credhub_buf_init(&tag, call->arena, 1 + name.len);
    credhub_buf_add(&tag, &kind, 1);
    credhub_buf_add_str(&tag, name);

    if (!tag.failed) {
        call->tags[call->n - 1] = credhub_buf_str(&tag);
    }
}


credhub_str_t
ngx_credhub_call_bytes(const ngx_credhub_call_t *call, ngx_uint_t i)
{
    credhub_str_t bytes;
    size_t        begin;

    begin = i == 0 ? 0 : call->ends[i - 1];

    bytes.data = call->request.data + begin;
    bytes.len = call->ends[i] - begin;

    return bytes;
}


ngx_int_t
ngx_credhub_call_send(ngx_credhub_call_t *call)
{
    ngx_credhub_link_t *link;

    link = call->link;

    if (call->request.failed || call->n == 0) {
        call->error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    if (link->state == NGX_CREDHUB_LINK_DOWN) {
        call->error = CREDHUB_E_UNAVAILABLE;
        return NGX_ERROR;
    }

    if (call->n > NGX_CREDHUB_LINK_COMMANDS_MAX - link->commands
        || call->request.len > NGX_CREDHUB_LINK_BYTES_MAX - link->bytes)
    {
        call->error = CREDHUB_E_BUSY;
        return NGX_ERROR;
    }

    call->deadline = ngx_current_msec + link->store->timeout;

    if (link->state == NGX_CREDHUB_LINK_READY) {
        ngx_credhub_call_begin(call);

    } else {
        ngx_credhub_call_enqueue(call, &link->parked);
    }

    ngx_credhub_calls_watch(link);

    return NGX_OK;
}


void
ngx_credhub_call_begin(ngx_credhub_call_t *call)
{
    static const ngx_str_t reason = ngx_string("cannot send a command");

    call->generation = call->link->generation;
    call->begun = credhub_metrics != NULL ? credhub_metrics_clock() : 0;

    ngx_credhub_call_enqueue(call, &call->link->sent);

    if (ngx_credhub_wire_write(call->link, call) != NGX_OK) {
        ngx_credhub_link_close(call->link, &reason);
    }
}


void
ngx_credhub_call_destroy(ngx_credhub_call_t *call)
{
    if (call->place == &call->link->sent) {
        call->done = NULL;
        return;
    }

    if (call->place != NULL) {
        ngx_credhub_call_dequeue(call);
        ngx_credhub_calls_watch(call->link);
    }

    credhub_arena_destroy(call->arena);
}


static void
ngx_credhub_call_enqueue(ngx_credhub_call_t *call, ngx_queue_t *queue)
{
    ngx_queue_insert_tail(queue, &call->queue);
    call->place = queue;

    if (queue != &call->link->failed) {
        call->link->commands += call->n;
        call->link->bytes += call->request.len;
    }
}


static void
ngx_credhub_call_dequeue(ngx_credhub_call_t *call)
{
    ngx_queue_remove(&call->queue);

    if (call->place != &call->link->failed) {
        call->link->commands -= call->n;
        call->link->bytes -= call->request.len;
    }

    call->place = NULL;
}


ngx_credhub_call_t *
ngx_credhub_call_head(ngx_credhub_link_t *link)
{
    if (ngx_queue_empty(&link->sent)) {
        return NULL;
    }

    return ngx_queue_data(
        ngx_queue_head(&link->sent), ngx_credhub_call_t, queue);
}


void
ngx_credhub_call_reply(ngx_credhub_call_t *call, ngx_credhub_reply_t *reply)
{
    ngx_credhub_link_t *link;

    link = call->link;

    call->replies[call->received++] = reply;

    if (call->received < call->n) {
        return;
    }

    ngx_credhub_call_dequeue(call);
    ngx_credhub_call_measure(call, 0);

    if (call != link->handshake) {
        link->delay = 0;

        if (ngx_credhub_call_again(call) == NGX_OK) {
            return;
        }

        ngx_credhub_call_check(call);
        ngx_credhub_calls_watch(link);

        if (link->store->feed != NULL && call->error == CREDHUB_OK) {
            ngx_credhub_feed_answered(link->store->feed, call);
        }
    }

    if (call->done != NULL) {
        call->done(call);

    } else {
        ngx_credhub_call_destroy(call);
    }
}


static void
ngx_credhub_call_measure(ngx_credhub_call_t *call, ngx_uint_t failed)
{
    ngx_uint_t link;

    if (credhub_metrics == NULL) {
        return;
    }

    for (link = 0; link < NGX_CREDHUB_LINKS
                   && call->link->store->links[link] != call->link;
         link++)
    {
        /* void */
    }

    credhub_metrics_call(link,
        call->begun != 0 ? credhub_metrics_clock() - call->begun : 0, failed);
}


/* A script that Redis does not hold is sent once more, with its body. */

static ngx_int_t
ngx_credhub_call_again(ngx_credhub_call_t *call)
{
    if (call->script == NULL || call->retried
        || !ngx_credhub_reply_starts(
            call->replies[0], &ngx_credhub_reply_noscript))
    {
        return NGX_DECLINED;
    }

    ngx_credhub_script_eval(call);

    if (call->request.failed) {
        return NGX_DECLINED;
    }

    call->retried = 1;
    call->received = 0;
    call->deadline = ngx_current_msec + call->link->store->timeout;

    ngx_credhub_call_begin(call);
    ngx_credhub_calls_watch(call->link);

    return NGX_OK;
}


static void
ngx_credhub_call_check(ngx_credhub_call_t *call)
{
    ngx_uint_t       i;
    const ngx_str_t *word;

    for (i = 0; i < call->n; i++) {
        if (call->replies[i]->type != NGX_CREDHUB_REPLY_ERROR) {
            continue;
        }

        ngx_credhub_call_log(call, i);

        call->error = CREDHUB_E_INTERNAL;

        for (word = ngx_credhub_reply_unavailable; word->len != 0; word++) {
            if (ngx_credhub_reply_starts(call->replies[i], word)) {
                call->error = CREDHUB_E_UNAVAILABLE;
                break;
            }
        }

        return;
    }
}


/* At most one line per second: every call fails while Redis is unwell. */

static void
ngx_credhub_call_log(ngx_credhub_call_t *call, ngx_uint_t i)
{
    ngx_str_t           name, reason;
    ngx_credhub_link_t *link;

    link = call->link;

    if (link->logged == ngx_time()) {
        return;
    }

    link->logged = ngx_time();

    name = ngx_credhub_call_name(call, i);
    reason = ngx_credhub_reply_reason(call->replies[i]);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
        "credhub: redis \"%V\" answered to \"%V\": %V", &link->store->name,
        &name, &reason);
}


static ngx_uint_t
ngx_credhub_reply_starts(
    const ngx_credhub_reply_t *reply, const ngx_str_t *word)
{
    return reply->type == NGX_CREDHUB_REPLY_ERROR && reply->str.len >= word->len
           && ngx_strncmp(reply->str.data, word->data, word->len) == 0;
}


ngx_str_t
ngx_credhub_reply_reason(const ngx_credhub_reply_t *reply)
{
    u_char   *p;
    ngx_str_t reason;

    reason.data = reply->str.data;
    reason.len = ngx_min(reply->str.len, NGX_CREDHUB_REASON_MAX);

    /* "unknown command ..., with args beginning with: ..." */

    p = ngx_strnstr(reason.data, (char *) "with args", reason.len);
    if (p != NULL) {
        reason.len = p - reason.data;
    }

    for (p = reason.data; p < reason.data + reason.len; p++) {
        if (*p < ' ' || *p == 0x7f) {
            *p = ' ';
        }
    }

    return reason;
}


/* The script, or the word of command number i: "*2\r\n$5\r\nHMGET\r\n...". */

static ngx_str_t
ngx_credhub_call_name(ngx_credhub_call_t *call, ngx_uint_t i)
{
    u_char                     *p, *last;
    ngx_str_t                   name;
    credhub_str_t               bytes;
    const ngx_credhub_script_t *script;

    script = call->script;

    if (script != NULL) {
        name.data = (u_char *) script->name;
        name.len = ngx_strlen(script->name);

        return name;
    }

    bytes = ngx_credhub_call_bytes(call, i);
    p = bytes.data;
    last = p + bytes.len;

    p = ngx_strlchr(p, last, LF) + 1;
    p = ngx_strlchr(p, last, LF) + 1;

    name.data = p;
    name.len = ngx_strlchr(p, last, CR) - p;

    return name;
}


void
ngx_credhub_calls_flush(ngx_credhub_link_t *link)
{
    ngx_queue_t        *q;
    ngx_credhub_call_t *call;

    /* a failing write closes the link, and the rest stays parked */

    while (link->state == NGX_CREDHUB_LINK_READY
           && !ngx_queue_empty(&link->parked)) {
        q = ngx_queue_head(&link->parked);
        call = ngx_queue_data(q, ngx_credhub_call_t, queue);

        ngx_credhub_call_dequeue(call);
        ngx_credhub_call_begin(call);
    }

    ngx_credhub_calls_watch(link);
}


void
ngx_credhub_calls_lost(ngx_credhub_link_t *link)
{
    ngx_queue_t        *q;
    ngx_credhub_call_t *call;

    while ((call = ngx_credhub_call_head(link)) != NULL) {
        if (call == link->handshake) {
            link->handshake = NULL;
            call->done = NULL;
        }

        ngx_credhub_call_fail(call);
    }

    while (link->stopped && !ngx_queue_empty(&link->parked)) {
        q = ngx_queue_head(&link->parked);
        ngx_credhub_call_fail(ngx_queue_data(q, ngx_credhub_call_t, queue));
    }

    ngx_credhub_calls_watch(link);
}


static void
ngx_credhub_call_fail(ngx_credhub_call_t *call)
{
    ngx_credhub_link_t *link;

    link = call->link;

    ngx_credhub_call_dequeue(call);

    if (call->done == NULL) {
        credhub_arena_destroy(call->arena);
        return;
    }

    ngx_credhub_call_measure(call, 1);
    call->error = CREDHUB_E_UNAVAILABLE;

    ngx_credhub_call_enqueue(call, &link->failed);
    ngx_post_event(&link->work, &ngx_posted_events);
}


void
ngx_credhub_calls_fail(ngx_credhub_link_t *link)
{
    ngx_queue_t        *q;
    ngx_credhub_call_t *call;

    while (!ngx_queue_empty(&link->failed)) {
        q = ngx_queue_head(&link->failed);
        call = ngx_queue_data(q, ngx_credhub_call_t, queue);

        ngx_credhub_call_dequeue(call);
        call->done(call);
    }
}


/* Calls stand in the order of their deadlines. The handshake has a timer of
 * its own. */

static ngx_credhub_call_t *
ngx_credhub_calls_oldest(ngx_credhub_link_t *link)
{
    if (link->state == NGX_CREDHUB_LINK_READY) {
        return ngx_credhub_call_head(link);
    }

    if (ngx_queue_empty(&link->parked)) {
        return NULL;
    }

    return ngx_queue_data(
        ngx_queue_head(&link->parked), ngx_credhub_call_t, queue);
}


/* A timer that stands is never later than the oldest deadline. */

static void
ngx_credhub_calls_watch(ngx_credhub_link_t *link)
{
    ngx_msec_int_t      left;
    ngx_credhub_call_t *call;

    call = ngx_credhub_calls_oldest(link);

    if (call == NULL) {
        if (link->guard.timer_set) {
            ngx_del_timer(&link->guard);
        }

        return;
    }

    if (!link->guard.timer_set) {
        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);
        ngx_add_timer(&link->guard, left > 0 ? left : 1);
    }
}


void
ngx_credhub_calls_guard(ngx_event_t *ev)
{
    u_char              text[NGX_CREDHUB_REASON_MAX];
    ngx_str_t           name, reason;
    ngx_credhub_call_t *call;
    ngx_credhub_link_t *link;

    link = ngx_queue_data(ev, ngx_credhub_link_t, guard);

    while ((call = ngx_credhub_calls_oldest(link)) != NULL
           && (ngx_msec_int_t) (call->deadline - ngx_current_msec) <= 0)
    {
        if (link->state != NGX_CREDHUB_LINK_READY) {
            ngx_credhub_call_fail(call);
            continue;
        }

        /* replies are matched by order: a late one cannot be skipped */

        name = ngx_credhub_call_name(call, call->received);

        reason.data = text;
        reason.len =
            ngx_snprintf(text, sizeof(text), "\"%V\" timed out", &name) - text;

        ngx_credhub_link_close(link, &reason);
    }

    ngx_credhub_calls_watch(link);
}
