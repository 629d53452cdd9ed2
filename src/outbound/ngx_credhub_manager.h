
/*
 * External secrets managers: reading named keys from HashiCorp Vault or OpenBao,
 * AWS Secrets Manager, Azure Key Vault, on a probe thread, with libcurl.
 * Nothing that was read leaves this room.
 */

#ifndef _NGX_CREDHUB_MANAGER_H_INCLUDED_
#define _NGX_CREDHUB_MANAGER_H_INCLUDED_


#include "ngx_credhub_dial.h"
#include "credhub_manager.h"


#define NGX_CREDHUB_MANAGER_ANSWER_MAX (1024 * 1024) /* bytes of a body */


/* One of the manager's endpoints, resolved and allowed. */

typedef struct {
    credhub_str_t        url; /* as in credhub_manager_t */
    ngx_credhub_target_t target;
} ngx_credhub_manager_endpoint_t;


typedef struct {
    const credhub_manager_t       *manager; /* with its secrets */
    ngx_credhub_manager_endpoint_t endpoints[CREDHUB_MANAGER_URLS_MAX];
    unsigned                       nendpoints;
    credhub_str_t                  ca;  /* PEM to trust besides the system's */
    int64_t                        now; /* seconds since 1970, for SigV4 */

    credhub_manager_key_t *keys;
    unsigned               nkeys;

    /* result */
    unsigned      ok:1;
    credhub_str_t reason; /* what failed, with the name of the key; without
                             anything that came from the manager beyond its
                             status */
} ngx_credhub_manager_read_t;

/* Reads every key. Strings of the result live in the arena. Only https; TLS is
 * verified; no redirect, no proxy, no signal, no environment, no .netrc. */
void ngx_credhub_manager_read(
    credhub_arena_t *arena, ngx_credhub_manager_read_t *read);


/* Once per process, before any thread: 0, or -1. */
int ngx_credhub_manager_init(void);


#endif /* _NGX_CREDHUB_MANAGER_H_INCLUDED_ */
