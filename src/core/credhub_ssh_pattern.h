
/*
 * Patterns of templates: regular expressions of PCRE2 over bytes, which a whole
 * value has to match. Whoever writes a template, and whoever sends a value,
 * cannot make them cost more than the limits here allow. For
 * src/core/credhub_ssh_*.c only.
 */

#ifndef _CREDHUB_SSH_PATTERN_H_INCLUDED_
#define _CREDHUB_SSH_PATTERN_H_INCLUDED_


#include "credhub_ssh_template.h"


#define CREDHUB_SSH_PATTERN_SIZE  32768    /* bytes of one when compiled */
#define CREDHUB_SSH_PATTERN_NEST  32       /* parentheses in each other */
#define CREDHUB_SSH_MATCH_STEPS   10000    /* of one match */
#define CREDHUB_SSH_MATCHES_STEPS 10000000 /* of all matches of one list */
#define CREDHUB_SSH_MATCH_DEPTH   5000
#define CREDHUB_SSH_MATCH_HEAP    4096 /* KiB */


/* CREDHUB_E_SSH_FIELD when one of them cannot be compiled or is too large,
 * CREDHUB_E_INTERNAL. */
credhub_error_e credhub_ssh_patterns_valid(const credhub_ssh_list_t *patterns);

/*
 * Does each value match at least one of the patterns? CREDHUB_E_SSH_POLICY with
 * the first one that does not in `refused`; a match that costs too much is
 * none. No patterns match everything. CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_patterns_match(credhub_arena_t *arena,
    const credhub_ssh_list_t *patterns, const credhub_ssh_list_t *values,
    credhub_str_t *refused);


#endif /* _CREDHUB_SSH_PATTERN_H_INCLUDED_ */
