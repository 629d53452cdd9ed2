
/*
 * Lua scripts, embedded at build time. KEYS[1] is {prefix}:schema; ARGV starts
 * with the module's layout version and the hub id, which lua/prelude.lua
 * checks. A script reads and checks everything first, then only writes that
 * cannot fail. It answers an array whose first element is a word: "ok", or the
 * reason why nothing was written.
 */

#ifndef _NGX_CREDHUB_SCRIPT_H_INCLUDED_
#define _NGX_CREDHUB_SCRIPT_H_INCLUDED_


#include "ngx_credhub_store.h"


typedef struct {
    const char *name;
    const char *sha1;
    const char *body;
    size_t      len;
    int         reads; /* and never writes */
} ngx_credhub_script_t;


/*
 * Appends EVALSHA with the schema key, layout, hub id and the given arguments;
 * EVALSHA_RO for a script that only reads. After NOSCRIPT the link sends EVAL,
 * or EVAL_RO, once in its place; such a call has this one command only. `id`: an NGX_CREDHUB_SCRIPT_* of ngx_credhub_lua.h.
 */
void ngx_credhub_call_script(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, ngx_uint_t id, ngx_uint_t argc,
    const credhub_str_t *argv);

/*
 * The first word of a script's answer: NGX_OK for "ok" (elements hold the
 * rest); else NGX_ERROR with *error: CREDHUB_E_READ_ONLY for "read_only",
 * CREDHUB_E_UNAVAILABLE for "schema" (logged; the link shakes hands again),
 * or NGX_DECLINED with `word` for any other, *error as it was.
 */
ngx_int_t ngx_credhub_script_answer(ngx_credhub_call_t *call,
    ngx_credhub_reply_t **reply, credhub_str_t *word, credhub_error_e *error);


#endif /* _NGX_CREDHUB_SCRIPT_H_INCLUDED_ */
