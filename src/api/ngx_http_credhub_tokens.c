
/*
 * Tokens of the SSH certificate API: for a user's password, for a client
 * certificate, for a refresh token; what one is good for, and how it ends. None
 * of it depends on read-only mode.
 */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_token.h"
#include "ngx_credhub_user.h"
#include "credhub_json.h"
#include "credhub_text.h"


#define NGX_HTTP_CREDHUB_TOKENS_ANSWER 512
#define NGX_HTTP_CREDHUB_TOKENS_US     1000000 /* of a second */


/* What can be asked, whoever is. */

typedef struct {
    credhub_str_t client;
    credhub_str_t scope;
    credhub_str_t refresh;

    ngx_credhub_user_t        user;
    ngx_credhub_token_find_t  find;
    ngx_credhub_token_issue_t issue;
    ngx_credhub_token_end_t   end;
} ngx_http_credhub_tokens_t;


typedef struct {
    const char *name;
    size_t      offset;
} ngx_http_credhub_tokens_field_t;


static ngx_credhub_rc_e ngx_http_credhub_tokens_oauth(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_key(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_user(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_known(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_certificate(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_find(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_found(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_verify(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_revoke(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_revoked(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_answer(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_answer_refresh(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_tokens_answer_key(
    ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_tokens_body(
    ngx_credhub_op_t *op, const ngx_http_credhub_tokens_field_t *fields);
static credhub_error_e ngx_http_credhub_tokens_asked(
    const ngx_http_credhub_tokens_t *tokens);
static void ngx_http_credhub_tokens_pair(
    ngx_credhub_op_t *op, credhub_buf_t *body);
static void ngx_http_credhub_tokens_date(
    credhub_buf_t *body, const char *name, int64_t us);
static void ngx_http_credhub_tokens_text(
    credhub_buf_t *body, const char *name, credhub_str_t text);


/* clang-format off */

#define steps(...)  (const ngx_credhub_step_pt[]) { __VA_ARGS__, NULL }

#define field(name, member)                                                   \
    { name, offsetof(ngx_http_credhub_tokens_t, member) }


const ngx_credhub_operation_t  ngx_http_credhub_token_oauth = {
    "TOKEN_ISSUE",
    steps(ngx_http_credhub_tokens_oauth,
          ngx_http_credhub_tokens_user,
          ngx_http_credhub_tokens_known,
          ngx_http_credhub_tokens_answer),
    sizeof(ngx_http_credhub_tokens_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_token_certificate = {
    "TOKEN_ISSUE",
    steps(ngx_http_credhub_tokens_certificate,
          ngx_http_credhub_tokens_answer),
    sizeof(ngx_http_credhub_tokens_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_token_refresh = {
    "TOKEN_REFRESH",
    steps(ngx_http_credhub_tokens_find,
          ngx_http_credhub_tokens_found,
          ngx_http_credhub_tokens_answer_refresh),
    sizeof(ngx_http_credhub_tokens_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_token_verify = {
    "TOKEN_VERIFY", steps(ngx_http_credhub_tokens_verify), 0
};

const ngx_credhub_operation_t  ngx_http_credhub_token_revoke = {
    "TOKEN_REVOKE",
    steps(ngx_http_credhub_tokens_revoke,
          ngx_http_credhub_tokens_revoked),
    sizeof(ngx_http_credhub_tokens_t)
};

const ngx_credhub_operation_t  ngx_http_credhub_token_key = {
    "TOKEN_ISSUE",
    steps(ngx_http_credhub_tokens_key,
          ngx_http_credhub_tokens_user,
          ngx_http_credhub_tokens_known,
          ngx_http_credhub_tokens_answer_key),
    sizeof(ngx_http_credhub_tokens_t)
};


static const ngx_http_credhub_tokens_field_t
    ngx_http_credhub_tokens_oauth_fields[] = {
    field("client_id", client),
    field("username", user.name),
    field("password", user.password),
    field("scope", scope),
    { NULL, 0 }
};

static const ngx_http_credhub_tokens_field_t
    ngx_http_credhub_tokens_certificate_fields[] = {
    field("client_id", client),
    field("scope", scope),
    { NULL, 0 }
};

static const ngx_http_credhub_tokens_field_t
    ngx_http_credhub_tokens_refresh_fields[] = {
    field("client_id", client),
    field("refresh_token", refresh),
    { NULL, 0 }
};

static const ngx_http_credhub_tokens_field_t
    ngx_http_credhub_tokens_key_fields[] = {
    field("Username", user.name),
    field("Password", user.password),
    { NULL, 0 }
};

/* clang-format on */


static ngx_credhub_rc_e
ngx_http_credhub_tokens_oauth(ngx_credhub_op_t *op)
{
    credhub_error_e error;

    error =
        ngx_http_credhub_tokens_body(op, ngx_http_credhub_tokens_oauth_fields);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_tokens_asked(op->ctx);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_key(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_error_e error;

    error =
        ngx_http_credhub_tokens_body(op, ngx_http_credhub_tokens_key_fields);

    tokens->issue.single = 1;

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_user(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t  *input = op->input;
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    tokens->user.path = input->api_keys;
    tokens->user.wrong = CREDHUB_E_SSH_GRANT;

    return ngx_credhub_user_enter(op, &tokens->user);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_known(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    tokens->issue.actor = tokens->user.actor;
    tokens->issue.user = tokens->user.user;
    tokens->issue.client = tokens->client;

    return ngx_credhub_token_issue_enter(op, &tokens->issue);
}


/* A token beside the certificate would be who asks. */

static ngx_credhub_rc_e
ngx_http_credhub_tokens_certificate(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t  *input = op->input;
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_tokens_body(
        op, ngx_http_credhub_tokens_certificate_fields);

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_tokens_asked(tokens);
    }

    if (error == CREDHUB_OK
        && !credhub_str_eq(input->method, credhub_str("mtls"))) {
        error = CREDHUB_E_SSH_GRANT;
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    tokens->issue.actor = op->actor;
    tokens->issue.user = input->user;
    tokens->issue.client = tokens->client;

    return ngx_credhub_token_issue_enter(op, &tokens->issue);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_find(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_error_e error;

    error = ngx_http_credhub_tokens_body(
        op, ngx_http_credhub_tokens_refresh_fields);

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    tokens->find.text = tokens->refresh;
    tokens->find.kind = CREDHUB_TOKEN_REFRESH;
    tokens->find.wrong = CREDHUB_E_SSH_GRANT;
    tokens->find.expired = CREDHUB_E_SSH_GRANT;

    return ngx_credhub_token_find_enter(op, &tokens->find);
}


/* A refresh token is good for the client that has it. */

static ngx_credhub_rc_e
ngx_http_credhub_tokens_found(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    const credhub_token_t *old;

    old = &tokens->find.token;

    if (!credhub_str_eq(old->client, tokens->client)) {
        return ngx_credhub_op_error(op, CREDHUB_E_SSH_GRANT);
    }

    tokens->issue.actor = old->actor;
    tokens->issue.user = old->user;
    tokens->issue.client = old->client;
    tokens->issue.old = old;

    return ngx_credhub_token_issue_enter(op, &tokens->issue);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_verify(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_buf_t          body;
    const credhub_token_t *token;

    token = input->token;

    if (token == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_TOKEN);
    }

    credhub_buf_init(&body, op->arena, NGX_HTTP_CREDHUB_TOKENS_ANSWER);
    credhub_buf_lit(&body, "{\"application\":");
    credhub_json_add_string(&body, token->client);
    ngx_http_credhub_tokens_date(
        &body, "access_issued_on_ISO8601", token->issued);
    ngx_http_credhub_tokens_date(
        &body, "grant_issued_on_ISO8601", token->granted);
    ngx_http_credhub_tokens_date(&body, "expires_ISO8601", token->expires);
    ngx_http_credhub_tokens_text(&body, "identity", op->actor);
    ngx_http_credhub_tokens_text(&body, "scope", token->scope);
    credhub_buf_printf(&body, ",\"valid_for\":%lld}",
        (long long) (token->expires - token->now) / NGX_HTTP_CREDHUB_TOKENS_US);

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_revoke(ngx_credhub_op_t *op)
{
    ngx_http_credhub_input_t  *input = op->input;
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    if (input->token == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_TOKEN);
    }

    tokens->end.grant = input->token->grant;

    return ngx_credhub_token_end_enter(op, &tokens->end);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_revoked(ngx_credhub_op_t *op)
{
    op->status = NGX_HTTP_OK;
    op->body = credhub_str("{}");

    return NGX_CREDHUB_DONE;
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_buf_t body;

    ngx_http_credhub_tokens_pair(op, &body);
    credhub_buf_printf(&body, ",\"expires_in\":%d", CREDHUB_TOKEN_ACCESS_LIFE);
    ngx_http_credhub_tokens_text(
        &body, "scope", tokens->issue.tokens[CREDHUB_TOKEN_ACCESS].scope);
    credhub_buf_lit(&body, "}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_answer_refresh(ngx_credhub_op_t *op)
{
    credhub_buf_t body;

    ngx_http_credhub_tokens_pair(op, &body);
    credhub_buf_lit(&body, "}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


static ngx_credhub_rc_e
ngx_http_credhub_tokens_answer_key(ngx_credhub_op_t *op)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_buf_t body;

    credhub_buf_init(&body, op->arena, NGX_HTTP_CREDHUB_TOKENS_ANSWER);
    credhub_buf_lit(&body, "{\"APIKey\":");
    credhub_json_add_string(&body, tokens->issue.texts[CREDHUB_TOKEN_ACCESS]);
    ngx_http_credhub_tokens_date(&body, "ValidUntil",
        tokens->issue.tokens[CREDHUB_TOKEN_ACCESS].expires);
    credhub_buf_lit(&body, "}");

    return ngx_credhub_op_answer(op, NGX_HTTP_OK, &body);
}


/* What is said of any pair; the object stays open. */

static void
ngx_http_credhub_tokens_pair(ngx_credhub_op_t *op, credhub_buf_t *body)
{
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    const credhub_token_t *token;

    token = &tokens->issue.tokens[CREDHUB_TOKEN_ACCESS];

    credhub_buf_init(body, op->arena, NGX_HTTP_CREDHUB_TOKENS_ANSWER);
    credhub_buf_lit(body, "{\"access_token\":");
    credhub_json_add_string(body, tokens->issue.texts[CREDHUB_TOKEN_ACCESS]);
    ngx_http_credhub_tokens_text(
        body, "refresh_token", tokens->issue.texts[CREDHUB_TOKEN_REFRESH]);
    credhub_buf_printf(body, ",\"expires\":%lld,\"refresh_until\":%lld",
        (long long) token->expires / NGX_HTTP_CREDHUB_TOKENS_US,
        (long long) token->refresh_until / NGX_HTTP_CREDHUB_TOKENS_US);
    ngx_http_credhub_tokens_text(body, "identity", token->actor);
    credhub_buf_lit(body, ",\"token_type\":\"Bearer\"");
}


static void
ngx_http_credhub_tokens_date(credhub_buf_t *body, const char *name, int64_t us)
{
    u_char date[CREDHUB_DATE_LEN];

    credhub_date(us, date);
    ngx_http_credhub_tokens_text(
        body, name, (credhub_str_t){ CREDHUB_DATE_LEN, date });
}


static void
ngx_http_credhub_tokens_text(
    credhub_buf_t *body, const char *name, credhub_str_t text)
{
    credhub_buf_printf(body, ",\"%s\":", name);
    credhub_json_add_string(body, text);
}


/* Members that are not asked for are ignored, null is as good as nothing. */

static credhub_error_e
ngx_http_credhub_tokens_body(
    ngx_credhub_op_t *op, const ngx_http_credhub_tokens_field_t *fields)
{
    ngx_http_credhub_input_t  *input = op->input;
    ngx_http_credhub_tokens_t *tokens = op->ctx;

    credhub_str_t   object, value, *target;
    credhub_error_e error;

    error = credhub_json_check(op->arena, input->body, &object);

    if (error != CREDHUB_OK) {
        return error;
    }

    if (credhub_json_kind(object) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_BAD_REQUEST;
    }

    for (/* void */; fields->name != NULL; fields++) {
        if (!credhub_json_get(object, fields->name, &value)
            || credhub_json_kind(value) == CREDHUB_JSON_NULL)
        {
            continue;
        }

        if (credhub_json_kind(value) != CREDHUB_JSON_STRING) {
            return CREDHUB_E_BAD_REQUEST;
        }

        target = (credhub_str_t *) ((u_char *) tokens + fields->offset);
        *target = credhub_json_decode(op->arena, value);

        if (target->data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    return tokens->client.len > CREDHUB_TOKEN_CLIENT_MAX ? CREDHUB_E_BAD_REQUEST
                                                         : CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_tokens_asked(const ngx_http_credhub_tokens_t *tokens)
{
    return credhub_token_scope(tokens->scope) ? CREDHUB_OK
                                              : CREDHUB_E_SSH_SCOPE;
}
