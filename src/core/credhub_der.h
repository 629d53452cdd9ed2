
/* Reads DER (X.690) where it stands: tags of one byte, definite lengths in
 * their shortest form. Nothing is copied or allocated. */

#ifndef _CREDHUB_DER_H_INCLUDED_
#define _CREDHUB_DER_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_DER_INTEGER    0x02
#define CREDHUB_DER_BIT_STRING 0x03
#define CREDHUB_DER_OBJECT     0x06
#define CREDHUB_DER_SEQUENCE   0x30
#define CREDHUB_DER_SET        0x31
#define CREDHUB_DER_CONTEXT_0  0xa0


typedef struct {
    u_char        tag;
    credhub_str_t content;
    credhub_str_t whole; /* tag and length included */
} credhub_der_t;


/* Takes the first value off `rest`. 1; 0 when there is none, or it is cut. */
int credhub_der_next(credhub_str_t *rest, credhub_der_t *value);

/* The same with this tag only; `rest` stays when another stands there. */
int credhub_der_take(credhub_str_t *rest, u_char tag, credhub_der_t *value);


#endif /* _CREDHUB_DER_H_INCLUDED_ */
