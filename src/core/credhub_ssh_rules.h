
/*
 * A template as data: what its JSON says. For src/core/credhub_ssh_*.c only.
 */

#ifndef _CREDHUB_SSH_RULES_H_INCLUDED_
#define _CREDHUB_SSH_RULES_H_INCLUDED_


#include "credhub_ssh_fields.h"


typedef struct {
    credhub_ssh_list_t identifiers; /* patterns */
    credhub_ssh_list_t extensions;  /* names */
    credhub_ssh_list_t commands;    /* patterns */
    credhub_ssh_list_t principals;  /* patterns */
    credhub_ssh_list_t sources;
} credhub_ssh_allowed_t;

typedef struct {
    credhub_str_t      identifier;
    credhub_ssh_list_t extensions; /* "name" or "name=value" */
    credhub_str_t      command;
    credhub_ssh_list_t principals;
    credhub_ssh_list_t sources;
} credhub_ssh_presets_t;

typedef struct {
    credhub_flag_t identifier;
    credhub_flag_t extensions;
    credhub_flag_t command;
    credhub_flag_t principals;
    credhub_flag_t sources;
} credhub_ssh_requestable_t;

typedef struct {
    credhub_ssh_allowed_t     allowed;
    credhub_ssh_presets_t     presets;
    credhub_ssh_requestable_t requestable; /* by callers */
    credhub_ssh_list_t        algorithms;  /* allowed ones */
    credhub_str_t             algorithm;   /* of pairs that the hub makes */
    credhub_flag_t            reuse;
    credhub_str_t             destination;
    credhub_str_t             validity;
    credhub_str_t             validity_max;
    credhub_str_t             type;
    credhub_str_t             type_outside; /* only in the body of a request */
    credhub_flag_t            approval;
} credhub_ssh_rules_t;


/* The rules of a template that was kept. CREDHUB_E_INTERNAL when it is not what
 * credhub_ssh_template() has made, or without memory. */
credhub_error_e credhub_ssh_rules(
    credhub_arena_t *arena, credhub_str_t kept, credhub_ssh_rules_t *rules);

/* An extension of "name=value" or "name". */
credhub_ssh_option_t credhub_ssh_extension_preset(credhub_str_t text);

/* Is it in the list, letter for letter? 1, 0. */
int credhub_ssh_listed(const credhub_ssh_list_t *list, credhub_str_t text);


#endif /* _CREDHUB_SSH_RULES_H_INCLUDED_ */
