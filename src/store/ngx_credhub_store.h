
/*
 * The store of one hub: where its Redis is, the key prefix, and this worker's
 * links to it. Allocated at configuration time and copied by fork; links exist
 * only between start and stop in a worker.
 *
 * Keys (all begin with "{prefix}:"): docs/architecture.md has the table.
 */

#ifndef _NGX_CREDHUB_STORE_H_INCLUDED_
#define _NGX_CREDHUB_STORE_H_INCLUDED_


#include "ngx_credhub_layout.h"
#include "ngx_credhub_link.h"


/* What a link is for. */

typedef enum {
    NGX_CREDHUB_LINK_COMMANDS = 0, /* short reads and writes */
    NGX_CREDHUB_LINK_LONG,         /* lists: big replies block nobody */
    NGX_CREDHUB_LINK_FEED,         /* with a cache: reads that wait */
    NGX_CREDHUB_LINKS
} ngx_credhub_link_e;


typedef struct {
    ngx_addr_t                 *addrs; /* of one configured address */
    ngx_uint_t                  naddrs;
    ngx_str_t                   name; /* as configured, for logs */
    ngx_uint_t                  db;
    ngx_str_t                   user;
    ngx_str_t                   password; /* empty: no AUTH */
    ngx_msec_t                  timeout;
    ngx_msec_t                  connect_timeout;
    credhub_str_t               prefix;   /* "{credhub}:" */
    unsigned                    writes:1; /* somebody may write here: no edge */
    struct ngx_credhub_cache_s *cache;    /* NULL: none */

    /* per process */
    ngx_credhub_link_t        *links[NGX_CREDHUB_LINKS];
    struct ngx_credhub_feed_s *feed; /* NULL: no cache */
    credhub_str_t              hub;  /* the hub id; len 0 until a link was
                                        ready for the first time */
    u_char                     hub_data[36];
} ngx_credhub_store_t;


/*
 * Parses the arguments of credhub_redis (cf->args). Returns the store, equal
 * stores of one configuration being one object in `stores` (of
 * ngx_credhub_store_t *), or NULL after a message with file and line. Options
 * of later layouts (sentinel=, cluster, tls, wait=) are refused by name.
 */
ngx_credhub_store_t *ngx_credhub_store_conf(
    ngx_conf_t *cf, ngx_array_t *stores);

/* Begins to connect (init_process). */
ngx_int_t ngx_credhub_store_start(
    ngx_credhub_store_t *store, ngx_cycle_t *cycle);

/* Adds this worker's links of each kind, and how many of them are ready. */
void ngx_credhub_store_count(const ngx_credhub_store_t *store,
    uint64_t links[NGX_CREDHUB_LINKS], uint64_t ready[NGX_CREDHUB_LINKS]);

/* Closes the links; every waiting call ends with CREDHUB_E_UNAVAILABLE
 * (exit_process). */
void ngx_credhub_store_stop(ngx_credhub_store_t *store);


#endif /* _NGX_CREDHUB_STORE_H_INCLUDED_ */
