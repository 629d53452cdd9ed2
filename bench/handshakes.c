
/*
 * Full TLS handshakes with a server name, one after the other on each of several
 * threads: a connection, a handshake without a session of before, an end. The
 * certificate is not verified. Before the time begins one handshake must succeed,
 * which is tried for ten seconds: with 0 SECONDS the program tells when a server
 * is there.
 */

#define _GNU_SOURCE

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>


#define HANDSHAKES_THREADS_MAX 64
#define HANDSHAKES_PATIENCE    10 /* seconds */


static struct {
    SSL_CTX     *ctx;
    const char  *address;
    const char  *name;
    double       end;
    atomic_ulong n;
    atomic_ulong failed;
} handshakes;


static double
handshakes_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


/* 1, 0. */

static int
handshakes_make(void)
{
    int  ok;
    BIO *bio;
    SSL *ssl;

    bio = BIO_new_ssl_connect(handshakes.ctx);

    if (bio == NULL) {
        return 0;
    }

    BIO_get_ssl(bio, &ssl);

    ok = BIO_set_conn_hostname(bio, handshakes.address) == 1
         && SSL_set_tlsext_host_name(ssl, handshakes.name) == 1
         && BIO_do_handshake(bio) == 1;

    BIO_free_all(bio);
    ERR_clear_error();

    return ok;
}


static void *
handshakes_thread(void *data)
{
    while (handshakes_now() < handshakes.end) {
        if (handshakes_make()) {
            handshakes.n++;

        } else {
            handshakes.failed++;
        }
    }

    return data;
}


int
main(int argc, char **argv)
{
    int       i, n;
    double    begin, seconds;
    pthread_t threads[HANDSHAKES_THREADS_MAX];

    if (argc != 5 || (n = atoi(argv[3])) < 1 || n > HANDSHAKES_THREADS_MAX) {
        fprintf(stderr, "usage: handshakes ADDRESS NAME THREADS SECONDS\n"
                        "prints: handshakes/s handshakes failed\n");
        return 2;
    }

    handshakes.address = argv[1];
    handshakes.name = argv[2];
    handshakes.ctx = SSL_CTX_new(TLS_client_method());
    seconds = atof(argv[4]);

    if (handshakes.ctx == NULL) {
        return 1;
    }

    SSL_CTX_set_session_cache_mode(handshakes.ctx, SSL_SESS_CACHE_OFF);

    for (begin = handshakes_now(); !handshakes_make(); /* void */) {
        if (handshakes_now() - begin > HANDSHAKES_PATIENCE) {
            fprintf(stderr, "handshakes: no server\n");
            return 1;
        }
    }

    begin = handshakes_now();
    handshakes.end = begin + seconds;

    for (i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, handshakes_thread, NULL) != 0) {
            return 1;
        }
    }

    for (i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }

    printf("%.1f %lu %lu\n", (double) handshakes.n / (handshakes_now() - begin),
        handshakes.n, handshakes.failed);

    return 0;
}
