
/* Writing parts of URLs and of forms. */

#ifndef _CREDHUB_URL_H_INCLUDED_
#define _CREDHUB_URL_H_INCLUDED_


#include "credhub_arena.h"


/* Appends text with every byte as %XX that is not unreserved (RFC 3986, section
 * 2.3); `keep_slash`: a path, whose slashes stay. */
void credhub_url_add(credhub_buf_t *buf, credhub_str_t text, int keep_slash);

/* Appends "NAME=VALUE" of a form, with "&" in front unless it is the first. */
void credhub_url_form(
    credhub_buf_t *buf, const char *name, credhub_str_t value);

/* Is this a path that no client changes: segments that are neither empty nor
 * "." nor "..", valid UTF-8, no control characters? */
int credhub_url_path_valid(credhub_str_t path);

/* Is this one or more bytes of visible ASCII, as a header may carry? */
int credhub_url_visible(credhub_str_t text);


#endif /* _CREDHUB_URL_H_INCLUDED_ */
