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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/cgroup.h"
#include "grade/child_arguments.h"
#include "grade/hint.h"
#include "grade/portable.h"
#include "grade/processes.h"
#include "grade/text.h"

/* clang-format off */
enum {
    STDERR_KEPT = 400, /* of its end */
    STDERR_FIRST = 4096, /* of its beginning */
    LINE_SHOWN = 161, /* of a line of its own in a verdict, with the zero byte */
    LEAST_SHOWN = 16, /* fewer bytes of a line say nothing */
    STDERR_LIMIT = 64 << 20, /* read and dropped; honest debugging output is shorter */
    EXCHANGE_LIMIT = 256 << 20, /* bytes of .npy files, without a sandbox */
    SOCKET_BYTES = 256 << 10, /* what may lie in one socket: Debian's net.core.wmem_default, and a message more */
    TICK_MILLISECONDS = 20  /* between looks at memory and processes */
};
/* clang-format on */

struct grade_child {
    pid_t pid;
    const grade_sandbox *sandbox; /* NULL: none */
    grade_cgroup *group;          /* NULL: none can be made here */
    int scratch;                  /* the folder of all that it may write, in memory; -1: none */
    char scratch_folder[64];      /* the path here of what the submission calls /tmp, and so on */
    char inputs_folder[64];
    char exchange_folder[64];
    const char *program; /* the command's first word; NULL: a shared object */
    bool has_replied;
    grade_usage usage; /* at the last look */
    int to;            /* its stdin: a socket, because a write to a closed one must not raise SIGPIPE */
    int from;          /* its stdout */
    int errors;        /* its stderr */
    grade_limits limits;
    const char *exchange;              /* the program's; it outlives the child */
    grade_evidence *evidence;          /* as exchange */
    const volatile sig_atomic_t *stop; /* as exchange */
    bool refuses;                      /* the last send failed: poll would return at once, again and again */
    double cpu_seconds;                /* of all its processes, as far as they were looked at */
    char *buffer;                      /* what came on stdout */
    size_t used;
    size_t capacity;
    size_t taken; /* length of the line that was handed out, with its newline */
    char first_errors[STDERR_FIRST + 1];
    size_t first_used;
    char last_errors[STDERR_KEPT + 1];
    size_t errors_used;
    size_t errors_total;
    int failure; /* errno of a call of ours that failed: not the submission's fault; 0: none */
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

/* The child's ends of the pipes, and the other descriptors that it inherits. */
typedef struct {
    int in[2];
    int out[2];
    int err[2];
    int ready[2]; /* a socket; closed by the last exec; before it comes what failed on the way there */
    int options;  /* files in memory; -1: none */
    int filter;
    int header;
    int shown[GRADE_MAX_SHOWN];
} ends;

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
    }
}

static void close_ends(ends *made)
{
    close_pair(made->in);
    close_pair(made->out);
    close_pair(made->err);
    close_pair(made->ready);
    close_pair((int[2]){made->options, made->filter});
    close_pair((int[2]){made->header, -1});
    for (size_t i = 0; i < GRADE_MAX_SHOWN; i++) {
        close_pair((int[2]){made->shown[i], -1});
    }
}

static assay_status open_shown(const grade_program *program, ends *made, assay_error *error)
{
    for (size_t i = 0; i < program->shown_count; i++) {
        made->shown[i] = open(program->shown[i].path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (made->shown[i] < 0) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", program->shown[i].path, strerror(errno));
        }
    }
    return ASSAY_OK;
}

/* A file in memory, to be read from its beginning; -1 on failure. */
static int file_of(const char *bytes, size_t size)
{
    int file = memfd_create("assay", MFD_CLOEXEC);
    if (file >= 0 && (write(file, bytes, size) != (ssize_t)size || lseek(file, 0, SEEK_SET) != 0)) {
        close(file);
        file = -1;
    }
    return file;
}

/* Words as `bwrap --args` reads them: each with its zero byte. */
static int file_of_words(const grade_words *words)
{
    int file = memfd_create("assay", MFD_CLOEXEC);
    for (size_t i = 0; file >= 0 && i < words->count; i++) {
        size_t size = strlen(words->list[i]) + 1;
        if (write(file, words->list[i], size) != (ssize_t)size) {
            close(file);
            file = -1;
        }
    }
    if (file >= 0 && lseek(file, 0, SEEK_SET) != 0) {
        close(file);
        file = -1;
    }
    return file;
}

static int file_of_header(void)
{
    static const char *const lines[] = {
#include "student_header.inc"
    };
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (size_t i = 0; stream != NULL && i < sizeof lines / sizeof lines[0]; i++) {
        fputs(lines[i], stream);
    }
    int file = stream != NULL && fclose(stream) == 0 ? file_of(text, size) : -1;
    free(text);
    return file;
}

static assay_status open_ends(const grade_program *program, const grade_arguments *arguments, ends *made,
                              assay_error *error)
{
    *made = (ends){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, -1, -1, -1, {0}};
    memset(made->shown, 0xff, sizeof made->shown); /* -1 */
    const grade_sandbox *sandbox = program->sandbox;
    bool whole = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made->in) == 0 &&
                 pipe2(made->out, O_CLOEXEC) == 0 && pipe2(made->err, O_CLOEXEC) == 0 &&
                 socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made->ready) == 0;
    if (whole && sandbox != NULL) {
        made->options = file_of_words(&arguments->options);
        made->filter = file_of(sandbox->filter, sandbox->filter_size);
        made->header = program->shows_header ? file_of_header() : -1;
        whole = made->options >= 0 && made->filter >= 0 && (made->header >= 0 || !program->shows_header);
    }
    if (!whole) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO, "cannot open a pipe: %s", strerror(errno));
        close_ends(made);
        return status;
    }
    assay_status status = sandbox == NULL ? ASSAY_OK : open_shown(program, made, error);
    if (status != ASSAY_OK) {
        close_ends(made);
    }
    return status;
}

/*
 * What a sandboxed submission starts with: bubblewrap's first process shows it in /proc/1/environ, so that nothing of
 * the grader's own may be in it.
 */
/* clang-format off */
static const char *const sandbox_environment[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "LANG=C.UTF-8",
    /* One thread each: a class is graded in parallel, and sums must not depend on the number of processors. */
    "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1", NULL,
};
/* clang-format on */

/*
 * Gives the child's descriptors their numbers: first out of the way, then in place, and nothing else stays open.
 * `*report` is where the socket for failures is at each moment.
 */
static bool place_descriptors(const int *from, int count, int *report)
{
    int high[GRADE_DESCRIPTORS];
    for (int i = 0; i < count; i++) {
        high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD, GRADE_DESCRIPTORS);
        if (from[i] >= 0 && high[i] < 0) {
            return false;
        }
    }
    *report = high[GRADE_READY];
    for (int i = 0; i < count; i++) {
        if (high[i] < 0) {
            close(i);
        } else if (dup2(high[i], i) < 0) {
            return false;
        }
    }
    *report = GRADE_READY;
    return portable_close_from((unsigned)count) == 0;
}

/* In the child, between fork and exec: only async-signal-safe calls. */
static _Noreturn void become(const ends *made, const grade_program *program, const grade_arguments *arguments,
                             int entrance)
{
    const char *const *words = arguments->command.list;
    bool sandboxed = program->sandbox != NULL;
    /* clang-format off */
    int descriptors[GRADE_DESCRIPTORS] = {
        made->in[1], made->out[1], made->err[1], made->ready[1], made->options, made->filter,
        sandboxed ? program->source : -1, made->header,
    };
    /* clang-format on */
    memcpy(descriptors + GRADE_SHOWN, made->shown, sizeof made->shown);
    int report = made->ready[1];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    /* Whatever our own caller left open is not the submission's to write to. */
    /* tests/test_faults_grade.c lets each of these fail, but gcov's counts of a process that ends by _exit are lost. */
    if ((entrance < 0 || write(entrance, "0", 1) == 1) && /* LCOV_EXCL_BR_LINE: failures end in _exit */
        (sandboxed || program->folder == NULL || chdir(program->folder) == 0) && /* LCOV_EXCL_BR_LINE: as above */
        place_descriptors(descriptors, GRADE_DESCRIPTORS, &report)) {            /* LCOV_EXCL_BR_LINE: as above */
        if (fcntl(report, F_SETFD, sandboxed ? 0 : FD_CLOEXEC) == 0) {           /* LCOV_EXCL_BR_LINE: as above */
            if (sandboxed) {
                execve(words[0], (char *const *)words, (char *const *)sandbox_environment); /* LCOV_EXCL_LINE */
            } else {
                execvp(words[0], (char *const *)words); /* LCOV_EXCL_LINE: does not return to be counted */
            }
        }
    }
    const char *reason = portable_error_text(errno);
    ssize_t ignored = write(report, reason, strlen(reason));
    (void)ignored;
    _exit(127); /* LCOV_EXCL_LINE: gcov's counts are written by exit */
}

/* One message: -1 and errno, 0 at the end, else its length. A descriptor that comes with it is put into `*scratch`. */
static ssize_t receive(int from, char *text, size_t size, int *scratch)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec content = {text, size - 1};
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    while ((got = recvmsg(from, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    text[got < 0 ? 0 : got] = '\0';
    const struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        close_pair((int[2]){*scratch, -1});
        memcpy(scratch, CMSG_DATA(header), sizeof *scratch);
    }
    return got;
}

/* A failure before the last exec, which starts bubblewrap or the runner, is not the submission's fault. */
static assay_status wait_until_ready(int from, const char *program, int *scratch, assay_error *error)
{
    char text[320] = "";
    ssize_t got;
    while ((got = receive(from, text, sizeof text, scratch)) > 0) {
        if (text[0] != '\0') {
            return assay_fail(error, ASSAY_ERROR_IO, "%s cannot be started: %s", program, text);
        }
    }
    return got == 0 ? ASSAY_OK
                    : assay_fail(error, ASSAY_ERROR_IO, "%s cannot be started: %s", program, strerror(errno));
}

static assay_status make_group(const grade_program *program, grade_child *child, assay_error *error)
{
    const grade_sandbox *sandbox = program->sandbox;
    if (sandbox == NULL || sandbox->cgroups == NULL) {
        return ASSAY_OK;
    }
    return assay_grade_cgroup_create(sandbox->cgroups, &sandbox->powers, program->limits.memory_bytes,
                                     program->limits.processes, &child->group, error);
}

static assay_status start_with(const grade_program *program, const grade_arguments *arguments, grade_child *child,
                               assay_error *error)
{
    ends made;
    ASSAY_TRY(make_group(program, child, error));
    ASSAY_TRY(open_ends(program, arguments, &made, error));
    child->pid = fork();
    if (child->pid == 0) {
        become(&made, program, arguments, child->group == NULL ? -1 : assay_grade_cgroup_entrance(child->group));
    }
    int reason = errno;
    child->to = made.in[0];
    child->from = made.out[0];
    child->errors = made.err[0];
    int ready = made.ready[0];
    made.in[0] = made.out[0] = made.err[0] = made.ready[0] = -1;
    close_ends(&made);
    assay_status status = child->pid < 0
                              ? assay_fail(error, ASSAY_ERROR_IO, "cannot start a process: %s", strerror(reason))
                              : wait_until_ready(ready, arguments->command.list[0], &child->scratch, error);
    close(ready);
    if (status == ASSAY_OK &&
        (fcntl(child->to, F_SETFL, O_NONBLOCK) != 0 || fcntl(child->from, F_SETFL, O_NONBLOCK) != 0 ||
         fcntl(child->errors, F_SETFL, O_NONBLOCK) != 0)) {
        status = assay_fail(error, ASSAY_ERROR_IO, "a pipe cannot be set up: %s", strerror(errno));
    }
    snprintf(child->scratch_folder, sizeof child->scratch_folder, "/proc/self/fd/%d/tmp", child->scratch);
    snprintf(child->inputs_folder, sizeof child->inputs_folder, "/proc/self/fd/%d/inputs", child->scratch);
    snprintf(child->exchange_folder, sizeof child->exchange_folder, "/proc/self/fd/%d/exchange", child->scratch);
    return status;
}

static assay_status start(const grade_program *program, grade_child *child, assay_error *error)
{
    grade_arguments *arguments = assay_calloc(1, sizeof *arguments, error);
    if (arguments == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_grade_arguments(program, arguments, error);
    if (status == ASSAY_OK) {
        status = start_with(program, arguments, child, error);
        assay_grade_arguments_clear(arguments);
    }
    assay_free(arguments);
    return status;
}

assay_status assay_grade_child_start(const grade_program *program, grade_child **child, assay_error *error)
{
    *child = NULL;
    grade_child *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->pid = made->to = made->from = made->errors = made->scratch = -1;
    made->sandbox = program->sandbox;
    made->program = program->shared_object == NULL && program->command != NULL ? program->command[0] : NULL;
    made->limits = program->limits;
    made->exchange = program->sandbox == NULL ? program->exchange : NULL;
    made->evidence = program->evidence;
    made->stop = program->stop;
    made->capacity = program->limits.output_bytes + 1;
    made->buffer = malloc(made->capacity); /* assay_calloc would write every byte; replies are short */
    assay_status status = made->buffer == NULL
                              ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the submission's output")
                              : start(program, made, error);
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
    if (child->group != NULL) {
        assay_grade_cgroup_kill(child->group);
    }
    if (child->pid > 0) {
        /* Under bubblewrap the end of its first process ends the whole process namespace. */
        assay_grade_kill_tree(child->pid);
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close_pair((int[2]){child->to, child->from});
    close_pair((int[2]){child->errors, child->scratch});
    assay_grade_cgroup_destroy(child->group);
    free(child->buffer);
    assay_free(child);
}

/* --- speaking ----------------------------------------------------------------------------------------------------- */

static void keep_errors(grade_child *child, const char *bytes, size_t count)
{
    child->errors_total += count;
    size_t room = STDERR_FIRST - child->first_used;
    size_t first = count < room ? count : room;
    memcpy(child->first_errors + child->first_used, bytes, first);
    child->first_used += first;
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

/* A line, cleaned and cut, after what says where it was printed. */
static void append_line(const char *where, const char *line, size_t length, char detail[GRADE_TEXT_LENGTH])
{
    size_t used = strlen(detail);
    size_t room = GRADE_TEXT_LENGTH - used;
    size_t label = used == 0 ? 0 : strlen(where);
    if (length == 0 || label + LEAST_SHOWN > room) {
        return;
    }
    memcpy(detail + used, where, label);
    assay_grade_text_clean(line, length, detail + used + label, room - label < LINE_SHOWN ? room - label : LINE_SHOWN);
}

/* The last line in a buffer; blank ends of lines are left out. */
static const char *last_line(const char *bytes, size_t used, size_t *length)
{
    size_t end = used;
    while (end > 0 && strchr("\n\r ", bytes[end - 1]) != NULL && bytes[end - 1] != '\0') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && bytes[begin - 1] != '\n' && end - begin < LINE_SHOWN - 1) {
        begin--;
    }
    *length = end - begin;
    return bytes + begin;
}

static void append_errors(const grade_child *child, const char *where, char detail[GRADE_TEXT_LENGTH])
{
    size_t length;
    const char *line = last_line(child->last_errors, child->errors_used, &length);
    append_line(where, line, length, detail);
}

/* What it printed last, where a reply is missing: to standard error, and to standard output without a newline. */
static void append_last(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    size_t length;
    append_errors(child, ": ", detail);
    const char *line = last_line(child->buffer + child->taken, child->used - child->taken, &length);
    append_line("; printed last, without a newline: ", line, length, detail);
}

void assay_grade_child_last_error(grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    drain_errors(child);
    append_errors(child, "; last on standard error: ", detail);
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

/* What its processes use now. */
static grade_usage usage_now(grade_child *child)
{
    grade_usage usage = child->pid > 0 ? assay_grade_usage(child->pid) : (grade_usage){0};
    double seconds = child->group == NULL ? -1.0 : assay_grade_cgroup_seconds(child->group);
    if (seconds >= 0.0) {
        usage.cpu_seconds = seconds;
    }
    keep_cpu_seconds(child, usage.cpu_seconds);
    return usage;
}

double assay_grade_child_cpu_seconds(grade_child *child)
{
    (void)usage_now(child);
    return child->cpu_seconds;
}

/* A program that ends before its first reply may miss something that the sandbox does not show. */
static void append_hint(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    char folder[GRADE_HINT_LENGTH];
    if (child->sandbox != NULL && !child->has_replied && child->program != NULL &&
        assay_grade_bind_hint(child->program, child->sandbox->binds, folder)) {
        size_t used = strlen(detail);
        snprintf(detail + used, GRADE_TEXT_LENGTH - used,
                 " (%s uses %s, which the sandbox does not show: try --bind "
                 "%s)",
                 child->program, folder, folder);
    }
}

/* Without a sandbox its files are on a disk: to add them up takes a walk, so not at each reply. */
static grade_verdict watch_exchange(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    size_t exchanged = child->exchange == NULL ? 0 : assay_grade_folder_bytes(child->exchange);
    if (exchanged == SIZE_MAX) {
        snprintf(detail, GRADE_TEXT_LENGTH, "made more than %d files", GRADE_FOLDER_FILES);
        return GRADE_OUTPUT;
    }
    if (exchanged > EXCHANGE_LIMIT) {
        snprintf(detail, GRADE_TEXT_LENGTH, "wrote more than %d MiB of files", EXCHANGE_LIMIT >> 20);
        return GRADE_OUTPUT;
    }
    return GRADE_PASS;
}

/* What it has written in memory. The file system counts also what has no name, and what nobody may look at. */
static grade_verdict watch_scratch(const grade_child *child, size_t *bytes, char detail[GRADE_TEXT_LENGTH])
{
    struct statfs about = {0};
    *bytes = 0;
    if (child->scratch >= 0 && fstatfs(child->scratch, &about) == 0) {
        *bytes = (size_t)(about.f_blocks - about.f_bfree) * (size_t)about.f_bsize;
        if (about.f_bfree == 0) {
            snprintf(detail, GRADE_TEXT_LENGTH, "wrote more than %zu MiB of files",
                     assay_grade_scratch_bytes(&child->limits) >> 20);
            return GRADE_OUTPUT;
        }
        if (about.f_ffree == 0) {
            snprintf(detail, GRADE_TEXT_LENGTH, "made more than %zu files", (size_t)about.f_files);
            return GRADE_OUTPUT;
        }
    }
    return GRADE_PASS;
}

static grade_verdict over_memory(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    snprintf(detail, GRADE_TEXT_LENGTH, "used more than %zu MiB of memory", child->limits.memory_bytes >> 20);
    return GRADE_MEMORY;
}

/* Bubblewrap reports its child's signal as a shell does: 128 + signal. `exit_code` may be NULL. */
static grade_verdict ended(grade_child *child, int *exit_code, char detail[GRADE_TEXT_LENGTH])
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
    if (child->group != NULL && assay_grade_cgroup_out_of_memory(child->group)) {
        return over_memory(child, detail);
    }
    size_t ignored;
    grade_verdict files = watch_scratch(child, &ignored, detail);
    if (files != GRADE_PASS) {
        return files; /* why it ended: many programs do when nothing more can be written */
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (exit_code != NULL) {
        *exit_code = code;
    }
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : code > 128 && code < 128 + 65 ? code - 128 : 0;
    if (number == SIGXCPU) {
        snprintf(detail, GRADE_TEXT_LENGTH, "used up its processor time");
        append_last(child, detail);
        return GRADE_TIMED_OUT;
    }
    if (number == SIGXFSZ) {
        snprintf(detail, GRADE_TEXT_LENGTH, "wrote a file of more than %d MiB", GRADE_FILE_BYTES >> 20);
        return GRADE_OUTPUT;
    }
    if (number != 0) {
        const char *name = portable_signal_text(number);
        snprintf(detail, GRADE_TEXT_LENGTH, "killed by signal %d (%s)", number, name == NULL ? "unknown" : name);
        append_last(child, detail);
        return GRADE_CRASHED;
    }
    /* Bubblewrap's own message comes before the submission runs: this machine has no process or namespace left. */
    if (child->sandbox != NULL && !child->has_replied && strncmp(child->first_errors, "bwrap: ", 7) == 0) {
        snprintf(detail, GRADE_TEXT_LENGTH, "the sandbox could not be started");
        append_last(child, detail);
        return GRADE_NOT_RUN;
    }
    snprintf(detail, GRADE_TEXT_LENGTH, "ended with exit status %d before it replied", code);
    append_last(child, detail);
    append_hint(child, detail);
    return GRADE_EXITED;
}

double assay_grade_patience(void)
{
    enum { MOST = 40 };
    double load = 0.0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    double patience = getloadavg(&load, 1) == 1 && processors > 0 ? 2.0 * load / (double)processors : GRADE_PATIENCE;
    return patience < GRADE_PATIENCE ? GRADE_PATIENCE : patience > MOST ? MOST : patience;
}

static grade_verdict too_late(const grade_child *child, double seconds, char detail[GRADE_TEXT_LENGTH])
{
    snprintf(detail, GRADE_TEXT_LENGTH, "no reply within %.3g s", seconds);
    append_last(child, detail);
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

/* `bytes`: of files in memory. The exact sum over the processes costs more, and is asked for only where it matters. */
static bool exceeds_memory(const grade_child *child, size_t bytes)
{
    const grade_usage *usage = &child->usage;
    if (child->sandbox != NULL) {
        bytes += usage->sockets * (size_t)SOCKET_BYTES;
    } else {
        bytes += usage->shared_bytes;
    }
    size_t limit = child->limits.memory_bytes;
    return usage->resident_bytes + bytes > limit && assay_grade_proportional_bytes(child->pid) + bytes > limit;
}

/* Limits that rlimits cannot set, because they are sums over processes; looked at every tick and at each reply. */
static grade_verdict watch(grade_child *child, double cpu_deadline, double seconds, char detail[GRADE_TEXT_LENGTH])
{
    size_t bytes;
    child->usage = usage_now(child);
    if (child->usage.cpu_seconds > cpu_deadline) {
        snprintf(detail, GRADE_TEXT_LENGTH, "used more than %g s of processor time", seconds);
        append_last(child, detail);
        return GRADE_TIMED_OUT;
    }
    grade_verdict verdict = watch_scratch(child, &bytes, detail);
    if (verdict != GRADE_PASS) {
        return verdict;
    }
    bool counted = child->group != NULL && child->sandbox->powers.memory;
    if (counted ? assay_grade_cgroup_out_of_memory(child->group) : exceeds_memory(child, bytes)) {
        return over_memory(child, detail);
    }
    if (child->usage.processes > child->limits.processes ||
        (child->group != NULL && assay_grade_cgroup_out_of_processes(child->group))) {
        snprintf(detail, GRADE_TEXT_LENGTH, "started more than %zu processes and threads", child->limits.processes);
        return GRADE_PROCESSES;
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

/* Waits a tick and reads what has come. GRADE_PASS: all is well so far; `*open` is false at the end of the replies. */
static grade_verdict turn(grade_child *child, const char *request, size_t length, size_t *sent, bool *open,
                          char detail[GRADE_TEXT_LENGTH])
{
    wait_and_send(child, request, length, sent);
    *open = child->failure == 0 && drain_output(child);
    if (child->stop != NULL && *child->stop != 0) {
        snprintf(detail, GRADE_TEXT_LENGTH, "the grader was interrupted");
        return GRADE_NOT_RUN;
    }
    if (child->failure != 0) {
        snprintf(detail, GRADE_TEXT_LENGTH, "its process could not be watched: %s", strerror(child->failure));
        return GRADE_NOT_RUN;
    }
    drain_errors(child);
    return GRADE_PASS;
}

/* What has run out, if anything; `*next` is the time of the next look. */
static grade_verdict watch_in_time(grade_child *child, double cpu_deadline, double deadline, double seconds,
                                   double *next, char detail[GRADE_TEXT_LENGTH])
{
    grade_verdict verdict = GRADE_PASS;
    double now = now_seconds();
    if (now > *next) {
        verdict = watch(child, cpu_deadline, seconds, detail);
        verdict = verdict == GRADE_PASS ? watch_exchange(child, detail) : verdict;
        if (verdict == GRADE_PASS && child->evidence != NULL &&
            !assay_grade_evidence_processes(child->evidence, child->pid, true)) {
            verdict = over_mappings(detail);
        }
        *next = now + 1e-3 * (double)TICK_MILLISECONDS;
    }
    if (verdict != GRADE_PASS || now <= deadline) {
        return verdict;
    }
    double limit = assay_grade_patience() * seconds;
    return now > deadline - GRADE_PATIENCE * seconds + limit ? too_late(child, limit, detail) : GRADE_PASS;
}

grade_verdict assay_grade_child_exchange(grade_child *child, const char *request, double seconds, char **line,
                                         size_t *length, char detail[GRADE_TEXT_LENGTH])
{
    double deadline = now_seconds() + GRADE_PATIENCE * seconds;
    double cpu_deadline = child->usage.cpu_seconds + seconds; /* from the last reply on */
    double next_watch = now_seconds() + 1e-3 * (double)TICK_MILLISECONDS;
    size_t request_length = strlen(request);
    size_t sent = 0;
    bool open = true;
    grade_verdict verdict = GRADE_PASS;
    memmove(child->buffer, child->buffer + child->taken, child->used - child->taken);
    child->used -= child->taken;
    child->taken = 0;
    while (verdict == GRADE_PASS) {
        verdict = turn(child, request, request_length, &sent, &open, detail);
        char *newline = memchr(child->buffer, '\n', child->used);
        if (verdict == GRADE_PASS && newline != NULL) {
            *line = child->buffer;
            *length = (size_t)(newline - child->buffer);
            child->taken = *length + 1;
            child->has_replied = true;
            return watch(child, cpu_deadline, seconds, detail);
        }
        if (verdict == GRADE_PASS) {
            verdict = over_output(child, detail);
        }
        if (verdict == GRADE_PASS && !open) {
            verdict = ended(child, NULL, detail);
        }
        if (verdict == GRADE_PASS) {
            verdict = watch_in_time(child, cpu_deadline, deadline, seconds, &next_watch, detail);
        }
    }
    return verdict;
}

/* The first line of standard error that says "error". */
static void first_error(const grade_child *child, char detail[GRADE_TEXT_LENGTH])
{
    const char *found = strstr(child->first_errors, "error");
    if (found == NULL) {
        append_errors(child, ": ", detail);
        return;
    }
    while (found > child->first_errors && found[-1] != '\n') {
        found--;
    }
    size_t length = strcspn(found, "\n");
    append_line(": ", found, length, detail);
}

grade_verdict assay_grade_child_wait(grade_child *child, double seconds, int *code, char detail[GRADE_TEXT_LENGTH])
{
    double deadline = now_seconds() + GRADE_PATIENCE * seconds;
    double next_watch = now_seconds();
    size_t sent = 0;
    bool open = true;
    grade_verdict verdict = GRADE_PASS;
    while (verdict == GRADE_PASS && open) {
        verdict = turn(child, "", 0, &sent, &open, detail);
        child->used = 0;
        if (verdict == GRADE_PASS && open) {
            verdict = watch_in_time(child, seconds, deadline, seconds, &next_watch, detail);
        }
    }
    if (verdict != GRADE_PASS) {
        return verdict;
    }
    *code = -1;
    verdict = ended(child, code, detail);
    if (*code < 0 || *code > 128) {
        return verdict;
    }
    detail[0] = '\0';
    first_error(child, detail);
    return GRADE_PASS;
}

const char *assay_grade_child_inputs_folder(const grade_child *child)
{
    return child->inputs_folder;
}

const char *assay_grade_child_exchange_folder(const grade_child *child)
{
    return child->exchange_folder;
}

const char *assay_grade_child_scratch_folder(const grade_child *child)
{
    return child->scratch_folder;
}

assay_status assay_grade_child_failure(const grade_child *child, assay_error *error)
{
    return child->failure == 0 ? ASSAY_OK
                               : assay_fail(error, ASSAY_ERROR_IO, "a submission's process could not be watched: %s",
                                            strerror(child->failure));
}
