
/*
 * A certificate is looked at first: one that is no identity fails the request
 * whatever else it carries. A token or an API key beside a certificate must be
 * valid, and then it is the one that names the actor.
 */

#include "ngx_http_credhub_auth.h"
#include "ngx_http_credhub_actor.h"
#include "ngx_http_credhub_keys.h"
#include "ngx_http_credhub_route.h"
#include "ngx_http_credhub_seen.h"


#define NGX_HTTP_CREDHUB_AUTH_POLL 20   /* while another request fetches */
#define NGX_HTTP_CREDHUB_AUTH_WAIT 5000 /* for that, in all */


static void      ngx_http_credhub_auth_unwait(ngx_http_credhub_auth_t *auth);
static ngx_int_t ngx_http_credhub_auth_fail(
    ngx_http_credhub_auth_t *auth, credhub_error_e error, const char *detail);
static ngx_uint_t ngx_http_credhub_auth_scheme(
    ngx_http_request_t *r, credhub_str_t scheme, credhub_str_t *credentials);
static ngx_int_t ngx_http_credhub_auth_bearer(
    ngx_http_credhub_auth_t *auth, credhub_str_t token, unsigned scope);
static ngx_int_t ngx_http_credhub_auth_basic(
    ngx_http_credhub_auth_t *auth, credhub_str_t credentials);
static ngx_uint_t ngx_http_credhub_auth_offered(
    ngx_http_credhub_auth_t *auth, credhub_str_t *text);
static ngx_int_t ngx_http_credhub_auth_own(
    ngx_http_credhub_auth_t *auth, credhub_str_t text);
static ngx_int_t ngx_http_credhub_auth_look(
    ngx_http_credhub_auth_t *auth, ngx_int_t rc, credhub_str_t method);
static ngx_int_t ngx_http_credhub_auth_token(
    ngx_http_credhub_auth_t *auth, credhub_str_t token, credhub_jwt_t *jwt);
static ngx_int_t ngx_http_credhub_auth_verify(ngx_http_credhub_auth_t *auth,
    credhub_str_t token, const credhub_jwks_t *set,
    const ngx_http_credhub_seen_key_t *seen, credhub_jwt_t *jwt);
static ngx_int_t ngx_http_credhub_auth_fetch(
    ngx_http_credhub_auth_t *auth, ngx_http_credhub_keys_why_e why);
static void      ngx_http_credhub_auth_wait(ngx_event_t *ev);
static ngx_int_t ngx_http_credhub_auth_header(
    ngx_http_request_t *r, ngx_table_elt_t *h, ngx_uint_t offset);


ngx_int_t
ngx_http_credhub_auth(ngx_http_credhub_auth_t *auth, unsigned scope)
{
    ngx_http_request_t *r = auth->request;

    credhub_str_t                credentials;
    ngx_http_credhub_loc_conf_t *lcf;
    ngx_http_credhub_srv_conf_t *scf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    ngx_http_credhub_auth_unwait(auth);
    auth->method = credhub_str("none");

    auth->error =
        ngx_http_credhub_actor(r, &auth->actor, &auth->user, &auth->detail);

    if (auth->error == CREDHUB_OK) {
        auth->method = credhub_str("mtls");
        auth->certified = 1;

    } else if (auth->error != CREDHUB_E_UNAUTHENTICATED) {
        return NGX_ERROR;
    }

    if (ngx_http_credhub_auth_offered(auth, &credentials)) {
        if (!auth->open) {
            return ngx_http_credhub_auth_own(auth, credentials);
        }

    } else if (lcf->keys != NULL
               && ngx_http_credhub_auth_scheme(
                   r, credhub_str("Bearer"), &credentials))
    {
        return ngx_http_credhub_auth_bearer(auth, credentials, scope);
    }

    if (scf->api_keys.len != 0
        && ngx_http_credhub_auth_scheme(r, credhub_str("Basic"), &credentials))
    {
        return ngx_http_credhub_auth_basic(auth, credentials);
    }

    return auth->error == CREDHUB_OK ? NGX_OK : NGX_DECLINED;
}


credhub_error_e
ngx_http_credhub_auth_again(const ngx_http_credhub_auth_t *auth,
    ngx_credhub_op_t *op, credhub_str_t *detail)
{
    credhub_error_e error;

    if (auth->certified) {
        error = ngx_http_credhub_actor_dates(auth->request->connection, detail);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    if (auth->expires != 0 && credhub_jwt_expired(auth->expires, ngx_time())) {
        return CREDHUB_E_TOKEN_EXPIRED;
    }

    return auth->key.len == 0
               ? CREDHUB_OK
               : ngx_http_credhub_api_key_ask(op, auth->request, auth->key);
}


void
ngx_http_credhub_auth_stop(ngx_http_credhub_auth_t *auth)
{
    ngx_http_credhub_auth_unwait(auth);
    ngx_http_credhub_look_stop(&auth->look);
}


static void
ngx_http_credhub_auth_unwait(ngx_http_credhub_auth_t *auth)
{
    if (auth->wait.timer_set) {
        ngx_del_timer(&auth->wait);
    }
}


static ngx_int_t
ngx_http_credhub_auth_fail(
    ngx_http_credhub_auth_t *auth, credhub_error_e error, const char *detail)
{
    auth->error = error;
    auth->detail.data = (u_char *) detail;
    auth->detail.len = ngx_strlen(detail);

    return NGX_ERROR;
}


/* Are there credentials of that scheme? */

static ngx_uint_t
ngx_http_credhub_auth_scheme(
    ngx_http_request_t *r, credhub_str_t scheme, credhub_str_t *credentials)
{
    ngx_str_t value;

    if (r->headers_in.authorization == NULL) {
        return 0;
    }

    value = r->headers_in.authorization->value;

    if (value.len < scheme.len
        || ngx_strncasecmp(value.data, scheme.data, scheme.len) != 0
        || (value.len > scheme.len && value.data[scheme.len] != ' '))
    {
        return 0;
    }

    credentials->data = value.data + scheme.len;
    credentials->len = value.len - scheme.len;

    while (credentials->len != 0 && *credentials->data == ' ') {
        credentials->data++;
        credentials->len--;
    }

    while (credentials->len != 0
           && credentials->data[credentials->len - 1] == ' ') {
        credentials->len--;
    }

    return 1;
}


static ngx_int_t
ngx_http_credhub_auth_bearer(
    ngx_http_credhub_auth_t *auth, credhub_str_t token, unsigned scope)
{
    ngx_http_request_t *r = auth->request;

    ngx_int_t                    rc;
    credhub_jwt_t                jwt;
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    rc = ngx_http_credhub_auth_token(auth, token, &jwt);

    if (rc != NGX_OK) {
        return rc;
    }

    auth->method = credhub_str("jwt");

    auth->actor = jwt.actor;
    auth->user = jwt.user;
    auth->expires = jwt.expires;
    auth->error = CREDHUB_OK;

    if (ngx_http_credhub_actor_replayable(r)) {
        return ngx_http_credhub_auth_fail(auth, CREDHUB_E_TOO_EARLY, "");
    }

    /* scopes belong to UAA; other providers have claims of their own */

    if (lcf->jwt.actor_claim == NULL && (jwt.scopes & scope) != scope) {
        return ngx_http_credhub_auth_fail(auth, CREDHUB_E_SCOPE,
            scope == CREDHUB_SCOPE_READ ? "credhub.read" : "credhub.write");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_auth_basic(
    ngx_http_credhub_auth_t *auth, credhub_str_t credentials)
{
    ngx_int_t rc;

    rc = ngx_http_credhub_api_key(
        &auth->look, auth->request, auth->arena, credentials);

    /* an upgraded connection reads into the memory of the header */

    if (rc == NGX_OK && auth->key.data == NULL) {
        auth->key =
            credhub_arena_copy(auth->arena, credentials.data, credentials.len);

        if (auth->key.data == NULL) {
            return ngx_http_credhub_auth_fail(auth, CREDHUB_E_INTERNAL, "");
        }
    }

    return ngx_http_credhub_auth_look(auth, rc, credhub_str("basic"));
}


/* Is there a token of ours where it counts? Whatever X-Venafi-Api-Key has must
 * be one. */

static ngx_uint_t
ngx_http_credhub_auth_offered(
    ngx_http_credhub_auth_t *auth, credhub_str_t *text)
{
    ngx_http_request_t *r = auth->request;

    ngx_uint_t             i;
    credhub_str_t          path;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *header;
    static const ngx_str_t key = ngx_string("X-Venafi-Api-Key");

    path.len = r->uri.len;
    path.data = r->uri.data;

    if (!ngx_http_credhub_path_folded(path)) {
        return 0;
    }

    if (ngx_http_credhub_auth_scheme(r, credhub_str("Bearer"), text)
        && credhub_token_looks(*text, CREDHUB_TOKEN_ACCESS))
    {
        return 1;
    }

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == key.len
                && ngx_strncasecmp(header[i].key.data, key.data, key.len) == 0)
            {
                text->len = header[i].value.len;
                text->data = header[i].value.data;

                return 1;
            }
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_credhub_auth_own(ngx_http_credhub_auth_t *auth, credhub_str_t text)
{
    ngx_int_t rc;

    rc = ngx_http_credhub_token(&auth->look, auth->request, auth->arena, text);

    auth->token = &auth->look.token;

    return ngx_http_credhub_auth_look(auth, rc, credhub_str("token"));
}


static ngx_int_t
ngx_http_credhub_auth_look(
    ngx_http_credhub_auth_t *auth, ngx_int_t rc, credhub_str_t method)
{
    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        return ngx_http_credhub_auth_fail(auth, auth->look.error, "");
    }

    auth->method = method;

    auth->actor = auth->look.actor;
    auth->user = auth->look.user;
    auth->display = auth->look.display;
    auth->error = CREDHUB_OK;

    if (ngx_http_credhub_actor_replayable(auth->request)) {
        return ngx_http_credhub_auth_fail(auth, CREDHUB_E_TOO_EARLY, "");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_auth_token(
    ngx_http_credhub_auth_t *auth, credhub_str_t token, credhub_jwt_t *jwt)
{
    const credhub_jwks_t        *set;
    ngx_http_credhub_loc_conf_t *lcf;
    ngx_http_credhub_seen_key_t  seen;

    lcf = ngx_http_get_module_loc_conf(auth->request, ngx_http_credhub_module);

    set = ngx_http_credhub_keys_get(lcf->keys, &seen.epoch);

    if (set == NULL) {
        if (ngx_http_credhub_auth_fetch(auth, NGX_HTTP_CREDHUB_KEYS_MISSING)
            == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }

        set = ngx_http_credhub_keys_get(lcf->keys, &seen.epoch);

        if (set == NULL) {
            return ngx_http_credhub_auth_fail(
                auth, CREDHUB_E_NO_TOKEN_KEYS, "");
        }
    }

    ngx_http_credhub_keys_refresh(lcf->keys, auth->request);

    seen.rules = &lcf->jwt;

    if (ngx_http_credhub_seen_hash(&seen, token) != NGX_OK) {
        return ngx_http_credhub_auth_fail(auth, CREDHUB_E_INTERNAL, "");
    }

    if (ngx_http_credhub_seen_get(&seen, auth->arena, jwt) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_http_credhub_auth_verify(auth, token, set, &seen, jwt);
}


static ngx_int_t
ngx_http_credhub_auth_verify(ngx_http_credhub_auth_t *auth, credhub_str_t token,
    const credhub_jwks_t *set, const ngx_http_credhub_seen_key_t *seen,
    credhub_jwt_t *jwt)
{
    credhub_error_e              error;
    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(auth->request, ngx_http_credhub_module);

    error =
        credhub_jwt_verify(auth->arena, token, set, &lcf->jwt, ngx_time(), jwt);

    if (error == CREDHUB_E_TOKEN_KEY
        && ngx_http_credhub_auth_fetch(auth, NGX_HTTP_CREDHUB_KEYS_UNKNOWN)
               == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    if (error == CREDHUB_OK) {
        ngx_http_credhub_seen_put(seen, jwt);
        return NGX_OK;
    }

    auth->error = error;
    auth->detail = jwt->reason;

    return NGX_ERROR;
}


/* NGX_AGAIN: keys are on their way; NGX_DECLINED: no better ones now. */

static ngx_int_t
ngx_http_credhub_auth_fetch(
    ngx_http_credhub_auth_t *auth, ngx_http_credhub_keys_why_e why)
{
    ngx_http_request_t *r = auth->request;

    ngx_http_credhub_loc_conf_t *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_credhub_module);

    if (auth->fetched) {
        return NGX_DECLINED;
    }

    if (auth->since == 0) {
        auth->since = ngx_current_msec;
    }

    switch (ngx_http_credhub_keys_fetch(lcf->keys, r, why)) {
    case NGX_DONE:
        auth->fetched = 1;
        return NGX_AGAIN;

    case NGX_BUSY:
        if (ngx_current_msec - auth->since > NGX_HTTP_CREDHUB_AUTH_WAIT) {
            return NGX_DECLINED;
        }

        auth->wait.handler = ngx_http_credhub_auth_wait;
        auth->wait.data = r->connection;
        auth->wait.log = r->connection->log;

        ngx_add_timer(&auth->wait, NGX_HTTP_CREDHUB_AUTH_POLL);

        return NGX_AGAIN;

    default:
        return NGX_DECLINED;
    }
}


static void
ngx_http_credhub_auth_wait(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_credhub_auth_t *auth;

    auth = ngx_queue_data(ev, ngx_http_credhub_auth_t, wait);

    r = auth->request;
    c = r->connection;

    r->write_event_handler(r);
    ngx_http_run_posted_requests(c);
}


/*
 * nginx refuses a second Authorization too, but not without writing the values
 * of both into the log.
 */

ngx_int_t
ngx_http_credhub_auth_init(ngx_conf_t *cf)
{
    ngx_str_t                  name = ngx_string("authorization");
    ngx_http_header_t         *header;
    ngx_http_core_main_conf_t *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    header = ngx_hash_find(&cmcf->headers_in_hash,
        ngx_hash_key(name.data, name.len), name.data, name.len);

    if (header == NULL) {
        return NGX_ERROR;
    }

    header->handler = ngx_http_credhub_auth_header;

    return NGX_OK;
}


static ngx_int_t
ngx_http_credhub_auth_header(
    ngx_http_request_t *r, ngx_table_elt_t *h, ngx_uint_t offset)
{
    if (r->headers_in.authorization == NULL) {
        r->headers_in.authorization = h;
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
        "client sent duplicate header line: \"%V\"", &h->key);

    ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST);

    return NGX_ERROR;
}
