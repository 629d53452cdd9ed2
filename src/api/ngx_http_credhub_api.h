
/* The operations of the API, one extern an endpoint, and what they share. */

#ifndef _NGX_HTTP_CREDHUB_API_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_API_H_INCLUDED_


#include "ngx_http_credhub_module.h"


/* An endpoint of the trust API, see ngx_http_credhub_object.h. */

typedef struct ngx_http_credhub_resource_s ngx_http_credhub_resource_t;
typedef struct ngx_http_credhub_listing_s  ngx_http_credhub_listing_t;

typedef struct {
    ngx_credhub_operation_t            operation; /* first */
    const ngx_http_credhub_resource_t *resource;
    const ngx_http_credhub_listing_t  *listing; /* of a list, or NULL */
} ngx_http_credhub_way_t;


/* An endpoint of approvals: whose they are, which type, and what messages call
 * the owner. */

typedef struct ngx_http_credhub_approval_type_s
    ngx_http_credhub_approval_type_t;

typedef struct {
    ngx_credhub_operation_t operation; /* first */
    ngx_uint_t              kind;      /* ngx_credhub_object_kind_e */
    const ngx_http_credhub_approval_type_t *type;
    const char                             *word;
} ngx_http_credhub_approval_way_t;

typedef struct {
    ngx_http_credhub_approval_way_t approve;
    ngx_http_credhub_approval_way_t list;
    ngx_http_credhub_approval_way_t get;
    ngx_http_credhub_approval_way_t revoke;
} ngx_http_credhub_approvals_t;


/* data */
extern const ngx_credhub_operation_t ngx_http_credhub_data_get;
extern const ngx_credhub_operation_t ngx_http_credhub_data_get_by_id;
extern const ngx_credhub_operation_t ngx_http_credhub_data_find;
extern const ngx_credhub_operation_t ngx_http_credhub_data_set;
extern const ngx_credhub_operation_t ngx_http_credhub_data_post;
extern const ngx_credhub_operation_t ngx_http_credhub_data_delete;

/* regenerate */
extern const ngx_credhub_operation_t ngx_http_credhub_regenerate;

/* certificates */
extern const ngx_credhub_operation_t ngx_http_credhub_certificate_generate;
extern const ngx_credhub_operation_t ngx_http_credhub_certificate_regenerate;
extern const ngx_credhub_operation_t
    ngx_http_credhub_certificate_regenerate_by_id;
extern const ngx_credhub_operation_t ngx_http_credhub_certificates_list;
extern const ngx_credhub_operation_t ngx_http_credhub_certificate_versions;
extern const ngx_credhub_operation_t ngx_http_credhub_certificate_version_add;
extern const ngx_credhub_operation_t
    ngx_http_credhub_certificate_version_delete;
extern const ngx_credhub_operation_t ngx_http_credhub_transitional_update;

/* bulk-regenerate */
extern const ngx_credhub_operation_t ngx_http_credhub_bulk_regenerate;

/* interpolate */
extern const ngx_credhub_operation_t ngx_http_credhub_interpolate;

/* permissions, v2 */
extern const ngx_credhub_operation_t ngx_http_credhub_permission_create;
extern const ngx_credhub_operation_t ngx_http_credhub_permission_find;
extern const ngx_credhub_operation_t ngx_http_credhub_permission_get;
extern const ngx_credhub_operation_t ngx_http_credhub_permission_replace;
extern const ngx_credhub_operation_t ngx_http_credhub_permission_patch;
extern const ngx_credhub_operation_t ngx_http_credhub_permission_delete;

/* permissions, v1 */
extern const ngx_credhub_operation_t ngx_http_credhub_permissions_list;
extern const ngx_credhub_operation_t ngx_http_credhub_permissions_add;
extern const ngx_credhub_operation_t ngx_http_credhub_permissions_remove;

/* trust: connections */
extern const ngx_http_credhub_way_t ngx_http_credhub_connection_create;
extern const ngx_http_credhub_way_t ngx_http_credhub_connection_get;
extern const ngx_http_credhub_way_t ngx_http_credhub_connection_patch;
extern const ngx_http_credhub_way_t ngx_http_credhub_connection_delete;
extern const ngx_http_credhub_way_t ngx_http_credhub_connection_test;
extern const ngx_http_credhub_way_t ngx_http_credhub_connections_list;
extern const ngx_http_credhub_way_t ngx_http_credhub_group_connections;
extern const ngx_http_credhub_way_t ngx_http_credhub_connector_create;
extern const ngx_http_credhub_way_t ngx_http_credhub_connector_patch;
extern const ngx_http_credhub_way_t ngx_http_credhub_connector_delete;
extern const ngx_http_credhub_way_t ngx_http_credhub_connectors_list;

/* trust: destinations */
extern const ngx_http_credhub_way_t ngx_http_credhub_destination_create;
extern const ngx_http_credhub_way_t ngx_http_credhub_destination_get;
extern const ngx_http_credhub_way_t ngx_http_credhub_destination_patch;
extern const ngx_http_credhub_way_t ngx_http_credhub_destination_delete;
extern const ngx_http_credhub_way_t ngx_http_credhub_destination_test;
extern const ngx_http_credhub_way_t ngx_http_credhub_destinations_list;

/* trust: groups */
extern const ngx_http_credhub_way_t ngx_http_credhub_group_create;
extern const ngx_http_credhub_way_t ngx_http_credhub_group_get;
extern const ngx_http_credhub_way_t ngx_http_credhub_group_patch;
extern const ngx_http_credhub_way_t ngx_http_credhub_group_delete;
extern const ngx_http_credhub_way_t ngx_http_credhub_groups_list;

/* trust: external secrets managers */
extern const ngx_http_credhub_way_t ngx_http_credhub_manager_create;
extern const ngx_http_credhub_way_t ngx_http_credhub_manager_get;
extern const ngx_http_credhub_way_t ngx_http_credhub_manager_patch;
extern const ngx_http_credhub_way_t ngx_http_credhub_manager_delete;
extern const ngx_http_credhub_way_t ngx_http_credhub_managers_list;
extern const ngx_http_credhub_way_t ngx_http_credhub_manager_entities;
extern const ngx_http_credhub_way_t ngx_http_credhub_managers_entities;

/* trust: account */
extern const ngx_credhub_operation_t ngx_http_credhub_account_info;
extern const ngx_credhub_operation_t ngx_http_credhub_user_get;
extern const ngx_credhub_operation_t ngx_http_credhub_nothing_list;

/* trust: private links */
extern const ngx_http_credhub_way_t  ngx_http_credhub_private_link_create;
extern const ngx_http_credhub_way_t  ngx_http_credhub_private_link_get;
extern const ngx_http_credhub_way_t  ngx_http_credhub_private_link_patch;
extern const ngx_http_credhub_way_t  ngx_http_credhub_private_link_delete;
extern const ngx_http_credhub_way_t  ngx_http_credhub_private_links_list;
extern const ngx_credhub_operation_t ngx_http_credhub_private_link_claim;

/* trust: approvals */
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_connector_certificates;
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_connector_fingerprints;
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_connection_certificates;
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_connection_fingerprints;
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_destination_certificates;
extern const ngx_http_credhub_approvals_t
    ngx_http_credhub_destination_fingerprints;

/* SSH certificates: tokens */
extern const ngx_credhub_operation_t ngx_http_credhub_token_oauth;
extern const ngx_credhub_operation_t ngx_http_credhub_token_certificate;
extern const ngx_credhub_operation_t ngx_http_credhub_token_refresh;
extern const ngx_credhub_operation_t ngx_http_credhub_token_verify;
extern const ngx_credhub_operation_t ngx_http_credhub_token_revoke;
extern const ngx_credhub_operation_t ngx_http_credhub_token_key;

/* SSH certificates */
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_request;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_retrieve;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_approve;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_reject;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_template_create;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_template_retrieve;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_template_available;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_ca_create;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_public_key;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_cert_authority;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_known_hosts;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_krl;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_revoke;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_ping;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_version;
extern const ngx_credhub_operation_t ngx_http_credhub_ssh_self;

/* system */
extern const ngx_credhub_operation_t ngx_http_credhub_info;
extern const ngx_credhub_operation_t ngx_http_credhub_health;
extern const ngx_credhub_operation_t ngx_http_credhub_version;
extern const ngx_credhub_operation_t ngx_http_credhub_key_usage;
extern const ngx_credhub_operation_t ngx_http_credhub_management_get;
extern const ngx_credhub_operation_t ngx_http_credhub_management_set;

/* Stands in for a write that failed before it asked the store: the answer is
 * that failure, or CREDHUB_E_READ_ONLY when the hub is in read-only mode. */
extern const ngx_credhub_operation_t ngx_http_credhub_refused;


#endif /* _NGX_HTTP_CREDHUB_API_H_INCLUDED_ */
