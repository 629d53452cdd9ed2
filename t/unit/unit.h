
/*
 * What unit tests share: cmocka with the headers it wants, memory that can be
 * made to run out, and a watch on what is in memory when it is freed. The
 * hooks replace malloc() and free() of the whole test program; where they
 * cannot (valgrind brings its own), unit_memory_hooked() says so.
 */

#ifndef _CREDHUB_UNIT_H_INCLUDED_
#define _CREDHUB_UNIT_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "credhub_arena.h"


#if defined(__SANITIZE_ADDRESS__)
#define UNIT_ASAN 1

#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_ASAN 1
#endif
#endif


#ifdef UNIT_ASAN

void       *__interceptor_malloc(size_t size);
void        __interceptor_free(void *p);
const char *__asan_default_options(void);

#define unit_system_malloc __interceptor_malloc
#define unit_system_free   __interceptor_free


/* Absurd sizes are to be refused, not to end the program. */

const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

#else

void *__libc_malloc(size_t size);
void  __libc_free(void *p);

#define unit_system_malloc __libc_malloc
#define unit_system_free   __libc_free

#endif


/* Volatile: a compiler may assume that malloc() and free() touch none. */

static volatile size_t unit_malloc_calls;
static volatile long   unit_malloc_left = -1; /* then it fails; -1: never */
static const char *volatile unit_mark;        /* searched by free() */
static volatile size_t unit_marks_freed;


void *
malloc(size_t size)
{
    unit_malloc_calls++;

    if (unit_malloc_left == 0) {
        return NULL;
    }

    if (unit_malloc_left > 0) {
        unit_malloc_left--;
    }

    return unit_system_malloc(size);
}


void
free(void *p)
{
    const char *mark;

    mark = unit_mark;

    if (p != NULL && mark != NULL
        && memmem(p, malloc_usable_size(p), mark, strlen(mark)) != NULL)
    {
        unit_marks_freed++;
    }

    unit_system_free(p);
}


static inline int
unit_memory_hooked(void)
{
    size_t before;
    void *volatile p;

    before = unit_malloc_calls;
    p = malloc(1);
    free(p);

    return unit_malloc_calls != before;
}


/* Memory of the tests of one program, as cmocka's group fixtures. */

static credhub_arena_t *unit_arena;


static inline int
unit_setup(void **state)
{
    unit_arena = credhub_arena_create(1024);

    return unit_arena == NULL;
}


static inline int
unit_teardown(void **state)
{
    credhub_arena_destroy(unit_arena);

    return 0;
}


/* Leaves the test; cmocka's own skip() is a failure to TAP readers. */

#define unit_skip(reason)                                                      \
    do {                                                                       \
        print_message("# skipped: %s\n", reason);                              \
        return;                                                                \
    } while (0)

#define unit_need_memory_hooks()                                               \
    do {                                                                       \
        if (!unit_memory_hooked()) {                                           \
            unit_skip("malloc() is not ours here");                            \
        }                                                                      \
    } while (0)


static inline credhub_str_t
unit_str(const char *s)
{
    return (credhub_str_t){ strlen(s), (u_char *) s };
}


/*
 * A copy without a byte to spare: reading or writing beyond it is seen by
 * AddressSanitizer and valgrind. The caller frees .data.
 */

static inline credhub_str_t
unit_exact(const char *s, size_t len)
{
    credhub_str_t str;

    str.len = len;
    str.data = malloc(len);
    memcpy(str.data, s, len);

    return str;
}


#define unit_assert_str(str, text)                                             \
    unit_assert_str_at((str), unit_str(text), __FILE__, __LINE__)

static inline void
unit_assert_str_at(
    credhub_str_t got, credhub_str_t want, const char *file, int line)
{
    if (!credhub_str_eq(got, want)) {
        print_error("got \"%.*s\", not \"%.*s\"\n", (int) got.len,
            (char *) got.data, (int) want.len, (char *) want.data);
        _fail(file, line);
    }
}


#endif /* _CREDHUB_UNIT_H_INCLUDED_ */
