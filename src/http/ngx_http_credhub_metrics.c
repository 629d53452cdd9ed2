
/*
 * Requests are counted when they are logged. How links and threads stand is told
 * by each worker once a second; what is in the store is asked when somebody reads
 * the metrics, and is left out when it does not answer.
 */

#include "ngx_http_credhub_metrics.h"
#include "ngx_http_credhub_answer.h"
#include "ngx_http_credhub_conf.h"
#include "ngx_credhub_certificates.h"
#include "ngx_credhub_credentials.h"
#include "ngx_credhub_system.h"
#include "credhub_metrics.h"


#define NGX_HTTP_CREDHUB_METRICS_INTERVAL 1000 /* ms between two reports */
#define NGX_HTTP_CREDHUB_METRICS_BODY     16384
#define NGX_HTTP_CREDHUB_METRICS_STEPS    100  /* of 1,000 certificates */
#define NGX_HTTP_CREDHUB_METRICS_NAMES    1000 /* that are named */
#define NGX_HTTP_CREDHUB_METRICS_SOON     30   /* days in which these expire */
#define NGX_HTTP_CREDHUB_METRICS_PAGES    16   /* what nginx needs of a zone */

#define NGX_HTTP_CREDHUB_DAY              ((int64_t) 86400 * 1000000)


/* Days within which certificates expire; the last one counts all. */

static const struct {
    int64_t       days;
    credhub_str_t label;
} ngx_http_credhub_metrics_days[] = {
    { 0, credhub_string("0") },
    { 1, credhub_string("1") },
    { 7, credhub_string("7") },
    { 14, credhub_string("14") },
    { 30, credhub_string("30") },
    { 90, credhub_string("90") },
    { 365, credhub_string("365") },
    { INT64_MAX / NGX_HTTP_CREDHUB_DAY / 2, credhub_string("+Inf") },
};

#define NGX_HTTP_CREDHUB_METRICS_DAYS                                          \
    (sizeof(ngx_http_credhub_metrics_days)                                     \
        / sizeof(ngx_http_credhub_metrics_days[0]))


/* What is read of the store. */

typedef struct {
    ngx_uint_t              named; /* may names of certificates be shown? */
    ngx_credhub_key_usage_t usage;
    int64_t                 certificates[NGX_HTTP_CREDHUB_METRICS_DAYS];
    credhub_buf_t           names; /* lines */
    ngx_uint_t              n;     /* of these */
    credhub_str_t           cursor;
    ngx_uint_t              steps;
} ngx_http_credhub_scrape_t;


static ngx_int_t ngx_http_credhub_metrics_zone(
    ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_http_credhub_metrics_log(ngx_http_request_t *r);
static void      ngx_http_credhub_metrics_timer(ngx_event_t *ev);
static void ngx_http_credhub_metrics_report(ngx_http_credhub_main_conf_t *mcf);
static ngx_int_t ngx_http_credhub_metrics_handler(ngx_http_request_t *r);
static void      ngx_http_credhub_metrics_again(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_metrics_run(ngx_http_request_t *r);
static ngx_int_t ngx_http_credhub_metrics_answer(
    ngx_http_request_t *r, ngx_credhub_op_t *op);
static void ngx_http_credhub_metrics_write_store(
    credhub_buf_t *body, const ngx_http_credhub_scrape_t *scrape);
static ngx_credhub_rc_e ngx_http_credhub_scrape_usage(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_scrape_used(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_scrape_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_scrape_found(ngx_credhub_op_t *op);
static void             ngx_http_credhub_scrape_add(
                ngx_http_credhub_scrape_t *scrape, const ngx_credhub_found_t *found);


static const ngx_credhub_operation_t ngx_http_credhub_metrics_operation = {
    "METRICS",
    (const ngx_credhub_step_pt[]){
        ngx_http_credhub_scrape_usage,
        ngx_http_credhub_scrape_used,
        ngx_http_credhub_scrape_find,
        ngx_http_credhub_scrape_found,
        NULL,
    },
    sizeof(ngx_http_credhub_scrape_t),
};


char *
ngx_http_credhub_conf_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_credhub_loc_conf_t *lcf = conf;

    size_t                        size;
    ngx_str_t                    *value, name = ngx_string("credhub_metrics");
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_credhub_main_conf_t *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    if (clcf->handler == ngx_http_credhub_metrics_handler) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {
        if (ngx_strcmp(value[1].data, "names") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "invalid parameter \"%V\" in \"credhub_metrics\"", &value[1]);
            return NGX_CONF_ERROR;
        }

        lcf->metrics_names = 1;
    }

    size = ngx_align(credhub_metrics_size(), ngx_pagesize)
           + NGX_HTTP_CREDHUB_METRICS_PAGES * ngx_pagesize;

    mcf->metrics =
        ngx_shared_memory_add(cf, &name, size, &ngx_http_credhub_module);

    if (mcf->metrics == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->metrics->init = ngx_http_credhub_metrics_zone;
    clcf->handler = ngx_http_credhub_metrics_handler;

    ngx_http_credhub_conf_needs(cf);

    return NGX_CONF_OK;
}


/* A reload goes on counting. */

static ngx_int_t
ngx_http_credhub_metrics_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *pool;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    if (!zone->shm.exists) {
        pool->data = ngx_slab_calloc(pool, credhub_metrics_size());
    }

    zone->data = pool->data;

    return zone->data != NULL ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_credhub_metrics_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt          *handler;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_credhub_main_conf_t *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_credhub_module);

    if (mcf->metrics == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    handler = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);

    if (handler == NULL) {
        return NGX_ERROR;
    }

    *handler = ngx_http_credhub_metrics_log;

    return NGX_OK;
}


void
ngx_http_credhub_metrics_start(
    ngx_http_credhub_main_conf_t *mcf, ngx_cycle_t *cycle)
{
    static ngx_event_t timer;

    if (mcf->metrics == NULL) {
        return;
    }

    credhub_metrics = mcf->metrics->data;

    timer.handler = ngx_http_credhub_metrics_timer;
    timer.data = mcf;
    timer.log = cycle->log;
    timer.cancelable = 1;

    ngx_http_credhub_metrics_timer(&timer);
}


static void
ngx_http_credhub_metrics_timer(ngx_event_t *ev)
{
    ngx_http_credhub_metrics_report(ev->data);

    if (!ngx_exiting) {
        ngx_add_timer(ev, NGX_HTTP_CREDHUB_METRICS_INTERVAL);
    }
}


/* A worker that quits has given its place to another one. */

static void
ngx_http_credhub_metrics_report(ngx_http_credhub_main_conf_t *mcf)
{
    ngx_uint_t               i;
    ngx_credhub_store_t    **store;
    credhub_metrics_worker_t worker;

    if (ngx_exiting) {
        return;
    }

    ngx_memzero(&worker, sizeof(worker));

    store = mcf->stores.elts;

    for (i = 0; i < mcf->stores.nelts; i++) {
        ngx_credhub_store_count(store[i], worker.links, worker.ready);
    }

    for (i = 0; i < NGX_CREDHUB_POOLS; i++) {
        ngx_credhub_task_count(i, &worker.running[i], &worker.waiting[i]);
    }

    credhub_metrics_worker(ngx_worker, ngx_time(), &worker);
}


/* What the hub was asked, as $credhub_operation says, and what nginx answered
 * itself in a location of the hub. */

static ngx_int_t
ngx_http_credhub_metrics_log(ngx_http_request_t *r)
{
    ngx_int_t                          msec;
    ngx_uint_t                         status;
    const char                        *name;
    ngx_time_t                        *now;
    const ngx_credhub_op_t            *op;
    const ngx_http_credhub_ctx_t      *ctx;
    const ngx_http_credhub_loc_conf_t *lcf;

    if (r != r->main) {
        return NGX_OK;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);
    ctx = ngx_http_credhub_first_ctx(r, &op);

    if (ctx != NULL && ctx->route != NULL) {
        name = ctx->op != NULL && ctx->op->action != NULL
                   ? ctx->op->action
                   : ctx->route->operation->name;

    } else if (lcf->groups != 0) {
        name = "none";

    } else {
        return NGX_OK;
    }

    now = ngx_timeofday();
    msec = (now->sec - r->start_sec) * 1000
           + ((ngx_int_t) now->msec - (ngx_int_t) r->start_msec);
    status = r->err_status != 0 ? r->err_status : r->headers_out.status;

    credhub_metrics_request(name, status, 1000 * ngx_max(msec, 0));

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_credhub_metrics_run(r);

    if (rc == NGX_AGAIN) {
        r->write_event_handler = ngx_http_credhub_metrics_again;
        r->main->count++;

        return NGX_DONE;
    }

    return rc;
}


static void
ngx_http_credhub_metrics_again(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_credhub_metrics_run(r);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_credhub_metrics_run(ngx_http_request_t *r)
{
    ngx_credhub_op_t            *op;
    ngx_http_credhub_ctx_t      *ctx;
    ngx_http_credhub_scrape_t   *scrape;
    ngx_http_credhub_loc_conf_t *lcf;

    ctx = ngx_http_credhub_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    op = ngx_http_credhub_phase_begin(
        &ctx->scrape, r, &ngx_http_credhub_metrics_operation);

    if (ctx->scrape.op == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (op != NULL && op->error == CREDHUB_OK) {
        lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);
        scrape = op->ctx;
        scrape->named = lcf->metrics_names;
    }

    if (op != NULL) {
        ngx_http_credhub_phase_run(&ctx->scrape);
    }

    return ctx->scrape.ended
               ? ngx_http_credhub_metrics_answer(r, ctx->scrape.op)
               : ngx_http_credhub_phase_wait(&ctx->scrape);
}


static ngx_int_t
ngx_http_credhub_metrics_answer(ngx_http_request_t *r, ngx_credhub_op_t *op)
{
    credhub_buf_t                 body;
    ngx_http_credhub_main_conf_t *mcf;

    static const ngx_str_t media = ngx_string(CREDHUB_METRICS_MEDIA);

    mcf = ngx_http_get_module_main_conf(r, ngx_http_credhub_module);

    ngx_http_credhub_metrics_report(mcf);
    credhub_buf_init(&body, op->arena, NGX_HTTP_CREDHUB_METRICS_BODY);
    credhub_metrics_write(&body, mcf->metrics->data, ngx_time());

    credhub_metrics_add_family(&body, "credhub_store_up", "gauge",
        "Whether the store has answered what follows.");
    credhub_metrics_add_value(&body, "credhub_store_up", NULL, credhub_null_str,
        op->error == CREDHUB_OK);

    if (op->error == CREDHUB_OK) {
        ngx_http_credhub_metrics_write_store(&body, op->ctx);
    }

    if (body.failed
        || ngx_http_credhub_answer_headers(r, NGX_HTTP_OK) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = body.len;
    r->headers_out.content_type = media;
    r->headers_out.content_type_len = media.len;

    return ngx_http_credhub_answer_send(r, credhub_buf_str(&body));
}


static void
ngx_http_credhub_metrics_write_store(
    credhub_buf_t *body, const ngx_http_credhub_scrape_t *scrape)
{
    ngx_uint_t i;

    credhub_metrics_add_family(body, "credhub_key_versions", "gauge",
        "Versions with a secret part, by the key that sealed it.");
    credhub_metrics_add_value(body, "credhub_key_versions", "key",
        credhub_str("active"), scrape->usage.active);
    credhub_metrics_add_value(body, "credhub_key_versions", "key",
        credhub_str("inactive"), scrape->usage.inactive);
    credhub_metrics_add_value(body, "credhub_key_versions", "key",
        credhub_str("unknown"), scrape->usage.unknown);

    credhub_metrics_add_family(body, "credhub_certificates", "gauge",
        "Certificates whose active version expires within so many days.");

    for (i = 0; i < NGX_HTTP_CREDHUB_METRICS_DAYS; i++) {
        credhub_metrics_add_value(body, "credhub_certificates", "within_days",
            ngx_http_credhub_metrics_days[i].label, scrape->certificates[i]);
    }

    credhub_metrics_add_family(body, "credhub_certificates_complete", "gauge",
        "Whether there were not too many certificates to look at all.");
    credhub_metrics_add_value(body, "credhub_certificates_complete", NULL,
        credhub_null_str, scrape->cursor.len == 0);

    if (scrape->named) {
        credhub_metrics_add_family(body,
            "credhub_certificate_expiry_timestamp_seconds", "gauge",
            "When certificates expire that do so within 30 days.");
        credhub_buf_add_str(body, credhub_buf_str(&scrape->names));
    }
}


static ngx_credhub_rc_e
ngx_http_credhub_scrape_usage(ngx_credhub_op_t *op)
{
    ngx_http_credhub_scrape_t *scrape = op->ctx;

    ngx_credhub_call_t *call;

    credhub_buf_init(&scrape->names, op->arena, 0);

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_key_usage_read(call, op->hub->store);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_scrape_used(ngx_credhub_op_t *op)
{
    ngx_http_credhub_scrape_t *scrape = op->ctx;

    credhub_error_e error;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_key_usage_result(
            op->call, op->hub->keyring, &scrape->usage, &error)
        != NGX_OK)
    {
        return ngx_credhub_op_error(op, error);
    }

    ngx_credhub_op_release(op);

    return NGX_CREDHUB_NEXT;
}


static ngx_credhub_rc_e
ngx_http_credhub_scrape_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_scrape_t *scrape = op->ctx;

    ngx_credhub_call_t  *call;
    static const int64_t within = INT64_MAX / 4; /* microseconds */

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 1);

    if (call != NULL) {
        ngx_credhub_find(call, op->hub->store, credhub_null_str,
            credhub_null_str, &within, scrape->cursor, credhub_null_str);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_scrape_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_scrape_t *scrape = op->ctx;

    ngx_uint_t           i, n;
    credhub_str_t        cursor;
    credhub_error_e      error;
    ngx_credhub_found_t *found;

    error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_find_result(op->call, &found, &n, &cursor, &error)
        != NGX_OK) {
        return ngx_credhub_op_error(op, error);
    }

    for (i = 0; i < n; i++) {
        ngx_http_credhub_scrape_add(scrape, &found[i]);
    }

    scrape->cursor = ngx_credhub_op_copy(op, cursor);
    ngx_credhub_op_release(op);

    return scrape->cursor.len == 0
                   || ++scrape->steps == NGX_HTTP_CREDHUB_METRICS_STEPS
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_scrape_find);
}


static void
ngx_http_credhub_scrape_add(
    ngx_http_credhub_scrape_t *scrape, const ngx_credhub_found_t *found)
{
    int64_t    left;
    ngx_uint_t i;

    left = found->expires - (int64_t) ngx_time() * 1000000;

    for (i = 0; i < NGX_HTTP_CREDHUB_METRICS_DAYS; i++) {
        scrape->certificates[i] += left <= ngx_http_credhub_metrics_days[i].days
                                               * NGX_HTTP_CREDHUB_DAY;
    }

    if (scrape->named
        && left <= NGX_HTTP_CREDHUB_METRICS_SOON * NGX_HTTP_CREDHUB_DAY
        && scrape->n < NGX_HTTP_CREDHUB_METRICS_NAMES)
    {
        scrape->n++;
        credhub_metrics_add_value(&scrape->names,
            "credhub_certificate_expiry_timestamp_seconds", "name", found->name,
            found->expires / 1000000);
    }
}
