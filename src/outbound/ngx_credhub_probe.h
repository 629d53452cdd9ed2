
/*
 * Probes: what a server shows before anybody has logged in. Each runs on a
 * probe thread, with plain data in and out, and leaves nothing behind.
 */

#ifndef _NGX_CREDHUB_PROBE_H_INCLUDED_
#define _NGX_CREDHUB_PROBE_H_INCLUDED_


#include "ngx_credhub_dial.h"
#include "credhub_trust.h"


#define NGX_CREDHUB_PROBE_TIME   10000 /* milliseconds in all */
#define NGX_CREDHUB_BANNER_MAX   4096
#define NGX_CREDHUB_SSH_KEYS_MAX 64 /* approved keys that are offered */


typedef enum {
    NGX_CREDHUB_PROBE_OK = 0,
    NGX_CREDHUB_PROBE_UNREACHED, /* no connection */
    NGX_CREDHUB_PROBE_FAILED     /* connected, and then something went wrong */
} ngx_credhub_probe_e;


/* A TLS server: how TLS begins there. */

typedef enum {
    NGX_CREDHUB_TLS_PLAIN = 0,
    NGX_CREDHUB_TLS_POSTGRES, /* SSLRequest, protocol 3.0 */
    NGX_CREDHUB_TLS_MYSQL     /* SSLRequest behind the handshake packet */
} ngx_credhub_tls_e;

typedef struct {
    ngx_credhub_target_t target;
    ngx_credhub_tls_e    start;
    unsigned             reach:1; /* connect only, no TLS */

    /* result */
    ngx_credhub_probe_e result;
    const char         *reason;   /* static, unless it is OK */
    unsigned            no_tls:1; /* FAILED: the server said it speaks none */
    credhub_str_t       sent[CREDHUB_TRUST_SENT_MAX]; /* DER, leaf first; OK */
    unsigned            nsent;
} ngx_credhub_probe_tls_t;

/* Shakes hands with any certificate (nothing is verified here, the chain is
 * the result) and goes away. Strings live in the arena. A chain of more than
 * CREDHUB_TRUST_SENT_MAX certificates fails. */
void ngx_credhub_probe_tls(
    credhub_arena_t *arena, ngx_credhub_probe_tls_t *probe);


/* An SSH server: its host key. */

typedef struct {
    ngx_credhub_target_t target;
    credhub_str_t        approved[NGX_CREDHUB_SSH_KEYS_MAX]; /* public keys */
    unsigned             napproved;

    /* result */
    ngx_credhub_probe_e result;
    const char         *reason; /* static, unless it is OK */
    credhub_str_t       type;   /* "ssh-ed25519", ... */
    credhub_str_t       hash;   /* padded base64 of SHA-256 of the key blob */
    credhub_str_t       public_key; /* "TYPE BASE64 NAME:PORT" */
} ngx_credhub_probe_ssh_t;

/*
 * Does the key exchange (libssh, which verifies that the server holds the key),
 * offering the algorithms of the approved keys, and when there are none or the
 * server has none of them, ed25519, ecdsa, rsa. Reads no configuration file and
 * no known_hosts, runs no command, connects to nothing itself. Strings live in
 * the arena.
 */
void ngx_credhub_probe_ssh(
    credhub_arena_t *arena, ngx_credhub_probe_ssh_t *probe);


#endif /* _NGX_CREDHUB_PROBE_H_INCLUDED_ */
