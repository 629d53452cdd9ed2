
/*
 * OpenSSL as the judge of a path that was found already. It gets the path's
 * certificates and nothing else: no store, no defaults of the system, and no
 * guess of its own about who issued whom.
 */

#include "credhub_trust_path.h"


/* Why a path does not hold: because of its leaf, or of another certificate. */

typedef struct {
    int         error;
    const char *leaf;
    const char *other;
} credhub_trust_reason_t;


static int credhub_trust_judge(const credhub_trust_path_t *path,
    credhub_trust_e purpose, int64_t now, X509_STORE_CTX *ctx);
static int credhub_trust_next(X509_STORE_CTX *ctx, X509 *x509, X509 *issuer);
static const char *credhub_trust_why(int error, int depth);


static const credhub_trust_reason_t credhub_trust_reasons[] = {
    { X509_V_ERR_CERT_HAS_EXPIRED, "The certificate has expired",
        "A certificate of the path has expired" },
    { X509_V_ERR_CERT_NOT_YET_VALID, "The certificate is not yet valid",
        "A certificate of the path is not yet valid" },
    { X509_V_ERR_INVALID_PURPOSE, "The certificate is for another purpose",
        "A certificate of the path is for another purpose" },
    { X509_V_ERR_INVALID_CA, "The certificate is for another purpose",
        "A certificate of the path is not one of an authority" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, "The path is longer than it may be",
        "The path is longer than it may be" },
    { X509_V_ERR_PERMITTED_VIOLATION, "A name constraint forbids the path",
        "A name constraint forbids the path" },
    { X509_V_ERR_EXCLUDED_VIOLATION, "A name constraint forbids the path",
        "A name constraint forbids the path" },
    { X509_V_ERR_EE_KEY_TOO_SMALL, "The key of the certificate is too small",
        "A key of the path is too small" },
    { X509_V_ERR_CA_KEY_TOO_SMALL, "A key of the path is too small",
        "A key of the path is too small" },
    { X509_V_ERR_CA_MD_TOO_WEAK, "A signature of the path is too weak",
        "A signature of the path is too weak" },
    { 0, "The certificate is not valid",
        "A certificate of the path is not valid" },
};


int
credhub_trust_path(const credhub_trust_path_t *path, credhub_trust_e purpose,
    int64_t now, const char **reason)
{
    int             i, n, ready, holds;
    X509_STORE     *store;
    X509_STORE_CTX *ctx;
    STACK_OF(X509) * between, *anchor;

    *reason = NULL;

    store = X509_STORE_new();
    ctx = X509_STORE_CTX_new();
    between = sk_X509_new_null();
    anchor = sk_X509_new_null();

    n = (int) path->n;

    ready = store != NULL && ctx != NULL && between != NULL && anchor != NULL
            && sk_X509_push(anchor, path->x509[n - 1]) != 0;

    for (i = 1; ready && i < n - 1; i++) {
        ready = (sk_X509_push(between, path->x509[i]) != 0);
    }

    if (ready) {
        X509_STORE_set_check_issued(store, credhub_trust_next);

        ready = (X509_STORE_CTX_init(ctx, store, path->x509[0], between) == 1);
    }

    holds = 0;

    if (ready) {
        X509_STORE_CTX_set0_trusted_stack(ctx, anchor);

        holds = credhub_trust_judge(path, purpose, now, ctx);

        if (!holds) {
            *reason = credhub_trust_why(X509_STORE_CTX_get_error(ctx),
                X509_STORE_CTX_get_error_depth(ctx));
        }
    }

    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);

    sk_X509_free(between);
    sk_X509_free(anchor);

    return holds;
}


static int
credhub_trust_judge(const credhub_trust_path_t *path, credhub_trust_e purpose,
    int64_t now, X509_STORE_CTX *ctx)
{
    X509_VERIFY_PARAM *param;

    if (X509_STORE_CTX_set_app_data(ctx, (void *) path) != 1
        || X509_STORE_CTX_set_purpose(ctx, purpose == CREDHUB_TRUST_SERVER
                                               ? X509_PURPOSE_SSL_SERVER
                                               : X509_PURPOSE_SSL_CLIENT)
               != 1)
    {
        return 0;
    }

    param = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(param, (time_t) now);
    X509_VERIFY_PARAM_set_depth(param, (int) path->n);
    X509_VERIFY_PARAM_set_auth_level(param, path->level);

    return X509_verify_cert(ctx) == 1;
}


static int
credhub_trust_next(X509_STORE_CTX *ctx, X509 *x509, X509 *issuer)
{
    size_t                      i;
    const credhub_trust_path_t *path;

    path = X509_STORE_CTX_get_app_data(ctx);

    for (i = 0; i + 1 < path->n; i++) {
        if (path->x509[i] == x509) {
            return path->x509[i + 1] == issuer;
        }
    }

    return 0;
}


static const char *
credhub_trust_why(int error, int depth)
{
    const credhub_trust_reason_t *row;

    for (row = credhub_trust_reasons; row->error != 0; row++) {
        if (row->error == error) {
            break;
        }
    }

    return (depth == 0) ? row->leaf : row->other;
}
