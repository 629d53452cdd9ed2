
/*
 * Scripts are sent by their hash. Redis forgets them when it restarts or is
 * told to; then the body goes once with the same arguments.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_feed.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


#define NGX_CREDHUB_SHA1_LEN   40
#define NGX_CREDHUB_SCRIPT_OWN 6 /* arguments before those of the caller */


static void ngx_credhub_script_append(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_str_t script[2], ngx_uint_t argc,
    const credhub_str_t *argv);


void
ngx_credhub_call_script(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    ngx_uint_t id, ngx_uint_t argc, const credhub_str_t *argv)
{
    credhub_str_t script[2];

    script[0] = ngx_credhub_scripts[id].reads ? credhub_str("EVALSHA_RO")
                                              : credhub_str("EVALSHA");
    script[1].data = (u_char *) ngx_credhub_scripts[id].sha1;
    script[1].len = NGX_CREDHUB_SHA1_LEN;

    call->script = &ngx_credhub_scripts[id];

    ngx_credhub_script_append(call, store, script, argc, argv);

    if (store->feed != NULL && !ngx_credhub_scripts[id].reads) {
        call->writes = 1;
        ngx_credhub_feed_ask(call, store);
    }
}


void
ngx_credhub_call_eval(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    ngx_uint_t id, ngx_uint_t argc, const credhub_str_t *argv)
{
    credhub_str_t script[2];

    script[0] = store->writes ? credhub_str("EVAL") : credhub_str("EVAL_RO");
    script[1].data = (u_char *) ngx_credhub_scripts[id].body;
    script[1].len = ngx_credhub_scripts[id].len;

    ngx_credhub_script_append(call, store, script, argc, argv);
}


static void
ngx_credhub_script_append(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const credhub_str_t script[2], ngx_uint_t argc, const credhub_str_t *argv)
{
    ngx_uint_t     i;
    credhub_str_t *args;

    args = credhub_arena_alloc(
        call->arena, (NGX_CREDHUB_SCRIPT_OWN + argc) * sizeof(credhub_str_t));

    if (args == NULL) {
        call->request.failed = 1;
        return;
    }

    args[0] = script[0];
    args[1] = script[1];
    args[2] = credhub_str("1");
    args[3] = ngx_credhub_call_key(call, store, "schema", credhub_null_str);
    args[4] = credhub_str(NGX_CREDHUB_LAYOUT);
    args[5] = store->hub;

    for (i = 0; i < argc; i++) {
        args[NGX_CREDHUB_SCRIPT_OWN + i] = argv[i];
    }

    ngx_credhub_call_command(call, NGX_CREDHUB_SCRIPT_OWN + argc, args);
}


/* The request is "*N", "EVALSHA" or "EVALSHA_RO", the hash, and the arguments
 * that stay; other commands may follow. */

void
ngx_credhub_script_eval(ngx_credhub_call_t *call)
{
    u_char                     *p;
    size_t                      count, rest;
    ngx_uint_t                  i;
    credhub_buf_t               old;
    const ngx_credhub_script_t *script;

    script = call->script;
    old = call->request;

    p = ngx_strlchr(old.data, old.data + old.len, LF) + 1;
    count = p - old.data;
    rest =
        count + NGX_CREDHUB_SHA1_LEN + sizeof(CRLF) - 1
        + (script->reads ? sizeof("$10" CRLF "EVALSHA_RO" CRLF "$40" CRLF) - 1
                         : sizeof("$7" CRLF "EVALSHA" CRLF "$40" CRLF) - 1);

    credhub_buf_init(
        &call->request, call->arena, old.len + script->len + NGX_SIZE_T_LEN);

    credhub_buf_add(&call->request, old.data, count);

    if (script->reads) {
        credhub_buf_lit(&call->request, "$7" CRLF "EVAL_RO" CRLF);

    } else {
        credhub_buf_lit(&call->request, "$4" CRLF "EVAL" CRLF);
    }

    credhub_buf_printf(&call->request, "$%zu" CRLF, script->len);
    credhub_buf_add(&call->request, script->body, script->len);
    credhub_buf_lit(&call->request, CRLF);
    credhub_buf_add(&call->request, old.data + rest, old.len - rest);

    for (i = 0; i < call->n; i++) {
        call->ends[i] += call->request.len - old.len;
    }
}


ngx_int_t
ngx_credhub_script_answer(ngx_credhub_call_t *call, ngx_credhub_reply_t **reply,
    credhub_str_t *word, credhub_error_e *error)
{
    ngx_credhub_reply_t        *r;
    const ngx_credhub_script_t *script;

    if (call->error != CREDHUB_OK) {
        *error = call->error;
        return NGX_ERROR;
    }

    r = call->replies[0];
    script = call->script;

    if (r->type != NGX_CREDHUB_REPLY_ARRAY || r->n == 0
        || r->elements[0]->type != NGX_CREDHUB_REPLY_STRING)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
            "credhub: script \"%s\" did not answer a word", script->name);

        *error = CREDHUB_E_INTERNAL;
        return NGX_ERROR;
    }

    *reply = r;
    *word = r->elements[0]->str;

    if (credhub_str_eq(*word, credhub_str("ok"))) {
        return NGX_OK;
    }

    if (credhub_str_eq(*word, credhub_str("read_only"))) {
        *error = CREDHUB_E_READ_ONLY;
        return NGX_ERROR;
    }

    if (credhub_str_eq(*word, credhub_str("schema"))) {
        ngx_credhub_link_renew(call);
        *error = CREDHUB_E_UNAVAILABLE;
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}
