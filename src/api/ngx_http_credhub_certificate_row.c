
/*
 * A certificate in a list. The facts of its versions are not proved there, so
 * they are not copied: they are read and written anew.
 */

#include "ngx_http_credhub_certificate_row.h"
#include "credhub_bind.h"


#define NGX_HTTP_CREDHUB_ROW_SIZE                                              \
    (sizeof("{\"name\":\"\",\"id\":\"\",\"versions\":[],\"signed_by\":\"\","   \
            "\"expires_first\":{\"name\":\"\",\"id\":\"\","                    \
            "\"expiry_date\":\"\"}")                                           \
        + 2 * CREDHUB_UUID_LEN + CREDHUB_DATE_LEN)
#define NGX_HTTP_CREDHUB_FACTS_SIZE                                            \
    (sizeof(",{\"id\":\"\",\"expiry_date\":\"\",\"transitional\":false,"       \
            "\"certificate_authority\":false,\"self_signed\":false,"           \
            "\"generated\":false}")                                            \
        + CREDHUB_UUID_LEN + CREDHUB_DATE_LEN)


typedef struct {
    credhub_str_t  expiry_date;
    credhub_flag_t certificate_authority;
    credhub_flag_t self_signed;
    credhub_flag_t generated;
} ngx_http_credhub_facts_t;


static credhub_error_e ngx_http_credhub_cert_version(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_certificate_version_t *version);
static credhub_error_e ngx_http_credhub_cert_facts(
    ngx_credhub_op_t *op, credhub_str_t text, ngx_http_credhub_facts_t *facts);
static void ngx_http_credhub_cert_flag(
    credhub_buf_t *buf, const char *name, unsigned value);
static void ngx_http_credhub_cert_first(
    credhub_buf_t *buf, const ngx_credhub_certificate_row_t *row);


/* clang-format off */

#define FIELD(name)  offsetof(ngx_http_credhub_facts_t, name)

static const credhub_bind_t  ngx_http_credhub_facts_fields[] = {
    { "expiry_date", CREDHUB_BIND_STRING, FIELD(expiry_date), 1 },
    { "certificate_authority", CREDHUB_BIND_BOOL,
      FIELD(certificate_authority), 0 },
    { "self_signed", CREDHUB_BIND_BOOL, FIELD(self_signed), 0 },
    { "generated", CREDHUB_BIND_BOOL, FIELD(generated), 0 },
    credhub_bind_end
};

/* clang-format on */


credhub_error_e
ngx_http_credhub_certificate_row(ngx_credhub_op_t *op,
    const ngx_credhub_certificate_row_t *row, credhub_str_t *text)
{
    ngx_uint_t      i;
    credhub_buf_t   buf;
    credhub_error_e error;

    if (row->n == 0) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&buf, op->arena,
        NGX_HTTP_CREDHUB_ROW_SIZE + row->name.len + row->first_name.len
            + row->versions[0].signer.len
            + row->n * NGX_HTTP_CREDHUB_FACTS_SIZE);

    credhub_buf_lit(&buf, "{\"name\":");
    credhub_json_add_string(&buf, row->name);
    credhub_buf_lit(&buf, ",\"id\":");
    credhub_json_add_string(&buf, row->credential);
    credhub_buf_lit(&buf, ",\"versions\":[");

    for (i = 0; i < row->n; i++) {
        if (i != 0) {
            credhub_buf_lit(&buf, ",");
        }

        error = ngx_http_credhub_cert_version(op, &buf, &row->versions[i]);

        if (error != CREDHUB_OK) {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                "credential \"%*s\", version %*s: the facts of its certificate"
                " are damaged",
                row->name.len, row->name.data, row->versions[i].id.len,
                row->versions[i].id.data);
            return error;
        }
    }

    credhub_buf_lit(&buf, "],\"signed_by\":");
    credhub_json_add_string(&buf, row->versions[0].signer);

    if (row->first_id.len != 0) {
        ngx_http_credhub_cert_first(&buf, row);
    }

    *text = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_cert_version(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_certificate_version_t *version)
{
    credhub_error_e          error;
    ngx_http_credhub_facts_t facts;

    error = ngx_http_credhub_cert_facts(op, version->facts, &facts);

    if (error != CREDHUB_OK) {
        return error;
    }

    credhub_buf_lit(buf, "{\"id\":");
    credhub_json_add_string(buf, version->id);
    credhub_buf_lit(buf, ",\"expiry_date\":");
    credhub_json_add_string(buf, facts.expiry_date);

    ngx_http_credhub_cert_flag(buf, "transitional", version->transitional);
    ngx_http_credhub_cert_flag(
        buf, "certificate_authority", facts.certificate_authority.value);
    ngx_http_credhub_cert_flag(buf, "self_signed", facts.self_signed.value);

    if (facts.generated.set) {
        ngx_http_credhub_cert_flag(buf, "generated", facts.generated.value);
    }

    credhub_buf_lit(buf, "}");

    return CREDHUB_OK;
}


/* They stand in a row as members, each behind a comma. */

static credhub_error_e
ngx_http_credhub_cert_facts(
    ngx_credhub_op_t *op, credhub_str_t text, ngx_http_credhub_facts_t *facts)
{
    credhub_buf_t   object;
    credhub_str_t   detail;
    credhub_error_e error;

    ngx_memzero(facts, sizeof(ngx_http_credhub_facts_t));

    if (text.len == 0 || text.data[0] != ',') {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&object, op->arena, text.len + sizeof("{}"));
    credhub_buf_lit(&object, "{");
    credhub_buf_add(&object, text.data + 1, text.len - 1);
    credhub_buf_lit(&object, "}");

    if (object.failed) {
        return CREDHUB_E_INTERNAL;
    }

    error = credhub_bind_document(op->arena, ngx_http_credhub_facts_fields,
        credhub_buf_str(&object), facts, &detail);

    return error == CREDHUB_OK && facts->certificate_authority.set
                   && facts->self_signed.set
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


static void
ngx_http_credhub_cert_flag(credhub_buf_t *buf, const char *name, unsigned value)
{
    credhub_buf_printf(buf, ",\"%s\":%s", name, value ? "true" : "false");
}


static void
ngx_http_credhub_cert_first(
    credhub_buf_t *buf, const ngx_credhub_certificate_row_t *row)
{
    u_char date[CREDHUB_DATE_LEN];

    credhub_date(row->first_expires, date);

    credhub_buf_lit(buf, ",\"expires_first\":{\"name\":");
    credhub_json_add_string(buf, row->first_name);
    credhub_buf_lit(buf, ",\"id\":");
    credhub_json_add_string(buf, row->first_id);
    credhub_buf_lit(buf, ",\"expiry_date\":\"");
    credhub_buf_add(buf, date, CREDHUB_DATE_LEN);
    credhub_buf_lit(buf, "\"}");
}
