
/* Regular expressions with limits. A pattern is compiled once for all values
 * that it is asked about. */

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include "credhub_ssh_pattern.h"


#define CREDHUB_SSH_PATTERN_OPTIONS                                            \
    (PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP    \
        | PCRE2_NEVER_BACKSLASH_C)


static credhub_error_e credhub_ssh_pattern_compile(
    credhub_str_t pattern, pcre2_code **code);
static pcre2_match_context *credhub_ssh_match_limits(size_t matches);
static credhub_error_e      credhub_ssh_pattern_match(credhub_str_t pattern,
         pcre2_match_context *limits, const credhub_ssh_list_t *values,
         u_char *matched);


credhub_error_e
credhub_ssh_patterns_valid(const credhub_ssh_list_t *patterns)
{
    size_t          i;
    pcre2_code     *code;
    credhub_error_e error;

    for (i = 0; i < patterns->n; i++) {
        error = credhub_ssh_pattern_compile(patterns->items[i], &code);

        if (error != CREDHUB_OK) {
            return error;
        }

        pcre2_code_free(code);
    }

    return CREDHUB_OK;
}


credhub_error_e
credhub_ssh_patterns_match(credhub_arena_t *arena,
    const credhub_ssh_list_t *patterns, const credhub_ssh_list_t *values,
    credhub_str_t *refused)
{
    size_t               i;
    u_char              *matched;
    credhub_error_e      error;
    pcre2_match_context *limits;

    if (patterns->n == 0 || values->n == 0) {
        return CREDHUB_OK;
    }

    matched = credhub_arena_alloc(arena, values->n);
    limits = credhub_ssh_match_limits(patterns->n * values->n);

    error =
        (matched != NULL && limits != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (i = 0; error == CREDHUB_OK && i < patterns->n; i++) {
        error = credhub_ssh_pattern_match(
            patterns->items[i], limits, values, matched);
    }

    pcre2_match_context_free(limits);

    for (i = 0; error == CREDHUB_OK && i < values->n; i++) {
        if (!matched[i]) {
            *refused = values->items[i];
            error = CREDHUB_E_SSH_POLICY;
        }
    }

    return error;
}


static credhub_error_e
credhub_ssh_pattern_compile(credhub_str_t pattern, pcre2_code **code)
{
    int                    error;
    size_t                 offset, size;
    pcre2_compile_context *limits;

    limits = pcre2_compile_context_create(NULL);

    if (limits == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    (void) pcre2_set_max_pattern_length(limits, CREDHUB_SSH_TEXT_MAX);
    (void) pcre2_set_parens_nest_limit(limits, CREDHUB_SSH_PATTERN_NEST);

    *code = pcre2_compile(pattern.data, pattern.len,
        CREDHUB_SSH_PATTERN_OPTIONS, &error, &offset, limits);

    pcre2_compile_context_free(limits);

    if (*code == NULL) {
        return error == PCRE2_ERROR_HEAP_FAILED ? CREDHUB_E_INTERNAL
                                                : CREDHUB_E_SSH_FIELD;
    }

    (void) pcre2_pattern_info(*code, PCRE2_INFO_SIZE, &size);

    if (size > CREDHUB_SSH_PATTERN_SIZE) {
        pcre2_code_free(*code);
        return CREDHUB_E_SSH_FIELD;
    }

    return CREDHUB_OK;
}


/* Many values and patterns share what they may cost. */

static pcre2_match_context *
credhub_ssh_match_limits(size_t matches)
{
    uint32_t             steps;
    pcre2_match_context *limits;

    limits = pcre2_match_context_create(NULL);

    if (limits == NULL) {
        return NULL;
    }

    steps = CREDHUB_SSH_MATCHES_STEPS / (uint32_t) matches;

    if (steps > CREDHUB_SSH_MATCH_STEPS) {
        steps = CREDHUB_SSH_MATCH_STEPS;
    }

    (void) pcre2_set_match_limit(limits, steps);
    (void) pcre2_set_depth_limit(limits, CREDHUB_SSH_MATCH_DEPTH);
    (void) pcre2_set_heap_limit(limits, CREDHUB_SSH_MATCH_HEAP);

    return limits;
}


/* Marks the values that match; those that are marked are not asked again. */

static credhub_error_e
credhub_ssh_pattern_match(credhub_str_t pattern, pcre2_match_context *limits,
    const credhub_ssh_list_t *values, u_char *matched)
{
    int               rc;
    size_t            i;
    pcre2_code       *code;
    credhub_error_e   error;
    pcre2_match_data *data;

    error = credhub_ssh_pattern_compile(pattern, &code);

    if (error != CREDHUB_OK) {
        /* what cannot be used matches nothing */
        return (error == CREDHUB_E_SSH_FIELD) ? CREDHUB_OK : error;
    }

    data = pcre2_match_data_create(1, NULL);

    error = (data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    for (i = 0; error == CREDHUB_OK && i < values->n; i++) {
        if (matched[i]) {
            continue;
        }

        rc = pcre2_match(code, values->items[i].data, values->items[i].len, 0,
            0, data, limits);

        if (rc == PCRE2_ERROR_NOMEMORY) {
            error = CREDHUB_E_INTERNAL;
        }

        matched[i] = (rc >= 0);
    }

    pcre2_match_data_free(data);
    pcre2_code_free(code);

    return error;
}
