
/*
 * The table of credential types: what each accepts, generates, compares and
 * shows. Everything else treats a credential as four strings:
 *
 *     "value" as answered = head + secret + tail
 *
 * `secret` is JSON text and the only part that is sealed; head and tail are
 * JSON fragments in clear (public keys, fingerprints), empty where the whole
 * value is secret. A value without secret part is all head.
 */

#ifndef _CREDHUB_TYPE_H_INCLUDED_
#define _CREDHUB_TYPE_H_INCLUDED_


#include <stdatomic.h>
#include "credhub_error.h"
#include "credhub_bind.h"


#define CREDHUB_VALUE_MAX 65536 /* decoded bytes of one value */


typedef struct {
    credhub_str_t head;
    credhub_str_t secret; /* len 0: nothing to seal */
    credhub_str_t tail;
    credhub_str_t params; /* JSON of the generation parameters, sealed too;
                             len 0: set by a client, or never regenerated
                             from parameters */
} credhub_content_t;


typedef struct {
    credhub_int_t  length; /* password, user: as requested */
    credhub_flag_t exclude_lower;
    credhub_flag_t exclude_upper;
    credhub_flag_t exclude_number;
    credhub_flag_t include_special;
    credhub_str_t  username;   /* user; empty: random */
    credhub_int_t  key_length; /* rsa, ssh */
    credhub_str_t  ssh_comment;
} credhub_parameters_t;


typedef struct credhub_type_s credhub_type_t;

struct credhub_type_s {
    credhub_str_t name;
    unsigned      slow_set:1;      /* set() belongs on a CPU thread */
    unsigned      slow_generate:1; /* generate() belongs on a CPU thread */

    /*
     * Validates "value" of a set request (checked JSON, never NULL; its size
     * is within CREDHUB_VALUE_MAX) and fills `content`; content->params stays
     * empty. `detail`: the key of CREDHUB_E_UNKNOWN_KEY. `cancel` (may be
     * NULL) stops a slow one.
     */
    credhub_error_e (*set)(credhub_arena_t *arena, credhub_str_t value,
        atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail);

    /* The checks of set() alone, fast; for types with slow_set. */
    credhub_error_e (*check_value)(
        credhub_arena_t *arena, credhub_str_t value, credhub_str_t *detail);

    /* The rest is NULL for types that cannot be generated. */

    /* The fields allowed in "parameters". */
    const credhub_bind_t *parameters;

    /* Checks bound parameters (key lengths, character classes). */
    credhub_error_e (*check)(const credhub_parameters_t *parameters);

    /* Generates a value and fills all of `content`. Thread-safe. */
    credhub_error_e (*generate)(credhub_arena_t *arena,
        const credhub_parameters_t *parameters, atomic_int *cancel,
        credhub_content_t *content);

    /* Do these parameters differ from those of an existing version, so that
     * "converge" writes a new one? `existing` is opened. 1, 0. */
    int (*differs)(credhub_arena_t *arena,
        const credhub_parameters_t *parameters,
        const credhub_content_t    *existing);

    /* The parameters that regenerate an existing (opened) version, or the
     * error that says why it cannot be. */
    credhub_error_e (*regenerate)(credhub_arena_t *arena,
        const credhub_content_t *existing, credhub_parameters_t *parameters);
};


/* The type of that name in any letter case; NULL when there is none. */
const credhub_type_t *credhub_type(credhub_str_t name);

/* Size of a value as the limit counts it: decoded string parts, for json its
 * source bytes. */
size_t credhub_type_value_size(const credhub_type_t *type, credhub_str_t value);


#endif /* _CREDHUB_TYPE_H_INCLUDED_ */
