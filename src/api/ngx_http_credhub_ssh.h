
/* What the endpoints of the SSH certificate API share. */

#ifndef _NGX_HTTP_CREDHUB_SSH_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_SSH_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_ssh.h"
#include "ngx_credhub_ssh_work.h"
#include "ngx_credhub_credential.h"
#include "credhub_ssh_fields.h"
#include "credhub_text.h"


#define NGX_HTTP_CREDHUB_SSH_TRIES 4 /* of a name or a serial */


/* Where every answer ends: the members before it are closed with a comma. */
#define NGX_HTTP_CREDHUB_SSH_RESPONSE                                          \
    "\"Response\":{\"ErrorMessage\":\"\",\"Success\":true}}"


/* An object that is made or changed. */

typedef struct {
    ngx_credhub_object_kind_e   kind;
    ngx_credhub_object_change_t change;
    ngx_credhub_guard_t         guard; /* to write it */
    credhub_str_t               guid;  /* of a new one */
} ngx_http_credhub_ssh_write_t;

/* Names a new object: key, uid, Guid and guard. CREDHUB_E_SSH_RIGHTS when
 * nobody could grant it; CREDHUB_E_INTERNAL. */
credhub_error_e ngx_http_credhub_ssh_new(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, ngx_credhub_object_kind_e kind,
    credhub_str_t dn);

/* Seals `config`, and gives the write its version. */
credhub_error_e ngx_http_credhub_ssh_sealed(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, credhub_str_t config);

/* The same, and sends the write: WAIT or FAIL. */
ngx_credhub_rc_e ngx_http_credhub_ssh_commit(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, credhub_str_t config);

/* What came of it. FAILED, DENIED, STALE and REF are ended here, with NGX_ERROR
 * and the outcome of the operation; NGX_OK: WRITTEN, or one that the caller
 * decides about, in `*rc`. */
ngx_int_t ngx_http_credhub_ssh_committed(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, ngx_credhub_object_rc_e *rc,
    ngx_uint_t *which);

/* Of an object whose name may not be taken: NGX_OK when it is written, else the
 * outcome of the operation is set. */
ngx_int_t ngx_http_credhub_ssh_created(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_write_t *write);

/* Asks for one object: WAIT or FAIL. */
ngx_credhub_rc_e ngx_http_credhub_ssh_read(
    ngx_credhub_op_t *op, ngx_credhub_object_ask_t *ask);

/* The answer to it: CREDHUB_OK, or as ngx_credhub_ssh_asked(). */
credhub_error_e ngx_http_credhub_ssh_taken(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, ngx_credhub_object_ask_t *ask);

/* "DN" and "Guid" of a body, or of a query whose names are compared in any
 * letter case; `dn` in its normal form, empty when it was not given. */
credhub_error_e ngx_http_credhub_ssh_named(
    ngx_credhub_op_t *op, credhub_str_t text, credhub_str_t *dn);

/* DN of one segment below a normal one. CREDHUB_E_SSH_FIELD_MISSING with "Name"
 * in op->detail, CREDHUB_E_SSH_DN, CREDHUB_E_INTERNAL. */
credhub_error_e ngx_http_credhub_ssh_dn_below(ngx_credhub_op_t *op,
    credhub_str_t parent, credhub_str_t name, credhub_str_t *dn);

credhub_str_t ngx_http_credhub_ssh_query(
    ngx_credhub_op_t *op, const char *name);

/* The members of the body; a field that is not valid is named in op->detail. */
credhub_error_e ngx_http_credhub_ssh_body(
    ngx_credhub_op_t *op, const credhub_ssh_field_t *fields, void *target);

/* Answers with text, and a status that is not an error of the hub. */
ngx_credhub_rc_e ngx_http_credhub_ssh_text(
    ngx_credhub_op_t *op, ngx_uint_t status, credhub_str_t text);

/* Appends ,"name":"text" (no comma first in an object), and null where the text
 * is empty. */
void ngx_http_credhub_ssh_add(
    credhub_buf_t *buf, const char *name, credhub_str_t text);

/* Appends ,"name": and the member as the attributes have it; null when they
 * have none. */
void ngx_http_credhub_ssh_copy(
    credhub_buf_t *buf, const ngx_credhub_object_t *object, const char *name);

/* Appends ,"name":"2006-01-02T15:04:05Z"; microseconds since 1970. */
void ngx_http_credhub_ssh_date(
    credhub_buf_t *buf, const char *name, int64_t us);

/* Appends the members of a CA key that everybody may be shown. */
void ngx_http_credhub_ssh_ca_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *ca, const credhub_ssh_pair_t *pair);

/* The attributes of a template; .data == NULL without memory. */
credhub_str_t ngx_http_credhub_ssh_template_attributes(ngx_credhub_op_t *op,
    credhub_str_t dn, credhub_str_t guid, const ngx_credhub_object_t *ca);


#endif /* _NGX_HTTP_CREDHUB_SSH_H_INCLUDED_ */
