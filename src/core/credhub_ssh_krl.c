
/*
 * Key revocation lists (OpenSSH's PROTOCOL.krl): one section for what is
 * revoked of a CA by serial and by key id, one for plain keys.
 */

#include <stdlib.h>
#include <string.h>
#include "credhub_ssh_certificate.h"


#define CREDHUB_SSH_KRL_MAGIC       "SSHKRL\n" /* with its NUL */
#define CREDHUB_SSH_KRL_FORMAT      1
#define CREDHUB_SSH_KRL_CERTS       1
#define CREDHUB_SSH_KRL_KEYS        2
#define CREDHUB_SSH_KRL_SERIAL_LIST 0x20
#define CREDHUB_SSH_KRL_KEY_ID      0x23


static int credhub_ssh_krl_serials(
    credhub_buf_t *buf, const credhub_ssh_revoked_t *rows, size_t n);
static int credhub_ssh_krl_texts(
    credhub_buf_t *buf, const credhub_ssh_revoked_t *rows, size_t n, int blobs);
static void credhub_ssh_krl_section(
    credhub_buf_t *buf, u_char type, const credhub_buf_t *part);
static int credhub_ssh_krl_by_serial(const void *one, const void *two);
static int credhub_ssh_krl_by_text(const void *one, const void *two);


credhub_error_e
credhub_ssh_krl(credhub_arena_t *arena, credhub_str_t ca, uint64_t version,
    int64_t date, const credhub_ssh_revoked_t *rows, size_t n,
    credhub_str_t *krl)
{
    int           ok;
    credhub_buf_t buf, certs, part;

    if (n > CREDHUB_SSH_REVOKED_MAX) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&buf, arena, 256 + n * 16);

    credhub_buf_add(&buf, CREDHUB_SSH_KRL_MAGIC, sizeof(CREDHUB_SSH_KRL_MAGIC));
    credhub_ssh_add_uint32(&buf, CREDHUB_SSH_KRL_FORMAT);
    credhub_ssh_add_uint64(&buf, version);
    credhub_ssh_add_uint64(&buf, (uint64_t) date);
    credhub_ssh_add_uint64(&buf, 0);                /* flags */
    credhub_ssh_add_string(&buf, credhub_null_str); /* reserved */
    credhub_ssh_add_string(&buf, credhub_null_str); /* comment */

    credhub_buf_init(&certs, arena, 256 + n * 12);
    credhub_ssh_add_string(&certs, ca);
    credhub_ssh_add_string(&certs, credhub_null_str); /* reserved */

    credhub_buf_init(&part, arena, n * 8);
    ok = credhub_ssh_krl_serials(&part, rows, n);
    credhub_ssh_krl_section(&certs, CREDHUB_SSH_KRL_SERIAL_LIST, &part);

    credhub_buf_init(&part, arena, 256);
    ok = ok && credhub_ssh_krl_texts(&part, rows, n, 0);
    credhub_ssh_krl_section(&certs, CREDHUB_SSH_KRL_KEY_ID, &part);

    credhub_ssh_krl_section(&buf, CREDHUB_SSH_KRL_CERTS, &certs);

    credhub_buf_init(&part, arena, 256);
    ok = ok && credhub_ssh_krl_texts(&part, rows, n, 1);
    credhub_ssh_krl_section(&buf, CREDHUB_SSH_KRL_KEYS, &part);

    *krl = credhub_buf_str(&buf);

    return ok && !buf.failed && !certs.failed ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


/* Empty sections are left out. */

static void
credhub_ssh_krl_section(
    credhub_buf_t *buf, u_char type, const credhub_buf_t *part)
{
    if (part->len != 0) {
        credhub_buf_add(buf, &type, 1);
        credhub_ssh_add_string(buf, credhub_buf_str(part));
    }

    buf->failed |= part->failed;
}


/* In ascending order; sshd takes no list with a 0 in it. */

static int
credhub_ssh_krl_serials(
    credhub_buf_t *buf, const credhub_ssh_revoked_t *rows, size_t n)
{
    size_t    i, k;
    uint64_t *serials;

    serials = credhub_arena_alloc(buf->arena, (n + 1) * sizeof(uint64_t));

    if (serials == NULL) {
        return 0;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (rows[i].serial != 0 && rows[i].key_id.len == 0
            && rows[i].blob.len == 0) {
            serials[k++] = rows[i].serial;
        }
    }

    qsort(serials, k, sizeof(uint64_t), credhub_ssh_krl_by_serial);

    for (i = 0; i < k; i++) {
        if (i == 0 || serials[i] != serials[i - 1]) {
            credhub_ssh_add_uint64(buf, serials[i]);
        }
    }

    return 1;
}


static int
credhub_ssh_krl_by_serial(const void *one, const void *two)
{
    uint64_t a = *(const uint64_t *) one, b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


/* Key ids, or plain keys. */

static int
credhub_ssh_krl_texts(
    credhub_buf_t *buf, const credhub_ssh_revoked_t *rows, size_t n, int blobs)
{
    size_t         i, k;
    credhub_str_t  text;
    credhub_str_t *texts;

    texts = credhub_arena_alloc(buf->arena, (n + 1) * sizeof(credhub_str_t));

    if (texts == NULL) {
        return 0;
    }

    for (i = 0, k = 0; i < n; i++) {
        text = blobs ? rows[i].blob : rows[i].key_id;

        if (text.len != 0) {
            texts[k++] = text;
        }
    }

    qsort(texts, k, sizeof(credhub_str_t), credhub_ssh_krl_by_text);

    for (i = 0; i < k; i++) {
        if (i == 0 || !credhub_str_eq(texts[i], texts[i - 1])) {
            credhub_ssh_add_string(buf, texts[i]);
        }
    }

    return 1;
}


static int
credhub_ssh_krl_by_text(const void *one, const void *two)
{
    int                  rc;
    size_t               len;
    const credhub_str_t *a = one, *b = two;

    len = a->len < b->len ? a->len : b->len;
    rc = memcmp(a->data, b->data, len);

    return rc != 0 ? rc : (a->len > b->len) - (a->len < b->len);
}
