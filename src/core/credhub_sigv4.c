
/* Signature Version 4, step by step. Keys on the stack are wiped; what is built
 * in an arena is wiped with it. */

#include "credhub_sigv4.h"
#include "credhub_text.h"

#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


#define CREDHUB_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define CREDHUB_SIGV4_HASH_SIZE 32


typedef void (*credhub_sigv4_header_pt)(
    credhub_buf_t *buf, const char *name, credhub_str_t value);


static void credhub_sigv4_headers(credhub_buf_t *buf,
    const credhub_sigv4_t *request, credhub_sigv4_header_pt add);
static void credhub_sigv4_header_line(
    credhub_buf_t *buf, const char *name, credhub_str_t value);
static void credhub_sigv4_header_name(
    credhub_buf_t *buf, const char *name, credhub_str_t value);
static void credhub_sigv4_scope(
    credhub_buf_t *buf, const credhub_sigv4_t *request);
static void credhub_sigv4_hash(credhub_buf_t *buf, credhub_str_t text);
static void credhub_sigv4_hex(
    credhub_buf_t *buf, const u_char bytes[CREDHUB_SIGV4_HASH_SIZE]);
static int credhub_sigv4_hmac(const u_char *key, size_t len, credhub_str_t text,
    u_char out[CREDHUB_SIGV4_HASH_SIZE]);


void
credhub_sigv4_date(int64_t now, u_char date[CREDHUB_SIGV4_DATE_LEN])
{
    u_char text[CREDHUB_DATE_LEN];
    size_t i;

    credhub_date(now * 1000000, text);

    for (i = 0; i < CREDHUB_DATE_LEN; i++) {
        if (text[i] != '-' && text[i] != ':') {
            *date++ = text[i];
        }
    }
}


void
credhub_sigv4_canonical(credhub_buf_t *buf, const credhub_sigv4_t *request)
{
    credhub_buf_add(buf, request->method, strlen(request->method));
    credhub_buf_lit(buf, "\n");

    if (request->path.len == 0) {
        credhub_buf_lit(buf, "/");
    }

    credhub_buf_add_str(buf, request->path);
    credhub_buf_lit(buf, "\n");
    credhub_buf_add_str(buf, request->query);
    credhub_buf_lit(buf, "\n");
    credhub_sigv4_headers(buf, request, credhub_sigv4_header_line);
    credhub_buf_lit(buf, "\n");
    credhub_sigv4_headers(buf, request, credhub_sigv4_header_name);
    credhub_buf_lit(buf, "\n");
    credhub_sigv4_hash(buf, request->body);
}


/* Each header in its order, x-amz-date in its place among them. */

static void
credhub_sigv4_headers(credhub_buf_t *buf, const credhub_sigv4_t *request,
    credhub_sigv4_header_pt add)
{
    int           dated;
    size_t        i;
    const char   *name;
    credhub_str_t date;

    date.data = (u_char *) request->date;
    date.len = CREDHUB_SIGV4_DATE_LEN;
    dated = 0;

    for (i = 0; i < request->nheaders; i++) {
        name = request->headers[i].name;

        if (!dated && strcmp(name, "x-amz-date") > 0) {
            add(buf, "x-amz-date", date);
            dated = 1;
        }

        add(buf, name, request->headers[i].value);
    }

    if (!dated) {
        add(buf, "x-amz-date", date);
    }
}


static void
credhub_sigv4_header_line(
    credhub_buf_t *buf, const char *name, credhub_str_t value)
{
    credhub_buf_add(buf, name, strlen(name));
    credhub_buf_lit(buf, ":");
    credhub_buf_add_str(buf, value);
    credhub_buf_lit(buf, "\n");
}


static void
credhub_sigv4_header_name(
    credhub_buf_t *buf, const char *name, credhub_str_t value)
{
    if (buf->len != 0 && buf->data[buf->len - 1] != '\n'
        && buf->data[buf->len - 1] != '=')
    {
        credhub_buf_lit(buf, ";");
    }

    credhub_buf_add(buf, name, strlen(name));
}


void
credhub_sigv4_string(
    credhub_buf_t *buf, const credhub_sigv4_t *request, credhub_str_t canonical)
{
    credhub_buf_lit(buf, CREDHUB_SIGV4_ALGORITHM "\n");
    credhub_buf_add(buf, request->date, CREDHUB_SIGV4_DATE_LEN);
    credhub_buf_lit(buf, "\n");
    credhub_sigv4_scope(buf, request);
    credhub_buf_lit(buf, "\n");
    credhub_sigv4_hash(buf, canonical);
}


static void
credhub_sigv4_scope(credhub_buf_t *buf, const credhub_sigv4_t *request)
{
    credhub_buf_add(buf, request->date, CREDHUB_SIGV4_DAY_LEN);
    credhub_buf_lit(buf, "/");
    credhub_buf_add_str(buf, request->region);
    credhub_buf_lit(buf, "/");
    credhub_buf_add_str(buf, request->service);
    credhub_buf_lit(buf, "/aws4_request");
}


static void
credhub_sigv4_hash(credhub_buf_t *buf, credhub_str_t text)
{
    int    rc;
    u_char hash[CREDHUB_SIGV4_HASH_SIZE];

    ERR_set_mark();
    rc = EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL);
    ERR_pop_to_mark();

    if (rc != 1) {
        buf->failed = 1;
        return;
    }

    credhub_sigv4_hex(buf, hash);
}


static void
credhub_sigv4_hex(
    credhub_buf_t *buf, const u_char bytes[CREDHUB_SIGV4_HASH_SIZE])
{
    size_t            i;
    u_char           *p;
    static const char hex[] = "0123456789abcdef";

    p = credhub_buf_reserve(buf, 2 * CREDHUB_SIGV4_HASH_SIZE);
    if (p == NULL) {
        return;
    }

    for (i = 0; i < CREDHUB_SIGV4_HASH_SIZE; i++) {
        *p++ = hex[bytes[i] >> 4];
        *p++ = hex[bytes[i] & 0x0f];
    }

    buf->len += 2 * CREDHUB_SIGV4_HASH_SIZE;
}


int
credhub_sigv4_key(
    const credhub_sigv4_t *request, u_char key[CREDHUB_SIGV4_KEY_SIZE])
{
    int           rc;
    size_t        i, len;
    u_char        secret[4 + CREDHUB_SIGV4_SECRET_MAX];
    credhub_str_t parts[4];

    len = request->secret_access_key.len;

    if (len > CREDHUB_SIGV4_SECRET_MAX) {
        return -1;
    }

    memcpy(secret, "AWS4", 4);
    memcpy(secret + 4, request->secret_access_key.data, len);

    parts[0].data = (u_char *) request->date;
    parts[0].len = CREDHUB_SIGV4_DAY_LEN;
    parts[1] = request->region;
    parts[2] = request->service;
    parts[3] = credhub_str("aws4_request");

    rc = credhub_sigv4_hmac(secret, 4 + len, parts[0], key);

    for (i = 1; i < 4 && rc == 0; i++) {
        rc = credhub_sigv4_hmac(key, CREDHUB_SIGV4_KEY_SIZE, parts[i], key);
    }

    OPENSSL_cleanse(secret, sizeof(secret));

    return rc;
}


static int
credhub_sigv4_hmac(const u_char *key, size_t len, credhub_str_t text,
    u_char out[CREDHUB_SIGV4_HASH_SIZE])
{
    u_char *rc;
    u_char  mac[CREDHUB_SIGV4_HASH_SIZE];

    ERR_set_mark();
    rc = HMAC(EVP_sha256(), key, len, text.data, text.len, mac, NULL);
    ERR_pop_to_mark();

    if (rc != NULL) {
        memcpy(out, mac, sizeof(mac));
    }

    OPENSSL_cleanse(mac, sizeof(mac));

    return (rc != NULL) ? 0 : -1;
}


credhub_str_t
credhub_sigv4(credhub_arena_t *arena, const credhub_sigv4_t *request)
{
    int           rc;
    u_char        key[CREDHUB_SIGV4_KEY_SIZE];
    u_char        signature[CREDHUB_SIGV4_HASH_SIZE];
    credhub_buf_t canonical, string, value;

    credhub_buf_init(&canonical, arena, 512);
    credhub_sigv4_canonical(&canonical, request);

    credhub_buf_init(&string, arena, 256);
    credhub_sigv4_string(&string, request, credhub_buf_str(&canonical));

    if (canonical.failed || string.failed) {
        return credhub_null_str;
    }

    rc = credhub_sigv4_key(request, key);

    if (rc == 0) {
        rc = credhub_sigv4_hmac(
            key, sizeof(key), credhub_buf_str(&string), signature);
    }

    OPENSSL_cleanse(key, sizeof(key));

    if (rc != 0) {
        return credhub_null_str;
    }

    credhub_buf_init(&value, arena, 512);
    credhub_buf_lit(&value, CREDHUB_SIGV4_ALGORITHM " Credential=");
    credhub_buf_add_str(&value, request->access_key_id);
    credhub_buf_lit(&value, "/");
    credhub_sigv4_scope(&value, request);
    credhub_buf_lit(&value, ", SignedHeaders=");
    credhub_sigv4_headers(&value, request, credhub_sigv4_header_name);
    credhub_buf_lit(&value, ", Signature=");
    credhub_sigv4_hex(&value, signature);

    return value.failed ? credhub_null_str : credhub_buf_str(&value);
}
