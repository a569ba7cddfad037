#define _GNU_SOURCE
#include "grade/submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/compile.h"
#include "grade/tree.h"

struct grade_submission {
    int source; /* -1: not open */
    bool is_file;
    char object[32];    /* the path by which the grader reads the open file */
    char *whole;        /* without a sandbox: the shared object's absolute path */
    const char *folder; /* without a sandbox */
    grade_verdict verdict;
    char detail[GRADE_TEXT_LENGTH];
};

grade_file_kind assay_grade_submission_kind(const char *name)
{
    static const struct {
        const char *ending;
        grade_file_kind kind;
    } kinds[] = {{".so", GRADE_SHARED_OBJECT}, {".c", GRADE_C_SOURCE}};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t end = strlen(kinds[i].ending);
        if (length > end && strcmp(name + length - end, kinds[i].ending) == 0) {
            return kinds[i].kind;
        }
    }
    return GRADE_NO_SUBMISSION;
}

static assay_status open_trusted(const grade_origin *origin, grade_submission *opened, assay_error *error)
{
    opened->folder = origin->folder;
    if (origin->file == NULL) {
        return ASSAY_OK;
    }
    if (assay_grade_submission_kind(origin->file) == GRADE_C_SOURCE) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: a source is compiled in the sandbox; without it, give a .so", origin->file);
    }
    char *whole = realpath(origin->file, NULL);
    if (whole == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: not there, or not readable", origin->file);
    }
    opened->whole = assay_strdup(whole, error);
    free(whole);
    return opened->whole == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

static assay_status open_sandboxed(const grade_origin *origin, const grade_sandbox *sandbox, const grade_limits *limits,
                                   grade_submission *opened, assay_error *error)
{
    int *source = &opened->source;
    assay_status status = origin->file == NULL
                              ? assay_grade_tree_open(origin->folder, origin->follow, source, opened->detail, error)
                              : assay_grade_tree_open_file(origin->folder, origin->file, source, opened->detail, error);
    ASSAY_TRY(status);
    opened->is_file = origin->file != NULL;
    if (opened->source < 0) {
        opened->verdict = GRADE_UNUSABLE;
    } else if (opened->is_file && assay_grade_submission_kind(origin->file) == GRADE_C_SOURCE) {
        int object;
        status = assay_grade_compile(sandbox, limits, origin->stop, opened->source, &object, &opened->verdict,
                                     opened->detail, error);
        close(opened->source);
        opened->source = object;
    }
    snprintf(opened->object, sizeof opened->object, "/proc/self/fd/%d", opened->source);
    return status;
}

assay_status assay_grade_submission_open(const grade_origin *origin, const grade_sandbox *sandbox,
                                         const grade_limits *limits, grade_submission **submission, assay_error *error)
{
    *submission = NULL;
    grade_submission *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->source = -1;
    made->verdict = GRADE_PASS;
    assay_status status = sandbox == NULL ? open_trusted(origin, made, error)
                                          : open_sandboxed(origin, sandbox, limits, made, error);
    if (status != ASSAY_OK) {
        assay_grade_submission_close(made);
        return status;
    }
    *submission = made;
    return ASSAY_OK;
}

void assay_grade_submission_close(grade_submission *submission)
{
    if (submission != NULL) {
        if (submission->source >= 0) {
            close(submission->source);
        }
        assay_free(submission->whole);
        assay_free(submission);
    }
}

grade_verdict assay_grade_submission_verdict(const grade_submission *submission, const char **detail)
{
    *detail = submission->detail;
    return submission->verdict;
}

void assay_grade_submission_describe(const grade_submission *submission, grade_program *program)
{
    program->source = submission->source;
    program->source_name = submission->is_file ? GRADE_OBJECT_NAME : NULL;
    program->shared_object = submission->is_file ? submission->object : submission->whole;
    program->folder = submission->folder;
}
