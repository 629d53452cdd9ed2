
/*
 * What certificates say, and whether they belong together. OpenSSL's objects
 * live inside one call; DER that is kept belongs to the caller's arena.
 */

#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include "credhub_x509.h"
#include "credhub_x509_load.h"


#define CREDHUB_X509_DAY 86400


/* An extension that a renewed certificate gets again. */

typedef struct {
    int            nid;
    size_t         offset; /* in the profile */
    ASN1_ITEM_EXP *item;
} credhub_x509_extension_t;


static credhub_error_e credhub_x509_take(
    credhub_arena_t *arena, X509 *x509, credhub_x509_t *out);
static int credhub_x509_dates(const X509 *x509, credhub_x509_t *out);
static credhub_error_e credhub_x509_extension(credhub_arena_t *arena,
    const X509 *x509, const credhub_x509_extension_t *row,
    credhub_str_t *value);
static int credhub_x509_decodes(credhub_str_t value, const ASN1_ITEM *item);
static int credhub_x509_self_signed(X509 *x509, EVP_PKEY *key);
static int credhub_x509_verified(X509 *x509, EVP_PKEY *key);
static int credhub_x509_same_subject(credhub_str_t one, credhub_str_t two);
static credhub_str_t *credhub_x509_entries(
    credhub_arena_t *arena, credhub_str_t subject, size_t *n);
static credhub_str_t credhub_x509_entry(
    credhub_arena_t *arena, const X509_NAME_ENTRY *entry);
static int credhub_x509_compare(const void *one, const void *two);


static const credhub_x509_extension_t credhub_x509_extensions[] = {
    { NID_subject_alt_name, offsetof(credhub_x509_profile_t, alternative_names),
        ASN1_ITEM_ref(GENERAL_NAMES) },
    { NID_key_usage, offsetof(credhub_x509_profile_t, key_usage),
        ASN1_ITEM_ref(ASN1_BIT_STRING) },
    { NID_ext_key_usage, offsetof(credhub_x509_profile_t, extended_key_usage),
        ASN1_ITEM_ref(EXTENDED_KEY_USAGE) },
    { 0, 0, NULL },
};


credhub_error_e
credhub_x509_read(
    credhub_arena_t *arena, credhub_str_t pem, credhub_x509_t *x509)
{
    X509           *loaded;
    credhub_error_e rc;

    memset(x509, 0, sizeof(credhub_x509_t));

    ERR_set_mark();

    rc = credhub_x509_load(pem, &loaded);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_take(arena, loaded, x509);
    }

    X509_free(loaded);

    ERR_pop_to_mark();

    return rc;
}


static credhub_error_e
credhub_x509_take(credhub_arena_t *arena, X509 *x509, credhub_x509_t *out)
{
    int                             ca;
    size_t                          len;
    EVP_PKEY                       *key;
    const u_char                   *der;
    credhub_error_e                 rc;
    credhub_x509_profile_t         *profile;
    const credhub_x509_extension_t *row;

    profile = &out->profile;

    key = X509_get0_pubkey(x509);
    ca = credhub_x509_is_ca(x509);

    if (key == NULL || ca == -1 || !credhub_x509_dates(x509, out)
        || X509_NAME_get0_der(X509_get_subject_name(x509), &der, &len) != 1)
    {
        return CREDHUB_E_UNREADABLE_CERT;
    }

    profile->subject = credhub_arena_copy(arena, der, len);
    if (profile->subject.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (row = credhub_x509_extensions; row->item != NULL; row++) {
        rc = credhub_x509_extension(arena, x509, row,
            (credhub_str_t *) ((u_char *) profile + row->offset));

        if (rc != CREDHUB_OK) {
            return rc;
        }
    }

    profile->key = credhub_key_kind_of(key);

    if (profile->key.type == CREDHUB_KEY_RSA
        && !credhub_key_length_valid(profile->key.bits))
    {
        profile->key.bits = 0;
    }

    profile->is_ca = (unsigned) ca;
    profile->self_signed = (unsigned) credhub_x509_self_signed(x509, key);

    return CREDHUB_OK;
}


/* A renewed certificate is valid for a day at least. */

static int
credhub_x509_dates(const X509 *x509, credhub_x509_t *out)
{
    if (!credhub_x509_time(X509_get0_notBefore(x509), &out->not_before)
        || !credhub_x509_time(X509_get0_notAfter(x509), &out->not_after))
    {
        return 0;
    }

    out->profile.duration =
        (out->not_after - out->not_before) / CREDHUB_X509_DAY;

    if (out->profile.duration < 1) {
        out->profile.duration = 1;
    }

    return 1;
}


static credhub_error_e
credhub_x509_extension(credhub_arena_t *arena, const X509 *x509,
    const credhub_x509_extension_t *row, credhub_str_t *value)
{
    int                i;
    credhub_str_t      data;
    ASN1_OCTET_STRING *octets;

    i = X509_get_ext_by_NID(x509, row->nid, -1);
    if (i < 0) {
        return CREDHUB_OK;
    }

    octets = X509_EXTENSION_get_data(X509_get_ext(x509, i));

    data.data = (u_char *) ASN1_STRING_get0_data(octets);
    data.len = (size_t) ASN1_STRING_length(octets);

    if (X509_get_ext_by_NID(x509, row->nid, i) >= 0
        || !credhub_x509_decodes(data, ASN1_ITEM_ptr(row->item)))
    {
        return CREDHUB_E_UNREADABLE_CERT;
    }

    *value = credhub_arena_copy(arena, data.data, data.len);

    return (value->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;
}


static int
credhub_x509_decodes(credhub_str_t value, const ASN1_ITEM *item)
{
    const u_char *p;
    ASN1_VALUE   *decoded;

    p = value.data;
    decoded = ASN1_item_d2i(NULL, &p, (long) value.len, item);

    ASN1_item_free(decoded, item);

    return decoded != NULL && p == value.data + value.len;
}


static int
credhub_x509_self_signed(X509 *x509, EVP_PKEY *key)
{
    return X509_NAME_cmp(
               X509_get_subject_name(x509), X509_get_issuer_name(x509))
               == 0
           && credhub_x509_verified(x509, key);
}


static int
credhub_x509_verified(X509 *x509, EVP_PKEY *key)
{
    return credhub_x509_verifies(key) && X509_verify(x509, key) == 1;
}


int
credhub_x509_signed_by(credhub_str_t pem, credhub_str_t ca)
{
    int       ok;
    X509     *x509, *signer;
    EVP_PKEY *key;

    ERR_set_mark();

    signer = NULL;

    ok = credhub_x509_load(pem, &x509) == CREDHUB_OK
         && credhub_x509_load(ca, &signer) == CREDHUB_OK;

    if (ok) {
        key = X509_get0_pubkey(signer);
        ok = key != NULL && credhub_x509_verified(x509, key);
    }

    X509_free(x509);
    X509_free(signer);

    ERR_pop_to_mark();

    return ok;
}


credhub_error_e
credhub_x509_key_check(credhub_str_t pem, credhub_str_t text)
{
    X509           *x509;
    EVP_PKEY       *key, *public;
    credhub_error_e rc;

    ERR_set_mark();

    x509 = NULL;

    rc = credhub_x509_load_key(text, &key);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_load(pem, &x509);
    }

    if (rc == CREDHUB_OK) {
        public = X509_get0_pubkey(x509);

        if (public == NULL || EVP_PKEY_eq(public, key) != 1) {
            rc = CREDHUB_E_KEY_MISMATCH;
        }
    }

    EVP_PKEY_free(key);
    X509_free(x509);

    ERR_pop_to_mark();

    return rc;
}


int
credhub_x509_same(
    const credhub_x509_profile_t *one, const credhub_x509_profile_t *two)
{
    int same;

    if (one->key.type != two->key.type || one->key.bits != two->key.bits
        || one->is_ca != two->is_ca || one->self_signed != two->self_signed
        || !credhub_str_eq(one->alternative_names, two->alternative_names)
        || !credhub_str_eq(one->key_usage, two->key_usage)
        || !credhub_str_eq(one->extended_key_usage, two->extended_key_usage))
    {
        return 0;
    }

    ERR_set_mark();
    same = credhub_x509_same_subject(one->subject, two->subject);
    ERR_pop_to_mark();

    return same;
}


static int
credhub_x509_same_subject(credhub_str_t one, credhub_str_t two)
{
    int              same;
    size_t           i, n, m;
    credhub_str_t   *left, *right;
    credhub_arena_t *arena;

    arena = credhub_arena_create(2 * (one.len + two.len) + 64);
    if (arena == NULL) {
        return 0;
    }

    left = credhub_x509_entries(arena, one, &n);
    right = credhub_x509_entries(arena, two, &m);

    same = left != NULL && right != NULL && n == m;

    for (i = 0; same && i < n; i++) {
        same = credhub_str_eq(left[i], right[i]);
    }

    credhub_arena_destroy(arena);

    return same;
}


/* The attributes of a name, folded and sorted; NULL when it cannot be read. */

static credhub_str_t *
credhub_x509_entries(credhub_arena_t *arena, credhub_str_t subject, size_t *n)
{
    int            i, count;
    X509_NAME     *name;
    const u_char  *p;
    credhub_str_t *entries;

    p = subject.data;

    name = d2i_X509_NAME(NULL, &p, (long) subject.len);
    if (name == NULL) {
        return NULL;
    }

    count = X509_NAME_entry_count(name);

    entries = credhub_arena_alloc(
        arena, ((size_t) count + 1) * sizeof(credhub_str_t));

    for (i = 0; entries != NULL && i < count; i++) {
        entries[i] = credhub_x509_entry(arena, X509_NAME_get_entry(name, i));

        if (entries[i].data == NULL) {
            entries = NULL;
        }
    }

    X509_NAME_free(name);

    if (entries != NULL) {
        *n = (size_t) count;
        qsort(entries, *n, sizeof(credhub_str_t), credhub_x509_compare);
    }

    return entries;
}


/* "<type>=<value>", the value in lower case. */

static credhub_str_t
credhub_x509_entry(credhub_arena_t *arena, const X509_NAME_ENTRY *entry)
{
    int           i, len;
    u_char       *value;
    credhub_buf_t buf;
    credhub_str_t type;

    type.data = (u_char *) OBJ_get0_data(X509_NAME_ENTRY_get_object(entry));
    type.len = OBJ_length(X509_NAME_ENTRY_get_object(entry));

    len = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));
    if (len < 0) {
        return credhub_null_str;
    }

    for (i = 0; i < len; i++) {
        value[i] = credhub_lower(value[i]);
    }

    credhub_buf_init(&buf, arena, type.len + (size_t) len + 1);
    credhub_buf_add_str(&buf, type);
    credhub_buf_lit(&buf, "=");
    credhub_buf_add(&buf, value, (size_t) len);

    OPENSSL_free(value);

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


static int
credhub_x509_compare(const void *one, const void *two)
{
    int                  order;
    const credhub_str_t *a, *b;

    a = one;
    b = two;

    order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

    if (order == 0) {
        order = (a->len > b->len) - (a->len < b->len);
    }

    return order;
}
