/* Records of studies, read for the claims about training. */
#include "tutorial/claims_study.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>

enum { RESAMPLES = 10000 };
static const double GUESSING = 0.1; /* the accuracy of a network that has learned nothing: ten classes */

void claim_study_close(claim_study *study)
{
    for (size_t i = 0; i < CLAIM_COLUMNS; i++) {
        assay_free(study->columns[i]);
    }
    assay_free(study->places);
    assay_study_store_close(study->store);
    assay_study_plan_destroy(study->plan);
    *study = (claim_study){.plan = NULL};
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static void report_progress(void *user, size_t done, size_t total)
{
    claim_progress(user, done, total);
}

/* `plan` has been read: does its runs. Who only reads records gives no backend. */
static assay_status run_plan(const assay_claims_input *input, claim_study *study, assay_error *error)
{
    if (input->f32 == NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "study %s: no seed is finished in all cells",
                          assay_study_plan_name(study->plan));
    }
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

/* Adds a text to a list, unless it is there: "13af1cf 2026-11-28, cbc525f 2026-11-28". A text that begins with the
 * whole list takes its place: older programs wrote "openblas" for "openblas:f32". */
static void add_text(char *list, size_t size, const char *text)
{
    size_t used = strlen(list);
    if (strstr(list, text) != NULL) {
        return;
    }
    if (strncmp(text, list, used) == 0) {
        snprintf(list, size, "%.*s", (int)size - 1, text);
    } else {
        snprintf(list + used, size - used, ", %.*s", (int)(size - used), text);
    }
}

/* Runs of one study may come from several machines and commits: all of them are named. */
static assay_status put_origin(const claim_study *study, assay_claim_result *result, assay_error *error)
{
    assay_claim_origin *origin = &result->origin;
    size_t cells = assay_study_plan_cells(study->plan);
    for (size_t i = 0; i < study->seeds * cells; i++) {
        assay_study_origin from;
        char machine[2 * ASSAY_STUDY_ORIGIN_LENGTH + 3];
        size_t run = study->places[i / cells] * cells + i % cells;
        ASSAY_TRY(assay_study_store_origin(study->store, run, &from, error)); /* ASSAY_EXCL_MCDC: it is complete */
        add_text(origin->commit, sizeof origin->commit, from.commit);
        add_text(origin->backend, sizeof origin->backend, from.backend);
        snprintf(machine, sizeof machine, "%s%s%s", from.host, from.kernels[0] != '\0' ? ", " : "", from.kernels);
        add_text(origin->machine, sizeof origin->machine, machine);
    }
    size_t used = strlen(origin->options);
    snprintf(origin->options + used, sizeof origin->options - used, "%sstudy %s, %zu of %zu seeds",
             used > 0 ? "; " : "", assay_study_plan_name(study->plan), study->seeds,
             assay_study_plan_seeds(study->plan));
    origin->recorded = true;
    return ASSAY_OK;
}

static bool is_complete(const claim_study *study, size_t place)
{
    size_t cells = assay_study_plan_cells(study->plan);
    for (size_t cell = 0; cell < cells; cell++) {
        if (!assay_study_store_has(study->store, place * cells + cell)) {
            return false;
        }
    }
    return true;
}

/* Finds the complete seeds, and makes columns for them. */
static assay_status find_seeds(claim_study *study, assay_error *error)
{
    size_t all = assay_study_plan_seeds(study->plan);
    study->places = assay_calloc(all, sizeof *study->places, error);
    if (study->places == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t place = 0; place < all; place++) {
        if (is_complete(study, place)) {
            study->places[study->seeds++] = place;
        }
    }
    for (size_t i = 0; i < CLAIM_COLUMNS && study->seeds > 0; i++) {
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
    if (!claim_file_exists(record)) {
        ASSAY_TRY(run_plan(input, study, error));
        return find_seeds(study, error);
    }
    ASSAY_TRY(assay_study_record_open(study->plan, record, &study->store, error));
    ASSAY_TRY(find_seeds(study, error));
    if (study->seeds == 0) {
        char label[ASSAY_CLAIM_LABEL];
        snprintf(label, sizeof label, "record of the study %s", assay_study_plan_name(study->plan));
        claim_add_row(result, label, NULL, "not used: no seed is finished in all cells");
        claim_study_close(study);
        return ASSAY_OK;
    }
    return put_origin(study, result, error);
}

static assay_status open_any(const assay_claims_input *input, const char *plan, const char *record, const char *quick,
                             size_t quick_seeds, claim_study *study, assay_claim_result *result, assay_error *error)
{
    bool full = input->effort == ASSAY_CLAIMS_FULL && claim_file_exists(plan);
    bool recorded = input->effort != ASSAY_CLAIMS_QUICK && input->seeds == 0 && claim_file_exists(record);
    if (full || recorded) {
        ASSAY_TRY(open_recorded(input, plan, record, study, result, error));
    }
    if (study->plan != NULL || quick == NULL) {
        return ASSAY_OK;
    }
    ASSAY_TRY(run_quick(input, quick, claim_seeds(input, quick_seeds, quick_seeds), study, error));
    claim_add_row(result, "measured with", "the recorded study", "short runs of small networks, %zu seeds",
                  assay_study_plan_seeds(study->plan));
    return find_seeds(study, error);
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

static bool study_exists(const char *folder, const char *name)
{
    char *plan = assay_asprintf(NULL, "%s/plans/%s.json", folder, name);
    char *record = assay_asprintf(NULL, "%s/%s.jsonl", folder, name);
    bool exists = claim_file_exists(plan) && claim_file_exists(record);
    assay_free(plan);
    assay_free(record);
    return exists;
}

bool assay_claim_studies_exist(const assay_claim *claim, const char *folder)
{
    bool exist = claim->studies[0] != NULL;
    for (size_t i = 0; i < 2 && claim->studies[i] != NULL; i++) {
        exist = exist && study_exists(folder, claim->studies[i]);
    }
    return exist;
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

/* `index` counts complete seeds. */
static assay_status number_of(const claim_study *study, const char *cell, size_t index, const char *measure,
                              double *value, assay_error *error)
{
    size_t c;
    size_t m;
    ASSAY_TRY(find_cell(study, cell, &c, error));
    ASSAY_TRY(find_measure(study, measure, &m, error));
    size_t run = study->places[index] * assay_study_plan_cells(study->plan) + c;
    ASSAY_TRY(assay_study_store_number(study->store, run, m, value, error));
    if (isnan(*value) && strstr(measure, "accuracy") != NULL) {
        *value = GUESSING;
    }
    return ASSAY_OK;
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

size_t claim_drop_unknown(size_t count, double *values)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            values[known++] = values[i];
        }
    }
    return known;
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
