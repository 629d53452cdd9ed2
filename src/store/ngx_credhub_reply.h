
/*
 * Replies as bytes, as shared memory has them: a type, and what belongs to it;
 * an array has its elements behind. Strings have a NUL behind them, so a reply
 * that is read points into the bytes.
 */

#ifndef _NGX_CREDHUB_REPLY_H_INCLUDED_
#define _NGX_CREDHUB_REPLY_H_INCLUDED_


#include "ngx_credhub_link.h"


/* Bytes that ngx_credhub_reply_write() needs. */
size_t ngx_credhub_reply_size(const ngx_credhub_reply_t *reply);

/* Returns the end of what was written. */
u_char *ngx_credhub_reply_write(u_char *p, const ngx_credhub_reply_t *reply);

/* Of bytes that were written here and live as long as the arena; NULL without
 * memory. */
ngx_credhub_reply_t *ngx_credhub_reply_read(
    credhub_arena_t *arena, credhub_str_t bytes);


#endif /* _NGX_CREDHUB_REPLY_H_INCLUDED_ */
