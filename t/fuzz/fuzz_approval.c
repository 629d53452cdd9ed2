
/* Certificates, fingerprints and hashes as clients send them, and the texts of
 * what a certificate says. What was approved can be shown. */

#include <openssl/err.h>
#include "credhub_approval.h"
#include "credhub_x509_text.h"
#include "fuzz.h"


static void fuzz_certificate(credhub_arena_t *arena, credhub_str_t der);
static void fuzz_spellings(credhub_arena_t *arena, credhub_str_t text);
static void fuzz_texts(credhub_arena_t *arena, credhub_str_t der);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char        *warning;
    credhub_str_t      text;
    credhub_arena_t   *arena;
    credhub_approval_t approval;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    (void) credhub_approval_certificate(arena, text, text, &approval);
    (void) credhub_approval_fingerprint(arena, text, text, &approval, &warning);

    fuzz_certificate(arena, text);
    fuzz_spellings(arena, text);
    fuzz_texts(arena, text);

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}


static void
fuzz_certificate(credhub_arena_t *arena, credhub_str_t der)
{
    credhub_buf_t      buf;
    credhub_str_t      value;
    credhub_approval_t approval, again;

    if (credhub_approval_der(arena, der, &approval) != CREDHUB_OK) {
        return;
    }

    credhub_buf_init(&buf, arena, 0);
    fuzz_assert(credhub_approval_show(&buf, &approval) == CREDHUB_OK);
    fuzz_assert(
        credhub_json_check(arena, credhub_buf_str(&buf), &value) == CREDHUB_OK);

    credhub_buf_init(&buf, arena, 0);
    fuzz_assert(credhub_approval_offered(&buf, &approval) == CREDHUB_OK);
    fuzz_assert(
        credhub_json_check(arena, credhub_buf_str(&buf), &value) == CREDHUB_OK);

    fuzz_assert(credhub_approval_certificate(
                    arena, credhub_base64(arena, der, 1), approval.hash, &again)
                == CREDHUB_OK);
    fuzz_assert(credhub_str_eq(approval.content, again.content));
}


static void
fuzz_spellings(credhub_arena_t *arena, credhub_str_t text)
{
    size_t        i, k, n;
    credhub_str_t hashes[CREDHUB_APPROVAL_SPELLINGS];

    n = credhub_approval_spellings(arena, text, hashes);

    fuzz_assert(n <= CREDHUB_APPROVAL_SPELLINGS);

    for (i = 0; i < n; i++) {
        fuzz_assert(hashes[i].len != 0);
        fuzz_assert(hashes[i].len <= CREDHUB_APPROVAL_HASH_MAX);
        fuzz_assert(credhub_utf8_valid(hashes[i]));

        for (k = 0; k < i; k++) {
            fuzz_assert(!credhub_str_eq(hashes[i], hashes[k]));
        }
    }
}


static void
fuzz_texts(credhub_arena_t *arena, credhub_str_t der)
{
    size_t        i;
    credhub_buf_t name, key;

    credhub_buf_init(&name, arena, 0);
    credhub_buf_init(&key, arena, 0);

    if (credhub_x509_name_text(&name, der) == 0) {
        fuzz_assert(credhub_utf8_valid(credhub_buf_str(&name)));

        for (i = 0; i < name.len; i++) {
            fuzz_assert(name.data[i] >= 0x20 && name.data[i] != 0x7f);
        }
    }

    if (credhub_x509_key_text(&key, der) == 0) {
        fuzz_assert(credhub_utf8_valid(credhub_buf_str(&key)));
    }
}
