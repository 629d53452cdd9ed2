
/*
 * What the check and the walk of JSON source share: white space, runs of
 * plain bytes, escapes. Not for use outside of credhub_json*.c.
 */

#ifndef _CREDHUB_JSON_SCAN_H_INCLUDED_
#define _CREDHUB_JSON_SCAN_H_INCLUDED_


#include "credhub_text.h"


#define CREDHUB_JSON_ESCAPE_MAX 4 /* bytes that one escape stands for */

#define credhub_json_is_space(c)                                               \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


/* The first byte that is not white space, or `last`. */
u_char *credhub_json_space(u_char *p, u_char *last);

/* The first byte that a string cannot hold as it is without a look: a control
 * character, a quote, a backslash, not ASCII; or `last`. */
u_char *credhub_json_plain(u_char *p, u_char *last);

/* Behind the closing quote of the string that opens at `p`, or `last`. */
u_char *credhub_json_string_end(u_char *p, u_char *last);

/*
 * Decodes the escape at *pos (a backslash), a surrogate pair as one, and moves
 * *pos behind it. Returns the end of what was written to `out`; NULL when it
 * is no escape of JSON, a lone surrogate or U+0000.
 */
u_char *credhub_json_escape(u_char **pos, u_char *last, u_char *out);


#endif /* _CREDHUB_JSON_SCAN_H_INCLUDED_ */
