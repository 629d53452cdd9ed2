
/*
 * What the files of the setup tests share. Each probe is a part of the
 * operation, so that they go on side by side and one that fails is a test that
 * failed, nothing more.
 */

#ifndef _NGX_CREDHUB_SETUP_PRIVATE_H_INCLUDED_
#define _NGX_CREDHUB_SETUP_PRIVATE_H_INCLUDED_


#include "ngx_credhub_setup.h"
#include "ngx_credhub_probe_task.h"


/* The context of every probe begins with it. */

typedef struct {
    ngx_credhub_setup_t *setup;
    ngx_credhub_test_e   first; /* tests that fail when the probe does */
    ngx_credhub_test_e   last;
} ngx_credhub_setup_probe_t;


/* Probes, as parts. */
extern const ngx_credhub_operation_t ngx_credhub_setup_tls;
extern const ngx_credhub_operation_t ngx_credhub_setup_ssh;
extern const ngx_credhub_operation_t ngx_credhub_setup_secrets;


/* The result of a test; `message` is static or lives as long as the whole. */
void ngx_credhub_setup_result(ngx_credhub_setup_t *setup,
    ngx_credhub_test_e test, ngx_credhub_test_status_e status,
    credhub_str_t message);

#define ngx_credhub_setup_failed(setup, test, message)                         \
    ngx_credhub_setup_result(setup, test, NGX_CREDHUB_TEST_FAILED, message)
#define ngx_credhub_setup_skipped(setup, test, message)                        \
    ngx_credhub_setup_result(setup, test, NGX_CREDHUB_TEST_SKIPPED, message)
#define ngx_credhub_setup_ok(setup, test, message)                             \
    ngx_credhub_setup_result(setup, test, NGX_CREDHUB_TEST_PASSED, message)

/* A text of thread or store as one of the whole. */
credhub_str_t ngx_credhub_setup_text(
    ngx_credhub_setup_t *setup, const char *text);

/* How the service begins TLS, and its port unless the config has one (0: it has
 * to). */
ngx_credhub_tls_e ngx_credhub_setup_service(
    const ngx_credhub_setup_t *setup, unsigned *port);

/* Approves as who tests; enters steps of a part. */
ngx_credhub_rc_e ngx_credhub_setup_approve(ngx_credhub_op_t *part,
    ngx_credhub_setup_t *setup, ngx_credhub_approve_t *approve);


#endif /* _NGX_CREDHUB_SETUP_PRIVATE_H_INCLUDED_ */
