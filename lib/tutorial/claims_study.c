/* Records of studies, read for the claims about training. */
#include "tutorial/claims_study.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>

enum { RESAMPLES = 10000 };
static const double GUESSING = 0.1; /* the accuracy of a network that has learned nothing: ten classes */

void claim_study_close(claim_study *study)
{
    for (size_t i = 0; i < CLAIM_COLUMNS; i++) {
        assay_free(study->columns[i]);
    }
    assay_study_store_close(study->store);
    assay_study_plan_destroy(study->plan);
    *study = (claim_study){.plan = NULL};
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static void report_progress(void *user, size_t done, size_t total)
{
    claim_progress(user, done, total);
}

/* `plan` has been read: does its runs. */
static assay_status run_plan(const assay_claims_input *input, claim_study *study, assay_error *error)
{
    const assay_study_machine machine = {.backend = input->f32, .train = input->train, .test = input->test};
    return assay_study_run_all(study->plan, &machine, report_progress, (void *)(uintptr_t)input, &study->store, error);
}

static assay_status run_quick(const assay_claims_input *input, const char *quick, size_t seeds, claim_study *study,
                              assay_error *error)
{
    char *text = assay_asprintf(error, quick, (unsigned long long)input->first_seed, seeds);
    if (text == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_study_plan_parse(text, strlen(text), "quick plan", &study->plan, error);
    assay_free(text);
    return status == ASSAY_OK ? run_plan(input, study, error) : status;
}

static void put_origin(const claim_study *study, const assay_study_origin *from, assay_claim_result *result)
{
    assay_claim_origin *origin = &result->origin;
    snprintf(origin->commit, sizeof origin->commit, "%.*s", (int)sizeof origin->commit - 1, from->commit);
    snprintf(origin->backend, sizeof origin->backend, "%.*s", (int)sizeof origin->backend - 1, from->backend);
    snprintf(origin->machine, sizeof origin->machine, "%.40s, %.80s", from->host, from->kernels);
    size_t used = strlen(origin->options);
    snprintf(origin->options + used, sizeof origin->options - used, "%sstudy %s, %zu seeds", used > 0 ? "; " : "",
             assay_study_plan_name(study->plan), study->seeds);
    origin->recorded = true;
}

/* How many of the plan's seeds, from the first on, are finished in every cell. */
static size_t complete_seeds(const claim_study *study)
{
    size_t cells = assay_study_plan_cells(study->plan);
    size_t run = 0;
    while (run < assay_study_plan_runs(study->plan) && assay_study_store_has(study->store, run)) {
        run++;
    }
    return run / cells;
}

static assay_status create_columns(claim_study *study, assay_error *error)
{
    study->seeds = complete_seeds(study);
    if (study->seeds == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "study %s: no seed is finished in all cells",
                          assay_study_plan_name(study->plan));
    }
    for (size_t i = 0; i < CLAIM_COLUMNS; i++) {
        study->columns[i] = assay_calloc(study->seeds, sizeof(double), error);
        if (study->columns[i] == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    }
    return ASSAY_OK;
}

/* From the plan and the record, or by running the plan where there is no record. */
static assay_status open_recorded(const assay_claims_input *input, const char *plan, const char *record,
                                  claim_study *study, assay_claim_result *result, assay_error *error)
{
    ASSAY_TRY(assay_study_plan_read(plan, &study->plan, error));
    if (access(record, F_OK) != 0) {
        ASSAY_TRY(run_plan(input, study, error));
        return create_columns(study, error);
    }
    assay_study_origin origin;
    ASSAY_TRY(assay_study_record_open(study->plan, record, &study->store, error));
    ASSAY_TRY(create_columns(study, error));
    ASSAY_TRY(assay_study_store_origin(study->store, 0, &origin, error));
    put_origin(study, &origin, result);
    return ASSAY_OK;
}

static assay_status open_any(const assay_claims_input *input, const char *plan, const char *record, const char *quick,
                             size_t quick_seeds, claim_study *study, assay_claim_result *result, assay_error *error)
{
    bool full = input->effort == ASSAY_CLAIMS_FULL && access(plan, F_OK) == 0;
    bool recorded = input->effort != ASSAY_CLAIMS_QUICK && input->seeds == 0 && access(record, F_OK) == 0;
    if (full || recorded) {
        return open_recorded(input, plan, record, study, result, error);
    }
    if (quick == NULL) {
        return ASSAY_OK;
    }
    ASSAY_TRY(run_quick(input, quick, claim_seeds(input, quick_seeds, quick_seeds), study, error));
    claim_add_row(result, "measured with", "the recorded study", "short runs of small networks, %zu seeds",
                  assay_study_plan_seeds(study->plan));
    return create_columns(study, error);
}

assay_status claim_study_open(const assay_claims_input *input, const char *name, const char *quick, size_t quick_seeds,
                              claim_study *study, assay_claim_result *result, assay_error *error)
{
    const char *folder = input->recorded != NULL ? input->recorded : "";
    *study = (claim_study){.plan = NULL};
    char *plan = assay_asprintf(error, "%s/plans/%s.json", folder, name);
    char *record = plan != NULL ? assay_asprintf(error, "%s/%s.jsonl", folder, name) : NULL;
    assay_status status = ASSAY_ERROR_MEMORY;
    if (record != NULL) {
        status = open_any(input, plan, record, quick, quick_seeds, study, result, error);
    }
    assay_free(plan);
    assay_free(record);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static assay_status find_cell(const claim_study *study, const char *name, size_t *cell, assay_error *error)
{
    for (*cell = 0; *cell < assay_study_plan_cells(study->plan); ++*cell) {
        if (strcmp(assay_study_plan_cell(study->plan, *cell), name) == 0) {
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "study %s has no cell '%s'", assay_study_plan_name(study->plan), name);
}

static assay_status find_measure(const claim_study *study, const char *name, size_t *measure, assay_error *error)
{
    for (*measure = 0; *measure < assay_study_plan_measures(study->plan); ++*measure) {
        if (strcmp(assay_study_plan_measure(study->plan, *measure), name) == 0) {
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "study %s does not record '%s'", assay_study_plan_name(study->plan),
                      name);
}

static assay_status number_of(const claim_study *study, const char *cell, size_t seed, const char *measure,
                              double *value, assay_error *error)
{
    size_t c;
    size_t m;
    ASSAY_TRY(find_cell(study, cell, &c, error));
    ASSAY_TRY(find_measure(study, measure, &m, error));
    size_t run = seed * assay_study_plan_cells(study->plan) + c;
    ASSAY_TRY(assay_study_store_number(study->store, run, m, value, error));
    if (isnan(*value) && strstr(measure, "accuracy") != NULL) {
        *value = GUESSING;
    }
    return isfinite(*value) ? ASSAY_OK
                            : assay_fail(error, ASSAY_ERROR_NUMERIC, "study %s: %s, seed %zu of the plan: no %s",
                                         assay_study_plan_name(study->plan), cell, seed + 1, measure);
}

assay_status claim_study_column(claim_study *study, size_t column, const char *cell, const char *other,
                                const char *measure, assay_error *error)
{
    for (size_t seed = 0; seed < study->seeds; seed++) {
        double less = 0.0;
        double value;
        ASSAY_TRY(number_of(study, cell, seed, measure, &value, error));
        if (other != NULL) {
            ASSAY_TRY(number_of(study, other, seed, measure, &less, error));
        }
        study->columns[column][seed] = value - less;
    }
    return ASSAY_OK;
}

/* --- rank correlation --------------------------------------------------------------------------------------------- */

typedef struct {
    const double *a;
    const double *b;
    double *ranks[2];
} paired;

/* Mean ranks: equal values share theirs. `which` says which pairs are in the sample. */
static void rank(size_t count, const double *values, const double *which, double *ranks)
{
    for (size_t i = 0; i < count; i++) {
        double value = values[(size_t)which[i]];
        ranks[i] = 0.5;
        for (size_t j = 0; j < count; j++) {
            double other = values[(size_t)which[j]];
            ranks[i] += other < value ? 1.0 : other == value ? 0.5 : 0.0;
        }
    }
}

/* An assay_statistic of the pairs with these numbers. */
static double spearman(size_t count, const double *which, void *user)
{
    paired *pairs = user;
    double mean = ((double)count + 1.0) / 2.0;
    double product = 0.0;
    double squares[2] = {0.0, 0.0};
    rank(count, pairs->a, which, pairs->ranks[0]);
    rank(count, pairs->b, which, pairs->ranks[1]);
    for (size_t i = 0; i < count; i++) {
        double da = pairs->ranks[0][i] - mean;
        double db = pairs->ranks[1][i] - mean;
        product += da * db;
        squares[0] += da * da;
        squares[1] += db * db;
    }
    double scale = sqrt(squares[0] * squares[1]);
    return scale > 0.0 ? product / scale : 0.0; /* a list of equal values correlates with nothing */
}

assay_status claim_rank_correlation(size_t count, const double *a, const double *b, assay_interval *interval,
                                    assay_error *error)
{
    double *numbers = assay_calloc(3 * count, sizeof *numbers, error);
    if (numbers == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    paired pairs = {a, b, {numbers + count, numbers + 2 * count}};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (double)i;
    }
    assay_status status = assay_bootstrap_interval(count, numbers, spearman, &pairs, RESAMPLES, 0.95, &generator,
                                                   interval, error);
    assay_free(numbers);
    return status;
}

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

assay_claim_verdict claim_direction_verdict(const assay_claim_result *result, size_t all)
{
    size_t answers[3] = {0};
    for (size_t i = 0; i < result->part_count; i++) {
        answers[result->parts[i].answer]++;
    }
    if (answers[ASSAY_ANSWER_YES] == all) {
        return ASSAY_CLAIM_HOLDS;
    }
    if (answers[ASSAY_ANSWER_YES] > 0) {
        return ASSAY_CLAIM_HOLDS_IN_PART;
    }
    return answers[ASSAY_ANSWER_NO] > 0 ? ASSAY_CLAIM_DOES_NOT_HOLD : ASSAY_CLAIM_CANNOT_TELL;
}
