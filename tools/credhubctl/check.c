
/* credhubctl check: the server; then the rights and the store. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "credhubctl.h"


#define CREDHUBCTL_REDIS_MIN  7 /* oldest major version */
#define CREDHUBCTL_VALUE_SIZE 64


static void credhubctl_check_role(credhubctl_t *ctl);
static void credhubctl_check_info(credhubctl_t *ctl);
static void credhubctl_check_fsync(credhubctl_t *ctl);
static int  credhubctl_info(const redisReply *reply, const char *name,
     char value[CREDHUBCTL_VALUE_SIZE]);


/* What one line of INFO is to say, and what is told when it says something
 * else. */

static const struct {
    const char        *name;
    const char        *good;
    credhubctl_level_e otherwise;
    const char        *why;
} credhubctl_infos[] = {
    { "loading", "0", CREDHUBCTL_FAIL, "Redis still reads its data" },
    { "maxmemory_policy", "noeviction", CREDHUBCTL_FAIL,
        "Redis may throw credentials away" },
    { "aof_enabled", "1", CREDHUBCTL_WARN,
        "answered writes are lost with Redis: appendonly yes" },
    { "aof_last_write_status", "ok", CREDHUBCTL_FAIL,
        "Redis cannot write to its disk" },
};


void
credhubctl_check(credhubctl_t *ctl)
{
    if (credhub_keyring_count(ctl->keyring) == 0) {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "no key");
    }

    if (credhubctl_connect(ctl) != 0) {
        return;
    }

    credhubctl_check_role(ctl);
    credhubctl_check_info(ctl);
    credhubctl_check_fsync(ctl);
    credhubctl_check_rights(ctl);
    credhubctl_check_store(ctl);
}


static void
credhubctl_check_role(credhubctl_t *ctl)
{
    redisReply *reply;
    const char *role, *argv[] = { "ROLE" };

    reply = credhubctl_command(ctl, 1, argv, NULL);

    if (credhubctl_expect(ctl, reply, REDIS_REPLY_ARRAY, "role")) {
        role = reply->elements != 0 && reply->element[0]->str != NULL
                   ? reply->element[0]->str
                   : "";

        if (strcmp(role, "master") == 0) {
            credhubctl_say(ctl, CREDHUBCTL_OK, "role: master");

        } else if (strcmp(role, "slave") == 0) {
            credhubctl_say(ctl, ctl->edge ? CREDHUBCTL_OK : CREDHUBCTL_WARN,
                "role: replica, which cannot be written to");

        } else {
            credhubctl_say(
                ctl, CREDHUBCTL_FAIL, "role: neither a master nor a replica");
        }
    }

    freeReplyObject(reply);
}


static void
credhubctl_check_info(credhubctl_t *ctl)
{
    char        value[CREDHUBCTL_VALUE_SIZE];
    size_t      i;
    redisReply *reply;
    const char *argv[] = { "INFO" };

    reply = credhubctl_command(ctl, 1, argv, NULL);

    if (!credhubctl_expect(ctl, reply, REDIS_REPLY_STRING, "info")) {
        freeReplyObject(reply);
        return;
    }

    if (!credhubctl_info(reply, "redis_version", value)
        || atoi(value) < CREDHUBCTL_REDIS_MIN)
    {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "redis_version: %s, needed is %d",
            value, CREDHUBCTL_REDIS_MIN);
    } else {
        credhubctl_say(ctl, CREDHUBCTL_OK, "redis_version: %s", value);
    }

    for (i = 0; i < sizeof(credhubctl_infos) / sizeof(*credhubctl_infos); i++) {
        if (!credhubctl_info(reply, credhubctl_infos[i].name, value)) {
            credhubctl_say(ctl, CREDHUBCTL_WARN, "%s: Redis does not say",
                credhubctl_infos[i].name);

        } else if (strcmp(value, credhubctl_infos[i].good) == 0) {
            credhubctl_say(
                ctl, CREDHUBCTL_OK, "%s: %s", credhubctl_infos[i].name, value);

        } else {
            credhubctl_say(ctl, credhubctl_infos[i].otherwise, "%s: %s, %s",
                credhubctl_infos[i].name, value, credhubctl_infos[i].why);
        }
    }

    freeReplyObject(reply);
}


/* The value of a line of INFO; 0 when there is none, `value` is empty then. */

static int
credhubctl_info(const redisReply *reply, const char *name,
    char value[CREDHUBCTL_VALUE_SIZE])
{
    size_t      len;
    const char *line;

    value[0] = '\0';
    len = strlen(name);

    for (line = reply->str; line != NULL; line = strchr(line, '\n')) {
        line += (*line == '\n');

        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1;
            snprintf(value, CREDHUBCTL_VALUE_SIZE, "%.*s",
                (int) strcspn(line, "\r\n"), line);
            return 1;
        }
    }

    return 0;
}


/* A hub's user may not see it, which is right. */

static void
credhubctl_check_fsync(credhubctl_t *ctl)
{
    redisReply *reply;
    const char *value, *argv[] = { "CONFIG", "GET", "appendfsync" };

    reply = credhubctl_command(ctl, 3, argv, NULL);

    if (reply != NULL && reply->type == REDIS_REPLY_ERROR
        && strncmp(reply->str, "NOPERM", 6) == 0)
    {
        credhubctl_say(
            ctl, CREDHUBCTL_OK, "appendfsync: this user may not see it");

    } else if (credhubctl_expect(ctl, reply, REDIS_REPLY_ARRAY, "appendfsync"))
    {
        value = reply->elements == 2 ? reply->element[1]->str : "";

        credhubctl_say(ctl,
            strcmp(value, "always") == 0 ? CREDHUBCTL_OK : CREDHUBCTL_WARN,
            "appendfsync: %s", value);
    }

    freeReplyObject(reply);
}
