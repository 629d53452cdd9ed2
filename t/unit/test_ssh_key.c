
/* Keys of SSH, both ways between the hub and ssh-keygen. */

#include "unit_ssh.h"
#include "credhub_text.h"


static const char *const algorithms[] = { "ED25519", "P256", "P384", "P521",
    "RSA2048", "RSA3072", "RSA4096" };

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))


#define OPENSSH_EMPTY                                                          \
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"                                    \
    "-----END OPENSSH PRIVATE KEY-----\n"


static credhub_ssh_pair_t pairs[ALGORITHMS];
static credhub_arena_t   *pairs_arena;


static int
setup(void **state)
{
    size_t i;

    unit_arena = pairs_arena = credhub_arena_create(1024);

    for (i = 0; i < ALGORITHMS; i++) {
        unit_ssh_pair(algorithms[i], &pairs[i]);
    }

    return unit_ssh_setup(state);
}


static int
teardown(void **state)
{
    credhub_arena_destroy(pairs_arena);

    return unit_ssh_teardown(state);
}


static void
test_algorithms(void **state)
{
    size_t                  i;
    credhub_ssh_algorithm_t algorithm;

    for (i = 0; i < ALGORITHMS; i++) {
        unit_assert_str(
            credhub_ssh_algorithm_name(&pairs[i].algorithm), algorithms[i]);
    }

    assert_int_equal(
        credhub_ssh_algorithm(unit_str("ecdsa521"), &algorithm), 0);
    assert_int_equal(algorithm.type, CREDHUB_SSH_P521);
    assert_int_equal(algorithm.bits, 521);

    assert_int_equal(
        credhub_ssh_algorithm(unit_str("RSA1024"), &algorithm), -1);
    assert_int_equal(credhub_ssh_algorithm(unit_str("DSA"), &algorithm), -1);
    assert_int_equal(credhub_ssh_algorithm(unit_str(""), &algorithm), -1);
}


/* ssh-keygen reads every private key, with and without a passphrase, and finds
 * the public key that the hub has. */

static void
test_private(void **state)
{
    size_t        i, j;
    char         *output;
    credhub_str_t text, line, passphrase;

    static const char *const passphrases[] = { "", "a secret 'word'" };

    output = malloc(UNIT_SSH_TEXT);

    for (i = 0; i < ALGORITHMS; i++) {
        line = credhub_ssh_line(unit_arena, pairs[i].blob, credhub_null_str);

        for (j = 0; j < 2; j++) {
            passphrase = unit_str(passphrases[j]);

            assert_int_equal(
                credhub_ssh_private(unit_arena, pairs[i].private_key,
                    unit_str("a comment"), passphrase, &text),
                CREDHUB_OK);

            assert_true(text.data[text.len - 1] == '\n');
            assert_null(memchr(text.data, '\r', text.len));
            unit_ssh_write("key", text);

            assert_int_equal(
                unit_ssh_run(
                    output, "ssh-keygen -y -P \"%s\" -f key", passphrases[j]),
                0);
            assert_memory_equal(output, line.data, line.len);

            assert_int_not_equal(
                unit_ssh_run(output, "ssh-keygen -y -P other -f key"),
                j == 0 ? -1 : 0);
        }
    }

    free(output);
}


static void
test_fingerprints(void **state)
{
    char         *output;
    size_t        i;
    credhub_str_t line, hash;

    output = malloc(UNIT_SSH_TEXT);

    for (i = 0; i < ALGORITHMS; i++) {
        line = credhub_ssh_line(unit_arena, pairs[i].blob, unit_str("me"));
        hash = credhub_ssh_sha256(unit_arena, pairs[i].blob);

        unit_ssh_write("key.pub", line);
        assert_int_equal(unit_ssh_run(output, "ssh-keygen -l -f key.pub"), 0);

        assert_int_equal(hash.len, CREDHUB_SSH_SHA256_LEN);
        assert_memory_equal(strstr(output, "SHA256:") + 7, hash.data, hash.len);
    }

    unit_assert_str(credhub_ssh_sha1(unit_arena, unit_str("abc")),
        "A9993E364706816ABA3E25717850C26C9CD0D89D");

    free(output);
}


static void
refused(credhub_str_t text, const char *passphrase)
{
    credhub_str_t      detail;
    credhub_ssh_pair_t pair;

    assert_int_equal(credhub_ssh_import(unit_arena, text, unit_str(passphrase),
                         &pair, &detail),
        CREDHUB_E_SSH_KEY);
    unit_assert_str(detail,
        "The private key or its passphrase is not valid, or it is of a kind "
        "that is not known. RSA keys are read in PEM only.");
}


/* Keys of ssh-keygen, in every format that it writes. */

static void
test_import(void **state)
{
    char                *output;
    size_t               i, j, k;
    credhub_str_t        text, detail;
    credhub_ssh_pair_t   pair;
    credhub_ssh_public_t key;

    static const char *const types[] = { "ed25519", "ecdsa -b 256",
        "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048" };
    static const char *const formats[] = { "RFC4716", "PEM", "PKCS8" };
    static const char *const passphrases[] = { "", "hidden word" };

    output = malloc(UNIT_SSH_TEXT);

    for (i = 0; i < 5; i++) {
        for (j = 0; j < 3; j++) {
            for (k = 0; k < 2; k++) {
                assert_int_equal(
                    unit_ssh_run(output,
                        "rm -f made made.pub; ssh-keygen -q -t %s -m %s"
                        " -C 'who made it' -N '%s' -f made",
                        types[i], formats[j], passphrases[k]),
                    0);

                assert_int_equal(credhub_ssh_public(unit_arena,
                                     unit_ssh_read("made.pub"), &key, &detail),
                    CREDHUB_OK);
                unit_assert_str(key.comment, "who made it");

                text = unit_ssh_read("made");

                if (key.type == CREDHUB_SSH_RSA && j == 0) {
                    refused(text, passphrases[k]);
                    continue;
                }

                assert_int_equal(credhub_ssh_import(unit_arena, text,
                                     unit_str(passphrases[k]), &pair, &detail),
                    CREDHUB_OK);
                assert_true(credhub_str_eq(pair.blob, key.blob));
                assert_int_equal(pair.algorithm.type, key.type);
                assert_int_equal(pair.algorithm.bits, key.bits);

                if (k != 0) {
                    refused(text, "another");
                    refused(text, "");
                }
            }
        }
    }

    free(output);
}


static void
test_not_imported(void **state)
{
    char              *output;
    size_t             i;
    credhub_str_t      detail, text;
    credhub_ssh_pair_t pair;

    static const char *const texts[] = { "", "key", OPENSSH_EMPTY,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };

    output = malloc(UNIT_SSH_TEXT);

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refused(unit_str(texts[i]), "");
    }

    assert_int_equal(unit_ssh_run(output,
                         "ssh-keygen -q -t rsa -b 1024 -m PEM -N '' -f small"),
        0);
    assert_int_equal(credhub_ssh_import(unit_arena, unit_ssh_read("small"),
                         credhub_null_str, &pair, &detail),
        CREDHUB_E_SSH_KEY);
    unit_assert_str(detail, "An RSA key has to have 2048 to 16384 bits.");

    assert_int_equal(
        unit_ssh_run(output, "openssl genpkey -quiet -algorithm EC -pkeyopt"
                             " ec_paramgen_curve:secp256k1 -out other"),
        0);
    assert_int_equal(credhub_ssh_import(unit_arena, unit_ssh_read("other"),
                         credhub_null_str, &pair, &detail),
        CREDHUB_E_SSH_KEY);

    text.len = 40000;
    text.data = credhub_arena_bytes(unit_arena, text.len);
    memset(text.data, 'a', text.len);
    assert_int_equal(
        credhub_ssh_import(unit_arena, text, credhub_null_str, &pair, &detail),
        CREDHUB_E_SSH_KEY);

    free(output);
}


/* What is not exactly one complete key. */

static void
test_refused(void **state)
{
    size_t               i;
    credhub_str_t        line, detail;
    credhub_ssh_public_t key;

#define ED                                                                     \
    "AAAAC3NzaC1lZDI1NTE5AAAAIJ/xgh6kmyGH6JdjbxO2RfQ5zL4Bjg4n9pM6G1YDgTJB"

    static const struct {
        const char *line;
        const char *why;
    } rows[] = {
        { "", "The public key has to be a type, base64 data and a comment." },
        { "ssh-ed25519",
            "The public key has to be a type, base64 data and a comment." },
        { "ssh-ed25519 ????", "The public key is not base64." },
        { "ssh-ed25519 " ED "!", "The public key is not base64." },
        { "ssh-rsa " ED, "The public key is of another type than it says." },
        { "ssh-ed25519 " ED "\nssh-ed25519 " ED,
            "The public key has to be one line." },
        { "ssh-ed25519 " ED "AA", "There is something behind the public key." },
        { "ssh-ed25519 " ED " \xff",
            "The public key has to be a type, base64 data and a comment." },
        { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/xgh4=",
            "The public key is not complete." },
        { "ssh-dss AAAAB3NzaC1kc3M=", "DSA keys are not accepted." },
        { "ssh-ed25519-cert-v01@openssh.com "
          "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t",
            "This is a certificate, not a public key." },
        { "sk-ssh-ed25519@openssh.com "
          "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t",
            "The type of the public key is not known." },
        { "ssh-ed25519 AAAAAA==", "The type of the public key is not known." },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(credhub_ssh_public(
                             unit_arena, unit_str(rows[i].line), &key, &detail),
            CREDHUB_E_SSH_KEY);
        unit_assert_str(detail, rows[i].why);
    }

    assert_int_equal(
        credhub_ssh_public(unit_arena,
            unit_str(" \tssh-ed25519  " ED "  a comment \r\n"), &key, &detail),
        CREDHUB_OK);
    unit_assert_str(key.comment, "a comment");

    line.len = CREDHUB_SSH_LINE_MAX + 1;
    line.data = credhub_arena_bytes(unit_arena, line.len);
    memset(line.data, 'a', line.len);
    assert_int_equal(
        credhub_ssh_public(unit_arena, line, &key, &detail), CREDHUB_E_SSH_KEY);
    unit_assert_str(detail, "The public key is too long.");

#undef ED
}


/* Cut anywhere, or with a bit changed in what is not free, a blob is none. */

static void
test_damaged(void **state)
{
    size_t               i, n;
    credhub_str_t        blob, detail;
    credhub_ssh_public_t key;

    for (i = 0; i < ALGORITHMS; i++) {
        blob = credhub_arena_copy(
            unit_arena, pairs[i].blob.data, pairs[i].blob.len);

        assert_int_equal(
            credhub_ssh_public_blob(unit_arena, blob, &key, &detail),
            CREDHUB_OK);

        for (n = 0; n < pairs[i].blob.len; n++) {
            blob.len = n;
            assert_int_equal(
                credhub_ssh_public_blob(unit_arena, blob, &key, &detail),
                CREDHUB_E_SSH_KEY);
        }

        blob.len = pairs[i].blob.len;

        for (n = 0; n < 4 + key.word.len; n++) {
            blob.data[n] ^= 1;
            assert_int_equal(
                credhub_ssh_public_blob(unit_arena, blob, &key, &detail),
                CREDHUB_E_SSH_KEY);
            blob.data[n] ^= 1;
        }
    }

    /* a point that is not on P-256 */

    blob =
        credhub_arena_copy(unit_arena, pairs[1].blob.data, pairs[1].blob.len);
    blob.data[blob.len - 1] ^= 1;
    assert_int_equal(credhub_ssh_public_blob(unit_arena, blob, &key, &detail),
        CREDHUB_E_SSH_KEY);
    unit_assert_str(detail, "The public key is not on its curve.");
}


static void
test_signatures(void **state)
{
    size_t               i, n;
    credhub_str_t        signature, data, none, detail;
    credhub_ssh_public_t key;

    data = unit_str("what is signed");
    none = credhub_null_str;

    for (i = 0; i < ALGORITHMS; i++) {
        assert_int_equal(credhub_ssh_sign(unit_arena, pairs[i].private_key,
                             data, &signature),
            CREDHUB_OK);
        assert_int_equal(
            credhub_ssh_verify(unit_arena, pairs[i].blob, data, signature),
            CREDHUB_OK);
        assert_int_equal(credhub_ssh_verify(unit_arena, pairs[i].blob,
                             unit_str("another"), signature),
            CREDHUB_E_SSH_KEY);
        assert_int_equal(credhub_ssh_verify(unit_arena,
                             pairs[(i + 1) % ALGORITHMS].blob, data, signature),
            CREDHUB_E_SSH_KEY);
        assert_int_equal(
            credhub_ssh_verify(unit_arena, pairs[i].blob, data, none),
            CREDHUB_E_SSH_KEY);
        assert_int_equal(credhub_ssh_verify(unit_arena, none, data, signature),
            CREDHUB_E_SSH_KEY);

        for (n = 0; n < signature.len; n++) {
            signature.data[n] ^= 1;
            assert_int_equal(
                credhub_ssh_verify(unit_arena, pairs[i].blob, data, signature),
                CREDHUB_E_SSH_KEY);
            signature.data[n] ^= 1;
        }
    }

    assert_int_equal(credhub_ssh_public_blob(unit_arena, none, &key, &detail),
        CREDHUB_E_SSH_KEY);
    unit_assert_str(detail, "The type of the public key is not known.");
}


/* The same numbers with a needless zero in front are another signature. */

static void
test_signature_form(void **state)
{
    int                  zero, which;
    credhub_buf_t        numbers, again;
    credhub_str_t        signature, data, word, raw, number;
    credhub_ssh_reader_t reader, inner;

    data = unit_str("what is signed");

    assert_int_equal(
        credhub_ssh_sign(unit_arena, pairs[1].private_key, data, &signature),
        CREDHUB_OK);

    credhub_ssh_reader(&reader, signature);
    word = credhub_ssh_string(&reader);
    raw = credhub_ssh_string(&reader);
    unit_assert_str(word, "ecdsa-sha2-nistp256");

    for (zero = 0; zero < 2; zero++) {
        credhub_ssh_reader(&inner, raw);
        credhub_buf_init(&numbers, unit_arena, 0);

        for (which = 0; which < 2; which++) {
            number = credhub_ssh_string(&inner);

            if (zero && which == 0) {
                credhub_ssh_add_uint32(&numbers, (uint32_t) number.len + 1);
                credhub_buf_lit(&numbers, "\0");
                credhub_buf_add_str(&numbers, number);

            } else {
                credhub_ssh_add_string(&numbers, number);
            }
        }

        credhub_buf_init(&again, unit_arena, 0);
        credhub_ssh_add_string(&again, word);
        credhub_ssh_add_string(&again, credhub_buf_str(&numbers));

        assert_int_equal(credhub_ssh_verify(unit_arena, pairs[1].blob, data,
                             credhub_buf_str(&again)),
            zero ? CREDHUB_E_SSH_KEY : CREDHUB_OK);
    }
}


static void
test_cancel(void **state)
{
    atomic_int              cancel;
    credhub_ssh_pair_t      pair;
    credhub_ssh_algorithm_t algorithm = { CREDHUB_SSH_RSA, 4096 };

    atomic_init(&cancel, 1);

    assert_int_equal(
        credhub_ssh_generate(unit_arena, &algorithm, &cancel, &pair),
        CREDHUB_E_INTERNAL);
}


static void
test_wire(void **state)
{
    credhub_buf_t        buf;
    credhub_str_t        str;
    credhub_ssh_reader_t reader;

    static const u_char zeros[] = { 0, 0, 0 };
    static const u_char high[] = { 0, 0x80, 1 };
    static const u_char wire[] = { 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0,
        2, 'h', 'i', 0, 0, 0, 0, 0, 0, 0, 3, 0, 0x80, 1 };

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_ssh_add_uint32(&buf, 0x01020304);
    credhub_ssh_add_uint64(&buf, 9);
    credhub_ssh_add_string(&buf, unit_str("hi"));
    credhub_ssh_add_mpint(
        &buf, (credhub_str_t){ sizeof(zeros), (u_char *) zeros });
    credhub_ssh_add_mpint(
        &buf, (credhub_str_t){ sizeof(high), (u_char *) high });

    assert_int_equal(buf.len, sizeof(wire));
    assert_memory_equal(buf.data, wire, sizeof(wire));

    credhub_ssh_reader(&reader, credhub_buf_str(&buf));
    assert_int_equal(credhub_ssh_uint32(&reader), 0x01020304);
    assert_int_equal(credhub_ssh_uint64(&reader), 9);
    unit_assert_str(credhub_ssh_string(&reader), "hi");
    assert_int_equal(credhub_ssh_string(&reader).len, 0);
    assert_false(credhub_ssh_ended(&reader));
    str = credhub_ssh_string(&reader);
    assert_int_equal(str.len, 3);
    assert_true(credhub_ssh_ended(&reader));

    assert_int_equal(credhub_ssh_uint32(&reader), 0);
    assert_false(credhub_ssh_ended(&reader));
    assert_int_equal(credhub_ssh_string(&reader).len, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_algorithms, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_private, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_fingerprints, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_import, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_not_imported, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_refused, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_damaged, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_signatures, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(
            test_signature_form, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_cancel, unit_setup, unit_teardown),
        cmocka_unit_test_setup_teardown(test_wire, unit_setup, unit_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
