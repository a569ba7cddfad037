/* The grade book of a class: a CSV, one submission a line, that a second start goes on with. */
#ifndef ASSAY_TOOLS_GRADE_BOOK_H
#define ASSAY_TOOLS_GRADE_BOOK_H

#include "grade_run.h"

typedef struct grade_book grade_book;

/* A row of an earlier start, while it is read. */
typedef struct {
    const char *name;
    double earned;
    double possible;
    bool kept; /* set to false by who asks for the rows: it is to be graded again */
} grade_book_row;

/*
 * Opens the grade book and locks it, or makes a new one. `take` is told each row of an earlier start. Rows with cases
 * that were not run, rows of refused submissions, and rows under a suspicion that the rubric has cleared meanwhile,
 * are not told and are dropped, and so is a last line that was cut. The seed of earlier rows is taken where
 * options->has_seed is false. Refused, with the file as it was: one that --class did not write, a link, one that
 * another process writes to, rows of another seed or of other options. The caller ends it with _close.
 */
assay_status grade_book_open(const char *path, grade_options *options, void (*take)(void *context, grade_book_row *row),
                             void *context, grade_book **book, assay_error *error);

/* Appends a row, completely or not at all. */
assay_status grade_book_append(grade_book *book, const grade_target *submission, const grade_battery *battery,
                               grade_score score, assay_error *error);

/* NULL is allowed. */
void grade_book_close(grade_book *book);

#endif
