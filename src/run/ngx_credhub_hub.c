
/* Decisions that need nothing but the configuration. */

#include "ngx_credhub_hub.h"


ngx_uint_t
ngx_credhub_hub_allows(ngx_credhub_hub_t *hub, credhub_str_t actor,
    unsigned operation, credhub_str_t name)
{
    unsigned allowed;

    if (hub->permissions == NULL || actor.len == 0) {
        return 0;
    }

    allowed = credhub_permission_allowed(
        hub->permissions->elts, hub->permissions->nelts, actor, name);

    return (allowed & operation) == operation;
}
