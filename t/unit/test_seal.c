
/* The sealed form: its layout, what it is bound to, and every way to break
 * it. */

#include "unit_keyring.h"

#include <limits.h>
#include <sys/wait.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "credhub_seal.h"


#define HEAD   (1 + CREDHUB_FINGERPRINT_SIZE)
#define NONCE  12
#define TAG    16
#define PLAIN  "the secret of /apps/db"
#define SEALED (sizeof(PLAIN) - 1 + CREDHUB_SEAL_OVERHEAD)


static const credhub_place_t place = {
    credhub_string("hub-1"),
    credhub_string("version"),
    credhub_string("secret"),
    credhub_string("0c2e2a9a-3b53"),
    credhub_string("/apps/db"),
};


static int
setup(void **state)
{
    *state = credhub_keyring_create();

    if (*state == NULL) {
        return -1;
    }

    unit_add_key(*state, "k1", 'a', "");

    return 0;
}


static int
teardown(void **state)
{
    credhub_keyring_destroy(*state);

    return 0;
}


static void
seal_plain(credhub_keyring_t *keyring, const credhub_place_t *where,
    u_char out[SEALED])
{
    assert_int_equal(
        credhub_seal(keyring, where, credhub_str(PLAIN), out), CREDHUB_OK);
}


static credhub_error_e
open_sealed(credhub_keyring_t *keyring, const credhub_place_t *where,
    u_char *blob, size_t len)
{
    u_char         *out;
    size_t          i, size;
    credhub_str_t   exact;
    credhub_error_e rc;

    exact = unit_exact((char *) blob, len);
    size = credhub_open_size(exact);
    out = malloc(size + 1);
    memset(out, 0x55, size + 1);

    rc = credhub_open(keyring, where, exact, out);

    assert_int_equal(out[size], 0x55);

    if (rc == CREDHUB_OK) {
        assert_int_equal(size, sizeof(PLAIN) - 1);
        assert_memory_equal(out, PLAIN, size);

    } else {
        /* never a byte of the plain text: untouched, or wiped */

        for (i = 0; i < size; i++) {
            assert_true(out[i] == 0x55 || out[i] == 0);
            assert_int_equal(out[i], out[0]);
        }
    }

    free(out);
    free(exact.data);

    return rc;
}


static void
test_round_trip(void **state)
{
    size_t        i, len;
    u_char       *out, *back;
    credhub_str_t plain, blob;

    static const size_t sizes[] = { 0, 1, 15, 16, 17, 31, 32, 33, 1000, 4096,
        65536, 1 << 20 };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        len = sizes[i];

        plain.len = len;
        plain.data = malloc(len + 1);
        out = malloc(len + CREDHUB_SEAL_OVERHEAD);
        back = malloc(len + 1);

        memset(plain.data, (int) i + 'A', len);

        assert_int_equal(credhub_seal(*state, &place, plain, out), CREDHUB_OK);

        blob.data = out;
        blob.len = len + CREDHUB_SEAL_OVERHEAD;

        assert_int_equal(credhub_open_size(blob), len);
        assert_int_equal(credhub_open(*state, &place, blob, back), CREDHUB_OK);
        assert_memory_equal(back, plain.data, len);

        if (len >= 15) {
            assert_null(memmem(out, blob.len, plain.data, 15));
        }

        free(plain.data);
        free(out);
        free(back);
    }
}


static size_t
add_length(u_char *p, size_t len)
{
    p[0] = (u_char) (len >> 24);
    p[1] = (u_char) (len >> 16);
    p[2] = (u_char) (len >> 8);
    p[3] = (u_char) len;

    return 4;
}


/* Opens with nothing but OpenSSL and the description of the format. */

static void
test_layout(void **state)
{
    int             n;
    u_char          blob[SEALED], aad[256], out[SEALED];
    size_t          i, len;
    EVP_CIPHER_CTX *ctx;

    const credhub_str_t *parts[] = { &place.hub, &place.kind, &place.field,
        &place.record, &place.name };

    seal_plain(*state, &place, blob);

    assert_int_equal(blob[0], 0x01);
    assert_memory_equal(blob + 1, credhub_keyring_fingerprint(*state, 0),
        CREDHUB_FINGERPRINT_SIZE);

    memcpy(aad, blob, HEAD);
    len = HEAD;

    for (i = 0; i < 5; i++) {
        len += add_length(aad + len, parts[i]->len);
    }

    for (i = 0; i < 5; i++) {
        memcpy(aad + len, parts[i]->data, parts[i]->len);
        len += parts[i]->len;
    }

    ctx = EVP_CIPHER_CTX_new();

    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
                         credhub_keyring_subkey(*state, 0, CREDHUB_SUBKEY_SEAL),
                         blob + HEAD),
        1);
    assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, aad, (int) len), 1);
    assert_int_equal(
        EVP_DecryptUpdate(ctx, out, &n, blob + HEAD + NONCE, sizeof(PLAIN) - 1),
        1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(
                         ctx, EVP_CTRL_AEAD_SET_TAG, TAG, blob + SEALED - TAG),
        1);
    assert_int_equal(EVP_DecryptFinal_ex(ctx, out, &n), 1);

    EVP_CIPHER_CTX_free(ctx);

    assert_memory_equal(out, PLAIN, sizeof(PLAIN) - 1);
}


static void
test_every_bit_counts(void **state)
{
    int             bit;
    u_char          blob[SEALED];
    size_t          i;
    credhub_error_e want;

    seal_plain(*state, &place, blob);

    for (i = 0; i < SEALED; i++) {
        want =
            (i >= 1 && i < HEAD) ? CREDHUB_E_KEY_MISSING : CREDHUB_E_INTERNAL;

        for (bit = 0; bit < 8; bit++) {
            blob[i] ^= (u_char) (1 << bit);
            assert_int_equal(open_sealed(*state, &place, blob, SEALED), want);
            blob[i] ^= (u_char) (1 << bit);
        }
    }

    assert_int_equal(open_sealed(*state, &place, blob, SEALED), CREDHUB_OK);
}


static void
test_length_counts(void **state)
{
    u_char        blob[SEALED + 1];
    size_t        len;
    credhub_str_t str;

    seal_plain(*state, &place, blob);
    blob[SEALED] = 0;

    for (len = 0; len < SEALED; len++) {
        assert_int_equal(
            open_sealed(*state, &place, blob, len), CREDHUB_E_INTERNAL);

        str.data = blob;
        str.len = len;

        assert_int_equal(credhub_open_size(str),
            len < CREDHUB_SEAL_OVERHEAD ? 0 : len - CREDHUB_SEAL_OVERHEAD);
    }

    assert_int_equal(
        open_sealed(*state, &place, blob, SEALED + 1), CREDHUB_E_INTERNAL);
}


static void
test_every_part_of_the_place_counts(void **state)
{
    u_char          blob[SEALED];
    size_t          i, k;
    credhub_str_t  *part;
    credhub_place_t moved;

    static const size_t offsets[] = { offsetof(credhub_place_t, hub),
        offsetof(credhub_place_t, kind), offsetof(credhub_place_t, field),
        offsetof(credhub_place_t, record), offsetof(credhub_place_t, name) };

    static const credhub_str_t others[] = {
        credhub_string(""),
        credhub_string("x"),
        credhub_string("hub-2"),
        credhub_string("versioN"),
        credhub_string("params"),
        credhub_string("0c2e2a9a-3b54"),
        credhub_string("/apps/da"),
        credhub_string("/apps/db/"),
        credhub_string("/apps/db\0"),
    };

    seal_plain(*state, &place, blob);

    for (i = 0; i < 5; i++) {
        for (k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
            moved = place;
            part = (credhub_str_t *) ((u_char *) &moved + offsets[i]);
            *part = others[k];

            assert_int_equal(
                open_sealed(*state, &moved, blob, SEALED), CREDHUB_E_INTERNAL);
        }
    }

    assert_int_equal(open_sealed(*state, &place, blob, SEALED), CREDHUB_OK);
}


/* The same bytes in a row, cut at other places. */

static void
test_parts_do_not_flow_together(void **state)
{
    u_char          blob[SEALED], text[] = "abcdefgh/ij";
    size_t          i, k;
    credhub_place_t sealed, moved;
    credhub_str_t  *parts[5] = { &moved.hub, &moved.kind, &moved.field,
         &moved.record, &moved.name };

    for (i = 0; i < 5; i++) {
        parts[i]->data = text + 2 * i;
        parts[i]->len = 2;
    }

    moved.name.len = 3;
    sealed = moved;

    seal_plain(*state, &sealed, blob);
    assert_int_equal(open_sealed(*state, &moved, blob, SEALED), CREDHUB_OK);

    for (i = 0; i < 4; i++) {
        for (k = 0; k < 2; k++) {
            moved = sealed;

            parts[i]->len += (k == 0) ? 1 : (size_t) -1;
            parts[i + 1]->data += (k == 0) ? 1 : -1;
            parts[i + 1]->len -= (k == 0) ? 1 : (size_t) -1;

            assert_int_equal(
                open_sealed(*state, &moved, blob, SEALED), CREDHUB_E_INTERNAL);
        }
    }
}


static void
test_nonces_differ(void **state)
{
    int    i, k;
    u_char blob[SEALED], seen[512][NONCE];

    for (i = 0; i < 512; i++) {
        seal_plain(*state, &place, blob);
        memcpy(seen[i], blob + HEAD, NONCE);

        for (k = 0; k < i; k++) {
            assert_memory_not_equal(seen[i], seen[k], NONCE);
        }
    }
}


static void
test_opening_does_not_disturb_sealing(void **state)
{
    int    i;
    u_char good[SEALED], bad[SEALED];

    for (i = 0; i < 8; i++) {
        seal_plain(*state, &place, good);
        memcpy(bad, good, SEALED);
        bad[SEALED - 1] ^= 1;

        assert_int_equal(
            open_sealed(*state, &place, bad, SEALED), CREDHUB_E_INTERNAL);
        assert_int_equal(open_sealed(*state, &place, good, SEALED), CREDHUB_OK);
    }
}


static void
test_several_keys(void **state)
{
    u_char             first[SEALED], second[SEALED];
    credhub_place_t    where;
    credhub_keyring_t *other;

    where = place;
    where.name = credhub_str("/apps/b/x");

    seal_plain(*state, &where, first);

    /* a key of its own for the subtree: it seals, the old one still opens */

    unit_add_key(*state, "k2", 'b', "/apps/b/*");

    seal_plain(*state, &where, second);

    assert_memory_equal(second + 1, credhub_keyring_fingerprint(*state, 1),
        CREDHUB_FINGERPRINT_SIZE);
    assert_int_equal(open_sealed(*state, &where, first, SEALED), CREDHUB_OK);
    assert_int_equal(open_sealed(*state, &where, second, SEALED), CREDHUB_OK);

    /* a keyring with the second key only */

    other = credhub_keyring_create();
    assert_non_null(other);
    unit_add_key(other, "x", 'b', "/apps/b/*");

    assert_int_equal(
        open_sealed(other, &where, first, SEALED), CREDHUB_E_KEY_MISSING);
    assert_int_equal(open_sealed(other, &where, second, SEALED), CREDHUB_OK);

    credhub_keyring_destroy(other);
}


static void
test_key_must_cover_the_name(void **state)
{
    u_char             blob[SEALED];
    credhub_place_t    where;
    credhub_keyring_t *other;

    where = place;
    where.name = credhub_str("/b/x");

    seal_plain(*state, &where, blob);

    other = credhub_keyring_create();
    assert_non_null(other);
    unit_add_key(other, "x", 'a', "/a/*");

    assert_int_equal(credhub_seal(other, &where, credhub_str(PLAIN), blob),
        CREDHUB_E_KEY_MISSING);
    assert_int_equal(
        open_sealed(other, &where, blob, SEALED), CREDHUB_E_KEY_MISSING);

    /* the same key under a second path */

    unit_add_key(other, "y", 'a', "/b/*");

    assert_int_equal(open_sealed(other, &where, blob, SEALED), CREDHUB_OK);

    credhub_keyring_destroy(other);
}


static void
test_empty_keyring(void **state)
{
    u_char             blob[SEALED];
    credhub_keyring_t *other;

    seal_plain(*state, &place, blob);

    other = credhub_keyring_create();
    assert_non_null(other);

    assert_int_equal(
        open_sealed(other, &place, blob, SEALED), CREDHUB_E_KEY_MISSING);
    assert_int_equal(credhub_seal(other, &place, credhub_str(PLAIN), blob),
        CREDHUB_E_KEY_MISSING);

    credhub_keyring_destroy(other);
}


/* Lengths are refused before a byte is touched. */

static void
test_too_long(void **state)
{
    u_char        blob[CREDHUB_SEAL_OVERHEAD];
    credhub_str_t huge;

    huge.data = blob;
    huge.len = (size_t) INT_MAX - CREDHUB_SEAL_OVERHEAD + 1;

    assert_int_equal(
        credhub_seal(*state, &place, huge, blob), CREDHUB_E_INTERNAL);

    memset(blob, 0, sizeof(blob));
    blob[0] = 0x01;
    memcpy(blob + 1, credhub_keyring_fingerprint(*state, 0),
        CREDHUB_FINGERPRINT_SIZE);

    huge.len = (size_t) INT_MAX + 1;
    assert_int_equal(
        credhub_open(*state, &place, huge, NULL), CREDHUB_E_INTERNAL);
}


static void
test_long_place(void **state)
{
    u_char          record[CREDHUB_PLACE_MAX], blob[SEALED];
    credhub_place_t where;

    memset(record, 'r', sizeof(record));

    where = place;
    where.record.data = record;
    where.record.len = CREDHUB_PLACE_MAX - where.hub.len - where.kind.len
                       - where.field.len - where.name.len;

    assert_int_equal(
        credhub_seal(*state, &where, credhub_str(PLAIN), blob), CREDHUB_OK);
    assert_int_equal(open_sealed(*state, &where, blob, SEALED), CREDHUB_OK);

    record[where.record.len - 1]++;
    assert_int_equal(
        open_sealed(*state, &where, blob, SEALED), CREDHUB_E_INTERNAL);

    where.record.len++;
    assert_int_equal(credhub_seal(*state, &where, credhub_str(PLAIN), blob),
        CREDHUB_E_INTERNAL);

    where.record.len = (size_t) UINT32_MAX + 1;
    assert_int_equal(credhub_seal(*state, &where, credhub_str(PLAIN), blob),
        CREDHUB_E_INTERNAL);
}


static void
test_no_memory_is_taken(void **state)
{
    int           i;
    u_char        blob[SEALED], out[SEALED];
    size_t        before;
    credhub_str_t str;

    unit_need_memory_hooks();

    str.data = blob;
    str.len = SEALED;

    seal_plain(*state, &place, blob);
    assert_int_equal(credhub_open(*state, &place, str, out), CREDHUB_OK);

    before = unit_malloc_calls;

    for (i = 0; i < 100; i++) {
        (void) credhub_seal(*state, &place, credhub_str(PLAIN), blob);
        (void) credhub_open(*state, &place, str, out);
    }

    assert_int_equal(unit_malloc_calls - before, 0);
    assert_memory_equal(out, PLAIN, sizeof(PLAIN) - 1);
}


static void
test_without_memory(void **state)
{
    u_char blob[SEALED];

    unit_need_memory_hooks();

    unit_malloc_left = 0;
    assert_int_equal(credhub_seal(*state, &place, credhub_str(PLAIN), blob),
        CREDHUB_E_INTERNAL);
    unit_malloc_left = -1;

    seal_plain(*state, &place, blob);

    unit_malloc_left = 0;
    assert_int_equal(
        credhub_open(*state, &place, (credhub_str_t){ SEALED, blob }, blob),
        CREDHUB_E_INTERNAL);
    unit_malloc_left = -1;

    assert_int_equal(open_sealed(*state, &place, blob, SEALED), CREDHUB_OK);
}


static void
test_error_queue_is_left_alone(void **state)
{
    u_char blob[SEALED];

    ERR_raise(ERR_LIB_USER, 42);

    seal_plain(*state, &place, blob);
    assert_int_equal(open_sealed(*state, &place, blob, SEALED), CREDHUB_OK);
    blob[SEALED - 1] ^= 1;
    assert_int_equal(
        open_sealed(*state, &place, blob, SEALED), CREDHUB_E_INTERNAL);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);

    assert_int_equal(
        open_sealed(*state, &place, blob, SEALED), CREDHUB_E_INTERNAL);
    assert_int_equal(ERR_get_error(), 0);
}


/* A key that was added before fork() serves parent and child alike. */

static void
test_child_process(void **state)
{
    int    fd[2], status;
    u_char blob[SEALED];
    pid_t  pid;

    assert_int_equal(pipe(fd), 0);

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        status =
            credhub_seal(*state, &place, credhub_str(PLAIN), blob) != CREDHUB_OK
            || write(fd[1], blob, SEALED) != SEALED;

        credhub_keyring_destroy(*state);
        _exit(status);
    }

    assert_int_equal(read(fd[0], blob, SEALED), SEALED);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd[0]);
    close(fd[1]);

    assert_int_equal(open_sealed(*state, &place, blob, SEALED), CREDHUB_OK);
}


#define seal_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        seal_test(test_round_trip),
        seal_test(test_layout),
        seal_test(test_every_bit_counts),
        seal_test(test_length_counts),
        seal_test(test_every_part_of_the_place_counts),
        seal_test(test_parts_do_not_flow_together),
        seal_test(test_nonces_differ),
        seal_test(test_opening_does_not_disturb_sealing),
        seal_test(test_several_keys),
        seal_test(test_key_must_cover_the_name),
        seal_test(test_empty_keyring),
        seal_test(test_too_long),
        seal_test(test_long_place),
        seal_test(test_no_memory_is_taken),
        seal_test(test_without_memory),
        seal_test(test_error_queue_is_left_alone),
        seal_test(test_child_process),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
