
/*
 * Chains that a peer sends. The input is how many certificates are approved
 * (one byte), then certificates with two bytes of length before each. Nothing
 * is trusted but by one that was approved.
 */

#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_trust.h"
#include "fuzz.h"


#define FUZZ_NOW          1800000000
#define FUZZ_CERTIFICATES 12


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             i, n, approved, len;
    u_char             hash[32], sum[32];
    const char        *reason;
    credhub_str_t      list[FUZZ_CERTIFICATES];
    credhub_anchors_t *anchors;

    if (size == 0) {
        return 0;
    }

    approved = *data++ % 4;
    size--;

    for (n = 0; n < FUZZ_CERTIFICATES && size >= 2; n++) {
        len = (size_t) data[0] << 8 | data[1];
        data += 2;
        size -= 2;

        if (len > size) {
            len = size;
        }

        list[n] = fuzz_str(data, len);
        data += len;
        size -= len;
    }

    if (approved > n) {
        approved = n;
    }

    anchors = credhub_anchors_create();
    fuzz_assert(anchors != NULL);

    for (i = 0; i < approved; i++) {
        (void) credhub_anchors_add(anchors, list[i]);
    }

    if (credhub_trusted(anchors, &list[approved], n - approved,
            CREDHUB_TRUST_SERVER, FUZZ_NOW, hash, &reason))
    {
        for (i = 0; i < approved; i++) {
            SHA256(list[i].data, list[i].len, sum);

            if (memcmp(sum, hash, sizeof(sum)) == 0) {
                break;
            }
        }

        fuzz_assert(i < approved);

    } else {
        fuzz_assert(strlen(reason) != 0);
    }

    credhub_anchors_destroy(anchors);

    fuzz_assert(ERR_peek_error() == 0);

    return 0;
}
