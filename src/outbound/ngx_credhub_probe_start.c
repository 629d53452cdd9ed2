
/*
 * The words before TLS. PostgreSQL's client speaks first and gets one letter;
 * a MySQL or MariaDB server greets, and the client answers the greeting with a
 * login that ends where the user's name would begin. No byte behind the answer
 * is read here: it would be lost for TLS.
 */

#include <string.h>
#include "ngx_credhub_probe_start.h"


#define NGX_CREDHUB_MYSQL_VERSION           10   /* of the greeting */
#define NGX_CREDHUB_MYSQL_ERROR             0xff /* instead of one */

#define NGX_CREDHUB_MYSQL_PROTOCOL_41       0x00000200
#define NGX_CREDHUB_MYSQL_SSL               0x00000800
#define NGX_CREDHUB_MYSQL_SECURE_CONNECTION 0x00008000

#define NGX_CREDHUB_MYSQL_PACKET_MAX        0x01000000 /* bytes, as said */
#define NGX_CREDHUB_MYSQL_CHARSET           45         /* utf8mb4 */

/* what stands between the version's text and the capabilities: the thread's
 * id, 8 bytes of the challenge, one of filling */
#define NGX_CREDHUB_MYSQL_SKIP 13


static int ngx_credhub_probe_postgres(ngx_credhub_probe_tls_t *probe, int fd);
static int ngx_credhub_probe_mysql(ngx_credhub_probe_tls_t *probe, int fd);
static int ngx_credhub_probe_mysql_capable(
    ngx_credhub_probe_tls_t *probe, const u_char *p, size_t len);
static u_char *ngx_credhub_put_little(u_char *p, uint32_t n);


int
ngx_credhub_probe_start(ngx_credhub_probe_tls_t *probe, int fd)
{
    switch (probe->start) {
    case NGX_CREDHUB_TLS_POSTGRES:
        return ngx_credhub_probe_postgres(probe, fd);

    case NGX_CREDHUB_TLS_MYSQL:
        return ngx_credhub_probe_mysql(probe, fd);

    default:
        return 0;
    }
}


static int
ngx_credhub_probe_postgres(ngx_credhub_probe_tls_t *probe, int fd)
{
    u_char answer;

    /* a length of 8, and 80877103 instead of a version */
    static const u_char request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

    if (ngx_credhub_dial_write(
            &probe->target, fd, request, sizeof(request), &probe->reason)
            == -1
        || ngx_credhub_dial_read(&probe->target, fd, &answer, 1, &probe->reason)
               == -1)
    {
        return -1;
    }

    switch (answer) {
    case 'S':
        return 0;

    case 'N':
        probe->no_tls = 1;
        probe->reason = "The server does not speak TLS";
        return -1;

    case 'E':
        probe->reason = "The server answered with an error of PostgreSQL";
        return -1;

    default:
        probe->reason = "The server does not answer as PostgreSQL does";
        return -1;
    }
}


static int
ngx_credhub_probe_mysql(ngx_credhub_probe_tls_t *probe, int fd)
{
    u_char *p, head[4], request[4 + 32] = { 32, 0, 0, 1 };
    u_char  packet[NGX_CREDHUB_BANNER_MAX];
    size_t  len;

    if (ngx_credhub_dial_read(
            &probe->target, fd, head, sizeof(head), &probe->reason)
        == -1)
    {
        return -1;
    }

    len = head[0] | (size_t) head[1] << 8 | (size_t) head[2] << 16;

    if (len == 0 || len > sizeof(packet) || head[3] != 0) {
        probe->reason = "The server does not answer as MySQL does";
        return -1;
    }

    if (ngx_credhub_dial_read(&probe->target, fd, packet, len, &probe->reason)
            == -1
        || ngx_credhub_probe_mysql_capable(probe, packet, len) == -1)
    {
        return -1;
    }

    p = ngx_credhub_put_little(
        request + 4, NGX_CREDHUB_MYSQL_PROTOCOL_41 | NGX_CREDHUB_MYSQL_SSL
                         | NGX_CREDHUB_MYSQL_SECURE_CONNECTION);
    p = ngx_credhub_put_little(p, NGX_CREDHUB_MYSQL_PACKET_MAX);
    *p = NGX_CREDHUB_MYSQL_CHARSET;

    return ngx_credhub_dial_write(
        &probe->target, fd, request, sizeof(request), &probe->reason);
}


/* Is the packet a greeting, and does it offer TLS? */

static int
ngx_credhub_probe_mysql_capable(
    ngx_credhub_probe_tls_t *probe, const u_char *p, size_t len)
{
    const u_char *last, *end;

    last = p + len;

    if (*p == NGX_CREDHUB_MYSQL_ERROR) {
        probe->reason = "The server refuses connections from here: it answered "
                        "with an error of MySQL";
        return -1;
    }

    end = memchr(p, '\0', len);

    if (*p != NGX_CREDHUB_MYSQL_VERSION || end == NULL
        || last - end < 1 + NGX_CREDHUB_MYSQL_SKIP + 2)
    {
        probe->reason = "The server does not answer as MySQL does";
        return -1;
    }

    p = end + 1 + NGX_CREDHUB_MYSQL_SKIP;

    if (((p[0] | (unsigned) p[1] << 8) & NGX_CREDHUB_MYSQL_SSL) == 0) {
        probe->no_tls = 1;
        probe->reason = "The server does not speak TLS";
        return -1;
    }

    return 0;
}


/* 32 bits, the lowest first */

static u_char *
ngx_credhub_put_little(u_char *p, uint32_t n)
{
    *p++ = (u_char) n;
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) (n >> 16);
    *p++ = (u_char) (n >> 24);

    return p;
}
