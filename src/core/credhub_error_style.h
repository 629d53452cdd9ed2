
/* The shapes that errors take, by the API that was called. */

#ifndef _CREDHUB_ERROR_STYLE_H_INCLUDED_
#define _CREDHUB_ERROR_STYLE_H_INCLUDED_


#include "credhub_arena.h"


/*
 * Appends the body for a bare HTTP status, for errors that come without a kind:
 *
 *     /v1...       {"code":"NotFound","message":"..."}
 *     /vedsdk...   {"Response":{"ErrorCode":404,"ErrorMessage":"...",
 *                  "Success":false}}
 *     /vedauth...  {"error":"not_found","error_description":"..."}
 *     else         {"error":"..."}
 *
 * `target` is the request target as it was received.
 */
void credhub_error_style_status(
    credhub_buf_t *buf, credhub_str_t target, unsigned status);

/* One word for a bare HTTP status ("payload_too_large"). */
const char *credhub_error_style_name(unsigned status);


#endif /* _CREDHUB_ERROR_STYLE_H_INCLUDED_ */
