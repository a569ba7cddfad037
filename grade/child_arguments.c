#define _GNU_SOURCE
#include "grade/child_arguments.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

#define RUNNER_NAME "assay-grade-runner"
#define RUNNER_INSIDE "/run/" RUNNER_NAME

/* Each submission has a user id of its own when root grades: the kernel counts processes by user. */
enum { FIRST_USER = 0x70000000, SCRATCH_BYTES = 256 << 20, DESCRIPTORS = 256 };

static void add(grade_words *words, const char *word)
{
    if (words->count < GRADE_MAX_ARGUMENTS) {
        words->list[words->count] = word;
    }
    words->count++;
}

static void add_all(grade_words *words, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        add(words, *list);
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

/* A number as a word of the command. */
static assay_status add_number(grade_arguments *arguments, const char *option, size_t number, assay_error *error)
{
    char *text = assay_asprintf(error, "%zu", number);
    ASSAY_TRY(own(arguments, text, error));
    add(&arguments->command, option);
    add(&arguments->command, text);
    return ASSAY_OK;
}

size_t assay_grade_scratch_bytes(const grade_limits *limits)
{
    return limits->memory_bytes / 2 < SCRATCH_BYTES ? limits->memory_bytes / 2 : SCRATCH_BYTES;
}

/* --- the runner --------------------------------------------------------------------------------------------------- */

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
    bool sandboxed = program->sandbox != NULL;
    add(&arguments->command, sandboxed ? RUNNER_INSIDE : program->runner);
    if (sandboxed && geteuid() == 0) {
        ASSAY_TRY(add_number(arguments, "--user", fresh_user(), error));
    }
    ASSAY_TRY(
        add_number(arguments, "--cpu-seconds", (size_t)(limits->start_seconds + limits->total_seconds) + 1, error));
    /* Twice the limit on what is resident: a bomb meets the grader's watch first, and its name in the report. */
    ASSAY_TRY(add_number(arguments, "--data-bytes", 2 * limits->memory_bytes, error));
    ASSAY_TRY(add_number(arguments, "--file-bytes", GRADE_FILE_BYTES, error));
    ASSAY_TRY(add_number(arguments, "--descriptors", DESCRIPTORS, error));
    if (sandboxed) {
        ASSAY_TRY(add_number(arguments, "--processes", limits->processes + 8, error));
    }
    if (program->shared_object == NULL) {
        add(&arguments->command, "--");
        add_all(&arguments->command, program->command);
    } else {
        add(&arguments->command, "--load");
        add(&arguments->command, sandboxed ? GRADE_OBJECT_INSIDE : program->shared_object);
    }
    return ASSAY_OK;
}

/* --- bubblewrap's options ----------------------------------------------------------------------------------------- */

/* Parents of a mount point are made first: bubblewrap would make them readable by their owner only. */
static assay_status add_parents(grade_arguments *arguments, const char *path, assay_error *error)
{
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        char *parent = assay_asprintf(error, "%.*s", (int)(slash - path), path);
        ASSAY_TRY(own(arguments, parent, error));
        add_all(&arguments->options, (const char *const[]){"--perms", "0755", "--dir", parent, NULL});
    }
    return ASSAY_OK;
}

static assay_status add_bind(grade_arguments *arguments, const char *path, assay_error *error)
{
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "--bind %s: %s", path, strerror(errno));
    }
    char *kept = assay_strdup(whole, error);
    free(whole);
    ASSAY_TRY(own(arguments, kept, error));
    ASSAY_TRY(add_parents(arguments, kept, error));
    add_all(&arguments->options, (const char *const[]){"--ro-bind", kept, kept, NULL});
    return ASSAY_OK;
}

/* Shows something of the stage, stage.c. */
static assay_status add_staged(const grade_program *program, grade_arguments *arguments, const char *how,
                               const char *name, const char *inside, assay_error *error)
{
    char *from = assay_asprintf(error, "%s/%s", program->sandbox->stage, name);
    ASSAY_TRY(own(arguments, from, error));
    add_all(&arguments->options, (const char *const[]){how, from, inside, NULL});
    return ASSAY_OK;
}

static assay_status add_hidden(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    const grade_hidden *hidden = &program->sandbox->hidden;
    for (size_t i = 0; i < hidden->count; i++) {
        ASSAY_TRY(add_staged(program, arguments, "--ro-bind", hidden->is_folder[i] ? "hidden" : "nothing",
                             hidden->paths[i], error));
    }
    return ASSAY_OK;
}

static assay_status add_mounts(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    /* clang-format off */
    static const char *const system[] = {
        "--ro-bind", "/usr", "/usr", "--ro-bind-try", "/bin", "/bin", "--ro-bind-try", "/lib", "/lib",
        "--ro-bind-try", "/lib64", "/lib64", "--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/run",
        "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--proc", "/proc", "--dev", "/dev",
        /* Memory of shared maps of /dev/zero is charged to no process. /dev/full gives zeros too, and has no maps. */
        "--dev-bind", "/dev/full", "/dev/zero", NULL,
    };
    /* clang-format on */
    add_all(&arguments->options, system);
    for (const char *const *bind = program->sandbox->binds; bind != NULL && *bind != NULL; bind++) {
        ASSAY_TRY(add_bind(arguments, *bind, error));
    }
    ASSAY_TRY(add_hidden(program, arguments, error));
    ASSAY_TRY(add_staged(program, arguments, "--bind", "scratch/tmp", "/tmp", error));
    ASSAY_TRY(add_staged(program, arguments, "--bind", "scratch/shm", "/dev/shm", error));
    /* Terminals have buffers that nobody counts. */
    ASSAY_TRY(add_staged(program, arguments, "--ro-bind", "hidden", "/dev/pts", error));
    if (program->inputs != NULL) {
        ASSAY_TRY(add_staged(program, arguments, "--ro-bind", "scratch/inputs", GRADE_INPUTS_INSIDE, error));
    }
    if (program->exchange != NULL) {
        ASSAY_TRY(add_staged(program, arguments, "--bind", "scratch/exchange", GRADE_EXCHANGE_INSIDE, error));
    }
    ASSAY_TRY(add_staged(program, arguments, "--ro-bind", "runner", RUNNER_INSIDE, error));
    ASSAY_TRY(add_staged(program, arguments, "--ro-bind", "submission", GRADE_FOLDER_INSIDE, error));
    if (program->shows_header) {
        ASSAY_TRY(add_parents(arguments, GRADE_INCLUDE_INSIDE "/assay/student.h", error));
        add_all(&arguments->options,
                (const char *const[]){"--perms", "0444", "--file", "7", GRADE_INCLUDE_INSIDE "/assay/student.h", NULL});
    }
    for (size_t i = 0; i < program->shown_count; i++) {
        char *number = assay_asprintf(error, "%zu", GRADE_SHOWN + i);
        ASSAY_TRY(own(arguments, number, error));
        ASSAY_TRY(add_parents(arguments, program->shown[i].inside, error));
        add_all(&arguments->options,
                (const char *const[]){"--perms", "0444", "--file", number, program->shown[i].inside, NULL});
    }
    /* The mount points themselves lie in memory, and belong to the submission where it has a user namespace. */
    add_all(&arguments->options, (const char *const[]){"--remount-ro", "/dev", "--remount-ro", "/", NULL});
    return ASSAY_OK;
}

static assay_status add_options(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    /* clang-format off */
    static const char *const always[] = {
        "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--unshare-cgroup-try", "--hostname", "sandbox", "--seccomp", "5", NULL,
    };
    /* clang-format on */
    /* Root needs no user namespace; it keeps the right to become the submission's user, and loses it by doing so. */
    static const char *const root[] = {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", NULL};
    static const char *const user[] = {"--unshare-user", NULL};
    add_all(&arguments->options, always);
    add_all(&arguments->options, geteuid() == 0 ? root : user);
    if (geteuid() != 0 && program->sandbox->disables_userns) {
        add(&arguments->options, "--disable-userns");
    }
    ASSAY_TRY(add_mounts(program, arguments, error));
    add_all(&arguments->options, (const char *const[]){"--chdir", GRADE_FOLDER_INSIDE, NULL});
    return ASSAY_OK;
}

/* The stage's words, and bubblewrap's command line: nothing in it is the teacher's. */
static assay_status add_stage(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    char *source = program->source < 0            ? assay_strdup("none", error)
                   : program->source_name == NULL ? assay_strdup("folder", error)
                                                  : assay_asprintf(error, "file:%s", program->source_name);
    ASSAY_TRY(own(arguments, source, error));
    char *scratch = assay_asprintf(error, "%zu", assay_grade_scratch_bytes(&program->limits));
    ASSAY_TRY(own(arguments, scratch, error));
    add_all(&arguments->command,
            (const char *const[]){program->runner, "--stage", program->sandbox->stage, scratch, source,
                                  program->sandbox->bubblewrap, "--args", "4", "--", NULL});
    return ASSAY_OK;
}

assay_status assay_grade_arguments(const grade_program *program, grade_arguments *arguments, assay_error *error)
{
    memset(arguments, 0, sizeof *arguments);
    assay_status status = ASSAY_OK;
    if (program->sandbox != NULL) {
        status = add_options(program, arguments, error);
        status = status == ASSAY_OK ? add_stage(program, arguments, error) : status;
    }
    if (status == ASSAY_OK) {
        status = add_runner(program, arguments, error);
    }
    if (status == ASSAY_OK && arguments->command.count > GRADE_MAX_ARGUMENTS) {
        status = assay_fail(error, ASSAY_ERROR_ARGUMENT,
                            "the command line has %zu words, more than %d; put it into a script",
                            arguments->command.count, GRADE_MAX_ARGUMENTS);
    }
    if (status == ASSAY_OK && arguments->options.count > GRADE_MAX_ARGUMENTS) {
        status = assay_fail(error, ASSAY_ERROR_ARGUMENT, "too many folders with --bind, or too many files to hide");
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

assay_status assay_grade_runner_find(char **path, assay_error *error)
{
    const char *given = getenv("ASSAY_GRADE_RUNNER");
    assay_error memory = {.status = ASSAY_OK};
    char *candidates[] = {
        given == NULL ? NULL : assay_strdup(given, &memory),
        given != NULL ? NULL : assay_file_beside_program(RUNNER_NAME, &memory),
        given != NULL ? NULL : assay_file_beside_program("../" RUNNER_NAME, &memory), /* libtool's .libs/ */
        given != NULL ? NULL : assay_file_beside_program("../libexec/assay/" RUNNER_NAME, &memory),
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
