
/* Tables: statuses with their names, prefixes with their templates. */

#include <string.h>
#include "credhub_error_style.h"


/* What stands around code, text and status number: the parts of a template
 * are written in turn, NULL-terminated; these stand for the variable ones. */

#define CODE   "\1"
#define SNAKE  "\2"
#define TEXT   "\3"
#define STATUS "\4"


typedef struct {
    unsigned    status;
    const char *code;
    const char *snake;
    const char *text;
} credhub_status_t;


typedef struct {
    credhub_str_t prefix;
    const char   *parts[8];
} credhub_error_style_t;


static const credhub_status_t *credhub_error_style_row(unsigned status);


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
    { 408, "RequestTimeout", "request_timeout",
      "The request did not arrive in time." },
    { 411, "LengthRequired", "length_required",
      "The length of the request body is required." },
    { 413, "PayloadTooLarge", "payload_too_large",
      "The request body is too large." },
    { 414, "UriTooLong", "uri_too_long", "The request target is too long." },
    { 415, "UnsupportedMediaType", "unsupported_media_type",
      "The media type of the request body is not supported." },
    { 421, "MisdirectedRequest", "misdirected_request",
      "The request was sent to the wrong server." },
    { 429, "TooManyRequests", "too_many_requests", "Too many requests." },
    { 431, "HeaderTooLarge", "header_too_large",
      "The request header is too large." },
    { 499, "ClientClosedRequest", "client_closed_request",
      "The client has closed the connection." },
    { 500, "InternalError", "server_error", "An internal error occurred." },
    { 502, "BadGateway", "bad_gateway",
      "The upstream server gave no valid answer." },
    { 503, "ServiceUnavailable", "temporarily_unavailable",
      "The service is not available at the moment." },
    { 504, "GatewayTimeout", "gateway_timeout",
      "The upstream server did not answer in time." },

    { 0, "Error", "server_error", "The request could not be fulfilled." }
};


static const credhub_error_style_t  credhub_error_styles[] = {

    { credhub_string("/v1"),
      { "{\"code\":\"", CODE, "\",\"message\":\"", TEXT, "\"}", NULL } },

    { credhub_string("/vedsdk"),
      { "{\"Response\":{\"ErrorCode\":", STATUS, ",\"ErrorMessage\":\"", TEXT,
        "\",\"Success\":false}}", NULL } },

    { credhub_string("/vedauth"),
      { "{\"error\":\"", SNAKE, "\",\"error_description\":\"", TEXT, "\"}",
        NULL } },

    { credhub_string(""), { "{\"error\":\"", TEXT, "\"}", NULL } }
};

/* clang-format on */


const char *
credhub_error_style_name(unsigned status)
{
    return credhub_error_style_row(status)->snake;
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
    const char *const           *part;
    const credhub_status_t      *row;
    const credhub_error_style_t *style;

    row = credhub_error_style_row(status);

    for (style = credhub_error_styles; style->prefix.len != 0; style++) {
        if (target.len >= style->prefix.len
            && memcmp(target.data, style->prefix.data, style->prefix.len) == 0
            && (target.len == style->prefix.len
                || strchr("/?", target.data[style->prefix.len]) != NULL))
        {
            break;
        }
    }

    for (part = style->parts; *part != NULL; part++) {
        switch (**part) {
        case '\1':
            credhub_buf_add(buf, row->code, strlen(row->code));
            break;

        case '\2':
            credhub_buf_add(buf, row->snake, strlen(row->snake));
            break;

        case '\3':
            credhub_buf_add(buf, row->text, strlen(row->text));
            break;

        case '\4':
            credhub_buf_printf(buf, "%u", status);
            break;

        default:
            credhub_buf_add(buf, *part, strlen(*part));
        }
    }
}
