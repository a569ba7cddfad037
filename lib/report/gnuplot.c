/* For posix_spawn_file_actions_addchdir_np. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assay/report/gnuplot.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>

extern char **environ;

/* A figure takes a few hundred kB; more output than this means an error in the script. */
static const size_t output_limit = (size_t)64 << 20;
static const long long patience_ms = 120000;

typedef struct {
    char *bytes;
    size_t size;
    size_t capacity;
} capture;

static assay_status capture_append(capture *into, const char *bytes, size_t size, assay_error *error)
{
    if (into->size + size > output_limit) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: wrote more than %zu bytes for one figure", output_limit);
    }
    if (into->size + size + 1 > into->capacity) {
        size_t capacity = 2 * into->capacity + size + 1;
        char *grown = assay_calloc(capacity, 1, error);
        if (grown == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        if (into->size != 0) {
            memcpy(grown, into->bytes, into->size);
        }
        assay_free(into->bytes);
        into->bytes = grown;
        into->capacity = capacity;
    }
    memcpy(into->bytes + into->size, bytes, size);
    into->size += size;
    into->bytes[into->size] = '\0';
    return ASSAY_OK;
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Reads both pipes until both are closed. Reading one after the other would block when gnuplot fills the other one. */
static assay_status read_both(int pipes[2], capture captured[2], assay_error *error)
{
    struct pollfd watched[2] = {{.fd = pipes[0], .events = POLLIN}, {.fd = pipes[1], .events = POLLIN}};
    long long deadline = now_ms() + patience_ms;
    while (watched[0].fd >= 0 || watched[1].fd >= 0) {
        long long left = deadline - now_ms();
        int ready = left <= 0 ? 0 : poll(watched, 2, (int)left);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready < 0) {
            return assay_fail(error, ASSAY_ERROR_IO, "gnuplot: cannot wait for its output: %s", strerror(errno));
        }
        if (ready == 0) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: stopped after %lld seconds without a result",
                              patience_ms / 1000);
        }
        for (int i = 0; i < 2; i++) {
            char chunk[65536];
            if (watched[i].fd < 0 || watched[i].revents == 0) {
                continue;
            }
            ssize_t got = read(watched[i].fd, chunk, sizeof chunk);
            if (got > 0) {
                ASSAY_TRY(capture_append(&captured[i], chunk, (size_t)got, error));
            } else if (got == 0) {
                watched[i].fd = -1;
            } else if (errno != EINTR) {
                return assay_fail(error, ASSAY_ERROR_IO, "gnuplot: cannot read its output: %s", strerror(errno));
            }
        }
    }
    return ASSAY_OK;
}

/* gnuplot's error message has several lines; the last one with words is the reason: "line 3: undefined variable: x". */
static const char *last_line(char *text)
{
    const char *found = "it said nothing";
    for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (strpbrk(line, "abcdefghijklmnopqrstuvwxyz") != NULL) {
            found = line;
        }
    }
    return found;
}

static assay_status fail_missing(const char *program, const char *reason, assay_error *error)
{
    return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                      "%s: cannot be run: %s; figures need gnuplot 5 (on Debian: apt-get install gnuplot-nox), or set "
                      "ASSAY_GNUPLOT to the program",
                      program, reason);
}

static assay_status judge(int status, const char *program, const char *script, capture captured[2], assay_error *error)
{
    char silence[] = "";
    char *complaint = captured[1].bytes == NULL ? silence : captured[1].bytes;
    /* The exit status by which posix_spawn's child may report that the program does not exist. */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return fail_missing(program, "not found", error);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == ASSAY_GNUPLOT_NO_TERMINAL) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED, "gnuplot: %s", last_line(complaint));
    }
    if (WIFSIGNALED(status)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: %s: killed by signal %d: %s", script, WTERMSIG(status),
                          last_line(complaint));
    }
    if (WEXITSTATUS(status) != 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: %s: exit status %d: %s", script, WEXITSTATUS(status),
                          last_line(complaint));
    }
    if (captured[0].size == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: %s: drew nothing: %s", script, last_line(complaint));
    }
    return ASSAY_OK;
}

/* The program's path, valid in any current folder. The caller frees it. */
static char *program_path(assay_error *error)
{
    const char *named = getenv("ASSAY_GNUPLOT");
    if (named == NULL || named[0] == '\0') {
        return assay_strdup("gnuplot", error);
    }
    char *absolute = strchr(named, '/') == NULL ? NULL : realpath(named, NULL);
    char *program = assay_strdup(absolute == NULL ? named : absolute, error);
    free(absolute);
    return program;
}

static assay_status spawn(const char *program, const char *folder, char *const arguments[], const int output[2],
                          const int complaints[2], pid_t *child, assay_error *error)
{
    posix_spawn_file_actions_t actions;
    int reason = posix_spawn_file_actions_init(&actions);
    if (reason == 0) {
        reason = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        reason = reason != 0 ? reason : posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
        reason = reason != 0 ? reason : posix_spawn_file_actions_adddup2(&actions, complaints[1], STDERR_FILENO);
        reason = reason != 0 ? reason : posix_spawn_file_actions_addchdir_np(&actions, folder);
        reason = reason != 0 ? reason : posix_spawnp(child, program, &actions, NULL, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    return reason == 0 ? ASSAY_OK : fail_missing(program, strerror(reason), error);
}

static void close_pipe(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
            ends[i] = -1;
        }
    }
}

/* Spawns, reads and waits. The caller closes the two pipes. */
static assay_status converse(const char *folder, const char *program, const char *prelude, const char *script,
                             int pipes[2][2], capture captured[2], assay_error *error)
{
    char *const arguments[] = {(char *)"gnuplot", (char *)"-d", (char *)"-e", (char *)prelude, (char *)script, NULL};
    pid_t child;
    ASSAY_TRY(spawn(program, folder, arguments, pipes[0], pipes[1], &child, error));
    for (int i = 0; i < 2; i++) {
        close(pipes[i][1]);
        pipes[i][1] = -1;
    }
    int reading[2] = {pipes[0][0], pipes[1][0]};
    assay_status status = read_both(reading, captured, error);
    if (status != ASSAY_OK) {
        kill(child, SIGKILL);
    }
    int ended = 0;
    pid_t waited;
    while ((waited = waitpid(child, &ended, 0)) < 0 && errno == EINTR) {
    }
    if (status == ASSAY_OK && waited < 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "gnuplot: cannot get its exit status: %s", strerror(errno));
    }
    return status != ASSAY_OK ? status : judge(ended, program, script, captured, error);
}

assay_status assay_gnuplot_run(const char *folder, const char *prelude, const char *script, char **output, size_t *size,
                               assay_error *error)
{
    *output = NULL;
    *size = 0;
    char *program = program_path(error);
    if (program == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    int pipes[2][2] = {{-1, -1}, {-1, -1}};
    capture captured[2] = {{0}};
    assay_status status;
    if (pipe2(pipes[0], O_CLOEXEC) != 0 || pipe2(pipes[1], O_CLOEXEC) != 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "gnuplot: cannot create a pipe: %s", strerror(errno));
    } else {
        status = converse(folder, program, prelude, script, pipes, captured, error);
    }
    close_pipe(pipes[0]);
    close_pipe(pipes[1]);
    assay_free(program);
    assay_free(captured[1].bytes);
    if (status != ASSAY_OK) {
        assay_free(captured[0].bytes);
        return status;
    }
    *output = captured[0].bytes;
    *size = captured[0].size;
    return ASSAY_OK;
}
