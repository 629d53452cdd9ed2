
/*
 * A read of every key of a connection: log in, read, log out. Each key has an
 * arena of its own, so that what was read is wiped before the next one.
 */

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "credhub_url.h"
#include "credhub_wipe.h"
#include "ngx_credhub_manager_request.h"


#define NGX_CREDHUB_MANAGER_ARENA 16384


static int ngx_credhub_manager_read_keys(ngx_credhub_manager_session_t *session,
    const ngx_credhub_manager_kind_t *kind, credhub_str_t *failed);
static credhub_str_t ngx_credhub_manager_reason(
    ngx_credhub_manager_session_t *session, credhub_str_t field);


static const ngx_credhub_manager_kind_t *const ngx_credhub_manager_kinds[] = {
    [CREDHUB_MANAGER_AWS] = &ngx_credhub_manager_aws,
    [CREDHUB_MANAGER_AZURE] = &ngx_credhub_manager_azure,
    [CREDHUB_MANAGER_VAULT] = &ngx_credhub_manager_vault,
};


int
ngx_credhub_manager_init(void)
{
    /* or libcurl writes the keys of every connection to that file */
    (void) unsetenv("SSLKEYLOGFILE");

    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, credhub_wipe_free,
               credhub_wipe_realloc, strdup, calloc)
                   == CURLE_OK
               ? 0
               : -1;
}


void
ngx_credhub_manager_read(
    credhub_arena_t *arena, ngx_credhub_manager_read_t *read)
{
    credhub_str_t                     failed;
    ngx_credhub_manager_session_t     session;
    const ngx_credhub_manager_kind_t *kind;

    memset(&session, 0, sizeof(session));
    session.arena = arena;
    session.read = read;
    session.curl = curl_easy_init();

    kind = ngx_credhub_manager_kinds[read->manager->type];
    failed = credhub_null_str;

    if (session.curl == NULL) {
        (void) ngx_credhub_manager_fail(&session, NGX_CREDHUB_MANAGER_MEMORY);
        read->ok = 0;

    } else {
        read->ok =
            kind->login(&session) == 0
            && ngx_credhub_manager_read_keys(&session, kind, &failed) == 0;
    }

    if (!read->ok) {
        read->reason = ngx_credhub_manager_reason(&session, failed);
    }

    if (session.token.len != 0 && kind->logout != NULL) {
        kind->logout(&session);
    }

    curl_easy_cleanup(session.curl);
    ERR_clear_error();
}


static int
ngx_credhub_manager_read_keys(ngx_credhub_manager_session_t *session,
    const ngx_credhub_manager_kind_t *kind, credhub_str_t *failed)
{
    int                          rc;
    unsigned                     i;
    credhub_arena_t             *arena;
    const credhub_manager_key_t *key;

    for (i = 0; i < session->read->nkeys; i++) {
        key = &session->read->keys[i];
        *failed = key->field;

        arena = credhub_arena_create(NGX_CREDHUB_MANAGER_ARENA);
        if (arena == NULL) {
            return ngx_credhub_manager_fail(
                session, NGX_CREDHUB_MANAGER_MEMORY);
        }

        rc = kind->key(session, arena, key);

        credhub_arena_destroy(arena);

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


/* The field of a key, or nothing: the login. */

static credhub_str_t
ngx_credhub_manager_reason(
    ngx_credhub_manager_session_t *session, credhub_str_t field)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, session->arena, 128);

    if (field.len == 0) {
        credhub_buf_lit(&buf, "Login");
    }

    credhub_buf_add_str(&buf, field);
    credhub_buf_lit(&buf, ": ");

    if (session->reason != NULL) {
        credhub_buf_printf(&buf, "%s", session->reason);

    } else {
        credhub_buf_printf(&buf, "The manager answered %ld", session->status);
    }

    return buf.failed ? credhub_str(NGX_CREDHUB_MANAGER_MEMORY)
                      : credhub_buf_str(&buf);
}


int
ngx_credhub_manager_fail(
    ngx_credhub_manager_session_t *session, const char *reason)
{
    session->reason = reason;

    return -1;
}


int
ngx_credhub_manager_object(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const ngx_credhub_manager_request_t *request,
    credhub_str_t *object)
{
    if (credhub_json_check(arena, request->answer, object) != CREDHUB_OK
        || credhub_json_kind(*object) != CREDHUB_JSON_OBJECT)
    {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_UNREAD);
    }

    return 0;
}


int
ngx_credhub_manager_token(ngx_credhub_manager_session_t *session,
    credhub_str_t object, const char *name)
{
    credhub_str_t token;

    if (credhub_json_get_string(session->arena, object, name, &token) != 1
        || !credhub_url_visible(token))
    {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_UNREAD);
    }

    session->token = token;

    return 0;
}


int
ngx_credhub_manager_member(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, credhub_str_t object, credhub_str_t name)
{
    credhub_str_t       key, value;
    credhub_json_iter_t iter;

    credhub_json_iter(&iter, object);

    while (credhub_json_member(&iter, &key, &value)) {
        if (!credhub_str_eq(credhub_json_decode(arena, key), name)) {
            continue;
        }

        switch (credhub_json_kind(value)) {
        case CREDHUB_JSON_STRING:
        case CREDHUB_JSON_NUMBER:
        case CREDHUB_JSON_TRUE:
        case CREDHUB_JSON_FALSE:
            return 0;

        default:
            return ngx_credhub_manager_fail(
                session, NGX_CREDHUB_MANAGER_ABSENT);
        }
    }

    return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_ABSENT);
}
