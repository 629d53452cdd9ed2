
/*
 * How a stored version is shown. What is stored in clear is copied as it is;
 * the secret goes from its sealed form straight into the answer. All strings
 * belong to the caller.
 */

#include "credhub_certificate.h"
#include "credhub_json.h"
#include "credhub_version.h"


/* A byte of a plain string takes at most six in JSON. */

#define CREDHUB_JSON_BYTE_MAX 6

#define CREDHUB_VERSION_PARTS 8 /* under the MAC */


static size_t credhub_version_parts(const credhub_version_t *version,
    u_char *secret, credhub_str_t parts[CREDHUB_VERSION_PARTS]);
static void   credhub_version_add_facts(
      credhub_buf_t *buf, const credhub_version_t *version);
static credhub_error_e credhub_version_append(credhub_buf_t *buf,
    const credhub_version_t *version, credhub_keyring_t *keyring,
    credhub_str_t hub);
static void            credhub_version_add_head(
               credhub_buf_t *buf, const credhub_version_t *version);
static void credhub_version_add_chain(credhub_buf_t *buf, credhub_str_t chain);


credhub_place_t
credhub_version_place(
    const credhub_version_t *version, credhub_str_t hub, credhub_str_t field)
{
    credhub_place_t place;

    place.hub = hub;
    place.kind = credhub_str("version");
    place.field = field;
    place.record = version->id;
    place.name = version->folded;

    return place;
}


credhub_error_e
credhub_version_mac(const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub, u_char out[CREDHUB_MAC_SIZE])
{
    int             i;
    size_t          n;
    u_char          secret;
    credhub_str_t   parts[CREDHUB_VERSION_PARTS];
    credhub_place_t place;

    i = credhub_keyring_for(keyring, version->folded);
    if (i == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    place = credhub_version_place(version, hub, credhub_str("row"));
    n = credhub_version_parts(version, &secret, parts);

    return credhub_mac(keyring, (size_t) i, &place, parts, n, out);
}


credhub_error_e
credhub_version_genuine(const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub)
{
    size_t          n;
    u_char          secret;
    credhub_str_t   parts[CREDHUB_VERSION_PARTS];
    credhub_place_t place;

    if (version->mac.len != CREDHUB_MAC_SIZE
        || !credhub_str_caseeq(version->name, version->folded))
    {
        return CREDHUB_E_INTERNAL;
    }

    if (credhub_keyring_opener(keyring, version->mac.data, version->folded)
        == -1) {
        return CREDHUB_E_KEY_MISSING;
    }

    place = credhub_version_place(version, hub, credhub_str("row"));
    n = credhub_version_parts(version, &secret, parts);

    return credhub_mac_check(keyring, &place, parts, n, version->mac)
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


/* The parts of certificates make the list longer, so no other type's row can
 * be given one of them. */

static size_t
credhub_version_parts(const credhub_version_t *version, u_char *secret,
    credhub_str_t parts[CREDHUB_VERSION_PARTS])
{
    *secret = (version->secret.len != 0);

    parts[0] = version->type;
    parts[1] = version->metadata;
    parts[2] = version->head;
    parts[3] = version->tail;
    parts[4].data = secret;
    parts[4].len = 1;

    if (version->facts.len == 0 && version->signer.len == 0
        && version->trusted.len == 0)
    {
        return 5;
    }

    parts[5] = version->facts;
    parts[6] = version->signer;
    parts[7] = version->trusted;

    return 8;
}


credhub_error_e
credhub_version_view(credhub_buf_t *buf, const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub)
{
    size_t          start;
    u_char          date[CREDHUB_DATE_LEN];
    credhub_error_e rc;

    start = buf->len;

    credhub_date(version->created, date);

    credhub_buf_lit(buf, "{\"type\":");
    credhub_json_add_string(buf, version->type);
    credhub_buf_lit(buf, ",\"version_created_at\":\"");
    credhub_buf_add(buf, date, sizeof(date));
    credhub_buf_lit(buf, "\",\"id\":");
    credhub_json_add_string(buf, version->id);
    credhub_buf_lit(buf, ",\"name\":");
    credhub_json_add_string(buf, version->name);
    credhub_buf_lit(buf, ",\"metadata\":");

    if (version->metadata.len != 0) {
        credhub_buf_add_str(buf, version->metadata);

    } else {
        credhub_buf_lit(buf, "null");
    }

    if (version->facts.len != 0) {
        credhub_version_add_facts(buf, version);
    }

    credhub_buf_lit(buf, ",\"value\":");

    rc = credhub_version_append(buf, version, keyring, hub);

    credhub_buf_lit(buf, "}");

    if (rc == CREDHUB_OK && buf->failed) {
        rc = CREDHUB_E_INTERNAL;
    }

    if (rc != CREDHUB_OK) {
        buf->len = start;
    }

    return rc;
}


static void
credhub_version_add_facts(credhub_buf_t *buf, const credhub_version_t *version)
{
    credhub_buf_add_str(buf, version->facts);
    credhub_buf_lit(buf, ",\"transitional\":");

    if (version->transitional) {
        credhub_buf_lit(buf, "true");

    } else {
        credhub_buf_lit(buf, "false");
    }

    credhub_buf_add_str(buf, version->extra);
}


credhub_error_e
credhub_version_value(credhub_buf_t *buf, const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub)
{
    size_t          start;
    credhub_error_e rc;

    start = buf->len;

    rc = credhub_version_append(buf, version, keyring, hub);

    if (rc != CREDHUB_OK) {
        buf->len = start;
    }

    return rc;
}


static credhub_error_e
credhub_version_append(credhub_buf_t *buf, const credhub_version_t *version,
    credhub_keyring_t *keyring, credhub_str_t hub)
{
    u_char         *out;
    size_t          len;
    credhub_error_e rc;
    credhub_place_t place;

    rc = credhub_version_genuine(version, keyring, hub);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    credhub_version_add_head(buf, version);

    if (version->secret.len != 0) {
        len = credhub_open_size(version->secret);

        out = credhub_buf_reserve(buf, len);
        if (out == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        place = credhub_version_place(version, hub, credhub_str("secret"));

        rc = credhub_open(keyring, &place, version->secret, out);
        if (rc != CREDHUB_OK) {
            return rc;
        }

        buf->len += len;
    }

    credhub_buf_add_str(buf, version->tail);

    if (version->chain.data != NULL) {
        credhub_version_add_chain(buf, version->chain);
    }

    return buf->failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


/* The head begins with the CA's certificate, which another one may join. */

static void
credhub_version_add_head(credhub_buf_t *buf, const credhub_version_t *version)
{
    credhub_str_t       key, ca, rest;
    credhub_json_iter_t iter;

    rest = version->head;

    if (version->concatenate && version->trusted.len != 0) {
        credhub_json_iter(&iter, version->head);

        if (credhub_json_member(&iter, &key, &ca)
            && credhub_json_string_is(key, "ca")
            && credhub_json_kind(ca) == CREDHUB_JSON_STRING)
        {
            rest.data = ca.data + ca.len;
            rest.len -= (size_t) (rest.data - version->head.data);

            ca = credhub_certificate_concatenate(buf->arena,
                credhub_json_decode(buf->arena, ca), version->trusted);
            buf->failed |= (ca.data == NULL);

            credhub_buf_lit(buf, "{\"ca\":");
            credhub_json_add_string(buf, ca);
        }
    }

    credhub_buf_add_str(buf, rest);
}


/* One member more in the object that the buffer ends with. */

static void
credhub_version_add_chain(credhub_buf_t *buf, credhub_str_t chain)
{
    if (buf->len == 0 || buf->data[buf->len - 1] != '}') {
        buf->failed = 1;
        return;
    }

    buf->len--;
    credhub_buf_lit(buf, ",\"chain\":");

    if (chain.len != 0) {
        credhub_json_add_string(buf, chain);

    } else {
        credhub_buf_lit(buf, "null");
    }

    credhub_buf_lit(buf, "}");
}


size_t
credhub_version_view_size(const credhub_version_t *version)
{
    static const char frame[] = "{\"type\":\"\",\"version_created_at\":\"\","
                                "\"id\":\"\",\"name\":\"\",\"metadata\":null,"
                                "\"transitional\":false,\"value\":,"
                                "\"chain\":null}";
    static const char join[] = "\\n\\n"; /* of two certificates */

    return sizeof(frame) + sizeof(join) + CREDHUB_DATE_LEN
           + (version->type.len + version->id.len + version->name.len
                 + version->trusted.len + version->chain.len)
                 * CREDHUB_JSON_BYTE_MAX
           + version->metadata.len + version->facts.len + version->extra.len
           + version->head.len + credhub_open_size(version->secret)
           + version->tail.len;
}
