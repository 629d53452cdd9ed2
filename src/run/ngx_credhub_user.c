
/* Users: how they are found, and how a password is compared. */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "ngx_credhub_user.h"
#include "credhub_json.h"
#include "credhub_name.h"


#define NGX_CREDHUB_USER_HASH  32 /* SHA-256 */
#define NGX_CREDHUB_USER_ACTOR "api-key:"


static ngx_uint_t ngx_credhub_user_name(
    ngx_credhub_op_t *op, ngx_credhub_user_t *user);
static ngx_credhub_rc_e ngx_credhub_user_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_user_check(ngx_credhub_op_t *op);
static ngx_uint_t       ngx_credhub_user_find(
          ngx_credhub_op_t *op, ngx_credhub_user_t *user, credhub_str_t *password);
static ngx_uint_t ngx_credhub_user_equal(credhub_str_t one, credhub_str_t two);
static ngx_credhub_rc_e ngx_credhub_user_take(
    ngx_credhub_op_t *op, ngx_credhub_user_t *user);


static const ngx_credhub_step_pt ngx_credhub_user_steps[] = {
    ngx_credhub_user_read,
    ngx_credhub_user_check,
    NULL,
};


ngx_credhub_rc_e
ngx_credhub_user_enter(ngx_credhub_op_t *op, ngx_credhub_user_t *user)
{
    if (user->path.len == 0 || !ngx_credhub_user_name(op, user)) {
        return ngx_credhub_op_error(op, user->wrong);
    }

    return ngx_credhub_op_enter(op, ngx_credhub_user_steps, user);
}


/* A user is one segment below the path. */

static ngx_uint_t
ngx_credhub_user_name(ngx_credhub_op_t *op, ngx_credhub_user_t *user)
{
    credhub_buf_t full;

    if (user->name.len == 0
        || memchr(user->name.data, '/', user->name.len) != NULL) {
        return 0;
    }

    credhub_buf_init(&full, op->arena, user->path.len + 1 + user->name.len);
    credhub_buf_add_str(&full, user->path);
    credhub_buf_lit(&full, "/");
    credhub_buf_add_str(&full, user->name);

    if (full.failed
        || credhub_name_check(credhub_buf_str(&full), op->hub->max_name_length)
               != CREDHUB_OK)
    {
        return 0;
    }

    user->folded = credhub_name_fold(op->arena, credhub_buf_str(&full));

    return user->folded.data != NULL;
}


static ngx_credhub_rc_e
ngx_credhub_user_read(ngx_credhub_op_t *op)
{
    ngx_credhub_user_t *user = op->ctx;

    ngx_credhub_call_t *call;

    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_COMMANDS, 1);

    if (call != NULL) {
        ngx_credhub_current_read(call, op->hub->store, user->folded, 0);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_credhub_user_check(ngx_credhub_op_t *op)
{
    ngx_credhub_user_t *user = op->ctx;

    ngx_uint_t    found, equal;
    credhub_str_t password;

    found = ngx_credhub_user_find(op, user, &password);
    equal = ngx_credhub_user_equal(password, user->password);

    if (!found || !equal) {
        return ngx_credhub_op_error(op, user->wrong);
    }

    return ngx_credhub_user_take(op, user);
}


/* A row that is not what was written is logged, and no user. */

static ngx_uint_t
ngx_credhub_user_find(
    ngx_credhub_op_t *op, ngx_credhub_user_t *user, credhub_str_t *password)
{
    credhub_content_t content;

    *password = credhub_str("");

    return ngx_credhub_current_result(
               op->call, 0, user->folded, &user->version, NULL)
               == NGX_OK
           && credhub_str_eq(user->version.type, credhub_str("user"))
           && ngx_credhub_version_open(op, &user->version, &content)
                  == CREDHUB_OK
           && credhub_json_get_string(
                  op->arena, content.secret, "password", password)
                  == 1;
}


/* In a time that tells nothing of either. */

static ngx_uint_t
ngx_credhub_user_equal(credhub_str_t one, credhub_str_t two)
{
    u_char hashes[2][NGX_CREDHUB_USER_HASH];

    return EVP_Digest(one.data, one.len, hashes[0], NULL, EVP_sha256(), NULL)
               == 1
           && EVP_Digest(two.data, two.len, hashes[1], NULL, EVP_sha256(), NULL)
                  == 1
           && CRYPTO_memcmp(hashes[0], hashes[1], NGX_CREDHUB_USER_HASH) == 0;
}


/* A user is called as it was first written, in whatever case it is sent. */

static ngx_credhub_rc_e
ngx_credhub_user_take(ngx_credhub_op_t *op, ngx_credhub_user_t *user)
{
    credhub_buf_t actor;
    credhub_str_t name, metadata;

    name = user->name;
    metadata = user->version.metadata;

    if (credhub_str_caseeq(user->version.name, user->folded)) {
        name.data = user->version.name.data + user->version.name.len - name.len;
    }

    credhub_buf_init(
        &actor, op->arena, sizeof(NGX_CREDHUB_USER_ACTOR) + name.len);
    credhub_buf_lit(&actor, NGX_CREDHUB_USER_ACTOR);
    credhub_buf_add_str(&actor, name);

    if (actor.failed) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    user->actor = credhub_buf_str(&actor);
    user->user = user->actor;
    user->user.data += sizeof(NGX_CREDHUB_USER_ACTOR) - 1;
    user->user.len -= sizeof(NGX_CREDHUB_USER_ACTOR) - 1;

    if (metadata.len == 0 || credhub_json_kind(metadata) != CREDHUB_JSON_OBJECT
        || credhub_json_get_string(
               op->arena, metadata, "display_name", &user->display)
               != 1)
    {
        user->display = credhub_null_str;
    }

    return NGX_CREDHUB_NEXT;
}
