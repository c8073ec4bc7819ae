/* The wall clock, turned by as many seconds as the file PAPERFALL_FAULTS_CLOCK
 * says at the moment. Only the wall clock: the others never jump. */

#define _GNU_SOURCE
#include "layer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static long turned_by(void)
{
    static const char *file;
    static bool is_read;
    if (!is_read) {
        file = getenv("PAPERFALL_FAULTS_CLOCK");
        is_read = true;
    }
    if (file == NULL)
        return 0;
    long descriptor = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    char text[32] = {0};
    syscall(SYS_read, descriptor, text, sizeof text - 1);
    syscall(SYS_close, descriptor);
    return strtol(text, NULL, 10);
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        real = real_symbol("clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += turned_by();
    return result;
}

EXPORTED int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    static int (*real)(struct timeval *restrict, void *restrict);
    if (real == NULL)
        real = real_symbol("gettimeofday");
    int result = real(now, zone);
    if (result == 0)
        now->tv_sec += turned_by();
    return result;
}

EXPORTED time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
