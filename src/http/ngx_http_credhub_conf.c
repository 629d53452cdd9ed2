
/* The handlers of directives that are more than a slot. */

#include "ngx_http_credhub_conf.h"
#include "ngx_http_credhub_content.h"
#include "credhub_name.h"


#define NGX_HTTP_CREDHUB_MIN_DURATION_MAX 36500 /* days */


static credhub_keyring_t *ngx_http_credhub_keyring(ngx_conf_t *cf);
static void               ngx_http_credhub_keyring_free(void *data);
static credhub_str_t ngx_http_credhub_folded(ngx_conf_t *cf, ngx_str_t *text);


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

/* clang-format on */


char *
ngx_http_credhub_conf_hub(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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

    ngx_http_credhub_conf_needs(cf);

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_credhub_module);
    scf->serves = 1;

    return NGX_CONF_OK;
}


void
ngx_http_credhub_conf_needs(ngx_conf_t *cf)
{
    ngx_str_t                   *value;
    ngx_http_credhub_srv_conf_t *scf;

    value = cf->args->elts;
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_credhub_module);

    if (scf->needed_file == NULL) {
        scf->needed_by = value[0];
        scf->needed_file = cf->conf_file->file.name.data;
        scf->needed_line = cf->conf_file->line;
    }
}


char *
ngx_http_credhub_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_credhub_conf_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_main_conf_t *mcf = conf;

    if (mcf->cache != NULL) {
        return "is duplicate";
    }

    mcf->cache = ngx_credhub_cache_conf(cf, &ngx_http_credhub_module);

    return mcf->cache == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}


char *
ngx_http_credhub_conf_encryption_key(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_credhub_conf_permission(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_credhub_conf_min_duration(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_srv_conf_t *scf = conf;

    ngx_str_t *value, days;
    ngx_int_t *slot;
    ngx_uint_t i;

    if (scf->hub.ca_min_duration != NGX_CONF_UNSET
        || scf->hub.leaf_min_duration != NGX_CONF_UNSET)
    {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        slot = NULL;
        days = value[i];

        if (ngx_strncmp(value[i].data, "ca=", 3) == 0) {
            slot = &scf->hub.ca_min_duration;
            days.data += 3;
            days.len -= 3;

        } else if (ngx_strncmp(value[i].data, "leaf=", 5) == 0) {
            slot = &scf->hub.leaf_min_duration;
            days.data += 5;
            days.len -= 5;
        }

        if (slot == NULL || *slot != NGX_CONF_UNSET
            || (*slot = ngx_atoi(days.data, days.len)) == NGX_ERROR
            || *slot > NGX_HTTP_CREDHUB_MIN_DURATION_MAX)
        {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    /* the line stands for both: what it does not name has no minimum */

    ngx_conf_init_value(scf->hub.ca_min_duration, 0);
    ngx_conf_init_value(scf->hub.leaf_min_duration, 0);

    return NGX_CONF_OK;
}


char *
ngx_http_credhub_conf_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_credhub_conf_jwt_actor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_credhub_conf_name_length(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *length = data;

    if (*length < 2 || *length > CREDHUB_NAME_MAX) {
        return "must be between 2 and 1024";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_credhub_conf_long_timeout(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *timeout = data;

    return *timeout == 0 ? "must not be zero" : NGX_CONF_OK;
}


/* The line that declares the pool may stand anywhere. */

char *
ngx_http_credhub_conf_pool(ngx_conf_t *cf, void *post, void *data)
{
    return ngx_thread_pool_add(cf, data) != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}


const char *
ngx_http_credhub_conf_read(
    ngx_conf_t *cf, ngx_pool_t *pool, ngx_str_t *name, credhub_str_t *text)
{
    ngx_file_t      file;
    const char     *reason;
    ngx_file_info_t info;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *name;
    file.log = cf->log;
    file.fd = ngx_open_file(
        name->data, NGX_FILE_RDONLY | NGX_FILE_NONBLOCK, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        return "cannot open file";
    }

    reason = "file is not a regular file of at most 1 MiB";

    if (ngx_fd_info(file.fd, &info) != NGX_FILE_ERROR && ngx_is_file(&info)
        && ngx_file_size(&info) <= NGX_HTTP_CREDHUB_CONF_FILE_MAX)
    {
        reason = "file could not be read";

        text->len = ngx_file_size(&info);
        text->data = ngx_pcalloc(pool, text->len + 1);

        if (text->data != NULL
            && ngx_read_file(&file, text->data, text->len, 0)
                   == (ssize_t) text->len)
        {
            reason = NULL;
            ngx_set_errno(0);
        }
    }

    (void) ngx_close_file(file.fd);

    return reason;
}
