
/* Configs of secrets managers, and the keys that are read from them. */

#include "unit.h"
#include "credhub_manager.h"


#define ARN "\"role_arn\":\"arn:aws:iam::123456789012:role/r\""
#define AWS                                                                    \
    ARN ",\"region\":\"eu-west-1\",\"access_key_id\":\"AKID\","                \
        "\"secret_access_key\":\"s\""
#define AZURE                                                                  \
    "\"vault_url\":\"https://v.vault.azure.net\",\"tenant_id\":\"t-1.x\","     \
    "\"client_id\":\"c\",\"client_secret\":\"s\""
#define ADDRESS "\"vault_address\":\"https://vault.test:8200\""
#define VAULT   ADDRESS ",\"role_id\":\"r\",\"secret_id\":\"s\""


static credhub_str_t
checked(const char *json)
{
    credhub_str_t value;

    assert_int_equal(
        credhub_json_check(unit_arena, unit_str(json), &value), CREDHUB_OK);

    return value;
}


/* What a check says; NULL text: nothing. */

static void
assert_check(
    credhub_manager_e type, const char *json, int hybrid, const char *text)
{
    credhub_str_t   detail;
    credhub_error_e rc;

    detail = credhub_null_str;
    rc =
        credhub_manager_check(unit_arena, type, checked(json), hybrid, &detail);

    assert_int_equal(rc, text != NULL ? CREDHUB_E_MANAGER_INPUT : CREDHUB_OK);
    unit_assert_str(detail, text != NULL ? text : "");
}


static void
assert_bind(credhub_manager_e type, const char *json, const char *text)
{
    credhub_str_t     detail;
    credhub_error_e   rc;
    credhub_manager_t manager;

    detail = credhub_null_str;
    rc = credhub_manager_bind(
        unit_arena, type, checked(json), &manager, &detail);

    assert_int_equal(rc, text != NULL ? CREDHUB_E_MANAGER_INPUT : CREDHUB_OK);
    unit_assert_str(detail, text != NULL ? text : "");
}


static credhub_manager_t
bound(credhub_manager_e type, const char *json)
{
    credhub_str_t     detail;
    credhub_manager_t manager;

    detail = credhub_null_str;
    memset(&manager, 0x55, sizeof(manager));

    assert_int_equal(credhub_manager_bind(
                         unit_arena, type, checked(json), &manager, &detail),
        CREDHUB_OK);
    assert_int_equal(manager.type, type);

    return manager;
}


static void
test_type(void **state)
{
    assert_int_equal(credhub_manager_type(unit_str("AWS_SECRET_MANAGER")),
        CREDHUB_MANAGER_AWS);
    assert_int_equal(credhub_manager_type(unit_str("AZURE_KEY_VAULT")),
        CREDHUB_MANAGER_AZURE);
    assert_int_equal(credhub_manager_type(unit_str("HASHICORP_VAULT")),
        CREDHUB_MANAGER_VAULT);
    assert_int_equal(
        credhub_manager_type(unit_str("hashicorp_vault")), CREDHUB_MANAGERS);
    assert_int_equal(credhub_manager_type(unit_str("")), CREDHUB_MANAGERS);
}


static void
test_required(void **state)
{
    size_t i;

    static const struct {
        credhub_manager_e type;
        const char       *json;
        int               hybrid;
        const char       *text;
    } rows[] = {
        { CREDHUB_MANAGER_AWS, "{}", 0,
            "ESM config field role_arn is required." },
        { CREDHUB_MANAGER_AWS, "{}", 1,
            "ESM config field role_arn is required." },
        { CREDHUB_MANAGER_AWS, "{" ARN "}", 0, NULL },
        { CREDHUB_MANAGER_AWS, "{" ARN "}", 1, NULL },

        { CREDHUB_MANAGER_AZURE, "{\"tenant_id\":\"t\"}", 0,
            "ESM config field vault_url is required." },
        { CREDHUB_MANAGER_AZURE, "{}", 1,
            "ESM config field vault_url is required." },
        { CREDHUB_MANAGER_AZURE, "{\"vault_url\":\"https://v\"}", 0,
            "ESM config field tenant_id is required." },
        { CREDHUB_MANAGER_AZURE, "{\"vault_url\":\"https://v\"}", 1, NULL },

        { CREDHUB_MANAGER_VAULT, "{}", 0,
            "ESM config field vault_address is required." },
        { CREDHUB_MANAGER_VAULT, "{}", 1,
            "ESM config field vault_address is required." },
        { CREDHUB_MANAGER_VAULT, "{" ADDRESS "}", 0,
            "ESM config field role_id is required." },
        { CREDHUB_MANAGER_VAULT, "{" ADDRESS ",\"role_id\":\"r\"}", 0,
            "ESM config field secret_id is required." },
        { CREDHUB_MANAGER_VAULT, "{" ADDRESS "}", 1, NULL },
        { CREDHUB_MANAGER_VAULT, "{" VAULT "}", 0, NULL },

        { CREDHUB_MANAGER_VAULT, "{" ADDRESS ",\"role_id\":null}", 0,
            "ESM config field role_id is required." },
        { CREDHUB_MANAGER_VAULT, "{" ADDRESS ",\"role_id\":\"\"}", 0,
            "ESM config field role_id is required." },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_check(rows[i].type, rows[i].json, rows[i].hybrid, rows[i].text);
    }
}


static void
test_kinds(void **state)
{
    size_t             i;
    credhub_buf_t      buf;
    static const char *values[] = { "1", "true", "[]", "{}", "[\"s\"]" };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_printf(
            &buf, "{" VAULT ",\"namespace\":%s}%c", values[i], '\0');
        assert_check(CREDHUB_MANAGER_VAULT, (char *) buf.data, 0,
            "ESM config field namespace must be a string.");
    }

    /* what is not known is not looked at */
    assert_check(CREDHUB_MANAGER_VAULT,
        "{\"more\":{\"a\":[1]},\"role_arn\":7," VAULT "}", 0, NULL);
    assert_check(
        CREDHUB_MANAGER_VAULT, "{" VAULT ",\"namespace\":null}", 0, NULL);
}


/* Is `value` a good one of that field? */

static int
good(credhub_manager_e type, const char *name, const char *value)
{
    credhub_buf_t   buf;
    credhub_str_t   detail;
    credhub_error_e rc;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_printf(&buf, "{\"%s\":%s", name, value);

    if (strcmp(name, "vault_address") != 0) {
        credhub_buf_lit(&buf, "," ADDRESS);
    }

    if (strcmp(name, "vault_url") != 0) {
        credhub_buf_lit(&buf, ",\"vault_url\":\"https://v\"");
    }

    credhub_buf_printf(&buf, "," ARN "}%c", '\0');

    rc = credhub_manager_check(
        unit_arena, type, checked((char *) buf.data), 1, &detail);

    return rc == CREDHUB_OK;
}


static void
test_urls_valid(void **state)
{
    size_t i, j;

    static const struct {
        credhub_manager_e type;
        const char       *name;
    } fields[] = {
        { CREDHUB_MANAGER_AWS, "endpoint" },
        { CREDHUB_MANAGER_AWS, "sts_endpoint" },
        { CREDHUB_MANAGER_AZURE, "endpoint" },
        { CREDHUB_MANAGER_AZURE, "login_endpoint" },
        { CREDHUB_MANAGER_AZURE, "vault_url" },
        { CREDHUB_MANAGER_VAULT, "endpoint" },
        { CREDHUB_MANAGER_VAULT, "vault_address" },
    };

    static const char *urls[] = { "\"https://v.test\"", "\"https://v.test/\"",
        "\"https://v.test:8200\"", "\"https://10.0.0.1:8200\"",
        "\"https://[::1]:8200\"", "\"https://v.test/a/b\"" };

    static const char *others[] = { "\"http://v.test\"", "\"v.test:8200\"",
        "\"v.test\"", "\"ftp://v.test\"", "\"https://\"",
        "\"https://u@v.test\"", "\"https://v.test/?a=b\"",
        "\"https://v.test?a\"", "\"https://v.test/#f\"",
        "\"https://v.test/a b\"", "\"https://v.test/a//b\"",
        "\"https://v.test/../b\"", "\"https://v.test/%2e%2e/b\"",
        "\"https://v.test:0\"", "\"https://v.test:65536\"",
        "\"https://v.test\\r\\nA: b\"", "\"https://v.test\\\\a\"",
        "\"unix:/v.sock\"" };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        for (j = 0; j < sizeof(urls) / sizeof(urls[0]); j++) {
            assert_true(good(fields[i].type, fields[i].name, urls[j]));
        }

        for (j = 0; j < sizeof(others) / sizeof(others[0]); j++) {
            assert_false(good(fields[i].type, fields[i].name, others[j]));
        }
    }

    assert_check(CREDHUB_MANAGER_VAULT, "{\"vault_address\":\"http://v\"}", 1,
        "ESM config field vault_address must be an https URL.");
}


static void
test_forms(void **state)
{
    size_t i;

    static const struct {
        credhub_manager_e type;
        const char       *name;
        const char       *value;
        int               good;
    } rows[] = {
        { CREDHUB_MANAGER_AWS, "region", "\"us-gov-west-1\"", 1 },
        { CREDHUB_MANAGER_AWS, "region", "\"EU-west-1\"", 0 },
        { CREDHUB_MANAGER_AWS, "region", "\"eu.west\"", 0 },
        { CREDHUB_MANAGER_AWS, "region", "\"eu/west\"", 0 },
        { CREDHUB_MANAGER_AWS, "region", "\"eu west\"", 0 },
        { CREDHUB_MANAGER_AWS, "access_key_id", "\"AKIA_09\"", 1 },
        { CREDHUB_MANAGER_AWS, "access_key_id", "\"A/B\"", 0 },
        { CREDHUB_MANAGER_AWS, "access_key_id", "\"A\\r\\nB\"", 0 },
        { CREDHUB_MANAGER_AZURE, "tenant_id", "\"contoso.test\"", 1 },
        { CREDHUB_MANAGER_AZURE, "tenant_id", "\"..\"", 0 },
        { CREDHUB_MANAGER_AZURE, "tenant_id", "\"a/b\"", 0 },
        { CREDHUB_MANAGER_AZURE, "tenant_id", "\"a?b\"", 0 },
        { CREDHUB_MANAGER_VAULT, "namespace", "\"admin/team-1\"", 1 },
        { CREDHUB_MANAGER_VAULT, "namespace", "\"a b\"", 0 },
        { CREDHUB_MANAGER_VAULT, "namespace", "\"a\\r\\nX-B: c\"", 0 },
        { CREDHUB_MANAGER_VAULT, "approle_mount", "\"team/approle/\"", 1 },
        { CREDHUB_MANAGER_VAULT, "approle_mount", "\"/approle\"", 0 },
        { CREDHUB_MANAGER_VAULT, "approle_mount", "\"/\"", 0 },
        { CREDHUB_MANAGER_VAULT, "kv_mount", "\"kv\"", 1 },
        { CREDHUB_MANAGER_VAULT, "kv_mount", "\"../sys\"", 0 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "\"1\"", 1 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "\"2\"", 1 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "1", 1 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "2", 1 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "3", 0 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "2.0", 0 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "\"v2\"", 0 },
        { CREDHUB_MANAGER_VAULT, "kv_version", "true", 0 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            good(rows[i].type, rows[i].name, rows[i].value), rows[i].good);
    }
}


static void
test_bind_aws(void **state)
{
    credhub_manager_t manager;

    manager = bound(CREDHUB_MANAGER_AWS, "{" AWS ",\"external_id\":\"e\"}");

    assert_int_equal(manager.nurls, 2);
    unit_assert_str(manager.urls[0], "https://sts.eu-west-1.amazonaws.com");
    unit_assert_str(
        manager.urls[1], "https://secretsmanager.eu-west-1.amazonaws.com");
    unit_assert_str(manager.role_id, "arn:aws:iam::123456789012:role/r");
    unit_assert_str(manager.external_id, "e");
    unit_assert_str(manager.region, "eu-west-1");
    unit_assert_str(manager.access_key_id, "AKID");
    unit_assert_str(manager.secret_access_key, "s");

    manager = bound(CREDHUB_MANAGER_AWS,
        "{" ARN ",\"region\":\"cn-north-1\",\"access_key_id\":\"A\","
        "\"secret_access_key\":\"s\"}");
    unit_assert_str(manager.urls[0], "https://sts.cn-north-1.amazonaws.com.cn");

    manager = bound(CREDHUB_MANAGER_AWS,
        "{" AWS ",\"sts_endpoint\":\"https://a:1//\","
        "\"endpoint\":\"https://b/c/\"}");
    unit_assert_str(manager.urls[0], "https://a:1");
    unit_assert_str(manager.urls[1], "https://b/c");

    assert_bind(CREDHUB_MANAGER_AWS, "{" ARN "}",
        "ESM config field region is required.");
    assert_bind(CREDHUB_MANAGER_AWS, "{" ARN ",\"region\":\"r\"}",
        "ESM config field access_key_id is required.");
    assert_bind(CREDHUB_MANAGER_AWS,
        "{" ARN ",\"region\":\"r\",\"access_key_id\":\"a\"}",
        "ESM config field secret_access_key is required.");
}


static void
test_bind_azure(void **state)
{
    credhub_manager_t manager;

    manager = bound(CREDHUB_MANAGER_AZURE, "{" AZURE "}");

    assert_int_equal(manager.nurls, 2);
    unit_assert_str(manager.urls[0], "https://login.microsoftonline.com");
    unit_assert_str(manager.urls[1], "https://v.vault.azure.net");
    unit_assert_str(manager.tenant_id, "t-1.x");
    unit_assert_str(manager.client_id, "c");
    unit_assert_str(manager.client_secret, "s");

    manager =
        bound(CREDHUB_MANAGER_AZURE, "{" AZURE ",\"endpoint\":\"https://e/\","
                                     "\"login_endpoint\":\"https://l\"}");
    unit_assert_str(manager.urls[0], "https://l");
    unit_assert_str(manager.urls[1], "https://e");

    assert_bind(CREDHUB_MANAGER_AZURE, "{\"vault_url\":\"https://v\"}",
        "ESM config field tenant_id is required.");
    assert_bind(CREDHUB_MANAGER_AZURE,
        "{\"vault_url\":\"https://v\",\"tenant_id\":\"t\"}",
        "ESM config field client_id is required.");
    assert_bind(CREDHUB_MANAGER_AZURE,
        "{\"vault_url\":\"https://v\",\"tenant_id\":\"t\",\"client_id\":\"c\"}",
        "ESM config field client_secret is required.");
}


static void
test_bind_vault(void **state)
{
    credhub_manager_t manager;

    manager = bound(CREDHUB_MANAGER_VAULT, "{" VAULT "}");

    assert_int_equal(manager.nurls, 1);
    unit_assert_str(manager.urls[0], "https://vault.test:8200");
    unit_assert_str(manager.role_id, "r");
    unit_assert_str(manager.secret_id, "s");
    unit_assert_str(manager.name_space, "");
    unit_assert_str(manager.approle_mount, "approle");
    unit_assert_str(manager.kv_mount, "secret");
    assert_int_equal(manager.kv_version, 2);

    manager = bound(CREDHUB_MANAGER_VAULT,
        "{" VAULT ",\"namespace\":\"n\",\"approle_mount\":\"a/\","
        "\"kv_mount\":\"k\",\"kv_version\":1,\"endpoint\":\"https://e\"}");
    unit_assert_str(manager.urls[0], "https://e");
    unit_assert_str(manager.name_space, "n");
    unit_assert_str(manager.approle_mount, "a");
    unit_assert_str(manager.kv_mount, "k");
    assert_int_equal(manager.kv_version, 1);

    assert_bind(CREDHUB_MANAGER_VAULT, "{" ADDRESS "}",
        "ESM config field role_id is required.");
    assert_bind(CREDHUB_MANAGER_VAULT, "{" ADDRESS ",\"role_id\":\"r\"}",
        "ESM config field secret_id is required.");
}


/* Longer secrets cannot sign. */

static void
test_long_secret(void **state)
{
    size_t        len;
    credhub_buf_t buf;

    for (len = 256; len <= 257; len++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_printf(&buf, "{" ARN ",\"secret_access_key\":\"%0*d\"}%c",
            (int) len, 0, '\0');
        assert_check(CREDHUB_MANAGER_AWS, (char *) buf.data, 1,
            len == 256 ? NULL
                       : "ESM config field secret_access_key is not valid.");
    }
}


static credhub_error_e
keys_of(credhub_manager_e type, const char *json, credhub_manager_key_t **keys,
    unsigned *n, credhub_str_t *detail)
{
    *n = 77;

    return credhub_manager_keys(
        unit_arena, type, checked(json), keys, n, detail);
}


static void
test_keys(void **state)
{
    unsigned               n;
    credhub_str_t          detail;
    credhub_manager_key_t *keys;

    assert_int_equal(keys_of(CREDHUB_MANAGER_VAULT,
                         "{\"user\":\"/apps/db#name\",\"p\\u0061ss\":"
                         "\"a b/c#d#e\"}",
                         &keys, &n, &detail),
        CREDHUB_OK);
    assert_int_equal(n, 2);
    unit_assert_str(keys[0].field, "user");
    unit_assert_str(keys[0].path, "apps/db");
    unit_assert_str(keys[0].member, "name");
    unit_assert_str(keys[1].field, "pass");
    unit_assert_str(keys[1].path, "a b/c");
    unit_assert_str(keys[1].member, "d#e");

    assert_int_equal(
        keys_of(CREDHUB_MANAGER_AWS,
            "{\"a\":\"arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf\","
            "\"b\":\"prod/db#password\"}",
            &keys, &n, &detail),
        CREDHUB_OK);
    assert_int_equal(n, 2);
    unit_assert_str(
        keys[0].path, "arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf");
    unit_assert_str(keys[0].member, "");
    unit_assert_str(keys[1].path, "prod/db");
    unit_assert_str(keys[1].member, "password");

    assert_int_equal(keys_of(CREDHUB_MANAGER_AZURE, "{\"a\":\"db-Password-1\"}",
                         &keys, &n, &detail),
        CREDHUB_OK);
    assert_int_equal(n, 1);
    unit_assert_str(keys[0].path, "db-Password-1");
    unit_assert_str(keys[0].member, "");

    assert_int_equal(keys_of(CREDHUB_MANAGERS, "{\"a\":\"any#thing at/all\"}",
                         &keys, &n, &detail),
        CREDHUB_OK);
    assert_int_equal(n, 1);
    unit_assert_str(keys[0].path, "any#thing at/all");

    assert_int_equal(
        keys_of(CREDHUB_MANAGER_VAULT, "{}", &keys, &n, &detail), CREDHUB_OK);
    assert_int_equal(n, 0);
}


static void
test_keys_bad(void **state)
{
    size_t                 i;
    unsigned               n;
    credhub_str_t          detail;
    credhub_manager_key_t *keys;

    static const char form[] = "external_secrets_keys_config has a name that "
                               "is empty, too long or not text";
    static const char strings[] =
        "external_secrets_keys_config must have strings only";
    static const char vault[] =
        "external_secrets_keys_config must be PATH#FIELD";
    static const char aws[] = "external_secrets_keys_config must be SECRET_ID "
                              "or SECRET_ID#JSON_KEY";
    static const char azure[] =
        "external_secrets_keys_config must be the names of secrets";

    static const struct {
        credhub_manager_e type;
        const char       *json;
        const char       *text;
    } rows[] = {
        { CREDHUB_MANAGERS, "[]",
            "external_secrets_keys_config must be an object" },
        { CREDHUB_MANAGERS, "\"a\"",
            "external_secrets_keys_config must be an object" },
        { CREDHUB_MANAGERS, "{\"a\":1}", strings },
        { CREDHUB_MANAGERS, "{\"a\":null}", strings },
        { CREDHUB_MANAGERS, "{\"a\":\"b\",\"c\":{}}", strings },
        { CREDHUB_MANAGERS, "{\"\":\"b\"}", form },
        { CREDHUB_MANAGERS, "{\"a\":\"\"}", form },
        { CREDHUB_MANAGERS, "{\"a\":\"b\\n\"}", form },
        { CREDHUB_MANAGERS, "{\"a\\u007f\":\"b\"}", form },
        { CREDHUB_MANAGER_VAULT, "{\"a\":\"b\"}", vault },
        { CREDHUB_MANAGER_VAULT, "{\"a\":\"b#\"}", vault },
        { CREDHUB_MANAGER_VAULT, "{\"a\":\"#b\"}", vault },
        { CREDHUB_MANAGER_VAULT, "{\"a\":\"//b#c\"}", vault },
        { CREDHUB_MANAGER_VAULT, "{\"a\":\"b/../c#d\"}", vault },
        { CREDHUB_MANAGER_AWS, "{\"a\":\"b#\"}", aws },
        { CREDHUB_MANAGER_AWS, "{\"a\":\"#b\"}", aws },
        { CREDHUB_MANAGER_AZURE, "{\"a\":\"b#c\"}", azure },
        { CREDHUB_MANAGER_AZURE, "{\"a\":\"b/c\"}", azure },
        { CREDHUB_MANAGER_AZURE, "{\"a\":\"b_c\"}", azure },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            keys_of(rows[i].type, rows[i].json, &keys, &n, &detail),
            CREDHUB_E_INPUT);
        unit_assert_str(detail, rows[i].text);
    }
}


/* One more than there may be, of each. */

static void
test_keys_limits(void **state)
{
    size_t                 i, len;
    unsigned               n;
    credhub_buf_t          buf;
    credhub_str_t          detail;
    credhub_error_e        rc;
    credhub_manager_key_t *keys;

    for (len = CREDHUB_MANAGER_KEYS_MAX; len <= CREDHUB_MANAGER_KEYS_MAX + 1;
         len++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_lit(&buf, "{\"k\":\"v\"");

        for (i = 1; i < len; i++) {
            credhub_buf_printf(&buf, ",\"k%zu\":\"v\"", i);
        }

        credhub_buf_printf(&buf, "}%c", '\0');

        rc = keys_of(CREDHUB_MANAGERS, (char *) buf.data, &keys, &n, &detail);
        assert_int_equal(
            rc, len == CREDHUB_MANAGER_KEYS_MAX ? CREDHUB_OK : CREDHUB_E_INPUT);
        assert_int_equal(n, CREDHUB_MANAGER_KEYS_MAX);
    }

    for (len = CREDHUB_MANAGER_KEY_MAX; len <= CREDHUB_MANAGER_KEY_MAX + 1;
         len++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_printf(&buf, "{\"k\":\"%0*d\"}%c", (int) len, 0, '\0');

        rc = keys_of(CREDHUB_MANAGERS, (char *) buf.data, &keys, &n, &detail);
        assert_int_equal(
            rc, len == CREDHUB_MANAGER_KEY_MAX ? CREDHUB_OK : CREDHUB_E_INPUT);
    }

    for (len = 127; len <= 128; len++) {
        credhub_buf_init(&buf, unit_arena, 0);
        credhub_buf_printf(&buf, "{\"k\":\"%0*d\"}%c", (int) len, 0, '\0');

        rc = keys_of(
            CREDHUB_MANAGER_AZURE, (char *) buf.data, &keys, &n, &detail);
        assert_int_equal(rc, len == 127 ? CREDHUB_OK : CREDHUB_E_INPUT);
    }
}


static void
test_memory_runs_out(void **state)
{
    size_t                 left;
    unsigned               n, done;
    credhub_str_t          config, keys_config, detail;
    credhub_arena_t       *arena;
    credhub_error_e        rc;
    credhub_manager_t      manager;
    credhub_manager_key_t *keys;

    unit_need_memory_hooks();

    config = checked("{" AWS "}");
    keys_config = checked("{\"a\":\"b\"}");

    for (left = 0, done = 0; done < 2; left++) {
        assert_true(left < 20);

        arena = credhub_arena_create(1);
        assert_non_null(arena);
        unit_malloc_left = left;

        rc = credhub_manager_bind(
            arena, CREDHUB_MANAGER_AWS, config, &manager, &detail);
        done = (rc == CREDHUB_OK);

        if (rc == CREDHUB_OK) {
            rc = credhub_manager_keys(
                arena, CREDHUB_MANAGER_AWS, keys_config, &keys, &n, &detail);
            done += (rc == CREDHUB_OK);
        }

        unit_malloc_left = -1;
        credhub_arena_destroy(arena);

        assert_true(rc == CREDHUB_OK || rc == CREDHUB_E_INTERNAL);
        assert_true(left != 0 || rc == CREDHUB_E_INTERNAL);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_urls_valid),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bind_aws),
        cmocka_unit_test(test_bind_azure),
        cmocka_unit_test(test_bind_vault),
        cmocka_unit_test(test_long_secret),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_bad),
        cmocka_unit_test(test_keys_limits),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
