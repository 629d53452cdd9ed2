
/*
 * How a certificate stands in a version. The head of its value begins with
 * "ca" and "certificate"; strings of results live in the arena.
 */

#include <string.h>
#include "credhub_certificate.h"


static credhub_error_e credhub_certificate_member(credhub_arena_t *arena,
    credhub_json_iter_t *iter, const char *name, credhub_str_t *plain);
static credhub_str_t   credhub_certificate_trim(credhub_str_t text);


credhub_error_e
credhub_certificate_read(credhub_arena_t *arena, credhub_str_t head,
    credhub_certificate_t *certificate)
{
    credhub_error_e     rc;
    credhub_json_iter_t iter;

    memset(certificate, 0, sizeof(credhub_certificate_t));

    credhub_json_iter(&iter, head);

    rc = credhub_certificate_member(arena, &iter, "ca", &certificate->ca);

    return (rc == CREDHUB_OK) ? credhub_certificate_member(
               arena, &iter, "certificate", &certificate->certificate)
                              : rc;
}


/* The next member, which has to be this one: a string or null. */

static credhub_error_e
credhub_certificate_member(credhub_arena_t *arena, credhub_json_iter_t *iter,
    const char *name, credhub_str_t *plain)
{
    credhub_str_t key, value;

    if (!credhub_json_member(iter, &key, &value)
        || !credhub_json_string_is(key, name))
    {
        return CREDHUB_E_INTERNAL;
    }

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        *plain = credhub_null_str;
        return CREDHUB_OK;

    case CREDHUB_JSON_STRING:
        *plain = credhub_json_decode(arena, value);
        return (plain->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    default:
        return CREDHUB_E_INTERNAL;
    }
}


credhub_error_e
credhub_certificate_extra(credhub_arena_t *arena, unsigned overridden,
    int64_t days, const credhub_key_kind_t *key, credhub_str_t *extra)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 96);
    credhub_buf_printf(&buf,
        ",\"duration_overridden\":%s,\"duration_used\":%lld,"
        "\"key_length\":%u",
        overridden ? "true" : "false", (long long) days, key->bits);

    *extra = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_str_t
credhub_certificate_concatenate(
    credhub_arena_t *arena, credhub_str_t one, credhub_str_t two)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, one.len + two.len + 2);

    credhub_buf_add_str(&buf, credhub_certificate_trim(one));
    credhub_buf_lit(&buf, "\n");
    credhub_buf_add_str(&buf, credhub_certificate_trim(two));
    credhub_buf_lit(&buf, "\n");

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


static credhub_str_t
credhub_certificate_trim(credhub_str_t text)
{
    while (text.len != 0 && text.data[0] <= ' ') {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && text.data[text.len - 1] <= ' ') {
        text.len--;
    }

    return text;
}
