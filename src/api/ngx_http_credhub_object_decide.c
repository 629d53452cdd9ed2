
/* What an object shall be: the body of a request over what stands, the rules of
 * its resource, and the objects it refers to. */

#include "ngx_http_credhub_object_private.h"


static credhub_error_e ngx_http_credhub_object_config(ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_object_refs(ngx_credhub_op_t *op);


/* The object as it shall be: the body over what stands. */

credhub_error_e
ngx_http_credhub_object_decide(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t         *ctx = op->ctx;
    const ngx_http_credhub_resource_t *resource = ctx->resource;

    credhub_error_e error;

    error = credhub_object_bind(op->arena, resource->attributes,
        ctx->creating ? credhub_null_str : ctx->current->attributes, ctx->body,
        &ctx->attributes, &ctx->given, &op->detail);

    if (error == CREDHUB_OK && resource->config) {
        error = ngx_http_credhub_object_config(op);
    }

    if (error == CREDHUB_OK && resource->check != NULL) {
        error = resource->check(op, ctx);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    if (ctx->patching && ctx->given == 0 && !ctx->config_given) {
        op->detail =
            credhub_str("At least one field that can be changed is required");
        return CREDHUB_E_INPUT;
    }

    return ngx_http_credhub_object_refs(op);
}


static credhub_error_e
ngx_http_credhub_object_config(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    credhub_str_t   given;
    credhub_error_e error;

    ctx->standing = credhub_null_str;

    if (ctx->current != NULL && ctx->current->config.len != 0) {
        error = ngx_credhub_object_open(op, ctx->current, &ctx->standing);

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    ctx->config = ctx->standing;
    ctx->config_given = ngx_http_credhub_given(ctx->body, "config") ? 1 : 0;

    if (!ctx->config_given) {
        return CREDHUB_OK;
    }

    (void) credhub_json_get(ctx->body, "config", &given);

    if (credhub_json_kind(given) != CREDHUB_JSON_OBJECT) {
        return CREDHUB_E_CONFIG;
    }

    return credhub_config_merge(op->arena, ctx->standing, given,
        ctx->resource->ports, ctx->resource->masked, &ctx->config);
}


static credhub_error_e
ngx_http_credhub_object_refs(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t                    n;
    credhub_str_t                 id, old;
    credhub_error_e               error;
    const ngx_http_credhub_ref_t *ref;

    n = 0;
    ngx_memzero(ctx->change.refs, sizeof(ctx->change.refs));

    for (ref = ctx->resource->refs; ref != NULL && ref->attribute != NULL;
         ref++) {
        id = credhub_object_get(op->arena, ctx->attributes, ref->attribute);
        old = ctx->creating ? credhub_str("")
                            : credhub_object_get(op->arena,
                                ctx->current->attributes, ref->attribute);

        if (id.data == NULL || old.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        if (id.len == 0) {
            continue;
        }

        error = ngx_credhub_object_ask(
            op, ref->kind, id, CREDHUB_OP_READ, &ctx->asks[1 + n]);

        if (error != CREDHUB_OK) {
            return error;
        }

        ctx->refs[n] = ref;
        ctx->attached[n] = !credhub_str_eq(id, old);
        ctx->change.refs[n] = ctx->asks[1 + n].key;
        n++;
    }

    ctx->nasks = 1 + n;

    return CREDHUB_OK;
}


/* What is attached anew has to exist, and the caller to see it. */

credhub_error_e
ngx_http_credhub_object_attached(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t      i;
    credhub_error_e error;

    for (i = 0; i + 1 < ctx->nasks; i++) {
        if (!ctx->attached[i]) {
            continue;
        }

        error =
            ngx_credhub_object_asked(op, ctx->refs[i]->kind, &ctx->asks[1 + i]);

        if (error == CREDHUB_OK) {
            continue;
        }

        op->detail = ngx_http_credhub_object_ref_id(op, i);

        return error == CREDHUB_E_FORBIDDEN
                   ? error
                   : ngx_http_credhub_object_ref_missing(ctx->refs[i]);
    }

    return CREDHUB_OK;
}


credhub_str_t
ngx_http_credhub_object_ref_id(ngx_credhub_op_t *op, ngx_uint_t i)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    return credhub_object_get(
        op->arena, ctx->attributes, ctx->refs[i]->attribute);
}


credhub_error_e
ngx_http_credhub_object_ref_missing(const ngx_http_credhub_ref_t *ref)
{
    return ref->missing != CREDHUB_OK
               ? ref->missing
               : ngx_credhub_object_kinds[ref->kind].missing;
}
