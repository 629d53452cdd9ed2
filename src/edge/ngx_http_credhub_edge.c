
/* What the directives of locations mean, and what their handlers share. */

#include "ngx_http_credhub_conf.h"
#include "ngx_http_credhub_answer.h"
#include "ngx_http_credhub_client.h"
#include "ngx_http_credhub_edge.h"
#include "ngx_http_credhub_shown.h"
#include "ngx_http_credhub_upstream.h"
#include "ngx_credhub_object.h"
#include "credhub_name.h"
#include "credhub_metrics.h"


#define NGX_HTTP_CREDHUB_DEMANDS_MAX    16 /* lines of one location */
#define NGX_HTTP_CREDHUB_INJECTIONS_MAX 64


static ngx_int_t ngx_http_credhub_edge_demand(ngx_conf_t *cf,
    ngx_http_credhub_demand_t *demand, ngx_str_t *operations, ngx_str_t *path);
static ngx_int_t ngx_http_credhub_edge_variable(
    ngx_conf_t *cf, ngx_str_t *name);
static ngx_int_t ngx_http_credhub_edge_status(
    ngx_str_t *text, ngx_uint_t *which);
static ngx_int_t ngx_http_credhub_edge_merge_injections(
    ngx_array_t *prev, ngx_http_credhub_edge_conf_t *conf, ngx_pool_t *pool);
static ngx_http_handler_pt *ngx_http_credhub_edge_first(
    ngx_http_core_main_conf_t *cmcf, ngx_http_phases phase);
static void ngx_http_credhub_edge_warn(
    ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf);


/* clang-format off */

static const struct {
    ngx_str_t   name; /* with the equals sign */
    ngx_uint_t  status;
} ngx_http_credhub_inject_statuses[NGX_HTTP_CREDHUB_INJECT_STATUSES] = {
    [NGX_HTTP_CREDHUB_INJECT_MISSING] =
        { ngx_string("missing="), NGX_HTTP_NOT_FOUND },
    [NGX_HTTP_CREDHUB_INJECT_DENIED] =
        { ngx_string("denied="), NGX_HTTP_FORBIDDEN },
    [NGX_HTTP_CREDHUB_INJECT_UNAVAILABLE] =
        { ngx_string("unavailable="), NGX_HTTP_SERVICE_UNAVAILABLE }
};

/* clang-format on */


ngx_http_credhub_edge_conf_t *
ngx_http_credhub_edge_conf(ngx_http_request_t *r)
{
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    return &lcf->edge;
}


ngx_int_t
ngx_http_credhub_edge_text(
    ngx_http_request_t *r, ngx_http_complex_value_t *value, credhub_str_t *text)
{
    ngx_str_t result;

    if (ngx_http_complex_value(r, value, &result) != NGX_OK) {
        return NGX_ERROR;
    }

    text->len = result.len;
    text->data = result.data;

    return NGX_OK;
}


void
ngx_http_credhub_edge_log(ngx_http_request_t *r, ngx_credhub_op_t *op,
    ngx_uint_t status, const char *note)
{
    ngx_uint_t    level;
    credhub_str_t who, what;

    level =
        status < NGX_HTTP_INTERNAL_SERVER_ERROR ? NGX_LOG_INFO : NGX_LOG_ERR;
    who = op->actor.len != 0 ? op->actor : credhub_str("nobody");
    what = op->resource.len != 0 ? op->resource : credhub_str("-");

    ngx_log_error(level, r->connection->log, 0,
        "credhub: %s of \"%*s\" on \"%*s\": %s%s%*s%s", op->operation->name,
        who.len, who.data, what.len, what.data, credhub_error_name(op->error),
        op->detail.len != 0 ? ": " : "", op->detail.len, op->detail.data, note);
}


ngx_int_t
ngx_http_credhub_edge_result(
    ngx_http_request_t *r, ngx_credhub_op_t *op, ngx_flag_t dry_run)
{
    ngx_uint_t status;

    credhub_metrics_decision(op->operation->name, op->error);

    if (op->error == CREDHUB_OK) {
        return dry_run ? NGX_DECLINED : NGX_OK;
    }

    status = credhub_error_status(op->error);

    ngx_http_credhub_edge_log(r, op, status, dry_run ? ", dry run" : "");

    if (dry_run) {
        return NGX_DECLINED;
    }

    return ngx_http_credhub_answer_hints(r, op->arena, op->error, op->detail)
                   == NGX_OK
               ? (ngx_int_t) status
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* credhub_access, credhub_authorize: a command with `post` has a content
 * handler. */

char *
ngx_http_credhub_conf_demand(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_array_t **demands = (ngx_array_t **) ((char *) conf + cmd->offset);

    ngx_str_t                    *value;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_credhub_demand_t    *demand;
    ngx_http_credhub_main_conf_t *mcf;

    value = cf->args->elts;

    if (*demands != NULL && (*demands)->nelts == 0) {
        return "is duplicate";
    }

    if (*demands == NULL) {
        *demands =
            ngx_array_create(cf->pool, 1, sizeof(ngx_http_credhub_demand_t));

        if (*demands == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (cmd->post == NULL && cf->args->nelts == 2) {
        return ngx_strcmp(value[1].data, "off") != 0 ? "has no path"
               : (*demands)->nelts != 0              ? "is duplicate"
                                                     : NGX_CONF_OK;
    }

    if ((*demands)->nelts == NGX_HTTP_CREDHUB_DEMANDS_MAX) {
        return "is there too often";
    }

    demand = ngx_array_push(*demands);

    if (demand == NULL
        || ngx_http_credhub_edge_demand(cf, demand, &value[1], &value[2])
               != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_credhub_conf_needs(cf);

    if (cmd->post != NULL) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
        clcf->handler = ngx_http_credhub_authorize_handler;

    } else {
        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);
        mcf->demands = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_credhub_edge_demand(ngx_conf_t *cf, ngx_http_credhub_demand_t *demand,
    ngx_str_t *operations, ngx_str_t *path)
{
    credhub_str_t text;

    text.len = operations->len;
    text.data = operations->data;

    demand->operations = credhub_operations(text);

    if (demand->operations == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"%V\" is no list of operations", operations);
        return NGX_ERROR;
    }

    if (ngx_http_credhub_edge_compile(cf, path, &demand->path) != NGX_OK) {
        return NGX_ERROR;
    }

    text.len = path->len;
    text.data = path->data;

    if (demand->path.lengths == NULL && !credhub_permission_path_check(text)) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "\"%V\" is no path of a permission", path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_credhub_edge_compile(
    ngx_conf_t *cf, ngx_str_t *text, ngx_http_complex_value_t *value)
{
    ngx_http_compile_complex_value_t compile;

    ngx_memzero(&compile, sizeof(ngx_http_compile_complex_value_t));
    ngx_memzero(value, sizeof(ngx_http_complex_value_t));

    compile.cf = cf;
    compile.value = text;
    compile.complex_value = value;

    return ngx_http_compile_complex_value(&compile);
}


/* credhub_set */

char *
ngx_http_credhub_conf_inject(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_int_t                     index;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    credhub_str_t                 name;
    ngx_http_credhub_injection_t *injection;
    ngx_http_credhub_main_conf_t *mcf;

    value = cf->args->elts;

    if (lcf->edge.injections == NULL) {
        lcf->edge.injections =
            ngx_array_create(cf->pool, 2, sizeof(ngx_http_credhub_injection_t));

        if (lcf->edge.injections == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    index = ngx_http_credhub_edge_variable(cf, &value[1]);

    if (index == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    injection = lcf->edge.injections->elts;

    for (i = 0; i < lcf->edge.injections->nelts; i++) {
        if (injection[i].variable == index) {
            return "is duplicate";
        }
    }

    if (lcf->edge.injections->nelts == NGX_HTTP_CREDHUB_INJECTIONS_MAX) {
        return "is there too often";
    }

    injection = ngx_array_push(lcf->edge.injections);

    if (injection == NULL
        || ngx_http_credhub_edge_compile(cf, &value[2], &injection->name)
               != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    name.len = value[2].len;
    name.data = value[2].data;

    if (injection->name.lengths == NULL
        && (name.data[0] != '/'
            || credhub_name_check(name, CREDHUB_NAME_MAX) != CREDHUB_OK))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"%V\" is no name of a credential", &value[2]);
        return NGX_CONF_ERROR;
    }

    injection->variable = index;
    injection->field = credhub_null_str;

    if (cf->args->nelts == 4) {
        injection->field.len = value[3].len;
        injection->field.data = value[3].data;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);
    mcf->injects = 1;

    ngx_http_credhub_conf_needs(cf);

    return NGX_CONF_OK;
}


/*
 * The index of a variable of ours; NGX_ERROR. Nothing else may set it: a value
 * of somebody else would go to the upstream in the place of the secret.
 */

static ngx_int_t
ngx_http_credhub_edge_variable(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_int_t                  index;
    ngx_str_t                  bare;
    ngx_http_variable_t       *variable;
    ngx_http_core_main_conf_t *cmcf;

    if (name->len < 2 || name->data[0] != '$') {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "invalid variable name \"%V\"", name);
        return NGX_ERROR;
    }

    bare.len = name->len - 1;
    bare.data = name->data + 1;

    index = ngx_http_get_variable_index(cf, &bare);
    if (index == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    variable = cmcf->variables.elts;

    if (variable[index].get_handler == ngx_http_credhub_inject_variable) {
        return index;
    }

    variable = ngx_http_add_variable(cf, &bare, NGX_HTTP_VAR_NOCACHEABLE);
    if (variable == NULL) {
        return NGX_ERROR;
    }

    if (variable->get_handler != NULL || variable->set_handler != NULL
        || (variable->flags & NGX_HTTP_VAR_CHANGEABLE))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "the variable \"%V\" is set by another directive too", name);
        return NGX_ERROR;
    }

    variable->get_handler = ngx_http_credhub_inject_variable;
    variable->data = index;

    variable = cmcf->variables.elts;
    variable[index].get_handler = ngx_http_credhub_inject_variable;

    return index;
}


/* credhub_trust */

char *
ngx_http_credhub_conf_trust(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_str_t                    *value;
    ngx_http_credhub_main_conf_t *mcf;

    value = cf->args->elts;

    if (lcf->edge.trust != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2) {
        lcf->edge.trust = NGX_HTTP_CREDHUB_TRUST_OFF;
        return ngx_strcmp(value[1].data, "off") == 0 ? NGX_CONF_OK
                                                     : "has no id";
    }

    lcf->edge.trust_id = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));

    if (lcf->edge.trust_id == NULL
        || ngx_http_credhub_edge_kind(cf, &value[1], &lcf->edge.trust) != NGX_OK
        || ngx_http_credhub_edge_compile(cf, &value[2], lcf->edge.trust_id)
               != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);
    mcf->demands = 1;

    ngx_http_credhub_conf_needs(cf);

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_credhub_edge_kind(ngx_conf_t *cf, ngx_str_t *text, ngx_uint_t *kind)
{
    for (*kind = NGX_CREDHUB_CONNECTIONS;
         ngx_strcmp(text->data, ngx_credhub_object_kinds[*kind].name) != 0;
         (*kind)++)
    {
        if (*kind == NGX_CREDHUB_DESTINATIONS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "\"%V\" is neither connections nor destinations", text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* credhub_identity */

char *
ngx_http_credhub_conf_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_str_t *value;

    if (lcf->edge.identity.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    lcf->edge.identity = value[1];

    if (value[1].len == 0 || value[1].len > CREDHUB_ACTOR_MAX) {
        return "has no valid actor";
    }

    if (ngx_strcmp(value[1].data, "caller") == 0) {
        lcf->edge.identity.len = 0;
    }

    return NGX_CONF_OK;
}


/* credhub_set_error */

char *
ngx_http_credhub_conf_inject_error(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    ngx_int_t  status;
    ngx_str_t *value;
    ngx_uint_t i, which;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        status = ngx_http_credhub_edge_status(&value[i], &which);

        if (status == NGX_ERROR) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (lcf->edge.statuses[which] != NGX_CONF_UNSET_UINT) {
            return "is duplicate";
        }

        lcf->edge.statuses[which] = status;
    }

    return NGX_CONF_OK;
}


/* "missing=404": the status, and which one it is; NGX_ERROR. */

static ngx_int_t
ngx_http_credhub_edge_status(ngx_str_t *text, ngx_uint_t *which)
{
    ngx_int_t        status;
    ngx_uint_t       i;
    const ngx_str_t *name;

    for (i = 0; i < NGX_HTTP_CREDHUB_INJECT_STATUSES; i++) {
        name = &ngx_http_credhub_inject_statuses[i].name;

        if (text->len <= name->len
            || ngx_strncmp(text->data, name->data, name->len) != 0)
        {
            continue;
        }

        *which = i;
        status = ngx_atoi(text->data + name->len, text->len - name->len);

        /* 444 and 499 are no answers */

        return status < 400 || status > 599 || status == NGX_HTTP_CLOSE
                       || status == NGX_HTTP_CLIENT_CLOSED_REQUEST
                   ? NGX_ERROR
                   : status;
    }

    return NGX_ERROR;
}


void
ngx_http_credhub_edge_create(ngx_http_credhub_edge_conf_t *conf)
{
    ngx_uint_t i;

    conf->access_dry_run = NGX_CONF_UNSET;
    conf->trust = NGX_CONF_UNSET_UINT;
    conf->trust_dry_run = NGX_CONF_UNSET;
    conf->recheck = NGX_CONF_UNSET_MSEC;

    for (i = 0; i < NGX_HTTP_CREDHUB_INJECT_STATUSES; i++) {
        conf->statuses[i] = NGX_CONF_UNSET_UINT;
    }
}


char *
ngx_http_credhub_edge_merge(ngx_conf_t *cf, ngx_http_credhub_edge_conf_t *prev,
    ngx_http_credhub_edge_conf_t *conf)
{
    ngx_uint_t                i;
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->access == NULL) {
        conf->access = prev->access;
    }

    /* like any content handler, it is that of one location, and of "if" and
     * "limit_except" in it */

    if (conf->authorize == NULL && (clcf->noname || clcf->lmt_excpt)) {
        conf->authorize = prev->authorize;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL && conf->authorize != NULL) {
        clcf->handler = ngx_http_credhub_authorize_handler;
    }

    if (conf->identity.data == NULL) {
        conf->identity = prev->identity;
    }

    if (conf->trust == NGX_CONF_UNSET_UINT) {
        conf->trust_id = prev->trust_id;
    }

    ngx_conf_merge_uint_value(
        conf->trust, prev->trust, NGX_HTTP_CREDHUB_TRUST_OFF);
    ngx_conf_merge_value(conf->trust_dry_run, prev->trust_dry_run, 0);
    ngx_conf_merge_value(conf->access_dry_run, prev->access_dry_run, 0);
    ngx_conf_merge_msec_value(conf->recheck, prev->recheck, 0);

    for (i = 0; i < NGX_HTTP_CREDHUB_INJECT_STATUSES; i++) {
        ngx_conf_merge_uint_value(conf->statuses[i], prev->statuses[i],
            ngx_http_credhub_inject_statuses[i].status);
    }

    if (ngx_http_credhub_edge_merge_injections(prev->injections, conf, cf->pool)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->injections == NULL) {
        return NGX_CONF_OK;
    }

    ngx_http_credhub_edge_warn(cf, clcf);

    return ngx_http_credhub_client_merge(cf, conf) == NGX_OK ? NGX_CONF_OK
                                                             : NGX_CONF_ERROR;
}


/* Lines of all levels count together; for one variable, the innermost. */

static ngx_int_t
ngx_http_credhub_edge_merge_injections(
    ngx_array_t *prev, ngx_http_credhub_edge_conf_t *conf, ngx_pool_t *pool)
{
    ngx_uint_t                    i, j, own;
    ngx_http_credhub_injection_t *outer, *inner, *injection;

    if (prev == NULL || conf->injections == NULL) {
        conf->injections = prev != NULL ? prev : conf->injections;
        return NGX_OK;
    }

    outer = prev->elts;
    own = conf->injections->nelts;

    for (i = 0; i < prev->nelts; i++) {
        inner = conf->injections->elts;

        for (j = 0; j < own && inner[j].variable != outer[i].variable; j++) {
            /* void */
        }

        if (j < own) {
            continue;
        }

        injection = ngx_array_push(conf->injections);
        if (injection == NULL) {
            return NGX_ERROR;
        }

        *injection = outer[i];
    }

    return NGX_OK;
}


/* nginx itself writes what it sends to upstreams into a debug log; said once. */

static void
ngx_http_credhub_edge_warn(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf)
{
    ngx_log_t                    *log;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    for (log = clcf->error_log; log != NULL && !mcf->warned; log = log->next) {
        if (log->log_level & NGX_LOG_DEBUG_HTTP) {
            mcf->warned = 1;
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                "\"error_log\" with level \"debug\" writes the secrets of "
                "\"credhub_set\" into the log");
        }
    }
}


ngx_int_t
ngx_http_credhub_edge_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt          *handler;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_credhub_main_conf_t *mcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    if (mcf->demands) {
        handler = ngx_http_credhub_edge_first(cmcf, NGX_HTTP_ACCESS_PHASE);
        if (handler == NULL) {
            return NGX_ERROR;
        }

        *handler = ngx_http_credhub_access_handler;
    }

    if (mcf->injects) {
        handler =
            ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
        if (handler == NULL) {
            return NGX_ERROR;
        }

        *handler = ngx_http_credhub_inject_handler;
    }

    return ngx_http_credhub_upstream_check(cf) == NGX_OK
               ? ngx_http_credhub_shown_init()
               : NGX_ERROR;
}


/* Handlers run from the last one to the first. */

static ngx_http_handler_pt *
ngx_http_credhub_edge_first(
    ngx_http_core_main_conf_t *cmcf, ngx_http_phases phase)
{
    ngx_array_t         *handlers;
    ngx_http_handler_pt *first;

    handlers = &cmcf->phases[phase].handlers;

    if (ngx_array_push(handlers) == NULL) {
        return NULL;
    }

    first = handlers->elts;

    ngx_memmove(&first[1], &first[0],
        (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));

    return first;
}
