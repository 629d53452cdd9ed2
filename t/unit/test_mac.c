
/* MACs of rows: what they bind, which keys count, forged ones. */

#include "unit_keyring.h"

#include <openssl/err.h>
#include <openssl/hmac.h>

#include "credhub_mac.h"


static const credhub_place_t place = { credhub_string("hub"),
    credhub_string("permission"), credhub_string("f"), credhub_string("id"),
    credhub_string("/b/c") };
static const credhub_str_t   parts[] = { credhub_string("actor"),
      credhub_string(""), credhub_string("read,write") };


static credhub_str_t
mac_of(
    size_t i, const credhub_place_t *where, const credhub_str_t *list, size_t n)
{
    credhub_str_t mac;

    mac.len = CREDHUB_MAC_SIZE;
    mac.data = credhub_arena_bytes(unit_arena, mac.len);
    memset(mac.data, 0x55, mac.len);

    assert_int_equal(
        credhub_mac(unit_keyring, i, where, list, n, mac.data), CREDHUB_OK);

    return mac;
}


/* The bytes themselves, computed another way: stored rows depend on them. */

static void
test_form(void **state)
{
    u_char        want[32];
    credhub_str_t mac;

    static const char input[] = "\0\0\0\5"
                                "\0\0\0\3"
                                "\0\0\0\12"
                                "\0\0\0\1"
                                "\0\0\0\2"
                                "\0\0\0\4"
                                "hubpermissionfid/b/c"
                                "\0\0\0\3"
                                "\0\0\0\5"
                                "\0\0\0\0"
                                "\0\0\0\12"
                                "actorread,write";

    mac = mac_of(1, &place, parts, 3);

    assert_memory_equal(mac.data, credhub_keyring_fingerprint(unit_keyring, 1),
        CREDHUB_FINGERPRINT_SIZE);
    assert_non_null(HMAC(EVP_sha256(),
        credhub_keyring_subkey(unit_keyring, 1, CREDHUB_SUBKEY_ROW),
        CREDHUB_KEY_SIZE, (const u_char *) input, sizeof(input) - 1, want,
        NULL));
    assert_memory_equal(mac.data + CREDHUB_FINGERPRINT_SIZE, want, 32);
}


static void
test_repeats(void **state)
{
    size_t        i;
    credhub_str_t first, other;

    first = mac_of(0, &place, parts, 3);

    for (i = 0; i < 10; i++) {
        other = mac_of(i % 2, &place, parts, i % 4 < 3 ? i % 4 : 0);
        assert_true(credhub_mac_check(
            unit_keyring, &place, parts, i % 4 < 3 ? i % 4 : 0, other));
        assert_true(credhub_str_eq(mac_of(0, &place, parts, 3), first));
    }
}


static void
test_every_part_counts(void **state)
{
    size_t          i, n;
    credhub_str_t   mac, *field, changed[3];
    credhub_place_t where;

    mac = mac_of(0, &place, parts, 3);
    assert_true(credhub_mac_check(unit_keyring, &place, parts, 3, mac));

    for (i = 0; i < sizeof(place) / sizeof(credhub_str_t); i++) {
        where = place;
        field = (credhub_str_t *) &where + i;
        *field = credhub_str("/b/x");
        assert_false(credhub_mac_check(unit_keyring, &where, parts, 3, mac));
        *field = credhub_null_str;
        assert_false(credhub_mac_check(unit_keyring, &where, parts, 3, mac));
    }

    for (i = 0; i < 3; i++) {
        memcpy(changed, parts, sizeof(parts));
        changed[i] = credhub_str("x");
        assert_false(credhub_mac_check(unit_keyring, &place, changed, 3, mac));
    }

    for (n = 0; n < 3; n++) {
        assert_false(credhub_mac_check(unit_keyring, &place, parts, n, mac));
    }
}


/* Bytes that move from one part to the next, and parts that come or go. */

static void
test_borders_count(void **state)
{
    credhub_str_t   mac;
    credhub_place_t one, two;

    static const credhub_str_t ab_c[] = { credhub_string("ab"),
        credhub_string("c") };
    static const credhub_str_t a_bc[] = { credhub_string("a"),
        credhub_string("bc") };
    static const credhub_str_t abc[] = { credhub_string("abc"),
        credhub_string("") };

    mac = mac_of(0, &place, ab_c, 2);
    assert_false(credhub_mac_check(unit_keyring, &place, a_bc, 2, mac));
    assert_false(credhub_mac_check(unit_keyring, &place, abc, 2, mac));
    assert_false(credhub_mac_check(unit_keyring, &place, abc, 1, mac));

    mac = mac_of(0, &place, abc, 1);
    assert_false(credhub_mac_check(unit_keyring, &place, abc, 2, mac));

    one = place;
    two = place;
    one.hub = credhub_str("hu");
    one.kind = credhub_str("bpermission");
    mac = mac_of(0, &one, parts, 3);
    assert_false(credhub_mac_check(unit_keyring, &two, parts, 3, mac));
}


static void
test_forged(void **state)
{
    size_t        i;
    credhub_str_t mac, exact;

    mac = mac_of(0, &place, parts, 3);

    for (i = 0; i < CREDHUB_MAC_SIZE * 8; i++) {
        mac.data[i / 8] ^= (u_char) (1 << (i % 8));
        assert_false(credhub_mac_check(unit_keyring, &place, parts, 3, mac));
        mac.data[i / 8] ^= (u_char) (1 << (i % 8));
    }

    for (i = 0; i < CREDHUB_MAC_SIZE; i++) {
        exact = unit_exact((char *) mac.data, i);
        assert_false(credhub_mac_check(unit_keyring, &place, parts, 3, exact));
        free(exact.data);
    }

    assert_false(
        credhub_mac_check(unit_keyring, &place, parts, 3, credhub_null_str));
    assert_true(credhub_mac_check(unit_keyring, &place, parts, 3, mac));
}


/* A key of a subtree makes no rows outside of it. */

static void
test_keys(void **state)
{
    credhub_str_t      mac;
    credhub_place_t    outside, root;
    credhub_keyring_t *edge;

    mac = mac_of(1, &place, parts, 3);
    assert_true(credhub_mac_check(unit_keyring, &place, parts, 3, mac));

    outside = place;
    outside.name = credhub_str("/c");
    mac = mac_of(1, &outside, parts, 3);
    assert_false(credhub_mac_check(unit_keyring, &outside, parts, 3, mac));

    root = place;
    root.name = credhub_str("/*");
    mac = mac_of(1, &root, parts, 3);
    assert_false(credhub_mac_check(unit_keyring, &root, parts, 3, mac));
    mac = mac_of(0, &root, parts, 3);
    assert_true(credhub_mac_check(unit_keyring, &root, parts, 3, mac));

    edge = credhub_keyring_create();
    unit_add_key(edge, "b", 'b', "/b/*");
    assert_false(credhub_mac_check(edge, &root, parts, 3, mac));
    mac = mac_of(1, &place, parts, 3);
    assert_true(credhub_mac_check(edge, &place, parts, 3, mac));

    credhub_keyring_wipe(edge);
    assert_false(credhub_mac_check(edge, &place, parts, 3, mac));
    assert_int_equal(
        credhub_mac(edge, 0, &place, parts, 3, mac.data), CREDHUB_E_INTERNAL);
    credhub_keyring_destroy(edge);
}


static void
test_limits(void **state)
{
    size_t        i;
    u_char        out[CREDHUB_MAC_SIZE];
    credhub_str_t many[CREDHUB_MAC_PARTS_MAX + 1];

    for (i = 0; i <= CREDHUB_MAC_PARTS_MAX; i++) {
        many[i] = credhub_str("x");
    }

    assert_int_equal(
        credhub_mac(unit_keyring, 0, &place, many, CREDHUB_MAC_PARTS_MAX, out),
        CREDHUB_OK);
    assert_int_equal(credhub_mac(unit_keyring, 0, &place, many,
                         CREDHUB_MAC_PARTS_MAX + 1, out),
        CREDHUB_E_INTERNAL);
    assert_int_equal(credhub_mac(unit_keyring, 2, &place, parts, 3, out),
        CREDHUB_E_INTERNAL);
}


static void
test_error_queue(void **state)
{
    credhub_str_t mac;

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);

    mac = mac_of(0, &place, parts, 3);
    assert_true(credhub_mac_check(unit_keyring, &place, parts, 3, mac));

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_borders_count),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_error_queue),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(
        tests, unit_keyring_setup, unit_keyring_teardown);
}
