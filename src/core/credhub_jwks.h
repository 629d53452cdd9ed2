
/*
 * The keys of whoever issues the tokens: a JWK set (RFC 7517), or a PEM file
 * with one public key or certificate. A set is read-only once it is parsed.
 */

#ifndef _CREDHUB_JWKS_H_INCLUDED_
#define _CREDHUB_JWKS_H_INCLUDED_


#include "credhub_jwk.h"


#define CREDHUB_JWKS_MAX      1048576 /* bytes of a document */
#define CREDHUB_JWKS_KEYS_MAX 1000    /* keys that can be used */


typedef struct credhub_jwks_s credhub_jwks_t;


/*
 * Parses a document. Keys of a JWK set that cannot be used are skipped; the
 * set may end up without any, which is no error here. The one key of a PEM
 * file must be usable. NULL with a static text in `error` (it names nothing of
 * the document) when the document cannot be taken.
 */
credhub_jwks_t *credhub_jwks_parse(credhub_str_t text, const char **error);

/* NULL is allowed. */
void credhub_jwks_free(credhub_jwks_t *set);

/* Usable keys. */
size_t credhub_jwks_count(const credhub_jwks_t *set);

/* Is there a key with that id? The key of a PEM file stands for every id. */
int credhub_jwks_knows(const credhub_jwks_t *set, credhub_str_t kid);

/*
 * The next key, counted by *i from 0, that has that id and fits the algorithm;
 * every key that fits when `kid` is empty. NULL at the end.
 */
const credhub_jwk_t *credhub_jwks_find(
    const credhub_jwks_t *set, credhub_str_t kid, credhub_jws_e alg, size_t *i);


#endif /* _CREDHUB_JWKS_H_INCLUDED_ */
