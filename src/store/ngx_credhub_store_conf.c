
/*
 * The arguments of credhub_redis: ADDR [db=] [user=] [password_file=] [prefix=]
 * [timeout=] [connect_timeout=]. What needs other ways to connect is known by
 * name, so that nobody believes it works.
 */

#include "ngx_credhub_store.h"
#include "credhub_file.h"


#define NGX_CREDHUB_PASSWORD_MAX    1024
#define NGX_CREDHUB_DB_MAX          65535
#define NGX_CREDHUB_TIMEOUT         2000
#define NGX_CREDHUB_CONNECT_TIMEOUT 1000


typedef struct {
    ngx_str_t name;
    char *(*set)(ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
} ngx_credhub_store_option_t;


static ngx_int_t ngx_credhub_store_address(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static ngx_int_t ngx_credhub_store_argument(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *arg);
static char *ngx_credhub_store_db(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static char *ngx_credhub_store_user(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static char *ngx_credhub_store_password(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static void  ngx_credhub_store_wipe(void *data);
static char *ngx_credhub_store_prefix(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static char *ngx_credhub_store_timeout(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static char *ngx_credhub_store_connect_timeout(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static char     *ngx_credhub_store_msec(ngx_msec_t *msec, ngx_str_t *value);
static ngx_int_t ngx_credhub_store_set_prefix(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value);
static ngx_credhub_store_t *ngx_credhub_store_share(
    ngx_array_t *stores, ngx_credhub_store_t *store);
static ngx_uint_t ngx_credhub_store_equal(
    const ngx_credhub_store_t *a, const ngx_credhub_store_t *b);
static ngx_uint_t ngx_credhub_string_equal(
    const ngx_str_t *a, const ngx_str_t *b);


/* A setter returns NGX_CONF_ERROR after a message of its own, or what is wrong
 * with the whole argument. */

static const ngx_credhub_store_option_t ngx_credhub_store_options[] = {
    { ngx_string("db="), ngx_credhub_store_db },
    { ngx_string("user="), ngx_credhub_store_user },
    { ngx_string("password_file="), ngx_credhub_store_password },
    { ngx_string("prefix="), ngx_credhub_store_prefix },
    { ngx_string("timeout="), ngx_credhub_store_timeout },
    { ngx_string("connect_timeout="), ngx_credhub_store_connect_timeout },
    { ngx_null_string, NULL }
};

static const ngx_str_t ngx_credhub_store_unsupported[] = {
    ngx_string("sentinel="), ngx_string("cluster"), ngx_string("wait="),
    ngx_string("tls"), ngx_null_string
};


ngx_credhub_store_t *
ngx_credhub_store_conf(ngx_conf_t *cf, ngx_array_t *stores)
{
    ngx_str_t           *value, prefix;
    ngx_uint_t           i;
    ngx_credhub_store_t *store;

    store = ngx_pcalloc(cf->pool, sizeof(ngx_credhub_store_t));
    if (store == NULL) {
        return NULL;
    }

    store->timeout = NGX_CREDHUB_TIMEOUT;
    store->connect_timeout = NGX_CREDHUB_CONNECT_TIMEOUT;

    ngx_str_set(&prefix, "credhub");

    value = cf->args->elts;

    if (ngx_credhub_store_set_prefix(cf, store, &prefix) != NGX_OK
        || ngx_credhub_store_address(cf, store, &value[1]) != NGX_OK)
    {
        return NULL;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_credhub_store_argument(cf, store, &value[i]) != NGX_OK) {
            return NULL;
        }
    }

    if (store->user.len != 0 && store->password.len == 0) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "\"user\" needs \"password_file\"");
        return NULL;
    }

    return ngx_credhub_store_share(stores, store);
}


static ngx_int_t
ngx_credhub_store_address(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    ngx_url_t u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *value;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"",
            u.err ? u.err : "no memory", value);
        return NGX_ERROR;
    }

    if (u.no_port) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no port in \"%V\"", value);
        return NGX_ERROR;
    }

    store->addrs = u.addrs;
    store->naddrs = u.naddrs;
    store->name = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_store_argument(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *arg)
{
    char                             *error;
    ngx_str_t                         value;
    const ngx_str_t                  *name;
    const ngx_credhub_store_option_t *option;

    error = "invalid parameter";

    for (option = ngx_credhub_store_options; option->set != NULL; option++) {
        if (arg->len >= option->name.len
            && ngx_strncmp(arg->data, option->name.data, option->name.len) == 0)
        {
            value.data = arg->data + option->name.len;
            value.len = arg->len - option->name.len;

            error = option->set(cf, store, &value);
            break;
        }
    }

    if (error == NGX_CONF_OK) {
        return NGX_OK;
    }

    if (error == NGX_CONF_ERROR) {
        return NGX_ERROR;
    }

    for (name = ngx_credhub_store_unsupported; name->len != 0; name++) {
        if (arg->len >= name->len
            && ngx_strncmp(arg->data, name->data, name->len) == 0) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "parameter \"%V\" is not supported", arg);
            return NGX_ERROR;
        }
    }

    if (option->set == NULL && ngx_strlchr(arg->data, arg->data + arg->len, ':')
        && !ngx_strlchr(arg->data, arg->data + arg->len, '='))
    {
        error = "only one address is supported, invalid parameter";
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s \"%V\"", error, arg);

    return NGX_ERROR;
}


static char *
ngx_credhub_store_db(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    ngx_int_t n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n > NGX_CREDHUB_DB_MAX) {
        return "invalid parameter";
    }

    store->db = n;

    return NGX_CONF_OK;
}


static char *
ngx_credhub_store_user(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    if (value->len == 0) {
        return "invalid parameter";
    }

    store->user = *value;

    return NGX_CONF_OK;
}


static char *
ngx_credhub_store_password(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    size_t              len;
    ngx_str_t           file;
    const char         *error;
    ngx_pool_cleanup_t *cln;

    if (value->len == 0) {
        return "invalid parameter";
    }

    file = *value;

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, NGX_CREDHUB_PASSWORD_MAX + 1);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_credhub_store_wipe;

    error = credhub_file_read_secret(
        (char *) file.data, cln->data, NGX_CREDHUB_PASSWORD_MAX + 1, &len);

    if (error != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            "password file \"%V\": %s", &file, error);
        return NGX_CONF_ERROR;
    }

    store->password.data = cln->data;

    if (len != 0 && store->password.data[len - 1] == LF) {
        len--;
    }

    if (len == 0 || len > NGX_CREDHUB_PASSWORD_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "password file \"%V\" must hold 1 to %d bytes", &file,
            NGX_CREDHUB_PASSWORD_MAX);
        return NGX_CONF_ERROR;
    }

    store->password.len = len;

    return NGX_CONF_OK;
}


static void
ngx_credhub_store_wipe(void *data)
{
    ngx_explicit_memzero(data, NGX_CREDHUB_PASSWORD_MAX + 1);
}


static char *
ngx_credhub_store_prefix(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    u_char    *p;
    ngx_uint_t valid;

    valid = (value->len >= 1 && value->len <= NGX_CREDHUB_PREFIX_MAX);

    for (p = value->data; p < value->data + value->len; p++) {
        if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z')
            && (*p < '0' || *p > '9') && *p != '_' && *p != '.' && *p != '-')
        {
            valid = 0;
        }
    }

    if (!valid) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"prefix\" must match [A-Za-z0-9_.-]{1,%d}",
            NGX_CREDHUB_PREFIX_MAX);
        return NGX_CONF_ERROR;
    }

    return (ngx_credhub_store_set_prefix(cf, store, value) == NGX_OK)
               ? NGX_CONF_OK
               : NGX_CONF_ERROR;
}


/* The braces make all keys of a hub one slot of a Redis Cluster. */

static ngx_int_t
ngx_credhub_store_set_prefix(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    u_char *p;

    p = ngx_pnalloc(cf->pool, value->len + sizeof("{}:") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    store->prefix.data = p;
    store->prefix.len = ngx_sprintf(p, "{%V}:", value) - p;

    return NGX_OK;
}


static char *
ngx_credhub_store_timeout(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    return ngx_credhub_store_msec(&store->timeout, value);
}


static char *
ngx_credhub_store_connect_timeout(
    ngx_conf_t *cf, ngx_credhub_store_t *store, ngx_str_t *value)
{
    return ngx_credhub_store_msec(&store->connect_timeout, value);
}


static char *
ngx_credhub_store_msec(ngx_msec_t *msec, ngx_str_t *value)
{
    ngx_int_t n;

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR || n == 0) {
        return "invalid parameter";
    }

    *msec = n;

    return NGX_CONF_OK;
}


static ngx_credhub_store_t *
ngx_credhub_store_share(ngx_array_t *stores, ngx_credhub_store_t *store)
{
    ngx_uint_t            i;
    ngx_credhub_store_t **known;

    known = stores->elts;

    for (i = 0; i < stores->nelts; i++) {
        if (ngx_credhub_store_equal(known[i], store)) {
            return known[i];
        }
    }

    known = ngx_array_push(stores);
    if (known == NULL) {
        return NULL;
    }

    *known = store;

    return store;
}


static ngx_uint_t
ngx_credhub_store_equal(
    const ngx_credhub_store_t *a, const ngx_credhub_store_t *b)
{
    return ngx_credhub_string_equal(&a->name, &b->name)
           && ngx_credhub_string_equal(&a->user, &b->user)
           && ngx_credhub_string_equal(&a->password, &b->password)
           && credhub_str_eq(a->prefix, b->prefix) && a->db == b->db
           && a->timeout == b->timeout
           && a->connect_timeout == b->connect_timeout;
}


static ngx_uint_t
ngx_credhub_string_equal(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}
