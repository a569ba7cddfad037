/*
 * The diagnosis: finds the smallest setting of a component's switches that gives a submission's answers.
 *
 * Conventions are cheapest, then one mistake, then two, each also within another convention. Among settings of the
 * smallest kind those that give the same answers are ties. The reference itself is no setting that is found.
 */
#ifndef ASSAY_GRADE_DIAGNOSE_H
#define ASSAY_GRADE_DIAGNOSE_H

#include "grade/judge.h"
#include "grade/search.h"

/* What is to be explained: the answers of one component's cases. */
typedef struct {
    const grade_component *component;
    size_t count;
    grade_case *const *cases;
    const grade_answer *answers;
    const bool *wanted; /* [count]: the cases to be explained */
    grade_precision precision;
} grade_evidence;

typedef struct {
    bool found;
    bool exact; /* within the tolerance of the declared precision; else only within float32's */
    grade_choice choice;
    double worst; /* distance of the worst case, in units of that tolerance */
    size_t tie_count;
    grade_choice ties[GRADE_MAX_TIES];
} grade_diagnosis;

/* Searches for levels to add to `base`. ASSAY_ERROR_MEMORY. */
assay_status assay_grade_diagnose(const grade_evidence *evidence, const grade_choice *base, grade_diagnosis *diagnosis,
                                  assay_error *error);

#endif
