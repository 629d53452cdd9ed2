
/* Files that hold a secret. */

#ifndef _CREDHUB_FILE_H_INCLUDED_
#define _CREDHUB_FILE_H_INCLUDED_


#include "credhub_arena.h"


/*
 * Reads at most `size` bytes of a regular file that has no group and other
 * permissions and is owned by root or the effective user; symbolic links are
 * refused. Returns NULL, or a static text that says what is wrong (without the
 * file's name); errno is set when a system call failed, 0 otherwise. On error
 * `buf` may hold a part of the file.
 */
const char *credhub_file_read_secret(
    const char *file, u_char *buf, size_t size, size_t *len);


#endif /* _CREDHUB_FILE_H_INCLUDED_ */
