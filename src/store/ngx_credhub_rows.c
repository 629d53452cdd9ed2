
/* Rows as Redis sends them. */

#include "ngx_credhub_rows.h"
#include "ngx_credhub_script.h"


#define NGX_CREDHUB_SEALS_MAX  ((int64_t) 1 << 31) /* of one key */
#define NGX_CREDHUB_SEALS_STEP ((int64_t) 1 << 20) /* between warnings */


typedef struct {
    credhub_str_t       name;
    ngx_credhub_field_t field;
} ngx_credhub_version_field_t;


static ngx_int_t ngx_credhub_row_field(const ngx_credhub_reply_t *reply,
    const ngx_credhub_field_t *field, void *row);


/* clang-format off */

#define ngx_credhub_version_field(key, name, kind)                            \
    { credhub_string(key),                                                    \
      ngx_credhub_field(credhub_version_t, name, kind) }

static const ngx_credhub_version_field_t
    ngx_credhub_version_fields[NGX_CREDHUB_ROW] = {
    ngx_credhub_version_field("created", created, NUMBER),
    ngx_credhub_version_field("credential", credential, REQUIRED),
    ngx_credhub_version_field("name", name, REQUIRED),
    ngx_credhub_version_field("type", type, REQUIRED),
    ngx_credhub_version_field("version", id, REQUIRED),
    ngx_credhub_version_field("metadata", metadata, OPTIONAL),
    ngx_credhub_version_field("head", head, OPTIONAL),
    ngx_credhub_version_field("tail", tail, OPTIONAL),
    ngx_credhub_version_field("secret", secret, OPTIONAL),
    ngx_credhub_version_field("mac", mac, OPTIONAL),
    ngx_credhub_version_field("facts", facts, OPTIONAL),
    ngx_credhub_version_field("signer", signer, OPTIONAL),
    ngx_credhub_version_field("trusted", trusted, OPTIONAL),
    ngx_credhub_version_field("digest", digest, OPTIONAL),
    ngx_credhub_version_field("issuer", issuer, OPTIONAL),
    ngx_credhub_version_field("expires", expires, NUMBER_OPTIONAL),
    ngx_credhub_version_field("params", params, OPTIONAL)
};

/* clang-format on */


void
ngx_credhub_row_names(credhub_str_t *argv, ngx_uint_t n)
{
    ngx_uint_t i;

    for (i = 0; i < n; i++) {
        argv[i] = ngx_credhub_version_fields[i].name;
    }
}


ngx_int_t
ngx_credhub_row(const ngx_credhub_reply_t *reply, ngx_uint_t skip, ngx_uint_t n,
    credhub_version_t *version)
{
    ngx_uint_t i;

    ngx_memzero(version, sizeof(credhub_version_t));

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != skip + n) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_credhub_row_field(reply->elements[skip + i],
                &ngx_credhub_version_fields[i].field, version)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_credhub_row_fields(const ngx_credhub_reply_t *reply,
    const ngx_credhub_field_t *fields, ngx_uint_t n, void *row)
{
    ngx_uint_t i;

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != n) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_credhub_row_field(reply->elements[i], &fields[i], row)
            != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_row_field(const ngx_credhub_reply_t *reply,
    const ngx_credhub_field_t *field, void *row)
{
    u_char *member;

    member = (u_char *) row + field->offset;

    if (field->kind == NGX_CREDHUB_FIELD_NUMBER) {
        return ngx_credhub_row_number(reply, (int64_t *) member);
    }

    if (field->kind == NGX_CREDHUB_FIELD_NUMBER_OPTIONAL) {
        return ngx_credhub_row_expiry(reply, (int64_t *) member);
    }

    if (reply->type != NGX_CREDHUB_REPLY_STRING) {
        return field->kind == NGX_CREDHUB_FIELD_REQUIRED ? NGX_ERROR : NGX_OK;
    }

    *(credhub_str_t *) member = reply->str;

    return NGX_OK;
}


ngx_int_t
ngx_credhub_row_number(const ngx_credhub_reply_t *reply, int64_t *number)
{
    if (reply->type != NGX_CREDHUB_REPLY_STRING
        || credhub_int64(reply->str, number) != 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_credhub_row_expiry(const ngx_credhub_reply_t *reply, int64_t *number)
{
    *number = 0;

    return reply->type == NGX_CREDHUB_REPLY_NIL
               ? NGX_OK
               : ngx_credhub_row_number(reply, number);
}


ngx_int_t
ngx_credhub_row_damaged(credhub_str_t what)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
        "credhub: the store holds a damaged row of \"%*s\"", what.len,
        what.data);

    return NGX_ERROR;
}


/* A random nonce of 96 bits must not be drawn too often under one key. */

void
ngx_credhub_row_seals(
    const ngx_credhub_reply_t *reply, ngx_uint_t added, credhub_str_t name)
{
    int64_t seals;

    if (ngx_credhub_row_number(reply, &seals) != NGX_OK) {
        return;
    }

    if (seals >= NGX_CREDHUB_SEALS_MAX
        && seals % NGX_CREDHUB_SEALS_STEP < (int64_t) added)
    {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
            "credhub: the key that sealed \"%*s\" has sealed %L values, it is "
            "time for a new one",
            name.len, name.data, seals);
    }
}


ngx_int_t
ngx_credhub_step_result(ngx_credhub_call_t *call, ngx_uint_t least,
    ngx_credhub_reply_t **reply, credhub_str_t *cursor, credhub_error_e *error)
{
    ngx_int_t     rc;
    credhub_str_t word;

    rc = ngx_credhub_script_answer(call, reply, &word, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if ((*reply)->n < least) {
        *error = CREDHUB_E_INTERNAL;
        return ngx_credhub_row_damaged(credhub_str("a list"));
    }

    *cursor = (*reply)->elements[1]->str;

    return NGX_OK;
}
