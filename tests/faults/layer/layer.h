/* The layer: what stands between the program and the system when the library
 * is preloaded. Every call that changes something outside the process has a
 * place ("wal.write", "part.create", "net.send", see places.c); the rules
 * (rules.c) say at which of them something happens. Nothing here allocates or
 * locks, so that it may stand under any thread at any moment. */

#ifndef PAPERFALL_LAYER_H
#define PAPERFALL_LAYER_H

#include <stdbool.h>
#include <stddef.h>

/* Longest name of a place, with its end. */
#define PLACE_MAX 32

/* What is done at a place. */
enum action {
    PASS,
    KILL_BEFORE,
    KILL_WITHIN, /* after half of a write, before anything else */
    KILL_AFTER,
    FREEZE, /* SIGSTOP before the call */
    FAIL,   /* with verdict.error */
};

struct verdict {
    enum action action;
    int error;
};

/* Names the place of a call by its path, or by what is behind its descriptor.
 * False: the call is none of ours. */
bool place_of_path(const char *path, const char *call, char place[PLACE_MAX]);
bool place_of_descriptor(int descriptor, const char *call, char place[PLACE_MAX]);

/* Counts a call and says what happens to it. Freezes and kills before the call
 * have happened when this returns. */
struct verdict judge(const char *place);

/* Ends the process as SIGKILL does, for that is what it is. */
void die(void) __attribute__((noreturn));

/* The next definition of a symbol: the system's own. */
void *real_symbol(const char *name);

#endif
