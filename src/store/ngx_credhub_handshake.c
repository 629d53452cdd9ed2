
/*
 * What every connection says first, in one pipeline: who we are, which
 * database, our name, what kind of server that is, and which store it holds.
 */

#include "ngx_credhub_link_private.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"
#include "credhub_text.h"


#define NGX_CREDHUB_HANDSHAKE_MAX 6 /* commands */


static void ngx_credhub_handshake_auth(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store);
static ngx_int_t ngx_credhub_handshake_role(const ngx_credhub_reply_t *reply);
static ngx_int_t ngx_credhub_handshake_run(
    ngx_credhub_link_t *link, const ngx_credhub_reply_t *reply);
static ngx_int_t ngx_credhub_handshake_store(ngx_credhub_store_t *store,
    const ngx_credhub_reply_t *reply, ngx_str_t *reason);


ngx_credhub_call_t *
ngx_credhub_handshake_create(
    ngx_credhub_link_t *link, ngx_credhub_call_done_pt done)
{
    u_char               hub[CREDHUB_UUID_LEN], db[NGX_INT_T_LEN];
    credhub_str_t        argv[3];
    ngx_credhub_call_t  *call;
    ngx_credhub_store_t *store;

    store = link->store;

    if (credhub_uuid(hub) != 0) {
        return NULL;
    }

    call = ngx_credhub_call_create(link, NGX_CREDHUB_HANDSHAKE_MAX, done, NULL);
    if (call == NULL) {
        return NULL;
    }

    if (store->password.len != 0) {
        ngx_credhub_handshake_auth(call, store);
    }

    if (store->db != 0) {
        argv[0] = credhub_str("SELECT");
        argv[1].data = db;
        argv[1].len = ngx_sprintf(db, "%ui", store->db) - db;
        ngx_credhub_call_command(call, 2, argv);
    }

    argv[0] = credhub_str("CLIENT");
    argv[1] = credhub_str("SETNAME");
    argv[2] = credhub_str("credhub");
    ngx_credhub_call_command(call, 3, argv);

    if (store->cache != NULL) {
        argv[0] = credhub_str("INFO");
        argv[1] = credhub_str("server");
        ngx_credhub_call_command(call, 2, argv);
    }

    argv[0] = credhub_str("ROLE");
    ngx_credhub_call_command(call, 1, argv);

    argv[0] = credhub_str(NGX_CREDHUB_LAYOUT_WRITER);
    argv[1].data = hub;
    argv[1].len = sizeof(hub);
    ngx_credhub_call_eval(call, store, NGX_CREDHUB_SCRIPT_HANDSHAKE, 2, argv);

    if (call->request.failed) {
        ngx_credhub_call_destroy(call);
        return NULL;
    }

    return call;
}


static void
ngx_credhub_handshake_auth(ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    ngx_uint_t    n;
    credhub_str_t argv[3];

    n = 0;
    argv[n++] = credhub_str("AUTH");

    if (store->user.len != 0) {
        argv[n].data = store->user.data;
        argv[n++].len = store->user.len;
    }

    argv[n].data = store->password.data;
    argv[n++].len = store->password.len;

    ngx_credhub_call_command(call, n, argv);
}


ngx_int_t
ngx_credhub_handshake_check(ngx_credhub_call_t *call, ngx_str_t *reason)
{
    ngx_uint_t i;

    for (i = 0; i < call->n; i++) {
        if (call->replies[i]->type == NGX_CREDHUB_REPLY_ERROR) {
            *reason = ngx_credhub_reply_reason(call->replies[i]);
            return NGX_ERROR;
        }
    }

    if (ngx_credhub_handshake_role(call->replies[call->n - 2]) != NGX_OK) {
        ngx_str_set(reason, "neither a master nor a replica");
        return NGX_ERROR;
    }

    if (call->link->store->cache != NULL
        && ngx_credhub_handshake_run(call->link, call->replies[call->n - 3])
               != NGX_OK)
    {
        ngx_str_set(reason, "it has no run_id");
        return NGX_ERROR;
    }

    return ngx_credhub_handshake_store(
        call->link->store, call->replies[call->n - 1], reason);
}


/* A replica may serve reads. */

static ngx_int_t
ngx_credhub_handshake_role(const ngx_credhub_reply_t *reply)
{
    credhub_str_t role;

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n == 0) {
        return NGX_ERROR;
    }

    role = reply->elements[0]->str;

    return (credhub_str_eq(role, credhub_str("master"))
               || credhub_str_eq(role, credhub_str("slave")))
               ? NGX_OK
               : NGX_ERROR;
}


/* A line of INFO says which server this is: what a cache has is one's alone. */

static ngx_int_t
ngx_credhub_handshake_run(
    ngx_credhub_link_t *link, const ngx_credhub_reply_t *reply)
{
    u_char *p;

    static const char name[] = "run_id:";

    p = ngx_strnstr(reply->str.data, (char *) name, reply->str.len);

    if (p == NULL
        || reply->str.data + reply->str.len - p
               < (ssize_t) (sizeof(name) - 1 + NGX_CREDHUB_RUN_LEN))
    {
        return NGX_ERROR;
    }

    ngx_memcpy(link->run, p + sizeof(name) - 1, NGX_CREDHUB_RUN_LEN);

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_handshake_store(ngx_credhub_store_t *store,
    const ngx_credhub_reply_t *reply, ngx_str_t *reason)
{
    int64_t       writer, layout;
    credhub_str_t hub;

    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n != 3
        || credhub_int64(reply->elements[1]->str, &writer) != 0
        || credhub_int64(credhub_str(NGX_CREDHUB_LAYOUT), &layout) != 0
        || reply->elements[2]->str.len != sizeof(store->hub_data))
    {
        ngx_str_set(reason, "its schema is damaged");
        return NGX_ERROR;
    }

    if (writer > layout) {
        ngx_str_set(reason, "the store has a newer layout that only a newer "
                            "module may use");
        return NGX_ERROR;
    }

    hub = reply->elements[2]->str;

    if (store->hub.len != 0 && !credhub_str_eq(store->hub, hub)) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
            "credhub: redis \"%V\" holds another store than before",
            &store->name);
    }

    ngx_memcpy(store->hub_data, hub.data, hub.len);
    store->hub.data = store->hub_data;
    store->hub.len = hub.len;

    return NGX_OK;
}
