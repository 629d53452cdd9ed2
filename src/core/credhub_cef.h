
/*
 * The Common Event Format: fields that anybody who wrote them can be read from.
 * Text goes through here, so that no value can end its field or its line.
 */

#ifndef _CREDHUB_CEF_H_INCLUDED_
#define _CREDHUB_CEF_H_INCLUDED_


#include "credhub_arena.h"


/*
 * Appends text as a field of the header ("\" and "|" escaped) or as a value of
 * the extension ("\" and "=" escaped, line ends as \n and \r). Other control
 * characters and bytes that are not UTF-8 become the four characters \xNN,
 * with an escaped backslash.
 */
void credhub_cef_header(credhub_buf_t *buf, credhub_str_t text);
void credhub_cef_value(credhub_buf_t *buf, credhub_str_t text);


#endif /* _CREDHUB_CEF_H_INCLUDED_ */
