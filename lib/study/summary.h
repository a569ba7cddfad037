/* What the finished runs of a study show: means with intervals, and paired comparisons of cells. */
#ifndef ASSAY_STUDY_SUMMARY_H
#define ASSAY_STUDY_SUMMARY_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/stats/inference.h>
#include <assay/study/store.h>

ASSAY_BEGIN_DECLS

/* Bootstrap resamples and sign patterns; the draws come from a fixed seed, so a summary repeats. */
enum { ASSAY_STUDY_RESAMPLES = 4000, ASSAY_STUDY_FLIPS = 20000 };

typedef struct {
    size_t finished;         /* runs */
    size_t diverged;         /* of them without a number */
    double mean;             /* of the others; NaN if there is none */
    double std;              /* n - 1; NaN for fewer than two */
    assay_interval interval; /* BCa, 95 %, of the mean; NaN for fewer than two */
} assay_study_cell_summary;

/* One cell and one measure that is a number. Fails as assay_study_store_number. */
assay_status assay_study_summarize(const assay_study_store *store, size_t cell, size_t measure,
                                   assay_study_cell_summary *summary, assay_error *error);

typedef struct {
    size_t pairs;              /* seeds with a number in both cells */
    size_t lost;               /* seeds finished in both cells and without a number in one of them */
    assay_interval difference; /* mean of b - a, BCa, 95 %; NaN for fewer than two pairs, like p */
    double p;                  /* sign-flip test, two-sided */
    double smallest;           /* difference that the test would find at level 0.05 with probability 0.9; or INFINITY */
} assay_study_comparison;

/* Cell b against cell a, paired by seed. Fails as assay_study_store_number. */
assay_status assay_study_compare(const assay_study_store *store, size_t a, size_t b, size_t measure,
                                 assay_study_comparison *comparison, assay_error *error);

ASSAY_END_DECLS
#endif
