
/* Escaping, one character after the other. No state. */

#include "credhub_cef.h"
#include "credhub_text.h"


typedef struct {
    u_char      c;
    const char *escaped;
} credhub_cef_escape_t;


static void        credhub_cef_add(credhub_buf_t *buf, credhub_str_t text,
           const credhub_cef_escape_t *escapes);
static size_t      credhub_cef_plain(const u_char *p, const u_char *last);
static const char *credhub_cef_escaped(
    const credhub_cef_escape_t *escapes, u_char c);


static const credhub_cef_escape_t credhub_cef_header_escapes[] = {
    { '\\', "\\\\" },
    { '|', "\\|" },
    { 0, NULL },
};

static const credhub_cef_escape_t credhub_cef_value_escapes[] = {
    { '\\', "\\\\" },
    { '=', "\\=" },
    { '\n', "\\n" },
    { '\r', "\\r" },
    { 0, NULL },
};


void
credhub_cef_header(credhub_buf_t *buf, credhub_str_t text)
{
    credhub_cef_add(buf, text, credhub_cef_header_escapes);
}


void
credhub_cef_value(credhub_buf_t *buf, credhub_str_t text)
{
    credhub_cef_add(buf, text, credhub_cef_value_escapes);
}


static void
credhub_cef_add(
    credhub_buf_t *buf, credhub_str_t text, const credhub_cef_escape_t *escapes)
{
    size_t        n;
    const char   *escaped;
    const u_char *p, *run, *last;

    p = text.data;
    run = p;
    last = p + text.len;

    while (p < last) {
        escaped = credhub_cef_escaped(escapes, *p);
        n = credhub_cef_plain(p, last);

        if (escaped == NULL && n != 0) {
            p += n;
            continue;
        }

        credhub_buf_add(buf, run, p - run);

        if (escaped != NULL) {
            credhub_buf_add(buf, escaped, 2);

        } else {
            credhub_buf_printf(buf, "\\\\x%02x", *p);
        }

        run = ++p;
    }

    credhub_buf_add(buf, run, last - run);
}


/* NULL: it stands for itself. */

static const char *
credhub_cef_escaped(const credhub_cef_escape_t *escapes, u_char c)
{
    for (/* void */; escapes->escaped != NULL; escapes++) {
        if (escapes->c == c) {
            return escapes->escaped;
        }
    }

    return NULL;
}


/* Bytes of the character at p; 0 when it is a control character (C0, DEL, C1)
 * or none at all. */

static size_t
credhub_cef_plain(const u_char *p, const u_char *last)
{
    if (*p < 0x20 || *p == 0x7f
        || (*p == 0xc2 && last - p > 1 && p[1] >= 0x80 && p[1] < 0xa0))
    {
        return 0;
    }

    return *p < 0x80 ? 1 : credhub_utf8_len(p, last);
}
