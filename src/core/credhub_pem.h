
/* Textual encodings of keys and certificates (RFC 7468), read with tolerance:
 * texts come from many tools and are kept as they came. */

#ifndef _CREDHUB_PEM_H_INCLUDED_
#define _CREDHUB_PEM_H_INCLUDED_


#include "credhub_arena.h"


typedef struct {
    credhub_str_t label;       /* in the source text */
    credhub_str_t bytes;       /* decoded; data NULL: it cannot be */
    unsigned      encrypted:1; /* says a header (RFC 1421) */
} credhub_pem_t;


/*
 * Takes the next block off `text`: 1, or 0 when there is none. What stands
 * before it, or behind the label on its first line, does not count. Bytes live
 * in the arena.
 */
int credhub_pem_next(
    credhub_arena_t *arena, credhub_str_t *text, credhub_pem_t *block);


#endif /* _CREDHUB_PEM_H_INCLUDED_ */
