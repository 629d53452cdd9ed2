
/* Tables: statuses with their names, prefixes with their templates. */

#include "credhub_error_style.h"
#include "credhub_json.h"

#include <string.h>


/* What stands around code, word, text and number: the parts of a
 * template are written in turn, NULL-terminated; these stand for the variable
 * ones. The text is a JSON string, with its quotes. */

#define CODE    "\1"
#define WORD    "\2"
#define TEXT    "\3"
#define NUMBER  "\4"
#define MEMBERS "\5"


typedef struct {
    unsigned    status;
    const char *code;
    const char *word;
    const char *text;
} credhub_status_t;


typedef struct {
    credhub_str_t      prefix;
    const char *const *parts;
    const char *const *worded;   /* where the error is a word with a text */
    unsigned           folded:1; /* in any case */
} credhub_error_style_t;


static const credhub_status_t      *credhub_error_style_row(unsigned status);
static const credhub_error_style_t *credhub_error_style_of(
    credhub_str_t target);


/* clang-format off */

static const credhub_status_t  credhub_statuses[] = {
    { 400, "InvalidInput", "invalid_request",
      "The request could not be understood." },
    { 401, "AuthFailed", "invalid_token",
      "Full authentication is required to access this resource" },
    { 403, "Forbidden", "access_denied", "The request is not permitted." },
    { 404, "NotFound", "not_found", "The requested resource does not exist." },
    { 405, "MethodNotAllowed", "method_not_allowed",
      "The method is not allowed for this resource." },
    { 406, "NotAcceptable", "not_acceptable",
      "The answer is of a type that the request does not accept." },
    { 408, "RequestTimeout", "request_timeout",
      "The request did not arrive in time." },
    { 409, "Conflict", "conflict",
      "The request conflicts with what is there." },
    { 411, "LengthRequired", "length_required",
      "The length of the request body is required." },
    { 412, "PreconditionFailed", "precondition_failed",
      "A condition of the request does not hold." },
    { 413, "PayloadTooLarge", "payload_too_large",
      "The request body is too large." },
    { 414, "UriTooLong", "uri_too_long", "The request target is too long." },
    { 415, "UnsupportedMediaType", "unsupported_media_type",
      "The media type of the request body is not supported." },
    { 416, "RangeNotSatisfiable", "range_not_satisfiable",
      "The range of the request is not one of the answer." },
    { 421, "MisdirectedRequest", "misdirected_request",
      "The request was sent to the wrong server." },
    { 422, "UnprocessableEntity", "invalid_request",
      "The request could not be processed." },
    { 425, "TooEarly", "too_early", "The request came too early." },
    { 429, "TooManyRequests", "too_many_requests", "Too many requests." },
    { 431, "HeaderTooLarge", "header_too_large",
      "The request header is too large." },
    { 499, "ClientClosedRequest", "client_closed_request",
      "The client has closed the connection." },
    { 500, "InternalError", "server_error", "An internal error occurred." },
    { 501, "NotImplemented", "not_implemented",
      "The server does not know how to do this." },
    { 502, "BadGateway", "bad_gateway",
      "The upstream server gave no valid answer." },
    { 503, "ServiceUnavailable", "temporarily_unavailable",
      "The service is not available at the moment." },
    { 504, "GatewayTimeout", "gateway_timeout",
      "The upstream server did not answer in time." },
    { 505, "HttpVersionNotSupported", "http_version_not_supported",
      "The version of HTTP is not supported." },
    { 507, "InsufficientStorage", "insufficient_storage",
      "There is no room for this." },

    { 0, "Error", "server_error", "The request could not be fulfilled." }
};


static const char *const  credhub_error_style_envelope[] = {
    "{\"code\":\"", CODE, "\",\"message\":", TEXT, "}", NULL
};

static const char *const  credhub_error_style_response[] = {
    "{", MEMBERS, "\"Response\":{\"ErrorCode\":", NUMBER, ",\"ErrorMessage\":", TEXT,
    ",\"Success\":false}}", NULL
};

static const char *const  credhub_error_style_worded[] = {
    "{\"error\":\"", WORD, "\",\"error_description\":", TEXT, "}", NULL
};

static const char *const  credhub_error_style_plain[] = {
    "{\"error\":", TEXT, "}", NULL
};


static const credhub_error_style_t  credhub_error_styles[] = {

    { credhub_string("/v1"),
      credhub_error_style_envelope, credhub_error_style_envelope, 0 },

    { credhub_string("/vedsdk"),
      credhub_error_style_response, credhub_error_style_worded, 1 },

    { credhub_string("/vedauth"),
      credhub_error_style_worded, credhub_error_style_worded, 1 },

    { credhub_string(""),
      credhub_error_style_plain, credhub_error_style_worded, 0 }
};

/* clang-format on */


const char *
credhub_error_style_name(unsigned status)
{
    return credhub_error_style_row(status)->word;
}


static const credhub_status_t *
credhub_error_style_row(unsigned status)
{
    const credhub_status_t *row;

    for (row = credhub_statuses; row->status != 0; row++) {
        if (row->status == status) {
            break;
        }
    }

    return row;
}


void
credhub_error_style_status(
    credhub_buf_t *buf, credhub_str_t target, unsigned status)
{
    credhub_error_said_t    said;
    const credhub_status_t *row;

    row = credhub_error_style_row(status);

    said.status = status;
    said.number = 0;
    said.code = NULL;
    said.word = NULL;
    said.members = NULL;
    said.text.data = (u_char *) row->text;
    said.text.len = strlen(row->text);

    credhub_error_style(buf, target, &said);
}


void
credhub_error_style(
    credhub_buf_t *buf, credhub_str_t target, const credhub_error_said_t *said)
{
    const char                  *code, *word, *members;
    const char *const           *part;
    const credhub_status_t      *row;
    const credhub_error_style_t *style;

    row = credhub_error_style_row(said->status);
    style = credhub_error_style_of(target);

    code = (said->code != NULL) ? said->code : row->code;
    word = (said->word != NULL) ? said->word : row->word;
    members = (said->members != NULL) ? said->members : "";
    part = (said->word != NULL) ? style->worded : style->parts;

    for (/* void */; *part != NULL; part++) {
        switch (**part) {
        case '\1':
            credhub_buf_add(buf, code, strlen(code));
            break;

        case '\2':
            credhub_buf_add(buf, word, strlen(word));
            break;

        case '\3':
            credhub_json_add_string(buf, said->text);
            break;

        case '\4':
            credhub_buf_printf(
                buf, "%u", said->number != 0 ? said->number : said->status);
            break;

        case '\5':
            credhub_buf_add(buf, members, strlen(members));
            break;

        default:
            credhub_buf_add(buf, *part, strlen(*part));
        }
    }
}


static const credhub_error_style_t *
credhub_error_style_of(credhub_str_t target)
{
    credhub_str_t                head;
    const credhub_error_style_t *style;

    head.data = target.data;

    for (style = credhub_error_styles; style->prefix.len != 0; style++) {
        head.len = style->prefix.len;

        if (target.len >= head.len
            && (credhub_str_eq(head, style->prefix)
                || (style->folded && credhub_str_caseeq(head, style->prefix)))
            && (target.len == style->prefix.len
                || strchr("/?", target.data[style->prefix.len]) != NULL))
        {
            break;
        }
    }

    return style;
}
