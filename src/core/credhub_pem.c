
/*
 * Finds the blocks of a text and decodes them. No state; what is decoded
 * belongs to the caller's arena, which wipes it.
 */

#define _GNU_SOURCE /* memmem() */

#include <string.h>
#include "credhub_pem.h"
#include "credhub_text.h"


#define CREDHUB_PEM_BEGIN  "-----BEGIN "
#define CREDHUB_PEM_END    "-----END "
#define CREDHUB_PEM_DASHES "-----"


static int credhub_pem_label(credhub_str_t *text, credhub_str_t *label);
static int credhub_pem_body(
    credhub_str_t *text, const credhub_pem_t *block, credhub_str_t *body);
static void credhub_pem_headers(credhub_str_t *body, credhub_pem_t *block);
static credhub_str_t credhub_pem_line(credhub_str_t *text);
static credhub_str_t credhub_pem_decode(
    credhub_arena_t *arena, credhub_str_t body);
static u_char *credhub_pem_find(credhub_str_t text, const char *what);
static void    credhub_pem_skip(credhub_str_t *text, const u_char *p);


int
credhub_pem_next(
    credhub_arena_t *arena, credhub_str_t *text, credhub_pem_t *block)
{
    credhub_str_t body;

    memset(block, 0, sizeof(credhub_pem_t));

    if (!credhub_pem_label(text, &block->label)) {
        return 0;
    }

    if (credhub_pem_body(text, block, &body)) {
        credhub_pem_headers(&body, block);
        block->bytes = credhub_pem_decode(arena, body);
    }

    return 1;
}


/* Behind it the text begins with the line after the label. */

static int
credhub_pem_label(credhub_str_t *text, credhub_str_t *label)
{
    u_char       *p;
    credhub_str_t line;

    for (;;) {
        p = credhub_pem_find(*text, CREDHUB_PEM_BEGIN);
        if (p == NULL) {
            return 0;
        }

        credhub_pem_skip(text, p + sizeof(CREDHUB_PEM_BEGIN) - 1);

        line = credhub_pem_line(text);
        p = credhub_pem_find(line, CREDHUB_PEM_DASHES);

        if (p != NULL) {
            label->data = line.data;
            label->len = (size_t) (p - line.data);
            return 1;
        }
    }
}


/* Up to the end that has the same label, and no other. */

static int
credhub_pem_body(
    credhub_str_t *text, const credhub_pem_t *block, credhub_str_t *body)
{
    u_char       *p;
    credhub_str_t label;

    p = credhub_pem_find(*text, CREDHUB_PEM_END);
    if (p == NULL) {
        return 0;
    }

    body->data = text->data;
    body->len = (size_t) (p - text->data);

    credhub_pem_skip(text, p + sizeof(CREDHUB_PEM_END) - 1);

    p = credhub_pem_find(*text, CREDHUB_PEM_DASHES);
    if (p == NULL) {
        return 0;
    }

    label.data = text->data;
    label.len = (size_t) (p - text->data);

    if (!credhub_str_eq(label, block->label)) {
        return 0;
    }

    credhub_pem_skip(text, p + sizeof(CREDHUB_PEM_DASHES) - 1);

    return 1;
}


/* Lines with a colon, and an empty one. */

static void
credhub_pem_headers(credhub_str_t *body, credhub_pem_t *block)
{
    credhub_str_t rest, line;

    rest = *body;
    line = credhub_pem_line(&rest);

    if (credhub_pem_find(line, ":") == NULL) {
        return;
    }

    while (line.len != 0) {
        if (credhub_pem_find(line, "ENCRYPTED") != NULL) {
            block->encrypted = 1;
        }

        line = credhub_pem_line(&rest);
    }

    *body = rest;
}


/* Takes a line off the text; its end is not part of it. */

static credhub_str_t
credhub_pem_line(credhub_str_t *text)
{
    u_char       *p;
    credhub_str_t line;

    line = *text;
    p = credhub_pem_find(*text, "\n");

    if (p == NULL) {
        text->data += text->len;
        text->len = 0;

    } else {
        line.len = (size_t) (p - text->data);
        credhub_pem_skip(text, p + 1);
    }

    if (line.len != 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }

    return line;
}


static credhub_str_t
credhub_pem_decode(credhub_arena_t *arena, credhub_str_t body)
{
    size_t        i;
    credhub_str_t base64;

    base64.data = credhub_arena_bytes(arena, body.len + 1);
    base64.len = 0;

    if (base64.data == NULL) {
        return credhub_null_str;
    }

    for (i = 0; i < body.len; i++) {
        switch (body.data[i]) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            break;

        default:
            base64.data[base64.len++] = body.data[i];
        }
    }

    return credhub_base64_decode(arena, base64);
}


static u_char *
credhub_pem_find(credhub_str_t text, const char *what)
{
    return (text.len == 0) ? NULL
                           : memmem(text.data, text.len, what, strlen(what));
}


static void
credhub_pem_skip(credhub_str_t *text, const u_char *p)
{
    text->len -= (size_t) (p - text->data);
    text->data = (u_char *) p;
}
