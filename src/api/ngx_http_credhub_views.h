
/* Answers that show several versions of a credential. */

#ifndef _NGX_HTTP_CREDHUB_VIEWS_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_VIEWS_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_certificate.h"


/* Appends views to a list that is open, with commas between them; the errors of
 * ngx_credhub_version_append(). */
credhub_error_e ngx_http_credhub_views_add(ngx_credhub_op_t *op,
    credhub_buf_t *body, const credhub_version_t *versions, ngx_uint_t n);


/* The versions of a certificate that are in force: the active one, then the
 * transitional one. Returns how many there are. */

#define NGX_HTTP_CREDHUB_PAIR 2

ngx_uint_t ngx_http_credhub_views_pair(
    const ngx_credhub_certificate_t *certificate,
    credhub_version_t                pair[NGX_HTTP_CREDHUB_PAIR]);

/* Makes versions fit for answers to reads: with the CA as configured and, when
 * it is asked for, the chain. NEXT, JUMP (enters steps), FAIL. */
ngx_credhub_rc_e ngx_http_credhub_views_show(ngx_credhub_op_t *op,
    credhub_version_t *versions, ngx_uint_t n, ngx_uint_t chain);


/* All versions of a credential, or the newest of them. */

typedef struct {
    credhub_str_t  name;       /* folded */
    credhub_str_t  credential; /* its id; empty: whatever has the name */
    credhub_str_t  actor;      /* must be allowed to read; empty: it is */
    int64_t        wanted;
    ngx_uint_t     chain;
    credhub_buf_t *body;

    /* private */
    credhub_str_t      cursor;
    credhub_version_t *versions;
    ngx_uint_t         n;
    unsigned           begun:1;
} ngx_http_credhub_history_t;

/* Appends their views to history->body, in steps. Enters them: JUMP or FAIL. */
ngx_credhub_rc_e ngx_http_credhub_history(
    ngx_credhub_op_t *op, ngx_http_credhub_history_t *history);


#endif /* _NGX_HTTP_CREDHUB_VIEWS_H_INCLUDED_ */
