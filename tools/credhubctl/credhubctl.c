
/*
 * credhubctl check OPTION...
 *
 * Looks at the store, the rights in it and the keys of a hub before nginx is
 * reloaded. Options: --redis ADDRESS, --user NAME, --password-file FILE,
 * --prefix NAME, --db N, as in credhub_redis; --key ID:FILE[:PATH] for each
 * credhub_encryption_key, in the same order; --edge for the user of an edge.
 * One line a finding; the exit status is that of the worst one: 0 ok, 1 warn,
 * 2 fail.
 */

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include "credhub_name.h"
#include "credhub_permission.h"
#include "credhub_text.h"
#include "credhubctl.h"
#include "ngx_credhub_layout.h"


#define CREDHUBCTL_DB_MAX 1000000


static int credhubctl_options(credhubctl_t *ctl, int argc, char **argv);
static int credhubctl_option(credhubctl_t *ctl, int option, char *value);
static int credhubctl_add_key(credhubctl_t *ctl, char *value);
static int credhubctl_add_path(
    credhubctl_t *ctl, const char *id, const char *file, const char *path);
static int  credhubctl_prefix_valid(const char *prefix);
static void credhubctl_usage(void);


static const struct option credhubctl_long_options[] = {
    { "redis", required_argument, NULL, 'r' },
    { "user", required_argument, NULL, 'u' },
    { "password-file", required_argument, NULL, 'p' },
    { "prefix", required_argument, NULL, 'x' },
    { "db", required_argument, NULL, 'd' },
    { "key", required_argument, NULL, 'k' },
    { "edge", no_argument, NULL, 'e' },
    { NULL, 0, NULL, 0 },
};


int
main(int argc, char **argv)
{
    credhubctl_t ctl = { .prefix = "credhub" };

    /* subkeys and passwords are in this memory */
    (void) prctl(PR_SET_DUMPABLE, 0);

    if (argc < 2 || strcmp(argv[1], "check") != 0) {
        credhubctl_usage();
        return CREDHUBCTL_FAIL;
    }

    ctl.keyring = credhub_keyring_create();

    if (ctl.keyring == NULL) {
        credhubctl_say(&ctl, CREDHUBCTL_FAIL, "memory: %s", strerror(errno));
        return ctl.worst;
    }

    if (credhubctl_options(&ctl, argc - 1, argv + 1) != 0) {
        credhubctl_usage();
        ctl.worst = CREDHUBCTL_FAIL;

    } else {
        credhubctl_check(&ctl);
    }

    if (ctl.redis != NULL) {
        redisFree(ctl.redis);
    }

    credhub_keyring_destroy(ctl.keyring);

    return ctl.worst;
}


static void
credhubctl_usage(void)
{
    fputs("usage: credhubctl check --redis ADDRESS [--user NAME]"
          " [--password-file FILE]\n"
          "           [--prefix NAME] [--db N] [--edge]"
          " --key ID:FILE[:PATH]...\n",
        stderr);
}


/* 0, or -1 when it is not known what is to be done. */

static int
credhubctl_options(credhubctl_t *ctl, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", credhubctl_long_options, NULL))
           != -1)
    {
        if (credhubctl_option(ctl, option, optarg) != 0) {
            return -1;
        }
    }

    return optind == argc && ctl->address != NULL ? 0 : -1;
}


static int
credhubctl_option(credhubctl_t *ctl, int option, char *value)
{
    int64_t       db;
    credhub_str_t text;

    switch (option) {
    case 'r':
        ctl->address = value;
        return 0;

    case 'u':
        ctl->user = value;
        return 0;

    case 'p':
        ctl->password_file = value;
        return 0;

    case 'x':
        ctl->prefix = value;
        return credhubctl_prefix_valid(value) ? 0 : -1;

    case 'd':
        text.data = (u_char *) value;
        text.len = strlen(value);

        if (credhub_int64(text, &db) != 0 || db < 0 || db > CREDHUBCTL_DB_MAX) {
            return -1;
        }

        ctl->db = (unsigned) db;
        return 0;

    case 'k':
        return credhubctl_add_key(ctl, value);

    case 'e':
        ctl->edge = 1;
        return 0;

    default:
        return -1;
    }
}


static int
credhubctl_prefix_valid(const char *prefix)
{
    size_t len;

    len = strlen(prefix);

    return len != 0 && len <= NGX_CREDHUB_PREFIX_MAX
           && strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789_.-")
                  == len;
}


/* ID:FILE[:PATH]; a path begins with a slash, which a file behind the first
 * colon does too, so the last colon before a slash ends the file. */

static int
credhubctl_add_key(credhubctl_t *ctl, char *value)
{
    char *file, *path, *next;

    file = strchr(value, ':');

    if (file == NULL || file == value || file[1] == '\0') {
        return -1;
    }

    *file++ = '\0';

    for (path = NULL, next = file; (next = strstr(next, ":/")) != NULL; next++)
    {
        path = next;
    }

    if (path != NULL) {
        *path++ = '\0';
    }

    return credhubctl_add_path(ctl, value, file, path);
}


static int
credhubctl_add_path(
    credhubctl_t *ctl, const char *id, const char *file, const char *path)
{
    int              error;
    const char      *why;
    credhub_str_t    folded;
    credhub_arena_t *arena;

    arena = credhub_arena_create(CREDHUB_NAME_MAX);

    if (arena == NULL) {
        return -1;
    }

    folded = credhub_null_str;

    if (path != NULL) {
        folded.data = (u_char *) path;
        folded.len = strlen(path);
        folded = folded.len >= 2 && strcmp(path + folded.len - 2, "/*") == 0
                         && credhub_permission_path_check(folded)
                     ? credhub_name_fold(arena, folded)
                     : credhub_null_str;
    }

    if (path != NULL && folded.data == NULL) {
        credhub_arena_destroy(arena);
        return -1;
    }

    why = credhub_keyring_add(ctl->keyring, id, file, folded);
    error = errno;

    credhub_arena_destroy(arena);

    if (why == NULL) {
        credhubctl_say(ctl, CREDHUBCTL_OK, "key \"%s\": \"%s\"", id, file);
        return 0;
    }

    credhubctl_say(ctl, CREDHUBCTL_FAIL, "key \"%s\": \"%s\" %s%s%s", id, file,
        why, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");

    return 0;
}


void
credhubctl_say(
    credhubctl_t *ctl, credhubctl_level_e level, const char *fmt, ...)
{
    va_list args;

    static const char *const words[] = {
        [CREDHUBCTL_OK] = "ok",
        [CREDHUBCTL_WARN] = "warn",
        [CREDHUBCTL_FAIL] = "fail",
    };

    if (level > ctl->worst) {
        ctl->worst = level;
    }

    printf("%-4s ", words[level]);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    putchar('\n');
}
