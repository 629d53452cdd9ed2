
/*
 * Distinguished names of the SSH certificate API. There is one normal form, and
 * nothing else is let in: what a name means never depends on who reads it.
 */

#include <string.h>
#include "credhub_ssh_template.h"


#define CREDHUB_SSH_BACKSLASHES_MAX 2 /* that count as one */
#define CREDHUB_SSH_DN_TEXT_MAX                                                \
    (CREDHUB_SSH_BACKSLASHES_MAX * CREDHUB_SSH_DN_MAX)


static int credhub_ssh_segment_valid(credhub_str_t segment);
static int credhub_ssh_segment_char(u_char c);


credhub_error_e
credhub_ssh_dn(credhub_arena_t *arena, credhub_str_t text, credhub_str_t *out)
{
    size_t        n;
    u_char       *p, *last;
    credhub_buf_t dn;
    credhub_str_t segment;

    if (text.len == 0 || text.len > CREDHUB_SSH_DN_TEXT_MAX) {
        return CREDHUB_E_SSH_DN;
    }

    credhub_buf_init(&dn, arena, text.len + 1);

    p = text.data;
    last = text.data + text.len;

    while (p < last) {
        for (n = 0; p < last && *p == '\\'; n++, p++) {
            /* void */
        }

        for (segment.data = p; p < last && *p != '\\'; p++) {
            /* void */
        }

        segment.len = (size_t) (p - segment.data);

        if (n > CREDHUB_SSH_BACKSLASHES_MAX) {
            return CREDHUB_E_SSH_DN;
        }

        if (segment.len == 0 && dn.len != 0) {
            break; /* one at the end */
        }

        if (!credhub_ssh_segment_valid(segment)) {
            return CREDHUB_E_SSH_DN;
        }

        credhub_buf_lit(&dn, "\\");
        credhub_buf_add_str(&dn, segment);
    }

    *out = credhub_buf_str(&dn);

    if (dn.failed) {
        return CREDHUB_E_INTERNAL;
    }

    return (out->len > CREDHUB_SSH_DN_MAX) ? CREDHUB_E_SSH_DN : CREDHUB_OK;
}


credhub_error_e
credhub_ssh_dn_folder(
    credhub_arena_t *arena, credhub_str_t text, credhub_str_t *out)
{
    credhub_str_t   root = credhub_string(CREDHUB_SSH_POLICY);
    credhub_error_e error;

    error = credhub_ssh_dn(arena, text, out);

    if (error != CREDHUB_OK) {
        return error;
    }

    return credhub_str_caseeq(*out, root) || credhub_ssh_dn_below(*out, root)
               ? CREDHUB_OK
               : CREDHUB_E_SSH_DN;
}


static int
credhub_ssh_segment_valid(credhub_str_t segment)
{
    size_t i;

    if (segment.len == 0 || segment.len > CREDHUB_SSH_SEGMENT_MAX
        || segment.data[0] == ' ' || segment.data[segment.len - 1] == ' '
        || credhub_str_eq(segment, credhub_str("."))
        || credhub_str_eq(segment, credhub_str("..")))
    {
        return 0;
    }

    for (i = 0; i < segment.len; i++) {
        if (!credhub_ssh_segment_char(segment.data[i])) {
            return 0;
        }
    }

    return 1;
}


static int
credhub_ssh_segment_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == ' ' || c == '.' || c == '_'
           || c == '@' || c == '-';
}


int
credhub_ssh_dn_below(credhub_str_t dn, credhub_str_t root)
{
    credhub_str_t head;

    if (dn.len <= root.len + 1 || dn.data[root.len] != '\\') {
        return 0;
    }

    head.data = dn.data;
    head.len = root.len;

    return credhub_str_caseeq(head, root);
}


credhub_str_t
credhub_ssh_dn_path(credhub_arena_t *arena, credhub_str_t dn)
{
    u_char       *p;
    size_t        i;
    credhub_str_t path;

    path = credhub_arena_copy(arena, dn.data + 1, dn.len - 1);

    if (path.data == NULL) {
        return path;
    }

    for (i = 0; i < path.len; i++) {
        p = &path.data[i];
        *p = (*p == '\\') ? '/' : (*p == ' ') ? '+' : credhub_lower(*p);
    }

    return path;
}


credhub_str_t
credhub_ssh_dn_name(credhub_str_t dn)
{
    size_t        n;
    credhub_str_t name;

    for (n = dn.len; n != 0 && dn.data[n - 1] != '\\'; n--) {
        /* void */
    }

    name.data = dn.data + n;
    name.len = dn.len - n;

    return name;
}


credhub_str_t
credhub_ssh_dn_segment(credhub_arena_t *arena, credhub_str_t text)
{
    size_t        i;
    u_char       *p;
    credhub_str_t name;

    if (text.len > CREDHUB_SSH_SEGMENT_MAX) {
        text.len = CREDHUB_SSH_SEGMENT_MAX;
    }

    name = credhub_arena_copy(arena, text.data, text.len);

    if (name.data == NULL) {
        return name;
    }

    for (i = 0; i < name.len; i++) {
        p = &name.data[i];

        if (!credhub_ssh_segment_char(*p)
            || (*p == ' ' && (i == 0 || i == name.len - 1)))
        {
            *p = '_';
        }
    }

    return credhub_ssh_segment_valid(name)
               ? name
               : credhub_arena_copy(
                   arena, "certificate", sizeof("certificate") - 1);
}
