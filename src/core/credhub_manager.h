
/* External secrets managers: what their "config" must have, and what the values
 * of "external_secrets_keys_config" name. */

#ifndef _CREDHUB_MANAGER_H_INCLUDED_
#define _CREDHUB_MANAGER_H_INCLUDED_


#include "credhub_config.h"


#define CREDHUB_MANAGER_URLS_MAX 3
#define CREDHUB_MANAGER_KEYS_MAX 32   /* keys of one connection */
#define CREDHUB_MANAGER_KEY_MAX  1024 /* bytes of a name */


typedef enum {
    CREDHUB_MANAGER_AWS = 0,
    CREDHUB_MANAGER_AZURE,
    CREDHUB_MANAGER_VAULT,
    CREDHUB_MANAGERS
} credhub_manager_e;


typedef struct {
    credhub_manager_e type;

    /* in the order they are asked: where a token is got, then the secrets;
     * without a trailing slash, https only */
    credhub_str_t urls[CREDHUB_MANAGER_URLS_MAX];
    unsigned      nurls;

    credhub_str_t role_id;   /* Vault; AWS: role_arn */
    credhub_str_t secret_id; /* Vault */
    credhub_str_t name_space;
    credhub_str_t approle_mount;
    credhub_str_t kv_mount;
    unsigned      kv_version; /* 1, 2 */

    credhub_str_t external_id; /* AWS */
    credhub_str_t region;
    credhub_str_t access_key_id;
    credhub_str_t secret_access_key;

    credhub_str_t tenant_id; /* Azure */
    credhub_str_t client_id;
    credhub_str_t client_secret;
} credhub_manager_t;


typedef struct {
    credhub_str_t field;  /* of the connection's config */
    credhub_str_t path;   /* Vault PATH, AWS SECRET_ID, Azure NAME */
    credhub_str_t member; /* Vault FIELD, AWS JSON_KEY; may be empty */
} credhub_manager_key_t;


/* The type of that name; CREDHUB_MANAGERS when there is none. */
credhub_manager_e credhub_manager_type(credhub_str_t name);

/*
 * Is this a config of the type? `hybrid` ones need less. A check of what is
 * there and how it looks; what only a read needs may be missing. CREDHUB_OK,
 * CREDHUB_E_MANAGER_INPUT with a text in `detail`, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_manager_check(credhub_arena_t *arena,
    credhub_manager_e type, credhub_str_t config, int hybrid,
    credhub_str_t *detail);

/* What a read needs, out of a checked config with its secrets. CREDHUB_OK;
 * CREDHUB_E_MANAGER_INPUT when something is missing, a text in `detail`. */
credhub_error_e credhub_manager_bind(credhub_arena_t *arena,
    credhub_manager_e type, credhub_str_t config, credhub_manager_t *manager,
    credhub_str_t *detail);

/* The keys of "external_secrets_keys_config", a JSON object of strings (type
 * CREDHUB_MANAGERS: only that is checked). CREDHUB_E_INPUT with a text in
 * `detail`. */
credhub_error_e credhub_manager_keys(credhub_arena_t *arena,
    credhub_manager_e type, credhub_str_t json, credhub_manager_key_t **keys,
    unsigned *n, credhub_str_t *detail);


#endif /* _CREDHUB_MANAGER_H_INCLUDED_ */
