
/*
 * What the files of a link share: ngx_credhub_link.c (its state),
 * ngx_credhub_wire.c (the connection), ngx_credhub_call.c (the calls that wait)
 * and ngx_credhub_handshake.c.
 */

#ifndef _NGX_CREDHUB_LINK_PRIVATE_H_INCLUDED_
#define _NGX_CREDHUB_LINK_PRIVATE_H_INCLUDED_


#include "ngx_credhub_store.h"


#define NGX_CREDHUB_REASON_MAX 200 /* bytes of a text from Redis in logs */
#define NGX_CREDHUB_RUN_LEN    40  /* of the id of a running Redis */


typedef enum {
    NGX_CREDHUB_LINK_DOWN = 0,   /* until the backoff timer; calls fail */
    NGX_CREDHUB_LINK_CONNECTING, /* or shaking hands; calls are parked */
    NGX_CREDHUB_LINK_READY
} ngx_credhub_link_state_e;


struct redisAsyncContext;


struct ngx_credhub_link_s {
    ngx_credhub_store_t     *store;
    ngx_credhub_link_state_e state;

    /* both NULL or neither */
    struct redisAsyncContext *redis;
    ngx_connection_t         *connection;

    ngx_uint_t generation; /* of the connection */
    ngx_uint_t address;    /* the next one to try */
    ngx_msec_t delay;      /* before the next attempt */
    ngx_msec_t since;      /* when it became ready */

    /* A call is in one of these, or is its owner's alone. */
    ngx_queue_t sent;     /* in the order of the replies */
    ngx_queue_t parked;   /* never written */
    ngx_queue_t failed;   /* `done` runs from the event loop */
    ngx_uint_t  commands; /* sent and parked */
    size_t      bytes;

    ngx_credhub_call_t *handshake; /* at the head of `sent` */

    ngx_event_t guard; /* deadline of the oldest call */
    ngx_event_t timer; /* connect, handshake, backoff */
    ngx_event_t work;  /* posted */

    u_char      run[NGX_CREDHUB_RUN_LEN]; /* with a cache: which server */
    const char *broken;                   /* why replies cannot be read */
    time_t      logged;                   /* second of the last error reply */
    ngx_str_t   problem;                  /* what was logged last, while it
                                             lasts */
    u_char      problem_data[NGX_CREDHUB_REASON_MAX];

    unsigned stopped:1;
};


/* ngx_credhub_link.c */

/* Begins to connect; NULL without memory. */
ngx_credhub_link_t *ngx_credhub_link_create(
    ngx_credhub_store_t *store, ngx_log_t *log);

/* Ends every waiting call with CREDHUB_E_UNAVAILABLE and frees the link. */
void ngx_credhub_link_destroy(ngx_credhub_link_t *link);

/* The connection stands; the handshake has its own time from here on. */
void ngx_credhub_link_connected(ngx_credhub_link_t *link);

/* The connection is gone. */
void ngx_credhub_link_lost(ngx_credhub_link_t *link, const ngx_str_t *reason);

/* Closes the connection. Safe at any time: calls in flight end later, from the
 * event loop. `reason` is logged unless it is NULL or was the last one. */
void ngx_credhub_link_close(ngx_credhub_link_t *link, const ngx_str_t *reason);

/* The call found another store than the one its connection shook hands with:
 * connects again, unless that has happened already. */
void ngx_credhub_link_renew(ngx_credhub_call_t *call);


/* ngx_credhub_wire.c */

/* Begins to connect; NGX_ERROR with the reason, which is static. */
ngx_int_t ngx_credhub_wire_open(ngx_credhub_link_t *link, ngx_str_t *reason);

/* Closes the connection without a word to the link. Safe at any time. */
void ngx_credhub_wire_close(ngx_credhub_link_t *link);

/* Hands a call's commands to the connection. */
ngx_int_t ngx_credhub_wire_write(
    ngx_credhub_link_t *link, ngx_credhub_call_t *call);


/* ngx_credhub_call.c */

/* Sends it now. */
void ngx_credhub_call_begin(ngx_credhub_call_t *call);

/* The call whose reply comes next; NULL when none is expected. */
ngx_credhub_call_t *ngx_credhub_call_head(ngx_credhub_link_t *link);

/* A complete reply of that call. */
void ngx_credhub_call_reply(
    ngx_credhub_call_t *call, ngx_credhub_reply_t *reply);

/* The link became ready: what was parked is sent. */
void ngx_credhub_calls_flush(ngx_credhub_link_t *link);

/* The connection is gone: what was sent has failed, and what was parked too
 * when the link was stopped. */
void ngx_credhub_calls_lost(ngx_credhub_link_t *link);

/* Tells the owners of failed calls. */
void ngx_credhub_calls_fail(ngx_credhub_link_t *link);

/* The handler of link->guard. */
void ngx_credhub_calls_guard(ngx_event_t *ev);

/* Command number i in RESP. */
credhub_str_t ngx_credhub_call_bytes(
    const ngx_credhub_call_t *call, ngx_uint_t i);

/* The text of an error reply that may be logged: no arguments in it. */
ngx_str_t ngx_credhub_reply_reason(const ngx_credhub_reply_t *reply);


/* ngx_credhub_store.c */

/* A number as an argument, in the call's arena. */
credhub_str_t ngx_credhub_call_decimal(ngx_credhub_call_t *call, int64_t value);

/* prefix + kind + name, in the call's arena. */
credhub_str_t ngx_credhub_call_key(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const char *kind, credhub_str_t name);


/* ngx_credhub_script.c */

/* EVAL in place of an EVALSHA that Redis did not know. */
void ngx_credhub_script_eval(ngx_credhub_call_t *call);

/* Appends the script with its body. */
void ngx_credhub_call_eval(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    ngx_uint_t id, ngx_uint_t argc, const credhub_str_t *argv);


/* ngx_credhub_handshake.c */

/* The commands every connection begins with; NULL without memory. */
ngx_credhub_call_t *ngx_credhub_handshake_create(
    ngx_credhub_link_t *link, ngx_credhub_call_done_pt done);

/* NGX_OK: store->hub is set; NGX_ERROR with what is wrong (static, or in the
 * call's arena). */
ngx_int_t ngx_credhub_handshake_check(
    ngx_credhub_call_t *call, ngx_str_t *reason);


#endif /* _NGX_CREDHUB_LINK_PRIVATE_H_INCLUDED_ */
