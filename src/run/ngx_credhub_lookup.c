
/*
 * One round trip brings a certificate and its CA, each with the grants that the
 * actor would need; what the configuration allows is decided here.
 */

#include "ngx_credhub_lookup.h"
#include "ngx_credhub_access.h"
#include "ngx_credhub_audit.h"
#include "credhub_grant.h"
#include "credhub_name.h"


static void ngx_credhub_lookup_key(credhub_str_t name, credhub_str_t id,
    unsigned operation, ngx_credhub_certificate_key_t *key);
static credhub_error_e ngx_credhub_lookup_denied(unsigned operation);
static credhub_error_e ngx_credhub_lookup_found(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup);
static credhub_error_e ngx_credhub_lookup_found_ca(
    ngx_credhub_op_t *op, const ngx_credhub_lookup_t *lookup, ngx_uint_t check);
static credhub_error_e ngx_credhub_lookup_type(
    const ngx_credhub_lookup_t *lookup);
static ngx_uint_t ngx_credhub_is_certificate(
    const ngx_credhub_certificate_t *certificate);


credhub_error_e
ngx_credhub_lookup_id(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t id)
{
    lookup->id.len = CREDHUB_UUID_LEN;
    lookup->id.data = credhub_arena_bytes(op->arena, CREDHUB_UUID_LEN);

    if (lookup->id.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    return credhub_uuid_parse(id, lookup->id.data) == 0 ? CREDHUB_OK
                                                        : CREDHUB_E_CRED;
}


ngx_credhub_rc_e
ngx_credhub_lookup(ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup)
{
    ngx_uint_t                    n;
    ngx_credhub_call_t           *call;
    ngx_credhub_certificate_key_t keys[NGX_CREDHUB_CERTIFICATE_KEYS];

    n = 1;

    ngx_credhub_lookup_key(
        lookup->folded, lookup->id, lookup->operation, &keys[0]);

    if (lookup->ca_name.len != 0) {
        lookup->ca_folded = credhub_name_fold(op->arena, lookup->ca_name);

        if (lookup->ca_folded.data == NULL) {
            return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
        }

        ngx_credhub_lookup_key(
            lookup->ca_folded, credhub_null_str, CREDHUB_OP_READ, &keys[n++]);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_certificates_read(
            call, op->hub->store, op->caller, keys, n);
    }

    return ngx_credhub_op_send(op, call);
}


static void
ngx_credhub_lookup_key(credhub_str_t name, credhub_str_t id, unsigned operation,
    ngx_credhub_certificate_key_t *key)
{
    key->name = name;
    key->id = id;
    key->operation = credhub_grant_letter(operation);
}


credhub_error_e
ngx_credhub_looked_up(ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup)
{
    ngx_uint_t                n, read_only;
    credhub_error_e           error;
    ngx_credhub_certificate_t found[NGX_CREDHUB_CERTIFICATE_KEYS];

    n = lookup->ca_name.len != 0 ? 2 : 1;
    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_result(op->call, found, n, &read_only, &error)
        != NGX_OK)
    {
        return error;
    }

    if (read_only && lookup->operation != CREDHUB_OP_READ) {
        return CREDHUB_E_READ_ONLY;
    }

    lookup->found = found[0];

    error = ngx_credhub_lookup_found(op, lookup);

    if (error == CREDHUB_OK && n != 1) {
        lookup->ca = found[1];
        error = ngx_credhub_lookup_found_ca(op, lookup, 1);
    }

    return error == CREDHUB_OK ? ngx_credhub_lookup_type(lookup) : error;
}


/* By id a name is known only now; without one nothing can be allowed. */

static credhub_error_e
ngx_credhub_lookup_found(ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup)
{
    ngx_credhub_certificate_t *found = &lookup->found;

    credhub_error_e denied;

    if (lookup->id.len != 0) {
        if (found->credential.len == 0) {
            return CREDHUB_E_CRED;
        }

        op->resource = ngx_credhub_audit_cut(found->name);
        lookup->name = found->name;
        lookup->folded = found->folded;
    }

    if (found->credential.len != 0) {
        op->resource_id = found->credential;
    }

    denied = ngx_credhub_lookup_denied(lookup->operation);

    return ngx_credhub_access_allowed(
               op, lookup->operation, found->folded, &found->grants)
               ? CREDHUB_OK
               : denied;
}


static credhub_error_e
ngx_credhub_lookup_found_ca(
    ngx_credhub_op_t *op, const ngx_credhub_lookup_t *lookup, ngx_uint_t check)
{
    if (check
        && !ngx_credhub_access_allowed(
            op, CREDHUB_OP_READ, lookup->ca.folded, &lookup->ca.grants))
    {
        return CREDHUB_E_CA_HIDDEN;
    }

    return ngx_credhub_is_certificate(&lookup->ca) ? CREDHUB_OK : CREDHUB_E_CA;
}


/* Told last: a client learns of another type behind all rights. */

static credhub_error_e
ngx_credhub_lookup_type(const ngx_credhub_lookup_t *lookup)
{
    const ngx_credhub_certificate_t *found = &lookup->found;

    if (found->credential.len == 0 || ngx_credhub_is_certificate(found)) {
        return CREDHUB_OK;
    }

    return lookup->operation == CREDHUB_OP_WRITE ? CREDHUB_E_TYPE_MISMATCH
                                                 : CREDHUB_E_CRED;
}


static credhub_error_e
ngx_credhub_lookup_denied(unsigned operation)
{
    return operation == CREDHUB_OP_WRITE ? CREDHUB_E_CRED_DENIED
                                         : CREDHUB_E_CRED_HIDDEN;
}


static ngx_uint_t
ngx_credhub_is_certificate(const ngx_credhub_certificate_t *certificate)
{
    return certificate->credential.len != 0
           && credhub_str_eq(certificate->type, credhub_str("certificate"));
}


ngx_credhub_rc_e
ngx_credhub_lookup_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, credhub_str_t name)
{
    ngx_credhub_call_t           *call;
    ngx_credhub_certificate_key_t key;

    lookup->ca_name = name;
    lookup->ca_folded = credhub_name_fold(op->arena, name);

    if (lookup->ca_folded.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ngx_credhub_lookup_key(
        lookup->ca_folded, credhub_null_str, CREDHUB_OP_READ, &key);

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_certificates_read(
            call, op->hub->store, op->caller, &key, 1);
    }

    return ngx_credhub_op_send(op, call);
}


credhub_error_e
ngx_credhub_looked_up_ca(
    ngx_credhub_op_t *op, ngx_credhub_lookup_t *lookup, ngx_uint_t check)
{
    ngx_uint_t      read_only;
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_certificates_result(
            op->call, &lookup->ca, 1, &read_only, &error)
        != NGX_OK)
    {
        return error;
    }

    return ngx_credhub_lookup_found_ca(op, lookup, check);
}
