
/*
 * driver [OPTION=VALUE...] KIND NAME PORT ADDRESS... [-- APPROVED...]
 *
 * One probe, of KIND reach, tls, postgres, mysql or ssh, and what it found, one
 * line each. Options: time (milliseconds it has), cancel (after so many),
 * threads (that many at once, each with its own answer).
 */

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "credhub_text.h"
#include "driver.h"
#include "ngx_credhub_probe.h"


#define DRIVER_THREADS_MAX 16


typedef struct {
    const char          *kind;
    ngx_credhub_target_t target;
    credhub_str_t        approved[NGX_CREDHUB_SSH_KEYS_MAX];
    unsigned             napproved;
} driver_job_t;

typedef struct {
    const driver_job_t *job;
    credhub_arena_t    *arena;
    credhub_buf_t       out;
    pthread_t           thread;
} driver_run_t;


static atomic_int driver_cancel;


/* In place of the one of libc: the home of any user is that of the environment,
 * for who would look there for a configuration. */

int
getpwuid_r(uid_t uid, struct passwd *user, char *buf, size_t size,
    struct passwd **found)
{
    const char *home;

    home = getenv("HOME");
    *found = NULL;

    if (home == NULL || strlen(home) >= size) {
        return ERANGE;
    }

    memset(user, 0, sizeof(struct passwd));
    strcpy(buf, home);

    user->pw_uid = uid;
    user->pw_name = buf;
    user->pw_passwd = buf;
    user->pw_gecos = buf;
    user->pw_shell = buf;
    user->pw_dir = buf;
    *found = user;

    return 0;
}


/* The most memory it ever had, in KiB. */

static long
driver_memory(void)
{
    long  n;
    char  line[256];
    FILE *file;

    file = fopen("/proc/self/status", "r");
    n = 0;

    while (n == 0 && fgets(line, sizeof(line), file) != NULL) {
        (void) sscanf(line, "VmHWM: %ld", &n);
    }

    (void) fclose(file);

    return n;
}


static void
driver_result(
    credhub_buf_t *out, ngx_credhub_probe_e result, const char *reason)
{
    static const char *names[] = { "ok", "unreached", "failed" };

    credhub_buf_printf(out, "result %s\n", names[result]);

    if (reason != NULL) {
        credhub_buf_printf(out, "reason %s\n", reason);
    }
}


static void
driver_line(credhub_buf_t *out, const char *name, credhub_str_t value)
{
    credhub_buf_printf(out, "%s ", name);
    credhub_buf_add_str(out, value);
    credhub_buf_lit(out, "\n");
}


static void
driver_ssh(driver_run_t *run)
{
    ngx_credhub_probe_ssh_t probe;

    memset(&probe, 0, sizeof(probe));
    probe.target = run->job->target;
    memcpy(probe.approved, run->job->approved, sizeof(probe.approved));
    probe.napproved = run->job->napproved;

    ngx_credhub_probe_ssh(run->arena, &probe);
    driver_result(&run->out, probe.result, probe.reason);

    if (probe.result == NGX_CREDHUB_PROBE_OK) {
        driver_line(&run->out, "type", probe.type);
        driver_line(&run->out, "hash", probe.hash);
        driver_line(&run->out, "public_key", probe.public_key);
    }
}


static void
driver_tls(driver_run_t *run)
{
    unsigned                i;
    const char             *kind;
    ngx_credhub_probe_tls_t probe;

    kind = run->job->kind;

    memset(&probe, 0, sizeof(probe));
    probe.target = run->job->target;
    probe.reach = strcmp(kind, "reach") == 0;

    if (strcmp(kind, "postgres") == 0) {
        probe.start = NGX_CREDHUB_TLS_POSTGRES;

    } else if (strcmp(kind, "mysql") == 0) {
        probe.start = NGX_CREDHUB_TLS_MYSQL;
    }

    ngx_credhub_probe_tls(run->arena, &probe);
    driver_result(&run->out, probe.result, probe.reason);

    if (probe.no_tls) {
        credhub_buf_lit(&run->out, "no_tls 1\n");
    }

    for (i = 0; i < probe.nsent; i++) {
        driver_line(&run->out, "certificate",
            credhub_base64(run->arena, probe.sent[i], 1));
    }
}


static void *
driver_run(void *data)
{
    driver_run_t *run;

    run = data;
    run->arena = credhub_arena_create(4096);
    credhub_buf_init(&run->out, run->arena, 4096);

    if (strcmp(run->job->kind, "ssh") == 0) {
        driver_ssh(run);

    } else {
        driver_tls(run);
    }

    credhub_buf_printf(
        &run->out, "arena %zu\n", credhub_arena_size(run->arena));

    return NULL;
}


static int
driver_parse(driver_job_t *job, char **args)
{
    int port;

    if (args[0] == NULL || args[1] == NULL || args[2] == NULL) {
        return -1;
    }

    job->kind = args[0];
    job->target.name.data = (u_char *) args[1];
    job->target.name.len = strlen(args[1]);
    port = atoi(args[2]);

    for (args += 3; *args != NULL && strcmp(*args, "--") != 0; args++) {
        if (driver_address(&job->target, *args, port) == -1) {
            return -1;
        }
    }

    while (*args != NULL && *++args != NULL) {
        if (job->napproved == NGX_CREDHUB_SSH_KEYS_MAX) {
            return -1;
        }

        job->approved[job->napproved].data = (u_char *) *args;
        job->approved[job->napproved++].len = strlen(*args);
    }

    return 0;
}


static void
driver_threads(driver_run_t *runs, unsigned n, int cancel)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        if (pthread_create(&runs[i].thread, NULL, driver_run, &runs[i]) != 0) {
            abort();
        }
    }

    if (cancel != 0) {
        (void) usleep(cancel * 1000);
        atomic_store(&driver_cancel, 1);
    }

    for (i = 0; i < n; i++) {
        (void) pthread_join(runs[i].thread, NULL);
        (void) fwrite(runs[i].out.data, 1, runs[i].out.len, stdout);
        credhub_arena_destroy(runs[i].arena);
    }
}


int
main(int argc, char **argv)
{
    int          files, time, cancel;
    unsigned     i, threads;
    driver_run_t runs[DRIVER_THREADS_MAX];
    driver_job_t job;

    memset(&job, 0, sizeof(job));
    memset(runs, 0, sizeof(runs));
    time = NGX_CREDHUB_PROBE_TIME;
    cancel = 0;
    threads = 1;

    for (argv++; *argv != NULL && strchr(*argv, '=') != NULL; argv++) {
        if (sscanf(*argv, "time=%d", &time) != 1
            && sscanf(*argv, "cancel=%d", &cancel) != 1
            && sscanf(*argv, "threads=%u", &threads) != 1)
        {
            return 2;
        }
    }

    if (threads > DRIVER_THREADS_MAX || driver_parse(&job, argv) == -1) {
        return 2;
    }

    job.target.deadline = driver_now() + time;
    job.target.cancel = &driver_cancel;

    for (i = 0; i < threads; i++) {
        runs[i].job = &job;
    }

    (void) alarm((cancel != 0 ? cancel : time) / 1000 + DRIVER_GRACE);
    files = driver_files();
    driver_threads(runs, threads, cancel);

    (void) printf("files %d\n", driver_files() - files);
    (void) printf("memory %ld\n", driver_memory());

    return 0;
}
