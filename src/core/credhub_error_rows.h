
/* The rows of the errors. Not for use outside of credhub_error*.c. */

#ifndef _CREDHUB_ERROR_ROWS_H_INCLUDED_
#define _CREDHUB_ERROR_ROWS_H_INCLUDED_


#include "credhub_error.h"


#define CREDHUB_E_TRUST CREDHUB_E_FORBIDDEN /* where the trust API begins */
#define CREDHUB_E_SSH   CREDHUB_E_SSH_KEY   /* where SSH certificates begin */


/* An `error` of "%s" and no more: the detail is a whole text of ours, which is
 * shown as it is. */

typedef struct {
    int         status;
    const char *name; /* for logs */
    const char *error;
    const char *description; /* error_description, where there is one */
    const char *unknown;     /* shown for a detail that is empty */
} credhub_error_row_t;


typedef struct {
    credhub_error_row_t row;
    const char         *code; /* of the envelope; NULL: as the status says */
} credhub_error_trust_row_t;


typedef struct {
    credhub_error_row_t row;
    unsigned            number;  /* ErrorCode; 0: the status */
    const char         *members; /* JSON before the "Response", or NULL */
} credhub_error_ssh_row_t;


/* By kind; the others by what a kind is behind CREDHUB_E_TRUST and
 * CREDHUB_E_SSH. */
extern const credhub_error_row_t       credhub_error_rows[];
extern const credhub_error_trust_row_t credhub_error_trust_rows[];
extern const credhub_error_ssh_row_t   credhub_error_ssh_rows[];


#endif /* _CREDHUB_ERROR_ROWS_H_INCLUDED_ */
