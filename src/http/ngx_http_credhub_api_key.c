
/*
 * The store is asked by an operation of its own, before the one that the
 * request is about. A key that does not exist, one of another type and a wrong
 * secret take the same way to the same answer; only a name that no key can have
 * is refused without a question.
 */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "ngx_http_credhub_api_key.h"
#include "ngx_credhub_credential.h"
#include "credhub_json.h"
#include "credhub_name.h"


#define NGX_HTTP_CREDHUB_API_KEY_HASH 32 /* SHA-256 */


typedef struct {
    credhub_str_t     name; /* the key, as it was sent */
    credhub_str_t     secret;
    credhub_str_t     folded; /* of the credential */
    credhub_version_t version;
    credhub_str_t     display;
} ngx_http_credhub_api_key_ctx_t;


static ngx_int_t ngx_http_credhub_api_key_result(
    ngx_http_credhub_api_key_t *key);
static ngx_uint_t ngx_http_credhub_api_key_split(
    ngx_credhub_op_t *op, credhub_str_t credentials);
static ngx_uint_t ngx_http_credhub_api_key_name(
    ngx_credhub_op_t *op, credhub_str_t path);
static ngx_credhub_rc_e ngx_http_credhub_api_key_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_api_key_check(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_http_credhub_api_key_find(
          ngx_credhub_op_t *op, credhub_str_t *password);
static ngx_uint_t ngx_http_credhub_api_key_equal(
    credhub_str_t one, credhub_str_t two);
static void            ngx_http_credhub_api_key_display(ngx_credhub_op_t *op);
static void            ngx_http_credhub_api_key_finished(ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_api_key_take(
    ngx_http_credhub_api_key_t *key, ngx_credhub_op_t *op);


static const ngx_credhub_operation_t ngx_http_credhub_api_key_operation = {
    "api-key",
    (const ngx_credhub_step_pt[]){
        ngx_http_credhub_api_key_read, ngx_http_credhub_api_key_check, NULL },
    sizeof(ngx_http_credhub_api_key_ctx_t),
};


static const ngx_credhub_host_t ngx_http_credhub_api_key_host = {
    ngx_http_credhub_api_key_finished
};


ngx_int_t
ngx_http_credhub_api_key(ngx_http_credhub_api_key_t *key, ngx_http_request_t *r,
    credhub_arena_t *arena, credhub_str_t credentials)
{
    ngx_credhub_op_t            *op;
    ngx_http_credhub_srv_conf_t *scf;

    if (key->ended || key->op != NULL) {
        return ngx_http_credhub_api_key_result(key);
    }

    scf = ngx_http_get_module_srv_conf(r, ngx_http_credhub_module);

    key->request = r;
    key->arena = arena;
    key->error = CREDHUB_E_INTERNAL;

    op = ngx_credhub_op_create(&ngx_http_credhub_api_key_operation, &scf->hub);
    if (op == NULL) {
        return NGX_ERROR;
    }

    key->op = op;
    op->host = &ngx_http_credhub_api_key_host;
    op->host_data = key;

    if (op->error == CREDHUB_OK
        && (!ngx_http_credhub_api_key_split(op, credentials)
            || !ngx_http_credhub_api_key_name(op, scf->api_keys)))
    {
        op->error = CREDHUB_E_UNAUTHENTICATED;
    }

    /* may end at once, as with an error */

    ngx_credhub_op_run(op);

    return ngx_http_credhub_api_key_result(key);
}


static ngx_int_t
ngx_http_credhub_api_key_result(ngx_http_credhub_api_key_t *key)
{
    if (!key->ended) {
        key->waiting = 1;
        return NGX_AGAIN;
    }

    return key->error == CREDHUB_OK ? NGX_OK : NGX_ERROR;
}


void
ngx_http_credhub_api_key_stop(ngx_http_credhub_api_key_t *key)
{
    if (key->op != NULL) {
        ngx_credhub_op_destroy(key->op);
        key->op = NULL;
    }
}


static ngx_uint_t
ngx_http_credhub_api_key_split(ngx_credhub_op_t *op, credhub_str_t credentials)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    u_char   *colon;
    ngx_str_t text, coded;

    coded.len = credentials.len;
    coded.data = credentials.data;

    text.data =
        credhub_arena_bytes(op->arena, ngx_base64_decoded_length(coded.len));

    if (text.data == NULL || ngx_decode_base64(&text, &coded) != NGX_OK) {
        return 0;
    }

    colon = ngx_strlchr(text.data, text.data + text.len, ':');
    if (colon == NULL) {
        return 0;
    }

    ctx->name.data = text.data;
    ctx->name.len = colon - text.data;
    ctx->secret.data = colon + 1;
    ctx->secret.len = text.len - ctx->name.len - 1;

    return 1;
}


/* A key is one segment below the path. */

static ngx_uint_t
ngx_http_credhub_api_key_name(ngx_credhub_op_t *op, credhub_str_t path)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    credhub_buf_t full;

    if (memchr(ctx->name.data, '/', ctx->name.len) != NULL) {
        return 0;
    }

    credhub_buf_init(&full, op->arena, path.len + 1 + ctx->name.len);
    credhub_buf_add_str(&full, path);
    credhub_buf_lit(&full, "/");
    credhub_buf_add_str(&full, ctx->name);

    if (full.failed
        || credhub_name_check(credhub_buf_str(&full), op->hub->max_name_length)
               != CREDHUB_OK)
    {
        return 0;
    }

    ctx->folded = credhub_name_fold(op->arena, credhub_buf_str(&full));

    return ctx->folded.data != NULL;
}


static ngx_credhub_rc_e
ngx_http_credhub_api_key_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_current_read(call, op->hub->store, ctx->folded, 0);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_api_key_check(ngx_credhub_op_t *op)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    ngx_uint_t    found, equal;
    credhub_str_t password;

    found = ngx_http_credhub_api_key_find(op, &password);
    equal = ngx_http_credhub_api_key_equal(password, ctx->secret);

    if (!found || !equal) {
        return ngx_credhub_op_error(op, CREDHUB_E_UNAUTHENTICATED);
    }

    ngx_http_credhub_api_key_display(op);

    return NGX_CREDHUB_DONE;
}


/* A row that is not what was written is logged, and no key. */

static ngx_uint_t
ngx_http_credhub_api_key_find(ngx_credhub_op_t *op, credhub_str_t *password)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    credhub_content_t content;

    *password = credhub_str("");

    return ngx_credhub_current_result(
               op->call, 0, ctx->folded, &ctx->version, NULL)
               == NGX_OK
           && credhub_str_eq(ctx->version.type, credhub_str("user"))
           && ngx_credhub_version_open(op, &ctx->version, &content)
                  == CREDHUB_OK
           && credhub_json_get_string(
                  op->arena, content.secret, "password", password)
                  == 1;
}


/* In a time that tells nothing of either. */

static ngx_uint_t
ngx_http_credhub_api_key_equal(credhub_str_t one, credhub_str_t two)
{
    u_char hashes[2][NGX_HTTP_CREDHUB_API_KEY_HASH];

    return EVP_Digest(one.data, one.len, hashes[0], NULL, EVP_sha256(), NULL)
               == 1
           && EVP_Digest(two.data, two.len, hashes[1], NULL, EVP_sha256(), NULL)
                  == 1
           && CRYPTO_memcmp(hashes[0], hashes[1], NGX_HTTP_CREDHUB_API_KEY_HASH)
                  == 0;
}


static void
ngx_http_credhub_api_key_display(ngx_credhub_op_t *op)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    if (ctx->version.metadata.len == 0
        || credhub_json_kind(ctx->version.metadata) != CREDHUB_JSON_OBJECT
        || credhub_json_get_string(
               op->arena, ctx->version.metadata, "display_name", &ctx->display)
               != 1)
    {
        ctx->display = credhub_null_str;
    }
}


static void
ngx_http_credhub_api_key_finished(ngx_credhub_op_t *op)
{
    ngx_http_credhub_api_key_t *key = op->host_data;
    ngx_http_request_t         *r = key->request;
    ngx_connection_t           *c = r->connection;

    key->error = op->error != CREDHUB_OK
                     ? op->error
                     : ngx_http_credhub_api_key_take(key, op);

    key->op = NULL;
    key->ended = 1;

    ngx_credhub_op_destroy(op);

    if (key->waiting) {
        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }
}


/* A key is called as it was first written, in whatever case it is sent. */

static credhub_error_e
ngx_http_credhub_api_key_take(
    ngx_http_credhub_api_key_t *key, ngx_credhub_op_t *op)
{
    ngx_http_credhub_api_key_ctx_t *ctx = op->ctx;

    credhub_buf_t actor;
    credhub_str_t name = ctx->name;

    if (credhub_str_caseeq(ctx->version.name, ctx->folded)) {
        name.data = ctx->version.name.data + ctx->version.name.len - name.len;
    }

    credhub_buf_init(&actor, key->arena, sizeof("api-key:") + name.len);
    credhub_buf_lit(&actor, "api-key:");
    credhub_buf_add_str(&actor, name);

    key->display =
        credhub_arena_copy(key->arena, ctx->display.data, ctx->display.len);

    if (actor.failed || key->display.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    key->actor = credhub_buf_str(&actor);
    key->user = key->actor;
    key->user.data += sizeof("api-key:") - 1;
    key->user.len -= sizeof("api-key:") - 1;

    return CREDHUB_OK;
}
