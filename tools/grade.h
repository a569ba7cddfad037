/* The ways of grading that have files of their own. They know grade_run.h, not each other. */
#ifndef ASSAY_TOOLS_GRADE_H
#define ASSAY_TOOLS_GRADE_H

#include "grade_run.h"

/* --class: returns an exit status. */
int grade_class(const grade_options *options);

/* --record: returns an exit status. */
int grade_record(const grade_options *options);

#endif
