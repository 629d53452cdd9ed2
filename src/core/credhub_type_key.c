
/*
 * The types rsa and ssh. Keys that are set are kept as they are, whatever they
 * hold; the parameters of a version are read back from its public key.
 */

#include <stddef.h>
#include <string.h>
#include "credhub_key.h"
#include "credhub_types.h"


static credhub_error_e credhub_type_set_rsa(credhub_arena_t *arena,
    credhub_str_t value, atomic_int *cancel, credhub_content_t *content,
    credhub_str_t *detail);
static credhub_error_e credhub_type_set_ssh(credhub_arena_t *arena,
    credhub_str_t value, atomic_int *cancel, credhub_content_t *content,
    credhub_str_t *detail);
static credhub_error_e credhub_type_set_pair(credhub_arena_t *arena,
    const credhub_bind_t *fields, credhub_str_t value, int ssh,
    credhub_content_t *content, credhub_str_t *detail);
static credhub_error_e credhub_type_pair_content(credhub_arena_t *arena,
    const credhub_key_pair_t *pair, int ssh, credhub_content_t *content);
static credhub_error_e credhub_type_check_key(
    const credhub_parameters_t *parameters);

static credhub_error_e credhub_type_kind(
    const credhub_parameters_t *parameters, credhub_key_kind_t *kind);
static credhub_error_e credhub_type_generate_rsa(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content);
static credhub_error_e credhub_type_generate_ssh(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content);

static int credhub_type_differs_rsa(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing);
static int credhub_type_differs_ssh(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing);

static credhub_error_e credhub_type_regenerate_rsa(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters);
static credhub_error_e credhub_type_regenerate_ssh(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters);

static void credhub_type_keep(
    credhub_parameters_t *parameters, credhub_key_kind_t kind);

static credhub_error_e credhub_type_stored_key(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_str_t *public_key);


static const credhub_bind_t credhub_rsa_fields[] = {
    { "public_key", CREDHUB_BIND_STRING,
        offsetof(credhub_key_pair_t, public_key), 1 },
    { "private_key", CREDHUB_BIND_STRING,
        offsetof(credhub_key_pair_t, private_key), 1 },
    credhub_bind_end,
};

static const credhub_bind_t credhub_ssh_fields[] = {
    { "public_key", CREDHUB_BIND_STRING,
        offsetof(credhub_key_pair_t, public_key), 1 },
    { "private_key", CREDHUB_BIND_STRING,
        offsetof(credhub_key_pair_t, private_key), 1 },
    { "public_key_fingerprint", CREDHUB_BIND_IGNORE, 0, 0 },
    credhub_bind_end,
};

static const credhub_bind_t credhub_rsa_parameters[] = {
    { "key_length", CREDHUB_BIND_INT,
        offsetof(credhub_parameters_t, key_length), 0 },
    credhub_bind_end,
};

static const credhub_bind_t credhub_ssh_parameters[] = {
    { "key_length", CREDHUB_BIND_INT,
        offsetof(credhub_parameters_t, key_length), 0 },
    { "key_type", CREDHUB_BIND_STRING, offsetof(credhub_parameters_t, key_type),
        1 },
    { "key_curve", CREDHUB_BIND_STRING,
        offsetof(credhub_parameters_t, key_curve), 1 },
    { "ssh_comment", CREDHUB_BIND_STRING,
        offsetof(credhub_parameters_t, ssh_comment), 1 },
    credhub_bind_end,
};


const credhub_type_t credhub_type_rsa = {
    .name = credhub_string("rsa"),
    .slow_generate = 1,
    .set = credhub_type_set_rsa,
    .parameters = credhub_rsa_parameters,
    .check = credhub_type_check_key,
    .generate = credhub_type_generate_rsa,
    .differs = credhub_type_differs_rsa,
    .regenerate = credhub_type_regenerate_rsa,
};

const credhub_type_t credhub_type_ssh = {
    .name = credhub_string("ssh"),
    .slow_generate = 1,
    .set = credhub_type_set_ssh,
    .parameters = credhub_ssh_parameters,
    .check = credhub_type_check_key,
    .generate = credhub_type_generate_ssh,
    .differs = credhub_type_differs_ssh,
    .regenerate = credhub_type_regenerate_ssh,
};


static credhub_error_e
credhub_type_set_rsa(credhub_arena_t *arena, credhub_str_t value,
    atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail)
{
    return credhub_type_set_pair(
        arena, credhub_rsa_fields, value, 0, content, detail);
}


static credhub_error_e
credhub_type_set_ssh(credhub_arena_t *arena, credhub_str_t value,
    atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail)
{
    return credhub_type_set_pair(
        arena, credhub_ssh_fields, value, 1, content, detail);
}


static credhub_error_e
credhub_type_set_pair(credhub_arena_t *arena, const credhub_bind_t *fields,
    credhub_str_t value, int ssh, credhub_content_t *content,
    credhub_str_t *detail)
{
    credhub_error_e    rc;
    credhub_key_pair_t pair;

    memset(&pair, 0, sizeof(pair));

    rc = credhub_type_bind(arena, fields, value, &pair, detail);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    if (pair.public_key.len == 0 && pair.private_key.len == 0) {
        return CREDHUB_E_NO_KEY;
    }

    return credhub_type_pair_content(arena, &pair, ssh, content);
}


static credhub_error_e
credhub_type_pair_content(credhub_arena_t *arena,
    const credhub_key_pair_t *pair, int ssh, credhub_content_t *content)
{
    credhub_buf_t   head, secret, tail;
    credhub_error_e rc;

    credhub_buf_init(&head, arena, pair->public_key.len + 128);
    credhub_buf_init(&secret, arena, pair->private_key.len + 128);
    credhub_buf_init(&tail, arena, 96);

    credhub_buf_lit(&head, "{\"public_key\":");
    credhub_type_add_nullable(&head, pair->public_key);
    credhub_buf_lit(&head, ",\"private_key\":");

    if (ssh) {
        credhub_buf_lit(&tail, ",\"public_key_fingerprint\":");
        credhub_type_add_nullable(
            &tail, credhub_key_fingerprint(arena, pair->public_key));
    }

    credhub_buf_lit(&tail, "}");

    if (pair->private_key.len == 0) {
        credhub_buf_lit(&head, "null");
        credhub_buf_add_str(&head, credhub_buf_str(&tail));
        head.failed |= tail.failed;

        return credhub_type_take(&head, &content->head);
    }

    credhub_json_add_string(&secret, pair->private_key);

    rc = credhub_type_take(&head, &content->head);

    if (rc == CREDHUB_OK) {
        rc = credhub_type_take(&secret, &content->secret);
    }

    if (rc == CREDHUB_OK) {
        rc = credhub_type_take(&tail, &content->tail);
    }

    return rc;
}


static credhub_error_e
credhub_type_check_key(const credhub_parameters_t *parameters)
{
    size_t             i;
    credhub_str_t      comment;
    credhub_error_e    rc;
    credhub_key_kind_t kind;

    rc = credhub_type_kind(parameters, &kind);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    comment = parameters->ssh_comment;

    for (i = 0; i < comment.len; i++) {
        if (comment.data[i] == '\n' || comment.data[i] == '\r'
            || comment.data[i] == '\0')
        {
            return CREDHUB_E_BAD_REQUEST;
        }
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_type_kind(
    const credhub_parameters_t *parameters, credhub_key_kind_t *kind)
{
    return credhub_key_kind(parameters->key_type, parameters->key_curve,
        &parameters->key_length, kind);
}


static credhub_error_e
credhub_type_generate_rsa(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content)
{
    credhub_error_e    rc;
    credhub_key_kind_t kind;
    credhub_key_pair_t pair;

    rc = credhub_type_kind(parameters, &kind);

    if (rc == CREDHUB_OK) {
        rc = credhub_key_rsa(arena, kind.bits, cancel, &pair);
    }

    if (rc != CREDHUB_OK) {
        return rc;
    }

    return credhub_type_pair_content(arena, &pair, 0, content);
}


static credhub_error_e
credhub_type_generate_ssh(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content)
{
    credhub_error_e    rc;
    credhub_key_kind_t kind;
    credhub_key_pair_t pair;

    rc = credhub_type_kind(parameters, &kind);

    if (rc == CREDHUB_OK) {
        rc = credhub_key_ssh(
            arena, &kind, parameters->ssh_comment, cancel, &pair);
    }

    if (rc != CREDHUB_OK) {
        return rc;
    }

    if (pair.public_key.len + pair.private_key.len > CREDHUB_VALUE_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    return credhub_type_pair_content(arena, &pair, 1, content);
}


static int
credhub_type_differs_rsa(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing)
{
    credhub_str_t      public_key;
    credhub_key_kind_t kind;

    return credhub_type_kind(parameters, &kind) != CREDHUB_OK
           || credhub_type_stored_key(arena, existing, &public_key)
                  != CREDHUB_OK
           || credhub_key_rsa_bits(public_key) != kind.bits;
}


static int
credhub_type_differs_ssh(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing)
{
    credhub_str_t      public_key, comment;
    credhub_key_kind_t kind, stored;

    if (credhub_type_kind(parameters, &kind) != CREDHUB_OK
        || credhub_type_stored_key(arena, existing, &public_key) != CREDHUB_OK)
    {
        return 1;
    }

    stored = credhub_key_ssh_kind(public_key, &comment);

    return stored.type != kind.type || stored.bits != kind.bits
           || !credhub_str_eq(comment, parameters->ssh_comment);
}


static credhub_error_e
credhub_type_regenerate_rsa(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters)
{
    credhub_str_t      public_key;
    credhub_error_e    rc;
    credhub_key_kind_t kind;

    rc = credhub_type_stored_key(arena, existing, &public_key);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    memset(parameters, 0, sizeof(credhub_parameters_t));

    kind.type = CREDHUB_KEY_RSA;
    kind.bits = credhub_key_rsa_bits(public_key);

    credhub_type_keep(parameters, kind);

    return CREDHUB_OK;
}


static credhub_error_e
credhub_type_regenerate_ssh(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters)
{
    credhub_str_t   public_key;
    credhub_error_e rc;

    rc = credhub_type_stored_key(arena, existing, &public_key);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    memset(parameters, 0, sizeof(credhub_parameters_t));

    credhub_type_keep(
        parameters, credhub_key_ssh_kind(public_key, &parameters->ssh_comment));

    return CREDHUB_OK;
}


/* A key that was set may be one that cannot be generated; then a default one
 * takes its place. */

static void
credhub_type_keep(credhub_parameters_t *parameters, credhub_key_kind_t kind)
{
    credhub_key_names(&kind, &parameters->key_type, &parameters->key_curve);

    parameters->key_length.set = 1;
    parameters->key_length.value = kind.bits;

    if (credhub_type_kind(parameters, &kind) != CREDHUB_OK) {
        parameters->key_length.value = 0;
    }
}


/* Empty when the version has no public key. */

static credhub_error_e
credhub_type_stored_key(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_str_t *public_key)
{
    credhub_buf_t buf;
    credhub_str_t value;

    *public_key = credhub_null_str;

    /* the private key is not needed, so it is not copied either */

    credhub_buf_init(&buf, arena, existing->head.len + existing->tail.len + 4);
    credhub_buf_add_str(&buf, existing->head);

    if (existing->secret.len != 0) {
        credhub_buf_lit(&buf, "null");
        credhub_buf_add_str(&buf, existing->tail);
    }

    if (buf.failed) {
        return CREDHUB_E_INTERNAL;
    }

    if (!credhub_json_get(credhub_buf_str(&buf), "public_key", &value)
        || credhub_json_kind(value) != CREDHUB_JSON_STRING)
    {
        return CREDHUB_OK;
    }

    *public_key = credhub_json_decode(arena, value);

    return (public_key->data == NULL) ? CREDHUB_E_INTERNAL : CREDHUB_OK;
}
