
/* Switches and counters of the whole store. */

#ifndef _NGX_CREDHUB_SYSTEM_H_INCLUDED_
#define _NGX_CREDHUB_SYSTEM_H_INCLUDED_


#include "ngx_credhub_grants.h"
#include "credhub_keyring.h"


/*
 * Read-only mode. Every write script checks it, so it holds for all workers and
 * nodes with the next command.
 */

/* A plain command that may stand beside others in a call; reply number i. */
void ngx_credhub_read_only_check(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store);
ngx_uint_t ngx_credhub_read_only_checked(
    ngx_credhub_call_t *call, ngx_uint_t i);

/* Turns it on or off. NGX_OK with the state, NGX_ERROR with *error. */
void      ngx_credhub_read_only_set(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, ngx_uint_t on,
         const ngx_credhub_guard_t *guard);
ngx_int_t ngx_credhub_read_only_switched(
    ngx_credhub_call_t *call, ngx_uint_t *on, credhub_error_e *error);


/* Versions with a secret part, by the key that sealed them. */

typedef struct {
    int64_t active;   /* sealed with a key that seals now */
    int64_t inactive; /* with another configured key */
    int64_t unknown;  /* with a key that is not configured */
} ngx_credhub_key_usage_t;

void ngx_credhub_key_usage_read(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store);
ngx_int_t ngx_credhub_key_usage_result(ngx_credhub_call_t *call,
    const credhub_keyring_t *keyring, ngx_credhub_key_usage_t *usage,
    credhub_error_e *error);


#endif /* _NGX_CREDHUB_SYSTEM_H_INCLUDED_ */
