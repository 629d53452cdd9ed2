
/* Certificates that are signed as they should be and yet are none: what is
 * neither written nor read. */

#include "unit_ssh.h"


#define FROM          1700000000
#define TO            1700014400

#define FORCE_DATE    "\0\0\0\15force-command\0\0\0\10\0\0\0\4date"
#define PERMIT_PTY    "\0\0\0\12permit-pty\0\0\0\0"
#define FROM_ANYWHERE "\0\0\0\16source-address\0\0\0\11\0\0\0\5::/64"
#define LONG_NAME     (CREDHUB_SSH_KEY_ID_MAX + 1)


/* What stands in a certificate between two keys. */

typedef struct {
    uint32_t      type;
    credhub_str_t key_id;
    credhub_str_t principals;
    uint64_t      from;
    uint64_t      to;
    credhub_str_t critical;
    credhub_str_t extensions;
} terms_t;

static const terms_t good = { 1, credhub_string("id"),
    credhub_string("\0\0\0\5alice"), FROM, TO,
    credhub_string(FORCE_DATE FROM_ANYWHERE), credhub_string(PERMIT_PTY) };


static credhub_ssh_pair_t pair;
static credhub_arena_t   *pair_arena;


static int
setup(void **state)
{
    unit_arena = pair_arena = credhub_arena_create(1024);
    unit_ssh_pair("ED25519", &pair);

    return 0;
}


static int
teardown(void **state)
{
    credhub_arena_destroy(pair_arena);

    return 0;
}


static credhub_str_t
forged(const terms_t *terms, credhub_str_t ca)
{
    credhub_buf_t        buf;
    credhub_str_t        signature;
    credhub_ssh_reader_t reader;

    credhub_ssh_reader(&reader, pair.blob);
    (void) credhub_ssh_string(&reader);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_ssh_add_string(
        &buf, credhub_str("ssh-ed25519-cert-v01@openssh.com"));
    credhub_ssh_add_string(&buf, credhub_str("nonce"));
    credhub_ssh_add_string(&buf, credhub_ssh_string(&reader));
    credhub_ssh_add_uint64(&buf, 7);
    credhub_ssh_add_uint32(&buf, terms->type);
    credhub_ssh_add_string(&buf, terms->key_id);
    credhub_ssh_add_string(&buf, terms->principals);
    credhub_ssh_add_uint64(&buf, terms->from);
    credhub_ssh_add_uint64(&buf, terms->to);
    credhub_ssh_add_string(&buf, terms->critical);
    credhub_ssh_add_string(&buf, terms->extensions);
    credhub_ssh_add_string(&buf, credhub_str("reserved"));
    credhub_ssh_add_string(&buf, ca);

    assert_int_equal(credhub_ssh_sign(unit_arena, pair.private_key,
                         credhub_buf_str(&buf), &signature),
        CREDHUB_OK);
    credhub_ssh_add_string(&buf, signature);

    return credhub_buf_str(&buf);
}


static credhub_error_e
read_terms(const terms_t *terms, credhub_ssh_certificate_t *certificate)
{
    return credhub_ssh_certificate(
        unit_arena, forged(terms, pair.blob), certificate);
}


/* `n` strings of `len` letters a, each after its length. */

static credhub_str_t
packed(size_t n, size_t len)
{
    credhub_buf_t buf;
    credhub_str_t name;

    name.len = len;
    name.data = credhub_arena_bytes(unit_arena, len + 1);
    memset(name.data, 'a', len);

    credhub_buf_init(&buf, unit_arena, 0);

    while (n-- != 0) {
        credhub_ssh_add_string(&buf, name);
    }

    return credhub_buf_str(&buf);
}


/* Flags with different names. */

static credhub_str_t
flags(size_t n)
{
    char          name[32];
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);

    while (n-- != 0) {
        (void) snprintf(name, sizeof(name), "flag-%zu", n);
        credhub_ssh_add_string(&buf, unit_str(name));
        credhub_ssh_add_string(&buf, credhub_null_str);
    }

    return credhub_buf_str(&buf);
}


static credhub_str_t
source(size_t commas)
{
    credhub_buf_t buf;
    credhub_str_t text;

    text.len = commas;
    text.data = credhub_arena_bytes(unit_arena, commas + 1);
    memset(text.data, ',', commas);

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_ssh_add_string(&buf, credhub_str("source-address"));
    credhub_ssh_add_uint32(&buf, (uint32_t) commas + 4);
    credhub_ssh_add_string(&buf, text);

    return credhub_buf_str(&buf);
}


static void
test_good(void **state)
{
    terms_t                   terms;
    credhub_ssh_certificate_t read;

    assert_int_equal(read_terms(&good, &read), CREDHUB_OK);
    assert_int_equal(read.serial, 7);
    assert_int_equal(read.host, 0);
    unit_assert_str(read.key_id, "id");
    assert_int_equal(read.principals.n, 1);
    unit_assert_str(read.principals.items[0], "alice");
    unit_assert_str(read.force_command, "date");
    assert_int_equal(read.sources.n, 1);
    unit_assert_str(read.sources.items[0], "::/64");
    assert_int_equal(read.nextensions, 1);
    unit_assert_str(read.extensions[0].name, "permit-pty");
    unit_assert_str(read.extensions[0].value, "");

    /* as ssh-keygen signs without dates */

    terms = good;
    terms.from = 0;
    terms.to = UINT64_MAX;
    assert_int_equal(read_terms(&terms, &read), CREDHUB_OK);
    assert_int_equal(read.from, 0);
    assert_true(read.to == INT64_MAX);
}


static void
test_dates_and_type(void **state)
{
    size_t                    i;
    terms_t                   terms;
    credhub_ssh_certificate_t read;

    static const struct {
        uint32_t        type;
        uint64_t        from;
        uint64_t        to;
        credhub_error_e error;
    } rows[] = {
        { 2, FROM, FROM + 1, CREDHUB_OK },
        { 0, FROM, TO, CREDHUB_E_SSH_KEY },
        { 3, FROM, TO, CREDHUB_E_SSH_KEY },
        { 1, FROM, FROM, CREDHUB_E_SSH_KEY },
        { 1, TO, FROM, CREDHUB_E_SSH_KEY },
        { 1, INT64_MAX - 1, INT64_MAX, CREDHUB_OK },
        { 1, INT64_MAX, UINT64_MAX, CREDHUB_E_SSH_KEY },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        terms = good;
        terms.type = rows[i].type;
        terms.from = rows[i].from;
        terms.to = rows[i].to;
        assert_int_equal(read_terms(&terms, &read), rows[i].error);
    }
}


static void
test_critical(void **state)
{
    size_t                    i;
    terms_t                   terms;
    credhub_ssh_certificate_t read;

    static const credhub_str_t rows[] = {
        credhub_string(FORCE_DATE FORCE_DATE),
        credhub_string("\0\0\0\15force-command\0\0\0\0"),
        credhub_string("\0\0\0\15force-command\0\0\0\4\0\0\0\0"),
        credhub_string("\0\0\0\15force-command\0\0\0\4date"),
        credhub_string("\0\0\0\15force-command\0\0\0\11\0\0\0\4date\n"),
        credhub_string("\0\0\0\15force-command\0\0\0\10\0\0\0\4d\0te"),
        credhub_string("\0\0\0\15force-command\0\0\0\10\0\0\0\4d\377te"),
        credhub_string("\0\0\0\15force-command"),
        credhub_string("\0\0\0\16source-address\0\0\0\0"),
        credhub_string("\0\0\0\17verify-required\0\0\0\0"),
        credhub_string("\0\0\0\17verify-required\0\0\0\5\0\0\0\1x"),
        credhub_string(FORCE_DATE "\0"),
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        terms = good;
        terms.critical = rows[i];
        assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
    }

    terms.critical = source(CREDHUB_SSH_SOURCES_MAX - 1);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_OK);
    assert_int_equal(read.sources.n, CREDHUB_SSH_SOURCES_MAX);
    assert_int_equal(read.sources.items[CREDHUB_SSH_SOURCES_MAX - 1].len, 0);

    terms.critical = source(CREDHUB_SSH_SOURCES_MAX);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
}


static void
test_texts(void **state)
{
    size_t                    i;
    terms_t                   terms;
    credhub_ssh_certificate_t read;

    static const credhub_str_t extensions[] = {
        credhub_string(PERMIT_PTY PERMIT_PTY),
        credhub_string("\0\0\0\0\0\0\0\0"),
        credhub_string("\0\0\0\1\377\0\0\0\0"),
        credhub_string("\0\0\0\1a\0\0\0\1b"),
        credhub_string("\0\0\0\1a\0\0\0\5\0\0\0\1\300"),
        credhub_string("\0\0\0\1a"),
    };
    static const credhub_str_t names[] = {
        credhub_string("\0\0\0\5alic"),
        credhub_string("\0\0\0\5al\0ce"),
        credhub_string("\0\0\0\5al\377ce"),
        credhub_string("\0\0\0\5alice\0"),
    };
    static const credhub_str_t ids[] = {
        credhub_string("i\0d"),
        credhub_string("i\377"),
    };

    for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        terms = good;
        terms.extensions = extensions[i];
        assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        terms = good;
        terms.principals = names[i];
        assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
    }

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        terms = good;
        terms.key_id = ids[i];
        assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
    }
}


static void
test_limits(void **state)
{
    terms_t                   terms;
    credhub_ssh_certificate_t read;

    terms = good;
    terms.principals = packed(CREDHUB_SSH_PRINCIPALS_MAX, 3);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_OK);
    assert_int_equal(read.principals.n, CREDHUB_SSH_PRINCIPALS_MAX);

    terms.principals = packed(CREDHUB_SSH_PRINCIPALS_MAX + 1, 3);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);

    terms = good;
    terms.key_id = packed(1, LONG_NAME - 5);
    assert_int_equal(terms.key_id.len, CREDHUB_SSH_KEY_ID_MAX);
    terms.key_id.data[0] = terms.key_id.data[1] = 'a';
    terms.key_id.data[2] = terms.key_id.data[3] = 'a';
    assert_int_equal(read_terms(&terms, &read), CREDHUB_OK);

    terms.key_id = packed(1, LONG_NAME);
    terms.key_id.data += 4;
    terms.key_id.len = LONG_NAME;
    assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);

    terms = good;
    terms.extensions = flags(CREDHUB_SSH_EXTENSIONS_MAX);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_OK);
    assert_int_equal(read.nextensions, CREDHUB_SSH_EXTENSIONS_MAX);

    terms.extensions = flags(CREDHUB_SSH_EXTENSIONS_MAX + 1);
    assert_int_equal(read_terms(&terms, &read), CREDHUB_E_SSH_KEY);
}


/* A certificate signs none. */

static void
test_chain(void **state)
{
    credhub_ssh_certificate_t read;

    assert_int_equal(credhub_ssh_certificate(unit_arena,
                         forged(&good, forged(&good, pair.blob)), &read),
        CREDHUB_E_SSH_KEY);
}


static credhub_error_e
certify(const credhub_ssh_certificate_t *certificate)
{
    credhub_str_t             blob;
    credhub_ssh_certificate_t copy;

    copy = *certificate;

    return credhub_ssh_certify(unit_arena, &copy, pair.blob, &pair, &blob);
}


static void
test_not_written(void **state)
{
    size_t                    i;
    credhub_str_t             many[CREDHUB_SSH_PRINCIPALS_MAX + 1];
    credhub_str_t             blob;
    credhub_ssh_option_t      twice[2], all[CREDHUB_SSH_EXTENSIONS_MAX + 1];
    credhub_ssh_certificate_t base, made, read;

    memset(&base, 0, sizeof(base));
    base.key_id = unit_str("id");
    base.to = 1;
    assert_int_equal(certify(&base), CREDHUB_OK);

    made = base;
    made.from = -1;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);
    made.from = 1;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    made = base;
    made.key_id = packed(1, LONG_NAME);
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);
    made.key_id = credhub_str("i\0d");
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    made = base;
    made.force_command = credhub_str("date\377");
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    for (i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        many[i] = unit_str("alice");
        all[i].name = packed(1, i + 1);
        all[i].name.data += 4;
        all[i].name.len = i + 1;
        all[i].value = credhub_null_str;
    }

    made = base;
    made.principals.items = many;
    made.principals.n = CREDHUB_SSH_PRINCIPALS_MAX;
    assert_int_equal(certify(&made), CREDHUB_OK);
    made.principals.n++;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    made = base;
    made.sources.items = many;
    made.sources.n = CREDHUB_SSH_SOURCES_MAX + 1;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    made = base;
    made.extensions = all;
    made.nextensions = CREDHUB_SSH_EXTENSIONS_MAX;
    assert_int_equal(certify(&made), CREDHUB_OK);
    made.nextensions++;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    made = base;
    twice[0] = twice[1] = all[0];
    made.extensions = twice;
    made.nextensions = 2;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);
    twice[1].name = credhub_null_str;
    assert_int_equal(certify(&made), CREDHUB_E_INTERNAL);

    /* an empty command is none; no end is one */

    made = base;
    made.force_command = credhub_str("");
    made.to = INT64_MAX;
    assert_int_equal(
        credhub_ssh_certify(unit_arena, &made, pair.blob, &pair, &blob),
        CREDHUB_OK);
    assert_int_equal(
        credhub_ssh_certificate(unit_arena, blob, &read), CREDHUB_OK);
    assert_int_equal(read.force_command.len, 0);
    assert_true(read.to == INT64_MAX);
    assert_null(memmem(blob.data, blob.len, "force-command", 13));
    assert_non_null(
        memmem(blob.data, blob.len, "\0\377\377\377\377\377\377\377\377", 9));
}


/* Without memory nothing is said about what was given, up to the signature: why
 * OpenSSL does not take that one, it does not tell. */

static void
test_memory(void **state)
{
    size_t                    i, unknown;
    credhub_str_t             blob;
    credhub_error_e           error;
    credhub_arena_t          *arena;
    credhub_ssh_certificate_t read;

    unit_need_memory_hooks();

    blob = forged(&good, pair.blob);
    unknown = 0;

    for (i = 0, error = CREDHUB_E_INTERNAL; error != CREDHUB_OK; i++) {
        assert_true(i < 200);

        arena = credhub_arena_create(1);
        assert_non_null(arena);

        unit_malloc_left = (long) i;
        error = credhub_ssh_certificate(arena, blob, &read);
        unit_malloc_left = -1;

        credhub_arena_destroy(arena);

        if (error == CREDHUB_E_INTERNAL) {
            assert_int_equal(unknown, i);
            unknown++;
        }
    }

    assert_true(unknown > 8);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_dates_and_type, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_critical, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_texts, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_limits, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_chain, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_not_written, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_memory, unit_setup, unit_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
