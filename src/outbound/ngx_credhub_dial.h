
/*
 * Connections that leave the hub, on a probe thread: to numeric addresses that
 * were allowed, with a deadline, and given up soon after nobody waits any more.
 * No function of this room resolves a name.
 */

#ifndef _NGX_CREDHUB_DIAL_H_INCLUDED_
#define _NGX_CREDHUB_DIAL_H_INCLUDED_


#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include "credhub_arena.h"


#define NGX_CREDHUB_ADDRESSES_MAX 8

typedef union {
    struct sockaddr     any;
    struct sockaddr_in  inet;
    struct sockaddr_in6 inet6;
} ngx_credhub_address_t;


/* Where, and how long. */

typedef struct {
    credhub_str_t         name; /* host as configured: for SNI and logs */
    ngx_credhub_address_t addresses[NGX_CREDHUB_ADDRESSES_MAX]; /* with port */
    unsigned              n;
    int64_t               deadline; /* CLOCK_MONOTONIC, milliseconds */
    atomic_int           *cancel;
} ngx_credhub_target_t;


/* While *flag is not zero, all are cancelled: the process terminates. Once per
 * process, before any thread. */
void ngx_credhub_dial_stop_on(const volatile sig_atomic_t *flag);

/* Milliseconds that are left; 0 when the deadline has passed or it was
 * cancelled. */
int ngx_credhub_dial_left(const ngx_credhub_target_t *target);

/* A connected socket, not blocking, close-on-exec; -1 and a static reason. The
 * addresses are tried in turn; each but the last has its share of the time. */
int ngx_credhub_dial(const ngx_credhub_target_t *target, const char **reason);

/* Waits for `events` (POLLIN, POLLOUT) in slices, so that cancel is noticed: 1,
 * 0 when time is up or it was cancelled. */
int ngx_credhub_dial_wait(
    const ngx_credhub_target_t *target, int fd, short events);

#define NGX_CREDHUB_DIAL_LATE   "The server did not answer in time"
#define NGX_CREDHUB_DIAL_CLOSED "The server closed the connection"

/* What has come, at most `len` bytes: how many; -1 and a static reason. */
ssize_t ngx_credhub_dial_some(const ngx_credhub_target_t *target, int fd,
    void *data, size_t len, const char **reason);

/* Exactly `len` bytes: 0; -1 and a static reason. */
int ngx_credhub_dial_read(const ngx_credhub_target_t *target, int fd,
    void *data, size_t len, const char **reason);
int ngx_credhub_dial_write(const ngx_credhub_target_t *target, int fd,
    const void *data, size_t len, const char **reason);


#endif /* _NGX_CREDHUB_DIAL_H_INCLUDED_ */
