
/* Errors: statuses, texts that clients compare, what becomes of a detail. */

#include "unit.h"
#include "credhub_error.h"
#include "credhub_error_style.h"
#include "credhub_json.h"


static credhub_str_t
body_at(const char *target, credhub_error_e kind, credhub_str_t detail)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_error_body(&buf, unit_str(target), kind, detail);
    assert_int_equal(buf.failed, 0);

    return credhub_buf_str(&buf);
}


static credhub_str_t
body_of(credhub_error_e kind, credhub_str_t detail)
{
    return body_at("/api/v1/data", kind, detail);
}


static const struct {
    credhub_error_e kind;
    int             status;
} statuses[] = {
    { CREDHUB_OK, 200 },
    { CREDHUB_E_INTERNAL, 500 },
    { CREDHUB_E_CRED, 404 },
    { CREDHUB_E_CRED_HIDDEN, 404 },
    { CREDHUB_E_CRED_DENIED, 403 },
    { CREDHUB_E_BAD_REQUEST, 400 },
    { CREDHUB_E_UNKNOWN_KEY, 422 },
    { CREDHUB_E_UNKNOWN_KEY_400, 400 },
    { CREDHUB_E_TYPE_SET, 422 },
    { CREDHUB_E_TYPE_GENERATE, 400 },
    { CREDHUB_E_TYPE_REGENERATE, 400 },
    { CREDHUB_E_NOT_GENERATABLE, 400 },
    { CREDHUB_E_TYPE_MISMATCH, 400 },
    { CREDHUB_E_NO_NAME, 400 },
    { CREDHUB_E_NAME_CHARS, 400 },
    { CREDHUB_E_NAME_SLASH, 400 },
    { CREDHUB_E_NAME_LONG, 400 },
    { CREDHUB_E_METADATA_LONG, 400 },
    { CREDHUB_E_NO_VALUE, 400 },
    { CREDHUB_E_NO_PASSWORD, 400 },
    { CREDHUB_E_NO_KEY, 400 },
    { CREDHUB_E_MODE_AND_OVERWRITE, 400 },
    { CREDHUB_E_NO_CHARSET, 400 },
    { CREDHUB_E_KEY_LENGTH, 400 },
    { CREDHUB_E_KEY_TYPE, 400 },
    { CREDHUB_E_KEY_CURVE, 400 },
    { CREDHUB_E_NO_CERT_PARAMS, 400 },
    { CREDHUB_E_NO_SUBJECT, 400 },
    { CREDHUB_E_NO_SIGNER, 400 },
    { CREDHUB_E_CA_AND_SELF_SIGN, 400 },
    { CREDHUB_E_ALT_NAME, 400 },
    { CREDHUB_E_ALT_NAMES_MANY, 400 },
    { CREDHUB_E_KEY_USAGE, 400 },
    { CREDHUB_E_EXT_KEY_USAGE, 400 },
    { CREDHUB_E_DURATION, 400 },
    { CREDHUB_E_CERT_PARAM_LONG, 400 },
    { CREDHUB_E_CA, 404 },
    { CREDHUB_E_CA_HIDDEN, 404 },
    { CREDHUB_E_NOT_CA, 400 },
    { CREDHUB_E_CA_NO_KEY, 400 },
    { CREDHUB_E_CA_EXPIRED, 400 },
    { CREDHUB_E_NO_CERT_FIELDS, 400 },
    { CREDHUB_E_CA_AND_CA_NAME, 400 },
    { CREDHUB_E_CERT_LONG, 400 },
    { CREDHUB_E_BAD_CERT, 400 },
    { CREDHUB_E_UNREADABLE_CERT, 400 },
    { CREDHUB_E_NEED_CERT, 400 },
    { CREDHUB_E_BAD_CA, 400 },
    { CREDHUB_E_NOT_SIGNED_BY_CA, 400 },
    { CREDHUB_E_NOT_SIGNED_BY_CA_NAME, 400 },
    { CREDHUB_E_PRIVATE_KEY, 400 },
    { CREDHUB_E_PRIVATE_KEY_FORMAT, 400 },
    { CREDHUB_E_PRIVATE_KEY_PEM, 400 },
    { CREDHUB_E_KEY_MISMATCH, 400 },
    { CREDHUB_E_TOO_MANY_TRANSITIONAL, 400 },
    { CREDHUB_E_MISMATCHED_VERSION, 400 },
    { CREDHUB_E_LAST_VERSION, 400 },
    { CREDHUB_E_NO_SIGNED_BY, 400 },
    { CREDHUB_E_NOT_REGENERABLE_CERT, 400 },
    { CREDHUB_E_CHILDREN_MANY, 400 },
    { CREDHUB_E_NOT_REGENERABLE_PASSWORD, 400 },
    { CREDHUB_E_NOT_REGENERABLE_USER, 400 },
    { CREDHUB_E_INTERPOLATE_TYPE, 400 },
    { CREDHUB_E_MISSING_QUERY, 400 },
    { CREDHUB_E_BAD_QUERY, 400 },
    { CREDHUB_E_VERSIONS_AND_CURRENT, 400 },
    { CREDHUB_E_CONTENT_TYPE, 400 },
    { CREDHUB_E_PERM_PATH, 400 },
    { CREDHUB_E_PERM_SLASH, 400 },
    { CREDHUB_E_PERM_CHARS, 400 },
    { CREDHUB_E_PERM_ACTOR, 400 },
    { CREDHUB_E_PERM_OPS, 400 },
    { CREDHUB_E_PERM_NO_ENTRIES, 400 },
    { CREDHUB_E_PERM_OPERATION, 422 },
    { CREDHUB_E_PERM_SELF, 400 },
    { CREDHUB_E_PERM_MISMATCH, 400 },
    { CREDHUB_E_PERM_EXISTS, 409 },
    { CREDHUB_E_PERM_NONE, 404 },
    { CREDHUB_E_PERM_NONE_HIDDEN, 404 },
    { CREDHUB_E_PERM_ACCESS, 404 },
    { CREDHUB_E_PERM_ACCESS_HIDDEN, 404 },
    { CREDHUB_E_TOO_LARGE, 413 },
    { CREDHUB_E_KEY_MISSING, 500 },
    { CREDHUB_E_READ_ONLY, 503 },
    { CREDHUB_E_REMOTE_ADDRESS, 401 },
    { CREDHUB_E_MTLS_ID, 401 },
    { CREDHUB_E_MTLS_EKU, 401 },
    { CREDHUB_E_UNAUTHENTICATED, 401 },
    { CREDHUB_E_INVALID_CLIENT_CERTIFICATE, 400 },
    { CREDHUB_E_TOKEN, 401 },
    { CREDHUB_E_TOKEN_KEY, 401 },
    { CREDHUB_E_TOKEN_EXPIRED, 401 },
    { CREDHUB_E_SCOPE, 403 },
    { CREDHUB_E_MISDIRECTED, 421 },
    { CREDHUB_E_TOO_EARLY, 425 },
    { CREDHUB_E_NOT_FOUND, 404 },
    { CREDHUB_E_METHOD, 405 },
    { CREDHUB_E_UNAVAILABLE, 503 },
    { CREDHUB_E_NO_TOKEN_KEYS, 503 },
    { CREDHUB_E_BUSY, 503 },
    { CREDHUB_E_FORBIDDEN, 403 },
    { CREDHUB_E_NOT_ACCEPTABLE, 406 },
    { CREDHUB_E_MEDIA_TYPE, 415 },
    { CREDHUB_E_INPUT, 400 },
    { CREDHUB_E_FIELD_REQUIRED, 400 },
    { CREDHUB_E_FIELD_INVALID, 400 },
    { CREDHUB_E_CONFIG, 400 },
    { CREDHUB_E_LIMIT, 400 },
    { CREDHUB_E_CURSOR, 400 },
    { CREDHUB_E_APPROVAL_CERTIFICATE, 400 },
    { CREDHUB_E_APPROVAL_HASH, 400 },
    { CREDHUB_E_NOT_FOUND_CONNECTOR, 404 },
    { CREDHUB_E_NOT_FOUND_DESTINATION, 404 },
    { CREDHUB_E_NOT_FOUND_GROUP, 404 },
    { CREDHUB_E_NOT_FOUND_USER, 404 },
    { CREDHUB_E_NOT_FOUND_LINK, 404 },
    { CREDHUB_E_NOT_FOUND_MANAGER, 404 },
    { CREDHUB_E_NOT_FOUND_CERTIFICATE, 404 },
    { CREDHUB_E_NOT_FOUND_FINGERPRINT, 404 },
    { CREDHUB_E_NOT_FOUND_PARENT, 404 },
    { CREDHUB_E_CONFLICT, 409 },
    { CREDHUB_E_ILLEGAL_STATE, 409 },
    { CREDHUB_E_LEASED, 409 },
    { CREDHUB_E_MANAGER_CONFIG, 400 },
    { CREDHUB_E_MANAGER_INPUT, 400 },
    { CREDHUB_E_SSH_KEY, 400 },
    { CREDHUB_E_SSH_DN, 400 },
    { CREDHUB_E_SSH_FIELD, 400 },
    { CREDHUB_E_SSH_FIELD_MISSING, 400 },
    { CREDHUB_E_SSH_POLICY, 400 },
    { CREDHUB_E_SSH_REUSE, 400 },
    { CREDHUB_E_SSH_EXISTS, 400 },
    { CREDHUB_E_SSH_RIGHTS, 403 },
    { CREDHUB_E_SSH_STATE, 400 },
    { CREDHUB_E_SSH_COMMENT, 400 },
    { CREDHUB_E_SSH_IN_USE, 400 },
    { CREDHUB_E_SSH_CERTIFICATE, 404 },
    { CREDHUB_E_SSH_TEMPLATE, 404 },
    { CREDHUB_E_SSH_CA, 404 },
    { CREDHUB_E_SSH_GRANT, 400 },
    { CREDHUB_E_SSH_SCOPE, 400 },
};


static void
test_statuses(void **state)
{
    size_t i;

    assert_int_equal(sizeof(statuses) / sizeof(statuses[0]), CREDHUB_E_LAST);

    for (i = 0; i < CREDHUB_E_LAST; i++) {
        assert_int_equal(statuses[i].kind, i);
        assert_int_equal(
            credhub_error_status(statuses[i].kind), statuses[i].status);
    }

    assert_int_equal(credhub_error_status(CREDHUB_E_LAST), 500);
    assert_int_equal(credhub_error_status((credhub_error_e) -1), 500);
    assert_true(credhub_str_eq(body_of(CREDHUB_E_LAST, credhub_null_str),
        body_of(CREDHUB_E_INTERNAL, credhub_null_str)));
}


/* Is the detail all of the text, if there is one? */

static int
is_detail(credhub_error_e kind)
{
    return kind == CREDHUB_E_INPUT || kind == CREDHUB_E_MANAGER_INPUT
           || kind == CREDHUB_E_CONFLICT || kind == CREDHUB_E_ILLEGAL_STATE
           || kind == CREDHUB_E_TOKEN || kind == CREDHUB_E_TOKEN_KEY
           || kind == CREDHUB_E_SSH_KEY || kind == CREDHUB_E_SSH_POLICY
           || kind == CREDHUB_E_SSH_IN_USE;
}


/* Whatever the kind and the detail, a client gets an object with a text. */

static void
test_every_body_is_json(void **state)
{
    int           kind, worded;
    size_t        i, j, shortest;
    const char   *member;
    credhub_str_t body, value, text;

    static const char *details[] = { "", "key", "\"\\\n", "%s%n", "\xff" };
    static const char *targets[][2] = { { "/api/v1/data", "error" },
        { "/v1/x", "message" }, { "/vedsdk/x", "Response" },
        { "/vedauth/x", "error_description" } };

    for (kind = 1; kind < CREDHUB_E_LAST; kind++) {
        body = body_of(kind, credhub_null_str);
        worded = credhub_json_get(body, "error_description", &text);

        for (i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
            for (j = 0; j < sizeof(targets) / sizeof(targets[0]); j++) {
                if (kind == CREDHUB_E_INVALID_CLIENT_CERTIFICATE && j != 0) {
                    continue;
                }

                shortest = (is_detail(kind) && i != 0) ? 1 : 10;
                body = body_at(targets[j][0], kind, unit_str(details[i]));
                member = (worded && j == 2) ? "error" : targets[j][1];

                assert_int_equal(
                    credhub_json_check(unit_arena, body, &value), CREDHUB_OK);
                assert_int_equal(value.len, body.len);
                assert_true(credhub_json_get(value, member, &text));
                assert_true(credhub_json_decoded_size(text) >= shortest);
            }
        }
    }
}


/* What the trust API says, to the letter. */

static void
test_envelopes(void **state)
{
    size_t i;

    static const struct {
        credhub_error_e kind;
        const char     *detail;
        const char     *code;
        const char     *message;
    } said[] = {
        { CREDHUB_E_UNAUTHENTICATED, "", "AuthFailed",
            "Full authentication is required to access this resource" },
        { CREDHUB_E_TOKEN, "Its signature is wrong.", "AuthFailed",
            "Its signature is wrong." },
        { CREDHUB_E_SCOPE, "credhub.write", "Forbidden",
            "The token does not have the scope credhub.write." },
        { CREDHUB_E_FORBIDDEN, "", "Forbidden",
            "You do not have the right to do this." },
        { CREDHUB_E_NOT_FOUND, "", "NotFound",
            "There is nothing at this URL." },
        { CREDHUB_E_METHOD, "", "MethodNotAllowed",
            "This URL does not support the method of the request." },
        { CREDHUB_E_NOT_ACCEPTABLE, "", "NotAcceptable",
            "The answer is application/json, which the request does not "
            "accept." },
        { CREDHUB_E_MEDIA_TYPE, "", "UnsupportedMediaType",
            "The content type of the request is not supported. Please send "
            "application/json." },
        { CREDHUB_E_TOO_LARGE, "", "PayloadTooLarge",
            "The value is too large to be stored." },
        { CREDHUB_E_TOO_EARLY, "", "TooEarly",
            "The request came before the TLS handshake was complete. Please "
            "send it again." },
        { CREDHUB_E_INTERNAL, "", "InternalError",
            "The server could not complete the request because of an internal "
            "error." },
        { CREDHUB_E_READ_ONLY, "", "ServiceUnavailable",
            "The server is in read-only mode; nothing can be changed at the "
            "moment." },
        { CREDHUB_E_INPUT, "Unsupported service 'x'", "InvalidInput",
            "Unsupported service 'x'" },
        { CREDHUB_E_INPUT, "", "InvalidInput",
            "The request could not be understood." },
        { CREDHUB_E_FIELD_REQUIRED, "group_id", "InvalidInput",
            "Field 'group_id' is required" },
        { CREDHUB_E_FIELD_INVALID, "paused", "InvalidInput",
            "Field 'paused' is invalid" },
        { CREDHUB_E_CONFIG, "", "InvalidInput", "Invalid 'config' object" },
        { CREDHUB_E_LIMIT, "", "InvalidInput",
            "Parameter 'limit' must be a number from 1 to 1000" },
        { CREDHUB_E_CURSOR, "", "InvalidInput",
            "Parameter 'cursor' is not one of this list" },
        { CREDHUB_E_APPROVAL_CERTIFICATE, "", "InvalidInput",
            "Field 'encoded_cert' must be one certificate: DER in base64" },
        { CREDHUB_E_APPROVAL_HASH, "", "InvalidInput",
            "Field 'hash' must be the SHA-256 of the certificate in base64" },
        { CREDHUB_E_NOT_FOUND_CONNECTOR, "abc", "NotFound_Connector",
            "Connector with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_CONNECTOR, "a'b$[c", "NotFound_Connector",
            "Connector with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_DESTINATION, "abc", "NotFound_Destination",
            "Destination with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_GROUP, "abc", "NotFound_Group",
            "Group with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_USER, "abc", "NotFound_User",
            "User with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_LINK, "abc", "NotFound_PrivateLink",
            "Private link with id 'abc' does not exist." },
        { CREDHUB_E_NOT_FOUND_MANAGER, "lucky_tiger", "NotFound",
            "External Secrets Manager with 'lucky_tiger' id is not found." },
        { CREDHUB_E_NOT_FOUND_CERTIFICATE,
            "r+u4//L4MG==", "NotFound_Certificate",
            "Certificate with hash 'r+u4//L4MG==' does not exist." },
        { CREDHUB_E_NOT_FOUND_FINGERPRINT, "h", "NotFound_Fingerprint",
            "Fingerprint with hash 'h' does not exist." },
        { CREDHUB_E_NOT_FOUND_PARENT, "g1", "NotFound",
            "Destination with id g1 not found" },
        { CREDHUB_E_CONFLICT, "The private link 'a' is used by 'b'", "Conflict",
            "The private link 'a' is used by 'b'" },
        { CREDHUB_E_CONFLICT, "", "Conflict",
            "The request conflicts with what is there." },
        { CREDHUB_E_ILLEGAL_STATE, "It is being created", "IllegalState",
            "It is being created" },
        { CREDHUB_E_ILLEGAL_STATE, "", "IllegalState",
            "This cannot be done in the present state." },
        { CREDHUB_E_LEASED, "", "Conflict",
            "Somebody else works on this, or has done so since." },
        { CREDHUB_E_MANAGER_CONFIG, "", "BadRequest",
            "ESM config is required." },
        { CREDHUB_E_MANAGER_INPUT, "Failed to delete 'it' id", "BadRequest",
            "Failed to delete 'it' id" },
        { CREDHUB_E_MANAGER_INPUT, "", "BadRequest",
            "The request could not be understood." },
    };

    for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        credhub_buf_t want;

        credhub_buf_init(&want, unit_arena, 0);
        credhub_buf_printf(&want, "{\"code\":\"%s\",\"message\":\"%s\"}",
            said[i].code, said[i].message);
        credhub_buf_lit(&want, "\0");

        unit_assert_str(
            body_at("/v1/x", said[i].kind, unit_str(said[i].detail)),
            (char *) want.data);
    }
}


/* One kind in the style of each API. */

static void
test_styles(void **state)
{
    size_t i;

    static const struct {
        const char     *target;
        credhub_error_e kind;
        const char     *body;
    } styles[] = {
        { "/v1", CREDHUB_E_NOT_FOUND,
            "{\"code\":\"NotFound\",\"message\":\"There is nothing at this "
            "URL.\"}" },
        { "/v1?a=b", CREDHUB_E_NOT_FOUND,
            "{\"code\":\"NotFound\",\"message\":\"There is nothing at this "
            "URL.\"}" },
        { "/v10", CREDHUB_E_NOT_FOUND,
            "{\"error\":\"There is nothing at this URL.\"}" },
        { "", CREDHUB_E_NOT_FOUND,
            "{\"error\":\"There is nothing at this URL.\"}" },
        { "/vedsdk/SSHCertificates/", CREDHUB_E_NOT_FOUND,
            "{\"Response\":{\"ErrorCode\":404,\"ErrorMessage\":\"There is "
            "nothing at this URL.\",\"Success\":false}}" },
        { "/vedauth/authorize", CREDHUB_E_NOT_FOUND,
            "{\"error\":\"not_found\",\"error_description\":\"There is "
            "nothing at this URL.\"}" },
        { "/api/v1/data", CREDHUB_E_TOKEN_EXPIRED,
            "{\"error\":\"access_token_expired\",\"error_description\":"
            "\"Access token expired\"}" },
        { "/vedauth/x", CREDHUB_E_TOKEN_EXPIRED,
            "{\"error\":\"access_token_expired\",\"error_description\":"
            "\"Access token expired\"}" },
        { "/vedsdk/x", CREDHUB_E_TOKEN_EXPIRED,
            "{\"error\":\"access_token_expired\",\"error_description\":"
            "\"Access token expired\"}" },
        { "/vedsdk/x", CREDHUB_E_SSH_REUSE,
            "{\"Response\":{\"ErrorCode\":41,\"ErrorMessage\":\"Unique "
            "public key data must be used. Requested public key hash: \","
            "\"Success\":false}}" },
        { "/v1/x", CREDHUB_E_TOKEN_EXPIRED,
            "{\"code\":\"AuthFailed\",\"message\":\"Access token "
            "expired\"}" },
        { "/v1/x", CREDHUB_E_INVALID_CLIENT_CERTIFICATE,
            "{\"error\":\"invalid_client_certificate\","
            "\"error_description\":\"The client certificate could not be "
            "verified.\"}" },
        { "/vedsdk/x", CREDHUB_E_INVALID_CLIENT_CERTIFICATE,
            "{\"error\":\"invalid_client_certificate\","
            "\"error_description\":\"The client certificate could not be "
            "verified.\"}" },
    };

    for (i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        unit_assert_str(
            body_at(styles[i].target, styles[i].kind, credhub_null_str),
            styles[i].body);
    }
}


/* The code of every status that a kind or nginx itself comes with. */

static void
test_codes(void **state)
{
    size_t        i;
    credhub_buf_t buf;
    credhub_str_t body, value, code;

    static const struct {
        unsigned    status;
        const char *code;
    } codes[] = { { 400, "InvalidInput" }, { 401, "AuthFailed" },
        { 403, "Forbidden" }, { 404, "NotFound" }, { 405, "MethodNotAllowed" },
        { 406, "NotAcceptable" }, { 408, "RequestTimeout" },
        { 409, "Conflict" }, { 411, "LengthRequired" },
        { 412, "PreconditionFailed" }, { 413, "PayloadTooLarge" },
        { 414, "UriTooLong" }, { 415, "UnsupportedMediaType" },
        { 416, "RangeNotSatisfiable" }, { 421, "MisdirectedRequest" },
        { 422, "UnprocessableEntity" }, { 425, "TooEarly" },
        { 429, "TooManyRequests" }, { 431, "HeaderTooLarge" },
        { 500, "InternalError" }, { 501, "NotImplemented" },
        { 502, "BadGateway" }, { 503, "ServiceUnavailable" },
        { 504, "GatewayTimeout" }, { 505, "HttpVersionNotSupported" },
        { 507, "InsufficientStorage" }, { 599, "Error" } };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_error_style_status(&buf, credhub_str("/v1"), codes[i].status);
        assert_int_equal(buf.failed, 0);

        body = credhub_buf_str(&buf);
        assert_int_equal(
            credhub_json_check(unit_arena, body, &value), CREDHUB_OK);
        assert_int_equal(
            credhub_json_get_string(unit_arena, value, "code", &code), 1);
        unit_assert_str(code, codes[i].code);
    }
}


/* One word each, which only CREDHUB_OK has not. */

static void
test_names(void **state)
{
    int         kind;
    const char *name;

    assert_string_equal(credhub_error_name(CREDHUB_OK), "");
    assert_string_equal(credhub_error_name(CREDHUB_E_CRED), "not_found");
    assert_string_equal(credhub_error_name(CREDHUB_E_LAST), "internal_error");

    for (kind = 1; kind < CREDHUB_E_LAST; kind++) {
        name = credhub_error_name(kind);

        assert_true(strlen(name) > 3);
        assert_int_equal(
            strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
    }
}


/* Logs tell a missing right from something that is missing, clients cannot. */

static void
test_hidden(void **state)
{
    size_t i;

    static const credhub_error_e pairs[][2] = {
        { CREDHUB_E_CRED, CREDHUB_E_CRED_HIDDEN },
        { CREDHUB_E_CA, CREDHUB_E_CA_HIDDEN },
        { CREDHUB_E_PERM_NONE, CREDHUB_E_PERM_NONE_HIDDEN },
        { CREDHUB_E_PERM_ACCESS, CREDHUB_E_PERM_ACCESS_HIDDEN },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(credhub_error_status(pairs[i][0]),
            credhub_error_status(pairs[i][1]));
        assert_true(credhub_str_eq(body_of(pairs[i][0], credhub_null_str),
            body_of(pairs[i][1], credhub_null_str)));

        assert_string_equal(credhub_error_name(pairs[i][0]), "not_found");
        assert_string_equal(credhub_error_name(pairs[i][1]), "forbidden");
    }

    assert_string_equal(credhub_error_name(CREDHUB_E_CRED_DENIED), "forbidden");
}


/* For errors that come as a bare status. */

static void
test_status_names(void **state)
{
    assert_string_equal(credhub_error_style_name(413), "payload_too_large");
    assert_string_equal(credhub_error_style_name(499), "client_closed_request");
    assert_string_equal(credhub_error_style_name(599), "server_error");
}


static void
test_compared_texts(void **state)
{
    size_t i;

    static const struct {
        credhub_error_e kind;
        const char     *body;
    } texts[] = {
        { CREDHUB_E_CRED,
            "{\"error\":\"The request could not be completed because the "
            "credential does not exist or you do not have sufficient "
            "authorization.\"}" },
        { CREDHUB_E_CRED_DENIED,
            "{\"error\":\"The request could not be completed because the "
            "credential does not exist or you do not have sufficient "
            "authorization.\"}" },
        { CREDHUB_E_TYPE_MISMATCH, "{\"error\":\"The credential type cannot be "
                                   "modified. Please delete "
                                   "the credential if you wish to create it "
                                   "with a different type.\"}" },
        { CREDHUB_E_BAD_REQUEST,
            "{\"error\":\"The request could not be fulfilled because the "
            "request "
            "path or body did not meet expectation. Please check the "
            "documentation for required formatting and retry your "
            "request.\"}" },
        { CREDHUB_E_NO_CERT_FIELDS,
            "{\"error\":\"At least one certificate attribute must be set. "
            "Please validate your input and retry your request.\"}" },
        { CREDHUB_E_PRIVATE_KEY,
            "{\"error\":\"Private key is malformed. Key file does not contain "
            "an RSA private key\"}" },
        { CREDHUB_E_PRIVATE_KEY_FORMAT,
            "{\"error\":\"Private key is malformed. Key file is not in PKCS#1 "
            "or unencrypted PKCS#8 format\"}" },
        { CREDHUB_E_PRIVATE_KEY_PEM,
            "{\"error\":\"Private key is malformed. Keys must be PEM-encoded "
            "PKCS#1 or unencrypted PKCS#8 keys.\"}" },
        { CREDHUB_E_UNAUTHENTICATED,
            "{\"error\":\"invalid_token\",\"error_description\":\"Full "
            "authentication is required to access this resource\"}" },
        { CREDHUB_E_TOKEN_EXPIRED,
            "{\"error\":\"access_token_expired\",\"error_description\":"
            "\"Access token expired\"}" },
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        unit_assert_str(
            body_of(texts[i].kind, credhub_null_str), texts[i].body);
        unit_assert_str(
            body_of(texts[i].kind, unit_str("detail")), texts[i].body);
    }
}


static int
has(credhub_str_t body, const char *part)
{
    return memmem(body.data, body.len, part, strlen(part)) != NULL;
}


static void
test_details_are_shown(void **state)
{
    size_t i;

    static const credhub_error_e with[] = {
        CREDHUB_E_UNKNOWN_KEY,
        CREDHUB_E_UNKNOWN_KEY_400,
        CREDHUB_E_NAME_LONG,
        CREDHUB_E_MISSING_QUERY,
        CREDHUB_E_INTERPOLATE_TYPE,
        CREDHUB_E_BAD_QUERY,
        CREDHUB_E_INVALID_CLIENT_CERTIFICATE,
        CREDHUB_E_TOKEN,
        CREDHUB_E_TOKEN_KEY,
        CREDHUB_E_SCOPE,
        CREDHUB_E_ALT_NAME,
        CREDHUB_E_KEY_USAGE,
        CREDHUB_E_EXT_KEY_USAGE,
        CREDHUB_E_CERT_PARAM_LONG,
    };

    for (i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        assert_true(has(body_of(with[i], unit_str("de/tail-4")), "de/tail-4"));
        assert_false(has(body_of(with[i], unit_str("de/tail-4")), "%s"));
        assert_false(has(body_of(with[i], credhub_null_str), "%s"));
    }

    unit_assert_str(body_of(CREDHUB_E_KEY_USAGE, unit_str("key_sign")),
        "{\"error\":\"The provided key usage 'key_sign' is not supported. "
        "Valid values include 'digital_signature', 'non_repudiation', "
        "'key_encipherment', 'data_encipherment', 'key_agreement', "
        "'key_cert_sign', 'crl_sign', 'encipher_only' and "
        "'decipher_only'.\"}");
    unit_assert_str(body_of(CREDHUB_E_EXT_KEY_USAGE, unit_str("client")),
        "{\"error\":\"The provided extended key usage 'client' is not "
        "supported. Valid values include 'client_auth', 'server_auth', "
        "'code_signing', 'email_protection' and 'timestamping'.\"}");

    unit_assert_str(body_of(CREDHUB_E_INVALID_CLIENT_CERTIFICATE,
                        unit_str("certificate has expired")),
        "{\"error\":\"invalid_client_certificate\","
        "\"error_description\":\"certificate has expired\"}");
    unit_assert_str(
        body_of(CREDHUB_E_INVALID_CLIENT_CERTIFICATE, credhub_null_str),
        "{\"error\":\"invalid_client_certificate\","
        "\"error_description\":\"The client certificate could not "
        "be verified.\"}");

    unit_assert_str(body_of(CREDHUB_E_TOKEN, unit_str("The token is cut.")),
        "{\"error\":\"invalid_token\","
        "\"error_description\":\"The token is cut.\"}");
    unit_assert_str(body_of(CREDHUB_E_TOKEN_KEY, credhub_null_str),
        "{\"error\":\"invalid_token\","
        "\"error_description\":\"The token is not valid.\"}");
    unit_assert_str(body_of(CREDHUB_E_SCOPE, unit_str("credhub.read")),
        "{\"error\":\"insufficient_scope\",\"error_description\":"
        "\"The token does not have the scope credhub.read.\"}");
}


static credhub_str_t
challenge_of(credhub_error_e kind, credhub_str_t detail)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 16);
    credhub_error_challenge(&buf, kind, detail);
    assert_false(buf.failed);

    return credhub_buf_str(&buf);
}


static void
test_challenges(void **state)
{
    size_t i;

    static const struct {
        credhub_error_e kind;
        const char     *detail;
        const char     *value;
    } rows[] = {
        { CREDHUB_E_UNAUTHENTICATED, "", "Bearer" },
        { CREDHUB_E_MTLS_ID, "", "Bearer" },
        { CREDHUB_E_REMOTE_ADDRESS, "", "Bearer" },
        { CREDHUB_E_TOKEN_EXPIRED, "x",
            "Bearer error=\"access_token_expired\", "
            "error_description=\"Access token expired\"" },
        { CREDHUB_E_TOKEN, "It is \"cut\".",
            "Bearer error=\"invalid_token\", "
            "error_description=\"It is \\\"cut\\\".\", "
            "error_uri=\"https://tools.ietf.org/html/rfc6750#section-3.1\"" },
        { CREDHUB_E_TOKEN_KEY, "",
            "Bearer error=\"invalid_token\", "
            "error_description=\"The token is not valid.\", "
            "error_uri=\"https://tools.ietf.org/html/rfc6750#section-3.1\"" },
        { CREDHUB_E_SCOPE, "credhub.read",
            "Bearer error=\"insufficient_scope\", "
            "error_description=\"The token does not have the scope "
            "credhub.read.\", "
            "error_uri=\"https://tools.ietf.org/html/rfc6750#section-3.1\"" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_str(challenge_of(rows[i].kind, unit_str(rows[i].detail)),
            rows[i].value);
    }
}


/* The detail as it comes out: the description of a kind that shows it alone. */

static credhub_str_t
cleaned(const char *detail, size_t len)
{
    credhub_str_t exact, body, text;

    exact = unit_exact(detail, len);
    body = body_of(CREDHUB_E_INVALID_CLIENT_CERTIFICATE, exact);
    free(exact.data);

    assert_true(credhub_json_get(body, "error_description", &text));

    return text;
}


static void
test_details_are_cleaned(void **state)
{
    size_t i;

    static const char *pairs[][2] = {
        { "a'b''c", "\"abc\"" },
        { "a[b]c", "\"a[bc\"" },
        { "a][b", "\"ab\"" },
        { "a$[b]", "\"ab\"" },
        { "$'[x", "\"x\"" },
        { "$][x", "\"$x\"" },
        { "$$[[x", "\"x\"" },
        { "$a[", "\"$a[\"" },
        { "a\"\\b", "\"a\\\"\\\\b\"" },
        { "a\n\x01\x7f", "\"a\\n\\u0001\x7f\"" },
        { "%s%d", "\"%s%d\"" },
        { "\xc3\xa4\xff", "\"\xc3\xa4\xef\xbf\xbd\"" },
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        unit_assert_str(cleaned(pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    }

    unit_assert_str(cleaned("a\0b", 3), "\"a\\u0000b\"");
}


static void
test_details_are_cut(void **state)
{
    size_t before;
    char   text[400];

    memset(text, 'x', sizeof(text));
    assert_int_equal(cleaned(text, 400).len, CREDHUB_DETAIL_MAX + 2);
    assert_int_equal(
        cleaned(text, CREDHUB_DETAIL_MAX).len, CREDHUB_DETAIL_MAX + 2);
    assert_int_equal(
        cleaned(text, CREDHUB_DETAIL_MAX - 1).len, CREDHUB_DETAIL_MAX + 1);

    for (before = 0; before < 4; before++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + CREDHUB_DETAIL_MAX - before, "\xf0\x9f\x98\x80", 4);

        assert_int_equal(
            cleaned(text, 400).len, CREDHUB_DETAIL_MAX - before + 2);
    }

    memset(text, 'x', sizeof(text));
    memcpy(text + CREDHUB_DETAIL_MAX - 4, "\xf0\x9f\x98\x80", 4);
    assert_int_equal(cleaned(text, 400).len, CREDHUB_DETAIL_MAX + 2);

    /* What is taken out does not count. */

    memset(text, '\'', 100);
    assert_int_equal(cleaned(text, 400).len, CREDHUB_DETAIL_MAX + 2);
}


/* A text of ours keeps its characters, and more of them. */

static void
test_texts_are_cut(void **state)
{
    size_t        before;
    char          text[600];
    credhub_str_t body;

    unit_assert_str(body_at("/v1", CREDHUB_E_CONFLICT,
                        unit_str("It's ${[a]} [][] \"b\"\\\n")),
        "{\"code\":\"Conflict\",\"message\":\"It's ${[a]} [][] "
        "\\\"b\\\"\\\\\\n\"}");

    for (before = 0; before < 4; before++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + CREDHUB_DETAIL_TEXT_MAX - before, "\xf0\x9f\x98\x80", 4);

        body = body_at("/v1", CREDHUB_E_INPUT,
            (credhub_str_t){ sizeof(text), (u_char *) text });

        assert_int_equal(
            body.len, strlen("{\"code\":\"InvalidInput\",\"message\":\"\"}")
                          + CREDHUB_DETAIL_TEXT_MAX - before);
    }
}


static void
test_memory_runs_out(void **state)
{
    int              round, failed;
    credhub_buf_t    buf;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    failed = 1;

    for (round = 0; failed; round++) {
        small = credhub_arena_create(0);
        credhub_buf_init(&buf, small, 0);

        unit_malloc_left = round;
        credhub_error_body(
            &buf, credhub_null_str, CREDHUB_E_CRED, credhub_null_str);
        unit_malloc_left = -1;

        failed = buf.failed;
        credhub_arena_destroy(small);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_every_body_is_json),
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_compared_texts),
        cmocka_unit_test(test_details_are_shown),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_details_are_cleaned),
        cmocka_unit_test(test_details_are_cut),
        cmocka_unit_test(test_texts_are_cut),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
