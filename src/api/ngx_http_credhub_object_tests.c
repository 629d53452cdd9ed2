
/*
 * Setup tests of an object, when a write stands or because they were asked for.
 * How they went is kept in an attribute, which is a write of its own.
 */

#include "ngx_http_credhub_object_private.h"


static ngx_credhub_rc_e ngx_http_credhub_object_enter(ngx_credhub_op_t *op);


/* What is in a body for this request alone. */

static const credhub_attribute_t ngx_http_credhub_controls[] = {
    { "run_setup_tests", CREDHUB_ATTRIBUTE_BOOL, CREDHUB_ATTRIBUTE_CREATE,
        "true", NULL },
    { "trust_certificates", CREDHUB_ATTRIBUTE_BOOL, CREDHUB_ATTRIBUTE_CREATE,
        "false", NULL },
    { "trust_fingerprints", CREDHUB_ATTRIBUTE_BOOL, CREDHUB_ATTRIBUTE_CREATE,
        "false", NULL },
    credhub_attributes_end,
};


credhub_error_e
ngx_http_credhub_object_control(ngx_credhub_op_t *op, ngx_uint_t test)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    size_t          given;
    credhub_str_t   controls;
    credhub_error_e error;

    if (ctx->resource->state == NULL) {
        return CREDHUB_OK;
    }

    error = credhub_object_bind(op->arena, ngx_http_credhub_controls,
        credhub_null_str, ctx->body, &controls, &given, &op->detail);

    if (error != CREDHUB_OK) {
        return error;
    }

    ctx->tests =
        test || credhub_object_flag(controls, "run_setup_tests") ? 1 : 0;
    ctx->trust_certificates =
        credhub_object_flag(controls, "trust_certificates") ? 1 : 0;
    ctx->trust_fingerprints =
        credhub_object_flag(controls, "trust_fingerprints") ? 1 : 0;

    return CREDHUB_OK;
}


/* Tests of what was written. */

ngx_credhub_rc_e
ngx_http_credhub_object_begin(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    return ctx->tests && !ctx->tested
               ? ngx_http_credhub_object_enter(op)
               : ngx_credhub_op_goto(op, ngx_http_credhub_object_answer);
}


/* Tests of what was read. */

ngx_credhub_rc_e
ngx_http_credhub_object_again(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    return !ctx->tested
               ? ngx_http_credhub_object_enter(op)
               : ngx_credhub_op_goto(op, ngx_http_credhub_object_commit);
}


static ngx_credhub_rc_e
ngx_http_credhub_object_enter(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t           i;
    ngx_credhub_setup_t *setup;

    setup = &ctx->setup;
    setup->kind = ctx->resource->kind;
    setup->object = ctx->current;
    setup->path = ctx->path;
    setup->config = ctx->config.len != 0 ? ctx->config : credhub_str("{}");
    setup->guard = ctx->guard;
    setup->trust_certificates = ctx->trust_certificates;
    setup->trust_fingerprints = ctx->trust_fingerprints;

    for (i = 0; i + 1 < ctx->nasks; i++) {
        if (ctx->asks[1 + i].object.key.len == 0) {
            continue;
        }

        if (ctx->refs[i]->kind == NGX_CREDHUB_PRIVATE_LINKS) {
            setup->link = &ctx->asks[1 + i].object;

        } else if (ctx->refs[i]->kind == NGX_CREDHUB_MANAGERS) {
            setup->manager = &ctx->asks[1 + i].object;
        }
    }

    return ngx_credhub_setup_enter(op, setup);
}


ngx_credhub_rc_e
ngx_http_credhub_object_tested(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ctx->tested = 1;

    return ngx_credhub_op_goto(op, ngx_http_credhub_object_commit);
}


/* The new state; NULL: it stays. "incomplete" is what has never passed, whoever
 * passed once and fails is "broken". */

const char *
ngx_http_credhub_object_state(ngx_credhub_op_t *op)
{
    ngx_http_credhub_object_t *ctx = op->ctx;

    ngx_uint_t    i, failed;
    credhub_str_t state;

    state =
        credhub_object_get(op->arena, ctx->attributes, ctx->resource->state);

    if (ngx_credhub_setup_passed(&ctx->setup)) {
        return credhub_str_eq(state, credhub_str("connected")) ? NULL
                                                               : "connected";
    }

    for (i = 0, failed = 0; i < NGX_CREDHUB_TESTS; i++) {
        failed |= ctx->setup.tests[i].status == NGX_CREDHUB_TEST_FAILED;
    }

    return failed && credhub_str_eq(state, credhub_str("connected")) ? "broken"
                                                                     : NULL;
}
