/*
 * What claims about training read: the record of a study (study/record.h), or, where there is none, a few short runs;
 * not installed.
 */
#ifndef ASSAY_TUTORIAL_CLAIMS_STUDY_H
#define ASSAY_TUTORIAL_CLAIMS_STUDY_H

#include <assay/study/record.h>
#include "tutorial/claims_impl.h"

enum { CLAIM_COLUMNS = 10 };

typedef struct {
    assay_study_plan *plan; /* NULL: this study is not there */
    assay_study_store *store;
    size_t seeds;                   /* complete ones: finished in every cell */
    size_t *places;                 /* [seeds] their places in the plan, ascending */
    double *columns[CLAIM_COLUMNS]; /* [seeds] each, for claim_study_column */
} claim_study;

/*
 * Opens the record input->recorded/NAME.jsonl of the plan input->recorded/plans/NAME.json, if it exists and few seeds
 * are not asked for. A seed counts if all cells have finished it; a record without such a seed is not used, and a row
 * of `result` says so. Without a record it runs `quick`, the text of a plan with two conversions, %llu for the first
 * seed and %zu for the number of seeds; with NULL, `study->plan` is NULL then. With ASSAY_CLAIMS_FULL and without a
 * record it runs the plan of the record. Fills result->origin from a record. The caller ends the study with
 * claim_study_close, also after a failure.
 */
assay_status claim_study_open(const assay_claims_input *input, const char *name, const char *quick, size_t quick_seeds,
                              claim_study *study, assay_claim_result *result, assay_error *error);
/* A zeroed study is allowed. */
void claim_study_close(claim_study *study);

/*
 * columns[column] = this measure of the cell, for each seed, and with `other` not NULL less the other cell's. A run
 * can have no number, because it finished no epoch or the measure was not finite: it counts as guessing (0.1) for
 * accuracies, and is NaN for others.
 */
assay_status claim_study_column(claim_study *study, size_t column, const char *cell, const char *other,
                                const char *measure, assay_error *error);

/* Moves the values that are not NaN to the front, in their order; returns how many there are. */
size_t claim_drop_unknown(size_t count, double *values);

/* Spearman's rank correlation of two lists, with its BCa interval over pairs. */
assay_status claim_rank_correlation(size_t count, const double *a, const double *b, assay_interval *interval,
                                    assay_error *error);

/*
 * The rule of the claims that say which way differences go; `all` parts are needed to hold (a study may be missing).
 *   holds: every answer is yes;   holds in part: some are yes;   does not hold: some are no, none is yes;
 *   cannot be told: all are unknown.
 */
assay_claim_verdict claim_direction_verdict(const assay_claim_result *result, size_t all);

#endif
