
/*
 * The face: directives and their merging, process start and end. No logic of
 * the API is here.
 *
 * Configuration is read-only after it was merged, except for what a worker
 * attaches to it in init_process: links, jobs and the CPU queue.
 */

#include <sys/prctl.h>
#include "ngx_http_credhub_module.h"
#include "ngx_http_credhub_content.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_error_filter.h"
#include "ngx_http_credhub_seen.h"
#include "ngx_http_credhub_variables.h"
#include "ngx_credhub_sweep.h"
#include "credhub_bind.h"
#include "credhub_name.h"


static char *ngx_http_credhub(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_redis(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_encryption_key(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_permission(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_jwt_keys(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_jwt_actor(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_credhub_name_length(
    ngx_conf_t *cf, void *post, void *data);
static char *ngx_http_credhub_pool(ngx_conf_t *cf, void *post, void *data);

static void *ngx_http_credhub_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_credhub_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_credhub_merge_srv_conf(
    ngx_conf_t *cf, void *parent, void *child);
static ngx_int_t ngx_http_credhub_merge_permissions(
    ngx_credhub_hub_t *conf, ngx_credhub_hub_t *prev);
static void *ngx_http_credhub_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_credhub_merge_loc_conf(
    ngx_conf_t *cf, void *parent, void *child);
static void ngx_http_credhub_merge_jwt(
    ngx_http_credhub_loc_conf_t *prev, ngx_http_credhub_loc_conf_t *conf);
static ngx_int_t ngx_http_credhub_postconfiguration(ngx_conf_t *cf);

static ngx_int_t ngx_http_credhub_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_credhub_init_process(ngx_cycle_t *cycle);
static void      ngx_http_credhub_exit_process(ngx_cycle_t *cycle);

static credhub_keyring_t *ngx_http_credhub_keyring(ngx_conf_t *cf);
static void               ngx_http_credhub_keyring_free(void *data);
static credhub_str_t ngx_http_credhub_folded(ngx_conf_t *cf, ngx_str_t *text);
static ngx_int_t     ngx_http_credhub_start(
        ngx_cycle_t *cycle, ngx_http_credhub_main_conf_t *mcf);
static ngx_int_t ngx_http_credhub_start_jobs(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle);


/* clang-format off */

static const struct {
    ngx_str_t   name;
    ngx_uint_t  bit;
} ngx_http_credhub_groups[] = {
    { ngx_string("credentials"), NGX_HTTP_CREDHUB_CREDENTIALS },
    { ngx_string("certificates"), NGX_HTTP_CREDHUB_CERTIFICATES },
    { ngx_string("permissions"), NGX_HTTP_CREDHUB_PERMISSIONS },
    { ngx_string("system"), NGX_HTTP_CREDHUB_SYSTEM },
    { ngx_string("trust"), NGX_HTTP_CREDHUB_TRUST },
    { ngx_string("ssh"), NGX_HTTP_CREDHUB_SSH },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_credhub_managements[] = {
    { ngx_string("off"), NGX_HTTP_CREDHUB_MANAGEMENT_OFF },
    { ngx_string("local"), NGX_HTTP_CREDHUB_MANAGEMENT_LOCAL },
    { ngx_string("permission"), NGX_HTTP_CREDHUB_MANAGEMENT_PERMISSION },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_credhub_name_length_post = {
    ngx_http_credhub_name_length
};


static ngx_conf_post_t  ngx_http_credhub_pool_post = {
    ngx_http_credhub_pool
};


static ngx_command_t  ngx_http_credhub_commands[] = {

    { ngx_string("credhub"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_credhub,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_redis"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_credhub_redis,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_encryption_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE23,
      ngx_http_credhub_encryption_key,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_permission"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE3,
      ngx_http_credhub_permission,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

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

    { ngx_string("credhub_mtls"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, mtls),
      NULL },

    { ngx_string("credhub_jwt_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_credhub_keys_file },

    { ngx_string("credhub_jwt_key_request"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_credhub_jwt_keys,
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
      ngx_http_credhub_jwt_actor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("credhub_management"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_credhub_loc_conf_t, management),
      &ngx_http_credhub_managements },

    { ngx_string("credhub_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_credhub_main_conf_t, thread_pool),
      &ngx_http_credhub_pool_post },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_credhub_module_ctx = {
    ngx_http_credhub_variables_add,        /* preconfiguration */
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


/* no header declares it */
extern ngx_module_t ngx_thread_pool_module;

static ngx_str_t ngx_http_credhub_pool_name = ngx_string("credhub");


static char *
ngx_http_credhub(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   i, j;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_credhub_srv_conf_t *scf;

    if (lcf->groups != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    lcf->groups = cf->args->nelts == 1 ? NGX_HTTP_CREDHUB_ALL : 0;

    for (i = 1; i < cf->args->nelts; i++) {
        for (j = 0; ngx_http_credhub_groups[j].bit != 0; j++) {
            if (ngx_http_credhub_groups[j].name.len == value[i].len
                && ngx_strncmp(ngx_http_credhub_groups[j].name.data,
                       value[i].data, value[i].len)
                       == 0)
            {
                break;
            }
        }

        if (ngx_http_credhub_groups[j].bit == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "unknown group \"%V\" in \"credhub\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        lcf->groups |= ngx_http_credhub_groups[j].bit;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_credhub_content_handler;

    /* the server's configuration is checked when all of it is known */

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_credhub_module);
    scf->file = cf->conf_file->file.name.data;
    scf->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


static char *
ngx_http_credhub_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_http_credhub_main_conf_t *mcf;

    if (scf->hub.store != NULL) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    scf->hub.store = ngx_credhub_store_conf(cf, &mcf->stores);

    return scf->hub.store == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}


static char *
ngx_http_credhub_encryption_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_err_t     err;
    ngx_str_t    *value, file, path;
    const char   *reason;
    credhub_str_t folded;

    value = cf->args->elts;
    file = value[2];
    folded = credhub_null_str;

    if (cf->args->nelts == 4) {
        if (ngx_strncmp(value[3].data, "path=", 5) != 0) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[3]);
            return NGX_CONF_ERROR;
        }

        path.data = value[3].data + 5;
        path.len = value[3].len - 5;
        folded = ngx_http_credhub_folded(cf, &path);

        if (folded.data == NULL) {
            return NGX_CONF_ERROR;
        }

        if (folded.data[folded.len - 1] != '*') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "\"%V\" is no path that ends in \"/*\"", &value[3]);
            return NGX_CONF_ERROR;
        }
    }

    if (scf->hub.keyring == NULL) {
        scf->hub.keyring = ngx_http_credhub_keyring(cf);

        if (scf->hub.keyring == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reason = credhub_keyring_add(
        scf->hub.keyring, (char *) value[1].data, (char *) file.data, folded);

    if (reason != NULL) {
        err = errno;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
            "encryption key \"%V\" from \"%V\": %s", &value[1], &file, reason);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static credhub_keyring_t *
ngx_http_credhub_keyring(ngx_conf_t *cf)
{
    credhub_keyring_t            *keyring, **slot;
    ngx_pool_cleanup_t           *cln;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    slot = ngx_array_push(&mcf->keyrings);
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (slot == NULL || cln == NULL) {
        return NULL;
    }

    keyring = credhub_keyring_create();

    if (keyring == NULL) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, ngx_errno, "no memory for encryption keys");
    }

    *slot = keyring;

    cln->handler = ngx_http_credhub_keyring_free;
    cln->data = keyring;

    return keyring;
}


static void
ngx_http_credhub_keyring_free(void *data)
{
    credhub_keyring_destroy(data);
}


static char *
ngx_http_credhub_permission(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_str_t            *value;
    credhub_str_t         path, operations;
    credhub_permission_t *row;

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "invalid actor \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    path = ngx_http_credhub_folded(cf, &value[2]);
    if (path.data == NULL) {
        return NGX_CONF_ERROR;
    }

    if (scf->hub.permissions == NULL) {
        scf->hub.permissions =
            ngx_array_create(cf->pool, 8, sizeof(credhub_permission_t));

        if (scf->hub.permissions == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    row = ngx_array_push(scf->hub.permissions);
    if (row == NULL) {
        return NGX_CONF_ERROR;
    }

    row->actor.len = value[1].len;
    row->actor.data = value[1].data;
    row->path = path;

    operations.len = value[3].len;
    operations.data = value[3].data;
    row->operations = credhub_operations(operations);

    if (row->operations == 0) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "invalid operations \"%V\"", &value[3]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* A permission path in lower case; .data == NULL after a message. */

static credhub_str_t
ngx_http_credhub_folded(ngx_conf_t *cf, ngx_str_t *text)
{
    credhub_str_t path;

    path.len = text->len;
    path.data = ngx_pnalloc(cf->pool, text->len + 1);

    if (path.data == NULL) {
        return credhub_null_str;
    }

    ngx_strlow(path.data, text->data, text->len);

    if (!credhub_permission_path_check(path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid path \"%V\"", text);
        return credhub_null_str;
    }

    return path;
}


static char *
ngx_http_credhub_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_str_t *value;

    ngx_http_credhub_keys_t *(*keys)(ngx_conf_t * cf, ngx_str_t * value);

    if (lcf->keys != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    keys = cmd->post;

    lcf->keys = keys(cf, &value[1]);

    return lcf->keys == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}


static char *
ngx_http_credhub_jwt_actor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_str_t *value;

    if (lcf->actor_claim.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a claim";
    }

    lcf->actor_claim = value[1];
    lcf->actor_prefix = value[2];

    return NGX_CONF_OK;
}


static char *
ngx_http_credhub_name_length(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *length = data;

    if (*length < 2 || *length > CREDHUB_NAME_MAX) {
        return "must be between 2 and 1024";
    }

    return NGX_CONF_OK;
}


/* The line that declares the pool may stand anywhere. */

static char *
ngx_http_credhub_pool(ngx_conf_t *cf, void *post, void *data)
{
    return ngx_thread_pool_add(cf, data) != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}


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

    scf->hub.max_name_length = NGX_CONF_UNSET;
    scf->hub.max_versions = NGX_CONF_UNSET;

    return scf;
}


static char *
ngx_http_credhub_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_credhub_srv_conf_t *prev = parent;
    ngx_http_credhub_srv_conf_t *conf = child;

    const char *missing;

    ngx_conf_merge_str_value(conf->auth_server, prev->auth_server, "");
    ngx_conf_merge_value(
        conf->hub.max_name_length, prev->hub.max_name_length, 255);
    ngx_conf_merge_value(conf->hub.max_versions, prev->hub.max_versions, 0);

    if (conf->hub.store == NULL) {
        conf->hub.store = prev->hub.store;
    }

    if (conf->hub.keyring == NULL) {
        conf->hub.keyring = prev->hub.keyring;
    }

    if (ngx_http_credhub_merge_permissions(&conf->hub, &prev->hub) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->file == NULL) {
        return NGX_CONF_OK;
    }

    missing = conf->hub.store == NULL     ? "credhub_redis"
              : conf->hub.keyring == NULL ? "credhub_encryption_key"
                                          : NULL;

    if (missing != NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
            "no \"%s\" is defined for the \"credhub\" directive in %s:%ui",
            missing, conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
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

    return NGX_CONF_OK;
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
ngx_http_credhub_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_credhub_error_filter_init();

    return ngx_http_credhub_actor_init(cf) == NGX_OK
               ? ngx_http_credhub_auth_init(cf)
               : NGX_ERROR;
}


/*
 * Without credhub_thread_pool we have a pool of our own. It is added after the
 * whole configuration was read, by the directive "thread_pool" itself, so that
 * a line of the operator's for the same name wins wherever it stands.
 */

static ngx_int_t
ngx_http_credhub_init_module(ngx_cycle_t *cycle)
{
    u_char                        threads[sizeof("threads=") + NGX_INT_T_LEN];
    ngx_str_t                    *arg;
    ngx_conf_t                    cf;
    ngx_command_t                *cmd;
    ngx_conf_file_t               file;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_credhub_module);

    if (mcf == NULL || mcf->thread_pool.len != 0
        || ngx_thread_pool_get(cycle, &ngx_http_credhub_pool_name) != NULL)
    {
        return NGX_OK;
    }

    ngx_memzero(&cf, sizeof(ngx_conf_t));
    ngx_memzero(&file, sizeof(ngx_conf_file_t));

    file.file.name = cycle->conf_file;

    cf.cycle = cycle;
    cf.pool = cycle->pool;
    cf.log = cycle->log;
    cf.conf_file = &file;
    cf.args = ngx_array_create(cycle->pool, 3, sizeof(ngx_str_t));

    if (cf.args == NULL) {
        return NGX_ERROR;
    }

    arg = ngx_array_push_n(cf.args, 3);
    cmd = ngx_thread_pool_module.commands;

    arg[0] = cmd->name;
    arg[1] = ngx_http_credhub_pool_name;

    /* as many as run at a time, see ngx_credhub_task.h */

    arg[2].data = threads;
    arg[2].len =
        ngx_sprintf(threads, "threads=%i", ngx_max(1, ngx_ncpu / 2)) - threads;

    return cmd->set(&cf, cmd, NULL) == NGX_CONF_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_credhub_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    credhub_keyring_t           **keyring;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_credhub_module);

    if (mcf == NULL || mcf->stores.nelts == 0) {
        return NGX_OK;
    }

    keyring = mcf->keyrings.elts;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        /* the cache manager and loader have no use for keys */

        for (i = 0; i < mcf->keyrings.nelts; i++) {
            credhub_keyring_wipe(keyring[i]);
        }

        return NGX_OK;
    }

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
            "prctl(PR_SET_DUMPABLE) failed");
    }

    for (i = 0; i < mcf->keyrings.nelts; i++) {
        if (credhub_keyring_lock(keyring[i]) == -1) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                "encryption keys could not be locked into memory");
        }
    }

    return ngx_http_credhub_start(cycle, mcf);
}


static ngx_int_t
ngx_http_credhub_start(ngx_cycle_t *cycle, ngx_http_credhub_main_conf_t *mcf)
{
    ngx_str_t            *name;
    ngx_uint_t            i, own;
    ngx_thread_pool_t    *pool;
    ngx_credhub_store_t **store;

    own = (mcf->thread_pool.len == 0);
    name = own ? &ngx_http_credhub_pool_name : &mcf->thread_pool;
    pool = ngx_thread_pool_get(cycle, name);

    if (pool == NULL) {
        return NGX_ERROR;
    }

    credhub_bind_init();
    ngx_http_credhub_seen_init();
    ngx_credhub_task_init(pool, own);

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        if (ngx_credhub_store_start(store[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_worker == 0 ? ngx_http_credhub_start_jobs(mcf, cycle) : NGX_OK;
}


/* The background work of every store that has a hub, in one worker. */

static ngx_int_t
ngx_http_credhub_start_jobs(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_credhub_hub_t    *hub;
    ngx_credhub_job_t   **job;
    ngx_credhub_store_t **store;

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        hub = ngx_pcalloc(cycle->pool, sizeof(ngx_credhub_hub_t));
        job = ngx_array_push(&mcf->jobs);

        if (hub == NULL || job == NULL) {
            return NGX_ERROR;
        }

        hub->store = store[i];

        *job = ngx_credhub_job_start(
            &ngx_credhub_sweep_operation, hub, NGX_CREDHUB_SWEEP_INTERVAL);

        if (*job == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_credhub_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_credhub_job_t           **job;
    ngx_credhub_store_t         **store;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_credhub_module);

    if (mcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    ngx_http_credhub_seen_free();

    job = mcf->jobs.elts;

    for (i = 0; i < mcf->jobs.nelts; i++) {
        ngx_credhub_job_stop(job[i]);
    }

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        ngx_credhub_store_stop(store[i]);
    }
}
