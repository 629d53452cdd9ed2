
/*
 * The face: the tables of directives and handlers, and merging. What a line of
 * configuration means is in ngx_http_credhub_conf.c, the life of a process in
 * ngx_http_credhub_process.c.
 */

#include "ngx_http_credhub_module.h"
#include "ngx_http_credhub_content.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_certificate.h"
#include "ngx_http_credhub_conf.h"
#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_error_filter.h"
#include "ngx_http_credhub_metrics.h"
#include "ngx_http_credhub_process.h"
#include "ngx_http_credhub_recheck.h"
#include "ngx_http_credhub_upstream.h"
#include "ngx_http_credhub_variables.h"
#include "ngx_credhub_job.h"
#include "credhub_name.h"


static void *ngx_http_credhub_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_credhub_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_credhub_merge_srv_conf(
    ngx_conf_t *cf, void *parent, void *child);
static char *ngx_http_credhub_merge_needs(
    ngx_conf_t *cf, ngx_http_credhub_srv_conf_t *conf);
static void ngx_http_credhub_merge_limits(
    ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev);
static void ngx_http_credhub_merge_outside(
    ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev);
static ngx_int_t ngx_http_credhub_merge_permissions(
    ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev);
static void *ngx_http_credhub_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_credhub_merge_loc_conf(
    ngx_conf_t *cf, void *parent, void *child);
static void ngx_http_credhub_merge_jwt(
    ngx_http_credhub_loc_conf_t *prev, ngx_http_credhub_loc_conf_t *conf);
static ngx_int_t ngx_http_credhub_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_credhub_postconfiguration(ngx_conf_t *cf);


/* clang-format off */

static ngx_conf_enum_t  ngx_http_credhub_managements[] = {
    { ngx_string("off"), NGX_HTTP_CREDHUB_MANAGEMENT_OFF },
    { ngx_string("local"), NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL },
    { ngx_string("permission"), NGX_HTTP_CREDHUB_MANAGEMENT_PERMISSION },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_credhub_roles[] = {
    { ngx_string("hub"), NGX_HTTP_CREDHUB_ROLE_HUB },
    { ngx_string("edge"), NGX_HTTP_CREDHUB_ROLE_EDGE },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_credhub_name_length_post = {
    ngx_http_credhub_conf_name_length
};


static ngx_conf_post_t  ngx_http_credhub_long_timeout_post = {
    ngx_http_credhub_conf_long_timeout
};


static ngx_conf_post_t  ngx_http_credhub_pool_post = {
    ngx_http_credhub_conf_pool
};


static ngx_command_t  ngx_http_credhub_commands[] = {

    { ngx_string("credhub"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_credhub_conf_hub,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_redis"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_credhub_conf_redis,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_credhub_conf_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_encryption_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE23,
      ngx_http_credhub_conf_encryption_key,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_permission"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE3,
      ngx_http_credhub_conf_permission,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_role"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, role),
      &ngx_http_credhub_roles },

    { ngx_string("credhub_auth_server"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, auth_server),
      NULL },

    { ngx_string("credhub_max_name_length"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, hub.max_name_length),
      &ngx_http_credhub_name_length_post },

    { ngx_string("credhub_max_versions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, hub.max_versions),
      NULL },

    { ngx_string("credhub_certificate"),
      NGX_HTTP_SRV_CONF|NGX_CONF_TAKE23,
      ngx_http_credhub_conf_certificate,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_certificate_min_duration"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12,
      ngx_http_credhub_conf_min_duration,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_concatenate_cas"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, hub.concatenate_cas),
      NULL },

    { ngx_string("credhub_default_ca_key_usages"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, hub.default_ca_key_usages),
      NULL },

    { ngx_string("credhub_long_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_credhub_srv_conf_t, hub.long_timeout),
      &ngx_http_credhub_long_timeout_post },

    { ngx_string("credhub_probe_allow"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_credhub_conf_probe_allow,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_external_ca"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_external_ca,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_api_keys"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_api_keys,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_mtls"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, mtls),
      NULL },

    { ngx_string("credhub_jwt_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_credhub_keys_file },

    { ngx_string("credhub_jwt_key_request"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_credhub_keys_request },

    { ngx_string("credhub_jwt_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, issuer),
      NULL },

    { ngx_string("credhub_jwt_audience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, audience),
      NULL },

    { ngx_string("credhub_jwt_actor"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_credhub_conf_jwt_actor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_management"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, management),
      &ngx_http_credhub_managements },

    { ngx_string("credhub_access"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_TAKE12,
      ngx_http_credhub_conf_demand,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, edge.access),
      NULL },

    { ngx_string("credhub_access_dry_run"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, edge.access_dry_run),
      NULL },

    { ngx_string("credhub_authorize"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_credhub_conf_demand,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, edge.authorize),
      ngx_http_credhub_authorize_handler },

    { ngx_string("credhub_set"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE23,
      ngx_http_credhub_conf_inject,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_identity"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_identity,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_set_error"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_credhub_conf_inject_error,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_trust"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_credhub_conf_trust,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_trust_dry_run"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, edge.trust_dry_run),
      NULL },

    { ngx_string("credhub_upstream_trust"),
      NGX_HTTP_UPS_CONF|NGX_CONF_TAKE2,
      ngx_http_credhub_conf_upstream_trust,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_recheck"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_recheck,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_credhub_conf_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_credhub_main_conf_t, pools[NGX_CREDHUB_POOL_CPU]),
      &ngx_http_credhub_pool_post },

    { ngx_string("credhub_probe_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_credhub_main_conf_t, pools[NGX_CREDHUB_POOL_PROBE]),
      &ngx_http_credhub_pool_post },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_credhub_module_ctx = {
    ngx_http_credhub_preconfiguration,     /* preconfiguration */
    ngx_http_credhub_postconfiguration,    /* postconfiguration */

    ngx_http_credhub_create_main_conf,     /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_http_credhub_create_srv_conf,      /* create server configuration */
    ngx_http_credhub_merge_srv_conf,       /* merge server configuration */

    ngx_http_credhub_create_loc_conf,      /* create location configuration */
    ngx_http_credhub_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_credhub_module = {
    NGX_MODULE_V1,
    &ngx_http_credhub_module_ctx,          /* module context */
    ngx_http_credhub_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_credhub_init_module,          /* init module */
    ngx_http_credhub_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_credhub_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};

/* clang-format on */


static void *
ngx_http_credhub_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_main_conf_t));

    if (mcf == NULL
        || ngx_array_init(
               &mcf->stores, cf->pool, 2, sizeof(ngx_credhub_store_t *))
               != NGX_OK
        || ngx_array_init(
               &mcf->keyrings, cf->pool, 2, sizeof(credhub_keyring_t *))
               != NGX_OK
        || ngx_array_init(&mcf->jobs, cf->pool, 2, sizeof(ngx_credhub_job_t *))
               != NGX_OK
        || ngx_array_init(
               &mcf->reaching, cf->pool, 2, sizeof(ngx_credhub_hub_t *))
               != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


static void *
ngx_http_credhub_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_credhub_srv_conf_t *scf;

    scf = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_srv_conf_t));
    if (scf == NULL) {
        return NULL;
    }

    scf->role = NGX_CONF_UNSET_UINT;
    scf->hub.max_name_length = NGX_CONF_UNSET;
    scf->hub.max_versions = NGX_CONF_UNSET;
    scf->hub.ca_min_duration = NGX_CONF_UNSET;
    scf->hub.leaf_min_duration = NGX_CONF_UNSET;
    scf->hub.concatenate_cas = NGX_CONF_UNSET;
    scf->hub.default_ca_key_usages = NGX_CONF_UNSET;
    scf->hub.long_timeout = NGX_CONF_UNSET_MSEC;

    return scf;
}


static char *
ngx_http_credhub_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_credhub_srv_conf_t *prev = parent;
    ngx_http_credhub_srv_conf_t *conf = child;

    ngx_conf_merge_str_value(conf->auth_server, prev->auth_server, "");
    ngx_conf_merge_uint_value(
        conf->role, prev->role, NGX_HTTP_CREDHUB_ROLE_HUB);
    ngx_http_credhub_merge_limits(&conf->hub, &prev->hub);
    ngx_http_credhub_merge_outside(&conf->hub, &prev->hub);

    if (conf->api_keys.data == NULL) {
        conf->api_keys = prev->api_keys;
    }

    if (conf->hub.store == NULL) {
        conf->hub.store = prev->hub.store;
    }

    if (conf->hub.keyring == NULL) {
        conf->hub.keyring = prev->hub.keyring;
    }

    if (ngx_http_credhub_merge_permissions(&conf->hub, &prev->hub) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_credhub_merge_needs(cf, conf);
}


/* What a directive of the server or of its locations needs. */

static char *
ngx_http_credhub_merge_needs(ngx_conf_t *cf, ngx_http_credhub_srv_conf_t *conf)
{
    const char *missing;

    if (conf->needed_file == NULL) {
        return NGX_CONF_OK;
    }

    missing = conf->hub.store == NULL     ? "credhub_redis"
              : conf->hub.keyring == NULL ? "credhub_encryption_key"
                                          : NULL;

    if (missing != NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
            "no \"%s\" is defined for the \"%V\" directive in %s:%ui", missing,
            &conf->needed_by, conf->needed_file, conf->needed_line);
        return NGX_CONF_ERROR;
    }

    if (conf->role == NGX_HTTP_CREDHUB_ROLE_HUB) {
        conf->hub.store->writes = 1;

    } else if (conf->serves) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
            "\"credhub\" is not allowed in a server with \"credhub_role "
            "edge\": "
            "see the \"%V\" directive in %s:%ui",
            &conf->needed_by, conf->needed_file, conf->needed_line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_credhub_merge_limits(ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev)
{
    ngx_conf_merge_value(conf->max_name_length, prev->max_name_length, 255);
    ngx_conf_merge_value(conf->max_versions, prev->max_versions, 0);
    ngx_conf_merge_value(conf->ca_min_duration, prev->ca_min_duration, 0);
    ngx_conf_merge_value(conf->leaf_min_duration, prev->leaf_min_duration, 0);
    ngx_conf_merge_value(conf->concatenate_cas, prev->concatenate_cas, 0);
    ngx_conf_merge_value(
        conf->default_ca_key_usages, prev->default_ca_key_usages, 0);
    ngx_conf_merge_msec_value(conf->long_timeout, prev->long_timeout, 600000);
}


static void
ngx_http_credhub_merge_outside(ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev)
{
    if (conf->probe_allow == NULL) {
        conf->probe_allow = prev->probe_allow;
    }

    if (conf->external_ca.data == NULL) {
        conf->external_ca = prev->external_ca;
    }
}


/* Lines of all levels count together. */

static ngx_int_t
ngx_http_credhub_merge_permissions(
    ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev)
{
    void *rows;

    if (prev->permissions == NULL) {
        return NGX_OK;
    }

    if (conf->permissions == NULL) {
        conf->permissions = prev->permissions;
        return NGX_OK;
    }

    rows = ngx_array_push_n(conf->permissions, prev->permissions->nelts);
    if (rows == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(rows, prev->permissions->elts,
        prev->permissions->nelts * prev->permissions->size);

    return NGX_OK;
}


static void *
ngx_http_credhub_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_credhub_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->groups = NGX_CONF_UNSET_UINT;
    lcf->mtls = NGX_CONF_UNSET;
    lcf->management = NGX_CONF_UNSET_UINT;

    ngx_http_credhub_edge_create(&lcf->edge);

    return lcf;
}


static char *
ngx_http_credhub_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_credhub_loc_conf_t *prev = parent;
    ngx_http_credhub_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* a nested location says "credhub" itself; "if" and "limit_except" are
     * still the same location */

    if (clcf->noname || clcf->lmt_excpt) {
        ngx_conf_merge_uint_value(conf->groups, prev->groups, 0);
    }

    if (clcf->lmt_excpt && clcf->handler == NULL && conf->groups != 0) {
        clcf->handler = ngx_http_credhub_content_handler;
    }

    ngx_conf_init_uint_value(conf->groups, 0);

    ngx_http_credhub_merge_jwt(prev, conf);

    ngx_conf_merge_value(conf->mtls, prev->mtls, 1);
    ngx_conf_merge_uint_value(conf->management, prev->management,
        NGX_HTTP_CREDHUB_MANAGEMENT_PERMISSION);

    if ((conf->groups & NGX_HTTP_CREDHUB_SYSTEM)
        && conf->management != NGX_HTTP_CREDHUB_MANAGEMENT_OFF)
    {
        conf->groups |= NGX_HTTP_CREDHUB_MANAGEMENT;
    }

    return ngx_http_credhub_edge_merge(cf, &prev->edge, &conf->edge);
}


static void
ngx_http_credhub_merge_jwt(
    ngx_http_credhub_loc_conf_t *prev, ngx_http_credhub_loc_conf_t *conf)
{
    ngx_conf_merge_str_value(conf->issuer, prev->issuer, "");
    ngx_conf_merge_str_value(conf->audience, prev->audience, "");

    if (conf->keys == NULL) {
        conf->keys = prev->keys;
    }

    if (conf->actor_claim.data == NULL) {
        conf->actor_claim = prev->actor_claim;
        conf->actor_prefix = prev->actor_prefix;
    }

    conf->jwt.issuer.len = conf->issuer.len;
    conf->jwt.issuer.data = conf->issuer.data;
    conf->jwt.audience.len = conf->audience.len;
    conf->jwt.audience.data = conf->audience.data;
    conf->jwt.actor_claim = (char *) conf->actor_claim.data;
    conf->jwt.actor_prefix.len = conf->actor_prefix.len;
    conf->jwt.actor_prefix.data = conf->actor_prefix.data;
}


static ngx_int_t
ngx_http_credhub_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_credhub_variables_add(cf) == NGX_OK
               ? ngx_http_credhub_trust_add(cf)
               : NGX_ERROR;
}


static ngx_int_t
ngx_http_credhub_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_credhub_error_filter_init();

    return ngx_http_credhub_conf_servers(cf) == NGX_OK
                   && ngx_http_credhub_edge_init(cf) == NGX_OK
                   && ngx_http_credhub_metrics_init(cf) == NGX_OK
                   && ngx_http_credhub_certificate_init(cf) == NGX_OK
                   && ngx_http_credhub_actor_init(cf) == NGX_OK
               ? ngx_http_credhub_auth_init(cf)
               : NGX_ERROR;
}
