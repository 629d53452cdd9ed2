
/* Percent-encoding and what may be part of a request. No state. */

#include "credhub_url.h"
#include "credhub_text.h"

#include <string.h>


static int credhub_url_unreserved(u_char c);
static int credhub_url_segment_valid(const u_char *p, size_t len);


void
credhub_url_add(credhub_buf_t *buf, credhub_str_t text, int keep_slash)
{
    u_char            escape[3], c;
    size_t            i;
    static const char hex[] = "0123456789ABCDEF";

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (credhub_url_unreserved(c) || (c == '/' && keep_slash)) {
            credhub_buf_add(buf, &c, 1);
            continue;
        }

        escape[0] = '%';
        escape[1] = hex[c >> 4];
        escape[2] = hex[c & 0x0f];
        credhub_buf_add(buf, escape, sizeof(escape));
    }
}


static int
credhub_url_unreserved(u_char c)
{
    return (c >= '0' && c <= '9')
           || (credhub_lower(c) >= 'a' && credhub_lower(c) <= 'z') || c == '-'
           || c == '.' || c == '_' || c == '~';
}


void
credhub_url_form(credhub_buf_t *buf, const char *name, credhub_str_t value)
{
    if (buf->len != 0) {
        credhub_buf_lit(buf, "&");
    }

    credhub_buf_add(buf, name, strlen(name));
    credhub_buf_lit(buf, "=");
    credhub_url_add(buf, value, 0);
}


int
credhub_url_path_valid(credhub_str_t path)
{
    size_t i, from;

    if (!credhub_utf8_valid(path)) {
        return 0;
    }

    for (i = 0, from = 0; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/') {
            if (path.data[i] < 0x20 || path.data[i] == 0x7f) {
                return 0;
            }

            continue;
        }

        if (!credhub_url_segment_valid(path.data + from, i - from)) {
            return 0;
        }

        from = i + 1;
    }

    return 1;
}


static int
credhub_url_segment_valid(const u_char *p, size_t len)
{
    return len > 2 || (len == 2 && (p[0] != '.' || p[1] != '.'))
           || (len == 1 && p[0] != '.');
}


int
credhub_url_visible(credhub_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f) {
            return 0;
        }
    }

    return text.len != 0;
}
