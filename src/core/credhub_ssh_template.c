
/*
 * Templates: one table tells what the JSON of one holds, when it is made, kept
 * and shown.
 */

#include <string.h>
#include "credhub_ssh_pattern.h"
#include "credhub_ssh_rules.h"


#define CREDHUB_SSH_VALIDITY     "8h"
#define CREDHUB_SSH_VALIDITY_TOP "3650d"


/* Makes good what the body has left out; the name of a member that cannot be
 * right together with another one. */
typedef credhub_error_e (*credhub_ssh_rule_pt)(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);

typedef struct {
    const char *name;
    size_t      offset;
} credhub_ssh_rule_list_t;


static credhub_error_e credhub_ssh_rule_type(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_flags(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_patterns(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_extensions(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_algorithms(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_destination(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static credhub_error_e credhub_ssh_rule_validity(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail);
static int           credhub_ssh_type_valid(credhub_str_t text);
static int           credhub_ssh_algorithm_valid(credhub_str_t text);
static credhub_str_t credhub_ssh_algorithm_shown(credhub_str_t name);


/* clang-format off */

#define rule(member)  offsetof(credhub_ssh_rules_t, member)

#define text(name, member, check)                                              \
    { name, CREDHUB_SSH_FIELD_TEXT, rule(member), CREDHUB_SSH_TEXT_MAX,        \
      check, NULL }

#define list(name, member, check)                                              \
    { name, CREDHUB_SSH_FIELD_LIST, rule(member), CREDHUB_SSH_TEXT_MAX,        \
      check, NULL }

#define flag(name, member)                                                     \
    { name, CREDHUB_SSH_FIELD_FLAG, rule(member), 0, NULL, NULL }

#define object(name, fields)                                                   \
    { name, CREDHUB_SSH_FIELD_OBJECT, 0, 0, NULL, fields }


static const credhub_ssh_field_t  credhub_ssh_access_fields[] = {
    list("AllowedCertificateIdentifierPatterns", allowed.identifiers,
         credhub_ssh_text_valid),
    list("AllowedExtensions", allowed.extensions,
         credhub_ssh_extension_valid),
    list("AllowedForceCommandPatterns", allowed.commands,
         credhub_ssh_text_valid),
    list("AllowedPrincipalsPatterns", allowed.principals,
         credhub_ssh_text_valid),
    list("AllowedSourceAddresses", allowed.sources,
         credhub_ssh_word_valid),
    text("DefaultCertificateIdentifier", presets.identifier,
         credhub_ssh_text_valid),
    list("DefaultExtensions", presets.extensions,
         credhub_ssh_extension_preset_valid),
    text("DefaultForceCommand", presets.command, credhub_ssh_text_valid),
    list("DefaultPrincipals", presets.principals, credhub_ssh_word_valid),
    list("DefaultSourceAddresses", presets.sources, credhub_ssh_word_valid),
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  credhub_ssh_client_fields[] = {
    flag("AllowedToRequestCertificateIdentifier", requestable.identifier),
    flag("AllowedToRequestExtensions", requestable.extensions),
    flag("AllowedToRequestForceCommand", requestable.command),
    flag("AllowedToRequestPrincipals", requestable.principals),
    flag("AllowedToRequestSourceAddresses", requestable.sources),
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  credhub_ssh_certificate_fields[] = {
    { "AllowedPrivateKeyAlgorithms", CREDHUB_SSH_FIELD_LIST, rule(algorithms),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_algorithm_valid, NULL },
    flag("AllowedPrivateKeyReuse", reuse),
    text("CertificateDestinationDN", destination, credhub_ssh_bytes_valid),
    { "DefaultPrivateKeyAlgorithm", CREDHUB_SSH_FIELD_TEXT, rule(algorithm),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_algorithm_valid, NULL },
    { "MaximumValidityPeriod", CREDHUB_SSH_FIELD_TEXT, rule(validity_max),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_validity_valid, NULL },
    { "Type", CREDHUB_SSH_FIELD_TEXT, rule(type),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_type_valid, NULL },
    { "ValidityPeriod", CREDHUB_SSH_FIELD_TEXT, rule(validity),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_validity_valid, NULL },
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  credhub_ssh_approval_fields[] = {
    flag("Required", approval),
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  credhub_ssh_kept_fields[] = {
    object("AccessControl", credhub_ssh_access_fields),
    object("APIClient", credhub_ssh_client_fields),
    object("Certificate", credhub_ssh_certificate_fields),
    object("Approval", credhub_ssh_approval_fields),
    credhub_ssh_fields_end
};

static const credhub_ssh_field_t  credhub_ssh_body_fields[] = {
    { "Type", CREDHUB_SSH_FIELD_TEXT, rule(type_outside),
      CREDHUB_SSH_NAME_MAX, credhub_ssh_type_valid, NULL },
    object("AccessControl", credhub_ssh_access_fields),
    object("APIClient", credhub_ssh_client_fields),
    object("Certificate", credhub_ssh_certificate_fields),
    flag("ApprovalRequired", approval),
    credhub_ssh_fields_end
};

static const credhub_ssh_rule_pt  credhub_ssh_rule_steps[] = {
    credhub_ssh_rule_type,
    credhub_ssh_rule_flags,
    credhub_ssh_rule_patterns,
    credhub_ssh_rule_extensions,
    credhub_ssh_rule_algorithms,
    credhub_ssh_rule_destination,
    credhub_ssh_rule_validity,
    NULL
};

/* clang-format on */


credhub_error_e
credhub_ssh_template(credhub_arena_t *arena, credhub_str_t body,
    credhub_str_t *json, credhub_str_t *detail)
{
    size_t              i;
    credhub_buf_t       buf;
    credhub_str_t       object;
    credhub_error_e     error;
    credhub_ssh_rules_t rules;

    memset(&rules, 0, sizeof(rules));

    error = credhub_json_check(arena, body, &object);

    if (error == CREDHUB_OK) {
        error = credhub_ssh_fields_read(
            arena, credhub_ssh_body_fields, object, &rules, detail);
    }

    for (i = 0; error == CREDHUB_OK && credhub_ssh_rule_steps[i] != NULL; i++) {
        error = credhub_ssh_rule_steps[i](arena, &rules, detail);
    }

    if (error != CREDHUB_OK) {
        return error;
    }

    credhub_buf_init(&buf, arena, object.len + CREDHUB_SSH_TEXT_MAX);
    credhub_ssh_fields_write(&buf, credhub_ssh_kept_fields, &rules);

    *json = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_rule_type(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    credhub_str_t given;

    given = (rules->type.len != 0) ? rules->type : rules->type_outside;

    if (rules->type_outside.len != 0
        && !credhub_str_caseeq(given, rules->type_outside))
    {
        return credhub_ssh_field_error(detail, "Type");
    }

    rules->type = credhub_str_caseeq(given, credhub_str("host"))
                      ? credhub_str("host")
                      : credhub_str("client");

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_rule_flags(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    credhub_flag_t            *given;
    const credhub_ssh_field_t *field;

    for (field = credhub_ssh_client_fields; field->name != NULL; field++) {
        given = (credhub_flag_t *) ((u_char *) rules + field->offset);

        if (!given->set) {
            given->value = 1;
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_rule_patterns(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    size_t          i;
    credhub_error_e error;

    static const credhub_ssh_rule_list_t lists[] = {
        { "AllowedCertificateIdentifierPatterns", rule(allowed.identifiers) },
        { "AllowedForceCommandPatterns", rule(allowed.commands) },
        { "AllowedPrincipalsPatterns", rule(allowed.principals) },
    };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        error = credhub_ssh_patterns_valid(
            (credhub_ssh_list_t *) ((u_char *) rules + lists[i].offset));

        if (error == CREDHUB_E_SSH_FIELD) {
            return credhub_ssh_field_error(detail, lists[i].name);
        }

        if (error != CREDHUB_OK) {
            return error;
        }
    }

    return CREDHUB_OK;
}


/* A certificate has no extension twice. */

static credhub_error_e
credhub_ssh_rule_extensions(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    size_t                    i, k;
    credhub_ssh_option_t      a, b;
    const credhub_ssh_list_t *list = &rules->presets.extensions;

    for (i = 0; i < list->n; i++) {
        a = credhub_ssh_extension_preset(list->items[i]);

        for (k = 0; k < i; k++) {
            b = credhub_ssh_extension_preset(list->items[k]);

            if (credhub_str_eq(a.name, b.name)) {
                return credhub_ssh_field_error(detail, "DefaultExtensions");
            }
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_rule_algorithms(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    size_t              i;
    credhub_ssh_list_t *allowed = &rules->algorithms;

    for (i = 0; i < allowed->n; i++) {
        allowed->items[i] = credhub_ssh_algorithm_shown(allowed->items[i]);
    }

    if (rules->algorithm.len == 0) {
        rules->algorithm =
            (allowed->n == 0
                || credhub_ssh_listed(allowed, credhub_str("ED25519")))
                ? credhub_str("ED25519")
                : allowed->items[0];

        return CREDHUB_OK;
    }

    rules->algorithm = credhub_ssh_algorithm_shown(rules->algorithm);

    if (allowed->n != 0 && !credhub_ssh_listed(allowed, rules->algorithm)) {
        return credhub_ssh_field_error(detail, "DefaultPrivateKeyAlgorithm");
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_ssh_rule_destination(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    credhub_error_e error;

    if (rules->destination.len == 0) {
        rules->destination = credhub_str(CREDHUB_SSH_POLICY);
        return CREDHUB_OK;
    }

    error =
        credhub_ssh_dn_folder(arena, rules->destination, &rules->destination);

    return (error == CREDHUB_E_SSH_DN)
               ? credhub_ssh_field_error(detail, "CertificateDestinationDN")
               : error;
}


/* The preset is no longer than what is allowed. */

static credhub_error_e
credhub_ssh_rule_validity(
    credhub_arena_t *arena, credhub_ssh_rules_t *rules, credhub_str_t *detail)
{
    int     given;
    int64_t seconds, max;

    given = (rules->validity.len != 0);

    if (!given) {
        rules->validity = credhub_str(CREDHUB_SSH_VALIDITY);
    }

    if (rules->validity_max.len == 0) {
        rules->validity_max = credhub_str(CREDHUB_SSH_VALIDITY_TOP);
    }

    (void) credhub_ssh_validity(rules->validity, &seconds);
    (void) credhub_ssh_validity(rules->validity_max, &max);

    if (seconds > max && given) {
        return credhub_ssh_field_error(detail, "ValidityPeriod");
    }

    if (seconds > max) {
        rules->validity = rules->validity_max;
    }

    return CREDHUB_OK;
}


static int
credhub_ssh_type_valid(credhub_str_t text)
{
    return credhub_str_caseeq(text, credhub_str("client"))
           || credhub_str_caseeq(text, credhub_str("host"));
}


static int
credhub_ssh_algorithm_valid(credhub_str_t text)
{
    credhub_ssh_algorithm_t algorithm;

    return credhub_ssh_algorithm(text, &algorithm) == 0;
}


static credhub_str_t
credhub_ssh_algorithm_shown(credhub_str_t name)
{
    credhub_ssh_algorithm_t algorithm;

    return credhub_ssh_algorithm(name, &algorithm) == 0
               ? credhub_ssh_algorithm_name(&algorithm)
               : name;
}


credhub_error_e
credhub_ssh_rules(
    credhub_arena_t *arena, credhub_str_t kept, credhub_ssh_rules_t *rules)
{
    credhub_str_t detail;

    memset(rules, 0, sizeof(credhub_ssh_rules_t));

    return credhub_ssh_fields_read(
               arena, credhub_ssh_kept_fields, kept, rules, &detail)
                   == CREDHUB_OK
               ? CREDHUB_OK
               : CREDHUB_E_INTERNAL;
}


credhub_ssh_option_t
credhub_ssh_extension_preset(credhub_str_t text)
{
    u_char              *equals;
    credhub_ssh_option_t option;

    option.name = text;
    option.value = credhub_str("");

    equals = memchr(text.data, '=', text.len);

    if (equals != NULL) {
        option.name.len = (size_t) (equals - text.data);
        option.value.data = equals + 1;
        option.value.len = text.len - option.name.len - 1;
    }

    return option;
}


int
credhub_ssh_listed(const credhub_ssh_list_t *list, credhub_str_t text)
{
    size_t i;

    for (i = 0; i < list->n; i++) {
        if (credhub_str_eq(list->items[i], text)) {
            return 1;
        }
    }

    return 0;
}
