
/*
 * A scanner over XML that knows where markup begins and ends; it builds no tree
 * and does not match end tags, except of the element that is looked for. The
 * text goes to the caller's arena.
 */

#include "credhub_xml.h"
#include "credhub_text.h"

#include <string.h>


#define CREDHUB_XML_REFERENCE_MAX 10 /* bytes between & and ; */
#define CREDHUB_XML_CHAR_MAX      0x10ffff


typedef enum {
    CREDHUB_XML_END = 0, /* of the document */
    CREDHUB_XML_TEXT,
    CREDHUB_XML_CDATA,
    CREDHUB_XML_OPEN,
    CREDHUB_XML_CLOSE,
    CREDHUB_XML_EMPTY, /* <name/> */
    CREDHUB_XML_OTHER, /* a comment, an instruction */
    CREDHUB_XML_BAD
} credhub_xml_e;


typedef struct {
    u_char       *pos;
    u_char       *last;
    credhub_str_t value; /* a name, or text as it is written */
} credhub_xml_scan_t;


typedef struct {
    const char *name;
    u_char      c;
} credhub_xml_entity_t;


typedef struct {
    const char   *start;
    const char   *end;
    credhub_xml_e kind;
} credhub_xml_markup_t;


static int credhub_xml_element(
    credhub_xml_scan_t *scan, credhub_buf_t *buf, const char *name);
static credhub_xml_e credhub_xml_next(credhub_xml_scan_t *scan);
static credhub_xml_e credhub_xml_markup(
    credhub_xml_scan_t *scan, const credhub_xml_markup_t *row);
static credhub_xml_e credhub_xml_tag(credhub_xml_scan_t *scan);
static int           credhub_xml_name_end(u_char c);
static int credhub_xml_resolve(credhub_buf_t *buf, credhub_str_t text);
static int credhub_xml_reference(credhub_buf_t *buf, credhub_str_t name);
static int credhub_xml_number(credhub_buf_t *buf, credhub_str_t digits);
static int credhub_xml_is(credhub_str_t text, const char *plain);


static const credhub_xml_markup_t credhub_xml_markups[] = {
    { "<!--", "-->", CREDHUB_XML_OTHER },
    { "<![CDATA[", "]]>", CREDHUB_XML_CDATA },
    { "<?", "?>", CREDHUB_XML_OTHER },
    { NULL, NULL, CREDHUB_XML_BAD },
};


static const credhub_xml_entity_t credhub_xml_entities[] = {
    { "amp", '&' },
    { "lt", '<' },
    { "gt", '>' },
    { "quot", '"' },
    { "apos", '\'' },
    { NULL, 0 },
};


credhub_str_t
credhub_xml_text(credhub_arena_t *arena, credhub_str_t xml, const char *name)
{
    unsigned           found;
    credhub_buf_t      buf;
    credhub_xml_e      kind;
    credhub_xml_scan_t scan;

    if (!credhub_utf8_valid(xml)) {
        return credhub_null_str;
    }

    credhub_buf_init(&buf, arena, 64);

    scan.pos = xml.data;
    scan.last = xml.data + xml.len;
    found = 0;

    while ((kind = credhub_xml_next(&scan)) != CREDHUB_XML_END) {
        if (kind == CREDHUB_XML_BAD) {
            return credhub_null_str;
        }

        if ((kind != CREDHUB_XML_OPEN && kind != CREDHUB_XML_EMPTY)
            || !credhub_xml_is(scan.value, name))
        {
            continue;
        }

        found++;

        if (found > 1
            || (kind == CREDHUB_XML_OPEN
                && !credhub_xml_element(&scan, &buf, name)))
        {
            return credhub_null_str;
        }
    }

    return (found == 1 && !buf.failed) ? credhub_buf_str(&buf)
                                       : credhub_null_str;
}


/* What stands in an element that was opened, up to its end. */

static int
credhub_xml_element(
    credhub_xml_scan_t *scan, credhub_buf_t *buf, const char *name)
{
    for (;;) {
        switch (credhub_xml_next(scan)) {
        case CREDHUB_XML_TEXT:
            if (!credhub_xml_resolve(buf, scan->value)) {
                return 0;
            }

            break;

        case CREDHUB_XML_CDATA:
            credhub_buf_add_str(buf, scan->value);
            break;

        case CREDHUB_XML_OTHER:
            break;

        case CREDHUB_XML_CLOSE:
            return credhub_xml_is(scan->value, name);

        default:
            return 0;
        }
    }
}


static credhub_xml_e
credhub_xml_next(credhub_xml_scan_t *scan)
{
    u_char                     *p;
    size_t                      len;
    const credhub_xml_markup_t *row;

    if (scan->pos == scan->last) {
        return CREDHUB_XML_END;
    }

    if (*scan->pos != '<') {
        p = memchr(scan->pos, '<', scan->last - scan->pos);

        scan->value.data = scan->pos;
        scan->pos = (p != NULL) ? p : scan->last;
        scan->value.len = scan->pos - scan->value.data;

        return CREDHUB_XML_TEXT;
    }

    for (row = credhub_xml_markups; row->start != NULL; row++) {
        len = strlen(row->start);

        if ((size_t) (scan->last - scan->pos) >= len
            && memcmp(scan->pos, row->start, len) == 0)
        {
            return credhub_xml_markup(scan, row);
        }
    }

    return credhub_xml_tag(scan);
}


/* Something with an end of its own. */

static credhub_xml_e
credhub_xml_markup(credhub_xml_scan_t *scan, const credhub_xml_markup_t *row)
{
    size_t  len;
    u_char *p;

    len = strlen(row->end);
    scan->value.data = scan->pos + strlen(row->start);

    for (p = scan->value.data; (size_t) (scan->last - p) >= len; p++) {
        if (memcmp(p, row->end, len) == 0) {
            scan->value.len = p - scan->value.data;
            scan->pos = p + len;
            return row->kind;
        }
    }

    return CREDHUB_XML_BAD;
}


/* <name ...>, <name .../> or </name>; ">" may stand in a quoted value. */

static credhub_xml_e
credhub_xml_tag(credhub_xml_scan_t *scan)
{
    u_char        quote, *p;
    credhub_xml_e kind;

    p = scan->pos + 1;
    kind = CREDHUB_XML_OPEN;

    if (p < scan->last && *p == '/') {
        kind = CREDHUB_XML_CLOSE;
        p++;
    }

    scan->value.data = p;

    while (p < scan->last && !credhub_xml_name_end(*p)) {
        p++;
    }

    scan->value.len = p - scan->value.data;
    quote = 0;

    for (/* void */; p < scan->last; p++) {
        if (quote != 0) {
            quote = (*p == quote) ? 0 : quote;

        } else if (*p == '"' || *p == '\'') {
            quote = *p;

        } else if (*p == '<') {
            break;

        } else if (*p == '>') {
            scan->pos = p + 1;

            if (scan->value.len == 0 || *scan->value.data == '!') {
                return CREDHUB_XML_BAD;
            }

            return (kind == CREDHUB_XML_OPEN && p[-1] == '/')
                       ? CREDHUB_XML_EMPTY
                       : kind;
        }
    }

    return CREDHUB_XML_BAD;
}


static int
credhub_xml_name_end(u_char c)
{
    return c <= ' ' || c == '/' || c == '>' || c == '<' || c == '"'
           || c == '\'';
}


/* Appends text with its references resolved. */

static int
credhub_xml_resolve(credhub_buf_t *buf, credhub_str_t text)
{
    u_char       *p, *q, *last;
    credhub_str_t name;

    last = text.data + text.len;

    for (p = text.data; p < last; p = q) {
        if (*p != '&') {
            q = memchr(p, '&', last - p);
            q = (q != NULL) ? q : last;
            credhub_buf_add(buf, p, q - p);
            continue;
        }

        q = memchr(p, ';', last - p);

        if (q == NULL || q - p - 1 > CREDHUB_XML_REFERENCE_MAX) {
            return 0;
        }

        name.data = p + 1;
        name.len = q - p - 1;

        if (!credhub_xml_reference(buf, name)) {
            return 0;
        }

        q++;
    }

    return 1;
}


static int
credhub_xml_reference(credhub_buf_t *buf, credhub_str_t name)
{
    const credhub_xml_entity_t *row;

    if (name.len > 1 && name.data[0] == '#') {
        name.data++;
        name.len--;
        return credhub_xml_number(buf, name);
    }

    for (row = credhub_xml_entities; row->name != NULL; row++) {
        if (credhub_xml_is(name, row->name)) {
            credhub_buf_add(buf, &row->c, 1);
            return 1;
        }
    }

    return 0;
}


/* A character by its number, in UTF-8. */

static int
credhub_xml_number(credhub_buf_t *buf, credhub_str_t digits)
{
    int      digit;
    u_char   utf8[4];
    size_t   i, n;
    uint32_t c, base;

    i = (digits.data[0] == 'x');
    base = i ? 16 : 10;

    if (i == digits.len) {
        return 0;
    }

    for (c = 0; i < digits.len; i++) {
        digit = credhub_hex_digit(digits.data[i]);

        if (digit < 0 || digit >= (int) base) {
            return 0;
        }

        c = c * base + digit;

        if (c > CREDHUB_XML_CHAR_MAX) {
            return 0;
        }
    }

    n = 1 + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);

    for (i = n; i-- > 1; c >>= 6) {
        utf8[i] = 0x80 | (c & 0x3f);
    }

    utf8[0] = (n == 1) ? c : ((0xf00 >> n) & 0xff) | c;

    if (utf8[0] == '\0' || credhub_utf8_len(utf8, utf8 + n) != n) {
        return 0;
    }

    credhub_buf_add(buf, utf8, n);

    return 1;
}


static int
credhub_xml_is(credhub_str_t text, const char *plain)
{
    return text.len == strlen(plain) && memcmp(text.data, plain, text.len) == 0;
}
