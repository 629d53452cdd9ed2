
/* Wiping what is freed. No state. */

#include "credhub_wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>


void
credhub_wipe_free(void *p)
{
    if (p != NULL) {
        OPENSSL_cleanse(p, malloc_usable_size(p));
        free(p);
    }
}


void *
credhub_wipe_realloc(void *p, size_t size)
{
    void  *moved;
    size_t usable;

    usable = (p != NULL) ? malloc_usable_size(p) : 0;

    moved = malloc(size);
    if (moved == NULL) {
        return NULL;
    }

    if (p != NULL) {
        memcpy(moved, p, usable < size ? usable : size);
        credhub_wipe_free(p);
    }

    return moved;
}
