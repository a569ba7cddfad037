/* A submission, opened and looked at before it is started: what is wrong with it is its verdict. */
#ifndef ASSAY_GRADE_SUBMISSION_H
#define ASSAY_GRADE_SUBMISSION_H

#include "grade/child.h"

/* The kind of a submission's file. Its name decides, and only this function knows how. */
typedef enum {
    GRADE_NO_SUBMISSION,
    GRADE_SHARED_OBJECT, /* NAME.so: loaded */
    GRADE_C_SOURCE       /* NAME.c: compiled in the sandbox, then loaded */
} grade_file_kind;
grade_file_kind assay_grade_submission_kind(const char *name);

typedef struct {
    const char *file;                  /* of a kind above; NULL: a command */
    const char *folder;                /* of a command, and of a file in a folder of this submission's own; else NULL */
    bool follow;                       /* the teacher named the folder: it may be a link */
    const volatile sig_atomic_t *stop; /* as in grade_program: ends a compilation at once */
} grade_origin;

typedef struct grade_submission grade_submission;

/*
 * Opens the submission, and compiles a source. `sandbox` may be NULL: then nothing is looked at. The caller ends it
 * with assay_grade_submission_close. ASSAY_ERROR_IO where the path does not exist, ASSAY_ERROR_ARGUMENT for a source
 * without a sandbox.
 */
assay_status assay_grade_submission_open(const grade_origin *origin, const grade_sandbox *sandbox,
                                         const grade_limits *limits, grade_submission **submission, assay_error *error);
void assay_grade_submission_close(grade_submission *submission);

/* GRADE_PASS, or why it cannot be started, with one line in `*detail` (the submission's own). */
grade_verdict assay_grade_submission_verdict(const grade_submission *submission, const char **detail);

/* Sets the fields of a program that say what it shows and loads. */
void assay_grade_submission_describe(const grade_submission *submission, grade_program *program);

#endif
