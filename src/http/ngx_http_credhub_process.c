
/*
 * Configuration is read-only after it was merged, except for what a worker
 * attaches to it here: links, jobs and the queues for threads.
 */

#include <sys/prctl.h>
#include "ngx_http_credhub_process.h"
#include "ngx_http_credhub_metrics.h"
#include "ngx_http_credhub_module.h"
#include "ngx_http_credhub_seen.h"
#include "ngx_credhub_manager.h"
#include "ngx_credhub_pairs.h"
#include "ngx_credhub_provision.h"
#include "ngx_credhub_sweep.h"
#include "credhub_bind.h"


static ngx_int_t ngx_http_credhub_add_pool(
    ngx_cycle_t *cycle, ngx_credhub_pool_e kind);
static ngx_int_t ngx_http_credhub_start(
    ngx_cycle_t *cycle, ngx_http_credhub_main_conf_t *mcf);
static ngx_int_t ngx_http_credhub_start_pools(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle);
static ngx_int_t ngx_http_credhub_start_jobs(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle);
static ngx_int_t ngx_http_credhub_start_job(ngx_http_credhub_main_conf_t *mcf,
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub,
    ngx_msec_t interval);


/* no header declares it */
extern ngx_module_t ngx_thread_pool_module;

static ngx_str_t ngx_http_credhub_pool_names[NGX_CREDHUB_POOLS] = {
    [NGX_CREDHUB_POOL_CPU] = ngx_string("credhub"),
    [NGX_CREDHUB_POOL_PROBE] = ngx_string("credhub_probe")
};


ngx_int_t
ngx_http_credhub_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                    kind;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_credhub_module);

    if (mcf == NULL) {
        return NGX_OK;
    }

    for (kind = 0; kind < NGX_CREDHUB_POOLS; kind++) {
        if (mcf->pools[kind].len == 0
            && ngx_http_credhub_add_pool(cycle, kind) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A pool of our own is added after the whole configuration was read, by the
 * directive "thread_pool" itself, so that a line of the operator's for the same
 * name wins wherever it stands.
 */

static ngx_int_t
ngx_http_credhub_add_pool(ngx_cycle_t *cycle, ngx_credhub_pool_e kind)
{
    u_char          threads[sizeof("threads=") + NGX_INT_T_LEN];
    ngx_str_t      *arg;
    ngx_conf_t      cf;
    ngx_command_t  *cmd;
    ngx_conf_file_t file;

    if (ngx_thread_pool_get(cycle, &ngx_http_credhub_pool_names[kind]) != NULL)
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
    arg[1] = ngx_http_credhub_pool_names[kind];
    arg[2].data = threads;
    arg[2].len =
        ngx_sprintf(threads, "threads=%ui", ngx_credhub_task_limit(kind))
        - threads;

    return cmd->set(&cf, cmd, NULL) == NGX_CONF_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
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
    ngx_uint_t            i;
    ngx_credhub_store_t **store;

    if (ngx_http_credhub_start_pools(mcf, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_credhub_manager_init() != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "libcurl does not start");
        return NGX_ERROR;
    }

    credhub_bind_init();
    ngx_http_credhub_seen_init();
    ngx_credhub_pairs_init();

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        store[i]->cache = mcf->cache;

        if (ngx_credhub_store_start(store[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_http_credhub_metrics_start(mcf, cycle);

    return ngx_worker == 0 ? ngx_http_credhub_start_jobs(mcf, cycle) : NGX_OK;
}


static ngx_int_t
ngx_http_credhub_start_pools(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle)
{
    ngx_str_t         *name;
    ngx_uint_t         kind, own;
    ngx_thread_pool_t *pool;

    for (kind = 0; kind < NGX_CREDHUB_POOLS; kind++) {
        own = (mcf->pools[kind].len == 0);
        name = own ? &ngx_http_credhub_pool_names[kind] : &mcf->pools[kind];
        pool = ngx_thread_pool_get(cycle, name);

        if (pool == NULL) {
            return NGX_ERROR;
        }

        ngx_credhub_task_init(kind, pool, own);
    }

    return NGX_OK;
}


/*
 * The background work, in one worker: of every store that is no edge's, which
 * needs nothing but the store, and of every hub that may reach something.
 */

static ngx_int_t
ngx_http_credhub_start_jobs(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_credhub_hub_t    *hub, **reaching;
    ngx_credhub_store_t **store;

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        if (!store[i]->writes) {
            continue;
        }

        hub = ngx_pcalloc(cycle->pool, sizeof(ngx_credhub_hub_t));
        if (hub == NULL) {
            return NGX_ERROR;
        }

        hub->store = store[i];

        if (ngx_http_credhub_start_job(mcf, &ngx_credhub_sweep_operation, hub,
                NGX_CREDHUB_SWEEP_INTERVAL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    reaching = mcf->reaching.elts;

    for (i = 0; i < mcf->reaching.nelts; i++) {
        if (ngx_http_credhub_start_job(mcf, &ngx_credhub_provision_operation,
                reaching[i], NGX_CREDHUB_PROVISION_INTERVAL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_start_job(ngx_http_credhub_main_conf_t *mcf,
    const ngx_credhub_operation_t *operation, ngx_credhub_hub_t *hub,
    ngx_msec_t interval)
{
    ngx_credhub_job_t **job;

    job = ngx_array_push(&mcf->jobs);
    if (job == NULL) {
        return NGX_ERROR;
    }

    *job = ngx_credhub_job_start(operation, hub, interval);

    if (*job == NULL) {
        mcf->jobs.nelts--;
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
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
    ngx_credhub_pairs_free();

    job = mcf->jobs.elts;

    for (i = 0; i < mcf->jobs.nelts; i++) {
        ngx_credhub_job_stop(job[i]);
    }

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        ngx_credhub_store_stop(store[i]);
    }
}
