
/* What the drivers of outbound connections share. */

#ifndef _CREDHUB_DRIVER_H_INCLUDED_
#define _CREDHUB_DRIVER_H_INCLUDED_


#include <arpa/inet.h>
#include <dirent.h>
#include <string.h>
#include <time.h>
#include "ngx_credhub_dial.h"


#define DRIVER_GRACE 60 /* seconds behind its end: it hangs */


static inline int64_t
driver_now(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* Open files, and one more. */

static inline int
driver_files(void)
{
    int  n;
    DIR *dir;

    dir = opendir("/proc/self/fd");
    n = 0;

    while (readdir(dir) != NULL) {
        n++;
    }

    (void) closedir(dir);

    return n;
}


/* -1: it is none, or there are too many. */

static inline int
driver_address(ngx_credhub_target_t *target, const char *text, int port)
{
    ngx_credhub_address_t *address;

    if (target->n == NGX_CREDHUB_ADDRESSES_MAX) {
        return -1;
    }

    address = &target->addresses[target->n++];
    address->any.sa_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

    if (address->any.sa_family == AF_INET6) {
        address->inet6.sin6_port = htons(port);
        return inet_pton(AF_INET6, text, &address->inet6.sin6_addr) == 1 ? 0
                                                                         : -1;
    }

    address->inet.sin_port = htons(port);
    return inet_pton(AF_INET, text, &address->inet.sin_addr) == 1 ? 0 : -1;
}


#endif /* _CREDHUB_DRIVER_H_INCLUDED_ */
