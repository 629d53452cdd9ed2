
/*
 * What a client is told, out of the tables. No state; the detail that a client
 * or a certificate brought is cleaned and cut before it is shown.
 */

#include "credhub_error_rows.h"
#include "credhub_error_style.h"
#include "credhub_json.h"
#include "credhub_text.h"

#include <string.h>


#define CREDHUB_ERROR_URI "https://tools.ietf.org/html/rfc6750#section-3.1"


typedef struct {
    size_t len;
    u_char data[CREDHUB_DETAIL_TEXT_MAX];
} credhub_detail_t;


static const credhub_error_row_t *credhub_error_row(credhub_error_e kind);
static const char                *credhub_error_code(credhub_error_e kind);
static void                       credhub_error_said_ssh(
                          credhub_error_said_t *said, credhub_error_e kind);
static credhub_str_t credhub_error_shown(const credhub_error_row_t *row,
    credhub_str_t detail, credhub_detail_t *clean);
static void credhub_error_take(credhub_detail_t *clean, credhub_str_t detail);
static void credhub_error_clean(credhub_detail_t *clean, credhub_str_t detail);
static size_t credhub_error_clean_one(
    credhub_detail_t *clean, credhub_str_t detail, size_t i);
static size_t credhub_error_character(
    credhub_detail_t *clean, size_t max, const u_char *p, const u_char *last);
static void credhub_error_plain(
    credhub_buf_t *plain, const char *text, credhub_str_t detail);
static void credhub_error_add(
    credhub_buf_t *buf, const char *text, credhub_str_t detail);


int
credhub_error_status(credhub_error_e kind)
{
    return credhub_error_row(kind)->status;
}


const char *
credhub_error_name(credhub_error_e kind)
{
    return credhub_error_row(kind)->name;
}


static const credhub_error_row_t *
credhub_error_row(credhub_error_e kind)
{
    if ((unsigned) kind >= CREDHUB_E_LAST) {
        kind = CREDHUB_E_INTERNAL;
    }

    if (kind >= CREDHUB_E_SSH) {
        return &credhub_error_ssh_rows[kind - CREDHUB_E_SSH].row;
    }

    if (kind >= CREDHUB_E_TRUST) {
        return &credhub_error_trust_rows[kind - CREDHUB_E_TRUST].row;
    }

    return &credhub_error_rows[kind];
}


static const char *
credhub_error_code(credhub_error_e kind)
{
    if ((unsigned) kind < CREDHUB_E_TRUST || (unsigned) kind >= CREDHUB_E_SSH) {
        return NULL;
    }

    return credhub_error_trust_rows[kind - CREDHUB_E_TRUST].code;
}


static void
credhub_error_said_ssh(credhub_error_said_t *said, credhub_error_e kind)
{
    const credhub_error_ssh_row_t *row;

    if ((unsigned) kind < CREDHUB_E_SSH || (unsigned) kind >= CREDHUB_E_LAST) {
        said->number = 0;
        said->members = NULL;
        return;
    }

    row = &credhub_error_ssh_rows[kind - CREDHUB_E_SSH];

    said->number = row->number;
    said->members = row->members;
}


void
credhub_error_body(credhub_buf_t *buf, credhub_str_t target,
    credhub_error_e kind, credhub_str_t detail)
{
    credhub_buf_t              plain;
    credhub_str_t              shown;
    credhub_detail_t           clean;
    credhub_error_said_t       said;
    const credhub_error_row_t *row;

    row = credhub_error_row(kind);
    shown = credhub_error_shown(row, detail, &clean);

    said.status = row->status;
    said.code = credhub_error_code(kind);
    credhub_error_said_ssh(&said, kind);
    said.word = (row->description != NULL) ? row->error : NULL;

    credhub_buf_init(&plain, buf->arena, 0);
    credhub_error_plain(&plain,
        row->description != NULL ? row->description : row->error, shown);

    if (plain.failed) {
        buf->failed = 1;
        return;
    }

    said.text = credhub_buf_str(&plain);

    if (kind == CREDHUB_E_INVALID_CLIENT_CERTIFICATE) {
        /* it says the same in every API */
        target = credhub_null_str;
    }

    credhub_error_style(buf, target, &said);
}


void
credhub_error_challenge(
    credhub_buf_t *buf, credhub_error_e kind, credhub_str_t detail)
{
    credhub_str_t              shown;
    credhub_detail_t           clean;
    const credhub_error_row_t *row;

    credhub_buf_lit(buf, "Bearer");

    row = credhub_error_row(kind);

    if (kind == CREDHUB_E_UNAUTHENTICATED || row->description == NULL) {
        return;
    }

    shown = credhub_error_shown(row, detail, &clean);

    credhub_buf_lit(buf, " error=");
    credhub_error_add(buf, row->error, shown);
    credhub_buf_lit(buf, ", error_description=");
    credhub_error_add(buf, row->description, shown);

    if (kind != CREDHUB_E_TOKEN_EXPIRED) {
        credhub_buf_lit(buf, ", error_uri=\"" CREDHUB_ERROR_URI "\"");
    }
}


/* The detail as it is shown; it lies in `clean`, or is the row's own word. */

static credhub_str_t
credhub_error_shown(const credhub_error_row_t *row, credhub_str_t detail,
    credhub_detail_t *clean)
{
    credhub_str_t shown;

    if (strcmp(row->error, "%s") == 0) {
        credhub_error_take(clean, detail);

    } else {
        credhub_error_clean(clean, detail);
    }

    shown.data = clean->data;
    shown.len = clean->len;

    if (shown.len == 0 && row->unknown != NULL) {
        shown.data = (u_char *) row->unknown;
        shown.len = strlen(row->unknown);
    }

    return shown;
}


/* A text of ours, which may be longer. */

static void
credhub_error_take(credhub_detail_t *clean, credhub_str_t detail)
{
    size_t i, n;

    clean->len = 0;

    for (i = 0; i < detail.len; i += n) {
        n = credhub_error_character(clean, CREDHUB_DETAIL_TEXT_MAX,
            detail.data + i, detail.data + detail.len);

        if (n == 0) {
            break;
        }
    }
}


/* Without quotes and without what a message format would take as its own. */

static void
credhub_error_clean(credhub_detail_t *clean, credhub_str_t detail)
{
    size_t i, n;

    clean->len = 0;

    for (i = 0; i < detail.len; i += n) {
        n = credhub_error_clean_one(clean, detail, i);

        if (n == 0) {
            break;
        }
    }
}


/* Takes one character of the detail: returns its bytes, 0 when it has no
 * room. */

static size_t
credhub_error_clean_one(credhub_detail_t *clean, credhub_str_t detail, size_t i)
{
    const u_char *p;

    p = detail.data + i;

    if (*p == '\'' || *p == ']' || (*p == '[' && i != 0 && p[-1] == ']')) {
        return 1;
    }

    if (*p == '[' && clean->len != 0 && clean->data[clean->len - 1] == '$') {
        clean->len--;
        return 1;
    }

    return credhub_error_character(
        clean, CREDHUB_DETAIL_MAX, p, detail.data + detail.len);
}


static size_t
credhub_error_character(
    credhub_detail_t *clean, size_t max, const u_char *p, const u_char *last)
{
    size_t n;

    n = credhub_utf8_len(p, last);
    n += (n == 0);

    if (n > max - clean->len) {
        return 0;
    }

    memcpy(clean->data + clean->len, p, n);
    clean->len += n;

    return n;
}


/* The text, with the detail in the place of "%s". */

static void
credhub_error_plain(
    credhub_buf_t *plain, const char *text, credhub_str_t detail)
{
    const char *place;

    place = strstr(text, "%s");

    if (place != NULL) {
        credhub_buf_add(plain, text, place - text);
        credhub_buf_add_str(plain, detail);
        text = place + 2;
    }

    credhub_buf_add(plain, text, strlen(text));
}


/* The same as a JSON string. */

static void
credhub_error_add(credhub_buf_t *buf, const char *text, credhub_str_t detail)
{
    credhub_buf_t plain;

    credhub_buf_init(&plain, buf->arena, strlen(text) + detail.len);
    credhub_error_plain(&plain, text, detail);

    if (plain.failed) {
        buf->failed = 1;
        return;
    }

    credhub_json_add_string(buf, credhub_buf_str(&plain));
}
