
/* Certificates: scripts and how their answers are read. */

#include "ngx_credhub_rows.h"
#include "ngx_credhub_certificates.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


#define NGX_CREDHUB_KEY_ARGS 3 /* of a look-up */


static ngx_int_t ngx_credhub_certificate(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_t *certificate);
static ngx_int_t ngx_credhub_certificate_version(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_t *certificate,
    credhub_version_t **version);
static void      ngx_credhub_certificate_change(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, ngx_uint_t script,
         const ngx_credhub_certificate_t *certificate, credhub_str_t version,
         credhub_str_t batch, const ngx_credhub_guard_t *guard);
static ngx_int_t ngx_credhub_certificate_row(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_row_t *row);
static ngx_int_t ngx_credhub_child(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_child_t *child);


void
ngx_credhub_certificates_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t actor,
    const ngx_credhub_certificate_key_t *keys, ngx_uint_t n)
{
    ngx_uint_t    i;
    credhub_str_t argv[2 + NGX_CREDHUB_KEY_ARGS * NGX_CREDHUB_CERTIFICATE_KEYS
                       + NGX_CREDHUB_ROW],
        *arg;

    arg = argv;
    *arg++ = actor;
    *arg++ = ngx_credhub_call_decimal(call, n);

    for (i = 0; i < n; i++) {
        *arg++ = keys[i].id.len != 0 ? credhub_str("id") : credhub_str("name");
        *arg++ = keys[i].id.len != 0 ? keys[i].id : keys[i].name;
        arg->data = (u_char *) &keys[i].operation;
        arg->len = 1;
        arg++;
    }

    ngx_credhub_row_names(arg, NGX_CREDHUB_ROW);
    arg += NGX_CREDHUB_ROW;

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_CERTIFICATE, arg - argv, argv);
}


ngx_int_t
ngx_credhub_certificates_result(ngx_credhub_call_t *call,
    ngx_credhub_certificate_t *certificates, ngx_uint_t n,
    ngx_uint_t *read_only, credhub_error_e *error)
{
    ngx_uint_t           i;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    if (ngx_credhub_script_answer(call, &reply, &word, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *error = CREDHUB_E_INTERNAL;

    if (reply->n != 2 + n) {
        return ngx_credhub_row_damaged(credhub_str("certificates"));
    }

    *read_only = (reply->elements[1]->integer != 0);

    for (i = 0; i < n; i++) {
        if (ngx_credhub_certificate(
                call, reply->elements[2 + i], &certificates[i])
            != NGX_OK)
        {
            return ngx_credhub_row_damaged(certificates[i].folded);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_certificate(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_t *certificate)
{
    credhub_str_t         newest;
    ngx_credhub_reply_t **values;

    ngx_memzero(certificate, sizeof(ngx_credhub_certificate_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 10) {
        return NGX_ERROR;
    }

    values = reply->elements;

    certificate->name = values[0]->str;
    certificate->folded = values[1]->str;
    certificate->credential = values[2]->str;
    certificate->type = values[3]->str;
    certificate->stamp = values[4]->str;
    newest = values[6]->str;

    /* it is not proved, and versions will say that this CA has signed them */

    if (certificate->credential.len != 0
        && !credhub_str_caseeq(certificate->name, certificate->folded))
    {
        certificate->name = certificate->folded;
    }

    if (ngx_credhub_row_number(values[5], &certificate->signed_count) != NGX_OK
        || ngx_credhub_grants_take(call, values[7], &certificate->grants)
               != NGX_OK
        || ngx_credhub_certificate_version(
               call, values[8], certificate, &certificate->active)
               != NGX_OK
        || ngx_credhub_certificate_version(
               call, values[9], certificate, &certificate->transitional)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (certificate->transitional != NULL) {
        certificate->transitional->transitional = 1;
    }

    certificate->newest =
        (certificate->active != NULL
            && credhub_str_eq(certificate->active->id, newest))
            ? certificate->active
            : certificate->transitional;

    /* a certificate has at least one version */

    return (certificate->stamp.len == 0 || certificate->newest != NULL)
               ? NGX_OK
               : NGX_ERROR;
}


static ngx_int_t
ngx_credhub_certificate_version(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_t *certificate,
    credhub_version_t **version)
{
    if (reply->n == 0) {
        return NGX_OK;
    }

    *version = credhub_arena_alloc(call->arena, sizeof(credhub_version_t));

    if (*version == NULL
        || ngx_credhub_row(reply, 0, NGX_CREDHUB_ROW, *version) != NGX_OK)
    {
        return NGX_ERROR;
    }

    (*version)->folded = certificate->folded;

    return NGX_OK;
}


void
ngx_credhub_certificate_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const credhub_version_t *version,
    const ngx_credhub_certificate_write_t *write,
    const ngx_credhub_guard_t             *guard)
{
    static const credhub_str_t modes[] = { credhub_string(""),
        credhub_string("stage"), credhub_string("commit") };

    credhub_str_t argv[] = { version->name, version->folded, version->type,
        version->id, version->credential,
        (write->expect.data == NULL) ? credhub_str("*") : write->expect,
        write->transitional ? credhub_str("1") : credhub_null_str, write->ca,
        write->ca_stamp, modes[write->batch], write->batch_id,
        ngx_credhub_call_decimal(call, (int64_t) write->batch_life * 1000),
        ngx_credhub_call_decimal(call, write->signed_count), version->metadata,
        version->head, version->tail, version->secret, version->params,
        version->mac, version->facts, version->signer, version->trusted,
        version->digest, version->issuer,
        ngx_credhub_call_decimal(call, version->expires) };

    ngx_credhub_call_guarded(call, store, NGX_CREDHUB_SCRIPT_CERTIFICATE_PUT,
        sizeof(argv) / sizeof(argv[0]), argv, guard);
}


void
ngx_credhub_transitional_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_certificate_t *certificate,
    credhub_str_t version, credhub_str_t batch,
    const ngx_credhub_guard_t *guard)
{
    ngx_credhub_certificate_change(call, store, NGX_CREDHUB_SCRIPT_TRANSITIONAL,
        certificate, version, batch, guard);
}


ngx_int_t
ngx_credhub_transitional_written(
    ngx_credhub_call_t *call, credhub_error_e *error)
{
    ngx_credhub_reply_t *reply;

    static const ngx_credhub_refusal_t refusals[] = {
        { credhub_string("mismatched"), CREDHUB_E_MISMATCHED_VERSION },
        { credhub_string(""), CREDHUB_OK },
    };

    return ngx_credhub_guarded_answer(
        call, &reply, refusals, CREDHUB_E_CRED_DENIED, error);
}


void
ngx_credhub_version_delete(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const ngx_credhub_certificate_t *certificate, credhub_str_t version,
    credhub_str_t batch, const ngx_credhub_guard_t *guard)
{
    ngx_credhub_certificate_change(call, store,
        NGX_CREDHUB_SCRIPT_VERSION_DELETE, certificate, version, batch, guard);
}


ngx_int_t
ngx_credhub_version_deleted(ngx_credhub_call_t *call, credhub_error_e *error)
{
    ngx_credhub_reply_t *reply;

    static const ngx_credhub_refusal_t refusals[] = {
        { credhub_string("missing"), CREDHUB_E_CRED },
        { credhub_string("last"), CREDHUB_E_LAST_VERSION },
        { credhub_string(""), CREDHUB_OK },
    };

    return ngx_credhub_guarded_answer(
        call, &reply, refusals, CREDHUB_E_CRED_HIDDEN, error);
}


static void
ngx_credhub_certificate_change(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, ngx_uint_t script,
    const ngx_credhub_certificate_t *certificate, credhub_str_t version,
    credhub_str_t batch, const ngx_credhub_guard_t *guard)
{
    credhub_str_t argv[] = { certificate->folded, certificate->stamp, version,
        batch,
        batch.data != NULL
            ? ngx_credhub_call_decimal(call, certificate->signed_count)
            : credhub_null_str };

    ngx_credhub_call_guarded(
        call, store, script, sizeof(argv) / sizeof(argv[0]), argv, guard);
}


void
ngx_credhub_certificates_list(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t name, credhub_str_t cursor,
    ngx_uint_t chains, credhub_str_t actor)
{
    credhub_str_t argv[4];

    argv[0] = name;
    argv[1] = cursor;
    argv[2] = chains ? credhub_str("1") : credhub_null_str;
    argv[3] = actor;

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_CERTIFICATES, 4, argv);
}


ngx_int_t
ngx_credhub_certificates_listed(ngx_credhub_call_t *call,
    ngx_credhub_certificate_row_t **rows, ngx_uint_t *n, credhub_str_t *cursor,
    credhub_error_e *error)
{
    ngx_uint_t           i;
    ngx_credhub_reply_t *reply;

    if (ngx_credhub_step_result(call, 2, &reply, cursor, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *n = reply->n - 2;
    *rows = credhub_arena_alloc(
        call->arena, *n * sizeof(ngx_credhub_certificate_row_t));

    *error = CREDHUB_E_INTERNAL;

    if (*rows == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < *n; i++) {
        if (ngx_credhub_certificate_row(call, reply->elements[2 + i], *rows + i)
            != NGX_OK)
        {
            return ngx_credhub_row_damaged((*rows)[i].folded);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_certificate_row(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_certificate_row_t *row)
{
    ngx_uint_t                         i;
    credhub_str_t                      transitional;
    ngx_credhub_reply_t              **values, *version;
    ngx_credhub_certificate_version_t *v;

    ngx_memzero(row, sizeof(ngx_credhub_certificate_row_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 10) {
        return NGX_ERROR;
    }

    values = reply->elements;

    row->name = values[0]->str;
    row->folded = values[1]->str;
    row->credential = values[2]->str;
    transitional = values[4]->str;
    row->first_name = values[6]->str;
    row->first_id = values[7]->str;

    row->n = values[9]->n;
    row->versions = credhub_arena_alloc(
        call->arena, row->n * sizeof(ngx_credhub_certificate_version_t));

    if (row->name.len == 0 || row->n == 0 || row->versions == NULL
        || ngx_credhub_row_number(values[3], &row->sequence) != NGX_OK
        || ngx_credhub_grants_take(call, values[5], &row->grants) != NGX_OK
        || ngx_credhub_row_expiry(values[8], &row->first_expires) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < row->n; i++) {
        version = values[9]->elements[i];
        v = &row->versions[i];

        if (version->type != NGX_CREDHUB_REPLY_ARRAY || version->n != 4
            || ngx_credhub_row_expiry(version->elements[3], &v->expires)
                   != NGX_OK)
        {
            return NGX_ERROR;
        }

        v->id = version->elements[0]->str;
        v->facts = version->elements[1]->str;
        v->signer = version->elements[2]->str;
        v->transitional = credhub_str_eq(v->id, transitional);
    }

    return NGX_OK;
}


void
ngx_credhub_children_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t ca, credhub_str_t cursor, credhub_str_t actor,
    u_char operation)
{
    credhub_str_t argv[4];

    argv[0] = ca;
    argv[1] = cursor;
    argv[2] = actor;
    argv[3].data = &operation;
    argv[3].len = 1;

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_CHILDREN, 4, argv);
}


ngx_int_t
ngx_credhub_children_result(ngx_credhub_call_t *call,
    ngx_credhub_child_t **children, ngx_uint_t *n, int64_t *signed_count,
    credhub_str_t *cursor, credhub_error_e *error)
{
    ngx_uint_t           i;
    ngx_credhub_reply_t *reply;

    if (ngx_credhub_step_result(call, 3, &reply, cursor, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_row_number(reply->elements[2], signed_count) != NGX_OK) {
        return ngx_credhub_row_damaged(credhub_str("signed"));
    }

    *n = reply->n - 3;
    *children =
        credhub_arena_alloc(call->arena, *n * sizeof(ngx_credhub_child_t));

    if (*children == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < *n; i++) {
        if (ngx_credhub_child(call, reply->elements[3 + i], *children + i)
            != NGX_OK) {
            return ngx_credhub_row_damaged((*children)[i].folded);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_child(ngx_credhub_call_t *call, const ngx_credhub_reply_t *reply,
    ngx_credhub_child_t *child)
{
    ngx_memzero(child, sizeof(ngx_credhub_child_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 6) {
        return NGX_ERROR;
    }

    child->name = reply->elements[0]->str;
    child->folded = reply->elements[1]->str;
    child->credential = reply->elements[2]->str;
    child->signer = reply->elements[3]->str;
    child->signs = (reply->elements[4]->integer != 0);

    if (child->name.len == 0) {
        return NGX_ERROR;
    }

    return ngx_credhub_grants_take(call, reply->elements[5], &child->grants);
}


void
ngx_credhub_chain_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t signer, credhub_str_t issuer)
{
    credhub_str_t argv[2 + NGX_CREDHUB_ROW_SHORT];

    argv[0] = signer;
    argv[1] = issuer;
    ngx_credhub_row_names(&argv[2], NGX_CREDHUB_ROW_SHORT);

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_CHAIN, 2 + NGX_CREDHUB_ROW_SHORT, argv);
}


ngx_int_t
ngx_credhub_chain_result(ngx_credhub_call_t *call, credhub_version_t **versions,
    ngx_uint_t *n, credhub_error_e *error)
{
    ngx_uint_t           i;
    credhub_str_t        word;
    credhub_version_t   *version;
    ngx_credhub_reply_t *reply, *row;

    if (ngx_credhub_script_answer(call, &reply, &word, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *n = reply->n - 1;
    *versions =
        credhub_arena_alloc(call->arena, *n * sizeof(credhub_version_t));

    *error = CREDHUB_E_INTERNAL;

    if (*versions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < *n; i++) {
        row = reply->elements[1 + i];
        version = *versions + i;

        if (row->type != NGX_CREDHUB_REPLY_ARRAY || row->n != 2
            || ngx_credhub_row(
                   row->elements[1], 0, NGX_CREDHUB_ROW_SHORT, version)
                   != NGX_OK)
        {
            return ngx_credhub_row_damaged(credhub_str("a chain"));
        }

        version->folded = row->elements[0]->str;
    }

    return NGX_OK;
}
