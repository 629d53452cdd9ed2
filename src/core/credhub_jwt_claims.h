
/* What a token says, once its signature is verified. For
 * src/core/credhub_jwt*.c only. */

#ifndef _CREDHUB_JWT_CLAIMS_H_INCLUDED_
#define _CREDHUB_JWT_CLAIMS_H_INCLUDED_


#include "credhub_jwt.h"


/* Checks the payload, any bytes, and fills in `jwt`; results as of
 * credhub_jwt_verify(). */
credhub_error_e credhub_jwt_claims(credhub_arena_t *arena,
    credhub_str_t payload, const credhub_jwt_rules_t *rules, int64_t now,
    credhub_jwt_t *jwt);

/* Notes the reason and returns the kind. */
credhub_error_e credhub_jwt_refuse(
    credhub_jwt_t *jwt, credhub_error_e kind, const char *reason);


#endif /* _CREDHUB_JWT_CLAIMS_H_INCLUDED_ */
