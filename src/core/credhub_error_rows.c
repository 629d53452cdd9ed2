
/* The table of what a client can be told, but for the trust API. */

#include "credhub_error_rows.h"


/* clang-format off */

#define CREDHUB_TEXT_CRED                                                     \
    "The request could not be completed because the credential does not "     \
    "exist or you do not have sufficient authorization."

#define CREDHUB_TEXT_CA                                                       \
    "The request could not be completed because the certificate authority "   \
    "does not exist or you do not have sufficient authorization."

#define CREDHUB_TEXT_PRIVATE_KEY                                              \
    "Private key is malformed. "

#define CREDHUB_TEXT_PERM_NONE                                                \
    "The permission does not exist."

#define CREDHUB_TEXT_PERM_ACCESS                                              \
    "The request could not be completed because the permission does not "     \
    "exist or you do not have sufficient authorization."

#define CREDHUB_TEXT_UNKNOWN_KEY                                              \
    "The request contains the parameter '%s', which is not known here. "      \
    "Please remove or correct it and retry your request."

#define CREDHUB_TEXT_TOKEN                                                    \
    "The token is not valid."

#define CREDHUB_TEXT_STATIC(type)                                             \
    "This " type " was set, not generated, and cannot be regenerated."


const credhub_error_row_t  credhub_error_rows[CREDHUB_E_TRUST] = {

    [CREDHUB_OK] = { 200, "", "", NULL, NULL },

    [CREDHUB_E_INTERNAL] = { 500, "internal_error",
        "The server could not complete the request because of an internal "
        "error.", NULL, NULL },

    /* what a stored credential is, and who may see it */

    [CREDHUB_E_CRED] = { 404, "not_found", CREDHUB_TEXT_CRED, NULL, NULL },

    [CREDHUB_E_CRED_HIDDEN] = { 404, "forbidden",
        CREDHUB_TEXT_CRED, NULL, NULL },

    [CREDHUB_E_CRED_DENIED] = { 403, "forbidden",
        CREDHUB_TEXT_CRED, NULL, NULL },

    [CREDHUB_E_TYPE_MISMATCH] = { 400, "type_mismatch",
        "The credential type cannot be modified. Please delete the "
        "credential if you wish to create it with a different type.",
        NULL, NULL },

    [CREDHUB_E_TYPE_REGENERATE] = { 400, "not_regenerable",
        "Credentials of this type cannot be regenerated.", NULL, NULL },

    [CREDHUB_E_NOT_REGENERABLE_CERT] = { 400, "not_regenerable",
        "This certificate was set without a certificate authority of this "
        "server and is not self-signed, so it cannot be regenerated.",
        NULL, NULL },

    [CREDHUB_E_NOT_REGENERABLE_PASSWORD] = { 400, "not_regenerable",
        CREDHUB_TEXT_STATIC("password"), NULL, NULL },

    [CREDHUB_E_NOT_REGENERABLE_USER] = { 400, "not_regenerable",
        CREDHUB_TEXT_STATIC("user"), NULL, NULL },

    [CREDHUB_E_INTERPOLATE_TYPE] = { 400, "type_mismatch",
        "The credential '%s' is not of type json and cannot be interpolated.",
        NULL, NULL },

    [CREDHUB_E_KEY_MISSING] = { 500, "key_missing",
        "The encryption key of this credential is not available.",
        NULL, NULL },

    /* permissions */

    [CREDHUB_E_PERM_PATH] = { 400, "invalid_path",
        "A permission needs a path, which is more than a slash and not too "
        "long.", NULL, NULL },

    [CREDHUB_E_PERM_SLASH] = { 400, "invalid_path",
        "The path of a permission must not contain two slashes in a row or "
        "end with a slash.", NULL, NULL },

    [CREDHUB_E_PERM_CHARS] = { 400, "invalid_path",
        "The path of a permission may contain letters, digits and "
        "-_/.:,()[]+ and may end in '/*'.", NULL, NULL },

    [CREDHUB_E_PERM_ACTOR] = { 400, "missing_actor",
        "A permission needs an actor.", NULL, NULL },

    [CREDHUB_E_PERM_OPS] = { 400, "missing_operations",
        "A permission needs operations.", NULL, NULL },

    [CREDHUB_E_PERM_NO_ENTRIES] = { 400, "missing_permissions",
        "The request names no permissions.", NULL, NULL },

    [CREDHUB_E_PERM_OPERATION] = { 422, "unknown_operation",
        "An operation is not known. Valid operations are 'read', 'write', "
        "'delete', 'read_acl' and 'write_acl'.", NULL, NULL },

    [CREDHUB_E_PERM_SELF] = { 400, "own_permission",
        "Your own permissions cannot be modified by yourself.", NULL, NULL },

    [CREDHUB_E_PERM_MISMATCH] = { 400, "permission_mismatch",
        "The path and actor of a permission cannot be modified.",
        NULL, NULL },

    [CREDHUB_E_PERM_EXISTS] = { 409, "permission_exists",
        "A permission of this actor for this path exists already. Update it "
        "with a PUT request.", NULL, NULL },

    [CREDHUB_E_PERM_NONE] = { 404, "not_found",
        CREDHUB_TEXT_PERM_NONE, NULL, NULL },

    [CREDHUB_E_PERM_NONE_HIDDEN] = { 404, "forbidden",
        CREDHUB_TEXT_PERM_NONE, NULL, NULL },

    [CREDHUB_E_PERM_ACCESS] = { 404, "not_found",
        CREDHUB_TEXT_PERM_ACCESS, NULL, NULL },

    [CREDHUB_E_PERM_ACCESS_HIDDEN] = { 404, "forbidden",
        CREDHUB_TEXT_PERM_ACCESS, NULL, NULL },

    /* the body of a request */

    [CREDHUB_E_BAD_REQUEST] = { 400, "invalid_request",
        "The request could not be fulfilled because the request path or body "
        "did not meet expectation. Please check the documentation for "
        "required formatting and retry your request.", NULL, NULL },

    [CREDHUB_E_UNKNOWN_KEY] = { 422, "unknown_parameter",
        CREDHUB_TEXT_UNKNOWN_KEY, NULL, NULL },

    [CREDHUB_E_UNKNOWN_KEY_400] = { 400, "unknown_parameter",
        CREDHUB_TEXT_UNKNOWN_KEY, NULL, NULL },

    [CREDHUB_E_TYPE_SET] = { 422, "invalid_type",
        "The request has no valid type. A credential that is set has one of "
        "the types 'value', 'json', 'password', 'user', 'certificate', 'rsa' "
        "and 'ssh'.", NULL, NULL },

    [CREDHUB_E_TYPE_GENERATE] = { 400, "invalid_type",
        "The request has no valid type. A credential that is generated has "
        "one of the types 'password', 'user', 'certificate', 'rsa' and "
        "'ssh'.", NULL, NULL },

    [CREDHUB_E_NOT_GENERATABLE] = { 400, "not_generatable",
        "Credentials of the types 'value' and 'json' cannot be generated. "
        "Please set one instead.", NULL, NULL },

    [CREDHUB_E_NO_NAME] = { 400, "missing_name",
        "The request needs the name of a credential.", NULL, NULL },

    [CREDHUB_E_NAME_CHARS] = { 400, "invalid_name",
        "The name of a credential may contain letters, digits and the "
        "characters - _ / . : , ( ) [ ] + only.", NULL, NULL },

    [CREDHUB_E_NAME_SLASH] = { 400, "invalid_name",
        "The name of a credential may neither contain '//' nor end in '/'.",
        NULL, NULL },

    [CREDHUB_E_NAME_LONG] = { 400, "invalid_name",
        "The name of a credential may have at most %s characters.",
        NULL, "255" },

    [CREDHUB_E_METADATA_LONG] = { 400, "metadata_too_long",
        "The metadata of a credential may have at most 7000 bytes.",
        NULL, NULL },

    [CREDHUB_E_NO_VALUE] = { 400, "missing_value",
        "The request needs a value that is not empty.", NULL, NULL },

    [CREDHUB_E_NO_PASSWORD] = { 400, "missing_password",
        "The value needs a password that is not empty.", NULL, NULL },

    [CREDHUB_E_NO_KEY] = { 400, "missing_key",
        "The value needs a public key or a private key.", NULL, NULL },

    [CREDHUB_E_MODE_AND_OVERWRITE] = { 400, "contradicting_mode",
        "The parameters 'mode' and 'overwrite' contradict each other. Please "
        "send only one of them.", NULL, NULL },

    [CREDHUB_E_NO_CHARSET] = { 400, "no_characters",
        "All characters are excluded. Please allow at least one kind of "
        "characters.", NULL, NULL },

    [CREDHUB_E_KEY_LENGTH] = { 400, "invalid_key_length",
        "The key length is not supported. Please use 2048, 3072 or 4096; keys "
        "of another type than RSA have the length of their curve.",
        NULL, NULL },

    [CREDHUB_E_KEY_TYPE] = { 400, "invalid_key_type",
        "The key type is not supported. Please use 'rsa', 'ec' or 'ed25519'.",
        NULL, NULL },

    [CREDHUB_E_KEY_CURVE] = { 400, "invalid_key_curve",
        "The key curve is not supported. Keys of the type 'ec' have the curve "
        "'P-256' or 'P-384', other keys have none to choose.", NULL, NULL },

    /* certificates that are generated */

    [CREDHUB_E_NO_CERT_PARAMS] = { 400, "missing_parameters",
        "A certificate needs parameters to be generated.", NULL, NULL },

    [CREDHUB_E_NO_SUBJECT] = { 400, "missing_subject",
        "The certificate needs at least one of the parameters 'common_name', "
        "'organization', 'organization_unit', 'locality', 'state' and "
        "'country'.", NULL, NULL },

    [CREDHUB_E_NO_SIGNER] = { 400, "missing_signer",
        "The certificate needs a signer. Please name a certificate authority "
        "or set 'self_sign' to true.", NULL, NULL },

    [CREDHUB_E_CA_AND_SELF_SIGN] = { 400, "contradicting_signer",
        "A certificate cannot be signed both by a certificate authority and "
        "by itself. Please remove 'ca' or 'self_sign'.", NULL, NULL },

    [CREDHUB_E_ALT_NAME] = { 400, "invalid_alternative_name",
        "The alternative name '%s' is neither an IP address nor a host name.",
        NULL, NULL },

    [CREDHUB_E_ALT_NAMES_MANY] = { 400, "too_many_alternative_names",
        "The certificate has too many alternative names. At most 10000 are "
        "supported.", NULL, NULL },

    [CREDHUB_E_KEY_USAGE] = { 400, "invalid_key_usage",
        "The provided key usage '%s' is not supported. Valid values include "
        "'digital_signature', 'non_repudiation', 'key_encipherment', "
        "'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign', "
        "'encipher_only' and 'decipher_only'.", NULL, NULL },

    [CREDHUB_E_EXT_KEY_USAGE] = { 400, "invalid_extended_key_usage",
        "The provided extended key usage '%s' is not supported. Valid values "
        "include 'client_auth', 'server_auth', 'code_signing', "
        "'email_protection' and 'timestamping'.", NULL, NULL },

    [CREDHUB_E_DURATION] = { 400, "invalid_duration",
        "The duration of a certificate is a number of days between 1 and "
        "%s.", NULL, NULL },

    [CREDHUB_E_CERT_PARAM_LONG] = { 400, "parameter_too_long",
        "A parameter of the certificate is too long: the %s.",
        NULL, NULL },

    [CREDHUB_E_CA] = { 404, "not_found", CREDHUB_TEXT_CA, NULL, NULL },

    [CREDHUB_E_CA_HIDDEN] = { 404, "forbidden",
        CREDHUB_TEXT_CA, NULL, NULL },

    [CREDHUB_E_NOT_CA] = { 400, "not_a_ca",
        "The certificate that was named to sign is not a certificate "
        "authority.", NULL, NULL },

    [CREDHUB_E_CA_NO_KEY] = { 400, "ca_without_key",
        "The certificate authority has no private key to sign with.",
        NULL, NULL },

    [CREDHUB_E_CA_EXPIRED] = { 400, "ca_expired",
        "The certificate authority has expired and cannot sign any more. "
        "Please regenerate it first.", NULL, NULL },

    /* certificates that are set */

    [CREDHUB_E_NO_CERT_FIELDS] = { 400, "missing_certificate",
        "At least one certificate attribute must be set. Please validate your "
        "input and retry your request.", NULL, NULL },

    [CREDHUB_E_CA_AND_CA_NAME] = { 400, "contradicting_ca",
        "Only one of 'ca' and 'ca_name' can be given.", NULL, NULL },

    [CREDHUB_E_CERT_LONG] = { 400, "certificate_too_long",
        "The certificate and the certificate of its authority may have at "
        "most 7000 bytes each.", NULL, NULL },

    [CREDHUB_E_BAD_CERT] = { 400, "invalid_certificate",
        "The certificate is not an X.509 certificate in PEM format.",
        NULL, NULL },

    [CREDHUB_E_UNREADABLE_CERT] = { 400, "unreadable_certificate",
        "The certificate has a part that cannot be read.", NULL, NULL },

    [CREDHUB_E_NEED_CERT] = { 400, "missing_certificate",
        "The value needs a certificate; a private key or the certificate of "
        "an authority cannot stand alone.", NULL, NULL },

    [CREDHUB_E_BAD_CA] = { 400, "invalid_ca",
        "The value of 'ca' is not the certificate of a certificate authority "
        "in PEM format.", NULL, NULL },

    [CREDHUB_E_NOT_SIGNED_BY_CA] = { 400, "not_signed_by_ca",
        "The certificate was not signed by the given certificate authority.",
        NULL, NULL },

    [CREDHUB_E_NOT_SIGNED_BY_CA_NAME] = { 400, "not_signed_by_ca",
        "The certificate was not signed by the certificate authority that was "
        "named.", NULL, NULL },

    [CREDHUB_E_PRIVATE_KEY] = { 400, "invalid_private_key",
        CREDHUB_TEXT_PRIVATE_KEY
        "Key file does not contain an RSA private key", NULL, NULL },

    [CREDHUB_E_PRIVATE_KEY_FORMAT] = { 400, "invalid_private_key",
        CREDHUB_TEXT_PRIVATE_KEY
        "Key file is not in PKCS#1 or unencrypted PKCS#8 format", NULL, NULL },

    [CREDHUB_E_PRIVATE_KEY_PEM] = { 400, "invalid_private_key",
        CREDHUB_TEXT_PRIVATE_KEY
        "Keys must be PEM-encoded PKCS#1 or unencrypted PKCS#8 keys.",
        NULL, NULL },

    [CREDHUB_E_KEY_MISMATCH] = { 400, "key_mismatch",
        "The private key does not belong to the certificate.", NULL, NULL },

    /* the versions of a certificate */

    [CREDHUB_E_TOO_MANY_TRANSITIONAL] = { 400, "transitional_exists",
        "The certificate has a transitional version already; there can be "
        "only one.", NULL, NULL },

    [CREDHUB_E_MISMATCHED_VERSION] = { 400, "version_mismatch",
        "The version is not one of this certificate.", NULL, NULL },

    [CREDHUB_E_LAST_VERSION] = { 400, "last_version",
        "The last version of a certificate cannot be deleted.", NULL, NULL },

    [CREDHUB_E_NO_SIGNED_BY] = { 400, "missing_signed_by",
        "The request needs the name of a certificate authority in "
        "'signed_by'.", NULL, NULL },

    [CREDHUB_E_CHILDREN_MANY] = { 400, "too_many_certificates",
        "The certificate authority has signed more certificates than one "
        "request can regenerate.", NULL, NULL },

    /* the query and the form of a request */

    [CREDHUB_E_MISSING_QUERY] = { 400, "missing_query",
        "The request needs the query parameter '%s'.", NULL, NULL },

    [CREDHUB_E_BAD_QUERY] = { 400, "invalid_query",
        "The query parameter '%s' has a value that is not valid.",
        NULL, NULL },

    [CREDHUB_E_VERSIONS_AND_CURRENT] = { 400, "invalid_query",
        "The query parameters 'versions' and 'current' cannot be combined.",
        NULL, NULL },

    [CREDHUB_E_CONTENT_TYPE] = { 400, "unsupported_media_type",
        "The content type of the request is not supported. Please send "
        "application/json.", NULL, NULL },

    [CREDHUB_E_TOO_LARGE] = { 413, "payload_too_large",
        "The value is too large to be stored.", NULL, NULL },

    [CREDHUB_E_NOT_FOUND] = { 404, "unknown_url",
        "There is nothing at this URL.", NULL, NULL },

    [CREDHUB_E_METHOD] = { 405, "method_not_allowed",
        "This URL does not support the method of the request.", NULL, NULL },

    /* who is asking */

    [CREDHUB_E_REMOTE_ADDRESS] = { 401, "remote_address",
        "This URL can be used from the server itself only.", NULL, NULL },

    [CREDHUB_E_MTLS_ID] = { 401, "certificate_without_identity",
        "The client certificate has no organizational unit of the form "
        "app:<version 4 UUID in lower case>.", NULL, NULL },

    [CREDHUB_E_MTLS_EKU] = { 401, "certificate_without_client_auth",
        "The client certificate is not issued for client authentication.",
        NULL, NULL },

    [CREDHUB_E_UNAUTHENTICATED] = { 401, "unauthenticated", "invalid_token",
        "Full authentication is required to access this resource", NULL },

    [CREDHUB_E_INVALID_CLIENT_CERTIFICATE] = { 400,
        "invalid_client_certificate", "invalid_client_certificate", "%s",
        "The client certificate could not be verified." },

    [CREDHUB_E_TOKEN] = { 401, "invalid_token",
        "invalid_token", "%s", CREDHUB_TEXT_TOKEN },

    [CREDHUB_E_TOKEN_KEY] = { 401, "invalid_token",
        "invalid_token", "%s", CREDHUB_TEXT_TOKEN },

    [CREDHUB_E_TOKEN_EXPIRED] = { 401, "access_token_expired",
        "access_token_expired", "Access token expired", NULL },

    [CREDHUB_E_SCOPE] = { 403, "insufficient_scope", "insufficient_scope",
        "The token does not have the scope %s.", "that is needed" },

    [CREDHUB_E_MISDIRECTED] = { 421, "misdirected_request",
        "The client certificate was presented to another server. Please open "
        "a new connection.", NULL, NULL },

    [CREDHUB_E_TOO_EARLY] = { 425, "too_early",
        "The request came before the TLS handshake was complete. Please send "
        "it again.", NULL, NULL },

    /* the state of the server */

    [CREDHUB_E_READ_ONLY] = { 503, "read_only",
        "The server is in read-only mode; nothing can be changed at the "
        "moment.", NULL, NULL },

    [CREDHUB_E_UNAVAILABLE] = { 503, "unavailable",
        "The store does not answer at the moment. Please retry your request "
        "later.", NULL, NULL },

    [CREDHUB_E_NO_TOKEN_KEYS] = { 503, "no_token_keys",
        "The keys of the tokens are not available at the moment. Please retry "
        "your request later.", NULL, NULL },

    [CREDHUB_E_BUSY] = { 503, "busy",
        "The server has too much to do at the moment. Please retry your "
        "request later.", NULL, NULL },
};

/* clang-format on */
