
/* Approvals as JSON. What is shown of a certificate is read from its DER each
 * time, so nothing that is stored can say something else. */

#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_approval.h"
#include "credhub_text.h"
#include "credhub_x509_text.h"


/* What a certificate says. */

typedef struct {
    credhub_str_t name;
    credhub_str_t public_key;
    u_char        sha1[SHA_DIGEST_LENGTH];
    u_char        sha256[SHA256_DIGEST_LENGTH];
} credhub_approval_facts_t;


static credhub_error_e credhub_approval_facts(
    credhub_arena_t *arena, credhub_str_t der, credhub_approval_facts_t *facts);
static void credhub_approval_member(
    credhub_buf_t *buf, const char *name, credhub_str_t value);
static void credhub_approval_sums(
    credhub_buf_t *buf, const credhub_approval_facts_t *facts);


credhub_error_e
credhub_approval_show(credhub_buf_t *buf, const credhub_approval_t *approval)
{
    u_char                   date[CREDHUB_DATE_US_LEN];
    credhub_str_t            id, text;
    credhub_approval_facts_t facts;

    id = credhub_base64url(buf->arena, approval->hash);

    if (id.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_lit(buf, "{\"id\":");
    credhub_json_add_string(buf, id);

    credhub_approval_member(buf, "hash", approval->hash);

    if (approval->type == CREDHUB_APPROVAL_CERTIFICATE) {
        if (credhub_approval_facts(buf->arena, approval->content, &facts)
            != CREDHUB_OK) {
            return CREDHUB_E_INTERNAL;
        }

        credhub_approval_member(buf, "name", facts.name);
        credhub_approval_member(buf, "type", credhub_str("TLS"));
        credhub_approval_member(buf, "public_key", facts.public_key);
        credhub_approval_sums(buf, &facts);

    } else {
        credhub_approval_member(buf, "public_key", approval->content);
    }

    credhub_date_us(approval->date, date);

    text.data = date;
    text.len = sizeof(date);

    credhub_approval_member(buf, "validated_date", text);
    credhub_approval_member(buf, "validated_by", approval->by);
    credhub_buf_lit(buf, "}");

    return buf->failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


credhub_error_e
credhub_approval_offered(credhub_buf_t *buf, const credhub_approval_t *approval)
{
    credhub_str_t            encoded;
    credhub_approval_facts_t facts;

    encoded = credhub_base64(buf->arena, approval->content, 1);

    if (encoded.data == NULL
        || credhub_approval_facts(buf->arena, approval->content, &facts)
               != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_lit(buf, "{\"hash\":");
    credhub_json_add_string(buf, approval->hash);

    credhub_approval_member(buf, "name", facts.name);
    credhub_approval_member(buf, "public_key", facts.public_key);
    credhub_approval_member(buf, "encoded_cert", encoded);
    credhub_approval_sums(buf, &facts);
    credhub_buf_lit(buf, "}");

    return buf->failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static credhub_error_e
credhub_approval_facts(
    credhub_arena_t *arena, credhub_str_t der, credhub_approval_facts_t *facts)
{
    int                    ok;
    credhub_buf_t          name, key;
    credhub_x509_outline_t outline;

    if (!credhub_x509_outline(der, &outline)) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_buf_init(&name, arena, outline.subject.len);
    credhub_buf_init(&key, arena, 4 * outline.key.len);

    ERR_set_mark();

    ok = credhub_x509_name_text(&name, outline.subject) == 0
         && credhub_x509_key_text(&key, outline.key) == 0
         && SHA1(der.data, der.len, facts->sha1) != NULL
         && SHA256(der.data, der.len, facts->sha256) != NULL;

    ERR_pop_to_mark();

    facts->name = credhub_buf_str(&name);
    facts->public_key = credhub_buf_str(&key);

    return (ok && !name.failed && !key.failed) ? CREDHUB_OK
                                               : CREDHUB_E_INTERNAL;
}


static void
credhub_approval_member(
    credhub_buf_t *buf, const char *name, credhub_str_t value)
{
    credhub_buf_printf(buf, ",\"%s\":", name);
    credhub_json_add_string(buf, value);
}


static void
credhub_approval_sums(credhub_buf_t *buf, const credhub_approval_facts_t *facts)
{
    credhub_str_t sha1, sha256;

    sha1.data = (u_char *) facts->sha1;
    sha1.len = sizeof(facts->sha1);

    sha256.data = (u_char *) facts->sha256;
    sha256.len = sizeof(facts->sha256);

    credhub_buf_lit(buf, ",\"sha1\":\"");
    credhub_hex(buf, sha1);
    credhub_buf_lit(buf, "\",\"sha256\":\"");
    credhub_hex(buf, sha256);
    credhub_buf_lit(buf, "\"");
}
