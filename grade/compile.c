#define _GNU_SOURCE
#include "grade/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_NAME "submission.c"

enum { OBJECT_LIMIT = 64 << 20 };

/* Without warnings: the first message is then the first error. In English, and in ASCII. */
/* clang-format off */
static const char *const compiler[] = {
    "env", "LC_ALL=C", "cc", "-std=gnu17", "-O2", "-shared", "-fPIC", "-w", "-fdiagnostics-color=never", "-I",
    GRADE_INCLUDE_INSIDE, "-o", "/tmp/" GRADE_OBJECT_NAME, SOURCE_NAME, "-lm", NULL,
};
/* clang-format on */

/*
 * Copies what the compiler wrote: the source may have made it link, FIFO or anything else, and what wrote it may live.
 */
static int copy_object(const char *folder)
{
    char path[128];
    char block[1 << 16];
    struct stat about;
    snprintf(path, sizeof path, "%s/" GRADE_OBJECT_NAME, folder);
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool whole = from >= 0 && fstat(from, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= OBJECT_LIMIT;
    int to = whole ? memfd_create(GRADE_OBJECT_NAME, MFD_CLOEXEC) : -1;
    ssize_t got = 0;
    for (size_t copied = 0; to >= 0 && copied <= OBJECT_LIMIT && (got = read(from, block, sizeof block)) > 0;) {
        copied += (size_t)got;
        whole = whole && write(to, block, (size_t)got) == got;
    }
    if (from >= 0) {
        close(from);
    }
    if (to >= 0 && (got != 0 || !whole)) {
        close(to);
        return -1;
    }
    return to;
}

static grade_verdict compile_in(grade_child *child, double seconds, int *object, char detail[GRADE_TEXT_LENGTH])
{
    int code;
    grade_verdict verdict = assay_grade_child_wait(child, seconds, &code, detail);
    if (verdict != GRADE_PASS) {
        return verdict;
    }
    if (code != 0) {
        if (detail[0] == '\0') {
            snprintf(detail, GRADE_TEXT_LENGTH, "the compiler ended with exit status %d", code);
        }
        return GRADE_NOT_COMPILED;
    }
    *object = copy_object(assay_grade_child_scratch_folder(child));
    if (*object < 0) {
        snprintf(detail, GRADE_TEXT_LENGTH, "the compiler wrote no shared object, or one of more than %d MiB",
                 OBJECT_LIMIT >> 20);
        return GRADE_NOT_COMPILED;
    }
    return GRADE_PASS;
}

assay_status assay_grade_compile(const grade_sandbox *sandbox, const grade_limits *limits,
                                 const volatile sig_atomic_t *stop, int source, int *object, grade_verdict *verdict,
                                 char detail[GRADE_TEXT_LENGTH], assay_error *error)
{
    const grade_program program = {.command = compiler,
                                   .source = source,
                                   .source_name = SOURCE_NAME,
                                   .shows_header = true,
                                   .runner = sandbox->runner,
                                   .sandbox = sandbox,
                                   .limits = *limits,
                                   .stop = stop};
    grade_child *child;
    *object = -1;
    if (access("/usr/bin/cc", X_OK) != 0 && access("/usr/local/bin/cc", X_OK) != 0) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "no C compiler is in the sandbox to compile a source; on Debian: apt-get install gcc "
                          "libc6-dev");
    }
    ASSAY_TRY(assay_grade_child_start(&program, &child, error));
    *verdict = compile_in(child, limits->start_seconds, object, detail);
    assay_status status = assay_grade_child_failure(child, error);
    assay_grade_child_kill(child);
    if (status != ASSAY_OK && *object >= 0) {
        close(*object);
        *object = -1;
    }
    return status;
}
