
/*
 * The key exchange of SSH, by libssh, on a socket that is connected already:
 * libssh neither resolves nor connects, and every file and command it could
 * take from a configuration is set to nothing. Between its steps, of which each
 * reads a few KiB at most, the clock is looked at and what came is counted.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <openssl/err.h>
#include "credhub_text.h"
#include "ngx_credhub_probe.h"


#define NGX_CREDHUB_SSH_BYTES_MAX (256 * 1024) /* bytes of a key exchange */
#define NGX_CREDHUB_SSH_LIST_MAX  256          /* characters of algorithms */


static int ngx_credhub_ssh_exchange(
    ngx_credhub_probe_ssh_t *probe, int fd, ssh_session session);
static int ngx_credhub_ssh_prepare(
    const ngx_credhub_probe_ssh_t *probe, int fd, ssh_session session);
static void ngx_credhub_ssh_algorithms(
    const ngx_credhub_probe_ssh_t *probe, char list[NGX_CREDHUB_SSH_LIST_MAX]);
static int ngx_credhub_ssh_approved(
    const ngx_credhub_probe_ssh_t *probe, const char *type);
static int      ngx_credhub_ssh_result(credhub_arena_t *arena,
         ngx_credhub_probe_ssh_t *probe, ssh_session session);
static unsigned ngx_credhub_ssh_port(const ngx_credhub_target_t *target);


/* Types of keys, the preferred one first, and what a client offers to get one.
 */

typedef struct {
    const char *type;
    const char *algorithms;
} ngx_credhub_ssh_type_t;

static const ngx_credhub_ssh_type_t ngx_credhub_ssh_types[] = {
    { "ssh-ed25519", "ssh-ed25519" },
    { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" },
    { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
    { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
    { "ssh-rsa", "rsa-sha2-512,rsa-sha2-256" },
};

#define NGX_CREDHUB_SSH_TYPES                                                  \
    (sizeof(ngx_credhub_ssh_types) / sizeof(ngx_credhub_ssh_types[0]))


void
ngx_credhub_probe_ssh(credhub_arena_t *arena, ngx_credhub_probe_ssh_t *probe)
{
    int         fd;
    ssh_session session;

    fd = ngx_credhub_dial(&probe->target, &probe->reason);

    if (fd == -1) {
        probe->result = NGX_CREDHUB_PROBE_UNREACHED;
        return;
    }

    probe->result = NGX_CREDHUB_PROBE_FAILED;
    session = ssh_new();

    if (session == NULL) {
        probe->reason = "SSH could not be prepared";

    } else {
        if (ngx_credhub_ssh_exchange(probe, fd, session) == 0
            && ngx_credhub_ssh_result(arena, probe, session) == 0)
        {
            probe->result = NGX_CREDHUB_PROBE_OK;
            probe->reason = NULL;
        }

        ssh_free(session);
        ERR_clear_error();
    }

    (void) close(fd);
}


static int
ngx_credhub_ssh_exchange(
    ngx_credhub_probe_ssh_t *probe, int fd, ssh_session session)
{
    int                       rc;
    short                     events;
    const char               *banner;
    struct ssh_counter_struct socket_bytes, raw_bytes;

    memset(&socket_bytes, 0, sizeof(socket_bytes));
    memset(&raw_bytes, 0, sizeof(raw_bytes));

    if (ngx_credhub_ssh_prepare(probe, fd, session) == -1) {
        probe->reason = "SSH could not be prepared";
        return -1;
    }

    ssh_set_counters(session, &socket_bytes, &raw_bytes);

    for (;;) {
        rc = ssh_connect(session);
        banner = ssh_get_serverbanner(session);

        if (rc == SSH_OK) {
            return 0;
        }

        if (rc != SSH_AGAIN) {
            probe->reason = banner == NULL
                                ? "The server does not answer as SSH does"
                                : "The SSH key exchange failed";
            return -1;
        }

        if (banner == NULL && socket_bytes.in_bytes >= NGX_CREDHUB_BANNER_MAX) {
            probe->reason = "The server's banner is too long";
            return -1;
        }

        if (socket_bytes.in_bytes > NGX_CREDHUB_SSH_BYTES_MAX) {
            probe->reason = "The server sent too many bytes";
            return -1;
        }

        /* libssh makes it blocking when it finds it connected, and a server
         * that does not read could keep it */

        (void) fcntl(fd, F_SETFL, O_NONBLOCK);

        events = POLLIN;

        if (ssh_get_poll_flags(session) & SSH_WRITE_PENDING) {
            events |= POLLOUT;
        }

        if (!ngx_credhub_dial_wait(&probe->target, fd, events)) {
            probe->reason = NGX_CREDHUB_DIAL_LATE;
            return -1;
        }
    }
}


/*
 * libssh closes what it gets, so it gets a duplicate. A user and a directory
 * are set since it would ask the system for them otherwise; neither is used.
 */

static int
ngx_credhub_ssh_prepare(
    const ngx_credhub_probe_ssh_t *probe, int fd, ssh_session session)
{
    int      dup_fd, level;
    char     list[NGX_CREDHUB_SSH_LIST_MAX];
    bool     no;
    unsigned i, failed;

    static const struct {
        enum ssh_options_e option;
        const char        *value;
    } options[] = {
        { SSH_OPTIONS_HOST, "server" },
        { SSH_OPTIONS_USER, "nobody" },
        { SSH_OPTIONS_SSH_DIR, "/dev/null" },
        { SSH_OPTIONS_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_PROXYCOMMAND, "none" },
    };

    no = false;
    level = SSH_LOG_NOLOG;

    ngx_credhub_ssh_algorithms(probe, list);

    failed = ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) < 0
             || ssh_options_set(session, SSH_OPTIONS_LOG_VERBOSITY, &level) < 0
             || ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, list) < 0;

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        failed |=
            ssh_options_set(session, options[i].option, options[i].value) < 0;
    }

    if (failed) {
        return -1;
    }

    ssh_set_blocking(session, 0);

    dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (dup_fd == -1) {
        return -1;
    }

    if (ssh_options_set(session, SSH_OPTIONS_FD, &dup_fd) < 0) {
        (void) close(dup_fd);
        return -1;
    }

    return 0;
}


/* The algorithms of the approved keys, and behind them the others: the first
 * one that the server has, too, is used (RFC 4253, section 7.1). */

static void
ngx_credhub_ssh_algorithms(
    const ngx_credhub_probe_ssh_t *probe, char list[NGX_CREDHUB_SSH_LIST_MAX])
{
    char                         *p;
    int                           approved;
    const ngx_credhub_ssh_type_t *type, *last;

    p = list;
    last = ngx_credhub_ssh_types + NGX_CREDHUB_SSH_TYPES;

    for (approved = 1; approved >= 0; approved--) {
        for (type = ngx_credhub_ssh_types; type < last; type++) {
            if (ngx_credhub_ssh_approved(probe, type->type) != approved) {
                continue;
            }

            if (p > list) {
                *p++ = ',';
            }

            p = stpcpy(p, type->algorithms);
        }
    }
}


static int
ngx_credhub_ssh_approved(const ngx_credhub_probe_ssh_t *probe, const char *type)
{
    size_t        len;
    unsigned      i;
    credhub_str_t key;

    len = strlen(type);

    for (i = 0; i < probe->napproved; i++) {
        key = probe->approved[i];

        if (key.len > len && memcmp(key.data, type, len) == 0
            && key.data[len] == ' ') {
            return 1;
        }
    }

    return 0;
}


static int
ngx_credhub_ssh_result(
    credhub_arena_t *arena, ngx_credhub_probe_ssh_t *probe, ssh_session session)
{
    char         *text;
    u_char       *hash;
    size_t        len;
    ssh_key       key;
    const char   *type;
    credhub_str_t sum;
    credhub_buf_t buf;

    key = NULL;
    hash = NULL;
    text = NULL;

    probe->reason = "The server's key could not be read";

    if (ssh_get_server_publickey(session, &key) != SSH_OK
        || ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len)
               != 0
        || ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
    {
        goto done;
    }

    type = ssh_key_type_to_char(ssh_key_type(key));

    if (type == NULL) {
        goto done;
    }

    credhub_buf_init(&buf, arena, strlen(text) + 64 + probe->target.name.len);
    credhub_buf_printf(&buf, "%s %s ", type, text);
    credhub_buf_add_str(&buf, probe->target.name);
    credhub_buf_printf(&buf, ":%u", ngx_credhub_ssh_port(&probe->target));

    sum.data = hash;
    sum.len = len;

    probe->type = credhub_arena_copy(arena, type, strlen(type));
    probe->hash = credhub_base64(arena, sum, 1);
    probe->public_key = credhub_buf_str(&buf);

    if (!buf.failed && probe->type.data != NULL && probe->hash.data != NULL) {
        probe->reason = NULL;
    }

done:

    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);

    return probe->reason == NULL ? 0 : -1;
}


static unsigned
ngx_credhub_ssh_port(const ngx_credhub_target_t *target)
{
    const ngx_credhub_address_t *address;

    address = &target->addresses[0];

    return ntohs(address->any.sa_family == AF_INET6 ? address->inet6.sin6_port
                                                    : address->inet.sin_port);
}
