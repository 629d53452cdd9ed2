
/* What every POST /api/v1/data has in common. */

#include "ngx_http_credhub_post.h"


static credhub_error_e ngx_http_credhub_post_kind(
    ngx_http_credhub_post_t *post);


/* clang-format off */

#define FIELD(name)  offsetof(ngx_http_credhub_post_t, name)

static const credhub_bind_t  ngx_http_credhub_post_fields[] = {
    { "name", CREDHUB_BIND_STRING, FIELD(name), 1 },
    { "type", CREDHUB_BIND_STRING, FIELD(type), 1 },
    { "mode", CREDHUB_BIND_STRING, FIELD(mode), 1 },
    { "overwrite", CREDHUB_BIND_BOOL, FIELD(overwrite), 1 },
    { "regenerate", CREDHUB_BIND_BOOL, FIELD(regenerate), 0 },
    { "parameters", CREDHUB_BIND_RAW, FIELD(parameters), 1 },
    { "value", CREDHUB_BIND_RAW, FIELD(value), 1 },
    { "metadata", CREDHUB_BIND_RAW, FIELD(metadata), 1 },
    credhub_bind_end
};

/* clang-format on */


credhub_error_e
ngx_http_credhub_post_bind(ngx_credhub_op_t *op, ngx_http_credhub_post_t *post)
{
    ngx_http_credhub_input_t *input = op->input;

    credhub_error_e error;

    error = credhub_bind_document(op->arena, ngx_http_credhub_post_fields,
        input->body, post, &op->detail);

    if (post->regenerate.value) {
        op->action = ngx_http_credhub_regenerate.name;
        ngx_credhub_audit_named(op, post->name);

    } else {
        ngx_credhub_audit_typed(op, post->name, post->type);
    }

    return error == CREDHUB_E_UNKNOWN_KEY ? CREDHUB_E_UNKNOWN_KEY_400 : error;
}


credhub_error_e
ngx_http_credhub_post_check(ngx_credhub_op_t *op, ngx_http_credhub_post_t *post,
    credhub_error_e (*check)(ngx_credhub_op_t *))
{
    credhub_error_e error;

    error = ngx_credhub_name_check(op, &post->name);

    if (error == CREDHUB_OK && !post->regenerate.value) {
        error = ngx_http_credhub_post_kind(post);

        if (error == CREDHUB_OK) {
            error = check(op);
        }
    }

    if (error == CREDHUB_E_UNKNOWN_KEY) {
        error = CREDHUB_E_UNKNOWN_KEY_400;
    }

    if (error == CREDHUB_OK) {
        error = ngx_credhub_metadata(op, &post->metadata);
    }

    return error == CREDHUB_OK ? ngx_http_credhub_post_guard(op, post) : error;
}


static credhub_error_e
ngx_http_credhub_post_kind(ngx_http_credhub_post_t *post)
{
    if (post->mode.data != NULL
        && !credhub_str_eq(post->mode, credhub_str("overwrite"))
        && !credhub_str_eq(post->mode, credhub_str("no-overwrite"))
        && !credhub_str_eq(post->mode, credhub_str("converge")))
    {
        return CREDHUB_E_BAD_REQUEST;
    }

    post->kind = credhub_type(post->type);

    if (post->kind == NULL) {
        return CREDHUB_E_TYPE_GENERATE;
    }

    if (post->kind->generate == NULL && !post->kind->own) {
        return CREDHUB_E_NOT_GENERATABLE;
    }

    /* "overwrite":false beside a mode is what a public client sends */

    if (post->mode.len != 0 && post->overwrite.value
        && !credhub_str_eq(post->mode, credhub_str("overwrite")))
    {
        return CREDHUB_E_MODE_AND_OVERWRITE;
    }

    return CREDHUB_OK;
}


ngx_http_credhub_mode_e
ngx_http_credhub_post_mode(const ngx_http_credhub_post_t *post)
{
    if (post->mode.len == 0 && post->overwrite.set) {
        return post->overwrite.value ? NGX_HTTP_CREDHUB_REPLACE
                                     : NGX_HTTP_CREDHUB_KEEP;
    }

    if (credhub_str_eq(post->mode, credhub_str("overwrite"))) {
        return NGX_HTTP_CREDHUB_REPLACE;
    }

    return credhub_str_eq(post->mode, credhub_str("no-overwrite"))
               ? NGX_HTTP_CREDHUB_KEEP
               : NGX_HTTP_CREDHUB_CONVERGE;
}


credhub_error_e
ngx_http_credhub_post_guard(ngx_credhub_op_t *op, ngx_http_credhub_post_t *post)
{
    credhub_error_e error;

    error = ngx_credhub_access_name(op, post->name, &post->folded);

    return error == CREDHUB_OK ? ngx_credhub_access_guard(
               op, CREDHUB_OP_WRITE, post->folded, &post->guard)
                               : error;
}
