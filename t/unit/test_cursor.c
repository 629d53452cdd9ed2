
/* Cursors: their form, what they are bound to, forged ones. */

#include "unit_keyring.h"

#include <openssl/err.h>
#include <openssl/hmac.h>

#include "credhub_cursor.h"
#include "credhub_text.h"


#define BYTES (8 + CREDHUB_FINGERPRINT_SIZE + 32)


static const credhub_str_t hub = credhub_string("hub");
static const credhub_str_t list = credhub_string("connections");


static credhub_error_e
read_at(credhub_str_t of, credhub_str_t where, credhub_str_t cursor,
    int64_t *sequence)
{
    *sequence = 77;

    return credhub_cursor_read(
        unit_arena, unit_keyring, of, where, cursor, sequence);
}


static credhub_str_t
made(int64_t sequence)
{
    credhub_str_t cursor;

    cursor = credhub_cursor(unit_arena, unit_keyring, hub, list, sequence);
    assert_int_equal(cursor.len, BYTES / 3 * 4);

    return cursor;
}


static void
test_there_and_back(void **state)
{
    size_t  i;
    int64_t sequence;

    static const int64_t sequences[] = { 0, 1, 255, 256, 4294967295LL,
        4294967296LL, INT64_MAX, -1, INT64_MIN };

    for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        assert_int_equal(
            read_at(hub, list, made(sequences[i]), &sequence), CREDHUB_OK);
        assert_true(sequence == sequences[i]);
    }
}


/* The bytes themselves, computed another way. */

static void
test_form(void **state)
{
    u_char        want[32];
    credhub_str_t bytes;

    static const char input[] = "\0\0\0\3"
                                "hub"
                                "\0\0\0\13"
                                "connections"
                                "\1\2\3\4\5\6\7\10";

    bytes = credhub_base64url_decode(unit_arena, made(0x0102030405060708LL));
    assert_int_equal(bytes.len, BYTES);

    assert_memory_equal(bytes.data, "\1\2\3\4\5\6\7\10", 8);
    assert_memory_equal(bytes.data + 8,
        credhub_keyring_fingerprint(unit_keyring, 0), CREDHUB_FINGERPRINT_SIZE);

    assert_non_null(HMAC(EVP_sha256(),
        credhub_keyring_subkey(unit_keyring, 0, CREDHUB_SUBKEY_CURSOR),
        CREDHUB_KEY_SIZE, (const u_char *) input, sizeof(input) - 1, want,
        NULL));
    assert_memory_equal(bytes.data + 8 + CREDHUB_FINGERPRINT_SIZE, want, 32);
}


static void
test_elsewhere(void **state)
{
    int64_t       sequence;
    credhub_str_t cursor;

    cursor = made(5);

    assert_int_equal(
        read_at(credhub_str("huc"), list, cursor, &sequence), CREDHUB_E_CURSOR);
    assert_int_equal(
        read_at(hub, credhub_str("destinations"), cursor, &sequence),
        CREDHUB_E_CURSOR);
    assert_int_equal(read_at(credhub_str("hubc"), credhub_str("onnections"),
                         cursor, &sequence),
        CREDHUB_E_CURSOR);
    assert_int_equal(
        read_at(hub, credhub_null_str, cursor, &sequence), CREDHUB_E_CURSOR);
    assert_int_equal(sequence, 77);
}


/* Each bit counts, and every length but one is wrong. */

static void
test_forged(void **state)
{
    size_t        i;
    int64_t       sequence;
    credhub_str_t bytes, cursor, exact;

    bytes = credhub_base64url_decode(unit_arena, made(5));

    for (i = 0; i < BYTES * 8; i++) {
        bytes.data[i / 8] ^= 1 << i % 8;
        cursor = credhub_base64url(unit_arena, bytes);
        assert_int_equal(
            read_at(hub, list, cursor, &sequence), CREDHUB_E_CURSOR);
        bytes.data[i / 8] ^= 1 << i % 8;
    }

    cursor = credhub_base64url(unit_arena, bytes);
    assert_int_equal(read_at(hub, list, cursor, &sequence), CREDHUB_OK);

    for (i = 0; i < cursor.len; i++) {
        exact = unit_exact((char *) cursor.data, i);
        assert_int_equal(
            read_at(hub, list, exact, &sequence), CREDHUB_E_CURSOR);
        free(exact.data);
    }

    for (i = 0; i < cursor.len; i++) {
        exact = unit_exact((char *) cursor.data, cursor.len);
        exact.data[i] = "=+/ \n\xff"[i % 6];
        assert_int_equal(
            read_at(hub, list, exact, &sequence), CREDHUB_E_CURSOR);
        free(exact.data);
    }

    cursor = credhub_arena_copy(unit_arena,
        "eyJza2lwIjoyfQ==eyJza2lwIjoyfQ==eyJza2lwIjoyfQ==eyJza2lwIjoyfQ==A",
        65);
    assert_int_equal(read_at(hub, list, cursor, &sequence), CREDHUB_E_CURSOR);
    assert_int_equal(
        read_at(hub, list, credhub_null_str, &sequence), CREDHUB_E_CURSOR);
    assert_int_equal(ERR_peek_error(), 0);
}


/* A cursor outlives a change of keys as long as its key is there. */

static void
test_keys(void **state)
{
    int64_t            sequence;
    credhub_str_t      cursor;
    credhub_keyring_t *other;

    cursor = made(9);

    other = credhub_keyring_create();
    assert_non_null(other);
    assert_null(credhub_cursor(unit_arena, other, hub, list, 9).data);
    assert_int_equal(
        credhub_cursor_read(unit_arena, other, hub, list, cursor, &sequence),
        CREDHUB_E_CURSOR);

    unit_add_key(other, "c", 'c', "");
    assert_int_equal(
        credhub_cursor_read(unit_arena, other, hub, list, cursor, &sequence),
        CREDHUB_E_CURSOR);

    unit_add_key(other, "old", 'a', "/elsewhere/*");
    assert_int_equal(
        credhub_cursor_read(unit_arena, other, hub, list, cursor, &sequence),
        CREDHUB_OK);
    assert_int_equal(sequence, 9);

    assert_false(credhub_str_eq(
        credhub_cursor(unit_arena, other, hub, list, 9), cursor));

    credhub_keyring_destroy(other);
}


static void
test_memory_runs_out(void **state)
{
    int              round, failed;
    int64_t          sequence;
    credhub_str_t    cursor;
    credhub_arena_t *small;

    unit_need_memory_hooks();

    failed = 1;

    for (round = 0; failed; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        cursor = credhub_cursor(small, unit_keyring, hub, list, 1);
        unit_malloc_left = -1;

        failed = (cursor.data == NULL);
        credhub_arena_destroy(small);
    }

    assert_true(round > 1);

    cursor = made(1);
    failed = 1;

    for (round = 0; failed; round++) {
        small = credhub_arena_create(0);

        unit_malloc_left = round;
        failed = credhub_cursor_read(
                     small, unit_keyring, hub, list, cursor, &sequence)
                 != CREDHUB_OK;
        unit_malloc_left = -1;

        credhub_arena_destroy(small);
    }

    assert_true(round > 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(
        tests, unit_keyring_setup, unit_keyring_teardown);
}
