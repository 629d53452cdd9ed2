
/*
 * The value of a certificate: how clients give it, and how it stands in a
 * version. The head of the value begins with "ca" and "certificate"; strings
 * of results live in the arena.
 */

#define _GNU_SOURCE /* memmem() */

#include <string.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_certificate.h"
#include "credhub_text.h"
#include "credhub_types.h"


#define CREDHUB_CERTIFICATE_SECOND 1000000 /* microseconds */


static credhub_error_e credhub_certificate_check_given(
    const credhub_certificate_t *certificate);
static int             credhub_certificate_has_key(credhub_str_t text);
static credhub_error_e credhub_certificate_check_ca(
    credhub_arena_t *arena, const credhub_certificate_t *certificate);
static credhub_error_e credhub_certificate_parts(credhub_arena_t *arena,
    const credhub_certificate_t *certificate, credhub_content_t *content);
static credhub_error_e credhub_certificate_facts(credhub_arena_t *arena,
    const credhub_x509_t *x509, unsigned generated, credhub_str_t *facts);
static void            credhub_certificate_add_fact(
               credhub_buf_t *buf, const char *name, unsigned value);
static credhub_error_e credhub_certificate_digest(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *digest);
static credhub_error_e credhub_certificate_member(credhub_arena_t *arena,
    credhub_json_iter_t *iter, const char *name, credhub_str_t *plain);
static credhub_str_t   credhub_certificate_trim(credhub_str_t text);


/* What answers say beside the value itself may come back with it. */

static const credhub_bind_t credhub_certificate_fields[] = {
    { "ca", CREDHUB_BIND_STRING, offsetof(credhub_certificate_t, ca), 1 },
    { "certificate", CREDHUB_BIND_STRING,
        offsetof(credhub_certificate_t, certificate), 1 },
    { "private_key", CREDHUB_BIND_STRING,
        offsetof(credhub_certificate_t, private_key), 1 },
    { "ca_name", CREDHUB_BIND_STRING, offsetof(credhub_certificate_t, ca_name),
        1 },
    { "chain", CREDHUB_BIND_IGNORE, 0, 0 },
    { "certificate_authority", CREDHUB_BIND_IGNORE, 0, 0 },
    { "expiry_date", CREDHUB_BIND_IGNORE, 0, 0 },
    { "generated", CREDHUB_BIND_IGNORE, 0, 0 },
    { "self_signed", CREDHUB_BIND_IGNORE, 0, 0 },
    { "transitional", CREDHUB_BIND_IGNORE, 0, 0 },
    credhub_bind_end,
};


credhub_error_e
credhub_certificate_value(credhub_arena_t *arena, credhub_str_t value,
    credhub_certificate_t *certificate, credhub_x509_t *x509,
    credhub_str_t *detail)
{
    credhub_error_e rc;

    memset(certificate, 0, sizeof(credhub_certificate_t));

    rc = credhub_type_bind(
        arena, credhub_certificate_fields, value, certificate, detail);

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_check_given(certificate);
    }

    if (rc == CREDHUB_OK && certificate->certificate.len != 0) {
        rc = credhub_x509_read(arena, certificate->certificate, x509);

    } else if (rc == CREDHUB_OK) {
        rc = CREDHUB_E_NEED_CERT;
    }

    if (rc == CREDHUB_OK && certificate->ca.len != 0) {
        rc = credhub_certificate_check_ca(arena, certificate);
    }

    if (rc == CREDHUB_OK && certificate->private_key.len != 0) {
        rc = credhub_x509_key_check(
            certificate->certificate, certificate->private_key);
    }

    return rc;
}


static credhub_error_e
credhub_certificate_check_given(const credhub_certificate_t *certificate)
{
    if (certificate->certificate.len == 0 && certificate->private_key.len == 0
        && certificate->ca.len == 0)
    {
        return CREDHUB_E_NO_CERT_FIELDS;
    }

    if (certificate->ca.len != 0 && certificate->ca_name.len != 0) {
        return CREDHUB_E_CA_AND_CA_NAME;
    }

    if (certificate->certificate.len > CREDHUB_X509_PEM_MAX
        || certificate->ca.len > CREDHUB_X509_PEM_MAX)
    {
        return CREDHUB_E_CERT_LONG;
    }

    if (credhub_certificate_has_key(certificate->certificate)) {
        return CREDHUB_E_BAD_CERT;
    }

    return credhub_certificate_has_key(certificate->ca) ? CREDHUB_E_BAD_CA
                                                        : CREDHUB_OK;
}


/* The text is stored in clear, and shown as the CA of what it signs. A private
 * key that stands beside a certificate in one file must not get there. */

static int
credhub_certificate_has_key(credhub_str_t text)
{
    static const char label[] = "PRIVATE KEY-----";

    return text.len != 0
           && memmem(text.data, text.len, label, sizeof(label) - 1) != NULL;
}


/* A certificate that signs itself may be its own without being a CA. */

static credhub_error_e
credhub_certificate_check_ca(
    credhub_arena_t *arena, const credhub_certificate_t *certificate)
{
    credhub_x509_t  ca;
    credhub_error_e rc;

    rc = credhub_x509_read(arena, certificate->ca, &ca);

    if (rc != CREDHUB_OK) {
        return (rc == CREDHUB_E_INTERNAL) ? rc : CREDHUB_E_BAD_CA;
    }

    if (!credhub_x509_signed_by(certificate->certificate, certificate->ca)) {
        return CREDHUB_E_NOT_SIGNED_BY_CA;
    }

    if (ca.profile.is_ca
        || credhub_str_eq(credhub_certificate_trim(certificate->ca),
            credhub_certificate_trim(certificate->certificate)))
    {
        return CREDHUB_OK;
    }

    return CREDHUB_E_BAD_CA;
}


credhub_error_e
credhub_certificate_write(credhub_arena_t *arena,
    const credhub_certificate_t *certificate, const credhub_x509_t *x509,
    unsigned generated, credhub_content_t *content, credhub_version_t *version)
{
    credhub_error_e rc;

    rc = credhub_certificate_parts(arena, certificate, content);

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_facts(arena, x509, generated, &version->facts);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_digest(
            arena, certificate->certificate, &version->digest);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_digest(
            arena, certificate->ca, &version->issuer);
    }

    version->head = content->head;
    version->tail = content->tail;
    version->expires = x509->not_after * CREDHUB_CERTIFICATE_SECOND;

    return rc;
}


/* A CA that is the certificate itself counts once. */

static credhub_error_e
credhub_certificate_parts(credhub_arena_t *arena,
    const credhub_certificate_t *certificate, credhub_content_t *content)
{
    size_t          size;
    credhub_buf_t   head, secret;
    credhub_error_e rc;

    size = certificate->certificate.len + certificate->private_key.len;

    if (!credhub_str_eq(certificate->ca, certificate->certificate)) {
        size += certificate->ca.len;
    }

    if (size > CREDHUB_VALUE_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    memset(content, 0, sizeof(credhub_content_t));

    credhub_buf_init(
        &head, arena, certificate->ca.len + certificate->certificate.len + 256);

    credhub_buf_lit(&head, "{\"ca\":");
    credhub_type_add_nullable(&head, certificate->ca);
    credhub_buf_lit(&head, ",\"certificate\":");
    credhub_type_add_nullable(&head, certificate->certificate);
    credhub_buf_lit(&head, ",\"private_key\":");

    if (certificate->private_key.len == 0) {
        credhub_buf_lit(&head, "null}");

        return credhub_type_take(&head, &content->head);
    }

    credhub_buf_init(&secret, arena, certificate->private_key.len + 128);
    credhub_json_add_string(&secret, certificate->private_key);

    rc = credhub_type_take(&head, &content->head);

    if (rc == CREDHUB_OK) {
        rc = credhub_type_take(&secret, &content->secret);
    }

    content->tail = credhub_str("}");

    return rc;
}


static credhub_error_e
credhub_certificate_facts(credhub_arena_t *arena, const credhub_x509_t *x509,
    unsigned generated, credhub_str_t *facts)
{
    u_char        date[CREDHUB_DATE_LEN];
    credhub_buf_t buf;

    credhub_date(x509->not_after * CREDHUB_CERTIFICATE_SECOND, date);

    credhub_buf_init(&buf, arena, 128);

    credhub_buf_lit(&buf, ",\"expiry_date\":\"");
    credhub_buf_add(&buf, date, sizeof(date));
    credhub_buf_lit(&buf, "\"");

    credhub_certificate_add_fact(
        &buf, "certificate_authority", x509->profile.is_ca);
    credhub_certificate_add_fact(
        &buf, "self_signed", x509->profile.self_signed);
    credhub_certificate_add_fact(&buf, "generated", generated);

    return credhub_type_take(&buf, facts);
}


static void
credhub_certificate_add_fact(
    credhub_buf_t *buf, const char *name, unsigned value)
{
    credhub_buf_printf(buf, ",\"%s\":%s", name, value ? "true" : "false");
}


static credhub_error_e
credhub_certificate_digest(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *digest)
{
    u_char        sum[SHA256_DIGEST_LENGTH];
    credhub_buf_t buf;
    credhub_str_t bytes;

    *digest = credhub_null_str;

    if (text.len == 0) {
        return CREDHUB_OK;
    }

    ERR_set_mark();
    bytes.data = SHA256(text.data, text.len, sum);
    ERR_pop_to_mark();

    if (bytes.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    bytes.len = sizeof(sum);

    credhub_buf_init(&buf, arena, 2 * sizeof(sum));
    credhub_hex(&buf, bytes);

    return credhub_type_take(&buf, digest);
}


credhub_error_e
credhub_certificate_read(credhub_arena_t *arena, credhub_str_t head,
    credhub_certificate_t *certificate)
{
    credhub_error_e     rc;
    credhub_json_iter_t iter;

    memset(certificate, 0, sizeof(credhub_certificate_t));

    credhub_json_iter(&iter, head);

    rc = credhub_certificate_member(arena, &iter, "ca", &certificate->ca);

    return (rc == CREDHUB_OK) ? credhub_certificate_member(
               arena, &iter, "certificate", &certificate->certificate)
                              : rc;
}


/* The next member, which has to be this one: a string or null. */

static credhub_error_e
credhub_certificate_member(credhub_arena_t *arena, credhub_json_iter_t *iter,
    const char *name, credhub_str_t *plain)
{
    credhub_str_t key, value;

    if (!credhub_json_member(iter, &key, &value)
        || !credhub_json_string_is(key, name))
    {
        return CREDHUB_E_INTERNAL;
    }

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        *plain = credhub_null_str;
        return CREDHUB_OK;

    case CREDHUB_JSON_STRING:
        *plain = credhub_json_decode(arena, value);
        return (plain->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    default:
        return CREDHUB_E_INTERNAL;
    }
}


credhub_error_e
credhub_certificate_extra(credhub_arena_t *arena, unsigned overridden,
    int64_t days, const credhub_key_kind_t *key, credhub_str_t *extra)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 96);
    credhub_buf_printf(&buf,
        ",\"duration_overridden\":%s,\"duration_used\":%lld,"
        "\"key_length\":%u",
        overridden ? "true" : "false", (long long) days, key->bits);

    *extra = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_str_t
credhub_certificate_concatenate(
    credhub_arena_t *arena, credhub_str_t one, credhub_str_t two)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, one.len + two.len + 2);

    credhub_buf_add_str(&buf, credhub_certificate_trim(one));
    credhub_buf_lit(&buf, "\n");
    credhub_buf_add_str(&buf, credhub_certificate_trim(two));
    credhub_buf_lit(&buf, "\n");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


static credhub_str_t
credhub_certificate_trim(credhub_str_t text)
{
    while (text.len != 0 && text.data[0] <= ' ') {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && text.data[text.len - 1] <= ' ') {
        text.len--;
    }

    return text;
}
