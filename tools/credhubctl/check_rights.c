
/*
 * What the user may do, asked without doing it: redis.acl_check_cmd() inside a
 * script judges the caller's own commands, so no rights of an administrator are
 * needed.
 */

#include <stdio.h>
#include <string.h>
#include "credhubctl.h"


/* KEYS[1] stands in the place of "K". */

#define CREDHUBCTL_PROBE                                                       \
    "local answers = {}\n"                                                     \
    "for i, line in ipairs(ARGV) do\n"                                         \
    "    local words = {}\n"                                                   \
    "    for word in string.gmatch(line, '%S+') do\n"                          \
    "        words[#words + 1] = word == 'K' and KEYS[1] or word\n"            \
    "    end\n"                                                                \
    "    local known, allowed = pcall(redis.acl_check_cmd, unpack(words))\n"   \
    "    answers[i] = known and allowed and 1 or 0\n"                          \
    "end\n"                                                                    \
    "return answers\n"

#define CREDHUBCTL_COMMANDS_MAX 64
#define CREDHUBCTL_LIST_SIZE    1024


typedef struct {
    const char *probe;
    unsigned    edge:1; /* an edge needs it too */
} credhubctl_right_t;


/* clang-format off */

static const credhubctl_right_t credhubctl_needed[] = {
    { "role", 1 },
    { "info", 1 },
    { "client setname x", 1 },
    { "eval x 1 K", 0 },
    { "eval_ro x 1 K", 1 },
    { "evalsha x 1 K", 0 },
    { "evalsha_ro x 1 K", 1 },
    { "exists K", 0 },
    { "expire K 1", 0 },
    { "expireat K 1", 0 },
    { "hmget K x", 1 },
    { "time", 0 },
    { "get K", 0 },
    { "set K x", 0 },
    { "del K", 0 },
    { "incr K", 0 },
    { "hdel K x", 0 },
    { "hget K x", 1 },
    { "hgetall K", 0 },
    { "hset K x x", 0 },
    { "hincrby K x 1", 0 },
    { "hrandfield K", 0 },
    { "unlink K", 0 },
    { "llen K", 0 },
    { "lrange K 0 1", 0 },
    { "ltrim K 0 1", 0 },
    { "rpush K x", 0 },
    { "sadd K x", 0 },
    { "srem K x", 0 },
    { "scard K", 0 },
    { "sismember K x", 0 },
    { "smembers K", 0 },
    { "srandmember K", 0 },
    { "zadd K 0 x", 0 },
    { "zrem K x", 0 },
    { "zcard K", 0 },
    { "zrange K 0 1", 0 },
    { "zrangebylex K - +", 0 },
    { "zrangebyscore K 0 1", 1 },
    { "zrevrangebyscore K 1 0", 0 },
    { "zscore K x", 0 },
    { "xadd K * x x", 0 },
    { "xlen K", 0 },
    { "xrange K - +", 1 },
    { "xread streams K 0", 1 },
    { "xrevrange K + -", 1 },
};

static const credhubctl_right_t credhubctl_dangerous[] = {
    { "flushall", 1 },
    { "flushdb", 1 },
    { "keys *", 1 },
    { "config set x x", 1 },
    { "acl setuser x", 1 },
    { "shutdown", 1 },
    { "replicaof no one", 1 },
    { "swapdb 0 1", 1 },
    { "debug object x", 1 },
    { "module load x", 1 },
};

/* clang-format on */


static int credhubctl_probe(credhubctl_t *ctl, const credhubctl_right_t *rights,
    size_t n, int allowed, char list[CREDHUBCTL_LIST_SIZE]);
static int credhubctl_ask(
    credhubctl_t *ctl, size_t n, const char **argv, redisReply **reply);
static int credhubctl_listed(
    char list[CREDHUBCTL_LIST_SIZE], int len, const char *probe);


#define credhubctl_n(table) (sizeof(table) / sizeof(*(table)))


void
credhubctl_check_rights(credhubctl_t *ctl)
{
    int  n;
    char list[CREDHUBCTL_LIST_SIZE];

    n = credhubctl_probe(
        ctl, credhubctl_needed, credhubctl_n(credhubctl_needed), 0, list);

    if (n == -1) {
        return;
    }

    if (n == 0) {
        credhubctl_say(ctl, CREDHUBCTL_OK, "rights: all that a%s needs",
            ctl->edge ? "n edge" : " hub");
    } else {
        credhubctl_say(ctl, CREDHUBCTL_FAIL, "rights: missing%s", list);
    }

    n = credhubctl_probe(
        ctl, credhubctl_dangerous, credhubctl_n(credhubctl_dangerous), 1, list);

    if (n > 0) {
        credhubctl_say(
            ctl, CREDHUBCTL_WARN, "rights: more than needed%s", list);
    } else if (n == 0) {
        credhubctl_say(ctl, CREDHUBCTL_OK, "rights: none that endanger others");
    }

    if (credhubctl_open_to_all(ctl)) {
        credhubctl_say(ctl, CREDHUBCTL_WARN,
            "rights: Redis answers without a password, too");
    }
}


/* How many of these the user may do (allowed 1) or may not (0), with their
 * names; -1 after a message. */

static int
credhubctl_probe(credhubctl_t *ctl, const credhubctl_right_t *rights, size_t n,
    int allowed, char list[CREDHUBCTL_LIST_SIZE])
{
    int         found, len;
    size_t      i, asked;
    redisReply *reply;
    const char *argv[CREDHUBCTL_COMMANDS_MAX] = { NULL };

    for (i = 0, asked = 0; i < n; i++) {
        if (rights[i].edge || !ctl->edge) {
            argv[asked++] = rights[i].probe;
        }
    }

    if (credhubctl_ask(ctl, asked, argv, &reply) != 0) {
        freeReplyObject(reply);
        return -1;
    }

    list[0] = '\0';

    for (i = 0, found = 0, len = 0; i < asked; i++) {
        if ((reply->element[i]->integer == 1) == allowed) {
            len = credhubctl_listed(list, len, argv[i]);
            found++;
        }
    }

    freeReplyObject(reply);

    return found;
}


static int
credhubctl_ask(
    credhubctl_t *ctl, size_t n, const char **probes, redisReply **reply)
{
    char        key[CREDHUBCTL_KEY_MAX];
    const char *argv[4 + CREDHUBCTL_COMMANDS_MAX];

    (void) credhubctl_key(ctl, "schema", key);

    argv[0] = "EVAL_RO";
    argv[1] = CREDHUBCTL_PROBE;
    argv[2] = "1";
    argv[3] = key;
    memcpy(argv + 4, probes, n * sizeof(*probes));

    *reply = credhubctl_command(ctl, (int) n + 4, argv, NULL);

    if (!credhubctl_expect(ctl, *reply, REDIS_REPLY_ARRAY, "rights")) {
        return -1;
    }

    return (*reply)->elements == n ? 0 : -1;
}


/* Adds the name of a command, with that of its subcommand as ACL rules have
 * them. Returns where the list ends. */

static int
credhubctl_listed(char list[CREDHUBCTL_LIST_SIZE], int len, const char *probe)
{
    int         n, container;
    const char *second;

    n = (int) strcspn(probe, " ");
    second = probe + n + (probe[n] == ' ');
    container = strncmp(probe, "client ", 7) == 0
                || strncmp(probe, "config ", 7) == 0
                || strncmp(probe, "acl ", 4) == 0;

    return len
           + snprintf(list + len, CREDHUBCTL_LIST_SIZE - len, " %.*s%s%.*s", n,
               probe, container ? "|" : "",
               container ? (int) strcspn(second, " ") : 0, second);
}
