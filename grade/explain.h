/*
 * Names what is wrong with a component's answers: what follows from its parts, the smallest setting of its switches,
 * ordinary and extreme inputs apart where nothing explains both, short decimals and single precision.
 */
#ifndef ASSAY_GRADE_EXPLAIN_H
#define ASSAY_GRADE_EXPLAIN_H

#include "grade/judge.h"

/* Sets the names of results with verdict GRADE_WRONG and no name. `found` is as in assay_grade_judge. */
assay_status assay_grade_explain(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                 assay_error *error);

/* Whether a result is wrong and has no name: of its own, or of a part. */
bool assay_grade_is_unexplained(const grade_result *result);
bool assay_grade_any_unexplained(size_t count, const grade_result *results);

#endif
