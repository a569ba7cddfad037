/* A submission, opened and looked at before it is started: what is wrong with it is its verdict. */
#ifndef ASSAY_GRADE_SUBMISSION_H
#define ASSAY_GRADE_SUBMISSION_H

#include "grade/child.h"

typedef struct {
    const char *file;                  /* of one of the forms in form.h; NULL: a command */
    const char *folder;                /* of a command, and of a file in a folder of this submission's own; else NULL */
    bool follow;                       /* the teacher named the folder: it may be a link */
    const volatile sig_atomic_t *stop; /* as in grade_program: ends a compilation at once */
    const char *map;                   /* a file with names of components for the runner of a language, or NULL */
} grade_origin;

typedef struct grade_submission grade_submission;

/*
 * Opens the submission, compiles a source, and chooses the runner of another language. `sandbox` may be NULL: then
 * nothing is looked at. The caller ends it with assay_grade_submission_close. ASSAY_ERROR_IO where the path does not
 * exist, ASSAY_ERROR_ARGUMENT for a source without a sandbox.
 */
assay_status assay_grade_submission_open(const grade_origin *origin, const grade_sandbox *sandbox,
                                         const grade_limits *limits, grade_submission **submission, assay_error *error);
void assay_grade_submission_close(grade_submission *submission);

/* GRADE_PASS, or why it cannot be started, with one line in `*detail` (the submission's own). */
grade_verdict assay_grade_submission_verdict(const grade_submission *submission, const char **detail);

/* Sets the fields of a program that say what it shows, loads and runs; it is valid as long as the submission is. */
void assay_grade_submission_describe(const grade_submission *submission, grade_program *program);

#endif
