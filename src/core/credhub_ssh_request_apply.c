
/* A request and its template: what was not asked for is preset, what was asked
 * for has to be allowed. */

#include <string.h>
#include "credhub_ssh_pattern.h"
#include "credhub_ssh_rules.h"


#define CREDHUB_SSH_QUOTE_MAX 200 /* bytes of a client's text in ours */


typedef credhub_error_e (*credhub_ssh_apply_pt)(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);


static credhub_error_e credhub_ssh_apply_host(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_principals(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_key_id(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_validity(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_extensions(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_command(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_sources(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_key(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_apply_place(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_preset_extensions(credhub_arena_t *arena,
    const credhub_ssh_list_t *presets, credhub_ssh_certificate_t *certificate);
static credhub_error_e credhub_ssh_match_one(credhub_arena_t *arena,
    const credhub_ssh_list_t *patterns, credhub_str_t *value, const char *what,
    credhub_str_t *detail);
static credhub_error_e credhub_ssh_not_allowed(credhub_arena_t *arena,
    const char *what, credhub_str_t text, credhub_str_t *detail);
static credhub_error_e credhub_ssh_refused(
    const char *why, credhub_str_t *detail);


/* clang-format off */

static const credhub_ssh_apply_pt  credhub_ssh_apply_steps[] = {
    credhub_ssh_apply_host,
    credhub_ssh_apply_principals,
    credhub_ssh_apply_key_id,
    credhub_ssh_apply_validity,
    credhub_ssh_apply_extensions,
    credhub_ssh_apply_command,
    credhub_ssh_apply_sources,
    credhub_ssh_apply_key,
    credhub_ssh_apply_place,
    NULL
};

/* clang-format on */


credhub_error_e
credhub_ssh_request_apply(credhub_arena_t *arena, credhub_str_t kept,
    credhub_ssh_request_t *request, credhub_str_t *detail)
{
    size_t              i;
    credhub_error_e     error;
    credhub_ssh_rules_t rules;

    error = credhub_ssh_rules(arena, kept, &rules);

    for (i = 0; error == CREDHUB_OK && credhub_ssh_apply_steps[i] != NULL; i++)
    {
        error = credhub_ssh_apply_steps[i](arena, &rules, request, detail);
    }

    return error;
}


static credhub_error_e
credhub_ssh_apply_host(credhub_arena_t *arena, const credhub_ssh_rules_t *rules,
    credhub_ssh_request_t *request, credhub_str_t *detail)
{
    credhub_ssh_certificate_t *certificate = &request->certificate;

    certificate->host = credhub_str_eq(rules->type, credhub_str("host"));

    if (!certificate->host) {
        return CREDHUB_OK;
    }

    if (certificate->nextensions != 0) {
        return credhub_ssh_refused(
            "A certificate of a host has no extensions.", detail);
    }

    if (certificate->force_command.data != NULL) {
        return credhub_ssh_refused(
            "A certificate of a host has no forced command.", detail);
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_apply_principals(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    credhub_str_t       refused;
    credhub_error_e     error;
    credhub_ssh_list_t *principals = &request->certificate.principals;

    if (principals->n == 0 || !rules->requestable.principals.value) {
        *principals = rules->presets.principals;

        return (principals->n != 0)
                   ? CREDHUB_OK
                   : credhub_ssh_refused(
                       "Neither the request nor the template has a principal.",
                       detail);
    }

    error = credhub_ssh_patterns_match(
        arena, &rules->allowed.principals, principals, &refused);

    return (error == CREDHUB_E_SSH_POLICY)
               ? credhub_ssh_not_allowed(arena, "principal", refused, detail)
               : error;
}


/* The first principal stands in for a key id, and is looked at as one. */

static credhub_error_e
credhub_ssh_apply_key_id(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    credhub_str_t *key_id = &request->certificate.key_id;

    if (key_id->len == 0 || !rules->requestable.identifier.value) {
        *key_id = rules->presets.identifier;

        if (key_id->len != 0) {
            return CREDHUB_OK;
        }

        *key_id = request->certificate.principals.items[0];
    }

    return credhub_ssh_match_one(
        arena, &rules->allowed.identifiers, key_id, "key id", detail);
}


static credhub_error_e
credhub_ssh_apply_validity(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    int64_t preset, max;

    if (credhub_ssh_validity(rules->validity, &preset) != 0
        || credhub_ssh_validity(rules->validity_max, &max) != 0)
    {
        return CREDHUB_E_INTERNAL;
    }

    if (request->validity == 0) {
        request->validity = preset;
    }

    return (request->validity <= max)
               ? CREDHUB_OK
               : credhub_ssh_refused(
                   "The validity is longer than the template allows.", detail);
}


static credhub_error_e
credhub_ssh_apply_extensions(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    size_t                     i;
    const credhub_ssh_list_t  *allowed = &rules->allowed.extensions;
    credhub_ssh_certificate_t *certificate = &request->certificate;

    if (certificate->host) {
        return CREDHUB_OK;
    }

    if (certificate->nextensions == 0 || !rules->requestable.extensions.value) {
        return credhub_ssh_preset_extensions(
            arena, &rules->presets.extensions, certificate);
    }

    for (i = 0; allowed->n != 0 && i < certificate->nextensions; i++) {
        if (!credhub_ssh_listed(allowed, certificate->extensions[i].name)) {
            return credhub_ssh_not_allowed(
                arena, "extension", certificate->extensions[i].name, detail);
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_preset_extensions(credhub_arena_t *arena,
    const credhub_ssh_list_t *presets, credhub_ssh_certificate_t *certificate)
{
    size_t i;

    certificate->nextensions = presets->n;
    certificate->extensions = NULL;

    if (presets->n == 0) {
        return CREDHUB_OK;
    }

    certificate->extensions =
        credhub_arena_alloc(arena, presets->n * sizeof(credhub_ssh_option_t));

    if (certificate->extensions == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    for (i = 0; i < presets->n; i++) {
        certificate->extensions[i] =
            credhub_ssh_extension_preset(presets->items[i]);
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_apply_command(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    credhub_str_t *command = &request->certificate.force_command;

    if (request->certificate.host) {
        return CREDHUB_OK;
    }

    if (command->data == NULL || !rules->requestable.command.value) {
        *command = (rules->presets.command.len != 0) ? rules->presets.command
                                                     : credhub_null_str;
        return CREDHUB_OK;
    }

    return credhub_ssh_match_one(
        arena, &rules->allowed.commands, command, "forced command", detail);
}


static credhub_error_e
credhub_ssh_apply_sources(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    size_t                    i;
    credhub_ssh_list_t       *sources = &request->certificate.sources;
    const credhub_ssh_list_t *allowed = &rules->allowed.sources;

    if (sources->n == 0 || !rules->requestable.sources.value) {
        *sources = rules->presets.sources;
        return CREDHUB_OK;
    }

    for (i = 0; allowed->n != 0 && i < sources->n; i++) {
        if (!credhub_ssh_listed(allowed, sources->items[i])) {
            return credhub_ssh_not_allowed(
                arena, "source address", sources->items[i], detail);
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_apply_key(credhub_arena_t *arena, const credhub_ssh_rules_t *rules,
    credhub_ssh_request_t *request, credhub_str_t *detail)
{
    size_t                  i;
    credhub_ssh_algorithm_t allowed;

    if (request->key.blob.len == 0) {
        return credhub_ssh_algorithm(rules->algorithm, &request->algorithm) == 0
                   ? CREDHUB_OK
                   : CREDHUB_E_INTERNAL;
    }

    request->algorithm.type = request->key.type;
    request->algorithm.bits = request->key.bits;

    for (i = 0; i < rules->algorithms.n; i++) {
        if (credhub_ssh_algorithm(rules->algorithms.items[i], &allowed) == 0
            && allowed.type == request->key.type
            && allowed.bits == request->key.bits)
        {
            return CREDHUB_OK;
        }
    }

    return rules->algorithms.n == 0
               ? CREDHUB_OK
               : credhub_ssh_refused(
                   "The template does not allow keys of this kind.", detail);
}


/* Where the object is kept, and what it is called there. */

static credhub_error_e
credhub_ssh_apply_place(credhub_arena_t *arena,
    const credhub_ssh_rules_t *rules, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    if (request->policy.len == 0) {
        request->policy = rules->destination;
    }

    if (!request->named) {
        request->object =
            credhub_ssh_dn_segment(arena, request->certificate.key_id);

        if (request->object.data == NULL) {
            return CREDHUB_E_INTERNAL;
        }
    }

    return request->policy.len + 1 + request->object.len <= CREDHUB_SSH_DN_MAX
               ? CREDHUB_OK
               : CREDHUB_E_SSH_DN;
}


static credhub_error_e
credhub_ssh_match_one(credhub_arena_t *arena,
    const credhub_ssh_list_t *patterns, credhub_str_t *value, const char *what,
    credhub_str_t *detail)
{
    credhub_str_t      refused;
    credhub_error_e    error;
    credhub_ssh_list_t values;

    values.items = value;
    values.n = 1;

    error = credhub_ssh_patterns_match(arena, patterns, &values, &refused);

    return (error == CREDHUB_E_SSH_POLICY)
               ? credhub_ssh_not_allowed(arena, what, refused, detail)
               : error;
}


static credhub_error_e
credhub_ssh_not_allowed(credhub_arena_t *arena, const char *what,
    credhub_str_t text, credhub_str_t *detail)
{
    credhub_buf_t buf;

    if (text.len > CREDHUB_SSH_QUOTE_MAX) {
        text.len = CREDHUB_SSH_QUOTE_MAX;

        /* not within a character */
        while (text.len != 0 && (text.data[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }

    credhub_buf_init(&buf, arena, text.len + 64);
    credhub_buf_printf(&buf, "The %s '", what);
    credhub_buf_add_str(&buf, text);
    credhub_buf_lit(&buf, "' is not allowed by the template.");

    *detail = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_SSH_POLICY;
}


static credhub_error_e
credhub_ssh_refused(const char *why, credhub_str_t *detail)
{
    detail->data = (u_char *) why;
    detail->len = strlen(why);

    return CREDHUB_E_SSH_POLICY;
}
