
/*
 * Sockets of probes: never blocking, and every wait is cut into slices, since
 * nothing wakes a thread whose result nobody wants any more. Whoever gets a
 * socket closes it.
 */

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include "ngx_credhub_dial.h"


#define NGX_CREDHUB_DIAL_SLICE 100 /* milliseconds */


static int         ngx_credhub_dial_one(const ngx_credhub_target_t *target,
            const ngx_credhub_address_t *address, const char **reason);
static const char *ngx_credhub_dial_reason(int err);


static const volatile sig_atomic_t *ngx_credhub_dial_stop;


void
ngx_credhub_dial_stop_on(const volatile sig_atomic_t *flag)
{
    ngx_credhub_dial_stop = flag;
}


int
ngx_credhub_dial_left(const ngx_credhub_target_t *target)
{
    int64_t         left;
    struct timespec now;

    if ((target->cancel != NULL && atomic_load(target->cancel))
        || (ngx_credhub_dial_stop != NULL && *ngx_credhub_dial_stop))
    {
        return 0;
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    left =
        target->deadline - (int64_t) now.tv_sec * 1000 - now.tv_nsec / 1000000;

    if (left <= 0) {
        return 0;
    }

    return left > INT32_MAX ? INT32_MAX : (int) left;
}


int
ngx_credhub_dial_wait(const ngx_credhub_target_t *target, int fd, short events)
{
    int           left;
    struct pollfd pfd;

    for (;;) {
        left = ngx_credhub_dial_left(target);

        if (left == 0) {
            return 0;
        }

        if (left > NGX_CREDHUB_DIAL_SLICE) {
            left = NGX_CREDHUB_DIAL_SLICE;
        }

        pfd.fd = fd;
        pfd.events = events;
        pfd.revents = 0;

        /* an error of the socket is an event, too: who reads is told */

        if (poll(&pfd, 1, left) > 0) {
            return 1;
        }
    }
}


int
ngx_credhub_dial(const ngx_credhub_target_t *target, const char **reason)
{
    int                  fd, left;
    unsigned             i;
    ngx_credhub_target_t turn;

    turn = *target;
    *reason = "There is no address to connect to";

    for (i = 0; i < target->n; i++) {
        left = ngx_credhub_dial_left(target);

        if (left == 0) {
            *reason = NGX_CREDHUB_DIAL_LATE;
            return -1;
        }

        turn.deadline = target->deadline - left + left / (int) (target->n - i);

        fd = ngx_credhub_dial_one(&turn, &target->addresses[i], reason);

        if (fd != -1) {
            return fd;
        }
    }

    return -1;
}


static int
ngx_credhub_dial_one(const ngx_credhub_target_t *target,
    const ngx_credhub_address_t *address, const char **reason)
{
    int       fd, err, on;
    socklen_t len;

    fd = socket(
        address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1) {
        *reason = ngx_credhub_dial_reason(errno);
        return -1;
    }

    on = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    len = address->any.sa_family == AF_INET6 ? sizeof(address->inet6)
                                             : sizeof(address->inet);
    err = 0;

    if (connect(fd, &address->any, len) == -1) {
        err = errno;
    }

    if (err == EINPROGRESS) {
        err = ETIMEDOUT;
        len = sizeof(err);

        if (ngx_credhub_dial_wait(target, fd, POLLOUT)
            && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1)
        {
            err = errno;
        }
    }

    if (err != 0) {
        *reason = ngx_credhub_dial_reason(err);
        (void) close(fd);
        return -1;
    }

    return fd;
}


static const char *
ngx_credhub_dial_reason(int err)
{
    switch (err) {
    case ECONNREFUSED:
        return "The connection was refused";

    case ECONNRESET:
    case EPIPE:
        return NGX_CREDHUB_DIAL_CLOSED;

    case EHOSTUNREACH:
    case ENETUNREACH:
        return "There is no route to the host";

    case ETIMEDOUT:
        return "The connection timed out";

    default:
        return "The connection failed";
    }
}


int
ngx_credhub_dial_read(const ngx_credhub_target_t *target, int fd, void *data,
    size_t len, const char **reason)
{
    u_char *p;
    ssize_t n;

    for (p = data; len > 0; p += n, len -= n) {
        n = ngx_credhub_dial_some(target, fd, p, len, reason);

        if (n == -1) {
            return -1;
        }
    }

    return 0;
}


ssize_t
ngx_credhub_dial_some(const ngx_credhub_target_t *target, int fd, void *data,
    size_t len, const char **reason)
{
    ssize_t n;

    while (ngx_credhub_dial_wait(target, fd, POLLIN)) {
        n = recv(fd, data, len, 0);

        if (n > 0) {
            return n;
        }

        if (n == 0) {
            *reason = NGX_CREDHUB_DIAL_CLOSED;
            return -1;
        }

        if (errno != EAGAIN && errno != EINTR) {
            *reason = ngx_credhub_dial_reason(errno);
            return -1;
        }
    }

    *reason = NGX_CREDHUB_DIAL_LATE;
    return -1;
}


int
ngx_credhub_dial_write(const ngx_credhub_target_t *target, int fd,
    const void *data, size_t len, const char **reason)
{
    ssize_t       n;
    const u_char *p;

    for (p = data; len > 0;) {
        if (!ngx_credhub_dial_wait(target, fd, POLLOUT)) {
            *reason = NGX_CREDHUB_DIAL_LATE;
            return -1;
        }

        n = send(fd, p, len, MSG_NOSIGNAL);

        if (n > 0) {
            p += n;
            len -= n;

        } else if (errno != EAGAIN && errno != EINTR) {
            *reason = ngx_credhub_dial_reason(errno);
            return -1;
        }
    }

    return 0;
}
