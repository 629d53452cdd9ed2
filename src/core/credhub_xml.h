
/* The text of an element of a small XML answer. No document type, no entities
 * but XML's own, no look at namespaces. */

#ifndef _CREDHUB_XML_H_INCLUDED_
#define _CREDHUB_XML_H_INCLUDED_


#include "credhub_arena.h"


/*
 * The text of the only element of that name, with references and CDATA sections
 * resolved. .data == NULL when there is none or more than one, it has elements
 * in it, the text is not XML as far as that, or memory is exhausted. Time O(n).
 */
credhub_str_t credhub_xml_text(
    credhub_arena_t *arena, credhub_str_t xml, const char *name);


#endif /* _CREDHUB_XML_H_INCLUDED_ */
