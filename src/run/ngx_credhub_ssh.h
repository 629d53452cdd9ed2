
/*
 * Objects of the SSH certificate API (CA keys, templates, certificates): how
 * they are named, who may use them, and what of them is sealed. Their
 * attributes in clear are what everybody may be shown; what decides (a
 * template, a key, a request that waits) is sealed and thereby authenticated.
 */

#ifndef _NGX_CREDHUB_SSH_H_INCLUDED_
#define _NGX_CREDHUB_SSH_H_INCLUDED_


#include "ngx_credhub_object.h"
#include "credhub_ssh_template.h"


#define NGX_CREDHUB_SSH_GUID_LEN (CREDHUB_UUID_LEN + 2) /* with its braces */


/*
 * An ask for the object with that normal DN or, when it is empty, that Guid
 * (with or without braces). `operation` 0: anybody may. CREDHUB_E_SSH_DN when
 * there is no Guid either, or it is none; CREDHUB_E_INTERNAL. Remembered as
 * op->resource.
 */
credhub_error_e ngx_credhub_ssh_ask(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, credhub_str_t dn, credhub_str_t guid,
    unsigned operation, ngx_credhub_object_ask_t *ask);

/*
 * Of an ask that was answered: CREDHUB_E_SSH_RIGHTS when the right is missing,
 * then the kind's error when there is no such object. Who asks by a Guid that
 * nothing has learns that, whoever it is.
 */
credhub_error_e ngx_credhub_ssh_asked(ngx_credhub_op_t *op,
    ngx_credhub_object_kind_e kind, ngx_credhub_object_ask_t *ask);

/* May who asks do this with an object? Configuration only; else its grants have
 * to be read. */
ngx_uint_t ngx_credhub_ssh_configured(
    ngx_credhub_op_t *op, unsigned operation, credhub_str_t key);

/* "{8-4-4-4-12}", random; the text between the braces is what is unique. */
credhub_error_e ngx_credhub_ssh_guid(ngx_credhub_op_t *op, credhub_str_t *guid);

/* What is unique of a Guid in a member. */
#define ngx_credhub_ssh_unique(guid)                                           \
    ((credhub_str_t){ (guid).len - 2, (guid).data + 1 })

/* The key of the object with a normal DN; .data == NULL without memory. */
credhub_str_t ngx_credhub_ssh_key(
    ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind, credhub_str_t dn);

/* A string member of the attributes, decoded; empty: none. */
credhub_str_t ngx_credhub_ssh_member(
    ngx_credhub_op_t *op, const ngx_credhub_object_t *object, const char *name);


/* Bytes that a config has in base64; empty: none. */
credhub_str_t ngx_credhub_ssh_bytes(
    ngx_credhub_op_t *op, credhub_str_t config, const char *name);

/* The config of a CA key: its pair. */
credhub_error_e ngx_credhub_ssh_ca_config(ngx_credhub_op_t *op,
    const credhub_ssh_pair_t *pair, credhub_str_t *config);
credhub_error_e ngx_credhub_ssh_ca(ngx_credhub_op_t *op,
    const ngx_credhub_object_t *object, credhub_ssh_pair_t *pair);

/* The config of a template: what it says, and the key of its CA. An ask that
 * brings another CA along was tampered with: CREDHUB_E_INTERNAL, logged. */
credhub_error_e ngx_credhub_ssh_template_config(ngx_credhub_op_t *op,
    credhub_str_t kept, credhub_str_t ca, credhub_str_t *config);
credhub_error_e ngx_credhub_ssh_template(ngx_credhub_op_t *op,
    const ngx_credhub_object_ask_t *ask, credhub_str_t *kept);


#endif /* _NGX_CREDHUB_SSH_H_INCLUDED_ */
