
/* Guards and grants on their way to Redis and back. */

#include "ngx_credhub_cache.h"
#include "ngx_credhub_link_private.h"
#include "ngx_credhub_grants.h"
#include "ngx_credhub_script.h"


void
ngx_credhub_call_guarded(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    ngx_uint_t script, ngx_uint_t argc, const credhub_str_t *argv,
    const ngx_credhub_guard_t *guard)
{
    ngx_uint_t     i;
    credhub_str_t *args, *arg;

    args = credhub_arena_alloc(
        call->arena, (argc + 1 + 2 * guard->grants.n) * sizeof(credhub_str_t));

    if (args == NULL) {
        call->request.failed = 1;
        return;
    }

    ngx_memcpy(args, argv, argc * sizeof(credhub_str_t));

    arg = args + argc;
    *arg++ = guard->actor;

    for (i = 0; i < guard->grants.n; i++) {
        *arg++ = guard->grants.list[i].field;
        *arg++ = guard->grants.list[i].value;
    }

    ngx_credhub_call_script(call, store, script, arg - args, args);
}


ngx_uint_t
ngx_credhub_guard_refused(const ngx_credhub_reply_t *reply)
{
    credhub_str_t word;

    word = reply->elements[0]->str;

    if (credhub_str_eq(word, credhub_str("forged")) && reply->n == 3) {
        ngx_credhub_grants_forged(
            reply->elements[1]->str, reply->elements[2]->str);
        return 1;
    }

    return credhub_str_eq(word, credhub_str("denied"));
}


ngx_int_t
ngx_credhub_guarded_answer(ngx_credhub_call_t *call,
    ngx_credhub_reply_t **reply, const ngx_credhub_refusal_t *refusals,
    credhub_error_e denied, credhub_error_e *error)
{
    ngx_int_t     rc;
    credhub_str_t word;

    rc = ngx_credhub_script_answer(call, reply, &word, error);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_credhub_guard_refused(*reply)) {
        *error = denied;
        return NGX_ERROR;
    }

    for (/* void */; refusals != NULL && refusals->word.len != 0; refusals++) {
        if (credhub_str_eq(word, refusals->word)) {
            *error = refusals->error;
            return NGX_ERROR;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_credhub_guarded_flag(ngx_credhub_call_t *call, ngx_uint_t *flag,
    credhub_error_e denied, credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_guarded_answer(call, &reply, NULL, denied, error);

    if (rc == NGX_OK) {
        *flag = (reply->n > 1 && reply->elements[1]->integer != 0);
    }

    return rc;
}


void
ngx_credhub_grants_forged(credhub_str_t actor, credhub_str_t field)
{
    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
        "credhub: the store holds a grant that is not genuine: \"%*s\" of "
        "\"%*s\"",
        field.len, field.data, actor.len, actor.data);
}


void
ngx_credhub_grants_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const ngx_credhub_guard_t *guard)
{
    ngx_uint_t     i;
    credhub_str_t *argv;

    if (guard->actor.len == 0) {
        return;
    }

    argv = credhub_arena_alloc(
        call->arena, (2 + guard->grants.n) * sizeof(credhub_str_t));

    if (argv == NULL) {
        call->request.failed = 1;
        return;
    }

    argv[0] = credhub_str("HMGET");
    argv[1] = ngx_credhub_call_key(call, store, "grants:", guard->actor);

    for (i = 0; i < guard->grants.n; i++) {
        argv[2 + i] = guard->grants.list[i].field;
    }

    ngx_credhub_call_command(call, 2 + guard->grants.n, argv);
    ngx_credhub_call_tag(call, NGX_CREDHUB_TAG_GRANTS, guard->actor);
}


ngx_int_t
ngx_credhub_grants_result(ngx_credhub_call_t *call, ngx_uint_t i,
    const ngx_credhub_guard_t *guard, ngx_credhub_grants_t *grants)
{
    ngx_uint_t                 j;
    const ngx_credhub_reply_t *reply;

    reply = call->replies[i];

    grants->n = 0;
    grants->list = credhub_arena_alloc(
        call->arena, guard->grants.n * sizeof(ngx_credhub_grant_t));

    if (grants->list == NULL || reply->n != guard->grants.n) {
        return NGX_ERROR;
    }

    for (j = 0; j < reply->n; j++) {
        if (reply->elements[j]->type == NGX_CREDHUB_REPLY_STRING) {
            grants->list[grants->n].field = guard->grants.list[j].field;
            grants->list[grants->n++].value = reply->elements[j]->str;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_credhub_grants_take(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_grants_t *grants)
{
    ngx_uint_t i;

    ngx_memzero(grants, sizeof(ngx_credhub_grants_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n % 2 != 0) {
        return NGX_ERROR;
    }

    if (reply->n == 0) {
        return NGX_OK;
    }

    grants->list = credhub_arena_alloc(
        call->arena, reply->n / 2 * sizeof(ngx_credhub_grant_t));

    if (grants->list == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reply->n; i += 2) {
        grants->list[grants->n].field = reply->elements[i]->str;
        grants->list[grants->n].value = reply->elements[i + 1]->str;
        grants->n++;
    }

    return NGX_OK;
}
