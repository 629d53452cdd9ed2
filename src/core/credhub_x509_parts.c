
/*
 * The parts of a profile in DER, from what a client asks for: the subject, the
 * alternative names (with the rules of what is one), the usages.
 */

#include <string.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "credhub_text.h"
#include "credhub_x509.h"


#define CREDHUB_X509_HOST_MAX   253
#define CREDHUB_X509_LABEL_MAX  63
#define CREDHUB_X509_LABELS_MAX 127


typedef struct {
    int    nid;
    size_t offset; /* in the subject */
} credhub_x509_attribute_t;

/* A usage by its name in the API, and what stands for it: a bit or an object */

typedef struct {
    credhub_str_t name;
    int           value;
} credhub_x509_usage_t;


static int credhub_x509_add_attribute(
    X509_NAME *name, int nid, credhub_str_t value);
static int credhub_x509_printable(credhub_str_t value);
static int credhub_x509_add_name(GENERAL_NAMES *list, credhub_str_t name);
static GENERAL_NAME *credhub_x509_general_name(credhub_str_t name);
static size_t        credhub_x509_ip(credhub_str_t name, u_char *ip);
static int           credhub_x509_wildcard(credhub_str_t name);
static int           credhub_x509_host(credhub_str_t name);
static int           credhub_x509_label(const u_char *p, const u_char *last);
static int           credhub_x509_alphanumeric(u_char c);
static const credhub_x509_usage_t *credhub_x509_usage(
    const credhub_x509_usage_t *row, credhub_str_t name);
static credhub_error_e credhub_x509_encode(credhub_arena_t *arena,
    const void *value, const ASN1_ITEM *item, credhub_str_t *der);


/* In the order of the Name. */

static const credhub_x509_attribute_t credhub_x509_attributes[] = {
    { NID_commonName, offsetof(credhub_x509_subject_t, common_name) },
    { NID_organizationalUnitName,
        offsetof(credhub_x509_subject_t, organization_unit) },
    { NID_countryName, offsetof(credhub_x509_subject_t, country) },
    { NID_stateOrProvinceName, offsetof(credhub_x509_subject_t, state) },
    { NID_organizationName, offsetof(credhub_x509_subject_t, organization) },
    { NID_localityName, offsetof(credhub_x509_subject_t, locality) },
    { 0, 0 },
};

static const credhub_x509_usage_t credhub_x509_key_usages[] = {
    { credhub_string("digital_signature"), 0 },
    { credhub_string("non_repudiation"), 1 },
    { credhub_string("key_encipherment"), 2 },
    { credhub_string("data_encipherment"), 3 },
    { credhub_string("key_agreement"), 4 },
    { credhub_string("key_cert_sign"), 5 },
    { credhub_string("crl_sign"), 6 },
    { credhub_string("encipher_only"), 7 },
    { credhub_string("decipher_only"), 8 },
    { { 0, NULL }, 0 },
};

static const credhub_x509_usage_t credhub_x509_extended_key_usages[] = {
    { credhub_string("client_auth"), NID_client_auth },
    { credhub_string("server_auth"), NID_server_auth },
    { credhub_string("code_signing"), NID_code_sign },
    { credhub_string("email_protection"), NID_email_protect },
    { credhub_string("timestamping"), NID_time_stamp },
    { { 0, NULL }, 0 },
};


credhub_error_e
credhub_x509_subject(credhub_arena_t *arena,
    const credhub_x509_subject_t *subject, credhub_str_t *der)
{
    X509_NAME                      *name;
    credhub_str_t                   value;
    credhub_error_e                 rc;
    const credhub_x509_attribute_t *row;

    ERR_set_mark();

    name = X509_NAME_new();
    rc = (name != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (row = credhub_x509_attributes; rc == CREDHUB_OK && row->nid; row++) {
        value =
            *(const credhub_str_t *) ((const u_char *) subject + row->offset);

        if (value.len != 0
            && !credhub_x509_add_attribute(name, row->nid, value)) {
            rc = CREDHUB_E_INTERNAL;
        }
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_encode(arena, name, ASN1_ITEM_rptr(X509_NAME), der);
    }

    X509_NAME_free(name);

    ERR_pop_to_mark();

    return rc;
}


static int
credhub_x509_add_attribute(X509_NAME *name, int nid, credhub_str_t value)
{
    int type;

    type = credhub_x509_printable(value) ? V_ASN1_PRINTABLESTRING
                                         : V_ASN1_UTF8STRING;

    return X509_NAME_add_entry_by_NID(
               name, nid, type, value.data, (int) value.len, -1, 0)
           == 1;
}


/* The characters of a PrintableString (X.680, 41.4). */

static int
credhub_x509_printable(credhub_str_t value)
{
    size_t i;

    for (i = 0; i < value.len; i++) {
        if (!credhub_x509_alphanumeric(value.data[i])
            && memchr(" '()+,-./:=?", value.data[i], 12) == NULL)
        {
            return 0;
        }
    }

    return 1;
}


credhub_error_e
credhub_x509_alternative_names(credhub_arena_t *arena,
    const credhub_str_t *names, size_t n, credhub_str_t *der,
    credhub_str_t *detail)
{
    size_t          i;
    GENERAL_NAMES  *list;
    credhub_error_e rc;

    *der = credhub_null_str;

    if (n > CREDHUB_X509_NAMES_MAX) {
        return CREDHUB_E_ALT_NAMES_MANY;
    }

    ERR_set_mark();

    list = GENERAL_NAMES_new();
    rc = (list != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (i = 0; rc == CREDHUB_OK && i < n; i++) {
        if (credhub_x509_ip(names[i], NULL) == 0
            && !credhub_x509_wildcard(names[i]) && !credhub_x509_host(names[i]))
        {
            *detail = names[i];
            rc = CREDHUB_E_ALT_NAME;

        } else if (!credhub_x509_add_name(list, names[i])) {
            rc = CREDHUB_E_INTERNAL;
        }
    }

    if (rc == CREDHUB_OK && n != 0) {
        rc = credhub_x509_encode(
            arena, list, ASN1_ITEM_rptr(GENERAL_NAMES), der);
    }

    GENERAL_NAMES_free(list);

    ERR_pop_to_mark();

    return rc;
}


static int
credhub_x509_add_name(GENERAL_NAMES *list, credhub_str_t name)
{
    GENERAL_NAME *general;

    general = credhub_x509_general_name(name);

    if (general == NULL || sk_GENERAL_NAME_push(list, general) <= 0) {
        GENERAL_NAME_free(general);
        return 0;
    }

    return 1;
}


static GENERAL_NAME *
credhub_x509_general_name(credhub_str_t name)
{
    u_char        ip[sizeof(struct in6_addr)];
    size_t        len;
    ASN1_STRING  *value;
    GENERAL_NAME *general;

    len = credhub_x509_ip(name, ip);

    general = GENERAL_NAME_new();
    value =
        ASN1_STRING_type_new(len != 0 ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

    if (general == NULL || value == NULL
        || ASN1_STRING_set(value, len != 0 ? ip : name.data,
               len != 0 ? (int) len : (int) name.len)
               != 1)
    {
        GENERAL_NAME_free(general);
        ASN1_STRING_free(value);
        return NULL;
    }

    GENERAL_NAME_set0_value(general, len != 0 ? GEN_IPADD : GEN_DNS, value);

    return general;
}


/* Bytes of the address that the name spells; 0 when it is none. `ip` may be
 * NULL. */

static size_t
credhub_x509_ip(credhub_str_t name, u_char *ip)
{
    char   text[INET6_ADDRSTRLEN];
    u_char address[sizeof(struct in6_addr)];
    size_t len;

    if (name.len == 0 || name.len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, name.data, name.len);
    text[name.len] = '\0';

    if (inet_pton(AF_INET, text, address) == 1) {
        len = sizeof(struct in_addr);

    } else if (inet_pton(AF_INET6, text, address) == 1) {
        len = sizeof(struct in6_addr);

    } else {
        return 0;
    }

    if (ip != NULL) {
        memcpy(ip, address, len);
    }

    return len;
}


/* A star or nothing, and labels with a dot before each. */

static int
credhub_x509_wildcard(credhub_str_t name)
{
    u_char *p, *last;

    p = name.data;
    last = name.data + name.len;

    if (p < last && *p == '*') {
        p++;
    }

    while (p < last) {
        if (*p++ != '.' || p == last || *p == '.') {
            return 0;
        }

        while (p < last && (credhub_x509_alphanumeric(*p) || *p == '-')) {
            p++;
        }
    }

    return 1;
}


/* Labels between dots, one dot behind them allowed; the last one does not
 * begin with a digit. */

static int
credhub_x509_host(credhub_str_t name)
{
    size_t  labels;
    u_char *p, *dot, *last;

    if (name.len != 0 && name.data[name.len - 1] == '.') {
        name.len--;
    }

    if (credhub_utf8_count(name) > CREDHUB_X509_HOST_MAX) {
        return 0;
    }

    p = name.data;
    last = name.data + name.len;

    for (labels = 1; labels <= CREDHUB_X509_LABELS_MAX; labels++) {
        dot = (p < last) ? memchr(p, '.', (size_t) (last - p)) : NULL;

        if (!credhub_x509_label(p, dot != NULL ? dot : last)) {
            return 0;
        }

        if (dot == NULL) {
            return *p < '0' || *p > '9';
        }

        p = dot + 1;
    }

    return 0;
}


/* Letters, digits, - and _ but not at its ends; a byte that is not ASCII is
 * taken for part of a letter. */

static int
credhub_x509_label(const u_char *p, const u_char *last)
{
    const u_char *c;
    credhub_str_t label;

    label.data = (u_char *) p;
    label.len = (size_t) (last - p);

    if (p == last || credhub_utf8_count(label) > CREDHUB_X509_LABEL_MAX) {
        return 0;
    }

    for (c = p; c < last; c++) {
        if (credhub_x509_alphanumeric(*c) || *c >= 0x80) {
            continue;
        }

        if ((*c != '-' && *c != '_') || c == p || c == last - 1) {
            return 0;
        }
    }

    return 1;
}


static int
credhub_x509_alphanumeric(u_char c)
{
    return (c >= '0' && c <= '9')
           || (credhub_lower(c) >= 'a' && credhub_lower(c) <= 'z');
}


credhub_error_e
credhub_x509_key_usage(credhub_arena_t *arena, const credhub_str_t *names,
    size_t n, credhub_str_t *der, credhub_str_t *detail)
{
    size_t                      i;
    credhub_error_e             rc;
    ASN1_BIT_STRING            *bits;
    const credhub_x509_usage_t *row;

    *der = credhub_null_str;

    ERR_set_mark();

    bits = ASN1_BIT_STRING_new();
    rc = (bits != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (i = 0; rc == CREDHUB_OK && i < n; i++) {
        row = credhub_x509_usage(credhub_x509_key_usages, names[i]);

        if (row == NULL) {
            *detail = names[i];
            rc = CREDHUB_E_KEY_USAGE;

        } else if (ASN1_BIT_STRING_set_bit(bits, row->value, 1) != 1) {
            rc = CREDHUB_E_INTERNAL;
        }
    }

    if (rc == CREDHUB_OK && n != 0) {
        rc = credhub_x509_encode(
            arena, bits, ASN1_ITEM_rptr(ASN1_BIT_STRING), der);
    }

    ASN1_BIT_STRING_free(bits);

    ERR_pop_to_mark();

    return rc;
}


credhub_error_e
credhub_x509_extended_key_usage(credhub_arena_t *arena,
    const credhub_str_t *names, size_t n, credhub_str_t *der,
    credhub_str_t *detail)
{
    size_t                      i;
    credhub_error_e             rc;
    EXTENDED_KEY_USAGE         *list;
    const credhub_x509_usage_t *row;

    *der = credhub_null_str;

    ERR_set_mark();

    list = EXTENDED_KEY_USAGE_new();
    rc = (list != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (i = 0; rc == CREDHUB_OK && i < n; i++) {
        row = credhub_x509_usage(credhub_x509_extended_key_usages, names[i]);

        if (row == NULL) {
            *detail = names[i];
            rc = CREDHUB_E_EXT_KEY_USAGE;

        } else if (sk_ASN1_OBJECT_push(list, OBJ_nid2obj(row->value)) <= 0) {
            rc = CREDHUB_E_INTERNAL;
        }
    }

    if (rc == CREDHUB_OK && n != 0) {
        rc = credhub_x509_encode(
            arena, list, ASN1_ITEM_rptr(EXTENDED_KEY_USAGE), der);
    }

    EXTENDED_KEY_USAGE_free(list);

    ERR_pop_to_mark();

    return rc;
}


static const credhub_x509_usage_t *
credhub_x509_usage(const credhub_x509_usage_t *row, credhub_str_t name)
{
    for (; row->name.len != 0; row++) {
        if (credhub_str_eq(row->name, name)) {
            return row;
        }
    }

    return NULL;
}


static credhub_error_e
credhub_x509_encode(credhub_arena_t *arena, const void *value,
    const ASN1_ITEM *item, credhub_str_t *der)
{
    int     len;
    u_char *bytes;

    bytes = NULL;

    len = ASN1_item_i2d(value, &bytes, item);
    if (len <= 0) {
        return CREDHUB_E_INTERNAL;
    }

    *der = credhub_arena_copy(arena, bytes, (size_t) len);

    OPENSSL_free(bytes);

    return (der->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}
