
/* The body of a request for a certificate: its shape, whatever template it
 * names. */

#include <string.h>
#include "credhub_ssh_fields.h"


typedef struct {
    credhub_str_t template;
    credhub_str_t         folder;
    credhub_str_t         object;
    credhub_str_t         key_id;
    credhub_ssh_list_t    principals;
    credhub_str_t         validity;
    credhub_str_t         line;
    credhub_str_t         destination;
    credhub_ssh_list_t    destinations;
    credhub_ssh_list_t    sources;
    credhub_ssh_options_t extensions;
    credhub_str_t         command;
    credhub_str_t         origin;
    credhub_str_t         passphrase;
    credhub_flag_t        include_key;
    credhub_flag_t        include_details;
} credhub_ssh_body_t;


static credhub_error_e credhub_ssh_request_names(credhub_arena_t *arena,
    const credhub_ssh_body_t *body, credhub_ssh_request_t *request);
static credhub_error_e credhub_ssh_request_template(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *dn);
static credhub_error_e credhub_ssh_request_destination(credhub_arena_t *arena,
    const credhub_ssh_body_t *body, credhub_str_t *joined);


/* clang-format off */

#define field(name, kind, member, max, check)                                  \
    { name, CREDHUB_SSH_FIELD_##kind, offsetof(credhub_ssh_body_t, member),    \
      max, check, NULL }

#define text(name, member, max)                                                \
    field(name, TEXT, member, max, credhub_ssh_text_valid)


static const credhub_ssh_field_t  credhub_ssh_request_fields[] = {
    field("CADN", TEXT, template, 2 * CREDHUB_SSH_DN_MAX,
          credhub_ssh_bytes_valid),
    field("PolicyDN", TEXT, folder, 2 * CREDHUB_SSH_DN_MAX,
          credhub_ssh_bytes_valid),
    field("ObjectName", TEXT, object, 2 * CREDHUB_SSH_DN_MAX,
          credhub_ssh_bytes_valid),
    text("KeyId", key_id, CREDHUB_SSH_KEY_ID_MAX),
    field("Principals", LIST, principals, CREDHUB_SSH_TEXT_MAX,
          credhub_ssh_word_valid),
    field("ValidityPeriod", TEXT, validity, CREDHUB_SSH_NAME_MAX,
          credhub_ssh_validity_valid),
    field("PublicKeyData", TEXT, line, CREDHUB_SSH_LINE_MAX,
          credhub_ssh_bytes_valid),
    text("DestinationAddress", destination, CREDHUB_SSH_TEXT_MAX),
    field("DestinationAddresses", LIST, destinations, CREDHUB_SSH_TEXT_MAX,
          credhub_ssh_text_valid),
    field("SourceAddresses", LIST, sources, CREDHUB_SSH_TEXT_MAX,
          credhub_ssh_word_valid),
    field("Extensions", OPTIONS, extensions, CREDHUB_SSH_TEXT_MAX,
          credhub_ssh_extension_valid),
    text("ForceCommand", command, CREDHUB_SSH_TEXT_MAX),
    text("Origin", origin, CREDHUB_SSH_TEXT_MAX),
    field("PrivateKeyPassphrase", TEXT, passphrase,
          CREDHUB_SSH_PASSPHRASE_MAX, credhub_ssh_bytes_valid),
    { "IncludePrivateKeyData", CREDHUB_SSH_FIELD_FLAG,
      offsetof(credhub_ssh_body_t, include_key), 0, NULL, NULL },
    { "IncludeCertificateDetails", CREDHUB_SSH_FIELD_FLAG,
      offsetof(credhub_ssh_body_t, include_details), 0, NULL, NULL },
    { "ProcessingTimeout", CREDHUB_SSH_FIELD_SCALAR, 0, 0, NULL, NULL },
    credhub_ssh_fields_end
};

/* clang-format on */


credhub_error_e
credhub_ssh_request_parse(credhub_arena_t *arena, credhub_str_t body,
    credhub_ssh_request_t *request, credhub_str_t *detail)
{
    credhub_str_t      object;
    credhub_error_e    error;
    credhub_ssh_body_t given;

    credhub_ssh_certificate_t *certificate = &request->certificate;

    memset(&given, 0, sizeof(given));
    memset(request, 0, sizeof(credhub_ssh_request_t));

    error = credhub_json_check(arena, body, &object);

    if (error == CREDHUB_OK) {
        error = credhub_ssh_fields_read(
            arena, credhub_ssh_request_fields, object, &given, detail);
    }

    if (error == CREDHUB_OK) {
        error = credhub_ssh_request_names(arena, &given, request);
    }

    if (error == CREDHUB_OK) {
        error = credhub_ssh_request_destination(
            arena, &given, &request->destination);
    }

    if (error == CREDHUB_OK && given.line.len != 0) {
        error = credhub_ssh_public(arena, given.line, &request->key, detail);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (given.validity.len != 0) {
        (void) credhub_ssh_validity(given.validity, &request->validity);
    }

    certificate->key_id = given.key_id;
    certificate->principals = given.principals;
    certificate->sources = given.sources;
    certificate->extensions = given.extensions.items;
    certificate->nextensions = given.extensions.n;

    if (given.command.len != 0) {
        certificate->force_command = given.command;
    }

    request->line = given.line;
    request->origin = given.origin;
    request->passphrase = given.passphrase;
    request->include_key = given.include_key.value;
    request->include_details = given.include_details.value;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_request_names(credhub_arena_t *arena,
    const credhub_ssh_body_t *body, credhub_ssh_request_t *request)
{
    credhub_str_t   dn;
    credhub_error_e error;

    error = CREDHUB_OK;

    if (body->template.len != 0) {
        error =
            credhub_ssh_request_template(arena, body->template, &request->dn);
    }

    if (error == CREDHUB_OK && body->folder.len != 0) {
        error = credhub_ssh_dn_folder(arena, body->folder, &request->policy);
    }

    if (error != CREDHUB_OK || body->object.len == 0) {
        return error;
    }

    if (memchr(body->object.data, '\\', body->object.len) != NULL) {
        return CREDHUB_E_SSH_DN;
    }

    request->object = body->object;
    request->named = 1;

    return credhub_ssh_dn(arena, body->object, &dn);
}


/* A name alone is one below the folder of templates. */

static credhub_error_e
credhub_ssh_request_template(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *dn)
{
    credhub_buf_t buf;

    if (memchr(text.data, '\\', text.len) != NULL) {
        return credhub_ssh_dn(arena, text, dn);
    }

    credhub_buf_init(&buf, arena, sizeof(CREDHUB_SSH_TEMPLATES) + text.len);
    credhub_buf_lit(&buf, CREDHUB_SSH_TEMPLATES "\\");
    credhub_buf_add_str(&buf, text);

    return buf.failed ? CREDHUB_E_INTERNAL
                      : credhub_ssh_dn(arena, credhub_buf_str(&buf), dn);
}


static credhub_error_e
credhub_ssh_request_destination(credhub_arena_t *arena,
    const credhub_ssh_body_t *body, credhub_str_t *joined)
{
    size_t        i;
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, CREDHUB_SSH_TEXT_MAX);
    credhub_buf_add_str(&buf, body->destination);

    for (i = 0; i < body->destinations.n; i++) {
        if (buf.len != 0) {
            credhub_buf_lit(&buf, ",");
        }

        credhub_buf_add_str(&buf, body->destinations.items[i]);
    }

    *joined = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}
