
/*
 * Bodies of the SSH certificate API: a template, and behind the byte 0x1e a
 * request; either alone is tried too. What is kept of a template makes the same
 * template again, and what passes has its limits.
 */

#include <openssl/err.h>
#include "credhub_json.h"
#include "credhub_ssh_template.h"
#include "fuzz.h"


static credhub_str_t fuzz_template(credhub_arena_t *arena, credhub_str_t body);
static void          fuzz_request(
             credhub_arena_t *arena, credhub_str_t body, credhub_str_t kept);
static void fuzz_applied(const credhub_ssh_request_t *request);
static void fuzz_dn(credhub_arena_t *arena, credhub_str_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char          *split;
    credhub_str_t    body, request, kept;
    credhub_arena_t *arena;

    arena = fuzz_arena();
    body = fuzz_str(data, size);
    request = body;

    split = (size != 0) ? memchr(data, 0x1e, size) : NULL;

    if (split != NULL) {
        body.len = (size_t) (split - body.data);
        request.data = split + 1;
        request.len = size - body.len - 1;
    }

    kept = fuzz_template(arena, body);

    fuzz_request(arena, request, kept);
    fuzz_request(arena, request, fuzz_template(arena, credhub_str("{}")));
    fuzz_dn(arena, body);

    fuzz_assert(ERR_peek_error() == 0);

    credhub_arena_destroy(arena);

    return 0;
}


/* .data NULL: none. */

static credhub_str_t
fuzz_template(credhub_arena_t *arena, credhub_str_t body)
{
    credhub_buf_t shown, again;
    credhub_str_t kept, twice, value, detail;

    if (credhub_ssh_template(arena, body, &kept, &detail) != CREDHUB_OK) {
        return credhub_null_str;
    }

    fuzz_assert(credhub_json_check(arena, kept, &value) == CREDHUB_OK);
    fuzz_assert(
        credhub_ssh_template(arena, kept, &twice, &detail) == CREDHUB_OK);

    credhub_buf_init(&shown, arena, kept.len);
    credhub_ssh_template_show(&shown, kept);

    credhub_buf_init(&again, arena, kept.len);
    credhub_ssh_template_show(&again, twice);

    fuzz_assert(
        credhub_str_eq(credhub_buf_str(&shown), credhub_buf_str(&again)));
    fuzz_assert(credhub_ssh_template_destination(arena, kept).len
                <= CREDHUB_SSH_DN_MAX);

    return kept;
}


static void
fuzz_request(credhub_arena_t *arena, credhub_str_t body, credhub_str_t kept)
{
    credhub_str_t         detail;
    credhub_error_e       error;
    credhub_ssh_request_t request;

    if (credhub_ssh_request_parse(arena, body, &request, &detail) != CREDHUB_OK
        || kept.data == NULL)
    {
        return;
    }

    error = credhub_ssh_request_apply(arena, kept, &request, &detail);

    fuzz_assert(error == CREDHUB_OK || error == CREDHUB_E_SSH_POLICY
                || error == CREDHUB_E_SSH_DN);

    if (error == CREDHUB_OK) {
        fuzz_assert(
            request.certificate.host == credhub_ssh_template_host(kept));
        fuzz_applied(&request);
    }
}


static void
fuzz_applied(const credhub_ssh_request_t *request)
{
    const credhub_ssh_certificate_t *certificate = &request->certificate;

    fuzz_assert(certificate->principals.n >= 1);
    fuzz_assert(certificate->principals.n <= CREDHUB_SSH_PRINCIPALS_MAX);
    fuzz_assert(certificate->key_id.len >= 1);
    fuzz_assert(certificate->key_id.len <= CREDHUB_SSH_KEY_ID_MAX);
    fuzz_assert(request->validity >= 1);
    fuzz_assert(request->validity <= CREDHUB_SSH_VALIDITY_MAX);
    fuzz_assert(
        request->policy.len + 1 + request->object.len <= CREDHUB_SSH_DN_MAX);
    fuzz_assert(!certificate->host
                || (certificate->nextensions == 0
                    && certificate->force_command.data == NULL));
}


static void
fuzz_dn(credhub_arena_t *arena, credhub_str_t text)
{
    credhub_str_t dn, again, name;

    if (credhub_ssh_dn(arena, text, &dn) == CREDHUB_OK) {
        fuzz_assert(dn.len <= CREDHUB_SSH_DN_MAX);
        fuzz_assert(credhub_ssh_dn(arena, dn, &again) == CREDHUB_OK);
        fuzz_assert(credhub_str_eq(dn, again));
    }

    name = credhub_ssh_dn_segment(arena, text);
    fuzz_assert(credhub_ssh_dn(arena, name, &again) == CREDHUB_OK);
    fuzz_assert(credhub_str_eq(credhub_ssh_dn_name(again), name));
}
