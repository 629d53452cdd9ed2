
/* Certificates of OpenSSH (its PROTOCOL.certkeys): read and shown. */

#include <string.h>
#include "credhub_json.h"
#include "credhub_ssh_certificate.h"
#include "credhub_ssh_keys.h"


#define CREDHUB_SSH_USER 1
#define CREDHUB_SSH_HOST 2


static int credhub_ssh_read_subject(credhub_arena_t *arena,
    credhub_ssh_reader_t *reader, credhub_ssh_certificate_t *certificate);
static int credhub_ssh_read_list(
    credhub_arena_t *arena, credhub_str_t bytes, credhub_ssh_list_t *list);
static int credhub_ssh_read_critical(credhub_arena_t *arena,
    credhub_str_t bytes, credhub_ssh_certificate_t *certificate);
static int credhub_ssh_read_sources(
    credhub_arena_t *arena, credhub_str_t text, credhub_ssh_list_t *list);
static int    credhub_ssh_read_extensions(credhub_arena_t *arena,
       credhub_str_t bytes, credhub_ssh_certificate_t *certificate);
static size_t credhub_ssh_strings(credhub_str_t bytes);
static int    credhub_ssh_value(credhub_str_t data, credhub_str_t *value);
static void   credhub_ssh_show_list(
      credhub_buf_t *buf, const char *name, const credhub_ssh_list_t *list);


credhub_error_e
credhub_ssh_certificate(credhub_arena_t *arena, credhub_str_t blob,
    credhub_ssh_certificate_t *certificate)
{
    uint32_t             type;
    credhub_str_t        principals, critical, extensions, reserved, body;
    credhub_str_t        signature;
    credhub_ssh_reader_t reader;

    memset(certificate, 0, sizeof(credhub_ssh_certificate_t));

    credhub_ssh_reader(&reader, blob);

    if (!credhub_ssh_read_subject(arena, &reader, certificate)) {
        return CREDHUB_E_SSH_KEY;
    }

    certificate->serial = credhub_ssh_uint64(&reader);
    type = credhub_ssh_uint32(&reader);
    certificate->host = (type == CREDHUB_SSH_HOST);
    certificate->key_id = credhub_ssh_string(&reader);
    principals = credhub_ssh_string(&reader);
    certificate->from = (int64_t) credhub_ssh_uint64(&reader);
    certificate->to = (int64_t) credhub_ssh_uint64(&reader);
    critical = credhub_ssh_string(&reader);
    extensions = credhub_ssh_string(&reader);
    reserved = credhub_ssh_string(&reader);
    certificate->ca = credhub_ssh_string(&reader);

    body.data = blob.data;
    body.len = (size_t) (reader.pos - blob.data);

    signature = credhub_ssh_string(&reader);

    if (!credhub_ssh_ended(&reader) || reserved.len != 0
        || (type != CREDHUB_SSH_USER && type != CREDHUB_SSH_HOST)
        || !credhub_ssh_read_list(arena, principals, &certificate->principals)
        || !credhub_ssh_read_critical(arena, critical, certificate)
        || !credhub_ssh_read_extensions(arena, extensions, certificate)
        || !credhub_ssh_verify(arena, certificate->ca, body, signature))
    {
        return CREDHUB_E_SSH_KEY;
    }

    return CREDHUB_OK;
}


/* Type, nonce and the fields of a plain key, of which its blob is made. */

static int
credhub_ssh_read_subject(credhub_arena_t *arena, credhub_ssh_reader_t *reader,
    credhub_ssh_certificate_t *certificate)
{
    size_t               i, fields;
    credhub_buf_t        key;
    credhub_str_t        word, detail;
    credhub_ssh_public_t plain;

    word = credhub_ssh_string(reader);

    for (i = 0; i < CREDHUB_SSH_TYPES; i++) {
        if (credhub_str_eq(word, credhub_ssh_kinds[i].cert_word)) {
            break;
        }
    }

    if (i == CREDHUB_SSH_TYPES) {
        return 0;
    }

    certificate->word = credhub_ssh_kinds[i].cert_word;
    (void) credhub_ssh_string(reader); /* nonce */

    credhub_buf_init(
        &key, arena, (size_t) (reader->end - reader->pos) / 2 + 64);
    credhub_ssh_add_string(&key, credhub_ssh_kinds[i].word);

    for (fields = (i == CREDHUB_SSH_ED25519) ? 1 : 2; fields != 0; fields--) {
        credhub_ssh_add_string(&key, credhub_ssh_string(reader));
    }

    certificate->key = credhub_buf_str(&key);

    return !key.failed
           && credhub_ssh_public_blob(arena, certificate->key, &plain, &detail)
                  == CREDHUB_OK;
}


/* How many strings these bytes are. */

static size_t
credhub_ssh_strings(credhub_str_t bytes)
{
    size_t               n;
    credhub_ssh_reader_t reader;

    credhub_ssh_reader(&reader, bytes);

    for (n = 0; !reader.failed && reader.pos != reader.end; n++) {
        (void) credhub_ssh_string(&reader);
    }

    return n;
}


static int
credhub_ssh_read_list(
    credhub_arena_t *arena, credhub_str_t bytes, credhub_ssh_list_t *list)
{
    size_t               i;
    credhub_ssh_reader_t reader;

    list->n = credhub_ssh_strings(bytes);

    if (list->n > CREDHUB_SSH_PRINCIPALS_MAX) {
        return 0;
    }

    list->items =
        credhub_arena_alloc(arena, (list->n + 1) * sizeof(credhub_str_t));

    if (list->items == NULL) {
        return 0;
    }

    credhub_ssh_reader(&reader, bytes);

    for (i = 0; i < list->n; i++) {
        list->items[i] = credhub_ssh_string(&reader);
    }

    return credhub_ssh_ended(&reader);
}


static int
credhub_ssh_read_critical(credhub_arena_t *arena, credhub_str_t bytes,
    credhub_ssh_certificate_t *certificate)
{
    credhub_str_t        name, value;
    credhub_ssh_reader_t reader;

    credhub_ssh_reader(&reader, bytes);

    while (!reader.failed && reader.pos != reader.end) {
        name = credhub_ssh_string(&reader);

        if (!credhub_ssh_value(credhub_ssh_string(&reader), &value)) {
            return 0;
        }

        if (credhub_str_eq(name, credhub_str("force-command"))) {
            certificate->force_command = value;

        } else if (!credhub_str_eq(name, credhub_str("source-address"))
                   || !credhub_ssh_read_sources(
                       arena, value, &certificate->sources))
        {
            return 0;
        }
    }

    return credhub_ssh_ended(&reader);
}


static int
credhub_ssh_read_sources(
    credhub_arena_t *arena, credhub_str_t text, credhub_ssh_list_t *list)
{
    size_t  n;
    u_char *p, *last;

    for (n = 1, p = text.data, last = p + text.len; p < last; p++) {
        n += (*p == ',');
    }

    list->items = credhub_arena_alloc(arena, n * sizeof(credhub_str_t));

    if (list->items == NULL) {
        return 0;
    }

    list->n = n;
    list->items[0].data = text.data;

    for (n = 0, p = text.data; p < last; p++) {
        if (*p == ',') {
            list->items[++n].data = p + 1;

        } else {
            list->items[n].len++;
        }
    }

    return 1;
}


static int
credhub_ssh_read_extensions(credhub_arena_t *arena, credhub_str_t bytes,
    credhub_ssh_certificate_t *certificate)
{
    size_t                n;
    credhub_str_t         data;
    credhub_ssh_option_t *extension;
    credhub_ssh_reader_t  reader;

    n = credhub_ssh_strings(bytes) / 2;

    certificate->extensions =
        credhub_arena_alloc(arena, (n + 1) * sizeof(credhub_ssh_option_t));

    if (certificate->extensions == NULL) {
        return 0;
    }

    certificate->nextensions = n;
    credhub_ssh_reader(&reader, bytes);

    for (extension = certificate->extensions; n != 0; n--, extension++) {
        extension->name = credhub_ssh_string(&reader);
        data = credhub_ssh_string(&reader);

        if (data.len != 0 && !credhub_ssh_value(data, &extension->value)) {
            return 0;
        }
    }

    return credhub_ssh_ended(&reader);
}


/* A value is a string in a string. */

static int
credhub_ssh_value(credhub_str_t data, credhub_str_t *value)
{
    credhub_ssh_reader_t reader;

    credhub_ssh_reader(&reader, data);
    *value = credhub_ssh_string(&reader);

    return credhub_ssh_ended(&reader);
}


void
credhub_ssh_certificate_show(credhub_buf_t *buf,
    const credhub_ssh_certificate_t *certificate, credhub_str_t blob)
{
    size_t        i;
    u_char        digits[CREDHUB_SSH_SERIAL_LEN];
    credhub_str_t serial;

    serial.data = digits;
    serial.len = credhub_ssh_serial(certificate->serial, digits);

    credhub_buf_lit(buf, "{\"CAFingerprintSHA256\":");
    credhub_json_add_string(
        buf, credhub_ssh_sha256(buf->arena, certificate->ca));
    credhub_buf_lit(buf, ",\"CertificateFingerprintSHA256\":");
    credhub_json_add_string(buf, credhub_ssh_sha256(buf->arena, blob));
    credhub_buf_lit(buf, ",\"CertificateType\":");
    credhub_json_add_string(
        buf, certificate->host ? credhub_str("host") : credhub_str("client"));
    credhub_buf_lit(buf, ",\"Extensions\":{");

    for (i = 0; i < certificate->nextensions; i++) {
        if (i != 0) {
            credhub_buf_lit(buf, ",");
        }

        credhub_json_add_string(buf, certificate->extensions[i].name);
        credhub_buf_lit(buf, ":");
        credhub_json_add_string(buf, certificate->extensions[i].value);
    }

    credhub_buf_lit(buf, "},\"ForceCommand\":");
    credhub_json_add_string(buf, certificate->force_command);
    credhub_buf_lit(buf, ",\"KeyID\":");
    credhub_json_add_string(buf, certificate->key_id);
    credhub_buf_lit(buf, ",\"KeyType\":");
    credhub_json_add_string(buf, certificate->word);
    credhub_ssh_show_list(buf, "Principals", &certificate->principals);
    credhub_buf_lit(buf, ",\"PublicKeyFingerprintSHA256\":");
    credhub_json_add_string(
        buf, credhub_ssh_sha256(buf->arena, certificate->key));
    credhub_buf_lit(buf, ",\"SerialNumber\":");
    credhub_json_add_string(buf, serial);
    credhub_ssh_show_list(buf, "SourceAddresses", &certificate->sources);
    credhub_buf_printf(buf, ",\"ValidFrom\":%lld,\"ValidTo\":%lld}",
        (long long) certificate->from, (long long) certificate->to);
}


static void
credhub_ssh_show_list(
    credhub_buf_t *buf, const char *name, const credhub_ssh_list_t *list)
{
    size_t i;

    credhub_buf_printf(buf, ",\"%s\":[", name);

    for (i = 0; i < list->n; i++) {
        if (i != 0) {
            credhub_buf_lit(buf, ",");
        }

        credhub_json_add_string(buf, list->items[i]);
    }

    credhub_buf_lit(buf, "]");
}
