
/* Keyrings for unit tests: keys of one repeated byte. */

#ifndef _CREDHUB_UNIT_KEYRING_H_INCLUDED_
#define _CREDHUB_UNIT_KEYRING_H_INCLUDED_


#include "unit.h"

#include <unistd.h>

#include "credhub_keyring.h"


/* `path` is empty for a key of every name. */

static inline void
unit_add_key(
    credhub_keyring_t *keyring, const char *id, char c, const char *path)
{
    int  fd;
    char file[] = "/tmp/credhub_unit_XXXXXX", key[CREDHUB_KEY_SIZE];

    memset(key, c, sizeof(key));

    fd = mkstemp(file);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, key, sizeof(key)), sizeof(key));
    close(fd);

    assert_null(credhub_keyring_add(keyring, id, file, unit_str(path)));
    assert_int_equal(unlink(file), 0);
}


/* A keyring of two keys for a group of tests: 0 for every name, 1 for what is
 * below /b. */

static credhub_keyring_t *unit_keyring;


static inline int
unit_keyring_setup(void **state)
{
    if (unit_setup(state) != 0) {
        return -1;
    }

    unit_keyring = credhub_keyring_create();

    if (unit_keyring == NULL) {
        return -1;
    }

    unit_add_key(unit_keyring, "a", 'a', "");
    unit_add_key(unit_keyring, "b", 'b', "/b/*");

    return 0;
}


static inline int
unit_keyring_teardown(void **state)
{
    credhub_keyring_destroy(unit_keyring);

    return unit_teardown(state);
}


#endif /* _CREDHUB_UNIT_KEYRING_H_INCLUDED_ */
