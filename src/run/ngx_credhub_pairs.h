
/*
 * Certificates with their private keys as a worker has parsed them, the ones
 * used last, within a number of bytes.
 */

#ifndef _NGX_CREDHUB_PAIRS_H_INCLUDED_
#define _NGX_CREDHUB_PAIRS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_credhub_pair.h"

#include <openssl/ssl.h>


#define NGX_CREDHUB_PAIRS_MAX (16 * 1024 * 1024) /* bytes, by estimate */


/* init_process, exit_process */
void ngx_credhub_pairs_init(void);
void ngx_credhub_pairs_free(void);

/* Is that version of a name parsed? */
ngx_uint_t ngx_credhub_pairs_known(credhub_str_t folded, credhub_str_t version);

/* Parses the pair that an operation has read, unless it is known; an older
 * version of its name goes. NGX_OK, or NGX_ERROR: it cannot be used. */
ngx_int_t ngx_credhub_pairs_load(const ngx_credhub_pair_t *pair);

/* Gives a connection the one that was just loaded. */
void ngx_credhub_pairs_use(SSL *ssl, const ngx_credhub_pair_t *pair);


#endif /* _NGX_CREDHUB_PAIRS_H_INCLUDED_ */
