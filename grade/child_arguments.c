#define _GNU_SOURCE
#include "grade/child_arguments.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

#define RUNNER_NAME "assay-grade-runner"
#define RUNNER_INSIDE "/run/" RUNNER_NAME
#define FOLDER_INSIDE "/submission"

/* Each submission has a user id of its own when root grades: the kernel counts processes by user. */
enum { FIRST_USER = 0x70000000, SCRATCH_BYTES = 64 << 20, FILE_BYTES = 64 << 20 };

static void add(grade_arguments *arguments, const char *argument)
{
    if (arguments->count < GRADE_MAX_ARGUMENTS) {
        arguments->list[arguments->count] = argument;
    }
    arguments->count++;
}

static void add_all(grade_arguments *arguments, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        add(arguments, *list);
    }
}

/* Keeps a text that was made here until the arguments are cleared; NULL: there was no memory for it. */
static assay_status own(grade_arguments *arguments, char *text, assay_error *error)
{
    if (text == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (arguments->owned_count == GRADE_MAX_ARGUMENTS) {
        assay_free(text);
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the folders of --bind and those above them are more than %d",
                          GRADE_MAX_ARGUMENTS);
    }
    arguments->owned[arguments->owned_count++] = text;
    return ASSAY_OK;
}

/* A number as an argument of its own. */
static assay_status add_number(grade_arguments *arguments, const char *option, size_t number, assay_error *error)
{
    char *text = assay_asprintf(error, "%zu", number);
    ASSAY_TRY(own(arguments, text, error));
    add(arguments, option);
    add(arguments, text);
    return ASSAY_OK;
}

/* A user id that no other submission has at this moment. */
static size_t fresh_user(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return FIRST_USER + ((size_t)now.tv_nsec / 8 + (size_t)now.tv_sec * 7919 + (size_t)gettid() * 104729) % 0x0fffffff;
}

static assay_status add_runner(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    const grade_limits *limits = &program->limits;
    add(arguments, program->sandboxed ? RUNNER_INSIDE : program->runner);
    if (program->sandboxed && geteuid() == 0) {
        ASSAY_TRY(add_number(arguments, "--user", fresh_user(), error));
    }
    ASSAY_TRY(add_number(arguments, "--cpu-seconds",
                         (size_t)(limits->start_seconds + limits->total_seconds) + 1, error));
    /* Twice the limit on what is resident: a bomb meets the grader's watch first, and its name in the report. */
    ASSAY_TRY(add_number(arguments, "--data-bytes", 2 * limits->memory_bytes, error));
    ASSAY_TRY(add_number(arguments, "--file-bytes", FILE_BYTES, error));
    if (program->sandboxed) {
        ASSAY_TRY(add_number(arguments, "--processes", limits->processes + 8, error));
    }
    if (program->shared_object == NULL) {
        add(arguments, "--");
        add_all(arguments, program->command);
        return ASSAY_OK;
    }
    add(arguments, "--load");
    if (!program->sandboxed) {
        add(arguments, program->shared_object);
        return ASSAY_OK;
    }
    const char *slash = strrchr(program->shared_object, '/');
    char *inside = assay_asprintf(error, FOLDER_INSIDE "/%s", slash == NULL ? program->shared_object : slash + 1);
    ASSAY_TRY(own(arguments, inside, error));
    add(arguments, inside);
    return ASSAY_OK;
}

/* The shared library that this code is in, where the sandbox would show it; the caller frees it with free. */
static char *own_library(void)
{
    Dl_info about;
    char *path = NULL;
    if (dladdr((const void *)(size_t)&assay_grade_arguments, &about) != 0 && about.dli_fname != NULL &&
        strstr(about.dli_fname, "libassay") != NULL) {
        path = realpath(about.dli_fname, NULL);
    }
    if (path != NULL && strncmp(path, "/usr/", 5) != 0) {
        free(path);
        path = NULL;
    }
    return path;
}

/* A folder in memory that anybody may write to, of limited size. */
static assay_status add_scratch(grade_arguments *arguments, const char *path, assay_error *error)
{
    ASSAY_TRY(add_number(arguments, "--size", SCRATCH_BYTES, error));
    add_all(arguments, (const char *const[]){"--perms", "1777", "--tmpfs", path, NULL});
    return ASSAY_OK;
}

/* Shows a folder. Its parents are made first: bubblewrap would make them for their owner alone. */
static assay_status add_bind(grade_arguments *arguments, const char *path, assay_error *error)
{
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "--bind %s: %s", path, strerror(errno));
    }
    assay_status status = ASSAY_OK;
    for (const char *slash = strchr(whole + 1, '/'); slash != NULL && status == ASSAY_OK; slash = strchr(slash + 1, '/')) {
        char *parent = assay_asprintf(error, "%.*s", (int)(slash - whole), whole);
        add_all(arguments, (const char *const[]){"--perms", "0755", "--dir", parent, NULL});
        status = own(arguments, parent, error);
    }
    char *kept = status == ASSAY_OK ? assay_strdup(whole, error) : NULL;
    free(whole);
    ASSAY_TRY(status);
    ASSAY_TRY(own(arguments, kept, error));
    add_all(arguments, (const char *const[]){"--ro-bind", kept, kept, NULL});
    return ASSAY_OK;
}

static assay_status add_bubblewrap(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    static const char *const always[] = {
        "bwrap", "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net",
        "--unshare-uts", "--unshare-cgroup-try", "--clearenv",
        "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
        /* One thread each: a class is graded in parallel, and sums must not depend on the number of processors. */
        "--setenv", "OMP_NUM_THREADS", "1", "--setenv", "OPENBLAS_NUM_THREADS", "1",
        "--setenv", "PYTHONDONTWRITEBYTECODE", "1",
        "--ro-bind", "/usr", "/usr", "--ro-bind-try", "/bin", "/bin", "--ro-bind-try", "/lib", "/lib",
        "--ro-bind-try", "/lib64", "/lib64", "--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/run",
        "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--proc", "/proc", "--dev", "/dev", NULL,
    };
    /* Root needs no user namespace; it keeps the right to become the submission's user, and loses it by doing so. */
    static const char *const root[] = {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", NULL};
    static const char *const user[] = {"--unshare-user", NULL};
    add_all(arguments, always);
    add_all(arguments, geteuid() == 0 ? root : user);
    ASSAY_TRY(add_scratch(arguments, "/tmp", error));
    ASSAY_TRY(add_scratch(arguments, "/dev/shm", error));
    char *library = own_library();
    if (library != NULL) {
        char *kept = assay_strdup(library, error);
        free(library);
        ASSAY_TRY(own(arguments, kept, error));
        add_all(arguments, (const char *const[]){"--ro-bind", "/dev/null", kept, NULL});
    }
    for (const char *const *bind = program->binds; bind != NULL && *bind != NULL; bind++) {
        ASSAY_TRY(add_bind(arguments, *bind, error));
    }
    add_all(arguments, (const char *const[]){"--ro-bind", program->runner, RUNNER_INSIDE, NULL});
    add_all(arguments, (const char *const[]){"--ro-bind", program->folder, FOLDER_INSIDE, NULL});
    if (program->inputs != NULL) {
        add_all(arguments, (const char *const[]){"--ro-bind", program->inputs, GRADE_INPUTS_INSIDE, NULL});
    }
    if (program->exchange != NULL) {
        add_all(arguments, (const char *const[]){"--bind", program->exchange, GRADE_EXCHANGE_INSIDE, NULL});
    }
    /* The mount points themselves lie in memory, and belong to the submission where it has a user namespace. */
    add_all(arguments, (const char *const[]){"--remount-ro", "/dev", "--remount-ro", "/", NULL});
    add_all(arguments, (const char *const[]){"--chdir", FOLDER_INSIDE, "--", NULL});
    return ASSAY_OK;
}

/* When root grades, the submission's user is another one, and has only the rights of "others". */
static assay_status check_readable(const grade_program *program, assay_error *error)
{
    struct stat about;
    const char *paths[] = {program->folder, program->shared_object};
    const mode_t needed[] = {S_IROTH | S_IXOTH, S_IROTH};
    for (size_t i = 0; i < 2 && program->sandboxed && geteuid() == 0; i++) {
        if (paths[i] != NULL && stat(paths[i], &about) == 0 && (about.st_mode & needed[i]) != needed[i]) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                              "%s: only its owner may read it, but root runs submissions as another user; chmod -R a+rX",
                              paths[i]);
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_arguments(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    memset(arguments, 0, sizeof *arguments);
    ASSAY_TRY(check_readable(program, error));
    assay_status status = program->sandboxed ? add_bubblewrap(program, arguments, error) : ASSAY_OK;
    if (status == ASSAY_OK) {
        status = add_runner(program, arguments, error);
    }
    if (status == ASSAY_OK && arguments->count > GRADE_MAX_ARGUMENTS) {
        status = assay_fail(error, ASSAY_ERROR_ARGUMENT,
                            "the command line has %zu words, more than %d; put it into a script",
                            arguments->count, GRADE_MAX_ARGUMENTS);
    }
    if (status != ASSAY_OK) {
        assay_grade_arguments_clear(arguments);
    }
    return status;
}

void assay_grade_arguments_clear(grade_arguments *arguments)
{
    for (size_t i = 0; i < arguments->owned_count; i++) {
        assay_free(arguments->owned[i]);
    }
    memset(arguments, 0, sizeof *arguments);
}

/* --- what must be there ------------------------------------------------------------------------------------------- */

/* The runner beside the running program: libtool puts programs that are not installed into .libs/. */
static char *beside_program(const char *below, assay_error *error)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0) {
        return NULL;
    }
    own[length] = '\0';
    char *slash = strrchr(own, '/');
    *slash = '\0';
    return assay_asprintf(error, "%s/%s" RUNNER_NAME, own, below);
}

assay_status assay_grade_runner_find(char **path, assay_error *error)
{
    const char *given = getenv("ASSAY_GRADE_RUNNER");
    assay_error memory = {.status = ASSAY_OK};
    char *candidates[] = {
        given == NULL ? NULL : assay_strdup(given, &memory),
        given != NULL ? NULL : beside_program("", &memory),
        given != NULL ? NULL : beside_program("../", &memory),
        given != NULL ? NULL : beside_program("../libexec/assay/", &memory),
        given != NULL ? NULL : assay_strdup(ASSAY_PKGLIBEXECDIR "/" RUNNER_NAME, &memory),
    };
    *path = NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (*path == NULL && candidates[i] != NULL && access(candidates[i], X_OK) == 0) {
            *path = candidates[i];
        } else {
            assay_free(candidates[i]);
        }
    }
    if (*path == NULL && memory.status != ASSAY_OK) {
        return assay_fail(error, memory.status, "%s", memory.message);
    }
    if (*path == NULL) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "%s is not there; run `make install`, or name it in ASSAY_GRADE_RUNNER",
                          given == NULL ? ASSAY_PKGLIBEXECDIR "/" RUNNER_NAME : given);
    }
    return ASSAY_OK;
}

assay_status assay_grade_sandbox_check(assay_error *error)
{
    FILE *trial = popen("bwrap --unshare-pid --unshare-net --ro-bind / / --dev /dev --proc /proc true 2>&1", "re");
    char answer[200] = "";
    if (trial == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "cannot start a shell: %s", strerror(errno));
    }
    if (fgets(answer, sizeof answer, trial) == NULL) {
        answer[0] = '\0';
    }
    answer[strcspn(answer, "\n")] = '\0';
    int status = pclose(trial);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return ASSAY_OK;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "submissions run under bubblewrap, and bwrap is not there; on Debian: apt-get install bubblewrap "
                          "(or --unsandboxed, for submissions that you trust)");
    }
    return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                      "bubblewrap cannot make a sandbox here: %s; allow user namespaces, or grade as root (or "
                      "--unsandboxed, for submissions that you trust)", answer);
}
