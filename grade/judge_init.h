/* The judge of initializers: distributions in place of values (distribution.h). */
#ifndef ASSAY_GRADE_JUDGE_INIT_H
#define ASSAY_GRADE_JUDGE_INIT_H

#include "grade/judge.h"

assay_status assay_grade_judge_initializer(const grade_component *component, size_t count, grade_case *const *cases,
                                           const grade_answer *answers, grade_result *results, assay_error *error);

#endif
