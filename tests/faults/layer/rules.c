/* What happens at which call.
 *
 * PAPERFALL_FAULTS   rules, comma-separated: PLACE:N:ACTION. PLACE is a name or
 *                    a pattern ("wal.*"); N counts the calls that it matches,
 *                    from 1; ACTION is before, within, after (SIGKILL), freeze
 *                    (SIGSTOP), eio, enospc (once), eio+, enospc+ (from there on)
 * PAPERFALL_FAULTS_WHILE  a file: without it, nothing happens at all
 * PAPERFALL_FAULTS_LOG    a file that gets a line, the place, for every call
 */

#define _GNU_SOURCE
#include "layer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULES_MAX 8
/* Out of the way of the program's own descriptors. */
#define LOG_DESCRIPTOR 400

struct rule {
    char pattern[PLACE_MAX];
    long at;
    bool lasting;
    struct verdict verdict;
    atomic_long seen;
};

static struct rule rules[RULES_MAX];
static int rule_count;
static int log_descriptor = -1;
static const char *while_file;

void *real_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL) {
        static const char message[] = "paperfall-faults: the system lacks a call\n";
        syscall(SYS_write, 2, message, sizeof message - 1);
        _exit(86);
    }
    return symbol;
}

void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool read_action(const char *word, struct rule *rule)
{
    static const struct {
        const char *word;
        enum action action;
        int error;
    } actions[] = {
        {"before", KILL_BEFORE, 0}, {"within", KILL_WITHIN, 0}, {"after", KILL_AFTER, 0},
        {"freeze", FREEZE, 0},      {"eio", FAIL, EIO},         {"enospc", FAIL, ENOSPC},
    };
    size_t length = strcspn(word, "+");
    rule->lasting = word[length] == '+';
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strlen(actions[i].word) == length && strncmp(word, actions[i].word, length) == 0) {
            rule->verdict = (struct verdict){actions[i].action, actions[i].error};
            return true;
        }
    }
    return false;
}

static bool read_rule(char *text)
{
    struct rule *rule = &rules[rule_count];
    char *at = strchr(text, ':');
    char *action = at == NULL ? NULL : strchr(at + 1, ':');
    if (action == NULL || rule_count == RULES_MAX || at - text >= PLACE_MAX)
        return false;
    *at++ = '\0';
    *action++ = '\0';
    strcpy(rule->pattern, text);
    rule->at = strtol(at, NULL, 10);
    rule_count++;
    return rule->at > 0 && read_action(action, rule);
}

static void __attribute__((constructor)) read_environment(void)
{
    while_file = getenv("PAPERFALL_FAULTS_WHILE");
    const char *log = getenv("PAPERFALL_FAULTS_LOG");
    if (log != NULL) {
        long descriptor = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        log_descriptor = (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, LOG_DESCRIPTOR);
        syscall(SYS_close, descriptor);
    }
    const char *given = getenv("PAPERFALL_FAULTS");
    if (given == NULL)
        return;
    static char copy[1024];
    strncpy(copy, given, sizeof copy - 1);
    char *rest = NULL;
    for (char *one = strtok_r(copy, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        if (!read_rule(one)) {
            fprintf(stderr, "paperfall-faults: no rule: %s\n", given);
            _exit(86);
        }
    }
}

static void note(const char *place, const char *what)
{
    if (log_descriptor < 0)
        return;
    char line[PLACE_MAX + 16];
    int length = snprintf(line, sizeof line, "%s%s\n", place, what);
    syscall(SYS_write, log_descriptor, line, (size_t)length);
}

static bool is_hit(struct rule *rule, const char *place)
{
    if (fnmatch(rule->pattern, place, 0) != 0)
        return false;
    if (while_file != NULL && syscall(SYS_faccessat, AT_FDCWD, while_file, F_OK) != 0)
        return false;
    long number = atomic_fetch_add(&rule->seen, 1) + 1;
    return number == rule->at || (rule->lasting && number > rule->at);
}

struct verdict judge(const char *place)
{
    int saved = errno;
    struct verdict verdict = {PASS, 0};
    for (int i = 0; i < rule_count && verdict.action == PASS; i++) {
        if (is_hit(&rules[i], place))
            verdict = rules[i].verdict;
    }
    note(place, verdict.action == PASS ? "" : " HIT");
    if (verdict.action == KILL_BEFORE)
        die();
    if (verdict.action == FREEZE)
        syscall(SYS_kill, getpid(), SIGSTOP);
    errno = saved;
    return verdict;
}
