
/*
 * Bump allocator. The arena owns a list of blocks, each at least twice as
 * large as the one before; the first lies in the same malloc() as the arena
 * itself, so a small operation costs one system allocation. Destroying wipes
 * what was handed out of each block and frees all of them.
 *
 * Under AddressSanitizer the unused rest of a block stays poisoned and every
 * allocation is followed by a poisoned gap, so an overflow of a single
 * allocation is found as it would be with malloc().
 */

#include "credhub_arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#if defined(__SANITIZE_ADDRESS__)
#define CREDHUB_ARENA_ASAN 1

#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CREDHUB_ARENA_ASAN 1
#endif
#endif


#ifdef CREDHUB_ARENA_ASAN

#include <sanitizer/asan_interface.h>

#define CREDHUB_ARENA_GAP            8
#define CREDHUB_BYTE_ALIGN           8 /* the granularity of poisoning */

#define credhub_arena_poison(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define credhub_arena_unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)

#else

#define CREDHUB_ARENA_GAP  0
#define CREDHUB_BYTE_ALIGN 1

#define credhub_arena_poison(p, n)
#define credhub_arena_unpoison(p, n)

#endif


#define CREDHUB_ARENA_ALIGN _Alignof(max_align_t)
#define CREDHUB_ARENA_MIN   256            /* of a second block */
#define CREDHUB_ARENA_MAX   (SIZE_MAX / 4) /* of one allocation */
#define CREDHUB_BUF_MIN     64


typedef struct credhub_arena_block_s credhub_arena_block_t;

struct credhub_arena_block_s {
    credhub_arena_block_t *next;
    u_char                *start;
    u_char                *pos; /* the first byte not handed out */
    u_char                *last;
};


struct credhub_arena_s {
    credhub_arena_block_t *blocks; /* the head serves allocations */
    size_t                 grow;   /* size of the next block */
    size_t                 taken;  /* bytes from malloc() */
    credhub_arena_block_t  first;
};


static void credhub_arena_block_init(
    credhub_arena_block_t *block, u_char *start, size_t size);
static void    credhub_arena_block_wipe(credhub_arena_block_t *block);
static u_char *credhub_arena_block_take(
    credhub_arena_block_t *block, size_t size, size_t align);
static u_char *credhub_arena_take(
    credhub_arena_t *arena, size_t size, size_t align);
static credhub_arena_block_t *credhub_arena_add_block(
    credhub_arena_t *arena, size_t size);


credhub_arena_t *
credhub_arena_create(size_t size)
{
    credhub_arena_t *arena;

    if (size > CREDHUB_ARENA_MAX) {
        return NULL;
    }

    arena = malloc(sizeof(credhub_arena_t) + size);
    if (arena == NULL) {
        return NULL;
    }

    arena->blocks = &arena->first;
    arena->grow = 2 * (size > CREDHUB_ARENA_MIN ? size : CREDHUB_ARENA_MIN);
    arena->taken = sizeof(credhub_arena_t) + size;

    credhub_arena_block_init(&arena->first, (u_char *) (arena + 1), size);

    return arena;
}


void
credhub_arena_destroy(credhub_arena_t *arena)
{
    credhub_arena_block_t *block, *next;

    if (arena == NULL) {
        return;
    }

    for (block = arena->blocks; block != NULL; block = next) {
        next = block->next;

        credhub_arena_block_wipe(block);

        if (block != &arena->first) {
            free(block);
        }
    }

    free(arena);
}


static void
credhub_arena_block_init(
    credhub_arena_block_t *block, u_char *start, size_t size)
{
    block->next = NULL;
    block->start = start;
    block->pos = start;
    block->last = start + size;

    credhub_arena_poison(start, size);
}


static void
credhub_arena_block_wipe(credhub_arena_block_t *block)
{
    credhub_arena_unpoison(block->start, block->last - block->start);

    explicit_bzero(block->start, block->pos - block->start);
}


void *
credhub_arena_alloc(credhub_arena_t *arena, size_t size)
{
    void *p;

    p = credhub_arena_take(arena, size, CREDHUB_ARENA_ALIGN);

    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


u_char *
credhub_arena_bytes(credhub_arena_t *arena, size_t size)
{
    return credhub_arena_take(arena, size, CREDHUB_BYTE_ALIGN);
}


credhub_str_t
credhub_arena_copy(credhub_arena_t *arena, const void *data, size_t len)
{
    credhub_str_t copy;

    if (len >= CREDHUB_ARENA_MAX) {
        return credhub_null_str;
    }

    copy.data = credhub_arena_bytes(arena, len + 1);
    if (copy.data == NULL) {
        return credhub_null_str;
    }

    if (len != 0) {
        memcpy(copy.data, data, len);
    }

    copy.data[len] = '\0';
    copy.len = len;

    return copy;
}


size_t
credhub_arena_size(const credhub_arena_t *arena)
{
    return arena->taken;
}


static u_char *
credhub_arena_take(credhub_arena_t *arena, size_t size, size_t align)
{
    u_char                *p;
    credhub_arena_block_t *block;

    if (size > CREDHUB_ARENA_MAX) {
        return NULL;
    }

    p = credhub_arena_block_take(arena->blocks, size, align);
    if (p != NULL) {
        return p;
    }

    block = credhub_arena_add_block(arena, size + align + CREDHUB_ARENA_GAP);
    if (block == NULL) {
        return NULL;
    }

    return credhub_arena_block_take(block, size, align);
}


static u_char *
credhub_arena_block_take(
    credhub_arena_block_t *block, size_t size, size_t align)
{
    size_t  skip;
    u_char *p;

    skip = -(uintptr_t) block->pos & (align - 1);

    if ((size_t) (block->last - block->pos) < skip + size + CREDHUB_ARENA_GAP) {
        return NULL;
    }

    p = block->pos + skip;
    block->pos = p + size + CREDHUB_ARENA_GAP;

    credhub_arena_unpoison(p, size);

    return p;
}


static credhub_arena_block_t *
credhub_arena_add_block(credhub_arena_t *arena, size_t size)
{
    size_t                 rest;
    credhub_arena_block_t *block, *head;

    head = arena->blocks;
    rest = head->last - head->pos;

    if (size < arena->grow) {
        size = arena->grow;
    }

    block = malloc(sizeof(credhub_arena_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    credhub_arena_block_init(block, (u_char *) (block + 1), size);

    arena->taken += sizeof(credhub_arena_block_t) + size;

    /* One outsized allocation does not waste the room that is left. */

    if (size > arena->grow && rest >= CREDHUB_ARENA_MIN) {
        block->next = head->next;
        head->next = block;

    } else {
        block->next = head;
        arena->blocks = block;
    }

    if (arena->grow < CREDHUB_ARENA_MAX) {
        arena->grow *= 2;
    }

    return block;
}


void
credhub_buf_init(credhub_buf_t *buf, credhub_arena_t *arena, size_t size)
{
    memset(buf, 0, sizeof(credhub_buf_t));

    buf->arena = arena;

    if (size != 0) {
        buf->data = credhub_arena_bytes(arena, size);
        buf->size = size;
        buf->failed = (buf->data == NULL);
    }
}


u_char *
credhub_buf_reserve(credhub_buf_t *buf, size_t len)
{
    size_t  size;
    u_char *data;

    if (buf->failed) {
        return NULL;
    }

    if (buf->data != NULL && len <= buf->size - buf->len) {
        return buf->data + buf->len;
    }

    if (len > CREDHUB_ARENA_MAX - buf->len) {
        buf->failed = 1;
        return NULL;
    }

    size = (buf->size < CREDHUB_BUF_MIN) ? CREDHUB_BUF_MIN : 2 * buf->size;

    if (size < buf->len + len) {
        size = buf->len + len;
    }

    data = credhub_arena_bytes(buf->arena, size);
    if (data == NULL) {
        buf->failed = 1;
        return NULL;
    }

    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->len);
        explicit_bzero(buf->data, buf->size);
    }

    buf->data = data;
    buf->size = size;

    return data + buf->len;
}


void
credhub_buf_add(credhub_buf_t *buf, const void *data, size_t len)
{
    u_char *p;

    if (len == 0) {
        return;
    }

    p = credhub_buf_reserve(buf, len);

    if (p != NULL) {
        memcpy(p, data, len);
        buf->len += len;
    }
}


void
credhub_buf_add_str(credhub_buf_t *buf, credhub_str_t str)
{
    credhub_buf_add(buf, str.data, str.len);
}


void
credhub_buf_printf(credhub_buf_t *buf, const char *fmt, ...)
{
    int     n;
    u_char *p;
    va_list args;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    if (n < 0) {
        buf->failed = 1;
        return;
    }

    p = credhub_buf_reserve(buf, (size_t) n + 1);
    if (p == NULL) {
        return;
    }

    va_start(args, fmt);
    vsnprintf((char *) p, (size_t) n + 1, fmt, args);
    va_end(args);

    buf->len += n;
}


credhub_str_t
credhub_buf_str(const credhub_buf_t *buf)
{
    credhub_str_t str;

    str.len = buf->len;
    str.data = buf->data;

    return str;
}


int
credhub_str_eq(credhub_str_t a, credhub_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


int
credhub_str_caseeq(credhub_str_t a, credhub_str_t b)
{
    size_t i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if (credhub_lower(a.data[i]) != credhub_lower(b.data[i])) {
            return 0;
        }
    }

    return 1;
}
