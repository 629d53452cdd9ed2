
/*
 * nginx loads such a certificate for each new connection, and keeps connections
 * and sessions by the address of the server alone. What it was told about its
 * upstreams is the first member of the configuration of each module that has
 * them.
 */

#include "ngx_http_credhub_client.h"
#include "credhub_x509.h"


#define NGX_HTTP_CREDHUB_CLIENT_DATA "data:" /* as nginx says */


/* How the configuration of nginx's own module begins. */

typedef struct {
    ngx_uint_t max_cached;
} ngx_http_credhub_keepalive_conf_t;


typedef struct {
    const char *module;
    const char *prefix; /* of its directives */
} ngx_http_credhub_client_module_t;


static void *ngx_http_credhub_client_conf(
    ngx_conf_t *cf, const char *module, void **confs);
static ngx_uint_t ngx_http_credhub_client_set(
    const ngx_array_t *injections, const ngx_http_complex_value_t *value);
static void ngx_http_credhub_client_warn(ngx_conf_t *cf, const char *prefix,
    const ngx_http_upstream_conf_t *upstream);
static ngx_uint_t ngx_http_credhub_client_kept(
    ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *uscf);
static ngx_uint_t ngx_http_credhub_client_resumes(
    const ngx_http_upstream_conf_t *upstream);
static ngx_int_t ngx_http_credhub_client_usable(
    ngx_http_request_t *r, const ngx_http_upstream_conf_t *upstream);
static ngx_int_t  ngx_http_credhub_client_text(ngx_http_request_t *r,
     ngx_http_complex_value_t *value, credhub_str_t *text);
static ngx_uint_t ngx_http_credhub_client_data(credhub_str_t *text);


static const ngx_http_credhub_client_module_t
    ngx_http_credhub_client_modules[] = {
        { "ngx_http_proxy_module", "proxy" },
        { "ngx_http_grpc_module", "grpc" },
        { "ngx_http_uwsgi_module", "uwsgi" },
        { NULL, NULL },
    };


ngx_int_t
ngx_http_credhub_client_merge(
    ngx_conf_t *cf, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_http_conf_ctx_t                    *ctx;
    ngx_http_upstream_conf_t               *upstream, **pair;
    ngx_http_core_loc_conf_t               *clcf;
    const ngx_http_credhub_client_module_t *row;

    ctx = cf->ctx;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL) {
        return NGX_OK;
    }

    for (row = ngx_http_credhub_client_modules; row->module != NULL; row++) {
        upstream = ngx_http_credhub_client_conf(cf, row->module, ctx->loc_conf);

        if (upstream == NULL
            || (!ngx_http_credhub_client_set(
                    conf->injections, upstream->ssl_certificate)
                && !ngx_http_credhub_client_set(
                    conf->injections, upstream->ssl_certificate_key)))
        {
            continue;
        }

        if (conf->client_pairs == NULL) {
            conf->client_pairs = ngx_array_create(
                cf->pool, 1, sizeof(ngx_http_upstream_conf_t *));
        }

        pair = conf->client_pairs == NULL ? NULL
                                          : ngx_array_push(conf->client_pairs);
        if (pair == NULL) {
            return NGX_ERROR;
        }

        *pair = upstream;

        ngx_http_credhub_client_warn(cf, row->prefix, upstream);
    }

    return NGX_OK;
}


/* What a module of nginx, which may not be there, has in `confs`. */

static void *
ngx_http_credhub_client_conf(ngx_conf_t *cf, const char *module, void **confs)
{
    ngx_uint_t i;

    for (i = 0; cf->cycle->modules[i] != NULL; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, module) == 0) {
            return confs[cf->cycle->modules[i]->ctx_index];
        }
    }

    return NULL;
}


/* Is a variable of credhub_set in it? */

static ngx_uint_t
ngx_http_credhub_client_set(
    const ngx_array_t *injections, const ngx_http_complex_value_t *value)
{
    ngx_uint_t                          i, j;
    const ngx_http_credhub_injection_t *injection;

    if (value == NULL || value->flushes == NULL) {
        return 0;
    }

    injection = injections->elts;

    for (i = 0; value->flushes[i] != (ngx_uint_t) -1; i++) {
        for (j = 0; j < injections->nelts; j++) {
            if (injection[j].variable == (ngx_int_t) value->flushes[i]) {
                return 1;
            }
        }
    }

    return 0;
}


static void
ngx_http_credhub_client_warn(ngx_conf_t *cf, const char *prefix,
    const ngx_http_upstream_conf_t *upstream)
{
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_credhub_client_kept(cf, upstream->upstream)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
            "\"keepalive\" of upstream \"%V\" lets requests of location \"%V\" "
            "use connections that were made with other certificates of "
            "\"%s_ssl_certificate\", in %s:%ui",
            &upstream->upstream->host, &clcf->name, prefix,
            upstream->upstream->file_name, upstream->upstream->line);
    }

    if (ngx_http_credhub_client_resumes(upstream)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
            "without \"%s_ssl_session_reuse off\" requests of location \"%V\" "
            "resume sessions that were made with other certificates of "
            "\"%s_ssl_certificate\"",
            prefix, &clcf->name, prefix);
    }
}


static ngx_uint_t
ngx_http_credhub_client_kept(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *uscf)
{
    const ngx_http_credhub_keepalive_conf_t *keepalive;

    if (uscf == NULL || uscf->srv_conf == NULL) {
        return 0;
    }

    keepalive = ngx_http_credhub_client_conf(
        cf, "ngx_http_upstream_keepalive_module", uscf->srv_conf);

    return keepalive != NULL && keepalive->max_cached != 0;
}


/* Below credhub_upstream_trust no session is resumed. */

static ngx_uint_t
ngx_http_credhub_client_resumes(const ngx_http_upstream_conf_t *upstream)
{
    ngx_http_credhub_srv_conf_t *scf;

    if (!upstream->ssl_session_reuse) {
        return 0;
    }

    if (upstream->upstream == NULL || upstream->upstream->srv_conf == NULL) {
        return 1;
    }

    scf = ngx_http_conf_upstream_srv_conf(
        upstream->upstream, ngx_http_credhub_module);

    return scf->upstream == NULL;
}


ngx_int_t
ngx_http_credhub_client_check(
    ngx_http_request_t *r, ngx_http_credhub_edge_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_http_upstream_conf_t **pair;

    if (conf->client_pairs == NULL) {
        return NGX_OK;
    }

    pair = conf->client_pairs->elts;

    for (i = 0; i < conf->client_pairs->nelts; i++) {
        if (ngx_http_credhub_client_usable(r, pair[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* An empty certificate is none for nginx. A key that is a text must belong to a
 * certificate that is one. */

static ngx_int_t
ngx_http_credhub_client_usable(
    ngx_http_request_t *r, const ngx_http_upstream_conf_t *upstream)
{
    ngx_int_t     rc;
    credhub_str_t certificate, key, text;

    if (ngx_http_credhub_client_text(r, upstream->ssl_certificate, &certificate)
            != NGX_OK
        || ngx_http_credhub_client_text(r, upstream->ssl_certificate_key, &text)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    key = text;

    rc = certificate.len == 0 || !ngx_http_credhub_client_data(&key)
                 || (ngx_http_credhub_client_data(&certificate)
                     && credhub_x509_key_check(certificate, key) == CREDHUB_OK)
             ? NGX_OK
             : NGX_ERROR;

    if (upstream->ssl_certificate_key->lengths != NULL) {
        ngx_explicit_memzero(text.data, text.len);
    }

    return rc;
}


/* nginx's own values of this kind end with a NUL that counts. */

static ngx_int_t
ngx_http_credhub_client_text(
    ngx_http_request_t *r, ngx_http_complex_value_t *value, credhub_str_t *text)
{
    if (ngx_http_credhub_edge_text(r, value, text) != NGX_OK) {
        return NGX_ERROR;
    }

    while (text->len != 0 && text->data[text->len - 1] == '\0') {
        text->len--;
    }

    return NGX_OK;
}


/* Is it the text itself, and not the name of a file? Takes the prefix off. */

static ngx_uint_t
ngx_http_credhub_client_data(credhub_str_t *text)
{
    size_t len;

    len = sizeof(NGX_HTTP_CREDHUB_CLIENT_DATA) - 1;

    if (text->len < len
        || ngx_memcmp(text->data, NGX_HTTP_CREDHUB_CLIENT_DATA, len) != 0)
    {
        return 0;
    }

    text->data += len;
    text->len -= len;

    return 1;
}
