
/*
 * The "config" of connections, destinations and managers: a JSON object of the
 * client's own, which is kept as it was written, sealed, and shown with its
 * secrets masked.
 */

#ifndef _CREDHUB_CONFIG_H_INCLUDED_
#define _CREDHUB_CONFIG_H_INCLUDED_


#include "credhub_json.h"


#define CREDHUB_CONFIG_MAX 65536 /* bytes, compact */


/* How "port" and "tunnel_port" are kept: clients want one or the other. */

typedef enum {
    CREDHUB_PORT_AS_IS = 0,
    CREDHUB_PORT_NUMBER, /* "5432" becomes 5432 */
    CREDHUB_PORT_STRING  /* 5432 becomes "5432" */
} credhub_port_e;


/*
 * The config that stands after `given` (checked JSON) was merged into `current`
 * (empty: none, it is created). Objects merge, at every depth; other values
 * replace; null is as good as absent. The mask in place of a secret keeps what
 * stands there: without that, or inside an array, it is an error, as a port
 * that is none (1 to 65535). `masked`: secrets are masked (else the mask is a
 * value like any other). CREDHUB_E_CONFIG, CREDHUB_E_TOO_LARGE,
 * CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_config_merge(credhub_arena_t *arena,
    credhub_str_t current, credhub_str_t given, credhub_port_e ports,
    int masked, credhub_str_t *config);

/* Appends it with every secret masked that is not null or "". */
void credhub_config_show(credhub_buf_t *buf, credhub_str_t config);

/* Is a member of that name a secret? */
int credhub_config_secret(credhub_str_t name);

/* A member's text: a string decoded, a number as written; empty when there is
 * none or it is something else. .data == NULL when memory is exhausted. */
credhub_str_t credhub_config_get(
    credhub_arena_t *arena, credhub_str_t config, const char *name);

/* A port, 0 when there is none. */
unsigned credhub_config_port(
    credhub_arena_t *arena, credhub_str_t config, const char *name);


#endif /* _CREDHUB_CONFIG_H_INCLUDED_ */
