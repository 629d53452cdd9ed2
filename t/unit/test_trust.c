
/* Which chains lead to an approved certificate. */

#include "unit_made.h"
#include "credhub_trust.h"

#include <stdio.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/sha.h>


#define NO_ANCHOR "No trust anchors for this connection"


/* Lists of certificates, as they are approved and sent. */

typedef struct {
    const made_t *list[CREDHUB_TRUST_SENT_MAX + 2];
} some_t;

#define some(...)                                                              \
    (some_t)                                                                   \
    {                                                                          \
        {                                                                      \
            __VA_ARGS__, NULL                                                  \
        }                                                                      \
    }
#define none                                                                   \
    (some_t)                                                                   \
    {                                                                          \
        {                                                                      \
            NULL                                                               \
        }                                                                      \
    }


static credhub_anchors_t *
approve(some_t approved)
{
    size_t             i;
    credhub_anchors_t *anchors;

    anchors = credhub_anchors_create();
    assert_non_null(anchors);

    for (i = 0; approved.list[i] != NULL; i++) {
        assert_int_equal(
            credhub_anchors_add(anchors, approved.list[i]->der), CREDHUB_OK);
    }

    return anchors;
}


/* The reason; NULL when it is trusted, by `hash`. */

static const char *
decide_for(some_t approved, some_t sent, credhub_trust_e purpose,
    u_char hash[SHA256_DIGEST_LENGTH])
{
    int                trusted;
    size_t             n;
    const char        *reason;
    credhub_str_t      ders[CREDHUB_TRUST_SENT_MAX + 2];
    credhub_anchors_t *anchors;

    for (n = 0; sent.list[n] != NULL; n++) {
        ders[n] = unit_exact(
            (const char *) sent.list[n]->der.data, sent.list[n]->der.len);
    }

    anchors = approve(approved);
    reason = NULL;

    trusted = credhub_trusted(anchors, ders, n, purpose, NOW, hash, &reason);

    credhub_anchors_destroy(anchors);

    while (n-- > 0) {
        free(ders[n].data);
    }

    assert_int_equal(trusted, reason == NULL);
    assert_int_equal(ERR_peek_error(), 0);

    return reason;
}


static void
assert_trusted_at(
    some_t approved, some_t sent, const made_t *by, const char *file, int line)
{
    u_char      hash[SHA256_DIGEST_LENGTH], want[SHA256_DIGEST_LENGTH];
    const char *reason;

    reason = decide_for(approved, sent, CREDHUB_TRUST_SERVER, hash);

    if (reason != NULL) {
        print_error("not trusted: %s\n", reason);
        _fail(file, line);
    }

    SHA256(by->der.data, by->der.len, want);

    if (memcmp(hash, want, sizeof(want)) != 0) {
        print_error("trusted by another certificate\n");
        _fail(file, line);
    }
}


static void
assert_refused_at(
    some_t approved, some_t sent, const char *want, const char *file, int line)
{
    u_char      hash[SHA256_DIGEST_LENGTH];
    const char *reason;

    reason = decide_for(approved, sent, CREDHUB_TRUST_SERVER, hash);

    if (reason == NULL || strcmp(reason, want) != 0) {
        print_error(
            "\"%s\", not \"%s\"\n", reason != NULL ? reason : "trusted", want);
        _fail(file, line);
    }
}


#define assert_trusted(approved, sent, by)                                     \
    assert_trusted_at(approved, sent, by, __FILE__, __LINE__)

#define assert_refused(approved, sent, why)                                    \
    assert_refused_at(approved, sent, why, __FILE__, __LINE__)


static made_t
root_named(const char *name)
{
    return make((made_ask_t){ .name = name, .extensions = { MADE_CA } });
}


static made_t
issued(const char *name, const made_t *issuer)
{
    return make((made_ask_t){ .name = name, .issuer = issuer });
}


static made_t
authority(const char *name, const made_t *issuer)
{
    return make((made_ask_t){
        .name = name, .issuer = issuer, .extensions = { MADE_CA } });
}


static void
test_leaf(void **state)
{
    made_t root, leaf, own, other;

    root = root_named("root");
    leaf = issued("leaf", &root);
    own = issued("own", NULL);
    other = issued("own", NULL);

    assert_trusted(some(&leaf), some(&leaf), &leaf);
    assert_trusted(some(&other, &leaf), some(&leaf), &leaf);
    assert_trusted(some(&own), some(&own), &own);
    assert_trusted(some(&leaf, &root), some(&leaf, &root), &leaf);

    /* what else was sent does not count then */

    assert_trusted(some(&leaf), some(&leaf, &other, &own), &leaf);

    assert_refused(none, some(&leaf), NO_ANCHOR);
    assert_refused(none, some(&own), NO_ANCHOR);
    assert_refused(some(&own), some(&leaf), NO_ANCHOR);

    /* the same name with another key */

    assert_refused(some(&own), some(&other), NO_ANCHOR);
    assert_refused(some(&own), some(&other, &own), NO_ANCHOR);
}


static void
test_leaf_dates(void **state)
{
    made_t past, future, today;

    past = make((made_ask_t){ .name = "past", .from = -9, .to = -1 });
    future = make((made_ask_t){ .name = "future", .from = 1, .to = 9 });
    today = make((made_ask_t){ .name = "today", .from = 0, .to = 9 });

    assert_refused(some(&past), some(&past), "The certificate has expired");
    assert_refused(
        some(&future), some(&future), "The certificate is not yet valid");
    assert_trusted(some(&today), some(&today), &today);
}


static void
test_leaf_purpose(void **state)
{
    u_char hash[SHA256_DIGEST_LENGTH];
    made_t server, client, plain, root;

    server = make((made_ask_t){
        .name = "server", .extensions = { "extendedKeyUsage:serverAuth" } });
    client = make((made_ask_t){
        .name = "client", .extensions = { "extendedKeyUsage:clientAuth" } });
    plain = make((made_ask_t){
        .name = "plain", .extensions = { "basicConstraints:CA:TRUE" } });
    root = root_named("root");

    assert_trusted(some(&server), some(&server), &server);
    assert_trusted(some(&plain), some(&plain), &plain);
    assert_refused(
        some(&root), some(&root), "The certificate is for another purpose");
    assert_refused(
        some(&client), some(&client), "The certificate is for another purpose");

    assert_null(
        decide_for(some(&client), some(&client), CREDHUB_TRUST_CLIENT, hash));
    assert_string_equal(
        decide_for(some(&server), some(&server), CREDHUB_TRUST_CLIENT, hash),
        "The certificate is for another purpose");
    assert_null(
        decide_for(some(&plain), some(&plain), CREDHUB_TRUST_CLIENT, hash));
}


static void
test_path(void **state)
{
    made_t root, upper, lower, leaf, stranger;

    root = root_named("root");
    upper = authority("upper", &root);
    lower = authority("lower", &upper);
    leaf = issued("leaf", &lower);
    stranger = root_named("stranger");

    assert_trusted(some(&lower), some(&leaf), &lower);
    assert_trusted(some(&upper), some(&leaf, &lower), &upper);
    assert_trusted(some(&root), some(&leaf, &lower, &upper), &root);
    assert_trusted(some(&root), some(&leaf, &lower, &upper, &root), &root);

    /* the nearest one decides, in any order, whatever else is there */

    assert_trusted(
        some(&root, &lower), some(&leaf, &lower, &upper, &root), &lower);
    assert_trusted(some(&root), some(&leaf, &upper, &lower), &root);
    assert_trusted(some(&stranger, &root),
        some(&leaf, &stranger, &root, &upper, &lower), &root);

    assert_refused(some(&root), some(&leaf), NO_ANCHOR);
    assert_refused(some(&root), some(&leaf, &upper), NO_ANCHOR);
    assert_refused(some(&root), some(&lower), NO_ANCHOR);
    assert_refused(
        some(&stranger), some(&leaf, &lower, &upper, &root), NO_ANCHOR);
    assert_refused(none, some(&leaf, &lower, &upper, &root), NO_ANCHOR);

    /* what was sent is no anchor, and the leaf comes first */

    assert_refused(some(&stranger), some(&leaf, &stranger), NO_ANCHOR);
    assert_refused(some(&leaf), some(&lower, &leaf), NO_ANCHOR);
}


static void
test_path_dates(void **state)
{
    made_t root, old, current, leaf, gone, late, soon;

    root = root_named("root");
    old = make((made_ask_t){ .name = "middle",
        .issuer = &root,
        .from = -9,
        .to = -1,
        .extensions = { MADE_CA } });
    current = make((made_ask_t){ .name = "middle",
        .key = old.key,
        .issuer = &root,
        .extensions = { MADE_CA } });
    leaf = issued("leaf", &old);

    assert_refused(some(&root), some(&leaf, &old),
        "A certificate of the path has expired");
    assert_refused(
        some(&old), some(&leaf), "A certificate of the path has expired");

    /* the same key has another certificate */

    assert_trusted(some(&root), some(&leaf, &old, &current), &root);
    assert_trusted(some(&root), some(&leaf, &current, &old), &root);
    assert_trusted(some(&old, &current), some(&leaf), &current);
    assert_trusted(some(&old, &root), some(&leaf, &current), &root);

    gone = make(
        (made_ask_t){ .name = "leaf", .issuer = &root, .from = -9, .to = -1 });
    late = make(
        (made_ask_t){ .name = "leaf", .issuer = &root, .from = 1, .to = 9 });
    soon = make((made_ask_t){
        .name = "soon", .from = 1, .to = 9, .extensions = { MADE_CA } });

    assert_refused(some(&root), some(&gone), "The certificate has expired");
    assert_refused(
        some(&root), some(&late), "The certificate is not yet valid");

    leaf = issued("leaf", &soon);

    assert_refused(
        some(&soon), some(&leaf), "A certificate of the path is not yet valid");
}


/* Several keys with one name: without identifiers, names tell nothing. */

static void
test_same_subject(void **state)
{
    made_t one, two, three, leaf;

    one = root_named("root");
    two = root_named("root");
    three = root_named("root");

    leaf = issued("leaf", &two);

    assert_trusted(some(&one, &two, &three), some(&leaf), &two);
    assert_trusted(some(&two, &one, &three), some(&leaf), &two);
    assert_trusted(some(&three, &one, &two), some(&leaf), &two);
    assert_refused(some(&one, &three), some(&leaf), NO_ANCHOR);
    assert_refused(some(&one, &three), some(&leaf, &two), NO_ANCHOR);
    assert_refused(some(&one), some(&leaf, &one), NO_ANCHOR);
}


/* One key whose certificates are signed by different authorities. */

static void
test_cross_signed(void **state)
{
    made_t left, right, one, two, leaf, bridge;

    left = root_named("left");
    right = root_named("right");

    one = authority("middle", &left);
    two = make((made_ask_t){ .name = "middle",
        .key = one.key,
        .issuer = &right,
        .extensions = { MADE_CA } });

    leaf = issued("leaf", &one);

    assert_trusted(some(&left), some(&leaf, &one, &two), &left);
    assert_trusted(some(&left), some(&leaf, &two, &one), &left);
    assert_trusted(some(&right), some(&leaf, &one, &two), &right);
    assert_trusted(some(&right), some(&leaf, &two, &one), &right);
    assert_refused(some(&right), some(&leaf, &one), NO_ANCHOR);

    /* a root that is signed by another one, beside itself */

    bridge = make((made_ask_t){ .name = "left",
        .key = left.key,
        .issuer = &right,
        .extensions = { MADE_CA } });

    assert_trusted(some(&right), some(&leaf, &one, &left, &bridge), &right);
    assert_trusted(some(&right), some(&leaf, &one, &bridge, &left), &right);
    assert_trusted(some(&left), some(&leaf, &one, &bridge), &left);
    assert_trusted(some(&bridge), some(&leaf, &one, &left), &bridge);
}


/* A root's new key is signed with its old one, and the name stays: only the
 * identifiers tell that this is not self-signed. */

static void
test_new_key(void **state)
{
    made_t old, between, leaf;

    old = make((made_ask_t){ .name = "root",
        .extensions = { MADE_CA, "subjectKeyIdentifier:hash" } });
    between = make((made_ask_t){ .name = "root",
        .issuer = &old,
        .extensions = { MADE_CA, "subjectKeyIdentifier:hash",
            "authorityKeyIdentifier:keyid" } });
    leaf = issued("leaf", &between);

    assert_trusted(some(&old), some(&leaf, &between), &old);
    assert_trusted(some(&old), some(&leaf, &old, &between), &old);
    assert_trusted(some(&between), some(&leaf), &between);
    assert_trusted(some(&between, &old), some(&leaf, &between), &between);
    assert_refused(some(&old), some(&leaf), NO_ANCHOR);
}


static void
test_identifiers(void **state)
{
    made_t one, two, leaf;

    one = make((made_ask_t){ .name = "root",
        .extensions = { MADE_CA, "subjectKeyIdentifier:hash" } });
    two = make((made_ask_t){ .name = "root",
        .extensions = { MADE_CA, "subjectKeyIdentifier:hash" } });
    leaf = make((made_ask_t){ .name = "leaf",
        .issuer = &two,
        .extensions = { "authorityKeyIdentifier:keyid" } });

    assert_trusted(some(&one, &two), some(&leaf), &two);
    assert_refused(some(&one), some(&leaf), NO_ANCHOR);
}


static void
test_constraints(void **state)
{
    made_t root, middle, good, bad, plain, deep, short_root;

    root = make((made_ask_t){ .name = "root",
        .extensions = {
            MADE_CA, "nameConstraints:critical,permitted;DNS:example.com" } });
    middle = make((made_ask_t){ .name = "middle",
        .issuer = &root,
        .extensions = { MADE_CA,
            "nameConstraints:critical,excluded;DNS:no.example.com" } });

    good = make((made_ask_t){ .name = "leaf",
        .issuer = &middle,
        .extensions = { "subjectAltName:DNS:db.example.com" } });
    bad = make((made_ask_t){ .name = "leaf",
        .issuer = &middle,
        .extensions = { "subjectAltName:DNS:db.example.org" } });

    assert_trusted(some(&root), some(&good, &middle), &root);
    assert_refused(
        some(&root), some(&bad, &middle), "A name constraint forbids the path");

    bad = make((made_ask_t){ .name = "leaf",
        .issuer = &middle,
        .extensions = { "subjectAltName:DNS:db.no.example.com" } });

    assert_refused(
        some(&root), some(&bad, &middle), "A name constraint forbids the path");
    assert_refused(
        some(&middle), some(&bad), "A name constraint forbids the path");
    assert_trusted(some(&bad), some(&bad, &middle), &bad);

    /* how many authorities there may be below one */

    short_root = make((made_ask_t){ .name = "short",
        .extensions = { "basicConstraints:critical,CA:TRUE,pathlen:0",
            "keyUsage:critical,keyCertSign" } });
    plain = issued("leaf", &short_root);
    middle = authority("middle", &short_root);
    deep = issued("leaf", &middle);

    assert_trusted(some(&short_root), some(&plain), &short_root);
    assert_refused(some(&short_root), some(&deep, &middle),
        "The path is longer than it may be");
    assert_trusted(some(&middle), some(&deep), &middle);
}


static void
test_authorities(void **state)
{
    made_t nobody, user, signer, client, leaf;

    static const char other[] =
        "A certificate of the path is not one of an authority";

    nobody = make((made_ask_t){
        .name = "nobody", .extensions = { "basicConstraints:CA:FALSE" } });
    leaf = issued("leaf", &nobody);

    assert_refused(some(&nobody), some(&leaf), other);

    user = make((made_ask_t){ .name = "user",
        .extensions = {
            "basicConstraints:CA:TRUE", "keyUsage:digitalSignature" } });
    leaf = issued("leaf", &user);

    assert_refused(some(&user), some(&leaf), NO_ANCHOR);

    client = make((made_ask_t){ .name = "client",
        .extensions = { MADE_CA, "extendedKeyUsage:clientAuth" } });
    leaf = issued("leaf", &client);

    assert_refused(some(&client), some(&leaf),
        "A certificate of the path is for another purpose");

    signer = root_named("signer");
    leaf = make((made_ask_t){ .name = "leaf",
        .issuer = &signer,
        .extensions = { "1.3.6.1.4.1.99999.1:critical,ASN1:NULL" } });

    assert_refused(some(&signer), some(&leaf), "The certificate is not valid");
}


/* Old databases have weak certificates: whoever approves one gets it, but none
 * vouches for another with SHA-1. */

static void
test_weak(void **state)
{
    made_t root, leaf, small, tiny;

    root = make((made_ask_t){ .name = "root",
        .key = made_rsa(1024),
        .md = EVP_sha1(),
        .extensions = { MADE_CA } });
    leaf = issued("leaf", &root);

    assert_trusted(some(&root), some(&leaf), &root);
    assert_trusted(some(&root), some(&leaf, &root), &root);

    leaf =
        make((made_ask_t){ .name = "leaf", .issuer = &root, .md = EVP_sha1() });

    assert_refused(
        some(&root), some(&leaf, &root), "A signature of the path is too weak");
    assert_trusted(some(&root, &leaf), some(&leaf, &root), &leaf);

    tiny = make((made_ask_t){ .name = "tiny",
        .key = made_rsa(512),
        .md = EVP_sha1(),
        .extensions = { "basicConstraints:CA:TRUE" } });
    leaf = issued("leaf", &tiny);

    assert_refused(some(&tiny), some(&leaf), "A key of the path is too small");
    assert_trusted(some(&tiny), some(&tiny), &tiny);

    small =
        make((made_ask_t){ .name = "small", .key = tiny.key, .issuer = &root });

    assert_refused(
        some(&root), some(&small), "The key of the certificate is too small");
}


static void
test_absurd_keys(void **state)
{
    size_t    i;
    made_t    root, leaf, absurd;
    EVP_PKEY *keys[4];

    root = root_named("root");
    leaf = issued("leaf", &root);

    keys[0] = made_public_rsa(16384, 17);
    keys[1] = made_public_rsa(2048, 2000);
    keys[2] = made_public_rsa(500000, 17);
    keys[3] = made_public_dsa(10000);

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        absurd = make(
            (made_ask_t){ .name = "absurd", .key = keys[i], .issuer = &root });

        assert_refused(some(&root), some(&leaf, &absurd),
            "A key of the peer's certificates is too large");
        assert_refused(some(&root), some(&absurd),
            "A key of the peer's certificates is too large");
        assert_trusted(some(&absurd), some(&absurd), &absurd);
        assert_trusted(some(&absurd, &root), some(&leaf), &root);
    }
}


static void
test_spelled_curve(void **state)
{
    made_t             root, leaf, spelled;
    EVP_PKEY          *key;
    credhub_anchors_t *anchors;

    key = made_ec();
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);

    root = root_named("root");
    leaf = issued("leaf", &root);
    spelled =
        make((made_ask_t){ .name = "spelled", .key = key, .issuer = &root });

    assert_refused(some(&root), some(&spelled),
        "A certificate of the peer cannot be read");
    assert_refused(some(&root), some(&leaf, &spelled),
        "A certificate of the peer cannot be read");

    anchors = credhub_anchors_create();
    assert_int_equal(credhub_anchors_add(anchors, spelled.der),
        CREDHUB_E_APPROVAL_CERTIFICATE);
    credhub_anchors_destroy(anchors);
}


static void
test_limits(void **state)
{
    size_t             i;
    made_t             root, leaf, more, garbage, large;
    some_t             sent;
    credhub_anchors_t *anchors;

    root = root_named("root");
    leaf = issued("leaf", &root);

    sent = none;
    sent.list[0] = &leaf;

    for (i = 1; i < CREDHUB_TRUST_SENT_MAX; i++) {
        sent.list[i] = &root;
    }

    assert_trusted(some(&root), sent, &root);

    sent.list[i++] = &root;
    sent.list[i] = NULL;

    assert_refused(some(&root), sent, "The peer sent too many certificates");
    assert_refused(some(&leaf), sent, "The peer sent too many certificates");
    assert_refused(some(&root), none, "The peer sent no certificate");

    /* bytes that are no certificate, or more than one */

    garbage.der = unit_str("garbage");
    assert_refused(some(&root), some(&garbage),
        "A certificate of the peer cannot be read");

    garbage.der = unit_str("");
    assert_refused(some(&root), some(&leaf, &garbage),
        "A certificate of the peer cannot be read");

    more.der.len = leaf.der.len + 1;
    more.der.data = credhub_arena_alloc(unit_arena, more.der.len);
    memcpy(more.der.data, leaf.der.data, leaf.der.len);

    assert_refused(
        some(&root), some(&more), "A certificate of the peer cannot be read");

    large.der.len = 65537;
    large.der.data = credhub_arena_alloc(unit_arena, large.der.len);
    memcpy(large.der.data, leaf.der.data, leaf.der.len);

    anchors = credhub_anchors_create();
    assert_int_equal(credhub_anchors_add(anchors, garbage.der),
        CREDHUB_E_APPROVAL_CERTIFICATE);
    assert_int_equal(
        credhub_anchors_add(anchors, more.der), CREDHUB_E_APPROVAL_CERTIFICATE);
    assert_int_equal(credhub_anchors_add(anchors, large.der),
        CREDHUB_E_APPROVAL_CERTIFICATE);
    credhub_anchors_destroy(anchors);

    credhub_anchors_destroy(NULL);
}


/* Ten authorities that all could have issued each other: 9! ways through them,
 * of which few are walked. */

static void
test_maze(void **state)
{
    size_t    i;
    made_t    list[CREDHUB_TRUST_SENT_MAX], root, leaf;
    some_t    sent;
    EVP_PKEY *key;

    key = made_ec();
    sent = none;

    for (i = 1; i < CREDHUB_TRUST_SENT_MAX; i++) {
        list[i] = make((made_ask_t){
            .name = "maze", .key = key, .extensions = { MADE_CA } });
        sent.list[i] = &list[i];
    }

    leaf = issued("leaf", &list[1]);
    sent.list[0] = &leaf;

    root = root_named("root");

    assert_refused(some(&root), sent, NO_ANCHOR);
    assert_trusted(some(&list[9]), sent, &list[9]);
}


/* The longest path there can be. */

static void
test_long_path(void **state)
{
    size_t i;
    made_t list[CREDHUB_TRUST_SENT_MAX + 1];
    some_t sent;

    static const char *names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8",
        "9" };

    list[10] = root_named("root");

    for (i = 10; i-- > 1; /* void */) {
        list[i] = authority(names[i], &list[i + 1]);
    }

    list[0] = issued("0", &list[1]);

    sent = none;

    for (i = 0; i < CREDHUB_TRUST_SENT_MAX; i++) {
        sent.list[i] = &list[i];
    }

    assert_trusted(some(&list[10]), sent, &list[10]);

    /* from the other end */

    for (i = 1; i < CREDHUB_TRUST_SENT_MAX; i++) {
        sent.list[i] = &list[CREDHUB_TRUST_SENT_MAX - i];
    }

    assert_trusted(some(&list[10]), sent, &list[10]);
}


/* What the system trusts does not count. */

static void
test_no_defaults(void **state)
{
    int    fd;
    BIO   *bio;
    char   file[] = "/tmp/credhub_unit_XXXXXX";
    made_t root, leaf;

    root = root_named("root");
    leaf = issued("leaf", &root);

    fd = mkstemp(file);
    assert_int_not_equal(fd, -1);

    bio = BIO_new_fd(fd, BIO_CLOSE);
    assert_int_equal(PEM_write_bio_X509(bio, root.x509), 1);
    BIO_free(bio);

    assert_int_equal(setenv(X509_get_default_cert_file_env(), file, 1), 0);

    assert_refused(none, some(&leaf, &root), NO_ANCHOR);

    assert_int_equal(unsetenv(X509_get_default_cert_file_env()), 0);
    assert_int_equal(unlink(file), 0);
}


static void
test_memory_runs_out(void **state)
{
    int                trusted;
    long               i;
    u_char             hash[SHA256_DIGEST_LENGTH];
    made_t             root, middle, leaf, other;
    const char        *reason;
    credhub_str_t      sent[2];
    credhub_anchors_t *anchors, *wrong;

    unit_need_memory_hooks();

    root = root_named("root");
    middle = authority("middle", &root);
    leaf = issued("leaf", &middle);
    other = root_named("root");

    sent[0] = leaf.der;
    sent[1] = middle.der;

    trusted = 0;

    for (i = 0; !trusted && i < 100000; i += 7) {
        anchors = approve(some(&root));
        wrong = approve(some(&other));

        unit_malloc_left = i;

        trusted = credhub_trusted(
            anchors, sent, 2, CREDHUB_TRUST_SERVER, NOW, hash, &reason);

        unit_malloc_left = i;

        assert_int_equal(credhub_trusted(wrong, sent, 2, CREDHUB_TRUST_SERVER,
                             NOW, hash, &reason),
            0);

        unit_malloc_left = -1;

        credhub_anchors_destroy(anchors);
        credhub_anchors_destroy(wrong);
    }

    assert_int_equal(trusted, 1);
    assert_true(i > 100);
    assert_int_equal(ERR_peek_error(), 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf),
        cmocka_unit_test(test_leaf_dates),
        cmocka_unit_test(test_leaf_purpose),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_path_dates),
        cmocka_unit_test(test_same_subject),
        cmocka_unit_test(test_cross_signed),
        cmocka_unit_test(test_new_key),
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_absurd_keys),
        cmocka_unit_test(test_spelled_curve),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_maze),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_no_defaults),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, made_teardown);
}
