
/* Owns the lists that it has learned, one allocation each. */

#include <stdlib.h>
#include <string.h>
#include "credhub_memo.h"


#define CREDHUB_MEMO_LEN sizeof(uint32_t)


typedef struct {
    size_t  len;
    u_char *data; /* each string with its length in front */
} credhub_memo_slot_t;


struct credhub_memo_s {
    credhub_memo_slot_t slots[CREDHUB_MEMO_SLOTS];
};


static size_t        credhub_memo_size(const credhub_str_t *list, size_t n);
static const u_char *credhub_memo_same(const u_char *p, credhub_str_t str);
static u_char       *credhub_memo_put(u_char *p, credhub_str_t str);


credhub_memo_t *
credhub_memo_create(void)
{
    return calloc(1, sizeof(credhub_memo_t));
}


void
credhub_memo_destroy(credhub_memo_t *memo)
{
    size_t i;

    if (memo == NULL) {
        return;
    }

    for (i = 0; i < CREDHUB_MEMO_SLOTS; i++) {
        free(memo->slots[i].data);
    }

    free(memo);
}


int
credhub_memo_knows(
    const credhub_memo_t *memo, size_t i, const credhub_str_t *list, size_t n)
{
    const u_char              *p;
    const credhub_memo_slot_t *slot;

    if (memo == NULL) {
        return 0;
    }

    slot = &memo->slots[i % CREDHUB_MEMO_SLOTS];

    if (slot->data == NULL || slot->len != credhub_memo_size(list, n)) {
        return 0;
    }

    /* Both are as long, and a length is compared before its bytes are: what is
     * the same so far goes on inside both. */

    for (p = slot->data; n-- > 0 && p != NULL; list++) {
        p = credhub_memo_same(p, *list);
    }

    return p != NULL;
}


void
credhub_memo_learn(
    credhub_memo_t *memo, size_t i, const credhub_str_t *list, size_t n)
{
    size_t               size;
    u_char              *p;
    credhub_memo_slot_t *slot;

    size = credhub_memo_size(list, n);

    if (memo == NULL || size > CREDHUB_MEMO_MAX) {
        return;
    }

    slot = &memo->slots[i % CREDHUB_MEMO_SLOTS];

    free(slot->data);
    slot->data = malloc(size);

    if (slot->data == NULL) {
        return;
    }

    slot->len = size;

    for (p = slot->data; n-- > 0; list++) {
        p = credhub_memo_put(p, *list);
    }
}


/* The sum cannot overflow: all of it is in memory. */

static size_t
credhub_memo_size(const credhub_str_t *list, size_t n)
{
    size_t size;

    for (size = 0; n-- > 0; list++) {
        size += CREDHUB_MEMO_LEN + list->len;
    }

    return size;
}


static const u_char *
credhub_memo_same(const u_char *p, credhub_str_t str)
{
    uint32_t len;

    memcpy(&len, p, CREDHUB_MEMO_LEN);
    p += CREDHUB_MEMO_LEN;

    if (len != str.len || (len != 0 && memcmp(p, str.data, len) != 0)) {
        return NULL;
    }

    return p + len;
}


static u_char *
credhub_memo_put(u_char *p, credhub_str_t str)
{
    uint32_t len;

    len = (uint32_t) str.len;
    memcpy(p, &len, CREDHUB_MEMO_LEN);
    p += CREDHUB_MEMO_LEN;

    if (len != 0) {
        memcpy(p, str.data, len);
    }

    return p + len;
}
