
/* How the keys of a store are laid out, as a number. Also for programs that are
 * no part of nginx. */

#ifndef _NGX_CREDHUB_LAYOUT_H_INCLUDED_
#define _NGX_CREDHUB_LAYOUT_H_INCLUDED_


#define NGX_CREDHUB_LAYOUT        "1" /* this version's layout */
#define NGX_CREDHUB_LAYOUT_WRITER "1" /* oldest layout that may write */

#define NGX_CREDHUB_PREFIX_MAX    64


#endif /* _NGX_CREDHUB_LAYOUT_H_INCLUDED_ */
