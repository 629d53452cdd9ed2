
/* HashiCorp Vault and OpenBao: a token by AppRole, secrets of the key-value
 * engine in version 1 or 2. The token is revoked behind the last secret. */

#include <string.h>
#include "credhub_url.h"
#include "ngx_credhub_manager_request.h"


static int ngx_credhub_manager_vault_login(
    ngx_credhub_manager_session_t *session);
static int ngx_credhub_manager_vault_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key);
static void ngx_credhub_manager_vault_logout(
    ngx_credhub_manager_session_t *session);
static void ngx_credhub_manager_vault_headers(
    const ngx_credhub_manager_session_t *session,
    ngx_credhub_manager_request_t       *request);
static int ngx_credhub_manager_vault_data(
    ngx_credhub_manager_session_t *session, credhub_str_t *object);


const ngx_credhub_manager_kind_t ngx_credhub_manager_vault = {
    ngx_credhub_manager_vault_login,
    ngx_credhub_manager_vault_key,
    ngx_credhub_manager_vault_logout,
};


static int
ngx_credhub_manager_vault_login(ngx_credhub_manager_session_t *session)
{
    credhub_buf_t                 path, body;
    credhub_str_t                 object, auth;
    const credhub_manager_t      *manager;
    ngx_credhub_manager_request_t request;

    manager = session->read->manager;

    credhub_buf_init(&path, session->arena, 64);
    credhub_buf_lit(&path, "/v1/auth/");
    credhub_url_add(&path, manager->approle_mount, 1);
    credhub_buf_lit(&path, "/login");

    credhub_buf_init(&body, session->arena, 256);
    credhub_buf_lit(&body, "{\"role_id\":");
    credhub_json_add_string(&body, manager->role_id);
    credhub_buf_lit(&body, ",\"secret_id\":");
    credhub_json_add_string(&body, manager->secret_id);
    credhub_buf_lit(&body, "}");

    if (path.failed || body.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    memset(&request, 0, sizeof(request));
    request.path = credhub_buf_str(&path);
    request.body = credhub_buf_str(&body);
    request.post = 1;

    ngx_credhub_manager_header(
        &request, "Content-Type", credhub_str("application/json"));
    ngx_credhub_manager_vault_headers(session, &request);

    if (ngx_credhub_manager_send(session, session->arena,
            ngx_credhub_manager_login_at(session->read), &request)
            != 0
        || ngx_credhub_manager_object(
               session, session->arena, &request, &object)
               != 0)
    {
        return -1;
    }

    if (!credhub_json_get(object, "auth", &auth)) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_UNREAD);
    }

    return ngx_credhub_manager_token(session, auth, "client_token");
}


static int
ngx_credhub_manager_vault_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key)
{
    credhub_buf_t                 path;
    credhub_str_t                 object;
    const credhub_manager_t      *manager;
    ngx_credhub_manager_request_t request;

    manager = session->read->manager;

    credhub_buf_init(&path, arena, 128);
    credhub_buf_lit(&path, "/v1/");
    credhub_url_add(&path, manager->kv_mount, 1);
    credhub_buf_printf(&path, "%s", manager->kv_version == 2 ? "/data/" : "/");
    credhub_url_add(&path, key->path, 1);

    if (path.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    memset(&request, 0, sizeof(request));
    request.path = credhub_buf_str(&path);

    ngx_credhub_manager_vault_headers(session, &request);

    if (ngx_credhub_manager_send(session, arena,
            ngx_credhub_manager_secrets_at(session->read), &request)
            != 0
        || ngx_credhub_manager_object(session, arena, &request, &object) != 0
        || ngx_credhub_manager_vault_data(session, &object) != 0
        || (manager->kv_version == 2
            && ngx_credhub_manager_vault_data(session, &object) != 0))
    {
        return -1;
    }

    return ngx_credhub_manager_member(session, arena, object, key->member);
}


/* Goes down to the member "data". */

static int
ngx_credhub_manager_vault_data(
    ngx_credhub_manager_session_t *session, credhub_str_t *object)
{
    credhub_str_t data;

    if (!credhub_json_get(*object, "data", &data)
        || credhub_json_kind(data) != CREDHUB_JSON_OBJECT)
    {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_UNREAD);
    }

    *object = data;

    return 0;
}


static void
ngx_credhub_manager_vault_logout(ngx_credhub_manager_session_t *session)
{
    ngx_credhub_manager_request_t request;

    memset(&request, 0, sizeof(request));
    request.path = credhub_str("/v1/auth/token/revoke-self");
    request.post = 1;

    ngx_credhub_manager_header(
        &request, "Content-Type", credhub_str("application/json"));
    ngx_credhub_manager_vault_headers(session, &request);

    (void) ngx_credhub_manager_send(session, session->arena,
        ngx_credhub_manager_login_at(session->read), &request);
}


static void
ngx_credhub_manager_vault_headers(const ngx_credhub_manager_session_t *session,
    ngx_credhub_manager_request_t                                     *request)
{
    if (session->read->manager->name_space.len != 0) {
        ngx_credhub_manager_header(
            request, "X-Vault-Namespace", session->read->manager->name_space);
    }

    if (session->token.len != 0) {
        ngx_credhub_manager_header(request, "X-Vault-Token", session->token);
    }
}
