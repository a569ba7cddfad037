#define _GNU_SOURCE
#include "grade/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/child.h"
#include "grade/seccomp.h"

/* --- bubblewrap --------------------------------------------------------------------------------------------------- */

static assay_status find_bubblewrap(char **path, assay_error *error)
{
    const char *folders = getenv("PATH");
    for (const char *folder = folders == NULL ? "/usr/bin:/bin" : folders; *folder != '\0';) {
        size_t length = strcspn(folder, ":");
        char *candidate = assay_asprintf(error, "%.*s/bwrap", (int)length, folder);
        if (candidate == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        if (length > 0 && access(candidate, X_OK) == 0) {
            *path = candidate;
            return ASSAY_OK;
        }
        assay_free(candidate);
        folder += length + (folder[length] == ':');
    }
    return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                      "submissions run under bubblewrap, and bwrap is not there; on Debian: apt-get install bubblewrap "
                      "(or --unsandboxed, for submissions that you trust)");
}

/* Reads to the end, as far as `text` has room; false after an error. */
static bool read_text(int from, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got = 1;
    while (got != 0 && used + 1 < size) {
        got = read(from, text + used, size - 1 - used);
        if (got < 0 && errno != EINTR) {
            break;
        }
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    return got >= 0;
}

/* Waits for a process; false where it did not end with exit status 0. */
static bool has_succeeded(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Looks for the option in the program's help. No answer is an error: a guess could make a weaker sandbox. */
static assay_status knows_option(const char *program, const char *option, bool *knows, assay_error *error)
{
    char text[1 << 15] = "";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "cannot open a pipe: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2) { /* LCOV_EXCL_BR_LINE: failures end in _exit */
            execl(program, program, "--help", (char *)NULL);  /* LCOV_EXCL_LINE: does not return to be counted */
        }
        _exit(127); /* LCOV_EXCL_LINE: gcov's counts are written by exit */
    }
    int reason = errno;
    close(ends[1]);
    bool whole = child > 0 && read_text(ends[0], text, sizeof text);
    close(ends[0]);
    if (child < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "cannot start a process: %s", strerror(reason));
    }
    if (!has_succeeded(child) || !whole) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s --help gives no answer", program);
    }
    *knows = strstr(text, option) != NULL;
    return ASSAY_OK;
}

/* --- the place of the private mounts ------------------------------------------------------------------------------ */

static bool overlaps(const char *stage, const char *const *binds)
{
    size_t length = strlen(stage);
    bool found = false;
    for (; binds != NULL && *binds != NULL && !found; binds++) {
        char *whole = realpath(*binds, NULL);
        found = whole != NULL && strncmp(whole, stage, length) == 0;
        free(whole);
    }
    return found;
}

/* A folder that is on every machine and that no sandbox shows: the mounts cover it for this submission's processes. */
static assay_status choose_stage(const char *const *binds, const char **stage, assay_error *error)
{
    static const char *const places[] = {"/dev/shm", "/mnt", "/media", "/srv", "/var/tmp", "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct stat about;
        if (lstat(places[i], &about) == 0 && S_ISDIR(about.st_mode) && !overlaps(places[i], binds)) {
            *stage = places[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                      "the sandbox needs one of the folders /dev/shm, /mnt, /srv, /var/tmp that no --bind names");
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* Starts a program that only ends. */
static assay_status try_out(const grade_sandbox *sandbox, assay_error *error)
{
    static const char *const command[] = {"true", NULL};
    const grade_program program = {.command = command,
                                   .source = -1,
                                   .runner = sandbox->runner,
                                   .sandbox = sandbox,
                                   .limits = assay_grade_limits_default()};
    grade_child *child;
    char detail[GRADE_TEXT_LENGTH] = "";
    int code = -1;
    assay_error wrong = {0};
    assay_status status = assay_grade_child_start(&program, &child, &wrong);
    if (status == ASSAY_OK) {
        assay_grade_child_wait(child, program.limits.start_seconds, &code, detail);
        status = assay_grade_child_failure(child, &wrong);
        assay_grade_child_kill(child);
    }
    if (status == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, status, "%s", wrong.message);
    }
    return status == ASSAY_OK && code == 0
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                            "bubblewrap cannot make a sandbox here: %s; allow user namespaces, or grade as root (or "
                            "--unsandboxed, for submissions that you trust)",
                            status == ASSAY_OK ? detail : wrong.message);
}

static assay_status find_out(grade_sandbox *sandbox, assay_error *error)
{
    ASSAY_TRY(find_bubblewrap(&sandbox->bubblewrap, error));
    ASSAY_TRY(knows_option(sandbox->bubblewrap, "--disable-userns", &sandbox->disables_userns, error));
    ASSAY_TRY(choose_stage(sandbox->binds, &sandbox->stage, error));
    ASSAY_TRY(assay_grade_cgroup_parent("/proc/self/mountinfo", "/proc/self/cgroup", &sandbox->cgroups,
                                        &sandbox->powers, error));
    ASSAY_TRY(assay_grade_seccomp(sandbox->powers.memory, &sandbox->filter, &sandbox->filter_size, error));
    ASSAY_TRY(assay_grade_hidden_find(sandbox->binds, &sandbox->hidden, error));
    return try_out(sandbox, error);
}

assay_status assay_grade_sandbox_create(const char *runner, const char *const *binds, grade_sandbox **sandbox,
                                        assay_error *error)
{
    *sandbox = NULL;
    grade_sandbox *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->runner = runner;
    made->binds = binds;
    assay_status status = find_out(made, error);
    if (status != ASSAY_OK) {
        assay_grade_sandbox_destroy(made);
        return status;
    }
    *sandbox = made;
    return ASSAY_OK;
}

void assay_grade_sandbox_destroy(grade_sandbox *sandbox)
{
    if (sandbox == NULL) {
        return;
    }
    assay_grade_hidden_clear(&sandbox->hidden);
    assay_free(sandbox->cgroups);
    assay_free(sandbox->filter);
    assay_free(sandbox->bubblewrap);
    assay_free(sandbox);
}

const char *assay_grade_sandbox_limits(const grade_sandbox *sandbox)
{
    if (sandbox == NULL) {
        return "no sandbox; memory, processes and processor time watched by the grader";
    }
    if (sandbox->powers.memory) {
        return sandbox->powers.processes
                   ? "memory, processes and processor time enforced by the kernel (cgroup v2)"
                   : "memory and processor time enforced by the kernel (cgroup v2), processes watched by the grader";
    }
    return sandbox->powers.group
               ? "processor time counted by the kernel (cgroup v2), memory and processes watched by the grader"
               : "memory, processes and processor time watched by the grader (no cgroup v2 can be made here)";
}
