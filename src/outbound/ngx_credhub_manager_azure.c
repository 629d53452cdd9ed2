
/* Azure Key Vault: a token by client credentials, then the newest version of
 * each secret. */

#include <string.h>
#include "credhub_url.h"
#include "ngx_credhub_manager_request.h"


#define NGX_CREDHUB_MANAGER_SCOPE   "https://vault.azure.net/.default"
#define NGX_CREDHUB_MANAGER_VERSION "?api-version=7.4"


static int ngx_credhub_manager_azure_login(
    ngx_credhub_manager_session_t *session);
static int ngx_credhub_manager_azure_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key);


const ngx_credhub_manager_kind_t ngx_credhub_manager_azure = {
    ngx_credhub_manager_azure_login,
    ngx_credhub_manager_azure_key,
    NULL,
};


static int
ngx_credhub_manager_azure_login(ngx_credhub_manager_session_t *session)
{
    credhub_buf_t                 path, body;
    credhub_str_t                 object;
    const credhub_manager_t      *manager;
    ngx_credhub_manager_request_t request;

    manager = session->read->manager;

    credhub_buf_init(&path, session->arena, 128);
    credhub_buf_lit(&path, "/");
    credhub_url_add(&path, manager->tenant_id, 0);
    credhub_buf_lit(&path, "/oauth2/v2.0/token");

    credhub_buf_init(&body, session->arena, 256);
    credhub_url_form(&body, "grant_type", credhub_str("client_credentials"));
    credhub_url_form(&body, "client_id", manager->client_id);
    credhub_url_form(&body, "client_secret", manager->client_secret);
    credhub_url_form(&body, "scope", credhub_str(NGX_CREDHUB_MANAGER_SCOPE));

    if (path.failed || body.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    memset(&request, 0, sizeof(request));
    request.path = credhub_buf_str(&path);
    request.body = credhub_buf_str(&body);
    request.post = 1;

    ngx_credhub_manager_header(&request, "Content-Type",
        credhub_str("application/x-www-form-urlencoded"));

    if (ngx_credhub_manager_send(session, session->arena,
            ngx_credhub_manager_login_at(session->read), &request)
            != 0
        || ngx_credhub_manager_object(
               session, session->arena, &request, &object)
               != 0)
    {
        return -1;
    }

    return ngx_credhub_manager_token(session, object, "access_token");
}


static int
ngx_credhub_manager_azure_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key)
{
    credhub_buf_t                 path, bearer;
    credhub_str_t                 object;
    ngx_credhub_manager_request_t request;

    credhub_buf_init(&path, arena, 128);
    credhub_buf_lit(&path, "/secrets/");
    credhub_url_add(&path, key->path, 0);
    credhub_buf_lit(&path, NGX_CREDHUB_MANAGER_VERSION);

    credhub_buf_init(&bearer, arena, session->token.len + 8);
    credhub_buf_lit(&bearer, "Bearer ");
    credhub_buf_add_str(&bearer, session->token);

    if (path.failed || bearer.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    memset(&request, 0, sizeof(request));
    request.path = credhub_buf_str(&path);

    ngx_credhub_manager_header(
        &request, "Authorization", credhub_buf_str(&bearer));

    if (ngx_credhub_manager_send(session, arena,
            ngx_credhub_manager_secrets_at(session->read), &request)
            != 0
        || ngx_credhub_manager_object(session, arena, &request, &object) != 0)
    {
        return -1;
    }

    return ngx_credhub_manager_member(
        session, arena, object, credhub_str("value"));
}
