
/* Parameters of query strings. */

#include "ngx_http_credhub_query.h"


/* Certificates end in the year 9999. */

#define NGX_HTTP_CREDHUB_DAYS_MAX 3660000
#define NGX_HTTP_CREDHUB_DAY      (86400 * (int64_t) 1000000)


credhub_error_e
ngx_http_credhub_query_flag(
    ngx_credhub_op_t *op, const char *name, ngx_uint_t *flag)
{
    ngx_http_credhub_input_t *input = op->input;

    const credhub_str_t *value;

    *flag = 0;
    value = credhub_query_get(&input->query, name);

    if (value == NULL || value->len == 0
        || credhub_str_caseeq(*value, credhub_str("false")))
    {
        return CREDHUB_OK;
    }

    if (credhub_str_caseeq(*value, credhub_str("true"))) {
        *flag = 1;
        return CREDHUB_OK;
    }

    op->detail.data = (u_char *) name;
    op->detail.len = ngx_strlen(name);

    return CREDHUB_E_BAD_QUERY;
}


credhub_error_e
ngx_http_credhub_query_within(
    ngx_credhub_op_t *op, int64_t *within, ngx_uint_t *given)
{
    ngx_http_credhub_input_t *input = op->input;

    int64_t              days;
    const credhub_str_t *value;

    *given = 0;
    value = credhub_query_get(&input->query, "expires-within-days");

    if (value == NULL || value->len == 0) {
        return CREDHUB_OK;
    }

    if (credhub_int64(*value, &days) != 0) {
        op->detail = credhub_str("expires-within-days");
        return CREDHUB_E_BAD_QUERY;
    }

    days = ngx_min(days, NGX_HTTP_CREDHUB_DAYS_MAX);
    days = ngx_max(days, -NGX_HTTP_CREDHUB_DAYS_MAX);

    *within = days * NGX_HTTP_CREDHUB_DAY;
    *given = 1;

    return CREDHUB_OK;
}
