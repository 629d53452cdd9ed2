
/*
 * Every error a client can see is a kind: one row with its status and text.
 * A kind may carry a detail (a key, a query parameter, a credential name),
 * put where the text has "%s". Texts that clients compare are kept to the
 * letter; see credhub_error.c.
 */

#ifndef _CREDHUB_ERROR_H_INCLUDED_
#define _CREDHUB_ERROR_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_DETAIL_MAX      255 /* bytes of a detail that are shown */
#define CREDHUB_DETAIL_TEXT_MAX 512 /* when it is a whole text of ours */


typedef enum {
    CREDHUB_OK = 0,
    CREDHUB_E_INTERNAL,
    CREDHUB_E_CRED,        /* 404: missing */
    CREDHUB_E_CRED_HIDDEN, /* the same to a client: a right is missing */
    CREDHUB_E_CRED_DENIED, /* 403, same text: write is missing */
    CREDHUB_E_BAD_REQUEST,
    CREDHUB_E_UNKNOWN_KEY,     /* 422, detail: the key */
    CREDHUB_E_UNKNOWN_KEY_400, /* the same on POST /api/v1/data */
    CREDHUB_E_TYPE_SET,
    CREDHUB_E_TYPE_GENERATE,
    CREDHUB_E_TYPE_REGENERATE,
    CREDHUB_E_NOT_GENERATABLE,
    CREDHUB_E_TYPE_MISMATCH,
    CREDHUB_E_NO_NAME,
    CREDHUB_E_NAME_CHARS,
    CREDHUB_E_NAME_SLASH,
    CREDHUB_E_NAME_LONG, /* detail: the limit */
    CREDHUB_E_METADATA_LONG,
    CREDHUB_E_NO_VALUE,
    CREDHUB_E_NO_PASSWORD,
    CREDHUB_E_NO_KEY,
    CREDHUB_E_MODE_AND_OVERWRITE,
    CREDHUB_E_NO_CHARSET,
    CREDHUB_E_KEY_LENGTH,
    CREDHUB_E_KEY_TYPE,
    CREDHUB_E_KEY_CURVE,
    CREDHUB_E_NO_CERT_PARAMS,
    CREDHUB_E_NO_SUBJECT,
    CREDHUB_E_NO_SIGNER,
    CREDHUB_E_CA_AND_SELF_SIGN,
    CREDHUB_E_ALT_NAME, /* detail: the name */
    CREDHUB_E_ALT_NAMES_MANY,
    CREDHUB_E_KEY_USAGE,       /* detail: the usage; exact text */
    CREDHUB_E_EXT_KEY_USAGE,   /* the same */
    CREDHUB_E_DURATION,        /* detail: the most days */
    CREDHUB_E_CERT_PARAM_LONG, /* detail: the parameter and its limit */
    CREDHUB_E_CA,              /* 404: missing */
    CREDHUB_E_CA_HIDDEN,       /* the same to a client: a right is missing */
    CREDHUB_E_NOT_CA,
    CREDHUB_E_CA_NO_KEY,
    CREDHUB_E_CA_EXPIRED,
    CREDHUB_E_NO_CERT_FIELDS, /* exact text */
    CREDHUB_E_CA_AND_CA_NAME,
    CREDHUB_E_CERT_LONG,
    CREDHUB_E_BAD_CERT,
    CREDHUB_E_UNREADABLE_CERT,
    CREDHUB_E_NEED_CERT,
    CREDHUB_E_BAD_CA,
    CREDHUB_E_NOT_SIGNED_BY_CA,
    CREDHUB_E_NOT_SIGNED_BY_CA_NAME,
    CREDHUB_E_PRIVATE_KEY,        /* another kind of key; exact text */
    CREDHUB_E_PRIVATE_KEY_FORMAT, /* no key, or encrypted; exact text */
    CREDHUB_E_PRIVATE_KEY_PEM,    /* cannot be decoded; exact text */
    CREDHUB_E_KEY_MISMATCH,
    CREDHUB_E_TOO_MANY_TRANSITIONAL,
    CREDHUB_E_MISMATCHED_VERSION,
    CREDHUB_E_LAST_VERSION,
    CREDHUB_E_NO_SIGNED_BY,
    CREDHUB_E_NOT_REGENERABLE_CERT,
    CREDHUB_E_CHILDREN_MANY, /* bulk work has a limit */
    CREDHUB_E_NOT_REGENERABLE_PASSWORD,
    CREDHUB_E_NOT_REGENERABLE_USER,
    CREDHUB_E_INTERPOLATE_TYPE, /* detail: the credential name */
    CREDHUB_E_MISSING_QUERY,    /* detail: the parameter */
    CREDHUB_E_BAD_QUERY,        /* detail: the parameter */
    CREDHUB_E_VERSIONS_AND_CURRENT,
    CREDHUB_E_CONTENT_TYPE,
    CREDHUB_E_PERM_PATH,
    CREDHUB_E_PERM_SLASH,
    CREDHUB_E_PERM_CHARS,
    CREDHUB_E_PERM_ACTOR,
    CREDHUB_E_PERM_OPS,
    CREDHUB_E_PERM_NO_ENTRIES,
    CREDHUB_E_PERM_OPERATION, /* 422 */
    CREDHUB_E_PERM_SELF,
    CREDHUB_E_PERM_MISMATCH,
    CREDHUB_E_PERM_EXISTS, /* 409 */
    CREDHUB_E_PERM_NONE,   /* 404 */
    CREDHUB_E_PERM_NONE_HIDDEN,
    CREDHUB_E_PERM_ACCESS, /* 404 */
    CREDHUB_E_PERM_ACCESS_HIDDEN,
    CREDHUB_E_TOO_LARGE,
    CREDHUB_E_KEY_MISSING,
    CREDHUB_E_READ_ONLY,
    CREDHUB_E_REMOTE_ADDRESS,
    CREDHUB_E_MTLS_ID,
    CREDHUB_E_MTLS_EKU,
    CREDHUB_E_UNAUTHENTICATED,            /* 401, with error_description */
    CREDHUB_E_INVALID_CLIENT_CERTIFICATE, /* 400, detail: the reason */
    CREDHUB_E_TOKEN,                      /* 401, detail: the reason */
    CREDHUB_E_TOKEN_KEY,     /* the same: the key set has no such key */
    CREDHUB_E_TOKEN_EXPIRED, /* 401, exact text */
    CREDHUB_E_SCOPE,         /* 403, detail: the scope that is missing */
    CREDHUB_E_MISDIRECTED,   /* 421: certificate of another server */
    CREDHUB_E_TOO_EARLY,     /* 425 */
    CREDHUB_E_NOT_FOUND,     /* 404: no such URL */
    CREDHUB_E_METHOD,        /* 405 */
    CREDHUB_E_UNAVAILABLE,   /* 503: the store does not answer */
    CREDHUB_E_NO_TOKEN_KEYS, /* 503: nothing to verify a token with */
    CREDHUB_E_BUSY,          /* 503: a queue is full */

    /* of the trust API */
    CREDHUB_E_FORBIDDEN,            /* 403: a right is missing */
    CREDHUB_E_NOT_ACCEPTABLE,       /* 406 */
    CREDHUB_E_MEDIA_TYPE,           /* 415 */
    CREDHUB_E_INPUT,                /* 400, detail: the whole text, ours */
    CREDHUB_E_FIELD_REQUIRED,       /* 400, detail: the field */
    CREDHUB_E_FIELD_INVALID,        /* 400, detail: the field */
    CREDHUB_E_CONFIG,               /* 400: "config" is not what it can be */
    CREDHUB_E_LIMIT,                /* 400 */
    CREDHUB_E_CURSOR,               /* 400 */
    CREDHUB_E_APPROVAL_CERTIFICATE, /* 400: not one certificate in DER */
    CREDHUB_E_APPROVAL_HASH,        /* 400: of something else */
    CREDHUB_E_NOT_FOUND_CONNECTOR,  /* 404, detail: the id */
    CREDHUB_E_NOT_FOUND_DESTINATION,
    CREDHUB_E_NOT_FOUND_GROUP,
    CREDHUB_E_NOT_FOUND_USER,
    CREDHUB_E_NOT_FOUND_LINK,
    CREDHUB_E_NOT_FOUND_MANAGER,
    CREDHUB_E_NOT_FOUND_CERTIFICATE, /* detail: the hash */
    CREDHUB_E_NOT_FOUND_FINGERPRINT,
    CREDHUB_E_NOT_FOUND_PARENT, /* of a destination; detail: the id */
    CREDHUB_E_CONFLICT,         /* 409, detail: the whole text, ours */
    CREDHUB_E_ILLEGAL_STATE,    /* 409, detail: the whole text, ours */
    CREDHUB_E_LEASED,           /* 409: somebody else works on it, or did */
    CREDHUB_E_MANAGER_CONFIG,   /* 400: none */
    CREDHUB_E_MANAGER_INPUT,    /* 400, detail: the whole text, ours */

    /* of the SSH certificate API; numbers are those of its clients */
    CREDHUB_E_SSH_KEY,           /* 400, detail: the whole text, ours */
    CREDHUB_E_SSH_DN,            /* 400 */
    CREDHUB_E_SSH_FIELD,         /* 400, detail: the field */
    CREDHUB_E_SSH_FIELD_MISSING, /* 400, detail: the field */
    CREDHUB_E_SSH_POLICY,        /* 400, detail: the whole text, ours */
    CREDHUB_E_SSH_REUSE,         /* 400, detail: the hash */
    CREDHUB_E_SSH_EXISTS,        /* 400 */
    CREDHUB_E_SSH_RIGHTS,        /* 403, a right is missing */
    CREDHUB_E_SSH_STATE,         /* 400 */
    CREDHUB_E_SSH_COMMENT,       /* 400, of a rejection */
    CREDHUB_E_SSH_IN_USE,        /* 400, detail: the whole text, ours */
    CREDHUB_E_SSH_CERTIFICATE,   /* 404 */
    CREDHUB_E_SSH_TEMPLATE,      /* 404 */
    CREDHUB_E_SSH_CA,            /* 404 */
    CREDHUB_E_SSH_GRANT,         /* 400, of /vedauth */
    CREDHUB_E_SSH_SCOPE,         /* the same */
    CREDHUB_E_LAST
} credhub_error_e;


/* HTTP status, 200 for CREDHUB_OK. */
int credhub_error_status(credhub_error_e kind);

/* One word for logs ("not_found", "forbidden"), empty for CREDHUB_OK. It tells
 * a missing right from a missing credential where the client is told no
 * difference. */
const char *credhub_error_name(credhub_error_e kind);

/*
 * Appends the body in the style of the API that was called, which `target`
 * tells, the request target as it was received (credhub_error_style.h). CredHub
 * itself: {"error":"..."}, with "error_description" where the kind has one.
 * `detail` may be empty; the characters ' $[ ][ ] are taken out of it, control
 * characters are escaped, and it is cut at CREDHUB_DETAIL_MAX bytes on a UTF-8
 * boundary. A detail that is the whole text keeps its characters and is cut at
 * CREDHUB_DETAIL_TEXT_MAX.
 */
void credhub_error_body(credhub_buf_t *buf, credhub_str_t target,
    credhub_error_e kind, credhub_str_t detail);

/*
 * Appends the value of WWW-Authenticate (RFC 6750, section 3) that goes with a
 * kind: the scheme, and what is wrong with the token where one was offered.
 */
void credhub_error_challenge(
    credhub_buf_t *buf, credhub_error_e kind, credhub_str_t detail);


#endif /* _CREDHUB_ERROR_H_INCLUDED_ */
