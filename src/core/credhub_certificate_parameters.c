
/*
 * The parameters of a certificate that is to be generated: bound by a table,
 * checked in the order that clients see, and made a profile.
 */

#include <string.h>
#include "credhub_certificate.h"
#include "credhub_text.h"


#define CREDHUB_CERTIFICATE_DURATION      365 /* days */
#define CREDHUB_CERTIFICATE_DURATION_MAX  3650
#define CREDHUB_CERTIFICATE_DURATION_TEXT "3650"
#define CREDHUB_CERTIFICATE_NAME_MAX      253 /* characters */
#define CREDHUB_CERTIFICATE_USAGES_MAX    100 /* elements of an array */


typedef struct {
    credhub_x509_subject_t subject;
    credhub_str_t          alternative_names; /* JSON arrays */
    credhub_str_t          key_usage;
    credhub_str_t          extended_key_usage;
    credhub_int_t          key_length;
    credhub_str_t          key_type;
    credhub_str_t          key_curve;
    credhub_int_t          duration;
    credhub_str_t          ca;
    credhub_flag_t         is_ca;
    credhub_flag_t         self_sign;
} credhub_certificate_asked_t;


typedef struct {
    const char *name; /* as it is told to clients */
    size_t      offset;
    size_t      max; /* characters */
} credhub_certificate_limit_t;

typedef struct {
    credhub_str_t *elt;
    size_t         n;
} credhub_certificate_names_t;


static credhub_error_e credhub_certificate_check(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_str_t *detail);
static credhub_error_e credhub_certificate_check_subject(credhub_arena_t *arena,
    const credhub_x509_subject_t *subject, credhub_str_t *detail);
static int credhub_certificate_empty(const credhub_x509_subject_t *subject);
static credhub_error_e credhub_certificate_limited(credhub_arena_t *arena,
    credhub_str_t value, const char *name, size_t max, credhub_str_t *detail);
static credhub_error_e credhub_certificate_profile(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_x509_profile_t *profile,
    credhub_str_t *detail);
static credhub_error_e credhub_certificate_alternative_names(
    credhub_arena_t *arena, credhub_str_t array,
    credhub_x509_profile_t *profile, credhub_str_t *detail);
static credhub_error_e credhub_certificate_usages(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_x509_profile_t *profile,
    credhub_str_t *detail);
static credhub_error_e credhub_certificate_array(credhub_arena_t *arena,
    credhub_str_t array, size_t max, credhub_error_e many,
    credhub_certificate_names_t *names);
static credhub_error_e credhub_certificate_element(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *plain);


/* clang-format off */

#define FIELD(name)  offsetof(credhub_certificate_asked_t, name)

static const credhub_bind_t  credhub_certificate_fields[] = {
    { "common_name", CREDHUB_BIND_STRING, FIELD(subject.common_name), 1 },
    { "organization", CREDHUB_BIND_STRING, FIELD(subject.organization), 1 },
    { "organization_unit", CREDHUB_BIND_STRING,
      FIELD(subject.organization_unit), 1 },
    { "locality", CREDHUB_BIND_STRING, FIELD(subject.locality), 1 },
    { "state", CREDHUB_BIND_STRING, FIELD(subject.state), 1 },
    { "country", CREDHUB_BIND_STRING, FIELD(subject.country), 1 },
    { "alternative_names", CREDHUB_BIND_RAW, FIELD(alternative_names), 1 },
    { "key_usage", CREDHUB_BIND_RAW, FIELD(key_usage), 1 },
    { "extended_key_usage", CREDHUB_BIND_RAW, FIELD(extended_key_usage), 1 },
    { "key_length", CREDHUB_BIND_INT, FIELD(key_length), 0 },
    { "key_type", CREDHUB_BIND_STRING, FIELD(key_type), 1 },
    { "key_curve", CREDHUB_BIND_STRING, FIELD(key_curve), 1 },
    { "duration", CREDHUB_BIND_INT, FIELD(duration), 0 },
    { "ca", CREDHUB_BIND_STRING, FIELD(ca), 1 },
    { "is_ca", CREDHUB_BIND_BOOL, FIELD(is_ca), 0 },
    { "self_sign", CREDHUB_BIND_BOOL, FIELD(self_sign), 0 },
    credhub_bind_end
};

#undef FIELD
#define FIELD(name)  offsetof(credhub_x509_subject_t, name)

static const credhub_certificate_limit_t  credhub_certificate_limits[] = {
    { "common name", FIELD(common_name), 64 },
    { "organization", FIELD(organization), 64 },
    { "organization unit", FIELD(organization_unit), 64 },
    { "locality", FIELD(locality), 128 },
    { "state", FIELD(state), 128 },
    { "country", FIELD(country), 2 },
    { NULL, 0, 0 }
};

/* clang-format on */


credhub_error_e
credhub_certificate_parameters(credhub_arena_t *arena, credhub_str_t parameters,
    credhub_x509_profile_t *profile, credhub_str_t *ca, credhub_str_t *detail)
{
    credhub_error_e             rc;
    credhub_certificate_asked_t asked;

    if (parameters.data == NULL
        || credhub_json_kind(parameters) == CREDHUB_JSON_NULL)
    {
        return CREDHUB_E_NO_CERT_PARAMS;
    }

    memset(&asked, 0, sizeof(asked));
    memset(profile, 0, sizeof(credhub_x509_profile_t));

    rc = credhub_bind(
        arena, credhub_certificate_fields, parameters, &asked, detail);

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_check(arena, &asked, detail);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_profile(arena, &asked, profile, detail);
    }

    *ca = asked.ca;

    return rc;
}


static credhub_error_e
credhub_certificate_check(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_str_t *detail)
{
    if (credhub_certificate_empty(&asked->subject)) {
        return CREDHUB_E_NO_SUBJECT;
    }

    if (asked->ca.len == 0 && !asked->self_sign.value && !asked->is_ca.value) {
        return CREDHUB_E_NO_SIGNER;
    }

    if (asked->ca.len != 0 && asked->self_sign.value) {
        return CREDHUB_E_CA_AND_SELF_SIGN;
    }

    if (asked->duration.set
        && (asked->duration.value < 1
            || asked->duration.value > CREDHUB_CERTIFICATE_DURATION_MAX))
    {
        *detail = credhub_str(CREDHUB_CERTIFICATE_DURATION_TEXT);
        return CREDHUB_E_DURATION;
    }

    return credhub_certificate_check_subject(arena, &asked->subject, detail);
}


static int
credhub_certificate_empty(const credhub_x509_subject_t *subject)
{
    return subject->common_name.len == 0 && subject->organization.len == 0
           && subject->organization_unit.len == 0 && subject->locality.len == 0
           && subject->state.len == 0 && subject->country.len == 0;
}


static credhub_error_e
credhub_certificate_check_subject(credhub_arena_t *arena,
    const credhub_x509_subject_t *subject, credhub_str_t *detail)
{
    credhub_str_t                      value;
    credhub_error_e                    rc;
    const credhub_certificate_limit_t *row;

    for (row = credhub_certificate_limits; row->name != NULL; row++) {
        value =
            *(const credhub_str_t *) ((const u_char *) subject + row->offset);

        rc = credhub_certificate_limited(
            arena, value, row->name, row->max, detail);

        if (rc != CREDHUB_OK) {
            return rc;
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_certificate_limited(credhub_arena_t *arena, credhub_str_t value,
    const char *name, size_t max, credhub_str_t *detail)
{
    credhub_buf_t buf;

    if (credhub_utf8_count(value) <= max) {
        return CREDHUB_OK;
    }

    credhub_buf_init(&buf, arena, 64);
    credhub_buf_printf(&buf, "%s may have at most %zu characters", name, max);
    *detail = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_CERT_PARAM_LONG;
}


static credhub_error_e
credhub_certificate_profile(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_x509_profile_t *profile,
    credhub_str_t *detail)
{
    credhub_error_e rc;

    profile->duration = asked->duration.set ? asked->duration.value
                                            : CREDHUB_CERTIFICATE_DURATION;
    profile->is_ca = asked->is_ca.value;
    profile->self_signed = (asked->ca.len == 0);

    rc = credhub_key_kind(
        asked->key_type, asked->key_curve, &asked->key_length, &profile->key);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_subject(arena, &asked->subject, &profile->subject);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_alternative_names(
            arena, asked->alternative_names, profile, detail);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_usages(arena, asked, profile, detail);
    }

    return rc;
}


static credhub_error_e
credhub_certificate_alternative_names(credhub_arena_t *arena,
    credhub_str_t array, credhub_x509_profile_t *profile, credhub_str_t *detail)
{
    size_t                      i;
    credhub_error_e             rc;
    credhub_certificate_names_t names;

    rc = credhub_certificate_array(
        arena, array, CREDHUB_X509_NAMES_MAX, CREDHUB_E_ALT_NAMES_MANY, &names);

    for (i = 0; rc == CREDHUB_OK && i < names.n; i++) {
        rc = credhub_certificate_limited(arena, names.elt[i],
            "alternative name", CREDHUB_CERTIFICATE_NAME_MAX, detail);
    }

    return (rc == CREDHUB_OK) ? credhub_x509_alternative_names(
               arena, names.elt, names.n, &profile->alternative_names, detail)
                              : rc;
}


static credhub_error_e
credhub_certificate_usages(credhub_arena_t *arena,
    const credhub_certificate_asked_t *asked, credhub_x509_profile_t *profile,
    credhub_str_t *detail)
{
    credhub_error_e             rc;
    credhub_certificate_names_t names;

    rc = credhub_certificate_array(arena, asked->key_usage,
        CREDHUB_CERTIFICATE_USAGES_MAX, CREDHUB_E_BAD_REQUEST, &names);

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_key_usage(
            arena, names.elt, names.n, &profile->key_usage, detail);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_certificate_array(arena, asked->extended_key_usage,
            CREDHUB_CERTIFICATE_USAGES_MAX, CREDHUB_E_BAD_REQUEST, &names);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_x509_extended_key_usage(
            arena, names.elt, names.n, &profile->extended_key_usage, detail);
    }

    return rc;
}


/* An array of strings; without one, or null, it has none. */

static credhub_error_e
credhub_certificate_array(credhub_arena_t *arena, credhub_str_t array,
    size_t max, credhub_error_e many, credhub_certificate_names_t *names)
{
    size_t              n;
    credhub_str_t       value;
    credhub_error_e     rc;
    credhub_json_iter_t iter;

    memset(names, 0, sizeof(credhub_certificate_names_t));

    if (array.data == NULL || credhub_json_kind(array) == CREDHUB_JSON_NULL) {
        return CREDHUB_OK;
    }

    if (credhub_json_kind(array) != CREDHUB_JSON_ARRAY) {
        return CREDHUB_E_BAD_REQUEST;
    }

    credhub_json_iter(&iter, array);

    for (n = 0; credhub_json_element(&iter, &value); n++) {
        if (n == max) {
            return many;
        }
    }

    names->elt = credhub_arena_alloc(arena, (n + 1) * sizeof(credhub_str_t));
    if (names->elt == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    credhub_json_iter(&iter, array);

    while (credhub_json_element(&iter, &value)) {
        rc = credhub_certificate_element(arena, value, &names->elt[names->n++]);

        if (rc != CREDHUB_OK) {
            return rc;
        }
    }

    return CREDHUB_OK;
}


/* As a member of an object would be taken: numbers and booleans as text. */

static credhub_error_e
credhub_certificate_element(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *plain)
{
    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_STRING:
        *plain = credhub_json_decode(arena, value);
        return (plain->data != NULL) ? CREDHUB_OK : CREDHUB_E_INTERNAL;

    case CREDHUB_JSON_NUMBER:
    case CREDHUB_JSON_TRUE:
    case CREDHUB_JSON_FALSE:
        *plain = value;
        return CREDHUB_OK;

    default:
        return CREDHUB_E_BAD_REQUEST;
    }
}


credhub_error_e
credhub_certificate_ca_usages(
    credhub_arena_t *arena, credhub_x509_profile_t *profile)
{
    credhub_str_t detail;

    static const credhub_str_t usages[] = { credhub_string("key_cert_sign"),
        credhub_string("crl_sign") };

    return credhub_x509_key_usage(arena, usages,
        sizeof(usages) / sizeof(usages[0]), &profile->key_usage, &detail);
}
