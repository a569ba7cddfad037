/* assay grade --class DIR --report OUT: what a class understood, as pages and as a CSV for the registrar. */
#ifndef ASSAY_TOOLS_CLASS_REPORT_H
#define ASSAY_TOOLS_CLASS_REPORT_H

#include "grade_run.h"

typedef struct class_report class_report;

/* Makes OUT, OUT/students and OUT/private, which only the user may enter, unless they are there. End it with _close. */
assay_status class_report_open(const char *path, class_report **report, assay_error *error);

/* Whether an earlier start kept the results of this submission: for this seed, and with these points. */
bool class_report_has(const class_report *report, const char *name, uint64_t seed, double earned);

/* Keeps the results of a submission in OUT/private. May be called by several threads at a time. */
assay_status class_report_keep(const class_report *report, const grade_options *options, const grade_target *submission,
                               const grade_battery *battery, grade_score score, assay_error *error);

/*
 * Writes OUT/index.html, OUT/students/ID.html and OUT/private/registrar.csv of the named submissions. Nothing on
 * index.html says who a student is: the ids of the pages are random.
 */
assay_status class_report_write(const class_report *report, const grade_options *options, const char *const *names,
                                size_t count, assay_error *error);

/* NULL is allowed. */
void class_report_close(class_report *report);

#endif
