
/*
 * Configs of secrets managers, by a table per type. What is bound here goes
 * into URLs and headers, so each field has a form it must have. Strings live in
 * the caller's arena.
 */

#include "credhub_manager.h"
#include "credhub_endpoint.h"
#include "credhub_sigv4.h"
#include "credhub_url.h"

#include <string.h>


#define CREDHUB_MANAGER_LOGIN_AZURE "https://login.microsoftonline.com"


/* When a field must be there. */

#define CREDHUB_MANAGER_OPTIONAL 0x00
#define CREDHUB_MANAGER_ALWAYS   0x01
#define CREDHUB_MANAGER_SAAS     0x02 /* unless it is a hybrid one */
#define CREDHUB_MANAGER_READ     0x04 /* to read with it */


/* A manager, and what its URLs are made of. */

typedef struct {
    credhub_manager_t manager;
    credhub_str_t     address;
    credhub_str_t     endpoint; /* in place of the address */
    credhub_str_t     login;    /* where a token is got */
    credhub_str_t     kv_version;
} credhub_manager_config_t;


/* Is the text of that form? It may be shortened. */
typedef int (*credhub_manager_form_pt)(credhub_str_t *text);

typedef struct {
    const char             *name;
    size_t                  offset; /* in credhub_manager_config_t */
    credhub_manager_form_pt form;
    unsigned                needed;
} credhub_manager_field_t;

typedef struct {
    credhub_str_t                  name;
    const credhub_manager_field_t *fields;
    int (*urls)(credhub_arena_t *arena, credhub_manager_config_t *config);
} credhub_manager_type_t;


static credhub_error_e credhub_manager_load(credhub_arena_t *arena,
    credhub_manager_e type, credhub_str_t json, unsigned needed,
    credhub_manager_config_t *config, credhub_str_t *detail);
static credhub_error_e credhub_manager_field(credhub_arena_t *arena,
    const credhub_manager_field_t *field, credhub_str_t json,
    credhub_str_t *text, const char **wrong);
static credhub_error_e credhub_manager_wrong(credhub_arena_t *arena,
    const char *name, const char *wrong, credhub_str_t *detail);

static int  credhub_manager_text(credhub_str_t *text);
static int  credhub_manager_secret(credhub_str_t *text);
static int  credhub_manager_header(credhub_str_t *text);
static int  credhub_manager_id(credhub_str_t *text);
static int  credhub_manager_region(credhub_str_t *text);
static int  credhub_manager_mount(credhub_str_t *text);
static int  credhub_manager_kv_version(credhub_str_t *text);
static int  credhub_manager_url(credhub_str_t *text);
static int  credhub_manager_consists(credhub_str_t text, const char *others);
static void credhub_manager_strip(credhub_str_t *text);

static int credhub_manager_urls_aws(
    credhub_arena_t *arena, credhub_manager_config_t *config);
static credhub_str_t credhub_manager_url_aws(
    credhub_arena_t *arena, const char *service, credhub_str_t region);
static int credhub_manager_urls_azure(
    credhub_arena_t *arena, credhub_manager_config_t *config);
static int credhub_manager_urls_vault(
    credhub_arena_t *arena, credhub_manager_config_t *config);


#define credhub_manager_at(member) offsetof(credhub_manager_config_t, member)


static const credhub_manager_field_t credhub_manager_fields_aws[] = {
    { "role_arn", credhub_manager_at(manager.role_id), credhub_manager_text,
        CREDHUB_MANAGER_ALWAYS },
    { "external_id", credhub_manager_at(manager.external_id),
        credhub_manager_text, CREDHUB_MANAGER_OPTIONAL },
    { "region", credhub_manager_at(manager.region), credhub_manager_region,
        CREDHUB_MANAGER_READ },
    { "access_key_id", credhub_manager_at(manager.access_key_id),
        credhub_manager_id, CREDHUB_MANAGER_READ },
    { "secret_access_key", credhub_manager_at(manager.secret_access_key),
        credhub_manager_secret, CREDHUB_MANAGER_READ },
    { "sts_endpoint", credhub_manager_at(login), credhub_manager_url,
        CREDHUB_MANAGER_OPTIONAL },
    { "endpoint", credhub_manager_at(endpoint), credhub_manager_url,
        CREDHUB_MANAGER_OPTIONAL },
    { NULL, 0, NULL, 0 },
};

static const credhub_manager_field_t credhub_manager_fields_azure[] = {
    { "vault_url", credhub_manager_at(address), credhub_manager_url,
        CREDHUB_MANAGER_ALWAYS },
    { "tenant_id", credhub_manager_at(manager.tenant_id), credhub_manager_id,
        CREDHUB_MANAGER_SAAS },
    { "client_id", credhub_manager_at(manager.client_id), credhub_manager_text,
        CREDHUB_MANAGER_READ },
    { "client_secret", credhub_manager_at(manager.client_secret),
        credhub_manager_text, CREDHUB_MANAGER_READ },
    { "login_endpoint", credhub_manager_at(login), credhub_manager_url,
        CREDHUB_MANAGER_OPTIONAL },
    { "endpoint", credhub_manager_at(endpoint), credhub_manager_url,
        CREDHUB_MANAGER_OPTIONAL },
    { NULL, 0, NULL, 0 },
};

static const credhub_manager_field_t credhub_manager_fields_vault[] = {
    { "vault_address", credhub_manager_at(address), credhub_manager_url,
        CREDHUB_MANAGER_ALWAYS },
    { "role_id", credhub_manager_at(manager.role_id), credhub_manager_text,
        CREDHUB_MANAGER_SAAS },
    { "secret_id", credhub_manager_at(manager.secret_id), credhub_manager_text,
        CREDHUB_MANAGER_SAAS },
    { "namespace", credhub_manager_at(manager.name_space),
        credhub_manager_header, CREDHUB_MANAGER_OPTIONAL },
    { "approle_mount", credhub_manager_at(manager.approle_mount),
        credhub_manager_mount, CREDHUB_MANAGER_OPTIONAL },
    { "kv_mount", credhub_manager_at(manager.kv_mount), credhub_manager_mount,
        CREDHUB_MANAGER_OPTIONAL },
    { "kv_version", credhub_manager_at(kv_version), credhub_manager_kv_version,
        CREDHUB_MANAGER_OPTIONAL },
    { "endpoint", credhub_manager_at(endpoint), credhub_manager_url,
        CREDHUB_MANAGER_OPTIONAL },
    { NULL, 0, NULL, 0 },
};


static const credhub_manager_type_t credhub_manager_types[] = {
    [CREDHUB_MANAGER_AWS] = { credhub_string("AWS_SECRET_MANAGER"),
        credhub_manager_fields_aws, credhub_manager_urls_aws },
    [CREDHUB_MANAGER_AZURE] = { credhub_string("AZURE_KEY_VAULT"),
        credhub_manager_fields_azure, credhub_manager_urls_azure },
    [CREDHUB_MANAGER_VAULT] = { credhub_string("HASHICORP_VAULT"),
        credhub_manager_fields_vault, credhub_manager_urls_vault },
};


credhub_manager_e
credhub_manager_type(credhub_str_t name)
{
    credhub_manager_e type;

    for (type = 0; type < CREDHUB_MANAGERS; type++) {
        if (credhub_str_eq(credhub_manager_types[type].name, name)) {
            break;
        }
    }

    return type;
}


credhub_error_e
credhub_manager_check(credhub_arena_t *arena, credhub_manager_e type,
    credhub_str_t config, int hybrid, credhub_str_t *detail)
{
    credhub_manager_config_t unused;

    return credhub_manager_load(arena, type, config,
        hybrid ? CREDHUB_MANAGER_ALWAYS
               : CREDHUB_MANAGER_ALWAYS | CREDHUB_MANAGER_SAAS,
        &unused, detail);
}


credhub_error_e
credhub_manager_bind(credhub_arena_t *arena, credhub_manager_e type,
    credhub_str_t config, credhub_manager_t *manager, credhub_str_t *detail)
{
    credhub_error_e          rc;
    credhub_manager_config_t loaded;

    rc = credhub_manager_load(arena, type, config,
        CREDHUB_MANAGER_ALWAYS | CREDHUB_MANAGER_SAAS | CREDHUB_MANAGER_READ,
        &loaded, detail);

    if (rc != CREDHUB_OK) {
        return rc;
    }

    loaded.manager.type = type;

    if (!credhub_manager_types[type].urls(arena, &loaded)) {
        return CREDHUB_E_INTERNAL;
    }

    *manager = loaded.manager;

    return CREDHUB_OK;
}


static credhub_error_e
credhub_manager_load(credhub_arena_t *arena, credhub_manager_e type,
    credhub_str_t json, unsigned needed, credhub_manager_config_t *config,
    credhub_str_t *detail)
{
    const char                    *wrong;
    credhub_str_t                 *text;
    credhub_error_e                rc;
    const credhub_manager_field_t *field;

    memset(config, 0, sizeof(credhub_manager_config_t));

    for (field = credhub_manager_types[type].fields; field->name != NULL;
         field++) {
        text = (credhub_str_t *) ((u_char *) config + field->offset);
        wrong = NULL;

        rc = credhub_manager_field(arena, field, json, text, &wrong);
        if (rc != CREDHUB_OK) {
            return rc;
        }

        if (wrong == NULL && text->len == 0 && (field->needed & needed)) {
            wrong = "is required";
        }

        if (wrong != NULL) {
            return credhub_manager_wrong(arena, field->name, wrong, detail);
        }
    }

    return CREDHUB_OK;
}


/* Null and "" are as good as absent. */

static credhub_error_e
credhub_manager_field(credhub_arena_t *arena,
    const credhub_manager_field_t *field, credhub_str_t json,
    credhub_str_t *text, const char **wrong)
{
    credhub_str_t value;

    if (!credhub_json_get(json, field->name, &value)) {
        return CREDHUB_OK;
    }

    switch (credhub_json_kind(value)) {
    case CREDHUB_JSON_NULL:
        return CREDHUB_OK;

    case CREDHUB_JSON_STRING:
        *text = credhub_json_decode(arena, value);

        if (text->data == NULL) {
            return CREDHUB_E_INTERNAL;
        }

        break;

    case CREDHUB_JSON_NUMBER:
        if (field->form == credhub_manager_kv_version) {
            *text = value;
            break;
        }

        /* fall through */

    default:
        *wrong = "must be a string";
        return CREDHUB_OK;
    }

    if (text->len != 0 && !field->form(text)) {
        *wrong = (field->form == credhub_manager_url) ? "must be an https URL"
                                                      : "is not valid";
    }

    return CREDHUB_OK;
}


static credhub_error_e
credhub_manager_wrong(credhub_arena_t *arena, const char *name,
    const char *wrong, credhub_str_t *detail)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 64);
    credhub_buf_printf(&buf, "ESM config field %s %s.", name, wrong);

    *detail = credhub_buf_str(&buf);

    return buf.failed ? CREDHUB_E_INTERNAL : CREDHUB_E_MANAGER_INPUT;
}


/* It goes into a body, encoded. */

static int
credhub_manager_text(credhub_str_t *text)
{
    return 1;
}


static int
credhub_manager_secret(credhub_str_t *text)
{
    return text->len <= CREDHUB_SIGV4_SECRET_MAX;
}


static int
credhub_manager_header(credhub_str_t *text)
{
    return credhub_url_visible(*text);
}


/* It is one segment of a path, or a part of a header. */

static int
credhub_manager_id(credhub_str_t *text)
{
    return credhub_manager_consists(*text, "._-")
           && credhub_url_path_valid(*text);
}


static int
credhub_manager_region(credhub_str_t *text)
{
    size_t i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] != credhub_lower(text->data[i])) {
            return 0;
        }
    }

    return credhub_manager_consists(*text, "-");
}


static int
credhub_manager_mount(credhub_str_t *text)
{
    credhub_manager_strip(text);

    return credhub_url_path_valid(*text);
}


static int
credhub_manager_kv_version(credhub_str_t *text)
{
    return credhub_str_eq(*text, credhub_str("1"))
           || credhub_str_eq(*text, credhub_str("2"));
}


/* Without a query, and with a path that needs no escapes: what is added to it
 * is a URL, and what is signed is what is sent. */

static int
credhub_manager_url(credhub_str_t *text)
{
    credhub_endpoint_t endpoint;

    credhub_manager_strip(text);

    if (!credhub_manager_consists(*text, "-._~/:[]")
        || credhub_endpoint(*text, &endpoint) != 0
        || !credhub_str_eq(endpoint.scheme, credhub_str("https")))
    {
        return 0;
    }

    if (endpoint.path.len == 0) {
        return 1;
    }

    endpoint.path.data++;
    endpoint.path.len--;

    return credhub_url_path_valid(endpoint.path);
}


/* Only ASCII letters, digits and the others. */

static int
credhub_manager_consists(credhub_str_t text, const char *others)
{
    size_t i;
    u_char c;

    for (i = 0; i < text.len; i++) {
        c = credhub_lower(text.data[i]);

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
            && (c == '\0' || strchr(others, c) == NULL))
        {
            return 0;
        }
    }

    return 1;
}


static void
credhub_manager_strip(credhub_str_t *text)
{
    while (text->len != 0 && text->data[text->len - 1] == '/') {
        text->len--;
    }
}


static int
credhub_manager_urls_aws(
    credhub_arena_t *arena, credhub_manager_config_t *config)
{
    credhub_manager_t *manager;

    manager = &config->manager;

    manager->urls[0] = (config->login.len != 0) ? config->login
                                                : credhub_manager_url_aws(arena,
                                                    "sts", manager->region);
    manager->urls[1] =
        (config->endpoint.len != 0)
            ? config->endpoint
            : credhub_manager_url_aws(arena, "secretsmanager", manager->region);
    manager->nurls = 2;

    return manager->urls[0].data != NULL && manager->urls[1].data != NULL;
}


static credhub_str_t
credhub_manager_url_aws(
    credhub_arena_t *arena, const char *service, credhub_str_t region)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, arena, 64);
    credhub_buf_printf(&buf, "https://%s.%.*s.amazonaws.com", service,
        (int) region.len, region.data);

    /* China is a partition with a domain of its own */
    if (region.len > 3 && memcmp(region.data, "cn-", 3) == 0) {
        credhub_buf_lit(&buf, ".cn");
    }

    return buf.failed ? credhub_null_str : credhub_buf_str(&buf);
}


static int
credhub_manager_urls_azure(
    credhub_arena_t *arena, credhub_manager_config_t *config)
{
    credhub_manager_t *manager;

    manager = &config->manager;

    manager->urls[0] = (config->login.len != 0)
                           ? config->login
                           : credhub_str(CREDHUB_MANAGER_LOGIN_AZURE);
    manager->urls[1] =
        (config->endpoint.len != 0) ? config->endpoint : config->address;
    manager->nurls = 2;

    return 1;
}


static int
credhub_manager_urls_vault(
    credhub_arena_t *arena, credhub_manager_config_t *config)
{
    credhub_manager_t *manager;

    manager = &config->manager;

    manager->urls[0] =
        (config->endpoint.len != 0) ? config->endpoint : config->address;
    manager->nurls = 1;

    if (manager->approle_mount.len == 0) {
        manager->approle_mount = credhub_str("approle");
    }

    if (manager->kv_mount.len == 0) {
        manager->kv_mount = credhub_str("secret");
    }

    manager->kv_version =
        credhub_str_eq(config->kv_version, credhub_str("1")) ? 1 : 2;

    return 1;
}
