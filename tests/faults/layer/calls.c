/* The calls themselves: each finds its place, asks what is to happen, and is
 * otherwise the system's. */

#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* Looks the system's own call up once. */
#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) \
    real = (__typeof__(&name))real_symbol(#name)

/* Ends a call whose place is known: `whole` makes it, `half` makes a part of it. */
#define FINISH(type, place, whole, half) \
    do { \
        struct verdict verdict = judge(place); \
        if (verdict.action == FAIL) { \
            errno = verdict.error; \
            return -1; \
        } \
        if (verdict.action == KILL_WITHIN) { \
            half; \
            die(); \
        } \
        type result = whole; \
        if (verdict.action == KILL_AFTER) \
            die(); \
        return result; \
    } while (0)

/* A call on a path. */
#define ON_PATH(path, call, whole) \
    do { \
        char place[PLACE_MAX]; \
        if (!place_of_path(path, call, place)) \
            return whole; \
        FINISH(int, place, whole, (void)0); \
    } while (0)

/* A call on a descriptor. */
#define ON_DESCRIPTOR(type, descriptor, call, whole, half) \
    do { \
        char place[PLACE_MAX]; \
        if (!place_of_descriptor(descriptor, call, place)) \
            return whole; \
        FINISH(type, place, whole, half); \
    } while (0)

/* Opening changes something only where it makes or empties a file. */
static const char *opening(const char *path, int flags)
{
    if ((flags & O_CREAT) != 0 && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0)
        return "create";
    return (flags & O_TRUNC) != 0 ? "empty" : "open";
}

#define MODE(flags, last) \
    mode_t mode = 0; \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list rest; \
        va_start(rest, last); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

EXPORTED int open(const char *path, int flags, ...)
{
    REAL(open);
    MODE(flags, flags)
    ON_PATH(path, opening(path, flags), real(path, flags, mode));
}

EXPORTED int open64(const char *path, int flags, ...)
{
    REAL(open64);
    MODE(flags, flags)
    ON_PATH(path, opening(path, flags), real(path, flags, mode));
}

EXPORTED int openat(int folder, const char *path, int flags, ...)
{
    REAL(openat);
    MODE(flags, flags)
    ON_PATH(path, opening(path, flags), real(folder, path, flags, mode));
}

EXPORTED int openat64(int folder, const char *path, int flags, ...)
{
    REAL(openat64);
    MODE(flags, flags)
    ON_PATH(path, opening(path, flags), real(folder, path, flags, mode));
}

EXPORTED ssize_t write(int descriptor, const void *bytes, size_t count)
{
    REAL(write);
    ON_DESCRIPTOR(ssize_t, descriptor, "write", real(descriptor, bytes, count),
                  real(descriptor, bytes, count / 2));
}

EXPORTED ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at)
{
    REAL(pwrite);
    ON_DESCRIPTOR(ssize_t, descriptor, "write", real(descriptor, bytes, count, at),
                  real(descriptor, bytes, count / 2, at));
}

EXPORTED ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t at)
{
    REAL(pwrite64);
    ON_DESCRIPTOR(ssize_t, descriptor, "write", real(descriptor, bytes, count, at),
                  real(descriptor, bytes, count / 2, at));
}

EXPORTED ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
    REAL(writev);
    ON_DESCRIPTOR(ssize_t, descriptor, "write", real(descriptor, pieces, count),
                  real(descriptor, pieces, count / 2));
}

EXPORTED ssize_t send(int descriptor, const void *bytes, size_t count, int flags)
{
    REAL(send);
    ON_DESCRIPTOR(ssize_t, descriptor, "send", real(descriptor, bytes, count, flags),
                  real(descriptor, bytes, count / 2, flags));
}

EXPORTED int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    REAL(connect);
    char place[PLACE_MAX] = "net.connect";
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return real(descriptor, address, length);
    FINISH(int, place, real(descriptor, address, length), (void)0);
}

EXPORTED int fsync(int descriptor)
{
    REAL(fsync);
    ON_DESCRIPTOR(int, descriptor, "sync", real(descriptor), (void)0);
}

EXPORTED int fdatasync(int descriptor)
{
    REAL(fdatasync);
    ON_DESCRIPTOR(int, descriptor, "sync", real(descriptor), (void)0);
}

EXPORTED int ftruncate(int descriptor, off_t length)
{
    REAL(ftruncate);
    ON_DESCRIPTOR(int, descriptor, "truncate", real(descriptor, length), (void)0);
}

EXPORTED int ftruncate64(int descriptor, off64_t length)
{
    REAL(ftruncate64);
    ON_DESCRIPTOR(int, descriptor, "truncate", real(descriptor, length), (void)0);
}

EXPORTED int link(const char *old, const char *new)
{
    REAL(link);
    ON_PATH(new, "link", real(old, new));
}

EXPORTED int linkat(int from, const char *old, int to, const char *new, int flags)
{
    REAL(linkat);
    ON_PATH(new, "link", real(from, old, to, new, flags));
}

EXPORTED int symlink(const char *target, const char *link)
{
    REAL(symlink);
    ON_PATH(link, "symlink", real(target, link));
}

EXPORTED int rename(const char *old, const char *new)
{
    REAL(rename);
    ON_PATH(new, "rename", real(old, new));
}

EXPORTED int unlink(const char *path)
{
    REAL(unlink);
    ON_PATH(path, "unlink", real(path));
}

EXPORTED int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    ON_PATH(path, "mkdir", real(path, mode));
}

EXPORTED int rmdir(const char *path)
{
    REAL(rmdir);
    ON_PATH(path, "rmdir", real(path));
}
