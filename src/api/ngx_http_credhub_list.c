
/* Lists of an answer; they live in the arena of their operation. */

#include "ngx_http_credhub_list.h"


#define NGX_HTTP_CREDHUB_LIST_MIN 64 /* first room */


static int ngx_libc_cdecl ngx_http_credhub_list_newest(
    const void *one, const void *two);


void *
ngx_http_credhub_list_add(ngx_credhub_op_t *op, ngx_http_credhub_list_t *list,
    size_t bytes, credhub_error_e *error)
{
    void  *elts;
    size_t size;

    list->bytes += bytes;

    if (list->bytes > NGX_CREDHUB_ANSWER_MAX) {
        *error = CREDHUB_E_TOO_LARGE;
        return NULL;
    }

    if (list->n == list->size) {
        size = list->size == 0 ? NGX_HTTP_CREDHUB_LIST_MIN : 2 * list->size;

        elts = credhub_arena_alloc(op->arena, size * list->width);
        if (elts == NULL) {
            *error = CREDHUB_E_INTERNAL;
            return NULL;
        }

        if (list->n != 0) {
            ngx_memcpy(elts, list->elts, list->n * list->width);
        }

        list->elts = elts;
        list->size = size;
    }

    return (u_char *) list->elts + list->n++ * list->width;
}


void
ngx_http_credhub_list_sort(ngx_http_credhub_list_t *list)
{
    if (list->n != 0) {
        ngx_qsort(
            list->elts, list->n, list->width, ngx_http_credhub_list_newest);
    }
}


static int ngx_libc_cdecl
ngx_http_credhub_list_newest(const void *one, const void *two)
{
    const int64_t *a = one;
    const int64_t *b = two;

    return (*a < *b) - (*a > *b);
}
