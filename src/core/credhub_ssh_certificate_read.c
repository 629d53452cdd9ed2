
/*
 * Reads certificates of OpenSSH and shows them. Strings of what is read are
 * ranges of the caller's blob; a certificate that sshd would not take is
 * refused. No state.
 */

#include "credhub_json.h"
#include "credhub_ssh_certificate.h"
#include "credhub_ssh_keys.h"
#include "credhub_text.h"

#include <inttypes.h>
#include <string.h>


#define CREDHUB_SSH_USER_CERT    1
#define CREDHUB_SSH_HOST_CERT    2
#define CREDHUB_SSH_CRITICAL_MAX 2


typedef struct {
    credhub_ssh_option_t *items;
    size_t                n;
} credhub_ssh_options_t;


static credhub_error_e credhub_ssh_read_key(credhub_arena_t *arena,
    credhub_ssh_reader_t *reader, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_read_terms(credhub_arena_t *arena,
    credhub_ssh_reader_t *reader, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_read_type(
    uint32_t type, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_read_dates(
    uint64_t from, uint64_t to, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_read_principals(
    credhub_arena_t *arena, credhub_str_t packed, credhub_ssh_list_t *list);
static credhub_error_e credhub_ssh_read_critical(credhub_arena_t *arena,
    credhub_str_t packed, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_read_sources(
    credhub_arena_t *arena, credhub_str_t joined, credhub_ssh_list_t *list);
static credhub_error_e credhub_ssh_read_options(credhub_arena_t *arena,
    credhub_str_t packed, size_t max, credhub_ssh_options_t *options);
static int             credhub_ssh_read_option(
                credhub_ssh_reader_t *reader, credhub_ssh_options_t *options);
static void credhub_ssh_show_list(
    credhub_buf_t *buf, const credhub_ssh_list_t *list);
static void credhub_ssh_show_sha256(
    credhub_buf_t *buf, const char *name, credhub_str_t blob);


credhub_error_e
credhub_ssh_certificate(credhub_arena_t *arena, credhub_str_t blob,
    credhub_ssh_certificate_t *certificate)
{
    credhub_str_t        data, signature;
    credhub_error_e      error;
    credhub_ssh_reader_t reader;

    memset(certificate, 0, sizeof(credhub_ssh_certificate_t));
    credhub_ssh_reader(&reader, blob);

    error = credhub_ssh_read_key(arena, &reader, certificate);
    if (error != CREDHUB_OK) {
        return error;
    }

    error = credhub_ssh_read_terms(arena, &reader, certificate);
    if (error != CREDHUB_OK) {
        return error;
    }

    certificate->ca = credhub_ssh_string(&reader);

    data.data = blob.data;
    data.len = (size_t) (reader.pos - blob.data);

    signature = credhub_ssh_string(&reader);

    if (!credhub_ssh_ended(&reader)) {
        return CREDHUB_E_SSH_KEY;
    }

    return credhub_ssh_verify(arena, certificate->ca, data, signature);
}


/* The word, the nonce, and the key: its fields stand as in a plain key. */

static credhub_error_e
credhub_ssh_read_key(credhub_arena_t *arena, credhub_ssh_reader_t *reader,
    credhub_ssh_certificate_t *certificate)
{
    size_t               i, fields;
    credhub_buf_t        buf;
    credhub_str_t        word, detail;
    credhub_ssh_public_t key;

    word = credhub_ssh_string(reader);

    for (i = 0; i < CREDHUB_SSH_TYPES; i++) {
        if (credhub_str_eq(word, credhub_ssh_kinds[i].cert_word)) {
            break;
        }
    }

    if (i == CREDHUB_SSH_TYPES) {
        return CREDHUB_E_SSH_KEY;
    }

    (void) credhub_ssh_string(reader); /* nonce */

    credhub_buf_init(&buf, arena, 0);
    credhub_ssh_add_string(&buf, credhub_ssh_kinds[i].word);

    for (fields = (i == CREDHUB_SSH_ED25519) ? 1 : 2; fields != 0; fields--) {
        credhub_ssh_add_string(&buf, credhub_ssh_string(reader));
    }

    if (buf.failed) {
        return CREDHUB_E_INTERNAL;
    }

    certificate->word = credhub_ssh_kinds[i].cert_word;
    certificate->key = credhub_buf_str(&buf);

    return credhub_ssh_public_blob(arena, certificate->key, &key, &detail);
}


/* What is between the subject's key and the CA's. */

static credhub_error_e
credhub_ssh_read_terms(credhub_arena_t *arena, credhub_ssh_reader_t *reader,
    credhub_ssh_certificate_t *certificate)
{
    uint32_t              type;
    uint64_t              from, to;
    credhub_str_t         principals, critical, extensions;
    credhub_error_e       error;
    credhub_ssh_options_t options;

    certificate->serial = credhub_ssh_uint64(reader);
    type = credhub_ssh_uint32(reader);
    certificate->key_id = credhub_ssh_string(reader);
    principals = credhub_ssh_string(reader);
    from = credhub_ssh_uint64(reader);
    to = credhub_ssh_uint64(reader);
    critical = credhub_ssh_string(reader);
    extensions = credhub_ssh_string(reader);
    (void) credhub_ssh_string(reader); /* reserved */

    if (reader->failed || certificate->key_id.len > CREDHUB_SSH_KEY_ID_MAX
        || !credhub_utf8_valid(certificate->key_id)
        || credhub_ssh_read_type(type, certificate) != CREDHUB_OK
        || credhub_ssh_read_dates(from, to, certificate) != CREDHUB_OK)
    {
        return CREDHUB_E_SSH_KEY;
    }

    error = credhub_ssh_read_principals(
        arena, principals, &certificate->principals);
    if (error != CREDHUB_OK) {
        return error;
    }

    error = credhub_ssh_read_critical(arena, critical, certificate);
    if (error != CREDHUB_OK) {
        return error;
    }

    error = credhub_ssh_read_options(
        arena, extensions, CREDHUB_SSH_EXTENSIONS_MAX, &options);

    certificate->extensions = options.items;
    certificate->nextensions = options.n;

    return error;
}


static credhub_error_e
credhub_ssh_read_type(uint32_t type, credhub_ssh_certificate_t *certificate)
{
    certificate->host = (type == CREDHUB_SSH_HOST_CERT);

    return type == CREDHUB_SSH_USER_CERT || type == CREDHUB_SSH_HOST_CERT
               ? CREDHUB_OK
               : CREDHUB_E_SSH_KEY;
}


static credhub_error_e
credhub_ssh_read_dates(
    uint64_t from, uint64_t to, credhub_ssh_certificate_t *certificate)
{
    if (from >= to || from >= INT64_MAX) {
        return CREDHUB_E_SSH_KEY;
    }

    certificate->from = (int64_t) from;
    certificate->to = to > INT64_MAX ? INT64_MAX : (int64_t) to;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_read_principals(
    credhub_arena_t *arena, credhub_str_t packed, credhub_ssh_list_t *list)
{
    credhub_str_t        name;
    credhub_ssh_reader_t reader;

    list->items = credhub_arena_alloc(
        arena, CREDHUB_SSH_PRINCIPALS_MAX * sizeof(credhub_str_t));

    if (list->items == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_ssh_reader(&reader, packed);

    while (!credhub_ssh_ended(&reader)) {
        name = credhub_ssh_string(&reader);

        if (reader.failed || list->n == CREDHUB_SSH_PRINCIPALS_MAX
            || !credhub_utf8_valid(name))
        {
            return CREDHUB_E_SSH_KEY;
        }

        list->items[list->n++] = name;
    }

    return CREDHUB_OK;
}


/* One without a value would be none for us, and is a mistake to sshd. */

static credhub_error_e
credhub_ssh_read_critical(credhub_arena_t *arena, credhub_str_t packed,
    credhub_ssh_certificate_t *certificate)
{
    size_t                i;
    credhub_error_e       error;
    credhub_ssh_options_t options;
    credhub_ssh_option_t *option;

    error = credhub_ssh_read_options(
        arena, packed, CREDHUB_SSH_CRITICAL_MAX, &options);

    for (i = 0; error == CREDHUB_OK && i < options.n; i++) {
        option = &options.items[i];

        if (option->value.len == 0) {
            error = CREDHUB_E_SSH_KEY;

        } else if (credhub_str_eq(option->name, credhub_str("force-command"))) {
            certificate->force_command = option->value;

        } else if (credhub_str_eq(option->name, credhub_str("source-address")))
        {
            error = credhub_ssh_read_sources(
                arena, option->value, &certificate->sources);

        } else {
            error = CREDHUB_E_SSH_KEY;
        }
    }

    return error;
}


static credhub_error_e
credhub_ssh_read_sources(
    credhub_arena_t *arena, credhub_str_t joined, credhub_ssh_list_t *list)
{
    u_char       *p, *comma, *last;
    credhub_str_t source;

    list->items = credhub_arena_alloc(
        arena, CREDHUB_SSH_SOURCES_MAX * sizeof(credhub_str_t));

    if (list->items == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    last = joined.data + joined.len;

    for (p = joined.data; p != NULL; p = comma == NULL ? NULL : comma + 1) {
        comma = p == last ? NULL : memchr(p, ',', (size_t) (last - p));

        if (list->n == CREDHUB_SSH_SOURCES_MAX) {
            return CREDHUB_E_SSH_KEY;
        }

        source.data = p;
        source.len = (size_t) ((comma == NULL ? last : comma) - p);
        list->items[list->n++] = source;
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_read_options(credhub_arena_t *arena, credhub_str_t packed,
    size_t max, credhub_ssh_options_t *options)
{
    credhub_ssh_reader_t reader;

    options->n = 0;
    options->items =
        credhub_arena_alloc(arena, max * sizeof(credhub_ssh_option_t));

    if (options->items == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_ssh_reader(&reader, packed);

    while (!credhub_ssh_ended(&reader)) {
        if (options->n == max || !credhub_ssh_read_option(&reader, options)) {
            return CREDHUB_E_SSH_KEY;
        }
    }

    return CREDHUB_OK;
}


/* A value is a string within its string, a flag has an empty one. */

static int
credhub_ssh_read_option(
    credhub_ssh_reader_t *reader, credhub_ssh_options_t *options)
{
    size_t               i;
    credhub_str_t        data;
    credhub_ssh_option_t option;
    credhub_ssh_reader_t value;

    option.name = credhub_ssh_string(reader);
    data = credhub_ssh_string(reader);

    if (reader->failed || option.name.len == 0
        || !credhub_utf8_valid(option.name)) {
        return 0;
    }

    option.value = credhub_str("");

    if (data.len != 0) {
        credhub_ssh_reader(&value, data);
        option.value = credhub_ssh_string(&value);

        if (!credhub_ssh_ended(&value) || !credhub_utf8_valid(option.value)) {
            return 0;
        }
    }

    for (i = 0; i < options->n; i++) {
        if (credhub_str_eq(options->items[i].name, option.name)) {
            return 0;
        }
    }

    options->items[options->n++] = option;

    return 1;
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

    credhub_buf_lit(buf, "{");
    credhub_ssh_show_sha256(buf, "CAFingerprintSHA256", certificate->ca);
    credhub_ssh_show_sha256(buf, "CertificateFingerprintSHA256", blob);
    credhub_buf_printf(buf, "\"CertificateType\":\"%s\",\"Extensions\":{",
        certificate->host ? "host" : "client");

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
    credhub_buf_lit(buf, ",\"Principals\":");
    credhub_ssh_show_list(buf, &certificate->principals);
    credhub_buf_lit(buf, ",");
    credhub_ssh_show_sha256(
        buf, "PublicKeyFingerprintSHA256", certificate->key);
    credhub_buf_lit(buf, "\"SerialNumber\":");
    credhub_json_add_string(buf, serial);
    credhub_buf_lit(buf, ",\"SourceAddresses\":");
    credhub_ssh_show_list(buf, &certificate->sources);
    credhub_buf_printf(buf, ",\"ValidFrom\":%" PRId64 ",\"ValidTo\":%" PRId64,
        certificate->from, certificate->to);
    credhub_buf_lit(buf, "}");
}


static void
credhub_ssh_show_list(credhub_buf_t *buf, const credhub_ssh_list_t *list)
{
    size_t i;

    credhub_buf_lit(buf, "[");

    for (i = 0; i < list->n; i++) {
        if (i != 0) {
            credhub_buf_lit(buf, ",");
        }

        credhub_json_add_string(buf, list->items[i]);
    }

    credhub_buf_lit(buf, "]");
}


/* A member and the comma behind it. */

static void
credhub_ssh_show_sha256(
    credhub_buf_t *buf, const char *name, credhub_str_t blob)
{
    credhub_str_t sum;

    sum = credhub_ssh_sha256(buf->arena, blob);

    if (sum.data == NULL) {
        buf->failed = 1;
        return;
    }

    credhub_buf_printf(buf, "\"%s\":", name);
    credhub_json_add_string(buf, sum);
    credhub_buf_lit(buf, ",");
}
