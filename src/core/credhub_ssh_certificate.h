
/*
 * Certificates of OpenSSH (its PROTOCOL.certkeys) and key revocation lists (its
 * PROTOCOL.krl).
 */

#ifndef _CREDHUB_SSH_CERTIFICATE_H_INCLUDED_
#define _CREDHUB_SSH_CERTIFICATE_H_INCLUDED_


#include "credhub_ssh.h"


#define CREDHUB_SSH_PRINCIPALS_MAX 256 /* as sshd reads them */
#define CREDHUB_SSH_KEY_ID_MAX     1024
#define CREDHUB_SSH_EXTENSIONS_MAX 256
#define CREDHUB_SSH_SOURCES_MAX    256
#define CREDHUB_SSH_SERIAL_LEN     20      /* decimal digits of 64 bits */
#define CREDHUB_SSH_REVOKED_MAX    1000000 /* rows of a KRL */


typedef struct {
    credhub_str_t *items;
    size_t         n;
} credhub_ssh_list_t;

typedef struct {
    credhub_str_t name;
    credhub_str_t value; /* "" for a flag */
} credhub_ssh_option_t;

typedef struct {
    unsigned              host:1; /* else for a user */
    uint64_t              serial;
    credhub_str_t         key_id;
    credhub_ssh_list_t    principals;
    int64_t               from;          /* seconds since 1970 */
    int64_t               to;            /* INT64_MAX: forever */
    credhub_str_t         force_command; /* empty: none */
    credhub_ssh_list_t    sources;       /* comma-joined: source-address */
    credhub_ssh_option_t *extensions;    /* in any order, no name twice */
    size_t                nextensions;

    /* of one that was read, or signed */
    credhub_str_t word; /* "ssh-ed25519-cert-v01@openssh.com"; static */
    credhub_str_t key;  /* blob of the subject's plain key */
    credhub_str_t ca;   /* blob of the CA's key */
} credhub_ssh_certificate_t;

/*
 * Signs a certificate for the key in `subject` (a blob that
 * credhub_ssh_public_blob() has passed). Options and extensions are written
 * sorted by name, the nonce has 32 random bytes. Fills word, key and ca; `blob`
 * gets the certificate in wire format. CREDHUB_E_INTERNAL also for what callers
 * are to refuse: more than the limits above, text that is not UTF-8 or has a
 * NUL, a name twice, `from` below 0 or not before `to`.
 */
credhub_error_e credhub_ssh_certify(credhub_arena_t *arena,
    credhub_ssh_certificate_t *certificate, credhub_str_t subject,
    const credhub_ssh_pair_t *ca, credhub_str_t *blob);

/*
 * Reads a certificate; the signature is checked with the key that it names.
 * CREDHUB_E_SSH_KEY when it is none, has what credhub_ssh_certify() would not
 * write, or critical options other than force-command and source-address;
 * CREDHUB_E_INTERNAL. Strings point into `blob` where they can.
 */
credhub_error_e credhub_ssh_certificate(credhub_arena_t *arena,
    credhub_str_t blob, credhub_ssh_certificate_t *certificate);

/* The "CertificateDetails" of the API as one JSON object, appended; members
 * that are empty (ForceCommand, SourceAddresses) are there too. */
void credhub_ssh_certificate_show(credhub_buf_t *buf,
    const credhub_ssh_certificate_t *certificate, credhub_str_t blob);

/* A serial in decimal; the number of digits. */
size_t credhub_ssh_serial(uint64_t serial, u_char out[CREDHUB_SSH_SERIAL_LEN]);

/* 0, or -1: no decimal number below 2^64. */
int credhub_ssh_serial_parse(credhub_str_t text, uint64_t *serial);


/*
 * Every row is one revocation of the CA: exactly one of `key_id`, `blob` (of a
 * plain key) and `serial` (where both are empty; 0 is left out). In any order,
 * doubles allowed, at most CREDHUB_SSH_REVOKED_MAX. `version` and `date`
 * (seconds since 1970) go into the header. Not signed.
 */

typedef struct {
    uint64_t      serial;
    credhub_str_t key_id;
    credhub_str_t blob;
} credhub_ssh_revoked_t;

credhub_error_e credhub_ssh_krl(credhub_arena_t *arena, credhub_str_t ca,
    uint64_t version, int64_t date, const credhub_ssh_revoked_t *rows, size_t n,
    credhub_str_t *krl);


#endif /* _CREDHUB_SSH_CERTIFICATE_H_INCLUDED_ */
