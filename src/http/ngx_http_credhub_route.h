
/* Which operation a method and a path mean: one table, one look-up. */

#ifndef _NGX_HTTP_CREDHUB_ROUTE_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_ROUTE_H_INCLUDED_


#include "ngx_http_credhub_module.h"


#define NGX_HTTP_CREDHUB_OPEN  0x01 /* no identity needed */
#define NGX_HTTP_CREDHUB_BODY  0x02 /* a JSON body is read */
#define NGX_HTTP_CREDHUB_WRITE 0x04 /* refused in read-only mode */
#define NGX_HTTP_CREDHUB_READ  0x10 /* a POST that only reads */
#define NGX_HTTP_CREDHUB_BARE  0x08 /* content type without a charset */
#define NGX_HTTP_CREDHUB_EMPTY                                                 \
    0x20 /* the body, and its type, may be left out */


typedef struct {
    ngx_uint_t  method;
    ngx_uint_t  group;
    const char *pattern; /* {id} stands for one segment, {rest}
                                               at the end for all that are left */
    ngx_uint_t  flags;
    const ngx_credhub_operation_t *operation;
} ngx_http_credhub_route_t;


typedef struct {
    const ngx_http_credhub_route_t *route; /* NULL: see allow */
    ngx_uint_t                      allow; /* methods of that path; 0: no
                                                such path */
    credhub_str_t                   params[NGX_HTTP_CREDHUB_PARAMS_MAX];
    ngx_uint_t                      rest; /* slashes in front of {rest}; 0:
                                              there is none */
} ngx_http_credhub_match_t;


/*
 * Matches a decoded path; one trailing slash is ignored, except in {rest}. HEAD
 * is GET. Only rows of the given groups count. The parameters point into
 * `path`.
 */
void ngx_http_credhub_route(ngx_http_credhub_match_t *match, ngx_uint_t groups,
    ngx_uint_t method, credhub_str_t path);

/* Does the case of letters not matter in this path? So it is below /vedsdk and
 * /vedauth. */
ngx_uint_t ngx_http_credhub_path_folded(credhub_str_t path);

/*
 * The path of a raw request target, percent-decoded once and nothing else:
 * nginx merges slashes, which are text in {rest}. .data == NULL without memory.
 */
credhub_str_t ngx_http_credhub_path(credhub_arena_t *arena, credhub_str_t raw);

/*
 * May this request line be served at all? A path that hides segments from
 * whoever looked at it before (encoded or double slashes, dot segments,
 * semicolons) is refused. Behind `rest` slashes (0: nowhere) slashes of both
 * kinds are text; `path` is the decoded path then. NGX_OK, NGX_DECLINED.
 */
ngx_int_t ngx_http_credhub_path_plain(
    credhub_str_t raw, credhub_str_t path, ngx_uint_t rest);


#endif /* _NGX_HTTP_CREDHUB_ROUTE_H_INCLUDED_ */
