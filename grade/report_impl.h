/* What the files of the reports share. */
#ifndef ASSAY_GRADE_REPORT_IMPL_H
#define ASSAY_GRADE_REPORT_IMPL_H

#include "grade/report.h"

/* Whether the submission has nothing for a component. */
bool grade_part_missing(const grade_part *part);

/* The mistake of a case, where no earlier case of the part has the same; else NULL. */
const grade_mistake *grade_new_mistake(const grade_report *report, const grade_part *part, size_t index);

assay_status grade_write_json(const grade_report *report, FILE *stream, assay_error *error);
assay_status grade_write_gradescope(const grade_report *report, FILE *stream, assay_error *error);

#endif
