
/*
 * Credentials of type certificate: what a client may say of one, and how one
 * stands in a version. Signing and storing are for others.
 */

#ifndef _CREDHUB_CERTIFICATE_H_INCLUDED_
#define _CREDHUB_CERTIFICATE_H_INCLUDED_


#include "credhub_bind.h"
#include "credhub_type.h"
#include "credhub_version.h"
#include "credhub_x509.h"


/* "value" of a request, or of a version. */

typedef struct {
    credhub_str_t ca; /* PEM; empty: null */
    credhub_str_t certificate;
    credhub_str_t private_key;
    credhub_str_t ca_name; /* of a request; without a slash as it may be */
} credhub_certificate_t;


/*
 * Reads and checks "value" of a set request (checked JSON, not null) as far as
 * that can be done without the store: all rules but those about `ca_name`.
 * x509 is what the certificate says, with self_signed as its signature has it.
 * `detail` as the error needs it.
 */
credhub_error_e credhub_certificate_value(credhub_arena_t *arena,
    credhub_str_t value, credhub_certificate_t *certificate,
    credhub_x509_t *x509, credhub_str_t *detail);

/*
 * Reads and checks "parameters" of a generate request (checked JSON; data NULL
 * when there are none) into a profile; `ca` is the name as given, empty when
 * the certificate is to sign itself.
 */
credhub_error_e credhub_certificate_parameters(credhub_arena_t *arena,
    credhub_str_t parameters, credhub_x509_profile_t *profile,
    credhub_str_t *ca, credhub_str_t *detail);

/* The key usages that a CA gets without asking: key_cert_sign, crl_sign. */
credhub_error_e credhub_certificate_ca_usages(
    credhub_arena_t *arena, credhub_x509_profile_t *profile);


/*
 * Fills what a version says of a certificate: head, tail, facts, expires,
 * digest, issuer; and the content's secret, the private key. signer and
 * trusted are the caller's. Strings live in the arena. CREDHUB_E_TOO_LARGE: the
 * parts have more than CREDHUB_VALUE_MAX bytes; a `ca` that is the certificate
 * itself counts once.
 */
credhub_error_e credhub_certificate_write(credhub_arena_t *arena,
    const credhub_certificate_t *certificate, const credhub_x509_t *x509,
    unsigned generated, credhub_content_t *content, credhub_version_t *version);

/* The reverse, without the private key: `ca` and `certificate` of a version's
 * head. CREDHUB_OK, CREDHUB_E_INTERNAL when it is none. */
credhub_error_e credhub_certificate_read(credhub_arena_t *arena,
    credhub_str_t head, credhub_certificate_t *certificate);

/* The members that only an answer to a generation has: "duration_overridden",
 * "duration_used" and "key_length", each behind a comma. */
credhub_error_e credhub_certificate_extra(credhub_arena_t *arena,
    unsigned overridden, int64_t days, const credhub_key_kind_t *key,
    credhub_str_t *extra);

/* Two CA certificates as one text: each trimmed, and a newline. */
credhub_str_t credhub_certificate_concatenate(
    credhub_arena_t *arena, credhub_str_t one, credhub_str_t two);


#endif /* _CREDHUB_CERTIFICATE_H_INCLUDED_ */
