
/* Reader of DER. No state, no memory of its own. */

#include "credhub_der.h"


#define CREDHUB_DER_LONG_TAG 0x1f
#define CREDHUB_DER_LONG     0x80 /* the length has bytes of its own */


static u_char *credhub_der_length(u_char *p, const u_char *last, size_t *len);


int
credhub_der_next(credhub_str_t *rest, credhub_der_t *value)
{
    u_char *p, *last;
    size_t  len;

    if (rest->len < 2
        || (rest->data[0] & CREDHUB_DER_LONG_TAG) == CREDHUB_DER_LONG_TAG)
    {
        return 0;
    }

    last = rest->data + rest->len;

    p = credhub_der_length(rest->data + 1, last, &len);

    if (p == NULL || len > (size_t) (last - p)) {
        return 0;
    }

    value->tag = rest->data[0];

    value->content.data = p;
    value->content.len = len;

    value->whole.data = rest->data;
    value->whole.len = (size_t) (p - rest->data) + len;

    rest->data = p + len;
    rest->len = (size_t) (last - rest->data);

    return 1;
}


/* Where the content begins; NULL. At most four bytes count. */

static u_char *
credhub_der_length(u_char *p, const u_char *last, size_t *len)
{
    size_t n;

    *len = *p++;

    if (*len < CREDHUB_DER_LONG) {
        return p;
    }

    n = *len - CREDHUB_DER_LONG;

    if (n == 0 || n > 4 || n > (size_t) (last - p) || *p == 0) {
        return NULL;
    }

    for (*len = 0; n != 0; n--) {
        *len = *len << 8 | *p++;
    }

    return (*len < CREDHUB_DER_LONG) ? NULL : p;
}


int
credhub_der_take(credhub_str_t *rest, u_char tag, credhub_der_t *value)
{
    return rest->len != 0 && rest->data[0] == tag
           && credhub_der_next(rest, value);
}
