
/*
 * The most that OpenSSL's library does: threads that each make a key and a
 * certificate signed by a CA, in PEM, again and again, and keep nothing. The
 * CA has a key of the same kind.
 */

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define ISSUE_THREADS_MAX 64
#define ISSUE_SERIAL      20 /* bytes */
#define ISSUE_DAYS        365


static struct {
    int       rsa;
    double    seconds;
    EVP_PKEY *key; /* of the CA */
    X509     *ca;
} issue;


static void
issue_check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "issue: %s\n", what);
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}


static double
issue_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static EVP_PKEY *
issue_key(void)
{
    EVP_PKEY *key;

    key = issue.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    issue_check(key != NULL, "key");

    return key;
}


static void
issue_extension(X509 *x509, X509 *ca, int nid, const char *value)
{
    X509V3_CTX      ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, ca, x509, NULL, NULL, 0);

    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    issue_check(
        extension != NULL && X509_add_ext(x509, extension, -1) == 1, value);

    X509_EXTENSION_free(extension);
}


static void
issue_serial(X509 *x509)
{
    BIGNUM       *serial;
    unsigned char bytes[ISSUE_SERIAL];

    issue_check(RAND_bytes(bytes, ISSUE_SERIAL) == 1, "serial number");
    bytes[0] &= 0x7f;

    serial = BN_bin2bn(bytes, ISSUE_SERIAL, NULL);
    issue_check(serial != NULL
                    && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)),
        "serial number");

    BN_free(serial);
}


/* A certificate of the CA; without one it signs itself and is the CA. */

static X509 *
issue_certificate(EVP_PKEY *key)
{
    X509      *x509, *ca;
    X509_NAME *name;

    x509 = X509_new();
    issue_check(x509 != NULL, "certificate");

    ca = issue.ca != NULL ? issue.ca : x509;
    name = X509_get_subject_name(x509);
    issue_serial(x509);

    issue_check(
        X509_set_version(x509, X509_VERSION_3) == 1
            && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                   (const unsigned char *) "bench", -1, -1, 0)
                   == 1
            && X509_set_issuer_name(x509, X509_get_subject_name(ca)) == 1
            && X509_gmtime_adj(X509_getm_notBefore(x509), 0) != NULL
            && X509_gmtime_adj(X509_getm_notAfter(x509), ISSUE_DAYS * 86400L)
                   != NULL
            && X509_set_pubkey(x509, key) == 1,
        "certificate");

    issue_extension(x509, ca, NID_subject_key_identifier, "hash");
    issue_extension(x509, ca, NID_authority_key_identifier, "keyid");
    issue_extension(x509, ca, NID_basic_constraints,
        ca == x509 ? "critical,CA:TRUE" : "critical,CA:FALSE");

    issue_check(X509_sign(x509, issue.key, EVP_sha256()) != 0, "signature");

    return x509;
}


/* What a client of the hub gets. */

static void
issue_pem(EVP_PKEY *key, X509 *x509)
{
    BIO *bio;

    bio = BIO_new(BIO_s_mem());

    issue_check(bio != NULL && PEM_write_bio_X509(bio, x509) == 1
                    && PEM_write_bio_PrivateKey_traditional(
                           bio, key, NULL, NULL, 0, NULL, NULL)
                           == 1,
        "PEM");

    BIO_free(bio);
}


static void *
issue_run(void *data)
{
    long     *count = data;
    X509     *x509;
    double    end;
    EVP_PKEY *key;

    for (end = issue_now() + issue.seconds; issue_now() < end; (*count)++) {
        key = issue_key();
        x509 = issue_certificate(key);

        issue_pem(key, x509);

        X509_free(x509);
        EVP_PKEY_free(key);
    }

    return NULL;
}


int
main(int argc, char **argv)
{
    int       i, n;
    long      sum, counts[ISSUE_THREADS_MAX];
    double    begin;
    pthread_t threads[ISSUE_THREADS_MAX];

    n = argc == 4 ? atoi(argv[2]) : 0;

    if (n < 1 || n > ISSUE_THREADS_MAX) {
        fprintf(stderr, "usage: issue ec|rsa THREADS SECONDS\n"
                        "prints: certificates/s\n");
        return 2;
    }

    issue.rsa = strcmp(argv[1], "rsa") == 0;
    issue.seconds = atof(argv[3]);
    issue.key = issue_key();
    issue.ca = issue_certificate(issue.key);

    begin = issue_now();

    for (i = 0; i < n; i++) {
        counts[i] = 0;
        issue_check(
            pthread_create(&threads[i], NULL, issue_run, &counts[i]) == 0,
            "thread");
    }

    for (sum = 0, i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }

    printf("%.2f\n", (double) sum / (issue_now() - begin));

    return 0;
}
