/* What the files of the reports share. */
#ifndef ASSAY_GRADE_REPORT_IMPL_H
#define ASSAY_GRADE_REPORT_IMPL_H

#include "grade/report.h"

/* Whether the submission has nothing for a component. */
bool grade_part_missing(const grade_part *part);

/* Whether a case has an explanation that no earlier case of the part has. */
bool grade_new_explanation(const grade_part *part, size_t index);

/* "a.b + a.c or a.d": the ids of a result's explanation and of its ties, or of what it follows from; "" for none. */
void grade_explanation_ids(const grade_result *result, char *text, size_t size);

/* " (here: 1e-12)" if `id` is the mistake whose number the submission fixed, else "". */
void grade_solved_number(const grade_result *result, const char *id, char *text, size_t size);

assay_status grade_write_json(const grade_report *report, FILE *stream, assay_error *error);
assay_status grade_write_gradescope(const grade_report *report, FILE *stream, assay_error *error);

#endif
