
/* Key files, derived keys, choice of keys, and where the secrets lie. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "credhub_keyring.h"


#define RAW     "0123456789abcdefghijklmnopqrstuv"
#define BASE64  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CONTENT "file holds neither 32 bytes nor 44 characters of base64"


static char dir[64];
static char file[128];


static int
setup_dir(void **state)
{
    strcpy(dir, "/tmp/credhub_keyring_XXXXXX");

    if (mkdtemp(dir) == NULL) {
        return -1;
    }

    snprintf(file, sizeof(file), "%s/key", dir);

    return 0;
}


static int
teardown_dir(void **state)
{
    (void) unlink(file);

    return rmdir(dir);
}


static int
setup(void **state)
{
    *state = credhub_keyring_create();

    return *state == NULL;
}


static int
teardown(void **state)
{
    credhub_keyring_destroy(*state);

    return 0;
}


static void
write_key(const void *data, size_t len)
{
    int fd;

    (void) unlink(file);

    fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, data, len), len);
    assert_int_equal(close(fd), 0);
}


/* A key whose 32 bytes are all `c`. */

static void
add_key(credhub_keyring_t *keyring, const char *id, char c, const char *path)
{
    char key[CREDHUB_KEY_SIZE];

    memset(key, c, sizeof(key));
    write_key(key, sizeof(key));

    assert_null(credhub_keyring_add(keyring, id, file, unit_str(path)));
}


static void
assert_refused(credhub_keyring_t *keyring, const char *id, const char *path,
    const char *text, int err)
{
    size_t      n;
    const char *error;

    n = credhub_keyring_count(keyring);

    errno = EDOM;
    error = credhub_keyring_add(keyring, id, file, unit_str(path));

    assert_non_null(error);
    assert_string_equal(error, text);
    assert_int_equal(errno, err);
    assert_int_equal(credhub_keyring_count(keyring), n);
}


static void
assert_hex(const u_char *data, size_t len, const char *hex)
{
    char   text[2 * CREDHUB_KEY_SIZE + 1];
    size_t i;

    for (i = 0; i < len; i++) {
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    }

    assert_string_equal(text, hex);
}


/* The reference values were computed by another implementation of HKDF. */

static void
test_derived_keys(void **state)
{
    size_t i;
    u_char key[CREDHUB_KEY_SIZE];

    static const char *const subkeys[CREDHUB_SUBKEYS] = {
        [CREDHUB_SUBKEY_SEAL] = "abe2e03dc6685a7401004be706ebfc48"
                                "afe14ee07c9f9aabf8fb5bdd39ae57f4",
        [CREDHUB_SUBKEY_ROW] = "280d8c7edad243e407bad33c8adc03f2"
                               "8b19a8f252b2272e0fdee5688d94d9f8",
        [CREDHUB_SUBKEY_CURSOR] = "19fabfecdc83898399258fc8ae98e96e"
                                  "9250ca4b9dc11f9055da0e2b97a1048a",
        [CREDHUB_SUBKEY_TOKEN] = "cc4981cd8dea284f5092e91e6bb12f3c"
                                 "3c54dcac58840eef7f91934b684cb1f7",
    };

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (u_char) i;
    }

    write_key(key, sizeof(key));
    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));

    assert_hex(credhub_keyring_fingerprint(*state, 0), CREDHUB_FINGERPRINT_SIZE,
        "cb0bdedf1bce2562");

    for (i = 0; i < CREDHUB_SUBKEYS; i++) {
        assert_hex(
            credhub_keyring_subkey(*state, 0, i), CREDHUB_KEY_SIZE, subkeys[i]);
    }
}


static void
test_base64_is_the_same_key(void **state)
{
    write_key(BASE64, 44);
    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));

    write_key(BASE64 "\n", 45);
    assert_null(credhub_keyring_add(*state, "k2", file, credhub_str("/a/*")));

    assert_hex(credhub_keyring_fingerprint(*state, 0), CREDHUB_FINGERPRINT_SIZE,
        "cb0bdedf1bce2562");
    assert_memory_equal(credhub_keyring_fingerprint(*state, 0),
        credhub_keyring_fingerprint(*state, 1), CREDHUB_FINGERPRINT_SIZE);
    assert_memory_equal(credhub_keyring_subkey(*state, 0, CREDHUB_SUBKEY_ROW),
        credhub_keyring_subkey(*state, 1, CREDHUB_SUBKEY_ROW),
        CREDHUB_KEY_SIZE);
}


static void
test_content(void **state)
{
    size_t i;
    char   data[100];

    static const char *const bad[] = {
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", /* no padding */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",  /* spare bits */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",  /* 31 bytes */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A",  /* 33 bytes */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH=8=",  /* padding inside */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_-8=",  /* base64url */
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX GBkaGxwdHh8",  /* a space */
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", /* in front */
        BASE64 " ", BASE64 "\r", BASE64 "\r\n", BASE64 "\n\n", RAW "\n"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_key(bad[i], strlen(bad[i]));
        assert_refused(*state, "k1", "", CONTENT, 0);
    }

    memset(data, 'A', sizeof(data));

    for (i = 0; i <= sizeof(data); i++) {
        write_key(data, i);

        if (i == CREDHUB_KEY_SIZE) {
            continue;
        }

        assert_refused(*state, "k1", "", CONTENT, 0);
    }
}


static void
test_raw_key_may_hold_any_byte(void **state)
{
    add_key(*state, "zero", '\0', "");
    add_key(*state, "line", '\n', "/a/*");
    add_key(*state, "high", '\xff', "/b/*");

    assert_int_equal(credhub_keyring_count(*state), 3);
}


static void
test_missing_file(void **state)
{
    (void) unlink(file);

    assert_refused(*state, "k1", "", "cannot open file", ENOENT);
}


static void
test_symlink(void **state)
{
    char target[160];

    snprintf(target, sizeof(target), "%s/target", dir);

    write_key(RAW, 32);
    assert_int_equal(rename(file, target), 0);
    assert_int_equal(symlink(target, file), 0);

    assert_refused(*state, "k1", "", "cannot open file", ELOOP);

    assert_int_equal(unlink(target), 0);
}


static void
test_not_a_regular_file(void **state)
{
    (void) unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_refused(*state, "k1", "", "file is not a regular file", 0);
    assert_int_equal(unlink(file), 0);

    assert_int_equal(mkdir(file, 0700), 0);
    assert_refused(*state, "k1", "", "file is not a regular file", 0);
    assert_int_equal(rmdir(file), 0);
}


static void
test_permissions(void **state)
{
    int bit;

    write_key(RAW, 32);

    for (bit = 01; bit <= 040; bit <<= 1) {
        assert_int_equal(chmod(file, 0600 | bit), 0);
        assert_refused(
            *state, "k1", "", "file has permissions for group or others", 0);
    }

    assert_int_equal(chmod(file, 0400), 0);
    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));
}


static void
test_owner(void **state)
{
    if (geteuid() != 0) {
        unit_skip("only root gives files away");
    }

    write_key(RAW, 32);
    assert_int_equal(chown(file, 65534, 0), 0);
    assert_refused(*state, "k1", "", "file is owned by another user", 0);

    /* its owner may use it */

    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));
    assert_int_equal(seteuid(0), 0);
}


static void
test_id(void **state)
{
    size_t i;
    char   id[CREDHUB_KEY_ID_MAX + 2];

    static const char *const bad[] = { "", "a b", "a/b", "a:b", "\n",
        "k\xc3\xa4", "a*", "k1\r" };

    write_key(RAW, 32);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(*state, bad[i], "", "invalid key id", 0);
    }

    memset(id, 'x', sizeof(id));
    id[CREDHUB_KEY_ID_MAX + 1] = '\0';
    assert_refused(*state, id, "", "invalid key id", 0);

    id[CREDHUB_KEY_ID_MAX] = '\0';
    add_key(*state, id, 'a', "");
    add_key(*state, "Az09_.-", 'b', "");
}


static void
test_duplicates(void **state)
{
    add_key(*state, "k1", 'a', "/a/*");
    add_key(*state, "K1", 'b', "/a/*");

    assert_refused(*state, "k1", "/c/*", "duplicate key id", 0);
    assert_refused(*state, "k2", "/a/*", "duplicate key", 0);

    add_key(*state, "k2", 'b', "/c/*");
    add_key(*state, "k3", 'b', "");

    assert_refused(*state, "k4", "", "duplicate key", 0);
    assert_refused(*state, "k4", "/*", "duplicate key", 0);

    assert_int_equal(credhub_keyring_count(*state), 4);
}


static void
test_path(void **state)
{
    size_t i;

    static const char *const bad[] = { "/a", "a/*", "*", "/a*", "/a/", "/a/**",
        "/*/a", "/a//*" };

    write_key(RAW, 32);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(*state, "k1", bad[i],
            "invalid path of a key, it must end in \"/*\"", 0);
    }
}


static void
test_number_of_keys(void **state)
{
    int  i;
    char id[16];

    for (i = 0; i < CREDHUB_KEYS_MAX; i++) {
        snprintf(id, sizeof(id), "k%d", i);
        add_key(*state, id, (char) i, "");
        assert_int_equal(credhub_keyring_count(*state), i + 1);
    }

    assert_refused(*state, "k64", "", "too many keys", 0);

    for (i = 0; i < CREDHUB_KEYS_MAX; i++) {
        assert_int_equal(credhub_keyring_find(
                             *state, credhub_keyring_fingerprint(*state, i)),
            i);
    }
}


static void
test_key_for_a_name(void **state)
{
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a")), -1);

    add_key(*state, "k0", 'a', "/a/*");
    add_key(*state, "k1", 'b', "/a/b/*");
    add_key(*state, "k2", 'c', "/a/*");

    assert_int_equal(credhub_keyring_for(*state, credhub_str("/b")), -1);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a")), -1);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/ab")), -1);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a/b")), 0);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a/b/c")), 1);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a/bc")), 0);

    add_key(*state, "k3", 'd', "");
    add_key(*state, "k4", 'e', "/*");

    assert_int_equal(credhub_keyring_for(*state, credhub_str("/b")), 3);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a/b/c")), 1);
}


static void
test_find_and_opener(void **state)
{
    u_char        fingerprint[CREDHUB_FINGERPRINT_SIZE];
    const u_char *second;

    add_key(*state, "k0", 'a', "/a/*");
    add_key(*state, "k1", 'b', "/a/*");
    add_key(*state, "k2", 'b', "/b/*");

    second = credhub_keyring_fingerprint(*state, 1);

    assert_int_equal(credhub_keyring_find(*state, second), 1);
    assert_int_equal(
        credhub_keyring_opener(*state, second, credhub_str("/a/x")), 1);
    assert_int_equal(
        credhub_keyring_opener(*state, second, credhub_str("/b/x")), 2);
    assert_int_equal(
        credhub_keyring_opener(*state, second, credhub_str("/c/x")), -1);

    memcpy(fingerprint, second, sizeof(fingerprint));
    fingerprint[CREDHUB_FINGERPRINT_SIZE - 1] ^= 1;

    assert_int_equal(credhub_keyring_find(*state, fingerprint), -1);
    assert_int_equal(
        credhub_keyring_opener(*state, fingerprint, credhub_str("/a/x")), -1);
}


static void
test_state(void **state)
{
    const u_char *first, *second;

    first = credhub_keyring_fingerprint(*state, 0);
    second = credhub_keyring_fingerprint(*state, 1);

    add_key(*state, "k0", 'a', "/a/*");
    assert_int_equal(credhub_keyring_state(*state, first), 1);

    add_key(*state, "k1", 'b', "/a/*");
    assert_int_equal(credhub_keyring_state(*state, first), 1);
    assert_int_equal(credhub_keyring_state(*state, second), 0);

    /* the first of another path */

    add_key(*state, "k2", 'b', "");
    assert_int_equal(credhub_keyring_state(*state, second), 1);

    assert_int_equal(
        credhub_keyring_state(*state, (const u_char *) "unknown!"), -1);
}


static void
test_subkeys_differ(void **state)
{
    size_t        i, k;
    const u_char *keys[2 * CREDHUB_SUBKEYS];

    add_key(*state, "k0", 'a', "");
    add_key(*state, "k1", 'b', "");

    for (i = 0; i < 2 * CREDHUB_SUBKEYS; i++) {
        keys[i] = credhub_keyring_subkey(
            *state, i / CREDHUB_SUBKEYS, i % CREDHUB_SUBKEYS);

        for (k = 0; k < i; k++) {
            assert_memory_not_equal(keys[i], keys[k], CREDHUB_KEY_SIZE);
        }
    }
}


/* Bounds and flags of the mapping around `p`. */

static int
find_mapping(const void *p, u_char **start, u_char **last, char flags[256])
{
    int           found;
    FILE         *maps;
    char          line[512];
    unsigned long from, to;

    maps = fopen("/proc/self/smaps", "r");
    if (maps == NULL) {
        return 0;
    }

    found = 0;

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            found = ((unsigned long) p >= from && (unsigned long) p < to);

            if (found) {
                *start = (u_char *) from;
                *last = (u_char *) to;
            }
        }

        if (found && sscanf(line, "VmFlags: %255[^\n]", flags) == 1) {
            break;
        }

        found = found && strncmp(line, "VmFlags:", 8) != 0;
    }

    fclose(maps);

    return found;
}


static void
test_mapping_is_locked_and_not_dumped(void **state)
{
    char    flags[256];
    u_char *start, *last;

    add_key(*state, "k1", 'a', "");

    if (!find_mapping(
            credhub_keyring_subkey(*state, 0, 0), &start, &last, flags)) {
        unit_skip("no /proc/self/smaps");
    }

    assert_non_null(strstr(flags, "dd"));

#ifndef UNIT_ASAN /* which makes mlock() do nothing */

    if (credhub_keyring_lock(*state) == 0) {
        assert_true(find_mapping(
            credhub_keyring_subkey(*state, 0, 0), &start, &last, flags));
        assert_non_null(strstr(flags, "lo"));
    }

#endif
}


static void
test_key_itself_is_forgotten(void **state)
{
    char         flags[256], base64[45];
    u_char      *start, *last;
    const u_char subkey[] = { 0xab, 0xe2, 0xe0, 0x3d, 0xc6, 0x68, 0x5a, 0x74 };

    write_key(RAW, 32);
    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));

    strcpy(base64, BASE64);
    write_key(base64, 44);
    assert_null(credhub_keyring_add(*state, "k2", file, credhub_null_str));

    if (!find_mapping(
            credhub_keyring_subkey(*state, 0, 0), &start, &last, flags)) {
        unit_skip("no /proc/self/smaps");
    }

    /* the search works: a subkey is found where it belongs */

    assert_ptr_equal(memmem(start, last - start, subkey, sizeof(subkey)),
        credhub_keyring_subkey(*state, 1, CREDHUB_SUBKEY_SEAL));

    assert_null(memmem(start, last - start, RAW, 8));
    assert_null(memmem(start, last - start, BASE64, 8));
    assert_null(memmem(start, last - start, "\4\5\6\7\10\11\12\13", 8));
}


static void
test_refused_key_leaves_nothing(void **state)
{
    add_key(*state, "k1", 'a', "");
    assert_refused(*state, "k2", "", "duplicate key", 0);

    assert_int_equal(credhub_keyring_subkey(*state, 1, 0)[0], 0);
    assert_memory_equal(credhub_keyring_subkey(*state, 1, 0),
        credhub_keyring_subkey(*state, 1, 0) + 1,
        CREDHUB_SUBKEYS * CREDHUB_KEY_SIZE - 1);
}


static void
test_nothing_secret_is_freed(void **state)
{
    unit_need_memory_hooks();

    write_key(RAW, 32);

    unit_marks_freed = 0;
    unit_mark = "0123456789abcdef";

    assert_null(credhub_keyring_add(*state, "k1", file, credhub_null_str));
    assert_non_null(credhub_keyring_cipher(*state, 0, 1));

    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 0);
}


static void
test_without_memory(void **state)
{
    int                i, created;
    credhub_keyring_t *keyring;
    EVP_CIPHER_CTX    *ctx;

    unit_need_memory_hooks();

    write_key(RAW, 32);

    for (i = 0, created = 0; !created; i++) {
        unit_malloc_left = i;
        keyring = credhub_keyring_create();
        unit_malloc_left = -1;

        created = (keyring != NULL);
        credhub_keyring_destroy(keyring);
    }

    assert_int_not_equal(i, 1);

    /* one refusal after the other, until there is enough */

    for (i = 0; credhub_keyring_count(*state) == 0; i++) {
        unit_malloc_left = i;
        (void) credhub_keyring_add(*state, "k1", file, credhub_null_str);
        unit_malloc_left = -1;

        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_int_not_equal(i, 1);

    for (i = 0, ctx = NULL; ctx == NULL; i++) {
        unit_malloc_left = i;
        ctx = credhub_keyring_cipher(*state, 0, 1);
        unit_malloc_left = -1;

        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_int_not_equal(i, 1);
}


static void
test_cipher_is_kept(void **state)
{
    EVP_CIPHER_CTX *seal, *open;

    add_key(*state, "k1", 'a', "");
    add_key(*state, "k2", 'b', "");

    seal = credhub_keyring_cipher(*state, 0, 1);
    open = credhub_keyring_cipher(*state, 0, 0);

    assert_non_null(seal);
    assert_non_null(open);
    assert_ptr_not_equal(seal, open);
    assert_ptr_equal(credhub_keyring_cipher(*state, 0, 1), seal);
    assert_ptr_equal(credhub_keyring_cipher(*state, 0, 0), open);
    assert_ptr_not_equal(credhub_keyring_cipher(*state, 1, 1), seal);
    assert_true(EVP_CIPHER_CTX_is_encrypting(seal));
    assert_false(EVP_CIPHER_CTX_is_encrypting(open));
}


static void
test_error_queue_is_left_alone(void **state)
{
    add_key(*state, "k1", 'a', "");
    assert_int_equal(ERR_peek_error(), 0);

    ERR_raise(ERR_LIB_USER, 42);

    add_key(*state, "k2", 'b', "");
    assert_refused(*state, "k3", "", "duplicate key", 0);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
}


static void
test_child_process(void **state)
{
    int    status;
    u_char subkey[CREDHUB_KEY_SIZE];
    pid_t  pid;

    add_key(*state, "k1", 'a', "");
    memcpy(subkey, credhub_keyring_subkey(*state, 0, 0), sizeof(subkey));

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        status = (credhub_keyring_lock(*state) != 0 && errno != ENOMEM
                     && errno != EPERM)
                 || memcmp(subkey, credhub_keyring_subkey(*state, 0, 0),
                        sizeof(subkey))
                        != 0
                 || credhub_keyring_cipher(*state, 0, 0) == NULL;

        credhub_keyring_destroy(*state);
        _exit(status);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);

    assert_memory_equal(
        subkey, credhub_keyring_subkey(*state, 0, 0), sizeof(subkey));
}


static void
test_wipe(void **state)
{
    u_char        fingerprint[CREDHUB_FINGERPRINT_SIZE];
    const u_char *subkey;

    add_key(*state, "k1", 'a', "");
    subkey = credhub_keyring_subkey(*state, 0, CREDHUB_SUBKEY_SEAL);
    memcpy(fingerprint, credhub_keyring_fingerprint(*state, 0),
        sizeof(fingerprint));
    assert_non_null(credhub_keyring_cipher(*state, 0, 1));
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a")), 0);

    credhub_keyring_wipe(*state);

    assert_int_equal(subkey[0], 0);
    assert_memory_equal(subkey, subkey + 1, CREDHUB_KEY_SIZE - 1);

    assert_int_equal(credhub_keyring_count(*state), 0);
    assert_int_equal(credhub_keyring_for(*state, credhub_str("/a")), -1);
    assert_int_equal(credhub_keyring_find(*state, fingerprint), -1);
    assert_int_equal(
        credhub_keyring_opener(*state, fingerprint, credhub_str("/a")), -1);
}


static void
test_destroy_null(void **state)
{
    credhub_keyring_destroy(NULL);
}


#define keyring_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        keyring_test(test_derived_keys),
        keyring_test(test_base64_is_the_same_key),
        keyring_test(test_content),
        keyring_test(test_raw_key_may_hold_any_byte),
        keyring_test(test_missing_file),
        keyring_test(test_symlink),
        keyring_test(test_not_a_regular_file),
        keyring_test(test_permissions),
        keyring_test(test_owner),
        keyring_test(test_id),
        keyring_test(test_duplicates),
        keyring_test(test_path),
        keyring_test(test_number_of_keys),
        keyring_test(test_key_for_a_name),
        keyring_test(test_find_and_opener),
        keyring_test(test_state),
        keyring_test(test_subkeys_differ),
        keyring_test(test_mapping_is_locked_and_not_dumped),
        keyring_test(test_key_itself_is_forgotten),
        keyring_test(test_refused_key_leaves_nothing),
        keyring_test(test_nothing_secret_is_freed),
        keyring_test(test_without_memory),
        keyring_test(test_cipher_is_kept),
        keyring_test(test_error_queue_is_left_alone),
        keyring_test(test_child_process),
        keyring_test(test_wipe),
        cmocka_unit_test(test_destroy_null),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_dir, teardown_dir);
}
