
/* Tokens: commands and scripts, and how their answers are read. */

#include "ngx_credhub_rows.h"
#include "ngx_credhub_approvals.h"
#include "ngx_credhub_tokens.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"


#define NGX_CREDHUB_TOKEN_ARGS 3  /* before the tokens */
#define NGX_CREDHUB_TOKEN_ARGC 12 /* of each */


/* Of a read: the clock, the row, and whether its refresh token is used up. */

enum {
    NGX_CREDHUB_TOKEN_TIME = 0, /* ngx_credhub_time_result() */
    NGX_CREDHUB_TOKEN_ROW,
    NGX_CREDHUB_TOKEN_USED
};


static credhub_str_t ngx_credhub_token_end(
    ngx_credhub_call_t *call, int64_t us);


/* clang-format off */

#define ngx_credhub_token_field(name, kind)                                   \
    ngx_credhub_field(credhub_token_t, name, kind)

static const ngx_credhub_field_t  ngx_credhub_token_fields[] = {
    ngx_credhub_token_field(kind, REQUIRED),
    ngx_credhub_token_field(actor, REQUIRED),
    ngx_credhub_token_field(user, OPTIONAL),
    ngx_credhub_token_field(client, OPTIONAL),
    ngx_credhub_token_field(scope, REQUIRED),
    ngx_credhub_token_field(grant, REQUIRED),
    ngx_credhub_token_field(issued, NUMBER),
    ngx_credhub_token_field(granted, NUMBER),
    ngx_credhub_token_field(expires, NUMBER),
    ngx_credhub_token_field(refresh_until, NUMBER),
    ngx_credhub_token_field(mac, REQUIRED)
};

/* the same, as the store calls them */

static const credhub_str_t  ngx_credhub_token_names[] = {
    credhub_string("kind"), credhub_string("actor"), credhub_string("user"),
    credhub_string("client"), credhub_string("scope"), credhub_string("grant"),
    credhub_string("issued"), credhub_string("granted"),
    credhub_string("expires"), credhub_string("refresh_until"),
    credhub_string("mac")
};

/* clang-format on */


#define NGX_CREDHUB_TOKEN_FIELDS                                               \
    (sizeof(ngx_credhub_token_fields) / sizeof(ngx_credhub_field_t))


void
ngx_credhub_token_read(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t hash)
{
    credhub_str_t argv[2 + NGX_CREDHUB_TOKEN_FIELDS];

    ngx_credhub_time_read(call);

    argv[0] = credhub_str("HMGET");
    argv[1] = ngx_credhub_call_key(call, store, "token:", hash);
    ngx_memcpy(
        &argv[2], ngx_credhub_token_names, sizeof(ngx_credhub_token_names));

    ngx_credhub_call_command(call, 2 + NGX_CREDHUB_TOKEN_FIELDS, argv);

    argv[0] = credhub_str("GET");
    argv[1] = ngx_credhub_call_key(call, store, "token_used:", hash);

    ngx_credhub_call_command(call, 2, argv);
}


ngx_int_t
ngx_credhub_token_result(
    ngx_credhub_call_t *call, credhub_str_t hash, credhub_token_t *token)
{
    const ngx_credhub_reply_t *row, *used;

    row = call->replies[NGX_CREDHUB_TOKEN_ROW];
    used = call->replies[NGX_CREDHUB_TOKEN_USED];

    ngx_memzero(token, sizeof(credhub_token_t));

    if (row->type == NGX_CREDHUB_REPLY_ARRAY
        && row->n == NGX_CREDHUB_TOKEN_FIELDS
        && row->elements[0]->type == NGX_CREDHUB_REPLY_NIL)
    {
        if (used->type == NGX_CREDHUB_REPLY_STRING) {
            token->grant = used->str;
        }

        return NGX_DECLINED;
    }

    if (ngx_credhub_row_fields(
            row, ngx_credhub_token_fields, NGX_CREDHUB_TOKEN_FIELDS, token)
            != NGX_OK
        || ngx_credhub_time_result(call, &token->now) != NGX_OK)
    {
        return ngx_credhub_row_damaged(credhub_str("a token"));
    }

    token->hash = hash;

    return NGX_OK;
}


void
ngx_credhub_tokens_write(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const credhub_token_t *tokens, ngx_uint_t n, credhub_str_t used)
{
    ngx_uint_t             i;
    credhub_str_t         *arg;
    const credhub_token_t *token;
    credhub_str_t          argv[NGX_CREDHUB_TOKEN_ARGS
                       + NGX_CREDHUB_TOKENS_MAX * NGX_CREDHUB_TOKEN_ARGC];

    argv[0] = tokens[n - 1].grant;
    argv[1] = used;
    argv[2] = ngx_credhub_token_end(call, tokens[n - 1].expires);

    arg = &argv[NGX_CREDHUB_TOKEN_ARGS];

    for (i = 0; i < n; i++) {
        token = &tokens[i];

        *arg++ = token->hash;
        *arg++ = ngx_credhub_token_end(call, token->expires);
        *arg++ = token->kind;
        *arg++ = token->actor;
        *arg++ = token->user;
        *arg++ = token->client;
        *arg++ = token->scope;
        *arg++ = ngx_credhub_call_decimal(call, token->issued);
        *arg++ = ngx_credhub_call_decimal(call, token->granted);
        *arg++ = ngx_credhub_call_decimal(call, token->expires);
        *arg++ = ngx_credhub_call_decimal(call, token->refresh_until);
        *arg++ = token->mac;
    }

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_TOKEN_WRITE, arg - argv, argv);
}


/* Whole seconds, not before it. */

static credhub_str_t
ngx_credhub_token_end(ngx_credhub_call_t *call, int64_t us)
{
    return ngx_credhub_call_decimal(call, us / 1000000 + 1);
}


void
ngx_credhub_tokens_revoke(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store, credhub_str_t grant)
{
    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_TOKEN_REVOKE, 1, &grant);
}


ngx_int_t
ngx_credhub_tokens_done(ngx_credhub_call_t *call, credhub_error_e *error)
{
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    return ngx_credhub_script_answer(call, &reply, &word, error);
}
