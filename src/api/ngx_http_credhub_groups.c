
/* /v1/groups: what connections belong to, and up to one destination. */

#include "ngx_http_credhub_object.h"


static void ngx_http_credhub_group_show(ngx_credhub_op_t *op,
    credhub_buf_t *buf, const ngx_credhub_object_t *object, ngx_uint_t listed);


/* clang-format off */

static const credhub_attribute_t  ngx_http_credhub_group_attributes[] = {
    { "name", CREDHUB_ATTRIBUTE_STRING,
      CREDHUB_ATTRIBUTE_CREATE|CREDHUB_ATTRIBUTE_PATCH
      |CREDHUB_ATTRIBUTE_REQUIRED|CREDHUB_ATTRIBUTE_LISTED, NULL, NULL },
    credhub_attributes_end
};


static const ngx_http_credhub_resource_t  ngx_http_credhub_groups = {
    .kind = NGX_CREDHUB_GROUPS,
    .attributes = ngx_http_credhub_group_attributes,
    .created = "Group has been created",
    .updated = "Group has been updated",
    .deleted = "Group with id '%s' has been deleted",
    .show = ngx_http_credhub_group_show,
};


const ngx_http_credhub_way_t  ngx_http_credhub_group_create =
    ngx_http_credhub_object_way("CREATE_GROUP",
        ngx_http_credhub_object_create, ngx_http_credhub_groups);

const ngx_http_credhub_way_t  ngx_http_credhub_group_get =
    ngx_http_credhub_object_way("GET_GROUP",
        ngx_http_credhub_object_get, ngx_http_credhub_groups);

const ngx_http_credhub_way_t  ngx_http_credhub_group_patch =
    ngx_http_credhub_object_way("UPDATE_GROUP",
        ngx_http_credhub_object_patch, ngx_http_credhub_groups);

const ngx_http_credhub_way_t  ngx_http_credhub_group_delete =
    ngx_http_credhub_object_way("DELETE_GROUP",
        ngx_http_credhub_object_delete, ngx_http_credhub_groups);

const ngx_http_credhub_way_t  ngx_http_credhub_groups_list =
    ngx_http_credhub_object_list_way("LIST_GROUPS",
        ngx_http_credhub_groups, NULL);

/* clang-format on */


static void
ngx_http_credhub_group_show(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_credhub_object_t *object, ngx_uint_t listed)
{
    ngx_http_credhub_add_date(buf, "created_at", object->created);
}
