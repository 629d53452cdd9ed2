
/* Sealed values and MACs of rows: only what this key made counts. The key is
 * 32 times "a", and its fingerprint is put where a blob carries it, so that
 * inputs get as far as the cipher. */

#include <unistd.h>
#include "credhub_mac.h"
#include "fuzz.h"


#define FUZZ_PLAIN "fuzz"


static credhub_keyring_t *
fuzz_keyring(void)
{
    int  fd;
    char key[CREDHUB_KEY_SIZE], file[] = "/tmp/credhub_fuzz_XXXXXX";

    static credhub_keyring_t *keyring;

    if (keyring != NULL) {
        return keyring;
    }

    memset(key, 'a', sizeof(key));
    fd = mkstemp(file);
    fuzz_assert(fd != -1 && write(fd, key, sizeof(key)) == sizeof(key));
    (void) close(fd);

    keyring = credhub_keyring_create();
    fuzz_assert(keyring != NULL);
    fuzz_assert(
        credhub_keyring_add(keyring, "k", file, credhub_null_str) == NULL);
    (void) unlink(file);

    return keyring;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char            *out;
    size_t             len;
    credhub_str_t      blob;
    credhub_arena_t   *arena;
    credhub_keyring_t *keyring;

    static const credhub_place_t place = { credhub_string("hub"),
        credhub_string("version"), credhub_string("secret"),
        credhub_string("id"), credhub_string("/name") };

    keyring = fuzz_keyring();
    arena = fuzz_arena();

    blob = credhub_arena_copy(arena, data, size);
    fuzz_assert(blob.data != NULL);

    if (size >= 1 + CREDHUB_FINGERPRINT_SIZE) {
        memcpy(blob.data + 1, credhub_keyring_fingerprint(keyring, 0),
            CREDHUB_FINGERPRINT_SIZE);
    }

    len = credhub_open_size(blob);
    out = credhub_arena_bytes(arena, len + 1);
    fuzz_assert(out != NULL);

    if (credhub_open(keyring, &place, blob, out) == CREDHUB_OK) {
        fuzz_assert(len == sizeof(FUZZ_PLAIN) - 1);
        fuzz_assert(memcmp(out, FUZZ_PLAIN, len) == 0);
    }

    if (blob.len > 1) {
        blob.data++;
        blob.len--;
        fuzz_assert(!credhub_mac_check(keyring, &place, NULL, 0, blob));
    }

    credhub_arena_destroy(arena);

    return 0;
}
