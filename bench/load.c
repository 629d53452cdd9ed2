
/*
 * Load over HTTPS with a client certificate: every connection sends the same
 * request again and again and reads each answer to its end. The handshakes are
 * made before the time begins. "NNNN" in the request becomes the number of the
 * connection.
 *
 * With an interval the requests of a connection have a schedule. One that was
 * due before the answer to its predecessor came is late, and its latency counts
 * from the time it was due: a stall delays all that should have happened in it.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>


#define LOAD_ANSWERS_MAX (16 * 1024 * 1024)
#define LOAD_REQUEST_MAX 16384
#define LOAD_ANSWER_MAX  65536
#define LOAD_NUMBER      "NNNN"


typedef struct {
    BIO     *bio;
    uint64_t due;   /* when the next request is sent */
    uint64_t since; /* latency counts from here */
    int      busy;
    size_t   len;
    size_t   size; /* of the whole answer; 0 while its header comes */
    char     answer[LOAD_ANSWER_MAX + 1];
} load_connection_t;


static struct {
    char               request[LOAD_REQUEST_MAX];
    int                request_len;
    char              *number;   /* in the request; NULL: none */
    uint64_t           interval; /* nanoseconds; 0: none */
    int                epoll;
    int                n;
    load_connection_t *connections;
    uint32_t          *latencies; /* microseconds */
    size_t             answers;
    size_t             failed; /* not 200 */
} load;


static void
load_die(const char *what)
{
    fprintf(stderr, "load: %s: %m\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}


static uint64_t
load_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static SSL_CTX *
load_tls(const char *ca, const char *certificate, const char *key)
{
    SSL_CTX *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL || SSL_CTX_load_verify_file(ctx, ca) != 1
        || SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1
        || SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
    {
        load_die("certificates");
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_read_ahead(ctx, 1);

    return ctx;
}


static void
load_connect(load_connection_t *c, SSL_CTX *ctx, const char *address)
{
    int                fd;
    struct epoll_event event;

    c->bio = BIO_new_ssl_connect(ctx);

    if (c->bio == NULL || BIO_set_conn_hostname(c->bio, address) != 1
        || BIO_do_handshake(c->bio) != 1)
    {
        load_die(address);
    }

    fd = (int) BIO_get_fd(c->bio, NULL);

    event.events = EPOLLIN;
    event.data.ptr = c;

    if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1
        || epoll_ctl(load.epoll, EPOLL_CTL_ADD, fd, &event) == -1)
    {
        load_die("epoll");
    }
}


/* A request is small: the socket takes it at once. */

static void
load_send(load_connection_t *c, uint64_t since)
{
    char number[sizeof(LOAD_NUMBER)];

    c->since = since;
    c->due += load.interval;
    c->busy = 1;
    c->len = 0;
    c->size = 0;

    if (load.number != NULL) {
        snprintf(number, sizeof(number), "%04d", (int) (c - load.connections));
        memcpy(load.number, number, sizeof(number) - 1);
    }

    if (BIO_write(c->bio, load.request, load.request_len) != load.request_len) {
        load_die("write");
    }
}


/* The size of the whole answer; 0 while its header is not complete. */

static size_t
load_size(const char *answer)
{
    const char *end, *length;

    static const char name[] = "\r\nContent-Length: ";

    end = strstr(answer, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }

    length = strstr(answer, name);
    if (length == NULL || length > end) {
        load_die("no Content-Length");
    }

    return (size_t) (end + 4 - answer)
           + strtoul(length + sizeof(name) - 1, NULL, 10);
}


static void
load_answered(load_connection_t *c)
{
    uint64_t now;

    now = load_now();

    if (load.answers == LOAD_ANSWERS_MAX) {
        load_die("too many answers");
    }

    load.latencies[load.answers++] = (uint32_t) ((now - c->since) / 1000);
    load.failed += strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0;

    c->busy = 0;

    if (load.interval == 0) {
        load_send(c, now);

    } else if (c->due <= now) {
        load_send(c, c->due);
    }
}


static void
load_read(load_connection_t *c)
{
    int n;

    for (;;) {
        n = BIO_read(
            c->bio, c->answer + c->len, (int) (LOAD_ANSWER_MAX - c->len));

        if (n <= 0) {
            break;
        }

        c->len += (size_t) n;
        c->answer[c->len] = '\0';

        if (c->size == 0) {
            c->size = load_size(c->answer);
        }

        if (!c->busy || (c->size != 0 && c->len > c->size)) {
            load_die("unexpected bytes");
        }

        if (c->len == c->size) {
            load_answered(c);
            return;
        }
    }

    if (!BIO_should_retry(c->bio)) {
        load_die("read");
    }
}


/* Sends what is due; returns the milliseconds until the next is, or the end. */

static int
load_due(uint64_t now, uint64_t next)
{
    int                i;
    load_connection_t *c;

    for (i = 0; load.interval != 0 && i < load.n; i++) {
        c = &load.connections[i];

        if (!c->busy && c->due <= now) {
            load_send(c, now);

        } else if (!c->busy && c->due < next) {
            next = c->due;
        }
    }

    return (int) ((next - now) / 1000000) + 1;
}


/* Returns the seconds it took. */

static double
load_run(uint64_t duration)
{
    int                i, n;
    uint64_t           begin, now;
    struct epoll_event events[64];

    begin = load_now();

    for (i = 0; i < load.n; i++) {
        load.connections[i].due =
            begin + load.interval * (uint64_t) i / (uint64_t) load.n;

        if (load.interval == 0) {
            load_send(&load.connections[i], begin);
        }
    }

    for (now = begin; now - begin < duration; now = load_now()) {
        n = epoll_wait(load.epoll, events, 64, load_due(now, begin + duration));

        for (i = 0; i < n; i++) {
            load_read(events[i].data.ptr);
        }
    }

    return (double) (now - begin) / 1e9;
}


static int
load_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static double
load_percentile(size_t percent)
{
    return load.latencies[(load.answers - 1) * percent / 100] / 1e3;
}


int
main(int argc, char **argv)
{
    int      i;
    double   seconds;
    SSL_CTX *ctx;

    if (argc != 8) {
        fprintf(stderr, "usage: load CA CERTIFICATE KEY ADDRESS CONNECTIONS "
                        "SECONDS INTERVAL_MS < REQUEST\n"
                        "prints: answers/s p50 p99 max (ms) answers failed\n");
        return 2;
    }

    load.n = atoi(argv[5]);
    load.interval = strtoull(argv[7], NULL, 10) * 1000000;
    load.request_len = (int) fread(load.request, 1, LOAD_REQUEST_MAX, stdin);

    load.number = memmem(
        load.request, LOAD_REQUEST_MAX, LOAD_NUMBER, strlen(LOAD_NUMBER));

    load.epoll = epoll_create1(0);
    load.connections = calloc((size_t) load.n, sizeof(load_connection_t));
    load.latencies = malloc(LOAD_ANSWERS_MAX * sizeof(uint32_t));

    if (load.epoll == -1 || load.connections == NULL || load.latencies == NULL)
    {
        load_die("start");
    }

    ctx = load_tls(argv[1], argv[2], argv[3]);

    for (i = 0; i < load.n; i++) {
        load_connect(&load.connections[i], ctx, argv[4]);
    }

    seconds = load_run(strtoull(argv[6], NULL, 10) * 1000000000);

    if (load.answers == 0) {
        load_die("no answer");
    }

    qsort(load.latencies, load.answers, sizeof(uint32_t), load_compare);

    printf("%.1f %.3f %.3f %.3f %zu %zu\n", (double) load.answers / seconds,
        load_percentile(50), load_percentile(99), load_percentile(100),
        load.answers, load.failed);

    return 0;
}
