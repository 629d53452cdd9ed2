
/*
 * What the readers of rows share. A row is an array of field values in one order,
 * whoever sent it.
 */

#ifndef _NGX_CREDHUB_ROWS_H_INCLUDED_
#define _NGX_CREDHUB_ROWS_H_INCLUDED_


#include "ngx_credhub_link_private.h"
#include "ngx_credhub_credentials.h"


/* A field of a row, and where its value goes. */

typedef enum {
    NGX_CREDHUB_FIELD_OPTIONAL = 0,
    NGX_CREDHUB_FIELD_REQUIRED,
    NGX_CREDHUB_FIELD_NUMBER,
    NGX_CREDHUB_FIELD_NUMBER_OPTIONAL
} ngx_credhub_field_e;


typedef struct {
    size_t              offset;
    ngx_credhub_field_e kind;
} ngx_credhub_field_t;

#define ngx_credhub_field(type, member, kind)                                  \
    {                                                                          \
        offsetof(type, member), NGX_CREDHUB_FIELD_##kind                       \
    }

/* The values of all fields, in their order, into a zeroed row. NGX_OK,
 * NGX_ERROR. */
ngx_int_t ngx_credhub_row_fields(const ngx_credhub_reply_t *reply,
    const ngx_credhub_field_t *fields, ngx_uint_t n, void *row);


/* Sealed parameters come last and may be left out. */

#define NGX_CREDHUB_ROW       17
#define NGX_CREDHUB_ROW_SHORT (NGX_CREDHUB_ROW - 1)


/* The names of the first n fields, as arguments. */
void ngx_credhub_row_names(credhub_str_t *argv, ngx_uint_t n);

/* Values of the first n fields, behind `skip` others. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_credhub_row(const ngx_credhub_reply_t *reply, ngx_uint_t skip,
    ngx_uint_t n, credhub_version_t *version);

/* A decimal number. NGX_OK, NGX_ERROR. */
ngx_int_t ngx_credhub_row_number(
    const ngx_credhub_reply_t *reply, int64_t *number);

/* The same, 0 when there is none. */
ngx_int_t ngx_credhub_row_expiry(
    const ngx_credhub_reply_t *reply, int64_t *number);

/* Warns when the key that sealed `name` has sealed too much. The reply is how
 * often it has, `added` of them now. */
void ngx_credhub_row_seals(
    const ngx_credhub_reply_t *reply, ngx_uint_t added, credhub_str_t name);

/* Logs it. NGX_ERROR. */
ngx_int_t ngx_credhub_row_damaged(credhub_str_t what);

/* A script's answer that begins with "ok" and the next cursor, and has at least
 * that many elements. NGX_OK, NGX_DECLINED, NGX_ERROR with *error. */
ngx_int_t ngx_credhub_step_result(ngx_credhub_call_t *call, ngx_uint_t least,
    ngx_credhub_reply_t **reply, credhub_str_t *cursor, credhub_error_e *error);


#endif /* _NGX_CREDHUB_ROWS_H_INCLUDED_ */
