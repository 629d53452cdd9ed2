
/* The connection to Redis. Secrets go over it as arguments of commands only. */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include "credhub_file.h"
#include "credhub_text.h"
#include "credhubctl.h"


#define CREDHUBCTL_TIMEOUT      2 /* seconds */
#define CREDHUBCTL_PASSWORD_MAX 1024
#define CREDHUBCTL_HOST_MAX     256


static redisContext *credhubctl_dial(const char *address);
static int           credhubctl_auth(credhubctl_t *ctl);
static int           credhubctl_auth_send(
              credhubctl_t *ctl, const u_char *password, size_t len);
static int credhubctl_select(credhubctl_t *ctl);


int
credhubctl_connect(credhubctl_t *ctl)
{
    ctl->redis = credhubctl_dial(ctl->address);

    if (ctl->redis == NULL || ctl->redis->err != 0) {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "redis \"%s\": %s", ctl->address,
            ctl->redis == NULL ? "invalid address" : ctl->redis->errstr);
        return -1;
    }

    if (credhubctl_auth(ctl) != 0 || credhubctl_select(ctl) != 0) {
        return -1;
    }

    credhubctl_say(ctl, CREDHUBCTL_OK, "redis \"%s\": connected", ctl->address);

    return 0;
}


/* NULL: not an address, or no memory. */

static redisContext *
credhubctl_dial(const char *address)
{
    int64_t        port;
    char           host[CREDHUBCTL_HOST_MAX];
    size_t         len;
    redisContext  *redis;
    const char    *colon;
    struct timeval timeout = { .tv_sec = CREDHUBCTL_TIMEOUT };

    if (strncmp(address, "unix:", 5) == 0) {
        redis = redisConnectUnixWithTimeout(address + 5, timeout);

    } else {
        colon = strrchr(address, ':');

        if (colon == NULL
            || credhub_int64(
                   (credhub_str_t){ strlen(colon + 1), (u_char *) colon + 1 },
                   &port)
                   != 0
            || port < 1 || port > 65535)
        {
            return NULL;
        }

        if (address[0] == '[' && colon[-1] == ']') {
            len = (size_t) snprintf(host, sizeof(host), "%.*s",
                (int) (colon - address) - 2, address + 1);
        } else {
            len = (size_t) snprintf(
                host, sizeof(host), "%.*s", (int) (colon - address), address);
        }

        if (len == 0 || len >= sizeof(host)) {
            return NULL;
        }

        redis = redisConnectWithTimeout(host, (int) port, timeout);
    }

    if (redis != NULL && redis->err == 0) {
        (void) redisSetTimeout(redis, timeout);
    }

    return redis;
}


static int
credhubctl_auth(credhubctl_t *ctl)
{
    int         rc;
    size_t      len;
    u_char      password[CREDHUBCTL_PASSWORD_MAX + 2];
    const char *why;

    if (ctl->password_file == NULL) {
        return 0;
    }

    why = credhub_file_read_secret(
        ctl->password_file, password, sizeof(password), &len);

    if (why == NULL) {
        /* as credhub_redis reads it: one line end does not count */
        len -= (len != 0 && password[len - 1] == '\n');
        rc = credhubctl_auth_send(ctl, password, len);

    } else {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "password file \"%s\" %s%s%s",
            ctl->password_file, why, errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
        rc = -1;
    }

    OPENSSL_cleanse(password, sizeof(password));

    return rc;
}


static int
credhubctl_auth_send(credhubctl_t *ctl, const u_char *password, size_t len)
{
    int         n, rc;
    size_t      lens[3];
    const char *argv[3];
    redisReply *reply;

    n = 0;
    argv[n] = "AUTH";
    lens[n++] = 4;

    if (ctl->user != NULL) {
        argv[n] = ctl->user;
        lens[n++] = strlen(ctl->user);
    }

    argv[n] = (const char *) password;
    lens[n++] = len;

    reply = credhubctl_command(ctl, n, argv, lens);
    rc = credhubctl_expect(ctl, reply, REDIS_REPLY_STATUS, "AUTH");
    freeReplyObject(reply);

    return rc ? 0 : -1;
}


static int
credhubctl_select(credhubctl_t *ctl)
{
    int         rc;
    char        number[16];
    redisReply *reply;
    const char *argv[] = { "SELECT", number };

    if (ctl->db == 0) {
        return 0;
    }

    snprintf(number, sizeof(number), "%u", ctl->db);

    reply = credhubctl_command(ctl, 2, argv, NULL);
    rc = credhubctl_expect(ctl, reply, REDIS_REPLY_STATUS, "SELECT");
    freeReplyObject(reply);

    return rc ? 0 : -1;
}


int
credhubctl_open_to_all(const credhubctl_t *ctl)
{
    int           open;
    redisReply   *reply;
    redisContext *redis;

    redis = credhubctl_dial(ctl->address);

    if (redis == NULL) {
        return 0;
    }

    reply = redis->err == 0 ? redisCommand(redis, "PING") : NULL;
    open = (reply != NULL && reply->type == REDIS_REPLY_STATUS);

    freeReplyObject(reply);
    redisFree(redis);

    return open;
}


redisReply *
credhubctl_command(
    credhubctl_t *ctl, int n, const char **argv, const size_t *lens)
{
    return redisCommandArgv(ctl->redis, n, argv, lens);
}


size_t
credhubctl_key(
    const credhubctl_t *ctl, const char *rest, char key[CREDHUBCTL_KEY_MAX])
{
    return (size_t) snprintf(
        key, CREDHUBCTL_KEY_MAX, "{%s}:%s", ctl->prefix, rest);
}


int
credhubctl_expect(
    credhubctl_t *ctl, const redisReply *reply, int type, const char *what)
{
    if (reply != NULL && reply->type == type) {
        return 1;
    }

    if (reply == NULL) {
        credhubctl_say(
            ctl, CREDHUBCTL_FAIL, "%s: %s", what, ctl->redis->errstr);
    } else {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "%s: %s", what,
            reply->type == REDIS_REPLY_ERROR ? reply->str
                                             : "an unexpected reply");
    }

    return 0;
}
