
/*
 * Tokens that were verified before, so that a busy client does not pay for a
 * signature with every request. A worker remembers who a token names, under
 * its SHA-256; the token itself is not kept.
 */

#ifndef _NGX_HTTP_CREDHUB_SEEN_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_SEEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "credhub_jwt.h"


#define NGX_HTTP_CREDHUB_SEEN_MAX  4096 /* the one unused longest goes */

#define NGX_HTTP_CREDHUB_SEEN_HASH 32


/* What it holds for: another rule or another key set asks anew. */

typedef struct {
    const void *rules;
    ngx_uint_t  epoch;
    u_char      hash[NGX_HTTP_CREDHUB_SEEN_HASH];
} ngx_http_credhub_seen_key_t;


/* NGX_OK: the hash of the token is in `key`. */
ngx_int_t ngx_http_credhub_seen_hash(
    ngx_http_credhub_seen_key_t *key, credhub_str_t token);

/* NGX_OK: `jwt` is filled in, its strings copied to the arena. */
ngx_int_t ngx_http_credhub_seen_get(const ngx_http_credhub_seen_key_t *key,
    credhub_arena_t *arena, credhub_jwt_t *jwt);

void ngx_http_credhub_seen_put(
    const ngx_http_credhub_seen_key_t *key, const credhub_jwt_t *jwt);

/* init_process, exit_process. */
void ngx_http_credhub_seen_init(void);
void ngx_http_credhub_seen_free(void);


#endif /* _NGX_HTTP_CREDHUB_SEEN_H_INCLUDED_ */
