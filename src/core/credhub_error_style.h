
/* The shapes that errors take, by the API that was called. */

#ifndef _CREDHUB_ERROR_STYLE_H_INCLUDED_
#define _CREDHUB_ERROR_STYLE_H_INCLUDED_


#include "credhub_arena.h"


/*
 * What is told, by the beginning of the request target as it was received:
 *
 *     /v1...       {"code":"NotFound","message":"..."}
 *     /vedsdk...   {"Response":{"ErrorCode":404,"ErrorMessage":"...",
 *                  "Success":false}}
 *     /vedauth...  {"error":"not_found","error_description":"..."}, and so
 *                  /vedsdk where the error is about an identity
 *     else         {"error":"..."}
 */

typedef struct {
    unsigned      status;
    const char   *code;    /* NULL: as the status says */
    unsigned      number;  /* ErrorCode; 0: the status */
    const char   *word;    /* NULL: the same; else CredHub tells it too, beside
                           "error_description" */
    const char   *members; /* JSON before a "Response"; NULL: none */
    credhub_str_t text;    /* plain */
} credhub_error_said_t;


/* Appends the body. */
void credhub_error_style(
    credhub_buf_t *buf, credhub_str_t target, const credhub_error_said_t *said);

/* The same for a bare HTTP status, for errors that come without a kind. */
void credhub_error_style_status(
    credhub_buf_t *buf, credhub_str_t target, unsigned status);

/* One word for a bare HTTP status ("payload_too_large"). */
const char *credhub_error_style_name(unsigned status);


#endif /* _CREDHUB_ERROR_STYLE_H_INCLUDED_ */
