
/* Certificates of OpenSSH (its PROTOCOL.certkeys): written and signed. */

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include "credhub_ssh_certificate.h"
#include "credhub_ssh_keys.h"
#include "credhub_text.h"


#define CREDHUB_SSH_NONCE 32
#define CREDHUB_SSH_USER  1
#define CREDHUB_SSH_HOST  2


static int credhub_ssh_certificate_valid(
    const credhub_ssh_certificate_t *certificate);
static int credhub_ssh_certificate_texts(
    const credhub_ssh_list_t *list, size_t max);
static int credhub_ssh_add_list(
    credhub_buf_t *buf, const credhub_ssh_list_t *list);
static int credhub_ssh_add_critical(
    credhub_buf_t *buf, const credhub_ssh_certificate_t *certificate);
static int credhub_ssh_add_extensions(
    credhub_buf_t *buf, const credhub_ssh_certificate_t *certificate);
static void credhub_ssh_add_option(
    credhub_buf_t *buf, credhub_str_t name, credhub_str_t value, int flag);
static void credhub_ssh_add_all(credhub_buf_t *buf, const credhub_buf_t *part);
static int  credhub_ssh_by_name(const void *one, const void *two);


credhub_error_e
credhub_ssh_certify(credhub_arena_t *arena,
    credhub_ssh_certificate_t *certificate, credhub_str_t subject,
    const credhub_ssh_pair_t *ca, credhub_str_t *blob)
{
    int                  ok;
    u_char               nonce[CREDHUB_SSH_NONCE];
    credhub_buf_t        buf;
    credhub_str_t        signature, detail, str;
    credhub_ssh_public_t key;

    ERR_set_mark();
    ok = RAND_bytes(nonce, sizeof(nonce)) == 1;
    ERR_pop_to_mark();

    if (!ok || !credhub_ssh_certificate_valid(certificate)
        || credhub_ssh_public_blob(arena, subject, &key, &detail) != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    certificate->word = credhub_ssh_kinds[key.type].cert_word;
    certificate->key = subject;
    certificate->ca = ca->blob;

    str.data = nonce;
    str.len = sizeof(nonce);

    credhub_buf_init(&buf, arena, subject.len + 2 * ca->blob.len + 2048);

    credhub_ssh_add_string(&buf, certificate->word);
    credhub_ssh_add_string(&buf, str);
    credhub_buf_add(
        &buf, subject.data + 4 + key.word.len, subject.len - 4 - key.word.len);
    credhub_ssh_add_uint64(&buf, certificate->serial);
    credhub_ssh_add_uint32(
        &buf, certificate->host ? CREDHUB_SSH_HOST : CREDHUB_SSH_USER);
    credhub_ssh_add_string(&buf, certificate->key_id);

    if (!credhub_ssh_add_list(&buf, &certificate->principals)) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_ssh_add_uint64(&buf, (uint64_t) certificate->from);
    credhub_ssh_add_uint64(&buf,
        certificate->to == INT64_MAX ? UINT64_MAX : (uint64_t) certificate->to);

    if (!credhub_ssh_add_critical(&buf, certificate)
        || !credhub_ssh_add_extensions(&buf, certificate))
    {
        return CREDHUB_E_INTERNAL;
    }

    credhub_ssh_add_string(&buf, credhub_null_str); /* reserved */
    credhub_ssh_add_string(&buf, ca->blob);

    if (buf.failed
        || credhub_ssh_sign(
               arena, ca->private_key, credhub_buf_str(&buf), &signature)
               != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    credhub_ssh_add_string(&buf, signature);

    *blob = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static int
credhub_ssh_certificate_valid(const credhub_ssh_certificate_t *certificate)
{
    size_t                      i;
    const credhub_ssh_option_t *extension;

    if (certificate->key_id.len > CREDHUB_SSH_KEY_ID_MAX
        || certificate->nextensions > CREDHUB_SSH_EXTENSIONS_MAX
        || certificate->from < 0 || certificate->to <= certificate->from
        || !credhub_utf8_valid(certificate->key_id)
        || !credhub_utf8_valid(certificate->force_command)
        || !credhub_ssh_certificate_texts(
            &certificate->principals, CREDHUB_SSH_PRINCIPALS_MAX)
        || !credhub_ssh_certificate_texts(
            &certificate->sources, CREDHUB_SSH_SOURCES_MAX))
    {
        return 0;
    }

    for (i = 0; i < certificate->nextensions; i++) {
        extension = &certificate->extensions[i];

        if (extension->name.len == 0 || !credhub_utf8_valid(extension->name)
            || !credhub_utf8_valid(extension->value))
        {
            return 0;
        }
    }

    return 1;
}


static int
credhub_ssh_certificate_texts(const credhub_ssh_list_t *list, size_t max)
{
    size_t i;

    if (list->n > max) {
        return 0;
    }

    for (i = 0; i < list->n; i++) {
        if (!credhub_utf8_valid(list->items[i])) {
            return 0;
        }
    }

    return 1;
}


static int
credhub_ssh_add_list(credhub_buf_t *buf, const credhub_ssh_list_t *list)
{
    size_t        i;
    credhub_buf_t part;

    credhub_buf_init(&part, buf->arena, 256);

    for (i = 0; i < list->n; i++) {
        credhub_ssh_add_string(&part, list->items[i]);
    }

    credhub_ssh_add_all(buf, &part);

    return !buf->failed;
}


/* "force-command" comes before "source-address". */

static int
credhub_ssh_add_critical(
    credhub_buf_t *buf, const credhub_ssh_certificate_t *certificate)
{
    size_t                    i;
    credhub_buf_t             part, sources;
    const credhub_ssh_list_t *list = &certificate->sources;

    credhub_buf_init(&part, buf->arena, 256);
    credhub_buf_init(&sources, buf->arena, 256);

    if (certificate->force_command.len != 0) {
        credhub_ssh_add_option(
            &part, credhub_str("force-command"), certificate->force_command, 0);
    }

    for (i = 0; i < list->n; i++) {
        if (i != 0) {
            credhub_buf_lit(&sources, ",");
        }

        credhub_buf_add_str(&sources, list->items[i]);
    }

    if (list->n != 0) {
        credhub_ssh_add_option(
            &part, credhub_str("source-address"), credhub_buf_str(&sources), 0);
    }

    credhub_ssh_add_all(buf, &part);

    return !buf->failed && !sources.failed;
}


static int
credhub_ssh_add_extensions(
    credhub_buf_t *buf, const credhub_ssh_certificate_t *certificate)
{
    size_t                i, n;
    credhub_buf_t         part;
    credhub_ssh_option_t *sorted;

    n = certificate->nextensions;
    sorted =
        credhub_arena_alloc(buf->arena, (n + 1) * sizeof(credhub_ssh_option_t));

    if (sorted == NULL) {
        return 0;
    }

    if (n != 0) {
        memcpy(
            sorted, certificate->extensions, n * sizeof(credhub_ssh_option_t));
        qsort(sorted, n, sizeof(credhub_ssh_option_t), credhub_ssh_by_name);
    }

    credhub_buf_init(&part, buf->arena, 256);

    for (i = 0; i < n; i++) {
        if (i != 0 && credhub_str_eq(sorted[i - 1].name, sorted[i].name)) {
            return 0;
        }

        credhub_ssh_add_option(
            &part, sorted[i].name, sorted[i].value, sorted[i].value.len == 0);
    }

    credhub_ssh_add_all(buf, &part);

    return !buf->failed;
}


static int
credhub_ssh_by_name(const void *one, const void *two)
{
    int                         rc;
    size_t                      len;
    const credhub_ssh_option_t *a = one, *b = two;

    len = a->name.len < b->name.len ? a->name.len : b->name.len;
    rc = memcmp(a->name.data, b->name.data, len);

    return rc != 0 ? rc
                   : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}


/* A value is a string in a string, a flag is an empty one. */

static void
credhub_ssh_add_option(
    credhub_buf_t *buf, credhub_str_t name, credhub_str_t value, int flag)
{
    credhub_ssh_add_string(buf, name);

    if (flag) {
        credhub_ssh_add_uint32(buf, 0);
        return;
    }

    credhub_ssh_add_uint32(buf, (uint32_t) value.len + 4);
    credhub_ssh_add_string(buf, value);
}


static void
credhub_ssh_add_all(credhub_buf_t *buf, const credhub_buf_t *part)
{
    credhub_ssh_add_string(buf, credhub_buf_str(part));

    buf->failed |= part->failed;
}


size_t
credhub_ssh_serial(uint64_t serial, u_char out[CREDHUB_SSH_SERIAL_LEN])
{
    size_t i, n;
    u_char digits[CREDHUB_SSH_SERIAL_LEN];

    n = 0;

    do {
        digits[n++] = (u_char) ('0' + serial % 10);
        serial /= 10;
    } while (serial != 0);

    for (i = 0; i < n; i++) {
        out[i] = digits[n - 1 - i];
    }

    return n;
}


int
credhub_ssh_serial_parse(credhub_str_t text, uint64_t *serial)
{
    size_t   i;
    uint64_t n, digit;

    if (text.len == 0 || text.len > CREDHUB_SSH_SERIAL_LEN) {
        return -1;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        digit = (uint64_t) text.data[i] - '0';

        if (digit > 9 || n > (UINT64_MAX - digit) / 10) {
            return -1;
        }

        n = n * 10 + digit;
    }

    *serial = n;

    return 0;
}
