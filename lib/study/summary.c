#include <assay/study/summary.h>

#include <math.h>

#include <assay/base/alloc.h>
#include "study/store_impl.h"

enum { SUMMARY_SEED = 1, POWER_EXPERIMENTS = 400, POWER_FLIPS = 1000 };

static size_t run_index(const assay_study_store *store, size_t cell, size_t seed)
{
    return seed * assay_study_plan_cells(assay_study_store_plan(store)) + cell;
}

static double mean_of(size_t count, const double *values)
{
    return count > 0 ? assay_statistic_mean(count, values, NULL) : NAN;
}

static double std_of(size_t count, const double *values)
{
    double mean = mean_of(count, values);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return count > 1 ? sqrt(sum / (double)(count - 1)) : NAN;
}

static assay_status interval_of(size_t count, const double *values, assay_interval *interval, assay_error *error)
{
    *interval = (assay_interval){mean_of(count, values), NAN, NAN};
    if (count < 2) {
        return ASSAY_OK;
    }
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, SUMMARY_SEED);
    return assay_bootstrap_interval(count, values, assay_statistic_mean, NULL, ASSAY_STUDY_RESAMPLES, 0.95, &generator,
                                    interval, error);
}

static assay_status collect(const assay_study_store *store, size_t cell, size_t measure, double *values,
                            assay_study_cell_summary *summary, assay_error *error)
{
    size_t count = 0;
    for (size_t seed = 0; seed < assay_study_plan_seeds(assay_study_store_plan(store)); seed++) {
        bool finished;
        double value;
        ASSAY_TRY(study_store_number(store, run_index(store, cell, seed), measure, &finished, &value, error));
        summary->finished += finished;
        if (finished && isnan(value)) {
            summary->diverged++;
        } else if (finished) {
            values[count++] = value;
        }
    }
    summary->mean = mean_of(count, values);
    summary->std = std_of(count, values);
    return interval_of(count, values, &summary->interval, error);
}

assay_status assay_study_summarize(const assay_study_store *store, size_t cell, size_t measure,
                                   assay_study_cell_summary *summary, assay_error *error)
{
    *summary = (assay_study_cell_summary){.finished = 0};
    double *values = assay_calloc(assay_study_plan_seeds(assay_study_store_plan(store)), sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = collect(store, cell, measure, values, summary, error);
    assay_free(values);
    return status;
}

/* differences[i] = b - a, of the seeds that both cells have finished. */
static assay_status pair(const assay_study_store *store, size_t a, size_t b, size_t measure, double *differences,
                         assay_study_comparison *comparison, assay_error *error)
{
    for (size_t seed = 0; seed < assay_study_plan_seeds(assay_study_store_plan(store)); seed++) {
        bool finished_a;
        bool finished_b;
        double value_a;
        double value_b;
        ASSAY_TRY(study_store_number(store, run_index(store, a, seed), measure, &finished_a, &value_a, error));
        ASSAY_TRY(study_store_number(store, run_index(store, b, seed), measure, &finished_b, &value_b, error));
        double difference = value_b - value_a; /* NaN if one of them diverged */
        if (finished_a && finished_b && isnan(difference)) {
            comparison->lost++;
        } else if (finished_a && finished_b) {
            differences[comparison->pairs++] = difference;
        }
    }
    return ASSAY_OK;
}

static assay_status test(const double *differences, assay_study_comparison *comparison, assay_error *error)
{
    ASSAY_TRY(interval_of(comparison->pairs, differences, &comparison->difference, error));
    comparison->p = NAN;
    comparison->smallest = INFINITY;
    if (comparison->pairs < 2) {
        return ASSAY_OK;
    }
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, SUMMARY_SEED);
    assay_sign_flip_result result;
    assay_status status = assay_sign_flip_test(comparison->pairs, differences, ASSAY_STUDY_FLIPS, &generator, &result,
                                               error);
    if (status != ASSAY_OK) { /* ASSAY_EXCL_MCDC: 15 pairs take memory, and a second for each call that fails */
        return status;        /* LCOV_EXCL_LINE: as above */
    }
    comparison->p = result.p;
    const assay_power_plan plan = {
        .count = comparison->pairs, .alpha = 0.05, .flips = POWER_FLIPS, .experiments = POWER_EXPERIMENTS};
    return assay_smallest_effect(&plan, comparison->pairs, differences, 0.9, &generator, &comparison->smallest, error);
}

assay_status assay_study_compare(const assay_study_store *store, size_t a, size_t b, size_t measure,
                                 assay_study_comparison *comparison, assay_error *error)
{
    *comparison = (assay_study_comparison){.pairs = 0};
    double *differences = assay_calloc(assay_study_plan_seeds(assay_study_store_plan(store)), sizeof *differences,
                                       error);
    if (differences == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = pair(store, a, b, measure, differences, comparison, error);
    if (status == ASSAY_OK) {
        status = test(differences, comparison, error);
    }
    assay_free(differences);
    return status;
}
