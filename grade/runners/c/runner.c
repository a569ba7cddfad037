/*
 * assay-grade-runner: what runs inside the sandbox. Takes on a user id and limits, and then becomes the submission's
 * command, or loads its shared object and answers requests with its functions.
 *
 * It is not linked to libassay, so that a shared object cannot call what it is to be compared with.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runner.h"
#include "stage.h"

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "assay-grade-runner: %s: %s\n", what, why);
    exit(2);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void limit(unsigned resource, const char *value)
{
    rlim_t amount = (rlim_t)strtoull(value, NULL, 10);
    if (setrlimit(resource, &(struct rlimit){amount, amount}) != 0) {
        fail("setrlimit", strerror(errno));
    }
}

static void become_user(const char *value)
{
    uid_t user = (uid_t)strtoul(value, NULL, 10);
    if (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0) {
        fail("cannot become the submission's user", strerror(errno));
    }
    /* A change of user hides the process from its own /proc, which interpreters look at. */
    prctl(PR_SET_DUMPABLE, 1);
}

static bool apply_option(const char *option, const char *value)
{
    /* clang-format off */
    static const struct {
        const char *name;
        unsigned resource;
    /* clang-format off */
    } limits[] = {
        {"--cpu-seconds", RLIMIT_CPU},
        {"--data-bytes", RLIMIT_DATA},
        {"--file-bytes", RLIMIT_FSIZE},
        {"--processes", RLIMIT_NPROC},
        {"--descriptors", RLIMIT_NOFILE},
    };
    /* clang-format on */
    /* clang-format on */
    if (strcmp(option, "--user") == 0) {
        become_user(value);
        return true;
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (strcmp(option, limits[i].name) == 0) {
            limit(limits[i].resource, value);
            return true;
        }
    }
    return false;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* The submission's own prints must not mix with replies: standard output becomes standard error, for it. */
static FILE *take_output(void)
{
    int replies = fcntl(1, F_DUPFD_CLOEXEC, 64);
    FILE *stream = replies < 0 ? NULL : fdopen(replies, "w");
    if (stream == NULL || dup2(2, 1) < 0) {
        fail("standard output", strerror(errno));
    }
    return stream;
}

static FILE *take_input(void)
{
    int requests = fcntl(0, F_DUPFD_CLOEXEC, 65);
    FILE *stream = requests < 0 ? NULL : fdopen(requests, "r");
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (stream == NULL || nothing < 0 || dup2(nothing, 0) < 0) {
        fail("standard input", strerror(errno));
    }
    return stream;
}

static json_t *answer(void *object, const json_t *request)
{
    const char *call = json_string_value(json_object_get(request, "call"));
    if (call == NULL) {
        return json_pack("{s:s}", "error", "a request without \"call\"");
    }
    json_t *reply = strcmp(call, "hello") == 0 ? runner_hello(object)
                                               : runner_call(object, call, json_object_get(request, "inputs"));
    json_object_set(reply, "id", json_object_get(request, "id"));
    return reply;
}

static void serve(const char *path)
{
    FILE *requests = take_input();
    FILE *replies = take_output();
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        fail("the shared object cannot be loaded", dlerror());
    }
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, requests) > 0) {
        json_error_t where;
        json_t *request = json_loads(line, 0, &where);
        json_t *reply = answer(object, request);
        char *text = json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(17));
        fprintf(replies, "%s\n", text);
        fflush(replies);
        free(text);
        json_decref(reply);
        json_decref(request);
    }
    free(line);
}

int main(int argc, char **argv)
{
    int i = 1;
    if (argc > 1 && strcmp(argv[1], "--stage") == 0) {
        stage_run(argc - 1, argv + 1);
    }
    /* Memory of the kernel's that no process is charged for. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){1024, 1024});
    while (i + 1 < argc && apply_option(argv[i], argv[i + 1])) {
        i += 2;
    }
    if (i + 1 < argc && strcmp(argv[i], "--") == 0) {
        execvp(argv[i + 1], argv + i + 1);
        fail(argv[i + 1], strerror(errno));
    }
    if (i + 2 == argc && strcmp(argv[i], "--load") == 0) {
        serve(argv[i + 1]);
        return 0;
    }
    fail("usage", "it is started by `assay grade`");
}
