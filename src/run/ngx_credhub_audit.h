
/*
 * What an operation tells logs and variables: what it is about and with which
 * parameters. Nothing of it is a secret, or text of a body that was not
 * understood; each string is cut at NGX_CREDHUB_AUDIT_MAX bytes.
 */

#ifndef _NGX_CREDHUB_AUDIT_H_INCLUDED_
#define _NGX_CREDHUB_AUDIT_H_INCLUDED_


#include "ngx_credhub_op.h"
#include "credhub_version.h"


#define NGX_CREDHUB_AUDIT_MAX 1024


typedef enum {
    NGX_CREDHUB_DETAIL_STRING,
    NGX_CREDHUB_DETAIL_NUMBER, /* text of a number; a string when it is none */
    NGX_CREDHUB_DETAIL_FLAG,   /* the same for true and false */
    NGX_CREDHUB_DETAIL_JSON    /* as it is */
} ngx_credhub_detail_e;


/* A parameter of a request. The value lives as long as the operation. */

struct ngx_credhub_detail_s {
    const char          *key; /* NULL: the end */
    ngx_credhub_detail_e kind;
    credhub_str_t        value; /* data NULL: null */
};

#define ngx_credhub_detail_end                                                 \
    {                                                                          \
        NULL, NGX_CREDHUB_DETAIL_STRING,                                       \
        {                                                                      \
            0, NULL                                                            \
        }                                                                      \
    }


/* Keeps a copy of the rows, whose last one is the end, as op->details. */
void ngx_credhub_audit_details(
    ngx_credhub_op_t *op, const ngx_credhub_detail_t *rows);

/* Appends op->details as a JSON object; nothing when there are none. */
void ngx_credhub_audit_json(credhub_buf_t *buf, const ngx_credhub_op_t *op);

/* The name that a client gave, before the rules for names were checked. */
void ngx_credhub_audit_name(ngx_credhub_op_t *op, credhub_str_t name);

/* The same with {} as details, with {"name"}, and with {"name","type"}; the
 * type is null unless it is a known one. */
void ngx_credhub_audit_bare(ngx_credhub_op_t *op, credhub_str_t name);
void ngx_credhub_audit_named(ngx_credhub_op_t *op, credhub_str_t name);
void ngx_credhub_audit_typed(
    ngx_credhub_op_t *op, credhub_str_t name, credhub_str_t type);

/* A change of a permission; no `operations`: null. */
void ngx_credhub_audit_permission(ngx_credhub_op_t *op, credhub_str_t path,
    credhub_str_t actor, unsigned operations);

/* The operation is about this version. */
void ngx_credhub_audit_version(
    ngx_credhub_op_t *op, const credhub_version_t *version);

/* At most NGX_CREDHUB_AUDIT_MAX bytes of a text, whole characters. */
credhub_str_t ngx_credhub_audit_cut(credhub_str_t text);


#endif /* _NGX_CREDHUB_AUDIT_H_INCLUDED_ */
