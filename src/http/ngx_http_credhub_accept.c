
/*
 * The Accept header (RFC 9110, section 12.5.1): of the ranges that JSON is in,
 * the narrowest decides.
 */

#include "ngx_http_credhub_accept.h"


typedef struct {
    ngx_uint_t any;   /* ranges there are */
    ngx_uint_t level; /* of the narrowest one that JSON is in */
    ngx_uint_t good;  /* its weight is not 0 */
} ngx_http_credhub_accept_t;


static void ngx_http_credhub_accept_line(
    ngx_http_credhub_accept_t *accept, ngx_str_t line);
static void ngx_http_credhub_accept_range(
    ngx_http_credhub_accept_t *accept, ngx_str_t range);
static ngx_uint_t ngx_http_credhub_accept_level(ngx_str_t type);
static ngx_uint_t ngx_http_credhub_accept_never(ngx_str_t parameters);
static ngx_str_t  ngx_http_credhub_accept_part(ngx_str_t *rest, u_char end);


static const ngx_str_t ngx_http_credhub_accept_levels[] = { ngx_string("*/*"),
    ngx_string("application/*"), ngx_string("application/json"),
    ngx_null_string };


ngx_uint_t
ngx_http_credhub_accept_json(ngx_http_request_t *r)
{
    ngx_uint_t                i;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_credhub_accept_t accept;

    ngx_memzero(&accept, sizeof(ngx_http_credhub_accept_t));

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == sizeof("Accept") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Accept", 6) == 0)
            {
                ngx_http_credhub_accept_line(&accept, h[i].value);
            }
        }
    }

    return !accept.any || accept.good;
}


static void
ngx_http_credhub_accept_line(ngx_http_credhub_accept_t *accept, ngx_str_t line)
{
    ngx_str_t range;

    while (line.len != 0) {
        range = ngx_http_credhub_accept_part(&line, ',');

        if (range.len != 0) {
            ngx_http_credhub_accept_range(accept, range);
        }
    }
}


static void
ngx_http_credhub_accept_range(
    ngx_http_credhub_accept_t *accept, ngx_str_t range)
{
    ngx_str_t  type;
    ngx_uint_t level, good;

    type = ngx_http_credhub_accept_part(&range, ';');
    level = ngx_http_credhub_accept_level(type);

    accept->any = 1;

    if (level == 0 || level < accept->level) {
        return;
    }

    good = !ngx_http_credhub_accept_never(range);

    accept->good = good || (level == accept->level && accept->good);
    accept->level = level;
}


/* 0: JSON is not in it. */

static ngx_uint_t
ngx_http_credhub_accept_level(ngx_str_t type)
{
    ngx_uint_t       i;
    const ngx_str_t *row;

    for (i = 0; ngx_http_credhub_accept_levels[i].len != 0; i++) {
        row = &ngx_http_credhub_accept_levels[i];

        if (type.len == row->len
            && ngx_strncasecmp(type.data, row->data, row->len) == 0)
        {
            return i + 1;
        }
    }

    return 0;
}


/* Is there a weight of zero? */

static ngx_uint_t
ngx_http_credhub_accept_never(ngx_str_t parameters)
{
    size_t    i;
    ngx_str_t one;

    while (parameters.len != 0) {
        one = ngx_http_credhub_accept_part(&parameters, ';');

        if (one.len < 3 || ngx_tolower(one.data[0]) != 'q'
            || one.data[1] != '=') {
            continue;
        }

        for (i = 2; i < one.len && (one.data[i] == '0' || one.data[i] == '.');
             i++) {
            /* void */
        }

        return i == one.len;
    }

    return 0;
}


/* Takes what stands before `end` off a text, without white space around it. */

static ngx_str_t
ngx_http_credhub_accept_part(ngx_str_t *rest, u_char end)
{
    u_char   *p;
    ngx_str_t part;

    part = *rest;
    p = ngx_strlchr(part.data, part.data + part.len, end);

    if (p == NULL) {
        rest->len = 0;

    } else {
        part.len = p - part.data;
        rest->data = p + 1;
        rest->len -= part.len + 1;
    }

    while (part.len != 0 && (*part.data == ' ' || *part.data == '\t')) {
        part.data++;
        part.len--;
    }

    while (
        part.len != 0
        && (part.data[part.len - 1] == ' ' || part.data[part.len - 1] == '\t'))
    {
        part.len--;
    }

    return part;
}
