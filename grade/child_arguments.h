/* The command lines that start a submission: the runner's, and bubblewrap's around it. */
#ifndef ASSAY_GRADE_CHILD_ARGUMENTS_H
#define ASSAY_GRADE_CHILD_ARGUMENTS_H

#include "grade/child.h"

enum { GRADE_MAX_ARGUMENTS = 1024 };

typedef struct {
    size_t count; /* of all that were wanted; more than GRADE_MAX_ARGUMENTS is an error */
    const char *list[GRADE_MAX_ARGUMENTS + 1]; /* NULL-terminated */
    char *owned[GRADE_MAX_ARGUMENTS];          /* those that were formatted here */
    size_t owned_count;
} grade_arguments;

/* ASSAY_ERROR_ARGUMENT where they are too many, or the submission cannot be read. End it with _clear. */
assay_status assay_grade_arguments(const grade_program *program, grade_arguments *arguments, assay_error *error);
void assay_grade_arguments_clear(grade_arguments *arguments);

#endif
