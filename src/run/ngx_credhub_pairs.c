
/* A connection holds references of its own, so an entry may go at any time. */

#include "ngx_credhub_pairs.h"

#include <openssl/err.h>
#include <openssl/pem.h>


#define NGX_CREDHUB_PAIR_BYTES 8192 /* of a parsed pair beside its text */


typedef struct {
    ngx_str_node_t node; /* node.str: the folded name */
    ngx_queue_t    used;
    u_char         version[CREDHUB_UUID_LEN];
    size_t         bytes;
    X509          *certificate;
    EVP_PKEY      *key;
    STACK_OF(X509) * chain;
    u_char name[];
} ngx_credhub_parsed_t;


static ngx_credhub_parsed_t *ngx_credhub_pairs_find(credhub_str_t folded);
static ngx_int_t ngx_credhub_pairs_add(const ngx_credhub_pair_t *pair);
static ngx_int_t ngx_credhub_pairs_parse(
    ngx_credhub_parsed_t *parsed, const ngx_credhub_pair_t *pair);
static BIO      *ngx_credhub_pairs_bio(credhub_str_t text);
static ngx_int_t ngx_credhub_pairs_chain(
    STACK_OF(X509) * chain, credhub_str_t pem);
static void ngx_credhub_pairs_delete(ngx_credhub_parsed_t *parsed);
static void ngx_credhub_parsed_free(ngx_credhub_parsed_t *parsed);


static struct {
    ngx_rbtree_t      tree;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t       used;
    size_t            bytes;
} ngx_credhub_pairs;


void
ngx_credhub_pairs_init(void)
{
    ngx_rbtree_init(&ngx_credhub_pairs.tree, &ngx_credhub_pairs.sentinel,
        ngx_str_rbtree_insert_value);
    ngx_queue_init(&ngx_credhub_pairs.used);
}


void
ngx_credhub_pairs_free(void)
{
    while (!ngx_queue_empty(&ngx_credhub_pairs.used)) {
        ngx_credhub_pairs_delete(
            ngx_queue_data(ngx_queue_head(&ngx_credhub_pairs.used),
                ngx_credhub_parsed_t, used));
    }
}


ngx_uint_t
ngx_credhub_pairs_known(credhub_str_t folded, credhub_str_t version)
{
    ngx_credhub_parsed_t *parsed;

    parsed = ngx_credhub_pairs_find(folded);

    return parsed != NULL && version.len == sizeof(parsed->version)
           && ngx_memcmp(parsed->version, version.data, version.len) == 0;
}


static ngx_credhub_parsed_t *
ngx_credhub_pairs_find(credhub_str_t folded)
{
    ngx_str_t name;

    name.len = folded.len;
    name.data = folded.data;

    return (ngx_credhub_parsed_t *) ngx_str_rbtree_lookup(
        &ngx_credhub_pairs.tree, &name, ngx_crc32_short(name.data, name.len));
}


ngx_int_t
ngx_credhub_pairs_load(const ngx_credhub_pair_t *pair)
{
    ngx_credhub_parsed_t *parsed;

    if (ngx_credhub_pairs_known(pair->folded, pair->version)) {
        return NGX_OK;
    }

    parsed = ngx_credhub_pairs_find(pair->folded);

    if (parsed != NULL) {
        ngx_credhub_pairs_delete(parsed);
    }

    return ngx_credhub_pairs_add(pair);
}


void
ngx_credhub_pairs_use(SSL *ssl, const ngx_credhub_pair_t *pair)
{
    ngx_credhub_parsed_t *parsed;

    parsed = ngx_credhub_pairs_find(pair->folded);

    if (parsed == NULL) {
        return;
    }

    ngx_queue_remove(&parsed->used);
    ngx_queue_insert_head(&ngx_credhub_pairs.used, &parsed->used);

    if (SSL_use_cert_and_key(
            ssl, parsed->certificate, parsed->key, parsed->chain, 1)
        != 1)
    {
        ERR_clear_error();
    }
}


static ngx_int_t
ngx_credhub_pairs_add(const ngx_credhub_pair_t *pair)
{
    ngx_queue_t          *last;
    ngx_credhub_parsed_t *parsed;

    parsed = ngx_calloc(
        sizeof(ngx_credhub_parsed_t) + pair->folded.len, ngx_cycle->log);

    if (parsed == NULL) {
        return NGX_ERROR;
    }

    if (pair->version.len != sizeof(parsed->version)
        || ngx_credhub_pairs_parse(parsed, pair) != NGX_OK)
    {
        ngx_credhub_parsed_free(parsed);
        return NGX_ERROR;
    }

    ngx_memcpy(parsed->version, pair->version.data, pair->version.len);
    ngx_memcpy(parsed->name, pair->folded.data, pair->folded.len);

    parsed->node.str.len = pair->folded.len;
    parsed->node.str.data = parsed->name;
    parsed->node.node.key =
        ngx_crc32_short(pair->folded.data, pair->folded.len);
    parsed->bytes = NGX_CREDHUB_PAIR_BYTES + pair->folded.len
                    + pair->certificate.len + pair->ca.len
                    + pair->private_key.len;

    ngx_rbtree_insert(&ngx_credhub_pairs.tree, &parsed->node.node);
    ngx_queue_insert_head(&ngx_credhub_pairs.used, &parsed->used);
    ngx_credhub_pairs.bytes += parsed->bytes;

    while (ngx_credhub_pairs.bytes > NGX_CREDHUB_PAIRS_MAX) {
        last = ngx_queue_last(&ngx_credhub_pairs.used);

        if (last == &parsed->used) {
            break;
        }

        ngx_credhub_pairs_delete(
            ngx_queue_data(last, ngx_credhub_parsed_t, used));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_pairs_parse(
    ngx_credhub_parsed_t *parsed, const ngx_credhub_pair_t *pair)
{
    BIO *bio;

    bio = ngx_credhub_pairs_bio(pair->certificate);
    parsed->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);

    bio = ngx_credhub_pairs_bio(pair->private_key);
    parsed->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (char *) "");
    BIO_free(bio);

    parsed->chain = sk_X509_new_null();

    if (parsed->certificate == NULL || parsed->key == NULL
        || parsed->chain == NULL
        || X509_check_private_key(parsed->certificate, parsed->key) != 1)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return ngx_credhub_pairs_chain(parsed->chain, pair->ca);
}


static BIO *
ngx_credhub_pairs_bio(credhub_str_t text)
{
    return BIO_new_mem_buf(text.data, (int) text.len);
}


/* A root is the client's to have. */

static ngx_int_t
ngx_credhub_pairs_chain(STACK_OF(X509) * chain, credhub_str_t pem)
{
    BIO      *bio;
    X509     *x509;
    ngx_int_t rc;

    if (pem.len == 0) {
        return NGX_OK;
    }

    bio = ngx_credhub_pairs_bio(pem);
    if (bio == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    while (rc == NGX_OK
           && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
    {
        if (X509_self_signed(x509, 0) == 1) {
            X509_free(x509);

        } else if (sk_X509_push(chain, x509) == 0) {
            X509_free(x509);
            rc = NGX_ERROR;
        }
    }

    BIO_free(bio);
    ERR_clear_error();

    return rc;
}


static void
ngx_credhub_pairs_delete(ngx_credhub_parsed_t *parsed)
{
    ngx_rbtree_delete(&ngx_credhub_pairs.tree, &parsed->node.node);
    ngx_queue_remove(&parsed->used);
    ngx_credhub_pairs.bytes -= parsed->bytes;

    ngx_credhub_parsed_free(parsed);
}


static void
ngx_credhub_parsed_free(ngx_credhub_parsed_t *parsed)
{
    X509_free(parsed->certificate);
    EVP_PKEY_free(parsed->key);
    sk_X509_pop_free(parsed->chain, X509_free);
    ngx_free(parsed);
}
