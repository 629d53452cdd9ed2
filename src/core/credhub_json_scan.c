
/*
 * The smallest parts of JSON source. Values of 64 KiB are checked on a thread
 * that serves other requests too, so runs of plain bytes are passed over in
 * words.
 */

#include "credhub_json_scan.h"

#include <string.h>


#define CREDHUB_JSON_WORD(c) (UINT64_C(0x0101010101010101) * (c))


static int credhub_json_hex4(
    const u_char *p, const u_char *last, uint32_t *unit);
static u_char *credhub_json_utf8(uint32_t c, u_char *out);


u_char *
credhub_json_space(u_char *p, u_char *last)
{
    while (p < last && credhub_json_is_space(*p)) {
        p++;
    }

    return p;
}


u_char *
credhub_json_plain(u_char *p, u_char *last)
{
    uint64_t word, quote, backslash, special;

    while (last - p >= (ptrdiff_t) sizeof(uint64_t)) {
        memcpy(&word, p, sizeof(uint64_t));

        /* A byte's high bit becomes set when the byte is not plain. */

        quote = word ^ CREDHUB_JSON_WORD('"');
        backslash = word ^ CREDHUB_JSON_WORD('\\');

        special = word | (word - CREDHUB_JSON_WORD(0x20))
                  | (quote - CREDHUB_JSON_WORD(1))
                  | (backslash - CREDHUB_JSON_WORD(1));

        if (special & CREDHUB_JSON_WORD(0x80)) {
            break;
        }

        p += sizeof(uint64_t);
    }

    while (p < last && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


u_char *
credhub_json_string_end(u_char *p, u_char *last)
{
    for (p++; p < last; p++) {
        p = credhub_json_plain(p, last);

        if (p == last) {
            break;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\' && last - p > 1) {
            p++;
        }
    }

    return last;
}


u_char *
credhub_json_escape(u_char **pos, u_char *last, u_char *out)
{
    u_char             *p;
    uint32_t            c, low;
    const char         *found;
    static const char   from[] = "\"\\/bfnrt";
    static const u_char to[] = "\"\\/\b\f\n\r\t";

    p = *pos + 1;

    if (p >= last || *p == '\0') {
        return NULL;
    }

    if (*p != 'u') {
        found = strchr(from, *p);
        if (found == NULL) {
            return NULL;
        }

        *out = to[found - from];
        *pos = p + 1;

        return out + 1;
    }

    if (credhub_json_hex4(p + 1, last, &c) != 0) {
        return NULL;
    }

    p += 5;

    if (c >= 0xd800 && c <= 0xdbff) {
        if (last - p < 2 || p[0] != '\\' || p[1] != 'u'
            || credhub_json_hex4(p + 2, last, &low) != 0 || low < 0xdc00
            || low > 0xdfff)
        {
            return NULL;
        }

        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p += 6;

    } else if (c == 0 || (c >= 0xdc00 && c <= 0xdfff)) {
        return NULL;
    }

    *pos = p;

    return credhub_json_utf8(c, out);
}


static int
credhub_json_hex4(const u_char *p, const u_char *last, uint32_t *unit)
{
    int i, digit;

    if (last - p < 4) {
        return -1;
    }

    *unit = 0;

    for (i = 0; i < 4; i++) {
        digit = credhub_hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }

        *unit = *unit << 4 | (uint32_t) digit;
    }

    return 0;
}


static u_char *
credhub_json_utf8(uint32_t c, u_char *out)
{
    if (c < 0x80) {
        *out++ = (u_char) c;
        return out;
    }

    if (c < 0x800) {
        *out++ = (u_char) (0xc0 | c >> 6);

    } else {
        if (c < 0x10000) {
            *out++ = (u_char) (0xe0 | c >> 12);

        } else {
            *out++ = (u_char) (0xf0 | c >> 18);
            *out++ = (u_char) (0x80 | (c >> 12 & 0x3f));
        }

        *out++ = (u_char) (0x80 | (c >> 6 & 0x3f));
    }

    *out++ = (u_char) (0x80 | (c & 0x3f));

    return out;
}
