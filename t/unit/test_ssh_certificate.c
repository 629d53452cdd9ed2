
/* Certificates and revocation lists, both ways between the hub and
 * ssh-keygen. */

#include "unit_ssh.h"
#include "credhub_json.h"


static const char *const algorithms[] = { "ED25519", "P256", "P384", "P521",
    "RSA2048" };

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

#define FROM       1700000000
#define TO         (FROM + 4 * 3600)


static credhub_ssh_pair_t pairs[ALGORITHMS];
static credhub_arena_t   *pairs_arena;
static char              *output;


static int
setup(void **state)
{
    size_t i;

    unit_arena = pairs_arena = credhub_arena_create(1024);
    output = malloc(UNIT_SSH_TEXT);

    for (i = 0; i < ALGORITHMS; i++) {
        unit_ssh_pair(algorithms[i], &pairs[i]);
    }

    return unit_ssh_setup(state);
}


static int
teardown(void **state)
{
    free(output);
    credhub_arena_destroy(pairs_arena);

    return unit_ssh_teardown(state);
}


static credhub_str_t        principals[] = { credhub_string("alice"),
           credhub_string("bob@example.com") };
static credhub_str_t        sources[] = { credhub_string("10.0.0.0/8"),
           credhub_string("test.com") };
static credhub_ssh_option_t extensions[] = {
    { credhub_string("permit-user-rc"), credhub_string("") },
    { credhub_string("login@github.com"), credhub_string("alice@github.com") },
    { credhub_string("permit-pty"), credhub_string("") },
    { credhub_string("permit"), credhub_string("") },
};


static credhub_ssh_certificate_t
full(void)
{
    credhub_ssh_certificate_t certificate;

    memset(&certificate, 0, sizeof(certificate));

    certificate.serial = 18005048467156871392U;
    certificate.key_id = unit_str("the \"key\" id");
    certificate.principals.items = principals;
    certificate.principals.n = 2;
    certificate.from = FROM;
    certificate.to = TO;
    certificate.force_command = unit_str("/bin/date -u");
    certificate.sources.items = sources;
    certificate.sources.n = 2;
    certificate.extensions = extensions;
    certificate.nextensions = 4;

    return certificate;
}


static void
contains(const char *text)
{
    if (strstr(output, text) == NULL) {
        print_error("\"%s\" is not in \"%s\"\n", text, output);
        fail();
    }
}


static void
contains_str(const char *before, credhub_str_t str)
{
    char text[256];

    (void) snprintf(
        text, sizeof(text), "%s%.*s", before, (int) str.len, (char *) str.data);
    contains(text);
}


static void
contains_key(const char *name, const char *word, const credhub_ssh_pair_t *pair,
    const char *behind)
{
    char          text[256];
    credhub_str_t sum;

    sum = credhub_ssh_sha256(unit_arena, pair->blob);
    assert_int_equal(sum.len, CREDHUB_SSH_SHA256_LEN);

    (void) snprintf(text, sizeof(text), "%s: %s%s SHA256:%.*s%s", name, word,
        behind[0] == '\n' ? "-CERT" : "", (int) sum.len, (char *) sum.data,
        behind);
    contains(text);
}


static void
same(const credhub_ssh_certificate_t *a, const credhub_ssh_certificate_t *b)
{
    size_t i;

    assert_int_equal(a->host, b->host);
    assert_int_equal(a->serial, b->serial);
    assert_int_equal(a->from, b->from);
    assert_int_equal(a->to, b->to);
    assert_true(credhub_str_eq(a->key_id, b->key_id));
    assert_true(credhub_str_eq(a->force_command, b->force_command));
    assert_true(credhub_str_eq(a->word, b->word));
    assert_true(credhub_str_eq(a->key, b->key));
    assert_true(credhub_str_eq(a->ca, b->ca));
    assert_int_equal(a->principals.n, b->principals.n);
    assert_int_equal(a->sources.n, b->sources.n);
    assert_int_equal(a->nextensions, b->nextensions);

    for (i = 0; i < a->principals.n; i++) {
        assert_true(
            credhub_str_eq(a->principals.items[i], b->principals.items[i]));
    }

    for (i = 0; i < a->sources.n; i++) {
        assert_true(credhub_str_eq(a->sources.items[i], b->sources.items[i]));
    }
}


/* Every kind of CA for every kind of key. */

static void
test_written(void **state)
{
    size_t                    i, j;
    credhub_str_t             blob;
    credhub_ssh_certificate_t made, read;

    static const char *const words[] = { "ED25519", "ECDSA", "ECDSA", "ECDSA",
        "RSA" };
    static const char *const signatures[] = { " (using ssh-ed25519)\n",
        " (using ecdsa-sha2-nistp256)\n", " (using ecdsa-sha2-nistp384)\n",
        " (using ecdsa-sha2-nistp521)\n", " (using rsa-sha2-512)\n" };

    for (i = 0; i < ALGORITHMS; i++) {
        for (j = 0; j < ALGORITHMS; j++) {
            made = full();

            assert_int_equal(credhub_ssh_certify(unit_arena, &made,
                                 pairs[j].blob, &pairs[i], &blob),
                CREDHUB_OK);
            assert_int_equal(
                credhub_ssh_certificate(unit_arena, blob, &read), CREDHUB_OK);
            same(&made, &read);

            unit_ssh_write("key-cert.pub",
                credhub_ssh_line(unit_arena, blob, made.key_id));
            assert_int_equal(
                unit_ssh_run(output, "TZ=UTC ssh-keygen -L -f key-cert.pub"),
                0);

            contains_str("Type: ", made.word);
            contains("user certificate\n");
            contains_key("Public key", words[j], &pairs[j], "\n");
            contains_key("Signing CA", words[i], &pairs[i], signatures[i]);
            contains("Key ID: \"the \"key\" id\"\n");
            contains("Serial: 18005048467156871392\n");
            contains("Valid: from 2023-11-14T22:13:20 to "
                     "2023-11-15T02:13:20\n");
            contains("Principals: \n                alice\n"
                     "                bob@example.com\n");
            contains("force-command /bin/date -u\n"
                     "                source-address 10.0.0.0/8,test.com\n");
            contains("Extensions: \n                login@github.com UNKNOWN");
            contains("                permit UNKNOWN FLAG OPTION\n"
                     "                permit-pty\n"
                     "                permit-user-rc\n");
        }
    }
}


/* The least that there can be. */

static void
test_bare(void **state)
{
    credhub_str_t             blob;
    credhub_ssh_certificate_t made, read;

    memset(&made, 0, sizeof(made));
    made.host = 1;
    made.serial = 1;
    made.key_id = unit_str("host");
    made.to = 1;

    assert_int_equal(
        credhub_ssh_certify(unit_arena, &made, pairs[0].blob, &pairs[0], &blob),
        CREDHUB_OK);
    assert_int_equal(
        credhub_ssh_certificate(unit_arena, blob, &read), CREDHUB_OK);
    same(&made, &read);
    assert_null(read.force_command.data);

    unit_ssh_write(
        "key-cert.pub", credhub_ssh_line(unit_arena, blob, made.key_id));
    assert_int_equal(unit_ssh_run(output, "ssh-keygen -L -f key-cert.pub"), 0);
    contains("host certificate\n");
    contains("Principals: (none)\n");
    contains("Critical Options: (none)\n");
    contains("Extensions: (none)\n");
}


/* What ssh-keygen signs. */

static void
test_read(void **state)
{
    credhub_str_t             line, detail, blob;
    credhub_ssh_public_t      ca, key;
    credhub_ssh_certificate_t read;

    assert_int_equal(
        unit_ssh_run(output,
            "rm -f ca* k k.pub k-cert.pub;"
            "ssh-keygen -q -t ed25519 -N '' -f ca && "
            "ssh-keygen -q -t ecdsa -N '' -f k && "
            "TZ=UTC ssh-keygen -q -s ca -I 'an id' -z 42 -n one,two"
            " -V 20240101000000Z:20240102000000Z -O force-command=date"
            " -O source-address=192.0.2.0/24,::1 -O no-pty"
            " -O extension:name@host=value k.pub"),
        0);

    assert_int_equal(
        credhub_ssh_public(unit_arena, unit_ssh_read("ca.pub"), &ca, &detail),
        CREDHUB_OK);
    assert_int_equal(
        credhub_ssh_public(unit_arena, unit_ssh_read("k.pub"), &key, &detail),
        CREDHUB_OK);

    assert_int_equal(
        unit_ssh_run(output, "cut -d' ' -f2 k-cert.pub | base64 -d > k.blob"),
        0);
    blob = unit_ssh_read("k.blob");
    assert_int_equal(
        credhub_ssh_certificate(unit_arena, blob, &read), CREDHUB_OK);

    unit_assert_str(read.word, "ecdsa-sha2-nistp256-cert-v01@openssh.com");
    unit_assert_str(read.key_id, "an id");
    assert_int_equal(read.host, 0);
    assert_int_equal(read.serial, 42);
    assert_int_equal(read.from, 1704067200);
    assert_int_equal(read.to, 1704153600);
    assert_int_equal(read.principals.n, 2);
    unit_assert_str(read.principals.items[0], "one");
    unit_assert_str(read.principals.items[1], "two");
    unit_assert_str(read.force_command, "date");
    assert_int_equal(read.sources.n, 2);
    unit_assert_str(read.sources.items[0], "192.0.2.0/24");
    unit_assert_str(read.sources.items[1], "::1");
    assert_int_equal(read.nextensions, 5);
    unit_assert_str(read.extensions[0].name, "name@host");
    unit_assert_str(read.extensions[0].value, "value");
    unit_assert_str(read.extensions[4].name, "permit-user-rc");
    assert_int_equal(read.extensions[4].value.len, 0);
    assert_true(credhub_str_eq(read.ca, ca.blob));
    assert_true(credhub_str_eq(read.key, key.blob));

    line = credhub_ssh_line(unit_arena, blob, unit_str("x"));
    assert_int_equal(
        credhub_ssh_public(unit_arena, line, &key, &detail), CREDHUB_E_SSH_KEY);
    unit_assert_str(detail, "This is a certificate, not a public key.");
}


/* For a host, by each kind of CA, with no dates and with nothing else. */

static void
test_read_host(void **state)
{
    size_t                    i;
    credhub_ssh_certificate_t read;

    static const char *const types[] = { "ed25519", "ecdsa -b 256",
        "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048" };

    for (i = 0; i < ALGORITHMS; i++) {
        assert_int_equal(
            unit_ssh_run(output,
                "rm -f ca* h h.pub h-cert.pub;"
                "ssh-keygen -q -t %s -N '' -f ca && "
                "ssh-keygen -q -t %s -N '' -f h && "
                "ssh-keygen -q -s ca -h -I host -n db.example.com h.pub && "
                "cut -d' ' -f2 h-cert.pub | base64 -d > h.blob",
                types[i], types[(i + 1) % ALGORITHMS]),
            0);

        assert_int_equal(
            credhub_ssh_certificate(unit_arena, unit_ssh_read("h.blob"), &read),
            CREDHUB_OK);
        assert_int_equal(read.host, 1);
        assert_int_equal(read.serial, 0);
        unit_assert_str(read.key_id, "host");
        assert_int_equal(read.principals.n, 1);
        unit_assert_str(read.principals.items[0], "db.example.com");
        assert_int_equal(read.from, 0);
        assert_true(read.to == INT64_MAX);
        assert_int_equal(read.force_command.len, 0);
        assert_int_equal(read.sources.n, 0);
        assert_int_equal(read.nextensions, 0);
    }
}


/* Cut anywhere, with something behind it, or with any bit changed. */

static void
test_damaged(void **state)
{
    size_t                    i, n;
    credhub_str_t             blob, other;
    credhub_ssh_certificate_t made, read;

    for (i = 0; i < ALGORITHMS; i++) {
        made = full();
        assert_int_equal(credhub_ssh_certify(unit_arena, &made,
                             pairs[ALGORITHMS - 1 - i].blob, &pairs[i], &blob),
            CREDHUB_OK);

        other.data = credhub_arena_bytes(unit_arena, blob.len + 1);
        memcpy(other.data, blob.data, blob.len);
        other.data[blob.len] = 0;

        other.len = blob.len + 1;
        assert_int_equal(credhub_ssh_certificate(unit_arena, other, &read),
            CREDHUB_E_SSH_KEY);

        for (n = 0; n < blob.len; n++) {
            other.len = n;
            assert_int_equal(credhub_ssh_certificate(unit_arena, other, &read),
                CREDHUB_E_SSH_KEY);
        }

        other.len = blob.len;

        for (n = 0; n < blob.len; n++) {
            other.data[n] ^= (u_char) (1 << (n % 8));
            assert_int_equal(credhub_ssh_certificate(unit_arena, other, &read),
                CREDHUB_E_SSH_KEY);
            other.data[n] ^= (u_char) (1 << (n % 8));
        }

        assert_int_equal(
            credhub_ssh_certificate(unit_arena, other, &read), CREDHUB_OK);
    }
}


static void
test_shown(void **state)
{
    credhub_buf_t             buf;
    credhub_str_t             blob, value, text;
    credhub_ssh_certificate_t made;

    made = full();
    assert_int_equal(
        credhub_ssh_certify(unit_arena, &made, pairs[1].blob, &pairs[0], &blob),
        CREDHUB_OK);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_ssh_certificate_show(&buf, &made, blob);
    assert_int_equal(
        credhub_json_check(unit_arena, credhub_buf_str(&buf), &value),
        CREDHUB_OK);

    static const struct {
        const char *name;
        const char *json;
    } rows[] = {
        { "CertificateType", "\"client\"" },
        { "Extensions",
            "{\"permit-user-rc\":\"\",\"login@github.com\":\"alice@github.com\""
            ",\"permit-pty\":\"\",\"permit\":\"\"}" },
        { "ForceCommand", "\"/bin/date -u\"" },
        { "KeyID", "\"the \\\"key\\\" id\"" },
        { "KeyType", "\"ecdsa-sha2-nistp256-cert-v01@openssh.com\"" },
        { "Principals", "[\"alice\",\"bob@example.com\"]" },
        { "SerialNumber", "\"18005048467156871392\"" },
        { "SourceAddresses", "[\"10.0.0.0/8\",\"test.com\"]" },
        { "ValidFrom", "1700000000" },
        { "ValidTo", "1700014400" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(credhub_json_get(value, rows[i].name, &text));
        unit_assert_str(text, rows[i].json);
    }

    assert_int_equal(credhub_json_get_string(unit_arena, value,
                         "CertificateFingerprintSHA256", &text),
        1);
    assert_true(credhub_str_eq(text, credhub_ssh_sha256(unit_arena, blob)));
}


static void
test_serials(void **state)
{
    size_t        i;
    u_char        digits[CREDHUB_SSH_SERIAL_LEN];
    uint64_t      serial;
    credhub_str_t text;

    static const char *const none[] = { "", "-1", "+1", " 1", "1 ", "0x1",
        "18446744073709551616", "99999999999999999999", "1e3",
        "018446744073709551615" };
    static const uint64_t    numbers[] = { 0, 9, 10, UINT64_MAX };

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(
            credhub_ssh_serial_parse(unit_str(none[i]), &serial), -1);
    }

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        text.data = digits;
        text.len = credhub_ssh_serial(numbers[i], digits);
        assert_int_equal(credhub_ssh_serial_parse(text, &serial), 0);
        assert_int_equal(serial, numbers[i]);
    }
}


/* A certificate with that serial and id for pairs[1]: does
 * ssh-keygen find it in the list? */

static int
revoked_by(const credhub_ssh_pair_t *ca, uint64_t serial, const char *key_id)
{
    int                       rc;
    credhub_str_t             blob;
    credhub_ssh_certificate_t made;

    made = full();
    made.serial = serial;
    made.key_id = unit_str(key_id);

    assert_int_equal(
        credhub_ssh_certify(unit_arena, &made, pairs[1].blob, ca, &blob),
        CREDHUB_OK);
    unit_ssh_write(
        "c-cert.pub", credhub_ssh_line(unit_arena, blob, made.key_id));

    rc = unit_ssh_run(output, "ssh-keygen -Q -f krl c-cert.pub");
    assert_true(rc == 0 || rc == 1);
    contains(rc == 1 ? "REVOKED" : ": ok");

    return rc;
}


static int
revoked(uint64_t serial, const char *key_id)
{
    return revoked_by(&pairs[0], serial, key_id);
}


static void
krl(const credhub_ssh_revoked_t *rows, size_t n)
{
    credhub_str_t text;

    assert_int_equal(
        credhub_ssh_krl(unit_arena, pairs[0].blob, 7, FROM, rows, n, &text),
        CREDHUB_OK);
    unit_ssh_write("krl", text);
}


static void
test_krl(void **state)
{
    credhub_ssh_revoked_t rows[] = {
        { 9, { 0, NULL }, { 0, NULL } },
        { UINT64_MAX, { 0, NULL }, { 0, NULL } },
        { 9, { 0, NULL }, { 0, NULL } },
        { 0, { 0, NULL }, { 0, NULL } },
        { 0, credhub_string("mallory"), { 0, NULL } },
        { 0, credhub_string("eve"), { 0, NULL } },
        { 0, credhub_string("mallory"), { 0, NULL } },
    };
    credhub_str_t         text;
    credhub_ssh_revoked_t plain = { 0, { 0, NULL }, pairs[1].blob };

    krl(rows, 7);
    assert_int_equal(revoked(9, "me"), 1);
    assert_int_equal(revoked(UINT64_MAX, "me"), 1);
    assert_int_equal(revoked(8, "me"), 0);
    assert_int_equal(revoked(10, "me"), 0);
    assert_int_equal(revoked(8, "mallory"), 1);
    assert_int_equal(revoked(8, "eve"), 1);
    assert_int_equal(revoked(8, "mallor"), 0);
    assert_int_equal(revoked_by(&pairs[2], 9, "mallory"), 0);

    krl(&plain, 1);
    assert_int_equal(revoked(8, "me"), 1);
    unit_ssh_write(
        "k.pub", credhub_ssh_line(unit_arena, pairs[1].blob, credhub_null_str));
    assert_int_equal(unit_ssh_run(output, "ssh-keygen -Q -f krl k.pub"), 1);
    unit_ssh_write(
        "k.pub", credhub_ssh_line(unit_arena, pairs[2].blob, credhub_null_str));
    assert_int_equal(unit_ssh_run(output, "ssh-keygen -Q -f krl k.pub"), 0);

    assert_int_equal(credhub_ssh_krl(unit_arena, pairs[0].blob, 7, FROM, &plain,
                         CREDHUB_SSH_REVOKED_MAX + 1, &text),
        CREDHUB_E_INTERNAL);

    krl(NULL, 0);
    assert_int_equal(revoked(9, "mallory"), 0);
}


static void
test_krl_many(void **state)
{
    size_t                 i;
    credhub_ssh_revoked_t *rows;

    enum {
        N = 10000
    };

    rows = credhub_arena_alloc(unit_arena, N * sizeof(*rows));

    for (i = 0; i < N; i++) {
        rows[i].serial = (i * 7919 % N) * 3 + 1;
    }

    krl(rows, N);
    assert_int_equal(revoked(1, "me"), 1);
    assert_int_equal(revoked(2, "me"), 0);
    assert_int_equal(revoked((N - 1) * 3 + 1, "me"), 1);
    assert_int_equal(revoked(N * 3 + 1, "me"), 0);
    assert_int_equal(revoked(15001, "me"), 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_written, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_bare, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_read, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_read_host, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_damaged, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_shown, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_serials, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_krl, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_krl_many, unit_setup, unit_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
