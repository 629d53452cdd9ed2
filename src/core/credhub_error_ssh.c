
/* The table of what a client of the SSH certificate API can be told. */

#include "credhub_error_rows.h"


/* clang-format off */

#define ssh(kind)  [CREDHUB_E_SSH_##kind - CREDHUB_E_SSH]


const credhub_error_ssh_row_t
    credhub_error_ssh_rows[CREDHUB_E_LAST - CREDHUB_E_SSH] = {

    ssh(KEY) = { { 400, "bad_key",
        "%s", NULL, "The public key is not valid." },
        4, NULL },

    ssh(DN) = { { 400, "invalid_dn",
        "DN, Guid or name is not valid.", NULL, NULL },
        0, NULL },

    ssh(FIELD) = { { 400, "invalid_field",
        "The field '%s' is not valid.", NULL, NULL },
        0, NULL },

    ssh(FIELD_MISSING) = { { 400, "missing_field",
        "The field '%s' is required.", NULL, NULL },
        0, NULL },

    ssh(POLICY) = { { 400, "refused",
        "%s", NULL, "The template does not permit the request." },
        0, NULL },

    ssh(REUSE) = { { 400, "key_reuse",
        "Unique public key data must be used. Requested "
        "public key hash: %s", NULL, NULL },
        41, NULL },

    ssh(EXISTS) = { { 400, "exists",
        "An object with this DN exists already.", NULL, NULL },
        5, NULL },

    ssh(RIGHTS) = { { 403, "forbidden",
        "Insufficient rights.", NULL, NULL },
        12, NULL },

    ssh(STATE) = { { 400, "illegal_state",
        "The certificate request is not pending any more.", NULL, NULL },
        18, NULL },

    ssh(COMMENT) = { { 400, "missing_comment",
        "A reason is required.", NULL, NULL },
        11, NULL },

    ssh(IN_USE) = { { 400, "in_use",
        "%s", NULL, "Others refer to this object." },
        0, NULL },

    ssh(CERTIFICATE) = { { 404, "not_found",
        "The SSH certificate was not found.", NULL, NULL },
        1,
        "\"DN\":null,\"Guid\":null,"
        "\"ProcessingDetails\":{\"Status\":null,\"StatusDescription\":null},"
        "\"RequestDetails\":{\"DestinationAddress\":null,"
        "\"OriginatingIP\":null,\"RequestedBy\":null}," },

    ssh(TEMPLATE) = { { 404, "not_found",
        "Template was not found", NULL, NULL },
        2, NULL },

    ssh(CA) = { { 404, "not_found",
        "The CA key pair was not found.", NULL, NULL },
        2, NULL },

    ssh(GRANT) = { { 400, "invalid_grant", "invalid_grant",
        "User name, password, certificate or refresh token is not valid.",
        NULL }, 0, NULL },

    ssh(SCOPE) = { { 400, "invalid_scope", "invalid_scope",
        "The scope must ask for ssh:manage.", NULL }, 0, NULL },
};

/* clang-format on */
