
/*
 * Public keys in lines of ssh, as they were set or generated. What is decoded
 * on the way is wiped with its arena.
 */

#include <string.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include "credhub_ssh.h"
#include "credhub_text.h"


#define CREDHUB_SSH_ED25519_SIZE 32


/* How one kind of key is read behind the word of its type. */

typedef struct credhub_key_ssh_row_s credhub_key_ssh_row_t;

struct credhub_key_ssh_row_s {
    credhub_str_t      word;
    credhub_key_type_e type;
    credhub_str_t      curve;
    unsigned           bits;

    unsigned (*bits_of)(
        const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest);
};


/* A public key line: "<word> <base64>[ comment]". */

typedef struct {
    credhub_str_t word;
    credhub_str_t blob; /* decoded */
    credhub_str_t comment;
} credhub_key_ssh_line_t;


static unsigned credhub_key_ssh_rsa_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest);
static unsigned credhub_key_ssh_ec_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest);
static unsigned credhub_key_ssh_ed25519_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest);
static int credhub_key_ssh_line(
    credhub_arena_t *arena, credhub_str_t text, credhub_key_ssh_line_t *line);
static size_t credhub_key_ssh_comment(
    const u_char *comment, const u_char *last);


/* clang-format off */

static const credhub_key_ssh_row_t credhub_key_ssh_rows[] = {
    { credhub_string("ssh-rsa"),
      CREDHUB_KEY_RSA, { 0, NULL }, 0, credhub_key_ssh_rsa_bits },
    { credhub_string("ecdsa-sha2-nistp256"),
      CREDHUB_KEY_EC, credhub_string("nistp256"), 256, credhub_key_ssh_ec_bits },
    { credhub_string("ecdsa-sha2-nistp384"),
      CREDHUB_KEY_EC, credhub_string("nistp384"), 384, credhub_key_ssh_ec_bits },
    { credhub_string("ssh-ed25519"),
      CREDHUB_KEY_ED25519, { 0, NULL }, 256, credhub_key_ssh_ed25519_bits },
    { { 0, NULL }, 0, { 0, NULL }, 0, NULL }
};

/* clang-format on */


credhub_key_kind_t
credhub_key_ssh_kind(credhub_str_t text, credhub_str_t *comment)
{
    credhub_str_t                word;
    credhub_ssh_reader_t         rest;
    credhub_arena_t             *arena;
    credhub_key_kind_t           kind;
    credhub_key_ssh_line_t       line;
    const credhub_key_ssh_row_t *row;

    *comment = credhub_null_str;
    memset(&kind, 0, sizeof(kind));

    arena = credhub_arena_create(text.len + 64);
    if (arena == NULL) {
        return kind;
    }

    if (credhub_key_ssh_line(arena, text, &line)) {
        credhub_ssh_reader(&rest, line.blob);
        word = credhub_ssh_string(&rest);

        for (row = credhub_key_ssh_rows; row->word.len != 0; row++) {
            if (credhub_str_eq(row->word, word)) {
                kind.type = row->type;
                kind.bits = row->bits_of(row, &rest);
                break;
            }
        }
    }

    if (kind.bits != 0) {
        *comment = line.comment;
    }

    credhub_arena_destroy(arena);

    return kind;
}


static unsigned
credhub_key_ssh_rsa_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest)
{
    u_char        c;
    unsigned      bits;
    credhub_str_t modulus;

    (void) credhub_ssh_string(rest); /* exponent */
    modulus = credhub_ssh_string(rest);

    if (!credhub_ssh_ended(rest)) {
        return 0;
    }

    while (modulus.len != 0 && modulus.data[0] == 0) {
        modulus.data++;
        modulus.len--;
    }

    if (modulus.len == 0) {
        return 0;
    }

    bits = (unsigned) modulus.len * 8;

    for (c = modulus.data[0]; (c & 0x80) == 0; c = (u_char) (c << 1)) {
        bits--;
    }

    return bits;
}


/* A point is not compressed in ssh (RFC 5656, section 3.1). */

static unsigned
credhub_key_ssh_ec_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest)
{
    credhub_str_t curve, point;

    curve = credhub_ssh_string(rest);
    point = credhub_ssh_string(rest);

    return credhub_ssh_ended(rest) && credhub_str_eq(curve, kind->curve)
                   && point.len == 1 + 2 * kind->bits / 8
                   && point.data[0] == POINT_CONVERSION_UNCOMPRESSED
               ? kind->bits
               : 0;
}


static unsigned
credhub_key_ssh_ed25519_bits(
    const credhub_key_ssh_row_t *kind, credhub_ssh_reader_t *rest)
{
    credhub_str_t raw;

    raw = credhub_ssh_string(rest);

    return credhub_ssh_ended(rest) && raw.len == CREDHUB_SSH_ED25519_SIZE
               ? kind->bits
               : 0;
}


credhub_str_t
credhub_key_fingerprint(credhub_arena_t *arena, credhub_str_t text)
{
    u_char                 digest[SHA256_DIGEST_LENGTH];
    credhub_key_ssh_line_t line;
    credhub_str_t          bytes;

    if (!credhub_key_ssh_line(arena, text, &line)) {
        return credhub_null_str;
    }

    ERR_set_mark();
    bytes.data = SHA256(line.blob.data, line.blob.len, digest);
    ERR_pop_to_mark();

    if (bytes.data == NULL) {
        return credhub_null_str;
    }

    bytes.len = sizeof(digest);

    return credhub_base64(arena, bytes, 0);
}


/* 0 unless the blob begins with the word that stands before it. */

static int
credhub_key_ssh_line(
    credhub_arena_t *arena, credhub_str_t text, credhub_key_ssh_line_t *line)
{
    u_char              *p, *last;
    credhub_str_t        rest;
    credhub_ssh_reader_t reader;

    if (text.len == 0) {
        return 0;
    }

    p = text.data;
    last = text.data + text.len;

    /* a file that was stored whole ends in a newline */

    while (last > p && (last[-1] == '\n' || last[-1] == '\r')) {
        last--;
    }

    line->word.data = p;
    p = memchr(p, ' ', (size_t) (last - p));

    if (p == NULL) {
        return 0;
    }

    line->word.len = (size_t) (p - line->word.data);

    rest.data = ++p;
    p = memchr(p, ' ', (size_t) (last - p));

    if (p == NULL) {
        p = last;
        line->comment = credhub_null_str;

    } else {
        line->comment.data = p + 1;
        line->comment.len = credhub_key_ssh_comment(p + 1, last);
    }

    rest.len = (size_t) (p - rest.data);

    line->blob = credhub_base64_decode(arena, rest);

    if (line->blob.data == NULL) {
        return 0;
    }

    credhub_ssh_reader(&reader, line->blob);

    return credhub_str_eq(credhub_ssh_string(&reader), line->word);
}


/* A stored text may have several lines; a comment has one. */

static size_t
credhub_key_ssh_comment(const u_char *comment, const u_char *last)
{
    const u_char *p;

    for (p = comment; p < last; p++) {
        if (*p == '\n' || *p == '\r') {
            break;
        }
    }

    return (size_t) (p - comment);
}
