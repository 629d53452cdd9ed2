
/*
 * credhubctl: what is done to a hub from a shell. Blocking code in one thread;
 * what is in the store and how it is sealed comes from src/.
 */

#ifndef _CREDHUBCTL_H_INCLUDED_
#define _CREDHUBCTL_H_INCLUDED_


#include <hiredis/hiredis.h>
#include "credhub_keyring.h"


#define CREDHUBCTL_KEY_MAX 256 /* bytes of a key of the store that is fixed */


/* Findings; the worst one is the exit status. */

typedef enum {
    CREDHUBCTL_OK = 0,
    CREDHUBCTL_WARN,
    CREDHUBCTL_FAIL
} credhubctl_level_e;


typedef struct {
    const char        *address; /* unix:PATH or HOST:PORT */
    const char        *user;
    const char        *password_file;
    const char        *prefix; /* without braces and colon */
    unsigned           db;
    unsigned           edge:1; /* a user that only reads */
    credhub_keyring_t *keyring;
    redisContext      *redis; /* NULL before credhubctl_connect() */
    credhubctl_level_e worst;
} credhubctl_t;


/* One line of the report. */
void credhubctl_say(credhubctl_t *ctl, credhubctl_level_e level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Connects, authenticates and selects, each with a time-out; says what went
 * wrong. 0, -1. */
int credhubctl_connect(credhubctl_t *ctl);

/* Does a stranger get an answer there? 1, 0. */
int credhubctl_open_to_all(const credhubctl_t *ctl);

/*
 * A command of n arguments. The reply is freed by the caller; NULL when the
 * connection ended, an error of Redis is a reply of type REDIS_REPLY_ERROR.
 */
redisReply *credhubctl_command(
    credhubctl_t *ctl, int n, const char **argv, const size_t *lens);

/* "{prefix}:" and a rest into `key`; bytes without the NUL at the end. */
size_t credhubctl_key(
    const credhubctl_t *ctl, const char *rest, char key[CREDHUBCTL_KEY_MAX]);

/* May the reply be taken for what was asked? Says so when not; `what` is in the
 * line. */
int credhubctl_expect(
    credhubctl_t *ctl, const redisReply *reply, int type, const char *what);


/* The subcommand "check". */
void credhubctl_check(credhubctl_t *ctl);

/* Its parts in files of their own: rights; schema and keys. */
void credhubctl_check_rights(credhubctl_t *ctl);
void credhubctl_check_store(credhubctl_t *ctl);


#endif /* _CREDHUBCTL_H_INCLUDED_ */
