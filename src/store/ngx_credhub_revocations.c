
/* Revocations: a sorted set for each CA, by the uid of its key. */

#include "ngx_credhub_rows.h"
#include "ngx_credhub_revocations.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


void
ngx_credhub_revoke_write(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const ngx_credhub_object_t *ca, credhub_str_t text,
    const ngx_credhub_guard_t *guard)
{
    credhub_str_t argv[4];

    argv[0] = ca->key;
    argv[1] = ca->uid;
    argv[2] = text;
    argv[3] = ngx_credhub_call_decimal(call, NGX_CREDHUB_REVOCATIONS_MAX);

    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_SSH_REVOKE, 4, argv, guard);
}


ngx_int_t
ngx_credhub_revoke_done(ngx_credhub_call_t *call, credhub_error_e *error)
{
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    *error = CREDHUB_E_INTERNAL;

    switch (ngx_credhub_script_answer(call, &reply, &word, error)) {
    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        break;

    default:
        return NGX_ERROR;
    }

    if (credhub_str_eq(word, credhub_str("full"))) {
        return NGX_DECLINED;
    }

    *error = ngx_credhub_guard_refused(reply) ? CREDHUB_E_SSH_RIGHTS
                                              : CREDHUB_E_SSH_CA;
    return NGX_ERROR;
}


void
ngx_credhub_revocations_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_object_t *ca,
    ngx_uint_t first)
{
    credhub_str_t argv[4];

    argv[0] = credhub_str("ZRANGE");
    argv[1] = ngx_credhub_call_key(call, store, "revoked:", ca->uid);
    argv[2] = ngx_credhub_call_decimal(call, first);
    argv[3] = ngx_credhub_call_decimal(
        call, first + NGX_CREDHUB_REVOCATIONS_STEP - 1);

    ngx_credhub_call_command(call, 4, argv);
}


ngx_uint_t
ngx_credhub_revocations_n(const ngx_credhub_call_t *call)
{
    const ngx_credhub_reply_t *reply = call->replies[0];

    return reply->type == NGX_CREDHUB_REPLY_ARRAY ? reply->n : 0;
}


credhub_str_t
ngx_credhub_revocation(const ngx_credhub_call_t *call, ngx_uint_t i)
{
    return call->replies[0]->elements[i]->str;
}
