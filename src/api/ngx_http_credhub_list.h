
/*
 * Lists that are collected in steps, sorted, and then shown: what find and the
 * list of certificates share.
 */

#ifndef _NGX_HTTP_CREDHUB_LIST_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_LIST_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"


/* Elements begin with an int64_t, the sequence they are sorted by. */

typedef struct {
    size_t width; /* of an element */
    void  *elts;
    size_t n;
    size_t size;
    size_t bytes; /* of the answer, unless it escapes */
} ngx_http_credhub_list_t;


/* One more element, zeroed, which adds `bytes` to the answer; moves the others.
 * NULL with *error: CREDHUB_E_TOO_LARGE, CREDHUB_E_INTERNAL. */
void *ngx_http_credhub_list_add(ngx_credhub_op_t *op,
    ngx_http_credhub_list_t *list, size_t bytes, credhub_error_e *error);

/* The highest sequence first. */
void ngx_http_credhub_list_sort(ngx_http_credhub_list_t *list);


#endif /* _NGX_HTTP_CREDHUB_LIST_H_INCLUDED_ */
