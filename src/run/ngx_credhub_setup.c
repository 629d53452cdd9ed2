
/*
 * Setup tests: which apply, the probes that answer them, and how the results
 * are shown. A test that does not apply says why.
 */

#include "ngx_credhub_setup_private.h"


typedef struct {
    credhub_str_t     service; /* what its name begins with */
    ngx_credhub_tls_e start;
    unsigned          port;
} ngx_credhub_setup_service_t;


static ngx_credhub_rc_e ngx_credhub_setup_plan(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_begin(ngx_credhub_op_t *op);
static ngx_credhub_rc_e ngx_credhub_setup_collect(ngx_credhub_op_t *op);
static void             ngx_credhub_setup_link(ngx_credhub_setup_t *setup);
static credhub_error_e  ngx_credhub_setup_probe(ngx_credhub_setup_t *setup,
     const ngx_credhub_operation_t *probe, ngx_credhub_test_e first,
     ngx_credhub_test_e last);
static void             ngx_credhub_setup_finished(ngx_credhub_op_t *part);


/* clang-format off */

static const ngx_credhub_setup_service_t  ngx_credhub_setup_services[] = {
    { credhub_string("postgres"), NGX_CREDHUB_TLS_POSTGRES, 5432 },
    { credhub_string("mysql"), NGX_CREDHUB_TLS_MYSQL, 3306 },
    { credhub_string("maria"), NGX_CREDHUB_TLS_MYSQL, 3306 },
    { credhub_string("redis"), NGX_CREDHUB_TLS_PLAIN, 6379 },
    { credhub_string(""), NGX_CREDHUB_TLS_PLAIN, 0 }
};


static const char *const  ngx_credhub_setup_titles[NGX_CREDHUB_TESTS] = {
    [NGX_CREDHUB_TEST_HOST] = "Host Connection",
    [NGX_CREDHUB_TEST_TUNNEL] = "SSH Tunnel Connection",
    [NGX_CREDHUB_TEST_CERTIFICATE] = "Validate Certificate",
    [NGX_CREDHUB_TEST_LINK] = "Private Link",
    [NGX_CREDHUB_TEST_SECRETS] = "External Secrets"
};


static const char *const  ngx_credhub_setup_statuses[] = {
    [NGX_CREDHUB_TEST_SKIPPED] = "SKIPPED",
    [NGX_CREDHUB_TEST_PASSED] = "PASSED",
    [NGX_CREDHUB_TEST_FAILED] = "FAILED"
};

/* clang-format on */


static const ngx_credhub_step_pt ngx_credhub_setup_steps[] = {
    ngx_credhub_setup_plan,
    ngx_credhub_setup_begin,
    ngx_credhub_setup_collect,
    NULL,
};


static const ngx_credhub_host_t ngx_credhub_setup_host = {
    ngx_credhub_setup_finished
};


ngx_credhub_rc_e
ngx_credhub_setup_enter(ngx_credhub_op_t *op, ngx_credhub_setup_t *setup)
{
    setup->op = op;

    return ngx_credhub_op_enter(op, ngx_credhub_setup_steps, setup);
}


static ngx_credhub_rc_e
ngx_credhub_setup_plan(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_t *setup = op->ctx;

    credhub_str_t attributes;

    attributes = setup->object->attributes;

    setup->service = credhub_object_get(op->arena, attributes, "service");
    setup->method =
        credhub_object_get(op->arena, attributes, "networking_method");

    if (setup->service.data == NULL || setup->method.data == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    ngx_credhub_setup_link(setup);

    return NGX_CREDHUB_NEXT;
}


static void
ngx_credhub_setup_link(ngx_credhub_setup_t *setup)
{
    credhub_str_t state;

    if (!credhub_str_eq(setup->method, credhub_str("PrivateLink"))) {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_LINK,
            credhub_str("The networking method is not PrivateLink"));
        return;
    }

    if (setup->link == NULL) {
        ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_LINK,
            credhub_str("No private link is attached"));
        return;
    }

    state =
        credhub_object_get(setup->op->arena, setup->link->attributes, "state");

    if (credhub_str_eq(state, credhub_str("OK"))) {
        ngx_credhub_setup_ok(setup, NGX_CREDHUB_TEST_LINK,
            credhub_str("The private link is ready"));
        return;
    }

    ngx_credhub_setup_failed(setup, NGX_CREDHUB_TEST_LINK,
        credhub_object_get(
            setup->op->arena, setup->link->attributes, "state_summary"));
}


static ngx_credhub_rc_e
ngx_credhub_setup_begin(ngx_credhub_op_t *op)
{
    ngx_credhub_setup_t *setup = op->ctx;

    credhub_error_e error;

    error = CREDHUB_OK;

    if (credhub_str_eq(setup->method, credhub_str("SshTunnel"))) {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_HOST,
            credhub_str("The host is behind the SSH tunnel"));
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_CERTIFICATE,
            credhub_str("The host is behind the SSH tunnel"));

        error = ngx_credhub_setup_probe(setup, &ngx_credhub_setup_ssh,
            NGX_CREDHUB_TEST_TUNNEL, NGX_CREDHUB_TEST_TUNNEL);

    } else {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_TUNNEL,
            credhub_str("The networking method is not SshTunnel"));

        error = ngx_credhub_setup_probe(setup, &ngx_credhub_setup_tls,
            NGX_CREDHUB_TEST_HOST, NGX_CREDHUB_TEST_CERTIFICATE);
    }

    if (error == CREDHUB_OK && setup->manager == NULL) {
        ngx_credhub_setup_skipped(setup, NGX_CREDHUB_TEST_SECRETS,
            credhub_str("No external secrets manager is attached"));

    } else if (error == CREDHUB_OK) {
        error = ngx_credhub_setup_probe(setup, &ngx_credhub_setup_secrets,
            NGX_CREDHUB_TEST_SECRETS, NGX_CREDHUB_TEST_SECRETS);
    }

    return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                               : ngx_credhub_op_error(op, error);
}


static credhub_error_e
ngx_credhub_setup_probe(ngx_credhub_setup_t *setup,
    const ngx_credhub_operation_t *probe, ngx_credhub_test_e first,
    ngx_credhub_test_e last)
{
    ngx_credhub_op_t          *part;
    ngx_credhub_setup_probe_t *ctx;

    part = ngx_credhub_op_part(setup->op, probe, &ngx_credhub_setup_host);
    if (part == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    ctx = part->ctx;
    ctx->setup = setup;
    ctx->first = first;
    ctx->last = last;

    ngx_credhub_op_run(part);

    return CREDHUB_OK;
}


/* What a probe that failed has not said yet has failed. */

static void
ngx_credhub_setup_finished(ngx_credhub_op_t *part)
{
    ngx_uint_t                 i;
    credhub_str_t              message;
    ngx_credhub_setup_t       *setup;
    ngx_credhub_setup_probe_t *ctx = part->ctx;

    setup = ctx->setup;

    message = part->error == CREDHUB_E_BUSY
                  ? credhub_str("The hub is busy with other tests")
                  : credhub_str("The test could not be carried out");

    for (i = 0; i < NGX_CREDHUB_TESTS && part->error != CREDHUB_OK; i++) {
        if ((i == ctx->first || i == ctx->last)
            && setup->tests[i].message.len == 0) {
            ngx_credhub_setup_failed(setup, i, message);
        }
    }

    ngx_credhub_op_part_end(part);
}


static ngx_credhub_rc_e
ngx_credhub_setup_collect(ngx_credhub_op_t *op)
{
    if (ngx_queue_empty(&op->parts)) {
        return NGX_CREDHUB_NEXT;
    }

    (void) ngx_credhub_op_goto(op, ngx_credhub_setup_collect);

    return NGX_CREDHUB_WAIT;
}


void
ngx_credhub_setup_result(ngx_credhub_setup_t *setup, ngx_credhub_test_e test,
    ngx_credhub_test_status_e status, credhub_str_t message)
{
    setup->tests[test].status = status;
    setup->tests[test].message = message;
}


credhub_str_t
ngx_credhub_setup_text(ngx_credhub_setup_t *setup, const char *text)
{
    return credhub_arena_copy(setup->op->arena, text, ngx_strlen(text));
}


ngx_credhub_tls_e
ngx_credhub_setup_service(const ngx_credhub_setup_t *setup, unsigned *port)
{
    const ngx_credhub_setup_service_t *row;

    for (row = ngx_credhub_setup_services; row->service.len != 0; row++) {
        if (setup->service.len >= row->service.len
            && ngx_strncasecmp(
                   setup->service.data, row->service.data, row->service.len)
                   == 0)
        {
            break;
        }
    }

    *port = row->port;

    return row->start;
}


ngx_credhub_rc_e
ngx_credhub_setup_approve(ngx_credhub_op_t *part, ngx_credhub_setup_t *setup,
    ngx_credhub_approve_t *approve)
{
    approve->kind = setup->kind;
    approve->key = setup->object->key;
    approve->path = setup->path;
    approve->uid = setup->object->uid;
    approve->guard = setup->guard;

    return ngx_credhub_approve_enter(part, approve);
}


ngx_uint_t
ngx_credhub_setup_passed(const ngx_credhub_setup_t *setup)
{
    ngx_uint_t i, passed;

    passed = 0;

    for (i = 0; i < NGX_CREDHUB_TESTS; i++) {
        if (setup->tests[i].status == NGX_CREDHUB_TEST_FAILED) {
            return 0;
        }

        passed |= (setup->tests[i].status == NGX_CREDHUB_TEST_PASSED);
    }

    return passed;
}


void
ngx_credhub_setup_show(credhub_buf_t *buf, const ngx_credhub_setup_t *setup)
{
    ngx_uint_t                i;
    const ngx_credhub_test_t *test;

    for (i = 0; i < NGX_CREDHUB_TESTS; i++) {
        test = &setup->tests[i];

        credhub_buf_printf(buf,
            "%s{\"title\":\"%s\",\"status\":\"%s\",\"message\":",
            i == 0 ? "[" : ",", ngx_credhub_setup_titles[i],
            ngx_credhub_setup_statuses[test->status]);

        credhub_json_add_string(buf, test->message);

        if (test->details.len != 0) {
            credhub_buf_lit(buf, ",\"details\":");
            credhub_buf_add_str(buf, test->details);
        }

        credhub_buf_lit(buf, "}");
    }

    credhub_buf_lit(buf, "]");
}
