
/*
 * Memory of one operation: a bump allocator that wipes every byte when it is
 * destroyed, so no caller has to remember which of its strings was secret.
 * Allocations are never freed singly. Not thread-safe; an arena may be handed
 * from one thread to another.
 */

#ifndef _CREDHUB_ARENA_H_INCLUDED_
#define _CREDHUB_ARENA_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


/* Bytes with a length; not NUL-terminated unless a function says so. */

typedef struct {
    size_t  len;
    u_char *data;
} credhub_str_t;


#define credhub_string(s)                                                      \
    {                                                                          \
        sizeof(s) - 1, (u_char *) (s)                                          \
    }
#define credhub_str(s)   ((credhub_str_t) credhub_string(s))
#define credhub_null_str ((credhub_str_t){ 0, NULL })


typedef struct credhub_arena_s credhub_arena_t;


/* `size`: bytes of the first block. NULL when memory is exhausted. */
credhub_arena_t *credhub_arena_create(size_t size);

/* Wipes and frees everything; NULL is allowed. */
void credhub_arena_destroy(credhub_arena_t *arena);

/* Zeroed memory aligned for any type; NULL when memory is exhausted. */
void *credhub_arena_alloc(credhub_arena_t *arena, size_t size);

/* Unaligned bytes, not zeroed; NULL when memory is exhausted. */
u_char *credhub_arena_bytes(credhub_arena_t *arena, size_t size);

/* A copy, followed by a NUL byte that `len` does not count;
 * .data == NULL when memory is exhausted. */
credhub_str_t credhub_arena_copy(
    credhub_arena_t *arena, const void *data, size_t len);

/* Bytes taken from the system by this arena. */
size_t credhub_arena_size(const credhub_arena_t *arena);


/*
 * A string that grows inside an arena. An append that cannot get memory sets
 * `failed` and later appends do nothing, so a caller tests once, at the end.
 */

typedef struct {
    credhub_arena_t *arena;
    u_char          *data;
    size_t           len;
    size_t           size;
    unsigned         failed:1;
} credhub_buf_t;


/* Reserves `size` bytes; an exact estimate means no copy later. */
void credhub_buf_init(credhub_buf_t *buf, credhub_arena_t *arena, size_t size);

/* Room for `len` more bytes: returns where they go (the caller writes them and
 * adds to buf->len itself), NULL when memory is exhausted. */
u_char *credhub_buf_reserve(credhub_buf_t *buf, size_t len);

void credhub_buf_add(credhub_buf_t *buf, const void *data, size_t len);
void credhub_buf_add_str(credhub_buf_t *buf, credhub_str_t str);

/* A string literal. */
#define credhub_buf_lit(buf, s) credhub_buf_add(buf, s, sizeof(s) - 1)

/* printf; only for text without secrets from the stack's point of view. */
void credhub_buf_printf(credhub_buf_t *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What was written so far. */
credhub_str_t credhub_buf_str(const credhub_buf_t *buf);


/* An ASCII letter in lower case, any other byte as it is. */
#define credhub_lower(c)                                                       \
    ((u_char) ((c) >= 'A' && (c) <= 'Z' ? (c) | 0x20 : (c)))

/* Exact comparison, and comparison with ASCII case folded. */
int credhub_str_eq(credhub_str_t a, credhub_str_t b);
int credhub_str_caseeq(credhub_str_t a, credhub_str_t b);


#endif /* _CREDHUB_ARENA_H_INCLUDED_ */
