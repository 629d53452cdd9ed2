
/*
 * Setup tests of a connection or a destination: does the network way exist, is
 * what stands at its end approved, can its secrets be read? They never fail the
 * operation: each has a result of its own.
 */

#ifndef _NGX_CREDHUB_SETUP_H_INCLUDED_
#define _NGX_CREDHUB_SETUP_H_INCLUDED_


#include "ngx_credhub_approval.h"


typedef enum {
    NGX_CREDHUB_TEST_HOST = 0,    /* "Host Connection" */
    NGX_CREDHUB_TEST_TUNNEL,      /* "SSH Tunnel Connection" */
    NGX_CREDHUB_TEST_CERTIFICATE, /* "Validate Certificate" */
    NGX_CREDHUB_TEST_LINK,        /* "Private Link" */
    NGX_CREDHUB_TEST_SECRETS,     /* "External Secrets" */
    NGX_CREDHUB_TESTS
} ngx_credhub_test_e;

typedef enum {
    NGX_CREDHUB_TEST_SKIPPED = 0,
    NGX_CREDHUB_TEST_PASSED,
    NGX_CREDHUB_TEST_FAILED
} ngx_credhub_test_status_e;

typedef struct {
    ngx_credhub_test_status_e status;
    credhub_str_t             message;
    credhub_str_t             details; /* JSON; empty: none */
} ngx_credhub_test_t;


typedef struct {
    /* what is tested */
    ngx_credhub_object_kind_e   kind; /* CONNECTIONS or DESTINATIONS */
    const ngx_credhub_object_t *object;
    credhub_str_t               path;
    credhub_str_t               config;  /* in clear */
    ngx_credhub_guard_t         guard;   /* of write on it, without values */
    const ngx_credhub_object_t *link;    /* NULL: none */
    const ngx_credhub_object_t *manager; /* NULL: none */
    unsigned                    trust_certificates:1;
    unsigned                    trust_fingerprints:1;

    /* the results; strings live in op's arena */
    ngx_credhub_test_t tests[NGX_CREDHUB_TESTS];

    /* private */
    ngx_credhub_op_t *op; /* the whole: probes are parts of it */
    credhub_str_t     service;
    credhub_str_t     method; /* of networking */
} ngx_credhub_setup_t;


/* Enters steps: JUMP or FAIL. `setup` lives in op's arena and is zeroed but for
 * what is asked. */
ngx_credhub_rc_e ngx_credhub_setup_enter(
    ngx_credhub_op_t *op, ngx_credhub_setup_t *setup);

/* None failed, and at least one passed? */
ngx_uint_t ngx_credhub_setup_passed(const ngx_credhub_setup_t *setup);

/* Appends the array "setup_tests". */
void ngx_credhub_setup_show(
    credhub_buf_t *buf, const ngx_credhub_setup_t *setup);


#endif /* _NGX_CREDHUB_SETUP_H_INCLUDED_ */
