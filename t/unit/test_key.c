
/* Keys as PEM and for ssh, against OpenSSL and ssh-keygen. */

#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "credhub_key.h"
#include "credhub_text.h"


#define RSA_BLOB                                                               \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQC5k9TJvcZbLWTMW5jLELxIC/LxdDMF5IejaMl9GbmB" \
    "ms5dNQhhz+bvMZKBFZR5j27N+U+tLzwtofcZjLFWZQRBNPOF0BvLo9qMXg+wvoG73+0L/kfj" \
    "2Q8Mg6UiKcq4DkIigfKzyJLdLQUd8nrqoqfUARtlKcTID5uatqFA+JWE3xrZqO5kXFO4T3Lb" \
    "ls8jLyfCogtJ98CU0a7YAjHauleciVbdSHxYskMrG/ulTiv/wm/TOnFzvxfN3Qy760tQu1E7" \
    "1dau8jeLSPktnsmU+a/Z0CQV8dD/07M3rfQ41yPR2TRCVVpK1p3w2rhdCjgQ55hDvB7iPcPm" \
    "HP9ey0zupBgJ"
#define RSA_LINE "ssh-rsa " RSA_BLOB
#define RSA_SUM  "jnIhfPwVXDdj+sB2tVTAUa8uMvRhkH8z0PluaVh2fIA"

#define ED25519_BLOB                                                           \
    "AAAAC3NzaC1lZDI1NTE5AAAAIP+7q0OXpP5B39W6vO7Sc+IoNZPO8bN8bK7xiERx8zeu"
#define ECDSA_BLOB                                                             \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIoudsbkJhqdt8cGTmH4" \
    "qMXZa+tN6GtJ4Nd7xbr1hS4TE366ijuO0ohLcRtFLhhpDmS/rrahMbzvFM/SpszQAoU="


static const char rsa_1024[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDF0i1DnXREMHbnzxWx8eXVEI3+\n"
    "L0vecceT2orSOwqlKcoGwSE5MrW8o1I7vupgCuxof5vHM4ly25Xk1+cyw/u24u5A\n"
    "OiKfmOqAPAiqnu6NfxD9jXS8aFuNvL+t6EuKQdGSTGcfWPn9YCnXFxYVPXW5uWRx\n"
    "1MTEnK27E5wYEXC0EQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static const char ec_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXIQvvLpC9T6cy8P19pKbkxVX/DO+\n"
    "DJe95LDXxhuh/+3VS+WFpZQEjvNWYPHOBsk9YkYkUJ8xizmEX4yY7YO+Lw==\n"
    "-----END PUBLIC KEY-----\n";

static const char pkcs1_public[] =
    "-----BEGIN RSA PUBLIC KEY-----\n"
    "MIIBCgKCAQEAuZPUyb3GWy1kzFuYyxC8SAvy8XQzBeSHo2jJfRm5gZrOXTUIYc/m\n"
    "7zGSgRWUeY9uzflPrS88LaH3GYyxVmUEQTTzhdAby6PajF4PsL6Bu9/tC/5H49kP\n"
    "DIOlIinKuA5CIoHys8iS3S0FHfJ66qKn1AEbZSnEyA+bmrahQPiVhN8a2ajuZFxT\n"
    "uE9y25bPIy8nwqILSffAlNGu2AIx2rpXnIlW3Uh8WLJDKxv7pU4r/8Jv0zpxc78X\n"
    "zd0Mu+tLULtRO9XWrvI3i0j5LZ7JlPmv2dAkFfHQ/9OzN630ONcj0dk0QlVaStad\n"
    "8Nq4XQo4EOeYQ7we4j3D5hz/XstM7qQYCQIDAQAB\n"
    "-----END RSA PUBLIC KEY-----\n";

static const char encrypted_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n"
    "\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXIQvvLpC9T6cy8P19pKbkxVX/DO+\n"
    "DJe95LDXxhuh/+3VS+WFpZQEjvNWYPHOBsk9YkYkUJ8xizmEX4yY7YO+Lw==\n"
    "-----END PUBLIC KEY-----\n";


static atomic_int never;


static const credhub_key_kind_t rsa_2048 = { CREDHUB_KEY_RSA, 2048 };
static const credhub_key_kind_t rsa_4096 = { CREDHUB_KEY_RSA, 4096 };
static const credhub_key_kind_t rsa_16384 = { CREDHUB_KEY_RSA, 16384 };
static const credhub_key_kind_t p256 = { CREDHUB_KEY_EC, 256 };
static const credhub_key_kind_t p384 = { CREDHUB_KEY_EC, 384 };
static const credhub_key_kind_t ed25519 = { CREDHUB_KEY_ED25519, 256 };


static int
setup(void **state)
{
    *state = credhub_arena_create(16384);

    return *state == NULL;
}


static int
teardown(void **state)
{
    credhub_arena_destroy(*state);

    return 0;
}


static EVP_PKEY *
parse_private(credhub_str_t pem)
{
    BIO      *bio;
    EVP_PKEY *key;

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_non_null(key);
    BIO_free(bio);

    return key;
}


static EVP_PKEY *
parse_public(credhub_str_t pem)
{
    BIO      *bio;
    EVP_PKEY *key;

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    assert_non_null(key);
    BIO_free(bio);

    return key;
}


static unsigned
ssh_rsa_bits(credhub_str_t line, credhub_str_t *comment)
{
    credhub_key_kind_t kind;

    kind = credhub_key_ssh_kind(line, comment);

    return kind.type == CREDHUB_KEY_RSA ? kind.bits : 0;
}


/* Begin and end lines, lines of 64 characters between, one final newline. */

static void
assert_pem(credhub_str_t pem, const char *label)
{
    int    last;
    char   line[80], *text, *p, *next;
    size_t len;

    text = malloc(pem.len + 1);
    memcpy(text, pem.data, pem.len);
    text[pem.len] = '\0';

    assert_int_equal(strlen(text), pem.len);

    snprintf(line, sizeof(line), "-----BEGIN %s-----\n", label);
    assert_memory_equal(text, line, strlen(line));
    p = text + strlen(line);

    for (last = 0; *p != '-'; p = next + 1) {
        next = strchr(p, '\n');
        assert_non_null(next);

        len = (size_t) (next - p);
        assert_false(last);
        assert_true(len > 0 && len <= 64);
        last = (len < 64);
    }

    snprintf(line, sizeof(line), "-----END %s-----\n", label);
    assert_string_equal(p, line);

    free(text);
}


static void
assert_rsa(EVP_PKEY *key, int bits)
{
    BIGNUM       *exponent;
    EVP_PKEY_CTX *ctx;

    assert_true(EVP_PKEY_is_a(key, "RSA"));
    assert_int_equal(EVP_PKEY_get_bits(key), bits);

    exponent = NULL;
    assert_int_equal(
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent), 1);
    assert_true(BN_is_word(exponent, 65537));
    BN_free(exponent);

    ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_check(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
}


static void
test_rsa(void **state)
{
    int i;
    EVP_PKEY *private, *public;
    credhub_key_pair_t pair;

    static const int lengths[] = { 2048, 3072 };

    for (i = 0; i < 2; i++) {
        assert_int_equal(
            credhub_key_rsa(*state, (unsigned) lengths[i], &never, &pair),
            CREDHUB_OK);

        assert_pem(pair.private_key, "RSA PRIVATE KEY");
        assert_pem(pair.public_key, "PUBLIC KEY");

        private = parse_private(pair.private_key);
        public = parse_public(pair.public_key);

        assert_rsa(private, lengths[i]);
        assert_int_equal(EVP_PKEY_eq(private, public), 1);

        assert_int_equal(credhub_key_rsa_bits(pair.public_key), lengths[i]);
        assert_int_equal(credhub_key_rsa_bits(pair.private_key), 0);

        EVP_PKEY_free(private);
        EVP_PKEY_free(public);
    }
}


/* What a command prints; empty when it cannot be run. */

static void
run(const char *command, char *out, size_t size)
{
    FILE  *f;
    size_t n;

    f = popen(command, "r");
    assert_non_null(f);
    n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    (void) pclose(f);
}


static void
save(const char *file, credhub_str_t text)
{
    FILE *f;

    f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
    assert_int_equal(fclose(f), 0);
}


/* ssh-keygen derives the same line and the same fingerprint. */

static void
assert_ssh_keygen_agrees(
    credhub_arena_t *arena, const credhub_key_pair_t *pair, unsigned bits)
{
    char          dir[] = "/tmp/credhub_key_XXXXXX", file[64], command[160];
    char          out[2048], sizes[32];
    size_t        len;
    credhub_str_t sum;

    if (system("command -v ssh-keygen >/dev/null") != 0) {
        unit_skip("no ssh-keygen");
    }

    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/key", dir);

    save(file, pair->private_key);
    snprintf(command, sizeof(command), "ssh-keygen -y -P '' -f %s", file);
    run(command, out, sizeof(out));
    out[strcspn(out, "\n")] = '\0';
    len = strlen(out);

    assert_true(len > 60 && len <= pair->public_key.len);
    assert_memory_equal(out, pair->public_key.data, len);
    assert_true(bits == 2048 || len == pair->public_key.len);

    save(file, pair->public_key);
    snprintf(command, sizeof(command), "ssh-keygen -lf %s", file);
    run(command, out, sizeof(out));

    sum = credhub_key_fingerprint(arena, pair->public_key);
    assert_int_equal(sum.len, 43);
    snprintf(sizes, sizeof(sizes), "%u SHA256:", bits);
    len = strlen(sizes);
    assert_memory_equal(out, sizes, len);
    assert_memory_equal(out + len, sum.data, sum.len);
    assert_int_equal(out[len + 43], ' ');

    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(dir), 0);
}


static void
test_ssh(void **state)
{
    EVP_PKEY *private;
    credhub_str_t      comment;
    credhub_key_pair_t pair;

    assert_int_equal(credhub_key_ssh(*state, &rsa_2048,
                         credhub_str("two words"), &never, &pair),
        CREDHUB_OK);

    assert_pem(pair.private_key, "RSA PRIVATE KEY");

    private = parse_private(pair.private_key);
    assert_rsa(private, 2048);
    EVP_PKEY_free(private);

    assert_memory_equal(pair.public_key.data, "ssh-rsa AAAAB3NzaC1yc2E", 23);
    assert_null(memchr(pair.public_key.data, '\n', pair.public_key.len));

    assert_int_equal(ssh_rsa_bits(pair.public_key, &comment), 2048);
    unit_assert_str(comment, "two words");

    assert_ssh_keygen_agrees(*state, &pair, 2048);
}


static void
test_ssh_without_comment(void **state)
{
    credhub_str_t      comment;
    credhub_key_pair_t pair;

    assert_int_equal(
        credhub_key_ssh(*state, &rsa_2048, credhub_null_str, &never, &pair),
        CREDHUB_OK);

    /* 8 + 4 * 93 characters: two words and nothing behind */

    assert_int_equal(pair.public_key.len, 380);
    assert_null(memchr(pair.public_key.data + 8, ' ', pair.public_key.len - 8));

    assert_int_equal(ssh_rsa_bits(pair.public_key, &comment), 2048);
    assert_int_equal(comment.len, 0);

    assert_ssh_keygen_agrees(*state, &pair, 2048);
}


/* OpenSSH's own format, with the comment in both halves of the pair. */

static void
test_ssh_curves(void **state)
{
    size_t             i, n, len;
    char               comment[64];
    u_char            *p, *next, *last;
    credhub_str_t      found;
    credhub_key_pair_t pair;
    credhub_key_kind_t kind;

    static const struct {
        const credhub_key_kind_t *kind;
        const char               *word;
    } rows[] = {
        { &p256, "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI" },
        { &p384, "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAI" },
        { &ed25519, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" },
    };

    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    static const char end[] = "\n-----END OPENSSH PRIVATE KEY-----\n";

    /* each length of the padding, and numbers with the first bit set */

    for (i = 0; i < 3 * 9; i++) {
        n = i / 3;
        memset(comment, 'c', n);
        comment[n] = '\0';

        assert_int_equal(credhub_key_ssh(*state, rows[i % 3].kind,
                             unit_str(comment), &never, &pair),
            CREDHUB_OK);

        len = strlen(rows[i % 3].word);
        assert_true(pair.public_key.len > len + 40);
        assert_memory_equal(pair.public_key.data, rows[i % 3].word, len);

        kind = credhub_key_ssh_kind(pair.public_key, &found);
        assert_int_equal(kind.type, rows[i % 3].kind->type);
        assert_int_equal(kind.bits, rows[i % 3].kind->bits);
        unit_assert_str(found, comment);

        len = sizeof(begin) - 1;
        assert_memory_equal(pair.private_key.data, begin, len);
        last = pair.private_key.data + pair.private_key.len - sizeof(end) + 1;
        assert_memory_equal(last, end, sizeof(end) - 1);

        for (p = pair.private_key.data + len; p < last; p = next + 1) {
            next = memchr(p, '\n', (size_t) (last - p));
            assert_true(next == NULL || next - p == 70);
            assert_true(next != NULL || last - p <= 70);

            if (next == NULL) {
                break;
            }
        }

        assert_ssh_keygen_agrees(*state, &pair, rows[i % 3].kind->bits);
    }
}


static void
test_kinds(void **state)
{
    size_t             i;
    credhub_str_t      type, curve;
    credhub_key_kind_t kind;

    static const struct {
        const char        *type;
        const char        *curve;
        credhub_int_t      length;
        credhub_error_e    rc;
        credhub_key_type_e is;
        unsigned           bits;
    } rows[] = {
        { "", "", { 0, 0 }, CREDHUB_OK, CREDHUB_KEY_RSA, 2048 },
        { "", "", { 0, 1 }, CREDHUB_OK, CREDHUB_KEY_RSA, 2048 },
        { "", "", { 4096, 1 }, CREDHUB_OK, CREDHUB_KEY_RSA, 4096 },
        { "rsa", "", { 3072, 1 }, CREDHUB_OK, CREDHUB_KEY_RSA, 3072 },
        { "RSA", "", { 1024, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "", "", { -1, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "", "", { (1LL << 32) + 2048, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "", "", { 256, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "ec", "", { 0, 0 }, CREDHUB_OK, CREDHUB_KEY_EC, 256 },
        { "EC", "p-256", { 256, 1 }, CREDHUB_OK, CREDHUB_KEY_EC, 256 },
        { "ec", "P-384", { 0, 1 }, CREDHUB_OK, CREDHUB_KEY_EC, 384 },
        { "Ec", "P-384", { 384, 1 }, CREDHUB_OK, CREDHUB_KEY_EC, 384 },
        { "ec", "P-384", { 256, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "ec", "", { 384, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "ec", "", { 2048, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "ec", "P-521", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "ec", "P-25", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "ed25519", "", { 0, 0 }, CREDHUB_OK, CREDHUB_KEY_ED25519, 256 },
        { "Ed25519", "", { 256, 1 }, CREDHUB_OK, CREDHUB_KEY_ED25519, 256 },
        { "ed25519", "", { 255, 1 }, CREDHUB_E_KEY_LENGTH, 0, 0 },
        { "ed25519", "P-256", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "rsa", "P-256", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "", "P-256", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "", "P-521", { 0, 0 }, CREDHUB_E_KEY_CURVE, 0, 0 },
        { "ed448", "", { 0, 0 }, CREDHUB_E_KEY_TYPE, 0, 0 },
        { "rsa ", "", { 0, 0 }, CREDHUB_E_KEY_TYPE, 0, 0 },
        { "dsa", "P-256", { 1024, 1 }, CREDHUB_E_KEY_TYPE, 0, 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(credhub_key_kind(unit_str(rows[i].type),
                             unit_str(rows[i].curve), &rows[i].length, &kind),
            rows[i].rc);

        if (rows[i].rc != CREDHUB_OK) {
            continue;
        }

        assert_int_equal(kind.type, rows[i].is);
        assert_int_equal(kind.bits, rows[i].bits);

        /* and back */

        credhub_key_names(&kind, &type, &curve);
        assert_int_equal(
            credhub_key_kind(type, curve, &rows[i].length, &kind), CREDHUB_OK);
        assert_int_equal(kind.type, rows[i].is);
        assert_int_equal(kind.bits, rows[i].bits);
    }
}


static void
test_private(void **state)
{
    size_t        i;
    char          group[32];
    EVP_PKEY     *key;
    credhub_str_t pem;

    static const struct {
        const credhub_key_kind_t *kind;
        const char               *label;
        const char               *algorithm;
        const char               *group;
    } rows[] = {
        { &rsa_2048, "RSA PRIVATE KEY", "RSA", NULL },
        { &p256, "PRIVATE KEY", "EC", "prime256v1" },
        { &p384, "PRIVATE KEY", "EC", "secp384r1" },
        { &ed25519, "PRIVATE KEY", "ED25519", NULL },
    };

    static const credhub_key_kind_t bad[] = { { CREDHUB_KEY_EC, 0 },
        { CREDHUB_KEY_EC, 521 }, { CREDHUB_KEY_RSA, 1024 },
        { CREDHUB_KEY_ED25519, 0 } };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_key_private(*state, rows[i].kind, &never, &pem),
            CREDHUB_OK);
        assert_pem(pem, rows[i].label);

        key = parse_private(pem);
        assert_true(EVP_PKEY_is_a(key, rows[i].algorithm));

        if (rows[i].group != NULL) {
            assert_int_equal(
                EVP_PKEY_get_group_name(key, group, sizeof(group), NULL), 1);
            assert_string_equal(group, rows[i].group);
        }

        EVP_PKEY_free(key);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(credhub_key_private(*state, &bad[i], &never, &pem),
            CREDHUB_E_INTERNAL);
    }
}


static void
test_lengths(void **state)
{
    size_t             i;
    credhub_key_pair_t pair;

    static const int64_t bad[] = { 0, 1, 512, 1024, 2047, 2049, 4095, 8192,
        16384, -2048, (1LL << 32) + 2048, INT64_MAX, INT64_MIN };

    assert_true(credhub_key_length_valid(2048));
    assert_true(credhub_key_length_valid(3072));
    assert_true(credhub_key_length_valid(4096));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(credhub_key_length_valid(bad[i]));
    }

    assert_int_equal(
        credhub_key_rsa(*state, 1024, &never, &pair), CREDHUB_E_INTERNAL);
    assert_int_equal(
        credhub_key_ssh(*state, &rsa_16384, credhub_null_str, &never, &pair),
        CREDHUB_E_INTERNAL);
}


static void
test_cancel(void **state)
{
    atomic_int         cancel;
    credhub_key_pair_t pair;

    atomic_init(&cancel, 1);

    assert_int_equal(
        credhub_key_rsa(*state, 4096, &cancel, &pair), CREDHUB_E_INTERNAL);
    assert_int_equal(
        credhub_key_ssh(*state, &rsa_4096, credhub_null_str, &cancel, &pair),
        CREDHUB_E_INTERNAL);
    assert_int_equal(ERR_peek_error(), 0);
}


static void *
generate_until_canceled(void *data)
{
    int               *canceled;
    credhub_arena_t   *arena;
    credhub_error_e    rc;
    credhub_key_pair_t pair;

    canceled = data;

    do {
        arena = credhub_arena_create(16384);
        rc = credhub_key_rsa(arena, 4096, &never, &pair);
        credhub_arena_destroy(arena);

    } while (rc == CREDHUB_OK);

    *canceled = (rc == CREDHUB_E_INTERNAL && ERR_peek_error() == 0);

    return NULL;
}


static void
test_cancel_from_another_thread(void **state)
{
    int       canceled[2] = { 0, 0 };
    pthread_t threads[2];

    assert_int_equal(pthread_create(&threads[0], NULL, generate_until_canceled,
                         &canceled[0]),
        0);
    assert_int_equal(pthread_create(&threads[1], NULL, generate_until_canceled,
                         &canceled[1]),
        0);

    usleep(50000);
    atomic_store(&never, 1);

    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);

    atomic_store(&never, 0);

    assert_int_equal(canceled[0], 1);
    assert_int_equal(canceled[1], 1);
}


static void
test_rsa_bits(void **state)
{
    size_t        i;
    credhub_str_t pem;

    static const char *const bad[] = {
        "",
        "x",
        "public",
        ec_public,
        pkcs1_public,
        encrypted_public,
        "-----BEGIN PUBLIC KEY-----\n",
        RSA_LINE,
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    };

    assert_int_equal(credhub_key_rsa_bits(unit_str(rsa_1024)), 1024);

    /* the last newline is of no account */

    pem = unit_exact(rsa_1024, sizeof(rsa_1024) - 2);
    assert_int_equal(credhub_key_rsa_bits(pem), 1024);
    free(pem.data);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(credhub_key_rsa_bits(unit_str(bad[i])), 0);
        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_int_equal(credhub_key_rsa_bits(credhub_null_str), 0);
}


static void
test_ssh_bits(void **state)
{
    credhub_str_t comment;

    assert_int_equal(ssh_rsa_bits(credhub_str(RSA_LINE), &comment), 2048);
    assert_int_equal(comment.len, 0);

    assert_int_equal(
        ssh_rsa_bits(credhub_str(RSA_LINE " a  b c"), &comment), 2048);
    unit_assert_str(comment, "a  b c");

    assert_int_equal(
        ssh_rsa_bits(credhub_str(RSA_LINE " user@host\n"), &comment), 2048);
    unit_assert_str(comment, "user@host");

    assert_int_equal(
        ssh_rsa_bits(credhub_str(RSA_LINE "\r\n"), &comment), 2048);
    assert_int_equal(comment.len, 0);
}


static void
test_not_ssh_rsa(void **state)
{
    size_t        i;
    credhub_str_t comment;

    static const char *const bad[] = {
        "", " ", "ssh-rsa", "ssh-rsa ", "ssh-rsa  " RSA_BLOB, "public",
        "ssh-rsa AAAA", "ssh-rsa ****", RSA_BLOB, " " RSA_LINE,
        "ssh-ed25519 " RSA_BLOB, "ssh-rsa " ED25519_BLOB,
        "ssh-ed25519 " ED25519_BLOB, "SSH-RSA " RSA_BLOB, "ssh-rsa\t" RSA_BLOB,
        "\n", rsa_1024, "ssh-rsa AAAAB3NzaC1yc2E=", /* the type only */
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAA==", /* modulus empty */
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQA=", /* modulus zero */
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB/////wE=", /* length too large */
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        comment = credhub_str("x");
        assert_int_equal(ssh_rsa_bits(unit_str(bad[i]), &comment), 0);
        assert_int_equal(comment.len, 0);
    }

    assert_int_equal(ssh_rsa_bits(credhub_null_str, &comment), 0);
}


/* A blob cut anywhere, or with a byte too many, is none. */

static void
assert_blob_length(
    credhub_arena_t *arena, const char *word, const char *base64, unsigned bits)
{
    u_char       *p;
    size_t        len;
    credhub_str_t blob, text, line, comment;
    credhub_buf_t buf;

    text = credhub_base64_decode(arena, unit_str(base64));
    assert_non_null(text.data);
    p = credhub_arena_alloc(arena, text.len + 1);
    memcpy(p, text.data, text.len);

    for (len = 0; len <= text.len + 1; len++) {
        blob.data = p;
        blob.len = len;
        blob = credhub_base64(arena, blob, 1);

        credhub_buf_init(&buf, arena, 0);
        credhub_buf_add_str(&buf, unit_str(word));
        credhub_buf_lit(&buf, " ");
        credhub_buf_add_str(&buf, blob);
        line = unit_exact((char *) buf.data, buf.len);

        assert_int_equal(credhub_key_ssh_kind(line, &comment).bits,
            len == text.len ? bits : 0);
        free(line.data);
    }
}


static void
test_ssh_blob_length(void **state)
{
    assert_blob_length(*state, "ssh-rsa", RSA_BLOB, 2048);
    assert_blob_length(*state, "ssh-ed25519", ED25519_BLOB, 256);
    assert_blob_length(*state, "ecdsa-sha2-nistp256", ECDSA_BLOB, 256);
}


/* The curve has to be the word's, and the point of its size. */

static void
test_ssh_points(void **state)
{
    credhub_str_t comment;

    assert_int_equal(
        credhub_key_ssh_kind(
            credhub_str("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAA"
                        "AAIbmlzdHAzODQAAABBBIoudsbkJhqdt8cGTmH4qMXZa+tN6GtJ4"
                        "Nd7xbr1hS4TE366ijuO0ohLcRtFLhhpDmS/rrahMbzvFM/SpszQA"
                        "oU="),
            &comment)
            .bits,
        0);
    assert_int_equal(
        credhub_key_ssh_kind(
            credhub_str("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAA"
                        "AAIbmlzdHAyNTYAAABBA4oudsbkJhqdt8cGTmH4qMXZa+tN6GtJ4"
                        "Nd7xbr1hS4TE366ijuO0ohLcRtFLhhpDmS/rrahMbzvFM/SpszQA"
                        "oU="),
            &comment)
            .bits,
        0);
    assert_int_equal(
        credhub_key_ssh_kind(
            credhub_str("ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAA"
                        "AAIbmlzdHAzODQAAABBBIoudsbkJhqdt8cGTmH4qMXZa+tN6GtJ4"
                        "Nd7xbr1hS4TE366ijuO0ohLcRtFLhhpDmS/rrahMbzvFM/SpszQA"
                        "oU="),
            &comment)
            .bits,
        0);
}


static void
test_ssh_bits_are_counted(void **state)
{
    credhub_str_t comment;

    /* moduli 1, 3, 255, 256, with zeros in front */

    assert_int_equal(
        ssh_rsa_bits(
            credhub_str("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQE="), &comment),
        1);
    assert_int_equal(
        ssh_rsa_bits(
            credhub_str("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQM="), &comment),
        2);
    assert_int_equal(
        ssh_rsa_bits(
            credhub_str("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAgD/"), &comment),
        8);
    assert_int_equal(
        ssh_rsa_bits(
            credhub_str("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAgEA"), &comment),
        9);
}


static void
assert_sum(credhub_arena_t *arena, const char *line, const char *want)
{
    credhub_str_t sum;

    sum = credhub_key_fingerprint(arena, unit_str(line));

    if (want == NULL) {
        assert_null(sum.data);

    } else {
        unit_assert_str(sum, want);
    }
}


/* The sums were printed by ssh-keygen -l. */

static void
test_fingerprint(void **state)
{
    assert_sum(*state, RSA_LINE, RSA_SUM);
    assert_sum(*state, RSA_LINE " two words", RSA_SUM);
    assert_sum(*state, RSA_LINE "\n", RSA_SUM);
    assert_sum(*state, RSA_LINE " user@host\n", RSA_SUM);
    assert_sum(*state, "ssh-ed25519 " ED25519_BLOB " c",
        "LK8e1hcdUSOWW4W2RmOKRVuN2ZDJ1m8Bipw36/5ip3A");
    assert_sum(*state, "ecdsa-sha2-nistp256 " ECDSA_BLOB,
        "UGtCzYXijNPFfoVCJE1WqXDN23B7qGd7rY2tHmJBd9A");

    assert_sum(*state, "", NULL);
    assert_sum(*state, "public", NULL);
    assert_sum(*state, "public key", NULL);
    assert_sum(*state, "ssh-rsa", NULL);
    assert_sum(*state, "ssh-rsa ", NULL);
    assert_sum(*state, "ssh-rsa AAAA", NULL);
    assert_sum(*state, "ssh-rsa !!!!", NULL);
    assert_sum(*state, "ssh-rsa " ED25519_BLOB, NULL);
    assert_sum(*state, "x " RSA_BLOB, NULL);
    assert_sum(*state, RSA_BLOB, NULL);
    assert_sum(*state, rsa_1024, NULL);

    assert_null(credhub_key_fingerprint(*state, credhub_null_str).data);
}


static void
test_nothing_secret_is_freed(void **state)
{
    credhub_arena_t   *arena;
    credhub_key_pair_t pair;

    unit_need_memory_hooks();

    /* "MII": how the base64 of each such key begins */

    unit_marks_freed = 0;
    unit_mark = "-----BEGIN RSA PRIVATE KEY-----\nMII";

    arena = credhub_arena_create(64);
    assert_int_equal(credhub_key_rsa(arena, 2048, &never, &pair), CREDHUB_OK);
    assert_non_null(memmem(pair.private_key.data, pair.private_key.len,
        unit_mark, strlen((char *) unit_mark)));
    credhub_arena_destroy(arena);

    /* what OpenSSL writes for each P-256 key, and what stands before the
     * private half of an Ed25519 pair */

    unit_mark = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA";

    arena = credhub_arena_create(64);
    assert_int_equal(
        credhub_key_private(arena, &p256, &never, &pair.private_key),
        CREDHUB_OK);
    assert_non_null(memmem(pair.private_key.data, pair.private_key.len,
        unit_mark, strlen((char *) unit_mark)));
    credhub_arena_destroy(arena);

    unit_mark = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza";

    arena = credhub_arena_create(64);
    assert_int_equal(
        credhub_key_ssh(arena, &ed25519, credhub_null_str, &never, &pair),
        CREDHUB_OK);
    assert_non_null(memmem(pair.private_key.data, pair.private_key.len,
        unit_mark, strlen((char *) unit_mark)));
    credhub_arena_destroy(arena);

    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 0);
}


static void
test_without_memory(void **state)
{
    credhub_str_t      comment;
    credhub_arena_t   *arena;
    credhub_error_e    rc;
    credhub_key_pair_t pair;

    unit_need_memory_hooks();

    arena = credhub_arena_create(0);
    unit_malloc_left = 0;
    rc = credhub_key_rsa(arena, 2048, &never, &pair);
    unit_malloc_left = -1;
    assert_int_equal(rc, CREDHUB_E_INTERNAL);

    unit_malloc_left = 0;
    rc = credhub_key_ssh(arena, &rsa_2048, credhub_null_str, &never, &pair);
    unit_malloc_left = -1;
    assert_int_equal(rc, CREDHUB_E_INTERNAL);
    credhub_arena_destroy(arena);

    unit_malloc_left = 0;
    assert_int_equal(ssh_rsa_bits(credhub_str(RSA_LINE), &comment), 0);
    assert_int_equal(credhub_key_rsa_bits(unit_str(rsa_1024)), 0);
    unit_malloc_left = -1;

    assert_int_equal(ERR_peek_error(), 0);
}


static void
test_error_queue_is_left_alone(void **state)
{
    credhub_str_t      comment;
    credhub_key_pair_t pair;

    ERR_raise(ERR_LIB_USER, 42);

    assert_int_equal(credhub_key_rsa(*state, 2048, &never, &pair), CREDHUB_OK);
    (void) credhub_key_rsa_bits(pair.public_key);
    (void) credhub_key_rsa_bits(credhub_str("x"));
    (void) credhub_key_ssh_kind(credhub_str("ssh-rsa *"), &comment);
    (void) credhub_key_fingerprint(*state, credhub_str(RSA_LINE));

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
}


#define key_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        key_test(test_rsa),
        key_test(test_ssh),
        key_test(test_ssh_without_comment),
        key_test(test_ssh_curves),
        key_test(test_kinds),
        key_test(test_private),
        key_test(test_lengths),
        key_test(test_cancel),
        key_test(test_cancel_from_another_thread),
        key_test(test_rsa_bits),
        key_test(test_ssh_bits),
        key_test(test_not_ssh_rsa),
        key_test(test_ssh_blob_length),
        key_test(test_ssh_points),
        key_test(test_ssh_bits_are_counted),
        key_test(test_fingerprint),
        key_test(test_nothing_secret_is_freed),
        key_test(test_without_memory),
        key_test(test_error_queue_is_left_alone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
