
/* Each credential is read once, however many of its fields are asked for. */

#include "ngx_credhub_fetch.h"
#include "credhub_field.h"
#include "credhub_name.h"


static ngx_credhub_rc_e ngx_credhub_fetch_ask(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_fetch_prepare(
     ngx_credhub_op_t *op, ngx_credhub_fetched_t *fetched);
static ngx_credhub_fetched_t *ngx_credhub_fetch_same(
    ngx_credhub_fetch_t *fetch, ngx_credhub_fetched_t *fetched);
static ngx_credhub_rc_e ngx_credhub_fetch_take(ngx_credhub_op_t *op);
static credhub_error_e  ngx_credhub_fetch_value(
     ngx_credhub_op_t *op, ngx_credhub_fetched_t *fetched);
static ngx_uint_t ngx_credhub_fetch_usable(
    const credhub_version_t *version, const ngx_credhub_fetched_t *fetched);


static const ngx_credhub_step_pt ngx_credhub_fetch_steps[] = {
    ngx_credhub_fetch_ask,
    ngx_credhub_fetch_take,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_fetch_enter(ngx_credhub_op_t *op, ngx_credhub_fetch_t *fetch)
{
    return ngx_credhub_op_enter(op, ngx_credhub_fetch_steps, fetch);
}


static ngx_credhub_rc_e
ngx_credhub_fetch_ask(ngx_credhub_op_t *op)
{
    ngx_credhub_fetch_t *fetch = op->ctx;

    ngx_uint_t             i, reply;
    credhub_error_e        error;
    ngx_credhub_call_t    *call;
    ngx_credhub_fetched_t *fetched, *same;

    for (i = 0; i < fetch->n; i++) {
        error = ngx_credhub_fetch_prepare(op, &fetch->list[i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    reply = 0;
    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 2 * fetch->n);

    for (i = 0; call != NULL && i < fetch->n; i++) {
        fetched = &fetch->list[i];
        same = ngx_credhub_fetch_same(fetch, fetched);

        if (same != fetched) {
            fetched->reply = same->reply;
            continue;
        }

        fetched->reply = reply;
        reply += fetched->guard.actor.len != 0 ? 2 : 1;

        ngx_credhub_current_read(call, op->hub->store, fetched->folded, 0);
        ngx_credhub_grants_read(call, op->hub->store, &fetched->guard);
    }

    return ngx_credhub_op_ask(op, call);
}


static credhub_error_e
ngx_credhub_fetch_prepare(ngx_credhub_op_t *op, ngx_credhub_fetched_t *fetched)
{
    credhub_error_e error;

    error = ngx_credhub_access_name(op, fetched->name, &fetched->folded);

    if (error == CREDHUB_OK
        && credhub_name_check(op->resource, op->hub->max_name_length)
               != CREDHUB_OK)
    {
        error = CREDHUB_E_CRED;
    }

    return error != CREDHUB_OK ? error
                               : ngx_credhub_access_guard(op, CREDHUB_OP_READ,
                                   fetched->folded, &fetched->guard);
}


/* The first of the same credential. */

static ngx_credhub_fetched_t *
ngx_credhub_fetch_same(
    ngx_credhub_fetch_t *fetch, ngx_credhub_fetched_t *fetched)
{
    ngx_credhub_fetched_t *same;

    for (same = fetch->list; same < fetched; same++) {
        if (credhub_str_eq(same->folded, fetched->folded)) {
            break;
        }
    }

    return same;
}


static ngx_credhub_rc_e
ngx_credhub_fetch_take(ngx_credhub_op_t *op)
{
    ngx_credhub_fetch_t *fetch = op->ctx;

    ngx_uint_t             i;
    credhub_error_e        error;
    ngx_credhub_fetched_t *fetched;

    for (i = 0; i < fetch->n; i++) {
        fetched = &fetch->list[i];
        op->resource = ngx_credhub_audit_cut(fetched->name);

        error = ngx_credhub_access_checked(
                    op, &fetched->guard, CREDHUB_OP_READ, fetched->reply + 1)
                    ? ngx_credhub_fetch_value(op, fetched)
                    : CREDHUB_E_CRED_HIDDEN;

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_error(op, error);
        }
    }

    return NGX_CREDHUB_NEXT;
}


static credhub_error_e
ngx_credhub_fetch_value(ngx_credhub_op_t *op, ngx_credhub_fetched_t *fetched)
{
    ngx_int_t         rc;
    credhub_buf_t     buf;
    credhub_error_e   error;
    credhub_version_t version;

    rc = ngx_credhub_current_result(
        op->call, fetched->reply, fetched->folded, &version, NULL);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? CREDHUB_E_CRED : CREDHUB_E_INTERNAL;
    }

    op->resource_id = ngx_credhub_op_copy(op, version.credential);
    op->version_id = ngx_credhub_op_copy(op, version.id);

    credhub_buf_init(&buf, op->arena, credhub_version_view_size(&version));

    error = credhub_version_value(
        &buf, &version, op->hub->keyring, op->hub->store->hub);

    if (ngx_credhub_opened(&version, error) != CREDHUB_OK) {
        return error;
    }

    error = credhub_field(
        op->arena, credhub_buf_str(&buf), fetched->field, &fetched->value);

    if (error == CREDHUB_OK && !ngx_credhub_fetch_usable(&version, fetched)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
            "credhub: the value of \"%*s\" has a line end or a NUL byte and is "
            "not used",
            version.name.len, version.name.data);

        error = CREDHUB_E_INTERNAL;
    }

    return error;
}


/* Of keys and certificates the hub has read the PEM that it stored. */

static ngx_uint_t
ngx_credhub_fetch_usable(
    const credhub_version_t *version, const ngx_credhub_fetched_t *fetched)
{
    ngx_uint_t pem;

    pem = credhub_str_eq(version->type, credhub_str("certificate"))
          || credhub_str_eq(version->type, credhub_str("rsa"))
          || credhub_str_eq(version->type, credhub_str("ssh"));

    return credhub_field_plain(fetched->value, pem);
}
