
/* What Request, Retrieve, Approve and Reject answer. */

#include "ngx_http_credhub_ssh_issue.h"


credhub_error_e
ngx_http_credhub_ssh_shown_read(
    ngx_credhub_op_t *op, ngx_http_credhub_ssh_shown_t *shown)
{
    u_char         *start, *end;
    credhub_str_t   line;
    credhub_error_e error;

    line = ngx_credhub_ssh_member(op, shown->object, "CertificateData");

    if (!shown->details || line.len == 0) {
        return CREDHUB_OK;
    }

    end = line.data + line.len;
    start = ngx_strlchr(line.data, end, ' ');

    if (start == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    line.data = start + 1;
    start = ngx_strlchr(line.data, end, ' ');
    line.len = (start != NULL ? start : end) - line.data;

    shown->blob = credhub_base64_decode(op->arena, line);

    if (shown->blob.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    error =
        credhub_ssh_certificate(op->arena, shown->blob, &shown->certificate);

    if (error != CREDHUB_OK) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
            "credhub: the certificate of \"%*s\" is damaged",
            shown->object->key.len, shown->object->key.data);
    }

    return error == CREDHUB_OK ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


ngx_credhub_rc_e
ngx_http_credhub_ssh_show(
    ngx_credhub_op_t *op, const ngx_http_credhub_ssh_shown_t *shown)
{
    credhub_buf_t               body;
    const ngx_credhub_object_t *object = shown->object;

    credhub_buf_init(&body, op->arena, object->attributes.len + 2048);

    credhub_buf_lit(&body, "{");
    ngx_http_credhub_ssh_copy(&body, object, "CADN");
    ngx_http_credhub_ssh_copy(&body, object, "CAGuid");
    ngx_http_credhub_ssh_copy(&body, object, "CertificateData");

    if (shown->details && shown->blob.len != 0) {
        credhub_buf_lit(&body, ",\"CertificateDetails\":");
        credhub_ssh_certificate_show(&body, &shown->certificate, shown->blob);
    }

    ngx_http_credhub_ssh_copy(&body, object, "DN");
    ngx_http_credhub_ssh_copy(&body, object, "Guid");
    ngx_http_credhub_ssh_copy(&body, object, "KeyID");

    if (shown->keys) {
        if (shown->private_key.len != 0) {
            ngx_http_credhub_ssh_add(
                &body, "PrivateKeyData", shown->private_key);
        }

        ngx_http_credhub_ssh_copy(&body, object, "PublicKeyData");
    }

    credhub_buf_lit(&body, ",\"ProcessingDetails\":{");
    ngx_http_credhub_ssh_copy(&body, object, "Status");
    ngx_http_credhub_ssh_copy(&body, object, "StatusDescription");

    credhub_buf_lit(&body, "},\"RequestDetails\":{");
    ngx_http_credhub_ssh_copy(&body, object, "DestinationAddress");
    ngx_http_credhub_ssh_copy(&body, object, "OriginatingIP");
    ngx_http_credhub_ssh_copy(&body, object, "RequestedBy");

    credhub_buf_lit(&body, "}," NGX_HTTP_CREDHUB_SSH_RESPONSE);

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}
