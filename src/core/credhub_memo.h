
/*
 * What was found to be genuine lately, so that it is not computed again: lists
 * of strings. A list is known when it was learned byte for byte; no digest is
 * believed in its place. 1,024 lists of at most 2 KiB, longer ones are not
 * kept. What is learned must not be secret: it is not wiped. For one thread.
 */

#ifndef _CREDHUB_MEMO_H_INCLUDED_
#define _CREDHUB_MEMO_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_MEMO_SLOTS 1024
#define CREDHUB_MEMO_MAX   2048 /* bytes of a list, with 4 for each string */


typedef struct credhub_memo_s credhub_memo_t;


/* Empty; NULL when there is no memory. */
credhub_memo_t *credhub_memo_create(void);

/* NULL is allowed. */
void credhub_memo_destroy(credhub_memo_t *memo);

/* 1 when this list was learned as number `i`, 0 otherwise; `memo` may be NULL.
 * Lists whose numbers are the same modulo CREDHUB_MEMO_SLOTS drive each other
 * out. */
int credhub_memo_knows(
    const credhub_memo_t *memo, size_t i, const credhub_str_t *list, size_t n);

/* Copies the list. Without memory, or when it is too long, nothing is learned;
 * `memo` may be NULL. */
void credhub_memo_learn(
    credhub_memo_t *memo, size_t i, const credhub_str_t *list, size_t n);


#endif /* _CREDHUB_MEMO_H_INCLUDED_ */
