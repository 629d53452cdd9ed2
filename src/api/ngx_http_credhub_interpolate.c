
/*
 * POST /api/v1/interpolate: every object `credentials` that is a reference is
 * replaced by the value of the json credential it names. References stand in
 * one place only: top-level key, array, element, "credentials". All else passes
 * through as it was written.
 */

#include "ngx_http_credhub_api.h"
#include "ngx_credhub_credential.h"
#include "credhub_json.h"


#define NGX_HTTP_CREDHUB_REFS_MAX  1000
#define NGX_HTTP_CREDHUB_REFS_STEP 64 /* in one round trip */


typedef struct {
    credhub_str_t       place; /* what is replaced, in the request body */
    credhub_str_t       name;  /* as given, without (( )) */
    credhub_str_t       folded;
    ngx_credhub_guard_t guard;
    ngx_uint_t reply; /* number of the credential's; its grants follow */
} ngx_http_credhub_ref_t;


typedef struct {
    credhub_str_t           object;
    ngx_http_credhub_ref_t *refs;
    size_t                  n;
    size_t                  next;   /* reference to fetch */
    size_t                  step;   /* how many are being fetched */
    u_char                 *copied; /* end of what is in `body` */
    credhub_buf_t           body;
} ngx_http_credhub_interpolate_t;


static ngx_credhub_rc_e ngx_http_credhub_interpolate_parse(
    ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_interpolate_read(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_interpolate_take(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_http_credhub_interpolate_answer(
    ngx_credhub_op_t *op);
static void            ngx_http_credhub_interpolate_audit(ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_interpolate_refs(ngx_credhub_op_t *op);
static credhub_error_e ngx_http_credhub_interpolate_ref(
    ngx_credhub_op_t *op, credhub_str_t element);
static ngx_uint_t ngx_http_credhub_interpolate_name(
    credhub_str_t credentials, credhub_str_t *name);
static credhub_error_e ngx_http_credhub_interpolate_splice(
    ngx_credhub_op_t *op, ngx_http_credhub_ref_t *ref);


static const ngx_credhub_step_pt ngx_http_credhub_interpolate_steps[] = {
    ngx_http_credhub_interpolate_parse,
    ngx_http_credhub_interpolate_read,
    ngx_http_credhub_interpolate_take,
    ngx_http_credhub_interpolate_answer,
    NULL,
};

const ngx_credhub_operation_t ngx_http_credhub_interpolate = {
    "INTERPOLATE",
    ngx_http_credhub_interpolate_steps,
    sizeof(ngx_http_credhub_interpolate_t),
};


static ngx_credhub_rc_e
ngx_http_credhub_interpolate_parse(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;
    ngx_http_credhub_input_t       *input = op->input;

    credhub_error_e error;

    ngx_credhub_audit_bare(op, credhub_null_str);

    error = credhub_json_check(op->arena, input->body, &ctx->object);

    if (error == CREDHUB_OK
        && credhub_json_kind(ctx->object) != CREDHUB_JSON_OBJECT)
    {
        error = CREDHUB_E_BAD_REQUEST;
    }

    if (error == CREDHUB_OK) {
        error = ngx_http_credhub_interpolate_refs(op);
    }

    if (error != CREDHUB_OK) {
        return ngx_credhub_op_error(op, error);
    }

    credhub_buf_init(&ctx->body, op->arena, ctx->object.len);
    ctx->copied = ctx->object.data;

    return ctx->n != 0
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_interpolate_answer);
}


static credhub_error_e
ngx_http_credhub_interpolate_refs(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    credhub_str_t       key, value, element;
    credhub_error_e     error;
    credhub_json_iter_t members, elements;

    credhub_json_iter(&members, ctx->object);

    while (credhub_json_member(&members, &key, &value)) {
        if (credhub_json_kind(value) != CREDHUB_JSON_ARRAY) {
            continue;
        }

        credhub_json_iter(&elements, value);

        while (credhub_json_element(&elements, &element)) {
            error = ngx_http_credhub_interpolate_ref(op, element);

            if (error != CREDHUB_OK) {
                return error;
            }
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
ngx_http_credhub_interpolate_ref(ngx_credhub_op_t *op, credhub_str_t element)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    credhub_str_t           credentials, string;
    ngx_http_credhub_ref_t *ref;

    if (credhub_json_kind(element) != CREDHUB_JSON_OBJECT
        || !credhub_json_get(element, "credentials", &credentials)
        || credhub_json_kind(credentials) != CREDHUB_JSON_OBJECT
        || !ngx_http_credhub_interpolate_name(credentials, &string))
    {
        return CREDHUB_OK;
    }

    if (ctx->n == NGX_HTTP_CREDHUB_REFS_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    if (ctx->refs == NULL) {
        ctx->refs = credhub_arena_alloc(op->arena,
            NGX_HTTP_CREDHUB_REFS_MAX * sizeof(ngx_http_credhub_ref_t));

        if (ctx->refs == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    ref = &ctx->refs[ctx->n++];
    ref->place = credentials;
    ref->name = credhub_json_decode(op->arena, string);

    if (ref->name.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    if (ref->name.len >= 4 && ngx_memcmp(ref->name.data, "((", 2) == 0
        && ngx_memcmp(ref->name.data + ref->name.len - 2, "))", 2) == 0)
    {
        ref->name.data += 2;
        ref->name.len -= 4;
    }

    return CREDHUB_OK;
}


/* The string source of the reference; the spelling with "_" wins. */

static ngx_uint_t
ngx_http_credhub_interpolate_name(
    credhub_str_t credentials, credhub_str_t *name)
{
    return (credhub_json_get(credentials, "credhub_ref", name)
               || credhub_json_get(credentials, "credhub-ref", name))
           && credhub_json_kind(*name) == CREDHUB_JSON_STRING;
}


/*
 * The first reference that fails decides the answer: what stands before one
 * that may not be read is fetched before that is told.
 */

static ngx_credhub_rc_e
ngx_http_credhub_interpolate_read(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    size_t                  i, n;
    credhub_error_e         error;
    ngx_credhub_call_t     *call;
    ngx_http_credhub_ref_t *ref;

    n = ngx_min(ctx->n - ctx->next, NGX_HTTP_CREDHUB_REFS_STEP);

    for (i = 0; i < n; i++) {
        ref = &ctx->refs[ctx->next + i];

        op->resource = ngx_credhub_audit_cut(ref->name);

        error = ref->name.len == 0 || ref->name.data[0] != '/'
                    ? CREDHUB_E_CRED
                    : ngx_credhub_access_name(op, ref->name, &ref->folded);

        if (error == CREDHUB_OK) {
            error = ngx_credhub_access_guard(
                op, CREDHUB_OP_READ, ref->folded, &ref->guard);
        }

        if (error != CREDHUB_OK && i == 0) {
            return ngx_credhub_op_error(op, error);
        }

        if (error != CREDHUB_OK) {
            n = i;
        }
    }

    ctx->step = n;
    call = ngx_credhub_op_call(op, NGX_CREDHUB_LINK_LONG, 2 * n);

    for (i = 0; i < n && call != NULL; i++) {
        ref = &ctx->refs[ctx->next + i];
        ref->reply = call->n;

        ngx_credhub_current_read(call, op->hub->store, ref->folded, 0);
        ngx_credhub_grants_read(call, op->hub->store, &ref->guard);
    }

    return ngx_credhub_op_send(op, call);
}


static ngx_credhub_rc_e
ngx_http_credhub_interpolate_take(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    size_t          i;
    credhub_error_e error;

    for (i = 0; i < ctx->step; i++) {
        error =
            ngx_http_credhub_interpolate_splice(op, &ctx->refs[ctx->next + i]);

        if (error != CREDHUB_OK) {
            return ngx_credhub_op_fail(op, error, op->detail);
        }
    }

    ctx->next += ctx->step;
    ngx_credhub_op_release(op);

    return ctx->next == ctx->n
               ? NGX_CREDHUB_NEXT
               : ngx_credhub_op_goto(op, ngx_http_credhub_interpolate_read);
}


static credhub_error_e
ngx_http_credhub_interpolate_splice(
    ngx_credhub_op_t *op, ngx_http_credhub_ref_t *ref)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    credhub_version_t version;

    op->resource = ref->name;

    if (!ngx_credhub_access_checked(
            op, &ref->guard, CREDHUB_OP_READ, ref->reply + 1))
    {
        return CREDHUB_E_CRED_HIDDEN;
    }

    switch (ngx_credhub_current_result(
        op->call, ref->reply, ref->folded, &version, NULL))
    {
    case NGX_OK:
        break;

    case NGX_DECLINED:
        return CREDHUB_E_CRED;

    default:
        return CREDHUB_E_INTERNAL;
    }

    if (!credhub_str_eq(version.type, credhub_str("json"))) {
        op->detail = ref->name;
        return ngx_credhub_version_unfit(
            op, &version, CREDHUB_E_INTERPOLATE_TYPE);
    }

    if (ctx->body.len + credhub_version_view_size(&version)
        > NGX_CREDHUB_ANSWER_MAX)
    {
        return CREDHUB_E_TOO_LARGE;
    }

    credhub_buf_add(&ctx->body, ctx->copied, ref->place.data - ctx->copied);
    ctx->copied = ref->place.data + ref->place.len;

    return ngx_credhub_opened(
        &version, credhub_version_value(&ctx->body, &version, op->hub->keyring,
                      op->hub->store->hub));
}


static ngx_credhub_rc_e
ngx_http_credhub_interpolate_answer(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    u_char *last;

    last = ctx->object.data + ctx->object.len;
    credhub_buf_add(&ctx->body, ctx->copied, last - ctx->copied);

    if (ctx->body.failed) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ngx_http_credhub_interpolate_audit(op);

    op->status = NGX_HTTP_OK;
    op->body = credhub_json_compact(op->arena, credhub_buf_str(&ctx->body));

    return op->body.data != NULL ? NGX_CREDHUB_DONE
                                 : ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
}


/* All that was read, with spaces between the names, which have none. */

static void
ngx_http_credhub_interpolate_audit(ngx_credhub_op_t *op)
{
    ngx_http_credhub_interpolate_t *ctx = op->ctx;

    size_t        i;
    credhub_buf_t names;

    credhub_buf_init(&names, op->arena, ctx->n * 64);

    for (i = 0; i < ctx->n; i++) {
        if (i != 0) {
            credhub_buf_lit(&names, " ");
        }

        credhub_buf_add_str(&names, ctx->refs[i].name);
    }

    op->resource = credhub_buf_str(&names);
}
