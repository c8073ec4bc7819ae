/* Where a call goes, in the words of the output folder's layout. */

#define _GNU_SOURCE
#include "layer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* A database and what SQLite and the ledger keep beside it, wherever it is. */
static const char *database(const char *path)
{
    const char *end = strstr(path, ".sqlite3");
    if (end == NULL)
        return NULL;
    end += strlen(".sqlite3");
    if (starts_with(end, "-wal"))
        return "wal";
    if (starts_with(end, "-shm"))
        return "shm";
    if (starts_with(end, "-locks"))
        return "locks";
    if (starts_with(end, ".pace"))
        return "pace";
    return "db";
}

static const char *in_output_folder(const char *path)
{
    const char *root = getenv("PAPERFALL_FAULTS_ROOT");
    if (root == NULL || !starts_with(path, root))
        return NULL;
    const char *rest = path + strlen(root);
    if (*rest == '\0')
        return "out";
    if (*rest != '/')
        return NULL;
    rest++;
    if (starts_with(rest, ".parts/")) {
        if (ends_with(rest, ".part"))
            return "part";
        if (ends_with(rest, ".marks"))
            return "marks";
        if (ends_with(rest, ".unwrapped"))
            return "unwrapped";
        if (ends_with(rest, ".link"))
            return "newlink";
        return "parts";
    }
    if (starts_with(rest, ".parts"))
        return "parts";
    if (starts_with(rest, "objects"))
        return ends_with(rest, ".pdf") ? "object" : "objects";
    if (starts_with(rest, "papers/"))
        return "paper";
    if (starts_with(rest, "papers"))
        return "papers";
    if (ends_with(rest, "results.jsonl"))
        return "results";
    if (starts_with(rest, "results.jsonl"))
        return "newresults";
    return "other";
}

bool place_of_path(const char *path, const char *call, char place[PLACE_MAX])
{
    if (path == NULL)
        return false;
    const char *what = database(path);
    if (what == NULL)
        what = in_output_folder(path);
    if (what == NULL)
        return false;
    snprintf(place, PLACE_MAX, "%s.%s", what, call);
    return true;
}

bool place_of_descriptor(int descriptor, const char *call, char place[PLACE_MAX])
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    if (path[0] == '/')
        return place_of_path(path, call, place);
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (!starts_with(path, "socket:") || getsockname(descriptor, (struct sockaddr *)&address, &size) != 0)
        return false;
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
        return false;
    snprintf(place, PLACE_MAX, "net.%s", strcmp(call, "write") == 0 ? "send" : call);
    return true;
}
