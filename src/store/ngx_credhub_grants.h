
/*
 * Stored permissions as the store is asked about them. Reads return the grants
 * that cover a name, for the worker to verify; writes carry a guard, which the
 * script compares with what stands in the store, so that a check costs no round
 * trip of its own.
 */

#ifndef _NGX_CREDHUB_GRANTS_H_INCLUDED_
#define _NGX_CREDHUB_GRANTS_H_INCLUDED_


#include "ngx_credhub_store.h"


/* A field of the grants of an actor, and the genuine value of that field. */

typedef struct {
    credhub_str_t field;
    credhub_str_t value;
} ngx_credhub_grant_t;


typedef struct {
    ngx_credhub_grant_t *list;
    ngx_uint_t           n;
} ngx_credhub_grants_t;


/* Any of the grants allows the operation. No actor: configuration allows it. */

typedef struct {
    credhub_str_t        actor; /* folded */
    ngx_credhub_grants_t grants;
} ngx_credhub_guard_t;


/*
 * Appends arguments and then the guard to a script call. Its answer is
 * NGX_DECLINED with the word "denied", or "forged" when a grant in the store is
 * not genuine.
 */
void ngx_credhub_call_guarded(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, ngx_uint_t script, ngx_uint_t argc,
    const credhub_str_t *argv, const ngx_credhub_guard_t *guard);

/* Does a script's answer, which is not "ok", say that the guard refused? A
 * forged grant has been logged. */
ngx_uint_t ngx_credhub_guard_refused(const ngx_credhub_reply_t *reply);

/* Why else a script has written nothing. A list ends with an empty word. */

typedef struct {
    credhub_str_t   word;
    credhub_error_e error;
} ngx_credhub_refusal_t;

/* The answer of a script with a guard: NGX_OK, NGX_ERROR with *error, which is
 * `denied` when the guard refused, or that of a word in `refusals` (may be
 * NULL); NGX_DECLINED for any other word. */
ngx_int_t ngx_credhub_guarded_answer(ngx_credhub_call_t *call,
    ngx_credhub_reply_t **reply, const ngx_credhub_refusal_t *refusals,
    credhub_error_e denied, credhub_error_e *error);

/* A script that answers "ok" and a flag: NGX_OK, NGX_DECLINED, or NGX_ERROR with
 * *error, which is `denied` when the guard refused. */
ngx_int_t ngx_credhub_guarded_flag(ngx_credhub_call_t *call, ngx_uint_t *flag,
    credhub_error_e denied, credhub_error_e *error);

/* A command of its own: the values of the guard's fields. None without an
 * actor. */
void ngx_credhub_grants_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_guard_t *guard);

/* Reply number i of it: those that stand in the store. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_credhub_grants_result(ngx_credhub_call_t *call, ngx_uint_t i,
    const ngx_credhub_guard_t *guard, ngx_credhub_grants_t *grants);

/* An array of field, value, ... in a script's answer. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_credhub_grants_take(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_grants_t *grants);

/* For the log: a grant that is not genuine stands in the store. */
void ngx_credhub_grants_forged(credhub_str_t actor, credhub_str_t field);


#endif /* _NGX_CREDHUB_GRANTS_H_INCLUDED_ */
