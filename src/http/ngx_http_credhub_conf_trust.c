
/* What the lines of a configuration mean that say what may leave the hub, and
 * who may come with an API key. */

#include <openssl/pem.h>
#include <openssl/err.h>
#include "ngx_http_credhub_conf.h"
#include "credhub_name.h"


static ngx_uint_t ngx_http_credhub_conf_certificates(credhub_str_t pem);
static ngx_int_t  ngx_http_credhub_conf_reaching(
     ngx_http_credhub_main_conf_t *mcf, ngx_credhub_hub_t *hub);


/* Lines of one level add up. */

char *
ngx_http_credhub_conf_probe_allow(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_int_t   rc;
    ngx_str_t  *value;
    ngx_uint_t  i;
    ngx_cidr_t *cidr;

    if (scf->hub.probe_allow == NULL) {
        scf->hub.probe_allow =
            ngx_array_create(cf->pool, 4, sizeof(ngx_cidr_t));

        if (scf->hub.probe_allow == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        cidr = ngx_array_push(scf->hub.probe_allow);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "invalid network \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                "low address bits of %V are meaningless", &value[i]);
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_credhub_conf_external_ca(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_str_t    *value;
    const char   *reason;
    credhub_str_t pem;

    if (scf->hub.external_ca.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_set_errno(0);

    reason = ngx_http_credhub_conf_read(cf, cf->pool, &value[1], &pem);

    if (reason == NULL && !ngx_http_credhub_conf_certificates(pem)) {
        reason = "file does not hold certificates in PEM";
    }

    if (reason != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            "external CA \"%V\": %s", &value[1], reason);
        return NGX_CONF_ERROR;
    }

    scf->hub.external_ca = pem;

    return NGX_CONF_OK;
}


/* At least one, and none that cannot be read? */

static ngx_uint_t
ngx_http_credhub_conf_certificates(credhub_str_t pem)
{
    BIO       *bio;
    X509      *x509;
    ngx_uint_t n, end;

    bio = BIO_new_mem_buf(pem.data, pem.len);
    if (bio == NULL) {
        return 0;
    }

    ERR_set_mark();

    for (n = 0; /* void */; n++) {
        x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

        if (x509 == NULL) {
            break;
        }

        X509_free(x509);
    }

    end = (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE);

    ERR_pop_to_mark();
    BIO_free(bio);

    return n != 0 && end;
}


char *
ngx_http_credhub_conf_api_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_str_t    *value;
    credhub_str_t path;

    if (scf->api_keys.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    path.len = value[1].len;
    path.data = ngx_pnalloc(cf->pool, path.len + 1);

    if (path.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_strlow(path.data, value[1].data, path.len);

    if (credhub_name_check(path, CREDHUB_NAME_MAX) != CREDHUB_OK) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "invalid path \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    scf->api_keys = path;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_credhub_conf_servers(ngx_conf_t *cf)
{
    ngx_uint_t                    i;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_core_srv_conf_t    **cscf;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_credhub_srv_conf_t  *scf;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        clcf = cscf[i]->ctx->loc_conf[ngx_http_core_module.ctx_index];
        scf = cscf[i]->ctx->srv_conf[ngx_http_credhub_module.ctx_index];

        scf->hub.resolver = clcf->resolver;
        scf->hub.resolver_timeout = clcf->resolver_timeout;

        if (scf->serves && scf->hub.probe_allow != NULL
            && ngx_http_credhub_conf_reaching(mcf, &scf->hub) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Hubs of several servers that are the same to a job count as one. */

static ngx_int_t
ngx_http_credhub_conf_reaching(
    ngx_http_credhub_main_conf_t *mcf, ngx_credhub_hub_t *hub)
{
    ngx_uint_t          i;
    ngx_credhub_hub_t **reaching;

    reaching = mcf->reaching.elts;

    for (i = 0; i < mcf->reaching.nelts; i++) {
        if (reaching[i]->store == hub->store
            && reaching[i]->keyring == hub->keyring
            && reaching[i]->probe_allow == hub->probe_allow
            && reaching[i]->resolver == hub->resolver)
        {
            return NGX_OK;
        }
    }

    reaching = ngx_array_push(&mcf->reaching);
    if (reaching == NULL) {
        return NGX_ERROR;
    }

    *reaching = hub;

    return NGX_OK;
}
