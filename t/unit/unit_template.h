
/* Templates and requests of a unit test, from JSON with ' for ". */

#ifndef _CREDHUB_UNIT_TEMPLATE_H_INCLUDED_
#define _CREDHUB_UNIT_TEMPLATE_H_INCLUDED_


#include "unit.h"
#include "credhub_json.h"
#include "credhub_ssh_template.h"

#include <stdio.h>


static credhub_str_t
unit_quoted(const char *text)
{
    size_t        i;
    credhub_str_t str;

    str = credhub_arena_copy(unit_arena, text, strlen(text));
    assert_non_null(str.data);

    for (i = 0; i < str.len; i++) {
        if (str.data[i] == '\'') {
            str.data[i] = '"';
        }
    }

    return str;
}


/* Calls with a body that has not a byte to spare. */

static credhub_error_e
unit_template_try(const char *body, credhub_str_t *kept, credhub_str_t *detail)
{
    credhub_str_t   text, exact;
    credhub_error_e error;

    text = unit_quoted(body);
    exact = unit_exact((char *) text.data, text.len);
    *detail = credhub_null_str;
    error = credhub_ssh_template(unit_arena, exact, kept, detail);
    free(exact.data);

    return error;
}


static credhub_str_t
unit_template(const char *body)
{
    credhub_str_t kept, detail;

    assert_int_equal(unit_template_try(body, &kept, &detail), CREDHUB_OK);

    return kept;
}


#endif /* _CREDHUB_UNIT_TEMPLATE_H_INCLUDED_ */
