
/* Batches of certificate versions that are staged and committed together. */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_certificates.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


#define NGX_CREDHUB_CA_ARGS 3 /* of a CA */


void
ngx_credhub_batch_commit(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t batch, const ngx_credhub_batch_ca_t *cas, ngx_uint_t n)
{
    ngx_uint_t     i;
    credhub_str_t *argv, *arg;

    argv = credhub_arena_alloc(
        call->arena, (1 + NGX_CREDHUB_CA_ARGS * n) * sizeof(credhub_str_t));

    if (argv == NULL) {
        call->request.failed = 1;
        return;
    }

    arg = argv;
    *arg++ = batch;

    for (i = 0; i < n; i++) {
        *arg++ = cas[i].name;
        *arg++ = cas[i].stamp;
        *arg++ = ngx_credhub_call_decimal(call, cas[i].signed_count);
    }

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_BATCH_COMMIT, arg - argv, argv);
}


ngx_int_t
ngx_credhub_batch_committed(ngx_credhub_call_t *call, credhub_error_e *error)
{
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    return ngx_credhub_script_answer(call, &reply, &word, error);
}


void
ngx_credhub_batch_finish(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t batch)
{
    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_BATCH_FINISH, 1, &batch);
}


ngx_int_t
ngx_credhub_batch_finished(
    ngx_credhub_call_t *call, ngx_uint_t *rest, credhub_error_e *error)
{
    return ngx_credhub_guarded_flag(call, rest, CREDHUB_E_INTERNAL, error);
}
