
/*
 * Who asks: the identity of a request, by a client certificate, a bearer token,
 * a token of ours or an API key, or a certificate and one of these. May have to
 * wait for token keys, or for the store.
 */

#ifndef _NGX_HTTP_CREDHUB_AUTH_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_AUTH_H_INCLUDED_


#include "ngx_http_credhub_look.h"


typedef struct {
    ngx_http_request_t *request;
    credhub_arena_t    *arena;
    unsigned            open:1; /* tokens of ours are not looked at */

    /* the result */
    credhub_str_t          actor;
    credhub_str_t          user;   /* the principal, for audit */
    credhub_str_t          method; /* "mtls", "jwt", "token", "basic", "none" */
    credhub_str_t          display; /* a name for people, or empty */
    credhub_error_e        error;
    credhub_str_t          detail;
    const credhub_token_t *token; /* of ours, or NULL */

    /* private */
    int64_t                 expires; /* of a bearer token; 0: none */
    credhub_str_t           key;     /* Basic credentials; empty: none */
    ngx_http_credhub_look_t look;
    ngx_event_t             wait;
    ngx_msec_t              since;
    unsigned                fetched:1;   /* keys were waited for already */
    unsigned                certified:1; /* a certificate counted */
} ngx_http_credhub_auth_t;


/*
 * NGX_OK; NGX_DECLINED: no identity was offered, auth->error is
 * CREDHUB_E_UNAUTHENTICATED; NGX_ERROR with auth->error; NGX_AGAIN: r->write_event_handler is called
 * when it should be asked again, perhaps more than once. `scope` is what a
 * token of UAA must have (CREDHUB_SCOPE_*; 0: nothing).
 */
ngx_int_t ngx_http_credhub_auth(ngx_http_credhub_auth_t *auth, unsigned scope);

/*
 * Does an identity that was found still count? CREDHUB_OK, or why not: the
 * certificate or the token has expired. An API key has to be looked up: `op`,
 * whose context is an ngx_credhub_user_t, is asked for it; its user stays empty
 * for anything else.
 */
credhub_error_e ngx_http_credhub_auth_again(const ngx_http_credhub_auth_t *auth,
    ngx_credhub_op_t *op, credhub_str_t *detail);

/* The request ends while it may be waiting. */
void ngx_http_credhub_auth_stop(ngx_http_credhub_auth_t *auth);

/* Keeps tokens out of the log. At configuration. */
ngx_int_t ngx_http_credhub_auth_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CREDHUB_AUTH_H_INCLUDED_ */
