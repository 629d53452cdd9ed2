
/* What fuzz targets share. A target is one function; libFuzzer feeds it, or
 * replay.c with the files of its corpus. */

#ifndef _CREDHUB_FUZZ_H_INCLUDED_
#define _CREDHUB_FUZZ_H_INCLUDED_


#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "credhub_arena.h"
#include "credhub_text.h"


/* Ends the program, with a stack that names the place. */
#define fuzz_assert(condition)                                                 \
    do {                                                                       \
        if (!(condition)) {                                                    \
            __builtin_trap();                                                  \
        }                                                                      \
    } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static inline credhub_arena_t *
fuzz_arena(void)
{
    credhub_arena_t *arena;

    arena = credhub_arena_create(256);
    fuzz_assert(arena != NULL);

    return arena;
}


static inline credhub_str_t
fuzz_str(const uint8_t *data, size_t size)
{
    return (credhub_str_t){ size, (u_char *) data };
}


/* The bytes as a block of PEM, so that mutations reach what is in one. */

static inline credhub_str_t
fuzz_pem(credhub_arena_t *arena, const char *label, credhub_str_t bytes)
{
    credhub_buf_t buf;
    credhub_str_t text;

    text = credhub_base64(arena, bytes, 1);
    fuzz_assert(text.data != NULL);

    credhub_buf_init(&buf, arena, text.len + 128);
    credhub_buf_printf(&buf, "-----BEGIN %s-----\n", label);
    credhub_buf_add_str(&buf, text);
    credhub_buf_printf(&buf, "\n-----END %s-----\n", label);

    return credhub_buf_str(&buf);
}


#endif /* _CREDHUB_FUZZ_H_INCLUDED_ */
