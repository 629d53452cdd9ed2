
/*
 * manager < REQUEST
 *
 * Reads keys from a secrets manager, and says what came of it, one line each.
 * REQUEST is a JSON object: type, config, keys (as the API takes them),
 * addresses (of each host, numeric), ca (PEM), time (milliseconds), cancel
 * (after so many), marks (texts as hexadecimal with 0x5a added to each byte by
 * xor, so that they stand nowhere else).
 *
 * "left" is 1 when the read has ended before its time was up.
 * "resolved" counts the names that anybody wanted to have resolved. "marks"
 * counts the marks that are found in all memory that can be written when the
 * read has ended and the arena is gone; -1: nobody looked.
 */

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "credhub_endpoint.h"
#include "credhub_text.h"
#include "driver.h"
#include "ngx_credhub_manager.h"


#define MANAGER_INPUT_MAX (1024 * 1024)
#define MANAGER_MARKS_MAX 16
#define MANAGER_MARK_SIZE 256
#define MANAGER_MASK      0x5a


#if defined(__SANITIZE_ADDRESS__)
#define MANAGER_ASAN 1

#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MANAGER_ASAN 1
#endif
#endif


typedef struct {
    u_char bytes[MANAGER_MARK_SIZE]; /* masked */
    size_t len;
} manager_mark_t;

typedef struct {
    manager_mark_t marks[MANAGER_MARKS_MAX];
    size_t         nmarks;

    unsigned ok;
    int      left;
    char     reason[256];
    char     error[256];
} manager_result_t;


static atomic_int       manager_resolved;
static atomic_int       manager_cancel;
static manager_result_t manager_result;


/* In place of the one of libc, for libcurl too. */

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
    atomic_fetch_add(&manager_resolved, 1);

    return EAI_FAIL;
}


static _Noreturn void
manager_die(const char *what)
{
    (void) fprintf(stderr, "manager: %s\n", what);
    exit(2);
}


static credhub_str_t
manager_input(credhub_arena_t *arena)
{
    ssize_t       n;
    credhub_str_t text, value;

    text.len = 0;
    text.data = credhub_arena_bytes(arena, MANAGER_INPUT_MAX);

    if (text.data == NULL) {
        manager_die("no memory");
    }

    do {
        n = read(
            STDIN_FILENO, text.data + text.len, MANAGER_INPUT_MAX - text.len);
        text.len += (n > 0) ? n : 0;
    } while (n > 0);

    if (n < 0 || credhub_json_check(arena, text, &value) != CREDHUB_OK) {
        manager_die("the request is not JSON");
    }

    return value;
}


static int64_t
manager_number(credhub_str_t input, const char *name, int64_t otherwise)
{
    int64_t       number;
    credhub_str_t value;

    if (!credhub_json_get(input, name, &value)) {
        return otherwise;
    }

    if (credhub_int64(value, &number) != 0) {
        manager_die(name);
    }

    return number;
}


static void
manager_marks(credhub_arena_t *arena, credhub_str_t input)
{
    size_t              i;
    credhub_str_t       list, value, hex;
    manager_mark_t     *mark;
    credhub_json_iter_t iter;

    if (!credhub_json_get(input, "marks", &list)) {
        return;
    }

    credhub_json_iter(&iter, list);

    while (credhub_json_element(&iter, &value)) {
        hex = credhub_json_decode(arena, value);

        if (manager_result.nmarks == MANAGER_MARKS_MAX
            || hex.len > 2 * MANAGER_MARK_SIZE)
        {
            manager_die("too many marks");
        }

        mark = &manager_result.marks[manager_result.nmarks++];
        mark->len = hex.len / 2;

        for (i = 0; i < mark->len; i++) {
            mark->bytes[i] = credhub_hex_digit(hex.data[2 * i]) << 4
                             | credhub_hex_digit(hex.data[2 * i + 1]);
        }
    }
}


/* The addresses of the host of a URL, as the request names them. */

static void
manager_endpoint(credhub_arena_t *arena, credhub_str_t input, credhub_str_t url,
    int64_t deadline, ngx_credhub_manager_endpoint_t *at)
{
    credhub_str_t       hosts, list, value, address, host;
    credhub_endpoint_t  endpoint;
    credhub_json_iter_t iter;

    if (credhub_endpoint(url, &endpoint) != 0
        || !credhub_json_get(input, "addresses", &hosts))
    {
        manager_die("no endpoint");
    }

    host = credhub_arena_copy(arena, endpoint.host.data, endpoint.host.len);

    if (!credhub_json_get(hosts, (char *) host.data, &list)) {
        manager_die("no addresses of a host");
    }

    at->url = url;
    at->target.name = host;
    at->target.deadline = deadline;
    at->target.cancel = &manager_cancel;

    credhub_json_iter(&iter, list);

    while (credhub_json_element(&iter, &value)) {
        address = credhub_json_decode(arena, value);

        if (driver_address(
                &at->target, (char *) address.data, (int) endpoint.port)
            != 0)
        {
            manager_die("not an address");
        }
    }
}


/* 0: there is nothing to read, and why. */

static int
manager_bind(credhub_arena_t *arena, credhub_str_t input,
    credhub_manager_t *manager, ngx_credhub_manager_read_t *read)
{
    credhub_str_t     name, config, keys, detail;
    credhub_manager_e type;

    if (credhub_json_get_string(arena, input, "type", &name) != 1
        || !credhub_json_get(input, "config", &config)
        || !credhub_json_get(input, "keys", &keys))
    {
        manager_die("type, config or keys are missing");
    }

    type = credhub_manager_type(name);
    detail = credhub_null_str;

    if (type == CREDHUB_MANAGERS
        || credhub_manager_bind(arena, type, config, manager, &detail)
               != CREDHUB_OK
        || credhub_manager_keys(
               arena, type, keys, &read->keys, &read->nkeys, &detail)
               != CREDHUB_OK)
    {
        (void) snprintf(manager_result.error, sizeof(manager_result.error),
            "%.*s", (int) detail.len, detail.data);
        return 0;
    }

    return 1;
}


static void *
manager_stop(void *data)
{
    const int64_t *ms;

    ms = data;
    (void) usleep(*ms * 1000);
    atomic_store(&manager_cancel, 1);

    return NULL;
}


/* The read, and somebody who loses interest in it. */

static void
manager_read(credhub_arena_t *arena, credhub_str_t input,
    ngx_credhub_manager_read_t *read)
{
    int64_t   cancel;
    pthread_t thread;

    cancel = manager_number(input, "cancel", -1);

    if (cancel >= 0
        && pthread_create(&thread, NULL, manager_stop, &cancel) != 0) {
        manager_die("no thread");
    }

    ngx_credhub_manager_read(arena, read);

    if (cancel >= 0) {
        (void) pthread_join(thread, NULL);
    }
}


static void *
manager_run(void *unused)
{
    unsigned                   i;
    int64_t                    deadline;
    credhub_str_t              input;
    credhub_arena_t           *arena;
    credhub_manager_t          manager;
    ngx_credhub_manager_read_t read;

    memset(&manager, 0, sizeof(manager));
    memset(&read, 0, sizeof(read));

    arena = credhub_arena_create(65536);
    if (arena == NULL) {
        manager_die("no memory");
    }

    input = manager_input(arena);
    manager_marks(arena, input);

    if (manager_bind(arena, input, &manager, &read)) {
        deadline = driver_now() + manager_number(input, "time", 10000);

        read.manager = &manager;
        read.now = time(NULL);
        read.nendpoints = manager.nurls;
        (void) credhub_json_get_string(arena, input, "ca", &read.ca);

        for (i = 0; i < manager.nurls; i++) {
            manager_endpoint(
                arena, input, manager.urls[i], deadline, &read.endpoints[i]);
        }

        manager_read(arena, input, &read);

        manager_result.ok = read.ok;
        manager_result.left = driver_now() < deadline;
        (void) snprintf(manager_result.reason, sizeof(manager_result.reason),
            "%.*s", (int) read.reason.len, read.reason.data);
    }

    credhub_arena_destroy(arena);

    return NULL;
}


#ifndef MANAGER_ASAN

static size_t
manager_count(const volatile u_char *p, size_t size, const manager_mark_t *mark)
{
    size_t i, j, n;

    n = 0;

    for (i = 0; i + mark->len <= size; i++) {
        for (j = 0; j < mark->len; j++) {
            if ((p[i + j] ^ MANAGER_MASK) != mark->bytes[j]) {
                break;
            }
        }

        n += (j == mark->len);
    }

    return n;
}

#endif


/* In place, so that nothing is copied. */

static long
manager_found(void)
{
#ifdef MANAGER_ASAN
    return -1;

#else
    long          n;
    char          line[512], rights[4];
    FILE         *maps;
    size_t        i;
    unsigned long from, to;

    maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) {
        manager_die("no maps");
    }

    n = 0;

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx %3s", &from, &to, rights) != 3
            || strcmp(rights, "rw-") != 0)
        {
            continue;
        }

        for (i = 0; i < manager_result.nmarks; i++) {
            n += manager_count(
                (u_char *) from, to - from, &manager_result.marks[i]);
        }
    }

    (void) fclose(maps);

    return n;
#endif
}


int
main(void)
{
    int       files;
    pthread_t thread;

    if (ngx_credhub_manager_init() != 0) {
        manager_die("libcurl");
    }

    (void) alarm(DRIVER_GRACE);
    files = driver_files();

    if (pthread_create(&thread, NULL, manager_run, NULL) != 0) {
        manager_die("no thread");
    }

    (void) pthread_join(thread, NULL);

    (void) printf("ok %u\n", manager_result.ok);
    (void) printf("reason %s\n", manager_result.reason);
    (void) printf("left %d\n", manager_result.left);
    (void) printf("error %s\n", manager_result.error);
    (void) printf("resolved %d\n", atomic_load(&manager_resolved));
    (void) printf("files %d\n", driver_files() - files);
    (void) printf("marks %ld\n", manager_found());

    return 0;
}
