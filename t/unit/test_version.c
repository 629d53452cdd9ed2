
/* How a version is shown, and what it costs. */

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "credhub_json.h"
#include "credhub_version.h"


#define HUB "hub-1"


typedef struct {
    credhub_arena_t   *arena;
    credhub_keyring_t *keyring;
} fixture_t;


static void
add_key(credhub_keyring_t *keyring, char c, const char *path)
{
    int  fd;
    char key[CREDHUB_KEY_SIZE], id[2] = { c, '\0' };
    char file[] = "/tmp/credhub_version_XXXXXX";

    memset(key, c, sizeof(key));

    fd = mkstemp(file);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, key, sizeof(key)), sizeof(key));
    close(fd);

    assert_null(credhub_keyring_add(keyring, id, file, unit_str(path)));
    assert_int_equal(unlink(file), 0);
}


static int
setup(void **state)
{
    fixture_t *f;

    f = calloc(1, sizeof(fixture_t));
    f->arena = credhub_arena_create(4096);
    f->keyring = credhub_keyring_create();
    *state = f;

    if (f->arena == NULL || f->keyring == NULL) {
        return -1;
    }

    add_key(f->keyring, 'k', "");

    return 0;
}


static int
teardown(void **state)
{
    fixture_t *f = *state;

    credhub_keyring_destroy(f->keyring);
    credhub_arena_destroy(f->arena);
    free(f);

    return 0;
}


static credhub_version_t
version_of(const char *type, const char *name)
{
    credhub_version_t version;

    memset(&version, 0, sizeof(version));

    version.id = credhub_str("f0257c56-4e6e-4e4d-8c10-f566b3f78e0f");
    version.credential = credhub_str("11111111-2222-4333-8444-555555555555");
    version.name = unit_str(name);
    version.folded =
        unit_str(strcmp(name, "/Some/Name") == 0 ? "/some/name" : name);
    version.type = unit_str(type);
    version.created = 1549053472999999;

    return version;
}


static void
sign(fixture_t *f, credhub_version_t *version)
{
    version->mac.len = CREDHUB_MAC_SIZE;
    version->mac.data = credhub_arena_bytes(f->arena, CREDHUB_MAC_SIZE);

    assert_int_equal(credhub_version_mac(version, f->keyring, credhub_str(HUB),
                         version->mac.data),
        CREDHUB_OK);
}


static void
seal(fixture_t *f, credhub_version_t *version, const char *secret)
{
    credhub_str_t   plain;
    credhub_place_t place;

    plain = unit_str(secret);
    place =
        credhub_version_place(version, credhub_str(HUB), credhub_str("secret"));

    version->secret.len = plain.len + CREDHUB_SEAL_OVERHEAD;
    version->secret.data = credhub_arena_bytes(f->arena, version->secret.len);

    assert_int_equal(
        credhub_seal(f->keyring, &place, plain, version->secret.data),
        CREDHUB_OK);

    sign(f, version);
}


static void
assert_view(fixture_t *f, const credhub_version_t *version, const char *want)
{
    credhub_buf_t buf;
    credhub_str_t value;

    credhub_buf_init(&buf, f->arena, 0);

    assert_int_equal(
        credhub_version_view(&buf, version, f->keyring, credhub_str(HUB)),
        CREDHUB_OK);
    unit_assert_str(credhub_buf_str(&buf), want);

    assert_true(buf.len <= credhub_version_view_size(version));
    assert_int_equal(
        credhub_json_check(f->arena, credhub_buf_str(&buf), &value),
        CREDHUB_OK);
}


#define VIEW(type, name, metadata, value)                                      \
    "{\"type\":\"" type "\",\"version_created_at\":\"2019-02-01T20:37:52Z\","  \
    "\"id\":\"f0257c56-4e6e-4e4d-8c10-f566b3f78e0f\",\"name\":\"" name         \
    "\",\"metadata\":" metadata ",\"value\":" value "}"


static void
test_place(void **state)
{
    credhub_place_t   place;
    credhub_version_t version;

    version = version_of("value", "/Some/Name");
    place = credhub_version_place(
        &version, credhub_str(HUB), credhub_str("params"));

    unit_assert_str(place.hub, HUB);
    unit_assert_str(place.kind, "version");
    unit_assert_str(place.field, "params");
    unit_assert_str(place.record, "f0257c56-4e6e-4e4d-8c10-f566b3f78e0f");
    unit_assert_str(place.name, "/some/name");
}


static void
test_view(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = version_of("password", "/Some/Name");
    seal(f, &version, "\"a\\u0041\"");

    assert_view(
        f, &version, VIEW("password", "/Some/Name", "null", "\"a\\u0041\""));

    version.metadata = credhub_str("{\"b\":1.0,\"a\":[]}");
    sign(f, &version);

    assert_view(f, &version,
        VIEW("password", "/Some/Name", "{\"b\":1.0,\"a\":[]}", "\"a\\u0041\""));
}


static void
test_view_of_parts(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = version_of("ssh", "/x");
    version.head = credhub_str("{\"public_key\":\"p\",\"private_key\":");
    version.tail = credhub_str(",\"public_key_fingerprint\":null}");
    seal(f, &version, "\"q\"");

    assert_view(f, &version,
        VIEW("ssh", "/x", "null",
            "{\"public_key\":\"p\",\"private_key\":\"q\","
            "\"public_key_fingerprint\":null}"));
}


/* Nothing is sealed, but what stands in clear has its MAC. */

static void
test_view_without_secret(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = version_of("rsa", "/x");
    version.head = credhub_str("{\"public_key\":\"p\",\"private_key\":null}");
    sign(f, &version);

    assert_view(f, &version,
        VIEW("rsa", "/x", "null",
            "{\"public_key\":\"p\",\"private_key\":null}"));
}


#define FACTS                                                                  \
    ",\"expiry_date\":\"2020-02-01T20:37:52Z\","                               \
    "\"certificate_authority\":true,\"self_signed\":true,\"generated\":false"

#define CERTIFICATE(top, ca, tail)                                             \
    "{\"type\":\"certificate\","                                               \
    "\"version_created_at\":\"2019-02-01T20:37:52Z\","                         \
    "\"id\":\"f0257c56-4e6e-4e4d-8c10-f566b3f78e0f\",\"name\":\"/x\","         \
    "\"metadata\":null" top ",\"value\":{\"ca\":" ca                           \
    ",\"certificate\":\"c\",\"private_key\":\"k\"" tail "}}"


static credhub_version_t
certificate(fixture_t *f)
{
    credhub_version_t version;

    version = version_of("certificate", "/x");
    version.head = credhub_str(
        "{\"ca\":\"\\n one \\\"\\n\",\"certificate\":\"c\",\"private_key\":");
    version.tail = credhub_str("}");
    version.facts = credhub_str(FACTS);
    version.signer = credhub_str("/ca");
    version.trusted = credhub_str("two\n\n");
    seal(f, &version, "\"k\"");

    return version;
}


static void
test_certificate(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = certificate(f);

    assert_view(f, &version,
        CERTIFICATE(
            FACTS ",\"transitional\":false", "\"\\n one \\\"\\n\"", ""));

    version.transitional = 1;
    version.extra = credhub_str(",\"duration_used\":1");
    version.concatenate = 1;

    assert_view(f, &version,
        CERTIFICATE(FACTS ",\"transitional\":true,\"duration_used\":1",
            "\"one \\\"\\ntwo\\n\"", ""));

    version = certificate(f);
    version.chain = credhub_str("");

    assert_view(f, &version,
        CERTIFICATE(FACTS ",\"transitional\":false", "\"\\n one \\\"\\n\"",
            ",\"chain\":null"));

    version.chain = credhub_str("\x01\n\x02\n");

    assert_view(f, &version,
        CERTIFICATE(FACTS ",\"transitional\":false", "\"\\n one \\\"\\n\"",
            ",\"chain\":\"\\u0001\\n\\u0002\\n\""));
}


/* Without a private key all of the value is head; without a CA there is
 * nothing to join. */

static void
test_certificate_alone(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = certificate(f);
    version.secret = credhub_null_str;
    version.tail = credhub_null_str;
    version.head =
        credhub_str("{\"ca\":null,\"certificate\":\"c\",\"private_key\":null}");
    version.concatenate = 1;
    version.chain = credhub_str("p");
    sign(f, &version);

    assert_view(f, &version,
        "{\"type\":\"certificate\","
        "\"version_created_at\":\"2019-02-01T20:37:52Z\","
        "\"id\":\"f0257c56-4e6e-4e4d-8c10-f566b3f78e0f\",\"name\":\"/x\","
        "\"metadata\":null" FACTS ",\"transitional\":false,"
        "\"value\":{\"ca\":null,\"certificate\":\"c\",\"private_key\":null,"
        "\"chain\":\"p\"}}");
}


static void
test_value(void **state)
{
    fixture_t        *f = *state;
    credhub_buf_t     buf;
    credhub_version_t version;

    version = version_of("json", "/x");
    version.metadata = credhub_str("1");
    seal(f, &version, "{ \"a\" : 1E2 }");

    credhub_buf_init(&buf, f->arena, 0);
    credhub_buf_lit(&buf, "before ");
    assert_int_equal(
        credhub_version_value(&buf, &version, f->keyring, credhub_str(HUB)),
        CREDHUB_OK);
    credhub_buf_lit(&buf, " behind");
    unit_assert_str(credhub_buf_str(&buf), "before { \"a\" : 1E2 } behind");

    version.head = credhub_str("<");
    version.tail = credhub_str(">");
    sign(f, &version);
    buf.len = 0;
    assert_int_equal(
        credhub_version_value(&buf, &version, f->keyring, credhub_str(HUB)),
        CREDHUB_OK);
    unit_assert_str(credhub_buf_str(&buf), "<{ \"a\" : 1E2 }>");
}


static void
test_dates(void **state)
{
    fixture_t        *f = *state;
    credhub_version_t version;

    version = version_of("value", "/x");
    seal(f, &version, "\"v\"");

    version.created = 1549053472000000;
    assert_view(f, &version, VIEW("value", "/x", "null", "\"v\""));
}


/* No error leaves a byte of the view, and what stood before stays. */

static void
assert_fails(fixture_t *f, const credhub_version_t *version,
    credhub_keyring_t *keyring, const char *hub, credhub_error_e rc)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, f->arena, 512);
    credhub_buf_lit(&buf, "[");

    assert_int_equal(
        credhub_version_view(&buf, version, keyring, unit_str(hub)), rc);
    unit_assert_str(credhub_buf_str(&buf), "[");

    assert_int_equal(
        credhub_version_value(&buf, version, keyring, unit_str(hub)), rc);
    unit_assert_str(credhub_buf_str(&buf), "[");

    assert_int_equal(buf.failed, 0);
}


static void
test_errors(void **state)
{
    fixture_t         *f = *state;
    credhub_version_t  version, moved;
    credhub_keyring_t *other;

    version = version_of("json", "/x");
    version.head = credhub_str("head");
    seal(f, &version, "{\"a\":1}");

    assert_fails(f, &version, f->keyring, "hub-2", CREDHUB_E_INTERNAL);

    moved = version;
    moved.folded = credhub_str("/other/name");
    moved.name = credhub_str("/Other/Name");
    assert_fails(f, &moved, f->keyring, HUB, CREDHUB_E_INTERNAL);

    moved = version;
    moved.id = credhub_str("f0257c56-4e6e-4e4d-8c10-f566b3f78e0e");
    assert_fails(f, &moved, f->keyring, HUB, CREDHUB_E_INTERNAL);

    moved = version;
    moved.secret.len--;
    assert_fails(f, &moved, f->keyring, HUB, CREDHUB_E_INTERNAL);

    moved = version;
    moved.secret.len = CREDHUB_SEAL_OVERHEAD - 1;
    assert_fails(f, &moved, f->keyring, HUB, CREDHUB_E_INTERNAL);

    moved = version;
    moved.secret.len = 1;
    assert_fails(f, &moved, f->keyring, HUB, CREDHUB_E_INTERNAL);

    other = credhub_keyring_create();
    add_key(other, 'o', "");
    assert_fails(f, &version, other, HUB, CREDHUB_E_KEY_MISSING);
    credhub_keyring_destroy(other);

    /* a sealed generation parameter is not a secret part */

    {
        credhub_place_t place;

        place = credhub_version_place(
            &version, credhub_str(HUB), credhub_str("params"));
        assert_int_equal(credhub_seal(f->keyring, &place, credhub_str("{}"),
                             version.secret.data),
            CREDHUB_OK);
        version.secret.len = 2 + CREDHUB_SEAL_OVERHEAD;
        assert_fails(f, &version, f->keyring, HUB, CREDHUB_E_INTERNAL);
    }
}


/* Whoever can write to the store cannot change what a row says in clear. */

static void
test_forged(void **state)
{
    size_t             i;
    fixture_t         *f = *state;
    credhub_version_t  version, forged;
    credhub_keyring_t *other;

    static const struct {
        const char *what;
        size_t      offset;
        const char *value;
    } rows[] = {
        { "type", offsetof(credhub_version_t, type), "rsa" },
        { "metadata", offsetof(credhub_version_t, metadata), "{}" },
        { "no metadata", offsetof(credhub_version_t, metadata), "" },
        { "head", offsetof(credhub_version_t, head), "\"forged\"" },
        { "no head", offsetof(credhub_version_t, head), "" },
        { "tail", offsetof(credhub_version_t, tail), "]" },
        { "no secret", offsetof(credhub_version_t, secret), "" },
        { "name", offsetof(credhub_version_t, name), "/y" },
        { "no MAC", offsetof(credhub_version_t, mac), "" },
        { "short MAC", offsetof(credhub_version_t, mac), "12345678" },
    };

    static const size_t clear[] = { offsetof(credhub_version_t, facts),
        offsetof(credhub_version_t, signer),
        offsetof(credhub_version_t, trusted) };

    version = version_of("json", "/x");
    version.metadata = credhub_str("1");
    version.head = credhub_str("[");
    seal(f, &version, "1");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        forged = version;
        *(credhub_str_t *) ((char *) &forged + rows[i].offset) =
            unit_str(rows[i].value);
        assert_fails(f, &forged, f->keyring, HUB, CREDHUB_E_INTERNAL);
    }

    /* of a certificate more is under the MAC, of another type nothing can be
     * what a certificate has */

    for (i = 0; i < 2 * sizeof(clear) / sizeof(clear[0]); i++) {
        forged = (i % 2) ? certificate(f) : version;
        *(credhub_str_t *) ((char *) &forged + clear[i / 2]) =
            credhub_str(",\"generated\":true");
        assert_fails(f, &forged, f->keyring, HUB, CREDHUB_E_INTERNAL);

        forged = certificate(f);
        *(credhub_str_t *) ((char *) &forged + clear[i / 2]) = credhub_null_str;
        assert_fails(f, &forged, f->keyring, HUB, CREDHUB_E_INTERNAL);
    }

    forged = version;
    forged.mac =
        credhub_arena_copy(f->arena, version.mac.data, version.mac.len);
    forged.mac.data[CREDHUB_MAC_SIZE - 1] ^= 1;
    assert_fails(f, &forged, f->keyring, HUB, CREDHUB_E_INTERNAL);

    other = credhub_keyring_create();
    add_key(other, 'o', "");
    assert_fails(f, &version, other, HUB, CREDHUB_E_KEY_MISSING);
    credhub_keyring_destroy(other);
}


/* The display name comes from the store and might hold anything. */

static void
test_size_is_an_upper_bound(void **state)
{
    fixture_t        *f = *state;
    credhub_buf_t     buf;
    credhub_version_t version;

    static const char *const names[] = { "/x", "\"\\\"\\\"\\",
        "\1\2\3\4\5\6\7\10", "\xff\xfe\xfd\xfc" };
    size_t                   i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        version = version_of("value", names[i]);
        version.id = unit_str(names[i]);
        version.type = unit_str(names[i]);
        version.metadata = credhub_str("{}");
        version.head = credhub_str("[");
        version.tail = credhub_str("]");
        version.created = INT64_MAX;
        seal(f, &version, "\"v\"");

        credhub_buf_init(&buf, f->arena, credhub_version_view_size(&version));
        assert_int_equal(
            credhub_version_view(&buf, &version, f->keyring, credhub_str(HUB)),
            CREDHUB_OK);
        assert_true(buf.len <= credhub_version_view_size(&version));
        assert_int_equal(buf.size, credhub_version_view_size(&version));
    }
}


static void
test_memory_is_bounded(void **state)
{
    int               i;
    size_t            before;
    fixture_t        *f = *state;
    credhub_buf_t     buf;
    credhub_version_t version;

    unit_need_memory_hooks();

    version = version_of("password", "/x");
    seal(f, &version, "\"v\"");

    credhub_buf_init(&buf, f->arena, credhub_version_view_size(&version));
    assert_int_equal(
        credhub_version_view(&buf, &version, f->keyring, credhub_str(HUB)),
        CREDHUB_OK);

    before = unit_malloc_calls;

    for (i = 0; i < 100; i++) {
        buf.len = 0;
        (void) credhub_version_view(
            &buf, &version, f->keyring, credhub_str(HUB));
    }

    /* restarting the HMAC takes two, everything else none */

    assert_true(unit_malloc_calls - before <= 2 * 100);
    unit_assert_str(
        credhub_buf_str(&buf), VIEW("password", "/x", "null", "\"v\""));
}


static void
test_without_memory(void **state)
{
    int               i;
    fixture_t        *f = *state;
    credhub_arena_t  *arena;
    credhub_buf_t     buf;
    credhub_error_e   rc;
    credhub_version_t version;

    unit_need_memory_hooks();

    version = version_of("password", "/x");
    seal(f, &version, "\"v\"");

    for (i = 0, rc = CREDHUB_E_INTERNAL; rc != CREDHUB_OK; i++) {
        arena = credhub_arena_create(0);

        unit_malloc_left = i;
        credhub_buf_init(&buf, arena, 0);
        rc = credhub_version_view(&buf, &version, f->keyring, credhub_str(HUB));
        unit_malloc_left = -1;

        assert_true(rc == CREDHUB_OK || rc == CREDHUB_E_INTERNAL);
        assert_true(rc == CREDHUB_OK || buf.len == 0);
        credhub_arena_destroy(arena);
    }

    assert_int_not_equal(i, 1);
}


#define version_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        version_test(test_place),
        version_test(test_view),
        version_test(test_view_of_parts),
        version_test(test_view_without_secret),
        version_test(test_certificate),
        version_test(test_certificate_alone),
        version_test(test_value),
        version_test(test_dates),
        version_test(test_errors),
        version_test(test_forged),
        version_test(test_size_is_an_upper_bound),
        version_test(test_memory_is_bounded),
        version_test(test_without_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
