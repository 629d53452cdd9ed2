
/*
 * One request to a secrets manager, and what the requests of a read share. For
 * src/outbound/ngx_credhub_manager*.c only.
 */

#ifndef _NGX_CREDHUB_MANAGER_REQUEST_H_INCLUDED_
#define _NGX_CREDHUB_MANAGER_REQUEST_H_INCLUDED_


#include <curl/curl.h>
#include "ngx_credhub_manager.h"


#define NGX_CREDHUB_MANAGER_HEADERS_MAX 8

#define NGX_CREDHUB_MANAGER_MEMORY      "There is not enough memory"
#define NGX_CREDHUB_MANAGER_UNREAD      "The answer cannot be read"
#define NGX_CREDHUB_MANAGER_ABSENT      "There is no such member in the secret"


typedef struct {
    const char   *name;
    credhub_str_t value;
} ngx_credhub_manager_header_t;


typedef struct {
    credhub_str_t                path; /* with its query, encoded */
    ngx_credhub_manager_header_t headers[NGX_CREDHUB_MANAGER_HEADERS_MAX];
    unsigned                     nheaders;
    credhub_str_t                body; /* of a POST */
    unsigned                     post:1;

    /* result, in the arena of the request */
    credhub_str_t answer;
} ngx_credhub_manager_request_t;


/* A login and what it brought: in the arena of the read, and wiped with it. */

typedef struct {
    credhub_arena_t                  *arena;
    const ngx_credhub_manager_read_t *read;
    CURL                             *curl;

    credhub_str_t token;
    credhub_str_t access_key_id; /* AWS: of the role */
    credhub_str_t secret_access_key;

    /* what failed: the manager's status, or a static text */
    long        status;
    const char *reason;
} ngx_credhub_manager_session_t;


/* A kind of manager. Each returns 0, or -1 with what failed in the session. */

typedef struct {
    int (*login)(ngx_credhub_manager_session_t *session);

    /* the value is looked at and left in `arena`, which is destroyed next */
    int (*key)(ngx_credhub_manager_session_t *session, credhub_arena_t *arena,
        const credhub_manager_key_t *key);

    /* nobody waits for this one to succeed; may be NULL */
    void (*logout)(ngx_credhub_manager_session_t *session);
} ngx_credhub_manager_kind_t;

extern const ngx_credhub_manager_kind_t ngx_credhub_manager_aws;
extern const ngx_credhub_manager_kind_t ngx_credhub_manager_azure;
extern const ngx_credhub_manager_kind_t ngx_credhub_manager_vault;


/* Where a token is got, and where secrets are. */
#define ngx_credhub_manager_login_at(read) (&(read)->endpoints[0])
#define ngx_credhub_manager_secrets_at(read)                                   \
    (&(read)->endpoints[(read)->nendpoints - 1])


void ngx_credhub_manager_header(ngx_credhub_manager_request_t *request,
    const char *name, credhub_str_t value);

/* Sends it and reads the answer: 0 when that is a 200. */
int ngx_credhub_manager_send(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const ngx_credhub_manager_endpoint_t *endpoint,
    ngx_credhub_manager_request_t *request);

/* -1, and why. */
int ngx_credhub_manager_fail(
    ngx_credhub_manager_session_t *session, const char *reason);

/* The answer as an object. */
int ngx_credhub_manager_object(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const ngx_credhub_manager_request_t *request,
    credhub_str_t *object);

/* A member of it that is text as a header carries it. */
int ngx_credhub_manager_token(ngx_credhub_manager_session_t *session,
    credhub_str_t object, const char *name);

/* Is there something in that member, a string, a number or a boolean? 0. */
int ngx_credhub_manager_member(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, credhub_str_t object, credhub_str_t name);


#endif /* _NGX_CREDHUB_MANAGER_REQUEST_H_INCLUDED_ */
