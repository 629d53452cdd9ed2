
/*
 * AWS Signature Version 4 for a request with its body at hand. Pure: the time
 * is an argument, and what is signed is what the caller then sends.
 */

#ifndef _CREDHUB_SIGV4_H_INCLUDED_
#define _CREDHUB_SIGV4_H_INCLUDED_


#include "credhub_arena.h"


#define CREDHUB_SIGV4_DATE_LEN    16 /* 20150830T123600Z */
#define CREDHUB_SIGV4_DAY_LEN     8
#define CREDHUB_SIGV4_KEY_SIZE    32
#define CREDHUB_SIGV4_HEADERS_MAX 8
#define CREDHUB_SIGV4_SECRET_MAX  256


typedef struct {
    const char   *name; /* lower case */
    credhub_str_t value;
} credhub_sigv4_header_t;


typedef struct {
    const char   *method;
    credhub_str_t path;  /* encoded as it is sent; empty: "/" */
    credhub_str_t query; /* sorted and encoded; may be empty */

    /* all of them are signed: sorted by name, without x-amz-date, which is
     * added; no white space around values */
    credhub_sigv4_header_t headers[CREDHUB_SIGV4_HEADERS_MAX];
    size_t                 nheaders;

    credhub_str_t body;

    credhub_str_t region;
    credhub_str_t service;
    credhub_str_t access_key_id;
    credhub_str_t secret_access_key;

    u_char date[CREDHUB_SIGV4_DATE_LEN]; /* by credhub_sigv4_date() */
} credhub_sigv4_t;


/* Seconds since 1970, the value of x-amz-date. */
void credhub_sigv4_date(int64_t now, u_char date[CREDHUB_SIGV4_DATE_LEN]);

/* The steps, each on its own; buf->failed when memory is exhausted; -1 when
 * OpenSSL fails or a secret has more than CREDHUB_SIGV4_SECRET_MAX bytes. */
void credhub_sigv4_canonical(
    credhub_buf_t *buf, const credhub_sigv4_t *request);
void credhub_sigv4_string(credhub_buf_t *buf, const credhub_sigv4_t *request,
    credhub_str_t canonical);
int  credhub_sigv4_key(
     const credhub_sigv4_t *request, u_char key[CREDHUB_SIGV4_KEY_SIZE]);

/* The value of the header "Authorization"; .data == NULL when one of them
 * failed. */
credhub_str_t credhub_sigv4(
    credhub_arena_t *arena, const credhub_sigv4_t *request);


#endif /* _CREDHUB_SIGV4_H_INCLUDED_ */
