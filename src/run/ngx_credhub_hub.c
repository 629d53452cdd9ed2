
/* Decisions that need nothing but the configuration. */

#include "ngx_credhub_hub.h"


unsigned
ngx_credhub_hub_operations(
    ngx_credhub_hub_t *hub, credhub_str_t actor, credhub_str_t name)
{
    if (hub->permissions == NULL || actor.len == 0) {
        return 0;
    }

    return credhub_permission_allowed(
        hub->permissions->elts, hub->permissions->nelts, actor, name);
}


ngx_uint_t
ngx_credhub_hub_allows(ngx_credhub_hub_t *hub, credhub_str_t actor,
    unsigned operation, credhub_str_t name)
{
    return (ngx_credhub_hub_operations(hub, actor, name) & operation)
           == operation;
}
