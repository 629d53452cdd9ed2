
/* The route table. A row is what docs/api.md lists as an endpoint. */

#include "ngx_http_credhub_route.h"
#include "ngx_http_credhub_api.h"


#define SYSTEM       NGX_HTTP_CREDHUB_SYSTEM
#define MANAGEMENT   NGX_HTTP_CREDHUB_MANAGEMENT
#define CREDENTIALS  NGX_HTTP_CREDHUB_CREDENTIALS
#define CERTIFICATES NGX_HTTP_CREDHUB_CERTIFICATES
#define PERMISSIONS  NGX_HTTP_CREDHUB_PERMISSIONS
#define TRUST        NGX_HTTP_CREDHUB_TRUST
#define SSH          NGX_HTTP_CREDHUB_SSH

#define OPEN         NGX_HTTP_CREDHUB_OPEN
#define BODY         NGX_HTTP_CREDHUB_BODY
#define WRITE        NGX_HTTP_CREDHUB_WRITE
#define READ         NGX_HTTP_CREDHUB_READ
#define BARE         NGX_HTTP_CREDHUB_BARE
#define EMPTY        NGX_HTTP_CREDHUB_EMPTY


#define REST         "{rest}"


static ngx_uint_t ngx_http_credhub_route_fits(const char *pattern,
    credhub_str_t path, ngx_uint_t folded, ngx_http_credhub_match_t *match);
static ngx_uint_t ngx_http_credhub_path_hides(
    const credhub_str_t *parts, u_char *start, u_char *end);


/* clang-format off */

/* approvals of one type below an owner */

#define approvals(path, what)                                                 \
    { NGX_HTTP_GET, TRUST, path, 0,                                           \
      &ngx_http_credhub_##what.list.operation },                              \
                                                                              \
    { NGX_HTTP_POST, TRUST, path, BODY|WRITE,                                 \
      &ngx_http_credhub_##what.approve.operation },                           \
                                                                              \
    { NGX_HTTP_GET, TRUST, path "/" REST, 0,                                  \
      &ngx_http_credhub_##what.get.operation },                               \
                                                                              \
    { NGX_HTTP_DELETE, TRUST, path "/" REST, WRITE,                           \
      &ngx_http_credhub_##what.revoke.operation }


/* No path fits two patterns. What is asked most comes first. */

static const ngx_http_credhub_route_t  ngx_http_credhub_routes[] = {

    { NGX_HTTP_GET, CREDENTIALS, "/api/v1/data",
      0, &ngx_http_credhub_data_get },

    { NGX_HTTP_PUT, CREDENTIALS, "/api/v1/data",
      BODY|WRITE, &ngx_http_credhub_data_set },

    { NGX_HTTP_POST, CREDENTIALS, "/api/v1/data",
      BODY|WRITE, &ngx_http_credhub_data_post },

    { NGX_HTTP_DELETE, CREDENTIALS, "/api/v1/data",
      WRITE, &ngx_http_credhub_data_delete },

    { NGX_HTTP_GET, CREDENTIALS, "/api/v1/data/{id}",
      0, &ngx_http_credhub_data_get_by_id },

    { NGX_HTTP_POST, CREDENTIALS, "/api/v1/regenerate",
      BODY|WRITE, &ngx_http_credhub_regenerate },

    { NGX_HTTP_GET, CERTIFICATES, "/api/v1/certificates",
      0, &ngx_http_credhub_certificates_list },

    { NGX_HTTP_GET, CERTIFICATES, "/api/v1/certificates/{id}/versions",
      0, &ngx_http_credhub_certificate_versions },

    { NGX_HTTP_POST, CERTIFICATES, "/api/v1/certificates/{id}/versions",
      BODY|WRITE, &ngx_http_credhub_certificate_version_add },

    { NGX_HTTP_DELETE, CERTIFICATES, "/api/v1/certificates/{id}/versions/{id}",
      WRITE, &ngx_http_credhub_certificate_version_delete },

    { NGX_HTTP_PUT, CERTIFICATES,
      "/api/v1/certificates/{id}/update_transitional_version",
      BODY|WRITE, &ngx_http_credhub_transitional_update },

    { NGX_HTTP_POST, CERTIFICATES, "/api/v1/certificates/{id}/regenerate",
      BODY|EMPTY|WRITE, &ngx_http_credhub_certificate_regenerate_by_id },

    { NGX_HTTP_POST, CERTIFICATES, "/api/v1/bulk-regenerate",
      BODY|WRITE, &ngx_http_credhub_bulk_regenerate },

    { NGX_HTTP_POST, CREDENTIALS, "/api/v1/interpolate",
      BODY|READ, &ngx_http_credhub_interpolate },

    { NGX_HTTP_GET, SYSTEM, "/info",
      OPEN, &ngx_http_credhub_info },

    { NGX_HTTP_GET, SYSTEM, "/health",
      OPEN|BARE, &ngx_http_credhub_health },

    { NGX_HTTP_GET, SYSTEM, "/version",
      0, &ngx_http_credhub_version },

    { NGX_HTTP_GET, MANAGEMENT, "/management",
      OPEN, &ngx_http_credhub_management_get },

    { NGX_HTTP_POST, MANAGEMENT, "/management",
      OPEN|BODY, &ngx_http_credhub_management_set },

    { NGX_HTTP_GET, SYSTEM, "/api/v1/key-usage",
      0, &ngx_http_credhub_key_usage },

    { NGX_HTTP_POST, PERMISSIONS, "/api/v2/permissions",
      BODY|WRITE, &ngx_http_credhub_permission_create },

    { NGX_HTTP_GET, PERMISSIONS, "/api/v2/permissions",
      0, &ngx_http_credhub_permission_find },

    { NGX_HTTP_GET, PERMISSIONS, "/api/v2/permissions/{id}",
      0, &ngx_http_credhub_permission_get },

    { NGX_HTTP_PUT, PERMISSIONS, "/api/v2/permissions/{id}",
      BODY|WRITE, &ngx_http_credhub_permission_replace },

    { NGX_HTTP_PATCH, PERMISSIONS, "/api/v2/permissions/{id}",
      BODY|WRITE, &ngx_http_credhub_permission_patch },

    { NGX_HTTP_DELETE, PERMISSIONS, "/api/v2/permissions/{id}",
      WRITE, &ngx_http_credhub_permission_delete },

    { NGX_HTTP_GET, PERMISSIONS, "/api/v1/permissions",
      0, &ngx_http_credhub_permissions_list },

    { NGX_HTTP_POST, PERMISSIONS, "/api/v1/permissions",
      BODY|WRITE, &ngx_http_credhub_permissions_add },

    { NGX_HTTP_DELETE, PERMISSIONS, "/api/v1/permissions",
      WRITE, &ngx_http_credhub_permissions_remove },

    { NGX_HTTP_GET, TRUST, "/v1/connections",
      0, &ngx_http_credhub_connections_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/connections",
      BODY|WRITE, &ngx_http_credhub_connection_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/connections/{id}",
      0, &ngx_http_credhub_connection_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/connections/{id}",
      BODY|WRITE, &ngx_http_credhub_connection_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/connections/{id}",
      WRITE, &ngx_http_credhub_connection_delete.operation },

    { NGX_HTTP_POST, TRUST, "/v1/connections/{id}/test",
      BODY|EMPTY|WRITE, &ngx_http_credhub_connection_test.operation },

    { NGX_HTTP_GET, TRUST, "/v1/connectors",
      0, &ngx_http_credhub_connectors_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/connectors",
      BODY|WRITE, &ngx_http_credhub_connector_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/connectors/{id}",
      0, &ngx_http_credhub_connection_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/connectors/{id}",
      BODY|WRITE, &ngx_http_credhub_connector_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/connectors/{id}",
      WRITE, &ngx_http_credhub_connector_delete.operation },

    { NGX_HTTP_POST, TRUST, "/v1/connectors/{id}/test",
      BODY|EMPTY|WRITE, &ngx_http_credhub_connection_test.operation },

    { NGX_HTTP_GET, TRUST, "/v1/destinations",
      0, &ngx_http_credhub_destinations_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/destinations",
      BODY|WRITE, &ngx_http_credhub_destination_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/destinations/{id}",
      0, &ngx_http_credhub_destination_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/destinations/{id}",
      BODY|WRITE, &ngx_http_credhub_destination_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/destinations/{id}",
      WRITE, &ngx_http_credhub_destination_delete.operation },

    { NGX_HTTP_POST, TRUST, "/v1/destinations/{id}/test",
      BODY|EMPTY|WRITE, &ngx_http_credhub_destination_test.operation },

    { NGX_HTTP_GET, TRUST, "/v1/destination",
      0, &ngx_http_credhub_destinations_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/destination",
      BODY|WRITE, &ngx_http_credhub_destination_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/destination/{id}",
      0, &ngx_http_credhub_destination_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/destination/{id}",
      BODY|WRITE, &ngx_http_credhub_destination_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/destination/{id}",
      WRITE, &ngx_http_credhub_destination_delete.operation },

    { NGX_HTTP_POST, TRUST, "/v1/destination/{id}/test",
      BODY|EMPTY|WRITE, &ngx_http_credhub_destination_test.operation },

    { NGX_HTTP_GET, TRUST, "/v1/groups",
      0, &ngx_http_credhub_groups_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/groups",
      BODY|WRITE, &ngx_http_credhub_group_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/groups/{id}",
      0, &ngx_http_credhub_group_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/groups/{id}",
      BODY|WRITE, &ngx_http_credhub_group_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/groups/{id}",
      WRITE, &ngx_http_credhub_group_delete.operation },

    { NGX_HTTP_GET, TRUST, "/v1/groups/{id}/connections",
      0, &ngx_http_credhub_group_connections.operation },

    { NGX_HTTP_GET, TRUST, "/v1/external-secrets-managers",
      0, &ngx_http_credhub_managers_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/external-secrets-managers",
      BODY|WRITE, &ngx_http_credhub_manager_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/external-secrets-managers/{id}",
      0, &ngx_http_credhub_manager_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/external-secrets-managers/{id}",
      BODY|WRITE, &ngx_http_credhub_manager_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/external-secrets-managers/{id}",
      WRITE, &ngx_http_credhub_manager_delete.operation },

    { NGX_HTTP_GET, TRUST, "/v1/external-secrets-managers/{id}/entities",
      0, &ngx_http_credhub_manager_entities.operation },

    { NGX_HTTP_GET, TRUST, "/v1/external-secrets-managers-entities",
      0, &ngx_http_credhub_managers_entities.operation },

    { NGX_HTTP_GET, TRUST, "/v1/account/info",
      0, &ngx_http_credhub_account_info },

    { NGX_HTTP_GET, TRUST, "/v1/users/{id}",
      0, &ngx_http_credhub_user_get },

    { NGX_HTTP_GET, TRUST, "/v1/users",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/webhooks",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/teams",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/proxy",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/hybrid-deployment-agents",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/transformations",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/transformation-projects",
      0, &ngx_http_credhub_nothing_list },

    { NGX_HTTP_GET, TRUST, "/v1/private-links",
      0, &ngx_http_credhub_private_links_list.operation },

    { NGX_HTTP_POST, TRUST, "/v1/private-links",
      BODY|WRITE, &ngx_http_credhub_private_link_create.operation },

    { NGX_HTTP_GET, TRUST, "/v1/private-links/{id}",
      0, &ngx_http_credhub_private_link_get.operation },

    { NGX_HTTP_PATCH, TRUST, "/v1/private-links/{id}",
      BODY|WRITE, &ngx_http_credhub_private_link_patch.operation },

    { NGX_HTTP_DELETE, TRUST, "/v1/private-links/{id}",
      WRITE, &ngx_http_credhub_private_link_delete.operation },

    { NGX_HTTP_POST, TRUST, "/v1/private-links/{id}/claim",
      BODY|EMPTY|WRITE, &ngx_http_credhub_private_link_claim },

    approvals("/v1/connectors/{id}/certificates", connector_certificates),
    approvals("/v1/connectors/{id}/fingerprints", connector_fingerprints),
    approvals("/v1/connections/{id}/certificates", connection_certificates),
    approvals("/v1/connections/{id}/fingerprints", connection_fingerprints),
    approvals("/v1/destinations/{id}/certificates", destination_certificates),
    approvals("/v1/destinations/{id}/fingerprints", destination_fingerprints),
    approvals("/v1/destination/{id}/certificates", destination_certificates),
    approvals("/v1/destination/{id}/fingerprints", destination_fingerprints),

    { NGX_HTTP_POST, SSH, "/vedauth/authorize/oauth",
      OPEN|BODY, &ngx_http_credhub_token_oauth },

    { NGX_HTTP_POST, SSH, "/vedauth/authorize/certificate",
      BODY, &ngx_http_credhub_token_certificate },

    { NGX_HTTP_POST, SSH, "/vedauth/authorize/token",
      OPEN|BODY, &ngx_http_credhub_token_refresh },

    { NGX_HTTP_GET, SSH, "/vedauth/authorize/verify",
      0, &ngx_http_credhub_token_verify },

    { NGX_HTTP_GET, SSH, "/vedauth/revoke/token",
      0, &ngx_http_credhub_token_revoke },

    { NGX_HTTP_POST, SSH, "/vedsdk/authorize",
      OPEN|BODY, &ngx_http_credhub_token_key },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Request",
      BODY|WRITE, &ngx_http_credhub_ssh_request },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Retrieve",
      BODY|READ, &ngx_http_credhub_ssh_retrieve },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Approve",
      BODY|WRITE, &ngx_http_credhub_ssh_approve },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Reject",
      BODY|WRITE, &ngx_http_credhub_ssh_reject },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Revoke",
      BODY|WRITE, &ngx_http_credhub_ssh_revoke },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/CAKeyPair/Create",
      BODY|WRITE, &ngx_http_credhub_ssh_ca_create },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Template/Create",
      BODY|WRITE, &ngx_http_credhub_ssh_template_create },

    { NGX_HTTP_POST, SSH, "/vedsdk/SSHCertificates/Template/Retrieve",
      BODY|READ, &ngx_http_credhub_ssh_template_retrieve },

    { NGX_HTTP_GET, SSH, "/vedsdk/SSHCertificates/Template/Retrieve/PublicKeyData",
      OPEN, &ngx_http_credhub_ssh_public_key },

    { NGX_HTTP_GET, SSH, "/vedsdk/SSHCertificates/Template/Available",
      0, &ngx_http_credhub_ssh_template_available },

    { NGX_HTTP_GET, SSH, "/vedsdk/SSHCertificates/KRL",
      OPEN, &ngx_http_credhub_ssh_krl },

    { NGX_HTTP_GET, SSH, "/vedsdk/SSHCertificates/KnownHosts",
      OPEN, &ngx_http_credhub_ssh_known_hosts },

    { NGX_HTTP_GET, SSH, "/vedsdk/SSHCertificates/CertAuthority",
      OPEN, &ngx_http_credhub_ssh_cert_authority },

    { NGX_HTTP_GET, SSH, "/vedsdk",
      OPEN, &ngx_http_credhub_ssh_ping },

    { NGX_HTTP_GET, SSH, "/vedsdk/Identity/Self",
      0, &ngx_http_credhub_ssh_self },

    { NGX_HTTP_GET, SSH, "/vedsdk/systemstatus/version",
      OPEN, &ngx_http_credhub_ssh_version },

    { 0, 0, NULL, 0, NULL }
};

/* clang-format on */


/* Parts of a raw path, and ends of one, that mean something else once they are
 * decoded or resolved. */

static const credhub_str_t ngx_http_credhub_hidden[] = { credhub_string(";"),
    credhub_string("\\"), credhub_string("%2e"), credhub_string("%3b"),
    credhub_string("%5c"), credhub_string("%25"), credhub_string("%00"),
    { 0, NULL } };

static const credhub_str_t ngx_http_credhub_hidden_slash[] = {
    credhub_string("//"), credhub_string("%2f"), { 0, NULL }
};

static const credhub_str_t ngx_http_credhub_hidden_dots[] = {
    credhub_string("/./"), credhub_string("/../"), { 0, NULL }
};

/* Where the case of letters does not matter. */

static const credhub_str_t ngx_http_credhub_folded[] = {
    credhub_string("/vedsdk"), credhub_string("/vedauth"), { 0, NULL }
};

static const credhub_str_t ngx_http_credhub_hidden_end[] = {
    credhub_string("/."), credhub_string("/.."), { 0, NULL }
};


void
ngx_http_credhub_route(ngx_http_credhub_match_t *match, ngx_uint_t groups,
    ngx_uint_t method, credhub_str_t path)
{
    ngx_uint_t                      folded;
    const ngx_http_credhub_route_t *row;

    folded = ngx_http_credhub_path_folded(path);

    ngx_memzero(match, sizeof(ngx_http_credhub_match_t));

    if (method == NGX_HTTP_HEAD) {
        method = NGX_HTTP_GET;
    }

    for (row = ngx_http_credhub_routes; row->pattern != NULL; row++) {
        if ((row->group & groups) == 0
            || !ngx_http_credhub_route_fits(row->pattern, path, folded, match))
        {
            continue;
        }

        match->allow |= row->method;

        if (row->method == method) {
            match->route = row;
            return;
        }
    }
}


/* The parameters of a pattern that fits go to `match`. */

static ngx_uint_t
ngx_http_credhub_route_fits(const char *pattern, credhub_str_t path,
    ngx_uint_t folded, ngx_http_credhub_match_t *match)
{
    u_char        c;
    u_char       *p, *last, *start;
    ngx_uint_t    n, rest, slashes;
    credhub_str_t params[NGX_HTTP_CREDHUB_PARAMS_MAX];

    n = 0;
    rest = 0;
    slashes = 0;
    p = path.data;
    last = path.data + path.len;

    ngx_memzero(params, sizeof(params));

    while (*pattern != '\0') {
        if (*pattern != '{') {
            c = (u_char) *pattern;

            if (p == last
                || (*p != c
                    && (!folded || credhub_lower(*p) != credhub_lower(c))))
            {
                return 0;
            }

            slashes += (*p == '/');
            p++;
            pattern++;
            continue;
        }

        rest = (ngx_strcmp(pattern, REST) == 0);

        for (start = p; p < last && (rest || *p != '/'); p++) { /* void */
        }

        if (p == start) {
            return 0;
        }

        params[n].data = start;
        params[n].len = p - start;
        n++;

        while (*pattern++ != '}') { /* void */
        }
    }

    if (last - p > 1 || (last - p == 1 && *p != '/')) {
        return 0;
    }

    ngx_memcpy(match->params, params, sizeof(params));
    match->rest = rest ? slashes : 0;

    return 1;
}


ngx_uint_t
ngx_http_credhub_path_folded(credhub_str_t path)
{
    const credhub_str_t *start;

    for (start = ngx_http_credhub_folded; start->len != 0; start++) {
        if (path.len >= start->len
            && ngx_strncasecmp(path.data, start->data, start->len) == 0
            && (path.len == start->len || path.data[start->len] == '/'))
        {
            return 1;
        }
    }

    return 0;
}


credhub_str_t
ngx_http_credhub_path(credhub_arena_t *arena, credhub_str_t raw)
{
    size_t        end;
    u_char       *src, *dst;
    credhub_str_t path;

    for (end = 0; end < raw.len && raw.data[end] != '?' && raw.data[end] != '#';
         end++)
    {
        /* void: nginx takes a fragment, too */
    }

    path.data = credhub_arena_bytes(arena, end);
    if (path.data == NULL) {
        return credhub_null_str;
    }

    src = raw.data;
    dst = path.data;

    ngx_unescape_uri(&dst, &src, end, 0);

    path.len = dst - path.data;

    return path;
}


ngx_int_t
ngx_http_credhub_path_plain(
    credhub_str_t raw, credhub_str_t path, ngx_uint_t rest)
{
    u_char              *end, *head;
    ngx_uint_t           slashes;
    const credhub_str_t *part;

    end = ngx_strlchr(raw.data, raw.data + raw.len, '?');
    if (end == NULL) {
        end = raw.data + raw.len;
    }

    if (rest == 0) {
        head = end;
        path.data = raw.data;
        path.len = end - raw.data;

    } else {
        slashes = 0;

        for (head = raw.data; head < end && slashes < rest; head++) {
            slashes += (*head == '/');
        }
    }

    if (ngx_http_credhub_path_hides(ngx_http_credhub_hidden, raw.data, end)
        || ngx_http_credhub_path_hides(
            ngx_http_credhub_hidden_slash, raw.data, head)
        || ngx_http_credhub_path_hides(
            ngx_http_credhub_hidden_dots, path.data, path.data + path.len))
    {
        return NGX_DECLINED;
    }

    for (part = ngx_http_credhub_hidden_end; part->len != 0; part++) {
        if (path.len >= part->len
            && ngx_memcmp(
                   path.data + path.len - part->len, part->data, part->len)
                   == 0)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_credhub_path_hides(
    const credhub_str_t *parts, u_char *start, u_char *end)
{
    for (/* void */; parts->len != 0; parts++) {
        if (ngx_strlcasestrn(start, end, parts->data, parts->len - 1) != NULL) {
            return 1;
        }
    }

    return 0;
}
