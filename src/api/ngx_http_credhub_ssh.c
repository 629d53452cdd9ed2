
/* Reads and writes of the objects of the SSH certificate API. */

#include "ngx_http_credhub_ssh.h"


static void ngx_http_credhub_ssh_name(credhub_buf_t *buf, const char *name);


credhub_error_e
ngx_http_credhub_ssh_new(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, ngx_credhub_object_kind_e kind,
    credhub_str_t dn)
{
    credhub_str_t         path;
    credhub_error_e       error;
    ngx_credhub_object_t *object;

    write->kind = kind;
    object = &write->change.object;

    object->key = ngx_credhub_ssh_key(op, kind, dn);
    object->creator = op->actor;

    if (object->key.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    path = ngx_credhub_object_path(op, object->key);

    if (path.data == NULL
        || ngx_credhub_object_random(op, &object->uid) != CREDHUB_OK
        || ngx_credhub_ssh_guid(op, &write->guid) != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    write->change.unique = ngx_credhub_ssh_unique(write->guid);

    error = ngx_credhub_object_guard(op, CREDHUB_OP_WRITE, path, &write->guard);

    return error == CREDHUB_E_FORBIDDEN ? CREDHUB_E_SSH_RIGHTS : error;
}


credhub_error_e
ngx_http_credhub_ssh_sealed(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, credhub_str_t config)
{
    credhub_error_e       error;
    ngx_credhub_object_t *object = &write->change.object;

    if (object->attributes.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error = ngx_credhub_object_random(op, &object->version);

    return error == CREDHUB_OK
               ? ngx_credhub_object_seal(op, object, config, &object->config)
               : error;
}


ngx_credhub_rc_e
ngx_http_credhub_ssh_commit(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, credhub_str_t config)
{
    credhub_error_e     error;
    ngx_credhub_call_t *call;
    ngx_credhub_guard_t full;

    error = ngx_http_credhub_ssh_sealed(op, write, config);

    if (error == CREDHUB_OK) {
        error = ngx_credhub_access_values(op, &write->guard, &full);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_object_write(call, op->hub->store, &write->change, &full);
    }

    return ngx_credhub_op_send(op, call);
}


ngx_int_t
ngx_http_credhub_ssh_committed(ngx_credhub_op_t *op,
    ngx_http_credhub_ssh_write_t *write, ngx_credhub_object_rc_e *rc,
    ngx_uint_t *which)
{
    credhub_error_e             error;
    ngx_credhub_object_result_t result;

    error = CREDHUB_E_INTERNAL;
    *rc = ngx_credhub_object_result(op->call, &result, &error);
    *which = result.which;

    switch (*rc) {
    case NGX_CREDHUB_OBJECT_WRITTEN:
        write->change.object.created = result.created;
        write->change.object.updated = result.updated;
        return NGX_OK;

    case NGX_CREDHUB_OBJECT_FAILED:
        break;

    case NGX_CREDHUB_OBJECT_DENIED:
        error = CREDHUB_E_SSH_RIGHTS;
        break;

    case NGX_CREDHUB_OBJECT_STALE:
        error = CREDHUB_E_SSH_STATE;
        break;

    case NGX_CREDHUB_OBJECT_REF:
        error = (write->kind == NGX_CREDHUB_SSH_TEMPLATES)
                    ? CREDHUB_E_SSH_CA
                    : CREDHUB_E_SSH_TEMPLATE;
        break;

    default:
        return NGX_OK;
    }

    (void) ngx_credhub_op_error(op, error);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_credhub_ssh_created(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_write_t *write)
{
    ngx_uint_t              which;
    ngx_credhub_object_rc_e rc;

    if (ngx_http_credhub_ssh_committed(op, write, &rc, &which) != NGX_OK) {
        return NGX_ERROR;
    }

    if (rc == NGX_CREDHUB_OBJECT_WRITTEN) {
        return NGX_OK;
    }

    (void) ngx_credhub_op_error(op, rc == NGX_CREDHUB_OBJECT_EXISTS
                                        ? CREDHUB_E_SSH_EXISTS
                                        : CREDHUB_E_INTERNAL);

    return NGX_ERROR;
}


ngx_credhub_rc_e
ngx_http_credhub_ssh_read(ngx_credhub_op_t *op, ngx_credhub_object_ask_t *ask)
{
    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_objects_read(call, op->hub->store, ask, 1);
    }

    return ngx_credhub_op_send(op, call);
}


credhub_error_e
ngx_http_credhub_ssh_taken(ngx_credhub_op_t *op, ngx_credhub_object_kind_e kind,
    ngx_credhub_object_ask_t *ask)
{
    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    return ngx_credhub_objects_result(op->call, ask, 1, &error) == NGX_OK
               ? ngx_credhub_ssh_asked(op, kind, ask)
               : error;
}


credhub_error_e
ngx_http_credhub_ssh_named(
    ngx_credhub_op_t *op, credhub_str_t text, credhub_str_t *dn)
{
    *dn = credhub_null_str;

    return text.len == 0 ? CREDHUB_OK : credhub_ssh_dn(op->arena, text, dn);
}


credhub_error_e
ngx_http_credhub_ssh_dn_below(ngx_credhub_op_t *op, credhub_str_t parent,
    credhub_str_t name, credhub_str_t *dn)
{
    credhub_buf_t   text;
    credhub_error_e error;

    if (name.len == 0) {
        op->detail = credhub_str("Name");
        return CREDHUB_E_SSH_FIELD_MISSING;
    }

    credhub_buf_init(&text, op->arena, parent.len + name.len + 1);
    credhub_buf_add_str(&text, parent);
    credhub_buf_lit(&text, "\\");
    credhub_buf_add_str(&text, name);

    if (text.failed) {
        return CREDHUB_E_INTERNAL;
    }

    error = credhub_ssh_dn(op->arena, credhub_buf_str(&text), dn);

    if (error != CREDHUB_OK) {
        return error;
    }

    return credhub_str_eq(credhub_ssh_dn_name(*dn), name) ? CREDHUB_OK
                                                          : CREDHUB_E_SSH_DN;
}


credhub_str_t
ngx_http_credhub_ssh_query(ngx_credhub_op_t *op, const char *name)
{
    ngx_http_credhub_input_t *input = op->input;

    size_t        i;
    credhub_str_t wanted;

    wanted.data = (u_char *) name;
    wanted.len = ngx_strlen(name);

    for (i = 0; i < input->query.n; i++) {
        if (credhub_str_caseeq(input->query.params[i].name, wanted)) {
            return input->query.params[i].value;
        }
    }

    return credhub_null_str;
}


credhub_error_e
ngx_http_credhub_ssh_body(
    ngx_credhub_op_t *op, const credhub_ssh_field_t *fields, void *target)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_str_t   object;
    credhub_error_e error;

    error = credhub_json_check(op->arena, input->body, &object);

    return error == CREDHUB_OK ? credhub_ssh_fields_read(
               op->arena, fields, object, target, &op->detail)
                               : error;
}


ngx_credhub_rc_e
ngx_http_credhub_ssh_text(
    ngx_credhub_op_t *op, ngx_uint_t status, credhub_str_t text)
{
    op->status = status;
    op->body = text;
    op->media = credhub_str("text/plain");

    return NGX_CREDHUB_DONE;
}


static void
ngx_http_credhub_ssh_name(credhub_buf_t *buf, const char *name)
{
    if (buf->data[buf->len - 1] != '{') {
        credhub_buf_lit(buf, ",");
    }

    credhub_buf_lit(buf, "\"");
    credhub_buf_add(buf, name, ngx_strlen(name));
    credhub_buf_lit(buf, "\":");
}


void
ngx_http_credhub_ssh_add(
    credhub_buf_t *buf, const char *name, credhub_str_t text)
{
    ngx_http_credhub_ssh_name(buf, name);

    if (text.len == 0) {
        credhub_buf_lit(buf, "null");

    } else {
        credhub_json_add_string(buf, text);
    }
}


void
ngx_http_credhub_ssh_copy(
    credhub_buf_t *buf, const ngx_credhub_object_t *object, const char *name)
{
    credhub_str_t value;

    if (!credhub_json_get(object->attributes, name, &value)) {
        value = credhub_str("null");
    }

    ngx_http_credhub_ssh_name(buf, name);
    credhub_buf_add_str(buf, value);
}


void
ngx_http_credhub_ssh_date(credhub_buf_t *buf, const char *name, int64_t us)
{
    u_char date[CREDHUB_DATE_LEN];

    credhub_date(us, date);
    ngx_http_credhub_ssh_add(
        buf, name, (credhub_str_t){ CREDHUB_DATE_LEN, date });
}


void
ngx_http_credhub_ssh_ca_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *ca, const credhub_ssh_pair_t *pair)
{
    credhub_str_t name;

    name = ngx_credhub_ssh_member(op, ca, "Name");

    ngx_http_credhub_ssh_date(buf, "CreatedOn", ca->created);
    ngx_http_credhub_ssh_copy(buf, ca, "DN");
    ngx_http_credhub_ssh_add(
        buf, "FingerprintSHA256", credhub_ssh_sha256(op->arena, pair->blob));
    ngx_http_credhub_ssh_copy(buf, ca, "Guid");
    ngx_http_credhub_ssh_add(
        buf, "KeyAlgorithm", credhub_ssh_algorithm_name(&pair->algorithm));
    ngx_http_credhub_ssh_copy(buf, ca, "Name");
    ngx_http_credhub_ssh_add(
        buf, "PublicKeyData", credhub_ssh_line(op->arena, pair->blob, name));
}


credhub_str_t
ngx_http_credhub_ssh_template_attributes(ngx_credhub_op_t *op, credhub_str_t dn,
    credhub_str_t guid, const ngx_credhub_object_t *ca)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, op->arena, 512);
    credhub_buf_lit(&buf, "{");
    ngx_http_credhub_ssh_add(&buf, "DN", dn);
    ngx_http_credhub_ssh_add(&buf, "Guid", guid);
    ngx_http_credhub_ssh_add(&buf, "Name", credhub_ssh_dn_name(dn));
    ngx_http_credhub_ssh_add(
        &buf, "CAKeyPairDN", ngx_credhub_ssh_member(op, ca, "DN"));
    ngx_http_credhub_ssh_add(
        &buf, "CAKeyPairGuid", ngx_credhub_ssh_member(op, ca, "Guid"));
    credhub_buf_lit(&buf, "}");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}
