
/* The type certificate: a row of the table; credhub_certificate.h is how it is
 * read and written. */

#include "credhub_types.h"


const credhub_type_t credhub_type_certificate = {
    .name = credhub_string("certificate"),
    .own = 1,
};
