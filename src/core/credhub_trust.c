
/*
 * Paths to approved certificates. Candidates for an issuer are tried one after
 * the other, each only when it has really signed, since names and key
 * identifiers prove nothing and several keys may bear one name; OpenSSL then
 * judges the path that was found. What a peer sends is bounded: the number of
 * certificates, the keys that verify, and how many signatures are verified in
 * all.
 */

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_approval.h"
#include "credhub_trust.h"
#include "credhub_trust_path.h"


#define CREDHUB_TRUST_SIGNATURES_MAX 100 /* verified for one decision */
#define CREDHUB_TRUST_PATH_MAX       (CREDHUB_TRUST_SENT_MAX + 1)
#define CREDHUB_TRUST_ANCHORS_MIN    16

/* Of OpenSSL's security levels: whoever approves a certificate has looked at
 * it, but what vouches for others has keys of at least 1024 bits (RSA), and
 * does not sign with SHA-1. */
#define CREDHUB_TRUST_LEVEL_LEAF 0
#define CREDHUB_TRUST_LEVEL_PATH 1


typedef struct {
    X509  *x509;
    u_char hash[SHA256_DIGEST_LENGTH];
} credhub_anchor_t;


struct credhub_anchors_s {
    credhub_anchor_t *list;
    size_t            n;
    size_t            size;
};


typedef struct {
    const credhub_anchors_t *anchors;
    X509                    *sent[CREDHUB_TRUST_SENT_MAX];
    size_t                   nsent;
    credhub_trust_e          purpose;
    int64_t                  now;

    /* the path so far, leaf first */
    X509  *path[CREDHUB_TRUST_PATH_MAX];
    size_t length;

    size_t                  signatures; /* that may still be verified */
    const credhub_anchor_t *anchor;     /* where a path ends that holds */
    const char             *reason;     /* of the first path that does not */
} credhub_trust_search_t;


static int credhub_trust_decide(
    credhub_trust_search_t *search, const credhub_str_t *sent, size_t n);
static const credhub_anchor_t *credhub_trust_approved(
    const credhub_anchors_t *anchors, credhub_str_t der);
static int credhub_trust_load(
    credhub_trust_search_t *search, const credhub_str_t *sent, size_t n);
static int credhub_trust_walk(credhub_trust_search_t *search);
static int credhub_trust_on_path(
    const credhub_trust_search_t *search, const X509 *x509);
static int credhub_trust_signed(
    credhub_trust_search_t *search, X509 *x509, X509 *issuer);
static int credhub_trust_ends(
    credhub_trust_search_t *search, const credhub_anchor_t *anchor, int level);


credhub_anchors_t *
credhub_anchors_create(void)
{
    return calloc(1, sizeof(credhub_anchors_t));
}


credhub_error_e
credhub_anchors_add(credhub_anchors_t *anchors, credhub_str_t der)
{
    int               ok;
    size_t            size;
    credhub_anchor_t *list, *anchor;

    if (der.len == 0 || der.len > CREDHUB_APPROVAL_DER_MAX) {
        return CREDHUB_E_APPROVAL_CERTIFICATE;
    }

    if (anchors->n == anchors->size) {
        size = (anchors->size == 0) ? CREDHUB_TRUST_ANCHORS_MIN
                                    : 2 * anchors->size;

        list = realloc(anchors->list, size * sizeof(credhub_anchor_t));
        if (list == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        anchors->list = list;
        anchors->size = size;
    }

    anchor = &anchors->list[anchors->n];

    ERR_set_mark();

    anchor->x509 = credhub_x509_load_der(der);
    ok = SHA256(der.data, der.len, anchor->hash) != NULL;

    ERR_pop_to_mark();

    if (anchor->x509 == NULL) {
        return CREDHUB_E_APPROVAL_CERTIFICATE;
    }

    if (!ok) {
        X509_free(anchor->x509);
        return CREDHUB_E_INTERNAL;
    }

    anchors->n++;

    return CREDHUB_OK;
}


void
credhub_anchors_destroy(credhub_anchors_t *anchors)
{
    size_t i;

    if (anchors == NULL) {
        return;
    }

    for (i = 0; i < anchors->n; i++) {
        X509_free(anchors->list[i].x509);
    }

    free(anchors->list);
    free(anchors);
}


int
credhub_trusted(const credhub_anchors_t *anchors, const credhub_str_t *sent,
    size_t n, credhub_trust_e purpose, int64_t now, u_char hash[32],
    const char **reason)
{
    int                    trusted;
    size_t                 i;
    credhub_trust_search_t search;

    memset(&search, 0, sizeof(search));

    search.anchors = anchors;
    search.purpose = purpose;
    search.now = now;
    search.signatures = CREDHUB_TRUST_SIGNATURES_MAX;

    ERR_set_mark();

    trusted = credhub_trust_decide(&search, sent, n);

    for (i = 0; i < search.nsent; i++) {
        X509_free(search.sent[i]);
    }

    ERR_pop_to_mark();

    if (trusted) {
        memcpy(hash, search.anchor->hash, SHA256_DIGEST_LENGTH);
        return 1;
    }

    *reason = (search.reason != NULL) ? search.reason
                                      : "No trust anchors for this connection";

    return 0;
}


static int
credhub_trust_decide(
    credhub_trust_search_t *search, const credhub_str_t *sent, size_t n)
{
    const credhub_anchor_t *anchor;

    if (n == 0) {
        search->reason = "The peer sent no certificate";
        return 0;
    }

    if (n > CREDHUB_TRUST_SENT_MAX) {
        search->reason = "The peer sent too many certificates";
        return 0;
    }

    anchor = credhub_trust_approved(search->anchors, sent[0]);

    if (anchor != NULL) {
        return credhub_trust_ends(search, anchor, CREDHUB_TRUST_LEVEL_LEAF);
    }

    if (!credhub_trust_load(search, sent, n)) {
        return 0;
    }

    search->path[search->length++] = search->sent[0];

    return credhub_trust_walk(search);
}


static const credhub_anchor_t *
credhub_trust_approved(const credhub_anchors_t *anchors, credhub_str_t der)
{
    size_t i;
    u_char hash[SHA256_DIGEST_LENGTH];

    if (SHA256(der.data, der.len, hash) == NULL) {
        return NULL;
    }

    for (i = 0; i < anchors->n; i++) {
        if (memcmp(anchors->list[i].hash, hash, sizeof(hash)) == 0) {
            return &anchors->list[i];
        }
    }

    return NULL;
}


static int
credhub_trust_load(
    credhub_trust_search_t *search, const credhub_str_t *sent, size_t n)
{
    X509     *x509;
    size_t    i;
    EVP_PKEY *key;

    for (i = 0; i < n; i++) {
        x509 = NULL;

        if (sent[i].len != 0 && sent[i].len <= CREDHUB_APPROVAL_DER_MAX) {
            x509 = credhub_x509_load_der(sent[i]);
        }

        key = (x509 != NULL) ? X509_get0_pubkey(x509) : NULL;

        if (key == NULL) {
            X509_free(x509);
            search->reason = "A certificate of the peer cannot be read";
            return 0;
        }

        search->sent[search->nsent++] = x509;

        if (!credhub_x509_verifies(key)) {
            search->reason = "A key of the peer's certificates is too large";
            return 0;
        }
    }

    return 1;
}


/* From the end of the path to an anchor, or through what was sent. */

static int
credhub_trust_walk(credhub_trust_search_t *search)
{
    X509  *last;
    size_t i;

    last = search->path[search->length - 1];

    for (i = 0; i < search->anchors->n; i++) {
        if (credhub_trust_signed(search, last, search->anchors->list[i].x509)
            && credhub_trust_ends(
                search, &search->anchors->list[i], CREDHUB_TRUST_LEVEL_PATH))
        {
            return 1;
        }
    }

    for (i = 1; i < search->nsent; i++) {
        if (credhub_trust_on_path(search, search->sent[i])
            || !credhub_trust_signed(search, last, search->sent[i]))
        {
            continue;
        }

        search->path[search->length++] = search->sent[i];

        if (credhub_trust_walk(search)) {
            return 1;
        }

        search->length--;
    }

    return 0;
}


static int
credhub_trust_on_path(const credhub_trust_search_t *search, const X509 *x509)
{
    size_t i;

    for (i = 0; i < search->length; i++) {
        if (search->path[i] == x509) {
            return 1;
        }
    }

    return 0;
}


static int
credhub_trust_signed(credhub_trust_search_t *search, X509 *x509, X509 *issuer)
{
    EVP_PKEY *key;

    if (search->signatures == 0
        || X509_NAME_cmp(
               X509_get_issuer_name(x509), X509_get_subject_name(issuer))
               != 0
        || X509_check_issued(issuer, x509) != X509_V_OK)
    {
        return 0;
    }

    key = X509_get0_pubkey(issuer);

    if (key == NULL || !credhub_x509_verifies(key)) {
        return 0;
    }

    search->signatures--;

    return X509_verify(x509, key) == 1;
}


/* Does the path hold with this anchor behind it? */

static int
credhub_trust_ends(
    credhub_trust_search_t *search, const credhub_anchor_t *anchor, int level)
{
    int                  holds;
    const char          *reason;
    credhub_trust_path_t path;

    /* the signatures of a path are verified once more */

    if (search->signatures <= search->length) {
        search->signatures = 0;
        return 0;
    }

    search->signatures -= search->length;

    search->path[search->length] = anchor->x509;

    path.x509 = search->path;
    path.n = search->length + 1;
    path.level = level;

    holds = credhub_trust_path(&path, search->purpose, search->now, &reason);

    if (holds) {
        search->anchor = anchor;

    } else if (search->reason == NULL) {
        search->reason = reason;
    }

    return holds;
}
