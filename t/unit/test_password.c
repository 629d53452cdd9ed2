
/*
 * Random passwords: classes, lengths, distribution. Hashes: against the C
 * library where it can, and against values of another implementation with a
 * random generator that repeats itself.
 */

#include "unit.h"

#include <crypt.h>
#include <pthread.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "credhub_password.h"


#define SPECIAL "!#$%&()*,-./:;<=>?@[\\]^_`{|}~"
#define ALL     0x0f
#define HASHED  (3 + 8 + 1 + 86)


static const char *const classes[] = { "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", SPECIAL };


static int
setup(void **state)
{
    *state = credhub_arena_create(1024);

    return *state == NULL;
}


static int
teardown(void **state)
{
    credhub_arena_destroy(*state);

    return 0;
}


/* The class of a character; 4 when it has none. */

static int
class_of(u_char c)
{
    int i;

    for (i = 0; i < 4; i++) {
        if (c != '\0' && strchr(classes[i], c) != NULL) {
            return i;
        }
    }

    return 4;
}


static void
test_special_characters(void **state)
{
    size_t i;

    assert_int_equal(strlen(SPECIAL), 29);

    for (i = 0; i < 29; i++) {
        assert_int_equal(class_of((u_char) SPECIAL[i]), 3);
        assert_ptr_equal(strrchr(SPECIAL, SPECIAL[i]), &SPECIAL[i]);
    }
}


static void
test_one_of_each_class(void **state)
{
    int           i, n;
    size_t        k, l;
    unsigned      mask, seen;
    credhub_str_t password;

    static const size_t lengths[] = { 4, 5, 30, 200 };

    for (mask = 1; mask <= ALL; mask++) {
        for (l = 0; l < 4; l++) {
            for (n = 0; n < 20; n++) {
                assert_int_equal(
                    credhub_password(*state, lengths[l], mask, &password),
                    CREDHUB_OK);
                assert_int_equal(password.len, lengths[l]);

                seen = 0;

                for (k = 0; k < password.len; k++) {
                    i = class_of(password.data[k]);
                    assert_int_not_equal(i, 4);
                    seen |= 1u << i;
                }

                assert_int_equal(seen, mask);
            }
        }
    }
}


/*
 * Bounds of eight standard deviations: chance fails less than once in 10^12
 * runs, a missing, doubled or favored character fails always.
 */

static void
assert_near(unsigned got, double draws, double p)
{
    double want, diff;

    want = draws * p;
    diff = (double) got - want;

    assert_true(diff * diff < 64 * want * (1 - p));
}


static void
test_characters_are_equally_likely(void **state)
{
    int              i, k;
    unsigned         counts[256];
    size_t           n, chars;
    credhub_str_t    password;
    credhub_arena_t *arena;

    for (k = 0; k < 4; k++) {
        memset(counts, 0, sizeof(counts));
        arena = credhub_arena_create(200 * 200);

        for (i = 0; i < 200; i++) {
            assert_int_equal(
                credhub_password(arena, 200, 1u << k, &password), CREDHUB_OK);

            for (n = 0; n < 200; n++) {
                counts[password.data[n]]++;
            }
        }

        chars = strlen(classes[k]);

        for (n = 0; n < chars; n++) {
            assert_near(counts[(u_char) classes[k][n]], 200 * 200,
                1.0 / (double) chars);
        }

        credhub_arena_destroy(arena);
    }
}


static void
test_positions_are_equally_likely(void **state)
{
    int              i, k;
    unsigned         counts[4][4];
    credhub_str_t    password;
    credhub_arena_t *arena;

    memset(counts, 0, sizeof(counts));
    arena = credhub_arena_create(8000 * 16);

    for (i = 0; i < 8000; i++) {
        assert_int_equal(
            credhub_password(arena, 4, ALL, &password), CREDHUB_OK);

        for (k = 0; k < 4; k++) {
            counts[k][class_of(password.data[k])]++;
        }
    }

    for (i = 0; i < 16; i++) {
        assert_near(counts[i / 4][i % 4], 8000, 0.25);
    }

    credhub_arena_destroy(arena);
}


static void
test_passwords_differ(void **state)
{
    int           i, k;
    credhub_str_t passwords[64];

    for (i = 0; i < 64; i++) {
        assert_int_equal(
            credhub_password(*state, 30, ALL, &passwords[i]), CREDHUB_OK);

        for (k = 0; k < i; k++) {
            assert_false(credhub_str_eq(passwords[i], passwords[k]));
        }
    }
}


static void
test_limits(void **state)
{
    credhub_str_t password;

    assert_int_equal(
        credhub_password(*state, 30, 0, &password), CREDHUB_E_NO_CHARSET);
    assert_int_equal(
        credhub_password(*state, 30, 0x10, &password), CREDHUB_E_NO_CHARSET);
    assert_int_equal(
        credhub_password(*state, CREDHUB_PASSWORD_MIN - 1, ALL, &password),
        CREDHUB_E_INTERNAL);
    assert_int_equal(
        credhub_password(*state, CREDHUB_PASSWORD_MAX + 1, ALL, &password),
        CREDHUB_E_INTERNAL);
}


/* A generator that gives the bytes of `script` in turn, or fails. */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static const char *script;
static size_t      script_pos;


static int
scripted_bytes(unsigned char *out, int n)
{
    int i;

    if (script == NULL) {
        return 0;
    }

    /* the bytes of a batch are used from its end */

    for (i = n; i > 0; i--) {
        out[i - 1] = (u_char) script[script_pos++];

        if (script[script_pos] == '\0') {
            script_pos = 0;
        }
    }

    return 1;
}


static const RAND_METHOD scripted = { NULL, scripted_bytes, NULL, NULL,
    scripted_bytes, NULL };


static void
random_script(const char *bytes)
{
    script = bytes;
    script_pos = 0;

    assert_int_equal(RAND_set_rand_method(&scripted), 1);
}


static void
random_real(void)
{
    assert_int_equal(RAND_set_rand_method(NULL), 1);
}

#pragma GCC diagnostic pop


/* Of 256 byte values 260 % 26 would favor the first ones: 234 and above are
 * drawn again, so they change nothing. */

static void
test_biased_bytes_are_rejected(void **state)
{
    credhub_str_t plain, noisy;

    random_script("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d");
    assert_int_equal(
        credhub_password(*state, 7, CREDHUB_CHARS_LOWER, &plain), CREDHUB_OK);

    random_script("\xff\x01\xfe\x02\xfd\xff\x03\x04\x05\x06\x07\xfc\x08\x09"
                  "\x0a\x0b\x0c\xff\x0d");
    assert_int_equal(
        credhub_password(*state, 7, CREDHUB_CHARS_LOWER, &noisy), CREDHUB_OK);

    random_real();

    assert_true(credhub_str_eq(plain, noisy));
}


static void
test_generator_fails(void **state)
{
    credhub_str_t out;

    random_script(NULL);

    assert_int_equal(
        credhub_password(*state, 30, ALL, &out), CREDHUB_E_INTERNAL);
    assert_int_equal(
        credhub_password_hash(*state, credhub_str("secret"), NULL, &out),
        CREDHUB_E_INTERNAL);

    random_real();

    assert_int_equal(ERR_peek_error(), 0);
}


static void
test_hash_form(void **state)
{
    size_t        i;
    credhub_str_t first, second;

    assert_int_equal(
        credhub_password_hash(*state, credhub_str("secret"), NULL, &first),
        CREDHUB_OK);
    assert_int_equal(
        credhub_password_hash(*state, credhub_str("secret"), NULL, &second),
        CREDHUB_OK);

    assert_int_equal(first.len, HASHED);
    assert_memory_equal(first.data, "$6$", 3);
    assert_int_equal(first.data[11], '$');

    for (i = 3; i < HASHED; i++) {
        assert_true(class_of(first.data[i]) < 3 || first.data[i] == '.'
                    || first.data[i] == '/' || i == 11);
    }

    assert_memory_not_equal(first.data + 3, second.data + 3, 8);
}


static void
assert_libcrypt_agrees(credhub_arena_t *arena, credhub_str_t password)
{
    char             *want, phrase[512], hash[HASHED + 1];
    credhub_str_t     out;
    struct crypt_data data;

    assert_int_equal(
        credhub_password_hash(arena, password, NULL, &out), CREDHUB_OK);
    assert_int_equal(out.len, HASHED);

    memcpy(phrase, password.data, password.len);
    phrase[password.len] = '\0';
    memcpy(hash, out.data, HASHED);
    hash[HASHED] = '\0';

    memset(&data, 0, sizeof(data));
    want = crypt_r(phrase, hash, &data);

    assert_non_null(want);
    assert_string_equal(hash, want);
}


static void
test_hash_agrees_with_libcrypt(void **state)
{
    size_t        i;
    u_char        bytes[511];
    credhub_str_t password;

    static const size_t lengths[] = { 0, 1, 2, 3, 7, 8, 15, 16, 20, 30, 31, 32,
        33, 63, 64, 65, 79, 127, 128, 129, 200, 255, 256, 300, 511 };

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (u_char) (1 + i * 7 % 255);
    }

    password.data = bytes;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        password.len = lengths[i];
        assert_libcrypt_agrees(*state, password);
    }

    assert_libcrypt_agrees(*state, credhub_str("p\xc3\xa4ssw\xc3\xb6rd"));
}


/* The script makes every character of the salt a dot. */

static void
test_hash_of_long_passwords(void **state)
{
    size_t        i, k;
    u_char        bytes[2000];
    credhub_str_t password, out;

    static const struct {
        size_t      len;
        const char *hash;
    } vectors[] = {
        { 0, "$6$........$sWKgbiiZSgXGWjaMn9tYypjfplSJ9NbJjZccM9ejKZiCAnoWoTFLm"
             "p1Xdo7r058CklQ.l5uTBfbMVvE7xsEPs0" },
        { 511, "$6$........$JDwu2pG4M1Q9oHPbXPIErX8PQus6kz17/SDp0nyi/3UI6/f51Li"
               "EZ0fyms58nCYGvVBgtFHyoW3Ynx8rgkY/D/" },
        { 512, "$6$........$LKvVefbercU9cRui56rthC9pj2SN06TKCRrds9oUA5tIYUKeGAO"
               "iUWJXls/MCLIi8cpUEkUNXOA/wmc7ElsfV/" },
        { 513, "$6$........$pQoIFh.YWJYn5K1anuqPFjhv9YkfUJdDiINNcCaPjO7GeDNMAi3"
               "P6XY0o1Nro848KdEPyIhe8bgjDz6FUVmhr1" },
        { 2000, "$6$........$ZI1RAmMKloIKSishNqtvSGU/GPSPHgCwr3hYGj5RImAikn2CDa"
                "UDsSCZh/kqTBLVAwRigKIcfDrvRcmlQky8o1" },
    };

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (u_char) ('a' + i % 10);
    }

    password.data = bytes;

    for (k = 0; k < sizeof(vectors) / sizeof(vectors[0]); k++) {
        password.len = vectors[k].len;

        random_script("\x40");
        assert_int_equal(
            credhub_password_hash(*state, password, NULL, &out), CREDHUB_OK);
        random_real();

        unit_assert_str(out, vectors[k].hash);
    }
}


static void
test_zero_byte_is_refused(void **state)
{
    credhub_str_t out;

    assert_int_equal(
        credhub_password_hash(*state, credhub_str("a\0b"), NULL, &out),
        CREDHUB_E_BAD_REQUEST);
    assert_int_equal(
        credhub_password_hash(*state, credhub_str("\0"), NULL, &out),
        CREDHUB_E_BAD_REQUEST);
}


static void *
hash_in_thread(void *data)
{
    int              i;
    char             password[16];
    credhub_arena_t *arena;

    arena = credhub_arena_create(4096);
    memset(password, *(char *) data, sizeof(password));

    for (i = 0; i < 4; i++) {
        assert_libcrypt_agrees(
            arena, (credhub_str_t){ sizeof(password), (u_char *) password });
    }

    credhub_arena_destroy(arena);

    return NULL;
}


static void
test_hash_in_threads(void **state)
{
    int       i;
    char      chars[] = "abcd";
    pthread_t threads[4];

    for (i = 0; i < 4; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, hash_in_thread, &chars[i]), 0);
    }

    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}


static void
test_nothing_secret_is_freed(void **state)
{
    credhub_str_t    out;
    credhub_arena_t *arena;

    unit_need_memory_hooks();

    unit_marks_freed = 0;
    unit_mark = "a secret password";

    arena = credhub_arena_create(16);
    assert_int_equal(credhub_password_hash(
                         arena, credhub_str("a secret password"), NULL, &out),
        CREDHUB_OK);
    credhub_arena_destroy(arena);

    unit_mark = NULL;

    assert_int_equal(unit_marks_freed, 0);
}


static void
test_without_memory(void **state)
{
    int              i;
    credhub_str_t    out;
    credhub_error_e  rc;
    credhub_arena_t *arena;

    unit_need_memory_hooks();

    arena = credhub_arena_create(0);
    unit_malloc_left = 0;
    rc = credhub_password(arena, 30, ALL, &out);
    unit_malloc_left = -1;
    assert_int_equal(rc, CREDHUB_E_INTERNAL);
    credhub_arena_destroy(arena);

    for (i = 0, rc = CREDHUB_E_INTERNAL; rc != CREDHUB_OK; i++) {
        arena = credhub_arena_create(0);

        unit_malloc_left = i;
        rc = credhub_password_hash(arena, credhub_str("secret"), NULL, &out);
        unit_malloc_left = -1;

        assert_true(rc == CREDHUB_OK || rc == CREDHUB_E_INTERNAL);
        assert_int_equal(ERR_peek_error(), 0);
        credhub_arena_destroy(arena);
    }

    assert_int_not_equal(i, 1);
}


static void
test_error_queue_is_left_alone(void **state)
{
    credhub_str_t out;

    ERR_raise(ERR_LIB_USER, 42);

    assert_int_equal(credhub_password(*state, 30, ALL, &out), CREDHUB_OK);
    assert_int_equal(
        credhub_password_hash(*state, out, NULL, &out), CREDHUB_OK);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
}


#define password_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        password_test(test_special_characters),
        password_test(test_one_of_each_class),
        password_test(test_characters_are_equally_likely),
        password_test(test_positions_are_equally_likely),
        password_test(test_passwords_differ),
        password_test(test_limits),
        password_test(test_biased_bytes_are_rejected),
        password_test(test_generator_fails),
        password_test(test_hash_form),
        password_test(test_hash_agrees_with_libcrypt),
        password_test(test_hash_of_long_passwords),
        password_test(test_zero_byte_is_refused),
        password_test(test_hash_in_threads),
        password_test(test_nothing_secret_is_freed),
        password_test(test_without_memory),
        password_test(test_error_queue_is_left_alone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
