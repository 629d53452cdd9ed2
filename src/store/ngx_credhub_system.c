
/* Switches and counters of the whole store. */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_system.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


static ngx_int_t ngx_credhub_key_usage_add(const ngx_credhub_reply_t *reply,
    const credhub_keyring_t *keyring, ngx_credhub_key_usage_t *usage);


void
ngx_credhub_read_only_check(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    credhub_str_t argv[2];

    argv[0] = credhub_str("EXISTS");
    argv[1] = ngx_credhub_call_key(call, store, "read_only", credhub_null_str);

    ngx_credhub_call_command(call, 2, argv);
}


ngx_uint_t
ngx_credhub_read_only_checked(ngx_credhub_call_t *call, ngx_uint_t i)
{
    return call->replies[i]->integer != 0;
}


void
ngx_credhub_read_only_set(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    ngx_uint_t on, const ngx_credhub_guard_t *guard)
{
    credhub_str_t arg;

    arg = on ? credhub_str("on") : credhub_str("off");

    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_READ_ONLY, 1, &arg, guard);
}


ngx_int_t
ngx_credhub_read_only_switched(
    ngx_credhub_call_t *call, ngx_uint_t *on, credhub_error_e *error)
{
    return ngx_credhub_guarded_flag(call, on, CREDHUB_E_CRED_DENIED, error);
}


void
ngx_credhub_key_usage_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_KEY_USAGE, 0, NULL);
}


ngx_int_t
ngx_credhub_key_usage_result(ngx_credhub_call_t *call,
    const credhub_keyring_t *keyring, ngx_credhub_key_usage_t *usage,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    rc = ngx_credhub_script_answer(call, &reply, &word, error);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(usage, sizeof(ngx_credhub_key_usage_t));

    for (i = 1; i < reply->n; i++) {
        if (ngx_credhub_key_usage_add(reply->elements[i], keyring, usage)
            != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                "credhub: the store's key usage is damaged");

            *error = CREDHUB_E_INTERNAL;
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* { fingerprint in hex, number of versions } */

static ngx_int_t
ngx_credhub_key_usage_add(const ngx_credhub_reply_t *reply,
    const credhub_keyring_t *keyring, ngx_credhub_key_usage_t *usage)
{
    u_char               fingerprint[CREDHUB_FINGERPRINT_SIZE];
    ngx_int_t            byte;
    ngx_uint_t           i;
    const credhub_str_t *hex;

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 2
        || reply->elements[1]->type != NGX_CREDHUB_REPLY_INTEGER)
    {
        return NGX_ERROR;
    }

    hex = &reply->elements[0]->str;

    if (hex->len != 2 * CREDHUB_FINGERPRINT_SIZE) {
        return NGX_ERROR;
    }

    for (i = 0; i < CREDHUB_FINGERPRINT_SIZE; i++) {
        byte = ngx_hextoi(hex->data + 2 * i, 2);

        if (byte == NGX_ERROR) {
            return NGX_ERROR;
        }

        fingerprint[i] = (u_char) byte;
    }

    switch (credhub_keyring_state(keyring, fingerprint)) {
    case 1:
        usage->active += reply->elements[1]->integer;
        break;

    case 0:
        usage->inactive += reply->elements[1]->integer;
        break;

    default:
        usage->unknown += reply->elements[1]->integer;
        break;
    }

    return NGX_OK;
}
