
/*
 * The keys that tokens are verified with: of a file, read at configuration, or
 * of a document that the operator's own location answers. That document lies in
 * shared memory, so one worker fetches it for all; each parses it for itself.
 */

#ifndef _NGX_HTTP_CREDHUB_KEYS_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "credhub_jwks.h"


#define NGX_HTTP_CREDHUB_KEYS_REFRESH 300000  /* older is fetched again */
#define NGX_HTTP_CREDHUB_KEYS_STALE   3600000 /* older is not used */
#define NGX_HTTP_CREDHUB_KEYS_LOOK    10000   /* between fetches with keys */
#define NGX_HTTP_CREDHUB_KEYS_RETRY   1000    /* between fetches without */
#define NGX_HTTP_CREDHUB_KEYS_FLIGHT  10000   /* one fetch; then it is lost */


/* Why the document is fetched. */

typedef enum {
    NGX_HTTP_CREDHUB_KEYS_MISSING = 0, /* there is none */
    NGX_HTTP_CREDHUB_KEYS_UNKNOWN,     /* a token names a key it has not */
    NGX_HTTP_CREDHUB_KEYS_OLD,
    NGX_HTTP_CREDHUB_KEYS_WHY
} ngx_http_credhub_keys_why_e;


typedef struct ngx_http_credhub_keys_s ngx_http_credhub_keys_t;


/* For the directives; NULL after a message. */
ngx_http_credhub_keys_t *ngx_http_credhub_keys_file(
    ngx_conf_t *cf, ngx_str_t *file);
ngx_http_credhub_keys_t *ngx_http_credhub_keys_request(
    ngx_conf_t *cf, ngx_str_t *uri);

/* The set as it is known now, NULL when there is none that may be used.
 * `epoch` changes with it. */
const credhub_jwks_t *ngx_http_credhub_keys_get(
    ngx_http_credhub_keys_t *keys, ngx_uint_t *epoch);

/* Fetches the set again beside the request when it is old. */
void ngx_http_credhub_keys_refresh(
    ngx_http_credhub_keys_t *keys, ngx_http_request_t *r);

/*
 * The request cannot go on with the set there is. NGX_DONE: a fetch was
 * started, r->write_event_handler runs after it. NGX_BUSY: another request
 * fetches, look again soon. NGX_DECLINED: nothing better is to be had now (the
 * last attempt was a moment ago, or the source is a file).
 */
ngx_int_t ngx_http_credhub_keys_fetch(ngx_http_credhub_keys_t *keys,
    ngx_http_request_t *r, ngx_http_credhub_keys_why_e why);


/* For the key request. */

ngx_str_t *ngx_http_credhub_keys_uri(ngx_http_credhub_keys_t *keys);

/* NULL, or why the document is of no use. */
const char *ngx_http_credhub_keys_take(
    ngx_http_credhub_keys_t *keys, credhub_str_t text);

/* The fetch has ended; `lost`: nobody knows what the source would have said. */
void ngx_http_credhub_keys_land(ngx_http_credhub_keys_t *keys,
    ngx_http_credhub_keys_why_e why, ngx_uint_t lost);


#endif /* _NGX_HTTP_CREDHUB_KEYS_H_INCLUDED_ */
