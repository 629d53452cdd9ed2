
/* What a template that was kept says: it is checked JSON, shown as it is. */

#include "credhub_json.h"
#include "credhub_ssh_template.h"


static credhub_str_t credhub_ssh_kept_member(
    credhub_str_t kept, const char *group, const char *name);


int
credhub_ssh_template_host(credhub_str_t kept)
{
    return credhub_json_string_is(
        credhub_ssh_kept_member(kept, "Certificate", "Type"), "host");
}


/* When in doubt somebody has to approve. */

int
credhub_ssh_template_approval(credhub_str_t kept)
{
    return credhub_json_kind(
               credhub_ssh_kept_member(kept, "Approval", "Required"))
           != CREDHUB_JSON_FALSE;
}


int
credhub_ssh_template_reuse(credhub_str_t kept)
{
    return credhub_json_kind(credhub_ssh_kept_member(
               kept, "Certificate", "AllowedPrivateKeyReuse"))
           == CREDHUB_JSON_TRUE;
}


credhub_str_t
credhub_ssh_template_destination(credhub_arena_t *arena, credhub_str_t kept)
{
    return credhub_json_decode(
        arena, credhub_ssh_kept_member(
                   kept, "Certificate", "CertificateDestinationDN"));
}


void
credhub_ssh_template_show(credhub_buf_t *buf, credhub_str_t kept)
{
    const char              *comma;
    credhub_str_t            value;
    const char *const       *name;
    static const char *const names[] = { "AccessControl", "APIClient",
        "Certificate", NULL };

    comma = "";

    for (name = names; *name != NULL; name++) {
        if (credhub_json_get(kept, *name, &value)) {
            credhub_buf_printf(buf, "%s\"%s\":", comma, *name);
            credhub_buf_add_str(buf, value);
            comma = ",";
        }
    }
}


/* JSON null when it is not there. */

static credhub_str_t
credhub_ssh_kept_member(credhub_str_t kept, const char *group, const char *name)
{
    credhub_str_t object, value;

    return credhub_json_get(kept, group, &object)
                   && credhub_json_get(object, name, &value)
               ? value
               : credhub_str("null");
}
