
/* ssh-keygen, with files in a directory of this test. */

#ifndef _CREDHUB_UNIT_SSH_H_INCLUDED_
#define _CREDHUB_UNIT_SSH_H_INCLUDED_


#include "unit.h"
#include "credhub_ssh_certificate.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>


#define UNIT_SSH_TEXT 65536

static char unit_ssh_dir[] = "/tmp/credhub-unit-ssh-XXXXXX";


static inline int
unit_ssh_setup(void **state)
{
    return mkdtemp(unit_ssh_dir) == NULL;
}


static inline int
unit_ssh_remove(
    const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
    return remove(path);
}


static inline int
unit_ssh_teardown(void **state)
{
    return nftw(unit_ssh_dir, unit_ssh_remove, 8, FTW_DEPTH | FTW_PHYS);
}


/* Runs a command in the directory; its exit code, and what it has written to
 * both outputs (NUL-terminated). */

static inline int
unit_ssh_run(char *output, const char *fmt, ...)
{
    int     n, rc;
    char    command[4096];
    FILE   *pipe;
    size_t  len;
    va_list args;

    n = snprintf(command, sizeof(command), "cd %s && exec 2>&1 </dev/null; ",
        unit_ssh_dir);

    va_start(args, fmt);
    (void) vsnprintf(command + n, sizeof(command) - (size_t) n, fmt, args);
    va_end(args);

    pipe = popen(command, "r");
    assert_non_null(pipe);

    len = fread(output, 1, UNIT_SSH_TEXT - 1, pipe);
    output[len] = '\0';

    rc = pclose(pipe);

    return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}


static inline void
unit_ssh_write(const char *name, credhub_str_t text)
{
    FILE *file;
    char  path[256];

    (void) snprintf(path, sizeof(path), "%s/%s", unit_ssh_dir, name);

    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}


static inline credhub_str_t
unit_ssh_read(const char *name)
{
    FILE         *file;
    char          path[256];
    u_char        data[UNIT_SSH_TEXT];
    credhub_str_t text;

    (void) snprintf(path, sizeof(path), "%s/%s", unit_ssh_dir, name);

    file = fopen(path, "r");
    assert_non_null(file);
    text.len = fread(data, 1, sizeof(data), file);
    (void) fclose(file);

    return credhub_arena_copy(unit_arena, data, text.len);
}


static inline void
unit_ssh_pair(const char *name, credhub_ssh_pair_t *pair)
{
    atomic_int              cancel;
    credhub_ssh_algorithm_t algorithm;

    atomic_init(&cancel, 0);

    assert_int_equal(credhub_ssh_algorithm(unit_str(name), &algorithm), 0);
    assert_int_equal(
        credhub_ssh_generate(unit_arena, &algorithm, &cancel, pair),
        CREDHUB_OK);
}


#endif /* _CREDHUB_UNIT_SSH_H_INCLUDED_ */
