
/*
 * Endpoints as operators and clients write them. Nothing is looked up here and
 * nothing is copied; what this lets through may be shown and put in a request.
 */

#include "credhub_endpoint.h"

#include <arpa/inet.h>
#include <string.h>


#define CREDHUB_HOST_MAX   253 /* RFC 1123: a name */
#define CREDHUB_PORT_CHARS 5


typedef struct {
    credhub_str_t scheme;
    unsigned      port;
} credhub_endpoint_scheme_t;


static const credhub_endpoint_scheme_t credhub_endpoint_schemes[] = {
    { credhub_string("https"), 443 }, { credhub_string("http"), 80 },
    { credhub_string(""), 0 }, /* HOST:PORT, last */
};


static size_t credhub_endpoint_scheme(
    credhub_str_t text, credhub_endpoint_t *endpoint);
static int credhub_endpoint_authority(
    credhub_str_t text, credhub_endpoint_t *endpoint);
static int credhub_endpoint_port(credhub_str_t text, unsigned *port);
static int credhub_endpoint_path(credhub_str_t path);
static int credhub_host_name(credhub_str_t host);
static int credhub_host_ipv6(credhub_str_t host);


int
credhub_endpoint(credhub_str_t text, credhub_endpoint_t *endpoint)
{
    u_char *slash;
    size_t  n;

    n = credhub_endpoint_scheme(text, endpoint);

    text.data += n;
    text.len -= n;

    endpoint->path = credhub_null_str;

    slash = (n != 0 && text.len != 0) ? memchr(text.data, '/', text.len) : NULL;

    if (slash != NULL) {
        endpoint->path.data = slash;
        endpoint->path.len = (size_t) (text.data + text.len - slash);
        text.len -= endpoint->path.len;
    }

    if (!credhub_endpoint_path(endpoint->path)
        || !credhub_endpoint_authority(text, endpoint))
    {
        return -1;
    }

    return 0;
}


/* Bytes of the scheme with "://"; 0 when there is none that is known (another
 * one is refused as a port that is none). */

static size_t
credhub_endpoint_scheme(credhub_str_t text, credhub_endpoint_t *endpoint)
{
    size_t                           len;
    credhub_str_t                    start;
    const credhub_endpoint_scheme_t *row;

    for (row = credhub_endpoint_schemes; row->scheme.len != 0; row++) {
        len = row->scheme.len;

        if (text.len < len + 3 || memcmp(text.data + len, "://", 3) != 0) {
            continue;
        }

        start.data = text.data;
        start.len = len;

        if (credhub_str_caseeq(start, row->scheme)) {
            break;
        }
    }

    endpoint->scheme = row->scheme;
    endpoint->port = row->port;

    return (row->scheme.len != 0) ? row->scheme.len + 3 : 0;
}


/* HOST, HOST:PORT, [IPv6] or [IPv6]:PORT; the port may be left out when the
 * scheme has brought one. */

static int
credhub_endpoint_authority(credhub_str_t text, credhub_endpoint_t *endpoint)
{
    u_char       *end;
    credhub_str_t rest;

    if (text.len == 0) {
        return 0;
    }

    endpoint->host = text;

    if (text.data[0] == '[') {
        end = memchr(text.data, ']', text.len);
        if (end == NULL) {
            return 0;
        }

        endpoint->host.data = text.data + 1;
        endpoint->host.len = (size_t) (end - endpoint->host.data);

        if (!credhub_host_ipv6(endpoint->host)) {
            return 0;
        }

        end++;

    } else {
        end = memchr(text.data, ':', text.len);
        if (end == NULL) {
            end = text.data + text.len;
        }

        endpoint->host.len = (size_t) (end - text.data);

        if (!credhub_host_name(endpoint->host)) {
            return 0;
        }
    }

    rest.data = end;
    rest.len = (size_t) (text.data + text.len - end);

    if (rest.len == 0) {
        return endpoint->port != 0;
    }

    if (*rest.data != ':') {
        return 0;
    }

    rest.data++;
    rest.len--;

    return credhub_endpoint_port(rest, &endpoint->port);
}


static int
credhub_endpoint_port(credhub_str_t text, unsigned *port)
{
    size_t   i;
    unsigned n;

    if (text.len > CREDHUB_PORT_CHARS) {
        return 0;
    }

    for (i = 0, n = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *port = n;

    return n >= 1 && n <= 65535;
}


/* Visible ASCII of which a request line can be made. */

static int
credhub_endpoint_path(credhub_str_t path)
{
    size_t i;

    for (i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] > '~'
            || strchr("?#\"<>\\^`{|}", path.data[i]) != NULL)
        {
            return 0;
        }
    }

    return 1;
}


int
credhub_host_valid(credhub_str_t host)
{
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        host.data++;
        host.len -= 2;

        return credhub_host_ipv6(host);
    }

    return credhub_host_name(host) || credhub_host_ipv6(host);
}


/* Labels between dots, one dot behind them allowed; IPv4 addresses look like
 * that, too. */

static int
credhub_host_name(credhub_str_t host)
{
    u_char c, before;
    size_t i;

    if (host.len == 0 || host.len > CREDHUB_HOST_MAX) {
        return 0;
    }

    for (i = 0, before = '.'; i < host.len; i++) {
        c = host.data[i];

        if (!(c >= '0' && c <= '9')
            && !(credhub_lower(c) >= 'a' && credhub_lower(c) <= 'z')
            && (c == '\0' || strchr("._-", c) == NULL))
        {
            return 0;
        }

        if (c == '.' && before == '.') {
            return 0;
        }

        before = c;
    }

    return 1;
}


static int
credhub_host_ipv6(credhub_str_t host)
{
    char   text[INET6_ADDRSTRLEN];
    u_char address[sizeof(struct in6_addr)];

    if (host.len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, host.data, host.len);
    text[host.len] = '\0';

    return strlen(text) == host.len && inet_pton(AF_INET6, text, address) == 1;
}
