
/*
 * The types password and user. A generated one keeps its parameters; one that
 * was set has none, so it is never regenerated.
 */

#include <stddef.h>
#include <string.h>
#include "credhub_password.h"
#include "credhub_types.h"


#define credhub_type_bool(flag) ((flag).value ? "true" : "false")


typedef struct {
    credhub_str_t username;
    credhub_str_t password;
} credhub_user_t;


static credhub_error_e credhub_type_set_user(credhub_arena_t *arena,
    credhub_str_t value, atomic_int *cancel, credhub_content_t *content,
    credhub_str_t *detail);
static credhub_error_e credhub_type_check_user(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *detail);
static credhub_error_e credhub_type_bind_user(credhub_arena_t *arena,
    credhub_str_t value, credhub_user_t *user, credhub_str_t *detail);
static credhub_error_e credhub_type_user_content(credhub_arena_t *arena,
    const credhub_user_t *user, atomic_int *cancel, credhub_content_t *content);
static credhub_error_e credhub_type_check_password(
    const credhub_parameters_t *parameters);

static unsigned credhub_type_classes(const credhub_parameters_t *parameters);

static int64_t credhub_type_length(const credhub_parameters_t *parameters);

static credhub_error_e credhub_type_new_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t *password);
static credhub_error_e credhub_type_generate_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content);
static credhub_error_e credhub_type_generate_user(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content);
static credhub_error_e credhub_type_params(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t *params);

static int credhub_type_differs_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing);
static int credhub_type_differs_user(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing);
static int credhub_type_differs_from(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t params,
    credhub_str_t password);

static credhub_error_e credhub_type_regenerate_password(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters);
static credhub_error_e credhub_type_regenerate_user(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters);
static credhub_error_e credhub_type_stored(credhub_arena_t *arena,
    credhub_str_t params, credhub_parameters_t *parameters);
static credhub_error_e credhub_type_stored_user(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_user_t *user);


static const credhub_bind_t credhub_user_fields[] = {
    { "username", CREDHUB_BIND_STRING, offsetof(credhub_user_t, username), 1 },
    { "password", CREDHUB_BIND_STRING, offsetof(credhub_user_t, password), 1 },
    { "password_hash", CREDHUB_BIND_IGNORE, 0, 0 },
    credhub_bind_end,
};

static const credhub_bind_t credhub_password_parameters[] = {
    { "length", CREDHUB_BIND_INT, offsetof(credhub_parameters_t, length), 0 },
    { "exclude_lower", CREDHUB_BIND_BOOL,
        offsetof(credhub_parameters_t, exclude_lower), 0 },
    { "exclude_upper", CREDHUB_BIND_BOOL,
        offsetof(credhub_parameters_t, exclude_upper), 0 },
    { "exclude_number", CREDHUB_BIND_BOOL,
        offsetof(credhub_parameters_t, exclude_number), 0 },
    { "include_special", CREDHUB_BIND_BOOL,
        offsetof(credhub_parameters_t, include_special), 0 },
    { "username", CREDHUB_BIND_STRING, offsetof(credhub_parameters_t, username),
        1 },
    credhub_bind_end,
};


const credhub_type_t credhub_type_password = {
    .name = credhub_string("password"),
    .set = credhub_type_set_text,
    .parameters = credhub_password_parameters,
    .check = credhub_type_check_password,
    .generate = credhub_type_generate_password,
    .differs = credhub_type_differs_password,
    .regenerate = credhub_type_regenerate_password,
};

const credhub_type_t credhub_type_user = {
    .name = credhub_string("user"),
    .slow_set = 1,
    .slow_generate = 1,
    .set = credhub_type_set_user,
    .check_value = credhub_type_check_user,
    .parameters = credhub_password_parameters,
    .check = credhub_type_check_password,
    .generate = credhub_type_generate_user,
    .differs = credhub_type_differs_user,
    .regenerate = credhub_type_regenerate_user,
};


static credhub_error_e
credhub_type_set_user(credhub_arena_t *arena, credhub_str_t value,
    atomic_int *cancel, credhub_content_t *content, credhub_str_t *detail)
{
    credhub_user_t  user;
    credhub_error_e rc;

    rc = credhub_type_bind_user(arena, value, &user, detail);

    return (rc == CREDHUB_OK)
               ? credhub_type_user_content(arena, &user, cancel, content)
               : rc;
}


static credhub_error_e
credhub_type_check_user(
    credhub_arena_t *arena, credhub_str_t value, credhub_str_t *detail)
{
    credhub_user_t user;

    return credhub_type_bind_user(arena, value, &user, detail);
}


static credhub_error_e
credhub_type_bind_user(credhub_arena_t *arena, credhub_str_t value,
    credhub_user_t *user, credhub_str_t *detail)
{
    credhub_error_e rc;

    memset(user, 0, sizeof(credhub_user_t));

    rc = credhub_type_bind(arena, credhub_user_fields, value, user, detail);

    if (rc == CREDHUB_OK && user->password.len == 0) {
        rc = CREDHUB_E_NO_PASSWORD;
    }

    return rc;
}


static credhub_error_e
credhub_type_user_content(credhub_arena_t *arena, const credhub_user_t *user,
    atomic_int *cancel, credhub_content_t *content)
{
    credhub_str_t   hash;
    credhub_buf_t   buf;
    credhub_error_e rc;

    rc = credhub_password_hash(arena, user->password, cancel, &hash);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    credhub_buf_init(
        &buf, arena, user->username.len + user->password.len + hash.len + 64);

    credhub_buf_lit(&buf, "{\"username\":");
    credhub_type_add_nullable(&buf, user->username);
    credhub_buf_lit(&buf, ",\"password\":");
    credhub_json_add_string(&buf, user->password);
    credhub_buf_lit(&buf, ",\"password_hash\":");
    credhub_json_add_string(&buf, hash);
    credhub_buf_lit(&buf, "}");

    return credhub_type_take(&buf, &content->secret);
}


static credhub_error_e
credhub_type_check_password(const credhub_parameters_t *parameters)
{
    if (credhub_type_classes(parameters) == 0) {
        return CREDHUB_E_NO_CHARSET;
    }

    return CREDHUB_OK;
}


static unsigned
credhub_type_classes(const credhub_parameters_t *parameters)
{
    unsigned classes;

    classes = 0;

    if (!parameters->exclude_lower.value) {
        classes |= CREDHUB_CHARS_LOWER;
    }

    if (!parameters->exclude_upper.value) {
        classes |= CREDHUB_CHARS_UPPER;
    }

    if (!parameters->exclude_number.value) {
        classes |= CREDHUB_CHARS_NUMBER;
    }

    if (parameters->include_special.value) {
        classes |= CREDHUB_CHARS_SPECIAL;
    }

    return classes;
}


static int64_t
credhub_type_length(const credhub_parameters_t *parameters)
{
    return parameters->length.set ? parameters->length.value
                                  : CREDHUB_PASSWORD_DEFAULT;
}


static credhub_error_e
credhub_type_new_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t *password)
{
    int64_t length;

    length = credhub_type_length(parameters);

    if (length < CREDHUB_PASSWORD_MIN || length > CREDHUB_PASSWORD_MAX) {
        length = CREDHUB_PASSWORD_DEFAULT;
    }

    return credhub_password(
        arena, (size_t) length, credhub_type_classes(parameters), password);
}


static credhub_error_e
credhub_type_generate_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content)
{
    credhub_buf_t   buf;
    credhub_str_t   password;
    credhub_error_e rc;

    rc = credhub_type_new_password(arena, parameters, &password);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    /* twice the length: a backslash takes two bytes */

    credhub_buf_init(&buf, arena, password.len * 2 + 2);
    credhub_json_add_string(&buf, password);

    rc = credhub_type_take(&buf, &content->secret);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    return credhub_type_params(arena, parameters, &content->params);
}


static credhub_error_e
credhub_type_generate_user(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, atomic_int *cancel,
    credhub_content_t *content)
{
    credhub_user_t  user;
    credhub_error_e rc;

    rc = credhub_type_new_password(arena, parameters, &user.password);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    user.username = parameters->username;

    if (user.username.len == 0) {
        rc = credhub_password(arena, CREDHUB_USERNAME_LEN,
            CREDHUB_CHARS_LOWER | CREDHUB_CHARS_UPPER, &user.username);
        if (rc != CREDHUB_OK) {
            return rc;
        }
    }

    if (user.username.len + user.password.len > CREDHUB_VALUE_MAX) {
        return CREDHUB_E_TOO_LARGE;
    }

    rc = credhub_type_user_content(arena, &user, cancel, content);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    return credhub_type_params(arena, parameters, &content->params);
}


/* The length is kept as it was asked for, even where it was not honored. */

static credhub_error_e
credhub_type_params(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t *params)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, parameters->username.len + 160);

    credhub_buf_printf(&buf,
        "{\"length\":%lld,\"exclude_lower\":%s,\"exclude_upper\":%s,"
        "\"exclude_number\":%s,\"include_special\":%s,\"username\":",
        (long long) credhub_type_length(parameters),
        credhub_type_bool(parameters->exclude_lower),
        credhub_type_bool(parameters->exclude_upper),
        credhub_type_bool(parameters->exclude_number),
        credhub_type_bool(parameters->include_special));

    credhub_type_add_nullable(&buf, parameters->username);
    credhub_buf_lit(&buf, "}");

    return credhub_type_take(&buf, params);
}


static int
credhub_type_differs_password(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing)
{
    credhub_str_t password;

    password = credhub_json_decode(arena, existing->secret);

    return credhub_type_differs_from(
        arena, parameters, existing->params, password);
}


static int
credhub_type_differs_user(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, const credhub_content_t *existing)
{
    credhub_user_t user;

    if (credhub_type_stored_user(arena, existing, &user) != CREDHUB_OK) {
        return 1;
    }

    return credhub_type_differs_from(
        arena, parameters, existing->params, user.password);
}


static int
credhub_type_differs_from(credhub_arena_t *arena,
    const credhub_parameters_t *parameters, credhub_str_t params,
    credhub_str_t password)
{
    credhub_parameters_t stored;

    return params.len == 0
           || credhub_type_stored(arena, params, &stored) != CREDHUB_OK
           || credhub_type_length(parameters) != (int64_t) password.len
           || credhub_type_classes(parameters) != credhub_type_classes(&stored)
           || !credhub_str_eq(parameters->username, stored.username);
}


static credhub_error_e
credhub_type_regenerate_password(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters)
{
    credhub_str_t   password;
    credhub_error_e rc;

    if (existing->params.len == 0) {
        return CREDHUB_E_NOT_REGENERABLE_PASSWORD;
    }

    rc = credhub_type_stored(arena, existing->params, parameters);
    if (rc != CREDHUB_OK) {
        return rc;
    }

    password = credhub_json_decode(arena, existing->secret);
    if (password.data == NULL) {
        return CREDHUB_E_INTERNAL;
    }

    parameters->length.value = (int64_t) password.len;
    parameters->length.set = 1;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_type_regenerate_user(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_parameters_t *parameters)
{
    credhub_user_t  user;
    credhub_error_e rc;

    if (existing->params.len == 0) {
        return CREDHUB_E_NOT_REGENERABLE_USER;
    }

    rc = credhub_type_stored(arena, existing->params, parameters);

    if (rc == CREDHUB_OK) {
        rc = credhub_type_stored_user(arena, existing, &user);
    }

    if (rc != CREDHUB_OK) {
        return rc;
    }

    parameters->username = user.username;
    parameters->length.value = (int64_t) user.password.len;
    parameters->length.set = 1;

    return CREDHUB_OK;
}


/* What the store holds was written here, so any misfit is an inner error. */

static credhub_error_e
credhub_type_stored(credhub_arena_t *arena, credhub_str_t params,
    credhub_parameters_t *parameters)
{
    credhub_str_t detail;

    memset(parameters, 0, sizeof(credhub_parameters_t));

    if (credhub_bind(
            arena, credhub_password_parameters, params, parameters, &detail)
        != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_type_stored_user(credhub_arena_t *arena,
    const credhub_content_t *existing, credhub_user_t *user)
{
    credhub_str_t detail;

    memset(user, 0, sizeof(credhub_user_t));

    if (credhub_bind(
            arena, credhub_user_fields, existing->secret, user, &detail)
        != CREDHUB_OK)
    {
        return CREDHUB_E_INTERNAL;
    }

    return CREDHUB_OK;
}
