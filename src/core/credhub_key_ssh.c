
/* Key pairs of credentials for ssh, in the formats that their clients expect:
 * RSA in PEM, the others in OpenSSH's own format. */

#include <openssl/err.h>
#include "credhub_keys.h"
#include "credhub_ssh_keys.h"


static int credhub_key_ssh_private(credhub_arena_t *arena,
    const credhub_ssh_pair_t *pair, credhub_str_t comment, credhub_str_t *text);


credhub_error_e
credhub_key_ssh(credhub_arena_t *arena, const credhub_key_kind_t *kind,
    credhub_str_t comment, atomic_int *cancel, credhub_key_pair_t *pair)
{
    credhub_ssh_pair_t      made;
    credhub_ssh_algorithm_t algorithm;

    static const credhub_ssh_type_e types[] = {
        [CREDHUB_KEY_RSA] = CREDHUB_SSH_RSA,
        [CREDHUB_KEY_EC] = CREDHUB_SSH_P256,
        [CREDHUB_KEY_ED25519] = CREDHUB_SSH_ED25519,
    };

    algorithm.bits = kind->bits;
    algorithm.type = (kind->type == CREDHUB_KEY_EC && kind->bits == 384)
                         ? CREDHUB_SSH_P384
                         : types[kind->type];

    if (credhub_ssh_generate(arena, &algorithm, cancel, &made) != CREDHUB_OK) {
        return CREDHUB_E_INTERNAL;
    }

    pair->public_key = credhub_ssh_line(arena, made.blob, comment);

    return pair->public_key.data != NULL
                   && credhub_key_ssh_private(
                       arena, &made, comment, &pair->private_key)
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


static int
credhub_key_ssh_private(credhub_arena_t *arena, const credhub_ssh_pair_t *pair,
    credhub_str_t comment, credhub_str_t *text)
{
    int       ok;
    EVP_PKEY *key;

    if (pair->algorithm.type != CREDHUB_SSH_RSA) {
        return credhub_ssh_private(
                   arena, pair->private_key, comment, credhub_null_str, text)
               == CREDHUB_OK;
    }

    ERR_set_mark();

    key = credhub_ssh_pkey_private(pair->private_key);
    ok = key != NULL && credhub_key_pem(arena, key, text);

    EVP_PKEY_free(key);

    ERR_pop_to_mark();

    return ok;
}
