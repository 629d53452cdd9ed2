
/*
 * Templates of SSH certificates: what a request may ask for, and what it gets
 * when it asks for nothing. A template is kept as the JSON it is shown as:
 *
 *     { "AccessControl": {...}, "APIClient": {...}, "Certificate": {...},
 *       "Approval": {...} }
 */

#ifndef _CREDHUB_SSH_TEMPLATE_H_INCLUDED_
#define _CREDHUB_SSH_TEMPLATE_H_INCLUDED_


#include "credhub_ssh_certificate.h"


#define CREDHUB_SSH_DN_MAX       512 /* bytes */
#define CREDHUB_SSH_SEGMENT_MAX  255
#define CREDHUB_SSH_LIST_MAX     256  /* elements of a list of a template */
#define CREDHUB_SSH_TEXT_MAX     1024 /* bytes of one of them, and of values */
#define CREDHUB_SSH_VALIDITY_MAX (3650 * 86400) /* seconds */

#define CREDHUB_SSH_POLICY       "\\VED\\Policy"
#define CREDHUB_SSH_CAS          "\\VED\\Certificate Authority\\SSH"
#define CREDHUB_SSH_TEMPLATES    "\\VED\\Certificate Authority\\SSH\\Templates"


/*
 * Distinguished names: "\VED\Policy\SSH\name". A leading backslash may be
 * missing, one at the end and double ones (as JSON or shells leave them) count
 * as one, more are an empty segment. Segments match [A-Za-z0-9 ._@-]+ and are
 * neither "." nor ".." nor begin or end with a space; never a slash. `out` gets
 * the normal form with the letters as they are, at most CREDHUB_SSH_DN_MAX
 * bytes. CREDHUB_E_SSH_DN, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_dn(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *out);

/* The same for a folder of certificates: CREDHUB_SSH_POLICY, or below it. */
credhub_error_e credhub_ssh_dn_folder(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *out);

/* Does a normal DN lie below another one (not being it)? Letter case does not
 * count. */
int credhub_ssh_dn_below(credhub_str_t dn, credhub_str_t root);

/* "\VED\Policy\A b" -> "ved/policy/a+b": folded to lower case; .data == NULL
 * without memory. */
credhub_str_t credhub_ssh_dn_path(credhub_arena_t *arena, credhub_str_t dn);

/* The last segment. */
credhub_str_t credhub_ssh_dn_name(credhub_str_t dn);

/* A segment made of any text: other characters become '_', cut at
 * CREDHUB_SSH_SEGMENT_MAX; "certificate" when that is no segment. .data == NULL
 * without memory. */
credhub_str_t credhub_ssh_dn_segment(
    credhub_arena_t *arena, credhub_str_t text);


/*
 * A template as it is kept, from the body of Template/Create (or of
 * CAKeyPair/Create, whose members are other ones; unknown members are
 * ignored). Members, all optional, null is absent:
 *
 * - "Type": "client" (preset) or "host"; also inside "Certificate".
 * - "AccessControl": { AllowedCertificateIdentifierPatterns, AllowedExtensions,
 *   AllowedForceCommandPatterns, AllowedPrincipalsPatterns,
 *   AllowedSourceAddresses, DefaultCertificateIdentifier, DefaultExtensions,
 *   DefaultForceCommand, DefaultPrincipals, DefaultSourceAddresses }: arrays of
 *   strings (Default...Identifier and DefaultForceCommand: a string). A list of
 *   what is allowed that is empty allows everything. A default extension may be
 *   "name=value".
 * - "APIClient": { AllowedToRequestCertificateIdentifier, ...Extensions,
 *   ...ForceCommand, ...Principals, ...SourceAddresses }: booleans, preset true.
 * - "Certificate": { AllowedPrivateKeyAlgorithms (names of
 *   credhub_ssh_algorithm(); empty: all), AllowedPrivateKeyReuse (preset false),
 *   CertificateDestinationDN (preset "\VED\Policy"), DefaultPrivateKeyAlgorithm
 *   (preset "ED25519"), ValidityPeriod (preset "8h"), MaximumValidityPeriod
 *   (preset "3650d") }.
 * - "ApprovalRequired": boolean, preset false.
 *
 * Patterns are regular expressions of PCRE2 over bytes, which a whole value has
 * to match; they are compiled here, with a limit on what one match may cost.
 * Extensions and source addresses that are allowed are compared letter for
 * letter. CREDHUB_E_BAD_REQUEST: no JSON object. CREDHUB_E_SSH_FIELD with the
 * name of the member, CREDHUB_E_INTERNAL.
 * `json` gets the compact template with every member in its order.
 */
credhub_error_e credhub_ssh_template(credhub_arena_t *arena, credhub_str_t body,
    credhub_str_t *json, credhub_str_t *detail);

/* Of a template that was kept. */
int           credhub_ssh_template_host(credhub_str_t kept);
int           credhub_ssh_template_approval(credhub_str_t kept);
int           credhub_ssh_template_reuse(credhub_str_t kept);
credhub_str_t credhub_ssh_template_destination(
    credhub_arena_t *arena, credhub_str_t kept);

/* Appends "AccessControl":{...},"APIClient":{...},"Certificate":{...} as
 * Template/Retrieve shows them. */
void credhub_ssh_template_show(credhub_buf_t *buf, credhub_str_t kept);


/* What a certificate is to be, from the body of a request and its template. */

typedef struct {
    credhub_ssh_certificate_t
                            certificate; /* serial 0; from, to: see validity */
    int64_t                 validity;    /* seconds */
    credhub_ssh_public_t    key;         /* blob empty: the hub makes a pair, */
    credhub_ssh_algorithm_t algorithm;   /* of this algorithm */
    credhub_str_t           line;        /* "PublicKeyData" as it came */

    credhub_str_t dn;          /* of the template, normal; empty: not given */
    credhub_str_t policy;      /* DN of the folder, normal */
    credhub_str_t object;      /* name of the object; a segment */
    credhub_str_t destination; /* addresses, comma-joined, for audit */
    credhub_str_t origin;
    unsigned      named:1; /* "ObjectName" was given */
    unsigned      include_key:1;
    unsigned      include_details:1;
    credhub_str_t passphrase;
} credhub_ssh_request_t;

/*
 * First pass, without a template: the shape of the body, "CADN" (a bare name is
 * completed to one below CREDHUB_SSH_TEMPLATES), "PolicyDN" (as of
 * credhub_ssh_dn_folder()) and "ObjectName". CREDHUB_E_BAD_REQUEST: no JSON
 * object. CREDHUB_E_SSH_FIELD with the name of the member, CREDHUB_E_SSH_KEY,
 * CREDHUB_E_SSH_DN, CREDHUB_E_INTERNAL.
 */
credhub_error_e credhub_ssh_request_parse(credhub_arena_t *arena,
    credhub_str_t body, credhub_ssh_request_t *request, credhub_str_t *detail);

/*
 * Second pass: defaults and limits of the template. A member that callers may
 * not ask for gets its default silently, one that is not allowed is
 * CREDHUB_E_SSH_POLICY with our whole text. Principals: 1 to
 * CREDHUB_SSH_PRINCIPALS_MAX, none empty, no comma, white space or control
 * character. Extensions and force-command count for clients only (a request
 * for a host that has them is refused). Source addresses are kept as they are
 * (also host names), without comma or white space. ValidityPeriod:
 * "8h", "30m", "4d", "2w", "3600s", "3600" (seconds is what a bare number
 * means), more than 0 and at most MaximumValidityPeriod. The key id: given, the
 * template's default, the first principal; 1 to CREDHUB_SSH_KEY_ID_MAX bytes
 * without control characters.
 */
credhub_error_e credhub_ssh_request_apply(credhub_arena_t *arena,
    credhub_str_t kept, credhub_ssh_request_t *request, credhub_str_t *detail);


#endif /* _CREDHUB_SSH_TEMPLATE_H_INCLUDED_ */
