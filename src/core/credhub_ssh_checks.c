
/* What texts of the SSH certificate API may hold. They are valid UTF-8 without
 * NUL already, as JSON strings are. */

#include <string.h>
#include "credhub_ssh_fields.h"


typedef struct {
    u_char  unit;
    int64_t seconds;
} credhub_ssh_unit_t;


static int credhub_ssh_extension_char(u_char c);


/* clang-format off */

static const credhub_ssh_unit_t  credhub_ssh_units[] = {
    { 's', 1 },
    { 'm', 60 },
    { 'h', 3600 },
    { 'd', 86400 },
    { 'w', 7 * 86400 },
};

/* clang-format on */


int
credhub_ssh_bytes_valid(credhub_str_t text)
{
    return 1;
}


int
credhub_ssh_text_valid(credhub_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


int
credhub_ssh_word_valid(credhub_str_t text)
{
    return text.len != 0 && credhub_ssh_text_valid(text)
           && memchr(text.data, ' ', text.len) == NULL
           && memchr(text.data, ',', text.len) == NULL;
}


int
credhub_ssh_extension_valid(credhub_str_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!credhub_ssh_extension_char(text.data[i])) {
            return 0;
        }
    }

    return text.len != 0;
}


int
credhub_ssh_extension_preset_valid(credhub_str_t text)
{
    u_char       *equals;
    credhub_str_t name;

    name = text;
    equals = memchr(text.data, '=', text.len);

    if (equals != NULL) {
        name.len = (size_t) (equals - text.data);
    }

    return credhub_ssh_extension_valid(name) && credhub_ssh_text_valid(text);
}


static int
credhub_ssh_extension_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '@' || c == '.' || c == '_'
           || c == '-';
}


int
credhub_ssh_validity(credhub_str_t text, int64_t *seconds)
{
    size_t  i, k;
    int64_t n, unit;

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            break;
        }

        n = n * 10 + (text.data[i] - '0');

        if (n > CREDHUB_SSH_VALIDITY_MAX) {
            return -1;
        }
    }

    unit = (i != 0 && i == text.len) ? 1 : 0;

    if (i != 0 && i + 1 == text.len) {
        for (k = 0; k < sizeof(credhub_ssh_units) / sizeof(*credhub_ssh_units);
             k++) {
            if (credhub_ssh_units[k].unit == text.data[i]) {
                unit = credhub_ssh_units[k].seconds;
            }
        }
    }

    *seconds = n * unit;

    return *seconds > 0 && *seconds <= CREDHUB_SSH_VALIDITY_MAX ? 0 : -1;
}


int
credhub_ssh_validity_valid(credhub_str_t text)
{
    int64_t seconds;

    return credhub_ssh_validity(text, &seconds) == 0;
}
