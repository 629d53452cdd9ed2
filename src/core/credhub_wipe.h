
/* What libraries with memory functions of their own choice are given: memory
 * that is wiped before it goes back. */

#ifndef _CREDHUB_WIPE_H_INCLUDED_
#define _CREDHUB_WIPE_H_INCLUDED_


#include <stddef.h>


/* free() for memory of malloc(). */
void credhub_wipe_free(void *p);

/* realloc() that never leaves a copy behind. */
void *credhub_wipe_realloc(void *p, size_t size);


#endif /* _CREDHUB_WIPE_H_INCLUDED_ */
