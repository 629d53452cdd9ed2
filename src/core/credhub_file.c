
/*
 * Files that hold a secret: who else could read or write one must be nobody.
 * The rules are checked on the open file, so it cannot be swapped in between.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include "credhub_file.h"


static const char *credhub_file_check(int fd);
static const char *credhub_file_fill(
    int fd, u_char *buf, size_t size, size_t *len);


const char *
credhub_file_read_secret(
    const char *file, u_char *buf, size_t size, size_t *len)
{
    int         fd, err;
    const char *error;

    /* O_NONBLOCK: opening a FIFO must not wait for a writer */

    fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        return "cannot open file";
    }

    error = credhub_file_check(fd);

    if (error == NULL) {
        error = credhub_file_fill(fd, buf, size, len);
    }

    err = errno;

    (void) close(fd);

    errno = err;

    return error;
}


static const char *
credhub_file_check(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == -1) {
        return "cannot read attributes of file";
    }

    errno = 0;

    if (!S_ISREG(st.st_mode)) {
        return "file is not a regular file";
    }

    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return "file has permissions for group or others";
    }

    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return "file is owned by another user";
    }

    return NULL;
}


static const char *
credhub_file_fill(int fd, u_char *buf, size_t size, size_t *len)
{
    ssize_t n;

    *len = 0;

    while (*len < size) {
        n = read(fd, buf + *len, size - *len);

        if (n == 0) {
            break;
        }

        if (n > 0) {
            *len += (size_t) n;

        } else if (errno != EINTR) {
            return "cannot read file";
        }
    }

    errno = 0;

    return NULL;
}
