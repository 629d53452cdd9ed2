
/*
 * Distinguished names as text, and where a certificate has its parts. Nothing
 * here trusts its input: whoever sends a certificate wrote it. OpenSSL's
 * objects live inside one call.
 */

#include <string.h>
#include <openssl/objects.h>
#include <openssl/err.h>
#include "credhub_der.h"
#include "credhub_text.h"
#include "credhub_x509_text.h"


#define CREDHUB_X509_OBJECT_TEXT 3072 /* of the longest that is printed */


/* What an attribute is called; the others are "OID." and their numbers. */

typedef struct {
    credhub_str_t type; /* content of the object identifier */
    credhub_str_t keyword;
} credhub_x509_keyword_t;


static int credhub_x509_tbs(credhub_str_t tbs, credhub_x509_outline_t *outline);
static int credhub_x509_rdn(credhub_buf_t *buf, credhub_str_t rdn);
static int credhub_x509_type(credhub_buf_t *buf, const credhub_der_t *type);
static void credhub_x509_value(credhub_buf_t *buf, const credhub_der_t *value);
static int  credhub_x509_is_text(u_char tag);
static int  credhub_x509_needs_quotes(credhub_str_t text);
static int  credhub_x509_special(u_char c);
static void credhub_x509_add_text(credhub_buf_t *buf, credhub_str_t text);


static const credhub_x509_keyword_t credhub_x509_keywords[] = {
    { credhub_string("\x55\x04\x03"), credhub_string("CN") },
    { credhub_string("\x55\x04\x06"), credhub_string("C") },
    { credhub_string("\x55\x04\x07"), credhub_string("L") },
    { credhub_string("\x55\x04\x08"), credhub_string("ST") },
    { credhub_string("\x55\x04\x0a"), credhub_string("O") },
    { credhub_string("\x55\x04\x0b"), credhub_string("OU") },
    { credhub_string("\x55\x04\x04"), credhub_string("SURNAME") },
    { credhub_string("\x55\x04\x05"), credhub_string("SERIALNUMBER") },
    { credhub_string("\x55\x04\x09"), credhub_string("STREET") },
    { credhub_string("\x55\x04\x0c"), credhub_string("T") },
    { credhub_string("\x55\x04\x2a"), credhub_string("GIVENNAME") },
    { credhub_string("\x55\x04\x2b"), credhub_string("INITIALS") },
    { credhub_string("\x55\x04\x2c"), credhub_string("GENERATION") },
    { credhub_string("\x55\x04\x2e"), credhub_string("DNQ") },
    { credhub_string("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),
        credhub_string("EMAILADDRESS") },
    { credhub_string("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"),
        credhub_string("UID") },
    { credhub_string("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"),
        credhub_string("DC") },
    { { 0, NULL }, { 0, NULL } },
};


int
credhub_x509_outline(credhub_str_t der, credhub_x509_outline_t *outline)
{
    credhub_der_t certificate, tbs, algorithm, signature;

    return credhub_der_take(&der, CREDHUB_DER_SEQUENCE, &certificate)
           && der.len == 0
           && credhub_der_take(&certificate.content, CREDHUB_DER_SEQUENCE, &tbs)
           && credhub_der_take(
               &certificate.content, CREDHUB_DER_SEQUENCE, &algorithm)
           && credhub_der_take(
               &certificate.content, CREDHUB_DER_BIT_STRING, &signature)
           && certificate.content.len == 0
           && credhub_x509_tbs(tbs.content, outline);
}


static int
credhub_x509_tbs(credhub_str_t tbs, credhub_x509_outline_t *outline)
{
    credhub_der_t skipped, issuer, subject, key;

    (void) credhub_der_take(&tbs, CREDHUB_DER_CONTEXT_0, &skipped);

    if (!credhub_der_take(&tbs, CREDHUB_DER_INTEGER, &skipped)
        || !credhub_der_take(&tbs, CREDHUB_DER_SEQUENCE, &skipped)
        || !credhub_der_take(&tbs, CREDHUB_DER_SEQUENCE, &issuer)
        || !credhub_der_take(&tbs, CREDHUB_DER_SEQUENCE, &skipped)
        || !credhub_der_take(&tbs, CREDHUB_DER_SEQUENCE, &subject)
        || !credhub_der_take(&tbs, CREDHUB_DER_SEQUENCE, &key)
        || issuer.whole.len > CREDHUB_X509_NAME_MAX
        || subject.whole.len > CREDHUB_X509_NAME_MAX)
    {
        return 0;
    }

    outline->issuer = issuer.whole;
    outline->subject = subject.whole;
    outline->key = key.whole;

    return 1;
}


int
credhub_x509_name_text(credhub_buf_t *buf, credhub_str_t name)
{
    size_t        i, n;
    credhub_str_t rest, *rdns;
    credhub_der_t value;

    if (!credhub_der_take(&name, CREDHUB_DER_SEQUENCE, &value) || name.len != 0)
    {
        return -1;
    }

    name = value.content;

    for (n = 0, rest = name; rest.len != 0; n++) {
        if (!credhub_der_take(&rest, CREDHUB_DER_SET, &value)) {
            return -1;
        }
    }

    rdns = credhub_arena_alloc(buf->arena, (n + 1) * sizeof(credhub_str_t));
    if (rdns == NULL) {
        buf->failed = 1;
        return -1;
    }

    for (i = 0; i < n; i++) {
        (void) credhub_der_next(&name, &value);
        rdns[i] = value.content;
    }

    while (i-- > 0) {
        if (credhub_x509_rdn(buf, rdns[i]) != 0) {
            return -1;
        }

        if (i != 0) {
            credhub_buf_lit(buf, ", ");
        }
    }

    return 0;
}


static int
credhub_x509_rdn(credhub_buf_t *buf, credhub_str_t rdn)
{
    credhub_str_t pair;
    credhub_der_t value, type;

    do {
        if (!credhub_der_take(&rdn, CREDHUB_DER_SEQUENCE, &value)) {
            return -1;
        }

        pair = value.content;

        if (!credhub_der_take(&pair, CREDHUB_DER_OBJECT, &type)
            || !credhub_der_next(&pair, &value) || pair.len != 0
            || credhub_x509_type(buf, &type) != 0)
        {
            return -1;
        }

        credhub_buf_lit(buf, "=");
        credhub_x509_value(buf, &value);

        if (rdn.len != 0) {
            credhub_buf_lit(buf, " + ");
        }

    } while (rdn.len != 0);

    return 0;
}


static int
credhub_x509_type(credhub_buf_t *buf, const credhub_der_t *type)
{
    const credhub_x509_keyword_t *row;

    for (row = credhub_x509_keywords; row->type.len != 0; row++) {
        if (credhub_str_eq(row->type, type->content)) {
            credhub_buf_add_str(buf, row->keyword);
            return 0;
        }
    }

    credhub_buf_lit(buf, "OID.");

    return credhub_x509_object_text(buf, type->whole, 1);
}


int
credhub_x509_object_text(credhub_buf_t *buf, credhub_str_t der, int numbers)
{
    int           len;
    char          text[CREDHUB_X509_OBJECT_TEXT];
    ASN1_OBJECT  *object;
    const u_char *p;

    ERR_set_mark();

    p = der.data;
    len = 0;

    object = d2i_ASN1_OBJECT(NULL, &p, (long) der.len);

    if (object != NULL) {
        len = OBJ_obj2txt(text, sizeof(text), object, numbers);
    }

    ASN1_OBJECT_free(object);

    ERR_pop_to_mark();

    if (len <= 0 || (size_t) len >= sizeof(text)) {
        return -1;
    }

    credhub_buf_add(buf, text, (size_t) len);

    return 0;
}


static void
credhub_x509_value(credhub_buf_t *buf, const credhub_der_t *value)
{
    int           len;
    u_char       *utf8;
    ASN1_STRING  *string;
    credhub_str_t text;

    ERR_set_mark();

    len = -1;
    utf8 = NULL;
    string = NULL;

    if (credhub_x509_is_text(value->tag)) {
        string = ASN1_STRING_type_new(value->tag);

        if (string == NULL
            || !ASN1_STRING_set(
                string, value->content.data, (int) value->content.len))
        {
            buf->failed = 1;

        } else {
            len = ASN1_STRING_to_UTF8(&utf8, string);
        }
    }

    ASN1_STRING_free(string);

    ERR_pop_to_mark();

    if (len < 0) {
        credhub_buf_lit(buf, "#");
        credhub_hex(buf, value->whole);
        return;
    }

    text.data = utf8;
    text.len = (size_t) len;

    credhub_x509_add_text(buf, text);

    OPENSSL_free(utf8);
}


static int
credhub_x509_is_text(u_char tag)
{
    switch (tag) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_BMPSTRING:
        return 1;

    default:
        return 0;
    }
}


static void
credhub_x509_add_text(credhub_buf_t *buf, credhub_str_t text)
{
    int           quotes;
    size_t        n;
    credhub_str_t escaped;
    u_char       *p, *last;

    quotes = credhub_x509_needs_quotes(text);
    last = text.data + text.len;

    credhub_buf_add(buf, "\"", quotes);

    for (p = text.data; p < last; p += n) {
        n = credhub_utf8_len(p, last);

        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            escaped.data = p;
            escaped.len = n = 1;

            credhub_buf_lit(buf, "\\");
            credhub_hex(buf, escaped);
            continue;
        }

        if (*p == '"' || *p == '\\') {
            credhub_buf_lit(buf, "\\");
        }

        credhub_buf_add(buf, p, n);
    }

    credhub_buf_add(buf, "\"", quotes);
}


/* Special characters, and spaces that a reader could lose. */

static int
credhub_x509_needs_quotes(credhub_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (credhub_x509_special(text.data[i])) {
            return 1;
        }

        if (text.data[i] == ' '
            && (i == 0 || i + 1 == text.len || text.data[i - 1] == ' '))
        {
            return 1;
        }
    }

    return 0;
}


static int
credhub_x509_special(u_char c)
{
    return c < 0x20 || c == 0x7f || strchr(",+=<>#;\\\"", c) != NULL;
}
