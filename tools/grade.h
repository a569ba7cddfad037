/* The ways of grading that have files of their own. They know grade_run.h, not each other. */
#ifndef ASSAY_TOOLS_GRADE_H
#define ASSAY_TOOLS_GRADE_H

#include <limits.h>

#include "grade_run.h"

/* --class: returns an exit status. */
int grade_class(const grade_options *options);

/* The name of a submission's own file: as long as it may be, and another one for each submission. */
void grade_report_name(const char *name, const char *ending, char file[NAME_MAX + 1]);

/* --record: returns an exit status. */
int grade_record(const grade_options *options);

#endif
