
/* One version of a credential, and how it is shown. */

#ifndef _CREDHUB_VERSION_H_INCLUDED_
#define _CREDHUB_VERSION_H_INCLUDED_


#include "credhub_seal.h"
#include "credhub_text.h"


typedef struct {
    credhub_str_t id;         /* version id */
    credhub_str_t credential; /* credential id */
    credhub_str_t name;       /* as first written */
    credhub_str_t folded;
    credhub_str_t type;
    int64_t       created;  /* microseconds since 1970 */
    credhub_str_t metadata; /* JSON text; empty: null */
    credhub_str_t head;
    credhub_str_t tail;
    credhub_str_t secret; /* sealed; empty: none */
    credhub_str_t params; /* sealed; empty: none */
} credhub_version_t;


/* The place of a version's sealed field ("secret" or "params"). */
credhub_place_t credhub_version_place(
    const credhub_version_t *version, credhub_str_t hub, credhub_str_t field);

/*
 * Appends the credential view. The secret is opened straight into the buffer.
 * CREDHUB_OK, CREDHUB_E_KEY_MISSING, CREDHUB_E_INTERNAL; what was appended is
 * taken back on error.
 */
credhub_error_e credhub_version_view(credhub_buf_t *buf,
    const credhub_version_t *version, credhub_keyring_t *keyring,
    credhub_str_t hub);

/* Appends only the value (head, opened secret, tail); the same errors. */
credhub_error_e credhub_version_value(credhub_buf_t *buf,
    const credhub_version_t *version, credhub_keyring_t *keyring,
    credhub_str_t hub);

/* An upper bound of what credhub_version_view() appends, in bytes. */
size_t credhub_version_view_size(const credhub_version_t *version);


#endif /* _CREDHUB_VERSION_H_INCLUDED_ */
