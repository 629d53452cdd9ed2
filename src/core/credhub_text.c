
/*
 * Small text formats. Nothing is kept between calls; results live in the
 * caller's arena or array.
 */

#include "credhub_text.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>


#define CREDHUB_UUID_SIZE     16
#define CREDHUB_INT64_DIGITS  64                    /* leading zeros included */
#define CREDHUB_DATE_MIN      (-62167219200)        /* 0000-01-01T00:00:00Z */
#define CREDHUB_DATE_MAX      253402300799          /* 9999-12-31T23:59:59Z */
#define CREDHUB_BASE64_SOURCE (INT_MAX / 4 * 3 - 3) /* bytes to encode */


static int     credhub_uuid_hyphen(size_t i);
static u_char *credhub_date_field(
    u_char *p, int value, size_t digits, u_char end);
static credhub_str_t credhub_base64_read(
    credhub_arena_t *arena, credhub_str_t text, const char *last);
static int credhub_base64_digit(u_char c, const char *last);
static int credhub_query_decode(
    credhub_str_t text, u_char **out, credhub_str_t *decoded);


int
credhub_uuid(u_char out[CREDHUB_UUID_LEN])
{
    int               rc;
    size_t            i, n;
    u_char            bytes[CREDHUB_UUID_SIZE];
    static const char hex[] = "0123456789abcdef";

    ERR_set_mark();
    rc = RAND_bytes(bytes, sizeof(bytes));
    ERR_pop_to_mark();

    if (rc != 1) {
        return -1;
    }

    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */

    for (i = 0, n = 0; n < CREDHUB_UUID_SIZE; n++) {
        if (credhub_uuid_hyphen(i)) {
            out[i++] = '-';
        }

        out[i++] = hex[bytes[n] >> 4];
        out[i++] = hex[bytes[n] & 0x0f];
    }

    return 0;
}


int
credhub_uuid_parse(credhub_str_t text, u_char out[CREDHUB_UUID_LEN])
{
    size_t i;

    if (text.len != CREDHUB_UUID_LEN) {
        return -1;
    }

    for (i = 0; i < CREDHUB_UUID_LEN; i++) {
        if (credhub_uuid_hyphen(i) ? text.data[i] != '-'
                                   : credhub_hex_digit(text.data[i]) < 0)
        {
            return -1;
        }
    }

    for (i = 0; i < CREDHUB_UUID_LEN; i++) {
        out[i] = credhub_lower(text.data[i]);
    }

    return 0;
}


static int
credhub_uuid_hyphen(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}


void
credhub_date(int64_t us, u_char out[CREDHUB_DATE_LEN])
{
    time_t    seconds;
    struct tm tm;

    seconds = us / 1000000 - (us % 1000000 < 0);

    if (seconds < CREDHUB_DATE_MIN) {
        seconds = CREDHUB_DATE_MIN;
    }

    if (seconds > CREDHUB_DATE_MAX) {
        seconds = CREDHUB_DATE_MAX;
    }

    gmtime_r(&seconds, &tm);

    out = credhub_date_field(out, tm.tm_year + 1900, 4, '-');
    out = credhub_date_field(out, tm.tm_mon + 1, 2, '-');
    out = credhub_date_field(out, tm.tm_mday, 2, 'T');
    out = credhub_date_field(out, tm.tm_hour, 2, ':');
    out = credhub_date_field(out, tm.tm_min, 2, ':');
    (void) credhub_date_field(out, tm.tm_sec, 2, 'Z');
}


void
credhub_date_us(int64_t us, u_char out[CREDHUB_DATE_US_LEN])
{
    int64_t rest;

    rest = us % 1000000;

    credhub_date(us, out);
    out[CREDHUB_DATE_LEN - 1] = '.';

    (void) credhub_date_field(out + CREDHUB_DATE_LEN,
        (int) (rest < 0 ? rest + 1000000 : rest), 6, 'Z');
}


static u_char *
credhub_date_field(u_char *p, int value, size_t digits, u_char end)
{
    size_t i;

    for (i = digits; i-- > 0; value /= 10) {
        p[i] = (u_char) ('0' + value % 10);
    }

    p[digits] = end;

    return p + digits + 1;
}


int
credhub_int64(credhub_str_t text, int64_t *out)
{
    int     negative, digit;
    size_t  i;
    int64_t value;

    negative = (text.len != 0 && text.data[0] == '-');
    i = negative;

    if (i == text.len || text.len > CREDHUB_INT64_DIGITS) {
        return -1;
    }

    /* Counted downwards: INT64_MIN has no positive counterpart. */

    for (value = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }

        digit = text.data[i] - '0';

        if (__builtin_mul_overflow(value, 10, &value)
            || __builtin_sub_overflow(value, digit, &value))
        {
            return -1;
        }
    }

    if (!negative && value == INT64_MIN) {
        return -1;
    }

    *out = negative ? value : -value;

    return 0;
}


credhub_str_t
credhub_base64(credhub_arena_t *arena, credhub_str_t bytes, int padding)
{
    credhub_str_t text;

    if (bytes.len > CREDHUB_BASE64_SOURCE) {
        return credhub_null_str;
    }

    text.data = credhub_arena_bytes(arena, (bytes.len + 2) / 3 * 4 + 1);
    if (text.data == NULL) {
        return credhub_null_str;
    }

    text.len = EVP_EncodeBlock(text.data, bytes.data, (int) bytes.len);

    while (!padding && text.len != 0 && text.data[text.len - 1] == '=') {
        text.len--;
    }

    return text;
}


credhub_str_t
credhub_base64url(credhub_arena_t *arena, credhub_str_t bytes)
{
    size_t        i;
    credhub_str_t text;

    text = credhub_base64(arena, bytes, 0);

    for (i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '+':
            text.data[i] = '-';
            break;

        case '/':
            text.data[i] = '_';
        }
    }

    return text;
}


credhub_str_t
credhub_base64_decode(credhub_arena_t *arena, credhub_str_t text)
{
    if (text.len != 0 && text.len % 4 == 0 && text.data[text.len - 1] == '=') {
        text.len -= (text.data[text.len - 2] == '=') ? 2 : 1;
    }

    return credhub_base64_read(arena, text, "+/");
}


credhub_str_t
credhub_base64url_decode(credhub_arena_t *arena, credhub_str_t text)
{
    return credhub_base64_read(arena, text, "-_");
}


/* Text without padding; `last` are the last two digits of the alphabet. */

static credhub_str_t
credhub_base64_read(
    credhub_arena_t *arena, credhub_str_t text, const char *last)
{
    int           digit;
    u_char       *p;
    size_t        i, len;
    uint32_t      bits;
    credhub_str_t bytes;

    len = text.len;

    if (len % 4 == 1) {
        return credhub_null_str;
    }

    p = credhub_arena_bytes(arena, len / 4 * 3 + 3);
    if (p == NULL) {
        return credhub_null_str;
    }

    bytes.data = p;
    bits = 0;

    for (i = 0; i < len; i++) {
        digit = credhub_base64_digit(text.data[i], last);
        if (digit < 0) {
            return credhub_null_str;
        }

        bits = bits << 6 | (uint32_t) digit;

        /* The second to fourth digit of a group each complete a byte. */

        if (i % 4 != 0) {
            *p++ = (u_char) (bits >> (6 - i % 4 * 2));
        }
    }

    /* Bits behind the last byte are zero in base64 as RFC 4648 writes it. */

    if ((len % 4 == 2 && (bits & 0x0f)) || (len % 4 == 3 && (bits & 0x03))) {
        return credhub_null_str;
    }

    bytes.len = p - bytes.data;

    return bytes;
}


static int
credhub_base64_digit(u_char c, const char *last)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return (c == last[0]) ? 62 : (c == last[1]) ? 63 : -1;
}


credhub_error_e
credhub_query_parse(
    credhub_arena_t *arena, credhub_str_t args, credhub_query_t *query)
{
    u_char                *pos, *last, *end, *equal, *out;
    size_t                 i, max;
    credhub_str_t          name, value;
    credhub_query_param_t *param;

    query->params = NULL;
    query->n = 0;

    if (args.len == 0) {
        return CREDHUB_OK;
    }

    for (i = 0, max = 1; i < args.len && max < CREDHUB_QUERY_MAX; i++) {
        max += (args.data[i] == '&');
    }

    query->params =
        credhub_arena_alloc(arena, max * sizeof(credhub_query_param_t));
    out = credhub_arena_bytes(arena, args.len);

    if (query->params == NULL || out == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    last = args.data + args.len;

    for (pos = args.data; pos < last; pos = end + 1) {
        end = memchr(pos, '&', last - pos);
        if (end == NULL) {
            end = last;
        }

        if (end == pos) {
            continue;
        }

        if (query->n == max) {
            return CREDHUB_E_BAD_REQUEST;
        }

        equal = memchr(pos, '=', end - pos);

        name.data = pos;
        name.len = ((equal != NULL) ? equal : end) - pos;
        value.data = (equal != NULL) ? equal + 1 : end;
        value.len = end - value.data;

        param = &query->params[query->n++];

        if (credhub_query_decode(name, &out, &param->name) != 0
            || credhub_query_decode(value, &out, &param->value) != 0)
        {
            return CREDHUB_E_BAD_REQUEST;
        }
    }

    return CREDHUB_OK;
}


/* Writes to *out, which has room for the whole query string, and advances. */

static int
credhub_query_decode(credhub_str_t text, u_char **out, credhub_str_t *decoded)
{
    int     high, low;
    u_char *p, *pos, *last;

    p = *out;
    last = text.data + text.len;

    for (pos = text.data; pos < last; pos++) {
        if (*pos != '%') {
            *p++ = (*pos == '+') ? ' ' : *pos;
            continue;
        }

        if (last - pos < 3) {
            return -1;
        }

        high = credhub_hex_digit(pos[1]);
        low = credhub_hex_digit(pos[2]);

        if (high < 0 || low < 0) {
            return -1;
        }

        *p++ = (u_char) (high << 4 | low);
        pos += 2;
    }

    decoded->data = *out;
    decoded->len = p - *out;
    *out = p;

    return credhub_utf8_valid(*decoded) ? 0 : -1;
}


const credhub_str_t *
credhub_query_get(const credhub_query_t *query, const char *name)
{
    size_t        i;
    credhub_str_t wanted;

    wanted.data = (u_char *) name;
    wanted.len = strlen(name);

    for (i = 0; i < query->n; i++) {
        if (credhub_str_eq(query->params[i].name, wanted)) {
            return &query->params[i].value;
        }
    }

    return NULL;
}


credhub_str_t
credhub_query_value(const credhub_query_t *query, const char *name)
{
    const credhub_str_t *value;

    value = credhub_query_get(query, name);

    return value != NULL ? *value : credhub_null_str;
}


u_char *
credhub_put_uint32(u_char *p, uint32_t n)
{
    p[0] = (u_char) (n >> 24);
    p[1] = (u_char) (n >> 16);
    p[2] = (u_char) (n >> 8);
    p[3] = (u_char) n;

    return p + 4;
}


void
credhub_hex(credhub_buf_t *buf, credhub_str_t bytes)
{
    size_t  i;
    u_char *p;

    static const char hex[] = "0123456789abcdef";

    p = credhub_buf_reserve(buf, 2 * bytes.len);
    if (p == NULL) {
        return;
    }

    for (i = 0; i < bytes.len; i++) {
        *p++ = (u_char) hex[bytes.data[i] >> 4];
        *p++ = (u_char) hex[bytes.data[i] & 0x0f];
    }

    buf->len += 2 * bytes.len;
}


int
credhub_hex_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = credhub_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/*
 * The well-formed sequences of RFC 3629 by their first byte: how many bytes,
 * and the range of the second one, which excludes overlong forms, surrogates
 * and what lies above U+10FFFF.
 */

typedef struct {
    u_char first;
    u_char last;
    u_char len;
    u_char low;
    u_char high;
} credhub_utf8_row_t;

static const credhub_utf8_row_t credhub_utf8_rows[] = {
    { 0xc2, 0xdf, 2, 0x80, 0xbf },
    { 0xe0, 0xe0, 3, 0xa0, 0xbf },
    { 0xe1, 0xec, 3, 0x80, 0xbf },
    { 0xed, 0xed, 3, 0x80, 0x9f },
    { 0xee, 0xef, 3, 0x80, 0xbf },
    { 0xf0, 0xf0, 4, 0x90, 0xbf },
    { 0xf1, 0xf3, 4, 0x80, 0xbf },
    { 0xf4, 0xf4, 4, 0x80, 0x8f },
};


size_t
credhub_utf8_len(const u_char *p, const u_char *last)
{
    size_t                    i;
    const credhub_utf8_row_t *row, *end;

    if (*p < 0x80) {
        return 1;
    }

    row = credhub_utf8_rows;
    end = row + sizeof(credhub_utf8_rows) / sizeof(credhub_utf8_rows[0]);

    while (row<end && * p> row->last) {
        row++;
    }

    if (row == end || *p < row->first || last - p < row->len || p[1] < row->low
        || p[1] > row->high)
    {
        return 0;
    }

    for (i = 2; i < row->len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return row->len;
}


size_t
credhub_utf8_count(credhub_str_t text)
{
    size_t i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        n += ((text.data[i] & 0xc0) != 0x80);
    }

    return n;
}


int
credhub_utf8_valid(credhub_str_t text)
{
    size_t        n;
    const u_char *p, *last;

    if (text.len == 0) {
        return 1;
    }

    last = text.data + text.len;

    for (p = text.data; p < last; p += n) {
        n = credhub_utf8_len(p, last);

        if (n == 0 || *p == '\0') {
            return 0;
        }
    }

    return 1;
}
