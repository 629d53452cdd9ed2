
/*
 * Reads an actor out of a verified client certificate. The certificate stays
 * the caller's.
 */

#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "credhub_identity.h"
#include "credhub_text.h"


#define CREDHUB_IDENTITY_VERSION 14 /* place of the version digit */


static int credhub_identity_client(X509 *certificate);
static int credhub_identity_unit(
    X509_NAME_ENTRY *entry, u_char actor[CREDHUB_MTLS_ACTOR_LEN]);


credhub_error_e
credhub_identity(X509 *certificate, u_char actor[CREDHUB_MTLS_ACTOR_LEN])
{
    int             i;
    X509_NAME      *subject;
    credhub_error_e rc;

    ERR_set_mark();

    if (!credhub_identity_client(certificate)) {
        rc = CREDHUB_E_MTLS_EKU;
        goto done;
    }

    rc = CREDHUB_E_MTLS_ID;
    subject = X509_get_subject_name(certificate);
    i = -1;

    for (;;) {
        i = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, i);
        if (i < 0) {
            break;
        }

        if (credhub_identity_unit(X509_NAME_get_entry(subject, i), actor)) {
            rc = CREDHUB_OK;
            break;
        }
    }

done:

    ERR_pop_to_mark();

    return rc;
}


/* Without the extension OpenSSL would allow every usage. */

static int
credhub_identity_client(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0
           && (X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) != 0;
}


static int
credhub_identity_unit(
    X509_NAME_ENTRY *entry, u_char actor[CREDHUB_MTLS_ACTOR_LEN])
{
    int           len, found;
    u_char       *unit, uuid[CREDHUB_UUID_LEN];
    credhub_str_t text;

    static const credhub_str_t prefix = credhub_string("app:");
    static const credhub_str_t method = credhub_string("mtls-");

    len = ASN1_STRING_to_UTF8(&unit, X509_NAME_ENTRY_get_data(entry));
    if (len < 0) {
        return 0;
    }

    found = 0;

    if ((size_t) len == prefix.len + CREDHUB_UUID_LEN
        && memcmp(unit, prefix.data, prefix.len) == 0)
    {
        text.data = unit + prefix.len;
        text.len = CREDHUB_UUID_LEN;

        /* the parser folds case, so a difference is an upper-case digit */

        found = credhub_uuid_parse(text, uuid) == 0
                && memcmp(uuid, text.data, CREDHUB_UUID_LEN) == 0
                && uuid[CREDHUB_IDENTITY_VERSION] == '4';
    }

    if (found) {
        memcpy(actor, method.data, method.len);
        memcpy(actor + method.len, unit, (size_t) len);
    }

    OPENSSL_free(unit);

    return found;
}
