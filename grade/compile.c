#define _GNU_SOURCE
#include "grade/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grade/folder.h"

#define SOURCE_NAME "submission.c"

enum { OBJECT_LIMIT = 64 << 20 };

/*
 * Without warnings: the first message is then the first error. In English, and in ASCII. Without -fpermissive, gcc 14
 * (Debian 13) refuses sources that gcc 12 compiles, one without <math.h> for example; marks must not depend on that.
 */
/* clang-format off */
static const char *const compiler[] = {
    "env", "LC_ALL=C", "cc", "-std=gnu17", "-O2", "-shared", "-fPIC", "-w", "-fpermissive",
    "-fdiagnostics-color=never", "-I", GRADE_INCLUDE_INSIDE, "-o", "/tmp/" GRADE_OBJECT_NAME, SOURCE_NAME, "-lm", NULL,
};
/* clang-format on */

/* Copies a file of at most OBJECT_LIMIT bytes into one in memory; `*copied`: how many there were. */
static assay_status copy_bytes(int from, int to, size_t *copied, assay_error *error)
{
    char block[1 << 16];
    ssize_t got = 1;
    *copied = 0;
    while (got != 0 && *copied <= OBJECT_LIMIT) {
        got = read(from, block, sizeof block);
        bool interrupted = got < 0 && errno == EINTR;
        if (!interrupted && (got < 0 || write(to, block, (size_t)got) != got)) {
            return assay_fail(error, ASSAY_ERROR_IO, "the compiled submission cannot be copied: %s", strerror(errno));
        }
        *copied += got > 0 ? (size_t)got : 0;
    }
    return ASSAY_OK;
}

/*
 * Copies what the compiler wrote: the source may have made it a link, FIFO or anything else, and the process that wrote
 * it may still run. ASSAY_OK with -1 where it is not a shared object that we take.
 */
static assay_status copy_object(const char *folder, int *object, assay_error *error)
{
    char path[128];
    struct stat about;
    size_t copied = 0;
    *object = -1;
    snprintf(path, sizeof path, "%s/" GRADE_OBJECT_NAME, folder);
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0) {
        return assay_grade_is_our_fault(errno)
                   ? assay_fail(error, ASSAY_ERROR_IO, "the compiled submission cannot be opened: %s", strerror(errno))
                   : ASSAY_OK;
    }
    assay_status status = ASSAY_OK;
    if (fstat(from, &about) != 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "the compiled submission cannot be read: %s", strerror(errno));
    } else if (S_ISREG(about.st_mode)) {
        *object = memfd_create(GRADE_OBJECT_NAME, MFD_CLOEXEC);
        status = *object < 0 ? assay_fail(error, ASSAY_ERROR_IO, "no file in memory: %s", strerror(errno))
                             : copy_bytes(from, *object, &copied, error);
    }
    close(from);
    if (*object >= 0 && (status != ASSAY_OK || copied == 0 || copied > OBJECT_LIMIT)) {
        close(*object);
        *object = -1;
    }
    return status;
}

static assay_status compile_in(grade_child *child, double seconds, int *object, grade_verdict *verdict,
                               char detail[GRADE_TEXT_LENGTH], assay_error *error)
{
    int code;
    *verdict = assay_grade_child_wait(child, seconds, &code, detail);
    ASSAY_TRY(assay_grade_child_failure(child, error));
    if (*verdict == GRADE_PASS && code != 0) {
        *verdict = GRADE_NOT_COMPILED;
        if (detail[0] == '\0') {
            snprintf(detail, GRADE_TEXT_LENGTH, "the compiler ended with exit status %d", code);
        }
    } else if (*verdict == GRADE_PASS) {
        ASSAY_TRY(copy_object(assay_grade_child_scratch_folder(child), object, error));
        if (*object < 0) {
            *verdict = GRADE_NOT_COMPILED;
            snprintf(detail, GRADE_TEXT_LENGTH, "the compiler wrote no shared object, or one that is too large");
        }
    }
    return ASSAY_OK;
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
    assay_status status = compile_in(child, limits->start_seconds, object, verdict, detail, error);
    assay_grade_child_kill(child);
    return status;
}
