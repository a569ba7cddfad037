#define _GNU_SOURCE
#include "grade/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/child_arguments.h"
#include "grade/processes.h"

enum {
    STDERR_KEPT = 400,
    STDERR_LIMIT = 64 << 20, /* read and dropped; more than this is no debugging output */
    EXCHANGE_LIMIT = 256 << 20, /* bytes of .npy files */
    TICK_MILLISECONDS = 20  /* between looks at memory and processes */
};

struct grade_child {
    pid_t pid;
    bool sandboxed;
    int to;       /* its stdin: a socket, because a write to a closed one must not raise SIGPIPE */
    int from;     /* its stdout */
    int errors;   /* its stderr */
    grade_limits limits;
    const char *exchange; /* the program's; it outlives the child */
    grade_evidence *evidence;             /* as exchange */
    const volatile sig_atomic_t *stop;    /* as exchange */
    bool refuses;       /* the last send failed: poll would return at once, again and again */
    double cpu_seconds; /* of all its processes, as far as they were looked at */
    char *buffer; /* what came on stdout */
    size_t used;
    size_t capacity;
    size_t taken; /* length of the line that was handed out, with its newline */
    char last_errors[STDERR_KEPT + 1];
    size_t errors_used;
    size_t errors_total;
    int failure; /* errno of a call of ours that failed, for which the submission is not to blame; 0: none */
};

grade_limits assay_grade_limits_default(void)
{
    return (grade_limits){
        .start_seconds = 20.0,
        .case_seconds = 2.0,
        .total_seconds = 60.0,
        .memory_bytes = (size_t)1 << 30,
        .processes = 64,
        .output_bytes = (size_t)4 << 20,
    };
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* --- starting ----------------------------------------------------------------------------------------------------- */

typedef struct {
    int in[2];
    int out[2];
    int err[2];
    int ready[2]; /* closed by exec; before it comes the errno of what failed on the way there */
} pipes;

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
    }
}

static assay_status open_pipes(pipes *made, assay_error *error)
{
    *made = (pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made->in) != 0 || pipe2(made->out, O_CLOEXEC) != 0 ||
        pipe2(made->err, O_CLOEXEC) != 0 || pipe2(made->ready, O_CLOEXEC) != 0) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO, "cannot open a pipe: %s", strerror(errno));
        close_pair(made->in);
        close_pair(made->out);
        close_pair(made->err);
        return status;
    }
    return ASSAY_OK;
}

/* In the child, between fork and exec: async-signal-safe calls alone. */
static _Noreturn void become(const pipes *ends, const char *const *arguments, const char *folder)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    /* Whatever our own caller left open is not the submission's to write to. */
    int report = ends->ready[1];
    /* tests/test_faults_grade.c lets each of these fail, but gcov's counts of a process that ends by _exit are lost. */
    if (dup2(ends->in[1], 0) >= 0 && dup2(ends->out[1], 1) >= 0 && /* LCOV_EXCL_BR_LINE: failures end in _exit, below */
        dup2(ends->err[1], 2) >= 0 && dup2(report, 3) >= 0) {      /* LCOV_EXCL_BR_LINE: as above */
        report = 3;
        if (fcntl(report, F_SETFD, FD_CLOEXEC) == 0 && close_range(4, ~0U, 0) == 0 && /* LCOV_EXCL_BR_LINE: as above */
            (folder == NULL || chdir(folder) == 0)) {
            execvp(arguments[0], (char *const *)arguments); /* LCOV_EXCL_LINE: does not return to be counted */
        }
    }
    int reason = errno;
    ssize_t ignored = write(report, &reason, sizeof reason);
    (void)ignored;
    _exit(127); /* LCOV_EXCL_LINE: gcov's counts are written by exit */
}

/* What goes wrong up to exec, which starts bubblewrap or the runner, is our fault and no verdict on the submission. */
static assay_status wait_until_ready(int descriptor, const char *program, assay_error *error)
{
    int reason = 0;
    ssize_t got;
    while ((got = read(descriptor, &reason, sizeof reason)) < 0 && errno == EINTR) {
    }
    return got == 0 ? ASSAY_OK
                    : assay_fail(error, ASSAY_ERROR_IO, "%s cannot be started: %s", program,
                                 strerror(got < 0 ? errno : reason));
}

static assay_status start(const grade_program *program, grade_child *child, assay_error *error)
{
    grade_arguments arguments;
    ASSAY_TRY(assay_grade_arguments(program, &arguments, error));
    pipes ends;
    assay_status status = open_pipes(&ends, error);
    if (status != ASSAY_OK) {
        assay_grade_arguments_clear(&arguments);
        return status;
    }
    child->pid = fork();
    if (child->pid == 0) {
        become(&ends, arguments.list, program->sandboxed ? NULL : program->folder);
    }
    int reason = errno;
    close(ends.in[1]);
    close(ends.out[1]);
    close(ends.err[1]);
    close(ends.ready[1]);
    child->to = ends.in[0];
    child->from = ends.out[0];
    child->errors = ends.err[0];
    status = child->pid < 0 ? assay_fail(error, ASSAY_ERROR_IO, "cannot start a process: %s", strerror(reason))
                            : wait_until_ready(ends.ready[0], arguments.list[0], error);
    assay_grade_arguments_clear(&arguments);
    close(ends.ready[0]);
    if (status == ASSAY_OK && (fcntl(child->to, F_SETFL, O_NONBLOCK) != 0 ||
                               fcntl(child->from, F_SETFL, O_NONBLOCK) != 0 ||
                               fcntl(child->errors, F_SETFL, O_NONBLOCK) != 0)) {
        status = assay_fail(error, ASSAY_ERROR_IO, "a pipe cannot be set up: %s", strerror(errno));
    }
    return status;
}

assay_status assay_grade_child_start(const grade_program *program, grade_child **child, assay_error *error)
{
    *child = NULL;
    grade_child *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->pid = made->to = made->from = made->errors = -1;
    made->sandboxed = program->sandboxed;
    made->limits = program->limits;
    made->exchange = program->exchange;
    made->evidence = program->evidence;
    made->stop = program->stop;
    made->capacity = program->limits.output_bytes + 1;
    made->buffer = assay_calloc(made->capacity, 1, error);
    assay_status status = made->buffer == NULL ? ASSAY_ERROR_MEMORY : start(program, made, error);
    if (status != ASSAY_OK) {
        assay_grade_child_kill(made);
        return status;
    }
    *child = made;
    return ASSAY_OK;
}

void assay_grade_child_kill(grade_child *child)
{
    if (child == NULL) {
        return;
    }
    if (child->pid > 0) {
        /* Under bubblewrap the end of its first process ends the whole process namespace. */
        assay_grade_kill_tree(child->pid);
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close_pair((int[2]){child->to, child->from});
    close_pair((int[2]){child->errors, -1});
    assay_free(child->buffer);
    assay_free(child);
}

/* --- speaking ----------------------------------------------------------------------------------------------------- */

static void keep_errors(grade_child *child, const char *bytes, size_t count)
{
    child->errors_total += count;
    if (count > STDERR_KEPT) {
        bytes += count - STDERR_KEPT;
        count = STDERR_KEPT;
    }
    if (child->errors_used + count > STDERR_KEPT) {
        size_t drop = child->errors_used + count - STDERR_KEPT;
        memmove(child->last_errors, child->last_errors + drop, child->errors_used - drop);
        child->errors_used -= drop;
    }
    memcpy(child->last_errors + child->errors_used, bytes, count);
    child->errors_used += count;
}

/* At most 1 MB a call, so that a flood does not keep us from looking at the clock. */
static void drain_errors(grade_child *child)
{
    char chunk[4096];
    for (int i = 0; i < 256; i++) {
        ssize_t count = read(child->errors, chunk, sizeof chunk);
        if (count <= 0) {
            return;
        }
        keep_errors(child, chunk, (size_t)count);
    }
}

/* Reads what is there; false at the end of the stream. */
static bool drain_output(grade_child *child)
{
    while (child->used + 1 < child->capacity) {
        ssize_t count = read(child->from, child->buffer + child->used, child->capacity - 1 - child->used);
        if (count < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)) {
            child->failure = errno;
        }
        if (count == 0 || child->failure != 0) {
            return false;
        }
        if (count < 0) {
            return true;
        }
        child->used += (size_t)count;
    }
    return true;
}

/* The last line on stderr, printable, after a colon. */
static void append_errors(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    size_t end = child->errors_used;
    while (end > 0 && (child->last_errors[end - 1] == '\n' || child->last_errors[end - 1] == ' ')) {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && child->last_errors[begin - 1] != '\n' && end - begin < 160) {
        begin--;
    }
    size_t used = strlen(detail);
    if (begin == end || used + (end - begin) + 3 > GRADE_TEXT_LENGTH) {
        return;
    }
    used += (size_t)snprintf(detail + used, GRADE_TEXT_LENGTH - used, ": ");
    for (size_t i = begin; i < end; i++) {
        char c = child->last_errors[i];
        detail[used++] = c >= ' ' && c <= '~' ? c : '?';
    }
    detail[used] = '\0';
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

/* Processes that are killed take their times with them: the most that was seen counts. */
static void keep_cpu_seconds(grade_child *child, double seconds)
{
    child->cpu_seconds = seconds > child->cpu_seconds ? seconds : child->cpu_seconds;
}

double assay_grade_child_cpu_seconds(grade_child *child)
{
    if (child->pid > 0) {
        keep_cpu_seconds(child, assay_grade_usage(child->pid).cpu_seconds);
    }
    return child->cpu_seconds;
}

/* Bubblewrap reports its child's signal as a shell does: 128 + signal. */
static grade_verdict ended(grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    int status = 0;
    pid_t reaped = 0;
    for (int i = 0; i < 50 && reaped == 0; i++) {
        struct rusage used;
        reaped = wait4(child->pid, &status, WNOHANG, &used);
        if (reaped > 0) {
            keep_cpu_seconds(child, seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
        }
        if (reaped == 0 || (reaped < 0 && errno == EINTR)) {
            reaped = 0;
            usleep(10000);
        }
    }
    if (reaped < 0) {
        child->failure = errno; /* somebody else has waited: what became of it nobody can tell */
        child->pid = -1;
        return GRADE_NOT_RUN;
    }
    drain_errors(child);
    if (reaped == 0) {
        snprintf(detail, GRADE_TEXT_LENGTH, "closed its standard output");
        return GRADE_EXITED;
    }
    child->pid = -1;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : code > 128 && code < 128 + 65 ? code - 128 : 0;
    if (number == SIGXCPU) {
        snprintf(detail, GRADE_TEXT_LENGTH, "used up its processor time");
        return GRADE_TIMED_OUT;
    }
    if (number != 0) {
        const char *name = sigdescr_np(number);
        snprintf(detail, GRADE_TEXT_LENGTH, "killed by signal %d (%s)", number, name == NULL ? "unknown" : name);
        append_errors(child, detail);
        return GRADE_CRASHED;
    }
    snprintf(detail, GRADE_TEXT_LENGTH, "ended with exit status %d before it replied", code);
    append_errors(child, detail);
    return GRADE_EXITED;
}

static grade_verdict too_late(const grade_child *child, double seconds, char detail[GRADE_TEXT_LENGTH])
{
    snprintf(detail, GRADE_TEXT_LENGTH, "no reply within %g s", seconds);
    append_errors(child, detail);
    return GRADE_TIMED_OUT;
}

static grade_verdict over_mappings(char detail[GRADE_TEXT_LENGTH])
{
    snprintf(detail, GRADE_TEXT_LENGTH, "a process made more than %d memory mappings", GRADE_MAX_MAPPINGS);
    return GRADE_PROCESSES;
}

grade_verdict assay_grade_child_look(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    return assay_grade_evidence_processes(child->evidence, child->pid, false) ? GRADE_PASS : over_mappings(detail);
}

/* Limits that rlimits cannot set, because they are sums over processes. */
static grade_verdict watch(grade_child *child, double cpu_deadline, double seconds,
                           char detail[GRADE_TEXT_LENGTH])
{
    grade_usage usage = assay_grade_usage(child->pid);
    keep_cpu_seconds(child, usage.cpu_seconds);
    if (child->evidence != NULL && !assay_grade_evidence_processes(child->evidence, child->pid, true)) {
        return over_mappings(detail);
    }
    if (usage.cpu_seconds > cpu_deadline) {
        return too_late(child, seconds, detail);
    }
    if (usage.resident_bytes > child->limits.memory_bytes) {
        snprintf(detail, GRADE_TEXT_LENGTH, "used more than %zu MiB of memory", child->limits.memory_bytes >> 20);
        return GRADE_MEMORY;
    }
    if (usage.processes > child->limits.processes) {
        snprintf(detail, GRADE_TEXT_LENGTH, "started more than %zu processes and threads", child->limits.processes);
        return GRADE_PROCESSES;
    }
    size_t written = child->exchange != NULL ? assay_grade_folder_bytes(child->exchange) : 0;
    if (written == SIZE_MAX) {
        snprintf(detail, GRADE_TEXT_LENGTH, "made more than %d files", GRADE_MAX_FILES);
        return GRADE_OUTPUT;
    }
    if (written > EXCHANGE_LIMIT) {
        snprintf(detail, GRADE_TEXT_LENGTH, "wrote more than %d MiB of files", EXCHANGE_LIMIT >> 20);
        return GRADE_OUTPUT;
    }
    return GRADE_PASS;
}

static grade_verdict over_output(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    if (child->errors_total > STDERR_LIMIT) {
        snprintf(detail, GRADE_TEXT_LENGTH, "wrote more than %d MiB to standard error", STDERR_LIMIT >> 20);
        return GRADE_OUTPUT;
    }
    if (child->used + 1 >= child->capacity) {
        snprintf(detail, GRADE_TEXT_LENGTH, "wrote more than %zu KiB to standard output without a newline",
                 child->limits.output_bytes >> 10);
        return GRADE_OUTPUT;
    }
    return GRADE_PASS;
}

/* Sends what it can, waits a tick for something to read. */
static void wait_and_send(grade_child *child, const char *request, size_t length, size_t *sent)
{
    struct pollfd watched[3] = {
        {.fd = child->from, .events = POLLIN},
        {.fd = child->errors, .events = POLLIN},
        {.fd = *sent < length && !child->refuses ? child->to : -1, .events = POLLOUT},
    };
    bool refused = false;
    if (poll(watched, 3, TICK_MILLISECONDS) < 0) {
        child->failure = errno == EINTR ? 0 : errno;
        return;
    }
    if ((watched[2].revents & POLLOUT) != 0) {
        ssize_t count = send(child->to, request + *sent, length - *sent, MSG_NOSIGNAL);
        *sent += count > 0 ? (size_t)count : 0;
        refused = count < 0;
    }
    child->refuses = refused;
    if ((watched[1].revents & (POLLHUP | POLLIN)) == POLLHUP) {
        close(child->errors); /* at its end; poll would return at once from here on */
        child->errors = -1;
    }
}

grade_verdict assay_grade_child_exchange(grade_child *child, const char *request, double seconds, char **line,
                                         size_t *length, char detail[GRADE_TEXT_LENGTH])
{
    double deadline = now_seconds() + GRADE_PATIENCE * seconds;
    double cpu_deadline = -1.0; /* counted from the first look: most replies come before it */
    double next_watch = now_seconds() + 1e-3 * TICK_MILLISECONDS;
    size_t request_length = strlen(request);
    size_t sent = 0;
    memmove(child->buffer, child->buffer + child->taken, child->used - child->taken);
    child->used -= child->taken;
    child->taken = 0;
    for (;;) {
        wait_and_send(child, request, request_length, &sent);
        bool open = child->failure == 0 && drain_output(child);
        if (child->stop != NULL && *child->stop != 0) {
            snprintf(detail, GRADE_TEXT_LENGTH, "the grader was interrupted");
            return GRADE_NOT_RUN;
        }
        if (child->failure != 0) {
            snprintf(detail, GRADE_TEXT_LENGTH, "its process could not be watched: %s", strerror(child->failure));
            return GRADE_NOT_RUN;
        }
        drain_errors(child);
        char *newline = memchr(child->buffer, '\n', child->used);
        if (newline != NULL) {
            *line = child->buffer;
            *length = (size_t)(newline - child->buffer);
            child->taken = *length + 1;
            return GRADE_PASS;
        }
        grade_verdict verdict = over_output(child, detail);
        if (verdict == GRADE_PASS && !open) {
            verdict = ended(child, detail);
        }
        double now = now_seconds();
        if (verdict == GRADE_PASS && now > next_watch) {
            if (cpu_deadline < 0.0) {
                cpu_deadline = assay_grade_usage(child->pid).cpu_seconds + seconds;
            }
            verdict = watch(child, cpu_deadline, seconds, detail);
            next_watch = now + 1e-3 * TICK_MILLISECONDS;
        }
        if (verdict == GRADE_PASS && now > deadline) {
            verdict = too_late(child, GRADE_PATIENCE * seconds, detail);
        }
        if (verdict != GRADE_PASS) {
            return verdict;
        }
    }
}

assay_status assay_grade_child_failure(const grade_child *child, assay_error *error)
{
    return child->failure == 0 ? ASSAY_OK
                               : assay_fail(error, ASSAY_ERROR_IO, "a submission's process could not be watched: %s",
                                            strerror(child->failure));
}
