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

/* How far the search goes. */
typedef enum { GRADE_SEARCH_SINGLES, GRADE_SEARCH_PAIRS } grade_reach;

typedef struct {
    bool found;
    bool exact; /* within the tolerance of the declared precision; else only within float32's */
    grade_choice choice;
    double worst; /* distance of the worst case, in units of that tolerance */
    size_t tie_count;
    grade_choice ties[GRADE_MAX_TIES];
} grade_diagnosis;

/*
 * Searches for levels to add to `base`, so that they explain the cases with wanted[case] (NULL: all). Answers that are
 * not there are left out. ASSAY_ERROR_MEMORY.
 */
assay_status assay_grade_diagnose(const grade_judged *judged, const bool *wanted, const grade_choice *base,
                                  grade_reach reach, grade_diagnosis *diagnosis, assay_error *error);

/*
 * A composite component whose own code has a mistake of a part that is right where it is graded alone, or that is not
 * there: searches for levels of `part` to put into `base`. `levels`: 1, or 2 for pairs; levels with a free number only
 * in singles, and only where `solved`. diagnosis->choice is the part's. ASSAY_ERROR_MEMORY.
 */
assay_status assay_grade_diagnose_inside(const grade_judged *judged, const grade_choice *base,
                                         const grade_component *part, size_t levels, bool solved,
                                         grade_diagnosis *diagnosis, assay_error *error);

/* Whether a setting gives the answers of the wanted cases, in the declared precision. ASSAY_ERROR_MEMORY. */
assay_status assay_grade_fits(const grade_judged *judged, const bool *wanted, const grade_choice *choice, bool *fits,
                              assay_error *error);

/* Whether a setting changes nothing in the wanted cases. ASSAY_ERROR_MEMORY. */
assay_status assay_grade_silent(const grade_judged *judged, const bool *wanted, const grade_choice *choice,
                                bool *silent, assay_error *error);

/* How many of the answered values a setting gives. ASSAY_ERROR_MEMORY. */
assay_status assay_grade_count_right(const grade_judged *judged, const grade_choice *choice, size_t *right,
                                     assay_error *error);

#endif
