
/* The table of what a client of the trust API can be told. */

#include "credhub_error_rows.h"


/* clang-format off */

#define CREDHUB_TEXT_INPUT                                                    \
    "The request could not be understood."

#define CREDHUB_TEXT_CONFLICT                                                 \
    "The request conflicts with what is there."

#define CREDHUB_TEXT_STATE                                                    \
    "This cannot be done in the present state."

#define CREDHUB_TEXT_NONE(what, by)                                           \
    what " with " by " '%s' does not exist."

#define trust(kind)  [CREDHUB_E_##kind - CREDHUB_E_TRUST]


const credhub_error_trust_row_t
    credhub_error_trust_rows[CREDHUB_E_SSH - CREDHUB_E_TRUST] = {

    trust(FORBIDDEN) = { { 403, "forbidden",
        "You do not have the right to do this.", NULL, NULL }, NULL },

    trust(NOT_ACCEPTABLE) = { { 406, "not_acceptable",
        "The answer is application/json, which the request does not accept.",
        NULL, NULL }, NULL },

    trust(MEDIA_TYPE) = { { 415, "unsupported_media_type",
        "The content type of the request is not supported. Please send "
        "application/json.", NULL, NULL }, NULL },

    /* what was sent */

    trust(INPUT) = { { 400, "invalid_input",
        "%s", NULL, CREDHUB_TEXT_INPUT }, NULL },

    trust(FIELD_REQUIRED) = { { 400, "missing_field",
        "Field '%s' is required", NULL, NULL }, NULL },

    trust(FIELD_INVALID) = { { 400, "invalid_field",
        "Field '%s' is invalid", NULL, NULL }, NULL },

    trust(CONFIG) = { { 400, "invalid_config",
        "Invalid 'config' object", NULL, NULL }, NULL },

    trust(LIMIT) = { { 400, "invalid_limit",
        "Parameter 'limit' must be a number from 1 to 1000", NULL, NULL },
        NULL },

    trust(CURSOR) = { { 400, "invalid_cursor",
        "Parameter 'cursor' is not one of this list", NULL, NULL }, NULL },

    trust(APPROVAL_CERTIFICATE) = { { 400, "invalid_certificate",
        "Field 'encoded_cert' must be one certificate: DER in base64",
        NULL, NULL }, NULL },

    trust(APPROVAL_HASH) = { { 400, "hash_mismatch",
        "Field 'hash' must be the SHA-256 of the certificate in base64",
        NULL, NULL }, NULL },

    trust(MANAGER_CONFIG) = { { 400, "missing_config",
        "ESM config is required.", NULL, NULL }, "BadRequest" },

    trust(MANAGER_INPUT) = { { 400, "invalid_input",
        "%s", NULL, CREDHUB_TEXT_INPUT }, "BadRequest" },

    /* what there is not */

    trust(NOT_FOUND_CONNECTOR) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Connector", "id"), NULL, NULL },
        "NotFound_Connector" },

    trust(NOT_FOUND_DESTINATION) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Destination", "id"), NULL, NULL },
        "NotFound_Destination" },

    trust(NOT_FOUND_GROUP) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Group", "id"), NULL, NULL }, "NotFound_Group" },

    trust(NOT_FOUND_USER) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("User", "id"), NULL, NULL }, "NotFound_User" },

    trust(NOT_FOUND_LINK) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Private link", "id"), NULL, NULL },
        "NotFound_PrivateLink" },

    trust(NOT_FOUND_MANAGER) = { { 404, "not_found",
        "External Secrets Manager with '%s' id is not found.", NULL, NULL },
        NULL },

    trust(NOT_FOUND_CERTIFICATE) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Certificate", "hash"), NULL, NULL },
        "NotFound_Certificate" },

    trust(NOT_FOUND_FINGERPRINT) = { { 404, "not_found",
        CREDHUB_TEXT_NONE("Fingerprint", "hash"), NULL, NULL },
        "NotFound_Fingerprint" },

    trust(NOT_FOUND_PARENT) = { { 404, "not_found",
        "Destination with id %s not found", NULL, NULL }, NULL },

    /* what stands in the way */

    trust(CONFLICT) = { { 409, "conflict",
        "%s", NULL, CREDHUB_TEXT_CONFLICT }, NULL },

    trust(ILLEGAL_STATE) = { { 409, "illegal_state",
        "%s", NULL, CREDHUB_TEXT_STATE }, "IllegalState" },

    trust(LEASED) = { { 409, "leased",
        "Somebody else works on this, or has done so since.", NULL, NULL },
        NULL },
};

/* clang-format on */
