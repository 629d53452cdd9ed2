
/* AWS Secrets Manager: the keys of a role by STS, then GetSecretValue. Every
 * request is signed by credhub_sigv4.h, over all the headers that matter. */

#include <string.h>
#include "credhub_sigv4.h"
#include "credhub_url.h"
#include "credhub_xml.h"
#include "ngx_credhub_manager_request.h"


/* Whose keys sign, and for which service. */

typedef struct {
    const ngx_credhub_manager_endpoint_t *endpoint;
    const char                           *service;
    credhub_str_t                         access_key_id;
    credhub_str_t                         secret_access_key;
} ngx_credhub_manager_signer_t;


static int ngx_credhub_manager_aws_login(
    ngx_credhub_manager_session_t *session);
static int ngx_credhub_manager_aws_role(ngx_credhub_manager_session_t *session,
    credhub_str_t xml, const char *name, credhub_str_t *text);
static int ngx_credhub_manager_aws_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key);
static int ngx_credhub_manager_aws_secret(
    ngx_credhub_manager_session_t *session, credhub_arena_t *arena,
    credhub_str_t object, credhub_str_t member);
static int  ngx_credhub_manager_aws_send(ngx_credhub_manager_session_t *session,
     credhub_arena_t *arena, const ngx_credhub_manager_signer_t *signer,
     credhub_sigv4_t *signature, ngx_credhub_manager_request_t *request);
static void ngx_credhub_manager_aws_place(
    credhub_str_t url, credhub_str_t *host, credhub_str_t *base);
static void ngx_credhub_manager_aws_header(
    credhub_sigv4_t *signature, const char *name, credhub_str_t value);


const ngx_credhub_manager_kind_t ngx_credhub_manager_aws = {
    ngx_credhub_manager_aws_login,
    ngx_credhub_manager_aws_key,
    NULL,
};


static int
ngx_credhub_manager_aws_login(ngx_credhub_manager_session_t *session)
{
    credhub_buf_t                 body;
    credhub_sigv4_t               signature;
    const credhub_manager_t      *manager;
    ngx_credhub_manager_signer_t  signer;
    ngx_credhub_manager_request_t request;

    manager = session->read->manager;

    credhub_buf_init(&body, session->arena, 256);
    credhub_url_form(&body, "Action", credhub_str("AssumeRole"));
    credhub_url_form(&body, "Version", credhub_str("2011-06-15"));
    credhub_url_form(&body, "RoleArn", manager->role_id);
    credhub_url_form(&body, "RoleSessionName", credhub_str("credhub"));
    credhub_url_form(&body, "DurationSeconds", credhub_str("900"));

    if (manager->external_id.len != 0) {
        credhub_url_form(&body, "ExternalId", manager->external_id);
    }

    if (body.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    signer.endpoint = ngx_credhub_manager_login_at(session->read);
    signer.service = "sts";
    signer.access_key_id = manager->access_key_id;
    signer.secret_access_key = manager->secret_access_key;

    memset(&request, 0, sizeof(request));
    request.body = credhub_buf_str(&body);

    memset(&signature, 0, sizeof(signature));
    ngx_credhub_manager_aws_header(&signature, "content-type",
        credhub_str("application/x-www-form-urlencoded; charset=utf-8"));

    if (ngx_credhub_manager_aws_send(
            session, session->arena, &signer, &signature, &request)
            != 0
        || ngx_credhub_manager_aws_role(
               session, request.answer, "AccessKeyId", &session->access_key_id)
               != 0
        || ngx_credhub_manager_aws_role(session, request.answer,
               "SecretAccessKey", &session->secret_access_key)
               != 0)
    {
        return -1;
    }

    return ngx_credhub_manager_aws_role(
        session, request.answer, "SessionToken", &session->token);
}


static int
ngx_credhub_manager_aws_role(ngx_credhub_manager_session_t *session,
    credhub_str_t xml, const char *name, credhub_str_t *text)
{
    *text = credhub_xml_text(session->arena, xml, name);

    if (text->data == NULL || !credhub_url_visible(*text)) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_UNREAD);
    }

    return 0;
}


static int
ngx_credhub_manager_aws_key(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const credhub_manager_key_t *key)
{
    credhub_buf_t                 body;
    credhub_str_t                 object;
    credhub_sigv4_t               signature;
    ngx_credhub_manager_signer_t  signer;
    ngx_credhub_manager_request_t request;

    credhub_buf_init(&body, arena, 128);
    credhub_buf_lit(&body, "{\"SecretId\":");
    credhub_json_add_string(&body, key->path);
    credhub_buf_lit(&body, "}");

    if (body.failed) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    signer.endpoint = ngx_credhub_manager_secrets_at(session->read);
    signer.service = "secretsmanager";
    signer.access_key_id = session->access_key_id;
    signer.secret_access_key = session->secret_access_key;

    memset(&request, 0, sizeof(request));
    request.body = credhub_buf_str(&body);

    memset(&signature, 0, sizeof(signature));
    ngx_credhub_manager_aws_header(
        &signature, "content-type", credhub_str("application/x-amz-json-1.1"));

    if (ngx_credhub_manager_aws_send(
            session, arena, &signer, &signature, &request)
            != 0
        || ngx_credhub_manager_object(session, arena, &request, &object) != 0)
    {
        return -1;
    }

    return ngx_credhub_manager_aws_secret(session, arena, object, key->member);
}


/* A secret is a text, and with a member in it a JSON object. */

static int
ngx_credhub_manager_aws_secret(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, credhub_str_t object, credhub_str_t member)
{
    credhub_str_t text, secret;

    if (credhub_json_get_string(arena, object, "SecretString", &text) != 1) {
        return ngx_credhub_manager_fail(session, "The secret is not a text");
    }

    if (member.len == 0) {
        return 0;
    }

    if (credhub_json_check(arena, text, &secret) != CREDHUB_OK
        || credhub_json_kind(secret) != CREDHUB_JSON_OBJECT)
    {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_ABSENT);
    }

    return ngx_credhub_manager_member(session, arena, secret, member);
}


/* Completes the headers in their order, signs them, and sends the same. */

static int
ngx_credhub_manager_aws_send(ngx_credhub_manager_session_t *session,
    credhub_arena_t *arena, const ngx_credhub_manager_signer_t *signer,
    credhub_sigv4_t *signature, ngx_credhub_manager_request_t *request)
{
    size_t        i;
    credhub_str_t host, base, date, value;
    credhub_buf_t path;

    ngx_credhub_manager_aws_place(signer->endpoint->url, &host, &base);
    ngx_credhub_manager_aws_header(signature, "host", host);

    if (session->token.len != 0) {
        ngx_credhub_manager_aws_header(
            signature, "x-amz-security-token", session->token);
        ngx_credhub_manager_aws_header(signature, "x-amz-target",
            credhub_str("secretsmanager.GetSecretValue"));
    }

    credhub_buf_init(&path, arena, base.len + 1);
    credhub_buf_add_str(&path, base);
    credhub_buf_lit(&path, "/");

    signature->method = "POST";
    signature->path = credhub_buf_str(&path);
    signature->body = request->body;
    signature->region = session->read->manager->region;
    signature->service.data = (u_char *) signer->service;
    signature->service.len = strlen(signer->service);
    signature->access_key_id = signer->access_key_id;
    signature->secret_access_key = signer->secret_access_key;
    credhub_sigv4_date(session->read->now, signature->date);

    value = path.failed ? credhub_null_str : credhub_sigv4(arena, signature);

    if (value.data == NULL) {
        return ngx_credhub_manager_fail(session, NGX_CREDHUB_MANAGER_MEMORY);
    }

    for (i = 0; i < signature->nheaders; i++) {
        ngx_credhub_manager_header(
            request, signature->headers[i].name, signature->headers[i].value);
    }

    date.data = signature->date;
    date.len = CREDHUB_SIGV4_DATE_LEN;

    ngx_credhub_manager_header(request, "x-amz-date", date);
    ngx_credhub_manager_header(request, "authorization", value);

    request->path = credhub_str("/");
    request->post = 1;

    return ngx_credhub_manager_send(session, arena, signer->endpoint, request);
}


/* The authority and the path of a URL, which was checked. */

static void
ngx_credhub_manager_aws_place(
    credhub_str_t url, credhub_str_t *host, credhub_str_t *base)
{
    u_char *last, *slash;

    last = url.data + url.len;
    host->data = url.data + sizeof("https://") - 1;

    slash = memchr(host->data, '/', last - host->data);
    slash = (slash != NULL) ? slash : last;

    host->len = slash - host->data;
    base->data = slash;
    base->len = last - slash;
}


static void
ngx_credhub_manager_aws_header(
    credhub_sigv4_t *signature, const char *name, credhub_str_t value)
{
    signature->headers[signature->nheaders].name = name;
    signature->headers[signature->nheaders++].value = value;
}
